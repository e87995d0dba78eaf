"""SciPy's linear algebra for traced arrays, batched over leading axes.

    systems          solve, solve_triangular, cho_solve, lu_solve, inv, det, pinv ...
    structured       solve_banded, solveh_banded, solve_toeplitz
    factorizations   cholesky, lu, qr, eigh, svd, polar ...
    functions        expm, logm, sqrtm, cosm ... and the Sylvester and Lyapunov equations
    matrices         toeplitz, circulant, hankel, block_diag, khatri_rao

Signatures are SciPy's. `overwrite_*`, `check_finite` and the choice of LAPACK driver have no effect
on traced arrays: nothing is overwritten, and NaN and infinity pass through. Names of
`scipy.linalg` that are not here are SciPy's; called with a traced array they raise by name.
"""

from __future__ import annotations

from typing import Any

from wengert.scipy.dispatch import without_rule
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
    hankel,
    khatri_rao,
    toeplitz,
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
    "cholesky",
    "circulant",
    "coshm",
    "cosm",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "khatri_rao",
    "logm",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matmul_toeplitz",
    "norm",
    "null_space",
    "orth",
    "pinv",
    "polar",
    "qr",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return without_rule("linalg", name)
