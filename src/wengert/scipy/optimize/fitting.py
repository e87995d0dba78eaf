"""Least squares: `least_squares`, `curve_fit`, and the linear ones `nnls` and `lsq_linear`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
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
)
from wengert.implicit.programs import Captured, gradient_program, jacobian_program
from wengert.implicit.root import is_recorded_without_values
from wengert.scipy.dispatch import follows_scipy, is_traced
from wengert.scipy.optimize.kkt import active_sets, differentiable, jacobian_of, spread
from wengert.scipy.optimize.minimization import _messages, distance, last_message, optimize
from wengert.trace.tracer import Tracer
from wengert.types import Type

_FLOAT = Type((), np.float64)


def _soft_l1(z: Any) -> Any:
    return 2.0 * ((1.0 + z) ** 0.5 - 1.0)


def _huber(z: Any) -> Any:
    is_inside = z <= 1.0
    return np.where(is_inside, z, 2.0 * np.sqrt(np.where(is_inside, 1.0, z)) - 1.0)


# rho(z) of the squared residuals; see the documentation of scipy.optimize.least_squares.
_LOSSES = {
    "linear": lambda z: z,
    "soft_l1": _soft_l1,
    "huber": _huber,
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def _limits(bounds: Any, n: int) -> tuple[Any, Any]:
    if hasattr(bounds, "lb"):
        return spread(bounds.lb, n), spread(bounds.ub, n)
    return spread(bounds[0], n), spread(bounds[1], n)


def least_squares(
    fun: Any,
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: Any = 1e-8,
    xtol: Any = 1e-8,
    gtol: Any = 1e-8,
    x_scale: Any = None,
    loss: Any = "linear",
    f_scale: float = 1.0,
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    """A local minimum of a sum of squares, as `scipy.optimize.least_squares` finds it.

    Parameters
    ----------
    fun : callable
        The residuals `fun(x, *args, **kwargs)`, shape (m,); may close over traced values.
    x0 : array, shape (n,)
        The guess; its derivative is zero.
    jac : callable or str
        The default, "2-point", is replaced by the exact Jacobian where `fun` can be recorded;
        "3-point" and "cs" are taken as a wish.
    bounds : pair of arrays, or Bounds
        May be traced. Active ones are held.
    method, ftol, xtol, gtol, x_scale, loss, f_scale, args, kwargs, **options
        As in SciPy. The loss may be a callable that returns rho and its derivatives.

    Returns
    -------
    OptimizeResult
        `x`, `cost`, `fun`, `jac` and `grad` are differentiable in what `fun` depends on.

    Notes
    -----
    The derivative is that of the minimum, second derivatives of the residuals included: it is not
    the one of a linearized (Gauss-Newton) problem.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> def rate(y):
    ...     return optimize.least_squares(lambda x: np.exp(-x[0] * t) - y, [0.5]).x[0]
    >>> np.round(wg.grad(rate)(np.exp(-t)), 4) + 0.0
    array([ 0.    , -1.7636, -1.2976])
    """
    args = args if isinstance(args, tuple) else (args,)
    kwargs = kwargs or {}
    start = np.atleast_1d(vector(x0).astype(np.float64))
    point = Type((start.shape[0],), np.float64)
    function = lambda x: vector(fun(x, *args, **kwargs)).astype(np.float64)
    f = recordable("least_squares", function, point)
    lower, upper = _limits(bounds, start.shape[0])
    traced = is_traced((args, start, lower, upper)) or is_traced(tuple(kwargs.values()))
    given = {"method": method, "ftol": ftol, "xtol": xtol, "gtol": gtol, "x_scale": x_scale,
             "loss": loss, "f_scale": f_scale, **options}  # fmt: skip
    given = {k: v for k, v in given.items() if v is not None or k in ("ftol", "xtol", "gtol")}
    if f is None and traced:
        f = recorded("least_squares", function, point)
    if f is None or not (traced or f.is_traced):
        if f is not None and isinstance(jac, str) and jac == "2-point" and not is_complex(f):
            exact = jacobian_of(f)
            jac = lambda x, *args, **kwargs: evaluate_plain(exact, x)
        return optimize().least_squares(
            fun, x0, jac=jac, bounds=bounds, args=args, kwargs=kwargs, **given
        )
    return _fit(f, start, jac, (lower, upper), given, loss, f_scale, args, kwargs)


def evaluate_plain(f: Captured, *args: Any) -> Any:
    """A recorded function of plain values."""
    from wengert.implicit.programs import run

    return run(f.program, *f.values, *[np.asarray(a, float) for a in args])[0]


def is_complex(f: Captured) -> bool:
    """Whether a recorded function gives complex numbers."""
    return bool(f.program.out_types[0].dtype.kind == "c")


def _fit(
    f: Captured,
    start: Any,
    jac: Any,
    bounds: tuple[Any, Any],
    given: dict[str, Any],
    loss: Any,
    f_scale: float,
    args: Any = (),
    kwargs: Any = None,
) -> Any:
    point: Any = f.program.in_types[-1]
    rho: Any = _LOSSES.get(loss) if isinstance(loss, str) else lambda z: loss(z)[0]
    if rho is None:
        raise ArgumentError(
            "least_squares: loss names no loss function.",
            got=f"loss={loss!r}",
            expected=", ".join(map(repr, _LOSSES)) + ", or a callable",
        )

    def cost(x: Any) -> Any:
        return 0.5 * f_scale**2 * np.sum(rho((evaluate(f, x) / f_scale) ** 2))

    total = recorded("least_squares", cost, point)
    gradient = Captured(gradient_program(total.program), total.values)
    hessian = Captured(jacobian_program(gradient.program), gradient.values)
    exact: Any = jacobian_of(f)
    slopes = exact
    if callable(jac):
        on_vectors = lambda x: as_number(jac(x, *args, **(kwargs or {})))
        slopes = recordable("least_squares", on_vectors, point) or Raw(on_vectors)
    results = solved(
        "least_squares",
        _fit_on_values,
        [f, gradient, hessian, slopes],
        [start, *bounds],
        given,
        [point, Type(point.shape, np.int64), _FLOAT, BOOL, INT, INT, INT, _FLOAT],
    )
    x, side, error, success, status, nfev, njev, optimality = results
    x = differentiable(
        "least_squares", lambda x: evaluate(gradient, x), x, side, bounds, error=error
    )
    return optimize().OptimizeResult(
        x=x,
        cost=evaluate(total, x),
        fun=evaluate(f, x),
        jac=evaluate(exact, x),
        grad=evaluate(gradient, x),
        optimality=optimality,
        active_mask=side,
        nfev=nfev,
        njev=njev,
        status=status,
        success=success,
        message=last_message() if not is_recorded_without_values() else "see status",
    )


def _fit_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    f, gradient, hessian, jac = functions
    x0, lower, upper = operands
    bounds = (lower, upper)
    if settings.get("method") == "lm" and not np.isfinite([*lower, *upper]).any():
        bounds = (-np.inf, np.inf)
    found = optimize().least_squares(f, np.array(x0), jac=jac, bounds=bounds, **settings)
    _messages[-1] = str(found.message)
    side, size = held_bounds(found.x, gradient(found.x), lower, upper)
    error = distance(found.success, found.x, size, gradient(found.x), hessian)
    return [
        found.x, side, error, found.success, found.status, found.nfev, found.njev or 0,
        found.optimality,
    ]  # fmt: skip


def held_bounds(x: Any, gradient: Any, lower: Any, upper: Any) -> tuple[Any, float]:
    """Which bounds are active, and how far the point is from being stationary under them."""
    none = np.zeros(0)
    side, _, _, rest = active_sets(
        x, gradient, lower, upper, none, np.zeros((0, x.size)), none, none
    )
    return side, rest


def curve_fit(
    f: Any,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: Any = None,
    **kwargs: Any,
) -> Any:
    """Parameters of a model f(x, \\*parameters) fitted to data, as `scipy.optimize.curve_fit` does.

    Parameters
    ----------
    f : callable
        The model; may close over traced values.
    xdata : array
        What the model takes first; may be traced.
    ydata : array, shape (m,)
        The data; may be traced.
    p0, absolute_sigma, bounds, method, jac, full_output, **kwargs
        As in SciPy. The exact Jacobian is filled in.
    sigma : array, shape (m,) or (m, m), optional
        Standard deviations or the covariance of the data; may be traced.
    check_finite, nan_policy
        Only in effect where nothing is traced.

    Returns
    -------
    popt : array, shape (n,)
    pcov : array, shape (n, n)
        Both differentiable in all of the data. With `full_output` also infodict, message and ier.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.9, 5.1, 7.0])
    >>> def slope(y):
    ...     return optimize.curve_fit(lambda x, a, b: a * x + b, x, y)[0][0]
    >>> np.round(wg.grad(slope)(y), 6)
    array([-0.3, -0.1,  0.1,  0.3])
    """
    if p0 is None:
        n = len(inspect.signature(f).parameters) - 1
    else:
        n = np.size(p0) if not isinstance(p0, Tracer) else p0.size
    point = Type((n,), np.float64)
    x = xdata if callable(xdata) or is_traced(xdata) else np.asarray(xdata)
    y = as_number(ydata) if not isinstance(ydata, (list, tuple)) else vector(ydata)
    traced = is_traced((xdata, ydata, p0, sigma, bounds))
    model = lambda p: vector(f(x, *[p[i] for i in range(n)]))
    captured = recordable("curve_fit", model, point)
    if captured is None and traced:
        captured = recorded("curve_fit", model, point)
    if captured is None or not (traced or captured.is_traced):
        rest = {"full_output": full_output, "nan_policy": nan_policy, **kwargs}
        return optimize().curve_fit(
            f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, method, jac, **rest
        )
    lower, upper = _limits(bounds, n)
    is_bounded = is_traced((lower, upper)) or bool(np.isfinite([*lower, *upper]).any())
    start = _start(p0, lower, upper, n)
    weigh = _weighting(sigma, y)
    residual = recorded("curve_fit", lambda p: weigh(evaluate(captured, p) - y), point)
    method = method or ("trf" if is_bounded else "lm")
    options: dict[str, Any] = {"method": method}
    names = {"maxfev": "max_nfev"} if method != "lm" else {"maxfev": "max_nfev", "ftol": "ftol"}
    for name, value in kwargs.items():
        options[names.get(name, name)] = value
    slopes: Any = "2-point"
    if callable(jac):
        slopes = lambda p: weigh(as_number(jac(x, *[p[i] for i in range(n)])))
    found = _fit(residual, start, slopes, (lower, upper), {**options, "loss": "linear"},
                 "linear", 1.0)  # fmt: skip
    j = found.jac
    covariance = np.linalg.inv(j.T @ j)
    if not absolute_sigma:
        covariance = covariance * (2.0 * found.cost / (j.shape[0] - n))
    if full_output:
        report = {"nfev": found.nfev, "fvec": found.fun}
        return found.x, covariance, report, found.message, found.status
    return found.x, covariance


def _start(p0: Any, lower: Any, upper: Any, n: int) -> Any:
    """SciPy's guess: ones, or a point between the bounds."""
    if p0 is not None:
        return np.atleast_1d(vector(p0).astype(np.float64))
    if is_traced((lower, upper)):
        raise ArgumentError(
            "curve_fit: with traced bounds there is no guess.",
            got="p0=None",
            expected="p0, a point between the bounds",
        )
    is_low, is_high = np.isfinite(lower), np.isfinite(upper)
    p = np.ones(n)
    p = np.where(
        is_low & is_high, 0.5 * (np.where(is_low, lower, 0) + np.where(is_high, upper, 0)), p
    )
    p = np.where(is_low & ~is_high, np.where(is_low, lower, 0) + 1, p)
    return np.where(~is_low & is_high, np.where(is_high, upper, 0) - 1, p)


def _weighting(sigma: Any, y: Any) -> Any:
    """What divides residuals, or rows of a Jacobian, by the deviations of the data."""
    if sigma is None:
        return lambda r: r
    sigma = sigma if isinstance(sigma, Tracer) else np.asarray(sigma, float)
    if sigma.ndim <= 1:
        sigma = np.broadcast_to(sigma, y.shape)
        return lambda r: r / (sigma if len(r.shape) == 1 else sigma[:, None])
    factor = np.linalg.cholesky(sigma)
    from wengert.scipy.linalg import solve_triangular

    return lambda r: solve_triangular(factor, r, lower=True)


# -- linear ----------------------------------------------------------------------------------------


def _linear(name: str, a: Any, b: Any, body: Any, settings: Any, lower: Any, upper: Any) -> Any:
    """The solution of a bounded linear least-squares problem and what SciPy says about it."""
    n = a.shape[1]
    x, side, more, n_it = solved(
        name,
        body,
        [],
        [a, b, lower, upper],
        settings,
        [Type((n,), np.float64), Type((n,), np.int64), INT, INT],
    )
    gradient = lambda x: a.T @ (a @ x - b)
    return differentiable(name, gradient, x, side, (lower, upper)), side, more, n_it


def _nnls_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    a, b, _, _ = operands
    x, _ = optimize().nnls(a, b, **settings)
    return [x, np.where(x > 0.0, 0, -1), 0, 0]


@follows_scipy("optimize")
def nnls(A: Any, b: Any, *, maxiter: Any = None, **options: Any) -> Any:
    """The x >= 0 that minimizes norm(A x - b), and that norm.

    Parameters
    ----------
    A : array, shape (m, n)
    b : array, shape (m,)
    maxiter, **options
        As in SciPy.

    Returns
    -------
    x : array, shape (n,)
        Differentiable in A and b; elements that are zero stay zero.
    rnorm : float

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import optimize
    >>> wg.jacobian(lambda b: optimize.nnls(np.eye(2), b)[0])(np.array([2.0, -1.0])) + 0.0
    array([[1., 0.],
           [0., 0.]])
    """
    a, b = as_number(A), as_number(b)
    settings = {"maxiter": maxiter, **options}
    zero, infinite = np.zeros(a.shape[1]), np.full(a.shape[1], np.inf)
    x = _linear("nnls", a, b, _nnls_on_values, settings, zero, infinite)[0]
    return x, np.linalg.norm(a @ x - b)


def _lsq_on_values(functions: Any, operands: Any, settings: Any) -> Sequence[Any]:
    a, b, lower, upper = operands
    found = optimize().lsq_linear(a, b, bounds=(lower, upper), **settings)
    _messages[-1] = str(found.message)
    side, _ = held_bounds(found.x, a.T @ (a @ found.x - b), lower, upper)
    return [found.x, side, found.status, found.nit]


@follows_scipy("optimize")
def lsq_linear(
    A: Any, b: Any, bounds: Any = (-np.inf, np.inf), method: str = "trf", tol: float = 1e-10,
    **options: Any,
) -> Any:  # fmt: skip
    """The x between bounds that minimizes norm(A x - b).

    Parameters
    ----------
    A : array, shape (m, n)
    b : array, shape (m,)
    bounds : pair of arrays, or Bounds
        May be traced; active ones are held.
    method, tol, **options
        As in SciPy.

    Returns
    -------
    OptimizeResult
        `x`, `fun` and `cost` are differentiable in A, b and the active bounds.
    """
    a, b = as_number(A), as_number(b)
    lower, upper = _limits(bounds, a.shape[1])
    settings = {"method": method, "tol": tol, **options}
    x, side, status, nit = _linear("lsq_linear", a, b, _lsq_on_values, settings, lower, upper)
    rest = a @ x - b
    return optimize().OptimizeResult(
        x=x,
        fun=rest,
        cost=0.5 * (rest @ rest),
        active_mask=side,
        status=status,
        nit=nit,
        success=status > 0,
        message=last_message(),
    )


__all__ = ["curve_fit", "least_squares", "lsq_linear", "nnls"]
