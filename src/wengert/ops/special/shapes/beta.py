"""I_x(a + e, b + h) as a power series in e and h; the package's docstring describes the method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ops.special.shapes import quadrature, truncated
from wengert.ops.special.shapes.digamma import (
    LARGE,
    log_gamma_series,
    log_ratio,
    log_ratio_rest,
    stirling,
    zeta_difference,
    zeta_rest_difference,
)
from wengert.ops.special.shapes.truncated import Order, Series, exponents

# Near x = 0 the power series in x: to x = 1/2, and where its terms (1-b)_j x**j / j! stay small.
_SERIES_X, _SERIES_BX, _N_TERMS = 0.5, 1.5, 56


def log_kernel(a: Any, b: Any, x: Any, y: Any) -> Any:
    """log of x**a y**b / B(a, b), y = 1 - x, exact where a and b are large and x near the mean.

    Source: Loader, C. (2000), Fast and accurate computation of binomial probabilities.
    """
    total = a + b
    return (
        a * log_ratio_rest(x * (total / a), (x * b - y * a) / a)
        + b * log_ratio_rest(y * (total / b), (y * a - x * b) / b)
        + 0.5 * (np.log(a / total) + np.log(b / (2 * math.pi)))
        + stirling(total)
        - stirling(a)
        - stirling(b)
    )


def expand(a: Any, b: Any, x: Any, order: Order) -> tuple[Any, Any, Series]:
    """Where the lower tail is expanded; log I there and log(1 - I) elsewhere; and the series F.

    I_x(a + e, b + h) = I_x(a, b) F(e, h), or the same of 1 - I. `a`, `b` > 0 finite and 0 < `x` < 1
    are one-dimensional float64 arrays of one length.
    """
    from scipy.special import psi

    y = 1.0 - x
    may_lower, may_upper = has_series(b, x), has_series(a, y)
    is_below = np.log(x / y) < psi(a) - psi(b)  # the mean of log(t / (1 - t))
    lower = np.where(may_lower == may_upper, is_below, may_lower)
    log_tail = np.empty_like(x)
    series = {key: np.empty_like(x) for key in exponents(order)}
    (at,) = np.nonzero(lower)
    if at.size:
        log_tail[at], found = expand_lower(a[at], b[at], x[at], y[at], order)
        for i, j in series:
            series[i, j][at] = found[i, j]
    (at,) = np.nonzero(~lower)
    if at.size:
        log_tail[at], found = expand_lower(b[at], a[at], y[at], x[at], order[::-1])
        for i, j in series:
            series[i, j][at] = found[j, i]
    return lower, log_tail, series


def has_series(b: Any, x: Any) -> Any:
    return (x <= _SERIES_X) & (b * x <= _SERIES_BX)


def expand_lower(a: Any, b: Any, x: Any, y: Any, order: Order) -> tuple[Any, Series]:
    """log I_x(a, b) and the series of I_x(a + e, b + h) / I_x(a, b)."""
    in_series = has_series(b, x)
    keys = list(exponents(order))
    sums = np.empty((len(keys), x.size))
    for where, f, size in (
        (in_series, _power_series, 8192),
        (~in_series, _means, quadrature.BLOCK),
    ):
        (places,) = np.nonzero(where)
        for first in range(0, places.size, size):
            at = places[first : first + size]
            found = f(a[at], b[at], x[at], y[at], order)
            for k, key in enumerate(keys):
                sums[k, at] = found[key]
    log_tail = log_kernel(a, b, x, y) + np.log(sums[0])
    ratio = {key: sums[k] / sums[0] for k, key in enumerate(keys)}
    return log_tail, truncated.multiply(_prefactor(a, b, x, y, in_series, order), ratio, order)


def _prefactor(a: Any, b: Any, x: Any, y: Any, in_series: Any, order: Order) -> Series:
    """x**e y**h B(a, b) / B(a + e, b + h), in the power series without y**h and with a B for B.

    Gamma(b) below 1 becomes Gamma(b + 1)/b, as for the gamma function, unless a is smaller still:
    then psi(a + b) - psi(b) is a small number as it stands.
    """
    exponent = log_gamma_series(a + b, order)
    is_small = (b < 1.0) & (a > b)
    for k in range(1, order[0] + 1):
        exponent[k, 0] = _gammas(k, a, b, in_series, in_series & (a < 1.0))
    for k in range(1, order[1] + 1):
        exponent[0, k] = _gammas(k, b, a, is_small, is_small)
    if order[0]:
        exponent[1, 0] = exponent[1, 0] + np.log(x)
        exponent[1, 0] = np.where(in_series, exponent[1, 0], _slope(a, b, x, y, exponent[1, 0]))
    if order[1]:
        with_y = exponent[0, 1] + np.log(y)
        with_y = np.where(is_small, with_y, _slope(b, a, y, x, with_y))
        exponent[0, 1] = np.where(in_series, exponent[0, 1], with_y)
    factor = truncated.exp(exponent, order)
    linear = np.where(is_small, 1.0 / b, 0.0)
    return truncated.multiply(factor, {(0, 0): 1.0, (0, 1): linear}, order)


def _gammas(k: int, a: Any, b: Any, is_shifted: Any, is_apart: Any) -> Any:
    """The coefficient of e**k in log of Gamma(a+b+e) / Gamma(a+b) Gamma(z) / Gamma(z+e).

    z is a + 1 where `is_shifted`, a elsewhere. Differences of zeta functions are taken as such,
    but where z and a + b are far apart and 1/a is large.
    """
    from scipy.special import psi, zeta

    found = zeta_difference(k, a, b)
    found = np.where(is_shifted, found - a ** -float(k), found)
    if np.any(is_apart):
        z, total = a[is_apart] + 1.0, (a + b)[is_apart]
        found[is_apart] = psi(total) - psi(z) if k == 1 else zeta(k, z) - zeta(k, total)
    return found * (-((-1) ** k) / k)


def _slope(a: Any, b: Any, x: Any, y: Any, plain: Any) -> Any:
    """log x - psi(a) + psi(a + b): for large a, where it nearly cancels, from its difference."""
    is_large = a >= LARGE
    rest = zeta_rest_difference(1, np.maximum(a, LARGE), b)
    near = log_ratio(x * ((a + b) / a), (x * b - y * a) / a) + rest
    return np.where(is_large, near, plain)


def _power_series(a: Any, b: Any, x: Any, y: Any, order: Order) -> Series:
    """1/(a y**b) times S(a + e, b + h), where I = x**a S(a, b) / (a B(a, b)); DLMF 8.17.7.

    S = sum over j of (1 - b)_j x**j / j! (1 - j / (a + j)).
    """
    n, m = order
    out = {key: np.zeros_like(x) for key in exponents(order)}
    out[0, 0] = np.ones_like(x)
    coefficients = [np.ones_like(x)] + [np.zeros_like(x)] * m  # of powers of h
    for j in range(1, _N_TERMS):
        scaled = [c * (x / j) for c in coefficients]
        coefficients = [(j - b) * c for c in scaled]
        for k in range(1, m + 1):
            coefficients[k] = coefficients[k] - scaled[k - 1]
        for k, c in enumerate(coefficients):
            part = c / (a + j)
            out[0, k] = out[0, k] + a * part
            part = part * j
            for i in range(1, n + 1):
                part = part / -(a + j)
                out[i, k] = out[i, k] - part
    scale = np.exp(-b * np.log1p(-x)) / a
    return {key: value * scale for key, value in out.items()}


def _means(a: Any, b: Any, x: Any, y: Any, order: Order) -> Series:
    """Integrals of U**i V**j with the weight exp(b V - a U), over s > 0 in logit t = logit x - s.

    U = log(x/t) = log(1 + y (exp(s) - 1)), V = log((1-t)/(1-x)) = -log(1 + x (exp(-s) - 1)).
    """
    n, m = order

    def value_and_slope(s: Any) -> tuple[Any, Any]:
        up = np.expm1(s)
        down = -up / (1.0 + up)
        u, v = 1.0 + y * up, 1.0 + x * down
        return a * np.log(u) + b * np.log(v), a * y * (1.0 + up) / u - b * x * (1.0 + down) / v

    start = quadrature.root_of_parabola(
        (a + b) * x * y, np.maximum(a * y - b * x, 0.0), quadrature.cutoff(n + m)
    )
    reach = quadrature.end(value_and_slope, start, n + m)
    nodes, weights = quadrature.rule(n + m)
    up = np.expm1(reach[:, None] * nodes)
    u, v = np.log1p(y[:, None] * up), -np.log1p(x[:, None] * (-up / (1.0 + up)))
    row = weights * np.exp(b[:, None] * v - a[:, None] * u)
    out = {}
    for i in range(n + 1):
        w = row
        for j in range(m + 1):
            out[i, j] = w.sum(1) * reach
            w = w * (v / (j + 1))
        row = row * (u / -(i + 1))
    return out
