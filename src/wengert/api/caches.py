"""`clear_cache`: forget everything that was recorded and derived."""

from __future__ import annotations

from wengert.trace.nodes import clear_recordings
from wengert.transforms.batch import clear_batched
from wengert.transforms.jet import clear_series
from wengert.transforms.rules import clear_rules


def clear_cache() -> None:
    """Forget all recorded structures, rules and transformed Programs; they are made anew.

    Jitted functions keep their own specializations: `jitted.clear_cache()`.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.clear_cache()
    """
    clear_recordings()
    clear_rules()
    clear_batched()
    clear_series()
