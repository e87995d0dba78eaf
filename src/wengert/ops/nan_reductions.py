"""Reductions that leave NaN out: nansum, nanmean, nanmax, … and their running forms.

A NaN takes no part: it is replaced by what does not change the result, and its derivative is 0.
Rows with nothing but NaN give NaN where NumPy does, with NumPy's warning.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.arithmetic import div, root_p
from wengert.ops.axes import normalized_axes
from wengert.ops.comparison import as_condition, isnan, logical_and, logical_not
from wengert.ops.core import broadcast_to, conj, convert, mul, real, sub
from wengert.ops.cumulative import cumprod, cumsum
from wengert.ops.extremes import argmax, argmin, max_, min_
from wengert.ops.functions import as_operand, as_scalar
from wengert.ops.output import deliver
from wengert.ops.reductions import (
    NOT_GIVEN,
    Axis,
    all_,
    is_everything,
    is_true,
    mean,
    prod,
    std,
    sum_,
    var,
)
from wengert.ops.selection import select
from wengert.trace.tracer import Tracer, bind, implements


def has_nan_kind(a: Any) -> bool:
    """Whether NaN can occur at all."""
    return a.dtype.kind in "fc"


def without_nan(a: Any, value: Any) -> Any:
    """`a` with NaN replaced."""
    return select(isnan(a), value, a) if has_nan_kind(a) else a


def warn_if(condition: Any, message: str) -> None:
    """NumPy's warning where the condition is known to hold somewhere."""
    while isinstance(condition, Tracer):
        condition = condition.value
    if condition is not None and np.any(condition):
        warnings.warn(message, RuntimeWarning, stacklevel=4)


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    """The sum of what is not NaN."""
    return sum_(without_nan(as_operand(a), 0), axis, dtype, out, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    """The product of what is not NaN."""
    return prod(without_nan(as_operand(a), 1), axis, dtype, out, keepdims, initial, where)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumsum(without_nan(as_operand(a), 0), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumprod(without_nan(as_operand(a), 1), axis, dtype, out)


def _counted(a: Any, where: Any) -> Any:
    """Where an element takes part in the reduction."""
    is_number = logical_not(isnan(a))
    if is_everything(where):
        return is_number
    return logical_and(is_number, broadcast_to(as_condition(as_operand(where)), a.shape))


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    """The mean of what is not NaN."""
    a = as_operand(a)
    if not has_nan_kind(a):
        return mean(a, axis, dtype, out, keepdims, where=where)
    counted = _counted(a, where)
    n = sum_(counted, axis, np.intp, None, keepdims)
    total = sum_(without_nan(a, 0), axis, dtype, None, keepdims, NOT_GIVEN, where)
    warn_if(n == 0, "Mean of empty slice")
    with np.errstate(divide="ignore", invalid="ignore"):
        result = convert(div(total, n), total.dtype)
    return deliver(result, out, "nanmean")


def _nanvar(
    a: Any, axis: Axis, dtype: Any, ddof: Any, keepdims: Any, where: Any, center: Any
) -> Any:
    counted = _counted(a, where)
    if dtype is not None:
        a = convert(a, dtype)
    n_kept = sum_(counted, axis, np.intp, None, True)
    n = sum_(counted, axis, np.intp, None, is_true(keepdims))
    numbers = select(counted, a, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if center is NOT_GIVEN or center is None:
            center = convert(div(sum_(numbers, axis, a.dtype, None, True), n_kept), a.dtype)
        x = select(counted, sub(numbers, center), 0)
        squares = real(mul(x, conj(x))) if x.dtype.kind == "c" else mul(x, x)
        total = sum_(squares, axis, squares.dtype, None, is_true(keepdims))
        freedom = sub(n, ddof)
        is_empty = freedom <= 0
        warn_if(is_empty, "Degrees of freedom <= 0 for slice.")
        divisor = select(is_empty, 1, freedom)
        result = convert(div(total, divisor), squares.dtype)
    return as_scalar(convert(select(is_empty, np.nan, result), squares.dtype))


def _nan_spread(name: str, plain: Any, is_root: bool) -> Any:
    """`np.nanvar` or `np.nanstd`."""

    def function(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = NOT_GIVEN,
        *,
        where: Any = NOT_GIVEN,
        mean: Any = NOT_GIVEN,
        correction: Any = NOT_GIVEN,
    ) -> Any:
        a = as_operand(a)
        options = {"where": where, "mean": mean}
        if correction is not NOT_GIVEN:
            if ddof != 0:
                raise ArgumentError(
                    f"{name}: ddof and correction are the same; both were given.",
                    got=f"ddof={ddof}, correction={correction}",
                    expected="one of them",
                )
            ddof = correction
        if not has_nan_kind(a):
            return plain(a, axis, dtype, out, ddof, keepdims, **options)
        result = _nanvar(a, axis, dtype, ddof, keepdims, where, mean)
        return deliver(bind(root_p, result) if is_root else result, out, name)

    function.__name__ = name
    return function


nanvar = implements(np.nanvar)(_nan_spread("nanvar", var, False))
nanstd = implements(np.nanstd)(_nan_spread("nanstd", std, True))


def _nan_extreme(name: str, plain: Any, neutral: float) -> Any:
    """`np.nanmax` or `np.nanmin`."""

    def function(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        keepdims: Any = NOT_GIVEN,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        a = as_operand(a)
        if not has_nan_kind(a):
            return plain(a, axis, out, keepdims, initial, where)
        result = plain(without_nan(a, neutral), axis, None, keepdims, initial, where)
        if initial is NOT_GIVEN or initial is None:
            is_empty = all_(isnan(a), axis, None, keepdims)
            warn_if(is_empty, "All-NaN slice encountered")
            result = as_scalar(convert(select(is_empty, np.nan, result), a.dtype))
        return deliver(result, out, name)

    function.__name__ = name
    return function


nanmax = implements(np.nanmax)(_nan_extreme("nanmax", max_, -np.inf))
nanmin = implements(np.nanmin)(_nan_extreme("nanmin", min_, np.inf))


def _nan_argument(name: str, plain: Any, neutral: float) -> Any:
    """`np.nanargmax` or `np.nanargmin`."""

    def function(
        a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = NOT_GIVEN
    ) -> Any:
        a = as_operand(a)
        if has_nan_kind(a):
            normalized_axes(axis, a.ndim, name)
            empty = all_(isnan(a), axis)
            while isinstance(empty, Tracer):
                empty = empty.value
            if empty is not None and np.any(empty):
                raise ValueError("All-NaN slice encountered")
            a = without_nan(a, neutral)
        return plain(a, axis, out, keepdims=keepdims)

    function.__name__ = name
    return function


nanargmax = implements(np.nanargmax)(_nan_argument("nanargmax", argmax, -np.inf))
nanargmin = implements(np.nanargmin)(_nan_argument("nanargmin", argmin, np.inf))
