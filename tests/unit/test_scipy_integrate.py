"""`wengert.scipy.integrate`: closed forms, SciPy's values, differences, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate

import wengert as wg
from wengert.errors import ArgumentError, ConvergenceError, MissingRuleError
from wengert.scipy import integrate
from wengert.scipy.integrate import replay
from wengert.scipy.integrate.steps import NODES, WEIGHTS

METHODS = ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]
FINE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11}


def slope(f: Callable[..., Any], x: Any, v: Any, h: float = 1e-3) -> Any:
    """Central differences, extrapolated once."""
    d = [(f(x + s * v) - f(x - s * v)) / (2 * s) for s in (h, h / 2)]
    return (4 * d[1] - d[0]) / 3


# -- samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 9])
@pytest.mark.parametrize("axis", [0, -1])
def test_samples_have_scipys_values(n: int, axis: int) -> None:
    rng = np.random.default_rng(n)
    y = np.moveaxis(rng.normal(size=(2, n)), -1, axis)
    x = np.cumsum(rng.uniform(0.5, 1.0, n))
    names = ["trapezoid", "cumulative_trapezoid"]
    names += ["simpson", "cumulative_simpson"] if n > 1 else []
    for name in names:
        ours, theirs = getattr(integrate, name), getattr(scipy.integrate, name)
        begun = [{"initial": 0}] if name.startswith("cumulative") else []
        for options in ({"x": x}, {"dx": 0.3}, *begun):
            found = wg.vjp(lambda y, o=options, f=ours: f(y, axis=axis, **o), y)[0]
            np.testing.assert_allclose(found, theirs(y, axis=axis, **options), rtol=1e-12)
    if n - 1 in (1, 2, 4, 8):
        found = wg.vjp(lambda y: integrate.romb(y, 0.3, axis), y)[0]
        np.testing.assert_allclose(found, scipy.integrate.romb(y, 0.3, axis), rtol=1e-12)


def test_samples_in_x() -> None:
    x, v = np.array([0.0, 0.7, 1.1, 2.0]), np.array([0.1, -0.2, 0.3, 0.1])
    y = np.array([1.0, 2.0, 0.5, 1.5])
    for name in ("trapezoid", "simpson"):
        f = lambda x, n=name: getattr(integrate, n)(y, x=x)
        assert wg.jvp(f, (x,), (v,))[1] == pytest.approx(slope(f, x, v), rel=1e-8)
    with_start = lambda y0: integrate.cumulative_simpson(y, x=x, initial=y0)[-1]
    assert wg.grad(with_start)(2.0) == 1.0
    with pytest.raises(ArgumentError, match="x and y have different lengths along the axis"):
        wg.grad(lambda y: integrate.trapezoid(y, x=np.arange(3.0)))(y)
    with pytest.raises(ArgumentError, match="not one more than a power of two"):
        wg.grad(lambda y: integrate.romb(y))(y)


def test_fixed_quad() -> None:
    f = lambda a, b, c: integrate.fixed_quad(lambda x, c: np.exp(c * x), a, b, (c,), n=9)[0]
    da, db, dc = wg.grad(f, (0, 1, 2))(0.0, 1.0, 1.0)
    assert (da, db, dc) == pytest.approx((-1.0, np.e, 1.0), rel=1e-10)
    assert integrate.fixed_quad(np.cos, 0.0, 1.0)[0] == pytest.approx(np.sin(1.0), rel=1e-9)


# -- quadrature ------------------------------------------------------------------------------------


def gaussian(a: Any) -> Any:
    return integrate.quad(lambda x: np.exp(-a * x * x), -np.inf, np.inf)[0]


def test_a_gaussian_to_every_order() -> None:
    f, power, expected = gaussian, -0.5, np.sqrt(np.pi)
    for _ in range(4):
        assert f(2.0) == pytest.approx(expected * 2.0**power, rel=1e-9)
        f, expected, power = wg.grad(f), expected * power, power - 1.0
    np.testing.assert_allclose(
        wg.jit(wg.vmap(wg.grad(gaussian)))(np.array([1.0, 2.0])),
        -0.5 * np.sqrt(np.pi) * np.array([1.0, 2.0]) ** -1.5,
    )
    series = wg.jet(gaussian, (2.0,), ([1.0, 0.0],))[1]
    np.testing.assert_allclose(
        series, np.sqrt(np.pi) * np.array([-0.5 * 2.0**-1.5, 0.75 * 2.0**-2.5]), rtol=1e-9
    )


def test_limits_and_arguments() -> None:
    f = lambda p: integrate.quad(lambda x, c: x * np.sin(c * x), p[0], p[1], args=(p[2],))[0]
    p = np.array([0.3, 1.2, 2.0])

    def primitive(p: Any) -> Any:
        inner = lambda x: np.sin(p[2] * x) / p[2] ** 2 - x * np.cos(p[2] * x) / p[2]
        return inner(p[1]) - inner(p[0])

    np.testing.assert_allclose(wg.grad(f)(p), wg.grad(primitive)(p), rtol=1e-10)
    np.testing.assert_allclose(wg.hessian(f)(p), wg.hessian(primitive)(p), atol=1e-9)
    tail = lambda b: integrate.quad(lambda x: np.exp(-x * x), 0.0, b)[0]
    assert wg.grad(tail)(np.inf) == 0.0


def test_many_parameters_are_integrated_at_once() -> None:
    w = np.arange(4.0)
    f = lambda w: integrate.quad(lambda x: np.sum(np.tanh(w * x)), 0.0, 1.0)[0]
    exact = lambda w: np.sum(np.log(np.cosh(w)) / w)
    np.testing.assert_allclose(wg.grad(f)(w)[1:], wg.grad(exact)(w[1:]), rtol=1e-9)
    np.testing.assert_allclose(
        wg.hessian(f)(w)[1:, 1:], wg.hessian(exact)(w[1:]), rtol=1e-7, atol=1e-12
    )
    g = lambda w: integrate.quad_vec(lambda x: np.cos(w * x), 0.0, 1.0)[0]
    expected = np.diag((w[1:] * np.cos(w[1:]) - np.sin(w[1:])) / w[1:] ** 2)
    np.testing.assert_allclose(wg.jacobian(g)(w)[1:, 1:], expected, rtol=1e-9, atol=1e-12)


def test_weights_points_and_complex_integrands() -> None:
    f = lambda a, b: integrate.quad(lambda x: np.exp(-a * x), 0.0, b, weight="cos", wvar=2.0)[0]
    exact = lambda a, b: (
        (a + np.exp(-a * b) * (2.0 * np.sin(2.0 * b) - a * np.cos(2.0 * b))) / (a * a + 4.0)
    )
    np.testing.assert_allclose(wg.grad(f, (0, 1))(1.0, 1.5), wg.grad(exact, (0, 1))(1.0, 1.5))
    many = lambda a: integrate.quad(
        lambda x: np.sum(np.exp(-a * x)), 0.0, 1.5, weight="cos", wvar=2.0
    )[0]
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(wg.grad(many)(a), [wg.grad(exact)(v, 1.5) for v in a])
    g = lambda b: integrate.quad(lambda x: x, 0.0, b, weight="alg", wvar=(-0.5, 0.0))[0]
    with pytest.raises(ArgumentError, match="in a limit of a singular weight"):
        wg.grad(g)(1.0)
    h = lambda a: integrate.quad(lambda x: a * np.abs(x - 1.0), 0.0, 3.0, points=[1.0])
    assert wg.grad(lambda a: h(a)[0])(2.0) == pytest.approx(2.5, rel=1e-12)
    assert wg.grad(lambda a: h(a)[1])(2.0) == 0.0
    wave = lambda a: integrate.quad(lambda x: np.exp(1j * a * x), 0.0, 3.0, complex_func=True)[0]
    found = wg.grad(lambda a: np.real(wave(a)))(1.0)
    assert found == pytest.approx(3.0 * np.cos(3.0) - np.sin(3.0), rel=1e-8)  # of sin(3a)/a
    assert len(wg.vjp(lambda a: integrate.quad(lambda x: a * x, 0, 1, full_output=1)[:2], 1.0)) == 2


def test_iterated_integrals() -> None:
    f = lambda a: integrate.dblquad(lambda y, x: a * x * y, 0, 1, lambda x: 0.0, lambda x: a * x)[0]
    assert wg.grad(f)(2.0) == pytest.approx(1.5)  # a³ / 8
    assert wg.grad(wg.grad(f))(2.0) == pytest.approx(1.5)
    g = lambda a: integrate.tplquad(lambda z, y, x: a * x * y * z, 0, 1, 0, 1, 0, a)[0]
    assert wg.grad(g)(2.0) == pytest.approx(1.5)  # a³ / 8
    h = lambda a: integrate.nquad(
        lambda x, y, b: b * x * y, [lambda y, b: (0, b * y), (0, 1)], (a,)
    )
    assert wg.grad(lambda a: h(a)[0])(2.0) == pytest.approx(1.5)
    k = lambda a: integrate.nquad(
        lambda x: a * x, [(0, a)], opts={"epsabs": 1e-6}, full_output=True
    )
    assert wg.grad(lambda a: k(a)[0])(2.0) == pytest.approx(6.0)


def test_integrands_that_need_values_go_to_scipy() -> None:
    assert integrate.quad(lambda x: x if x > 0.5 else 0.0, 0, 1)[0] == pytest.approx(0.375)
    inside = wg.grad(lambda a: a * integrate.quad(lambda x: x if x > 0.5 else 0.0, 0, 1)[0])
    assert inside(2.0) == pytest.approx(0.375)
    with pytest.raises(TypeError, match="Python asked a traced value for a truth value"):
        wg.grad(lambda a: integrate.quad(lambda x: a if x > 0.5 else 0.0, 0, a)[0])(1.0)
    with pytest.raises(ArgumentError, match="quad: the integrand is not one number"):
        wg.grad(lambda a: integrate.quad(lambda x: a * x * np.ones(2), 0, a)[0])(1.0)
    vectors = integrate.quad_vec(lambda x: np.array([x, 1.0]), 0, 1, full_output=True)[0]
    np.testing.assert_allclose(vectors, [0.5, 1.0])


# -- initial value problems ------------------------------------------------------------------------


def oscillator(k: Any, y0: Any, times: Any, method: str) -> Any:
    def field(t: Any, y: Any) -> Any:
        return [y[1], k * (1.0 - y[0] ** 2) * y[1] - y[0] + 0.1 * np.sin(t)]

    return integrate.solve_ivp(field, (0.0, 1.0), y0, method, t_eval=times, **FINE).y


Y0, TIMES = np.array([1.0, 0.5]), np.linspace(0.0, 1.0, 5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_in_all_of_its_arguments(method: str) -> None:
    plain = oscillator(1.3, Y0, TIMES, method)
    f = lambda k: oscillator(k, Y0, TIMES, method)
    value, pull = wg.vjp(f, 1.3)
    np.testing.assert_allclose(value, plain, rtol=1e-14)
    expected = slope(f, 1.3, 1.0)
    np.testing.assert_allclose(wg.jvp(f, (1.3,), (1.0,))[1], expected, atol=2e-6)
    weights = np.arange(10.0).reshape(2, 5)
    assert pull(weights)[0] == pytest.approx(np.sum(expected * weights), abs=1e-5)
    g = lambda y0: oscillator(1.3, y0, TIMES, method)
    v = np.array([0.3, -0.7])
    np.testing.assert_allclose(wg.jvp(g, (Y0,), (v,))[1], slope(g, Y0, v), atol=2e-6)
    h = lambda t: oscillator(1.3, Y0, t, method)
    moved = wg.jvp(h, (TIMES[1:4],), (np.ones(3),))[1]
    np.testing.assert_allclose(moved[0], plain[1, 1:4], atol=1e-5)  # y' = y[1]


@pytest.mark.parametrize("method", METHODS)
def test_closed_forms_to_second_order(method: str) -> None:
    def decay(k: Any) -> Any:
        return integrate.solve_ivp(lambda t, y, k: -k * y, (0.0, 1.0), [1.0, 2.0], method,
                                   args=(k,), **FINE).y[1, -1]  # fmt: skip

    e = 2.0 * np.exp(-2.0)
    assert wg.grad(decay)(2.0) == pytest.approx(-e, rel=1e-7)
    assert wg.grad(wg.grad(decay))(2.0) == pytest.approx(e, rel=1e-6)
    ends = lambda a, b: integrate.solve_ivp(lambda t, y: -t * y, (a, b), [1.0], method, **FINE)
    found = wg.grad(lambda a, b: ends(a, b).y[0, -1], (0, 1))(0.5, 1.5)
    np.testing.assert_allclose(found, np.exp(-1.0) * np.array([0.5, -1.5]), rtol=1e-6)
    assert wg.grad(lambda b: ends(0.5, b).t[-1])(1.5) == 1.0
    curve = lambda k: (
        integrate.solve_ivp(
            lambda t, y: -k * y, (0.0, 1.0), [1.0], method, dense_output=True, **FINE
        ).sol
    )
    assert wg.grad(lambda k: curve(k)(0.37)[0])(2.0) == pytest.approx(
        -0.37 * np.exp(-0.74), rel=1e-6
    )
    both = lambda t: curve(2.0 * t / t)(np.stack([t, 0.5 * t]))[0, 0]
    assert wg.grad(both)(0.5) == pytest.approx(-2.0 * np.exp(-1.0), rel=1e-5)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_the_derivative_is_that_of_the_steps(method: str) -> None:
    """With fixed steps the numbers themselves are differentiated: differences agree closely."""

    def f(k: Any) -> Any:
        options = {"rtol": 1e9, "atol": 1e9, "first_step": 0.25, "max_step": 0.25}
        field = lambda t, y: np.stack([y[1], -k * np.sin(y[0])])
        return integrate.solve_ivp(field, (0.0, 2.0), [1.0, 0.0], method, **options).y[0, -1]

    assert wg.grad(f)(1.3) == pytest.approx(slope(f, 1.3, 1.0), rel=1e-9)


@pytest.mark.parametrize("method, order", [("RK23", 3), ("RK45", 5), ("DOP853", 8)])
def test_order_of_accuracy(method: str, order: int) -> None:
    def error(h: float) -> float:
        options = {"rtol": 1e9, "atol": 1e9, "first_step": h, "max_step": h}
        f = lambda k: integrate.solve_ivp(
            lambda t, y: -k * y, (0.0, 2.0), [1.0], method, **options
        ).y[0, -1]
        return abs(float(wg.grad(f)(1.0)) + 2.0 * np.exp(-2.0))

    observed = np.log2(error(0.5) / error(0.25))
    assert observed == pytest.approx(order, abs=0.7)


def test_the_collocation_weights() -> None:
    np.testing.assert_allclose(WEIGHTS[-1].sum(), 1.0)
    for k in range(1, 6):  # the last row is Radau's quadrature, of degree 4
        np.testing.assert_allclose(WEIGHTS[-1] @ NODES ** (k - 1), 1.0 / k)


@pytest.mark.parametrize("method", METHODS)
def test_compiled_and_in_lanes(method: str) -> None:
    f = lambda k: oscillator(k, Y0, TIMES, method)
    expected = wg.jacobian(f)(1.3)
    np.testing.assert_allclose(wg.jit(wg.jacobian(f))(1.3), expected, rtol=1e-9, atol=1e-12)
    lanes = wg.vmap(wg.jacobian(f))(np.array([1.3, 2.0]))
    np.testing.assert_allclose(lanes[0], expected, rtol=1e-9, atol=1e-12)
    g = lambda b: integrate.solve_ivp(lambda t, y: -t * y, (0.5, b), [1.0], method,
                                      t_eval=np.array([1.0]), **FINE).y[0, 0]  # fmt: skip
    assert wg.jit(wg.grad(g))(1.5) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_events(method: str) -> None:
    """A ball thrown up from height 1: it falls through a level that depends on the speed."""

    def throw(v: Any, is_terminal: bool) -> Any:
        def hit(t: Any, y: Any) -> Any:
            return y[0] - 0.2 * v

        hit.terminal, hit.direction = is_terminal, -1  # type: ignore[attr-defined]  # SciPy's way
        end = 10.0 if is_terminal else 2.0
        start = np.stack([1.0 + 0.0 * v, v])
        return integrate.solve_ivp(lambda t, y: [y[1], -9.81], (0.0, end), start, method,
                                   events=hit, **FINE)  # fmt: skip

    exact = wg.grad(lambda v: (v + np.sqrt(v * v + 2.0 * 9.81 * (1.0 - 0.2 * v))) / 9.81)(3.0)
    for is_terminal in (True, False):
        time = wg.grad(lambda v, e=is_terminal: throw(v, e).t_events[0][0])(3.0)
        assert time == pytest.approx(exact, rel=1e-8)
        speed = wg.grad(lambda v, e=is_terminal: throw(v, e).y_events[0][0, 1])(3.0)
        assert speed == pytest.approx(1.0 - 9.81 * exact, rel=1e-7)
    assert wg.grad(lambda v: throw(v, True).t[-1])(3.0) == pytest.approx(exact, rel=1e-8)
    assert wg.grad(lambda v: throw(v, True).y[0, -1])(3.0) == pytest.approx(0.2, rel=1e-7)


def test_events_that_do_not_happen_and_other_options() -> None:
    never = lambda t, y: y[0] + 10.0
    f = lambda k: integrate.solve_ivp(
        lambda t, y: -k * y, (0.0, 1.0), [1.0], events=[never, never], vectorized=True, **FINE
    )
    found = wg.vjp(lambda k: f(k).y, 2.0)
    assert found[0].shape[0] == 1
    assert wg.grad(lambda k: f(k).y[0, -1] + 0.0 * len(f(k).t_events[1]))(2.0) == pytest.approx(
        -np.exp(-2.0), rel=1e-7
    )
    stiff = lambda k: integrate.solve_ivp(
        lambda t, y: -k * y, (0.0, 1.0), [1.0], "Radau", jac=lambda t, y: np.reshape(-k, (1, 1)),
        **FINE,
    ).y[0, -1]  # fmt: skip
    assert wg.grad(stiff)(2.0) == pytest.approx(-np.exp(-2.0), rel=1e-8)
    constant = lambda k: integrate.solve_ivp(
        lambda t, y: -k * y, (0.0, 1.0), [1.0], scipy.integrate.BDF, jac=[[-2.0]], **FINE
    ).y[0, -1]
    assert wg.grad(constant)(2.0) == pytest.approx(-np.exp(-2.0), rel=1e-6)
    wave = lambda k: np.real(
        integrate.solve_ivp(lambda t, y: 1j * k * y, (0.0, 1.0), [1.0 + 0j], "BDF", **FINE).y[0, -1]
    )
    assert wg.grad(wave)(2.0) == pytest.approx(-np.sin(2.0), abs=1e-7)
    plain = integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), [1.0])
    assert isinstance(plain.y, np.ndarray)
    inside = wg.grad(lambda a: a * integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), [1.0]).y[0, -1])
    assert inside(1.0) == plain.y[0, -1]


def test_a_long_run_keeps_states_only() -> None:
    f = lambda k: integrate.solve_ivp(
        lambda t, y: [y[1], -k * y[0]], (0.0, 150.0), [1.0, 0.0], rtol=1e-8, atol=1e-10
    ).y[0, -1]
    assert wg.grad(f)(1.0) == pytest.approx(-75.0 * np.sin(150.0), rel=1e-4)


def test_odeint() -> None:
    t = np.array([0.0, 0.5, 1.0])
    f = lambda k: integrate.odeint(lambda y, t: -k * y, 1.0, t)[:, 0]
    np.testing.assert_allclose(wg.jacobian(f)(2.0), -t * np.exp(-2.0 * t), atol=1e-7)
    g = lambda k: integrate.odeint(
        lambda t, y, k: -k * y, [1.0], t, (k,), lambda t, y, k: np.reshape(-k, (1, 1)),
        tfirst=True, full_output=True,
    )[0][-1, 0]  # fmt: skip
    assert wg.jit(wg.grad(g))(2.0) == pytest.approx(-np.exp(-2.0), rel=1e-6)
    np.testing.assert_array_equal(
        integrate.odeint(lambda y, t: -y, 1.0, t), scipy.integrate.odeint(lambda y, t: -y, 1.0, t)
    )
    ends = lambda b: integrate.odeint(lambda y, t: -y, 1.0, np.stack([0.0 * b, b]))[-1, 0]
    assert wg.grad(ends)(1.0) == pytest.approx(-np.exp(-1.0), rel=1e-6)
    assert wg.grad(lambda k: k * integrate.odeint(lambda y, t: -y, 1.0, t)[-1, 0])(
        1.0
    ) == pytest.approx(np.exp(-1.0), rel=1e-6)


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    f = lambda k: integrate.solve_ivp(lambda t, y: -k * y, (0.0, 1.0), [1.0]).y[0, -1]
    with pytest.raises(ArgumentError, match="the number of results depends on values"):
        wg.jit(f)(2.0)
    monkeypatch.setattr(replay, "MOST_STEPS", 2)
    g = lambda k: integrate.solve_ivp(
        lambda t, y: -k * y, (0.0, 1.0), [1.0], t_eval=[1.0], rtol=1e-10
    ).y[0, -1]
    with pytest.raises(ConvergenceError, match="too many steps to be replayed without values"):
        wg.jit(g)(2.0)
    with pytest.raises(MissingRuleError, match=r"scipy\.integrate\.newton_cotes has no"):
        wg.grad(lambda x: integrate.newton_cotes(x)[1])(1.0)
