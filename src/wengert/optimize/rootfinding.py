"""`root`: SciPy's methods with exact Jacobians, and Newton's method for large sparse systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from wengert.errors import ArgumentError
from wengert.optimize.equations import Equations
from wengert.optimize.flat import describe, parameters_of
from wengert.optimize.newton_root import run_newton_root
from wengert.optimize.progress import Monitor, monitored
from wengert.optimize.result import OptimizeResult
from wengert.optimize.scipy_methods import BREAKDOWN, Ended, Watch, refused

_SCIPY: Any = scipy.optimize  # its stubs know methods as literals only
_DENSE = ("hybr", "lm")  # use the Jacobian, and report no iterations
_FREE = """broyden1 broyden2 anderson linearmixing diagbroyden excitingmixing krylov
df-sane""".split()
_METHODS = (*_DENSE, *_FREE, "newton")
_LARGE = 100  # unknowns from which a dense Jacobian is no longer the better choice
_ROOT = 1e-4  # residuals above it, relative to |J| |x|, are no root


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | None = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    *,
    progress: bool = False,
    pattern: Any = None,
    jac: Any = None,
) -> OptimizeResult:
    """A root of a system of equations in any tree of unknowns, with the exact Jacobian.

    Parameters
    ----------
    fun : callable
        The residuals `fun(x, *args)`: numbers, arrays or containers of them, as many numbers as
        there are in x0. Compiled; what it closes over is read once.
    x0 : tree
        Where to start: a number, an array of any shape, or a dictionary, tuple, ... of them.
    args : tuple
        Further arguments of `fun`.
    method : str, optional
        One of SciPy's, or ``"newton"``: sparse Jacobian, sparse LU factorization, steps damped
        until the residuals fall. By default hybr, for more than 100 unknowns newton.
    tol : float, optional
        The tolerance, as in SciPy; for newton that of the last step, relative (default 1e-10).
    callback : callable, optional
        Called after each iteration, with hybr and lm after each evaluation: as
        ``callback(intermediate_result)`` if its parameter has that name, else ``callback(x)``.
        StopIteration ends the run.
    options : dict, optional
        The method's own options; of newton `maxiter` and `xtol`.
    progress : bool, default False
        Whether to show a progress bar (needs the extra `ui`).
    pattern : optional
        The sparsity pattern of the Jacobian, for newton; found if missing.
    jac
        Not to be given: it is computed. The name is here for the message.

    Returns
    -------
    OptimizeResult
        `x` in the structure of x0, `fun` the residuals there in the structure of what the function
        returns, `success`, `message`, `method`, `nit`, `nfev`, `njev`.

    Raises
    ------
    ArgumentError, OptionError, ShapeError
        For bad input, among it residuals that are not finite at x0 or not as many as unknowns.
        A root that is not found is no error: `success` is False and the message says why.

    Notes
    -----
    The methods whose residual at the end is not small, relative to the Jacobian's entries times
    the unknowns, are reported as failed, whatever they say themselves. To differentiate *through*
    a root, use `wengert.scipy.optimize.root` or `wengert.implicit_root`.

    Source: P. Deuflhard, Newton Methods for Nonlinear Problems (2004), section 3.1, for damping;
    SciPy for its methods.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def circle_and_line(p):
    ...     return {"circle": p["x"] ** 2 + p["y"] ** 2 - 1.0, "line": p["x"] - p["y"]}
    >>> found = wg.optimize.root(circle_and_line, {"x": 1.0, "y": 0.5})
    >>> found.success, round(float(found.x["x"]), 6)
    (True, 0.707107)

    A boundary value problem, u'' = exp(u), with a tridiagonal Jacobian:

    >>> def equations(u):
    ...     padded = np.concatenate([np.zeros(1), u, np.zeros(1)])
    ...     return (padded[2:] - 2.0 * u + padded[:-2]) * 51.0**2 - np.exp(u)
    >>> found = wg.optimize.root(equations, np.zeros(50), method="newton")
    >>> found.success, found.nit <= 6
    (True, True)
    """
    if jac is not None:
        raise ArgumentError(
            "root: jac is computed here and cannot be given.",
            got=f"jac={describe(jac)}",
            expected="only the residuals",
            try_="leave it out; wengert.scipy.optimize.root uses your own",
        )
    parameters = parameters_of("root", x0)
    name = _chosen(method, parameters.size)
    equations = Equations(fun, parameters, args, pattern)
    equations.require_sound(parameters.start, may_have_more=name == "lm")
    chosen = dict(options or {})
    with monitored(f"root, {name}", parameters, callback, progress, chosen.get("maxiter")) as told:
        if name == "newton":
            found = run_newton_root(equations, tol, chosen, told)
        else:
            found = _run_scipy(name, equations, tol, chosen, told)
    return _finished(name, found, equations)


def _chosen(method: Any, n: int) -> str:
    if method is None:
        return "newton" if n > _LARGE else "hybr"
    name = str(method).lower()
    if name not in _METHODS:
        raise ArgumentError(
            "root: there is no method of this name.",
            got=describe(method),
            expected=", ".join(_METHODS),
        )
    return name


def _run_scipy(
    name: str,
    equations: Equations,
    tol: float | None,
    options: dict[str, Any],
    monitor: Monitor,
) -> dict[str, Any]:
    watch = Watch()
    last = [equations.parameters.start]

    def tell(x: Any, rows: Any) -> None:
        try:
            monitor(x, float(np.linalg.norm(rows)))
        except StopIteration:
            raise Ended from None

    def values(x: Any) -> Any:
        last[0] = np.array(x)
        rows = equations.values(x)
        if name in _DENSE:
            tell(x, rows)
        return rows.copy()

    try:
        with np.errstate(all="ignore"):  # what is not finite is told by the result
            found = _SCIPY.root(
                watch(values),
                equations.parameters.start.copy(),
                method=name,
                jac=watch(equations.dense_jacobian) if name in _DENSE else None,
                tol=tol,
                callback=None if name in _DENSE else watch(tell),
                options=options,
            )
    except Ended:
        message, status = "The callback raised StopIteration.", 99
    except BREAKDOWN as error:
        if watch.raised is not None:
            raise
        if isinstance(error, TypeError) or not watch.was_called:
            raise refused("root", name, options, error) from error
        message, status = f"{name} broke off: {error}.", -1
    else:
        x = np.asarray(found.x, np.float64).reshape(-1)
        result = {k: found[k] for k in ("success", "status", "message", "nit") if k in found}
        result["message"] = " ".join(str(found.message).split())
        return {"x": x, "rows": equations.values(x), **result, "success": bool(found.success)}
    x = last[0] if monitor.last is None else monitor.last
    rows = equations.values(x)
    return {"x": x, "rows": rows, "success": False, "status": status, "message": message}


def _finished(name: str, found: dict[str, Any], equations: Equations) -> OptimizeResult:
    """The result in the user's structure, its verdict checked."""
    x, rows = found.pop("x"), found.pop("rows")
    result = OptimizeResult(x=equations.parameters.tree(x.copy()), fun=equations.tree(rows))
    result.update(found, method=name, nfev=equations.nfev, njev=equations.njev)
    wrong = _why_no_root(x, rows, equations)
    if wrong and result["success"]:
        said = str(result["message"]).rstrip(".")
        result.update(success=False, message=f"{wrong} The solver said: {said}.")
    return result


def _why_no_root(x: Any, rows: Any, equations: Equations) -> str:
    """Why the point is none, in words; empty where it is one."""
    if not np.isfinite(x).all() or not np.isfinite(rows).all():
        return "The residuals are not finite at the point returned."
    if not rows.any():
        return ""
    jacobian = abs(equations.sparse_jacobian(x))
    equations.njev -= 1  # this one is ours
    sizes = jacobian @ np.maximum(np.abs(x), 1.0)
    worst = float(np.max(np.abs(rows) - _ROOT * sizes))
    if worst > 0:
        return f"The point is no root: the largest residual is {np.abs(rows).max():.3g}."
    return ""
