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
    mul,
    reshape,
    transpose,
)
from wengert.ops.elementwise import floor_divide, maximum, minimum
from wengert.ops.gather import gather, item
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.masks import as_mask, is_mask, nonzero
from wengert.ops.output import deliver
from wengert.ops.shapes import view_as
from wengert.ops.subscripts import index_operand
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
