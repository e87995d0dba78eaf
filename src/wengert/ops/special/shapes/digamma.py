"""Digamma and log-gamma functions where only a difference is needed, to full relative accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from wengert.ops.special.shapes.truncated import Order, Series, exponents

# psi(z) = log z - delta(z), delta(z) = 1/(2z) + sum of these over z**(2k); DLMF 5.11.2.
_DELTA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
# log Gamma(z + 1) = (z + 1/2) log z - z + log(2 pi)/2 + sum of these over z**(2k - 1); DLMF 5.11.1.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
LARGE = 10.0  # from here on seven terms leave less than rounding


def delta(z: Any) -> Any:
    """log z - psi(z) for z >= 10."""
    return 0.5 / z + _polynomial(_DELTA, 1 / (z * z)) / (z * z)


def stirling(z: Any) -> Any:
    """log Gamma(z + 1) - (z + 1/2) log z + z - log(2 pi)/2: the remainder of Stirling's formula."""
    from scipy.special import gammaln

    y = np.maximum(z, LARGE)
    large = _polynomial(_STIRLING, 1 / (y * y)) / y
    low = np.minimum(z, LARGE)
    small = gammaln(low + 1.0) - (low + 0.5) * np.log(low) + low - 0.5 * math.log(2 * math.pi)
    return np.where(z >= LARGE, large, small)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def log_ratio(ratio: Any, excess: Any) -> Any:
    """log(ratio) where `excess` = ratio - 1 is known better than a subtraction would give it."""
    near = np.abs(excess) < 0.5
    return np.where(near, np.log1p(np.where(near, excess, 0.0)), np.log(ratio))


def log_ratio_rest(ratio: Any, excess: Any) -> Any:
    """log(ratio) - excess without cancellation.

    With r = u / (2 + u), log(1 + u) = 2 artanh(r) and 2 r - u = -u r.
    """
    near = np.abs(excess) < 0.5
    u = np.where(near, excess, 0.0)
    r = u / (2 + u)
    r2 = r * r
    odd = _polynomial(tuple([1 / (2 * k + 3) for k in range(14)]), r2)
    return np.where(near, -u * r + 2 * r * r2 * odd, np.log(ratio) - excess)


def zeta_difference(k: int, z: Any, h: Any) -> Any:
    """zeta(k, z) - zeta(k, z + h) for z, h > 0, exact also for small h.

    For k = 1 it is psi(z + h) - psi(z), the limit.
    """
    small = z < LARGE
    y = np.where(small, z + LARGE, z)
    total = zeta_rest_difference(k, y, h)
    if k == 1:
        total = total + np.log1p(h / y)
    else:
        total = total + _power_difference(k - 1, y, h) / (k - 1)
    if np.any(small):
        w, g = z[small], h[small]
        total[small] += sum(_power_difference(k, w + i, g) for i in range(int(LARGE)))
    return total


def _power_differences(z: Any, h: Any) -> Iterator[Any]:
    """z**-p - (z + h)**-p for p = 1, 2, ...: (u - v)(u**(p-1) + ... + v**(p-1)), u - v = h u v."""
    u, v = 1 / z, 1 / (z + h)
    scale = h * u * v
    total = power = 1.0
    while True:
        yield scale * total
        power = power * v
        total = total * u + power


def _power_difference(p: int, z: Any, h: Any) -> Any:
    return next(islice(_power_differences(z, h), p - 1, None))


def zeta_rest_difference(k: int, z: Any, h: Any) -> Any:
    """The same without the leading term of the Euler-Maclaurin formula, z >= 10; DLMF 25.11.28.

    For k = 1 it is delta(z) - delta(z + h).
    """
    differences = islice(_power_differences(z, h), k - 1, None)
    total = 0.5 * next(differences)
    for j, c in enumerate(_DELTA, start=1):  # Bernoulli number B_2j over 2j
        factor = c * math.prod(range(k, k + 2 * j - 1)) / math.factorial(2 * j - 1)
        total = total + factor * next(differences)
        next(differences)
    return total


def log_gamma_series(z: Any, order: Order) -> Series:
    """log Gamma(z + e + h) - log Gamma(z) but for its linear terms.

    The term of degree k is (-1)**k zeta(k, z) / k (e + h)**k; DLMF 5.15.1.
    """
    from scipy.special import zeta

    out: Series = {}
    by_degree: dict[int, Any] = {}
    for i, j in exponents(order):
        k = i + j
        if k >= 2:
            if k not in by_degree:
                by_degree[k] = (-1) ** k * zeta(k, z) / k
            out[i, j] = math.comb(k, i) * by_degree[k]
    return out


def complex_polygamma(n: int, z: Any) -> Any:
    """The n-th derivative of the digamma function, n >= 1, of complex numbers.

    The asymptotic series (DLMF 5.15.8) after steps to the right; left of zero the reflection
    formula (DLMF 5.15.6), in which the derivatives of the cotangent are polynomials of itself.
    """
    with np.errstate(all="ignore"):
        w = np.asarray(z, np.complex128)
        is_left = w.real < 0.0
        y = np.where(is_left, 1.0 - w, w)
        total = np.zeros_like(y)
        for _ in range(16):
            near = y.real < 16.0
            total = total + np.where(near, y ** -(n + 1.0), 0.0)
            y = np.where(near, y + 1.0, y)
        total = math.factorial(n) * total + math.factorial(n - 1) * y**-n
        total = total + 0.5 * math.factorial(n) * y ** -(n + 1.0)
        for k, c in enumerate(_DELTA, start=1):
            factor = c * math.factorial(2 * k + n - 1) / math.factorial(2 * k - 1)
            total = total + factor * y ** -(2.0 * k + n)
        right = (-1) ** (n + 1) * total
        reflected = (-1) ** n * right - math.pi ** (n + 1) * _cotangent_derivative(n, w)
        found = np.where(is_left, reflected, right)
    return np.asarray(found, np.asarray(z).dtype)[()]


def _cotangent_derivative(n: int, z: Any) -> Any:
    """The n-th derivative of the cotangent at pi z, a polynomial in it: cot' = -(1 + cot**2)."""
    turned = z - np.round(z.real)
    cot = 1.0 / np.tan(math.pi * turned)
    polynomial = np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([-1.0, 0.0, -1.0])
    return polynomial(cot)
