"""Elements repeated: tile, repeat, resize."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.errors import ShapeError
from wengert.ops.core import broadcast_to, full, reshape
from wengert.ops.gather import gather
from wengert.ops.joining import array_of, concatenate
from wengert.ops.shapes import shape_tuple, view_as
from wengert.ops.taking import take
from wengert.trace.tracer import Tracer, implements


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """The array laid out `reps` times along each axis."""
    x = array_of(A)
    counts = shape_tuple(reps)
    rank = max(len(counts), x.ndim)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.ndim) + x.shape
    if all(c == 1 for c in counts):
        return np.copy(view_as(x, shape))
    apart = [k for n in shape for k in (1, n)]
    spread = [k for c, n in zip(counts, shape, strict=True) for k in (c, n)]
    whole = broadcast_to(reshape(x, apart), spread)
    return independent(reshape(whole, [c * n for c, n in zip(counts, shape, strict=True)]))


def independent(x: Any) -> Any:
    """`x`, or a copy where it is a view (repeating once, or a single element, copies nothing)."""
    return np.copy(x) if isinstance(x, Tracer) and x.base is not None else x


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element, or slice along an axis, so many times in a row."""
    x = array_of(a)
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    axis = normalize_axis_index(axis, x.ndim)
    n = x.shape[axis]
    counts = [operator.index(c) for c in _counts(repeats)]
    if len(counts) == 1:
        shape = (*x.shape[: axis + 1], counts[0], *x.shape[axis + 1 :])
        if counts[0] < 0:
            raise ShapeError("repeat: a count is negative.", got=str(counts[0]))
        spread = broadcast_to(reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])), shape)
        return independent(reshape(spread, (*x.shape[:axis], n * counts[0], *x.shape[axis + 1 :])))
    if len(counts) != n or min(counts, default=0) < 0:
        raise ShapeError(
            "repeat: the counts do not fit the axis.",
            got=f"{len(counts)} counts for length {n}",
            expected=f"one count, or {n} of them, none negative",
        )
    return take(x, np.repeat(np.arange(n), counts), axis)


def _counts(repeats: Any) -> Any:
    """The counts one by one; a traced one is asked for its value."""
    if isinstance(repeats, Tracer):
        return list(reshape(repeats, (repeats.size,)))
    return np.asarray(repeats).reshape(-1)


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements over and over until the new shape is full."""
    x = array_of(a)
    shape = shape_tuple(new_shape)
    size = math.prod(shape)
    flat = reshape(x, (x.size,))
    if not x.size or not size:
        return full(shape, 0, x.dtype)
    if size <= x.size:
        return np.copy(reshape(flat[:size], shape))
    whole, rest = divmod(size, x.size)
    if whole > 8:
        return independent(reshape(gather(flat, (np.arange(size) % x.size,), (0,)), shape))
    parts = [flat] * whole + ([flat[:rest]] if rest else [])
    return independent(reshape(concatenate(parts, 0), shape))
