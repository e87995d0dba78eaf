"""What the result of `minimize` says: what holds the solution in place, and whether it is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.optimize.flat import Vector
from wengert.optimize.objective import Objective
from wengert.optimize.problem import Problem
from wengert.optimize.result import Information, OptimizeResult
from wengert.scipy.optimize.kkt import active_sets

_NEAR = 1e-8  # to a limit, for what it holds
_INTERIOR = 1e-2  # the distance at most that interior-point methods keep from a limit with force
_FEASIBLE = 1e-4  # relative: violations above it are reported as failure
_LARGEST = 1000  # parameters up to which multipliers are fitted by dense least squares


def finished(
    name: str, found: dict[str, Any], problem: Problem, has_gradient: bool
) -> OptimizeResult:
    """The result in the user's structure, its verdict checked."""
    objective, parameters, x = problem.objective, problem.parameters, found["x"]
    result = OptimizeResult({k: v for k, v in found.items() if k not in ("rows", "forces")})
    result["method"] = name
    if problem.system:
        result["constr_violation"] = problem.system.violation(x)
    _judge(result, objective)
    result["x"] = parameters.tree(x.copy())
    if not has_gradient:
        if not problem.system:
            free = (problem.lower < x) & (x < problem.upper)
            result.with_information(
                Information(parameters, lambda: objective.sparse_hessian(x), free)
            )
        return result
    gradient = objective.gradient(x)
    result["jac"] = parameters.tree(gradient)
    forces = _forces(found, problem, gradient)
    if problem.is_bounded:
        result["bound_multipliers"] = parameters.tree(forces.bounds)
    if forces.rows is None:
        return result  # nothing fits: no multipliers, no curvature
    if problem.system:
        result["multipliers"] = problem.system.split(forces.rows)
    return result.with_information(_information(problem, x, forces))


@dataclass(frozen=True)
class _Forces:
    """Multipliers of the constraints and the bounds, and which of these hold the solution."""

    rows: Any
    bounds: Any
    has_active_row: Any
    is_held: Any


def _forces(found: dict[str, Any], problem: Problem, gradient: Vector) -> _Forces:
    """The multipliers that the solver gave, or those that fit the point best."""
    system, x = problem.system, found["x"]
    rows = found.get("rows", None if system else np.zeros(0))
    if rows is None:
        rows = _fitting_multipliers(problem, x, gradient)
    total = gradient if rows is None else gradient + system.jacobian(x).T @ rows
    bounds = found.get("forces", -total)
    is_held = _is_active(x, problem.lower, problem.upper, bounds)
    active = (
        None if rows is None else _is_active(system.values(x), system.lower, system.upper, rows)
    )
    return _Forces(rows, np.where(is_held, bounds, 0.0), active, is_held)


def _is_active(at: Vector, lower: Vector, upper: Vector, force: Vector) -> Any:
    """Where a limit holds a value: force, and a small distance against it.

    Interior-point methods end where distance times force is small.
    """
    near = np.maximum(_NEAR, np.minimum(np.abs(force), _INTERIOR))
    return (
        (lower == upper)
        | ((force < 0) & (at - lower <= near))
        | ((force > 0) & (upper - at <= near))
    )


def _fitting_multipliers(problem: Problem, x: Vector, gradient: Vector) -> Any:
    """The multipliers of the constraints active at x that leave least of the gradient."""
    system = problem.system
    values, slopes = system.values(x), system.jacobian(x)
    is_finite = all(np.isfinite(given).all() for given in (values, slopes.data, gradient))
    if problem.size > _LARGEST or not is_finite:
        return None
    bounds, limits = (problem.lower, problem.upper), (system.lower, system.upper)
    return active_sets(x, gradient, *bounds, values, slopes.toarray(), *limits)[2]


def _information(problem: Problem, x: Vector, forces: _Forces) -> Information:
    """The curvature of the Lagrangian, in the directions that active constraints leave."""
    system = problem.system

    def curvature() -> Any:
        hessian = problem.objective.sparse_hessian(x)
        return hessian + system.hessian(x, forces.rows) if system else hessian

    def normals() -> Any:
        return system.jacobian(x)[np.flatnonzero(forces.has_active_row)].toarray()

    free = ~forces.is_held
    return Information(problem.parameters, curvature, free, normals=normals if system else None)


def _judge(result: OptimizeResult, objective: Objective) -> None:
    """Take success back where the solver did not notice that there is none."""
    wrong = None
    if not np.isfinite(result["fun"]) or not np.isfinite(result["x"]).all():
        wrong = "The objective is not finite at the point returned."
    elif result.get("constr_violation", 0.0) > _FEASIBLE:
        wrong = (
            "The constraints are not satisfied (largest relative violation "
            f"{result['constr_violation']:.3g}): they may be infeasible."
        )
    if wrong is not None:
        said = str(result["message"]).rstrip(".")
        result["message"] = f"{wrong} The solver said: {said}."
        result["success"] = False
    if objective.n_not_finite and not result["success"]:
        result["message"] += (
            f" The objective or its gradient was not finite at {objective.n_not_finite} of the "
            "points tried."
        )
