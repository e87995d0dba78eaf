"""Calculus on grids: differences, gradients, sums over intervals, phases made continuous.

All are compositions; `interp` is in `interpolation.py`, polynomials in `polynomials.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import broadcast_to, convert, mul, reshape, sub
from wengert.ops.elementwise import div
from wengert.ops.products import normalize_axis, ravel
from wengert.trace.tracer import Tracer, implements

# -- differences -----------------------------------------------------------------------------------


def part(x: Any, axis: int, start: int | None, stop: int | None = None) -> Any:
    """`x` from `start` to `stop` along `axis`."""
    return x[(*(slice(None),) * axis, slice(start, stop))]


@implements(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    """NumPy's n-th difference along an axis."""
    n = operator.index(n)
    if n < 0:
        raise ArgumentError("diff: the order is negative.", got=f"n={n}", expected="n >= 0")
    a = as_operand(a)
    if n == 0:
        return a
    if not a.shape:
        raise ShapeError(
            "diff: a 0-d array has no differences.",
            got=describe(a=a),
            expected="an array with an axis",
        )
    axis = normalize_axis(axis, len(a.shape), "diff")
    if prepend is not np._NoValue or append is not np._NoValue:
        pieces = [x for x in (prepend, a, append) if x is not np._NoValue]
        a = np.concatenate([_end(as_operand(x), a.shape, axis) for x in pieces], axis=axis)
    for _ in range(n):
        after, before = part(a, axis, 1), part(a, axis, None, -1)
        a = np.not_equal(after, before) if a.dtype.kind == "b" else sub(after, before)
    return a


def _end(x: Any, shape: tuple[int, ...], axis: int) -> Any:
    if x.shape:
        return x
    return broadcast_to(x, (*shape[:axis], 1, *shape[axis + 1 :]))


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of the flattened array, with values put before and after."""
    ary = ravel(as_operand(ary))
    pieces = [sub(ary[1:], ary[:-1])]
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is None:
            continue
        end = ravel(as_operand(end))
        if not np.can_cast(end.dtype, ary.dtype, "same_kind"):
            raise ArgumentError(
                f"ediff1d: {name} does not fit the dtype of the array.",
                got=describe(ary=ary, **{name: end}),
                expected="a dtype that casts to that of the array",
            )
        end = convert(end, ary.dtype)
        pieces = [end, *pieces] if name == "to_begin" else [*pieces, end]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral by the trapezoidal rule, over points `x` or with steps `dx`."""
    y = as_operand(y)
    axis = normalize_axis(axis, len(y.shape), "trapezoid")
    if x is not None:
        x = as_operand(x)
        if len(x.shape) == 1:
            steps = diff(x)
            dx = reshape(steps, [steps.shape[0] if i == axis else 1 for i in range(len(y.shape))])
        else:
            dx = diff(x, axis=axis)
    means = div(mul(dx, part(y, axis, 1) + part(y, axis, None, -1)), 2.0)
    return np.sum(means, axis=axis)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    """Jumps larger than `discont` replaced by their complement in the period.

    The number of periods added is a step function: the derivative in `p` is the identity.
    """
    p = as_operand(p)
    axis = normalize_axis(axis, len(p.shape), "unwrap")
    steps = diff(p, axis=axis)
    discont = period / 2 if discont is None else discont
    dtype = np.result_type(steps.dtype, period if not isinstance(period, Tracer) else period.dtype)
    is_integer = dtype.kind in "iu"
    high = period // 2 if is_integer else period / 2
    is_ambiguous = period % 2 == 0 if is_integer else True
    low = -high
    wrapped = np.mod(steps - low, period) + low
    if is_ambiguous:
        is_low = np.logical_and(wrapped == low, steps > 0)
        wrapped = np.where(is_low, wrapped + period, wrapped)  # keeps the derivative of the step
    correction = np.where(np.abs(steps) < discont, 0, wrapped - steps)
    moved = part(p, axis, 1) + np.cumsum(correction, axis=axis)
    return np.concatenate(
        [convert(part(p, axis, None, 1), dtype), convert(moved, dtype)], axis=axis
    )


# -- gradient --------------------------------------------------------------------------------------


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """NumPy's gradient: central differences inside, one-sided ones at the edges.

    Parameters
    ----------
    f : array
    *varargs
        One spacing for all axes, or one an axis: a number, or the coordinates along it.
    axis : int or tuple of int, optional
    edge_order : {1, 2}
        Order of the differences at the edges.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.jacobian(np.gradient)(np.zeros(3))
    array([[-1. ,  1. ,  0. ],
           [-0.5,  0. ,  0.5],
           [ 0. , -1. ,  1. ]])
    """
    f = as_operand(f)
    n = len(f.shape)
    if axis is None:
        axes = tuple(range(n))
    else:
        given = axis if isinstance(axis, (tuple, list)) else (axis,)
        axes = tuple([normalize_axis(i, n, "gradient") for i in given])
    if edge_order not in (1, 2):
        raise ArgumentError(
            "gradient: the order at the edges is not offered.",
            got=f"edge_order={edge_order}",
            expected="1 or 2",
        )
    if f.dtype.kind == "b" and axes:
        raise DtypeError(
            "gradient: booleans cannot be subtracted.",
            got=describe(f=f),
            expected="numbers",
            try_="f.astype(float)",
        )
    if f.dtype.kind in "iu":
        f = convert(f, np.float64)
    results = []
    for i, spacing in zip(axes, _spacings(f, varargs, axes), strict=True):
        if f.shape[i] < edge_order + 1:
            raise ShapeError(
                "gradient: the array is too short along an axis.",
                got=f"{describe(f=f)}, axis {i}",
                expected=f"at least {edge_order + 1} elements for edge_order={edge_order}",
            )
        results.append(_gradient_along(f, spacing, i, edge_order))
    return results[0] if len(results) == 1 else tuple(results)


def _spacings(f: Any, varargs: Sequence[Any], axes: Sequence[int]) -> list[Any]:
    """For each axis a number, or the array of steps along it."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise ArgumentError(
            "gradient: the spacings do not match the axes.",
            got=f"{len(varargs)} spacings for {len(axes)} axes",
            expected="none, one number, or one an axis",
        )
    spacings: list[Any] = []
    for given, i in zip(varargs, axes, strict=True):
        if np.ndim(given) == 0:
            spacings.append(given)
            continue
        given = as_operand(given)
        if given.shape != (f.shape[i],):
            raise ShapeError(
                "gradient: the coordinates do not match the axis.",
                got=describe(f=f, coordinates=given),
                expected=f"coordinates of shape ({f.shape[i]},)",
            )
        if given.dtype.kind in "iub":
            given = convert(given, np.float64)
        spacings.append(diff(given))
    return spacings


def _gradient_along(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    rank, size = len(f.shape), f.shape[axis]

    def f_at(start: int, stop: int) -> Any:
        return part(f, axis, start, stop)

    def along(x: Any) -> Any:
        return reshape(x, [x.shape[0] if i == axis else 1 for i in range(rank)])

    is_uniform = np.ndim(step) == 0
    pieces = []
    if is_uniform:
        first = last = step
        if size > 2:
            pieces.append((f_at(2, size) - f_at(0, size - 2)) / (2.0 * step))
    else:
        first, last = step[0], step[-1]
        if size > 2:
            h1, h2 = along(step[:-1]), along(step[1:])
            pieces.append(
                -h2 / (h1 * (h1 + h2)) * f_at(0, size - 2)
                + (h2 - h1) / (h1 * h2) * f_at(1, size - 1)
                + h1 / (h2 * (h1 + h2)) * f_at(2, size)
            )
    if edge_order == 1:
        left = (f_at(1, 2) - f_at(0, 1)) / first
        right = (f_at(size - 1, size) - f_at(size - 2, size - 1)) / last
    else:
        steps = (step,) * 4 if is_uniform else (step[0], step[1], step[-2], step[-1])
        weights = _edge_weights(steps[0], steps[1])
        left = sum_of(weights, [f_at(i, i + 1) for i in range(3)])
        weights = [-w for w in _edge_weights(steps[3], steps[2])]
        right = sum_of(weights, [f_at(size - 1 - i, size - i) for i in range(3)])
    return convert(np.concatenate([left, *pieces, right], axis=axis), f.dtype)


def _edge_weights(h1: Any, h2: Any) -> list[Any]:
    """One-sided difference of second order, nearest point first (Fornberg 1988, unequal steps)."""
    return [
        -(2.0 * h1 + h2) / (h1 * (h1 + h2)),
        (h1 + h2) / (h1 * h2),
        -h1 / (h2 * (h1 + h2)),
    ]


def sum_of(weights: Sequence[Any], values: Sequence[Any]) -> Any:
    """The weighted sum."""
    total = weights[0] * values[0]
    for w, v in zip(weights[1:], values[1:], strict=True):
        total = total + w * v
    return total
