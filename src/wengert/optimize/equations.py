"""A system of equations on vectors: the residuals of a tree of parameters, and their Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from wengert import sparse, trees
from wengert.api.jacobians import jacobian
from wengert.api.jit import jit
from wengert.errors import OptionError, OutputError, ShapeError
from wengert.optimize.flat import Parameters, Vector, describe, flat_function, refuse_traced
from wengert.optimize.objective import LastPoint


class Equations:
    """fun(x) = 0, what `fun` returns being raveled and put one after the other."""

    def __init__(
        self,
        fun: Callable[..., Any],
        parameters: Parameters,
        args: Any,
        pattern: Any = None,
    ) -> None:
        self.parameters = parameters
        self.function = flat_function(fun, parameters, args)
        self.pattern = pattern
        self.nfev = self.njev = 0
        self._spec: Any = None
        self._shapes: list[Any] = []
        self.values = LastPoint(self._values)

    def flat(self, vector: Any, *arrays: Any) -> Any:
        """The residuals as one vector; may be traced."""
        value = self.function.call(vector, *arrays)
        leaves, self._spec = trees.flatten(value)
        if not leaves:
            raise OutputError(
                "root: the function returned nothing.",
                got=describe(value),
                expected="as many numbers as there are in x0",
                try_="a return statement",
            )
        self._shapes = [np.shape(leaf) for leaf in leaves]
        return np.concatenate([np.reshape(leaf, (-1,)) for leaf in leaves])

    def tree(self, rows: Vector) -> Any:
        """Residuals in the structure that the function returned."""
        leaves = []
        start = 0
        for shape in self._shapes:
            part = rows[start : start + int(np.prod(shape))]
            start += part.size
            leaves.append(part.reshape(shape) if shape else part[0])
        return trees.unflatten(self._spec, leaves)

    def _values(self, x: Vector) -> Vector:
        self.nfev += 1
        found: Vector = self._compiled(np.asarray(x, np.float64), *self.function.arrays)
        refuse_traced("root", (found,))
        return found

    def dense_jacobian(self, x: Vector) -> Any:
        self.njev += 1
        return self._dense(np.asarray(x, np.float64), *self.function.arrays)

    def sparse_jacobian(self, x: Vector) -> Any:
        self.njev += 1
        return self._sparse(np.asarray(x, np.float64), *self.function.arrays)

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        return jit(self.flat)

    @cached_property
    def _dense(self) -> Callable[..., Any]:
        return jit(jacobian(self.flat))

    @cached_property
    def _sparse(self) -> Callable[..., Any]:
        return sparse.jacobian(self.flat, pattern=self.pattern)

    def require_sound(self, x: Vector, may_have_more: bool) -> None:
        """Evaluate at the start, raising the user's errors and where it is no system."""
        rows = self.values(x)
        n = self.parameters.size
        if rows.size != n and not (may_have_more and rows.size > n):
            raise ShapeError(
                "root: there are not as many equations as unknowns.",
                got=f"{rows.size} residuals for {n} numbers in x0",
                expected="one equation an unknown",
                try_="wengert.optimize.least_squares for more equations than unknowns",
            )
        wrong = np.flatnonzero(~np.isfinite(rows))
        if wrong.size:
            raise OptionError(
                "root: a residual is not finite at x0.",
                got=f"{rows[wrong[0]]} in equation {wrong[0]}",
                expected="finite numbers to start from",
                try_="start elsewhere; wengert.debug_nans() finds the operation that gave it",
            )
