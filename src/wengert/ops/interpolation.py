"""`np.interp`: the piecewise linear function through given points.

    interp(x, xp, fp; lanes)    linear in fp; the first `lanes` axes of all operands are equal

At an inner knot the derivative in x is that of the interval on the right, at the last knot that of
the last interval; beyond the first and last knots the function is constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Expand
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, define
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import (
    add,
    convert,
    fit,
    iota,
    mul,
    neg,
    reshape,
    spread_batch,
    sub,
    zeros_of,
)
from wengert.ops.elementwise import div, select
from wengert.ops.gather import gather, scatter_add
from wengert.ops.searching import by_lanes, lanes_text, searchsorted_p
from wengert.ops.sorting import argsort_p
from wengert.trace.tracer import bind, implements
from wengert.types import Type


def _interp_array(x: Any, xp: Any, fp: Any, *, lanes: int) -> Any:
    if lanes == 0:
        return np.interp(x, xp, fp)
    return by_lanes(np.interp, lanes, (x, xp, fp), x.shape, _interp_dtype(fp))


def _interp_dtype(fp: Any) -> Any:
    return np.dtype(np.complex128 if fp.dtype.kind == "c" else np.float64)


def _interp_type(x: Type, xp: Type, fp: Type, *, lanes: int) -> Type:
    return Type(x.shape, _interp_dtype(fp))


# -- where a point lies ----------------------------------------------------------------------------


def _places(x: Any, j: Any, lanes: int) -> tuple[Any, ...]:
    """Index arrays that read the table of each lane at the places `j`."""
    rank = len(x.shape)
    numbers = [
        reshape(iota(x.shape[i]), (*(1,) * i, x.shape[i], *(1,) * (rank - 1 - i)))
        for i in range(lanes)
    ]
    return (*numbers, j)


class _Position:
    """The interval of each point, and the weights of its two ends."""

    def __init__(self, x: Any, xp: Any, lanes: int) -> None:
        n = xp.shape[-1]
        right = bind(searchsorted_p, xp, x, side="right", lanes=lanes)
        low = np.clip(sub(right, 1), 0, max(n - 2, 0))
        self.axes = tuple(range(lanes + 1))
        self.low = _places(x, low, lanes)
        self.high = _places(x, np.minimum(add(low, 1), n - 1), lanes)
        before, after = self.at_ends(xp)
        width = sub(after, before)
        is_empty = width == 0  # of two equal knots the later one counts
        self.width = select(is_empty, 1.0, width)
        shape = (*xp.shape[:-1], *(1,) * (len(x.shape) - lanes))
        self.is_below = x < reshape(xp[..., 0], shape)
        self.is_above = x > reshape(xp[..., -1], shape)
        weight = select(is_empty, 1.0, div(sub(x, before), self.width))
        weight = select(self.is_above, 1.0, select(self.is_below, 0.0, weight))
        self.is_flat = np.logical_or(is_empty, np.logical_or(self.is_below, self.is_above))
        self.weight = weight  # of the upper end; the lower has the rest

    def at_ends(self, table: Any) -> tuple[Any, Any]:
        """The entries of a table at the ends of each point's interval."""
        return gather(table, self.low, self.axes), gather(table, self.high, self.axes)

    def between(self, table: Any) -> Any:
        """The entries at the ends, weighted."""
        before, after = self.at_ends(table)
        return add(mul(before, sub(1.0, self.weight)), mul(after, self.weight))


def _interp_jvp(args: Any, out: Any, tangents: Any, *, lanes: int) -> Any:
    x, xp, fp = args
    dx, dxp, dfp = tangents
    total = None if dfp is None else bind(interp_p, x, xp, dfp, lanes=lanes)
    if dx is None and dxp is None:
        return total
    position = _Position(x, xp, lanes)
    before, after = position.at_ends(fp)
    slope = select(position.is_flat, 0.0, div(sub(after, before), position.width))
    if dx is not None:
        total = _plus(total, fit(mul(slope, dx), out.type))
    if dxp is not None:
        total = _plus(total, fit(neg(mul(slope, position.between(dxp))), out.type))
    return total


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else add(a, b)


def _interp_transpose(ct: Any, args: Any, *, lanes: int) -> Any:
    x, xp, fp = args
    position = _Position(x, xp, lanes)
    result = zeros_of(Type(fp.shape, ct.dtype))
    result = scatter_add(result, mul(ct, sub(1.0, position.weight)), position.low, position.axes)
    result = scatter_add(result, mul(ct, position.weight), position.high, position.axes)
    return convert(result, fp.dtype)


def _interp_batch(size: int, args: Any, is_batched: Any, *, lanes: int) -> Any:
    if lanes == 0 and not is_batched[1] and not is_batched[2]:
        return bind(interp_p, *args, lanes=0), True
    return bind(interp_p, *spread_batch(size, args, is_batched), lanes=lanes + 1), True


def _expand_interp(x: Any, xp: Any, fp: Any, *, lanes: int) -> Any:
    """The formula of `np.interp`, in its order: from the left knot, at a knot its value."""
    work = np.float64
    x, xp, fp = convert(x, work), convert(xp, work), convert(fp, _interp_dtype(fp))
    n = xp.shape[-1]
    axes = tuple(range(lanes + 1))
    behind = bind(searchsorted_p, xp, x, side="right", lanes=lanes)
    low = np.clip(sub(behind, 1), 0, max(n - 2, 0))
    place, after = _places(x, low, lanes), _places(x, np.minimum(add(low, 1), n - 1), lanes)
    left, f_left = gather(xp, place, axes), gather(fp, place, axes)
    right, f_right = gather(xp, after, axes), gather(fp, after, axes)
    width = sub(right, left)
    slope = div(sub(f_right, f_left), select(width == 0, 1.0, width))
    result = add(mul(slope, sub(x, left)), f_left)
    # Beside an infinite value: from the right knot, and between equal ones the value itself.
    result = select(np.isnan(result), add(mul(slope, sub(x, right)), f_right), result)
    is_even = np.logical_and(np.isnan(result), f_left == f_right)
    result = select(is_even, f_left, result)
    result = select(x == left, f_left, result)
    shape = (*xp.shape[:-1], *(1,) * (len(x.shape) - lanes))
    first, last = reshape(xp[..., 0], shape), reshape(xp[..., -1], shape)
    result = select(x >= last, reshape(fp[..., -1], shape), result)
    result = select(x < first, reshape(fp[..., 0], shape), result)
    return select(np.isnan(x), x, result) if n > 1 else result


def _interp_sparsity(k: Flow, *, lanes: int) -> Any:
    """The values at the ends of each point's interval; all of a table where that is not known."""
    x, xp, _ = k.values
    labels = k.labels_of(2)
    shape = k.out_shape()
    if x is None or xp is None:
        whole = k.sets.unite_along(labels, (-1,))
        return np.broadcast_to(whole.reshape(whole.shape + (1,) * (len(shape) - lanes)), shape)
    n = xp.shape[-1]
    low = np.clip(searchsorted_p.array(xp, x, side="right", lanes=lanes) - 1, 0, n - 1)
    high = np.minimum(low + 1, n - 1)
    numbers = [
        np.arange(size).reshape(*(1,) * i, size, *(1,) * (len(shape) - 1 - i))
        for i, size in enumerate(shape[:lanes])
    ]
    is_at_knot = x <= xp[(*numbers, low)]
    return k.sets.unite(
        np.broadcast_to(labels[(*numbers, low)], shape),
        np.broadcast_to(np.where(is_at_knot, 0, labels[(*numbers, high)]), shape),
    )


interp_p = define(
    Primitive(
        "interp",
        _interp_array,
        _interp_type,
        linear_in=(frozenset({2}),),
        jvp=_interp_jvp,
        transpose={2: _interp_transpose},
        batch=_interp_batch,
        cost=lambda in_types, out_types, *, lanes: (
            out_types[0].size * (3 + in_types[1].size.bit_length())
        ),
        render=lambda ins, params: lanes_text("interp", ins, params["lanes"]),
        emit=Expand(_expand_interp),
        sparsity=_interp_sparsity,
        facts={
            "kinks": "knots: the interval on the right; at the last knot the last interval",
            "ties": "of equal knots the later one gives the value, with slope zero at it",
        },
    )
)


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """NumPy's linear interpolation, differentiable in points, knots and values.

    Parameters
    ----------
    x : array
        Points.
    xp, fp : array of shape (n,)
        Knots, increasing, and values there.
    left, right : number, optional
        Values below the first and above the last knot, by default those at the knots.
    period : number, optional
        Period of the knots; `left` and `right` are then not used.

    Examples
    --------
    >>> import wengert as wg
    >>> xp, fp = np.array([0.0, 1.0, 2.0]), np.array([0.0, 10.0, 5.0])
    >>> wg.elementwise_grad(lambda x: np.interp(x, xp, fp))(np.array([0.5, 1.0, 3.0]))
    array([10., -5.,  0.])
    """
    x, xp, fp = as_operand(x), as_operand(xp), as_operand(fp)
    if len(xp.shape) != 1 or xp.shape != fp.shape or not xp.size:
        raise ShapeError(
            "interp: the knots and values must be vectors of one length, not empty.",
            got=describe(xp=xp, fp=fp),
            expected="xp: [n], fp: [n]",
            try_="wengert.vmap for several tables",
        )
    for name, operand in (("x", x), ("xp", xp)):
        if operand.dtype.kind == "c":
            raise ArgumentError(
                f"interp: {name} is complex.", got=describe(**{name: operand}), expected="reals"
            )
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    result = bind(interp_p, x, xp, fp, lanes=0)
    if left is not None:
        result = _replaced(x < xp[0], left, result)
    if right is not None:
        result = _replaced(x > xp[-1], right, result)
    return result


def _replaced(where: Any, value: Any, result: Any) -> Any:
    chosen = np.where(where, value, result)
    return chosen if chosen.shape else chosen[()]


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Points and knots brought into one period, the knots sorted and continued on both sides."""
    if np.all(period == 0):
        raise ArgumentError("interp: the period is zero.", got=repr(period), expected="a number")
    period = np.abs(period)
    x, xp = np.mod(x, period), np.mod(xp, period)
    order = bind(argsort_p, xp, axis=0, kind="stable")
    xp, fp = gather(xp, (order,), (0,)), gather(fp, (order,), (0,))
    xp = np.concatenate((xp[-1:] - period, xp, xp[:1] + period))
    return x, xp, np.concatenate((fp[-1:], fp, fp[:1]))
