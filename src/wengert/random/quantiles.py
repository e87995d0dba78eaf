"""Inverse distribution functions on arrays. SciPy's special functions are imported when needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988) 477, PPND16: numerator and
# denominator in ascending powers.
CENTER = (
    (
        3.3871328727963666080,
        133.14166789178437745,
        1971.5909503065514427,
        13731.693765509461125,
        45921.953931549871457,
        67265.770927008700853,
        33430.575583588128105,
        2509.0809287301226727,
    ),
    (
        1.0,
        42.313330701600911252,
        687.18700749205790830,
        5394.1960214247511077,
        21213.794301586595867,
        39307.895800092710610,
        28729.085735721942674,
        5226.4952788528545610,
    ),
)
NEAR_TAIL = (
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        0.241780725177450611770,
        0.0227238449892691845833,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        0.689767334985100004550,
        0.148103976427480074590,
        0.0151986665636164571966,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
FAR_TAIL = (
    (
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        0.296560571828504891230,
        0.0265321895265761230930,
        0.00124266094738807843860,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        0.599832206555887937690,
        0.136929880922735805310,
        0.0148753612908506148525,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def _special() -> Any:
    from scipy import special  # no SciPy module is imported before it is needed

    return special


def normal(u: Any) -> Any:
    """Φ^-1(u)."""
    return _special().ndtri(u)


@np.errstate(all="ignore")
def log_gamma(a: Any, u: Any) -> Any:
    """The logarithm of the quantile of Gamma(a, 1).

    From the nearer tail; where the quantile is below e^-37 its distribution function is
    x^a / Γ(a + 1) to the last bit, DLMF 8.7.1, so that shapes near 0 do not underflow.
    """
    special = _special()
    small = (np.log(u) + special.gammaln(a + 1.0)) / a
    lower = special.gammaincinv(a, np.minimum(u, 0.5))
    upper = special.gammainccinv(a, np.minimum(1.0 - u, 0.5))
    inside = np.log(np.where(u <= 0.5, lower, upper))
    return np.where(a > 0.0, np.where(small < -37.0, small, inside), np.nan)[()]


@np.errstate(all="ignore")
def truncated_normal(lower: Any, upper: Any, u: Any) -> Any:
    """Of the standard normal distribution between two ends, worked out in the left tail."""
    special = _special()
    is_right = lower + upper > 0
    low, high = np.where(is_right, -upper, lower), np.where(is_right, -lower, upper)
    share = np.where(is_right, 1.0 - u, u)
    log_p = np.logaddexp(
        special.log_ndtr(low) + np.log1p(-share), special.log_ndtr(high) + np.log(share)
    )
    x = np.clip(special.ndtri_exp(log_p), low, high)
    x = np.where(is_right, -x, x)
    return np.where(lower < upper, x, np.nan)[()]


@np.errstate(all="ignore")
def wald(mean: Any, scale: Any, u: Any) -> Any:
    """Of the inverse Gaussian distribution: Newton's method for the logarithm of the nearer tail,
    in log x, kept in a bracket."""
    special = _special()
    mean, scale, u = np.broadcast_arrays(mean, scale, u)
    is_lower = u < 0.5
    goal = np.log(np.minimum(u, 1.0 - u))
    spread = np.log1p(mean / scale)
    y = np.log(mean) - 0.5 * spread + np.sqrt(spread) * normal(u)
    low, high = np.full(u.shape, -np.inf), np.full(u.shape, np.inf)
    for _ in range(100):
        x = np.exp(y)
        root = np.sqrt(scale / x)
        z = root * (x / mean - 1.0)
        left = np.exp(2.0 * scale / mean + special.log_ndtr(-root * (x / mean + 1.0)))
        tail = np.where(is_lower, special.ndtr(z) + left, special.ndtr(-z) - left)
        density = root * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)  # of log x
        step = np.where(is_lower, goal - np.log(tail), np.log(tail) - goal) * tail / density
        step = np.where(tail > 0.0, step, np.where(is_lower, 2.0, -2.0))  # too far out to tell
        low, high = np.where(step > 0.0, y, low), np.where(step > 0.0, high, y)
        moved = y + np.clip(np.where(np.isnan(step), 0.0, step), -2.0, 2.0)
        outside = (moved < low) | (moved > high)
        moved = np.where(outside, 0.5 * (low + high), moved)
        is_done = not np.any(np.abs(moved - y) > 1e-9)  # the step after that is exact
        y = moved
        if is_done:
            break
    return np.where((mean > 0.0) & (scale > 0.0), np.exp(y), np.nan)[()]


# -- von Mises -------------------------------------------------------------------------------------

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_BLOCK = 1024  # elements at a time, whose values at all nodes stay in the cache


def von_mises(kappa: Any, u: Any) -> Any:
    """Of the von Mises distribution around 0 on (-π, π)."""
    kappa, u = np.broadcast_arrays(kappa, u)
    out = np.empty(u.shape)
    flat = out.reshape(-1)
    for k in range(0, flat.size, _BLOCK):
        part = slice(k, k + _BLOCK)
        flat[part] = _von_mises(kappa.ravel()[part], u.ravel()[part])
    return out[()]


@np.errstate(all="ignore")
def _von_mises(kappa: Any, u: Any) -> Any:
    """Newton's method, kept in a bracket, for the share of (0, x) or the log of that of (x, π)."""
    share = np.abs(2.0 * u - 1.0)
    rest = 2.0 * np.minimum(u, 1.0 - u)
    is_inner = share < 0.5
    goal = np.where(is_inner, share, rest)
    total = np.pi * _special().i0e(kappa)
    end = np.minimum(np.pi, 15.0 / np.sqrt(kappa + 1.0))
    low, high = np.zeros_like(end), end.copy()
    x = np.minimum(normal(0.5 + 0.5 * share * (1 - 1e-16)) / np.sqrt(kappa + 0.3), 0.9 * end)
    for _ in range(60):
        start, stop = np.where(is_inner, 0.0, x), np.where(is_inner, x, end)
        found = _density_integral(kappa, start, stop) / total
        is_left = np.where(is_inner, found < goal, found > goal)
        low, high = np.where(is_left, x, low), np.where(is_left, high, x)
        slope = np.exp(-2.0 * kappa * np.sin(0.5 * x) ** 2) / total
        outwards = np.where(is_inner, goal - found, found * np.log(found / goal))
        moved = x + outwards / slope
        moved = np.where((moved >= low) & (moved <= high), moved, 0.5 * (low + high))
        done = not np.any(np.abs(moved - x) > 1e-10 * x)  # the step after that is exact
        x = moved
        if done:
            break
    return np.where(kappa >= 0.0, np.copysign(x, u - 0.5), np.nan)


def _density_integral(kappa: Any, start: Any, stop: Any) -> Any:
    """Of exp(κ (cos t - 1)) between two ends."""
    half = 0.5 * (stop - start)[:, None]
    t = half * (_NODES + 1.0) + start[:, None]
    density = np.exp(-2.0 * kappa[:, None] * np.sin(0.5 * t) ** 2)
    return half[:, 0] * (density @ _WEIGHTS)


# -- integers --------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def poisson(rate: Any, u: Any) -> Any:
    """The least k with P(X <= k) >= u; -1 where the rate is no rate."""
    rate, u = np.broadcast_arrays(np.asarray(rate, np.float64), u)
    special = _special()
    deviation = np.sqrt(rate)
    return _search(
        lambda k, rate: special.gammaincc(k + 1.0, rate),
        (rate,),
        u,
        _expansion(rate, deviation, 1.0 / deviation, u),
        np.full(u.shape, np.inf),
        (rate >= 0.0) & np.isfinite(rate),
    )


@np.errstate(all="ignore")
def binomial(n: Any, p: Any, u: Any) -> Any:
    """The same for the number of successes of n; -1 where n or p is none."""
    n, p, u = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(p, np.float64), u)
    special = _special()
    deviation = np.sqrt(n * np.abs(p * (1.0 - p)))
    return _search(
        lambda k, n, p: np.where(
            k >= n, 1.0, 1.0 - special.betainc(k + 1.0, np.maximum(n - k, 0.5), p)
        ),
        (n, p),
        u,
        _expansion(n * p, deviation, (1.0 - 2.0 * p) / deviation, u),
        n,
        (n >= 0.0) & (n == np.floor(n)) & (p >= 0.0) & (p <= 1.0),
    )


@np.errstate(all="ignore")
def _expansion(mean: Any, deviation: Any, skewness: Any, u: Any) -> Any:
    """Two terms of Cornish and Fisher's expansion of a quantile; Abramowitz-Stegun 26.2.49."""
    z = normal(u)
    shift = deviation * (z + skewness * (z * z - 1.0) / 6.0)
    return np.floor(mean + np.where(deviation > 0.0, shift, 0.0))


def _search(
    cdf: Callable[..., Any],
    parameters: tuple[Any, ...],
    u: Any,
    start: Any,
    largest: Any,
    is_valid: Any,
) -> Any:
    """From a start that is near: up while the distribution function is below u, then down."""
    shape = u.shape
    u, start, largest, is_valid = [x.ravel() for x in (u, start, largest, is_valid)]
    parameters = tuple([x.ravel() for x in parameters])
    k = np.clip(np.where(is_valid, start, 0.0), 0.0, np.where(is_valid, largest, 0.0))
    for step in (1.0, -1.0):
        (active,) = np.nonzero(is_valid)
        while active.size:
            at = k[active]
            below = cdf(at if step > 0 else at - 1.0, *[x[active] for x in parameters]) < u[active]
            moves = below & (at < largest[active]) if step > 0 else ~below & (at > 0.0)
            active = active[moves]
            k[active] += step
    return np.where(is_valid, k, -1.0).astype(np.int64).reshape(shape)[()]
