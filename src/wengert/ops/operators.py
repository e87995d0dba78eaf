"""Operators of Tracers: the same primitives as NumPy's ufuncs, and in-place forms that write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops import arithmetic, comparison, core
from wengert.ops.output import write_result
from wengert.trace.tracer import ArrayTracer, Tracer, bind, bind_two, install

__all__ = ["write_result"]

_OPERAND = (Tracer, float, np.ndarray, int, np.generic, complex, list, tuple)


def _binary(primitive: Primitive) -> Callable[[Any, Any], Any]:
    def operator(x: Any, y: Any) -> Any:
        return bind_two(primitive, x, y) if isinstance(y, _OPERAND) else NotImplemented

    return operator


def _reflected(primitive: Primitive) -> Callable[[Any, Any], Any]:
    def operator(x: Any, y: Any) -> Any:
        return bind(primitive, y, x) if isinstance(y, _OPERAND) else NotImplemented

    return operator


def _in_place(primitive: Primitive, symbol: str) -> Callable[[Any, Any], Any]:
    """`x op= y` writes into an array; a scalar is immutable, and the name gets a new one."""

    def operator(x: Any, y: Any) -> Any:
        if not isinstance(y, _OPERAND):
            return NotImplemented
        result = bind(primitive, x, y)
        return write_result(x, result, symbol) if isinstance(x, ArrayTracer) else result

    return operator


def _equality(primitive: Primitive, when_foreign: bool) -> Callable[[Any, Any], Any]:
    """Comparison with None or another foreign object is the same for every element."""

    def operator(x: Any, y: Any) -> Any:
        if isinstance(y, _OPERAND):
            return bind(primitive, x, y)
        if y is None:
            return (
                np.full(x.shape, when_foreign)[()] if isinstance(x, ArrayTracer) else when_foreign
            )
        return NotImplemented

    return operator


_ARITHMETIC = [
    ("add", "+=", core.add_p),
    ("sub", "-=", core.sub_p),
    ("mul", "*=", core.mul_p),
    ("truediv", "/=", arithmetic.div_p),
    ("floordiv", "//=", arithmetic.floor_divide_p),
    ("mod", "%=", arithmetic.remainder_p),
    ("pow", "**=", arithmetic.power_p),
    ("and", "&=", comparison.bitwise_and_p),
    ("or", "|=", comparison.bitwise_or_p),
    ("xor", "^=", comparison.bitwise_xor_p),
    ("lshift", "<<=", comparison.left_shift_p),
    ("rshift", ">>=", comparison.right_shift_p),
]
for _name, _symbol, _primitive in _ARITHMETIC:
    install(f"__{_name}__", _binary(_primitive))
    install(f"__r{_name}__", _reflected(_primitive))
    install(f"__i{_name}__", _in_place(_primitive, _symbol))
for _name, _primitive in [
    ("lt", comparison.lt_p),
    ("le", comparison.le_p),
    ("gt", comparison.gt_p),
    ("ge", comparison.ge_p),
]:
    install(f"__{_name}__", _binary(_primitive))
install("__eq__", _equality(comparison.eq_p, False))
install("__ne__", _equality(comparison.ne_p, True))


def _divmod(x: Any, y: Any) -> Any:
    return arithmetic.divmod_(x, y) if isinstance(y, _OPERAND) else NotImplemented


def _rdivmod(x: Any, y: Any) -> Any:
    return arithmetic.divmod_(y, x) if isinstance(y, _OPERAND) else NotImplemented


install("__divmod__", _divmod)
install("__rdivmod__", _rdivmod)
install("__neg__", core.neg)
install("__pos__", lambda x: bind(arithmetic.positive_p, x))
install("__abs__", arithmetic.absolute)
install("__invert__", lambda x: bind(comparison.invert_p, x))
