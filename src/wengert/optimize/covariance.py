"""How well a fit determines its parameters: covariance and standard errors from the Jacobian.

With residuals of equal variance the covariance of the estimates is s² (JᵀJ)⁻¹, where s² is
2 cost / (m − n) (e.g. D. M. Bates, D. G. Watts, "Nonlinear Regression Analysis and Its
Applications", 1988, section 2.2). A parameter that the data do not determine, one with a share in
the null space of J, has an infinite variance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import OptionError
from wengert.optimize.factorization import Factorizer
from wengert.optimize.stepping import Array, column_norms, scaled_columns

_DENSE_ENTRIES = 4_000_000  # of J: a singular value decomposition then takes some seconds at most
_MOST_COLUMNS = 10_000  # a full covariance of so many takes 0.8 GB
_SHIFT = 1e-12  # of a diagonal of ones; rounding in JᵀJ is some 1e-15 times the couplings


def covariance(jacobian: Any) -> Array:
    """(JᵀJ)⁻¹, shape (n, n), with rows and columns of inf for what is not determined.

    Parameters
    ----------
    jacobian : array or csr_array, shape (m, n)

    Raises
    ------
    OptionError
        If n is too large for a dense matrix.

    Notes
    -----
    Columns are brought to length one first: a parameter in large units is not undetermined for
    that. Then a singular value below eps · max(m, n) times the largest counts as zero.
    """
    n = jacobian.shape[1]
    if n > _MOST_COLUMNS:
        raise OptionError(
            "covariance: the matrix of all parameters is too large to be stored.",
            got=f"{n} parameters: {8e-9 * n * n:.1f} GB",
            expected=f"at most {_MOST_COLUMNS}",
            try_="standard_errors, which needs no such matrix",
        )
    dense = jacobian if isinstance(jacobian, np.ndarray) else jacobian.toarray()
    norms = _lengths(dense)
    values, vectors, undetermined = _decomposed(dense / norms)
    inverse = (vectors.T / values**2) @ vectors / np.outer(norms, norms)
    inverse[undetermined, :] = np.inf
    inverse[:, undetermined] = np.inf
    return inverse


def variances(jacobian: Any) -> Array:
    """The diagonal of (JᵀJ)⁻¹, shape (n,), inf for what is not determined.

    Small Jacobians are decomposed. Large sparse ones are factorized, with columns scaled to length
    one and two small shifts of the diagonal: a variance that grows as the shift falls is infinite.
    """
    if isinstance(jacobian, np.ndarray) or jacobian.shape[0] * jacobian.shape[1] <= _DENSE_ENTRIES:
        return np.diag(covariance(jacobian)).copy()
    norms = _lengths(jacobian)
    unit = scaled_columns(jacobian, 1.0 / norms)
    system = Factorizer().system(unit, np.zeros(jacobian.shape[0]))
    shift, less = _SHIFT, None
    while less is None and shift < 1.0:
        less = system.inverse_diagonal(np.full(norms.size, shift))
        more = system.inverse_diagonal(np.full(norms.size, 10.0 * shift))
        shift *= 10.0
    if less is None or more is None:
        return np.full(norms.size, np.inf)
    return np.where(less > 2.0 * more, np.inf, less) / norms**2


def _lengths(jacobian: Any) -> Array:
    """The norms of the columns, 1 for those that are zero."""
    norms = column_norms(jacobian)
    return np.where(norms > 0.0, norms, 1.0)


def _decomposed(jacobian: Array) -> tuple[Array, Array, Array]:
    """Singular values that are not zero, their right vectors, and which columns lack support."""
    n = jacobian.shape[1]
    _, values, vectors = np.linalg.svd(jacobian, full_matrices=False)
    threshold = np.finfo(float).eps * max(jacobian.shape) * np.max(values, initial=0.0)
    values, vectors = values[values > threshold], vectors[values > threshold]
    if values.size == n:
        return values, vectors, np.zeros(n, bool)
    # The squared part of each unit vector outside of the row space; it is exact to about 1e-15.
    outside = 1.0 - np.einsum("ij,ij->j", vectors, vectors)
    return values, vectors, outside > 1e-10
