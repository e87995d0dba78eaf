"""Exponentials and logarithms. In a partial, `out` is the result, already computed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ops.comparison import eq, isinf, logical_and
from wengert.ops.core import mul, sub
from wengert.ops.families import elementwise
from wengert.ops.selection import select
from wengert.trace.tracer import bind

_LOG_2 = math.log(2.0)
_LOG_10 = math.log(10.0)


def exp(x: Any) -> Any:
    return bind(exp_p, x)


def exp2(x: Any) -> Any:
    return bind(exp2_p, x)


def expm1(x: Any) -> Any:
    return bind(expm1_p, x)


def log(x: Any) -> Any:
    return bind(log_p, x)


def log1p(x: Any) -> Any:
    return bind(log1p_p, x)


exp_p = elementwise("exp", np.exp, partials=(lambda out, x: out,), flops=10)
exp2_p = elementwise("exp2", np.exp2, partials=(lambda out, x: mul(out, _LOG_2),), flops=10)
expm1_p = elementwise("expm1", np.expm1, partials=(lambda out, x: exp(x),), flops=12)
log_p = elementwise("log", np.log, partials=(lambda out, x: 1.0 / x,), flops=10, domain="x > 0")
log2_p = elementwise(
    "log2", np.log2, partials=(lambda out, x: 1.0 / (x * _LOG_2),), flops=10, domain="x > 0"
)
log10_p = elementwise(
    "log10", np.log10, partials=(lambda out, x: 1.0 / (x * _LOG_10),), flops=10, domain="x > 0"
)
log1p_p = elementwise(
    "log1p", np.log1p, partials=(lambda out, x: 1.0 / (1.0 + x),), flops=12, domain="x > -1"
)


def _exponent(x: Any, y: Any, out: Any, half: float) -> Any:
    """x - out; where x and y are the same infinity, the logarithm of 1/2 in the base in use."""
    is_same_infinity = logical_and(eq(x, y), isinf(out))
    return select(is_same_infinity, half, sub(x, out))


logaddexp_p = elementwise(
    "logaddexp",
    np.logaddexp,
    partials=(
        lambda out, x, y: exp(_exponent(x, y, out, -_LOG_2)),
        lambda out, x, y: exp(_exponent(y, x, out, -_LOG_2)),
    ),
    flops=25,
    at_infinity="where both are the same infinity each gets half",
)
logaddexp2_p = elementwise(
    "logaddexp2",
    np.logaddexp2,
    partials=(
        lambda out, x, y: exp2(_exponent(x, y, out, -1.0)),
        lambda out, x, y: exp2(_exponent(y, x, out, -1.0)),
    ),
    flops=25,
    at_infinity="where both are the same infinity each gets half",
)
