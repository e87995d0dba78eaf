"""Shapes: reshape and ravel, permutations of axes, axes added and dropped, flips and rolls.

All of them are views where NumPy makes views, so that a write into the result reaches `x`: they
consist of `reshape`, `transpose` and `index`, which know whether they share memory.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.array_object import refuse_copy
from wengert.ops.core import reshape_p, transpose
from wengert.ops.elements import read
from wengert.ops.indexing import normalize
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.stacking import at_least_1d, at_least_2d, at_least_3d
from wengert.trace.tracer import Tracer, bind, implements, snapshot
from wengert.trace.views import layout

# -- reshape ---------------------------------------------------------------------------------------


def view_as(x: Any, shape: tuple[int, ...], order: str = "C") -> Any:
    """`x` in another shape: a view where NumPy makes one."""
    if isinstance(x, Tracer) and x.shape == shape:
        return x
    return bind(reshape_p, x, shape=shape, order=order)


def shape_tuple(shape: Any) -> tuple[int, ...]:
    """A shape given as an int or a sequence of them."""
    if isinstance(shape, Iterable) and not (isinstance(shape, Tracer) and not shape.shape):
        return tuple([operator.index(n) for n in shape])
    return (operator.index(shape),)


def complete_shape(shape: tuple[int, ...], size: int, of: Any) -> tuple[int, ...]:
    """`shape` with -1 replaced by the length that makes it hold `size` elements."""
    known = math.prod([n for n in shape if n != -1])
    n_unknown = shape.count(-1)
    fits = known == size if not n_unknown else known != 0 and size % known == 0
    if n_unknown > 1 or not fits or any(n < -1 for n in shape):
        raise ShapeError(
            "reshape: the number of elements changes.",
            got=f"shape {of} to {shape}",
            expected=f"a shape with {size} elements, at most one size -1",
        )
    return tuple([size // known if n == -1 else n for n in shape])


def reading_order(x: Any, order: str) -> str:
    """ "C" or "F" for an order that may be "A": Fortran where `x` lies so in memory."""
    if order not in ("C", "F", "A", "K"):
        raise ArgumentError(
            "an order of elements that does not exist.", got=repr(order), expected="C, F, A or K"
        )
    if order in ("C", "F") or x.ndim < 2:
        return "F" if order == "F" else "C"
    flags = layout(x).flags
    return "F" if flags.f_contiguous and not flags.c_contiguous else "C"


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: Any = None) -> Any:
    """NumPy's reshape, with -1 and the orders C, F and A."""
    new = complete_shape(shape_tuple(shape), a.size, a.shape)
    result = view_as(a, new, reading_order(a, order))
    if copy and isinstance(result, Tracer):
        return snapshot(result)
    if copy is False and result is not a and result.base is None:
        refuse_copy("reshape", a)
    return result


def _reshape_method(x: Any, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    if len(shape) == 1:
        return reshape(x, shape[0], order=order, copy=copy)
    return reshape(x, shape, order=order, copy=copy)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """One axis; a view where the elements lie one after another in this order."""
    if order == "K" and a.ndim > 1:
        return _ravel_as_stored(a)
    order = reading_order(a, order)
    if a.ndim == 1 and layout(a).flags.c_contiguous:
        return a
    flags = layout(a).flags
    is_view = flags.f_contiguous if order == "F" else flags.c_contiguous
    result = bind(reshape_p, a, shape=(a.size,), order=order)
    return result if is_view else snapshot(result)


def _ravel_as_stored(a: Any) -> Any:
    strides = layout(a).strides
    axes = sorted(range(a.ndim), key=lambda i: -abs(strides[i]))
    moved = transpose(a, axes)
    is_view = layout(moved).flags.c_contiguous
    result = bind(reshape_p, moved, shape=(a.size,), order="C")
    return result if is_view else snapshot(result)


def flatten(x: Any, order: str = "C") -> Any:
    """One axis; always a copy."""
    return snapshot(ravel(x, order))


# -- order of axes ---------------------------------------------------------------------------------


@implements(np.transpose)
def np_transpose(a: Any, axes: Any = None) -> Any:
    """The axes reversed, or in the order of `axes`."""
    if axes is None:
        return transpose(a, range(a.ndim - 1, -1, -1))
    axes = normalize_axis_tuple(tuple(map(operator.index, axes)), a.ndim)
    if len(axes) != a.ndim:
        raise ShapeError(
            "transpose: the axes do not fit the array.",
            got=f"axes {axes} for shape {a.shape}",
            expected=f"a permutation of {tuple(range(a.ndim))}",
        )
    return transpose(a, axes)


def _transpose_method(x: Any, *axes: Any) -> Any:
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], Iterable)):
        return np_transpose(x, axes[0])
    return np_transpose(x, axes or None)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(a.ndim))
    i, j = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    order[i], order[j] = j, i
    return transpose(a, order)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    sources = normalize_axis_tuple(source, a.ndim, "source")
    destinations = normalize_axis_tuple(destination, a.ndim, "destination")
    if len(sources) != len(destinations):
        raise ArgumentError(
            "moveaxis: source and destination differ in length.",
            got=f"{sources} and {destinations}",
            expected="as many destinations as sources",
        )
    order = [n for n in range(a.ndim) if n not in sources]
    for to, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(to, axis)
    return transpose(a, order)


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    n = a.ndim
    axis = normalize_axis_index(axis, n)
    start = start + n if start < 0 else start
    if not 0 <= start <= n:
        raise ArgumentError("rollaxis: start is no place among the axes.", got=str(start))
    order = list(range(n))
    order.remove(axis)
    order.insert(start - 1 if axis < start else start, axis)
    return transpose(a, order)


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(
            "matrix_transpose: there are fewer than two axes.",
            got=f"shape {x.shape}",
            expected="an array of matrices",
        )
    return swapaxes(x, -1, -2)


# -- axes of length one ----------------------------------------------------------------------------


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length one dropped."""
    if axis is None:
        dropped = [i for i, n in enumerate(a.shape) if n == 1]
    else:
        dropped = list(normalize_axis_tuple(axis, a.ndim))
        if any(a.shape[i] != 1 for i in dropped):
            raise ShapeError(
                "squeeze: an axis to be dropped is longer than one.",
                got=f"axis {axis} of shape {a.shape}",
                expected="axes of length 1",
            )
    shape = tuple([n for i, n in enumerate(a.shape) if i not in dropped])
    return view_as(a, shape) if dropped else a


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """Axes of length one put in."""
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = a.ndim + len(axes)
    added = normalize_axis_tuple(axes, rank)
    rest = iter(a.shape)
    return view_as(a, tuple([1 if i in added else next(rest) for i in range(rank)]))


def _at_least(rank: int) -> Any:
    extend = (at_least_1d, at_least_2d, at_least_3d)[rank - 1]

    def at_least(*arrays: Any) -> Any:
        results = tuple([extend(at_least_0d(array_of(a))) for a in arrays])
        return results[0] if len(results) == 1 else results

    return at_least


for _rank, _function in enumerate((np.atleast_1d, np.atleast_2d, np.atleast_3d), 1):
    implements(_function)(_at_least(_rank))

# -- flips and rolls -------------------------------------------------------------------------------


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """Elements in reverse order along some axes, or all."""
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    backwards = [slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim)]
    return read(m, normalize(backwards, m.shape))


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    return flip(m, 1)


@implements(np.flipud)
def flipud(m: Any) -> Any:
    return flip(m, 0)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """A quarter turn, `k` times, in the plane of two axes."""
    first, second = normalize_axis_tuple(tuple(axes), m.ndim)
    k = operator.index(k) % 4
    if k == 0:
        return m[...]
    if k == 2:
        return flip(flip(m, first), second)
    if k == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements shifted along axes; those that leave at one end come in at the other."""
    if axis is None:
        flat = view_as(a, (a.size,))
        return view_as(roll(flat, shift, 0), a.shape)
    axes = normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    shifts = np.broadcast_to([operator.index(s) for s in np.atleast_1d(shift)], (len(axes),))
    result = a
    for i, s in zip(axes, shifts.tolist(), strict=True):
        n = a.shape[i]
        if n and s % n:
            before = (slice(None),) * i
            cut = n - s % n
            parts = (result[(*before, slice(cut, None))], result[(*before, slice(None, cut))])
            result = np.concatenate(parts, axis=i)
    return np.copy(a) if result is a else result


# -- questions that need no value ------------------------------------------------------------------


@implements(np.shape)
def shape_of(a: Any) -> tuple[int, ...]:
    return array_of(a).shape


@implements(np.ndim)
def ndim_of(a: Any) -> int:
    return array_of(a).ndim


@implements(np.size)
def size_of(a: Any, axis: Any = None) -> int:
    if axis is None:
        return array_of(a).size
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod([array_of(a).shape[i] for i in axes])
