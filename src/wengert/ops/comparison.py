"""Elementwise functions whose derivative is zero: comparisons, tests, logic, bits.

Their results are booleans or integers, so that no tangent passes.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.ops.families import elementwise
from wengert.trace.tracer import bind
from wengert.types import Type

eq_p = elementwise("eq", operator.eq, ufunc=np.equal)
ne_p = elementwise("ne", operator.ne, ufunc=np.not_equal)
lt_p = elementwise("lt", operator.lt, ufunc=np.less)
le_p = elementwise("le", operator.le, ufunc=np.less_equal)
gt_p = elementwise("gt", operator.gt, ufunc=np.greater)
ge_p = elementwise("ge", operator.ge, ufunc=np.greater_equal)

isnan_p = elementwise("isnan", np.isnan)
isinf_p = elementwise("isinf", np.isinf)
isfinite_p = elementwise("isfinite", np.isfinite)
signbit_p = elementwise("signbit", np.signbit)

logical_and_p = elementwise("logical_and", np.logical_and)
logical_or_p = elementwise("logical_or", np.logical_or)
logical_xor_p = elementwise("logical_xor", np.logical_xor)
logical_not_p = elementwise("logical_not", np.logical_not)

bitwise_and_p = elementwise("bitwise_and", operator.and_, ufunc=np.bitwise_and)
bitwise_or_p = elementwise("bitwise_or", operator.or_, ufunc=np.bitwise_or)
bitwise_xor_p = elementwise("bitwise_xor", operator.xor, ufunc=np.bitwise_xor)
invert_p = elementwise("invert", np.invert)
left_shift_p = elementwise("left_shift", operator.lshift, ufunc=np.left_shift)
right_shift_p = elementwise("right_shift", operator.rshift, ufunc=np.right_shift)
bitwise_count_p = elementwise("bitwise_count", np.bitwise_count)
gcd_p = elementwise("gcd", np.gcd, flops=20)
lcm_p = elementwise("lcm", np.lcm, flops=20)


def eq(x: Any, y: Any) -> Any:
    return bind(eq_p, x, y)


def ne(x: Any, y: Any) -> Any:
    return bind(ne_p, x, y)


def lt(x: Any, y: Any) -> Any:
    return bind(lt_p, x, y)


def le(x: Any, y: Any) -> Any:
    return bind(le_p, x, y)


def gt(x: Any, y: Any) -> Any:
    return bind(gt_p, x, y)


def ge(x: Any, y: Any) -> Any:
    return bind(ge_p, x, y)


def isnan(x: Any) -> Any:
    return bind(isnan_p, x)


def isinf(x: Any) -> Any:
    return bind(isinf_p, x)


def logical_and(x: Any, y: Any) -> Any:
    return bind(logical_and_p, x, y)


def logical_or(x: Any, y: Any) -> Any:
    return bind(logical_or_p, x, y)


def logical_not(x: Any) -> Any:
    return bind(logical_not_p, x)


def as_condition(x: Any) -> Any:
    """`x` as booleans: true where it is not zero."""
    is_bool = isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_
    return x if is_bool else ne(x, 0)


def bool_type(shape: tuple[int, ...]) -> Type:
    return Type(shape, np.bool_)
