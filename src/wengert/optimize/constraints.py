"""Constraints in all their forms as one system  lower <= c(x) <= upper  on vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse

from wengert import sparse, trees
from wengert.api.jacobians import jacobian
from wengert.api.jit import jit
from wengert.errors import ArgumentError, OptionError, ShapeError
from wengert.optimize.flat import (
    FlatFunction,
    Parameters,
    Vector,
    describe,
    flat_function,
    refuse_traced,
)
from wengert.optimize.objective import LastPoint


@dataclass(frozen=True)
class Constraint:
    """`lower <= fun(x, *args) <= upper`; made by `between` and `equal`."""

    fun: Callable[..., Any]
    lower: Any
    upper: Any
    args: tuple[Any, ...] = ()
    keep_feasible: Any = False


def between(lower: Any, fun: Callable[..., Any], upper: Any, args: Any = ()) -> Constraint:
    """The constraint `lower <= fun(x, *args) <= upper`.

    Parameters
    ----------
    lower, upper : number, array or tree
        The limits, in the structure of what `fun` returns or a number for a whole part of it;
        None and infinities stand for no limit.
    fun : callable
        A function of the parameters; returns numbers, arrays or containers of them.
    args : tuple
        Further arguments of `fun`.

    Examples
    --------
    The point of the unit disk nearest to (2, 0):

    >>> import numpy as np
    >>> from wengert.optimize import between, minimize
    >>> inside = between(None, lambda x: x @ x, 1.0)
    >>> objective = lambda x: (x[0] - 2.0) ** 2 + x[1] ** 2
    >>> found = minimize(objective, np.array([0.5, 0.5]), constraints=inside)
    >>> np.round(found.x, 4) + 0.0
    array([1., 0.])
    """
    return Constraint(fun, lower, upper, args if isinstance(args, tuple) else (args,))


def equal(fun: Callable[..., Any], value: Any = 0.0, args: Any = ()) -> Constraint:
    """The constraint `fun(x, *args) = value`; see `between`.

    Examples
    --------
    >>> from wengert.optimize import equal, minimize
    >>> on_line = equal(lambda p: p["x"] + p["y"], 1.0)
    >>> found = minimize(lambda p: p["x"] ** 2 + p["y"] ** 2, {"x": 0.0, "y": 0.0},
    ...                  constraints=on_line)
    >>> round(float(found.x["x"]), 6)
    0.5
    """
    return between(value, fun, value, args)


class ConstraintSystem:
    """All constraints at once: c(x), its limits, its Jacobian and the Hessian of v·c.

    Rows are those of the functions, in the order given, then those of the linear constraints.
    """

    def __init__(self, name: str, given: Any, parameters: Parameters) -> None:
        self.name = name
        self._functions: list[FlatFunction] = []
        rows: list[_Rows] = []
        matrices = []
        for i, one in enumerate(_as_list(given)):
            if hasattr(one, "A"):
                matrix = _matrix(name, one.A, parameters)
                matrices.append(matrix)
                rows.append(_linear_rows(name, one))
            else:
                constraint = _as_constraint(name, one)
                function = flat_function(constraint.fun, parameters, constraint.args)
                rows.append(_function_rows(name, constraint, function, parameters, i))
                self._functions.append(function)
        order = sorted(range(len(rows)), key=lambda i: rows[i].is_linear)  # stable
        placed = [rows[i] for i in order]
        starts = np.cumsum([0, *[r.lower.size for r in placed]])
        self._places = {i: slice(*starts[k : k + 2]) for k, i in enumerate(order)}
        self.lower = np.concatenate([np.zeros(0), *[r.lower for r in placed]])
        self.upper = np.concatenate([np.zeros(0), *[r.upper for r in placed]])
        self.keep_feasible = np.concatenate([np.zeros(0, bool), *[r.keep for r in placed]])
        self.matrix = scipy.sparse.vstack(matrices, format="csr") if matrices else None
        self.arrays = tuple([a for f in self._functions for a in f.arrays])
        self.size = self.lower.size
        self.n_parameters = parameters.size
        self.values = LastPoint(self._values)
        self.jacobian = LastPoint(self._jacobian)

    def __bool__(self) -> bool:
        return self.size > 0

    def nonlinear(self, vector: Any, *arrays: Any) -> Any:
        """The values of the functions, one after the other; may be traced."""
        parts = []
        start = 0
        for f in self._functions:
            given = arrays[start : start + len(f.arrays)]
            start += len(f.arrays)
            leaves, _ = trees.flatten(f.call(vector, *given))
            parts += [np.reshape(leaf, (-1,)) for leaf in leaves]
        return np.concatenate(parts) * 1.0  # a comparison counts as a number

    def _values(self, x: Vector) -> Any:
        parts = [self._compiled(x, *self.arrays)] if self._functions else []
        if self.matrix is not None:
            parts.append(self.matrix @ x)
        return np.concatenate([np.zeros(0), *parts])

    def _jacobian(self, x: Vector) -> Any:
        parts = [self._sparse_jacobian(x, *self.arrays)] if self._functions else []
        if self.matrix is not None:
            parts.append(self.matrix)
        if not parts:
            return scipy.sparse.csr_array((0, self.n_parameters))
        return scipy.sparse.csr_array(scipy.sparse.vstack(parts, format="csr"))

    def dense_jacobian(self, x: Vector) -> Any:
        """The Jacobian as an array, by one compiled call."""
        parts = [self._dense_jacobian(x, *self.arrays)] if self._functions else []
        if self.matrix is not None:
            parts.append(self.matrix.toarray())
        return np.concatenate([np.zeros((0, self.n_parameters)), *parts])

    def hessian(self, x: Vector, multipliers: Vector) -> Any:
        """The Hessian of Σ vᵢ cᵢ(x), sparse."""
        if not self._functions:
            return scipy.sparse.csr_array((self.n_parameters, self.n_parameters))
        weights = np.asarray(multipliers, np.float64)[: self.n_nonlinear]
        return self._hessian(x, weights, *self.arrays)

    @property
    def n_nonlinear(self) -> int:
        """The number of rows that are not linear."""
        return self.size - (0 if self.matrix is None else int(self.matrix.shape[0]))

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        return jit(self.nonlinear)

    @cached_property
    def _sparse_jacobian(self) -> Callable[..., Any]:
        return sparse.jacobian(self.nonlinear)

    @cached_property
    def _dense_jacobian(self) -> Callable[..., Any]:
        return jit(jacobian(self.nonlinear))

    @cached_property
    def _hessian(self) -> Callable[..., Any]:
        return sparse.hessian(lambda x, v, *arrays: v @ self.nonlinear(x, *arrays))

    def violation(self, x: Vector) -> float:
        """How far the worst row lies outside of its limits, relative to limits above one."""
        if not self.size:
            return 0.0
        c = self.values(x)
        gap = np.maximum(self.lower - c, c - self.upper)
        limit = np.where(self.lower - c > c - self.upper, self.lower, self.upper)
        worst = np.max(np.maximum(gap, 0.0) / np.maximum(1.0, np.abs(limit)))
        return float(np.inf if np.isnan(worst) else worst)

    def split(self, rows: Any) -> list[Any]:
        """A vector with one entry a row as one array for each constraint, in the user's order."""
        return [rows[self._places[i]].copy() for i in range(len(self._places))]


@dataclass(frozen=True)
class _Rows:
    lower: Vector
    upper: Vector
    keep: Any
    is_linear: bool


def _as_list(given: Any) -> Sequence[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (tuple, list)) else [given]


def _as_constraint(name: str, given: Any) -> Constraint:
    """SciPy's forms of a constraint that is a function, and ours."""
    if isinstance(given, Constraint):
        return given
    if isinstance(given, dict):
        kind = str(given.get("type", "")).lower()
        if kind not in ("eq", "ineq") or not callable(given.get("fun")):
            raise ArgumentError(
                f"{name}: a constraint's dictionary is not complete.",
                got=describe(given),
                expected='{"type": "eq" or "ineq", "fun": callable}',
            )
        args = given.get("args", ())
        upper = 0.0 if kind == "eq" else None
        return Constraint(given["fun"], 0.0, upper, args if isinstance(args, tuple) else (args,))
    if hasattr(given, "fun") and hasattr(given, "lb"):
        return Constraint(given.fun, given.lb, given.ub, (), given.keep_feasible)
    raise ArgumentError(
        f"{name}: a constraint of an unknown kind.",
        got=describe(given),
        expected="between(...), equal(...), a dict, NonlinearConstraint or LinearConstraint",
        try_="equal(function) for function(x) = 0",
    )


def _matrix(name: str, given: Any, parameters: Parameters) -> Any:
    entries: Any = given if scipy.sparse.issparse(given) else np.atleast_2d(given)
    matrix = scipy.sparse.csr_array(entries)
    if matrix.shape[1] != parameters.size:
        raise ShapeError(
            f"{name}: the matrix of a linear constraint does not fit the parameters.",
            got=f"{matrix.shape[1]} columns",
            expected=f"{parameters.size}, one for each number in x0",
        )
    return matrix.astype(np.float64)


def _linear_rows(name: str, given: Any) -> _Rows:
    """The limits of a LinearConstraint, which has broadcast them itself."""
    lower, upper = np.asarray(given.lb, np.float64), np.asarray(given.ub, np.float64)
    _require_order(name, lower, upper)
    return _Rows(lower, upper, np.broadcast_to(given.keep_feasible, lower.shape), is_linear=True)


def _function_rows(
    name: str, given: Constraint, function: FlatFunction, parameters: Parameters, i: int
) -> _Rows:
    value = function.call(parameters.start, *function.arrays)
    leaves, spec = trees.flatten(value)
    if not leaves:
        raise ArgumentError(
            f"{name}: a constraint's function returned nothing.",
            got=describe(value),
            expected="numbers, arrays, or containers of them",
            try_="a return statement",
        )
    refuse_traced(name, leaves)
    shapes = [np.shape(leaf) for leaf in leaves]
    lower = _limits(name, given.lower, spec, shapes, -np.inf, i)
    upper = _limits(name, given.upper, spec, shapes, np.inf, i)
    _require_order(name, lower, upper)
    return _Rows(lower, upper, np.broadcast_to(given.keep_feasible, lower.shape), is_linear=False)


def _limits(name: str, limit: Any, spec: Any, shapes: list[Any], none: float, i: int) -> Vector:
    """Limits in the structure of the function's value, or numbers for parts of it, as a vector."""
    try:
        total = sum([math.prod(shape) for shape in shapes])
        if type(limit) in (np.ndarray, list) and np.size(limit) == total:  # SciPy's vectors
            return np.asarray(limit, np.float64).ravel()
        if spec == trees.structure(0.0):
            entries = [limit]
        else:
            like = trees.unflatten(spec, range(len(shapes)))
            entries = trees.broadcast_prefix(limit, like, lambda leaf: leaf is None)
        parts = []
        for entry, shape in zip(entries, shapes, strict=True):
            found = np.asarray(none if entry is None else entry, np.float64)
            parts.append(np.broadcast_to(found, shape).ravel())
        return np.concatenate(parts)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{name}: the limits of a constraint do not fit what its function returns.",
            got=f"{describe(limit)} for constraint {i}",
            expected=f"one number, or the structure {spec} with shapes {shapes}",
        ) from error


def _require_order(name: str, lower: Vector, upper: Vector) -> None:
    wrong = np.flatnonzero(~(lower <= upper))
    if wrong.size:
        k = wrong[0]
        raise OptionError(
            f"{name}: a constraint's lower limit is not below the upper one.",
            got=f"{lower[k]} and {upper[k]} in row {k}",
            expected="lower <= upper; equal limits make an equality",
        )
