"""The error function and its relatives: erf, Dawson, Fresnel, Faddeeva, the normal distribution.

Two families are closed under differentiation, and each is a primitive with its order as parameter:
`scaled_erfc_integral`, exp(x*x) times the repeated integrals of erfc (erfcx is the first), and
`dawsn_derivative`. They keep full accuracy where 2 x erfcx(x) and 2/sqrt(pi) nearly cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.comparison import lt
from wengert.ops.core import fit, imag, kind_of, mul, real
from wengert.ops.exponential import exp
from wengert.ops.families import elementwise
from wengert.ops.selection import maximum, minimum, select
from wengert.ops.special.family import FUNCTIONS, ScipyUfunc, apply, special
from wengert.ops.special.shapes import error_integrals
from wengert.trace.tracer import bind

_SLOPE = 2 / math.sqrt(math.pi)
_SQRT_2, _SQRT_2PI = math.sqrt(2.0), math.sqrt(2 * math.pi)
_NUMPY_COMPUTES = Unsupported("NumPy computes it, many elements at once")


def _gauss(x: Any) -> Any:
    return exp(-(x * x))


def _normal_density(x: Any) -> Any:
    return exp(-0.5 * (x * x)) * (1 / _SQRT_2PI)


erf_p = special(
    "erf",
    lambda out, x: _SLOPE * _gauss(x),
    emit=Elementwise(lambda b, x: b.call_math("erf", x), "result"),
)
erfc_p = special(
    "erfc",
    lambda out, x: -_SLOPE * _gauss(x),
    emit=Elementwise(lambda b, x: b.call_math("erfc", x), "result"),
)
erfi_p = special("erfi", lambda out, x: _SLOPE * exp(x * x))
erfinv_p = special(
    "erfinv", lambda out, y: exp(out * out) / _SLOPE, domain="-1 <= y <= 1; infinite at the ends"
)
erfcinv_p = special(
    "erfcinv", lambda out, y: -exp(out * out) / _SLOPE, domain="0 <= y <= 2; infinite at the ends"
)

# -- scaled, and Dawson's integral -----------------------------------------------------------------


def _faddeeva_slope(w: Any, z: Any) -> Any:
    """w' = -2 z w + 2i/sqrt(pi); DLMF 7.10.2. Digits are lost as |z|**2 grows."""
    return -2.0 * z * w + 1j * _SLOPE


scaled_erfc_integral_p: Primitive = elementwise(
    "scaled_erfc_integral",
    error_integrals.scaled_erfc_integral,
    type_rule=lambda x, *, n: x,
    jvp=lambda args, out, tangents, *, n: fit(
        mul(tangents[0], -2.0 * (n + 1) * bind(scaled_erfc_integral_p, args[0], n=n + 1)), out.type
    ),
    flops=300,
    emit=_NUMPY_COMPUTES,
)


def _erfcx_slope(out: Any, x: Any) -> Any:
    if kind_of(x) == "c":
        return 2.0 * x * out - _SLOPE
    return -2.0 * bind(scaled_erfc_integral_p, x, n=1)


erfcx_p = special("erfcx", _erfcx_slope, accuracy="complex: digits are lost as |z|**2 grows")
wofz_p = special("wofz", _faddeeva_slope, accuracy="digits of derivatives are lost as |z|**2 grows")

dawsn_derivative_p: Primitive = elementwise(
    "dawsn_derivative",
    error_integrals.dawsn_derivative,
    type_rule=lambda x, *, n: x,
    jvp=lambda args, out, tangents, *, n: fit(
        mul(tangents[0], bind(dawsn_derivative_p, args[0], n=n + 1)), out.type
    ),
    flops=100,
    emit=_NUMPY_COMPUTES,
)


def _dawsn_slope(out: Any, x: Any) -> Any:
    return 1.0 - 2.0 * x * out if kind_of(x) == "c" else bind(dawsn_derivative_p, x, n=1)


dawsn_p = special("dawsn", _dawsn_slope, accuracy="complex: digits are lost as |z|**2 grows")

# -- the normal distribution -----------------------------------------------------------------------


def hazard(x: Any, log_value: Any) -> Any:
    """The derivative of log_ndtr: density over ndtr, without underflow on either side.

    Left of 0 by erfcx, whose derivatives are exact; right of it from the logarithm.
    """
    left = (2 / _SQRT_2PI) / apply(erfcx_p, -minimum(x, 0.0) / _SQRT_2)
    is_left = lt(x, 0.0)
    y = maximum(x, 0.0)
    right = exp(-0.5 * (y * y) - select(is_left, 0.0, log_value)) * (1 / _SQRT_2PI)
    return select(is_left, left, right)


def _log_ndtr_slope(out: Any, x: Any) -> Any:
    if kind_of(x) == "c":
        return exp(-0.5 * (x * x) - out) * (1 / _SQRT_2PI)
    return hazard(x, out)


ndtr_p = special("ndtr", lambda out, x: _normal_density(x))
log_ndtr_p = special("log_ndtr", _log_ndtr_slope)
ndtri_p = special(
    "ndtri",
    lambda out, p: exp(0.5 * (out * out)) * _SQRT_2PI,
    domain="0 <= p <= 1; infinite at the ends",
)
ndtri_exp_p = special(
    "ndtri_exp", lambda out, y: 1.0 / hazard(out, y), domain="y <= 0; infinite at 0"
)


def _owens_h(out: Any, h: Any, a: Any) -> Any:
    return apply(erf_p, a * h * (1 / _SQRT_2)) * _normal_density(h) * -0.5


def _owens_a(out: Any, h: Any, a: Any) -> Any:
    square = 1.0 + a * a
    return exp(-0.5 * h * h * square) / (square * (2 * math.pi))


owens_t_p = special("owens_t", _owens_h, _owens_a)

# -- Voigt profile ---------------------------------------------------------------------------------


def _voigt(x: Any, sigma: Any, gamma: Any) -> tuple[Any, Any, Any]:
    """z, w'(z) and the scale in V = Re w(z) / (sigma sqrt(2 pi))."""
    scale = 1.0 / (sigma * _SQRT_2)
    z = (x + 1j * gamma) * scale
    return z, _faddeeva_slope(apply(wofz_p, z), z), scale


def _voigt_x(out: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    z, slope, scale = _voigt(x, sigma, gamma)
    return real(slope) * scale / (sigma * _SQRT_2PI)


def _voigt_sigma(out: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    z, slope, scale = _voigt(x, sigma, gamma)
    return -(out + real(slope * z) / (sigma * _SQRT_2PI)) / sigma


def _voigt_gamma(out: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    z, slope, scale = _voigt(x, sigma, gamma)
    return -imag(slope) * scale / (sigma * _SQRT_2PI)


voigt_profile_p = special(
    "voigt_profile",
    _voigt_x,
    _voigt_sigma,
    _voigt_gamma,
    domain="sigma > 0; NaN derivatives at sigma = 0",
    accuracy="digits of derivatives are lost as (x/sigma)**2 grows",
)

# -- Fresnel integrals -----------------------------------------------------------------------------


def _fresnel(which: int, slope: Any) -> Any:
    ufunc = ScipyUfunc("fresnel")
    return elementwise(
        "fresnel_" + "sc"[which],
        lambda x: ufunc(x)[which],
        type_rule=ScipyUfunc("erf").type_of,  # of the same dtypes, with one result
        partials=(lambda out, x: slope(0.5 * math.pi * x * x),),
        flops=60,
        render=lambda ins, params: f"scipy.special.fresnel({ins[0]})[{which}]",
        emit=_NUMPY_COMPUTES,
    )


fresnel_s_p, fresnel_c_p = _fresnel(0, np.sin), _fresnel(1, np.cos)
FUNCTIONS["fresnel"] = lambda x: (apply(fresnel_s_p, x), apply(fresnel_c_p, x))
