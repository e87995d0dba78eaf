"""Distributions against SciPy on grids, and derivatives against mpmath, far into the tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats

import wengert as wg
from wengert.scipy import stats

SHAPES: dict[str, tuple[float, ...]] = {
    "lognorm": (0.7,), "foldnorm": (1.3,), "truncnorm": (-0.7, 2.0), "skewnorm": (2.0,),
    "exponnorm": (1.5,), "invgauss": (0.8,), "gamma": (2.3,), "erlang": (3.0,), "chi2": (3.3,),
    "chi": (2.2,), "nakagami": (1.4,), "invgamma": (5.2,), "loggamma": (1.7,), "gennorm": (1.6,),
    "beta": (2.1, 1.4), "betaprime": (2.2, 5.1), "f": (5.0, 9.0), "t": (6.5,),
    "weibull_min": (1.6,), "weibull_max": (1.6,), "dweibull": (1.7,), "genextreme": (0.2,),
    "genpareto": (0.15,), "pareto": (3.4,), "lomax": (3.3,), "burr": (2.2, 1.3),
    "burr12": (2.1, 1.7), "powerlaw": (1.7,), "triang": (0.3,), "truncexpon": (2.0,),
    "reciprocal": (0.5, 3.0), "loguniform": (0.5, 3.0), "bradford": (1.2,), "bernoulli": (0.3,),
    "binom": (7, 0.3), "poisson": (2.5,), "geom": (0.3,), "nbinom": (4.2, 0.4),
    "betabinom": (7, 2.0, 3.0), "logser": (0.6,), "planck": (0.8,),
    "vonmises": (1.7,), "rice": (1.2,),
    "boltzmann": (0.8, 6),
}  # fmt: skip
MOMENTS = ("mean", "var", "std", "entropy", "median", "stats")
# What has no rule: the inverse has no formula, or SciPy sums a series.
MISSING = {
    "cosine": "ppf isf median", "skewnorm": "ppf isf entropy median", "betaprime": "entropy",
    "exponnorm": "ppf isf entropy median", "foldnorm": "ppf isf entropy median",
    "invgauss": "ppf isf entropy median", "wald": "ppf isf entropy median", "f": "entropy",
    "burr": "mean var std entropy stats", "burr12": "mean var std entropy stats",
    "genextreme": "var std stats", "hypsecant": "entropy", "dweibull": "entropy",
    "poisson": "entropy median", "binom": "entropy median", "bernoulli": "median",
    "geom": "median", "nbinom": "entropy median", "planck": "median",
    "betabinom": "cdf sf logcdf logsf entropy median",
    "vonmises": "ppf isf cdf sf logcdf logsf mean var std median stats",
    "rice": "ppf isf cdf sf logcdf logsf entropy median",
    "logser": "cdf sf logcdf logsf entropy median",
    "boltzmann": "mean var std entropy median stats",
}  # fmt: skip
# SciPy takes the logarithm of a probability that is 0, or nearly, far out.
SCIPY_LOSES_THE_TAIL = {"nakagami", "loggamma", "gennorm", "dweibull", "exponnorm"}
PROBABILITIES = np.array([0.001, 0.02, 0.25, 0.45, 0.8, 0.99])


def traced(f: Callable[..., Any], *args: Any) -> Any:
    return wg.vjp(f, *args)[0]


def methods(name: str) -> list[str]:
    is_discrete = stats.DISTRIBUTIONS[name].family.is_discrete
    own = ["pmf", "logpmf"] if is_discrete else ["pdf", "logpdf", "ppf", "isf"]
    missing = MISSING.get(name, "").split()
    found = [*own, "cdf", "sf", "logcdf", "logsf", *MOMENTS]
    return [method for method in found if method not in missing]


def points(name: str) -> tuple[Any, tuple[float, ...]]:
    """Points inside the support, and outside or far in a tail; shapes, loc and scale."""
    is_discrete = stats.DISTRIBUTIONS[name].family.is_discrete
    parameters = (*SHAPES.get(name, ()), *((1.0,) if is_discrete else (0.4, 1.7)))
    inside = getattr(scipy.stats, name).ppf(PROBABILITIES, *parameters)
    return np.concatenate([inside, [inside[0] - 40.0, inside[-1] + 13.3]]), parameters


@pytest.mark.parametrize("name", sorted(stats.DISTRIBUTIONS))
@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_scipy(name: str) -> None:
    ours, scipys = getattr(stats, name), getattr(scipy.stats, name)
    x, parameters = points(name)
    n_shapes = len(ours.family.shapes)
    with np.errstate(all="ignore"):
        for method in methods(name):
            if method in MOMENTS:
                shapes, loc, rest = (
                    parameters[:n_shapes],
                    parameters[n_shapes],
                    parameters[n_shapes + 1 :],
                )
                f = lambda loc: getattr(ours, method)(*shapes, loc, *rest)
                got, want = traced(f, loc), getattr(scipys, method)(*parameters)
            else:
                at = PROBABILITIES if method in ("ppf", "isf") else x
                f = lambda at: getattr(ours, method)(at, *parameters)
                got, want = traced(f, at), getattr(scipys, method)(at, *parameters)
                if method.startswith("log") and name in SCIPY_LOSES_THE_TAIL:
                    got, want = (np.where(np.isinf(want), 0.0, z) for z in (got, want))
            np.testing.assert_allclose(got, want, 1e-9, 1e-13, err_msg=method)


@pytest.mark.parametrize("name", sorted(stats.DISTRIBUTIONS))
@pytest.mark.filterwarnings("ignore")
def test_derivatives_against_differences(name: str) -> None:
    """In the variable and in each parameter, of SciPy's own values."""
    ours, scipys = getattr(stats, name), getattr(scipy.stats, name)
    x, parameters = points(name)
    x = x[1:5] if not ours.family.is_discrete else x
    constant = {"binom": {1}, "betabinom": {1}, "boltzmann": {2}}.get(name, set())
    if ours.family.is_discrete:
        constant = constant | {0, len(parameters)}
    for method in methods(name):
        if method in MOMENTS:
            continue
        args: list[Any] = [PROBABILITIES[1:5] if method in ("ppf", "isf") else x, *parameters]
        for k in set(range(len(args))) - constant:
            h = 1e-5

            def at(value: Any, which: Any) -> Any:
                return getattr(which, method)(*args[:k], value, *args[k + 1 :])

            ones = np.ones_like(args[k], dtype=float)
            with np.errstate(all="ignore"):
                _, got = wg.jvp(lambda v: at(v, ours), (args[k],), (ones[()],))
                want = (at(args[k] + h, scipys) - at(args[k] - h, scipys)) / (2 * h)
            got, want = (np.where(np.isfinite(want), z, 0.0) for z in (got, want))
            np.testing.assert_allclose(got, want, 2e-4, 2e-5, err_msg=f"{method} in {k}")


# -- mpmath ----------------------------------------------------------------------------------------

mp = mpmath.mp


def _mp_t(y: Any, df: Any) -> Any:
    half = (df + 1) / 2
    return (
        mp.loggamma(half)
        - mp.loggamma(df / 2)
        - mp.log(df * mp.pi) / 2
        - half * mp.log(1 + y * y / df)
    )


def _mp_genextreme(y: Any, c: Any) -> Any:
    log_t = mp.log(1 - c * y) / c
    return (1 - c) * log_t - mp.exp(log_t)


def _mp_truncnorm(y: Any, a: Any, b: Any) -> Any:
    mass = (mp.erfc(a / mp.sqrt(2)) - mp.erfc(b / mp.sqrt(2))) / 2
    return -y * y / 2 - mp.log(2 * mp.pi) / 2 - mp.log(mass)


def _mp_gamma_sf(y: Any, a: Any) -> Any:
    return mp.log(mp.gammainc(a, y, regularized=True))


def _mp_exponnorm_cdf(y: Any, k: Any) -> Any:
    u = 1 / k
    tail = mp.exp(u * (u / 2 - y)) * mp.erfc((u - y) / mp.sqrt(2)) / 2
    return mp.log(mp.erfc(-y / mp.sqrt(2)) / 2 - tail)


def _mp_wald_sf(y: Any, mu: Any) -> Any:
    root = mp.sqrt(2 * y)
    first = mp.erfc((y / mu - 1) / root) / 2
    return mp.log(first - mp.exp(2 / mu) * mp.erfc((y / mu + 1) / root) / 2)


def _mp_log_beta_cdf(y: Any, a: Any, b: Any) -> Any:
    return mp.log(mp.betainc(a, b, 0, y, regularized=True))


def _mp_t_cdf(y: Any, df: Any) -> Any:
    return mp.log(mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + y * y), regularized=True) / 2)


def _mp_skewnorm(y: Any, a: Any) -> Any:
    return mp.log(2 * mp.npdf(y) * mp.erfc(-a * y / mp.sqrt(2)) / 2)


def _mp_nbinom(k: Any, n: Any, p: Any) -> Any:
    return mp.log(mp.binomial(n + k - 1, k)) + n * mp.log(p) + k * mp.log(1 - p)


MP: list[tuple[str, str, Callable[..., Any], list[tuple[float, ...]]]] = [
    ("t", "logpdf", _mp_t, [(0.3, 2.5), (-1e5, 3.0), (1e12, 1.5)]),
    ("t", "logcdf", _mp_t_cdf, [(-2.0, 4.0), (-1e6, 30.0)]),
    ("genextreme", "logpdf", _mp_genextreme, [(0.5, 1e-9), (3.0, -0.4), (30.0, -1e-4)]),
    ("truncnorm", "logpdf", _mp_truncnorm, [(0.3, -1.0, 2.0), (31.0, 30.0, 40.0)]),
    ("gamma", "logsf", _mp_gamma_sf, [(3.0, 2.0), (800.0, 2.5)]),
    ("exponnorm", "logcdf", _mp_exponnorm_cdf, [(-0.5, 1.5), (-30.0, 0.7)]),
    ("invgauss", "logsf", _mp_wald_sf, [(0.3, 0.8), (60.0, 0.8), (3000.0, 1.5)]),
    ("beta", "logcdf", _mp_log_beta_cdf, [(0.3, 2.0, 3.0), (1e-30, 12.0, 3.5)]),
    ("skewnorm", "logpdf", _mp_skewnorm, [(0.7, 2.0), (-20.0, 3.0)]),
    ("nbinom", "logpmf", _mp_nbinom, [(3.0, 2.5, 0.3), (400.0, 1.5, 0.9)]),
]


@pytest.mark.parametrize("name, method, formula, at", MP, ids=[f"{m[0]}-{m[1]}" for m in MP])
def test_values_and_derivatives_against_mpmath(
    name: str, method: str, formula: Callable[..., Any], at: list[tuple[float, ...]]
) -> None:
    ours = getattr(getattr(stats, name), method)
    is_discrete = getattr(stats, name).family.is_discrete
    with mp.workdps(60):
        for args in at:
            exact = [mp.mpf(a) for a in args]
            value = traced(lambda *xs: ours(*xs), *args)
            np.testing.assert_allclose(value, float(formula(*exact)), 1e-11)
            for k in range(int(is_discrete), len(args)):
                got = wg.grad(lambda *xs: ours(*xs), argnums=k)(*args)
                h = mp.mpf(10) ** -20 * (1 + abs(exact[k])) * min(1, abs(exact[k]))
                above, below = (
                    formula(*exact[:k], exact[k] + s * h, *exact[k + 1 :]) for s in (1, -1)
                )
                want = float((above - below) / (2 * h))
                np.testing.assert_allclose(got, want, 2e-9, 1e-140, err_msg=f"{args} in {k}")
