"""P(a + e, x) as a power series in e; the method is described in the package's docstring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ops.special.shapes import quadrature, truncated
from wengert.ops.special.shapes.digamma import (
    delta,
    log_gamma_series,
    log_ratio,
    log_ratio_rest,
    stirling,
)
from wengert.ops.special.shapes.truncated import Series

_SERIES_BELOW = 1.5  # in x: fewer than 30 terms, and their signs cost a digit at most
_N_TERMS = 28


def log_density(a: Any, x: Any) -> Any:
    """log of x**(a-1) exp(-x) / Gamma(a), exact where a is large and x near it; a, x > 0.

    Source: Loader, C. (2000), Fast and accurate computation of binomial probabilities: the
    exponent is a deviance and a remainder of Stirling's formula.
    """
    deviance = a * log_ratio_rest(x / a, (x - a) / a)
    return deviance - stirling(a) + 0.5 * np.log(a / (2 * math.pi)) - np.log(x)


def expand(a: Any, x: Any, degree: int) -> tuple[Any, Any, Series]:
    """Where the lower tail is expanded; log P there and log Q elsewhere; and the series F.

    P(a + e) = P(a) F(e), or Q(a + e) = Q(a) F(e). `a` > 0 and finite `x` > 0 are one-dimensional
    float64 arrays of one length.
    """
    in_series = x <= _SERIES_BELOW
    slope = _log_x_minus_psi(a, x)
    lower = in_series | (slope < 0.0)
    sums = np.empty((degree + 1, a.size))
    for where, f, size in (
        (in_series, _power_series, 8192),
        (~in_series & lower, _lower_means, quadrature.BLOCK),
        (~lower, _upper_means, quadrature.BLOCK),
    ):
        (places,) = np.nonzero(where)
        for first in range(0, places.size, size):
            at = places[first : first + size]
            sums[:, at] = f(a[at], x[at], degree)
    log_tail = log_density(a, x) + np.log(x * sums[0])
    ratio = {(k, 0): sums[k] / sums[0] for k in range(degree + 1)}
    factor = _prefactor(a, x, in_series, slope, degree)
    return lower, log_tail, truncated.multiply(factor, ratio, (degree, 0))


def _log_x_minus_psi(a: Any, x: Any) -> Any:
    """log x - psi(a); for large a, where the two are nearly equal, from their difference."""
    from scipy.special import psi

    is_large = a >= 10.0
    b = np.where(is_large, a, 10.0)
    y = np.where(is_large, x, 10.0)
    return np.where(is_large, log_ratio(y / b, (y - b) / b) + delta(b), np.log(x) - psi(a))


def _prefactor(a: Any, x: Any, in_series: Any, slope: Any, degree: int) -> Series:
    """x**e Gamma(a)/Gamma(a+e), or with Gamma(a+1) in place of Gamma(a) in the power series.

    Below a = 1, 1/Gamma(a) is a/Gamma(a+1): a factor that vanishes is no sum of large terms.
    """
    is_shifted = in_series | (a < 1.0)
    z = np.where(is_shifted, a + 1.0, a)
    exponent = {key: -value for key, value in log_gamma_series(z, (degree, 0)).items()}
    exponent[1, 0] = np.where(is_shifted, slope - 1.0 / a, slope)
    small = is_shifted & (a < 1.0)
    if np.any(small):
        from scipy.special import psi

        exponent[1, 0][small] = np.log(x[small]) - psi(a[small] + 1.0)
    factor = truncated.exp(exponent, (degree, 0))
    linear = np.where(~in_series & (a < 1.0), 1.0 / a, 0.0)
    return truncated.multiply(factor, {(0, 0): 1.0, (1, 0): linear}, (degree, 0))


def _power_series(a: Any, x: Any, degree: int) -> list[Any]:
    """exp(x)/a times S(a + e), where P = x**a S(a) / Gamma(a+1); DLMF 8.7.1."""
    sums = [np.ones_like(x)] + [np.zeros_like(x) for _ in range(degree)]
    term = np.ones_like(x)
    for j in range(1, _N_TERMS):
        term = term * (-x / j)
        part = term / (a + j)
        sums[0] = sums[0] + a * part
        part = part * j
        for k in range(1, degree + 1):
            part = part / -(a + j)
            sums[k] = sums[k] - part
    scale = np.exp(x) / a
    return [s * scale for s in sums]


def _lower_means(a: Any, x: Any, degree: int) -> list[Any]:
    """E[exp(-e s) | s > 0], s = log(x/t): the weight is exp(-a s + x (1 - exp(-s)))."""

    def energy(s: Any, a: Any, x: Any) -> Any:
        return a * s + x * np.expm1(-s)

    def slope(s: Any) -> Any:
        return a - x * np.exp(-s)

    # The parabola lies above E: its root is too near, and one step leads beyond the true one.
    return _means(energy, slope, a, x, np.maximum(a - x, 0.0), degree, -1.0)


def _upper_means(a: Any, x: Any, degree: int) -> list[Any]:
    """E[exp(e s) | s > 0], s = log(t/x): the weight is exp(a s - x (exp(s) - 1))."""

    def energy(s: Any, a: Any, x: Any) -> Any:
        return x * np.expm1(s) - a * s

    def slope(s: Any) -> Any:
        return x * np.exp(s) - a

    return _means(energy, slope, a, x, np.maximum(x - a, 0.0), degree, 1.0)


def _means(
    energy: Any, slope: Any, a: Any, x: Any, first_slope: Any, degree: int, sign: float
) -> list[Any]:
    start = quadrature.root_of_parabola(x, first_slope, quadrature.cutoff(degree))
    reach = quadrature.end(lambda s: (energy(s, a, x), slope(s)), np.minimum(start, 8.0), degree)
    nodes, weights = quadrature.rule(degree)
    s = reach[:, None] * nodes
    w = weights * np.exp(-energy(s, a[:, None], x[:, None]))
    out = [w.sum(1) * reach]
    for k in range(1, degree + 1):
        w = w * (s * (sign / k))
        out.append(w.sum(1) * reach)
    return out
