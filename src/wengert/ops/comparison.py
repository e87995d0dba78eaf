"""Elementwise functions whose derivative is zero: comparisons, tests, logic, bits.

Their results are booleans or integers, so that no tangent passes.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.ir.primitive import Unsupported
from wengert.ops.families import elementwise
from wengert.trace.tracer import bind
from wengert.types import Type

eq_p = elementwise("eq", operator.eq, ufunc=np.equal, emit=lambda b, x, y: b.compare("eq", x, y))
ne_p = elementwise(
    "ne", operator.ne, ufunc=np.not_equal, emit=lambda b, x, y: b.compare("ne", x, y)
)
lt_p = elementwise("lt", operator.lt, ufunc=np.less, emit=lambda b, x, y: b.compare("lt", x, y))
le_p = elementwise(
    "le", operator.le, ufunc=np.less_equal, emit=lambda b, x, y: b.compare("le", x, y)
)
gt_p = elementwise("gt", operator.gt, ufunc=np.greater, emit=lambda b, x, y: b.compare("gt", x, y))
ge_p = elementwise(
    "ge", operator.ge, ufunc=np.greater_equal, emit=lambda b, x, y: b.compare("ge", x, y)
)

isnan_p = elementwise("isnan", np.isnan, emit=lambda b, x: b.is_nan(x))
isinf_p = elementwise("isinf", np.isinf, emit=lambda b, x: b.is_infinite(x))
isfinite_p = elementwise(
    "isfinite", np.isfinite, emit=lambda b, x: b.not_(b.or_(b.is_nan(x), b.is_infinite(x)))
)
signbit_p = elementwise("signbit", np.signbit, emit=lambda b, x: b.sign_bit(x))

logical_and_p = elementwise(
    "logical_and",
    np.logical_and,
    emit=lambda b, x, y: b.and_(b.convert(x, "b1"), b.convert(y, "b1")),
)
logical_or_p = elementwise(
    "logical_or", np.logical_or, emit=lambda b, x, y: b.or_(b.convert(x, "b1"), b.convert(y, "b1"))
)
logical_xor_p = elementwise(
    "logical_xor",
    np.logical_xor,
    emit=lambda b, x, y: b.xor(b.convert(x, "b1"), b.convert(y, "b1")),
)
logical_not_p = elementwise(
    "logical_not", np.logical_not, emit=lambda b, x: b.not_(b.convert(x, "b1"))
)

bitwise_and_p = elementwise(
    "bitwise_and", operator.and_, ufunc=np.bitwise_and, emit=lambda b, x, y: b.and_(x, y)
)
bitwise_or_p = elementwise(
    "bitwise_or", operator.or_, ufunc=np.bitwise_or, emit=lambda b, x, y: b.or_(x, y)
)
bitwise_xor_p = elementwise(
    "bitwise_xor", operator.xor, ufunc=np.bitwise_xor, emit=lambda b, x, y: b.xor(x, y)
)
invert_p = elementwise("invert", np.invert, emit=lambda b, x: b.not_(x))
left_shift_p = elementwise(
    "left_shift", operator.lshift, ufunc=np.left_shift, emit=lambda b, x, y: b.shift_left(x, y)
)
right_shift_p = elementwise(
    "right_shift", operator.rshift, ufunc=np.right_shift, emit=lambda b, x, y: b.shift_right(x, y)
)
bitwise_count_p = elementwise("bitwise_count", np.bitwise_count, emit=lambda b, x: b.count_bits(x))
gcd_p = elementwise("gcd", np.gcd, flops=20, emit=Unsupported("NumPy computes it"))
lcm_p = elementwise("lcm", np.lcm, flops=20, emit=Unsupported("NumPy computes it"))


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
