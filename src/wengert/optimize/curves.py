"""`curve_fit`: parameters of a model fitted to data, with their covariance."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, ConvergenceError, NanError, OptionError, ShapeError
from wengert.optimize.covariance import covariance
from wengert.optimize.fit_result import LeastSquaresResult, scaled, warn_of_undetermined
from wengert.optimize.fitting import Options, fit
from wengert.optimize.flat import bounds_of, describe, is_array_like, parameters_of
from wengert.scipy.linalg import solve_triangular

Array = np.ndarray[Any, Any]

_SETTINGS = {f.name for f in fields(Options)} - {"jac", "bounds", "method"}


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> Any:
    """Fit a model y = f(x, parameters) to data: the parameters and their covariance.

    Takes the arguments of `scipy.optimize.curve_fit`, and parameters in any nesting of containers.
    The Jacobian is exact.

    Parameters
    ----------
    f : callable
        `f(xdata, a, b, …)`, or `f(xdata, parameters)` if `p0` is a tree; gives what `ydata` holds.
    xdata : array or object
        Passed on to `f`; lists become arrays.
    ydata : array
        The m data.
    p0 : array of shape (n,), or tree, optional
        Where to start. A 1-D array, list or tuple of numbers is handed to `f` as n arguments,
        another tree as one. By default 1 for each argument of `f`, or a point within the bounds.
    sigma : array, shape (m,) or (m, m), or float, optional
        Standard deviations of the data, or their covariance matrix.
    absolute_sigma : bool
        Whether `sigma` is meant in the units of `ydata`. By default only its ratios count: the
        covariance is scaled so that the residuals have the variance they are found to have.
    check_finite : bool, optional
        Whether NaN and Inf in the data raise: by default, unless `nan_policy` is given.
    bounds, method, jac
        As in `least_squares`; `jac(xdata, a, b, …)` has the shape (m, n).
    full_output : bool
        Return `(popt, pcov, infodict, message, status)`.
    nan_policy : {"raise", "omit"}, optional
        What to do about NaN in the data if `check_finite` is False.
    **kwargs
        Further options of `least_squares` (`maxfev` is `max_nfev`).

    Returns
    -------
    popt : array of shape (n,), or tree like p0
        The parameters that minimize the sum of squares.
    pcov : array, shape (n, n)
        Their covariance, in the order of the leaves; the square roots of its diagonal are the
        standard errors. Rows and columns are inf for what the data do not determine, which a
        warning names. Bounds are not taken into account, as in SciPy.

    Raises
    ------
    ConvergenceError
        When no minimum was found.
    NanError
        When the data, or the residuals at p0, are not finite.
    ShapeError, OptionError, ArgumentError
        When the data or options do not fit.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> t = np.linspace(0.0, 4.0, 9)
    >>> y = np.array([2.9, 2.4, 1.7, 1.4, 1.3, 0.9, 0.8, 0.6, 0.5])
    >>> popt, pcov = wg.optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y)
    >>> popt.round(3), np.sqrt(np.diag(pcov)).round(3)
    (array([2.892, 0.449]), array([0.071, 0.02 ]))
    """
    is_checked = nan_policy is None if check_finite is None else check_finite
    data = _data(xdata, ydata, sigma, is_checked, nan_policy)
    start, is_positional = _start(f, p0, bounds)
    weigh = _weighting(data)
    size = len(start) if is_positional else 0

    def call(g: Callable[..., Any], p: Any, x: Any) -> Any:
        return g(x, *[p[i] for i in range(size)]) if is_positional else g(x, p)

    def residuals(p: Any, x: Any, y: Any, weights: Any) -> Any:
        return weigh(np.subtract(call(f, p, x), y), weights)

    def given(p: Any, x: Any, y: Any, weights: Any) -> Any:
        return weigh(np.asarray(call(jac, p, x), np.float64), weights)

    options = _options(kwargs, bounds, method, given if callable(jac) else jac)
    found = fit("curve_fit", residuals, start, (data.x, data.y, data.weights), {}, options)
    if not found.success:
        raise ConvergenceError(
            "curve_fit: no parameters were found that fit best.",
            got=found.message,
            expected="a minimum of the sum of squares",
            try_="another p0, or more evaluations by max_nfev",
        )
    inverse = _covariance(found, _names(f, start, is_positional), absolute_sigma)
    if not full_output:
        return found.x, inverse
    information = {"nfev": found.nfev, "fvec": np.ravel(found.fun)}
    return found.x, inverse, information, found.message, found.status


def _covariance(
    found: LeastSquaresResult, name: Callable[[int], str], absolute_sigma: bool
) -> Array:
    m, n = found.jac.shape
    inverse = covariance(found.jac)
    if not absolute_sigma:
        inverse = scaled(inverse, found.cost, m, n)
    warn_of_undetermined(np.diag(inverse), name, m)
    return inverse


@dataclass(frozen=True)
class _Data:
    """The data, and what residuals are multiplied by: None, 1/sigma, or a triangle to divide by."""

    x: Any
    y: Array
    weights: Any


def _data(xdata: Any, ydata: Any, sigma: Any, is_checked: bool, nan_policy: str | None) -> _Data:
    x = np.asarray(xdata) if isinstance(xdata, (list, tuple, np.ndarray)) else xdata
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        x = x.astype(np.float64)
    y = np.asarray(ydata)
    if y.size == 0 or y.dtype.kind not in "fiub":
        raise ShapeError(
            "curve_fit: ydata holds no real numbers.",
            got=describe(y),
            expected="the data that the model is fitted to",
        )
    y = y.astype(np.float64)
    spread = None if sigma is None else np.asarray(sigma, np.float64)
    if nan_policy not in (None, "raise", "omit"):
        raise ArgumentError(
            "curve_fit: there is no such nan_policy.",
            got=f"nan_policy={nan_policy!r}",
            expected="None, 'raise' or 'omit'",
        )
    if is_checked or nan_policy == "raise":
        _check_finite(x, "xdata", only_nan=not is_checked)
        _check_finite(y, "ydata", only_nan=not is_checked)
    elif nan_policy == "omit":
        x, y, spread = _without_nan(x, y, spread)
    return _Data(x, y, _weights(spread, y))


def _check_finite(values: Any, name: str, only_nan: bool) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fc":
        return
    wrong = np.argwhere(np.isnan(values) if only_nan else ~np.isfinite(values))
    if wrong.size:
        place = tuple(int(i) for i in wrong[0])
        raise NanError(
            "curve_fit: the data are not finite.",
            got=f"{values[place]} in {name}[{', '.join(map(str, place))}]",
            expected="numbers",
            try_="check_finite=False with nan_policy='omit' leaves such data out",
        )


def _without_nan(x: Any, y: Array, spread: Array | None) -> tuple[Any, Array, Array | None]:
    """The data without those that are NaN; the last axis of x counts them."""
    wrong = np.isnan(y)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        wrong = wrong | np.isnan(x).any(axis=tuple(range(x.ndim - 1)))
        x = x[..., ~wrong]
    if spread is not None and spread.shape == y.shape * 2:
        spread = spread[~wrong][:, ~wrong]
    elif spread is not None and spread.shape == y.shape:
        spread = spread[~wrong]
    return x, y[~wrong], spread


def _weights(spread: Array | None, y: Array) -> Any:
    if spread is None:
        return None
    if spread.size == 1 or spread.shape == y.shape:
        if not (spread > 0.0).all():
            raise OptionError(
                "curve_fit: sigma holds a standard deviation that is not positive.",
                got=f"{np.min(spread)}",
                expected="positive numbers",
            )
        return 1.0 / spread
    if spread.shape != (y.size, y.size):
        raise ShapeError(
            "curve_fit: sigma does not fit the data.",
            got=f"sigma of shape {spread.shape}",
            expected=f"shape {y.shape}, or ({y.size}, {y.size}) for a covariance matrix",
        )
    try:
        return np.linalg.cholesky(spread)
    except np.linalg.LinAlgError as error:
        raise OptionError(
            "curve_fit: sigma is no covariance matrix.",
            got=f"smallest eigenvalue {np.linalg.eigvalsh(spread)[0]:.3g}",
            expected="a positive definite matrix",
        ) from error


def _weighting(data: _Data) -> Callable[[Any, Any], Any]:
    """How residuals, or a Jacobian's rows, are weighted."""
    if data.weights is None:
        return lambda r, weights: r
    if np.size(data.weights) > 1 and data.weights.shape != data.y.shape:
        return lambda r, lower: solve_triangular(lower, r, lower=True)
    return lambda r, weights: r * (weights if np.ndim(r) <= 1 else np.reshape(weights, (-1, 1)))


def _start(f: Callable[..., Any], p0: Any, bounds: Any) -> tuple[Any, bool]:
    """Where to start, and whether the parameters are separate arguments of the model."""
    if p0 is None:
        n = _count_of_parameters(f)
        guess = parameters_of("curve_fit", np.ones(n))
        lower, upper = bounds_of("curve_fit", bounds, guess, pairs=False)
        return _within(lower, upper), True
    if np.isscalar(p0) or is_array_like(p0) or (isinstance(p0, np.ndarray) and p0.ndim <= 1):
        return np.atleast_1d(np.asarray(p0, np.float64)), True
    return trees.map_tree(np.asarray, p0), False


def _within(lower: Array, upper: Array) -> Array:
    """1 where there are no bounds, else a point between them, as SciPy chooses it."""
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    start = np.ones(lower.size)
    start[has_lower] = lower[has_lower] + 1.0
    start[has_upper] = upper[has_upper] - 1.0
    both = has_lower & has_upper
    start[both] = 0.5 * (lower[both] + upper[both])
    return start


def _names(f: Callable[..., Any], start: Any, is_positional: bool) -> Callable[[int], str]:
    """What a warning calls the parameters: as the model does, where it has a name for each."""
    names = _arguments(f)[1:]
    if is_positional and len(names) == len(start):
        return lambda i: names[i]
    return parameters_of("curve_fit", start).label


def _arguments(f: Callable[..., Any]) -> list[str]:
    """The names of the model's positional arguments; none if there may be any number."""
    try:
        found = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # callables in C show no signature
        return []
    if any([p.kind is inspect.Parameter.VAR_POSITIONAL for p in found]):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in found if p.kind in positional]


def _count_of_parameters(f: Callable[..., Any]) -> int:
    """The arguments of the model beside the first."""
    n = len(_arguments(f)) - 1
    if n < 1:
        raise ArgumentError(
            "curve_fit: how many parameters the model has cannot be told.",
            got="no p0, and a function whose signature does not name them",
            expected="f(xdata, a, b, …), or p0",
        )
    return n


def _options(kwargs: dict[str, Any], bounds: Any, method: str | None, jac: Any) -> Options:
    settings = {"max_nfev" if k == "maxfev" else k: v for k, v in kwargs.items()}
    unknown = sorted(set(settings) - _SETTINGS)
    if unknown:
        raise ArgumentError(
            "curve_fit: there is no such option.",
            got=", ".join(unknown),
            expected=", ".join(sorted(_SETTINGS)),
        )
    return Options(bounds=bounds, method=method, jac=jac, **settings)
