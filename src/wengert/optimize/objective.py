"""The user's objective on vectors: compiled, with its derivatives, each point evaluated once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from wengert import sparse, trees
from wengert.api.differentiate import value_and_grad
from wengert.api.jacobians import hessian
from wengert.api.jit import jit
from wengert.api.products import hvp
from wengert.errors import NonScalarOutputError, OptionError
from wengert.optimize.flat import (
    FlatFunction,
    Parameters,
    Vector,
    describe,
    flat_function,
    refuse_traced,
)


class LastPoint:
    """A function of a point that remembers its last value: solvers ask twice for the same."""

    def __init__(self, function: Callable[[Vector], Any]) -> None:
        self._function = function
        self._at: Vector | None = None
        self._value: Any = None

    def __call__(self, x: Vector) -> Any:
        if self._at is None or not np.array_equal(x, self._at):
            self._at = None  # stays so where the function raises
            value = self._function(x)
            self._at, self._value = np.array(x), value
        return self._value


class Objective:
    """A scalar function of a tree, as value, gradient, Hessian and products of a vector.

    Value and gradient come from one compiled call. What a solver does not ask for is neither
    recorded nor compiled. `n_not_finite` counts the points with a value or gradient that is none.
    """

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        parameters: Parameters,
        args: Any,
        pattern: Any = None,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.function = _scalar(name, flat_function(fun, parameters, args))
        self.pattern = pattern
        self.n_not_finite = 0
        self.nhev = 0
        self._both = LastPoint(self._evaluate_both)
        self._value = LastPoint(self._evaluate_value)

    # -- what solvers call -------------------------------------------------------------------------

    def value(self, x: Vector) -> float:
        """f(x), with the gradient kept for the same point."""
        return float(self._both(x)[0])

    def gradient(self, x: Vector) -> Vector:
        """∇f(x)."""
        return self._both(x)[1].copy()

    def value_alone(self, x: Vector) -> float:
        """f(x), for methods without derivatives."""
        return float(self._value(x))

    def product(self, x: Vector, direction: Vector) -> Vector:
        """∇²f(x) times a vector."""
        return self._product(x, direction, *self.function.arrays)

    def dense_hessian(self, x: Vector) -> Any:
        """∇²f(x) as an array."""
        self.nhev += 1
        return self._dense_hessian(x, *self.function.arrays)

    def sparse_hessian(self, x: Vector) -> Any:
        """∇²f(x) as a sparse array by rows."""
        self.nhev += 1
        return self._sparse_hessian(x, *self.function.arrays)

    # -- what is compiled at the first call --------------------------------------------------------

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        return jit(value_and_grad(self.function.call))

    @cached_property
    def _compiled_value(self) -> Callable[..., Any]:
        return jit(self.function.call)

    @cached_property
    def _dense_hessian(self) -> Callable[..., Any]:
        return jit(hessian(self.function.call))

    @cached_property
    def _sparse_hessian(self) -> Callable[..., Any]:
        return sparse.hessian(self.function.call, pattern=self.pattern)

    @cached_property
    def _product(self) -> Callable[..., Any]:
        f = self.function.call
        return jit(lambda x, d, *arrays: hvp(lambda y: f(y, *arrays), (x,), (d,)))

    def _evaluate_both(self, x: Vector) -> Any:
        value, gradient = self._compiled(np.asarray(x, np.float64), *self.function.arrays)
        refuse_traced(self.name, (value, gradient))
        self.n_not_finite += not (np.isfinite(value) and np.isfinite(gradient).all())
        return value, gradient

    def _evaluate_value(self, x: Vector) -> Any:
        value = self._compiled_value(np.asarray(x, np.float64), *self.function.arrays)
        refuse_traced(self.name, (value,))
        self.n_not_finite += not np.isfinite(value)
        return value

    # -- the start ---------------------------------------------------------------------------------

    def require_finite(self, x: Vector, with_gradient: bool) -> None:
        """Evaluate at the start, raising the user's errors and where there is no number."""
        if not with_gradient:
            value = self.value_alone(x)
            if np.isnan(value):
                raise OptionError(
                    f"{self.name}: the objective is not a number at x0.",
                    got=str(value),
                    expected="a number to start from",
                    try_="start elsewhere; wengert.debug_nans() finds the operation that gave it",
                )
        else:
            value, gradient = self._both(x)
            wrong = np.flatnonzero(~np.isfinite(gradient))
            if not np.isfinite(value):
                raise OptionError(
                    f"{self.name}: the objective is not finite at x0.",
                    got=str(value),
                    expected="a finite number to start from",
                    try_="start elsewhere; wengert.debug_nans() finds the operation that gave it",
                )
            if wrong.size:
                label = self.parameters.label(int(wrong[0]))
                raise OptionError(
                    f"{self.name}: the gradient is not finite at x0.",
                    got=f"{gradient[wrong[0]]} with respect to {label}",
                    expected="finite derivatives to start from",
                    try_="start elsewhere; wengert.debug_nans() finds the operation that gave it",
                )


def _scalar(name: str, function: FlatFunction) -> FlatFunction:
    """The function with arrays of one element taken as numbers, as SciPy does."""

    def call(vector: Any, *arrays: Any) -> Any:
        value = function.call(vector, *arrays)
        leaves, _ = trees.flatten(value)
        if len(leaves) != 1 or np.size(leaves[0]) != 1:
            raise NonScalarOutputError(
                f"{name}: the objective's value is not one number.",
                got=", ".join([f"shape {np.shape(leaf)}" for leaf in leaves]) or describe(value),
                expected="one number",
                try_="np.sum(...) of it; wengert.optimize.least_squares for residuals",
            )
        return np.reshape(leaves[0], ())

    return FlatFunction(call, function.arrays)
