"""Newton's method with sparse Hessians and bounds, for many parameters.

Parameters at a bound, or near it, that the gradient pushes out are held; the others take a step
with the Hessian of these alone, shifted to be positive definite. The search goes along the
projection of that step (D. P. Bertsekas, SIAM J. Control Optim. 20 (1982) 221), where the held
ones move to their bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from wengert.errors import ArgumentError
from wengert.optimize.definite import factorize_positive, solve_shifted
from wengert.optimize.flat import Vector
from wengert.optimize.objective import Objective
from wengert.optimize.problem import Problem
from wengert.optimize.progress import Monitor

_OPTIONS = {"maxiter": 3000, "gtol": 1e-8}
_NEAR_BOUND = 1e-3  # at most: within it, and within the projected gradient, a bound is active
_DECREASE = 1e-4  # of what the slope promises
_HALVINGS = 40
_ROUNDING = 1e-14  # relative: changes of the objective below it are noise
_CURVATURE = 1e-8  # relative to the largest entry: negative curvature below it is noise
_FAR = 1e20  # as Ipopt's diverging_iterates_tol
_DENSE = 200  # up to this size eigenvectors of a dense matrix are faster

_MESSAGES = {
    0: "The projected gradient is below gtol.",
    1: "The limit of iterations was reached.",
    2: "No step lowers the objective any more: the gradient is at the limit of rounding.",
    3: "No step along a direction of descent lowers the objective; is the gradient continuous?",
    5: "The Hessian is not finite.",
    6: "The iterates diverge: the objective seems to be unbounded below.",
    99: "The callback raised StopIteration.",
}


@dataclass
class _Point:
    """A point of the search, with value, gradient and how far it is from stationary."""

    x: Vector
    fun: float
    gradient: Vector
    error: float


def run_newton(
    name: str, problem: Problem, tol: float | None, options: dict[str, Any], monitor: Monitor
) -> dict[str, Any]:
    """Minimize by projected Newton steps."""
    settings = checked_options(name, options, _OPTIONS)
    if tol is not None:
        settings["gtol"] = options.get("gtol", tol)
    search = _Search(problem)
    point = search.at(problem.start)
    status, nit, shift = 1, 0, 0.0
    while nit < settings["maxiter"]:
        if np.abs(point.x).max() > _FAR:
            status = 6
            break
        if point.error <= settings["gtol"]:
            following = search.past_saddle(point)
            if following is None:
                status = 0
                break
        else:
            direction, shift = search.direction(point, shift)
            if direction is None:
                status = 5
                break
            following = search.along(point, direction)
            if following is None:
                status = 2 if search.is_rounding(point) else 3
                break
        point = following
        nit += 1
        shift = shift / 16.0 if shift > 1e-12 else 0.0
        try:
            monitor(point.x, point.fun)
        except StopIteration:
            status = 99
            break
    return {
        "x": point.x,
        "fun": point.fun,
        "success": status in (0, 2),
        "status": status,
        "message": _MESSAGES[status],
        "nit": nit,
        "nfev": search.nfev,
        "njev": search.nfev,
        "nhev": problem.objective.nhev,
        "optimality": point.error,
    }


def checked_options(name: str, given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The options with defaults filled in, unknown ones refused."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ArgumentError(
            f"the method {name!r} has no such option.",
            got=", ".join(unknown),
            expected=", ".join(known),
        )
    return {**known, **given}


class _Search:
    """Steps of the projected Newton method."""

    def __init__(self, problem: Problem) -> None:
        self.objective: Objective = problem.objective
        self.lower, self.upper = problem.lower, problem.upper
        self.nfev = 0

    def at(self, x: Vector) -> _Point:
        self.nfev += 1
        fun, gradient = self.objective.value(x), self.objective.gradient(x)
        room = np.where(gradient > 0, x - self.lower, self.upper - x)
        error = np.minimum(np.abs(gradient), room).max(initial=0.0)  # |x - projection(x - g)|
        return _Point(x, fun, gradient, float(error))

    def held(self, point: _Point) -> Any:
        """The parameters near a bound out of which the gradient pushes them."""
        near = min(_NEAR_BOUND, point.error)
        at_lower = (point.x <= self.lower + near) & (point.gradient > 0)
        at_upper = (point.x >= self.upper - near) & (point.gradient < 0)
        return at_lower | at_upper | (self.lower == self.upper)

    def direction(self, point: _Point, shift: float) -> tuple[Any, float]:
        """The Newton step of the free parameters; the held ones go to their bounds."""
        held = self.held(point)
        free = np.flatnonzero(~held)
        hessian = self.objective.sparse_hessian(point.x).tocsc()
        if not np.isfinite(hessian.data).all():
            return None, shift
        step = np.where(point.gradient > 0, self.lower, self.upper) - point.x
        step = np.where(held, step, 0.0)
        if free.size:
            block = hessian[free][:, free]
            step[free], shift = solve_shifted(block, -point.gradient[free], shift)
        return step, shift

    def along(self, point: _Point, direction: Vector) -> _Point | None:
        """The first point on the projected ray that is low enough."""
        length = 1.0
        for _ in range(_HALVINGS):
            x = np.clip(point.x + length * direction, self.lower, self.upper)
            moved = x - point.x
            if not moved.any():
                return None
            following = self.at(x)
            if np.isfinite(following.fun) and np.isfinite(following.gradient).all():
                change = following.fun - point.fun
                if change <= _DECREASE * float(point.gradient @ moved) and change < 0:
                    return following
                noise = _ROUNDING * max(1.0, abs(point.fun))
                if abs(change) <= noise and following.error < 0.5 * point.error:
                    return following  # too near for values, not for gradients
                length *= 0.5
            else:
                length *= 0.1
        return None

    def is_rounding(self, point: _Point) -> bool:
        """Whether a gradient step could change the objective by no more than noise."""
        return point.error**2 <= 1e2 * _ROUNDING * max(1.0, abs(point.fun))

    def past_saddle(self, point: _Point) -> _Point | None:
        """A lower point along negative curvature, None where the curvature is positive."""
        free = np.flatnonzero(~self.held(point))
        if not free.size:
            return None
        hessian = self.objective.sparse_hessian(point.x).tocsc()[free][:, free]
        if not np.isfinite(hessian.data).all():
            return None  # the gradient is all that there is to judge by
        noise = _CURVATURE * (float(np.abs(hessian.data).max(initial=0.0)) or 1.0)
        shifted = hessian + noise * scipy.sparse.eye_array(free.size, format="csc")
        if factorize_positive(shifted) is not None:
            return None
        direction = np.zeros(point.x.size)
        direction[free] = _lowest_eigenvector(hessian)
        downhill = -np.copysign(1.0, point.gradient @ direction)
        length = downhill * max(1.0, float(np.abs(point.x).max()))
        for _ in range(_HALVINGS):
            following = self.at(np.clip(point.x + length * direction, self.lower, self.upper))
            if np.isfinite(following.gradient).all() and following.fun < point.fun:
                return following
            length *= 0.5
        return None


def _lowest_eigenvector(matrix: Any) -> Vector:
    if matrix.shape[0] <= _DENSE:
        vectors = np.linalg.eigh(matrix.toarray())[1]
    else:
        start = np.ones(matrix.shape[0])
        vectors = scipy.sparse.linalg.eigsh(matrix, k=1, which="SA", v0=start, tol=1e-3)[1]
    return np.asarray(vectors[:, 0], np.float64)
