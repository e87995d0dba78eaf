"""Families on an interval, and on the circle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.scipy import special as sc
from wengert.scipy.stats.family import Family

_LOG_2 = math.log(2.0)

UNIFORM = Family(
    "uniform",
    lower=0.0,
    upper=1.0,
    logpdf=lambda y: 0.0 * y,
    cdf=lambda y: y,
    sf=lambda y: 1.0 - y,
    ppf=lambda q: q,
    mean=0.5,
    var=1.0 / 12.0,
    skew=0.0,
    kurtosis=-1.2,
    entropy=0.0,
)
POWERLAW = Family(
    "powerlaw",
    ("a",),
    lower=0.0,
    upper=1.0,
    logpdf=lambda y, a: np.log(a) + sc.xlogy(a - 1.0, y),
    logcdf=lambda y, a: a * np.log(y),
    sf=lambda y, a: -np.expm1(a * np.log(y)),
    ppf=lambda q, a: q ** (1.0 / a),
    isf=lambda q, a: np.exp(np.log1p(-q) / a),
    mean=lambda a: a / (a + 1.0),
    var=lambda a: a / ((a + 2.0) * (a + 1.0) ** 2),
    entropy=lambda a: 1.0 - 1.0 / a - np.log(a),
)


def _from_ends(y: Any, c: Any, formula: Any, mirrored: Any) -> Any:
    """One formula left of the peak c, another right of it, each kept away from 0/0."""
    is_left = y < c
    left = formula(np.where(is_left, y, 0.0), np.where(is_left, c, 1.0))
    right = mirrored(np.where(is_left, 0.0, 1.0 - y), np.where(is_left, 1.0, 1.0 - c))
    return np.where(is_left, left, right)


def _triang_logpdf(y: Any, c: Any) -> Any:
    is_left, is_peak = y < c, y == c
    rest = np.logical_or(is_left, is_peak)
    rising = np.where(is_left, y, 1.0) / np.where(is_left, c, 1.0)
    falling = np.where(rest, 1.0, 1.0 - y) / np.where(rest, 1.0, 1.0 - c)
    return _LOG_2 + np.where(is_left, np.log(rising), np.log(falling))


def _squared(y: Any, c: Any) -> Any:
    return y * y / c


def _triang_cdf(y: Any, c: Any) -> Any:
    return _from_ends(y, c, _squared, lambda y, c: 1.0 - _squared(y, c))


def _triang_sf(y: Any, c: Any) -> Any:
    return _from_ends(y, c, lambda y, c: 1.0 - _squared(y, c), _squared)


def _triang_ppf(q: Any, c: Any) -> Any:
    is_left = q < c
    left = np.sqrt(np.where(is_left, c * q, 1.0))
    return np.where(is_left, left, 1.0 - np.sqrt(np.where(is_left, 1.0, (1.0 - c) * (1.0 - q))))


TRIANG = Family(
    "triang",
    ("c",),
    lower=0.0,
    upper=1.0,
    valid=lambda c: (c >= 0.0) & (c <= 1.0),
    logpdf=_triang_logpdf,
    cdf=_triang_cdf,
    sf=_triang_sf,
    ppf=_triang_ppf,
    mean=lambda c: (1.0 + c) / 3.0,
    var=lambda c: (1.0 - c + c * c) / 18.0,
    entropy=lambda c: 0.5 - _LOG_2 + 0.0 * c,
)
TRUNCEXPON = Family(
    "truncexpon",
    ("b",),
    lower=0.0,
    upper=lambda b: b,
    logpdf=lambda y, b: -y - np.log(-np.expm1(-b)),
    cdf=lambda y, b: np.expm1(-y) / np.expm1(-b),
    sf=lambda y, b: np.exp(-y) * np.expm1(y - b) / np.expm1(-b),
    ppf=lambda q, b: -np.log1p(q * np.expm1(-b)),
    mean=lambda b: 1.0 - 1.0 / sc.exprel(b),
    var=lambda b: 1.0 - (0.5 * b / np.sinh(0.5 * b)) ** 2,
    entropy=lambda b: 1.0 - 1.0 / sc.exprel(b) + np.log(-np.expm1(-b)),
)


def _reciprocal(name: str) -> Family:
    def log_ratio(a: Any, b: Any) -> Any:
        return np.log(b) - np.log(a)

    def mean(a: Any, b: Any) -> Any:
        return (b - a) / log_ratio(a, b)

    return Family(
        name,
        ("a", "b"),
        lower=lambda a, b: a,
        upper=lambda a, b: b,
        valid=lambda a, b: (a > 0.0) & (b > a),
        logpdf=lambda y, a, b: -np.log(y) - np.log(log_ratio(a, b)),
        cdf=lambda y, a, b: log_ratio(a, y) / log_ratio(a, b),
        sf=lambda y, a, b: log_ratio(y, b) / log_ratio(a, b),
        ppf=lambda q, a, b: np.exp(np.log(a) + q * log_ratio(a, b)),
        isf=lambda q, a, b: np.exp(np.log(b) - q * log_ratio(a, b)),
        mean=mean,
        var=lambda a, b: 0.5 * (b * b - a * a) / log_ratio(a, b) - mean(a, b) ** 2,
        entropy=lambda a, b: 0.5 * (np.log(a) + np.log(b)) + np.log(log_ratio(a, b)),
    )


RECIPROCAL, LOGUNIFORM = _reciprocal("reciprocal"), _reciprocal("loguniform")

ARCSINE = Family(
    "arcsine",
    lower=0.0,
    upper=1.0,
    logpdf=lambda y: -math.log(math.pi) - 0.5 * (np.log(y) + np.log1p(-y)),
    cdf=lambda y: (2.0 / math.pi) * np.arcsin(np.sqrt(y)),
    sf=lambda y: (2.0 / math.pi) * np.arcsin(np.sqrt(1.0 - y)),
    ppf=lambda q: np.sin(0.5 * math.pi * q) ** 2,
    isf=lambda q: np.cos(0.5 * math.pi * q) ** 2,
    mean=0.5,
    var=0.125,
    skew=0.0,
    kurtosis=-1.5,
    entropy=math.log(0.25 * math.pi),
)


def _bradford_var(c: Any) -> Any:
    k = np.log1p(c)
    return ((c + 2.0) * k - 2.0 * c) / (2.0 * c * k * k)


BRADFORD = Family(
    "bradford",
    ("c",),
    lower=0.0,
    upper=1.0,
    logpdf=lambda y, c: np.log(c) - np.log1p(c * y) - np.log(np.log1p(c)),
    cdf=lambda y, c: np.log1p(c * y) / np.log1p(c),
    ppf=lambda q, c: np.expm1(q * np.log1p(c)) / c,
    mean=lambda c: (c - np.log1p(c)) / (c * np.log1p(c)),
    var=_bradford_var,
    entropy=lambda c: 0.5 * np.log1p(c) - np.log(c) + np.log(np.log1p(c)),
)
COSINE = Family(
    "cosine",
    lower=-math.pi,
    upper=math.pi,
    logpdf=lambda y: 2.0 * np.log(np.cos(0.5 * y)) - math.log(math.pi),
    cdf=lambda y: (math.pi + y + np.sin(y)) / (2.0 * math.pi),
    mean=0.0,
    var=math.pi**2 / 3.0 - 2.0,
    skew=0.0,
    entropy=math.log(4.0 * math.pi) - 1.0,
    is_symmetric=True,
)
SEMICIRCULAR = Family(
    "semicircular",
    lower=-1.0,
    upper=1.0,
    logpdf=lambda y: math.log(2.0 / math.pi) + 0.5 * (np.log1p(-y) + np.log1p(y)),
    cdf=lambda y: sc.betainc(1.5, 1.5, 0.5 * (1.0 + y)),
    ppf=lambda q: 2.0 * sc.betaincinv(1.5, 1.5, q) - 1.0,
    mean=0.0,
    var=0.25,
    skew=0.0,
    kurtosis=-1.0,
    entropy=math.log(math.pi) - 0.5,
    is_symmetric=True,
)

# -- by Bessel functions ---------------------------------------------------------------------------


def _vonmises_entropy(kappa: Any) -> Any:
    scaled = sc.i0e(kappa)
    return kappa * (1.0 - sc.i1e(kappa) / scaled) + np.log(2.0 * math.pi * scaled)


VONMISES = Family(
    "vonmises",
    ("kappa",),
    valid=lambda kappa: kappa >= 0.0,
    logpdf=lambda y, kappa: kappa * sc.cosm1(y) - np.log(2.0 * math.pi * sc.i0e(kappa)),
    entropy=_vonmises_entropy,
)


def _rice_mean(b: Any) -> Any:
    half = 0.5 * b * b
    scaled = (1.0 + half) * sc.i0e(0.5 * half) + half * sc.i1e(0.5 * half)
    return math.sqrt(0.5 * math.pi) * scaled


RICE = Family(
    "rice",
    ("b",),
    lower=0.0,
    is_open=True,
    valid=lambda b: b >= 0.0,
    logpdf=lambda y, b: np.log(y) - 0.5 * (y - b) ** 2 + np.log(sc.i0e(y * b)),
    mean=_rice_mean,
    var=lambda b: 2.0 + b * b - _rice_mean(b) ** 2,
)
FAMILIES = (
    VONMISES, RICE,
    UNIFORM, POWERLAW, TRIANG, TRUNCEXPON, RECIPROCAL, LOGUNIFORM, ARCSINE, BRADFORD, COSINE,
    SEMICIRCULAR,
)  # fmt: skip
