"""`minimize` and `minimize_scalar`: SciPy finds the minimum, its conditions give the derivative."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.implicit.functions import (
    BOOL,
    INT,
    Raw,
    as_number,
    derivative_of,
    evaluate,
    recordable,
    recorded,
    solved,
    vector,
)
from wengert.implicit.programs import Captured, capture, gradient_program, jacobian_program
from wengert.implicit.root import is_recorded_without_values
from wengert.scipy.dispatch import is_traced
from wengert.scipy.optimize.kkt import (
    active_sets,
    both_bounds,
    differentiable,
    is_stationary,
    spread,
)
from wengert.trace.tracer import Tracer
from wengert.types import Type

_WITH_HESSIAN = {
    "newton-cg",
    "trust-ncg",
    "trust-krylov",
    "trust-exact",
    "trust-constr",
    "dogleg",
}
_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}


def optimize() -> Any:
    """`scipy.optimize`."""
    return importlib.import_module("scipy.optimize")


def minimize(
    fun: Any,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: Any = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """A local minimum, as `scipy.optimize.minimize` finds it, with exact derivatives filled in.

    Parameters
    ----------
    fun : callable
        The objective `fun(x, *args)`; may close over traced values.
    x0 : array, shape (n,)
        The guess; its derivative is zero.
    args, method, jac, hess, hessp, bounds, constraints, tol, callback, options
        As in SciPy. Where `jac` or `hess` is missing and the method can use it, the exact one is
        filled in if `fun` can be recorded. Bounds and the functions, limits and matrices of
        constraints may be traced.

    Returns
    -------
    OptimizeResult
        `x`, `fun` and `jac` are differentiable in all that the objective, the active bounds and
        the active constraints depend on. The inverse Hessian of BFGS is left out where anything
        is traced.

    Raises
    ------
    ConvergenceError
        When a derivative is asked for at a point that is far from a minimum (`success` is False).

    Notes
    -----
    Active bounds and constraints are held; what is inactive, or active without force, is not. The
    derivative is that of the exact minimum near x, evaluated at x: its error is of the order of
    the solver's, and `tol` makes both smaller. Source: A. V. Fiacco (1983), theorem 3.2.2.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> def nearest(p):  # the point of the unit disk nearest to p
    ...     inside = {"type": "ineq", "fun": lambda x: 1.0 - x @ x}
    ...     start = np.array([0.5, 0.0])
    ...     return optimize.minimize(lambda x: np.sum((x - p) ** 2), start, constraints=inside).x
    >>> np.round(wg.jacobian(nearest)(np.array([2.0, 0.0])), 6) + 0.0
    array([[0. , 0. ],
           [0. , 0.5]])
    """
    args = args if isinstance(args, tuple) else (args,)
    start = np.atleast_1d(vector(x0).astype(np.float64))
    point = Type((start.shape[0],), np.float64)

    def objective(x: Any) -> Any:
        value = as_number(first(fun(x, *args), jac is True))
        return np.reshape(value, ()) if np.size(value) == 1 else value

    f = recordable("minimize", objective, point)
    given = _constraints(constraints, point)
    limits = both_bounds(bounds, start.shape[0])
    traced = is_traced((start, *limits)) or any([c.is_traced for c in given])
    if f is None:
        if traced or is_traced(args):
            f = recorded("minimize", objective, point)  # raises what went wrong
        else:
            return optimize().minimize(
                fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options
            )
    kind = _method_name(method, bounds, given)
    if not traced and not f.is_traced and not is_traced(args):
        filled = _filled_in(kind, f, jac, hess, hessp)
        return optimize().minimize(
            fun, x0, args, method, *filled, bounds, constraints, tol, callback, options
        )
    gradient = derivative_of(f, gradient_program)
    hessian = derivative_of(gradient, jacobian_program)
    users = _users(jac, args, point), _users(hess, args, point), _users(hessp, args, point, point)
    slopes = users[0] if users[0] else None if kind in _WITHOUT_GRADIENT else gradient
    curves = users[1] if users[1] else hessian if kind in _WITH_HESSIAN and not users[2] else None
    settings = {
        "method": method,
        "tol": tol,
        "options": options,
        "callback": callback,
        "kinds": [c.kind for c in given],
        "bounded": bounds is not None,
        "slopes": jac if isinstance(jac, str) else None,
        "hess": hess if isinstance(hess, str) else None,
    }
    m = sum([c.size for c in given])
    # A string asks for differences: SciPy gets it as it is.
    slopes = None if isinstance(jac, str) else slopes
    curves = None if isinstance(hess, str) else curves
    results = solved(
        "minimize",
        _minimize_on_values,
        [f, gradient, hessian, slopes, curves, users[2], *[c.function for c in given],
         *[c.jacobian for c in given]],
        [start, *limits, *[v for c in given for v in (c.lower, c.upper)]],
        settings,
        [point, Type(point.shape, np.int64), Type((m,), np.int64), Type((m,), np.float64),
         Type((), np.float64), BOOL, INT, INT, INT, INT, INT],
    )  # fmt: skip
    x, side, held, multipliers, error, success, status, nit, nfev, njev, nhev = results
    joint, targets = _joined(given, point)
    x = differentiable(
        "minimize",
        lambda x: evaluate(gradient, x),  # type: ignore[arg-type]  # f was recorded
        x,
        side,
        limits,
        joint,
        held,
        multipliers,
        targets,
        error,
    )
    return optimize().OptimizeResult(
        x=x,
        fun=evaluate(f, x),
        jac=evaluate(gradient, x),  # type: ignore[arg-type]  # f was recorded
        success=success,
        status=status,
        nit=nit,
        nfev=nfev,
        njev=njev,
        nhev=nhev,
        message=last_message() if not is_recorded_without_values() else "see status",
    )


_messages: list[str] = [""]


def last_message() -> str:
    """What SciPy said in words when it last ran."""
    return _messages[-1]


def first(value: Any, is_pair: bool) -> Any:
    """The value of a function that returns (value, gradient)."""
    return value[0] if is_pair else value


def _method_name(method: Any, bounds: Any, constraints: Sequence[Any]) -> str:
    if callable(method):
        return "custom"
    if method is not None:
        return str(method).lower()
    return "slsqp" if constraints else "l-bfgs-b" if bounds is not None else "bfgs"


def _filled_in(kind: str, f: Captured, jac: Any, hess: Any, hessp: Any) -> tuple[Any, Any, Any]:
    """jac, hess and hessp for SciPy, the missing ones exact, where all is plain."""
    gradient = gradient_program(f.program)

    def on_values(program: Any) -> Any:
        from wengert.implicit.programs import run

        return lambda x, *args: run(program, *f.values, np.asarray(x, float))[0]

    if (jac is None or jac is False) and kind not in _WITHOUT_GRADIENT:
        jac = on_values(gradient)
    if hess is None and hessp is None and kind in _WITH_HESSIAN:
        hess = on_values(jacobian_program(gradient))
    return jac, hess, hessp


def _users(function: Any, args: tuple[Any, ...], *types: Type) -> Captured | Raw | None:
    """A derivative that the user wrote, recorded if it can be."""
    if not callable(function):
        return None

    def on_vectors(*xs: Any) -> Any:
        return as_number(function(*xs, *args))

    found = recordable("minimize", on_vectors, *types)
    return found or Raw(lambda *xs: function(*xs, *args))


class _Constraint:
    """One constraint: lower <= c(x) <= upper, recorded."""

    def __init__(self, given: Any, point: Type) -> None:
        if isinstance(given, dict):
            extra = given.get("args", ())
            f = given["fun"]
            self.kind = given["type"].lower()
            self.lower, self.upper = 0.0, 0.0 if self.kind == "eq" else np.inf
        elif hasattr(given, "A"):
            matrix, extra, self.kind = given.A, (), "linear"
            f = lambda x: (matrix if is_traced(matrix) else np.atleast_2d(dense(matrix))) @ x
            self.lower, self.upper = given.lb, given.ub
        elif hasattr(given, "lb"):
            f, extra, self.kind = given.fun, (), "nonlinear"
            self.lower, self.upper = given.lb, given.ub
        else:
            raise ArgumentError(
                "minimize: a constraint of an unknown kind.",
                got=type(given).__name__,
                expected="a dict, LinearConstraint or NonlinearConstraint",
            )
        self.function = recorded("minimize", lambda x: vector(f(x, *extra)), point)
        self.jacobian = Captured(jacobian_program(self.function.program), self.function.values)
        self.size = self.function.program.out_types[0].shape[0]
        self.lower, self.upper = spread(self.lower, self.size), spread(self.upper, self.size)

    @property
    def is_traced(self) -> bool:
        return self.function.is_traced or is_traced((self.lower, self.upper))


def dense(matrix: Any) -> Any:
    """A matrix that may be sparse as an array."""
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix, float)


def _constraints(given: Any, point: Type) -> list[_Constraint]:
    if given is None:
        return []
    if isinstance(given, dict) or not isinstance(given, (tuple, list)):
        given = [given]
    return [_Constraint(c, point) for c in given]


def _joined(given: Sequence[_Constraint], point: Type) -> Any:
    """All constraints as one function, and their limits."""
    if not given:
        return None, None
    joint = capture(
        "the constraints of minimize",
        lambda x: np.concatenate([evaluate(c.function, x) for c in given]),
        [point],
    )
    return joint, (
        np.concatenate([c.lower for c in given]),
        np.concatenate([c.upper for c in given]),
    )


def _minimize_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    f, gradient, hessian, jac, hess, hessp, *rest = functions
    x0, lower, upper, *limits = operands
    module = optimize()
    k = len(rest) // 2
    constraints: list[Any] = []
    for i, kind in enumerate(settings["kinds"]):
        c, slope, low, high = rest[i], rest[k + i], limits[2 * i], limits[2 * i + 1]
        if kind in ("eq", "ineq"):
            constraints.append({"type": kind, "fun": c, "jac": slope})
        elif kind == "linear":
            constraints.append(module.LinearConstraint(slope(x0), low, high))
        else:
            constraints.append(module.NonlinearConstraint(c, low, high, jac=slope))
    found = module.minimize(
        f,
        np.array(x0),
        method=settings["method"],
        jac=settings["slopes"] or jac,
        hess=settings["hess"] or hess,
        hessp=hessp,
        bounds=module.Bounds(lower, upper) if settings["bounded"] else None,
        constraints=constraints if constraints else (),
        tol=settings["tol"],
        callback=settings["callback"],
        options=settings["options"],
    )
    _messages[-1] = str(found.message)
    x = np.atleast_1d(found.x)
    values = [np.atleast_1d(c(x)) for c in rest[:k]]
    slopes = [np.atleast_2d(slope(x)) for slope in rest[k:]]
    n = x.size
    side, held, multipliers, rest_size = active_sets(
        x,
        gradient(x),
        lower,
        upper,
        np.concatenate(values) if values else np.zeros(0),
        np.concatenate(slopes) if slopes else np.zeros((0, n)),
        np.concatenate(limits[0::2]) if values else np.zeros(0),
        np.concatenate(limits[1::2]) if values else np.zeros(0),
    )
    error = distance(found.success, x, rest_size, gradient(x), hessian)
    counts = [found.get(name, 0) for name in ("nit", "nfev", "njev", "nhev")]
    return [x, side, held, multipliers, error, found.success, found.status, *counts]


def distance(success: bool, x: Any, size: float, gradient: Any, hessian: Any) -> float:
    """How far a point may be from a stationary one, relative: |gradient| over curvature."""
    if success:
        return 0.0 if is_stationary(size, gradient) else np.inf
    try:
        smallest = np.linalg.norm(hessian(x), -2)
    except np.linalg.LinAlgError:
        return np.inf
    with np.errstate(all="ignore"):
        found = size / smallest / (1.0 + np.linalg.norm(x)) if size else 0.0
    return float(found) if found == found else np.inf


def minimize_scalar(
    fun: Any,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: Any = None,
    options: Any = None,
) -> Any:
    """A minimum of a function of one number, as `scipy.optimize.minimize_scalar` finds it.

    Parameters
    ----------
    fun : callable
        `fun(x, *args)`; may close over traced values.
    bracket, bounds, args, method, tol, options
        As in SciPy; bounds may be traced. A bound at which the minimum lies is held.

    Returns
    -------
    OptimizeResult
        `x` and `fun` are differentiable in what `fun` depends on.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> def lowest(a):
    ...     return optimize.minimize_scalar(lambda x: np.cosh(x - a), bracket=(0.0, 1.0)).x
    >>> round(float(wg.grad(lowest)(0.5)), 6)
    1.0
    """
    args = args if isinstance(args, tuple) else (args,)
    f = recordable("minimize_scalar", lambda x: np.reshape(as_number(fun(x, *args)), ()),
                   Type((), np.float64))  # fmt: skip
    traced = is_traced(args) or is_traced(bounds) or is_traced(bracket)
    if f is None and traced:
        f = recorded("minimize_scalar", lambda x: as_number(fun(x, *args)), Type((), np.float64))
    if f is None or not (traced or f.is_traced):
        return optimize().minimize_scalar(fun, bracket, bounds, args, method, tol, options)
    limits = (-np.inf, np.inf) if bounds is None else tuple(bounds)
    limits = tuple([v if isinstance(v, Tracer) else np.float64(v) for v in limits])
    points = () if bracket is None else tuple(bracket)
    settings = {"method": method, "tol": tol, "options": options, "bounded": bounds is not None}
    gradient = Captured(gradient_program(f.program), f.values)
    results = solved(
        "minimize_scalar",
        _scalar_on_values,
        [f, gradient],
        [*limits, *points],
        settings,
        [Type((1,), np.float64), Type((1,), np.int64), Type((), np.float64), BOOL, INT, INT],
    )
    x, side, error, success, nit, nfev = results
    x = differentiable(
        "minimize_scalar",
        lambda x: np.reshape(evaluate(gradient, x[0]), (1,)),
        x,
        side,
        (spread(limits[0], 1), spread(limits[1], 1)),
        error=error,
    )[0]
    return optimize().OptimizeResult(
        x=x, fun=evaluate(f, x), success=success, nit=nit, nfev=nfev, message=last_message()
    )


def _scalar_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    f, gradient = functions
    lower, upper, *bracket = operands
    found = optimize().minimize_scalar(
        f,
        bracket=tuple([float(b) for b in bracket]) or None,
        bounds=(float(lower), float(upper)) if settings["bounded"] else None,
        method=settings["method"],
        tol=settings["tol"],
        options=settings["options"],
    )
    _messages[-1] = str(found.get("message", ""))
    x = float(found.x)
    side = 0
    if settings["bounded"]:
        # The bounded method stops short of a bound by its tolerance.
        near = 1e-4 * (upper - lower)
        slope = float(gradient(x))
        side = 1 if upper - x < near and slope < 0 else -1 if x - lower < near and slope > 0 else 0
    return [x, side, 0.0 if found.success else np.inf, found.success, found.nit, found.nfev]


__all__ = ["minimize", "minimize_scalar"]
