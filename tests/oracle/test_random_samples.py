"""Samples against their distributions, and their derivatives against inverted ones.

Keys are fixed, so that nothing here is left to chance: a test that passes passes always.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special, stats

import wengert as wg
from wengert.random import samples

random = wg.random
KEY = random.key(314159)
N = 20_000

CONTINUOUS: dict[str, tuple[Callable[..., Any], Any]] = {
    "uniform": (lambda k, n: random.uniform(k, n, low=-1, high=3), stats.uniform(-1, 4)),
    "normal": (lambda k, n: random.normal(k, n, loc=1, scale=2), stats.norm(1, 2)),
    "lognormal": (
        lambda k, n: random.lognormal(k, n, mean=1, sigma=0.5),
        stats.lognorm(0.5, 0, np.e),
    ),
    "exponential": (lambda k, n: random.exponential(k, n, scale=2), stats.expon(0, 2)),
    "laplace": (lambda k, n: random.laplace(k, n, loc=1, scale=2), stats.laplace(1, 2)),
    "logistic": (lambda k, n: random.logistic(k, n, loc=1, scale=2), stats.logistic(1, 2)),
    "gumbel": (lambda k, n: random.gumbel(k, n, loc=1, scale=2), stats.gumbel_r(1, 2)),
    "cauchy": (lambda k, n: random.cauchy(k, n, loc=1, scale=2), stats.cauchy(1, 2)),
    "rayleigh": (lambda k, n: random.rayleigh(k, n, scale=2), stats.rayleigh(0, 2)),
    "pareto": (lambda k, n: random.pareto(k, 3.0, n), stats.lomax(3)),
    "weibull": (lambda k, n: random.weibull(k, 1.5, n, scale=2), stats.weibull_min(1.5, 0, 2)),
    "triangular": (lambda k, n: random.triangular(k, -1, 0.5, 2, n), stats.triang(0.5, -1, 3)),
    "truncated_normal": (
        lambda k, n: random.truncated_normal(k, -1.0, 4.0, n, loc=1, scale=2),
        stats.truncnorm(-1, 1.5, 1, 2),
    ),
    "tail": (
        lambda k, n: random.truncated_normal(k, 40.0, np.inf, n) - 40.0,
        stats.expon(0, 1 / 40.02),  # to a part in a thousand
    ),
    "gamma": (lambda k, n: random.gamma(k, 2.5, n, scale=2), stats.gamma(2.5, 0, 2)),
    "small gamma": (lambda k, n: random.gamma(k, 0.05, n), stats.gamma(0.05)),
    "loggamma": (lambda k, n: random.loggamma(k, 2.5, n), stats.loggamma(2.5)),
    "chisquare": (lambda k, n: random.chisquare(k, 3.0, n), stats.chi2(3)),
    "beta": (lambda k, n: random.beta(k, 0.5, 3.0, n), stats.beta(0.5, 3)),
    "f": (lambda k, n: random.f(k, 4.0, 9.0, n), stats.f(4, 9)),
    "student_t": (lambda k, n: random.student_t(k, 3.0, n, loc=1, scale=2), stats.t(3, 1, 2)),
    "von_mises": (lambda k, n: random.von_mises(k, 2.0, n), stats.vonmises(2)),
    "wald": (lambda k, n: random.wald(k, 1.5, 2.0, n), stats.invgauss(0.75, scale=2)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_kolmogorov_smirnov(name: str) -> None:
    draw, distribution = CONTINUOUS[name]
    n = 4000 if name == "von_mises" else N
    assert stats.kstest(draw(KEY, n), distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", CONTINUOUS)
def test_moments(name: str) -> None:
    """The mean within four of its standard errors, where there is one."""
    draw, distribution = CONTINUOUS[name]
    if name == "cauchy":
        return
    n = 4000 if name == "von_mises" else N
    x = draw(random.fold_in(KEY, 1), n)
    error = distribution.std() / np.sqrt(n)
    assert abs(np.mean(x) - distribution.mean()) < 4 * error


DISCRETE: dict[str, tuple[Callable[..., Any], Any]] = {
    "integers": (lambda k: random.integers(k, 3, 13, N), stats.randint(3, 13)),
    "bernoulli": (lambda k: random.bernoulli(k, 0.3, N).astype(int), stats.bernoulli(0.3)),
    "poisson": (lambda k: random.poisson(k, 4.5, N), stats.poisson(4.5)),
    "rare": (lambda k: random.poisson(k, 0.1, N), stats.poisson(0.1)),
    "binomial": (lambda k: random.binomial(k, 12, 0.3, N), stats.binom(12, 0.3)),
    "geometric": (lambda k: random.geometric(k, 0.3, N), stats.geom(0.3)),
    "categorical": (
        lambda k: random.categorical(k, np.log([0.1, 0.6, 0.3]), shape=N),
        stats.rv_discrete(values=([0, 1, 2], [0.1, 0.6, 0.3])),
    ),
    "choice": (
        lambda k: random.choice(k, 3, N, p=np.array([0.1, 0.6, 0.3])),
        stats.rv_discrete(values=([0, 1, 2], [0.1, 0.6, 0.3])),
    ),
    "multinomial": (
        lambda k: random.multinomial(k, 5, np.array([0.2, 0.5, 0.3]), N)[:, 2],
        stats.binom(5, 0.3),
    ),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_chi_square(name: str) -> None:
    draw, distribution = DISCRETE[name]
    x = draw(KEY)
    values = np.arange(x.min(), x.max() + 1)
    expected = N * distribution.pmf(values)
    frequent = expected > 5
    observed = np.array([np.sum(x == v) for v in values[frequent]])
    rest = N - np.sum(observed), N - np.sum(expected[frequent])
    observed, expected = [*observed, rest[0]], [*expected[frequent], max(rest[1], 1e-300)]
    if rest[1] < 1e-6:
        assert rest[0] == 0
        observed, expected = observed[:-1], expected[:-1]
    statistic = np.sum((np.array(observed) - expected) ** 2 / np.array(expected))
    assert stats.chi2.sf(statistic, len(observed) - 1) > 1e-3


@pytest.mark.parametrize("rate", [0.5, 37.0, 1e5])
def test_poisson_is_the_quantile(rate: float) -> None:
    u = samples.open_uniform(random.bits(KEY, 500))
    np.testing.assert_array_equal(random.poisson(KEY, rate, 500), stats.poisson.ppf(u, rate))


@pytest.mark.parametrize("n, p", [(1, 0.5), (30, 0.01), (10_000, 0.99)])
def test_binomial_is_the_quantile(n: int, p: float) -> None:
    u = samples.open_uniform(random.bits(KEY, 500))
    np.testing.assert_array_equal(random.binomial(KEY, n, p, 500), stats.binom.ppf(u, n, p))


# -- vectors and matrices --------------------------------------------------------------------------


def test_covariance_of_normal_vectors() -> None:
    cov = np.array([[2.0, 0.6], [0.6, 1.0]])
    for method in ("cholesky", "eigh", "svd"):
        x = random.multivariate_normal(KEY, np.array([1.0, -1.0]), cov, N, method=method)
        np.testing.assert_allclose(np.cov(x.T), cov, atol=0.06)
        np.testing.assert_allclose(np.mean(x, axis=0), [1, -1], atol=0.04)


def test_dirichlet_marginals_are_beta() -> None:
    alpha = np.array([0.3, 1.0, 2.5])
    x = random.dirichlet(KEY, alpha, 5000)
    np.testing.assert_allclose(np.sum(x, axis=1), 1.0, rtol=1e-14)
    for i in range(3):
        marginal = stats.beta(alpha[i], np.sum(alpha) - alpha[i])
        assert stats.kstest(x[:, i], marginal.cdf).pvalue > 1e-3
    tiny = random.dirichlet(KEY, np.full(3, 1e-3), 200)
    assert np.all(np.isfinite(tiny))


def test_orthogonal_matrices() -> None:
    q = random.orthogonal(KEY, 3, 4000)
    np.testing.assert_allclose(
        q @ np.swapaxes(q, 1, 2), np.broadcast_to(np.eye(3), q.shape), atol=1e-14
    )
    assert stats.kstest(q[:, 0, 0], stats.uniform(-1, 2).cdf).pvalue > 1e-3  # Archimedes
    assert abs(np.mean(np.linalg.det(q))) < 0.05


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5])
def test_points_in_a_ball(p: float) -> None:
    x = random.ball(KEY, 3, p, 4000)
    radius = np.sum(np.abs(x) ** p, axis=1) ** (1 / p)
    assert stats.kstest(radius**3, stats.uniform.cdf).pvalue > 1e-3
    assert np.all(np.abs(np.mean(x, axis=0)) < 0.03)


def test_wishart_moments() -> None:
    scale = np.array([[1.0, 0.3], [0.3, 0.5]])
    w = random.wishart(KEY, 4.5, scale, 5000)
    np.testing.assert_allclose(np.mean(w, axis=0), 4.5 * scale, atol=0.12)
    variance = 4.5 * (scale**2 + np.outer(np.diag(scale), np.diag(scale)))
    np.testing.assert_allclose(np.var(w, axis=0), variance, rtol=0.12)


def test_permutations_are_equally_likely() -> None:
    keys = random.split(KEY, 6000)
    orders = wg.vmap(lambda key: random.permutation(key, 3))(keys)
    _, counts = np.unique(orders @ np.array([9, 3, 1]), return_counts=True)
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


# -- derivatives, pathwise -------------------------------------------------------------------------
# F(x, θ) = u solved at 40 digits for θ beside the given one: the movement of x is the derivative.


def moved(cdf: Callable[..., Any], x: float, parameters: tuple[float, ...], i: int) -> float:
    """dx/dθ_i at fixed F(x, θ), by differences at 60 digits."""
    with mp.workdps(60):
        x = mp.mpf(x)
        exact = [mp.mpf(p) for p in parameters]
        h = mp.mpf(10) ** -20

        def at(step: Any, of_x: bool) -> Any:
            every = list(exact)
            every[i] += 0 if of_x else step
            return cdf(x + (step if of_x else 0), *every)

        slopes = [(at(h, of_x) - at(-h, of_x)) / (2 * h) for of_x in (False, True)]
        return float(-slopes[0] / slopes[1])


def gamma_cdf(x: Any, a: Any, scale: Any) -> Any:
    return mp.gammainc(a, 0, x / scale, regularized=True)


def wald_cdf(x: Any, mean: Any, scale: Any) -> Any:
    root = mp.sqrt(scale / x)
    left = mp.exp(2 * scale / mean) * mp.ncdf(-root * (x / mean + 1))
    return mp.ncdf(root * (x / mean - 1)) + left


def von_mises_cdf(x: Any, kappa: Any) -> Any:
    terms = mp.nsum(lambda j: mp.besseli(j, kappa) * mp.sin(j * x) / j, [1, 60])
    return x / 2 / mp.pi + terms / mp.pi / mp.besseli(0, kappa)


def truncated_cdf(x: Any, lower: Any, upper: Any, loc: Any, scale: Any) -> Any:
    below, at, above = [mp.ncdf((t - loc) / scale) for t in (lower, x, upper)]
    return (at - below) / (above - below)


PATHS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[float, ...]]] = {
    "gamma": (lambda k, a, s: random.gamma(k, a, 5, scale=s), gamma_cdf, (2.5, 1.5)),
    "small gamma": (lambda k, a, s: random.gamma(k, a, 5, scale=s), gamma_cdf, (0.2, 1.5)),
    "large gamma": (lambda k, a, s: random.gamma(k, a, 5, scale=s), gamma_cdf, (300.0, 0.1)),
    "wald": (lambda k, m, s: random.wald(k, m, s, 5), wald_cdf, (1.5, 2.0)),
    "von_mises": (lambda k, kappa: random.von_mises(k, kappa, 5), von_mises_cdf, (2.0,)),
    "truncated": (
        lambda k, a, b, m, s: random.truncated_normal(k, a, b, 5, loc=m, scale=s),
        truncated_cdf,
        (-1.0, 2.5, 0.5, 1.5),
    ),
    "triangular": (
        lambda k, a, b, c: random.triangular(k, a, b, c, 5),
        lambda x, a, b, c: (
            (x - a) ** 2 / (c - a) / (b - a) if x < b else 1 - (c - x) ** 2 / (c - a) / (c - b)
        ),
        (-1.0, 0.5, 2.0),
    ),
    "weibull": (
        lambda k, a, s: random.weibull(k, a, 5, scale=s),
        lambda x, a, s: 1 - mp.exp(-((x / s) ** a)),
        (1.5, 2.0),
    ),
    "pareto": (lambda k, a: random.pareto(k, a, 5), lambda x, a: 1 - (1 + x) ** -a, (3.0,)),
}


@pytest.mark.parametrize("name", PATHS)
def test_derivatives_keep_the_distribution_function_fixed(name: str) -> None:
    draw, cdf, parameters = PATHS[name]
    x = draw(KEY, *parameters)
    for i in range(len(parameters)):
        found = wg.jacfwd(lambda *p: draw(KEY, *p), argnums=i)(*parameters)
        expected = [moved(cdf, float(v), parameters, i) for v in x]
        np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("a", [1e-3, 0.3, 1.0, 4.0, 60.0, 2e4])
def test_gamma_slopes_at_all_levels(a: float) -> None:
    for u in (1e-9, 0.02, 0.4, 0.7, 0.99, 1 - 1e-9):
        x = special.gammaincinv(a, u)
        y = float(np.log(x) if x > 0 else (np.log(u) + special.gammaln(a + 1)) / a)
        found = samples.log_gamma_slope(np.float64(a), np.float64(y))
        with mp.workdps(50):
            x = mp.exp(mp.mpf(y))
            tail = (0, x) if x < a else (x, mp.inf)
            h = mp.mpf(a) * mp.mpf(10) ** -15
            f = lambda a, tail=tail: mp.gammainc(a, *tail, regularized=True)
            slope = (f(a + h) - f(a - h)) / (2 * h)
            density = mp.exp(a * mp.mpf(y) - x - mp.loggamma(a))
            expected = float((slope if tail[0] else -slope) / density)
        np.testing.assert_allclose(found, expected, rtol=3e-13)


@pytest.mark.parametrize("name", ["gamma", "wald", "von_mises", "truncated"])
def test_second_derivatives(name: str) -> None:
    """Against differences of first ones, which the test above has checked."""
    draw, _, parameters = PATHS[name]
    for i in range(len(parameters)):
        first = wg.jacfwd(lambda *p: draw(KEY, *p), argnums=i)
        found = wg.jacfwd(first, argnums=i)(*parameters)
        h = 1e-4
        beside = [[*parameters[:i], parameters[i] + step, *parameters[i + 1 :]] for step in (h, -h)]
        expected = (first(*beside[0]) - first(*beside[1])) / (2 * h)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


# -- derivatives of expectations -------------------------------------------------------------------

EXPECTATIONS: dict[str, tuple[Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = {
    # samples, parameters, and the derivatives of the mean
    "gamma": (lambda k, n, a: random.gamma(k, a, n), (2.5,), (1.0,)),
    "beta": (lambda k, n, a, b: random.beta(k, a, b, n), (2.0, 3.0), (3 / 25, -2 / 25)),
    "f": (lambda k, n, d: random.f(k, 5.0, d, n), (12.0,), (-2 / 100,)),
    "t": (lambda k, n, d: random.student_t(k, d, n) ** 2, (9.0,), (-2 / 49,)),
    "wald": (lambda k, n, m, s: random.wald(k, m, s, n), (1.5, 2.0), (1.0, 0.0)),
    "dirichlet": (
        lambda k, n, a: random.dirichlet(k, np.stack([a, 0 * a + 2.0]), n)[:, 0],
        (1.0,),
        (2 / 9,),
    ),
    "chisquare": (lambda k, n, d: random.chisquare(k, d, n) ** 2, (3.0,), (8.0,)),
}


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_means_of_derivatives_are_derivatives_of_means(name: str) -> None:
    """Within four standard errors at two sample sizes, whose errors differ by a factor of four."""
    draw, parameters, expected = EXPECTATIONS[name]
    for n, seed in ((500, 1), (8000, 2)):
        key = random.fold_in(KEY, seed)
        for i, slope in enumerate(expected):
            found = wg.jacfwd(lambda *p, n=n, key=key: draw(key, n, *p), argnums=i)(*parameters)
            assert abs(np.mean(found) - slope) < 4 * np.std(found) / np.sqrt(n)
