"""What compiled linear algebra may fail with: the exceptions that NumPy and SciPy raise."""

from __future__ import annotations

from numpy.linalg import LinAlgError

from wengert.ir.failure import failure

SINGULAR = failure(1, lambda i: LinAlgError("Singular matrix"))
NOT_POSITIVE = failure(2, lambda i: LinAlgError("Matrix is not positive definite"))
ZERO_ON_DIAGONAL = failure(
    3,
    lambda i: LinAlgError(
        f"Singular matrix: the diagonal element {i} of a triangular matrix is zero"
    ),
)
NO_EIGENVALUES = failure(4, lambda i: LinAlgError("Eigenvalues did not converge"))
NO_SINGULAR_VALUES = failure(5, lambda i: LinAlgError("SVD did not converge"))
SINGULAR_BAND = failure(6, lambda i: LinAlgError("singular matrix"))
BAND_NOT_POSITIVE = failure(7, lambda i: LinAlgError(f"{i}th leading minor not positive definite"))
