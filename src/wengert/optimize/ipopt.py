"""Ipopt by the package ipyopt: exact sparse Jacobian and Hessian of the Lagrangian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import scipy.sparse

from wengert import sparse
from wengert.errors import ArgumentError
from wengert.optimize.extras import require
from wengert.optimize.flat import Vector
from wengert.optimize.problem import Problem
from wengert.optimize.progress import Monitor

# Ipopt takes 2e19 and more for infinite.
_INFINITY = 2e19
# IpReturnCodes_inc.h of Ipopt 3.14.
_MESSAGES = {
    0: "Solved to the desired tolerance.",
    1: "Solved to Ipopt's acceptable tolerance (acceptable_tol), not to tol.",
    2: "The constraints are infeasible, at least near the point returned.",
    3: "The steps became too small to go on.",
    4: "The iterates diverge: the problem seems to be unbounded.",
    5: "The callback raised StopIteration.",
    6: "A feasible point was found (for a square problem).",
    -1: "The limit of iterations was reached.",
    -2: "The restoration phase failed: no point nearer to the constraints was found.",
    -3: "A step could not be computed.",
    -4: "The limit of CPU time was reached.",
    -5: "The limit of time was reached.",
    -10: "There are fewer parameters than equality constraints.",
    -11: "Ipopt refused the problem.",
    -12: "Ipopt refused an option.",
    -13: "A value or derivative was not a finite number where Ipopt needed one.",
}
_SOLVED = (0, 1, 6)


class _Grew(Exception):
    """A matrix has entries outside of the structure that Ipopt was told."""


@dataclass
class _Structure:
    """Where a sparse matrix may have entries; grows where a branch of the code brings others."""

    matrix: Any  # csr of ones

    @classmethod
    def of(cls, matrix: Any) -> _Structure:
        return cls(_ones(matrix))

    @property
    def indices(self) -> tuple[Any, Any]:
        found = self.matrix.tocoo()
        return found.row.astype(np.intc), found.col.astype(np.intc)

    def put(self, matrix: Any, out: Vector) -> None:
        """The entries of a matrix in the structure's order; raises `_Grew` if it has others."""
        matrix = scipy.sparse.csr_array(matrix)
        matrix.sort_indices()
        mine = self.matrix
        if np.array_equal(matrix.indptr, mine.indptr) and np.array_equal(
            matrix.indices, mine.indices
        ):
            out[:] = matrix.data
            return
        joined = _ones(mine + _ones(matrix))
        if joined.nnz > mine.nnz:
            self.matrix = joined
            raise _Grew
        keys = _keys(mine)
        out[:] = 0.0
        out[np.searchsorted(keys, _keys(matrix))] = matrix.data


def _ones(matrix: Any) -> Any:
    found = scipy.sparse.csr_array(matrix, copy=True)
    found.sum_duplicates()
    found.sort_indices()
    found.data = np.ones(found.nnz)
    return found


def _keys(matrix: Any) -> Any:
    """Numbers that grow along the entries of a sorted csr matrix."""
    found = matrix.tocoo()
    return found.row.astype(np.int64) * matrix.shape[1] + found.col


class _Lagrangian:
    """σ f(x) + λ·c(x): its sparse Hessian, the lower triangle of it."""

    def __init__(self, problem: Problem) -> None:
        objective, system = problem.objective, problem.system
        f, n_arrays = objective.function.call, len(objective.function.arrays)
        m = system.n_nonlinear

        def value(x: Any, factor: Any, multipliers: Any, *arrays: Any) -> Any:
            result = factor * f(x, *arrays[:n_arrays])
            if m:
                result = result + multipliers @ system.nonlinear(x, *arrays[n_arrays:])
            return result

        # A pattern given is the objective's: with constraints it is not all of it.
        pattern = None if m else objective.pattern
        self._hessian = sparse.hessian(value, pattern=pattern)
        self._arrays = (*objective.function.arrays, *system.arrays)
        self._n_rows = m

    def __call__(self, x: Vector, factor: float, multipliers: Vector) -> Any:
        weights = np.array(multipliers[: self._n_rows], np.float64)
        full = self._hessian(np.array(x), np.float64(factor), weights, *self._arrays)
        return scipy.sparse.tril(full, format="csr")


class _Calls:
    """The functions given to Ipopt; `raised` is what ended it from within."""

    def __init__(self, problem: Problem, monitor: Monitor) -> None:
        self.problem = problem
        self.monitor = monitor
        self.raised: BaseException | None = None
        self.nfev = self.njev = self.nhev = 0
        self.lagrangian = _Lagrangian(problem)
        x = problem.start
        ones = np.ones(problem.system.size)
        self.jacobian_structure = _Structure.of(problem.system.jacobian(x))
        self.hessian_structure = _Structure.of(self.lagrangian(x, 1.0, ones))
        self._last = x.copy()

    def value(self, x: Vector) -> float:
        self.nfev += 1
        self._last = x.copy()
        return self.problem.objective.value(self._last)

    def gradient(self, x: Vector, out: Vector) -> None:
        self.njev += 1
        out[:] = self.problem.objective.gradient(x.copy())

    def constraints(self, x: Vector, out: Vector) -> None:
        out[:] = self.problem.system.values(x.copy())

    def jacobian(self, x: Vector, out: Vector) -> None:
        self.jacobian_structure.put(self.problem.system.jacobian(x.copy()), out)

    def hessian(self, x: Vector, multipliers: Vector, factor: float, out: Vector) -> None:
        self.nhev += 1
        self.hessian_structure.put(self.lagrangian(x, factor, multipliers), out)

    def iteration(self, mode: int, nit: int, fun: float, *rest: Any) -> bool:
        """Whether to go on; what is raised here would not pass through Ipopt."""
        if self.raised is not None:
            return False
        try:
            if nit:
                self.monitor(self._last, fun)
        except BaseException as error:
            self.raised = error
            return False
        return True

    def heard(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, what it raises remembered: Ipopt gets NaN, and is then told to stop."""

        @wraps(function)
        def call(*args: Any) -> Any:
            if self.raised is None:
                try:
                    return function(*args)
                except BaseException as error:
                    self.raised = error
            if len(args) > 1:  # the last argument is where the result goes
                args[-1][()] = np.nan
                return None
            return np.nan

        return call


def run_ipopt(
    name: str, problem: Problem, tol: float | None, options: dict[str, Any], monitor: Monitor
) -> dict[str, Any]:
    """Minimize by Ipopt."""
    ipyopt = require("ipyopt", "opt", "method='ipopt'")
    settings = _settings(ipyopt, tol, options)
    calls = _Calls(problem, monitor)
    x = problem.start.copy()
    while True:
        multipliers = np.zeros(problem.system.size)
        at_lower, at_upper = np.zeros(problem.size), np.zeros(problem.size)
        try:
            solver = _solver(ipyopt, problem, calls, settings)
            with np.errstate(all="ignore"):  # what is not finite is told by the result
                x, _, status = solver.solve(
                    x, mult_g=multipliers, mult_x_L=at_lower, mult_x_U=at_upper
                )
            if not isinstance(calls.raised, _Grew):
                break
            raise calls.raised
        except _Grew:  # a branch brought entries: tell Ipopt, and go on from where it was
            calls.raised = None
            x = (problem.start if monitor.last is None else monitor.last).copy()
    if calls.raised is not None and not isinstance(calls.raised, StopIteration):
        raise calls.raised
    return {
        "x": x,
        "fun": problem.objective.value(x),  # Ipopt's own is none where it did not start
        "success": status in _SOLVED,
        "status": int(status),
        "message": _MESSAGES.get(status, f"Ipopt ended with its status {status}."),
        "nit": max(0, int(solver.stats["n_iter"])),
        "nfev": calls.nfev,
        "njev": calls.njev,
        "nhev": calls.nhev,
        "rows": multipliers,
        "forces": at_upper - at_lower,
    }


def _solver(ipyopt: Any, problem: Problem, calls: _Calls, settings: dict[str, Any]) -> Any:
    system = problem.system
    try:
        return ipyopt.Problem(
            problem.size,
            *_limits(problem.lower, problem.upper),
            system.size,
            *_limits(system.lower, system.upper),
            calls.jacobian_structure.indices,
            calls.hessian_structure.indices,
            calls.heard(calls.value),
            calls.heard(calls.gradient),
            calls.heard(calls.constraints),
            calls.heard(calls.jacobian),
            calls.heard(calls.hessian),
            calls.iteration,
            ipopt_options=settings,
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(
            "minimize: Ipopt refuses an option.",
            got=f"{error}; options {settings}",
            expected="the types that Ipopt's documentation names: 1.0 is a number, 1 an integer",
        ) from error


def _limits(lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    return np.maximum(lower, -_INFINITY), np.minimum(upper, _INFINITY)


def _settings(ipyopt: Any, tol: float | None, options: dict[str, Any]) -> dict[str, Any]:
    """Ipopt's options, with SciPy's names for the commonest accepted, and silent by default."""
    given = dict(options)
    if "maxiter" in given:
        given["max_iter"] = given.pop("maxiter")
    is_shown = bool(given.pop("disp", False))
    known = {option["name"] for option in ipyopt.get_ipopt_options()}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ArgumentError(
            "minimize: Ipopt has no such option.",
            got=", ".join(unknown),
            expected="one of those in Ipopt's documentation; also maxiter and disp",
        )
    defaults: dict[str, Any] = {"print_level": 5 if is_shown else 0, "sb": "yes"}
    if tol is not None:
        defaults["tol"] = float(tol)
    return {**defaults, **given}
