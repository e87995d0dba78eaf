"""A nonlinear fit to the carbon dioxide measured at Mauna Loa, with an exact Jacobian.

The data are the weekly means of March 1958 to December 2001 (C. D. Keeling and T. P. Whorf, Scripps
Institution of Oceanography), as statsmodels ships them. The model, t in years since 1980:

    c(t) = c0 + c1 exp(r t) + (1 + g t) Σ_k [a_k cos(2πkt) + b_k sin(2πkt)],   k = 1 … 4

an exponential rise over a constant, and seasons whose amplitude changes with time. `r` and `g`
enter nonlinearly. `scipy.optimize.least_squares` finds the parameters from the residuals and their
Jacobian; the Jacobian comes from `wg.jacobian` or, for comparison, from SciPy's differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import wengert as wg
from wengert.demo.progress import Screen
from wengert.demo.timing import timed

Array = np.ndarray[Any, np.dtype[Any]]

EPOCH = 1980.0
N_HARMONICS = 4
NAMES = ("c0", "c1", "r", "g") + tuple(
    f"{letter}{k}" for k in range(1, N_HARMONICS + 1) for letter in "ab"
)
UNITS = ("ppm", "ppm", "1/year", "1/year") + ("ppm",) * (2 * N_HARMONICS)
# c0 near the level before industry, c1 what had been added by 1980, r a doubling in 35 years
START = np.array([280.0, 58.0, 0.02, 0.0, *(1.0 for _ in range(2 * N_HARMONICS))])


def trend(p: Array, t: Array) -> Array:
    """The concentration without its seasons, in ppm."""
    return p[0] + p[1] * np.exp(p[2] * t)


def seasons(p: Array, t: Array) -> Array:
    """The seasonal part, in ppm."""
    angles = 2.0 * np.pi * np.outer(t, np.arange(1, N_HARMONICS + 1))
    waves = np.cos(angles) @ p[4::2] + np.sin(angles) @ p[5::2]
    return (1.0 + p[3] * t) * waves


def concentration(p: Array, t: Array) -> Array:
    """The model: carbon dioxide in ppm at `t`, in years since 1980."""
    return trend(p, t) + seasons(p, t)


@dataclass(frozen=True)
class Fit:
    """One run of the solver.

    Attributes
    ----------
    label : str
        Where the Jacobian came from.
    p : ndarray, shape (12,)
        The parameters found.
    n_residuals, n_jacobians : int
        Calls of the residual function, those for differences included, and Jacobians formed.
    seconds : float
        Time of the whole fit, the best of several.
    jacobian_error : float
        Largest error of the last Jacobian, relative to its column's size, measured against the
        complex step, which owes nothing to automatic differentiation.
    """

    label: str
    p: Array
    n_residuals: int
    n_jacobians: int
    seconds: float
    jacobian_error: float


@dataclass(frozen=True)
class Co2Result:
    """What the fits gave.

    Attributes
    ----------
    t, observed, fitted, trended : ndarray, shape (weeks,)
        Years since 1980, measured, modeled and without seasons, in ppm.
    fits : list of Fit
        The exact Jacobian first, then differences.
    errors : ndarray, shape (12,)
        Standard errors of the parameters of the first fit.
    sigma : float
        Standard deviation of the residuals, in ppm.
    autocorrelation : float
        Correlation of residuals of neighboring weeks.
    growth : (float, float)
        Rise of the trend at the end of the data, in ppm a year, and its standard error.
    """

    t: Array
    observed: Array
    fitted: Array
    trended: Array
    fits: list[Fit]
    errors: Array
    sigma: float
    autocorrelation: float
    growth: tuple[float, float]

    @property
    def inflation(self) -> float:
        """By how much the errors grow if residuals are an autoregression of order one."""
        return float(np.sqrt((1 + self.autocorrelation) / (1 - self.autocorrelation)))


def load() -> tuple[Array, Array]:
    """Times in years since 1980 and weekly means in ppm; weeks without measurements left out."""
    from statsmodels.datasets import co2

    series = co2.load_pandas().data["co2"].dropna()
    days = (series.index - np.datetime64("1980-01-01")) / np.timedelta64(1, "D")
    return np.asarray(days, dtype=float) / 365.25, series.to_numpy(dtype=float)


def run(screen: Screen, quick: bool = False) -> Co2Result:
    """Fit the model with the exact Jacobian and with differences."""
    t, observed = load()

    def residuals(p: Array) -> Array:
        return concentration(p, t) - observed

    exact = wg.jacobian(residuals)
    sources: list[tuple[str, Any]] = [
        ("exact (wengert)", exact),
        ("2-point differences", "2-point"),
        ("3-point differences", "3-point"),
    ]
    fits = []
    with screen.step("fitting CO₂", len(sources)) as bar:
        for label, jacobian in sources:
            fits.append(_fit(label, jacobian, residuals, n_runs=1 if quick else 5))
            bar.advance(label)
    p = fits[0].p
    r = residuals(p)
    errors, covariance = standard_errors(exact(p), r)
    result = Co2Result(
        t=t,
        observed=observed,
        fitted=concentration(p, t),
        trended=trend(p, t),
        fits=fits,
        errors=errors,
        sigma=float(np.sqrt(r @ r / (r.size - p.size))),
        autocorrelation=float(r[1:] @ r[:-1] / (r @ r)),
        growth=_growth(p, float(t[-1]), covariance),
    )
    _report(screen, result)
    return result


def standard_errors(jacobian: Array, residual: Array) -> tuple[Array, Array]:
    """Standard errors and covariance of least-squares parameters: σ² (JᵀJ)⁻¹.

    They hold for independent residuals of equal variance. J = QR gives (JᵀJ)⁻¹ = R⁻¹R⁻ᵀ without
    squaring the condition number of J.
    """
    inverse = np.linalg.inv(np.linalg.qr(jacobian, mode="r"))
    variance = residual @ residual / (residual.size - jacobian.shape[1])
    covariance = variance * (inverse @ inverse.T)
    return np.sqrt(np.diag(covariance)), covariance


def _growth(p: Array, t: float, covariance: Array) -> tuple[float, float]:
    """d trend/dt at `t`, and its standard error to first order: the gradient of a derivative."""
    rate = wg.grad(trend, argnums=1)
    slope = wg.grad(lambda p: rate(p, t))(p)
    return float(rate(p, t)), float(np.sqrt(slope @ covariance @ slope))


def _fit(label: str, jacobian: Any, residuals: Callable[[Array], Array], n_runs: int) -> Fit:
    from scipy.optimize import least_squares

    n_residuals = 0

    def counted(p: Array) -> Array:
        nonlocal n_residuals
        n_residuals += 1
        return residuals(p)

    def solve(f: Callable[[Array], Array]) -> Any:
        return least_squares(f, START, jac=jacobian, x_scale="jac", xtol=1e-12)

    solution = solve(counted)
    truth = complex_step_jacobian(residuals, solution.x)
    return Fit(
        label=label,
        p=solution.x,
        n_residuals=n_residuals,
        n_jacobians=int(solution.njev),
        seconds=min(timed(lambda: solve(residuals)) for _ in range(n_runs)),
        jacobian_error=float(np.max(np.abs(solution.jac - truth) / np.max(np.abs(truth), axis=0))),
    )


def complex_step_jacobian(f: Callable[[Array], Array], p: Array, step: float = 1e-30) -> Array:
    """Im f(p + i h e_k) / h for every k: exact to rounding for an analytic function of reals.

    Source: W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real
    functions", SIAM Review 40 (1998) 110.
    """
    moves = 1j * step * np.eye(p.size)
    return np.stack([np.imag(f(p + move)) / step for move in moves], axis=1)


def _report(screen: Screen, result: Co2Result) -> None:
    screen.table(PARAMETER_COLUMNS, parameter_rows(result))
    screen.say(
        f"  residuals {result.sigma:.3f} ppm; at the end the trend rises by "
        f"{result.growth[0]:.3f} ± {result.growth[1]:.3f} ppm a year"
    )
    screen.table(
        FIT_COLUMNS,
        [fit_row(fit) for fit in result.fits],
    )


PARAMETER_COLUMNS = ("parameter", "value", "standard error", "unit")


def parameter_rows(result: Co2Result) -> list[tuple[str, ...]]:
    """The lines of the table of parameters."""
    columns = zip(NAMES, result.fits[0].p, result.errors, UNITS, strict=True)
    return [(name, f"{p:.5g}", f"{error:.2g}", unit) for name, p, error, unit in columns]


FIT_COLUMNS = ("Jacobian", "calls of f", "Jacobians", "time", "error of J")


def fit_row(fit: Fit) -> tuple[str, ...]:
    """A line of the table that compares the fits."""
    return (
        fit.label,
        str(fit.n_residuals),
        str(fit.n_jacobians),
        f"{1e3 * fit.seconds:.1f} ms",
        f"{fit.jacobian_error:.1e}",
    )
