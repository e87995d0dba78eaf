"""`wengert.scipy.stats`: call forms, supports, transforms, vectors, statistics of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import wengert as wg
from wengert.scipy import stats

X = np.array([0.3, 1.2, 2.0, 0.7])


def traced(f: Callable[..., Any], *args: Any) -> Any:
    return wg.vjp(f, *args)[0]


# -- call forms ------------------------------------------------------------------------------------


def test_plain_arguments_are_scipys() -> None:
    assert stats.norm.cdf(0.3) == scipy.stats.norm.cdf(0.3)
    assert stats.gamma(2.0).mean() == 2.0
    assert stats.norm.rvs(size=3, random_state=1).shape == (3,)
    assert stats.norm.fit(X) == scipy.stats.norm.fit(X)
    assert stats.norm.name == "norm" and "logpdf" in dir(stats.norm)
    assert stats.gamma.numargs == 1
    assert stats.ttest_1samp(X, 0.0).pvalue == scipy.stats.ttest_1samp(X, 0.0).pvalue
    assert stats.multivariate_normal.pdf(0.0) == scipy.stats.multivariate_normal.pdf(0.0)
    assert stats.vonmises_line.pdf(0.1, 1.0) == scipy.stats.vonmises_line.pdf(0.1, 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda d, x: d.logpdf(x, 2.0, 0.1, 1.5),
        lambda d, x: d.logpdf(x, 2.0, scale=1.5, loc=0.1),
        lambda d, x: d.logpdf(x=x, a=2.0, loc=0.1, scale=1.5),
        lambda d, x: d(2.0, 0.1, 1.5).logpdf(x),
        lambda d, x: d(a=2.0, scale=1.5, loc=0.1).logpdf(x),
        lambda d, x: d.freeze(2, loc=0.1, scale=1.5).logpdf(x),
    ],
)
def test_call_forms(f: Callable[..., Any]) -> None:
    want = scipy.stats.gamma.logpdf(X, 2.0, 0.1, 1.5)
    np.testing.assert_allclose(traced(lambda x: f(stats.gamma, x), X), want, 1e-13)


def test_traced_parameters_of_a_frozen_distribution() -> None:
    def f(s: Any) -> Any:
        d = stats.norm(1.0, s)
        low, high = d.interval(0.9)
        return np.sum(d.logpdf(X)) + d.mean() + d.std() + d.stats("mv")[1] + high - low

    got = wg.grad(f)(2.0)
    pull = np.sum((X - 1.0) ** 2) / 8.0 - 4 / 2.0
    want = pull + 1.0 + 4.0 + 2.0 * scipy.stats.norm.ppf(0.95)
    np.testing.assert_allclose(got, want, 1e-12)


def test_broadcasting() -> None:
    a = np.array([[1.5], [2.5]])
    got = traced(lambda a: stats.gamma.logpdf(X, a, scale=[1.0, 2.0, 3.0, 4.0]), a)
    np.testing.assert_allclose(got, scipy.stats.gamma.logpdf(X, a, scale=[1, 2, 3, 4]), 1e-13)


@pytest.mark.parametrize("moments", ["m", "mvsk", "sk"])
def test_stats_moments(moments: str) -> None:
    got = traced(lambda a: stats.gamma.stats(a, 0.5, 2.0, moments=moments), 2.5)
    np.testing.assert_allclose(got, scipy.stats.gamma.stats(2.5, 0.5, 2.0, moments=moments))


@pytest.mark.parametrize("name, shapes", [("t", (9.0,)), ("beta", (2.0, 3.0)), ("logistic", ())])
def test_transforms_agree(name: str, shapes: tuple[float, ...]) -> None:
    d = getattr(stats, name)

    def f(x: Any, scale: Any) -> Any:
        return d.logcdf(x, *shapes, 0.1, scale)

    x, scale = np.array([0.3, 0.5, 0.8]), 1.4
    want = getattr(scipy.stats, name).logcdf(x, *shapes, 0.1, scale)
    np.testing.assert_allclose(wg.jit(f)(x, scale), want, 1e-10)
    each = wg.vmap(wg.grad(f), in_axes=(0, None))(x, scale)
    np.testing.assert_allclose(each, np.diagonal(wg.jacobian(f)(x, scale)), 1e-12)
    second = wg.hessian(lambda s: np.sum(f(x, s)))(scale)
    h = 1e-4
    slope = wg.grad(lambda s: np.sum(f(x, s)))
    np.testing.assert_allclose(second, (slope(scale + h) - slope(scale - h)) / (2 * h), 1e-6)


# -- supports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(stats.DISTRIBUTIONS))
def test_outside_the_support_derivatives_are_zero(name: str) -> None:
    d = stats.DISTRIBUTIONS[name]
    if name in ("triang",):
        shapes: tuple[float, ...] = (0.4,)
    else:
        shapes = tuple([0.5, 0.7, 0.9][: len(d.family.shapes)])
    if d.family.is_discrete:
        shapes = {"binom": (4, 0.3), "boltzmann": (0.5, 4), "betabinom": (4, 0.5, 0.7)}.get(
            name, shapes
        )
    if np.isneginf(getattr(scipy.stats, name).support(*shapes)[0]):
        pytest.skip("on the whole line")
    continuous = ("pdf", "logpdf") if name == "rice" else ("pdf", "logpdf", "cdf", "sf")
    for method in ("pmf", "logpmf") if d.family.is_discrete else continuous:
        f = lambda x, *s: getattr(d, method)(x, *s)
        want = getattr(getattr(scipy.stats, name), method)(-20.0, *shapes)
        value, slopes = wg.value_and_grad(f, argnums=tuple(range(len(shapes) + 1)))(
            -20.0, *map(float, shapes)
        )
        assert value == want
        assert not np.any(slopes), (method, slopes)


def test_parameters_that_are_not_allowed_give_nan() -> None:
    for f in (
        lambda s: stats.norm.logpdf(0.3, 0.0, s),
        lambda s: stats.gamma.cdf(0.3, s),
        lambda s: stats.expon.ppf(0.3, scale=s),
        lambda s: stats.gamma.mean(s),
        lambda s: stats.poisson.pmf(2, s),
    ):
        value, slope = wg.value_and_grad(f)(-1.0)
        assert np.isnan(value) and np.isnan(slope)


def test_probabilities_at_and_beyond_the_ends() -> None:
    q = np.array([-0.1, 0.0, 0.5, 1.0, 1.1])
    for d, shapes in ((stats.gamma, (2.0,)), (stats.norm, ()), (stats.genpareto, (-0.5,))):
        for method in ("ppf", "isf"):
            got = traced(lambda q: getattr(d, method)(q, *shapes), q)
            np.testing.assert_allclose(got, getattr(d, method)(q, *shapes), 1e-12)


def test_numbers_of_events_are_constant() -> None:
    k = np.array([-1.0, 0.0, 1.5, 2.0, 9.0])
    for method in ("pmf", "cdf", "sf"):
        f = lambda k: getattr(stats.binom, method)(k, 5, 0.3)
        np.testing.assert_allclose(traced(f, k), f(k), 1e-12, 1e-15)
        assert not np.any(wg.jacobian(f)(k))


def test_shapes_near_zero() -> None:
    """genextreme and genpareto are smooth where the shape is 0."""
    for d in (stats.genextreme, stats.genpareto):
        slope = wg.grad(lambda c: d.logpdf(0.7, c))
        np.testing.assert_allclose(slope(0.0), (slope(1e-6) + slope(-1e-6)) / 2, 1e-8)


# -- vectors and samples ---------------------------------------------------------------------------

RNG = np.random.default_rng(0)
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])
M, P, ALPHA = np.array([0.1, 0.2, 0.3]), RNG.normal(size=(4, 3)), np.array([1.2, 2.0, 3.0])
MATRICES = np.stack([S + 0.2 * np.eye(3), S], axis=-1)
SIMPLEX = np.array([0.25, 0.25, 0.5])
SAMPLE, W = np.abs(RNG.normal(size=(5, 3))) + 0.5, np.array([1.0, 2.0, 3.0, 1.0, 2.0])
CLOUD = RNG.normal(size=(2, 9))
Y = RNG.normal(size=5)

VALUES: list[tuple[str, Callable[[Any, Any], Any], Any]] = [
    ("mvn x", lambda st, x: st.multivariate_normal.logpdf(x, M, S), P),
    ("mvn pdf", lambda st, x: st.multivariate_normal.pdf(x, M, S), P[0]),
    ("mvn mean", lambda st, m: st.multivariate_normal.logpdf(P, m, S), M),
    ("mvn cov", lambda st, c: st.multivariate_normal.logpdf(P, M, c), S),
    ("mvn variances", lambda st, c: st.multivariate_normal.logpdf(P, M, c), np.diag(S)),
    ("mvn variance", lambda st, c: st.multivariate_normal.logpdf(P, M, c), np.float64(2.0)),
    ("mvn line", lambda st, x: st.multivariate_normal.logpdf(x), P[:, 0]),
    ("mvn frozen", lambda st, x: st.multivariate_normal(M, S).logpdf(x), P),
    ("mvn entropy", lambda st, c: st.multivariate_normal.entropy(M, c), S),
    ("mvt", lambda st, x: st.multivariate_t.logpdf(x, M, S, 5.0), P),
    ("mvt df", lambda st, d: st.multivariate_t.logpdf(P, M, S, df=d), np.float64(4.0)),
    ("dirichlet", lambda st, a: st.dirichlet.logpdf(SIMPLEX, a), ALPHA),
    ("dirichlet short", lambda st, a: st.dirichlet.logpdf(SIMPLEX[:2], a), ALPHA),
    ("dirichlet mean", lambda st, a: st.dirichlet.mean(a), ALPHA),
    ("dirichlet var", lambda st, a: st.dirichlet.var(a), ALPHA),
    ("dirichlet entropy", lambda st, a: st.dirichlet.entropy(a), ALPHA),
    ("wishart", lambda st, s: st.wishart.logpdf(MATRICES, 5.0, s), S),
    ("wishart df", lambda st, d: st.wishart.pdf(S, d, S), np.float64(5.0)),
    ("invwishart", lambda st, s: st.invwishart.logpdf(S, 5.0, s), S),
    ("matrix normal", lambda st, s: st.matrix_normal.logpdf(P, P / 2, np.eye(4), s), S),
    ("multinomial", lambda st, p: st.multinomial.logpmf([[1, 2, 3], [2, 2, 2]], 6, p), SIMPLEX),
    ("dirichlet multinomial", lambda st, a: st.dirichlet_multinomial.pmf([1, 2, 3], a, 6), ALPHA),
    ("zscore", lambda st, a: st.zscore(a), SAMPLE),
    ("zscore of all", lambda st, a: st.zscore(a, axis=None, ddof=1), SAMPLE),
    ("gmean", lambda st, a: st.gmean(a, axis=1, weights=[1, 2, 3]), SAMPLE),
    ("hmean", lambda st, a: st.hmean(a, axis=None), SAMPLE),
    ("hmean kept", lambda st, a: st.hmean(a, axis=1, keepdims=True), SAMPLE),
    ("pmean", lambda st, a: st.pmean(a, 2.5), SAMPLE),
    ("pmean 0", lambda st, a: st.pmean(a, 0), SAMPLE),
    ("moments", lambda st, a: st.moment(a, [1, 2], axis=1), SAMPLE),
    ("moment about", lambda st, a: st.moment(a, 3, center=0.3), SAMPLE),
    ("skew", lambda st, a: st.skew(a, axis=1, bias=False), SAMPLE),
    ("kurtosis", lambda st, a: st.kurtosis(a, axis=None), SAMPLE),
    ("kurtosis unbiased", lambda st, a: st.kurtosis(a, bias=False, fisher=False), SAMPLE),
    ("sem", lambda st, a: st.sem(a), SAMPLE),
    ("variation", lambda st, a: st.variation(a, ddof=1), SAMPLE),
    ("trim_mean", lambda st, a: st.trim_mean(a, 0.2), SAMPLE),
    ("pearsonr", lambda st, c: st.pearsonr(c, Y).statistic, SAMPLE[:, 0]),
    ("slope", lambda st, c: st.linregress(c, Y).slope, SAMPLE[:, 0]),
    ("intercept", lambda st, c: st.linregress(c, Y).intercept, SAMPLE[:, 0]),
    ("rvalue", lambda st, c: st.linregress(c, Y).rvalue, SAMPLE[:, 0]),
    ("stderr", lambda st, c: st.linregress(c, Y).stderr, SAMPLE[:, 0]),
    ("intercept error", lambda st, c: st.linregress(c, Y).intercept_stderr, SAMPLE[:, 0]),
    ("wasserstein", lambda st, c: st.wasserstein_distance(c, Y[:4]), SAMPLE[:, 0]),
    ("weights", lambda st, w: st.wasserstein_distance(SAMPLE[:, 0], Y[:4], w), W),
    ("energy", lambda st, c: st.energy_distance(c, Y[:4]), SAMPLE[:, 0]),
    ("kde points", lambda st, p: st.gaussian_kde(CLOUD)(p), CLOUD[:, :3] + 0.1),
    ("kde point", lambda st, p: st.gaussian_kde(CLOUD).logpdf(p), CLOUD[:, 0]),
    ("kde data", lambda st, d: st.gaussian_kde(d, "silverman").logpdf([0.1, 0.2]), CLOUD[0]),
    ("kde width", lambda st, b: st.gaussian_kde(CLOUD, b).pdf(CLOUD[:, :2]), np.float64(0.3)),
    ("kde weights", lambda st, w: st.gaussian_kde(CLOUD[0, :5], weights=w).pdf(0.2), W),
]


@pytest.mark.parametrize("name, f, x", VALUES, ids=[v[0] for v in VALUES])
def test_vectors_and_samples(name: str, f: Callable[[Any, Any], Any], x: Any) -> None:
    """Values against SciPy's, derivatives along a line against differences of them."""
    want = f(scipy.stats, x)
    v = np.random.default_rng(1).uniform(-1.0, 1.0, np.shape(x))[()]
    if np.shape(x) == (3, 3):
        v = v + v.T
    if name == "multinomial":
        v = v - np.mean(v)
    value, slope = wg.jvp(lambda x: f(stats, x), (x,), (v,))
    np.testing.assert_allclose(value, want, 1e-10, 1e-14)
    assert np.shape(value) == np.shape(want)
    h = 1e-5
    differences = (f(scipy.stats, x + h * v) - f(scipy.stats, x - h * v)) / (2 * h)
    np.testing.assert_allclose(slope, differences, 1e-5, 1e-8)
