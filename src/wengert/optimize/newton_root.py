"""Newton's method for systems of equations with sparse Jacobians."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from wengert.optimize.definite import solve_shifted
from wengert.optimize.equations import Equations
from wengert.optimize.flat import Vector
from wengert.optimize.newton import checked_options
from wengert.optimize.progress import Monitor

_OPTIONS = {"maxiter": 100, "xtol": 1e-10}
_DECREASE = 1e-4  # of the norm of the residuals, for a full step
_SHORTEST = 1e-10  # length of a damped step, relative to the full one
_STATIONARY = 1e-6  # relative: the slope of the squared residuals that counts as none
_FIRST_SHIFT = 1e-8  # of rows scaled to one, where the Jacobian is singular

_MESSAGES = {
    0: "The last full step was below xtol.",
    1: "The limit of iterations was reached.",
    2: "The residuals have a local minimum here that is no root: the Jacobian is singular.",
    3: "No step along Newton's direction makes the residuals smaller.",
    4: "The Jacobian is not finite.",
    99: "The callback raised StopIteration.",
}


def run_newton_root(
    equations: Equations, tol: float | None, options: dict[str, Any], monitor: Monitor
) -> dict[str, Any]:
    """Damped Newton steps with a sparse LU factorization of the Jacobian.

    Residuals are measured after dividing each by the largest entry of its row in the Jacobian, so
    that the units of the equations do not matter. Where the Jacobian is singular the step is that
    of Levenberg, -(JᵀJ + τI)⁻¹ Jᵀ r.
    """
    settings = checked_options("newton", options, _OPTIONS)
    if tol is not None:
        settings["xtol"] = options.get("xtol", tol)
    x = equations.parameters.start.copy()
    rows = equations.values(x)
    status, nit = 1, 0
    while nit < settings["maxiter"]:
        if not rows.any():
            status = 0
            break
        jacobian, scale = _scaled(equations.sparse_jacobian(x))
        if not np.isfinite(jacobian.data).all():
            status = 4
            break
        step, is_newton = _step(jacobian, scale * rows)
        if not is_newton and _is_stationary(jacobian, scale * rows):
            status = 2
            break
        is_last = is_newton and np.abs(step).max() <= settings["xtol"] * (1.0 + np.abs(x).max())
        # The last step is taken as it is: residuals may be noise by now.
        found = (x + step, equations.values(x + step)) if is_last else None
        found = found or _along(equations, x, step, scale, rows)
        if found is None:
            status = 3
            break
        x, rows = found
        nit += 1
        try:
            monitor(x, float(np.linalg.norm(rows)))
        except StopIteration:
            status = 99
            break
        if is_last:
            status = 0
            break
    return {
        "x": x,
        "rows": rows,
        "success": status == 0,
        "status": status,
        "message": _MESSAGES[status],
        "nit": nit,
    }


def _scaled(jacobian: Any) -> tuple[Any, Vector]:
    """The Jacobian with the largest entry of each row made one, and the factors."""
    largest = abs(jacobian).max(axis=1).toarray().ravel()
    scale = 1.0 / np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return scipy.sparse.csc_array(scipy.sparse.diags_array(scale) @ jacobian), scale


def _step(jacobian: Any, rows: Vector) -> tuple[Vector, bool]:
    """Newton's step and True, or Levenberg's and False where the Jacobian is singular."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.sparse.linalg.MatrixRankWarning)
            step = -scipy.sparse.linalg.splu(scipy.sparse.csc_matrix(jacobian)).solve(rows)
        # Near singularity the step is noise: it must solve its equation.
        if np.isfinite(step).all():
            left = np.abs(jacobian @ step + rows).max()
            if left <= 1e-6 * np.abs(rows).max():
                return step, True
    except RuntimeError:  # exactly singular
        pass
    step, _ = solve_shifted((jacobian.T @ jacobian).tocsc(), -(jacobian.T @ rows), _FIRST_SHIFT)
    return step, False


def _is_stationary(jacobian: Any, rows: Vector) -> bool:
    slope = np.abs(jacobian.T @ rows).max()
    return bool(slope <= _STATIONARY * np.abs(rows).max())


def _along(
    equations: Equations, x: Vector, step: Vector, scale: Vector, rows: Vector
) -> tuple[Vector, Vector] | None:
    """The first point on the ray with smaller residuals, and these."""
    size = np.linalg.norm(scale * rows)
    length = 1.0
    while length > _SHORTEST:
        tried = x + length * step
        found = equations.values(tried)
        if np.isfinite(found).all():
            if np.linalg.norm(scale * found) <= (1.0 - _DECREASE * length) * size:
                return tried, found
            length *= 0.5
        else:
            length *= 0.1
    return None
