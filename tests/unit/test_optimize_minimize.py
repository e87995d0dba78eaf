"""minimize: SciPy's methods with derivatives filled in, our Newton method, Ipopt."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import wengert as wg
from wengert.errors import (
    ArgumentError,
    ConvergenceError,
    ConversionError,
    MissingExtraError,
    NonScalarOutputError,
    OptionError,
    ShapeError,
)
from wengert.optimize import OptimizeResult, between, definite, equal, minimize
from wengert.optimize.ipopt import _Grew, _Structure
from wengert.optimize.minimization import _ABILITIES

START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
BOUNDED = [name for name, able in _ABILITIES.items() if "bounds" in able]
CONSTRAINED = [name for name, able in _ABILITIES.items() if "constraints" in able]
WITH_GRADIENT = [name for name, able in _ABILITIES.items() if "gradient" in able]


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def plane(x):
    return (x[0] - 3.0) ** 2 + 2.0 * (x[1] + 1.0) ** 2 + x[0] * x[1]


PLANE_MINIMUM = np.linalg.solve([[2.0, 1.0], [1.0, 4.0]], [6.0, -4.0])


# -- every method ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(set(WITH_GRADIENT) - {"dogleg"}))
def test_rosenbrock(method):
    found = minimize(rosenbrock, START, method=method)
    assert found.success, found.message
    assert found.method == method
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-3)
    np.testing.assert_allclose(found.jac, wg.grad(rosenbrock)(found.x), atol=1e-12)
    assert found.nfev <= 120  # with differences each gradient would cost five more


@pytest.mark.parametrize("method", _ABILITIES)
def test_a_convex_function(method):
    """Dogleg asks for a positive definite Hessian, which Rosenbrock's function does not have."""
    found = minimize(plane, [1.0, 1.0], method=method)
    assert found.success, found.message
    np.testing.assert_allclose(found.x, PLANE_MINIMUM, atol=2e-3)


@pytest.mark.parametrize("method", ["bfgs", "l-bfgs-b", "newton-cg", "trust-exact", "cg"])
def test_the_same_steps_as_scipy_with_derivatives_by_hand(method):
    given = {"jac": scipy.optimize.rosen_der}
    if "newton" in method or "trust" in method:
        given["hess"] = scipy.optimize.rosen_hess
    theirs = scipy.optimize.minimize(scipy.optimize.rosen, START, method=method, **given)
    ours = minimize(rosenbrock, START, method=method)
    assert abs(ours.nit - theirs.nit) <= 2
    assert abs(ours.nfev - theirs.nfev) <= 6
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-4)


def test_each_point_is_evaluated_once():
    runs = []

    def counted(x):
        runs.append(1)
        return rosenbrock(x)

    found = minimize(counted, START)
    assert found.nfev > 20
    assert len(runs) == 1  # compiled: recorded once, whatever the number of evaluations


@pytest.mark.parametrize("method", ["newton", "l-bfgs-b", "bfgs", "nelder-mead"])
def test_a_function_that_branches_on_values(method):
    def branching(x):
        if x[0] > 0:
            return (x[0] - 1.0) ** 2 + x[1] ** 2 * (1.0 + x[0] ** 2)
        return 3.0 * x[0] ** 2 - 2.0 * x[0] + 1.0 + x[1] ** 2

    found = minimize(branching, [-2.0, 3.0], method=method)
    np.testing.assert_allclose(found.x, [1.0, 0.0], atol=1e-3)


def test_default_methods():
    assert minimize(plane, [1.0, 1.0]).method == "bfgs"
    assert minimize(plane, [1.0, 1.0], bounds=[(0, 1)] * 2).method == "l-bfgs-b"
    assert minimize(plane, [1.0, 1.0], constraints=equal(lambda x: x[0])).method == "slsqp"
    assert minimize(lambda x: np.sum((x - 1.0) ** 2), np.zeros(1200)).method == "l-bfgs-b"


# -- parameters ------------------------------------------------------------------------------------


def test_trees_come_back_in_their_structure():
    target = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": (np.array([5.0]), 6.0)}

    def distance(p, scale):
        return scale * (
            np.sum((p["w"] - target["w"]) ** 2)
            + np.sum((p["b"][0] - target["b"][0]) ** 2)
            + (p["b"][1] - target["b"][1]) ** 2
        )

    start = {"w": np.zeros((2, 2), int), "b": (np.zeros(1), 0)}
    for method in ("bfgs", "newton", "trust-ncg", "ipopt"):
        found = minimize(distance, start, (2.0,), method)
        assert set(found.x) == {"w", "b"} and type(found.x["b"]) is tuple
        assert found.x["w"].shape == (2, 2) and found.x["w"].dtype == np.float64
        np.testing.assert_allclose(found.x["w"], target["w"], atol=1e-5)
        np.testing.assert_allclose(found.x["b"][1], 6.0, atol=1e-5)
        assert found.jac["b"][0].shape == (1,)


def test_a_number_and_a_list_of_numbers():
    assert minimize(lambda x: (x - 2.0) ** 2, 1).x == pytest.approx(2.0)
    found = minimize(lambda x: np.sum((x - 2.0) ** 2), (1, 3))
    np.testing.assert_allclose(found.x, [2.0, 2.0])
    assert isinstance(found.x, np.ndarray)


def test_arguments_are_passed_and_may_be_anything():
    data = np.array([1.0, 2.0, 6.0])

    def loss(x, data, power, name):
        assert name == "huber"
        return np.sum((x - data) ** power)

    assert minimize(loss, 0.0, (data, 2, "huber")).x == pytest.approx(3.0)
    assert minimize(lambda x, d: np.sum((x - d) ** 2), 0.0, data).x == pytest.approx(3.0)


def test_values_of_one_element_are_numbers():
    assert minimize(lambda x: (x - 2.0) ** 2, np.array([1.0])).x == pytest.approx([2.0])


# -- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", BOUNDED)
def test_bounds(method):
    found = minimize(plane, [0.5, -0.2], method=method, bounds=[(None, 1.0), (-0.5, None)])
    assert found.success, found.message
    np.testing.assert_allclose(found.x, [1.0, -0.5], atol=2e-3)
    if method in WITH_GRADIENT:
        forces = -wg.grad(plane)(np.array([1.0, -0.5]))
        np.testing.assert_allclose(found.bound_multipliers, forces, atol=2e-2)


@pytest.mark.parametrize(
    "bounds",
    [
        scipy.optimize.Bounds([-np.inf, -0.5], [1.0, np.inf]),
        [(-np.inf, 1), (-0.5, np.inf)],
        np.array([[-9.0, 1.0], [-0.5, 9.0]]),
    ],
)
def test_forms_of_bounds_of_an_array(bounds):
    np.testing.assert_allclose(minimize(plane, [0.5, 0.2], bounds=bounds).x, [1.0, -0.5])


def test_bounds_of_a_tree():
    def f(p):
        return np.sum((p["a"] - 3.0) ** 2) + (p["b"] + 2.0) ** 2

    start = {"a": np.zeros(2), "b": 0.0}
    found = minimize(f, start, bounds=({"a": None, "b": -1.0}, {"a": np.array([1.0, 5.0]), "b": 9}))
    np.testing.assert_allclose(found.x["a"], [1.0, 3.0], atol=1e-6)
    assert found.x["b"] == -1.0
    assert found.bound_multipliers["a"][1] == 0.0
    assert found.bound_multipliers["b"] == pytest.approx(-2.0)
    assert minimize(f, start, bounds=(-0.5, 0.5)).x["b"] == -0.5
    assert minimize(lambda x: (x - 3.0) ** 2, 0.0, bounds=(0, 1)).x == 1.0


@pytest.mark.parametrize("method", BOUNDED)
def test_equal_bounds_hold_a_parameter(method):
    bounds = [(None, 2.0), (0.25, 0.25), (None, None)]
    f = lambda x: np.sum((x - 1.0) ** 2) + x[0] * x[1]
    found = minimize(f, [0.0, 0.25, 0.0], method=method, bounds=bounds)
    np.testing.assert_allclose(found.x, [0.875, 0.25, 1.0], atol=2e-3)


def test_a_start_outside_of_the_bounds_is_moved():
    with pytest.warns(scipy.optimize.OptimizeWarning, match=r"x0 lies outside .* at x0\[0\]"):
        found = minimize(plane, [5.0, 0.0], bounds=[(None, 1.0), (-0.5, None)])
    np.testing.assert_allclose(found.x, [1.0, -0.5])


# -- constraints -----------------------------------------------------------------------------------

# W. Hock and K. Schittkowski, Test Examples for Nonlinear Programming Codes (1981), problem 71.
HS071_START = [1.0, 5.0, 5.0, 1.0]
HS071_SOLUTION = [1.0, 4.7429994, 3.8211503, 1.3794082]


def hs071(x):
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


HS071_FORMS = {
    "ours": [
        between(25.0, lambda x: x[0] * x[1] * x[2] * x[3], None),
        equal(lambda x: np.sum(x**2), 40.0),
    ],
    "dictionaries": (
        {"type": "ineq", "fun": lambda x, low: x[0] * x[1] * x[2] * x[3] - low, "args": (25.0,)},
        {"type": "eq", "fun": lambda x: np.sum(x**2) - 40.0},
    ),
    "NonlinearConstraint": scipy.optimize.NonlinearConstraint(
        lambda x: [x[0] * x[1] * x[2] * x[3], np.sum(x**2)], [25.0, 40.0], [np.inf, 40.0]
    ),
    "trees": between(
        {"product": 25.0, "square": np.array([40.0])},
        lambda x: {"product": np.prod(x), "square": np.sum(x**2, keepdims=True)},
        {"product": None, "square": 40.0},
    ),
}


@pytest.mark.parametrize("form", HS071_FORMS)
@pytest.mark.parametrize("method", ["ipopt", "slsqp", "trust-constr"])
def test_hock_schittkowski_71(method, form):
    found = minimize(
        hs071,
        HS071_START,
        method=method,
        bounds=[(1, 5)] * 4,
        constraints=HS071_FORMS[form],
    )
    assert found.success, found.message
    near = 3e-5 if method == "trust-constr" else 1e-6  # it ends with its barrier still up
    assert found.fun == pytest.approx(17.0140173, abs=near)
    np.testing.assert_allclose(found.x, HS071_SOLUTION, atol=1e-5)
    assert found.constr_violation < 1e-6
    m = np.concatenate(found.multipliers)
    np.testing.assert_allclose(m, [-0.5522937, 0.1614686], atol=1e-4)
    np.testing.assert_allclose(found.bound_multipliers, [-1.0878712, 0, 0, 0], atol=1e-3)


@pytest.mark.parametrize("method", CONSTRAINED)
def test_linear_constraints_and_the_order_of_multipliers(method):
    """The projection of a point onto x + y + z = 1 and x <= 0.1, written with two kinds."""
    p = np.array([1.0, 0.5, -0.25])
    on_plane = scipy.optimize.LinearConstraint(np.ones((1, 3)), 1.0, 1.0)
    low = between(None, lambda x: {"first": x["a"]}, {"first": 0.1})
    start = {"a": 0.0, "b": np.zeros(2)}
    found = minimize(
        lambda x: (x["a"] - p[0]) ** 2 + np.sum((x["b"] - p[1:]) ** 2),
        start,
        method=method,
        constraints=[on_plane, low],
    )
    assert found.constr_violation < 1e-6
    np.testing.assert_allclose(found.x["a"], 0.1, atol=5e-4)
    np.testing.assert_allclose(found.x["b"], [0.825, 0.075], atol=5e-4)
    if method in WITH_GRADIENT:
        np.testing.assert_allclose(found.multipliers[0], [-0.65], atol=2e-3)
        np.testing.assert_allclose(found.multipliers[1], [2.45], atol=2e-3)


@pytest.mark.parametrize("method", CONSTRAINED)
def test_infeasible_constraints_are_told(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # trust-constr's singular Jacobian
        found = minimize(
            lambda x: np.sum(x**2),
            [1.0, 2.0],
            method=method,
            constraints=between(None, lambda x: x @ x, -1.0),
        )
    assert not found.success
    assert "The constraints are not satisfied" in found.message
    assert found.constr_violation >= 1.0


def test_more_equalities_than_parameters():
    twice = [equal(lambda x: x, 1.0), equal(lambda x: x[0] + x[1], 3.0)]
    for method in ("ipopt", "slsqp"):
        found = minimize(lambda x: np.sum(x**2), [1.0, 2.0], method=method, constraints=twice)
        assert not found.success and "may be infeasible" in found.message


# -- our Newton method -----------------------------------------------------------------------------


def test_newton_on_a_chain():
    n = 60
    start = np.tile([-1.2, 1.0], n // 2)

    def chained_wood(x):
        """Chained Wood function; A. R. Conn and others, Math. Comp. 50 (1988) 399."""
        a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
        return np.sum(
            100.0 * (a**2 - b) ** 2
            + (a - 1.0) ** 2
            + 90.0 * (c**2 - d) ** 2
            + (c - 1.0) ** 2
            + 10.0 * (b + d - 2.0) ** 2
            + 0.1 * (b - d) ** 2
        )

    found = minimize(chained_wood, start, method="newton")
    assert found.success and found.nit < 60
    np.testing.assert_allclose(found.x, np.ones(n), atol=1e-7)
    assert found.nhev <= found.nit + 1


def test_newton_with_many_active_bounds():
    """An obstacle problem: -u'' = -1 above an obstacle, against SciPy's bounded quasi-Newton."""
    n = 40
    t = np.linspace(0.0, 1.0, n + 2)[1:-1]
    obstacle = -0.05 - 0.0 * t

    def energy(u):
        padded = np.concatenate([np.zeros(1), u, np.zeros(1)])
        return 0.5 * np.sum((padded[1:] - padded[:-1]) ** 2) * (n + 1) + np.sum(u) / (n + 1)

    bounds = list(zip(obstacle, [None] * n, strict=True))
    ours = minimize(energy, np.zeros(n), method="newton", bounds=bounds)
    theirs = minimize(energy, np.zeros(n), bounds=bounds, tol=1e-14, options={"maxfun": 99999})
    assert ours.success and ours.nit <= 12
    assert 10 < np.sum(ours.x == -0.05) < 40
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-5)


def test_newton_leaves_saddle_points():
    def f(x):
        return x[0] ** 2 - x[1] ** 2 + 0.25 * x[1] ** 4

    for start in ([1.0, 0.0], [0.0, 0.0]):
        found = minimize(f, start, method="newton")
        assert found.success
        np.testing.assert_allclose(np.abs(found.x), [0.0, np.sqrt(2.0)], atol=1e-6)


def test_newton_leaves_a_saddle_point_of_many_parameters():
    def f(x):
        return np.sum(x[1:] ** 2) - x[0] ** 2 + 0.25 * x[0] ** 4

    found = minimize(f, np.zeros(220), method="newton")
    np.testing.assert_allclose(abs(found.x[0]), np.sqrt(2.0))


def test_newton_says_what_went_wrong():
    unbounded = minimize(lambda x: x[0] ** 3 + x[1], [1.0, 1.0], method="newton")
    assert not unbounded.success
    assert unbounded.message.startswith("The iterates diverge: the objective seems to be unbounded")
    kink = minimize(lambda x: np.sum(np.abs(x - 1.0) ** 1.0), [0.3, 2.2], method="newton")
    assert not kink.success
    assert kink.message.startswith("No step along a direction of descent lowers the objective")
    short = minimize(rosenbrock, START, method="newton", options={"maxiter": 2})
    assert not short.success and short.nit == 2
    assert short.message == "The limit of iterations was reached."


# -- what goes wrong on the way --------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(set(_ABILITIES) - {"cobyla"}))
def test_values_that_are_not_finite_are_told_or_avoided(method):
    """No exception from a solver, and no success without a minimum."""
    found = minimize(lambda x: np.sum(np.sqrt(x) - 0.9 * np.log(x)), [4.0, 9.0], method=method)
    if found.success:
        np.testing.assert_allclose(found.x, [3.24, 3.24], atol=6e-3)
    else:
        assert "not finite" in found.message


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(
    "method, text",
    [
        ("trust-exact", "trust-exact broke off: array must not contain infs or NaNs"),
        ("dogleg", "dogleg broke off: array must not contain infs or NaNs"),
        ("newton", "The Hessian is not finite."),
        ("ipopt", "A step could not be computed."),
    ],
)
def test_a_hessian_that_is_not_finite(method, text):
    """SciPy's factorizations raise there; we tell it."""
    found = minimize(lambda x: np.sum(np.abs(x) ** 1.5) + x[0], [0.0, 1.0], method=method)
    assert not found.success
    assert found.message.startswith(text)
    np.testing.assert_array_equal(found.x, [0.0, 1.0])


@pytest.mark.parametrize("method", _ABILITIES)
def test_what_the_users_code_raises_comes_through(method):
    def picky(x):
        if x[0] < 2.9:
            raise KeyError("a table has no such entry")
        return (x[0] - 1.0) ** 2 + x[1] ** 2

    with pytest.raises(KeyError, match="no such entry"):
        minimize(picky, [3.0, 3.0], method=method)

    def callback(x):
        raise ValueError("from the callback")

    with pytest.raises(ValueError, match="from the callback"):
        minimize(plane, [3.0, 3.0], method=method, callback=callback)


@pytest.mark.parametrize("method", _ABILITIES)
def test_a_callback_may_stop(method):
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result)
        if len(seen) == 2:
            raise StopIteration

    found = minimize(lambda p: rosenbrock(p["x"]), {"x": START + 1.0}, method=method,
                     callback=callback)  # fmt: skip
    if method == "dogleg" and not seen:  # it stops at once where the Hessian is indefinite
        assert not found.success
        return
    assert len(seen) == 2 and not found.success
    assert "StopIteration" in found.message
    assert seen[0].x["x"].shape == (5,)
    assert np.isfinite(seen[1].fun)


def test_a_callback_of_the_parameters():
    seen = []
    minimize(rosenbrock, START, callback=seen.append)
    assert len(seen) > 10 and seen[0].shape == (5,)


# -- bad input -------------------------------------------------------------------------------------


def test_a_function_that_cannot_be_recorded_names_its_line():
    with pytest.raises(ConversionError, match="test_optimize_minimize") as caught:
        minimize(lambda x: float(x[0]) ** 2, [1.0, 2.0])
    assert "would turn a traced value into a plain one" in str(caught.value)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: minimize(lambda x: x, [1.0, 2.0]), NonScalarOutputError,
         "minimize: the objective's value is not one number."),
        (lambda: minimize(lambda x: None, [1.0, 2.0]), NonScalarOutputError,
         "minimize: the objective's value is not one number."),
        (lambda: minimize(plane, []), ArgumentError, "minimize: x0 holds no parameter."),
        (lambda: minimize(plane, [1.0, np.nan]), OptionError, "minimize: x0 is not finite."),
        (lambda: minimize(lambda x: np.log(x[0]), [-1.0]), OptionError,
         "minimize: the objective is not finite at x0."),
        (lambda: minimize(lambda x: np.log(x[0]), [-1.0], method="powell"), OptionError,
         "minimize: the objective is not a number at x0."),
        (lambda: minimize(lambda x: np.sqrt(x[0]), [0.0]), OptionError,
         "minimize: the gradient is not finite at x0."),
        (lambda: minimize(5, [1.0, 1.0]), ArgumentError,
         "wengert.optimize: what was given as a function cannot be called."),
        (lambda: minimize(np.cosh, 1.0, bounds=5), ShapeError,
         "minimize: the bounds do not fit the parameters."),
        (lambda: minimize(plane, [1.0, 1.0], method="adam"), ArgumentError,
         "minimize: there is no method of this name."),
        (lambda: minimize(plane, [1.0, 1.0], method="bfgs", bounds=[(0, 1)] * 2), ArgumentError,
         "minimize: this method cannot handle bounds."),
        (lambda: minimize(plane, [1.0, 1.0], method="newton", constraints=equal(plane)),
         ArgumentError, "minimize: this method cannot handle constraints."),
        (lambda: minimize(plane, [1.0, 1.0], jac=True), ArgumentError,
         "minimize: jac is computed here and cannot be given."),
        (lambda: minimize(plane, [1.0, 1.0], bounds=[(0, 1)]), ShapeError,
         "minimize: the bounds do not fit the parameters."),
        (lambda: minimize(plane, [1.0, 1.0], bounds=[(0, 1), (3, 2)]), OptionError,
         "minimize: a lower bound is above the upper one."),
        (lambda: minimize(plane, [1.0, 1.0], bounds=scipy.optimize.Bounds([0] * 3, [1] * 3)),
         ShapeError, "minimize: Bounds do not fit the parameters."),
        (lambda: minimize(lambda p: p["a"], {"a": 1.0}, bounds=[(0, 1)]), ArgumentError,
         "minimize: bounds are a pair of lower and upper bounds."),
        (lambda: minimize(lambda p: p["a"], {"a": 1.0}, bounds=({"b": 0.0}, None)), ArgumentError,
         "minimize: lower bounds do not have the structure of the parameters."),
        (lambda: minimize(lambda p: p["a"], {"a": 1.0}, bounds=({"a": [0, 1]}, None)),
         ArgumentError, "minimize: lower bounds do not have the structure of the parameters."),
        (lambda: minimize(lambda p: p["a"], {"a": 1.0}, bounds=(None, {"a": np.zeros(2)})),
         ShapeError, "minimize: upper bounds do not fit the parameters."),
        (lambda: minimize(lambda p: abs(p["z"]), {"z": 1j}, bounds=(0, 1)), ArgumentError,
         "minimize: lower bounds for a complex parameter."),
        (lambda: minimize(plane, [1.0, 1.0], constraints={"type": "eq"}), ArgumentError,
         "minimize: a constraint's dictionary is not complete."),
        (lambda: minimize(plane, [1.0, 1.0], constraints=[plane]), ArgumentError,
         "minimize: a constraint of an unknown kind."),
        (lambda: minimize(plane, [1.0, 1.0], constraints=equal(lambda x: None)), ArgumentError,
         "minimize: a constraint's function returned nothing."),
        (lambda: minimize(plane, [1.0, 1.0], constraints=equal(lambda x: x, np.zeros(3))),
         ShapeError, "minimize: the limits of a constraint do not fit what its function returns."),
        (lambda: minimize(plane, [1.0, 1.0], constraints=between(1.0, lambda x: x, 0.0)),
         OptionError, "minimize: a constraint's lower limit is not below the upper one."),
        (lambda: minimize(plane, [1.0, 1.0],
                          constraints=scipy.optimize.LinearConstraint(np.eye(3), 0, 1)),
         ShapeError, "minimize: the matrix of a linear constraint does not fit the parameters."),
        (lambda: minimize(plane, [1.0, 1.0], method="newton", options={"gtoll": 1}),
         ArgumentError, "the method 'newton' has no such option."),
        (lambda: minimize(plane, [1.0, 1.0], method="ipopt", options={"tolerance": 1}),
         ArgumentError, "minimize: Ipopt has no such option."),
        (lambda: minimize(plane, [1.0, 1.0], method="ipopt", options={"tol": "small"}),
         ArgumentError, "minimize: Ipopt refuses an option."),
        (lambda: minimize(plane, [1.0, 1.0], method="trust-constr", options={"nonsense": 1}),
         ArgumentError, "minimize: SciPy's method does not take these options."),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_bad_input(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(text)


def test_derivatives_through_the_solver_are_refused_by_name():
    for f in (
        lambda a: minimize(lambda x: (x - a) ** 2, 1.0).x,
        lambda a: minimize(lambda x: (x - 1.0) ** 2, a).x,
        lambda a: minimize(lambda x, a: (x - a) ** 2, 1.0, (a,), "powell").x,
        lambda a: minimize(lambda x: x**2, 1.0, constraints=equal(lambda x: x - a)).x,
    ):
        with pytest.raises(ArgumentError, match="a derivative through the solver was asked") as e:
            wg.grad(f)(2.0)
        assert "wengert.scipy.optimize" in str(e.value)


def test_parameters_are_double_precision():
    found = minimize(lambda x: np.sum((x - 0.1) ** 2), np.zeros(2, np.float32), method="newton")
    assert found.success and found.x.dtype == np.float64


def test_messages_name_the_parameter():
    with pytest.raises(OptionError, match=r"3\.0 > 2\.0 at x0\['rate'\]\[1, 0\]"):
        low = {"rate": np.array([[0.0], [3.0]]), "other": None}
        minimize(lambda p: np.sum(p["rate"]), {"rate": np.ones((2, 1)), "other": 1.0},
                 bounds=(low, 2.0))  # fmt: skip


def test_missing_packages_are_named(monkeypatch):
    for name in ("ipyopt", "rich", "rich.progress", "rich.console"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        minimize(plane, [1.0, 1.0], method="ipopt")
    assert "method='ipopt' needs a package that is not installed." in str(caught.value)
    assert "pip install 'wengert[opt]'" in str(caught.value)
    with pytest.raises(MissingExtraError, match=r"pip install 'wengert\[ui\]'"):
        minimize(plane, [1.0, 1.0], progress=True)


def test_the_progress_bar_shows_iterations_and_objective(capsys):
    found = minimize(rosenbrock, START, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "minimize, bfgs" in shown.err and f"iteration {found.nit}" in shown.err
    assert "objective" in shown.err


# -- Ipopt's structures ----------------------------------------------------------------------------


def test_the_structure_given_to_ipopt_grows_with_new_entries():
    structure = _Structure.of(np.array([[1.0, 0.0], [0.0, 2.0]]))
    out = np.zeros(2)
    structure.put(np.array([[3.0, 0.0], [0.0, 0.0]]), out)
    np.testing.assert_array_equal(out, [3.0, 0.0])
    with pytest.raises(_Grew):
        structure.put(np.array([[3.0, 0.0], [4.0, 0.0]]), out)
    rows, columns = structure.indices
    np.testing.assert_array_equal(rows, [0, 1, 1])
    np.testing.assert_array_equal(columns, [0, 0, 1])


def test_ipopt_starts_again_where_a_branch_brings_entries():
    def f(x):
        coupled = 0.5 * x[0] * x[1] if x[0] < 1.5 else 0.0
        return np.sum((x - 1.0) ** 2) + coupled

    found = minimize(f, [3.0, 3.0], method="ipopt")
    assert found.success
    np.testing.assert_allclose(found.x, [0.8, 0.8], atol=1e-6)


# -- results ---------------------------------------------------------------------------------------


def test_covariance_of_a_normal_sample():
    """Closed form: var(mean) = σ²/n, var(log σ) = 1/(2n), uncorrelated at the maximum."""
    data = np.random.default_rng(3).normal(2.0, 3.0, 50)

    def negative_log_likelihood(p):
        return np.sum(0.5 * ((data - p["mean"]) / np.exp(p["log_sd"])) ** 2 + p["log_sd"])

    for method in ("bfgs", "newton", "ipopt"):
        found = minimize(negative_log_likelihood, {"mean": 1.0, "log_sd": 0.5}, method=method)
        expected = np.diag([0.5 / 50, data.var() / 50])  # log_sd sorts before mean
        np.testing.assert_allclose(found.covariance(), expected, rtol=1e-4, atol=1e-6)
        errors = found.standard_errors()
        assert set(errors) == {"mean", "log_sd"}
        assert errors["mean"] == pytest.approx(data.std() / np.sqrt(50), rel=1e-4)


def test_covariance_holds_parameters_at_bounds():
    found = minimize(plane, [0.5, 0.0], bounds=[(None, 1.0), (None, None)])
    np.testing.assert_allclose(found.covariance(), [[0.0, 0.0], [0.0, 0.25]], atol=1e-12)


@pytest.mark.parametrize("method", ["slsqp", "trust-constr", "ipopt"])
def test_covariance_under_constraints(method):
    """Multinomial frequencies that sum to one: cov = (diag(p) - p pᵀ) / n, singular."""
    counts = np.array([10.0, 25.0, 65.0])
    p = counts / 100.0

    def negative_log_likelihood(x):
        return -np.sum(counts * np.log(x))

    found = minimize(
        negative_log_likelihood,
        np.full(3, 0.3),
        method=method,
        bounds=[(1e-9, 1.0)] * 3,
        constraints=[
            equal(lambda x: np.sum(x), 1.0),
            between(None, lambda x: x[0], 0.9),  # not active
        ],
        tol=1e-9,
    )
    np.testing.assert_allclose(found.x, p, atol=1e-4)
    expected = (np.diag(p) - np.outer(p, p)) / 100.0
    np.testing.assert_allclose(found.covariance(), expected, atol=2e-6)


def test_covariance_on_a_curved_constraint():
    """The nearest point of the unit circle: the curvature is that of the Lagrangian."""
    on_circle = equal(lambda x: x @ x, 1.0)
    found = minimize(lambda x: 0.5 * np.sum((x - [2.0, 0.0]) ** 2), [0.6, 0.8],
                     constraints=on_circle, tol=1e-12)  # fmt: skip
    # f at angle t is const - 2 cos t: its second derivative at 0 is 2.
    np.testing.assert_allclose(found.covariance(), [[0.0, 0.0], [0.0, 0.5]], atol=1e-6)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_covariance_where_there_is_none():
    flat = minimize(lambda x: (x[0] + x[1] - 1.0) ** 2, [3.0, 1.0])
    with pytest.raises(ConvergenceError, match=r"the Hessian at x is not positive definite.*") as e:
        flat.covariance()
    assert "with the diagonal scaled to 1, in a direction that moves x0[" in str(e.value)
    bound = minimize(plane, [1.0, 1.0], method="cobyla", constraints=equal(lambda x: x[0], 1.0))
    with pytest.raises(ArgumentError, match="this result does not know the curvature"):
        bound.covariance()
    cusp = minimize(lambda x: np.abs(x) ** 1.5, 0.0, method="nelder-mead")
    with pytest.raises(ConvergenceError, match="entries that are not finite"):
        cusp.covariance()


def test_results_read_well_and_can_be_copied():
    found = minimize(lambda p: (p["x"] - 1.0) ** 2, {"x": 0.0})
    text = repr(found)
    assert text.splitlines()[0] == "success"
    assert "method: 'bfgs'" in text and "counts: nit" in text
    assert repr(OptimizeResult()) == "OptimizeResult()"
    assert "covariance" in dir(found) and "x" in dir(found)
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, OptimizeResult) and again.x == found.x
    assert copy.copy(found).fun == found.fun
    with pytest.raises(ArgumentError, match="this result does not know the curvature"):
        again.covariance()
    failed = minimize(rosenbrock, START, options={"maxiter": 1})
    assert repr(failed).startswith("NO SUCCESS")


@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_dense_and_sparse_factorizations_agree(monkeypatch, shift):
    """A matrix that fills up is factorized as a dense one; an indefinite one is shifted alike."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(40, 40)) * (rng.random((40, 40)) < 0.2)
    matrix = scipy.sparse.csc_array(a + a.T + (shift - 5.0) * np.eye(40))
    right = rng.normal(size=40)
    dense, by_dense = definite.solve_shifted(matrix, right, 0.0)
    monkeypatch.setattr(definite, "_DENSE_SIZE", 0)
    sparse, by_sparse = definite.solve_shifted(matrix, right, 0.0)
    np.testing.assert_allclose(dense, sparse, rtol=1e-9)
    assert by_dense == by_sparse and (by_dense > 0) == (shift == 0.0)
    assert definite.factorize_positive(scipy.sparse.csc_array(np.full((3, 3), np.nan))) is None
