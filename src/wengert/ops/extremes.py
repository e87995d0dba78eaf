"""Largest and smallest elements, where they are, and the logarithm of a sum of exponentials.

The derivative of `max` reads the index of the extreme and the number of ties: a row with one
extreme takes that element; only rows with ties are scanned, and share the derivative evenly.

    locate     x -> index of the extreme along the reduced axes, and how many elements tie
    pick       the linear map from a tangent of x to the tangent of its extremes
    place      its adjoint
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ir.dependence import Sums
from wengert.ir.emission import Expand, Pull, Whole
from wengert.ir.primitive import Primitive, define
from wengert.ops.arithmetic import div
from wengert.ops.axes import normalized_axes
from wengert.ops.comparison import eq, isfinite_p, isnan, logical_or_p
from wengert.ops.core import (
    add,
    broadcast_to,
    convert,
    full,
    iota,
    mul,
    real,
    reduced_shape,
    reshape,
    spread_batch,
    sub,
    sum_axes,
)
from wengert.ops.exponential import exp, log
from wengert.ops.families import linear
from wengert.ops.functions import as_operand
from wengert.ops.output import deliver
from wengert.ops.reductions import NOT_GIVEN, Axis, is_everything, is_true, masked, reduction
from wengert.ops.selection import maximum, minimum, select
from wengert.ops.ufuncs import METHODS
from wengert.trace.tracer import bind, implements, install
from wengert.types import Type

# -- where the extremes are ------------------------------------------------------------------------


def _rows(x: Any, axes: tuple[int, ...]) -> Any:
    """The values of `x` with the reduced axes as one last axis."""
    kept = [i for i in range(x.ndim) if i not in axes]
    shape = [x.shape[i] for i in kept]
    return np.transpose(x, (*kept, *axes)).reshape(*shape, -1 if x.size else _extent(x, axes))


def _extent(x: Any, axes: tuple[int, ...]) -> int:
    n = 1
    for i in axes:
        n *= x.shape[i]
    return n


def _locate(x: Any, *, axes: tuple[int, ...], largest: bool) -> tuple[Any, Any]:
    rows = _rows(np.asarray(x), axes)
    index = (np.argmax if largest else np.argmin)(rows, axis=-1)
    best = np.take_along_axis(rows, np.expand_dims(index, -1), axis=-1)
    return index, np.count_nonzero(rows == best, axis=-1)


def _locate_type(x: Type, *, axes: tuple[int, ...], largest: bool) -> tuple[Type, Type]:
    result = Type(reduced_shape(x.shape, axes, False), np.intp)
    return result, result


def _first_place(x: Any, best: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The first place along the reduced axes that holds the extreme `best`; a NaN is one."""
    found = eq(x, best)
    if x.dtype.kind in "fc":
        found = bind(logical_or_p, found, isnan(x))
    n = _extent(x, axes)
    shape = [size if i in axes else 1 for i, size in enumerate(x.shape)]
    numbers = reshape(iota(n), shape)
    return bind(min_p, select(found, numbers, n - 1), axes=axes, keepdims=keepdims)


def _expand_locate(x: Any, *, axes: tuple[int, ...], largest: bool) -> tuple[Any, Any]:
    best = bind(max_p if largest else min_p, x, axes=axes, keepdims=True)
    ties = sum_axes(convert(eq(x, best), np.intp), axes)
    return _first_place(x, best, axes, False), ties


locate_p: Primitive = define(
    Primitive(
        "locate",
        _locate,
        _locate_type,
        batch=lambda size, args, is_batched, *, axes, largest: (
            bind(locate_p, args[0], axes=tuple([a + 1 for a in axes]), largest=largest),
            True,
        ),
        cost=lambda in_types, out_types, **params: 2 * in_types[0].size,
        is_multiple=True,
        emit=Expand(_expand_locate),
        facts={"derivative": "zero: integers"},
    )
)


def _tied_rows(x: Any, index: Any, ties: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Which rows have ties, and for those a mask of the tied elements and their number."""
    tied = np.asarray(ties) > 1
    if not tied.any():
        return None, None, None
    rows = _rows(np.asarray(x), axes)[tied]
    best = np.take_along_axis(rows, np.expand_dims(np.asarray(index)[tied], -1), axis=-1)
    return tied, rows == best, np.asarray(ties)[tied]


def _pick(dx: Any, x: Any, index: Any, ties: Any, *, axes: tuple[int, ...]) -> Any:
    rows = _rows(np.asarray(dx), axes)
    result = np.take_along_axis(rows, np.expand_dims(index, -1), axis=-1)[..., 0]
    tied, mask, number = _tied_rows(x, index, ties, axes)
    if tied is not None:
        result = np.array(result)
        result[tied] = np.sum(rows[tied], axis=-1, where=mask, dtype=result.dtype) / number
    return result[()]


def _place(ct: Any, x: Any, index: Any, ties: Any, *, axes: tuple[int, ...]) -> Any:
    ct = np.asarray(ct)
    shape = np.shape(x)
    kept = [i for i in range(len(shape)) if i not in axes]
    order = (*kept, *axes)
    moved = np.zeros([shape[i] for i in order], ct.dtype)
    rows = moved.reshape(ct.shape + (-1 if moved.size else _extent(np.asarray(x), axes),))
    np.put_along_axis(rows, np.expand_dims(index, -1), ct[..., None], axis=-1)
    tied, mask, number = _tied_rows(x, index, ties, axes)
    if tied is not None:
        rows[tied] = mask * (ct[tied] / number)[..., None]
    return moved.transpose(np.argsort(order))


def _batched(name: str) -> Any:
    """All inputs with the batch axis; those that do not depend on the item are repeated."""

    def batch(size: int, args: Any, is_batched: Any, *, axes: Any) -> Any:
        primitive = pick_p if name == "pick" else place_p
        moved = tuple([a + 1 for a in axes])
        return bind(primitive, *spread_batch(size, args, is_batched), axes=moved), True

    return batch


# In rows of up to so many elements a mask costs less than a branch and an index.
_SHORT_ROW = 8


def _is_short(in_types: Any, out_types: Any, *, axes: tuple[int, ...]) -> bool:
    return _extent(in_types[1], axes) <= _SHORT_ROW


def _chosen(x: Any, index: Any, ties: Any, axes: tuple[int, ...]) -> Any:
    """A mask of the extreme, or of all elements tied with it."""
    kept = reduced_shape(x.shape, axes, True)
    numbers = reshape(
        iota(_extent(x, axes)), [n if i in axes else 1 for i, n in enumerate(x.shape)]
    )
    is_first = eq(numbers, reshape(index, kept))
    best = reshape(sum_axes(select(is_first, x, 0), axes), kept)
    return select(reshape(ties, kept) > 1, eq(x, best), is_first)


def _expand_pick(dx: Any, x: Any, index: Any, ties: Any, *, axes: tuple[int, ...]) -> Any:
    total = sum_axes(select(_chosen(x, index, ties, axes), dx, 0), axes)
    return convert(div(total, np.maximum(ties, 1)), dx.dtype)


def _expand_place(ct: Any, x: Any, index: Any, ties: Any, *, axes: tuple[int, ...]) -> Any:
    share = convert(div(ct, np.maximum(ties, 1)), ct.dtype)
    share = reshape(share, reduced_shape(x.shape, axes, True))
    return select(_chosen(x, index, ties, axes), share, 0)


def _whole_index(m: Any, at: Any, place: Any, shape: Any, axes: tuple[int, ...]) -> list[Any]:
    """Index into the array from that of a row and a place in it."""
    within = dict(zip(axes, m.unravel(place, [shape[a] for a in axes]), strict=True))
    rest = iter(at)
    return [within[a] if a in within else next(rest) for a in range(len(shape))]


def _emit_pick(m: Any, dx: Any, x: Any, index: Any, ties: Any, out: Any, *, axes: Any) -> None:
    n = _extent(x, axes)

    def row(at: Any) -> None:
        number = m.load(ties, at)
        first = _whole_index(m, at, m.place(index, at, n), x.shape, axes)
        branch = m.branch(m.b.compare("gt", number, m.b.index(1)))
        best = m.load(x, first)

        def turn(i: Any, total: Any) -> Any:
            there = _whole_index(m, at, i, x.shape, axes)
            added = m.b.add(total, m.load(dx, there))
            return [m.b.select(m.b.compare("eq", m.load(x, there), best), added, total)]

        total = m.fold(n, [m.b.constant(0, dx.kind)], turn)[0]
        share = _divided(m, total, number)
        branch.otherwise()
        alone = m.load(dx, first)
        m.store(out, at, m.join(branch, share, alone))

    m.each(out.shape, row)


def _emit_place(m: Any, ct: Any, x: Any, index: Any, ties: Any, out: Any, *, axes: Any) -> None:
    m.fill_zero(out)
    n = _extent(x, axes)

    def row(at: Any) -> None:
        number = m.load(ties, at)
        given = m.load(ct, at)
        first = _whole_index(m, at, m.place(index, at, n), x.shape, axes)
        branch = m.branch(m.b.compare("gt", number, m.b.index(1)))
        best = m.load(x, first)
        share = _divided(m, given, number)
        zero = m.b.constant(0, ct.kind)

        def turn(i: Any, *nothing: Any) -> Any:
            there = _whole_index(m, at, i, x.shape, axes)
            is_best = m.b.compare("eq", m.load(x, there), best)
            m.store(out, there, m.b.select(is_best, share, zero))
            return []

        m.fold(n, [], turn)
        branch.otherwise()
        m.store(out, first, given)
        branch.join()

    m.each(ct.shape, row)


def _emit_placed(k: Any, at: Any, *, axes: tuple[int, ...]) -> Any:
    """What a row gives its extreme, or its share where several elements tie."""
    (axis,) = axes
    row = (*at[:axis], *at[axis + 1 :])
    index, is_alone, given = _emit_single(k, row, axes=axes)
    b, zero = k.b, k.constant(0)
    plain = b.select(b.compare("eq", k.number(at[axis]), index), given, zero)
    if is_alone.const is True:
        return plain
    first = k.opaque(index, k.shape(1)[axis])
    best = k.read(1, (*at[:axis], first, *at[axis + 1 :]))
    share = b.div(given, b.convert(k.read(3, row), given.kind))
    tied = b.select(b.compare("eq", k.read(1, at), best), share, zero)
    return b.select(is_alone, plain, tied)


def _emit_single(k: Any, row: Any, *, axes: tuple[int, ...]) -> Any:
    index = k.b.convert(k.read(2, row), "i8")
    is_alone = k.b.compare("le", k.read(3, row), k.b.index(1))
    return index, is_alone, k.read_as_result(0, row)


def _is_along_one_axis(in_types: Any, out_types: Any, *, axes: tuple[int, ...]) -> bool:
    return len(axes) == 1 and out_types[0].dtype.kind == "f" and in_types[1].dtype.kind == "f"


def _divided(m: Any, x: Any, number: Any) -> Any:
    if x.kind[0] != "c":
        return m.b.div(x, m.b.convert(number, x.kind))
    divisor = m.b.convert(number, x.re.kind)
    return type(x)(m.b.div(x.re, divisor), m.b.div(x.im, divisor))


pick_p = linear(
    "pick",
    _pick,
    lambda dx, x, index, ties, *, axes: Type(reduced_shape(dx.shape, axes, False), dx.dtype),
    transpose={0: lambda ct, args, *, axes: bind(place_p, ct, *args[1:], axes=axes)},
    batch=_batched("pick"),
    emit=(Expand(_expand_pick, _is_short), Whole(_emit_pick)),
    sparsity=Sums(),  # the places are not known, and several elements may tie
    flops=lambda in_types, out_types, **params: out_types[0].size,
)
place_p: Primitive = linear(
    "place",
    _place,
    lambda ct, x, index, ties, *, axes: Type(x.shape, ct.dtype),
    transpose={0: lambda ct, args, *, axes: bind(pick_p, ct, *args[1:], axes=axes)},
    batch=_batched("place"),
    emit=(
        Expand(_expand_place, _is_short),
        Pull(
            _emit_placed,
            single=_emit_single,
            single_axis=lambda k, *, axes: axes[0],
            accepts=_is_along_one_axis,
        ),
        Whole(_emit_place),
    ),
    sparsity=lambda k, *, axes: np.broadcast_to(np.expand_dims(k.labels[0], axes), k.out_shape()),
    flops=lambda in_types, out_types, **params: in_types[0].size,
    gives_array=True,
)

# -- largest and smallest --------------------------------------------------------------------------


def _extreme_jvp(largest: bool) -> Any:
    def jvp(args: Any, out: Any, tangents: Any, *, axes: Any, keepdims: bool) -> Any:
        index, ties = bind(locate_p, args[0], axes=axes, largest=largest)
        return reshape(bind(pick_p, tangents[0], args[0], index, ties, axes=axes), out.shape)

    return jvp


max_p = reduction(
    "max", np.maximum, jvp=_extreme_jvp(True), kinks="ties: equal elements share evenly"
)
min_p = reduction(
    "min", np.minimum, jvp=_extreme_jvp(False), kinks="ties: equal elements share evenly"
)


def _extreme(primitive: Primitive, name: str) -> Any:
    """`np.max` or `np.min`."""
    larger = name == "max"

    def function(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        a = as_operand(a)
        axes = normalized_axes(axis, a.ndim, name)
        keepdims = is_true(keepdims)
        has_initial = initial is not NOT_GIVEN and initial is not None
        if not is_everything(where):
            if not has_initial:
                raise ShapeError(
                    f"{name}: where needs a value for rows that it leaves empty.",
                    got="where without initial",
                    expected="initial=...",
                )
            a = masked(where, a, initial)
        n = _extent(a, axes)
        if n == 0:
            shape = reduced_shape(a.shape, axes, keepdims)
            if not has_initial and 0 not in shape:
                raise ShapeError(
                    f"{name}: an empty array has no extreme.",
                    got=f"shape {a.shape}, axis={axis!r}",
                    expected="at least one element, or initial=...",
                )
            start = convert(initial, a.dtype) if has_initial else full((), 0, a.dtype)
            return deliver(broadcast_to(start, shape), out, name)
        result = bind(primitive, a, axes=axes, keepdims=keepdims)
        if has_initial:
            result = (maximum if larger else minimum)(result, convert(initial, a.dtype))
        return result if out is None else deliver(result, out, name)

    function.__name__ = name
    return function


max_ = implements(np.max, np.amax)(_extreme(max_p, "max"))
min_ = implements(np.min, np.amin)(_extreme(min_p, "min"))
install("max", max_)
install("min", min_)


def _extreme_reduce(function: Any) -> Any:
    def reduce(
        a: Any, axis: Axis, dtype: Any, out: Any, keepdims: bool, initial: Any, where: Any
    ) -> Any:
        a = a if dtype is None else convert(a, dtype)
        return function(a, axis, out, keepdims, initial, where)

    return reduce


METHODS[np.maximum, "reduce"] = _extreme_reduce(max_)
METHODS[np.minimum, "reduce"] = _extreme_reduce(min_)


@implements(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    """The largest minus the smallest element."""
    a = as_operand(a)
    result = sub(max_(a, axis, None, keepdims), min_(a, axis, None, keepdims))
    return deliver(result, out, "ptp")


# -- places: integers, without a derivative --------------------------------------------------------


def _argument_type(x: Type, *, axis: int, keepdims: bool) -> Type:
    return Type(reduced_shape(x.shape, (axis,), keepdims), np.intp)


def _expand_argument(x: Any, name: str, axis: int, keepdims: bool) -> Any:
    best = bind(max_p if name == "argmax" else min_p, x, axes=(axis,), keepdims=True)
    return _first_place(x, best, (axis,), keepdims)


def _argument(name: str, function: Any) -> Primitive:
    def batch(size: int, args: Any, is_batched: Any, *, axis: int, keepdims: bool) -> Any:
        return bind(primitive, args[0], axis=axis + 1, keepdims=keepdims), True

    primitive = Primitive(
        name,
        lambda x, *, axis, keepdims: function(x, axis=axis, keepdims=keepdims),
        _argument_type,
        batch=batch,
        cost=lambda in_types, out_types, **params: in_types[0].size,
        render=lambda ins, params: (
            f"np.{name}({ins[0]}, axis={params['axis']}, keepdims={params['keepdims']})"
        ),
        emit=Expand(lambda x, *, axis, keepdims: _expand_argument(x, name, axis, keepdims)),
        facts={"derivative": "zero: integers", "ties": "the first of the equal elements"},
    )
    return define(primitive)


argmax_p = _argument("argmax", np.argmax)
argmin_p = _argument("argmin", np.argmin)


def _arg_extreme(primitive: Primitive, name: str) -> Any:
    """`np.argmax` or `np.argmin`."""

    def function(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
        a = as_operand(a)
        keepdims = is_true(keepdims)
        if axis is None:
            flat = reshape(a, (a.size,))
            _require_elements(name, flat, 0)
            result = bind(primitive, flat, axis=0, keepdims=False)
            result = reshape(result, (1,) * a.ndim) if keepdims else result
        else:
            a = reshape(a, (1,)) if a.ndim == 0 else a
            (axis,) = normalized_axes(axis, a.ndim, name)
            _require_elements(name, a, axis)
            result = bind(primitive, a, axis=axis, keepdims=keepdims)
        return deliver(result, out, name)

    function.__name__ = name
    return function


def _require_elements(name: str, a: Any, axis: int) -> None:
    if a.shape[axis] == 0:
        raise ShapeError(
            f"{name}: an empty array has no extreme.", got=repr(a), expected="at least one element"
        )


argmax = implements(np.argmax)(_arg_extreme(argmax_p, "argmax"))
argmin = implements(np.argmin)(_arg_extreme(argmin_p, "argmin"))
install("argmax", argmax)
install("argmin", argmin)

# -- log of a sum of exponentials ------------------------------------------------------------------


def _logsumexp(x: Any, *, axes: tuple[int, ...], keepdims: bool) -> Any:
    x = np.asarray(x)
    if _extent(x, axes) == 0:
        return np.full(reduced_shape(x.shape, axes, keepdims), -np.inf, x.dtype)[()]
    top = np.max(x.real, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    with np.errstate(divide="ignore"):
        result = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return np.reshape(result, reduced_shape(x.shape, axes, keepdims))[()]


def _logsumexp_jvp(args: Any, out: Any, tangents: Any, *, axes: Any, keepdims: bool) -> Any:
    """A mean with weights exp(x - out); all are 0 where every x is -Inf."""
    x = args[0]
    total = reshape(out, reduced_shape(x.shape, axes, True))
    total = select(eq(total, -np.inf), 0.0, total)
    weights = exp(sub(x, total))
    return reshape(sum_axes(mul(tangents[0], weights), axes), out.shape)


def _render_logsumexp(x: str, *, axes: tuple[int, ...], keepdims: bool) -> str:
    """One axis at a time, from the last: NumPy reduces over several only where order is free."""
    for axis in reversed(axes):
        x = f"np.logaddexp.reduce({x}, axis={axis}, keepdims={keepdims})"
    return x


def _expand_logsumexp(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    shape = reduced_shape(x.shape, axes, keepdims)
    if _extent(x, axes) == 0:
        return full(shape, -np.inf, x.dtype)
    top = bind(max_p, real(x), axes=axes, keepdims=True)
    top = select(bind(isfinite_p, top), top, 0.0)
    total = sum_axes(exp(sub(x, top)), axes, True)
    return reshape(add(log(total), top), shape)


logsumexp_p: Primitive = define(
    Primitive(
        "logsumexp",
        _logsumexp,
        lambda x, *, axes, keepdims: Type(reduced_shape(x.shape, axes, keepdims), x.dtype),
        jvp=_logsumexp_jvp,
        batch=lambda size, args, is_batched, *, axes, keepdims: (
            bind(logsumexp_p, args[0], axes=tuple([a + 1 for a in axes]), keepdims=keepdims),
            True,
        ),
        cost=lambda in_types, out_types, **params: 12 * in_types[0].size,
        render=lambda ins, params: _render_logsumexp(ins[0], **params),
        emit=Expand(lambda x, *, axes, keepdims: _expand_logsumexp(x, axes, keepdims)),
        facts={"at_infinity": "the derivative is 0 where every element is -Inf"},
    )
)


def logsumexp(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(a))) over `axis`, without overflow."""
    a = as_operand(a)
    if a.dtype.kind not in "fc":
        a = convert(a, np.float64)
    axes = normalized_axes(axis, a.ndim, "logsumexp")
    return bind(logsumexp_p, a, axes=axes, keepdims=keepdims)


def _logaddexp_reduce(base: float) -> Any:
    def reduce(
        a: Any, axis: Axis, dtype: Any, out: Any, keepdims: bool, initial: Any, where: Any
    ) -> Any:
        if dtype is not None:
            a = convert(a, dtype)
        elif a.dtype.kind not in "fc":
            a = convert(a, np.float64)
        if not is_everything(where):
            a = masked(where, a, -np.inf)
        axes = normalized_axes(axis, a.ndim, "logaddexp.reduce")
        scaled = a if base == np.e else mul(a, float(np.log(base)))
        result = logsumexp(scaled, axes, keepdims)
        result = result if base == np.e else mul(result, float(1 / np.log(base)))
        if initial is not NOT_GIVEN and initial is not None:
            result = (np.logaddexp if base == np.e else np.logaddexp2)(initial, result)
        return deliver(result, out, "logaddexp.reduce")

    return reduce


METHODS[np.logaddexp, "reduce"] = _logaddexp_reduce(float(np.e))
METHODS[np.logaddexp2, "reduce"] = _logaddexp_reduce(2.0)
