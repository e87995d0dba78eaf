"""root: SciPy's methods with exact Jacobians, and Newton's method for sparse systems."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from wengert.errors import (
    ArgumentError,
    ConversionError,
    MissingExtraError,
    OptionError,
    OutputError,
    ShapeError,
)
from wengert.optimize import root

METHODS = "hybr lm broyden1 broyden2 anderson krylov df-sane newton".split()
MIXING = "linearmixing diagbroyden excitingmixing".split()


def circle_and_line(p):
    return {"circle": p["x"] ** 2 + p["y"] ** 2 - 1.0, "line": p["x"] - p["y"]}


def pendulum(u, h):
    """u'' = -sin(u) between u = 1 and u = 1: tridiagonal."""
    padded = np.concatenate([np.ones(1), u, np.ones(1)])
    return (padded[2:] - 2.0 * u + padded[:-2]) / h**2 + np.sin(u)


@pytest.mark.parametrize("method", METHODS)
def test_a_system_of_two(method):
    found = root(circle_and_line, {"x": 1.0, "y": 0.5}, method=method)
    assert found.success, found.message
    assert found.method == method
    np.testing.assert_allclose([found.x["x"], found.x["y"]], np.sqrt(0.5), atol=1e-5)
    assert set(found.fun) == {"circle", "line"} and abs(found.fun["line"]) < 1e-5
    if method in ("hybr", "lm", "newton"):
        assert 0 < found.njev <= found.nfev <= 8


@pytest.mark.parametrize("method", MIXING)
def test_mixing(method):
    """These converge for maps that are nearly the identity only."""
    found = root(lambda x: 0.1 * np.cos(x) - x, np.zeros(3), method=method,
                 options={"jac_options": {"alpha": 0.5}})  # fmt: skip
    np.testing.assert_allclose(found.x, scipy.optimize.brentq(lambda x: 0.1 * np.cos(x) - x, 0, 1),
                               atol=1e-4)  # fmt: skip


def test_shapes_arguments_and_numbers():
    a = np.array([[1.0, 4.0], [9.0, 16.0]])
    found = root(lambda x, a: x**2 - a, np.full((2, 2), 2), (a,))
    np.testing.assert_allclose(found.x, np.sqrt(a))
    assert found.fun.shape == (2, 2)
    assert root(lambda x: x**3 - 2.0, 1.0, method="newton").x == pytest.approx(2.0 ** (1 / 3))
    assert root(lambda x: x**3 - 2.0, 1).x == pytest.approx(2.0 ** (1 / 3))


def test_many_unknowns_are_left_to_newton():
    h = 1.0 / 151
    found = root(pendulum, np.ones(150), (h,))
    assert found.success and found.method == "newton" and found.nit <= 6
    assert np.abs(found.fun).max() < 1e-8
    assert root(pendulum, np.ones(20), (h,)).method == "hybr"


def test_newton_converges_quadratically_and_agrees_with_scipy():
    sizes = []

    def callback(intermediate_result):
        sizes.append(intermediate_result.fun)

    found = root(pendulum, np.ones(30), (1.0 / 31,), method="newton", callback=callback)
    theirs = root(pendulum, np.ones(30), (1.0 / 31,), method="hybr")
    np.testing.assert_allclose(found.x, theirs.x, atol=1e-9)
    assert sizes[1] < 1e-3 * sizes[0] and sizes[2] < 1e-3 * sizes[1]


def test_newton_is_damped_where_full_steps_diverge():
    for scale in (1.0, 1e-9, 1e12):  # the units of an equation do not matter
        found = root(lambda x, s=scale: s * np.arctan(x), np.full(3, 20.0), method="newton")
        assert found.success, found.message
        np.testing.assert_allclose(found.x, 0.0, atol=1e-9)


def test_newton_steps_back_from_where_there_are_no_numbers():
    found = root(lambda x: np.log(x) + 1.0, np.array([20.0]), method="newton")
    assert found.success
    assert found.x == pytest.approx(np.exp(-1.0))


def test_a_singular_jacobian_with_a_root():
    found = root(lambda x: [x[0] + x[1] - 1.0, 2.0 * x[0] + 2.0 * x[1] - 2.0], [3.0, 0.0],
                 method="newton")  # fmt: skip
    assert np.abs(found.fun).max() < 1e-6
    assert found.x.sum() == pytest.approx(1.0)


def test_a_singular_jacobian_without_a_root():
    def parallel(x):
        return [x[0] + x[1] - 1.0, x[0] + x[1] - 2.0]

    found = root(parallel, [0.0, 0.0], method="newton")
    assert not found.success
    assert found.message == (
        "The residuals have a local minimum here that is no root: the Jacobian is singular."
    )
    assert not root(parallel, [0.0, 0.0]).success


def test_lm_at_a_minimum_that_is_no_root():
    found = root(lambda x: x**2 + 1.0, 1.0, method="lm")
    assert not found.success
    assert found.message.startswith("The point is no root: the largest residual is 1.")


def test_lm_takes_more_equations_than_unknowns():
    found = root(lambda x: [x[0] - 1.0, x[1] - 2.0, x[0] + x[1] - 3.0], [0.0, 0.0], method="lm")
    np.testing.assert_allclose(found.x, [1.0, 2.0])


@pytest.mark.parametrize("method", [*METHODS, *MIXING])
def test_callbacks_stop_and_raise(method):
    def stop(x):
        raise StopIteration

    found = root(circle_and_line, {"x": 1.0, "y": 0.5}, method=method, callback=stop)
    assert not found.success and found.message == "The callback raised StopIteration."

    def fail(x):
        raise ValueError("from the callback")

    with pytest.raises(ValueError, match="from the callback"):
        root(circle_and_line, {"x": 1.0, "y": 0.5}, method=method, callback=fail)


def test_the_limit_of_iterations():
    found = root(np.arctan, 20.0, method="newton", options={"maxiter": 1})
    assert not found.success and found.message == "The limit of iterations was reached."


def test_progress(capsys, monkeypatch):
    root(np.arctan, 2.0, method="newton", progress=True)
    assert "root, newton" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)
    with pytest.raises(MissingExtraError, match="progress=True needs a package"):
        root(np.arctan, 2.0, progress=True)


def test_a_function_that_cannot_be_recorded_names_its_line():
    with pytest.raises(ConversionError, match="test_optimize_root"):
        root(lambda x: float(x[0]) ** 2, [1.0])


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: root(lambda x: x[:1], [1.0, 2.0]), ShapeError,
         "root: there are not as many equations as unknowns."),
        (lambda: root(lambda x: None, [1.0, 2.0]), OutputError,
         "root: the function returned nothing."),
        (lambda: root(np.log, [-1.0, 2.0]), OptionError, "root: a residual is not finite at x0."),
        (lambda: root(np.log, [1.0], method="secant"), ArgumentError,
         "root: there is no method of this name."),
        (lambda: root(np.log, [1.0], jac=True), ArgumentError,
         "root: jac is computed here and cannot be given."),
        (lambda: root(np.log, [1.0], method="newton", options={"ftol": 1}), ArgumentError,
         "the method 'newton' has no such option."),
        (lambda: root(np.log, [2.0], method="hybr", options={"xtol": "x"}), ArgumentError,
         "root: SciPy's method does not take these options."),
        (lambda: root(np.log, {}), ArgumentError, "root: x0 holds no parameter."),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(text)
