"""Incomplete gamma and beta functions against mpmath: shape derivatives over the whole domain.

References are differences of high precision of whichever tail is small, so that derivatives are
compared relative to themselves however far out. Second derivatives vanish on a curve through the
middle: they are compared relative to the sum of the terms they are made of.
"""

from __future__ import annotations

import json
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

import wengert as wg
from oracle.incomplete_beta import BETA, ORDERS, TABLE, beta_exact, quotients
from wengert.ops.special.incomplete_beta import log_betainc, log_betaincc
from wengert.ops.special.incomplete_gamma import log_gammainc, log_gammaincc
from wengert.ops.special.shapes.digamma import zeta_difference

# Small shapes, the series' border at x = 1.5, both tails, the middle of large shapes, the extremes.
GAMMA = [
    *[(a, x) for a in (1e-6, 0.05, 0.7) for x in (1e-20, 0.3, 1.49, 1.51, 20.0)],
    *[(a, a * r) for a in (1.0, 2.3, 20.0) for r in (1e-8, 0.3, 1.2, 4.0)],
    *[(a, a + z * a**0.5) for a in (100.0, 1e4, 1e5) for z in (-6.0, -0.5, 2.0, 7.0)],
    (100.0, 1.0),
    (1000.0, 300.0),
    (0.01, 200.0),
]


def gamma_exact(a: float, x: float, order: int) -> tuple[Any, Any]:
    """The derivative of P in a, and the size of the tail that it was taken of."""
    a_, x_ = mp.mpf(a), mp.mpf(x)
    scale = min(a_, 1)

    def tail(increments: list[Any]) -> Any:
        shape = a_ + increments[0] * scale
        if x < a:
            return mp.gammainc(shape, 0, x_, regularized=True)
        return -mp.gammainc(shape, x_, mp.inf, regularized=True)

    return quotients(tail, (order,)) / scale**order, abs(tail([mp.mpf(0)]))


def derivative(f: Any, order: tuple[int, ...]) -> Any:
    """The mixed derivative of an order by nested `grad`."""
    for place, n in enumerate(order):
        for _ in range(n):
            f = wg.elementwise_grad(f, argnums=place)
    return f


def relative(found: Any, exact: Any, size: Any = 0) -> float:
    return float(abs(found - exact) / max(abs(exact), size))


def test_gamma_shape_derivatives() -> None:
    a, x = np.array(GAMMA).T
    first, second = [derivative(sc.gammainc, (n, 0))(a, x) for n in (1, 2)]
    for k, point in enumerate(GAMMA):
        with mp.workdps(120):
            one, tail = gamma_exact(*point, 1)
            assert relative(first[k], one) < 1e-12, point
            two, _ = gamma_exact(*point, 2)
            assert relative(second[k], two, 0.1 * one * one / tail) < 1e-12, point


def test_beta_shape_derivatives() -> None:
    a, b, x = np.array(BETA).T
    table = dict(zip(ORDERS, np.array(json.loads(TABLE.read_text())).T, strict=True))
    tail, in_a, in_b = [np.abs(table[order]) for order in ORDERS[:3]]
    sizes = {(1, 1): in_a * in_b / tail, (0, 2): in_b**2 / tail}
    for order in ORDERS[1:]:
        found = derivative(sc.betainc, (*order, 0))(a, b, x)
        scale = np.maximum(np.abs(table[order]), 0.1 * sizes.get(order, 0.0))
        assert np.max(np.abs(found - table[order]) / scale) < 1e-12, order


def test_the_table_of_beta_derivatives() -> None:
    table = json.loads(TABLE.read_text())
    for k in (1, 16):
        with mp.workdps(90):
            exact = float(beta_exact(*BETA[k], (0, 1)))
        assert table[k][2] == pytest.approx(exact, rel=1e-15)


def test_third_derivatives() -> None:
    found = derivative(sc.gammainc, (3, 0))(2.5, 1.8)
    with mp.workdps(120):
        assert relative(found, gamma_exact(2.5, 1.8, 3)[0]) < 1e-12
    found = derivative(sc.betainc, (2, 1, 0))(2.5, 1.8, 0.4)
    with mp.workdps(120):
        assert relative(found, beta_exact(2.5, 1.8, 0.4, (2, 1))) < 1e-12


# -- logarithms in tails ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "a, x", [(3.0, 1e-150), (50.0, 5000.0), (0.2, 900.0), (1e4, 2e4), (2.0, 9.0)]
)
def test_logarithms_of_the_gamma_tails(a: float, x: float) -> None:
    f = log_gammainc if x < a else log_gammaincc

    def exact(shape: Any, y: Any) -> Any:
        ends = (0, y) if x < a else (y, mp.inf)
        return mp.log(mp.gammainc(shape, *ends, regularized=True))

    with mp.workdps(60):
        assert relative(f(a, x), exact(mp.mpf(a), mp.mpf(x))) < 1e-14
        for order in ((1, 0), (0, 1), (2, 0), (1, 1)):
            scaled = lambda shape, t: exact(shape, mp.mpf(x) * t)
            known = mp.diff(scaled, (mp.mpf(a), mp.mpf(1)), order) / mp.mpf(x) ** order[1]
            assert relative(derivative(f, order)(a, x), known) < 1e-9, order


@pytest.mark.parametrize("a, b, x", [(3.0, 2.0, 1e-150), (800.0, 2.0, 0.01), (2.0, 3.0, 0.6)])
def test_logarithms_of_the_beta_tails(a: float, b: float, x: float) -> None:
    def exact(p: Any, q: Any, y: Any) -> Any:
        return mp.log(y**p * (1 - y) ** q / (p * mp.beta(p, q)) * mp.hyp2f1(p + q, 1, p + 1, y))

    with mp.workdps(60):
        point = tuple(map(mp.mpf, (a, b, x)))
        assert relative(log_betainc(a, b, x), exact(*point)) < 1e-13
        orders = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1))
        for order in orders[: 5 if x > 1e-50 else 4]:  # the last is lost in 60 digits
            scaled = lambda p, q, t: exact(p, q, point[2] * t)
            known = mp.diff(scaled, (*point[:2], mp.mpf(1)), order) / point[2] ** order[2]
            assert relative(derivative(log_betainc, order)(a, b, x), known) < 1e-10, order
    swapped = wg.grad(log_betaincc, argnums=(0, 1))(b, a, 1.0 - x)
    if x > 0.1:
        assert swapped == pytest.approx(wg.grad(log_betainc, argnums=(1, 0))(a, b, x), rel=1e-12)


def test_logarithms_agree_with_the_functions() -> None:
    """Both tails, on both sides of the middle."""
    a, b = np.array([[0.3], [2.0], [30.0]]), 2.5
    x = np.array([0.05, 0.4, 0.9])
    for f, plain in ((log_gammainc, sc.gammainc), (log_gammaincc, sc.gammaincc)):
        np.testing.assert_allclose(f(a, 20 * x), np.log(plain(a, 20 * x)), rtol=1e-11, atol=1e-14)
    for g, plain in ((log_betainc, sc.betainc), (log_betaincc, sc.betaincc)):
        np.testing.assert_allclose(g(a, b, x), np.log(plain(a, b, x)), rtol=1e-11, atol=1e-14)


# -- inverse functions -----------------------------------------------------------------------------

INVERSES: list[tuple[str, str, int, tuple[float, ...]]] = [
    ("gammaincinv", "gammainc", 1, (2.0, 1e-8)),
    ("gammainccinv", "gammaincc", 1, (30.0, 1e-9)),
    ("betaincinv", "betainc", 2, (2.0, 3.0, 0.4)),
    ("betainccinv", "betaincc", 2, (2.0, 30.0, 0.1)),
    ("chdtri", "chdtrc", 1, (3.0, 0.2)),
    ("chdtriv", "chdtr", 0, (0.4, 3.0)),
    ("gdtria", "gdtr", 0, (0.4, 2.0, 3.0)),
    ("gdtrib", "gdtr", 1, (2.0, 0.4, 3.0)),
    ("gdtrix", "gdtr", 2, (2.0, 3.0, 0.4)),
    ("fdtri", "fdtr", 2, (3.0, 5.0, 0.7)),
    ("fdtridfd", "fdtr", 1, (3.0, 0.6, 1.2)),
    ("stdtrit", "stdtr", 1, (3.0, 0.7)),
    ("stdtridf", "stdtr", 0, (0.8, 1.0)),
    ("btdtria", "betainc", 0, (0.4, 2.0, 0.6)),
    ("btdtrib", "betainc", 1, (2.0, 0.4, 0.6)),
]


@pytest.mark.parametrize("name, forward, place, p", INVERSES, ids=[row[0] for row in INVERSES])
def test_inverse_functions(name: str, forward: str, place: int, p: tuple[float, ...]) -> None:
    """inverse(..., F(x), ...) is x: a gradient of one in its own place, zero elsewhere."""
    inverse, f = getattr(sc, name), getattr(sc, forward)
    at = [*p]
    at[place] = float(inverse(*p))

    def there_and_back(*xs: Any) -> Any:
        return inverse(*[f(*xs) if i == place else x for i, x in enumerate(xs)])

    gradient = wg.grad(there_and_back, argnums=tuple(range(len(p))))(*at)
    expected = [1.0 if i == place else 0.0 for i in range(len(p))]
    size = wg.grad(inverse, argnums=tuple(range(len(p))))(*p)
    scale = max(abs(float(s)) for i, s in enumerate(size) if i != place) + 1.0
    np.testing.assert_allclose(gradient, expected, atol=1e-6 * scale)


@pytest.mark.parametrize(
    "name, exact, p, place",
    [
        ("pdtrik", lambda k, m: mp.gammainc(k + 1, m, mp.inf, regularized=True), (0.6, 3.0), 0),
        (
            "bdtrik",
            lambda k, n, p: mp.betainc(n - k, k + 1, 0, 1 - p, regularized=True),
            (0.6, 9.0, 0.4),
            0,
        ),
        (
            "bdtrin",
            lambda k, n, p: mp.betainc(n - k, k + 1, 0, 1 - p, regularized=True),
            (3.0, 0.6, 0.4),
            1,
        ),
        (
            "nbdtrik",
            lambda k, n, p: mp.betainc(n, k + 1, 0, p, regularized=True),
            (0.6, 5.0, 0.4),
            0,
        ),
        (
            "nbdtrin",
            lambda k, n, p: mp.betainc(n, k + 1, 0, p, regularized=True),
            (3.0, 0.6, 0.4),
            1,
        ),
    ],
)
def test_continuous_numbers_of_events(
    name: str, exact: Any, p: tuple[float, ...], place: int
) -> None:
    f = getattr(sc, name)
    at = [mp.mpf(float(f(*p)) if i == place else x) for i, x in enumerate(p)]
    orders = [tuple(int(i == k) for i in range(len(p))) for k in range(len(p))]
    slopes = [mp.diff(exact, at, order) for order in orders]
    expected = [float((1 if i == place else -s) / slopes[place]) for i, s in enumerate(slopes)]
    found = wg.grad(lambda *xs: f(*xs), argnums=tuple(range(len(p))))(*p)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_binomial_and_poisson_probabilities() -> None:
    """In the probability or mean, whole numbers of events; in those no derivative."""
    assert wg.grad(lambda p: sc.bdtr(2, 5, p))(0.3) == pytest.approx(-30 * 0.3**2 * 0.7**2)
    assert wg.grad(lambda p: sc.bdtrc(2, 5, p))(0.3) == pytest.approx(30 * 0.3**2 * 0.7**2)
    slope = 105 * 0.3**4 * 0.7**2  # 1 / B(5, 3)
    assert wg.grad(lambda p: sc.nbdtr(2, 5, p))(0.3) == pytest.approx(slope)
    assert wg.grad(lambda m: sc.pdtr(2.7, m))(1.5) == pytest.approx(-np.exp(-1.5) * 1.5**2 / 2)
    assert wg.grad(lambda k: sc.pdtr(k, 1.5))(2.7) == 0.0


def test_differences_of_digamma_functions() -> None:
    """Relative accuracy where the arguments are nearly equal, small and large."""
    for z, h in ((1e-8, 1e-12), (0.3, 1e-10), (25.0, 1e-9), (1e6, 3.0), (0.5, 40.0)):
        for k in (1, 2, 3):
            with mp.workdps(60):
                psi = [mp.psi(k - 1, mp.mpf(z) + d) for d in (mp.mpf(h), mp.mpf(0))]
                exact = (-1) ** (k - 1) * (psi[0] - psi[1]) / mp.factorial(k - 1)
            found = zeta_difference(k, np.array([z]), np.array([h]))[0]
            assert relative(found, exact) < 1e-13, (k, z, h)


def nested(f: Any, places: tuple[int, ...]) -> Any:
    for place in places:
        f = wg.grad(f, argnums=place)
    return f


@pytest.mark.parametrize("f", [sc.gammainc, log_gammainc, log_gammaincc])
def test_orders_of_differentiation_commute_gamma(f: Any) -> None:
    """The closed form of the density against the shape derivatives: a a a x and x a a a."""
    call = lambda a, x: f(a, x)
    late, early = nested(call, (0, 0, 0, 1))(2.5, 1.8), nested(call, (1, 0, 0, 0))(2.5, 1.8)
    assert late == pytest.approx(early, rel=1e-11)


@pytest.mark.parametrize("f", [sc.betainc, log_betainc, log_betaincc])
def test_orders_of_differentiation_commute_beta(f: Any) -> None:
    call = lambda a, b, x: f(a, b, x)
    point = (2.5, 1.8, 0.4)
    late, early = nested(call, (0, 0, 1, 1, 2))(*point), nested(call, (2, 0, 0, 1, 1))(*point)
    assert late == pytest.approx(early, rel=1e-10)
