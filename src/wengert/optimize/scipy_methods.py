"""SciPy's minimizers, given exact derivatives in the form that each can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from wengert.errors import ArgumentError
from wengert.optimize.constraints import ConstraintSystem
from wengert.optimize.objective import Objective
from wengert.optimize.problem import Problem
from wengert.optimize.progress import Monitor

_SCIPY: Any = scipy.optimize  # its stubs know methods as literals only

# What each method can use, and what it can handle.
METHODS = {
    "nelder-mead": {"bounds"},
    "powell": {"bounds"},
    "cobyla": {"bounds", "constraints"},
    "cobyqa": {"bounds", "constraints"},
    "cg": {"gradient"},
    "bfgs": {"gradient"},
    "l-bfgs-b": {"gradient", "bounds"},
    "tnc": {"gradient", "bounds"},
    "slsqp": {"gradient", "bounds", "constraints"},
    "newton-cg": {"gradient", "products"},
    "trust-ncg": {"gradient", "products"},
    "trust-krylov": {"gradient", "products"},
    "dogleg": {"gradient", "dense hessian"},
    "trust-exact": {"gradient", "dense hessian"},
    "trust-constr": {"gradient", "sparse hessian", "bounds", "constraints"},
}
_KEPT = """x fun success status message nit nfev njev nhev hess hess_inv maxcv allvecs direc
final_simplex optimality constr_penalty barrier_parameter cg_niter execution_time""".split()
# What SciPy's algorithms raise on values that are not finite and on singular matrices.
BREAKDOWN = (
    TypeError,
    ValueError,
    ArithmeticError,
    RuntimeError,
    IndexError,
    np.linalg.LinAlgError,
)


class Ended(Exception):
    """The user's callback raised StopIteration in a method that does not know it."""


def run_scipy(
    name: str, problem: Problem, tol: float | None, options: dict[str, Any], monitor: Monitor
) -> dict[str, Any]:
    """Run one of SciPy's methods; a breakdown within it becomes a result without success."""
    calls = _Calls(name, problem, monitor)
    limits = scipy.optimize.Bounds(problem.lower, problem.upper, problem.keep_feasible)
    try:
        with np.errstate(all="ignore"):  # what is not finite is told by the result
            found = _SCIPY.minimize(
                calls.value,
                problem.start.copy(),
                method=name,
                bounds=limits if problem.is_bounded else None,
                constraints=_constraints(name, calls, problem.system),
                tol=tol,
                callback=calls.callback(),
                options=options,
                **calls.derivatives(),
            )
    except Ended:
        return _broken(calls, problem, "The callback raised StopIteration.", 99)
    except BREAKDOWN as error:
        if calls.watched.raised is not None:
            raise
        if isinstance(error, TypeError) or not calls.watched.was_called:
            raise refused("minimize", name, options, error) from error
        return _broken(calls, problem, f"{name} broke off: {error}.", -1)
    return _plain(name, found, problem, monitor)


def refused(function: str, name: str, options: dict[str, Any], error: Exception) -> ArgumentError:
    """The error for options that SciPy does not know or cannot use."""
    return ArgumentError(
        f"{function}: SciPy's method does not take these options.",
        got=f"method {name!r}, options {options}: {error}",
        expected="options that scipy.optimize documents for the method",
    )


class Watch:
    """Wraps functions that SciPy calls; `raised` is what the user's code raised in one of them."""

    def __init__(self) -> None:
        self.was_called = False
        self.raised: BaseException | None = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.was_called = True
            try:
                return function(*args)
            except Exception as error:  # the user's own, kept to be told from SciPy's
                self.raised = error
                raise

        return call


class _Calls:
    """The functions of a problem, as SciPy wants them."""

    def __init__(self, name: str, problem: Problem, monitor: Monitor) -> None:
        self.name = name
        self.objective: Objective = problem.objective
        self.monitor = monitor
        self.watched = Watch()
        self.start, self.is_free = problem.start, problem.lower < problem.upper
        uses_gradient = "gradient" in METHODS[name]
        f = self.objective
        self.value = self.watched(f.value if uses_gradient else f.value_alone)

    def derivatives(self) -> dict[str, Any]:
        """The keywords with the derivatives that the method uses."""
        f, uses = self.objective, METHODS[self.name]
        given = {}
        if "gradient" in uses:
            given["jac"] = self.watched(f.gradient)
        if "products" in uses:
            given["hessp"] = self.watched(f.product)
        if "dense hessian" in uses:
            given["hess"] = self.watched(f.dense_hessian)
        if "sparse hessian" in uses:
            given["hess"] = self.watched(f.sparse_hessian)
        return given

    def callback(self) -> Any:
        """A callback for SciPy that tells the monitor; methods call it in three ways."""
        if self.name in ("tnc", "cobyla", "cobyqa", "slsqp"):

            def on_point(xk: Any) -> None:
                if xk.size < self.start.size:  # SciPy took out what equal bounds hold
                    inner, xk = xk, self.start.copy()
                    xk[self.is_free] = inner
                try:
                    self.watched(self.monitor)(xk, self.value_at(xk))
                except StopIteration:
                    self.watched.raised = None
                    raise Ended from None

            return on_point

        def on_result(intermediate_result: Any) -> None:
            x = intermediate_result.x
            try:
                self.watched(self.monitor)(x, float(intermediate_result.fun))
            except StopIteration:
                self.watched.raised = None
                raise

        return on_result

    def value_at(self, x: Any) -> float:
        """The objective, from the function that is compiled already."""
        f = self.objective
        return f.value(x) if "gradient" in METHODS[self.name] else f.value_alone(x)


def _constraints(name: str, calls: _Calls, system: ConstraintSystem) -> Any:
    if not system:
        return ()
    values = calls.watched(system.values)
    if name == "slsqp":
        return _one_sided(calls, system)
    derivatives = {}
    if name == "trust-constr":
        derivatives = {
            "jac": calls.watched(system.jacobian),
            "hess": calls.watched(system.hessian),
        }
    return _SCIPY.NonlinearConstraint(
        values, system.lower, system.upper, keep_feasible=system.keep_feasible, **derivatives
    )


def _one_sided(calls: _Calls, system: ConstraintSystem) -> list[dict[str, Any]]:
    """The rows as equalities c - b = 0 and inequalities ±(c - b) >= 0, each as one function."""
    equal = system.lower == system.upper
    low = np.flatnonzero(~equal & np.isfinite(system.lower))
    high = np.flatnonzero(~equal & np.isfinite(system.upper))
    rows = np.concatenate([low, high])
    signs = np.concatenate([np.ones(low.size), -np.ones(high.size)])
    limits = np.concatenate([system.lower[low], system.upper[high]])
    kinds = [
        ("eq", np.flatnonzero(equal), np.ones(int(equal.sum())), system.lower[equal]),
        ("ineq", rows, signs, limits),
    ]
    return [
        {
            "type": kind,
            "fun": calls.watched(lambda x, r=r, s=s, b=b: s * (system.values(x)[r] - b)),
            "jac": calls.watched(
                lambda x, r=r, s=s: s[:, None] * system.dense_jacobian(x)[r]
            ),
        }
        for kind, r, s, b in kinds
        if r.size
    ]  # fmt: skip


def _plain(name: str, found: Any, problem: Problem, monitor: Monitor) -> dict[str, Any]:
    """The entries of SciPy's result that mean the same for every method."""
    result = {key: found[key] for key in _KEPT if key in found}
    result["x"] = np.array(found.x, np.float64).reshape(-1)
    result["fun"] = float(np.reshape(found.fun, ()))
    result["success"] = bool(found.success)
    result["message"] = " ".join(str(found.message).split())
    result.setdefault("nit", monitor.nit)
    if name == "trust-constr" and problem.system:
        result["rows"] = np.asarray(found.v[0], np.float64)
    if name == "trust-constr" and problem.is_bounded:
        result["forces"] = np.asarray(found.v[-1], np.float64)
    return result


def _broken(calls: _Calls, problem: Problem, message: str, status: int) -> dict[str, Any]:
    """The last iterate, where SciPy gave no result."""
    monitor = calls.monitor
    x = problem.start if monitor.last is None else monitor.last
    return {
        "x": x,
        "fun": calls.value_at(x),
        "success": False,
        "status": status,
        "message": message,
        "nit": monitor.nit,
    }
