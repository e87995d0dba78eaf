"""Exponential, trigonometric and hyperbolic integrals, the dilogarithm, and Lambert's W."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Unsupported
from wengert.ops.special.family import FUNCTIONS, apply, not_negative, special
from wengert.ops.special.hypergeometric import hyp0f1_p, hyp2f1_p
from wengert.ops.special.integers import choose, integer_order, previous, with_order
from wengert.ops.special.multiple import several

# -- exponential integrals -------------------------------------------------------------------------

special("expi", lambda out, x: np.exp(x) / x, poles="0", domain="x != 0")
special(
    "exp1",
    lambda out, x: -np.exp(-x) / not_negative(x),
    domain="x > 0, or complex x off the negative axis, on which the values are those from above",
)


def _expn(out: Any, n: Any, x: Any) -> Any:
    """-E_(n-1); E_0 is elementary. DLMF 8.19.13."""
    of_zero = -np.exp(-x) / x * (1.0 + 1.0 / x)
    return choose(n == 0, of_zero, -with_order(expn_p, previous(n), x))


expn_p = integer_order("expn", _expn, domain="x > 0, n >= 0")

# -- sine and cosine integrals ---------------------------------------------------------------------


def _sinh_over(x: Any, sign: float) -> Any:
    """sinh(x) / x, or sin(x) / x with sign -1; exact at 0, to any order."""
    is_near = np.abs(x) < 1.0
    near, far = np.where(is_near, x, 0.0), np.where(is_near, 1.0, x)
    wave = np.sinh(far) if sign > 0 else np.sin(far)
    return np.where(is_near, apply(hyp0f1_p, 1.5, 0.25 * sign * near * near), wave / far)


several(
    "sici",
    lambda outs, x: (_sinh_over(x, -1.0), np.cos(x) / x),
    domain="x > 0 for Ci",
)
several(
    "shichi",
    lambda outs, x: (_sinh_over(x, 1.0), np.cosh(x) / x),
    domain="x > 0 for Chi",
)


def _modified_fresnel(sign: int) -> Any:
    """F' = -exp(i s x**2), K = exp(-i s (x**2 + pi/4)) F / sqrt(pi)."""
    turn = complex(math.cos(math.pi / 4), -sign * math.sin(math.pi / 4)) / math.sqrt(math.pi)

    def partials(outs: Any, x: Any) -> Any:
        return -np.exp(sign * 1j * x * x), -2j * sign * x * outs[1] - turn

    return partials


several("modfresnelp", _modified_fresnel(1))
several("modfresnelm", _modified_fresnel(-1))

# -- dilogarithm -----------------------------------------------------------------------------------


def _spence(out: Any, z: Any) -> Any:
    """log(z) / (1 - z): near 1 a hypergeometric function, whose derivatives do not cancel."""
    d = 1.0 - z
    is_near = np.abs(d) < 0.5
    near, far = np.where(is_near, d, 0.0), np.where(is_near, 2.0, z)
    return np.where(is_near, -apply(hyp2f1_p, 1.0, 1.0, 2.0, near), np.log(far) / (1.0 - far))


special("spence", _spence, domain="z > 0, or complex z off the negative axis")

# -- inverses of exponentials ----------------------------------------------------------------------


def _lambertw(out: Any, z: Any, k: Any, tol: Any) -> Any:
    """W' = exp(-W) / (1 + W); DLMF 4.13.4, without 0 / 0 at the origin."""
    return np.exp(-out) / (1.0 + out)


lambertw_p = special(
    "_lambertw",
    _lambertw,
    None,
    None,
    primitive="lambertw",
    emit=Unsupported("SciPy computes it, for complex numbers"),
    at_branch_point="infinite at -1/e on the branches 0, 1 and -1",
    branch_cut="the value and derivative that SciPy has there, from above",
)


def _bind_lambertw(z: Any, k: Any = 0, tol: Any = 1e-8) -> Any:
    from wengert.ops.functions import as_operand
    from wengert.trace.tracer import bind

    z = as_operand(z)
    z = z if z.dtype.kind == "c" else z.astype(np.complex128)
    k = as_operand(k)
    return bind(lambertw_p, z, k.astype(np.int64), as_operand(float(tol)))


FUNCTIONS["_lambertw"] = _bind_lambertw
special(
    "wrightomega",
    lambda out, z: out / (1.0 + out),
    branch_cut="z = x +- i pi with x <= -1: each side has its own derivative",
)
