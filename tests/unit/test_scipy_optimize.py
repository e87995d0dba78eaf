"""`wengert.scipy.optimize`: closed forms and differences, every method, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import wengert as wg
from wengert.errors import ArgumentError, ConvergenceError, WengertError
from wengert.scipy import optimize

METHODS = (
    "Nelder-Mead Powell CG BFGS Newton-CG L-BFGS-B TNC COBYLA COBYQA SLSQP trust-constr dogleg "
    "trust-ncg trust-exact trust-krylov"
).split()


def slope(f: Callable[..., Any], x: Any, v: Any, h: float = 1e-4) -> Any:
    """Central differences, extrapolated once."""
    d = [(f(x + s * v) - f(x - s * v)) / (2 * s) for s in (h, h / 2)]
    return (4 * d[1] - d[0]) / 3


# -- minimize --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_same_derivative(method: str) -> None:
    def f(a: Any) -> Any:
        def objective(x: Any, b: Any) -> Any:
            return np.cosh(x[0] - b) + x[1] ** 2 * (1.0 + a) - x[1]

        return optimize.minimize(objective, np.array([0.2, 0.1]), (a,), method).x

    found = wg.jacobian(f)(0.7)
    np.testing.assert_allclose(found, [1.0, -0.5 / 1.7**2], atol=1e-4)


def test_the_rosenbrock_valley_to_second_order() -> None:
    def f(a: Any) -> Any:
        valley = lambda x: (a - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        return optimize.minimize(valley, np.array([-1.2, 1.0]), tol=1e-10)

    np.testing.assert_allclose(wg.jacobian(lambda a: f(a).x)(1.5), [1.0, 3.0], rtol=1e-8)
    assert wg.hessian(lambda a: f(a).x[1])(1.5) == pytest.approx(2.0, rel=1e-6)
    result = wg.vjp(lambda a: (f(a).fun, f(a).jac), 1.5)[0]
    assert np.max(np.abs(result[1])) < 1e-6


def test_the_result_can_be_asked_for_success() -> None:
    def f(a: Any) -> Any:
        found = optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2))
        assert found.success
        assert found.nit >= 1
        assert "terminated" in found.message
        return found.fun + found.x[0]

    np.testing.assert_allclose(wg.grad(f)(np.array([1.0, 2.0])), [1.0, 0.0], atol=1e-6)
    compiled = wg.jit(wg.grad(f_without_report))
    np.testing.assert_allclose(compiled(np.array([1.0, 2.0])), [1.0, 0.0], atol=1e-6)


def f_without_report(a: Any) -> Any:
    return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2)).x[0]


def test_users_derivatives_are_used() -> None:
    a = np.array([1.0, 2.0])
    calls: list[str] = []

    def gradient(x: Any, a: Any) -> Any:
        calls.append("jac")
        return 2.0 * (x - a) + 4.0 * (x - a) ** 3

    def product(x: Any, p: Any, a: Any) -> Any:
        calls.append("hessp")
        return (2.0 + 12.0 * (x - a) ** 2) * p

    def f(a: Any) -> Any:
        objective = lambda x, a: np.sum((x - a) ** 2 + (x - a) ** 4)
        options = {"jac": gradient, "hessp": product, "method": "trust-ncg"}
        return optimize.minimize(objective, np.zeros(2), (a,), **options).x

    np.testing.assert_allclose(wg.jacobian(f)(a), np.eye(2), atol=1e-6)
    assert set(calls) == {"jac", "hessp"}

    def pair(a: Any) -> Any:
        both = lambda x: (np.sum((x - a) ** 2), 2.0 * (x - a))
        return optimize.minimize(both, np.zeros(2), jac=True).x

    np.testing.assert_allclose(wg.jacobian(pair)(a), np.eye(2), atol=1e-6)

    def undecided(a: Any) -> Any:
        def rough(x: Any) -> Any:  # needs values: is called with them
            return 2.0 * (x - 1.0) if x[0] > -9.0 else x

        shift = lambda x: np.sum((x - 1.0) ** 2) + 0.0 * a
        return optimize.minimize(shift, np.zeros(2), jac=rough).x[0]

    assert wg.grad(undecided)(1.0) == 0.0
    for choice in ("2-point", "3-point"):
        g = lambda a, c=choice: (
            optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), jac=c).x
        )
        np.testing.assert_allclose(wg.jacobian(g)(a), np.eye(2), atol=1e-6)


def test_bounds_that_are_active_are_held() -> None:
    def f(p: Any) -> Any:
        limits = [(0.0, p[0] / 4), (None, None)]
        return optimize.minimize(lambda x: np.sum((x - p) ** 2), np.full(2, 0.5), bounds=limits).x

    np.testing.assert_allclose(wg.jacobian(f)(np.array([2.0, 1.0])), [[0.25, 0], [0, 1]], atol=1e-6)

    def g(p: Any) -> Any:
        box = scipy.optimize.Bounds([-1.0, -1.0], [3.0, 0.5])
        return optimize.minimize(lambda x: np.sum((x - p) ** 2), np.zeros(2), bounds=box).x

    np.testing.assert_allclose(wg.jacobian(g)(np.array([2.0, 1.0])), [[1, 0], [0, 0]], atol=1e-6)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYQA"])
def test_the_nearest_point_of_a_disk(method: str) -> None:
    """x = p / |p|: the derivative is the projection along the circle, divided by |p|."""
    p = np.array([1.2, 0.9])

    def f(p: Any, r: Any) -> Any:
        inside = {"type": "ineq", "fun": lambda x, r: r * r - x @ x, "args": (r,)}
        start = np.array([0.5, 0.1])
        distance = lambda x: np.sum((x - p) ** 2)
        return optimize.minimize(distance, start, method=method, constraints=inside, tol=1e-10).x

    u = p / np.linalg.norm(p)
    np.testing.assert_allclose(
        wg.jacobian(f)(p, 1.0), (np.eye(2) - np.outer(u, u)) / 1.5, atol=1e-4
    )
    np.testing.assert_allclose(wg.jacobian(f, 1)(p, 1.0), u, atol=1e-4)
    np.testing.assert_allclose(wg.jacobian(f)(0.1 * p, 1.0), np.eye(2), atol=1e-4)


def test_other_constraints() -> None:
    p = np.array([2.0, 1.0])

    def on_line(p: Any) -> Any:
        line = scipy.optimize.LinearConstraint([[1.0, 1.0]], -np.inf, 1.0)
        return optimize.minimize(lambda x: np.sum((x - p) ** 2), np.zeros(2), constraints=line).x

    np.testing.assert_allclose(wg.jacobian(on_line)(p), [[0.5, -0.5], [-0.5, 0.5]], atol=1e-6)

    def on_circle(p: Any) -> Any:
        circle = scipy.optimize.NonlinearConstraint(lambda x: x @ x, -np.inf, p[1])
        distance = lambda x: np.sum((x - p) ** 2)
        return optimize.minimize(distance, np.full(2, 0.1), constraints=[circle], tol=1e-12).x

    v = np.array([0.3, -0.7])
    exact = wg.jvp(lambda p: np.sqrt(p[1]) * p / np.linalg.norm(p), (p,), (v,))[1]
    np.testing.assert_allclose(wg.jvp(on_circle, (p,), (v,))[1], exact, atol=1e-4)

    def equal(p: Any) -> Any:
        equation = {"type": "eq", "fun": lambda x: x[0] + x[1] - 2.0 * p[0]}
        distance = lambda x: np.sum((x - p) ** 2)
        return optimize.minimize(distance, np.zeros(2), constraints=equation).x

    np.testing.assert_allclose(wg.jacobian(equal)(p), [[1.5, -0.5], [0.5, 0.5]], atol=1e-6)


def test_lanes_of_a_minimizer() -> None:
    f = lambda a: (
        optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), bounds=[(0, 1.5)] * 2).x
    )
    a = np.array([[1.0, 2.0], [3.0, 0.5]])
    np.testing.assert_allclose(wg.vmap(f)(a), np.minimum(a, 1.5), atol=1e-6)
    found = wg.vmap(wg.jacobian(f))(a)
    np.testing.assert_allclose(found, [np.diag(row < 1.5) for row in a], atol=1e-6)


def test_no_derivative_where_there_is_no_solution() -> None:
    def f(a: Any) -> Any:
        valley = lambda x: (a - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        return optimize.minimize(valley, np.array([-1.2, 1.0]), options={"maxiter": 3}).x[0]

    assert np.isfinite(wg.vjp(f, 1.0)[0])
    with pytest.raises(ConvergenceError, match="where the solver did not converge"):
        wg.grad(f)(1.0)
    with pytest.raises(ConvergenceError, match="where the solver did not converge"):
        wg.jit(wg.grad(f))(1.0)
    with pytest.raises(ConvergenceError, match="where the solver did not converge"):
        wg.vmap(wg.grad(f))(np.array([1.0, 2.0]))


def test_minimize_scalar() -> None:
    f = lambda a: optimize.minimize_scalar(lambda x: np.cosh(x - a)).x
    assert wg.grad(f)(0.3) == pytest.approx(1.0, abs=1e-7)
    inside = lambda a: (
        optimize.minimize_scalar(lambda x: np.cosh(x - a), bounds=(0.0, 1.0), method="bounded").x
    )
    assert wg.grad(inside)(0.3) == pytest.approx(1.0, abs=1e-5)
    at_bound = lambda b: (
        optimize.minimize_scalar(lambda x: np.cosh(x - 3.0), bounds=(0.0, b), method="bounded").x
    )
    assert wg.grad(at_bound)(0.3) == pytest.approx(1.0, abs=1e-12)


# -- roots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bisect", "brenth", "brentq", "ridder", "toms748"])
def test_brackets(name: str) -> None:
    solver = getattr(optimize, name)
    f = lambda a: solver(lambda x, a: x * x - a, 0.0, 10.0, args=(a,))
    assert wg.grad(f)(4.0) == pytest.approx(0.25, rel=1e-10)
    assert wg.grad(wg.grad(f))(4.0) == pytest.approx(-1 / 32, rel=1e-9)
    g = lambda a: solver(lambda x: x * x - a, 0.0, 10.0, full_output=True)
    x, report = g(4.0)
    assert x == pytest.approx(2.0)
    assert report.converged

    def checked(a: Any) -> Any:
        x, report = g(a)
        assert report.converged
        return x

    assert wg.grad(checked)(4.0) == pytest.approx(0.25)
    assert wg.grad(lambda b: solver(lambda x: x * x - 4.0, 0.0, b))(10.0) == 0.0


def test_newton_and_root_scalar() -> None:
    for options in ({}, {"fprime": lambda x: 2.0 * x}, {"x1": 3.0}):
        f = lambda a, o=options: optimize.newton(lambda x: x * x - a, 1.0, **o)
        assert wg.grad(f)(4.0) == pytest.approx(0.25, rel=1e-7)
    many = lambda a: optimize.newton(lambda x: x * x - a, np.ones(2))
    np.testing.assert_allclose(
        wg.jacobian(many)(np.array([4.0, 9.0])), np.diag([1 / 4, 1 / 6]), rtol=1e-6, atol=1e-12
    )
    for options in ({"x0": 1.0}, {"x0": 1.0, "x1": 3.0}, {"bracket": (0.0, 9.0)}):
        f = lambda a, o=options: optimize.root_scalar(lambda x: x * x - a, **o).root
        assert wg.grad(f)(4.0) == pytest.approx(0.25, rel=1e-7)
    assert optimize.root_scalar(lambda x: x * x - 2.0, x0=1.0, fprime=lambda x: 2 * x).converged


def diagonal(r: Any) -> Any:
    return lambda x: [x @ x - r**2, x[0] - x[1]]


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1", "krylov", "df-sane"])
def test_root(method: str) -> None:
    f = lambda r: optimize.root(diagonal(r), np.array([0.8, 0.6]), method=method, tol=1e-12).x
    np.testing.assert_allclose(wg.jacobian(f)(1.0), [0.5**0.5] * 2, rtol=1e-7)


def test_fsolve() -> None:
    f = lambda r: optimize.fsolve(diagonal(r), np.ones(2))
    expected = [0.5**0.5] * 2
    np.testing.assert_allclose(wg.jit(wg.jacobian(f))(1.0), expected, rtol=1e-8)
    np.testing.assert_allclose(wg.vmap(f)(np.array([1.0, 2.0]))[1], [2**0.5] * 2, rtol=1e-8)
    slopes = lambda x: np.stack([np.stack([2 * x[0], 2 * x[1]]), np.array([1.0, -1.0])])
    g = lambda r: optimize.fsolve(diagonal(r), np.ones(2), fprime=slopes, full_output=True)[0]
    np.testing.assert_allclose(wg.jacobian(g)(1.0), expected, rtol=1e-8)
    h = lambda r: optimize.fsolve(
        diagonal(r), np.ones(2), fprime=lambda x: np.swapaxes(slopes(x), 0, 1), col_deriv=1
    )
    np.testing.assert_allclose(wg.jacobian(h)(1.0), expected, rtol=1e-8)


def test_a_root_that_is_none() -> None:
    f = lambda a: optimize.root(lambda x: x**2 + a, np.array([0.5])).x[0]
    with pytest.raises(ConvergenceError, match="root: the derivative was asked for where"):
        wg.grad(f)(1.0)


# -- fitting ---------------------------------------------------------------------------------------

T = np.linspace(0.0, 2.0, 8)
Y = np.exp(-0.7 * T) + 0.1 * np.sin(9.0 * T)
V = np.cos(3.0 * T)
FINE = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def cubed(z: Any) -> Any:
    """A loss that is none of SciPy's: rho, and its first two derivatives."""
    return np.stack([z + z**2, 1.0 + 2.0 * z, 2.0 + 0.0 * z])


@pytest.mark.parametrize("loss", ["linear", "soft_l1", "huber", "cauchy", "arctan", cubed])
def test_least_squares_with_every_loss(loss: Any) -> None:
    def f(y: Any) -> Any:
        residual = lambda x: x[1] * np.exp(-x[0] * T) - y
        return optimize.least_squares(residual, [0.5, 0.8], loss=loss, f_scale=0.1, **FINE).x[0]

    assert wg.grad(f)(Y) @ V == pytest.approx(slope(f, Y, V), rel=2e-3)


def test_least_squares_reports() -> None:
    def f(y: Any) -> Any:
        residual = lambda x, t: x[1] * np.exp(-x[0] * t) - y
        limits = scipy.optimize.Bounds([0.0, 0.0], [0.4, 5.0])
        jac = lambda x, t: np.stack([-t * x[1] * np.exp(-x[0] * t), np.exp(-x[0] * t)], 1)
        return optimize.least_squares(residual, [0.3, 0.8], jac=jac, bounds=limits, args=(T,))

    plain = f(Y)
    out, pull = wg.vjp(lambda y: (f(y).x, f(y).cost), Y)
    np.testing.assert_allclose(out[0], plain.x)
    assert out[1] == pytest.approx(plain.cost)
    assert plain.x[0] == pytest.approx(0.4, rel=1e-6)
    np.testing.assert_allclose(pull((np.array([1.0, 0.0]), 0.0))[0], 0.0, atol=1e-12)


def test_curve_fit() -> None:
    s = np.linspace(0.5, 1.0, 8)
    model = lambda t, a, b: b * np.exp(-a * t)

    def fit(y: Any, s: Any) -> Any:
        return optimize.curve_fit(model, T, y, sigma=s, p0=[0.5, 1.0], ftol=1e-15, xtol=1e-15)

    np.testing.assert_allclose(wg.vjp(lambda y: fit(y, s), Y)[0][1], fit(Y, s)[1], rtol=1e-6)
    for k in (0, 1):
        f = lambda y, k=k: np.ravel(fit(y, s)[k])[1]
        assert wg.grad(f)(Y) @ V == pytest.approx(slope(f, Y, V), rel=2e-3)
        g = lambda s, k=k: np.ravel(fit(Y, s)[k])[1]
        assert wg.grad(g)(s) @ V == pytest.approx(slope(g, s, V), rel=2e-2)
    by_covariance = wg.grad(lambda s: fit(Y, np.diag(s**2))[0][0])(s)
    np.testing.assert_allclose(by_covariance, wg.grad(lambda s: fit(Y, s)[0][0])(s), rtol=1e-6)


def test_curve_fit_between_bounds_and_in_x() -> None:
    model = lambda t, a: np.exp(-a * t)
    f = lambda t: optimize.curve_fit(model, t, Y, bounds=(0.0, 3.0), absolute_sigma=True)[0][0]
    assert wg.grad(f)(T) @ V == pytest.approx(slope(f, T, V), rel=1e-4)
    g = lambda u: optimize.curve_fit(model, T, Y, p0=[0.1], bounds=(0.0, u), full_output=True)[0][0]
    assert wg.grad(g)(0.2) == pytest.approx(1.0)
    with pytest.raises(ArgumentError, match="with traced bounds there is no guess"):
        wg.grad(lambda u: optimize.curve_fit(model, T, Y, bounds=(0.0, u))[0][0])(0.2)


A = np.random.default_rng(0).normal(size=(5, 3))
B = np.random.default_rng(1).normal(size=5)


def test_linear_least_squares() -> None:
    x = optimize.nnls(A, B)[0]
    free = x > 0
    expected = np.zeros((3, 5))
    expected[free] = np.linalg.pinv(A[:, free])
    np.testing.assert_allclose(
        wg.jacobian(lambda b: optimize.nnls(A, b)[0])(B), expected, atol=1e-12
    )
    v = np.random.default_rng(2).normal(size=A.shape)
    norm = lambda a: optimize.nnls(a, B)[1]
    assert np.sum(wg.grad(norm)(A) * v) == pytest.approx(slope(norm, A, v), rel=1e-7)
    f = lambda u: optimize.lsq_linear(A, B, (-0.1, u)).x
    np.testing.assert_allclose(wg.jacobian(f)(0.05), slope(f, 0.05, 1.0), atol=1e-6)
    cost = lambda a: optimize.lsq_linear(a, B, scipy.optimize.Bounds([-0.1] * 3, [0.05] * 3)).cost
    assert np.sum(wg.grad(cost)(A) * v) == pytest.approx(slope(cost, A, v), rel=1e-5)


def test_linear_programs() -> None:
    a_ub = np.array([[1.0, 1.0], [1.0, 3.0]])

    def f(c: Any, a: Any, b: Any) -> Any:
        return optimize.linprog(c, A_ub=a, b_ub=b)

    c, b = np.array([-1.0, -2.0]), np.array([4.0, 6.0])
    np.testing.assert_allclose(wg.jacobian(lambda b: f(c, a_ub, b).x)(b), np.linalg.inv(a_ub))
    np.testing.assert_allclose(wg.grad(lambda c: f(c, a_ub, b).fun)(c), f(c, a_ub, b).x)
    v = np.array([[0.3, -0.2], [0.1, 0.5]])
    g = lambda a: f(c, a, b).fun
    assert np.sum(wg.grad(g)(a_ub) * v) == pytest.approx(slope(g, a_ub, v), rel=1e-6)

    def with_equation(b: Any) -> Any:
        return optimize.linprog([1.0, 2.0], A_eq=[[1.0, 1.0]], b_eq=b, bounds=[(0, None), (0, 1)])

    np.testing.assert_allclose(
        wg.jacobian(lambda b: with_equation(b).x)(np.array([2.0])), [[1], [0]]
    )
    with pytest.raises(ConvergenceError, match="linprog: the derivative was asked for"):
        wg.grad(lambda b: with_equation(b).fun)(np.array([-1.0]))


def test_assignments() -> None:
    c = np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]])
    total = lambda c, m=False: np.sum(c[optimize.linear_sum_assignment(c, maximize=m)])
    np.testing.assert_array_equal(wg.grad(total)(c), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(wg.grad(lambda c: total(c, True))(c), [[1, 0, 0], [0, 0, 1]])


# -- plain arrays, and what is refused -------------------------------------------------------------


def test_exact_derivatives_are_filled_in_for_plain_functions() -> None:
    valley = lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    found = optimize.minimize(valley, np.array([-1.2, 1.0]))
    given = scipy.optimize.minimize(
        scipy.optimize.rosen, np.array([-1.2, 1.0]), jac=scipy.optimize.rosen_der
    )
    assert found.nfev == given.nfev  # differences would take three times as many
    np.testing.assert_allclose(found.x, given.x, rtol=1e-9)
    exact = optimize.minimize(valley, np.array([-1.2, 1.0]), method="trust-exact")
    np.testing.assert_allclose(exact.x, 1.0, rtol=1e-6)
    assert optimize.root(lambda x: np.cos(x) - x, [1.0]).njev == 1
    fitted = optimize.least_squares(lambda x: np.array([x[0] - 1.0, x[0] * 2.0]), [0.0])
    assert isinstance(fitted.x[0], float)


def test_functions_that_need_values_go_to_scipy_as_they_are() -> None:
    def kinked(x: Any) -> float:
        return float(x[0] ** 2) if x[0] > 0 else float(2.0 * x[0] ** 2)

    assert optimize.minimize(kinked, [1.0]).x[0] == pytest.approx(0.0, abs=1e-4)
    assert optimize.minimize_scalar(lambda x: float(x) ** 2).x == pytest.approx(0.0, abs=1e-8)
    assert optimize.root(lambda x: [float(x[0]) - 1.0], [0.0]).x[0] == pytest.approx(1.0)
    assert optimize.fsolve(lambda x: [float(x[0]) - 1.0], [0.0])[0] == pytest.approx(1.0)
    assert optimize.brentq(lambda x: float(x) - 1.0, 0.0, 3.0) == pytest.approx(1.0)
    assert optimize.newton(lambda x: float(x) - 1.0, 0.0) == pytest.approx(1.0)
    assert optimize.least_squares(lambda x: [float(x[0]) - 1.0], [0.0]).x[0] == pytest.approx(1.0)
    with pytest.raises(WengertError):
        wg.grad(lambda a: optimize.minimize(lambda x: float(x[0] - a) ** 2, [1.0]).fun)(1.0)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="a traced value among the options of a solver"):
        wg.grad(lambda a: optimize.minimize(lambda x: x @ x - a, np.ones(2), tol=a).fun)(1.0)
    with pytest.raises(ArgumentError, match="a constraint of an unknown kind"):
        wg.grad(lambda a: optimize.minimize(lambda x: x @ x - a, np.ones(2), constraints=[3]).fun)(
            1.0
        )
    with pytest.raises(ArgumentError, match="loss names no loss function"):
        wg.grad(lambda a: optimize.least_squares(lambda x: x - a, np.ones(1), loss="magic").cost)(
            1.0
        )
    with pytest.raises(WengertError, match=r"scipy\.optimize\.isotonic_regression has no"):
        wg.grad(lambda y: optimize.isotonic_regression(y).x[0])(np.arange(3.0))
    assert optimize.rosen(np.ones(3)) == 0.0
    assert optimize.approx_fprime(np.ones(1), lambda x: x[0] ** 2)[0] == pytest.approx(2.0)
