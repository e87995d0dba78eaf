"""Running sums, products and extremes along one axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ir.dependence import Prefixes
from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, define
from wengert.ops.axes import normalized_axes
from wengert.ops.core import add, convert, full, mul, reshape
from wengert.ops.families import linear
from wengert.ops.functions import as_operand
from wengert.ops.output import deliver
from wengert.ops.reductions import accumulator
from wengert.ops.sorting import gather_along
from wengert.ops.ufuncs import METHODS
from wengert.trace.tracer import bind, implements, install
from wengert.types import Type

# -- primitives ------------------------------------------------------------------------------------


def _running(x: Any, function: Any, axis: int, reverse: bool) -> Any:
    if reverse:
        return np.flip(function(np.flip(x, axis), axis=axis), axis)
    return function(x, axis=axis)


def _cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    return _running(
        x, lambda y, axis: np.add.accumulate(y, axis=axis, dtype=x.dtype), axis, reverse
    )


def cumsum_along(x: Any, axis: int, reverse: bool = False) -> Any:
    return bind(cumsum_p, x, axis=axis, reverse=reverse)


def _around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """The sizes before, along and behind an axis."""
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


def emit_running(how: str) -> Any:
    """Native code of a running reduction: row after row where other axes are behind the axis."""

    def emit(m: Any, x: Any, out: Any, *, axis: int, reverse: bool = False) -> None:
        sizes = _around(out.shape, axis)
        if 0 in sizes:
            return
        x, out = m.reshaped(x, sizes), m.reshaped(out, sizes)
        outer, n, inner = sizes
        place = (lambda i: (n - 1) - i) if reverse else (lambda i: i)

        def one(o: Any) -> None:
            start = m.load(x, (o, place(0), 0))
            m.store(out, (o, place(0), 0), start)

            def turn(i: Any, total: Any) -> Any:
                total = m.combine(how, total, m.load(x, (o, place(i), 0)))
                m.store(out, (o, place(i), 0), total)
                return [total]

            if n > 1:
                m.fold(n, [start], turn, start=1)

        def row(o: Any, i: Any, before: Any) -> None:
            def write(j: Any) -> None:
                value = m.load(x, (o, i, j))
                if before is not None:
                    value = m.combine(how, m.load(out, (o, before, j)), value)
                m.store(out, (o, i, j), value)

            m.span(inner, write, m.lanes_for(out.kind))

        if inner == 1:
            m.each((outer,), lambda at: one(*at))
            return
        with m.loops((outer,)) as (o,):
            row(o, place(0), None)
            if n > 1:
                m.span(n, lambda i: row(o, place(i), place(i - 1)), start=1)

    return emit


cumsum_p = linear(
    "cumsum",
    _cumsum,
    lambda x, *, axis, reverse: x,
    transpose={0: lambda ct, args, *, axis, reverse: cumsum_along(ct, axis, not reverse)},
    batch=lambda size, args, is_batched, *, axis, reverse: (
        cumsum_along(args[0], axis + 1, reverse),
        True,
    ),
    flops=lambda in_types, out_types, **params: in_types[0].size,
    gives_array=True,
    render=lambda ins, params: (
        f"np.flip(np.cumsum(np.flip({ins[0]}, {params['axis']}), {params['axis']}), "
        f"{params['axis']})"
        if params["reverse"]
        else f"np.cumsum({ins[0]}, {params['axis']})"
    ),
    emit=Whole(emit_running("sum")),
    sparsity=Prefixes(lambda k, *, axis, **params: axis, lambda *, reverse, **params: reverse),
)


def cumprod_along(x: Any, axis: int) -> Any:
    return bind(cumprod_p, x, axis=axis)


def _cumprod_jvp(args: Any, out: Any, tangents: Any, *, axis: int) -> Any:
    """By doubling: products of 1, 2, 4, … neighbors and their tangents, without a division.

    After step k each element holds the product of itself and the 2**k - 1 before it; the product
    rule gives the tangents, so that zeros among the factors need no care.
    """
    product, tangent = args[0], tangents[0]
    n = product.shape[axis]
    before = (slice(None),) * axis
    step = 1
    while step < n:
        head = (*before, slice(0, step))
        early, late = (*before, slice(0, n - step)), (*before, slice(step, n))
        new = add(mul(tangent[early], product[late]), mul(product[early], tangent[late]))
        tangent = np.concatenate([tangent[head], new], axis=axis)
        new = mul(product[early], product[late])
        product = np.concatenate([product[head], new], axis=axis)
        step *= 2
    return tangent


cumprod_p = define(
    Primitive(
        "cumprod",
        lambda x, *, axis: np.multiply.accumulate(x, axis=axis, dtype=x.dtype),
        lambda x, *, axis: x,
        jvp=_cumprod_jvp,
        batch=lambda size, args, is_batched, *, axis: (cumprod_along(args[0], axis + 1), True),
        cost=lambda in_types, out_types, **params: in_types[0].size,
        gives_array=True,
        render=lambda ins, params: f"np.cumprod({ins[0]}, {params['axis']})",
        emit=Whole(emit_running("prod")),
        facts={"at_zero": "exact with any number of zeros"},
    )
)

# -- running extremes ------------------------------------------------------------------------------


def _first_extreme(x: Any, *, axis: int, largest: bool) -> Any:
    """For each place the index of the first element that is the extreme so far."""
    running = (np.maximum if largest else np.minimum).accumulate(x, axis=axis)
    before = np.roll(running, 1, axis=axis)
    is_new = x > before if largest else x < before
    is_new |= np.isnan(x) & ~np.isnan(before)
    first = [slice(None)] * x.ndim
    first[axis] = slice(0, 1)
    is_new[tuple(first)] = True
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    places = np.arange(x.shape[axis]).reshape(shape)
    return np.maximum.accumulate(np.where(is_new, places, 0), axis=axis)


def _emit_first_extreme(m: Any, x: Any, out: Any, *, axis: int, largest: bool) -> None:
    sizes = _around(out.shape, axis)
    if 0 in sizes:
        return
    x, out = m.reshaped(x, sizes), m.reshaped(out, sizes)
    outer, n, inner = sizes

    def column(o: Any, j: Any) -> None:
        first = m.load(x, (o, 0, j))
        nowhere = m.b.splat(m.b.index(0), first.lanes)
        m.store(out, (o, 0, j), nowhere)

        def turn(i: Any, best: Any, index: Any) -> Any:
            value = m.load(x, (o, i, j))
            is_new = m.b.compare("gt" if largest else "lt", value, best)
            is_lost = m.b.and_(m.b.is_nan(value), m.b.not_(m.b.is_nan(best)))
            is_new = m.b.or_(is_new, is_lost)
            index = m.b.select(is_new, m.number(i), index)
            m.store(out, (o, i, j), index)
            return [m.b.select(is_new, value, best), index]

        if n > 1:
            m.fold(n, [first, nowhere], turn, start=1)

    with m.loops((outer,)) as (o,):
        m.span(inner, lambda j: column(o, j), m.lanes_for(x.kind, out.kind))


first_extreme_p: Primitive = define(
    Primitive(
        "first_extreme",
        _first_extreme,
        lambda x, *, axis, largest: Type(x.shape, np.intp),
        batch=lambda size, args, is_batched, *, axis, largest: (
            bind(first_extreme_p, args[0], axis=axis + 1, largest=largest),
            True,
        ),
        cost=lambda in_types, out_types, **params: 3 * in_types[0].size,
        gives_array=True,
        emit=Whole(_emit_first_extreme),
        facts={"derivative": "zero: integers"},
    )
)


def _running_extreme(name: str, ufunc: np.ufunc, largest: bool) -> Primitive:
    def jvp(args: Any, out: Any, tangents: Any, *, axis: int) -> Any:
        index = bind(first_extreme_p, args[0], axis=axis, largest=largest)
        return gather_along(tangents[0], index, axis)

    def batch(size: int, args: Any, is_batched: Any, *, axis: int) -> Any:
        return bind(primitive, args[0], axis=axis + 1), True

    primitive = Primitive(
        name,
        lambda x, *, axis: ufunc.accumulate(x, axis=axis),
        lambda x, *, axis: x,
        jvp=jvp,
        batch=batch,
        cost=lambda in_types, out_types, **params: in_types[0].size,
        gives_array=True,
        render=lambda ins, params: f"np.{ufunc.__name__}.accumulate({ins[0]}, {params['axis']})",
        emit=Whole(emit_running("max" if largest else "min")),
        facts={"kinks": "ties: the first of the equal elements"},
    )
    return define(primitive)


cummax_p = _running_extreme("cummax", np.maximum, True)
cummin_p = _running_extreme("cummin", np.minimum, False)

# -- NumPy's functions -----------------------------------------------------------------------------


def _cumulating(along: Any, ufunc: np.ufunc, name: str) -> Any:
    """`np.cumsum` or `np.cumprod`: of the flattened array without an axis."""

    def function(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        a = as_operand(a)
        a = convert(a, accumulator(ufunc, a.dtype) if dtype is None else np.dtype(dtype))
        if axis is None or a.ndim == 0:
            a, axis = reshape(a, (a.size,)), 0
        (axis,) = normalized_axes(axis, a.ndim, name)
        return deliver(along(a, axis), out, name)

    function.__name__ = name
    return function


cumsum = implements(np.cumsum)(_cumulating(cumsum_along, np.add, "cumsum"))
cumprod = implements(np.cumprod)(_cumulating(cumprod_along, np.multiply, "cumprod"))
install("cumsum", cumsum)
install("cumprod", cumprod)
METHODS[np.add, "accumulate"] = cumsum
METHODS[np.multiply, "accumulate"] = cumprod


def _array_api(function: Any, first: float, name: str) -> Any:
    """`np.cumulative_sum` or `np.cumulative_prod`."""

    def cumulative(
        x: Any,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        x = as_operand(x)
        if x.ndim == 0 or (x.ndim > 1 and axis is None):
            raise ArgumentError(
                f"{name}: the axis is needed for arrays that have not exactly one.",
                got=f"an array of shape {x.shape}, axis={axis}",
                expected="axis=...",
            )
        (axis,) = normalized_axes(0 if axis is None else axis, x.ndim, name)
        result = function(x, axis, dtype)
        if include_initial:
            shape = [1 if i == axis else n for i, n in enumerate(x.shape)]
            start = full(shape, first, result.dtype)
            result = np.concatenate([start, result], axis=axis)
        return deliver(result, out, name)

    cumulative.__name__ = name
    return cumulative


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    cumulative_sum = implements(np.cumulative_sum)(_array_api(cumsum, 0, "cumulative_sum"))
    cumulative_prod = implements(np.cumulative_prod)(_array_api(cumprod, 1, "cumulative_prod"))


def _accumulate_extreme(primitive: Primitive) -> Any:
    def accumulate(a: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        a = a if dtype is None else convert(a, dtype)
        (axis,) = normalized_axes(axis, a.ndim, primitive.name)
        return deliver(bind(primitive, a, axis=axis), out, primitive.name)

    return accumulate


METHODS[np.maximum, "accumulate"] = _accumulate_extreme(cummax_p)
METHODS[np.minimum, "accumulate"] = _accumulate_extreme(cummin_p)
