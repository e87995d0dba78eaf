"""Linear algebra: NumPy's, and what SciPy adds. Read `common.py` and `solve.py` first.

solve        linear systems, inverse, determinants
triangular   triangular systems, Cholesky, LU
eigen svd qr the other factorizations
norm         norms of vectors and matrices
products     matrix_power, multi_dot, cond, tensorsolve
matrix_functions banded toeplitz      for `wengert.scipy.linalg`
"""

from wengert.ops.linalg import (
    banded,
    common,
    eigen,
    matrix_functions,
    norm,
    products,
    qr,
    solve,
    svd,
    toeplitz,
    triangular,
)

__all__ = [
    "banded",
    "common",
    "eigen",
    "matrix_functions",
    "norm",
    "products",
    "qr",
    "solve",
    "svd",
    "toeplitz",
    "triangular",
]
