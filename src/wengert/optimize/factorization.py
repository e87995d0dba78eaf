"""Damped normal equations: (JᵀJ + diag(d)) p = −Jᵀf, for one Jacobian and many d.

Three ways, chosen by the kind and the pattern of the Jacobian:

    DenseSystem    QR of the Jacobian; the squared condition number never arises
    SparseSystem   LU of the normal matrix in a symmetric mode, SciPy's SuperLU
    SchurSystem    many small independent blocks eliminated first (`schur.py`)

A `Factorizer` keeps what depends on the pattern alone; `Factorizer.system` takes values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from wengert.optimize.schur import SchurPlan, independent_blocks

Array = np.ndarray[Any, Any]

_UNIT_VECTORS = 64  # right-hand sides solved for at once
_SMALLEST_FOR_SCHUR = 100  # columns; below, a panel has nothing to save


class System(Protocol):
    """The normal equations of one Jacobian."""

    def solve(self, damping: Array) -> Array | None:
        """The step p for the diagonal `damping`, shape (n,); None if the matrix is singular."""

    def inverse_diagonal(self, damping: Array) -> Array | None:
        """The diagonal of (JᵀJ + diag(damping))⁻¹, shape (n,); None if it is singular."""


@dataclass(frozen=True)
class DenseSystem:
    """J = QR held as R and Qᵀf: a damped step is the QR of [R; √damping], 2n rows instead of m."""

    triangle: Array
    rotated: Array

    @classmethod
    def of(cls, jacobian: Array, residual: Array) -> DenseSystem:
        """The equations of a dense Jacobian, shape (m, n)."""
        from scipy.linalg import qr

        q, r = qr(jacobian, mode="economic", check_finite=False)
        return cls(r, q.T @ residual)

    def solve(self, damping: Array) -> Array | None:
        from scipy.linalg import qr, solve_triangular

        n = self.triangle.shape[1]
        stacked = np.concatenate([self.triangle, np.diag(np.sqrt(damping))])
        right = np.concatenate([self.rotated, np.zeros(n)])
        q, r = qr(stacked, mode="economic", check_finite=False)
        diagonal = np.abs(np.diag(r))
        if not diagonal.all():
            return None
        step = -solve_triangular(r, q.T @ right, check_finite=False)
        return step if np.isfinite(step).all() else None

    def inverse_diagonal(self, damping: Array) -> Array | None:
        from scipy.linalg import qr, solve_triangular

        stacked = np.concatenate([self.triangle, np.diag(np.sqrt(damping))])
        r = qr(stacked, mode="r", check_finite=False)[0][: self.triangle.shape[1]]
        if not np.diag(r).all():
            return None
        inverse = solve_triangular(r, np.eye(len(r)), check_finite=False)
        return np.einsum("ij,ij->i", inverse, inverse)


@dataclass(frozen=True)
class SparseSystem:
    """The normal matrix in compressed form, factorized anew for each damping."""

    normal: Any
    right: Array

    def solve(self, damping: Array) -> Array | None:
        factors = factorized(self.normal, damping)
        if factors is None:
            return None
        step = factors.solve(self.right)
        return step if np.isfinite(step).all() else None

    def inverse_diagonal(self, damping: Array) -> Array | None:
        factors = factorized(self.normal, damping)
        if factors is None:
            return None
        n = self.right.size
        diagonal = np.empty(n)
        for first in range(0, n, _UNIT_VECTORS):
            columns = np.arange(first, min(first + _UNIT_VECTORS, n))
            units = np.zeros((n, columns.size))
            units[columns, columns - first] = 1.0
            diagonal[columns] = factors.solve(units)[columns, columns - first]
        return diagonal


def factorized(normal: Any, damping: Array) -> Any:
    """SuperLU's factors of `normal` + diag(`damping`); None if it is singular.

    A positive definite matrix needs no pivots, so the order of elimination may be chosen for few
    entries alone: minimum degree on the pattern of A + Aᵀ (J. W. H. Liu, 1985).
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    try:
        return splu(
            (normal + sparse.diags_array(damping)).tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # SuperLU's word for a zero pivot
        return None


class Factorizer:
    """Makes a `System` from each Jacobian, and remembers its pattern.

    Parameters
    ----------
    use_schur : bool, default True
        Whether to look for independent blocks.
    """

    def __init__(self, use_schur: bool = True) -> None:
        self._use_schur = use_schur
        self._pattern: tuple[Array, Array] | None = None
        self._plan: SchurPlan | None = None
        self._transpose: Any = None

    def system(self, jacobian: Any, residual: Array) -> System:
        """The equations for a dense or sparse Jacobian, shape (m, n), and f, shape (m,)."""
        if isinstance(jacobian, np.ndarray):
            return DenseSystem.of(jacobian, residual)
        if not self._knows(jacobian):
            self._prepare(jacobian)
        if self._plan is not None:
            return self._plan.system(jacobian, residual)
        normal = jacobian.T.tocsr() @ jacobian
        return SparseSystem(normal, -(jacobian.T @ residual))

    @property
    def name(self) -> str:
        """What is used, for the user: `"QR"`, `"sparse LU"`, or `"Schur complement"` with sizes."""
        if self._pattern is None:
            return "QR"
        if self._plan is None:
            return "sparse LU of the normal equations"
        n = self._plan.kept.size
        return f"Schur complement ({self._plan.n_blocks} blocks eliminated, {n} columns left)"

    def _knows(self, jacobian: Any) -> bool:
        if self._pattern is None:
            return False
        indptr, indices = self._pattern
        same = indptr is jacobian.indptr and indices is jacobian.indices
        return same or (
            np.array_equal(indptr, jacobian.indptr) and np.array_equal(indices, jacobian.indices)
        )

    def _prepare(self, jacobian: Any) -> None:
        self._pattern = (jacobian.indptr, jacobian.indices)
        self._plan = None
        if self._use_schur and jacobian.shape[1] >= _SMALLEST_FOR_SCHUR:
            blocks = independent_blocks(jacobian)
            if blocks is not None:
                self._plan = SchurPlan(jacobian, blocks)
