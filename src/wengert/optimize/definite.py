"""Sparse symmetric systems with a shift that makes them positive definite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg

_FIRST_SHIFT = 1e-4  # relative to the largest diagonal entry
_GROWTH = 8.0
_DENSE_SIZE = 3_000  # rows up to which a matrix may be factorized as a dense one
_DENSE_PART = 0.02  # and the part of its entries from which on that is faster: its factors fill up


def factorize_positive(matrix: Any) -> Any:
    """A factorization of a positive definite sparse matrix, None where it is not that.

    SuperLU in symmetric mode pivots on the diagonal. Without row exchanges L U is L D Lᵀ, and the
    pivots are as many positive, negative and zero ones as the eigenvalues (Sylvester).
    """
    n = matrix.shape[0]
    if n == 0:
        return None
    if n <= _DENSE_SIZE and matrix.nnz > _DENSE_PART * n * n:
        return _Cholesky.of(matrix.toarray())
    try:
        found = scipy.sparse.linalg.splu(
            scipy.sparse.csc_matrix(matrix),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # exactly singular
        return None
    pivots = found.U.diagonal()
    is_positive = np.array_equal(found.perm_r, found.perm_c) and bool((pivots > 0).all())
    return found if is_positive else None


@dataclass(frozen=True)
class _Cholesky:
    """The Cholesky factor of a dense matrix, with the method of SuperLU's."""

    factor: Any

    @classmethod
    def of(cls, matrix: Any) -> _Cholesky | None:
        """None where the matrix is not positive definite, or not finite."""
        try:
            return cls(scipy.linalg.cho_factor(matrix, lower=True))
        except (np.linalg.LinAlgError, ValueError):
            return None

    def solve(self, right: Any) -> Any:
        """The solution for a right side."""
        return scipy.linalg.cho_solve(self.factor, right)


def solve_shifted(matrix: Any, right: Any, shift: float) -> tuple[Any, float]:
    """(A + τ I)⁻¹ b for the smallest τ tried that makes A + τ I positive definite, and that τ.

    `shift` is a lower limit for τ. Source: J. Nocedal and S. J. Wright, Numerical Optimization
    (2006), algorithm 3.3, with another growth and an LU instead of a Cholesky factorization.
    """
    diagonal = matrix.diagonal()
    scale = float(np.abs(diagonal).max(initial=0.0)) or 1.0
    first = _FIRST_SHIFT * scale
    tau = shift
    if diagonal.min(initial=np.inf) + tau <= 0:
        tau = max(tau, first - float(diagonal.min()))
    identity = scipy.sparse.eye_array(matrix.shape[0], format="csc")
    while True:
        factors = factorize_positive(matrix + tau * identity if tau else matrix)
        if factors is not None:
            solution = factors.solve(right)
            if np.isfinite(solution).all():
                return solution, tau
        tau = max(_GROWTH * tau, first)
        if not np.isfinite(tau):
            return right / scale, tau
