"""Families of the incomplete gamma and beta functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ops.special.incomplete_beta import log_betainc, log_betaincc
from wengert.ops.special.incomplete_gamma import log_gammainc, log_gammaincc
from wengert.scipy import special as sc
from wengert.scipy.stats.family import Family, log1p_square, moment_above, poly_gamma, where_above
from wengert.scipy.stats.normal import EULER

_LOG_2 = math.log(2.0)


def _gamma_entropy(a: Any) -> Any:
    return sc.psi(a) * (1.0 - a) + a + sc.gammaln(a)


def _gamma_logpdf(y: Any, a: Any) -> Any:
    return sc.xlogy(a - 1.0, y) - y - sc.gammaln(a)


def _gamma(name: str) -> Family:
    return Family(
        name,
        ("a",),
        lower=0.0,
        logpdf=_gamma_logpdf,
        cdf=lambda y, a: sc.gammainc(a, y),
        sf=lambda y, a: sc.gammaincc(a, y),
        logcdf=lambda y, a: log_gammainc(a, y),
        logsf=lambda y, a: log_gammaincc(a, y),
        ppf=lambda q, a: sc.gammaincinv(a, q),
        isf=lambda q, a: sc.gammainccinv(a, q),
        mean=lambda a: a,
        var=lambda a: a,
        skew=lambda a: 2.0 / np.sqrt(a),
        kurtosis=lambda a: 6.0 / a,
        entropy=_gamma_entropy,
    )


GAMMA, ERLANG = _gamma("gamma"), _gamma("erlang")

CHI2 = Family(
    "chi2",
    ("df",),
    lower=0.0,
    logpdf=lambda y, df: _gamma_logpdf(0.5 * y, 0.5 * df) - _LOG_2,
    cdf=lambda y, df: sc.gammainc(0.5 * df, 0.5 * y),
    sf=lambda y, df: sc.gammaincc(0.5 * df, 0.5 * y),
    logcdf=lambda y, df: log_gammainc(0.5 * df, 0.5 * y),
    logsf=lambda y, df: log_gammaincc(0.5 * df, 0.5 * y),
    ppf=lambda q, df: 2.0 * sc.gammaincinv(0.5 * df, q),
    isf=lambda q, df: 2.0 * sc.gammainccinv(0.5 * df, q),
    mean=lambda df: df,
    var=lambda df: 2.0 * df,
    skew=lambda df: np.sqrt(8.0 / df),
    kurtosis=lambda df: 12.0 / df,
    entropy=lambda df: _gamma_entropy(0.5 * df) + _LOG_2,
)


def _root_of_gamma(
    name: str, shapes: tuple[str, ...], shape_and_rate: Callable[..., Any], **fields: Any
) -> Family:
    """y with rate y*y distributed as gamma(shape)."""

    def square(y: Any, *shapes: Any) -> tuple[Any, Any]:
        a, rate = shape_and_rate(*shapes)
        return a, rate * (y * y)

    def logpdf(y: Any, *shapes: Any) -> Any:
        a, rate = shape_and_rate(*shapes)
        return (
            _LOG_2 + sc.xlogy(2.0 * a - 1.0, y) + a * np.log(rate) - rate * (y * y) - sc.gammaln(a)
        )

    def root(inverse: str) -> Callable[..., Any]:
        def quantile(q: Any, *shapes: Any) -> Any:
            a, rate = shape_and_rate(*shapes)
            return np.sqrt(getattr(sc, inverse)(a, q) / rate)

        return quantile

    def mean(*shapes: Any) -> Any:
        a, rate = shape_and_rate(*shapes)
        return np.exp(sc.gammaln(a + 0.5) - sc.gammaln(a)) / np.sqrt(rate)

    def var(*shapes: Any) -> Any:
        a, rate = shape_and_rate(*shapes)
        return a / rate - mean(*shapes) ** 2

    def entropy(*shapes: Any) -> Any:
        a, rate = shape_and_rate(*shapes)
        return sc.gammaln(a) + a - (a - 0.5) * sc.psi(a) - 0.5 * np.log(rate) - _LOG_2

    return Family(
        name,
        shapes,
        lower=0.0,
        logpdf=logpdf,
        cdf=lambda y, *shapes: sc.gammainc(*square(y, *shapes)),
        sf=lambda y, *shapes: sc.gammaincc(*square(y, *shapes)),
        logcdf=lambda y, *shapes: log_gammainc(*square(y, *shapes)),
        logsf=lambda y, *shapes: log_gammaincc(*square(y, *shapes)),
        ppf=root("gammaincinv"),
        isf=root("gammainccinv"),
        mean=mean,
        var=var,
        entropy=entropy,
        **fields,
    )


CHI = _root_of_gamma("chi", ("df",), lambda df: (0.5 * df, 0.5))
NAKAGAMI = _root_of_gamma("nakagami", ("nu",), lambda nu: (nu, nu))
MAXWELL = _root_of_gamma("maxwell", (), lambda: (1.5, 0.5), is_open=True)

INVGAMMA = Family(
    "invgamma",
    ("a",),
    lower=0.0,
    is_open=True,
    logpdf=lambda y, a: -(a + 1.0) * np.log(y) - sc.gammaln(a) - 1.0 / y,
    cdf=lambda y, a: sc.gammaincc(a, 1.0 / y),
    sf=lambda y, a: sc.gammainc(a, 1.0 / y),
    logcdf=lambda y, a: log_gammaincc(a, 1.0 / y),
    logsf=lambda y, a: log_gammainc(a, 1.0 / y),
    ppf=lambda q, a: 1.0 / sc.gammainccinv(a, q),
    isf=lambda q, a: 1.0 / sc.gammaincinv(a, q),
    mean=moment_above(1.0, lambda a: 1.0 / (a - 1.0)),
    var=moment_above(2.0, lambda a: 1.0 / ((a - 1.0) ** 2 * (a - 2.0))),
    entropy=lambda a: a - (a + 1.0) * sc.psi(a) + sc.gammaln(a),
)


def _loggamma_logcdf(y: Any, c: Any) -> Any:
    """log P(c, exp y); far to the left the first term of its series."""
    is_far = y < -37.0
    near, far = np.where(is_far, 0.0, y), np.where(is_far, y, -40.0)
    return np.where(is_far, c * far - sc.gammaln(c + 1.0), log_gammainc(c, np.exp(near)))


def _loggamma_ppf(q: Any, c: Any) -> Any:
    far = (np.log(q) + sc.gammaln(c + 1.0)) / c
    is_far = far < -37.0
    near = sc.gammaincinv(c, np.where(is_far, 0.5, q))
    return np.where(is_far, far, np.log(np.where(is_far, 1.0, near)))


LOGGAMMA = Family(
    "loggamma",
    ("c",),
    logpdf=lambda y, c: c * y - np.exp(y) - sc.gammaln(c),
    cdf=lambda y, c: np.exp(_loggamma_logcdf(y, c)),
    logcdf=_loggamma_logcdf,
    sf=lambda y, c: sc.gammaincc(c, np.exp(y)),
    logsf=lambda y, c: log_gammaincc(c, np.exp(y)),
    ppf=_loggamma_ppf,
    isf=lambda q, c: np.log(sc.gammainccinv(c, q)),
    mean=lambda c: sc.psi(c),
    var=lambda c: poly_gamma(1, c),
    skew=lambda c: poly_gamma(2, c) / poly_gamma(1, c) ** 1.5,
    kurtosis=lambda c: poly_gamma(3, c) / poly_gamma(1, c) ** 2,
    entropy=lambda c: sc.gammaln(c) - c * sc.psi(c) + c,
)


def _gennorm_logpdf(y: Any, beta: Any) -> Any:
    return np.log(0.5 * beta) - sc.gammaln(1.0 / beta) - np.abs(y) ** beta


def _gennorm_middle(y: Any, beta: Any) -> tuple[Any, Any, Any]:
    """Whether y is 0; the line through the middle, for its slope; and y, or 1 in the middle."""
    is_middle = y == 0.0
    line = 0.5 + y * np.exp(_gennorm_logpdf(0.0, beta))
    return is_middle, line, np.where(is_middle, 1.0, y)


def _gennorm_cdf(y: Any, beta: Any) -> Any:
    is_middle, line, y = _gennorm_middle(y, beta)
    tail = 0.5 * sc.gammaincc(1.0 / beta, np.abs(y) ** beta)
    return np.where(is_middle, line, np.where(y < 0.0, tail, 1.0 - tail))


def _gennorm_logcdf(y: Any, beta: Any) -> Any:
    is_middle, line, y = _gennorm_middle(y, beta)
    tail = log_gammaincc(1.0 / beta, np.abs(y) ** beta) - _LOG_2
    value = np.where(y < 0.0, tail, np.log1p(-np.exp(tail)))
    return np.where(is_middle, np.log(np.where(is_middle, line, 0.5)), value)


def _gennorm_ppf(q: Any, beta: Any) -> Any:
    is_middle = q == 0.5
    line = (q - 0.5) * np.exp(-_gennorm_logpdf(0.0, beta))
    q = np.where(is_middle, 0.25, q)
    size = sc.gammainccinv(1.0 / beta, 2.0 * np.minimum(q, 1.0 - q)) ** (1.0 / beta)
    return np.where(is_middle, line, np.where(q < 0.5, -size, size))


GENNORM = Family(
    "gennorm",
    ("beta",),
    logpdf=_gennorm_logpdf,
    cdf=_gennorm_cdf,
    logcdf=_gennorm_logcdf,
    ppf=_gennorm_ppf,
    mean=0.0,
    var=lambda beta: np.exp(sc.gammaln(3.0 / beta) - sc.gammaln(1.0 / beta)),
    skew=0.0,
    entropy=lambda beta: 1.0 / beta - np.log(0.5 * beta) + sc.gammaln(1.0 / beta),
    is_symmetric=True,
)

# -- beta ------------------------------------------------------------------------------------------

BETA = Family(
    "beta",
    ("a", "b"),
    lower=0.0,
    upper=1.0,
    logpdf=lambda y, a, b: sc.xlog1py(b - 1.0, -y) + sc.xlogy(a - 1.0, y) - sc.betaln(a, b),
    cdf=lambda y, a, b: sc.betainc(a, b, y),
    sf=lambda y, a, b: sc.betaincc(a, b, y),
    logcdf=lambda y, a, b: log_betainc(a, b, y),
    logsf=lambda y, a, b: log_betaincc(a, b, y),
    ppf=lambda q, a, b: sc.betaincinv(a, b, q),
    isf=lambda q, a, b: sc.betainccinv(a, b, q),
    mean=lambda a, b: a / (a + b),
    var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1.0)),
    entropy=lambda a, b: (
        sc.betaln(a, b)
        - (a - 1.0) * sc.psi(a)
        - (b - 1.0) * sc.psi(b)
        + (a + b - 2.0) * sc.psi(a + b)
    ),
)


def _odds(name: str, swapped: str) -> Callable[..., Any]:
    """A function of I_w(a, b), w = y/(1+y), by whichever of w and 1 - w is small."""
    of, of_swapped = _TAILS[name], _TAILS[swapped]

    def function(y: Any, a: Any, b: Any) -> Any:
        is_small = y < 1.0
        small, large = np.where(is_small, y, 0.5), np.where(is_small, 2.0, y)
        low = of(a, b, small / (1.0 + small))
        return np.where(is_small, low, of_swapped(b, a, 1.0 / (1.0 + large)))

    return function


_TAILS: dict[str, Callable[..., Any]] = {
    "cdf": lambda a, b, w: sc.betainc(a, b, w),
    "sf": lambda a, b, w: sc.betaincc(a, b, w),
    "logcdf": log_betainc,
    "logsf": log_betaincc,
}


def _odds_quantile(name: str, swapped: str) -> Callable[..., Any]:
    def quantile(q: Any, a: Any, b: Any) -> Any:
        w, rest = getattr(sc, name)(a, b, q), getattr(sc, swapped)(b, a, q)
        return w / rest

    return quantile


def _betaprime_logpdf(y: Any, a: Any, b: Any) -> Any:
    return sc.xlogy(a - 1.0, y) - sc.xlog1py(a + b, y) - sc.betaln(a, b)


BETAPRIME = Family(
    "betaprime",
    ("a", "b"),
    lower=0.0,
    logpdf=_betaprime_logpdf,
    cdf=_odds("cdf", "sf"),
    sf=_odds("sf", "cdf"),
    logcdf=_odds("logcdf", "logsf"),
    logsf=_odds("logsf", "logcdf"),
    ppf=_odds_quantile("betaincinv", "betainccinv"),
    isf=_odds_quantile("betainccinv", "betaincinv"),
    mean=moment_above(1.0, lambda a, b: a / (b - 1.0)),
    var=moment_above(2.0, lambda a, b: a * (a + b - 1.0) / ((b - 2.0) * (b - 1.0) ** 2)),
)


def _ratio(method: str) -> Callable[..., Any]:
    """F is (d/n) times betaprime(n/2, d/2)."""
    formula: Callable[..., Any] = getattr(BETAPRIME, method)
    if method in ("ppf", "isf"):
        return lambda q, n, d: formula(q, 0.5 * n, 0.5 * d) * (d / n)
    return lambda y, n, d: formula(y * (n / d), 0.5 * n, 0.5 * d)


F = Family(
    "f",
    ("dfn", "dfd"),
    lower=0.0,
    logpdf=lambda y, n, d: _ratio("logpdf")(y, n, d) + np.log(n / d),
    cdf=_ratio("cdf"),
    sf=_ratio("sf"),
    logcdf=_ratio("logcdf"),
    logsf=_ratio("logsf"),
    ppf=_ratio("ppf"),
    isf=_ratio("isf"),
    mean=moment_above(2.0, lambda n, d: d / (d - 2.0)),
    var=moment_above(
        4.0, lambda n, d: 2.0 * d * d * (n + d - 2.0) / (n * (d - 2.0) ** 2 * (d - 4.0))
    ),
)


def _t_logpdf(y: Any, df: Any) -> Any:
    half = 0.5 * (df + 1.0)
    spread = half * log1p_square(y / np.sqrt(df))
    return -spread - 0.5 * np.log(df) - sc.betaln(0.5 * df, 0.5)


def _t_logcdf(y: Any, df: Any) -> Any:
    """From the incomplete beta function left of -1, where w = df/(df + y*y) is away from 1."""
    is_left = y < -1.0
    left, right = np.where(is_left, y, -2.0), np.where(is_left, 0.0, y)
    u = np.sqrt(df) / np.abs(left)
    tail = log_betainc(0.5 * df, 0.5, u * u / (1.0 + u * u)) - _LOG_2
    return np.where(is_left, tail, np.log(sc.stdtr(df, right)))


def _t_var(df: Any) -> Any:
    finite = where_above(df > 2.0, lambda d: d / (d - 2.0), df, 2.0, math.inf)
    return np.where(df > 1.0, finite, math.nan)


T = Family(
    "t",
    ("df",),
    logpdf=_t_logpdf,
    cdf=lambda y, df: sc.stdtr(df, y),
    logcdf=_t_logcdf,
    ppf=lambda q, df: sc.stdtrit(df, q),
    mean=lambda df: np.where(df > 1.0, 0.0, math.inf),
    var=_t_var,
    entropy=lambda df: (
        0.5 * (df + 1.0) * (sc.psi(0.5 * (df + 1.0)) - sc.psi(0.5 * df))
        + 0.5 * np.log(df)
        + sc.betaln(0.5 * df, 0.5)
    ),
    is_symmetric=True,
)
RAYLEIGH = Family(
    "rayleigh",
    lower=0.0,
    is_open=True,
    logpdf=lambda y: np.log(y) - 0.5 * (y * y),
    cdf=lambda y: -np.expm1(-0.5 * (y * y)),
    logsf=lambda y: -0.5 * (y * y),
    ppf=lambda q: np.sqrt(-2.0 * np.log1p(-q)),
    isf=lambda q: np.sqrt(-2.0 * np.log(q)),
    mean=math.sqrt(0.5 * math.pi),
    var=0.5 * (4.0 - math.pi),
    entropy=0.5 * EULER + 1.0 - 0.5 * _LOG_2,
)
FAMILIES = (
    GAMMA, ERLANG, CHI2, CHI, NAKAGAMI, MAXWELL, INVGAMMA, LOGGAMMA, GENNORM, BETA, BETAPRIME, F, T,
    RAYLEIGH,
)  # fmt: skip
