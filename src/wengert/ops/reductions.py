"""Reductions: sum, product, mean, variance, any, all, and averages.

    sum (in core.py), any, all    primitives
    prod                          a primitive whose derivative is right with zeros among the factors
    the rest                      compositions, with NumPy's arguments

Extremes are in `extremes.py`, running reductions in `cumulative.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Reduce
from wengert.ir.primitive import Primitive, define
from wengert.ops.arithmetic import div, root_p
from wengert.ops.axes import axes_last, normalized_axes
from wengert.ops.comparison import as_condition
from wengert.ops.core import (
    add,
    broadcast_to,
    conj,
    convert,
    full,
    mul,
    read_reduced,
    real,
    reduced_extents,
    reduced_shape,
    reshape,
    sub,
    sum_axes,
    sum_p,
)
from wengert.ops.functions import as_operand
from wengert.ops.output import deliver
from wengert.ops.selection import select
from wengert.ops.ufuncs import METHODS
from wengert.trace.tracer import Tracer, bind, implements, install
from wengert.types import Type

NOT_GIVEN = np._NoValue  # what NumPy's own signatures have
Axis = Any  # None, an integer or a tuple of them

# -- primitives ------------------------------------------------------------------------------------


def reduction(
    name: str, ufunc: np.ufunc, jvp: Any = None, dtype: Any = None, **facts: Any
) -> Primitive:
    """A primitive that reduces by a ufunc over `axes`, in the dtype of its input or a given one."""

    def array(x: Any, *, axes: tuple[int, ...], keepdims: bool) -> Any:
        return ufunc.reduce(x, axis=axes, keepdims=keepdims, dtype=dtype or x.dtype)

    def specialize(*, axes: tuple[int, ...], keepdims: bool) -> Callable[[Any], Any]:
        function: Any = ufunc.reduce
        return lambda x: function(x, axes, dtype or x.dtype, None, keepdims)

    def batch(size: int, args: Any, is_batched: Any, *, axes: Any, keepdims: bool) -> Any:
        moved = tuple([a + 1 for a in axes])
        return bind(primitive, args[0], axes=moved, keepdims=keepdims), True

    primitive = Primitive(
        name,
        array,
        lambda x, *, axes, keepdims: Type(reduced_shape(x.shape, axes, keepdims), dtype or x.dtype),
        jvp=jvp,
        batch=batch,
        cost=lambda in_types, out_types, **params: in_types[0].size,
        specialize=specialize,
        render=lambda ins, params: (
            f"np.{name}({ins[0]}, axis={params['axes']}, keepdims={params['keepdims']})"
        ),
        facts=facts,
        emit=Reduce(
            name,
            lambda k, *, axes, keepdims: reduced_extents(k, axes),
            lambda k, at, r, *, axes, keepdims: _emit_read(k, at, r, axes, keepdims, name),
        ),
    )
    return define(primitive)


def _emit_read(k: Any, at: Any, r: Any, axes: tuple[int, ...], keepdims: bool, name: str) -> Any:
    x = read_reduced(k, at, r, axes, keepdims)
    return k.b.convert(x, "b1") if name in ("any", "all") else x


any_p = reduction("any", np.logical_or, dtype=np.dtype(bool), derivative="zero: booleans")
all_p = reduction("all", np.logical_and, dtype=np.dtype(bool), derivative="zero: booleans")


def exclusive_products(x: Any) -> Any:
    """For each element the product of all others along the last axis, also with zeros among them.

    The product of those before times the product of those behind; no division.
    """
    from wengert.ops.cumulative import cumprod_along

    axis = x.ndim - 1
    ones = full((*x.shape[:-1], 1), 1.0, x.dtype)
    before = np.concatenate([ones, cumprod_along(x[..., :-1], axis)], axis=axis)
    reverse = x[..., :0:-1]
    behind = np.concatenate([ones, cumprod_along(reverse, axis)], axis=axis)[..., ::-1]
    return mul(before, behind)


def _prod_jvp(args: Any, out: Any, tangents: Any, *, axes: Any, keepdims: bool) -> Any:
    x, dx = axes_last(args[0], axes), axes_last(tangents[0], axes)
    if x.shape[-1] == 0:
        return None
    return reshape(sum_axes(mul(dx, exclusive_products(x)), (x.ndim - 1,)), out.shape)


prod_p = reduction("prod", np.multiply, jvp=_prod_jvp, at_zero="exact with any number of zeros")

# -- sums and products -----------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def accumulator(ufunc: np.ufunc, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which NumPy adds or multiplies elements of `dtype`: small integers widen."""
    return ufunc.reduce(np.ones(1, dtype)).dtype


def masked(where: Any, x: Any, neutral: Any) -> Any:
    """`x` with `neutral` where the condition does not hold."""
    return select(as_condition(as_operand(where)), x, neutral)


def is_everything(where: Any) -> bool:
    """Whether an argument `where` leaves nothing out, as when it is not given."""
    return where is NOT_GIVEN or where is True


def _reducing(primitive: Primitive, ufunc: np.ufunc, neutral: int, name: str) -> Any:
    """NumPy's function that reduces by `add` or `multiply`."""

    def function(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        is_plain = dtype is None and out is None and initial is NOT_GIVEN and where is NOT_GIVEN
        if is_plain and isinstance(a, Tracer) and a.variable.type.is_differentiable:
            axes = normalized_axes(axis, a.ndim, name)  # the common call, kept short
            return bind(primitive, a, axes=axes, keepdims=is_true(keepdims))
        a = as_operand(a)
        dtype = accumulator(ufunc, a.dtype) if dtype is None else np.dtype(dtype)
        if a.dtype != dtype:
            a = convert(a, dtype)
        if not is_everything(where):
            a = masked(where, a, neutral)
        axes = normalized_axes(axis, a.ndim, name)
        result = bind(primitive, a, axes=axes, keepdims=is_true(keepdims))
        if initial is not NOT_GIVEN and initial is not None:
            initial = convert(initial, dtype)
            result = add(initial, result) if neutral == 0 else mul(initial, result)
        return result if out is None else deliver(result, out, name)

    function.__name__ = name
    return function


def is_true(keepdims: Any) -> bool:
    return keepdims is not NOT_GIVEN and bool(keepdims)


sum_ = implements(np.sum)(_reducing(sum_p, np.add, 0, "sum"))
prod = implements(np.prod)(_reducing(prod_p, np.multiply, 1, "prod"))
METHODS[np.add, "reduce"] = sum_
METHODS[np.multiply, "reduce"] = prod
install("sum", sum_)
install("prod", prod)


# -- any, all, counting ----------------------------------------------------------------------------


def _testing(primitive: Primitive, neutral: bool, name: str) -> Any:
    """`np.any` and `np.all`: no derivative."""

    def function(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        keepdims: Any = False,
        *,
        where: Any = NOT_GIVEN,
    ) -> Any:
        a = as_condition(as_operand(a))
        if not is_everything(where):
            a = masked(where, a, neutral)
        axes = normalized_axes(axis, a.ndim, name)
        return deliver(bind(primitive, a, axes=axes, keepdims=is_true(keepdims)), out, name)

    function.__name__ = name
    return function


any_ = implements(np.any)(_testing(any_p, False, "any"))
all_ = implements(np.all)(_testing(all_p, True, "all"))
install("any", any_)
install("all", all_)


def _testing_reduce(function: Any, initial_wins: bool) -> Any:
    def reduce(
        a: Any, axis: Axis, dtype: Any, out: Any, keepdims: bool, initial: Any, where: Any
    ) -> Any:
        result = function(a, axis, None, keepdims, where=where)
        if initial is not NOT_GIVEN and initial is not None and bool(initial) is initial_wins:
            result = full(result.shape, initial_wins, np.bool_)
        return deliver(result, out, function.__name__)

    return reduce


METHODS[np.logical_or, "reduce"] = _testing_reduce(any_, True)
METHODS[np.logical_and, "reduce"] = _testing_reduce(all_, False)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """How many elements are not zero; a number for the whole array, without a derivative."""
    return sum_(as_condition(as_operand(a)), axis, np.intp, None, keepdims)


# -- means and variances ---------------------------------------------------------------------------


def count(x: Any, axes: tuple[int, ...], where: Any, keepdims: bool) -> Any:
    """The number of elements that go into each result."""
    if is_everything(where):
        return math.prod([x.shape[i] for i in axes])
    counted = broadcast_to(as_condition(as_operand(where)), x.shape)
    return sum_(counted, axes, np.intp, None, keepdims)


def _mean_dtypes(a: Any, dtype: Any) -> tuple[Any, Any]:
    """The dtypes in which a mean is computed and returned."""
    if dtype is not None:
        return np.dtype(dtype), np.dtype(dtype)
    if a.dtype.kind in "iub":
        return np.dtype(np.float64), np.dtype(np.float64)
    return (np.dtype(np.float32) if a.dtype == np.float16 else a.dtype), a.dtype


@implements(np.mean)
def mean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    """The arithmetic mean over `axis`."""
    a = as_operand(a)
    work, final = _mean_dtypes(a, dtype)
    axes = normalized_axes(axis, a.ndim, "mean")
    keepdims = is_true(keepdims)
    total = sum_(a, axes, work, None, keepdims, NOT_GIVEN, where)
    result = convert(div(total, count(a, axes, where, keepdims)), final)
    return result if out is None else deliver(result, out, "mean")


def _deviations(
    a: Any, axes: tuple[int, ...], dtype: Any, where: Any, center: Any
) -> tuple[Any, Any]:
    """Elements minus their mean."""
    if dtype is None and a.dtype.kind in "iub":
        dtype = np.float64
    if dtype is not None:
        a = convert(a, dtype)
    if center is NOT_GIVEN or center is None:
        center = div(
            sum_(a, axes, a.dtype, None, True, NOT_GIVEN, where), count(a, axes, where, True)
        )
        center = convert(center, a.dtype)
    return a, sub(a, center)


@implements(np.var)
def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = NOT_GIVEN,
    mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:
    """The variance over `axis`: mean squared distance from the mean, `ddof` off the count."""
    a = as_operand(a)
    if correction is not NOT_GIVEN:
        if ddof != 0:
            raise ArgumentError(
                "var: ddof and correction are the same; both were given.",
                got=f"ddof={ddof}, correction={correction}",
                expected="one of them",
            )
        ddof = correction
    axes = normalized_axes(axis, a.ndim, "var")
    keepdims = is_true(keepdims)
    a, x = _deviations(a, axes, dtype, where, mean)
    squares = real(mul(x, conj(x))) if x.dtype.kind == "c" else mul(x, x)
    total = sum_(squares, axes, squares.dtype, None, keepdims, NOT_GIVEN, where)
    n = count(a, axes, where, keepdims)
    n = np.maximum(sub(n, ddof), 0) if isinstance(n, Tracer) or np.ndim(n) else max(n - ddof, 0)
    result = convert(div(total, n), squares.dtype)
    return result if out is None else deliver(result, out, "var")


@implements(np.std)
def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = NOT_GIVEN,
    mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:
    """The square root of the variance; its derivative is 0 where the variance is."""
    variance = var(
        a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    result = bind(root_p, variance)
    return result if out is None else deliver(result, out, "std")


install("mean", mean)
install("var", var)
install("std", std)


@implements(np.average)
def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    """The weighted mean over `axis`, and the sums of the weights if `returned`."""
    a = as_operand(a)
    keepdims = is_true(keepdims)
    axes = normalized_axes(axis, a.ndim, "average")
    if weights is None:
        result = mean(a, axes, keepdims=keepdims)
        total = full(result.shape, count(a, axes, True, keepdims), result.dtype)
        return (result, total) if returned else result
    weights = aligned_weights("average", a, axis, axes, as_operand(weights))
    dtype = np.result_type(a.dtype, weights.dtype, *([np.float64] if a.dtype.kind in "iub" else []))
    total = sum_(weights, axes, dtype, None, keepdims)
    if not isinstance(total, Tracer) and np.any(total == 0):
        raise ZeroDivisionError("average: the weights sum to zero.")
    result = div(sum_(mul(a, weights), axes, dtype, None, keepdims), total)
    return (result, broadcast_to(total, result.shape)) if returned else result


def aligned_weights(name: str, a: Any, axis: Axis, axes: tuple[int, ...], weights: Any) -> Any:
    """The weights with the rank of `a`, broadcast along its reduced axes."""
    if weights.shape == a.shape:
        return weights
    given = [axis] if isinstance(axis, int) else axis
    if given is None or weights.shape != tuple([a.shape[i] for i in given]):
        raise ShapeError(
            f"{name}: the weights do not fit.",
            got=f"weights of shape {weights.shape}, a of shape {a.shape}, axis={axis!r}",
            expected="weights of the shape of a, or of its shape along axis",
        )
    positions = [i % a.ndim for i in given]
    order = tuple(sorted(range(len(positions)), key=positions.__getitem__))
    shape = tuple([a.shape[i] if i in axes else 1 for i in range(a.ndim)])
    return broadcast_to(reshape(np.transpose(weights, order), shape), a.shape)
