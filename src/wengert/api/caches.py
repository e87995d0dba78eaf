"""`clear_cache`: forget everything that was recorded and derived."""

from __future__ import annotations

from wengert.native import disk_cache
from wengert.native.executable import clear_executables
from wengert.trace.nodes import clear_recordings
from wengert.transforms.batch import clear_batched
from wengert.transforms.jet import clear_series
from wengert.transforms.rules import clear_rules


def clear_cache(disk: bool = True) -> None:
    """Forget all recorded structures, rules, transformed Programs and compiled code.

    Everything is made anew when it is needed. Functions that are jitted keep what they have:
    `jitted.clear_cache()`.

    Parameters
    ----------
    disk : bool, default True
        Whether the compiled code kept on disk goes too.

    Notes
    -----
    Compiled code is kept in the directory `WENGERT_CACHE`, by default `wengert` in the user's
    cache directory (`~/.cache`, or `XDG_CACHE_HOME`); `WENGERT_CACHE=off` keeps none. At most
    `WENGERT_CACHE_SIZE` bytes are kept, 256 MiB if not set; what was used longest ago goes first.
    The directory must belong to the user alone. Several processes may share it.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.clear_cache(disk=False)
    """
    clear_recordings()
    clear_rules()
    clear_batched()
    clear_series()
    clear_executables()
    if disk:
        disk_cache.clear()
