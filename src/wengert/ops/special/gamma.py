"""The gamma function, its reciprocal and logarithm, and the logarithm's derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise, NotNative
from wengert.ir.primitive import Primitive
from wengert.ops.comparison import lt
from wengert.ops.core import fit, mul
from wengert.ops.families import elementwise
from wengert.ops.selection import minimum, select
from wengert.ops.special.family import apply, as_real, not_negative, special
from wengert.ops.special.shapes.digamma import complex_polygamma
from wengert.trace.tracer import bind

# -- polygamma functions ---------------------------------------------------------------------------


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of the digamma function, of real and complex numbers."""
    x = as_real(x)
    return bind(polygamma_p, x, n=n) if n else apply(psi_p, x)


def _polygamma(x: Any, *, n: int) -> Any:
    from scipy.special import psi, zeta

    if n == 0:
        return psi(x)
    x = np.asarray(x)
    if x.dtype.kind == "c":
        return complex_polygamma(n, x)
    sign_and_size = (-1.0) ** (n + 1) * math.factorial(n)
    return np.asarray(sign_and_size * zeta(n + 1.0, np.float64(x)), x.dtype)[()]


def _emit_polygamma(b: Any, x: Any, *, n: int) -> Any:
    if n:
        raise NotNative  # SciPy exports no Hurwitz zeta function
    return b.call_special("psi", x)


polygamma_p: Primitive = elementwise(
    "polygamma",
    _polygamma,
    type_rule=lambda x, *, n: x,
    jvp=lambda args, out, tangents, *, n: fit(
        mul(tangents[0], bind(polygamma_p, args[0], n=n + 1)), out.type
    ),
    flops=60,
    emit=Elementwise(_emit_polygamma, "result"),
    poles="infinite or NaN at 0, -1, -2, ..., with all derivatives",
)
psi_p = special(
    "psi",
    lambda out, x: polygamma(1, x),
    primitive="digamma",
    poles="NaN at -1, -2, ..., -inf at 0; the derivative is infinite",
)

# -- the gamma function ----------------------------------------------------------------------------

gammaln_p = special(
    "gammaln",
    lambda out, x: apply(psi_p, x),
    poles="infinite at 0, -1, -2, ...; the derivative is NaN there, -inf at 0",
)
loggamma_p = special(
    "loggamma",
    lambda out, z: apply(psi_p, not_negative(z)),
    domain="NaN for negative real numbers, as in SciPy",
    branch_cut="the negative real axis, continuous from above; the derivative has no cut",
)
gamma_p = special(
    "gamma",
    lambda out, x: out * apply(psi_p, x),
    poles="NaN at -1, -2, ..., infinite at 0; so are the derivatives",
)
gammasgn_p = special("gammasgn", derivative="zero; NaN where the sign is")


def rgamma_slope(x: Any, reciprocal: Any) -> Any:
    """The derivative of 1/Gamma, an entire function: (-1)**n n! at -n.

    Left of 1/2 from the reflection 1/Gamma(x) = Gamma(1 - x) sin(pi x) / pi; DLMF 5.5.3.
    """
    x = as_real(x)
    if x.dtype.kind == "c":
        return -reciprocal * apply(psi_p, x)
    is_left = lt(x, 0.5)
    right = minimum(select(is_left, 1.0, x), 1e300)  # at infinity 1/Gamma is 0, not NaN
    left = 1.0 - select(is_left, x, 0.0)
    turns = np.round(left)
    sign = 1.0 - 2.0 * np.remainder(turns, 2.0)
    angle = math.pi * (left - turns)  # pi (1 - x), less a multiple of pi
    reflected = -np.cos(angle) - apply(psi_p, left) * np.sin(angle) / math.pi
    reflected = apply(gamma_p, left) * sign * reflected
    return select(is_left, reflected, -apply(psi_p, right) * reciprocal)


rgamma_p = special(
    "rgamma",
    lambda out, x: rgamma_slope(x, out),
    zeros="at 0, -1, -2, ... the derivative is (-1)**n n!; of complex numbers NaN there",
)

# -- quotients of gamma functions ------------------------------------------------------------------


def _digammas(x: Any, y: Any) -> Any:
    """psi(x) - psi(y)."""
    return apply(psi_p, x) - apply(psi_p, y)


beta_p = special(
    "beta",
    lambda out, a, b: out * _digammas(a, a + b),
    lambda out, a, b: out * _digammas(b, a + b),
    poles="NaN derivatives where a, b or a + b is 0, -1, -2, ...",
)
betaln_p = special(
    "betaln",
    lambda out, a, b: _digammas(a, a + b),
    lambda out, a, b: _digammas(b, a + b),
    poles="NaN derivatives where a, b or a + b is 0, -1, -2, ...",
)
poch_p = special(
    "poch",
    lambda out, a, m: out * _digammas(a + m, a),
    lambda out, a, m: out * apply(psi_p, a + m),
    poles="NaN derivatives where a or a + m is 0, -1, -2, ...",
)


def _binom_slopes(out: Any, n: Any, k: Any) -> tuple[Any, Any]:
    """Both partial derivatives of Gamma(n+1) / (Gamma(k+1) Gamma(n-k+1)).

    Outside 0 <= k <= n a reciprocal gamma function may vanish where its derivative does not.
    """
    upper, lower = k + 1.0, n - k + 1.0
    is_outside = np.logical_or(lt(upper, 0.5), lt(lower, 0.5))
    inside = [select(is_outside, 1.0, z) for z in (upper, lower)]
    top = apply(psi_p, n + 1.0)
    below = [out * apply(psi_p, z) for z in inside]
    outer = [select(is_outside, z, 1.0) for z in (upper, lower)]
    whole = apply(gamma_p, select(is_outside, n + 1.0, 1.0))
    reciprocals = [apply(rgamma_p, z) for z in outer]
    changes = [rgamma_slope(z, r) for z, r in zip(outer, reciprocals, strict=True)]
    # The derivative along each of the two arguments below, of the reciprocal.
    along_upper = select(is_outside, whole * changes[0] * reciprocals[1], -below[0])
    along_lower = select(is_outside, whole * changes[1] * reciprocals[0], -below[1])
    return out * top + along_lower, along_upper - along_lower


binom_p = special(
    "binom",
    lambda out, n, k: _binom_slopes(out, n, k)[0],
    lambda out, n, k: _binom_slopes(out, n, k)[1],
    poles="NaN derivatives where n is -1, -2, ...",
)
