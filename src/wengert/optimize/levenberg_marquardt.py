"""The Levenberg-Marquardt method with sparse factorizations, bounds and robust losses.

Each step minimizes |r + A p|² + μ |D p|². The damping μ follows the ratio of actual to predicted
fall of the cost by Nielsen's rule, D is Moré's scaling.

Sources: H. B. Nielsen, "Damping parameter in Marquardt's method", report IMM-REP-1999-05 (1999);
K. Madsen, H. B. Nielsen, O. Tingleff, "Methods for non-linear least squares problems" (2004),
algorithm 3.16; J. J. Moré (1978). Bounds as in C. Kanzow, N. Yamashita, M. Fukushima,
"Levenberg-Marquardt methods with strong local convergence properties for solving nonlinear
equations with convex constraints" (2004): the step is projected; D. P. Bertsekas, "Projected Newton
methods" (1982): variables at a bound that the gradient points out of are held meanwhile, without
which a projected Newton step need not descend.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wengert.optimize.factorization import Factorizer, System
from wengert.optimize.stepping import (
    GRADIENT,
    OUT_OF_CALLS,
    STOPPED,
    STUCK,
    Array,
    Outcome,
    Point,
    Scales,
    Settings,
    Trial,
    attempt,
    column_norms,
    scaled_columns,
    verdict,
)

_FIRST_DAMPING = 1e-3  # relative to D² = diag(AᵀA); Madsen et al. advise 1e-6 … 1 by trust in x0
_SMALLEST_DAMPING = 1e-15  # below, it no longer changes the diagonal
_LEAST_RATIO = 1e-4  # of a step that is taken (Moré 1978)


def levenberg_marquardt(
    evaluate: Callable[[Array], Point | None],
    start: Point,
    settings: Settings,
    watch: Callable[[Point, int], bool] = lambda point, nit: False,
) -> Outcome:
    """Walk from `start` to a minimum of the cost.

    Parameters
    ----------
    evaluate : callable
        The problem at x, or None where a residual or derivative is not finite.
    start : Point
        A finite point within the bounds.
    settings : Settings
    watch : callable
        Called with each new point and the number of steps; True stops.

    Returns
    -------
    Outcome
    """
    factorizer = Factorizer()
    scales = Scales(settings, start.x.size)
    at, system, damping = start, None, _Damping()
    nit, calls = 0, 1
    while True:
        if system is None:
            if settings.optimality(at) < settings.gtol or at.cost == 0.0:
                return Outcome(at, GRADIENT, nit, factorizer.name)
            squares = scales.squares(at.weighted[1])
            free = settings.active(at.x, at.gradient) == 0
            system = equations(factorizer, at, free)
            damping.start(at, squares)
        if calls >= settings.max_nfev:
            return Outcome(at, OUT_OF_CALLS, nit, factorizer.name)
        step = system.solve(damping.value * squares)
        if step is None:
            damping.raise_()
            if np.isinf(damping.value):
                return Outcome(at, STUCK, nit, factorizer.name)
            continue
        trial = attempt(at, settings.clipped(at.x + np.where(free, step, 0.0)), evaluate)
        calls += 1
        status = verdict(trial, at, settings)
        damping.follow(trial)
        if trial.point is not None and trial.fall > 0.0 and trial.ratio > _LEAST_RATIO:
            at, system, nit = trial.point, None, nit + 1
            if watch(at, nit):
                status = STOPPED
        if status is not None:
            return Outcome(at, status, nit, factorizer.name)


def equations(factorizer: Factorizer, point: Point, free: Array) -> System:
    """The normal equations at a point; the columns of variables that are held are zero."""
    residual, matrix = point.weighted
    if not free.all():
        matrix = scaled_columns(matrix, free.astype(float))
    return factorizer.system(matrix, residual)


class _Damping:
    """Nielsen's μ: divided by at most three after a good step, multiplied faster and faster after
    bad ones."""

    def __init__(self) -> None:
        self.value = 0.0
        self._growth = 2.0

    def start(self, point: Point, squares: Array) -> None:
        """Choose the first value, once."""
        if self.value == 0.0:
            matrix = point.weighted[1]
            curvature = np.max(np.square(column_norms(matrix)) / squares, initial=0.0)
            self.value = _FIRST_DAMPING * float(curvature or 1.0)

    def follow(self, trial: Trial) -> None:
        """Change μ after a step was tried."""
        if trial.point is not None and trial.ratio > 0.0:
            shrink = 1.0 - (2.0 * trial.ratio - 1.0) ** 3
            self.value = max(self.value * max(1.0 / 3.0, shrink), _SMALLEST_DAMPING)
            self._growth = 2.0
        else:
            self.raise_()

    def raise_(self) -> None:
        """More damping: a shorter step, closer to the direction of the gradient."""
        self.value *= self._growth
        self._growth *= 2.0
