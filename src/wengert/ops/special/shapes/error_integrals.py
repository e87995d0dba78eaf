"""Families that are closed under differentiation, on arrays: of erfcx, Dawson's integral, exprel
and log1p(x)/x. Each keeps its relative accuracy where recurrences would cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ops.special.shapes import quadrature


def _as_float64(f: Any) -> Any:
    """`f(flat float64 array, n)` for an array or number of any real dtype."""

    def function(x: Any, *, n: int) -> Any:
        x = np.asarray(x)
        with np.errstate(all="ignore"):
            out = f(x.astype(np.float64).ravel(), n)
        return out.reshape(x.shape).astype(x.dtype if x.dtype.kind == "f" else np.float64)[()]

    function.__doc__ = f.__doc__
    return function


def _by_recurrence(first: list[Any], step: Any, n: int) -> Any:
    """Element n of a sequence from its beginning: step(k, f[k-1], f[k-2])."""
    for k in range(len(first), n + 1):
        first.append(step(k, first[k - 1], first[k - 2]))
    return first[n]


@_as_float64
def scaled_erfc_integral(x: Any, n: int) -> Any:
    """exp(x*x) i^n erfc(x) = 2/sqrt(pi) times the integral of t**n/n! exp(-t*t - 2 x t), t > 0.

    Left of 1/4 by the recurrence, a sum of positive terms or nearly; DLMF 7.18.2 and 7.18.7.
    """
    from scipy.special import erfcx

    if n == 0:
        return erfcx(x)
    low = np.minimum(x, 0.25)
    head = erfcx(low)
    first = [head, 1 / math.sqrt(math.pi) - low * head]
    out = _by_recurrence(first, lambda k, f, g: (g - 2.0 * low * f) / (2.0 * k), n)
    out = np.array(out)
    (places,) = np.nonzero(x > 0.25)
    nodes, weights = quadrature.rule(n)
    for start in range(0, places.size, quadrature.BLOCK):
        at = places[start : start + quadrature.BLOCK]
        y = x[at]
        reach = quadrature.root_of_parabola(2.0, 2.0 * y, quadrature.cutoff(n))
        t = reach[:, None] * nodes
        mass = (weights * t**n * np.exp(-t * (t + 2.0 * y[:, None]))).sum(1)
        out[at] = mass * reach * (2.0 / (math.sqrt(math.pi) * math.factorial(n)))
    return np.where(x == np.inf, 0.0, out)


@_as_float64
def dawsn_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of Dawson's integral.

    From D' = 1 - 2 x D for small x; beyond, its asymptotic series term by term, DLMF 7.12.
    """
    from scipy.special import dawsn

    near = np.abs(x) < 7.0
    low = np.where(near, x, 0.0)
    head = dawsn(low)
    first = [head, 1.0 - 2.0 * low * head]
    inner = _by_recurrence(first, lambda k, f, g: -2.0 * low * f - 2.0 * (k - 1) * g, n)
    y = np.where(near, np.inf, x)
    # (2k-1)!! / (2**(k+1) x**(2k+1)), differentiated n times.
    term = (-1) ** n * math.factorial(n) * 0.5 / y ** (n + 1)
    total = term
    for k in range(1, 40):
        term = term * ((2 * k - 1) / 2) / (y * y)
        term = term * ((2 * k + n - 1) * (2 * k + n)) / ((2 * k - 1) * (2 * k))
        total = total + term
    return np.where(near, inner, total)


@_as_float64
def exprel_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of (exp(x) - 1)/x: the integral of s**n exp(x s) over 0 < s < 1."""
    out = np.empty_like(x)
    nodes, weights = quadrature.rule(n)
    for start in range(0, x.size, quadrature.BLOCK):
        y = x[start : start + quadrature.BLOCK]
        size = np.abs(y)
        reach = np.minimum(1.0, quadrature.cutoff(n) / size)[:, None]
        u = reach * nodes  # from the end where the integrand is large
        s = np.where(y[:, None] > 0, 1.0 - u, u)
        mass = (weights * reach * s**n * np.exp(-u * size[:, None])).sum(1)
        out[start : start + quadrature.BLOCK] = mass * np.exp(np.maximum(y, 0.0))
    out = np.where(x == np.inf, np.inf, out)
    return np.where(x == -np.inf, 0.0, out)


@_as_float64
def log1p_ratio_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of log(1 + x)/x, x > -1.

    Near 0 the integral of (-s)**n n! / (1 + s x)**(n+1); elsewhere from x times the quotient.
    """
    near = np.abs(x) < 0.7
    y = np.where(near, 1.0, x)
    value = np.log1p(y) / y
    for k in range(1, n + 1):
        value = ((-1) ** (k - 1) * math.factorial(k - 1) / (1.0 + y) ** k - k * value) / y
    nodes, weights = quadrature.rule(n)
    (places,) = np.nonzero(near)
    for start in range(0, places.size, quadrature.BLOCK):
        at = places[start : start + quadrature.BLOCK]
        row = weights * nodes**n / (1.0 + x[at][:, None] * nodes) ** (n + 1)
        value[at] = (-1) ** n * math.factorial(n) * row.sum(1)
    return value
