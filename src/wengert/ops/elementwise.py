"""Elementwise arithmetic: division, powers, exponentials and logarithms, selection, comparison.

Each record names its NumPy ufunc, its partial derivatives and, where there is one, the convention
at kinks and ties. In a partial, `out` is the result, already computed. Handlers of NumPy's
functions stand beside the primitives; operators are installed at the end of `ops/operators.py`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define
from wengert.ops.core import add, conj, fit, mul, neg, sub, unfit
from wengert.ops.families import (
    batch_elementwise,
    broadcast_shapes,
    elementwise,
    scalar_kind,
)
from wengert.trace.tracer import Tracer, bind, implements
from wengert.types import Type

# -- division and powers -----------------------------------------------------------------------------


def div(x: Any, y: Any) -> Any:
    return bind(div_p, x, y)


def _div_jvp(args: Any, out: Any, tangents: Any) -> Any:
    dx, dy = tangents
    total = None if dx is None else fit(div(dx, args[1]), out.type)
    if dy is not None:
        term = fit(neg(mul(dy, div(out, args[1]))), out.type)
        total = term if total is None else add(total, term)
    return total


div_p = elementwise(
    "div",
    operator.truediv,
    ufunc=np.true_divide,
    jvp=_div_jvp,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: unfit(div(ct, conj(args[1])), args[0])},
    flops=4,
    domain="y != 0",
)


def power(x: Any, y: Any) -> Any:
    return bind(power_p, x, y)


def _power_jvp(args: Any, out: Any, tangents: Any) -> Any:
    x, y = args
    dx, dy = tangents
    total = None
    if dx is not None and not (isinstance(y, (int, float)) and y == 0):
        term = mul(dx, _power_partial(x, y))
        total = fit(term, out.type)
    if dy is not None:
        # x = 0 contributes 0 for y > 0: the logarithm is taken elsewhere.
        safe = select(bind(eq_p, x, 0), 1.0, x)
        term = fit(mul(dy, mul(out, log(safe))), out.type)
        total = term if total is None else add(total, term)
    return total


def _power_partial(x: Any, y: Any) -> Any:
    """d(x**y)/dx; a term whose coefficient is zero is dropped, not multiplied."""
    if isinstance(y, (int, float, complex)):
        if y == 1:
            return 1.0
        return mul(x, 2.0) if y == 2 else mul(power(x, y - 1), float(y) if type(y) is int else y)
    is_zero = bind(eq_p, y, 0)
    return mul(y, power(x, select(is_zero, 1.0, sub(y, 1))))


power_p = elementwise(
    "power",
    operator.pow,
    ufunc=np.power,
    jvp=_power_jvp,
    flops=20,
    keeps_literals=True,
    domain="x > 0, or an integer exponent",
)

# -- exponentials and logarithms ----------------------------------------------------------------------

exp_p = elementwise("exp", np.exp, partials=(lambda out, x: out,), flops=10)
log_p = elementwise("log", np.log, partials=(lambda out, x: div(1.0, x),), flops=10, domain="x > 0")
sqrt_p = elementwise(
    "sqrt",
    np.sqrt,
    partials=(lambda out, x: div(0.5, out),),
    flops=4,
    domain="x >= 0",
    at_zero="the derivative is infinite",
)


def exp(x: Any) -> Any:
    return bind(exp_p, x)


def log(x: Any) -> Any:
    return bind(log_p, x)


def sqrt(x: Any) -> Any:
    return bind(sqrt_p, x)


# -- trigonometry ---------------------------------------------------------------------------------------

sin_p = elementwise("sin", np.sin, partials=(lambda out, x: cos(x),), flops=10)
cos_p = elementwise("cos", np.cos, partials=(lambda out, x: neg(sin(x)),), flops=10)


def sin(x: Any) -> Any:
    return bind(sin_p, x)


def cos(x: Any) -> Any:
    return bind(cos_p, x)


# -- selection and comparison: no derivative through the condition ---------------------------------------


def select(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere."""
    return bind(select_p, condition, x, y)


def _select_type(condition: Any, x: Any, y: Any) -> Type:
    kinds = [np.zeros((), k) if isinstance(k, np.dtype) else k(0) for k in map(scalar_kind, (x, y))]
    return Type(broadcast_shapes("where", condition, x, y), np.result_type(*kinds))


select_p = define(
    Primitive(
        "select",
        np.where,
        _select_type,
        linear_in=(frozenset({1, 2}),),
        jvp=lambda args, out, tangents: fit(
            select(args[0], *[0.0 if t is None else t for t in tangents[1:]]), out.type
        ),
        transpose={
            1: lambda ct, args: unfit(select(args[0], ct, 0.0), args[1]),
            2: lambda ct, args: unfit(select(args[0], 0.0, ct), args[2]),
        },
        batch=batch_elementwise("select"),
        cost=lambda in_types, out_types, **params: out_types[0].size,
        is_elementwise=True,
        gives_array=True,
        render=lambda ins, params: f"np.where({', '.join(ins)})",
    )
)

eq_p = elementwise("eq", operator.eq, ufunc=np.equal)
ne_p = elementwise("ne", operator.ne, ufunc=np.not_equal)
lt_p = elementwise("lt", operator.lt, ufunc=np.less)
le_p = elementwise("le", operator.le, ufunc=np.less_equal)
gt_p = elementwise("gt", operator.gt, ufunc=np.greater)
ge_p = elementwise("ge", operator.ge, ufunc=np.greater_equal)

# -- NumPy's names ----------------------------------------------------------------------------------------

_BY_UFUNC: dict[np.ufunc, Primitive] = {}


def _register(primitive: Primitive, *ufuncs: np.ufunc) -> None:
    n_inputs = ufuncs[0].nin
    handler = (
        (lambda x: bind(primitive, x)) if n_inputs == 1 else (lambda x, y: bind(primitive, x, y))
    )
    for ufunc in ufuncs:
        implements(ufunc)(handler)
        _BY_UFUNC[ufunc] = primitive


for _primitive, _ufunc in [
    (div_p, np.true_divide),
    (power_p, np.power),
    (exp_p, np.exp),
    (log_p, np.log),
    (sqrt_p, np.sqrt),
    (sin_p, np.sin),
    (cos_p, np.cos),
    (eq_p, np.equal),
    (ne_p, np.not_equal),
    (lt_p, np.less),
    (le_p, np.less_equal),
    (gt_p, np.greater),
    (ge_p, np.greater_equal),
]:
    _register(_primitive, _ufunc)


def is_tracer(x: Any) -> bool:
    return isinstance(x, Tracer)
