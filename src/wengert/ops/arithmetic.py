"""Elementwise arithmetic: quotients and remainders, powers and roots, absolute values and signs.

Each record names its NumPy ufunc, its partial derivatives and, where there is one, the convention
at kinks. In a partial, `out` is the result, already computed. Sums and products are in `core.py`.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from wengert.errors import DtypeError
from wengert.ir.emission import Elementwise, NotNative
from wengert.ir.primitive import Primitive
from wengert.ops.comparison import eq_p, logical_and_p
from wengert.ops.core import add, conj, convert, fit, mul, neg, real, sub, unfit
from wengert.ops.exponential import log
from wengert.ops.families import ONE, elementwise
from wengert.ops.selection import select
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type

# -- quotients and remainders ----------------------------------------------------------------------


def div(x: Any, y: Any) -> Any:
    return bind(div_p, x, y)


def _div_jvp(args: Any, out: Any, tangents: Any) -> Any:
    # One division of the whole right-hand side: in Taylor mode two would double with each order.
    dx, dy = tangents
    if dy is None:
        return fit(div(dx, args[1]), out.type)
    change = mul(dy, out)
    return fit(div(neg(change) if dx is None else sub(dx, change), args[1]), out.type)


div_p = elementwise(
    "div",
    operator.truediv,
    ufunc=np.true_divide,
    jvp=_div_jvp,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: unfit(div(ct, conj(args[1])), args[0])},
    flops=4,
    domain="y != 0",
    emit=lambda b, x, y: b.div(x, y),
)
reciprocal_p = elementwise(
    "reciprocal",
    np.reciprocal,
    partials=(lambda out, x: neg(mul(out, out)),),
    flops=4,
    domain="x != 0",
    emit=lambda b, x: _emit_reciprocal(b, x),
)


def _emit_reciprocal(b: Any, x: Any) -> Any:
    if x.kind[0] not in "fc":
        raise NotNative  # NumPy warns of integers
    return b.div(b.constant(1.0, x.kind), x)


floor_divide_p = elementwise(
    "floor_divide",
    operator.floordiv,
    ufunc=np.floor_divide,
    flops=5,
    kinks="where x/y is an integer; the derivative is 0 there as elsewhere",
    emit=lambda b, x, y: b.floor_divide(x, y),
)


def floor_divide(x: Any, y: Any) -> Any:
    return bind(floor_divide_p, x, y)


remainder_p = elementwise(
    "remainder",
    operator.mod,
    ufunc=np.remainder,
    partials=(ONE, lambda out, x, y: neg(floor_divide(x, y))),
    flops=6,
    kinks="where x/y is an integer; the derivative is the one from the right in x",
    emit=lambda b, x, y: b.remainder(x, y),
)
fmod_p = elementwise(
    "fmod",
    np.fmod,
    partials=(ONE, lambda out, x, y: neg(bind(trunc_p, div(x, y)))),
    flops=6,
    kinks="where x/y is an integer other than 0; the derivative is the one away from 0 in x",
)


def divmod_(x: Any, y: Any) -> tuple[Any, Any]:
    """`(x // y, x % y)`."""
    return bind(floor_divide_p, x, y), bind(remainder_p, x, y)


# -- whole and fractional parts: constant between the jumps ----------------------------------------

floor_p = elementwise(
    "floor",
    np.floor,
    kinks="at integers; the derivative is 0 everywhere",
    emit=lambda b, x: b.rounded(x, "floor"),
)
ceil_p = elementwise(
    "ceil",
    np.ceil,
    kinks="at integers; the derivative is 0 everywhere",
    emit=lambda b, x: b.rounded(x, "ceil"),
)
trunc_p: Primitive = elementwise(
    "trunc",
    np.trunc,
    kinks="at integers; the derivative is 0 everywhere",
    emit=lambda b, x: b.rounded(x, "trunc"),
)
rint_p = elementwise(
    "rint",
    np.rint,
    kinks="at half integers; the derivative is 0 everywhere",
    emit=lambda b, x: b.rounded(x, "rint"),
)


def _emit_round(b: Any, x: Any, decimals: int) -> Any:
    """Scaled, rounded to an integer, scaled back, as NumPy does it; integers stay."""
    if x.kind[0] == "c":
        parts = [_emit_round(b, part, decimals) for part in (x.re, x.im)]
        return type(x)(*parts)
    if x.kind[0] != "f":
        if decimals < 0:
            raise NotNative  # integers to tens
        return x
    if not decimals:
        return b.rounded(x, "rint")
    scale = b.constant(10.0 ** abs(decimals), x.kind)
    if decimals > 0:
        return b.div(b.rounded(b.mul(x, scale), "rint"), scale)
    return b.mul(b.rounded(b.div(x, scale), "rint"), scale)


round_p = elementwise(
    "round",
    lambda x, *, decimals: np.round(x, decimals),
    type_rule=lambda x, *, decimals: x if x.dtype.kind != "b" else Type(x.shape, np.float16),
    render=lambda ins, params: f"np.round({ins[0]}, {params['decimals']})",
    kinks="halfway between rounded values; the derivative is 0 everywhere",
    emit=Elementwise(lambda b, x, *, decimals: _emit_round(b, x, decimals), "own"),
)


def _part_type(ufunc: np.ufunc, x: Any, part: int = 0) -> Type:
    """The type of one of the two outputs of `ufunc`."""
    try:
        dtypes = ufunc.resolve_dtypes((x.dtype, None, None))
    except TypeError:
        raise DtypeError(
            f"{ufunc.__name__} is not defined for this dtype.",
            got=repr(x),
            expected="real numbers",
            try_="take np.real(x) first",
        ) from None
    return Type(x.shape, dtypes[1 + part])


modf_fraction_p = elementwise(
    "modf_fraction",
    lambda x: np.modf(x)[0],
    type_rule=lambda x: _part_type(np.modf, x),
    partials=(ONE,),
    render=lambda ins, params: f"np.modf({ins[0]})[0]",
    kinks="at integers other than 0; the derivative is 1 there as elsewhere",
    emit=Elementwise(lambda b, x: b.fraction(x), "result"),
)
modf_integer_p = elementwise(
    "modf_integer",
    lambda x: np.modf(x)[1],
    type_rule=lambda x: _part_type(np.modf, x),
    render=lambda ins, params: f"np.modf({ins[0]})[1]",
    kinks="at integers other than 0; the derivative is 0 everywhere",
    emit=Elementwise(lambda b, x: b.rounded(x, "trunc"), "result"),
)


def modf(x: Any) -> tuple[Any, Any]:
    """The fractional and the integral part of `x`, both with its sign."""
    return bind(modf_fraction_p, x), bind(modf_integer_p, x)


# -- floating-point parts --------------------------------------------------------------------------

frexp_exponent_p = elementwise(
    "frexp_exponent",
    lambda x: np.frexp(x)[1],
    type_rule=lambda x: _part_type(np.frexp, x, part=1),
    render=lambda ins, params: f"np.frexp({ins[0]})[1]",
    kinks="at powers of 2; the derivative is 0 everywhere",
)


def _frexp_scale(out: Any, x: Any) -> Any:
    exponent = convert(bind(frexp_exponent_p, x), out.dtype)
    return bind(power_p, 2.0, neg(exponent))


frexp_mantissa_p = elementwise(
    "frexp_mantissa",
    lambda x: np.frexp(x)[0],
    type_rule=lambda x: _part_type(np.frexp, x),
    partials=(_frexp_scale,),
    render=lambda ins, params: f"np.frexp({ins[0]})[0]",
    kinks="at powers of 2; the derivative is the one from above in |x|",
)


def frexp(x: Any) -> tuple[Any, Any]:
    """Mantissa and exponent: x = mantissa 2**exponent."""
    return bind(frexp_mantissa_p, x), bind(frexp_exponent_p, x)


def ldexp(x: Any, n: Any) -> Any:
    return bind(ldexp_p, x, n)


ldexp_p = elementwise(
    "ldexp",
    np.ldexp,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: unfit(ldexp(ct, args[1]), args[0])},
)
nextafter_p = elementwise(
    "nextafter",
    np.nextafter,
    partials=(ONE, None),
    convention="one step of rounding beside x: derivative 1 in x, 0 in y",
)
spacing_p = elementwise("spacing", np.spacing, kinks="the derivative is 0 everywhere")

# -- powers and roots ------------------------------------------------------------------------------


def power(x: Any, y: Any) -> Any:
    return bind(power_p, x, y)


def _power_jvp(args: Any, out: Any, tangents: Any) -> Any:
    x, y = args
    dx, dy = tangents
    total = None
    if dx is not None and (isinstance(y, Tracer) or y != 0):
        total = fit(mul(dx, _power_partial(x, y)), out.type)
    if dy is not None:
        term = fit(mul(dy, mul(out, _log_of_base(x, out))), out.type)
        total = term if total is None else add(total, term)
    return total


def _power_partial(x: Any, y: Any) -> Any:
    """d(x**y)/dx. A term whose coefficient is zero is dropped: no 0 * Inf at x = 0, y = 0."""
    if not isinstance(y, Tracer):
        if y == 1:
            return 1.0
        return mul(x, 2.0) if y == 2 else mul(power(x, y - 1), float(y) if type(y) is int else y)
    drop = bind(logical_and_p, bind(eq_p, y, 0), bind(eq_p, x, 0))
    return mul(y, power(select(drop, 1.0, x), sub(_as_float(y, x), 1.0)))


def _as_float(y: Any, x: Any) -> Any:
    """An integer array in the float type beside it: integers have no negative powers."""
    if y.dtype.kind in "fc":
        return y
    beside = x.dtype if isinstance(x, Tracer) and x.dtype.kind in "fc" else np.float64
    return convert(y, np.result_type(y.dtype, beside))


def _log_of_base(x: Any, out: Any) -> Any:
    """log(x), and 0 at x = 0, where x**y log(x) tends to 0 for y > 0."""
    if not isinstance(x, Tracer):
        return 0.0 if x == 0 else np.log(out.dtype.type(x)).item()
    if x.dtype.kind not in "fc":
        x = convert(x, out.dtype)
    return log(select(bind(eq_p, x, 0), 1.0, x))


power_p = elementwise(
    "power",
    operator.pow,
    ufunc=np.power,
    jvp=_power_jvp,
    flops=20,
    keeps_literals=True,
    domain="x > 0, or an integer exponent",
    at_zero="a term with coefficient 0 is dropped; x**y log(x) is 0 at x = 0",
    emit=lambda b, x, y: b.power(x, y),
)


def float_power(x: Any, y: Any) -> Any:
    """`x**y` in at least double precision."""
    return power(*[_as_double(a) for a in (x, y)])


def _as_double(x: Any) -> Any:
    if isinstance(x, (bool, int)):
        return float(x)
    if isinstance(x, (float, complex)) and not isinstance(x, np.generic):
        return x
    if not isinstance(x, Tracer):
        x = np.asarray(x)
    return convert(x, np.result_type(x.dtype, np.float64))


square_p = elementwise(
    "square", np.square, partials=(lambda out, x: mul(x, 2.0),), emit=lambda b, x: b.mul(x, x)
)
sqrt_p = elementwise(
    "sqrt",
    np.sqrt,
    partials=(lambda out, x: div(0.5, out),),
    flops=4,
    domain="x >= 0",
    at_zero="the derivative is infinite",
    emit=lambda b, x: b.sqrt(x),
)
cbrt_p = elementwise(
    "cbrt",
    np.cbrt,
    partials=(lambda out, x: div(1.0 / 3.0, mul(out, out)),),
    flops=20,
    at_zero="the derivative is infinite",
)


def sqrt(x: Any) -> Any:
    return bind(sqrt_p, x)


root_p = elementwise(
    "root",
    np.sqrt,
    partials=(lambda out, x: div(0.5, select(bind(eq_p, out, 0), np.inf, out)),),
    flops=4,
    domain="x >= 0",
    at_zero="the derivative is 0: for lengths and deviations, whose subgradients at 0 include it",
    render=lambda ins, params: f"np.sqrt({ins[0]})",
    emit=lambda b, x: b.sqrt(x),
)


def _hypot_partial(x: Any, out: Any) -> Any:
    return div(x, select(bind(eq_p, out, 0), 1.0, out))


hypot_p = elementwise(
    "hypot",
    np.hypot,
    partials=(lambda out, x, y: _hypot_partial(x, out), lambda out, x, y: _hypot_partial(y, out)),
    flops=10,
    at_zero="subgradient 0 where both are 0",
)

# -- absolute values and signs ---------------------------------------------------------------------


def absolute(x: Any) -> Any:
    return bind(absolute_p, x)


def sign(x: Any) -> Any:
    return bind(sign_p, x)


def _absolute_jvp(args: Any, out: Any, tangents: Any) -> Any:
    return fit(real(mul(conj(sign(args[0])), tangents[0])), out.type)


absolute_p = elementwise(
    "absolute",
    np.absolute,
    jvp=_absolute_jvp,
    kinks="0: the derivative is 0 there, the mean of the two sides",
    emit=lambda b, x: b.abs(x),
)
fabs_p = elementwise(
    "fabs",
    np.fabs,
    partials=(lambda out, x: sign(x),),
    kinks="0: the derivative is 0 there, the mean of the two sides",
    emit=lambda b, x: b.abs(x),
)


def _sign_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """x/|x| turns with a complex x; the sign of a real x is constant."""
    if out.dtype.kind != "c":
        return None
    dx, at_zero = tangents[0], bind(eq_p, out, 0)
    across = sub(dx, mul(out, real(mul(conj(out), dx))))
    turned = div(across, select(at_zero, 1.0, absolute(args[0])))
    return fit(select(at_zero, 0.0, turned), out.type)


sign_p = elementwise(
    "sign",
    np.sign,
    jvp=_sign_jvp,
    kinks="0: the derivative is 0 there",
    emit=lambda b, x: b.sign(x),
)


def _unit_with_sign(y: Any) -> Any:
    return bind(copysign_p, 1.0, y) if isinstance(y, Tracer) else math.copysign(1.0, y)


copysign_p = elementwise(
    "copysign",
    np.copysign,
    partials=(lambda out, x, y: mul(sign(x), _unit_with_sign(y)), None),
    kinks="x = 0: the derivative is 0 there, the mean of the two sides",
    emit=lambda b, x, y: b.copysign(x, y),
)
positive_p = elementwise(
    "positive",
    np.positive,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: ct},
    emit=lambda b, x: x,
)


def _is_zero(x: Any, dtype: Any) -> Any:
    return convert(bind(eq_p, x, 0), dtype) if isinstance(x, Tracer) else float(x == 0)


heaviside_p = elementwise(
    "heaviside",
    np.heaviside,
    partials=(None, lambda out, x, y: _is_zero(x, out.dtype)),
    kinks="x = 0: the derivative in x is 0 there as elsewhere",
    emit=lambda b, x, y: b.heaviside(x, y),
)
