"""Residual functions of trees as functions of a vector that give value and Jacobian at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.jacobians import value_and_jacobian
from wengert.api.jit import jit
from wengert.errors import ArgumentError, OutputError, ShapeError
from wengert.optimize.flat import FlatFunction, Parameters, describe, flat_function
from wengert.sparse import value_and_jacobian as sparse_value_and_jacobian

Array = np.ndarray[Any, Any]

_UNCOMPILED_CALLS = 8
"""A small problem is often solved in fewer calls than its compilation would take the time of."""
_SMALL = 20_000  # entries of the Jacobian; larger ones are compiled at once
_LEAST_COLUMNS = 50  # with fewer, a sparse Jacobian has nothing to save
_FULL = 0.25  # share of entries from which on a Jacobian counts as dense


@dataclass(frozen=True)
class Layout:
    """Where the leaves of the result of `fun` lie in the vector of residuals."""

    spec: Any
    paths: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, name: str, result: Any) -> Layout:
        """The layout of a result, plain or traced."""
        leaves, spec = trees.flatten(result)
        for leaf in leaves:
            kind = (
                getattr(getattr(leaf, "dtype", None), "kind", None) or np.asarray(leaf).dtype.kind
            )
            if kind not in "fiub":
                raise OutputError(
                    f"{name}: the residuals are no real numbers.",
                    got=describe(leaf),
                    expected="floating-point arrays, or containers of such",
                    try_="return real and imaginary parts" if kind == "c" else None,
                )
        shapes = tuple([tuple(np.shape(leaf)) for leaf in leaves])
        if sum([int(np.prod(shape)) for shape in shapes]) == 0:
            raise OutputError(
                f"{name}: the function gave no residuals.",
                got=describe(result),
                expected="an array of residuals, or a container of such",
                try_="does the function end with a return statement?" if result is None else None,
            )
        return cls(spec, tuple(trees.paths(result)), shapes)

    def label(self, entry: int) -> str:
        """What a user calls an entry of the residuals, such as `['right'][2, 0]`."""
        for path, shape in zip(self.paths, self.shapes, strict=True):
            size = int(np.prod(shape))
            if entry < size:
                place = np.unravel_index(entry, shape)
                return path + (f"[{', '.join(map(str, place))}]" if shape else "")
            entry -= size
        raise IndexError(entry)


class ResidualFunction:
    """f and J of a vector: dense, sparse, or with the user's own J.

    Parameters
    ----------
    name : str
        The function the user called, for messages.
    fun : callable
        `fun(tree, *args, **kwargs)`.
    parameters : Parameters
    args, kwargs : tuple, dict
        Arrays among them are arguments of what is compiled.
    jac : callable, optional
        The user's Jacobian, shape (m, n), instead of ours.
    pattern : Pattern or sparse array, optional
        Where the Jacobian may be nonzero, if the user knows.
    """

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        parameters: Parameters,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        jac: Callable[..., Any] | None,
        pattern: Any,
    ) -> None:
        self._name = name
        self._pattern = pattern
        self._n = parameters.size
        self.layout: Layout | None = None
        self._flat = _with_keywords(fun, parameters, args, kwargs)
        self._jac = None if jac is None else _with_keywords(jac, parameters, args, kwargs)
        self._calls = 0
        self._inner: Callable[..., tuple[Any, Any]] | None = None
        self._is_sparse = False
        self.must_be_dense = False

    def residuals(self, vector: Any, *arrays: Any) -> Any:
        """The residuals as one vector; plain or traced."""
        result = self._flat.call(vector, *arrays)
        self.layout = Layout.of(self._name, result)
        leaves = [np.ravel(leaf) for leaf in trees.flatten(result)[0]]
        return leaves[0] if len(leaves) == 1 else np.concatenate(leaves)

    def label(self, entry: int) -> str:
        """What a user calls an entry of the residuals."""
        return self.layout.label(entry) if self.layout else f"[{entry}]"

    def tree(self, residuals: Array) -> Any:
        """The residuals in the structure in which the user's function gave them."""
        assert self.layout is not None
        sizes = [int(np.prod(shape)) for shape in self.layout.shapes]
        parts = np.split(residuals, np.cumsum(sizes)[:-1])
        shaped = [np.reshape(p, s)[()] for p, s in zip(parts, self.layout.shapes, strict=True)]
        return trees.unflatten(self.layout.spec, shaped)

    def __call__(self, x: Array) -> tuple[Array, Any]:
        """f, float64 of shape (m,), and J, shape (m, n): an array, or csr_array if sparse."""
        if self._jac is not None:
            return self._with_users_jacobian(x)
        if self._inner is None:
            self._inner = self._choose(x)
        self._calls += 1
        if self._calls == _UNCOMPILED_CALLS and not self._is_sparse:
            self._inner = jit(value_and_jacobian(self.residuals))
        f, jacobian = self._inner(x, *self._flat.arrays)
        if self._is_sparse and (self.must_be_dense or _is_full(jacobian)):
            jacobian = jacobian.toarray()
        return np.array(f, np.float64), jacobian

    def _choose(self, x: Array) -> Callable[..., tuple[Any, Any]]:
        """Sparse where columns are many or the pattern is given, else dense."""
        entries = self._n * np.size(self.residuals(x, *self._flat.arrays))
        is_large = entries >= _SMALL
        self._is_sparse = self._pattern is not None or (is_large and self._n >= _LEAST_COLUMNS)
        if self._is_sparse:
            return sparse_value_and_jacobian(self.residuals, pattern=self._pattern)
        dense = value_and_jacobian(self.residuals)
        return jit(dense) if is_large else dense

    def _with_users_jacobian(self, x: Array) -> tuple[Array, Any]:
        from scipy import sparse

        assert self._jac is not None
        f = np.array(self.residuals(x, *self._flat.arrays), np.float64)
        given: Any = self._jac.call(x, *self._jac.arrays)
        is_sparse = bool(sparse.issparse(given))
        jacobian: Any = given if is_sparse else np.array(given, np.float64)
        if jacobian.shape != (f.size, self._n):
            raise ShapeError(
                f"{self._name}: jac gives a matrix of the wrong shape.",
                got=f"{jacobian.shape}",
                expected=f"({f.size}, {self._n}): a row for each residual, a column for each "
                "parameter, both in the order of the leaves",
            )
        if not is_sparse:
            return f, jacobian
        return f, jacobian.toarray() if self.must_be_dense else sparse.csr_array(jacobian)


def _with_keywords(
    fun: Callable[..., Any], parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> FlatFunction:
    call = lambda tree, args, kwargs: fun(tree, *args, **kwargs)
    return flat_function(call, parameters, (args, kwargs))


def _is_full(jacobian: Any) -> bool:
    return bool(jacobian.nnz >= _FULL * jacobian.shape[0] * jacobian.shape[1])


def exact_or_given(name: str, jac: Any) -> Callable[..., Any] | None:
    """The user's Jacobian if it is a function; None for SciPy's names of difference formulas."""
    if callable(jac):
        return jac
    if jac is None or jac in ("2-point", "3-point", "cs", "exact"):
        return None
    raise ArgumentError(
        f"{name}: jac is neither a function nor a method that SciPy knows.",
        got=f"jac={jac!r}",
        expected="None for the exact Jacobian, or a function that gives it",
    )
