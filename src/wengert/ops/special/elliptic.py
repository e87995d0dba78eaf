"""Legendre's elliptic integrals and Jacobi's elliptic functions, with the parameter m = k**2.

The classical derivatives in m divide 0 by 0 at m = 0 and cancel near 1. Here they are the integrals

    L(phi, m; n, q) = integral from 0 to phi of sin(t)**2n (1 - m sin(t)**2)**-q dt

with F = L(0, 1/2), E = L(0, -1/2) and dL/dm = q L(n + 1, q + 1), of one sign everywhere. Those of
first derivatives are R_D (DLMF 19.25), those of higher ones integrals of Carlson's kind. A record
keeps the integer 2q.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import add, fit, mul
from wengert.ops.families import broadcast_shapes, elementwise
from wengert.ops.special.carlson import carlson_integral, elliprd_p
from wengert.ops.special.family import ScipyUfunc, apply, special
from wengert.ops.special.multiple import several
from wengert.types import Type

# -- complete --------------------------------------------------------------------------------------

special(
    "ellipk",
    lambda out, m: apply(elliprd_p, 0.0, 1.0, 1.0 - m) / 6.0,
    domain="m < 1; infinite at 1",
)
special("ellipkm1", lambda out, p: apply(elliprd_p, 0.0, 1.0, p) / -6.0, domain="p > 0")
special(
    "ellipe",
    lambda out, m: apply(elliprd_p, 0.0, 1.0 - m, 1.0) / -6.0,
    domain="m < 1; the derivative is -inf at 1",
)

# -- incomplete ------------------------------------------------------------------------------------


def _within_half_turn(s: Any, c2: Any, d2: Any, n: int, twice_q: int) -> Any:
    """L for |phi| <= pi / 2, from sin(phi), cos(phi)**2 and 1 - m sin(phi)**2."""
    if (n, twice_q) in ((1, 3), (1, 1)):
        ends = (1.0, d2) if twice_q == 3 else (d2, 1.0)
        return s**3 / 3 * ScipyUfunc("elliprd")(c2, *ends)
    halves = (2 * n + 2 - twice_q, 1, twice_q)
    return 0.5 * s ** (2 * n + 1) * carlson_integral(1.0, c2, d2, halves=halves, power=1)


def sine_integral(phi: Any, m: Any, *, n: int, twice_q: int) -> Any:
    """L(phi, m; n, twice_q / 2) on plain arrays."""
    dtype = np.result_type(np.asarray(phi).dtype, np.asarray(m).dtype)
    phi, m = np.broadcast_arrays(np.asarray(phi, np.float64), np.asarray(m, np.float64))
    with np.errstate(all="ignore"):
        turns = np.round(phi / np.pi)
        rest = phi - turns * np.pi
        s, c2 = np.sin(rest), np.cos(rest) ** 2
        value = _within_half_turn(s, c2, c2 + (1.0 - m) * s * s, n, twice_q)
        if np.any(turns):
            complete = _within_half_turn(1.0, 0.0, 1.0 - m, n, twice_q)
            value = value + np.where(turns == 0, 0.0, 2.0 * turns * complete)
    return np.asarray(value, dtype)[()]


def _sine_integral_type(phi: Any, m: Any, *, n: int, twice_q: int) -> Type:
    dtypes = [x.dtype for x in (phi, m) if isinstance(x, Type)]
    return Type(broadcast_shapes("elliptic_integral", phi, m), np.result_type(*dtypes))


def _integrand(phi: Any, m: Any, n: int, twice_q: int) -> Any:
    s2, c2 = np.sin(phi) ** 2, np.cos(phi) ** 2
    # Equal, but the second cancels near 1, and the derivative of the first where m is small.
    delta2 = np.where(m * s2 > 0.5, c2 + (1.0 - m) * s2, 1.0 - m * s2)
    return s2**n * delta2 ** (-0.5 * twice_q)


def _sine_integral_jvp(args: Any, out: Any, tangents: Any, *, n: int, twice_q: int) -> Any:
    phi, m = args
    terms = []
    if tangents[0] is not None:
        terms.append(mul(tangents[0], _integrand(phi, m, n, twice_q)))
    if tangents[1] is not None:
        terms.append(mul(tangents[1], by_parameter(phi, m, n, twice_q)))
    terms = [fit(t, out.type) for t in terms]
    return terms[0] if len(terms) == 1 else add(*terms)


def by_parameter(phi: Any, m: Any, n: int, twice_q: int) -> Any:
    """The derivative of L in m."""
    more = {"n": n + 1, "twice_q": twice_q + 2}
    return 0.5 * twice_q * apply(sine_integral_p, phi, m, **more)


sine_integral_p: Primitive = elementwise(
    "elliptic_integral",
    sine_integral,
    type_rule=_sine_integral_type,
    jvp=_sine_integral_jvp,
    flops=200,
    emit=Unsupported("SciPy computes it, or a quadrature of NumPy's"),
    domain="m sin(phi)**2 < 1",
)
special(
    "ellipkinc",
    lambda out, phi, m: _integrand(phi, m, 0, 1),
    lambda out, phi, m: by_parameter(phi, m, 0, 1),
    domain="m <= 1",
)
special(
    "ellipeinc",
    lambda out, phi, m: _integrand(phi, m, 0, -1),
    lambda out, phi, m: by_parameter(phi, m, 0, -1),
    domain="m <= 1",
)

# -- Jacobi's functions ----------------------------------------------------------------------------


def _by_u(outs: Any, u: Any, m: Any) -> Any:
    sn, cn, dn, _ = outs
    return cn * dn, -sn * dn, -m * sn * cn, dn


def _by_m(outs: Any, u: Any, m: Any) -> Any:
    """The amplitude solves F(phi, m) = u, and the others are functions of it and m."""
    sn, cn, dn, phi = outs
    turn = -dn * by_parameter(phi, m, 0, 1)
    return cn * turn, -sn * turn, -sn * (0.5 * sn + m * cn * turn) / dn, turn


several("ellipj", _by_u, _by_m, domain="0 <= m < 1, also m = 1 for bounded u")

# -- the arithmetic-geometric mean -----------------------------------------------------------------


def _agm(out: Any, a: Any, b: Any) -> Any:
    """1 / M(a, b) = 2/pi R_F(0, a**2, b**2)."""
    ratio = b / a
    return 2 / (3 * math.pi) * (out / a) ** 2 * apply(elliprd_p, 0.0, ratio * ratio, 1.0)


special(
    "agm",
    lambda out, a, b: _agm(out, a, b),
    lambda out, a, b: _agm(out, b, a),
    domain="a and b of one sign",
)
