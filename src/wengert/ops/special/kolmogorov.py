"""The Kolmogorov distribution's survival function, its inverse, and all derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import fit, mul
from wengert.ops.families import elementwise
from wengert.ops.special.family import inverse, special
from wengert.trace.tracer import bind

_N_TERMS = 6  # of either series at x = 1: below exp(-72)


def _derivative(x: Any, *, n: int) -> Any:
    """The n-th derivative, n >= 1, of 2 sum of (-1)**(k-1) exp(-2 k**2 x**2); zero for x <= 0.

    Term by term: a Hermite polynomial times exp(-y**2/2), y = 2 k x. Below x = 1 from the other
    series of the theta function, 1 - sqrt(2 pi)/x sum of exp(-(2k-1)**2 pi**2 / (8 x**2)), whose
    derivatives are polynomials in 1/x; DLMF 20.7.32.
    """
    x = np.asarray(x)
    y = x.astype(np.float64)
    with np.errstate(all="ignore"):
        far = np.where(y >= 1.0, y, 1.0)
        hermite = np.polynomial.hermite_e.HermiteE.basis(n)
        above = sum(
            2
            * (-1) ** (k - 1)
            * (-2.0 * k) ** n
            * hermite(2 * k * far)
            * np.exp(-2 * (k * far) ** 2)
            for k in range(1, _N_TERMS)
        )
        near = np.where((y > 0.0) & (y < 1.0), y, 1.0)
        below = -math.sqrt(2 * math.pi) * sum(
            _theta_term((2 * k - 1) ** 2 * math.pi**2 / 8, 1 / near, n) for k in range(1, _N_TERMS)
        )
        found = np.where(y >= 1.0, above, np.where(y > 0.0, below, 0.0 * y))
    return found.astype(x.dtype)[()]


def _theta_term(c: float, u: Any, n: int) -> Any:
    """The n-th derivative in x of exp(-c/x**2)/x at u = 1/x, as p(u) exp(-c u**2)."""
    powers = {1: 1.0}  # exponent of u: coefficient
    for _ in range(n):
        changed: dict[int, float] = {}
        for m, value in powers.items():  # (u**m)' = -m u**(m+1); exp gives 2 c u**3
            changed[m + 1] = changed.get(m + 1, 0.0) - m * value
            changed[m + 3] = changed.get(m + 3, 0.0) + 2 * c * value
        powers = changed
    return sum(value * u**m for m, value in powers.items()) * np.exp(-c * u * u)


kolmogorov_derivative_p: Primitive = elementwise(
    "kolmogorov_derivative",
    _derivative,
    type_rule=lambda x, *, n: x,
    jvp=lambda args, out, tangents, *, n: fit(
        mul(tangents[0], bind(kolmogorov_derivative_p, args[0], n=n + 1)), out.type
    ),
    flops=200,
    emit=Unsupported("NumPy computes it, many elements at once"),
)


def _slope(x: Any) -> Any:
    return bind(kolmogorov_derivative_p, x, n=1)


kolmogorov_p = special("kolmogorov", lambda out, x: _slope(x))
kolmogi_p = inverse("kolmogi", (_slope,), 0)
