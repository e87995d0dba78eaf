"""Families that are made of the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.scipy import special as sc
from wengert.scipy.stats.family import LOG_2PI, Family, log1mexp, normal_logpdf

_ROOT_2 = math.sqrt(2.0)
EULER = 0.5772156649015329


def everywhere(*shapes: Any) -> Any:
    """Parameters of any sign; NaN is not allowed."""
    valid: Any = True
    for shape in shapes:
        valid = valid & (shape == shape)
    return valid


NORM = Family(
    "norm",
    logpdf=normal_logpdf,
    cdf=lambda y: sc.ndtr(y),
    logcdf=lambda y: sc.log_ndtr(y),
    ppf=lambda q: sc.ndtri(q),
    mean=0.0,
    var=1.0,
    skew=0.0,
    kurtosis=0.0,
    entropy=0.5 * (LOG_2PI + 1.0),
    is_symmetric=True,
)

LOGNORM = Family(
    "lognorm",
    ("s",),
    lower=0.0,
    is_open=True,
    logpdf=lambda y, s: normal_logpdf(np.log(y) / s) - np.log(s) - np.log(y),
    cdf=lambda y, s: sc.ndtr(np.log(y) / s),
    sf=lambda y, s: sc.ndtr(-np.log(y) / s),
    logcdf=lambda y, s: sc.log_ndtr(np.log(y) / s),
    logsf=lambda y, s: sc.log_ndtr(-np.log(y) / s),
    ppf=lambda q, s: np.exp(s * sc.ndtri(q)),
    isf=lambda q, s: np.exp(-s * sc.ndtri(q)),
    mean=lambda s: np.exp(0.5 * s * s),
    var=lambda s: np.expm1(s * s) * np.exp(s * s),
    skew=lambda s: (np.exp(s * s) + 2.0) * np.sqrt(np.expm1(s * s)),
    kurtosis=lambda s: (
        np.expm1(4.0 * s * s) + 2.0 * np.expm1(3.0 * s * s) + 3.0 * np.expm1(2.0 * s * s)
    ),
    entropy=lambda s: 0.5 * (1.0 + LOG_2PI) + np.log(s),
)

HALFNORM = Family(
    "halfnorm",
    lower=0.0,
    logpdf=lambda y: normal_logpdf(y) + math.log(2.0),
    cdf=lambda y: sc.erf(y / _ROOT_2),
    sf=lambda y: 2.0 * sc.ndtr(-y),
    logsf=lambda y: math.log(2.0) + sc.log_ndtr(-y),
    ppf=lambda q: _ROOT_2 * sc.erfinv(q),
    isf=lambda q: -sc.ndtri(0.5 * q),
    mean=math.sqrt(2.0 / math.pi),
    var=1.0 - 2.0 / math.pi,
    entropy=0.5 * math.log(0.5 * math.pi) + 0.5,
)


def _foldnorm_mean(c: Any) -> Any:
    return 2.0 * np.exp(normal_logpdf(c)) + c * sc.erf(c / _ROOT_2)


FOLDNORM = Family(
    "foldnorm",
    ("c",),
    lower=0.0,
    valid=lambda c: c >= 0.0,
    logpdf=lambda y, c: np.logaddexp(normal_logpdf(y - c), normal_logpdf(y + c)),
    cdf=lambda y, c: 0.5 * (sc.erf((y - c) / _ROOT_2) + sc.erf((y + c) / _ROOT_2)),
    sf=lambda y, c: sc.ndtr(c - y) + sc.ndtr(-c - y),
    logsf=lambda y, c: np.logaddexp(sc.log_ndtr(c - y), sc.log_ndtr(-c - y)),
    mean=_foldnorm_mean,
    var=lambda c: c * c + 1.0 - _foldnorm_mean(c) ** 2,
)


def log_mass(a: Any, b: Any) -> Any:
    """log(ndtr(b) - ndtr(a)) for a < b, in both tails and across zero."""
    is_right, spans = a > 0.0, (a <= 0.0) & (b >= 0.0)
    low = np.where(is_right, -b, np.where(spans, -2.0, a))
    high = np.where(is_right, -a, np.where(spans, -1.0, b))
    top = sc.log_ndtr(high)
    tail = top + log1mexp(top - sc.log_ndtr(low))
    left, right = np.where(spans, a, -1.0), np.where(spans, b, 1.0)
    middle = np.log(0.5 * (sc.erf(right / _ROOT_2) - sc.erf(left / _ROOT_2)))
    return np.where(spans, middle, tail)


def _truncnorm_ppf(q: Any, a: Any, b: Any) -> Any:
    mass = log_mass(a, b)
    is_left = a < 0.0
    end = np.where(is_left, a, -b)
    inside = np.where(is_left, np.log(q), np.log1p(-q)) + mass
    z = sc.ndtri_exp(np.logaddexp(sc.log_ndtr(end), inside))
    return np.where(is_left, z, -z)


def _end_densities(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Densities of the truncated distribution at its ends, and the ends times them."""
    mass = log_mass(a, b)
    at = [np.exp(normal_logpdf(z) - mass) for z in (a, b)]
    ends = [np.where(np.isfinite(z), z, 0.0) * p for z, p in zip((a, b), at, strict=True)]
    return at[0], at[1], ends[0], ends[1]


def _truncnorm_mean(a: Any, b: Any) -> Any:
    at_a, at_b, _, _ = _end_densities(a, b)
    return at_a - at_b


def _truncnorm_var(a: Any, b: Any) -> Any:
    at_a, at_b, end_a, end_b = _end_densities(a, b)
    return 1.0 + end_a - end_b - (at_a - at_b) ** 2


def _truncnorm_inside(a: Any, b: Any) -> Any:
    low = np.where(np.isfinite(a), a, np.where(np.isfinite(b), b - 2.0, -1.0))
    return 0.5 * (low + np.where(np.isfinite(b), b, low + 2.0))


def _truncnorm_entropy(a: Any, b: Any) -> Any:
    _, _, end_a, end_b = _end_densities(a, b)
    return 0.5 * (LOG_2PI + 1.0) + log_mass(a, b) + 0.5 * (end_a - end_b)


TRUNCNORM = Family(
    "truncnorm",
    ("a", "b"),
    lower=lambda a, b: a,
    upper=lambda a, b: b,
    inside=_truncnorm_inside,
    valid=lambda a, b: a < b,
    logpdf=lambda y, a, b: normal_logpdf(y) - log_mass(a, b),
    logcdf=lambda y, a, b: log_mass(a, y) - log_mass(a, b),
    logsf=lambda y, a, b: log_mass(y, b) - log_mass(a, b),
    ppf=_truncnorm_ppf,
    mean=_truncnorm_mean,
    var=_truncnorm_var,
    entropy=_truncnorm_entropy,
)


def _skew_delta(a: Any) -> Any:
    return a / np.hypot(1.0, a) * math.sqrt(2.0 / math.pi)


def _skewnorm_cdf(y: Any, a: Any) -> Any:
    """Digits are lost in the thin tail, where the terms nearly cancel; 0 beyond, as in SciPy."""
    return np.maximum(sc.ndtr(y) - 2.0 * sc.owens_t(y, a), 0.0)


SKEWNORM = Family(
    "skewnorm",
    ("a",),
    valid=everywhere,
    logpdf=lambda y, a: math.log(2.0) + normal_logpdf(y) + sc.log_ndtr(a * y),
    cdf=_skewnorm_cdf,
    sf=lambda y, a: _skewnorm_cdf(-y, -a),
    mean=_skew_delta,
    var=lambda a: 1.0 - _skew_delta(a) ** 2,
)


def _modified_tail(y: Any, K: Any) -> Any:
    """log of exp(1/(2 K^2) - y/K) ndtr(y - 1/K)."""
    rate = 1.0 / K
    return rate * (0.5 * rate - y) + sc.log_ndtr(y - rate)


def _log_mills_difference(a: Any, b: Any) -> Any:
    """log(m(a) - m(b)) of Mills' ratio m = (1 - ndtr) / density, 0 <= a < b."""
    difference = sc.erfcx(a / _ROOT_2) - sc.erfcx(b / _ROOT_2)
    return np.log(math.sqrt(0.5 * math.pi) * difference)


def _exponnorm_logcdf(y: Any, K: Any) -> Any:
    is_left = y < 0.0
    left, right = np.where(is_left, y, -1.0), np.where(is_left, 1.0, y)
    tail = normal_logpdf(left) + _log_mills_difference(-left, 1.0 / K - left)
    rest = np.log(sc.ndtr(right) - np.exp(_modified_tail(right, K)))
    return np.where(is_left, tail, rest)


EXPONNORM = Family(
    "exponnorm",
    ("K",),
    logpdf=lambda y, K: _modified_tail(y, K) - np.log(K),
    logcdf=_exponnorm_logcdf,
    logsf=lambda y, K: np.logaddexp(sc.log_ndtr(-y), _modified_tail(y, K)),
    mean=lambda K: K,
    var=lambda K: 1.0 + K * K,
    skew=lambda K: 2.0 * K**3 * (1.0 + K * K) ** -1.5,
    kurtosis=lambda K: 6.0 * K**4 / (1.0 + K * K) ** 2,
)


def _wald_terms(y: Any, mu: Any, sign: float) -> tuple[Any, Any]:
    """Logarithms of ndtr(sign (y/mu - 1)/sqrt(y)) and exp(2/mu) ndtr(-(y/mu + 1)/sqrt(y))."""
    root = np.sqrt(y)
    first = sc.log_ndtr(sign * (y / mu - 1.0) / root)
    return first, 2.0 / mu + sc.log_ndtr(-(y / mu + 1.0) / root)


def _wald_logsf(y: Any, mu: Any) -> Any:
    """Right of the mean by Mills' ratios, 2/mu being half of the difference of the squares."""
    is_right = y > mu
    root = np.sqrt(np.where(is_right, y, 2.0 * mu))
    below, above = root / mu - 1.0 / root, root / mu + 1.0 / root
    tail = normal_logpdf(below) + _log_mills_difference(below, above)
    first, second = _wald_terms(np.where(is_right, 0.5 * mu, y), mu, -1.0)
    return np.where(is_right, tail, first + log1mexp(first - second))


INVGAUSS = Family(
    "invgauss",
    ("mu",),
    lower=0.0,
    is_open=True,
    logpdf=lambda y, mu: -0.5 * (LOG_2PI + (y / mu - 1.0) ** 2 / y) - 1.5 * np.log(y),
    logcdf=lambda y, mu: np.logaddexp(*_wald_terms(y, mu, 1.0)),
    logsf=_wald_logsf,
    mean=lambda mu: mu,
    var=lambda mu: mu**3,
    skew=lambda mu: 3.0 * np.sqrt(mu),
    kurtosis=lambda mu: 15.0 * mu,
)
WALD = Family(
    "wald",
    lower=0.0,
    is_open=True,
    logpdf=lambda y: -0.5 * (LOG_2PI + (y - 1.0) ** 2 / y) - 1.5 * np.log(y),
    logcdf=lambda y: np.logaddexp(*_wald_terms(y, 1.0, 1.0)),
    logsf=lambda y: _wald_logsf(y, 1.0),
    mean=1.0,
    var=1.0,
    skew=3.0,
    kurtosis=15.0,
)
LEVY = Family(
    "levy",
    lower=0.0,
    is_open=True,
    logpdf=lambda y: -0.5 * (LOG_2PI + 1.0 / y) - 1.5 * np.log(y),
    cdf=lambda y: sc.erfc(np.sqrt(0.5 / y)),
    sf=lambda y: sc.erf(np.sqrt(0.5 / y)),
    logcdf=lambda y: math.log(2.0) + sc.log_ndtr(-np.sqrt(1.0 / y)),
    ppf=lambda q: 1.0 / sc.ndtri(0.5 * q) ** 2,
    isf=lambda q: 0.5 / sc.erfinv(q) ** 2,
    mean=math.inf,
    var=math.inf,
    entropy=0.5 * (1.0 + 3.0 * EULER + math.log(16.0 * math.pi)),
)
FAMILIES = (
    NORM, LOGNORM, HALFNORM, FOLDNORM, TRUNCNORM, SKEWNORM, EXPONNORM, INVGAUSS, WALD, LEVY,
)  # fmt: skip
