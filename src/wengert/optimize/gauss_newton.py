"""The Gauss-Newton method with a line search: undamped steps, shortened where the cost rises.

Fewer linear systems than Levenberg-Marquardt needs where the residuals are small or nearly linear;
worse where the Jacobian loses rank on the way.

Source: J. Nocedal, S. J. Wright, "Numerical Optimization" (2nd ed., 2006), sections 3.1 and 10.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wengert.optimize.factorization import Factorizer, System
from wengert.optimize.levenberg_marquardt import equations
from wengert.optimize.stepping import (
    GRADIENT,
    OUT_OF_CALLS,
    STEP,
    STOPPED,
    STUCK,
    Array,
    Outcome,
    Point,
    Scales,
    Settings,
    Trial,
    attempt,
    verdict,
)

_SUFFICIENT = 1e-4  # of the fall that the slope promises (Armijo; Nocedal & Wright, section 3.1)
_SHORTEST, _LONGEST = 0.1, 0.5  # factors by which one turn of the line search shortens a step
_NEGLIGIBLE = 1e-8  # share of the cost: a promise that rounding may keep from being kept
_FIRST_DAMPING, _LAST_DAMPING = 1e-14, 1.0  # relative to diag(AᵀA), where the matrix is singular


def gauss_newton(
    evaluate: Callable[[Array], Point | None],
    start: Point,
    settings: Settings,
    watch: Callable[[Point, int], bool] = lambda point, nit: False,
) -> Outcome:
    """Walk from `start` to a minimum of the cost; arguments as for `levenberg_marquardt`."""
    factorizer = Factorizer()
    scales = Scales(settings, start.x.size)
    at, nit, calls = start, 0, 1
    while True:
        if settings.optimality(at) < settings.gtol or at.cost == 0.0:
            return Outcome(at, GRADIENT, nit, factorizer.name)
        free = settings.active(at.x, at.gradient) == 0
        squares = scales.squares(at.weighted[1])
        direction = np.where(free, _step(equations(factorizer, at, free), squares), 0.0)
        length, promise = 1.0, None
        while True:
            if calls >= settings.max_nfev:
                return Outcome(at, OUT_OF_CALLS, nit, factorizer.name)
            trial = attempt(at, settings.clipped(at.x + length * direction), evaluate)
            calls += 1
            promise = trial.predicted if promise is None else promise
            status = verdict(trial, at, settings, promise)
            slope = float(at.gradient @ trial.step)
            is_taken = trial.point is not None and trial.fall > -_SUFFICIENT * slope
            if status == STEP and not is_taken and promise > _NEGLIGIBLE * at.cost:
                status = STUCK
            if is_taken or status is not None:
                break
            length *= _shortening(trial, slope)
        if is_taken and trial.point is not None and trial.fall > 0.0:
            at, nit = trial.point, nit + 1
            if watch(at, nit):
                status = STOPPED
        if status is not None:
            return Outcome(at, status, nit, factorizer.name)


def _step(system: System, squares: Array) -> Array:
    """The undamped step, or the least damped one where the matrix is singular."""
    step = system.solve(np.zeros_like(squares))
    damping = _FIRST_DAMPING
    while step is None and damping <= _LAST_DAMPING:
        step = system.solve(damping * squares)
        damping *= 100.0
    return np.zeros_like(squares) if step is None else step


def _shortening(trial: Trial, slope: float) -> float:
    """The minimum of the parabola through both ends with this slope at the first, within limits."""
    if trial.point is None or slope >= 0.0:
        return _LONGEST if trial.point is not None else _SHORTEST
    return float(np.clip(-slope / (2.0 * (-trial.fall - slope)), _SHORTEST, _LONGEST))
