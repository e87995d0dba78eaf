"""Functions that pick elements: take, compress, extract, choose, along axes, positions."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ops.core import (
    add,
    broadcast_to,
    convert,
    full,
    mul,
    reshape,
    transpose,
    zeros_of,
)
from wengert.ops.elementwise import floor_divide, maximum, minimum
from wengert.ops.gather import gather, item
from wengert.ops.joining import array_of, at_least_0d, concatenate
from wengert.ops.masks import as_mask, is_mask, nonzero
from wengert.ops.output import deliver
from wengert.ops.shapes import view_as
from wengert.ops.subscripts import getitem, index_operand
from wengert.trace.tracer import ScalarTracer, Tracer, implements

# -- places out of bounds --------------------------------------------------------------------------


def places_in_mode(indices: Any, n: int, mode: str) -> Any:
    """Integer places on an axis of length `n`, brought inside as `mode` says."""
    if mode == "raise":
        return indices
    if mode == "wrap":
        return np.remainder(indices, n)
    if mode == "clip":
        return minimum(maximum(indices, 0), n - 1)
    raise ArgumentError("a mode that does not exist.", got=repr(mode), expected="raise, wrap, clip")


def integers(name: str, indices: Any) -> Any:
    """An integer array or Tracer."""
    indices = array_of(indices)
    if indices.size == 0 and not isinstance(indices, Tracer):
        return np.asarray(indices, np.intp)
    if indices.dtype.kind not in "iub":
        raise DtypeError(
            f"{name}: the indices are not integers.",
            got=f"{indices.dtype}",
            expected="integers",
            try_="astype(int)",
        )
    return convert(indices, np.intp) if indices.dtype.kind == "b" else indices


# -- take and its relatives ------------------------------------------------------------------------


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """Elements of the flattened array, or slices along an axis, at integer places."""
    a, indices = array_of(a), integers("take", indices)
    if axis is None:
        a = reshape(a, (a.size,))
        axis = 0
    axis = normalize_axis_index(axis, a.ndim)
    indices = places_in_mode(indices, a.shape[axis], mode)
    if isinstance(indices, ScalarTracer):
        result = item(a, (indices,), (axis,))  # never written: take gives a copy
        if isinstance(result, Tracer):
            result.base = None
        return deliver(result, out, "take")
    result = gather(a, (indices,), (axis,))
    k = indices.ndim
    if axis and k:
        order = (*range(k, k + axis), *range(k), *range(k + axis, result.ndim))
        result = transpose(result, order)
        if isinstance(result, Tracer):
            result.base = None
    return deliver(result, out, "take")


def along_axis_index(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that pairs `indices` along `axis` with the positions on the other axes."""
    indices = integers("along an axis", indices)
    axis = normalize_axis_index(axis, len(shape))
    if indices.ndim != len(shape):
        raise ShapeError(
            "along an axis: indices and array differ in rank.",
            got=f"indices of shape {indices.shape} for shape {shape}",
            expected="one rank",
        )
    index = []
    for i, n in enumerate(shape):
        ones = [1] * len(shape)
        ones[i] = n
        index.append(indices if i == axis else np.arange(n).reshape(ones))
    return tuple(index)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Elements at `indices` along an axis, matched against the other axes."""
    arr = array_of(arr)
    if axis is None:
        arr, axis = reshape(arr, (arr.size,)), 0
    index = along_axis_index(arr.shape, indices, axis)
    return gather(arr, index, tuple(range(arr.ndim)))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """The slices along an axis for which the condition is true."""
    condition, a = array_of(condition), array_of(a)
    if condition.ndim != 1:
        raise ShapeError("compress: the condition is not 1-d.", got=f"shape {condition.shape}")
    return take(a, nonzero(as_mask(condition))[0], axis, out)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements for which the condition is true, in one axis."""
    condition, arr = array_of(condition), array_of(arr)
    positions = nonzero(as_mask(reshape(condition, (condition.size,))))[0]
    return take(reshape(arr, (arr.size,)), positions)


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """Elements of several arrays, picked by the number that `a` has at their place."""
    a = integers("choose", a)
    arrays = [at_least_0d(array_of(c)) for c in choices]
    shape = np.broadcast_shapes(a.shape, *[c.shape for c in arrays])
    dtype = np.result_type(*[c.dtype for c in arrays])
    rows = np.stack([broadcast_to(convert(c, dtype), shape) for c in arrays])
    places = broadcast_to(places_in_mode(a, len(arrays), mode), shape)
    if mode == "raise" and not isinstance(a, Tracer) and np.any((a < 0) | (a >= len(arrays))):
        raise ArgumentError("choose: an index is out of bounds.", got=f"{len(arrays)} choices")
    result = take_along_axis(rows, reshape(places, (1, *shape)), 0)
    return deliver(reshape(result, shape), out, "choose")


# -- insert, delete, trim, unique ------------------------------------------------------------------


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


def positions_of_unique(x: Any) -> tuple[Any, Any, Any, Any]:
    """For a traced 1-d array, by the order of its values: first places, inverse and counts.

    The order is taken from the values, and how many are different is a decision.
    """
    order = np.argsort(x, kind="stable")
    ordered = gather(x, (order,), (0,))
    differs = np.not_equal(ordered[1:], ordered[:-1])
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
    """The different values, sorted; each takes the derivative of its first place.

    How many there are is a decision on the values.
    """
    if axis is not None:
        raise ArgumentError(
            "unique: axis is not supported for traced arrays.",
            got=f"axis={axis!r}",
            expected="axis=None",
        )
    ar = array_of(ar)
    x = reshape(ar, (ar.size,))
    if not x.size:
        order = firsts = counts = zeros_of(x).astype(np.intp)
        inverse, values = reshape(order, ar.shape), x
    else:
        order, ordered, starts, firsts = positions_of_unique(x)
        values = gather(ordered, (firsts,), (0,))
        numbers = convert(np.cumsum(convert(starts, np.intp)), np.intp) - 1
        inverse = np.zeros_like(order)
        inverse[order] = numbers
        inverse = reshape(inverse, ar.shape)
        ends = concatenate([firsts[1:], np.array([x.size])], 0)
        counts = ends - firsts
    results = [values]
    if return_index:
        results.append(gather(order, (firsts,), (0,)))
    if return_inverse:
        results.append(inverse)
    if return_counts:
        results.append(counts)
    return results[0] if len(results) == 1 else tuple(results)


# -- positions as numbers --------------------------------------------------------------------------


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Index arrays that together select a grid."""
    outputs = []
    for k, sequence in enumerate(args):
        places = index_operand(sequence)
        if np.ndim(places) != 1:
            raise ShapeError("ix_: a sequence is not 1-d.", got=f"shape {np.shape(places)}")
        if is_mask(places):
            places = nonzero(places)[0]
        outputs.append(view_as_plain(places, (*(1,) * k, places.size, *(1,) * (len(args) - k - 1))))
    return tuple(outputs)


def view_as_plain(x: Any, shape: tuple[int, ...]) -> Any:
    return view_as(x, shape) if isinstance(x, Tracer) else x.reshape(shape)


@implements(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """Positions on the axes of an array for positions in its flattened form."""
    sizes = [operator.index(n) for n in (shape if isinstance(shape, Sequence) else (shape,))]
    rest = integers("unravel_index", indices)
    found = []
    for n in reversed(sizes) if order == "C" else sizes:
        found.append(np.remainder(rest, n))
        rest = floor_divide(rest, n)
    return tuple(reversed(found)) if order == "C" else tuple(found)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """Positions in a flattened array for positions on its axes."""
    dims = [operator.index(n) for n in dims]
    modes = [mode] * len(dims) if isinstance(mode, str) else list(mode)
    total: Any = None
    for i, n, m in zip(*_in_order(order, multi_index, dims, modes), strict=True):
        place = places_in_mode(integers("ravel_multi_index", i), n, m)
        total = place if total is None else add(mul(total, n), place)
    return total


def _in_order(order: str, *lists: Any) -> Any:
    return [list(xs) if order == "C" else list(xs)[::-1] for xs in lists]
