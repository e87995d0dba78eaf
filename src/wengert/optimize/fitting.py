"""A least-squares problem from the user's options to the result: checks, choices, the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, OptionError, ShapeError
from wengert.optimize.fit_result import LeastSquaresResult, result_of
from wengert.optimize.flat import Parameters, bounds_of, parameters_of
from wengert.optimize.gauss_newton import gauss_newton
from wengert.optimize.jacobians import ResidualFunction, exact_or_given
from wengert.optimize.levenberg_marquardt import levenberg_marquardt
from wengert.optimize.losses import Loss, loss_of
from wengert.optimize.progress import Monitor, monitored
from wengert.optimize.residuals import Residuals
from wengert.optimize.scipy_least_squares import scipy_least_squares
from wengert.optimize.stepping import Array, Outcome, Point, Settings

_OWN = {"levenberg-marquardt": levenberg_marquardt, "gauss-newton": gauss_newton}
_METHODS = ("trf", "dogbox", "lm", *_OWN)
_LEAST_CURVATURE = {"levenberg-marquardt": 1.0, "gauss-newton": 0.3}
"""Of outliers, see `losses.py`: damping wants a model that never promises too much; the line search
protects itself, and with less it converges in fewer steps."""
_MOST_FOR_SCIPY = 200  # dense columns: MINPACK's QR is not blocked, and trf computes an SVD
_MOST_CALLS = 1000  # of the package's own methods, by default
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Options:
    """The options of `least_squares`, where they are described, as the user gave them."""

    jac: Any = None
    bounds: Any = (-np.inf, np.inf)
    method: str | None = None
    ftol: float | None = 1e-8
    xtol: float | None = 1e-8
    gtol: float | None = 1e-8
    x_scale: Any = None
    loss: Any = "linear"
    f_scale: float = 1.0
    tr_solver: str | None = None
    tr_options: dict[str, Any] | None = None
    max_nfev: int | None = None
    pattern: Any = None
    verbose: int = 0
    callback: Callable[..., Any] | None = None
    progress: bool = False


def fit(
    name: str,
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    options: Options,
) -> LeastSquaresResult:
    """Solve a least-squares problem; `name` is what the user called."""
    parameters = parameters_of(name, x0)
    limits = bounds_of(name, options.bounds, parameters, pairs=False)
    loss = loss_of(name, options.loss, options.f_scale, _LEAST_CURVATURE.get(options.method or ""))
    _check(name, options, parameters, limits, loss)
    jac = exact_or_given(name, options.jac)
    function = ResidualFunction(name, fun, parameters, args, kwargs, jac, options.pattern)
    function.must_be_dense = options.method == "lm" or options.tr_solver == "exact"
    residuals = Residuals(name, function, loss, function.label, parameters.label)
    method = options.method or _method(residuals, parameters.start, limits)
    if method == "lm":
        _check_count(name, residuals.value(parameters.start).size, parameters.size)
    residuals.loss = loss_of(name, options.loss, options.f_scale, _LEAST_CURVATURE.get(method))
    settings = _settings(name, options, method, parameters, limits)
    with monitored(name, parameters, options.callback, options.progress) as monitor:
        watch = _watcher(monitor, options.verbose)
        outcome = _run(residuals, parameters.start, method, settings, options, watch)
    found = result_of(parameters, function, residuals, settings, method, outcome)
    if options.verbose:
        print(found.message)
    return found


def _watcher(monitor: Monitor, verbose: int) -> Callable[[Point, int], bool]:
    """What is told each step and says whether to stop."""

    def watch(point: Point, nit: int) -> bool:
        if verbose > 1:
            print(f"step {nit:4d}   cost {point.cost:.10g}")
        try:
            monitor(point.x, point.cost, cost=point.cost)
        except StopIteration:
            return True
        return False

    return watch


def _run(
    residuals: Residuals,
    start: Array,
    method: str,
    settings: Settings,
    options: Options,
    watch: Callable[[Point, int], bool],
) -> Outcome:
    if method in _OWN:
        return _OWN[method](residuals.point, residuals.first_point(start), settings, watch)
    return scipy_least_squares(
        residuals, start, method, settings, watch,
        loss=options.loss, f_scale=options.f_scale,
        tr_solver=options.tr_solver, tr_options=options.tr_options,
    )  # fmt: skip


def _method(residuals: Residuals, start: Array, limits: tuple[Array, Array]) -> str:
    """SciPy's methods for what is small and dense, ours for the rest."""
    jacobian = residuals.jacobian(start)
    m, n = jacobian.shape
    lower, upper = limits
    if not isinstance(jacobian, np.ndarray) or n > _MOST_FOR_SCIPY:
        return "levenberg-marquardt"
    if not (lower < upper).any():  # everything is fixed; SciPy refuses to look at no variables
        return "levenberg-marquardt"
    is_bounded = np.isfinite(lower).any() or np.isfinite(upper).any()
    return "lm" if m >= n and residuals.loss.is_linear and not is_bounded else "trf"


def _settings(
    name: str,
    options: Options,
    method: str,
    parameters: Parameters,
    limits: tuple[Array, Array],
) -> Settings:
    n = parameters.size
    ftol, xtol, gtol = (
        0.0 if t is None else float(t) for t in (options.ftol, options.xtol, options.gtol)
    )
    if max(ftol, xtol, gtol) < _EPS:
        raise OptionError(
            f"{name}: no tolerance would ever end the search.",
            got=f"ftol={options.ftol}, xtol={options.xtol}, gtol={options.gtol}",
            expected=f"at least one of them above {_EPS:.1e}",
        )
    most = min(100 * n, _MOST_CALLS) if method in _OWN else 100 * n
    return Settings(
        *limits,
        ftol,
        xtol,
        gtol,
        max_nfev=most if options.max_nfev is None else int(options.max_nfev),
        x_scale=_x_scale(name, options.x_scale, method, parameters),
    )


def _x_scale(name: str, scale: Any, method: str, parameters: Parameters) -> Array | None:
    """Typical sizes of the parameters, or None to take them from the Jacobian."""
    if scale is None:  # SciPy's default since 1.16, for its older versions, too
        scale = 1.0 if method in ("trf", "dogbox") else "jac"
    if isinstance(scale, str):
        if scale != "jac":
            raise ArgumentError(
                f"{name}: x_scale is neither numbers nor 'jac'.",
                got=f"x_scale={scale!r}",
                expected="a tree like x0, or 'jac' for the norms of the Jacobian's columns",
            )
        return None
    sizes = parameters.vector(name, scale, "x_scale")
    wrong = np.flatnonzero(~((sizes > 0.0) & np.isfinite(sizes)))
    if wrong.size:
        raise OptionError(
            f"{name}: x_scale is no typical size of a parameter.",
            got=f"{sizes[wrong[0]]} for {parameters.label(int(wrong[0]))}",
            expected="positive finite numbers",
        )
    return sizes


def _check(
    name: str,
    options: Options,
    parameters: Parameters,
    limits: tuple[Array, Array],
    loss: Loss,
) -> None:
    """Options that contradict each other, or the start."""
    lower, upper = limits
    _check_words(name, options)
    start = parameters.start
    outside = np.flatnonzero((start < lower) | (start > upper))
    if outside.size:
        i = int(outside[0])
        raise OptionError(
            f"{name}: x0 is outside of its bounds.",
            got=f"{start[i]} for {parameters.label(i)}",
            expected=f"a number from {lower[i]} to {upper[i]}",
        )
    if options.method != "lm":
        return
    if not loss.is_linear or np.isfinite(lower).any() or np.isfinite(upper).any():
        raise OptionError(
            f"{name}: method 'lm' knows neither bounds nor losses.",
            got="bounds" if loss.is_linear else f"loss={options.loss!r}",
            expected="another method",
            try_="method='levenberg-marquardt', which takes both",
        )


def _check_words(name: str, options: Options) -> None:
    if options.method not in (None, *_METHODS):
        raise ArgumentError(
            f"{name}: there is no such method of least squares.",
            got=f"method={options.method!r}",
            expected=", ".join(map(repr, _METHODS)),
        )
    if options.tr_solver not in (None, "exact", "lsmr"):
        raise ArgumentError(
            f"{name}: there is no such tr_solver.",
            got=f"tr_solver={options.tr_solver!r}",
            expected="None, 'exact' or 'lsmr'",
        )
    if options.max_nfev is not None and not options.max_nfev > 0:
        raise OptionError(
            f"{name}: max_nfev allows no evaluation.",
            got=f"max_nfev={options.max_nfev!r}",
            expected="a positive integer, or None",
        )


def _check_count(name: str, m: int, n: int) -> None:
    """MINPACK needs a residual for each parameter."""
    if m < n:
        raise ShapeError(
            f"{name}: method 'lm' needs at least as many residuals as parameters.",
            got=f"{m} residuals, {n} parameters",
            try_="method='trf'; the parameters are not determined by so few residuals",
        )
