"""`least_squares`: SciPy's interface, on trees, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.optimize.fit_result import LeastSquaresResult
from wengert.optimize.fitting import Options, fit


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: Any = "linear",
    f_scale: float = 1.0,
    diff_step: Any = None,
    tr_solver: str | None = None,
    tr_options: dict[str, Any] | None = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    callback: Callable[..., Any] | None = None,
    workers: Any = None,
    *,
    progress: bool = False,
    pattern: Any = None,
) -> LeastSquaresResult:
    """A local minimum of ½ Σ ρ(fᵢ(x)²) within bounds, with the exact Jacobian, dense or sparse.

    Takes the arguments of `scipy.optimize.least_squares` in its order, and parameters and
    residuals in any nesting of containers.

    Parameters
    ----------
    fun : callable
        The residuals `fun(x, *args, **kwargs)`: real arrays in any nesting, m numbers in all.
    x0 : tree of real numbers and arrays
        Where to start, n numbers in all. Integers count as floats; a list or tuple of numbers is
        an array.
    jac : callable, optional
        A Jacobian of your own, shape (m, n), dense or sparse; by default it is derived. SciPy's
        `"2-point"`, `"3-point"`, `"cs"` stand for the default, too.
    bounds : pair, or scipy.optimize.Bounds, optional
        Lower and upper bounds, each like x0 or a number for a whole part of it. Equal bounds hold
        a parameter fixed.
    method : str, optional
        `"trf"`, `"dogbox"`, `"lm"` of SciPy; `"levenberg-marquardt"` and `"gauss-newton"` of this
        package, which factorize sparse normal equations and take bounds and losses. By default
        `"lm"` for a small problem, `"trf"` for a small one with bounds or a robust loss,
        `"levenberg-marquardt"` for one that is sparse or has more than 200 parameters.
    ftol, xtol, gtol : float or None
        Stop when the cost falls by less than this share, when the step is shorter than this share
        of x, when no entry of the gradient is larger.
    x_scale : tree like x0, or "jac", optional
        Typical sizes of the parameters. The package's methods take "jac" by default.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"} or callable
        ρ, as in SciPy: z = (f / f_scale)² to an array of ρ(z), ρ′(z), ρ″(z).
    f_scale : float
        The size beyond which a residual is an outlier.
    tr_solver, tr_options
        Of SciPy's `"trf"` and `"dogbox"`.
    jac_sparsity, pattern : sparse array or wengert.sparse.Pattern, optional
        Where the Jacobian may be nonzero, if known; found out by default where it is large.
    max_nfev : int, optional
        Points to try at most: 100 n, and not more than 1000 for the package's own methods.
    verbose : {0, 1, 2}
        1 prints how it ended, 2 every step, too.
    args, kwargs
        Passed on to `fun`. Data given here instead of in a closure share compiled code.
    callback : callable, optional
        Called after each step with the parameters, or with `intermediate_result` if its parameter
        has that name. StopIteration ends the search.
    progress : bool
        Show a progress bar (needs rich).
    diff_step, workers
        Without effect: there are no differences to take.

    Returns
    -------
    LeastSquaresResult
        `x`, `grad`, `active_mask` in the structure of x0, `fun` in that of the residuals, `jac` of
        shape (m, n), `cost`, `optimality`, counts, `status`, `success`, `message`, `method`;
        `covariance()` and `standard_errors()` when asked for. With a robust loss `jac` is that of
        the plain problem which stands for it, as in SciPy.

    Raises
    ------
    NanError
        When a residual or a derivative is not finite at the start. Later the step is shortened.
    OptionError, ArgumentError, ShapeError
        When options contradict each other or the problem, or x0 violates a bound.

    Notes
    -----
    A step of `"levenberg-marquardt"` on a sparse problem costs a factorization of JᵀJ; where the
    pattern shows many small independent groups of parameters, such as the points of a bundle
    adjustment, they are eliminated first and a dense system of the others is left. `solver` in
    the result says what was done.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([2.1, 1.2, 0.8, 0.4])
    >>> def residuals(p):
    ...     return p["size"] * np.exp(-p["rate"] * t) - y
    >>> fit = wg.optimize.least_squares(residuals, {"rate": 1.0, "size": 1.0})
    >>> round(float(fit.x["rate"]), 4), round(float(fit.x["size"]), 4), fit.method
    (0.5231, 2.0919, 'lm')
    >>> {k: round(float(v), 3) for k, v in fit.standard_errors().items()}
    {'rate': 0.03, 'size': 0.057}
    """
    options = Options(
        jac=jac, bounds=bounds, method=method, ftol=ftol, xtol=xtol, gtol=gtol, x_scale=x_scale,
        loss=loss, f_scale=f_scale, tr_solver=tr_solver, tr_options=tr_options, max_nfev=max_nfev,
        pattern=jac_sparsity if pattern is None else pattern, verbose=verbose, callback=callback,
        progress=progress,
    )  # fmt: skip
    args = args if isinstance(args, tuple) else (args,)
    return fit("least_squares", fun, x0, args, kwargs or {}, options)
