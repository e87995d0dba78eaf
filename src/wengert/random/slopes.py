"""How samples move with the parameters of their distribution: implicit reparameterization.

A sample x(θ) of the distribution function F, with F(x, θ) held fixed, moves by

    dx/dθ = -(∂F/∂θ) / p(x),      p = ∂F/∂x,

whatever way it was drawn. Source: M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization
gradients", NeurIPS 2018, equation 5.

Here these quotients are integrals of smooth functions that decay, written in NumPy: on plain arrays
they are values, on traced ones they have derivatives of any order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ops.core import iota
from wengert.trace.tracer import Tracer

_N_NODES = 90
_STEP = 6.3 / _N_NODES
_GAUSS_NODES, _GAUSS_WEIGHTS = [0.5 * x for x in np.polynomial.legendre.leggauss(56)]
_CUTOFF = 40.0  # exp(-40) is 4e-18
_N_SHIFTS = 8  # terms of a series that are summed before the rest is an integral


def _mean(f: Callable[[Any], Any], end: Any) -> Any:
    """The integral of f over (0, end), by nodes along a new last axis.

    Gauss's on plain arrays. On traced ones those of tanh-sinh quadrature, which operations make: a
    rule may not hold arrays. Source: H. Takahasi, M. Mori, Publ. RIMS 9 (1974) 721.
    """
    if not isinstance(end, Tracer):
        end = _column(end)
        return end[..., 0] * (f((_GAUSS_NODES + 0.5) * end) @ _GAUSS_WEIGHTS)
    t = (iota(_N_NODES, np.float64) - (_N_NODES - 1) / 2) * _STEP
    s = np.exp(-math.pi * np.sinh(t))
    x = 1.0 / (1.0 + s)
    weight = math.pi * _STEP * np.cosh(t) * x * (s * x)
    end = _column(end)
    return np.sum(weight * end * f(x * end), axis=-1)


def _column(x: Any) -> Any:
    """Numbers beside an axis of nodes."""
    return np.expand_dims(x, -1)


def _fixed(x: Any) -> Any:
    """x rounded up, by a fifth at most: the ends of integrals are no variables."""
    return np.exp2(0.25 * np.ceil(4.0 * np.log2(x)))


# -- gamma -----------------------------------------------------------------------------------------

# Of the asymptotic series of the digamma function, B_2k / 2k; DLMF 5.11.2.
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def _digammas(a: Any) -> list[Any]:
    """psi(a), psi(a + 1), …, psi(a + 8) for a > 0."""
    z = a + float(_N_SHIFTS)
    r = 1.0 / (z * z)
    series = 0.0 * r
    for c in reversed(_DIGAMMA):
        series = r * (c + series)
    found = [np.log(z) - 0.5 / z - series]
    for k in reversed(range(_N_SHIFTS)):
        found.append(found[-1] - 1.0 / (a + float(k)))
    return found[::-1]


def log_gamma_slope(a: Any, y: Any) -> Any:
    """dy/da for the logarithm y of a sample of Gamma(a, 1).

    With x = e^y, -(∂P/∂a) / (x p) is an integral of ψ(a) - ln t over 0 < t < x, and one of
    ln t - ψ(a) over t > x, with the weight (t/x)^a e^(x-t) dt / t: from DLMF 8.2.4 differentiated.
    The first is used for x <= a, after 8 steps of a -> a + 1 (DLMF 8.8.1), which leave a weight of
    one scale.
    """
    x = np.exp(y)
    psi = _digammas(a)
    is_lower = x <= a
    if not isinstance(is_lower, Tracer):
        low, high = is_lower, ~is_lower
        out = np.empty(x.shape)
        out[low] = _lower(a[low], x[low], y[low], [p[low] for p in psi])
        out[high] = _upper(a[high], x[high], y[high], psi[0][high])
        return out
    lower = _lower(a, np.where(is_lower, x, a), np.where(is_lower, y, np.log(a)), psi)
    beyond = a + 1.0
    upper = _upper(a, np.where(is_lower, beyond, x), np.where(is_lower, np.log(beyond), y), psi[0])
    return np.where(is_lower, lower, upper)


def _lower(a: Any, x: Any, y: Any, psi: list[Any]) -> Any:
    total, term = 0.0 * a, 1.0
    for k in range(_N_SHIFTS):
        term = term / (a + float(k))
        total = total + term * (psi[k + 1] - y)
        term = term * x
    b = a + float(_N_SHIFTS)
    less = _CUTOFF - 2.0 * (b - x)
    end = _fixed((less + np.sqrt(less * less + 8.0 * _CUTOFF * b)) / (2.0 * b))
    x, d, level = _column(x), _column(b - x), _column(psi[-1] - y)
    rest = _mean(lambda s: (level + s) * np.exp(-d * s - x * (s + np.expm1(-s))), end)
    return total + term * rest


def _upper(a: Any, x: Any, y: Any, psi: Any) -> Any:
    d = x - a
    parabola = 2.0 * _CUTOFF / (d + np.sqrt(d * d + 2.0 * _CUTOFF * x))
    growth = 1.0 + np.log1p(_CUTOFF / x)
    for _ in range(2):
        growth = np.log1p(_CUTOFF / x + growth)  # to x (e^s - 1 - s) = 40
    end = _fixed(np.minimum(parabola, growth))
    x, d, level = _column(x), _column(d), _column(y - psi)
    return _mean(lambda s: (level + s) * np.exp(-d * s - x * (np.expm1(s) - s)), end)


# -- von Mises -------------------------------------------------------------------------------------


def von_mises_slope(kappa: Any, x: Any) -> Any:
    """dx/dκ for a sample |x| <= π of the von Mises distribution around 0.

    The integral of cos t - A(κ), A = I_1/I_0, over |x| < t < π, or minus that over 0 < t < |x|,
    with the weight exp(κ (cos t - cos x)).
    """
    size = np.abs(x)
    end = _fixed(np.minimum(math.pi, 15.0 / np.sqrt(kappa + 1.0)))
    end = np.minimum(end, math.pi)
    kappa_ = _column(kappa)

    def above_cosine(t: Any) -> Any:  # 1 - cos t
        half = np.sin(0.5 * t)
        return 2.0 * half * half

    whole = _mean(lambda t: np.exp(-kappa_ * above_cosine(t)), end)
    first = _mean(lambda t: above_cosine(t) * np.exp(-kappa_ * above_cosine(t)), end)
    mean = _column(first / whole)
    is_inner = kappa * above_cosine(size) < 1.0
    inner_size = _column(np.where(is_inner, size, 0.5 * end))
    inner = _mean(
        lambda t: (
            inner_size
            * (above_cosine(t * inner_size) - mean)
            * np.exp(kappa_ * (above_cosine(inner_size) - above_cosine(t * inner_size)))
        ),
        1.0 + 0.0 * size,
    )
    inner = np.where(is_inner, inner, 0.0)
    rest = np.minimum(end, math.pi - size)
    outer_size = _column(size)
    outer = _mean(
        lambda t: (
            (mean - above_cosine(t + outer_size))
            * np.exp(kappa_ * (above_cosine(outer_size) - above_cosine(t + outer_size)))
        ),
        rest,
    )
    return np.sign(x) * np.where(is_inner, inner, outer)


# -- normal ----------------------------------------------------------------------------------------


def mills_ratio(z: Any) -> Any:
    """(1 - Φ(z)) / φ(z) for z >= 0, the integral of exp(-z t - t²/2) over t > 0."""
    end = _fixed(2.0 * _CUTOFF / (z + np.sqrt(z * z + 2.0 * _CUTOFF)))
    z = _column(z)
    return _mean(lambda t: np.exp(-t * (z + 0.5 * t)), end)
