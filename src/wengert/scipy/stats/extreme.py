"""Extreme values, exponential and algebraic tails."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from wengert.ops.special.logistic import log1p_ratio_p
from wengert.scipy import special as sc
from wengert.scipy.stats.family import (
    Family,
    log1mexp,
    log1mexp_of,
    log1p_square,
    moment_above,
)
from wengert.scipy.stats.normal import EULER, everywhere
from wengert.trace.tracer import bind

_LOG_2 = math.log(2.0)
_SKEW_GUMBEL = 12.0 * math.sqrt(6.0) / math.pi**3 * 1.2020569031595942

EXPON = Family(
    "expon",
    lower=0.0,
    logpdf=lambda y: -y,
    cdf=lambda y: -np.expm1(-y),
    logcdf=log1mexp,
    logsf=lambda y: -y,
    ppf=lambda q: -np.log1p(-q),
    isf=lambda q: -np.log(q),
    mean=1.0,
    var=1.0,
    skew=2.0,
    kurtosis=6.0,
    entropy=1.0,
)


def _laplace_tail(y: Any) -> Any:
    """-|y|, with a slope at 0, where `abs` has none."""
    return np.where(y < 0.0, y, -y)


def _laplace_cdf(y: Any) -> Any:
    tail = 0.5 * np.exp(_laplace_tail(y))
    return np.where(y < 0.0, tail, 1.0 - tail)


def _laplace_logcdf(y: Any) -> Any:
    tail = _laplace_tail(y)
    return np.where(y < 0.0, tail - _LOG_2, np.log1p(-0.5 * np.exp(tail)))


LAPLACE = Family(
    "laplace",
    logpdf=lambda y: -np.abs(y) - _LOG_2,
    cdf=_laplace_cdf,
    logcdf=_laplace_logcdf,
    ppf=lambda q: np.where(q < 0.5, np.log(2.0 * q), -np.log(2.0 * (1.0 - q))),
    mean=0.0,
    var=2.0,
    skew=0.0,
    kurtosis=3.0,
    entropy=_LOG_2 + 1.0,
    is_symmetric=True,
)
LOGISTIC = Family(
    "logistic",
    logpdf=lambda y: sc.log_expit(y) + sc.log_expit(-y),
    cdf=lambda y: sc.expit(y),
    logcdf=lambda y: sc.log_expit(y),
    ppf=lambda q: sc.logit(q),
    mean=0.0,
    var=math.pi**2 / 3.0,
    skew=0.0,
    kurtosis=1.2,
    entropy=2.0,
    is_symmetric=True,
)


def mirrored(family: Family, name: str) -> Family:
    """The distribution of -y."""

    def turned(formula: Any) -> Any:
        return formula and (lambda y, *shapes: formula(-y, *shapes))

    def negative(formula: Any) -> Any:
        if not callable(formula):
            return None if formula is None else -formula
        return lambda *args: -formula(*args)

    return replace(
        family,
        name=name,
        lower=-family.upper if isinstance(family.upper, float) else family.upper,
        upper=-family.lower if isinstance(family.lower, float) else family.lower,
        logpdf=turned(family.logpdf),
        cdf=turned(family.sf),
        sf=turned(family.cdf),
        logcdf=turned(family.logsf),
        logsf=turned(family.logcdf),
        ppf=negative(family.isf),
        isf=negative(family.ppf),
        mean=negative(family.mean),
        skew=negative(family.skew),
    )


GUMBEL_R = Family(
    "gumbel_r",
    logpdf=lambda y: -y - np.exp(-y),
    cdf=lambda y: np.exp(-np.exp(-y)),
    sf=lambda y: -np.expm1(-np.exp(-y)),
    logcdf=lambda y: -np.exp(-y),
    logsf=lambda y: log1mexp_of(-y),
    ppf=lambda q: -np.log(-np.log(q)),
    isf=lambda q: -np.log(-np.log1p(-q)),
    mean=EULER,
    var=math.pi**2 / 6.0,
    skew=_SKEW_GUMBEL,
    kurtosis=2.4,
    entropy=EULER + 1.0,
)
GUMBEL_L = mirrored(GUMBEL_R, "gumbel_l")


def _weibull_mean(c: Any) -> Any:
    return sc.gamma(1.0 + 1.0 / c)


WEIBULL_MIN = Family(
    "weibull_min",
    ("c",),
    lower=0.0,
    logpdf=lambda y, c: np.log(c) + sc.xlogy(c - 1.0, y) - y**c,
    cdf=lambda y, c: -np.expm1(-(y**c)),
    sf=lambda y, c: np.exp(-(y**c)),
    logcdf=lambda y, c: log1mexp_of(c * np.log(y)),
    logsf=lambda y, c: -(y**c),
    ppf=lambda q, c: (-np.log1p(-q)) ** (1.0 / c),
    isf=lambda q, c: (-np.log(q)) ** (1.0 / c),
    mean=_weibull_mean,
    var=lambda c: sc.gamma(1.0 + 2.0 / c) - _weibull_mean(c) ** 2,
    entropy=lambda c: EULER * (1.0 - 1.0 / c) - np.log(c) + 1.0,
)
WEIBULL_MAX = mirrored(WEIBULL_MIN, "weibull_max")


def _dweibull_cdf(y: Any, c: Any) -> Any:
    tail = 0.5 * np.exp(-(np.abs(y) ** c))
    return np.where(y < 0.0, tail, 1.0 - tail)


def _dweibull_logcdf(y: Any, c: Any) -> Any:
    size = np.abs(y) ** c
    return np.where(y < 0.0, -size - _LOG_2, np.log1p(-0.5 * np.exp(-size)))


def _dweibull_ppf(q: Any, c: Any) -> Any:
    size = (-np.log(2.0 * np.minimum(q, 1.0 - q))) ** (1.0 / c)
    return np.where(q < 0.5, -size, size)


DWEIBULL = Family(
    "dweibull",
    ("c",),
    logpdf=lambda y, c: np.log(0.5 * c) + sc.xlogy(c - 1.0, np.abs(y)) - np.abs(y) ** c,
    cdf=_dweibull_cdf,
    logcdf=_dweibull_logcdf,
    ppf=_dweibull_ppf,
    mean=0.0,
    var=lambda c: sc.gamma(1.0 + 2.0 / c),
    skew=0.0,
    is_symmetric=True,
)

# -- generalized extreme values and Pareto, smooth where the shape is 0 ----------------------------


def _log_ratio(y: Any, c: Any) -> Any:
    """log(1 + c y) / c, and y at c = 0."""
    return y * bind(log1p_ratio_p, c * y, n=0)


def _reciprocal(c: Any, condition: Any, other: float) -> Any:
    return np.where(condition, 1.0 / np.where(condition, c, 1.0), other)


def _genextreme_logpdf(y: Any, c: Any) -> Any:
    log_t = -_log_ratio(y, -c)
    return (1.0 - c) * log_t - np.exp(log_t)


def _genextreme_mean(c: Any) -> Any:
    """(1 - Gamma(1 + c)) / c, by two terms of its series near 0."""
    is_small = np.abs(c) < 1e-5
    safe = np.where(is_small | (c <= -1.0), 1.0, c)
    near = EULER - c * (0.5 * EULER**2 + math.pi**2 / 12.0)
    far = -np.expm1(sc.gammaln(1.0 + safe)) / safe
    return np.where(c <= -1.0, math.inf, np.where(is_small, near, far))


GENEXTREME = Family(
    "genextreme",
    ("c",),
    valid=everywhere,
    lower=lambda c: _reciprocal(c, c < 0.0, -math.inf),
    upper=lambda c: _reciprocal(c, c > 0.0, math.inf),
    inside=lambda c: 0.0,
    is_open=True,
    logpdf=_genextreme_logpdf,
    cdf=lambda y, c: np.exp(-np.exp(-_log_ratio(y, -c))),
    logcdf=lambda y, c: -np.exp(-_log_ratio(y, -c)),
    sf=lambda y, c: -np.expm1(-np.exp(-_log_ratio(y, -c))),
    logsf=lambda y, c: log1mexp_of(-_log_ratio(y, -c)),
    ppf=lambda q, c: -sc.boxcox(-np.log(q), c),
    isf=lambda q, c: -sc.boxcox(-np.log1p(-q), c),
    mean=_genextreme_mean,
    entropy=lambda c: EULER * (1.0 - c) + 1.0,
)
GENPARETO = Family(
    "genpareto",
    ("c",),
    valid=everywhere,
    lower=0.0,
    upper=lambda c: -_reciprocal(c, c < 0.0, -math.inf),
    inside=lambda c: np.where(c < 0.0, -0.5 * _reciprocal(c, c < 0.0, -1.0), 1.0),
    logpdf=lambda y, c: -(1.0 + c) * _log_ratio(y, c),
    cdf=lambda y, c: -np.expm1(-_log_ratio(y, c)),
    logcdf=lambda y, c: log1mexp(_log_ratio(y, c)),
    logsf=lambda y, c: -_log_ratio(y, c),
    ppf=lambda q, c: -sc.boxcox1p(-q, -c),
    isf=lambda q, c: -sc.boxcox(q, -c),
    mean=lambda c: 1.0 / _below(c, 1.0),
    var=lambda c: 1.0 / (_below(c, 0.5) * 2.0 * (1.0 - c) ** 2),
    entropy=lambda c: 1.0 + c,
)


def _below(c: Any, bound: float) -> Any:
    """bound - c, or 0 where that is negative: a moment is then infinite."""
    return np.where(c < bound, bound - c, 0.0)


# -- algebraic tails -------------------------------------------------------------------------------

PARETO = Family(
    "pareto",
    ("b",),
    lower=1.0,
    logpdf=lambda y, b: np.log(b) - (b + 1.0) * np.log(y),
    cdf=lambda y, b: -np.expm1(-b * np.log(y)),
    logcdf=lambda y, b: log1mexp(b * np.log(y)),
    logsf=lambda y, b: -b * np.log(y),
    ppf=lambda q, b: np.exp(-np.log1p(-q) / b),
    isf=lambda q, b: np.exp(-np.log(q) / b),
    mean=moment_above(1.0, lambda b: b / (b - 1.0)),
    var=moment_above(2.0, lambda b: b / ((b - 2.0) * (b - 1.0) ** 2)),
    entropy=lambda b: 1.0 + 1.0 / b - np.log(b),
)
LOMAX = Family(
    "lomax",
    ("c",),
    lower=0.0,
    logpdf=lambda y, c: np.log(c) - (c + 1.0) * np.log1p(y),
    cdf=lambda y, c: -np.expm1(-c * np.log1p(y)),
    logcdf=lambda y, c: log1mexp(c * np.log1p(y)),
    logsf=lambda y, c: -c * np.log1p(y),
    ppf=lambda q, c: np.expm1(-np.log1p(-q) / c),
    isf=lambda q, c: np.expm1(-np.log(q) / c),
    mean=moment_above(1.0, lambda c: 1.0 / (c - 1.0)),
    var=moment_above(2.0, lambda c: c / ((c - 2.0) * (c - 1.0) ** 2)),
    entropy=lambda c: 1.0 + 1.0 / c - np.log(c),
)
CAUCHY = Family(
    "cauchy",
    logpdf=lambda y: -math.log(math.pi) - log1p_square(y),
    cdf=lambda y: np.arctan2(1.0, -y) / math.pi,
    ppf=lambda q: -1.0 / np.tan(math.pi * q),
    isf=lambda q: 1.0 / np.tan(math.pi * q),
    mean=math.nan,
    var=math.nan,
    entropy=math.log(4.0 * math.pi),
    is_symmetric=True,
)
HALFCAUCHY = Family(
    "halfcauchy",
    lower=0.0,
    logpdf=lambda y: math.log(2.0 / math.pi) - log1p_square(y),
    cdf=lambda y: (2.0 / math.pi) * np.arctan(y),
    sf=lambda y: (2.0 / math.pi) * np.arctan2(1.0, y),
    ppf=lambda q: np.tan(0.5 * math.pi * q),
    isf=lambda q: 1.0 / np.tan(0.5 * math.pi * q),
    mean=math.inf,
    var=math.inf,
    entropy=math.log(2.0 * math.pi),
)


def _log_odds(y: Any, c: Any) -> Any:
    return c * np.log(y)


BURR = Family(
    "burr",
    ("c", "d"),
    lower=0.0,
    is_open=True,
    logpdf=lambda y, c, d: (
        np.log(c * d)
        - np.log(y)
        + d * sc.log_expit(_log_odds(y, c))
        + sc.log_expit(-_log_odds(y, c))
    ),
    logcdf=lambda y, c, d: d * sc.log_expit(_log_odds(y, c)),
    sf=lambda y, c, d: -np.expm1(d * sc.log_expit(_log_odds(y, c))),
    logsf=lambda y, c, d: log1mexp(-d * sc.log_expit(_log_odds(y, c))),
    ppf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (-1.0 / c),
    isf=lambda q, c, d: np.expm1(-np.log1p(-q) / d) ** (-1.0 / c),
)
BURR12 = Family(
    "burr12",
    ("c", "d"),
    lower=0.0,
    logpdf=lambda y, c, d: (
        np.log(c * d) + sc.xlogy(c - 1.0, y) + (d + 1.0) * sc.log_expit(-_log_odds(y, c))
    ),
    cdf=lambda y, c, d: -np.expm1(d * sc.log_expit(-_log_odds(y, c))),
    logcdf=lambda y, c, d: log1mexp(-d * sc.log_expit(-_log_odds(y, c))),
    logsf=lambda y, c, d: d * sc.log_expit(-_log_odds(y, c)),
    ppf=lambda q, c, d: np.expm1(-np.log1p(-q) / d) ** (1.0 / c),
    isf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (1.0 / c),
)


def _hypsecant_logcdf(y: Any) -> Any:
    is_far = y < -37.0
    near, far = np.where(is_far, 0.0, y), np.where(is_far, y, 0.0)
    middle = np.log((2.0 / math.pi) * np.arctan(np.exp(near)))
    return np.where(is_far, far + math.log(2.0 / math.pi), middle)


HYPSECANT = Family(
    "hypsecant",
    logpdf=lambda y: math.log(2.0 / math.pi) - np.logaddexp(y, -y),
    cdf=lambda y: (2.0 / math.pi) * np.arctan(np.exp(y)),
    logcdf=_hypsecant_logcdf,
    ppf=lambda q: np.log(np.tan(0.5 * math.pi * q)),
    mean=0.0,
    var=0.25 * math.pi**2,
    skew=0.0,
    kurtosis=2.0,
    is_symmetric=True,
)
FAMILIES = (
    EXPON, LAPLACE, LOGISTIC, GUMBEL_R, GUMBEL_L, WEIBULL_MIN, WEIBULL_MAX, DWEIBULL, GENEXTREME,
    GENPARETO, PARETO, LOMAX, CAUCHY, HALFCAUCHY, BURR, BURR12, HYPSECANT,
)  # fmt: skip
