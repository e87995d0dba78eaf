"""`r_` and `c_`: arrays joined by subscripts."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops.creation import here
from wengert.ops.joining import array_of, has_tracer


class Joiner:
    """NumPy's `r_` or `c_`, also of traced items.

    Parameters
    ----------
    numpys : object
        What serves subscripts without traced items.
    axis, ndmin, trans1d : int
        The axis to join along, the rank that items are brought to, and where their axes then go.
    """

    def __init__(self, numpys: Any, axis: int, ndmin: int, trans1d: int) -> None:
        self.numpys = numpys
        self.settings = (axis, ndmin, trans1d)

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        if not has_tracer(items):
            return here(self.numpys[key])
        settings = list(self.settings)
        if isinstance(items[0], str):  # "axis", "axis,ndmin" or "axis,ndmin,trans1d"
            given = [int(number) for number in items[0].split(",")]
            settings[: len(given)] = given
            items = items[1:]
        axis, ndmin, trans1d = settings
        return np.concatenate([_as_part(item, ndmin, trans1d) for item in items], axis=axis)


def _as_part(item: Any, ndmin: int, trans1d: int) -> Any:
    x = array_of(np.r_[item] if isinstance(item, slice) else item)
    missing = ndmin - len(x.shape)
    if missing <= 0:
        return x
    rank = len(x.shape)
    x = np.reshape(x, (*(1,) * missing, *x.shape))
    if rank == 0 or trans1d == -1:
        return x
    first = trans1d if trans1d >= 0 else trans1d + missing + 1
    new_axes = list(range(missing))
    return np.transpose(x, (*new_axes[:first], *range(missing, ndmin), *new_axes[first:]))


r_ = Joiner(np.r_, 0, 1, -1)
c_ = Joiner(np.c_, -1, 2, 0)
