"""Discrete families: differentiable in their parameters, constant in the number of events."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops.special.incomplete_beta import log_betainc, log_betaincc
from wengert.ops.special.incomplete_gamma import log_gammainc, log_gammaincc
from wengert.scipy import special as sc
from wengert.scipy.stats.family import Family


def is_probability(*shapes: Any) -> Any:
    p = shapes[-1]
    return (p >= 0.0) & (p <= 1.0)


def _counted(n: Any, p: Any) -> Any:
    return (n >= 0.0) & (n == np.floor(n)) & is_probability(p)


def _log_choose(n: Any, k: Any) -> Any:
    return sc.gammaln(n + 1.0) - sc.gammaln(k + 1.0) - sc.gammaln(n - k + 1.0)


def _log_tosses(k: Any, n: Any, p: Any) -> Any:
    return sc.xlogy(k, p) + sc.xlog1py(n - k, -p)


BERNOULLI = Family(
    "bernoulli",
    ("p",),
    lower=0.0,
    upper=1.0,
    inside=lambda p: 0.0,
    valid=is_probability,
    is_discrete=True,
    logpdf=lambda k, p: _log_tosses(k, 1.0, p),
    cdf=lambda k, p: 1.0 - p + 0.0 * k,
    sf=lambda k, p: p + 0.0 * k,
    mean=lambda p: p,
    var=lambda p: p * (1.0 - p),
    skew=lambda p: (1.0 - 2.0 * p) / np.sqrt(p * (1.0 - p)),
    kurtosis=lambda p: (1.0 - 6.0 * p * (1.0 - p)) / (p * (1.0 - p)),
    entropy=lambda p: sc.entr(p) + sc.entr(1.0 - p),
)
BINOM = Family(
    "binom",
    ("n", "p"),
    lower=0.0,
    upper=lambda n, p: n,
    inside=lambda n, p: 0.0,
    valid=_counted,
    is_discrete=True,
    logpdf=lambda k, n, p: _log_choose(n, k) + _log_tosses(k, n, p),
    cdf=lambda k, n, p: sc.betaincc(k + 1.0, n - k, p),
    sf=lambda k, n, p: sc.betainc(k + 1.0, n - k, p),
    logcdf=lambda k, n, p: log_betaincc(k + 1.0, n - k, p),
    logsf=lambda k, n, p: log_betainc(k + 1.0, n - k, p),
    mean=lambda n, p: n * p,
    var=lambda n, p: n * p * (1.0 - p),
    skew=lambda n, p: (1.0 - 2.0 * p) / np.sqrt(n * p * (1.0 - p)),
    kurtosis=lambda n, p: (1.0 - 6.0 * p * (1.0 - p)) / (n * p * (1.0 - p)),
)
POISSON = Family(
    "poisson",
    ("mu",),
    lower=0.0,
    valid=lambda mu: mu >= 0.0,
    is_discrete=True,
    logpdf=lambda k, mu: sc.xlogy(k, mu) - sc.gammaln(k + 1.0) - mu,
    cdf=lambda k, mu: sc.gammaincc(k + 1.0, mu),
    sf=lambda k, mu: sc.gammainc(k + 1.0, mu),
    logcdf=lambda k, mu: log_gammaincc(k + 1.0, mu),
    logsf=lambda k, mu: log_gammainc(k + 1.0, mu),
    mean=lambda mu: mu,
    var=lambda mu: mu,
    skew=lambda mu: 1.0 / np.sqrt(mu),
    kurtosis=lambda mu: 1.0 / mu,
)
GEOM = Family(
    "geom",
    ("p",),
    lower=1.0,
    valid=lambda p: (p > 0.0) & (p <= 1.0),
    is_discrete=True,
    logpdf=lambda k, p: sc.xlog1py(k - 1.0, -p) + np.log(p),
    cdf=lambda k, p: -np.expm1(k * np.log1p(-p)),
    logsf=lambda k, p: k * np.log1p(-p),
    mean=lambda p: 1.0 / p,
    var=lambda p: (1.0 - p) / (p * p),
    skew=lambda p: (2.0 - p) / np.sqrt(1.0 - p),
    kurtosis=lambda p: (p * p - 6.0 * p + 6.0) / (1.0 - p),
    entropy=lambda p: (sc.entr(p) + sc.entr(1.0 - p)) / p,
)
NBINOM = Family(
    "nbinom",
    ("n", "p"),
    lower=0.0,
    valid=lambda n, p: (n > 0.0) & (p > 0.0) & (p <= 1.0),
    is_discrete=True,
    logpdf=lambda k, n, p: (
        sc.gammaln(n + k) - sc.gammaln(k + 1.0) - sc.gammaln(n) + sc.xlogy(n, p) + sc.xlog1py(k, -p)
    ),
    cdf=lambda k, n, p: sc.betainc(n, k + 1.0, p),
    sf=lambda k, n, p: sc.betaincc(n, k + 1.0, p),
    logcdf=lambda k, n, p: log_betainc(n, k + 1.0, p),
    logsf=lambda k, n, p: log_betaincc(n, k + 1.0, p),
    mean=lambda n, p: n * (1.0 - p) / p,
    var=lambda n, p: n * (1.0 - p) / (p * p),
    skew=lambda n, p: (2.0 - p) / np.sqrt(n * (1.0 - p)),
    kurtosis=lambda n, p: 6.0 / n + p * p / (n * (1.0 - p)),
)
BETABINOM = Family(
    "betabinom",
    ("n", "a", "b"),
    lower=0.0,
    upper=lambda n, a, b: n,
    inside=lambda n, a, b: 0.0,
    valid=lambda n, a, b: (n >= 0.0) & (n == np.floor(n)) & (a > 0.0) & (b > 0.0),
    is_discrete=True,
    logpdf=lambda k, n, a, b: _log_choose(n, k) + sc.betaln(k + a, n - k + b) - sc.betaln(a, b),
    mean=lambda n, a, b: n * a / (a + b),
    var=lambda n, a, b: n * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1.0)),
)
LOGSER = Family(
    "logser",
    ("p",),
    lower=1.0,
    valid=lambda p: (p > 0.0) & (p < 1.0),
    is_discrete=True,
    logpdf=lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)),
    mean=lambda p: -p / ((1.0 - p) * np.log1p(-p)),
    var=lambda p: -p * (p + np.log1p(-p)) / ((1.0 - p) * np.log1p(-p)) ** 2,
)
PLANCK = Family(
    "planck",
    ("lambda_",),
    lower=0.0,
    is_discrete=True,
    logpdf=lambda k, rate: np.log(-np.expm1(-rate)) - rate * k,
    cdf=lambda k, rate: -np.expm1(-rate * (k + 1.0)),
    logsf=lambda k, rate: -rate * (k + 1.0),
    mean=lambda rate: 1.0 / np.expm1(rate),
    var=lambda rate: np.exp(-rate) / np.expm1(-rate) ** 2,
    skew=lambda rate: 2.0 * np.cosh(0.5 * rate),
    kurtosis=lambda rate: 4.0 + 2.0 * np.cosh(rate),
    entropy=lambda rate: rate / np.expm1(rate) - np.log(-np.expm1(-rate)),
)
BOLTZMANN = Family(
    "boltzmann",
    ("lambda_", "N"),
    lower=0.0,
    upper=lambda rate, N: N - 1.0,
    inside=lambda rate, N: 0.0,
    is_discrete=True,
    logpdf=lambda k, rate, N: np.log(np.expm1(-rate) / np.expm1(-rate * N)) - rate * k,
    cdf=lambda k, rate, N: np.expm1(-rate * (k + 1.0)) / np.expm1(-rate * N),
)
FAMILIES = (
    BERNOULLI, BINOM, POISSON, GEOM, NBINOM, BETABINOM, LOGSER, PLANCK, BOLTZMANN,
)  # fmt: skip
