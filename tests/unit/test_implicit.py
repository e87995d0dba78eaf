"""`implicit_root` and `implicit_minimum`: closed forms, every mode and order, and the errors."""

from __future__ import annotations

import re
from typing import Any

import mpmath
import numpy as np
import pytest

import wengert as wg
from wengert.errors import (
    ArgumentError,
    ConvergenceError,
    DtypeError,
    NonScalarOutputError,
    OutputError,
    ProgramError,
    ShapeError,
)
from wengert.implicit import fixed_point
from wengert.implicit.linear import SingularJacobianError
from wengert.ir.text import parse_program


def cube_root(a: Any) -> Any:
    return wg.implicit_root(lambda x, a: x**3 - a, 1.0, a)


def captured_cube_root(a: Any) -> Any:
    return wg.implicit_root(lambda x: x**3 - a, 1.0)


@pytest.mark.parametrize("f", [cube_root, captured_cube_root])
def test_every_order_of_a_cube_root(f: Any) -> None:
    g, expected, power = f, 1.0, 1.0 / 3.0
    for order in range(5):
        np.testing.assert_allclose(g(8.0), expected * 8.0**power, rtol=1e-12)
        g, expected, power = wg.grad(g), expected * power, power - 1.0
        assert order < 5


def test_forward_taylor_and_compiled_modes_agree() -> None:
    expected = [1 / 12, -1 / 144, 5 / 3456]
    assert wg.jvp(cube_root, (8.0,), (1.0,))[1] == pytest.approx(expected[0], rel=1e-13)
    _, series = wg.jet(captured_cube_root, (8.0,), ([1.0, 0.0, 0.0],))
    np.testing.assert_allclose(series, expected, rtol=1e-12)
    second = wg.jit(wg.grad(wg.grad(captured_cube_root)))
    np.testing.assert_allclose(second(8.0), expected[1], rtol=1e-12)
    np.testing.assert_allclose(second(1.0), -2 / 9, rtol=1e-12)


def test_lanes() -> None:
    a = np.array([1.0, 8.0, 27.0])
    np.testing.assert_allclose(wg.vmap(captured_cube_root)(a), [1.0, 2.0, 3.0], rtol=1e-13)
    for slope in (wg.vmap(wg.grad(cube_root)), wg.jit(wg.vmap(wg.grad(cube_root)))):
        np.testing.assert_allclose(slope(a), [1 / 3, 1 / 12, 1 / 27], rtol=1e-13)

    def f(a: Any, b: Any) -> Any:
        return wg.implicit_root(lambda x: a * x - np.cos(b * x), 1.0)

    a, b = np.array([1.0, 2.0]), np.array([0.5, 1.0, 1.5])
    grid = wg.vmap(wg.vmap(wg.grad(f), (0, None)), (None, 0))(a, b)
    single = [[wg.grad(f)(s, t) for s in a] for t in b]
    np.testing.assert_allclose(grid, single, rtol=1e-12)
    by_solver = wg.vmap(lambda a: wg.implicit_root(lambda x: x**3 - a, 1.0, solver="hybr"))
    np.testing.assert_allclose(by_solver(np.array([1.0, 8.0])), [1.0, 2.0], rtol=1e-12)
    iterative = wg.vmap(
        wg.grad(lambda a: wg.implicit_root(lambda x: x**3 - a, 1.0, linear_solver="gmres"))
    )
    np.testing.assert_allclose(iterative(np.array([1.0, 8.0])), [1 / 3, 1 / 12], rtol=1e-11)


def test_the_kepler_equation_to_50_digits() -> None:
    def anomaly(mean: Any, e: Any) -> Any:
        return wg.implicit_root(lambda x: x - e * np.sin(x) - mean, mean)

    with mpmath.workdps(50):
        exact = lambda m, e: mpmath.findroot(lambda x: x - e * mpmath.sin(x) - m, m)
        for order in ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2)):
            f = anomaly
            for i, n in enumerate(order):
                for _ in range(n):
                    f = wg.grad(f, i)
            expected = mpmath.diff(exact, (mpmath.mpf("0.75"), mpmath.mpf("0.5")), order)
            assert float(f(0.75, 0.5)) == pytest.approx(float(expected), rel=1e-11)


def test_an_eigenvalue_is_a_root() -> None:
    """The derivative of a simple eigenvalue is v v^T."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3, 3))
    a = a + a.T
    values, vectors = np.linalg.eigh(a)

    def eigenpair(a: Any) -> Any:
        def equations(x: Any) -> Any:
            value, v = x
            return v @ v - 1.0, a @ v - value * v

        return wg.implicit_root(equations, (values[2] + 0.1, vectors[:, 2] + 0.05))

    value, v = eigenpair(a)
    assert value == pytest.approx(values[2], rel=1e-13)
    np.testing.assert_allclose(
        wg.grad(lambda a: eigenpair(a)[0])(a), np.outer(v, v), rtol=1e-12, atol=1e-13
    )


def test_ridge_regression_is_the_normal_equations() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(6, 3)), rng.normal(size=6)

    def by_minimum(a: Any, penalty: Any) -> Any:
        loss = lambda w: np.sum((a @ w - b) ** 2) + penalty * np.sum(w * w)
        return wg.implicit_minimum(loss, np.zeros(3))

    def by_equations(a: Any, penalty: Any) -> Any:
        return np.linalg.solve(a.T @ a + penalty * np.eye(3), a.T @ b)

    np.testing.assert_allclose(by_minimum(a, 0.3), by_equations(a, 0.3), rtol=1e-10)
    for i in (0, 1):
        found = wg.jacobian(by_minimum, i)(a, 0.3)
        np.testing.assert_allclose(found, wg.jacobian(by_equations, i)(a, 0.3), rtol=1e-9)
    total = lambda f: lambda p: np.sum(f(a, p) ** 2)
    found = wg.hessian(total(by_minimum))(0.3)
    assert found == pytest.approx(wg.hessian(total(by_equations))(0.3), rel=1e-9)


def test_implicit_functions_inside_each_other() -> None:
    def outer(a: Any) -> Any:
        def equation(y: Any) -> Any:
            return wg.implicit_root(lambda x: x**2 - y * a, 1.0) - 3.0

        return wg.implicit_root(equation, 1.0)  # y = 9 / a

    assert wg.grad(outer)(2.0) == pytest.approx(-2.25, rel=1e-12)
    assert wg.grad(wg.grad(outer))(2.0) == pytest.approx(2.25, rel=1e-11)


def test_inside_a_loop_it_is_as_in_python() -> None:
    def step(c: Any, a: Any) -> Any:
        return wg.implicit_root(lambda x: x + c * x**3 - a, 1.0)

    def by_scan(a: Any) -> Any:
        return wg.scan(lambda c, _: (step(c, a), None), a, None, length=3)[0]

    def by_hand(a: Any) -> Any:
        return step(step(step(a, a), a), a)

    assert wg.grad(by_scan)(1.0) == pytest.approx(wg.grad(by_hand)(1.0), rel=1e-13)
    assert wg.jit(wg.grad(by_scan))(1.0) == pytest.approx(wg.grad(by_hand)(1.0), rel=1e-13)


def test_a_fixed_point() -> None:
    def dottie(a: Any) -> Any:
        return fixed_point(lambda x: np.cos(a * x), 1.0)

    x = dottie(1.0)
    assert x == pytest.approx(np.cos(x), rel=1e-14)
    assert wg.grad(dottie)(1.0) == pytest.approx(-x * np.sin(x) / (1 + np.sin(x)), rel=1e-12)


def test_the_guess_has_no_derivative() -> None:
    def f(a: Any, x0: Any) -> Any:
        return wg.implicit_root(lambda x: x * x - a, x0)

    assert wg.grad(f, (0, 1))(4.0, 1.0) == (pytest.approx(0.25), 0.0)


def test_solvers_and_what_comes_beside() -> None:
    for solver in ("newton", "hybr", "lm", "krylov", "df-sane"):
        f = lambda a, s=solver: wg.implicit_root(lambda x: x * x - a, 1.9, solver=s)
        assert wg.grad(f)(4.0) == pytest.approx(0.25, rel=1e-12)
    seen: list[Any] = []

    def mine(g: Any, x0: Any) -> Any:
        seen.append(g(x0)["a"])
        return {"a": 2.0}

    f = lambda a: wg.implicit_root(lambda x: {"a": x["a"] ** 2 - a}, {"a": 1.0}, solver=mine)["a"]
    assert wg.grad(f)(4.0) == pytest.approx(0.25)
    assert seen == [-3.0]
    g = lambda a: wg.implicit_minimum(lambda x: (x - a) ** 2, 1.0, solver=lambda h, x0: 3.0)
    assert wg.grad(g)(3.0) == pytest.approx(1.0)
    for method in ("BFGS", "Newton-CG", "Nelder-Mead"):
        h = lambda a, m=method: wg.implicit_minimum(lambda x: (x - a) ** 2, 1.0, solver=m)
        assert wg.grad(h)(3.0) == pytest.approx(1.0)
    x, aux = wg.implicit_root(lambda x: (x**2 - 2.0, 3.0 * x), 1.0, has_aux=True)
    assert aux == 3.0 * x
    x, aux = wg.implicit_minimum(lambda x: (x**2 - 2.0 * x, 3.0 * x), 0.0, has_aux=True)
    assert aux == 3.0 * x == pytest.approx(3.0)
    wanted = wg.grad(lambda a: wg.implicit_root(lambda x: (x - a, a * x), 1.0, has_aux=True)[1])
    assert wanted(3.0) == pytest.approx(6.0)


def test_linear_solvers() -> None:
    a = np.array([[4.0, 1.0, 0.0], [1.0, 5.0, 0.5], [0.0, 0.5, 3.0]])

    def f(a: Any, solver: Any) -> Any:
        x = wg.implicit_root(lambda x: a @ x + np.tanh(x) - 1.0, np.zeros(3), linear_solver=solver)
        return np.sum(x**2)

    def mine(matvec: Any, b: Any) -> Any:
        return np.linalg.solve(np.stack([matvec(e) for e in np.eye(3)], 1), b)

    expected = wg.hessian(f)(a, "dense")
    for solver in ("gmres", "bicgstab", "cg", "minres", mine):
        np.testing.assert_allclose(wg.hessian(f)(a, solver), expected, rtol=1e-6, atol=1e-9)


def test_float32_stays() -> None:
    x = wg.implicit_root(lambda x: x * x - np.float32(2.0), np.float32(1.0))
    assert x.dtype == np.float32
    assert x == pytest.approx(2**0.5, rel=1e-6)


def test_rosenbrock_from_the_usual_start() -> None:
    def f(a: Any) -> Any:
        def valley(x: Any) -> Any:
            return (a - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2

        return wg.implicit_minimum(valley, np.array([-1.2, 1.0]))

    np.testing.assert_allclose(f(1.5), [1.5, 2.25], rtol=1e-12)
    np.testing.assert_allclose(wg.jacobian(f)(1.5), [1.0, 3.0], rtol=1e-9)


def test_solvers_in_the_text_of_a_program() -> None:
    program = wg.trace(lambda a: wg.implicit_root(lambda x: x * x - a, 1.0, solver="hybr"))(4.0)
    text = str(program)
    assert parse_program(text) == program
    solve = next(e.params["solve"] for e in program.equations if "solve" in e.params)
    assert solve.source().count("_objects[") == 1
    number = re.search(r"object\((\d+)\)", text)
    assert number is not None
    with pytest.raises(ProgramError, match=r"object\(1\) does not exist in this process"):
        parse_program(text.replace(number.group(0), "object(1)"))


# -- errors ----------------------------------------------------------------------------------------


def test_no_root_and_no_minimum() -> None:
    with pytest.raises(ConvergenceError, match="no solution was found") as caught:
        wg.implicit_root(lambda x: x**2 + 1.0, 0.5)
    assert re.search(r"residual norm 1 at best, 1\.25 at x0", str(caught.value))
    compiled = wg.jit(lambda c: wg.implicit_root(lambda x: x**2 + c, 0.5))
    with pytest.raises(ConvergenceError, match="no solution was found"):
        compiled(1.0)
    with pytest.raises(ConvergenceError, match="implicit_minimum: no minimum was found"):
        wg.implicit_minimum(lambda x: x, 0.5)


def test_a_singular_jacobian() -> None:
    def f(a: Any) -> Any:
        def equations(x: Any) -> Any:
            return np.stack([x[0] + x[1] - a, 2.0 * x[0] + 2.0 * x[1] - 2.0 * a])

        return wg.implicit_root(equations, np.array([0.5, 0.5]))[0]

    assert f(1.0) == 0.5
    with pytest.raises(SingularJacobianError, match="the Jacobian is singular"):
        wg.grad(f)(1.0)
    with pytest.raises(np.linalg.LinAlgError, match="singular 2 x 2 Jacobian"):
        wg.jvp(f, (1.0,), (1.0,))


def test_a_linear_solver_that_fails() -> None:
    def f(a: Any) -> Any:
        def equations(x: Any) -> Any:
            return np.stack([x[0] + x[1] - a[0], x[0] + x[1] - a[1]])

        return wg.implicit_root(equations, np.array([0.5, 0.5]), linear_solver="cg")[0]

    with pytest.raises(ConvergenceError, match="did not solve the linear system of a derivative"):
        wg.grad(f)(np.array([1.0, 1.0]))


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="linear_solver is none that is known"):
        wg.implicit_root(lambda x: x - 1.0, 0.0, linear_solver="magic")
    with pytest.raises(ArgumentError, match="implicit_root: solver is none that is known"):
        wg.implicit_root(lambda x: x - 1.0, 0.0, solver="magic")
    with pytest.raises(ArgumentError, match="implicit_minimum: solver is none that is known"):
        wg.implicit_minimum(lambda x: x * x, 0.0, solver="magic")
    with pytest.raises(ArgumentError, match="an unknown is complex"):
        wg.implicit_minimum(lambda x: np.abs(x) ** 2, 1.0j)
    with pytest.raises(DtypeError, match="an unknown is a boolean"):
        wg.implicit_root(lambda x: x, True)
    with pytest.raises(ShapeError, match="not as many equations as unknowns"):
        wg.implicit_root(lambda x: np.sum(x), np.zeros(2))
    with pytest.raises(NonScalarOutputError, match="the objective is not one real number"):
        wg.implicit_minimum(lambda x: x, np.zeros(2))
    with pytest.raises(OutputError, match="with has_aux the function did not return a pair"):
        wg.implicit_root(lambda x: x, 0.0, has_aux=True)
    with pytest.raises(OutputError, match="the solver returned another structure than that of x0"):
        wg.implicit_root(lambda x: x - 1.0, 0.0, solver=lambda g, x0: (x0, x0))
    with pytest.raises(ArgumentError, match="implicit_root: the function is not a function"):
        wg.implicit_root(1.0, 0.0)  # type: ignore[arg-type]  # what is tested


def test_second_derivatives_of_a_batch():
    """Kepler's equation in two unknowns, so that the linear systems of derivatives are matrices."""

    def solution(e):
        def residual(v, e):
            return np.stack([v[0] - e * np.sin(v[1]) - 1.0, v[1] - v[0]])

        return np.sum(wg.implicit_root(residual, np.ones(2), e) ** 2)

    e = np.array([0.1, 0.3, 0.5])
    found = wg.vmap(wg.grad(wg.grad(solution)))(e)
    np.testing.assert_allclose(found, [wg.grad(wg.grad(solution))(x) for x in e], rtol=1e-9)
    h = 1e-4
    slope = wg.grad(solution)
    expected = [(slope(x + h) - slope(x - h)) / (2 * h) for x in e]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
