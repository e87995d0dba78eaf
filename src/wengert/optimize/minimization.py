"""`minimize`: SciPy's methods with derivatives filled in, and two of our own for sparse problems.

minimize         checks, the choice of a method, and what the result says
scipy_methods    how SciPy's methods are called
newton, ipopt    our own
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from wengert.errors import ArgumentError
from wengert.optimize.constraints import ConstraintSystem
from wengert.optimize.flat import Parameters, Vector, bounds_of, describe, parameters_of
from wengert.optimize.ipopt import run_ipopt
from wengert.optimize.newton import run_newton
from wengert.optimize.objective import Objective
from wengert.optimize.problem import Problem
from wengert.optimize.progress import monitored
from wengert.optimize.result import OptimizeResult
from wengert.optimize.scipy_methods import METHODS, run_scipy
from wengert.optimize.verdict import finished

_OWN = {
    "newton": {"gradient", "hessian", "bounds"},
    "ipopt": {"gradient", "hessian", "bounds", "constraints"},
}
_ABILITIES = METHODS | _OWN
_LARGE = 1000  # parameters from which methods that keep a dense matrix are not chosen


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | None = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    *,
    progress: bool = False,
    pattern: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
) -> OptimizeResult:
    """A local minimum of a function of any tree of parameters, with exact derivatives filled in.

    Parameters
    ----------
    fun : callable
        The objective `fun(x, *args)`, one real number; NumPy code that Wengert can record. It is
        compiled together with its gradient: what it closes over is read once.
    x0 : tree
        Where to start: a number, an array of any shape, or a dictionary, tuple, ... of them.
        A list or tuple of plain numbers is an array, as in SciPy. Numbers become float64.
    args : tuple
        Further arguments of `fun`. Arrays among them stay arguments of what is compiled.
    method : str, optional
        One of SciPy's, ``"newton"`` or ``"ipopt"``, see the notes. By default BFGS, with bounds
        L-BFGS-B, with constraints SLSQP; for more than 1000 parameters, where these would keep
        dense matrices, L-BFGS-B and trust-constr.
    bounds : optional
        For an array x0 SciPy's sequence of pairs ``(lower, upper)`` or ``Bounds``; for a tree a
        pair (lower, upper) of trees like x0, in which a number or None (no bound) may stand for a
        whole part. A start outside is moved to the nearest point within, with a warning.
    constraints : optional
        One or several of `between`, `equal`, SciPy's dictionaries, ``NonlinearConstraint`` and
        ``LinearConstraint`` (whose columns are the leaves of x0, raveled, one after the other).
        Functions take the parameters in the structure of x0 and may return arrays or trees.
        Jacobians and Hessians are exact, and sparse where the method can use that.
    tol : float, optional
        The tolerance, as in SciPy; for newton and ipopt that of the gradient (default 1e-8).
    callback : callable, optional
        Called after each iteration, as ``callback(intermediate_result)`` if its parameter has that
        name, else ``callback(x)``. StopIteration ends the run.
    options : dict, optional
        The method's own options; of newton `maxiter` (default 3000) and `gtol`, of ipopt Ipopt's,
        for which `maxiter` and `disp` may be written in SciPy's way.
    progress : bool, default False
        Whether to show a progress bar (needs the extra `ui`).
    pattern : optional
        The sparsity pattern of the Hessian, for methods that use a sparse one; found if missing.
    jac, hess, hessp
        Not to be given: derivatives are computed. The names are here for the message.

    Returns
    -------
    OptimizeResult
        `x` and `jac` in the structure of x0, `success`, `message`, `nit`, `nfev`, ...; see
        `OptimizeResult.covariance` for standard errors. With constraints also `multipliers` (a
        list, one array a constraint) and `constr_violation`, with bounds `bound_multipliers` (a
        tree): at the solution  ∇f + Σ mᵢ ∇cᵢ + z = 0, positive at an upper limit and negative
        at a lower one.

    Raises
    ------
    ArgumentError, OptionError, ShapeError
        For bad input, among it an objective that is not finite at x0. What goes wrong later
        (no convergence, infeasible constraints, values that are not finite) is no error: the
        result has `success` False and a message that says it.
    NonScalarOutputError
        When `fun` does not return one number.
    MissingExtraError
        When ipyopt (method ipopt) or rich (progress) is not installed.

    Notes
    -----
    ==========================================  ===================================================
    method                                      what it is given
    ==========================================  ===================================================
    nelder-mead, powell, cobyla, cobyqa         values
    cg, bfgs, l-bfgs-b, tnc, slsqp              gradient; slsqp dense Jacobians of constraints
    newton-cg, trust-ncg, trust-krylov          gradient, products with the Hessian
    dogleg, trust-exact                         gradient, dense Hessian
    trust-constr                                gradient, sparse Hessians and Jacobians
    newton                                      gradient, sparse Hessian; bounds
    ipopt                                       gradient, sparse Jacobian, sparse Hessian of the
                                                Lagrangian; bounds and constraints
    ==========================================  ===================================================

    `newton` factorizes the sparse Hessian of the parameters that are not held at bounds,
    regularized to be positive definite, and searches along the projected direction: for many
    parameters with few interactions each. `ipopt` is the interior-point solver of the same name.

    This function is for finding a minimum. To differentiate *through* a minimization, with
    respect to data or hyperparameters, use `wengert.scipy.optimize.minimize`, whose result has
    derivatives.

    Source: SciPy's methods as documented there. Newton: D. P. Bertsekas, SIAM J. Control Optim.
    20 (1982) 221, projected with an enlarged active set. Ipopt: A. Wächter and L. T. Biegler,
    Math. Program. 106 (2006) 25.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def rosenbrock(p):
    ...     return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2
    >>> found = wg.optimize.minimize(rosenbrock, {"x": -1.0, "y": 2.0})
    >>> found.success, round(float(found.x["x"]), 4), round(float(found.x["y"]), 4)
    (True, 1.0, 1.0)

    Parameters in a chain, each bounded above, by Newton's method with sparse Hessians:

    >>> def chain(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    >>> below = [(None, 0.5)] * 40
    >>> found = wg.optimize.minimize(chain, np.zeros(40), method="newton", bounds=below)
    >>> found.success, float(found.x.max())
    (True, 0.5)
    """
    _refuse_derivatives(jac=jac, hess=hess, hessp=hessp)
    parameters = parameters_of("minimize", x0)
    lower, upper = bounds_of("minimize", bounds, parameters, pairs=True)
    system = ConstraintSystem("minimize", constraints, parameters)
    name = _chosen(method, parameters.size, bounds is not None, bool(system))
    start = _within(parameters, lower, upper)
    objective = Objective("minimize", fun, parameters, args, pattern)
    objective.require_finite(start, with_gradient="gradient" in _ABILITIES[name])
    keep = getattr(bounds, "keep_feasible", False)
    problem = Problem(objective, system, start, lower, upper, keep)
    run = {"newton": run_newton, "ipopt": run_ipopt}.get(name, run_scipy)
    chosen = dict(options or {})
    total = chosen.get("maxiter", chosen.get("max_iter"))
    with monitored(f"minimize, {name}", parameters, callback, progress, total) as monitor:
        found = run(name, problem, tol, chosen, monitor)
    return finished(name, found, problem, "gradient" in _ABILITIES[name])


def _refuse_derivatives(**given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"minimize: {name} is computed here and cannot be given.",
                got=f"{name}={describe(value)}",
                expected="only the objective, returning its value",
                try_="leave it out; wengert.scipy.optimize.minimize uses your own derivatives",
            )


def _chosen(method: Any, n: int, is_bounded: bool, is_constrained: bool) -> str:
    """The method's name in lower case, able to do what is asked for."""
    if method is None:
        if is_constrained:
            return "trust-constr" if n > _LARGE else "slsqp"
        return "l-bfgs-b" if is_bounded or n > _LARGE else "bfgs"
    name = str(method).lower()
    if name not in _ABILITIES:
        raise ArgumentError(
            "minimize: there is no method of this name.",
            got=describe(method),
            expected=", ".join(_ABILITIES),
        )
    for asked, ability in ((is_bounded, "bounds"), (is_constrained, "constraints")):
        if asked and ability not in _ABILITIES[name]:
            able = [m for m, abilities in _ABILITIES.items() if ability in abilities]
            raise ArgumentError(
                f"minimize: this method cannot handle {ability}.",
                got=f"method={method!r}",
                expected=f"one of {', '.join(able)}",
                try_=f"leave method out to have one chosen, or leave the {ability} out",
            )
    return name


def _within(parameters: Parameters, lower: Vector, upper: Vector) -> Vector:
    """The start moved into the bounds, with a warning where that changes it."""
    start = np.clip(parameters.start, lower, upper)
    moved = np.flatnonzero(start != parameters.start)
    if moved.size:
        warnings.warn(
            f"minimize: x0 lies outside of the bounds, at {parameters.label(int(moved[0]))} and "
            f"{moved.size - 1} other places; the search starts at the nearest point within.",
            scipy.optimize.OptimizeWarning,
            stacklevel=3,
        )
    return start
