"""Factorizations with SciPy's signatures."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ops.contraction import as_operand
from wengert.ops.core import full, real
from wengert.ops.linalg import eigen
from wengert.ops.linalg import lu as factorization
from wengert.ops.linalg import qr as orthogonal
from wengert.ops.linalg import svd as singular
from wengert.ops.linalg.cholesky import cholesky as factor
from wengert.ops.linalg.common import adjoint, as_matrices, as_square, chain, misfit, real_dtype
from wengert.ops.linalg.lu import permute_rows
from wengert.ops.linalg.structure import hermitian_from, put_diagonal
from wengert.ops.linalg.triangular import solve_from_right, triangular_solve
from wengert.ops.matmul import matmul, matrix_transpose
from wengert.scipy.dispatch import follows_scipy
from wengert.trace.tracer import Tracer, bind

# -- triangles -------------------------------------------------------------------------------------


@follows_scipy("linalg")
def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """The factor u of a = u^H u from the upper triangle, or l of a = l l^H from the lower one."""
    return factor(a, upper=not lower)


@follows_scipy("linalg")
def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Any, bool]:
    """The Cholesky factor for `cho_solve`, zero in the other triangle, and `lower`."""
    return factor(a, upper=not lower), bool(lower)


@follows_scipy("linalg")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """L and U packed in one matrix, and the pivots, for `lu_solve`."""
    packed, pivots, _ = factorization.lu_factor(as_matrices("lu_factor", a))
    return packed, pivots


@follows_scipy("linalg")
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """p, l, u of a = p l u; the permutation is locally constant.

    With `permute_l` the pair (p l, u); with `p_indices` the indices that stand for p, a = l[p] u.
    """
    a = as_matrices("lu", a)
    packed, _, permutation = factorization.lu_factor(a)
    lower, upper = factorization.unpack_lu(packed)
    if permute_l:
        return permute_rows(lower, permutation, True), upper
    if p_indices:
        return np.argsort(permutation, axis=-1).astype(np.int32), lower, upper
    m = a.shape[-2]
    ones = full((*a.shape[:-2], m), 1.0, real_dtype(a.dtype))
    return permute_rows(put_diagonal(ones, (m, m)), permutation, True), lower, upper


# -- QR --------------------------------------------------------------------------------------------


@follows_scipy("linalg")
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """q and r of a = q r; with `pivoting` also p, a[:, p] = q r (locally constant).

    Parameters
    ----------
    a : array, shape (..., m, n)
    mode : {"full", "r", "economic"}
        "r" gives the tuple (r,), as SciPy does. Columns of a full q beyond min(m, n) turn as
        little as they can.
    """
    if mode not in ("full", "economic", "r"):
        raise ArgumentError(
            "qr: this mode does not exist for traced arrays.",
            got=f"mode={mode!r}",
            expected="'full', 'economic' or 'r'",
            try_="q, r = qr(a) instead of Householder vectors",
        )
    a = as_matrices("qr", a)
    pivots: tuple[Any, ...] = ()
    if pivoting:
        order = orthogonal.qr_pivots(a)
        a = matrix_transpose(permute_rows(matrix_transpose(a), order, False))
        pivots = (order,)
    q, r = orthogonal.qr(a, "reduced" if mode == "economic" else "complete")
    return (r, *pivots) if mode == "r" else (q, r, *pivots)


# -- eigenvalues -----------------------------------------------------------------------------------


@follows_scipy("linalg")
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """Eigenvalues and eigenvectors of a Hermitian matrix, or of the pair (a, b).

    Parameters
    ----------
    a, b : array, shape (..., n, n)
        Hermitian, `b` positive definite; one triangle is read.
    lower : bool
        Which one.
    type : {1, 2, 3}
        a v = w b v, a b v = w v, or b a v = w v.
    subset_by_index : pair of int, optional
        The first and the last of the eigenvalues wanted.

    Notes
    -----
    Derivatives of eigenvectors keep their phase (`wengert.ops.linalg.eigen`); where eigenvalues
    coincide see docs/notes/degenerate-spectra.md.
    """
    if subset_by_value is not None:
        raise MissingRuleError(
            "eigh: subset_by_value has no derivative in Wengert: it finds a number of values.",
            got=f"subset_by_value={subset_by_value!r}",
            expected="subset_by_index, or all eigenvalues",
            try_="take all of them and select with np.where",
        )
    if type not in (1, 2, 3):
        raise ArgumentError(
            "eigh: there is no such type.", got=f"type={type!r}", expected="1, 2 or 3"
        )
    uplo = "L" if lower else "U"
    if b is None:
        a = as_square("eigh", a)
        factor = None
    else:
        a, factor, a_standard = _reduced_pair(a, b, bool(lower), type)
        a = a_standard
        uplo = "L"
    if eigvals_only and subset_by_index is None:
        return eigen.eigvalsh(a, uplo)
    w, v = eigen.eigh(a, uplo)
    if factor is not None:
        v = matmul(factor, v) if type == 3 else triangular_solve(factor, v, True, is_adjoint=True)
    if subset_by_index is not None:
        first, last = (int(i) for i in subset_by_index)
        w, v = w[..., first : last + 1], v[..., first : last + 1]
    return w if eigvals_only else (w, v)


def _reduced_pair(a: Any, b: Any, lower: bool, type: int) -> tuple[Any, Any, Any]:
    """The standard problem with the same eigenvalues: l^-1 a l^-H, or l^H a l, with b = l l^H."""
    a, b = as_square("eigh", a, b)
    if a.shape[-1] != b.shape[-1]:
        raise misfit("eigh", "a, b: [..., n, n]", a=a, b=b)
    hermitian = hermitian_from(a, lower)
    l = factor(b) if lower else adjoint(factor(b, upper=True))
    if type == 1:
        standard = solve_from_right(triangular_solve(l, hermitian, True), adjoint(l), False)
    else:
        standard = chain(adjoint(l), hermitian, l)
    return a, l, standard


@follows_scipy("linalg")
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """Eigenvalues of a Hermitian matrix, or of the pair (a, b), in ascending order."""
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        type=type,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )


def _only_right(name: str, b: Any, options: dict[str, bool]) -> None:
    wrong = [key for key, on in options.items() if on] + (["b"] if b is not None else [])
    if wrong:
        raise MissingRuleError(
            f"{name}: this form has no derivative in Wengert.",
            got=", ".join(wrong),
            expected="one matrix, right eigenvectors",
            try_="np.linalg.solve(b, a) for a pair; the inverse of v for left eigenvectors",
        )


@follows_scipy("linalg")
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Eigenvalues (complex) and unit eigenvectors of a general matrix."""
    _only_right("eig", b, {"left": left, "homogeneous_eigvals": homogeneous_eigvals})
    a = as_square("eig", a)
    w, v = bind(eigen.eig_p, a)
    if not right:
        return w
    return w, real(v) if eigen.is_real_result(a, w) else v


@follows_scipy("linalg")
def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Eigenvalues (complex) of a general matrix."""
    _only_right("eigvals", b, {"homogeneous_eigvals": homogeneous_eigvals})
    return bind(eigen.eigvals_p, as_square("eigvals", a))[0]


# -- singular values -------------------------------------------------------------------------------


@follows_scipy("linalg")
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """u, s and v^H of a = u diag(s) v^H, or `s` alone."""
    result = singular.svd(a, full_matrices, compute_uv)
    return tuple(result) if compute_uv else result


@follows_scipy("linalg")
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Singular values in descending order."""
    return singular.svdvals(a)


@follows_scipy("linalg")
def polar(a: Any, side: str = "right") -> tuple[Any, Any]:
    """u and p of a = u p (or a = p u): u with orthonormal columns or rows, p positive semidefinite.

    The derivative is right where singular values coincide; it needs them to be positive.
    """
    if side not in ("right", "left"):
        raise ArgumentError(
            "polar: side is neither.", got=f"side={side!r}", expected="'right' or 'left'"
        )
    a = as_matrices("polar", a)
    u, _, vh = singular.svd(a, full_matrices=False)
    unitary = matmul(u, vh)
    p = matmul(adjoint(unitary), a) if side == "right" else matmul(a, adjoint(unitary))
    return unitary, (p + adjoint(p)) / 2


def _rank(s: Any, shape: tuple[int, ...], rcond: Any) -> int:
    if rcond is None:
        rcond = float(np.finfo(s.dtype).eps * max(shape))
    count = np.sum(s > np.max(s, initial=0.0) * rcond)
    return int(count) if isinstance(count, Tracer) else int(as_operand(count))


@follows_scipy("linalg")
def orth(A: Any, rcond: float | None = None) -> Any:
    """An orthonormal basis of the column space; its size is a decision on the values."""
    a = as_matrices("orth", A)
    u, s, _ = singular.svd(a, full_matrices=False)
    return u[..., : _rank(s, a.shape, rcond)]


@follows_scipy("linalg")
def null_space(
    A: Any,
    rcond: float | None = None,
    *,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """An orthonormal basis of the null space; its size is a decision on the values.

    The derivative is that at constant rank, with a basis that turns as little as it can.
    """
    a = as_matrices("null_space", A)
    _, s, vh = singular.svd(a, full_matrices=True)
    return adjoint(vh[..., _rank(s, a.shape, rcond) :, :])
