"""What the package's own least-squares methods share: the problem at a point, bounds, when to stop.

A method walks from `Point` to `Point`. A point holds the plain sum of squares that stands for the
cost there (`losses.py`): weighted residuals r and Jacobian A, gradient g = Aᵀr.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from wengert.optimize.losses import Loss

Array = np.ndarray[Any, Any]

GRADIENT, COST, STEP, COST_AND_STEP = 1, 2, 3, 4  # SciPy's numbers for the ways to converge
OUT_OF_CALLS, STOPPED, NOT_FINITE, STUCK = 0, -2, -3, -4

MESSAGES = {
    GRADIENT: "Converged: the gradient is smaller than gtol.",
    COST: "Converged: the cost falls by less than ftol, relatively.",
    STEP: "Converged: the step is smaller than xtol, relative to x.",
    COST_AND_STEP: "Converged: the fall of the cost and the step are smaller than ftol and xtol.",
    OUT_OF_CALLS: "Not converged: max_nfev evaluations were not enough.",
    -1: "Not converged: MINPACK rejected its input.",
    STOPPED: "Stopped by the callback.",
    STUCK: "Not converged: no step was found that lowers the cost.",
    NOT_FINITE: "Not converged: NaN or Inf at every point tried in the end.",
}


@dataclass(frozen=True)
class Point:
    """The problem at x: residuals `f` as the user gave them, their Jacobian, and the cost."""

    x: Array
    f: Array
    jacobian: Any
    cost: float
    loss: Loss = field(repr=False)

    @cached_property
    def weighted(self) -> tuple[Array, Any]:
        """r and A: a sum of squares with this gradient, and with this Gauss-Newton matrix."""
        if self.loss.is_linear:
            return self.f, self.jacobian
        of_residuals, of_rows = self.loss.weights(self.f)
        return of_residuals * self.f, scaled_rows(self.jacobian, of_rows)

    @cached_property
    def gradient(self) -> Array:
        """The gradient of the cost, shape (n,)."""
        residual, matrix = self.weighted
        return np.asarray(matrix.T @ residual)


def scaled_rows(matrix: Any, factors: Array) -> Any:
    """diag(factors) · matrix; a sparse one keeps its pattern arrays, which a factorizer knows."""
    if isinstance(matrix, np.ndarray):
        return factors[:, None] * matrix
    data = matrix.data * np.repeat(factors, np.diff(matrix.indptr))
    return type(matrix)((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def scaled_columns(matrix: Any, factors: Array) -> Any:
    """matrix · diag(factors), likewise."""
    if isinstance(matrix, np.ndarray):
        return matrix * factors
    data = matrix.data * factors[matrix.indices]
    return type(matrix)((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def column_norms(matrix: Any) -> Array:
    """The Euclidean norm of every column."""
    if isinstance(matrix, np.ndarray):
        return np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    squares = np.bincount(matrix.indices, matrix.data**2, minlength=matrix.shape[1])
    return np.sqrt(squares)


@dataclass(frozen=True)
class Settings:
    """Where to look and when to stop; tolerances of 0 never stop.

    Attributes
    ----------
    lower, upper : arrays, shape (n,)
    ftol, xtol, gtol : float
        As in SciPy: relative fall of the cost, step relative to x, largest free gradient entry.
    max_nfev : int
        Points that may be evaluated.
    x_scale : array of shape (n,), or None
        Typical sizes; None takes the inverse norms of the Jacobian's columns.
    """

    lower: Array
    upper: Array
    ftol: float
    xtol: float
    gtol: float
    max_nfev: int
    x_scale: Array | None = None

    def clipped(self, x: Array) -> Array:
        """The nearest point within the bounds."""
        return np.minimum(np.maximum(x, self.lower), self.upper)

    def active(self, x: Array, gradient: Array) -> Array:
        """-1 (1) where x is at its lower (upper) bound and the cost falls beyond it, else 0."""
        at_lower = (x <= self.lower) & (gradient > 0.0)
        at_upper = (x >= self.upper) & (gradient < 0.0)
        return at_upper.astype(int) - at_lower.astype(int)

    def optimality(self, point: Point) -> float:
        """The largest entry of the gradient among the variables that may move."""
        free = self.active(point.x, point.gradient) == 0
        return float(np.max(np.abs(point.gradient[free]), initial=0.0))


class Scales:
    """The diagonal D that makes steps comparable: the largest norm each column ever had.

    Source: J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory" (1978),
    section 3: with it the iterates do not depend on the units of x.
    """

    def __init__(self, settings: Settings, n: int) -> None:
        self._fixed = None if settings.x_scale is None else 1.0 / settings.x_scale
        self._largest = np.zeros(n)

    def squares(self, matrix: Any) -> Array:
        """D² at a point with this Jacobian, positive."""
        if self._fixed is not None:
            return self._fixed**2
        self._largest = np.maximum(self._largest, column_norms(matrix))
        return np.where(self._largest > 0.0, self._largest, 1.0) ** 2


@dataclass(frozen=True)
class Trial:
    """A step that was tried: by how much the cost falls, and should fall by the linear model."""

    step: Array
    point: Point | None  # None: not finite there
    fall: float
    predicted: float

    @property
    def ratio(self) -> float:
        """Actual over predicted fall."""
        return self.fall / self.predicted if self.predicted > 0.0 else -np.inf


def attempt(at: Point, x: Array, evaluate: Callable[[Array], Point | None]) -> Trial:
    """Go to x and compare the cost with ½|r + A p|²."""
    step = x - at.x
    change = at.weighted[1] @ step
    predicted = -float(at.gradient @ step) - 0.5 * float(change @ change)
    point = evaluate(x)
    fall = -np.inf if point is None else at.cost - point.cost
    return Trial(step, point, fall, predicted)


def verdict(
    trial: Trial, at: Point, settings: Settings, promise: float | None = None
) -> int | None:
    """The status if `trial`, made from `at`, ends the iteration.

    The cost counts as converged if neither its actual nor its predicted fall matters any more
    (Moré 1978, section 7); that holds at the rounding level, too. Where a line search shortened
    the step, `promise` is the fall that the whole step was predicted to bring.
    """
    limit = settings.ftol * at.cost
    predicted = trial.predicted if promise is None else promise
    flat = abs(trial.fall) <= limit and predicted <= limit
    size = float(np.linalg.norm(trial.step))
    short = size <= settings.xtol * (settings.xtol + float(np.linalg.norm(at.x)))
    short = short or not trial.step.any()
    if short and trial.point is None:
        return NOT_FINITE
    if flat and short:
        return COST_AND_STEP
    if flat:
        return COST
    return STEP if short else None


@dataclass(frozen=True)
class Outcome:
    """Where a method ended, why, after how many steps, and how it solved its linear systems.

    SciPy's methods have their own measure of optimality at bounds, and of which are active.
    """

    point: Point
    status: int
    nit: int
    solver: str
    active: Array | None = None
    optimality: float | None = None
