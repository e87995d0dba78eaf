"""SciPy's linear algebra for traced arrays, batched over leading axes.

    systems          solve, solve_triangular, cho_solve, lu_solve, inv, det, pinv ...
    structured       solve_banded, solveh_banded, solve_toeplitz
    factorizations   cholesky, lu, qr, eigh, svd, polar ...
    bands            cholesky_banded, cho_solve_banded, eig_banded, eigh_tridiagonal ...
    related          rq, pinvh, subspace_angles, orthogonal_procrustes, signm, solve_circulant ...
    functions        expm, logm, sqrtm, cosm ... and the Sylvester and Lyapunov equations
    control          the algebraic Riccati equations
    matrices         toeplitz, circulant, hankel, block_diag, khatri_rao, companion, leslie ...

Signatures are SciPy's. `overwrite_*`, `check_finite` and the choice of LAPACK driver have no effect
on traced arrays: nothing is overwritten, and NaN and infinity pass through. Names of
`scipy.linalg` that are not here are SciPy's; called with a traced array they raise by name.
"""

from __future__ import annotations

from wengert.scipy.dispatch import rest_of
from wengert.scipy.linalg.bands import (
    cho_solve_banded,
    cholesky_banded,
    eig_banded,
    eigh_tridiagonal,
    eigvals_banded,
    eigvalsh_tridiagonal,
)
from wengert.scipy.linalg.control import solve_continuous_are, solve_discrete_are
from wengert.scipy.linalg.factorizations import (
    cho_factor,
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    lu,
    lu_factor,
    null_space,
    orth,
    polar,
    qr,
    svd,
    svdvals,
)
from wengert.scipy.linalg.functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    logm,
    sinhm,
    sinm,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_lyapunov,
    solve_sylvester,
    sqrtm,
    tanhm,
    tanm,
)
from wengert.scipy.linalg.matrices import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    fiedler,
    fiedler_companion,
    hankel,
    khatri_rao,
    leslie,
    toeplitz,
)
from wengert.scipy.linalg.related import (
    diagsvd,
    ishermitian,
    issymmetric,
    orthogonal_procrustes,
    pinvh,
    qr_multiply,
    rq,
    signm,
    solve_circulant,
    subspace_angles,
)
from wengert.scipy.linalg.structured import (
    matmul_toeplitz,
    solve_banded,
    solve_toeplitz,
    solveh_banded,
)
from wengert.scipy.linalg.systems import (
    cho_solve,
    det,
    inv,
    lstsq,
    lu_solve,
    norm,
    pinv,
    solve,
    solve_triangular,
)

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cho_solve_banded",
    "cholesky",
    "cholesky_banded",
    "circulant",
    "companion",
    "convolution_matrix",
    "coshm",
    "cosm",
    "det",
    "diagsvd",
    "eig",
    "eig_banded",
    "eigh",
    "eigh_tridiagonal",
    "eigvals",
    "eigvals_banded",
    "eigvalsh",
    "eigvalsh_tridiagonal",
    "expm",
    "expm_frechet",
    "fiedler",
    "fiedler_companion",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "ishermitian",
    "issymmetric",
    "khatri_rao",
    "leslie",
    "logm",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matmul_toeplitz",
    "norm",
    "null_space",
    "orth",
    "orthogonal_procrustes",
    "pinv",
    "pinvh",
    "polar",
    "qr",
    "qr_multiply",
    "rq",
    "signm",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_circulant",
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_are",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "subspace_angles",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]

__getattr__ = rest_of("linalg")
