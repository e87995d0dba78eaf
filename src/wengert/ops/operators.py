"""Operators of Tracers: the same primitives as NumPy's ufuncs, and in-place forms that write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops import core
from wengert.ops import elementwise as ew
from wengert.trace.tracer import ArrayTracer, Tracer, bind, implements, install

_OPERAND = (Tracer, np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def _binary(primitive: Primitive) -> Callable[[Any, Any], Any]:
    def operator(x: Any, y: Any) -> Any:
        return bind(primitive, x, y) if isinstance(y, _OPERAND) else NotImplemented

    return operator


def _reflected(primitive: Primitive) -> Callable[[Any, Any], Any]:
    def operator(x: Any, y: Any) -> Any:
        return bind(primitive, y, x) if isinstance(y, _OPERAND) else NotImplemented

    return operator


def write_result(target: Tracer, result: Any) -> Any:
    """Write `result` into the array `target`, cast and broadcast as NumPy's `out=` does."""
    from wengert.ops.indexing import assign_all

    return assign_all(target, result)


def _in_place(primitive: Primitive) -> Callable[[Any, Any], Any]:
    def operator(x: Any, y: Any) -> Any:
        result = bind(primitive, x, y)
        return write_result(x, result) if isinstance(x, ArrayTracer) else result

    return operator


for _name, _primitive in [
    ("add", core.add_p),
    ("sub", core.sub_p),
    ("mul", core.mul_p),
    ("truediv", ew.div_p),
    ("pow", ew.power_p),
]:
    install(f"__{_name}__", _binary(_primitive))
    install(f"__r{_name}__", _reflected(_primitive))
    install(f"__i{_name}__", _in_place(_primitive))
for _name, _primitive in [
    ("eq", ew.eq_p),
    ("ne", ew.ne_p),
    ("lt", ew.lt_p),
    ("le", ew.le_p),
    ("gt", ew.gt_p),
    ("ge", ew.ge_p),
]:
    install(f"__{_name}__", _binary(_primitive))
install("__neg__", core.neg)
install("__pos__", lambda x: x)

implements(np.add)(core.add)
implements(np.subtract)(core.sub)
implements(np.multiply)(core.mul)
implements(np.negative)(core.neg)
implements(np.conjugate)(core.conj)
implements(np.real)(core.real)
implements(np.imag)(core.imag)
