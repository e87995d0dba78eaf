"""Linear algebra: NumPy's, and what SciPy adds. Read `common.py` and `solve.py` first.

    common structure          checks, small algebra; triangles, diagonals, gaps of eigenvalues
    solve determinant         linear systems, inverse, determinants
    triangular cholesky lu    triangular systems and factors
    eigen svd qr              the other factorizations
    least_squares norm        pinv, lstsq, rank; norms of vectors and matrices
    products                  matrix_power, multi_dot, cond, tensorsolve

What `wengert.scipy.linalg` needs beyond these: `matrix_functions`, `riccati`, `banded`,
`toeplitz`.
"""

from wengert.ops.linalg import (
    banded,
    cholesky,
    common,
    determinant,
    eigen,
    least_squares,
    lu,
    matrix_functions,
    norm,
    products,
    qr,
    riccati,
    solve,
    structure,
    svd,
    toeplitz,
    triangular,
)

__all__ = [
    "banded",
    "cholesky",
    "common",
    "determinant",
    "eigen",
    "least_squares",
    "lu",
    "matrix_functions",
    "norm",
    "products",
    "qr",
    "riccati",
    "solve",
    "structure",
    "svd",
    "toeplitz",
    "triangular",
]
