"""Arrays made longer or shorter: insert, delete, trim_zeros, unique."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.ops.core import broadcast_to, convert, full, reshape, zeros_of
from wengert.ops.gather import gather
from wengert.ops.joining import array_of, at_least_0d, concatenate
from wengert.ops.masks import is_mask, nonzero
from wengert.ops.subscripts import getitem
from wengert.ops.taking import take
from wengert.trace.tracer import Tracer, implements


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """What is left when places along an axis are taken out."""
    arr = array_of(arr)
    if axis is None:
        arr, axis = reshape(arr, (arr.size,)), 0
    axis = normalize_axis_index(axis, arr.ndim)
    kept = np.delete(np.arange(arr.shape[axis]), _plain_places(obj))
    return take(arr, kept, axis)


def _plain_places(obj: Any) -> Any:
    """Places as plain integers: a traced one is asked for its value."""
    if isinstance(obj, Tracer):
        if is_mask(obj):
            obj = nonzero(obj)[0]
        flat = [operator.index(i) for i in reshape(obj, (obj.size,))]
        return np.array(flat, np.intp).reshape(obj.shape)
    return obj


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """`values` put in before places along an axis."""
    arr = array_of(arr)
    if axis is None:
        arr, axis = reshape(arr, (arr.size,)), 0
    axis = normalize_axis_index(axis, arr.ndim)
    n = arr.shape[axis]
    obj = _plain_places(obj)
    values = at_least_0d(array_of(values))
    values = _moved_if_single(values, obj, axis, arr.ndim)
    n_new = _count_inserted(obj, n, values, axis)
    # NumPy itself says where old and new slices go: mark them in an integer array.
    marks = np.insert(np.arange(n), obj, -1 - np.arange(n_new))
    shape = [*arr.shape]
    shape[axis] = n_new
    values = broadcast_to(convert(values, arr.dtype), shape)
    joined = concatenate([arr, values], axis)
    return take(joined, np.where(marks < 0, n - 1 - marks, marks), axis)


def _moved_if_single(values: Any, obj: Any, axis: int, rank: int) -> Any:
    """A value for one integer place: NumPy takes its first axis as the one inserted along."""
    if isinstance(obj, slice) or np.ndim(obj) or values.ndim == 0:
        return values
    values = reshape(values, (*(1,) * (rank - values.ndim), *values.shape))
    return np.moveaxis(values, 0, axis)


def _count_inserted(obj: Any, n: int, values: Any, axis: int) -> int:
    if isinstance(obj, slice):
        return len(range(*obj.indices(n)))
    places = np.asarray(obj)
    if places.dtype == bool:
        return int(np.count_nonzero(places))
    if places.ndim == 0 or places.size == 1:
        rank = values.ndim
        return int(values.shape[axis]) if rank > axis and rank else 1
    return places.size


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Without the zeros at the start ("f") and the end ("b"); which are zero is a decision."""
    filt = array_of(filt)
    axes = range(filt.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    positions = nonzero(filt)
    index: list[Any] = [slice(None)] * filt.ndim
    for i in axes:
        i = normalize_axis_index(i, filt.ndim)
        n = filt.shape[i]
        found = [operator.index(p) for p in positions[i]] if positions[i].size else []
        first = min(found, default=n) if "f" in trim.lower() else 0
        stop = max(found, default=first - 1) + 1 if "b" in trim.lower() else n
        index[i] = slice(first, max(stop, first) if found else 0)
    return getitem(filt, tuple(index))


def positions_of_unique(x: Any, equal_nan: bool) -> tuple[Any, Any, Any, Any]:
    """The order of an array's elements or rows; in it, all of them, where new ones start.

    The order is taken from the values, and how many are different is a decision.
    """
    if len(x.shape) == 1:
        order = np.argsort(x, kind="stable")
    else:  # the first column counts first
        order = np.lexsort(tuple([x[:, j] for j in range(x.shape[1] - 1, -1, -1)]))
    ordered = gather(x, (order,), (0,))
    differs = np.not_equal(ordered[1:], ordered[:-1])
    if len(x.shape) == 2:
        differs = np.any(differs, axis=1)
    elif equal_nan and x.dtype.kind in "fc":
        is_nan = np.isnan(ordered)
        differs = np.logical_and(differs, np.logical_not(np.logical_and(is_nan[1:], is_nan[:-1])))
    starts = concatenate([full((1,), True, np.dtype(bool)), differs], 0)
    firsts = nonzero(starts)[0]
    return order, ordered, starts, firsts


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The different values, or subarrays along `axis`, sorted.

    Each takes the derivative of its first place. How many there are is a decision on the values.
    """
    ar = array_of(ar)
    if axis is None:
        moved, shape = reshape(ar, (ar.size,)), ar.shape
        x = moved
    else:
        axis = normalize_axis_index(axis, ar.ndim)
        moved, shape = np.moveaxis(ar, axis, 0), (ar.shape[axis],)
        x = reshape(moved, (moved.shape[0], math.prod(moved.shape[1:])))
    if not x.size:
        order = firsts = counts = zeros_of(moved[:0]).astype(np.intp)
        inverse, values = reshape(order, (0,) if axis is not None else shape), moved[:0]
    else:
        order, ordered, starts, firsts = positions_of_unique(x, equal_nan)
        values = gather(gather(moved, (order,), (0,)), (firsts,), (0,))
        numbers = convert(np.cumsum(convert(starts, np.intp)), np.intp) - 1
        inverse = np.zeros_like(order)
        inverse[order] = numbers
        inverse = reshape(inverse, shape)
        ends = concatenate([firsts[1:], np.array([x.shape[0]])], 0)
        counts = ends - firsts
    if axis is not None:
        values = np.moveaxis(values, 0, axis)
    results = [values]
    if return_index:
        results.append(gather(order, (firsts,), (0,)))
    if return_inverse:
        results.append(inverse)
    if return_counts:
        results.append(counts)
    return results[0] if len(results) == 1 else tuple(results)
