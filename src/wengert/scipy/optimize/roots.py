"""Roots: `root`, `fsolve`, and the solvers of one equation in one unknown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.programs import record_rule_program
from wengert.implicit.functions import (
    BOOL,
    INT,
    Raw,
    as_number,
    evaluate,
    recordable,
    recorded,
    solved,
    vector,
    with_derivative,
)
from wengert.implicit.linear import Iterative
from wengert.implicit.programs import Captured, jacobian_program, run, slope
from wengert.implicit.root import is_recorded_without_values
from wengert.ir.program import Program
from wengert.ops.core import full
from wengert.scipy.dispatch import is_traced
from wengert.scipy.optimize.minimization import _messages, first, last_message, optimize
from wengert.trace.tracer import Tracer
from wengert.types import Type

_WITH_JACOBIAN = ("hybr", "lm")
_FLOAT = Type((), np.float64)


def root(
    fun: Any,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: Any = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """A root of a vector function, as `scipy.optimize.root` finds it, with the exact Jacobian.

    Parameters
    ----------
    fun : callable
        `fun(x, *args)`, as many numbers as x has; may close over traced values.
    x0 : array
        The guess; its derivative is zero.
    args, method, jac, tol, callback, options
        As in SciPy. A missing `jac` is filled in for "hybr" and "lm".

    Returns
    -------
    OptimizeResult
        `x` and `fun` are differentiable in what `fun` depends on.

    Raises
    ------
    ConvergenceError
        When a derivative is asked for where `success` is False and no root is near.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> def circle(r):  # where the circle of radius r meets the diagonal
    ...     return optimize.root(lambda x: [x @ x - r**2, x[0] - x[1]], np.ones(2)).x
    >>> np.round(wg.jacobian(circle)(1.0), 8)
    array([0.70710678, 0.70710678])
    """
    args = args if isinstance(args, tuple) else (args,)
    start = np.reshape(x0 if isinstance(x0, Tracer) else np.asarray(x0, float), (-1,))
    point = Type((start.shape[0],), np.float64)
    function = lambda x: vector(first(fun(x, *args), jac is True)).astype(np.float64)
    f = recordable("root", function, point)
    traced = is_traced(args) or is_traced(start)
    if f is None and traced:
        f = recorded("root", function, point)
    if f is None:
        return optimize().root(fun, x0, args, method, jac, tol, callback, options)
    if not traced and not f.is_traced:
        exact = Captured(jacobian_program(f.program), f.values)
        if jac is None and method in _WITH_JACOBIAN:
            jac = lambda x, *args: _on_values(exact, x)
        return optimize().root(fun, x0, args, method, jac, tol, callback, options)
    x, success, status, nfev = _solve(f, start, args, method, jac, tol, callback, options)
    return optimize().OptimizeResult(
        x=x,
        fun=evaluate(f, x),
        success=success,
        status=status,
        nfev=nfev,
        method=method,
        message=last_message() if not is_recorded_without_values() else "see status",
    )


def _on_values(f: Captured, x: Any) -> Any:
    return run(f.program, *f.values, np.asarray(x, float))[0]


def _solve(
    f: Captured, start: Any, args: Any, method: Any, jac: Any, tol: Any, callback: Any, options: Any
) -> tuple[Any, ...]:
    point: Any = f.program.in_types[-1]
    exact = Captured(jacobian_program(f.program), f.values)
    users: Any = exact if method in _WITH_JACOBIAN else None
    if callable(jac):
        users = recordable("root", lambda x: as_number(jac(x, *args)), point) or Raw(
            lambda x: jac(x, *args)
        )
    results = solved(
        "root",
        _root_on_values,
        [f, exact, users],
        [start],
        {"method": method, "tol": tol, "callback": callback, "options": options},
        [point, _FLOAT, BOOL, INT, INT],
    )
    x = with_derivative(f, results[0], results[1], "root")
    return (x, *results[2:])


def _root_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    f, exact, jac = functions
    found = optimize().root(
        f,
        np.array(operands[0]),
        method=settings["method"],
        jac=jac,
        tol=settings["tol"],
        callback=settings["callback"],
        options=settings["options"],
    )
    _messages[-1] = str(found.message)
    x = np.asarray(found.x)
    error = 0.0 if found.success else _newton_step(f, exact, x)
    status = found.get("status", 1 if found.success else 0)
    return [x, error, found.success, status, found.get("nfev", 0)]


def _newton_step(f: Any, exact: Any, x: Any) -> float:
    """The length of a Newton step, relative: how far a root may be."""
    try:
        step = np.linalg.solve(exact(x), f(x))
    except np.linalg.LinAlgError:
        return np.inf
    found = float(np.linalg.norm(step) / (1.0 + np.linalg.norm(x)))
    return found if found == found else np.inf


def fsolve(
    func: Any,
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: Any = 0,
    col_deriv: Any = 0,
    xtol: float = 1.49012e-08,
    maxfev: int = 0,
    band: Any = None,
    epsfcn: Any = None,
    factor: float = 100,
    diag: Any = None,
) -> Any:
    """A root of a vector function, as `scipy.optimize.fsolve` finds it, with the exact Jacobian.

    Parameters
    ----------
    func : callable
        `func(x, *args)`; may close over traced values.
    x0 : array
        The guess; its derivative is zero.
    args, fprime, full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag
        As in SciPy.

    Returns
    -------
    x : array, shape (n,)
        Differentiable in what `func` depends on. With `full_output` the tuple
        (x, infodict, ier, mesg), in which infodict has `fvec` and `nfev`.
    """
    args = args if isinstance(args, tuple) else (args,)
    start = np.reshape(x0 if isinstance(x0, Tracer) else np.asarray(x0, float), (-1,))
    point = Type((start.shape[0],), np.float64)
    function = lambda x: vector(func(x, *args)).astype(np.float64)
    f = recordable("fsolve", function, point)
    traced = is_traced(args) or is_traced(start)
    if f is None and traced:
        f = recorded("fsolve", function, point)
    if f is None or not (traced or f.is_traced):
        if f is not None and fprime is None and band is None:
            exact = Captured(jacobian_program(f.program), f.values)
            fprime, col_deriv = (lambda x, *args: _on_values(exact, x)), 0
        rest = (full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag)
        return optimize().fsolve(func, x0, args, fprime, *rest)
    jac = fprime
    if fprime is not None and col_deriv:
        jac = lambda x, *args: np.swapaxes(as_number(fprime(x, *args)), 0, 1)
    options = {"xtol": xtol, "maxfev": maxfev, "eps": epsfcn, "factor": factor, "diag": diag}
    x, _, status, nfev = _solve(f, start, args, "hybr", jac, None, None, options)
    if not full_output:
        return x
    return x, {"fvec": evaluate(f, x), "nfev": nfev}, status, last_message()


# -- one unknown -----------------------------------------------------------------------------------


def _one_unknown(name: str, f: Any, args: Any, operands: Any, settings: Any, more: Any = ()) -> Any:
    """(root, converged, iterations, calls), or None where nothing is traced."""
    args = args if isinstance(args, tuple) else (args,)
    shape = np.shape(operands[-1]) if settings["method"] == "newton" else ()
    point = Type(shape, np.float64)
    function = lambda x: as_number(f(x, *args)) + 0.0
    captured = recordable(name, function, point)
    traced = is_traced(args) or is_traced(tuple(operands))
    if captured is None and traced:
        captured = recorded(name, function, point)
    if captured is None or not (traced or captured.is_traced):
        return None
    derivatives = [
        None
        if g is None
        else recordable(name, lambda x, g=g: as_number(g(x, *args)), point)
        or Raw(lambda x, g=g: g(x, *args))
        for g in more
    ]
    flat = recorded(
        name,
        lambda z: np.reshape(evaluate(captured, np.reshape(z, shape)), (-1,)),
        Type((int(np.prod(shape)),), np.float64),
    )
    exact = Captured(elementwise_slope(captured.program), captured.values)
    derivatives = [exact if d is None and s else d for d, s in zip(
        derivatives, settings["fill"], strict=True)]  # fmt: skip
    flags = Type(shape, np.bool_)
    results = solved(
        name,
        _scalar_on_values,
        [captured, exact, *derivatives],
        operands,
        {**settings, "n": len(derivatives)},
        [point, _FLOAT, flags, INT, INT],
    )
    z = np.reshape(results[0], (-1,))
    x = with_derivative(flat, z, results[1], name, ELEMENTWISE if shape else None)
    return (np.reshape(x, shape) if shape else x[0], *results[2:])


@lru_cache(maxsize=256)
def elementwise_slope(program: Program) -> Program:
    """(constants, x) -> df/dx of a function that acts on each element of x by itself."""
    n = len(program.inputs)

    def derivative(*args: Any) -> list[Any]:
        t: Any = program.in_types[-1]
        one = full(t.shape, 1.0, t.dtype)
        found = slope(program, args, [*[None] * (n - 1), one])[0]
        return [full(t.shape, 0, t.dtype) if found is None else found]

    return record_rule_program("a slope", derivative, program.in_types)


def _scalar_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    f, exact, *derivatives = functions
    module = optimize()
    method = settings["method"]
    options = dict(settings["options"])
    points = [np.asarray(v, float)[()] for v in operands]
    if method == "root_scalar":
        names = settings["names"]
        keywords: dict[str, Any] = dict(zip(names, points, strict=True))
        if "bracket_a" in keywords:
            keywords["bracket"] = (keywords.pop("bracket_a"), keywords.pop("bracket_b"))
        slopes = dict(zip(("fprime", "fprime2"), derivatives, strict=False))
        found = module.root_scalar(f, **keywords, **slopes, **options)
        converged, iterations, calls = found.converged, found.iterations, found.function_calls
        x = found.root
    elif method == "newton":
        slopes = dict(zip(("fprime", "fprime2"), derivatives, strict=False))
        x1 = points[0] if settings["has_x1"] else None
        found = module.newton(f, points[-1], x1=x1, full_output=True, **slopes, **options)
        if np.ndim(points[-1]):
            x, converged = found[0], found[1]
            iterations = calls = 0
        else:
            x, info = found
            converged, iterations, calls = info.converged, info.iterations, info.function_calls
    else:
        x, info = getattr(module, method)(f, *points, full_output=True, **options)
        converged, iterations, calls = info.converged, info.iterations, info.function_calls
    error = 0.0
    if not np.all(converged):
        with np.errstate(all="ignore"):
            error = float(np.max(np.abs(f(x) / exact(x)) / (1.0 + np.abs(x))))
    return [x, error if error == error else np.inf, converged, iterations, calls]


def _divided(matvec: Any, b: Any) -> Any:
    """The linear solver of equations each of which has an unknown of its own."""
    return b / matvec(np.ones_like(b))


ELEMENTWISE = Iterative(_divided)


def _bracketing(name: str) -> Any:
    def solver(
        f: Any,
        a: Any,
        b: Any,
        args: Any = (),
        xtol: float = 2e-12,
        rtol: float = 8.881784197001252e-16,
        maxiter: int = 100,
        full_output: bool = False,
        disp: bool = True,
        **more: Any,
    ) -> Any:
        options = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, "disp": disp, **more}
        found = _one_unknown(
            name, f, args, [a, b], {"method": name, "options": options, "fill": ()}
        )
        if found is None:
            return getattr(optimize(), name)(f, a, b, args, full_output=full_output, **options)
        return _with_report(name, found, full_output)

    solver.__name__ = solver.__qualname__ = name
    solver.__doc__ = f"""The root between a and b, as `scipy.optimize.{name}` finds it.

    Parameters
    ----------
    f : callable
        `f(x, *args)` of one number; may close over traced values.
    a, b : float
        The bracket; its derivative is zero.
    args, xtol, rtol, maxiter, full_output, disp
        As in SciPy.

    Returns
    -------
    root : float
        Differentiable in what `f` depends on; with `full_output` (root, RootResults).

    Examples
    --------
    >>> import wengert as wg
    >>> from wengert.scipy import optimize
    >>> def square_root(a):
    ...     return optimize.{name}(lambda x: x * x - a, 0.0, 10.0)
    >>> round(float(wg.grad(square_root)(4.0)), 9)
    0.25
    """
    return solver


def _with_report(name: str, found: Any, full_output: bool) -> Any:
    x, converged, iterations, calls = found
    if not full_output:
        return x
    report = optimize().RootResults(x, iterations, calls, 0, name)
    report.converged, report.flag = converged, "see converged"
    return x, report


bisect = _bracketing("bisect")
brenth = _bracketing("brenth")
brentq = _bracketing("brentq")
ridder = _bracketing("ridder")
toms748 = _bracketing("toms748")


def newton(
    func: Any,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-08,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A root near x0 by Newton's, Halley's or the secant method, as in `scipy.optimize.newton`.

    Parameters
    ----------
    func : callable
        `func(x, *args)`, elementwise where x0 is an array; may close over traced values.
    x0 : float or array
        The guess; its derivative is zero.
    fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp
        As in SciPy. A missing `fprime` means the secant method, as there.

    Returns
    -------
    root : float or array
        Differentiable in what `func` depends on; with `full_output` (root, report), where the
        report of an array of roots is which have converged.
    """
    points = [x0] if x1 is None else [x1, x0]
    options = {"tol": tol, "maxiter": maxiter, "rtol": rtol, "disp": disp}
    settings = {
        "method": "newton", "options": options, "has_x1": x1 is not None, "fill": (False, False)
    }  # fmt: skip
    found = _one_unknown("newton", func, args, points, settings, (fprime, fprime2))
    if found is None:
        return optimize().newton(
            func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp
        )
    if np.ndim(x0) and full_output:
        return found[0], found[1]
    return _with_report("newton", found, full_output)


def root_scalar(
    f: Any,
    args: Any = (),
    method: Any = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: Any = None,
    rtol: Any = None,
    maxiter: Any = None,
    options: Any = None,
) -> Any:
    """A root of a function of one number, as `scipy.optimize.root_scalar` finds it.

    Parameters
    ----------
    f : callable
        `f(x, *args)`; may close over traced values.
    args, method, bracket, fprime, fprime2, x0, x1, xtol, rtol, maxiter, options
        As in SciPy. Where neither a bracket nor x1 is given, a missing `fprime` is filled in.

    Returns
    -------
    RootResults
        `root` is differentiable in what `f` depends on.

    Examples
    --------
    >>> import wengert as wg
    >>> from wengert.scipy import optimize
    >>> def square_root(a):
    ...     return optimize.root_scalar(lambda x: x * x - a, x0=1.0, method="newton").root
    >>> round(float(wg.grad(square_root)(4.0)), 9)
    0.25
    """
    names, points = [], []
    if bracket is not None:
        names, points = ["bracket_a", "bracket_b"], [bracket[0], bracket[1]]
    for name, value in (("x0", x0), ("x1", x1)):
        if value is not None:
            names.append(name)
            points.append(value)
    fills = bracket is None and x1 is None and not callable(fprime) and method in (None, "newton")
    keywords = {"method": method, "xtol": xtol, "rtol": rtol, "maxiter": maxiter,
                "options": options}  # fmt: skip
    settings = {"method": "root_scalar", "names": names, "options": keywords,
                "fill": (fills, False)}  # fmt: skip
    function = (lambda x, *a: f(x, *a)[0]) if fprime is True else f
    given = (fprime if callable(fprime) else None, fprime2 if callable(fprime2) else None)
    found = _one_unknown("root_scalar", function, args, points, settings, given)
    if found is None:
        return optimize().root_scalar(
            f, args, bracket=bracket, fprime=fprime, fprime2=fprime2, x0=x0, x1=x1, **keywords
        )
    _, report = _with_report(str(method), found, True)
    return report
