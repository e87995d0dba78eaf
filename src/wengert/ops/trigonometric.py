"""Trigonometric and hyperbolic functions and their inverses, sinc, and angles in degrees.

In a partial, `out` is the result, already computed. Complex derivatives are those of NumPy's
principal branches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise, NotNative
from wengert.ir.primitive import Primitive
from wengert.ops.arithmetic import div, hypot_p, sqrt
from wengert.ops.core import convert, fit, mul, neg
from wengert.ops.families import elementwise
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type

# -- trigonometric ---------------------------------------------------------------------------------


def sin(x: Any) -> Any:
    return bind(sin_p, x)


def cos(x: Any) -> Any:
    return bind(cos_p, x)


sin_p = elementwise("sin", np.sin, partials=(lambda out, x: cos(x),), flops=10)
cos_p = elementwise("cos", np.cos, partials=(lambda out, x: neg(sin(x)),), flops=10)
tan_p = elementwise("tan", np.tan, partials=(lambda out, x: 1.0 + out * out,), flops=15)
arcsin_p = elementwise(
    "arcsin",
    np.arcsin,
    partials=(lambda out, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)),),
    flops=15,
    domain="-1 < x < 1",
)
arccos_p = elementwise(
    "arccos",
    np.arccos,
    partials=(lambda out, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)),),
    flops=15,
    domain="-1 < x < 1",
)
arctan_p = elementwise(
    "arctan", np.arctan, partials=(lambda out, x: 1.0 / (1.0 + x * x),), flops=15
)


def _over_square(coordinate: Any, args: Any, out: Any) -> Any:
    """coordinate / (y**2 + x**2), without overflow or underflow of the squares."""
    y, x = [_as_float(a, out) for a in args]
    radius = bind(hypot_p, y, x)
    return div(div(coordinate, radius), radius)


def _as_float(x: Any, out: Any) -> Any:
    return convert(x, out.dtype) if isinstance(x, Tracer) and x.dtype.kind not in "fc" else x


arctan2_p = elementwise(
    "arctan2",
    np.arctan2,
    partials=(
        lambda out, y, x: _over_square(x, (y, x), out),
        lambda out, y, x: neg(_over_square(y, (y, x), out)),
    ),
    flops=25,
    at_zero="NaN where both are 0: the angle has no derivative there",
)

# -- hyperbolic ------------------------------------------------------------------------------------

sinh_p = elementwise("sinh", np.sinh, partials=(lambda out, x: bind(cosh_p, x),), flops=15)
cosh_p: Primitive = elementwise(
    "cosh", np.cosh, partials=(lambda out, x: bind(sinh_p, x),), flops=15
)
tanh_p = elementwise("tanh", np.tanh, partials=(lambda out, x: 1.0 - out * out,), flops=15)
arcsinh_p = elementwise(
    "arcsinh", np.arcsinh, partials=(lambda out, x: 1.0 / sqrt(1.0 + x * x),), flops=15
)
arccosh_p = elementwise(
    "arccosh",
    np.arccosh,
    partials=(lambda out, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),),
    flops=15,
    domain="x > 1",
)
arctanh_p = elementwise(
    "arctanh",
    np.arctanh,
    partials=(lambda out, x: 1.0 / ((1.0 - x) * (1.0 + x)),),
    flops=15,
    domain="-1 < x < 1",
)


def tanh(x: Any) -> Any:
    return bind(tanh_p, x)


# -- degrees ---------------------------------------------------------------------------------------


def deg2rad(x: Any) -> Any:
    return bind(deg2rad_p, x)


def rad2deg(x: Any) -> Any:
    return bind(rad2deg_p, x)


deg2rad_p = elementwise(
    "deg2rad",
    np.deg2rad,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: deg2rad(ct)},
    emit=lambda b, x: b.mul(x, b.constant(math.pi / 180.0, x.kind)),
)
rad2deg_p = elementwise(
    "rad2deg",
    np.rad2deg,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: rad2deg(ct)},
    emit=lambda b, x: b.mul(x, b.constant(180.0 / math.pi, x.kind)),
)

# -- sinc ------------------------------------------------------------------------------------------

_SERIES_TERMS = 16  # the series is used for |pi x| <= order + 1 <= 10


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x)."""
    return bind(sinc_p, x)


def _sinc_derivative(x: Any, *, order: int) -> Any:
    """The derivative of sinc of the given order (1, 2, ...), accurate near 0 and away from it.

    Away from 0 by the recurrence x s[n] = pi**(n-1) sin(pi x + n pi/2) - n s[n-1], which is the
    n-th derivative of x sinc(x) = sin(pi x)/pi and is stable for |pi x| > n; near 0 by the series.
    """
    x = np.asarray(x)
    work = x.astype(np.result_type(x.dtype, np.float64))
    is_near = np.abs(work) * np.pi <= order + 1
    far = np.where(is_near, 1.0, work)
    value = np.sinc(far)
    for n in range(1, order + 1):
        value = (np.pi ** (n - 1) * _sine(far, n) - n * value) / far
    value = np.where(is_near, _sinc_series(np.where(is_near, work, 0.0), order), value)
    return value.astype(x.dtype)[()]


def _sine(x: Any, n: int) -> Any:
    """The n-th derivative of the sine, at pi x."""
    value = np.sin(np.pi * x) if n % 2 == 0 else np.cos(np.pi * x)
    return value if n % 4 in (0, 1) else -value


def _sinc_series(x: Any, order: int) -> Any:
    """Sum over 2k >= order of (-1)**k pi**(2k) x**(2k-order) / ((2k+1) (2k-order)!)."""
    total = np.zeros_like(x)
    for power, coefficient in _series_terms(order):
        total = total + coefficient * x**power
    return total


def _series_terms(order: int) -> list[tuple[int, float]]:
    """Powers of x and their coefficients, from the highest power down in steps of 2."""
    first = (order + 1) // 2
    terms = []
    for k in reversed(range(first, first + _SERIES_TERMS + order)):
        power = 2 * k - order
        c = (-1) ** k * math.pi ** (2 * k) / ((2 * k + 1) * math.factorial(power))
        terms.append((power, c))
    return terms


def _emit_sinc_derivative(b: Any, x: Any, order: int) -> Any:
    """The same in double precision; both branches are computed."""
    if x.kind[0] != "f":
        raise NotNative  # reals only
    work = b.convert(x, "f8")
    number = lambda value: b.constant(value, "f8")
    distance = b.mul(b.abs(work), number(math.pi))
    is_near = b.compare("le", distance, number(float(order + 1)))
    far = b.select(is_near, number(1.0), work)
    angle = b.mul(far, number(math.pi))
    waves = (b.call_math("sin", angle), b.call_math("cos", angle))
    value = b.div(waves[0], angle)
    for n in range(1, order + 1):
        wave = waves[n % 2] if n % 4 in (0, 1) else b.neg(waves[n % 2])
        rest = b.mul(number(float(n)), value)
        value = b.div(b.sub(b.mul(number(math.pi ** (n - 1)), wave), rest), far)
    near = b.select(is_near, work, number(0.0))
    square = b.mul(near, near)
    terms = _series_terms(order)
    series = b.polynomial(square, [c for _, c in terms])
    if terms[-1][0]:
        series = b.mul(series, near)
    return b.convert(b.select(is_near, series, value), x.kind)


def _slope(x: Any, order: int) -> Any:
    return bind(sinc_derivative_p, x, order=order)


sinc_p = elementwise(
    "sinc",
    np.sinc,
    type_rule=lambda x: Type(x.shape, np.sinc(np.ones((), x.dtype)).dtype),
    partials=(lambda out, x: _slope(x, 1),),
    flops=12,
    at_zero="exact: every derivative is taken from its series there",
    render=lambda ins, params: f"np.sinc({ins[0]})",
)
sinc_derivative_p = elementwise(
    "sinc_derivative",
    _sinc_derivative,
    type_rule=lambda x, *, order: x,
    jvp=lambda args, out, tangents, *, order: fit(
        mul(tangents[0], _slope(args[0], order + 1)), out.type
    ),
    flops=20,
    emit=Elementwise(lambda b, x, *, order: _emit_sinc_derivative(b, x, order), "own"),
)
