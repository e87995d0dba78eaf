"""Linear systems as SciPy solves them: general, structured, by a factorization at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, convert, reshape
from wengert.ops.linalg import least_squares
from wengert.ops.linalg import norm as norms
from wengert.ops.linalg import solve as systems
from wengert.ops.linalg.cholesky import cholesky
from wengert.ops.linalg.common import adjoint, as_matrices, as_square, misfit, require_square
from wengert.ops.linalg.determinant import det as determinant
from wengert.ops.linalg.lu import permute_rows, pivots_to_permutation, unpack_lu
from wengert.ops.linalg.structure import hermitian_from, take_diagonal, triangle
from wengert.ops.linalg.svd import svdvals
from wengert.ops.linalg.triangular import triangular_solve
from wengert.ops.matmul import matrix_transpose
from wengert.scipy.dispatch import follows_scipy

_STRUCTURES = {
    "gen": "gen",
    "general": "gen",
    "banded": "gen",
    "tridiagonal": "tridiagonal",
    "diagonal": "diagonal",
    "sym": "sym",
    "symmetric": "sym",
    "her": "her",
    "hermitian": "her",
    "pos": "pos",
    "positive definite": "pos",
    "upper triangular": "upper triangular",
    "lower triangular": "lower triangular",
}


def with_columns(name: str, a: Any, b: Any, function: Callable[[Any, Any], Any]) -> Any:
    """`function(a, columns)` where `b` may be a vector."""
    b = as_operand(b)
    is_vector = len(b.shape) == 1
    a, columns = as_matrices(name, a, reshape(b, (*b.shape, 1)) if is_vector else b)
    require_square(name, a)
    if a.shape[-1] != columns.shape[-2]:
        raise misfit(name, "a: [..., n, n], b: [n] or [..., n, k]", a=a, b=b)
    x = function(a, columns)
    return reshape(x, x.shape[:-1]) if is_vector else x


def transposition(name: str, trans: Any) -> int:
    """0, 1 or 2 for SciPy's `trans`: none, transposed, conjugate transposed."""
    found = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}.get(trans)
    if found is None:
        raise ArgumentError(
            f"{name}: trans names no transposition.",
            got=f"trans={trans!r}",
            expected="0 or 'N', 1 or 'T', 2 or 'C'",
        )
    return found


def in_double(x: Any) -> Any:
    """`x` in double precision, where SciPy computes in it whatever the operand's."""
    return convert(x, "D" if x.dtype.kind == "c" else "d")


@follows_scipy("linalg")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """The solution x of a x = b.

    Parameters
    ----------
    a : array, shape (..., n, n)
    b : array, shape (n,) or (..., n, k)
    lower : bool
        Which triangle is read where `assume_a` says that one is enough.
    assume_a : str, optional
        "gen", "sym", "her", "pos" and SciPy's other words. The derivative in elements that the
        assumption leaves unread is zero.
    transposed : bool
        Solve with the transposed matrix.

    Raises
    ------
    numpy.linalg.LinAlgError
        If `a` is singular, or not positive definite where "pos" says so.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import linalg
    >>> a = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> wg.grad(lambda b: np.sum(linalg.solve(a, b, assume_a="pos")))(np.array([1.0, 2.0]))
    array([0.18181818, 0.27272727])
    """
    structure = _STRUCTURES.get("gen" if assume_a is None else assume_a)
    if structure is None:
        raise ArgumentError(
            "solve: assume_a names no structure.",
            got=f"assume_a={assume_a!r}",
            expected="one of " + ", ".join(sorted(_STRUCTURES)),
        )

    def run(a: Any, b: Any) -> Any:
        if transposed and structure != "gen":
            # SciPy transposes what it has read: the triangle is chosen before.
            return conj(_structured(a, conj(b), structure, lower, True))
        return _structured(matrix_transpose(a) if transposed else a, b, structure, lower, False)

    return with_columns("solve", a, b, run)


def _structured(a: Any, b: Any, structure: str, lower: bool, is_adjoint: bool) -> Any:
    """a x = b, or a^H x = b, reading of `a` what its structure needs."""
    if structure == "pos":
        # A Hermitian matrix is its own adjoint.
        return _cholesky_solve(cholesky(a, upper=not lower), b, lower)
    if structure.endswith("triangular"):
        return triangular_solve(a, b, structure.startswith("lower"), is_adjoint)
    if structure == "diagonal":
        d = take_diagonal(a)
        return b / reshape(conj(d) if is_adjoint else d, (*d.shape, 1))
    if structure == "tridiagonal":
        a = np.triu(np.tril(a, 1), -1)
    elif structure == "her":
        a = hermitian_from(a, bool(lower))
    elif structure == "sym":
        one = triangle(a, "strict_lower" if lower else "strict_upper")
        a = triangle(triangle(a, "lower"), "upper") + one + matrix_transpose(one)
    return systems.solve_columns(adjoint(a) if is_adjoint else a, b)


@follows_scipy("linalg")
def solve_triangular(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """The solution x of a x = b for a triangular matrix, of which one triangle is read.

    Parameters
    ----------
    a : array, shape (..., n, n)
    b : array, shape (n,) or (..., n, k)
    trans : {0, 1, 2, "N", "T", "C"}
        Solve with a, its transpose, or its conjugate transpose.
    lower : bool
        Whether the lower triangle is read; the derivative in the other is zero.
    unit_diagonal : bool
        Take the diagonal to be one, unread.
    """
    kind = transposition("solve_triangular", trans)

    def run(a: Any, b: Any) -> Any:
        if kind == 1:  # a^T x = b is a^H conj(x) = conj(b)
            return conj(triangular_solve(a, conj(b), bool(lower), True, bool(unit_diagonal)))
        return triangular_solve(a, b, bool(lower), kind == 2, bool(unit_diagonal))

    return with_columns("solve_triangular", a, b, run)


def _cholesky_solve(c: Any, b: Any, lower: bool) -> Any:
    """(l l^H) x = b or (u^H u) x = b."""
    half = triangular_solve(c, b, lower, is_adjoint=not lower)
    return triangular_solve(c, half, lower, is_adjoint=lower)


@follows_scipy("linalg")
def cho_solve(
    c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """The solution x of a x = b from the Cholesky factor that `cho_factor` gave."""
    c, lower = c_and_lower
    return with_columns("cho_solve", c, b, lambda c, b: _cholesky_solve(c, b, bool(lower)))


@follows_scipy("linalg")
def lu_solve(
    lu_and_piv: Any,
    b: Any,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """The solution x of a x = b (or of the transposed system) from what `lu_factor` gave."""
    packed, pivots = lu_and_piv
    kind = transposition("lu_solve", trans)

    def run(packed: Any, b: Any) -> Any:
        p = pivots_to_permutation(pivots, packed.shape[-1])
        lower, upper = unpack_lu(packed)
        if kind == 0:
            b = permute_rows(b, p, False)
            half = triangular_solve(lower, b, True, has_unit_diagonal=True)
            return triangular_solve(upper, half, False)
        b = conj(b) if kind == 1 else b
        half = triangular_solve(upper, b, False, is_adjoint=True)
        x = triangular_solve(lower, half, True, is_adjoint=True, has_unit_diagonal=True)
        x = permute_rows(x, p, True)
        return conj(x) if kind == 1 else x

    return with_columns("lu_solve", packed, b, run)


# -- inverse and relatives -------------------------------------------------------------------------


@follows_scipy("linalg")
def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: str | None = None,
    lower: bool = False,
) -> Any:
    """The inverse; with `assume_a`, of the matrix that its structure says."""
    if assume_a in (None, "gen", "general"):
        return systems.inv(a)
    a = as_square("inv", a)
    return solve(a, convert(np.eye(a.shape[-1]), a.dtype), lower=lower, assume_a=assume_a)


@follows_scipy("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The determinant, in double precision; its derivative exists for singular matrices too."""
    return determinant(in_double(as_square("det", a)))


@follows_scipy("linalg")
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """The pseudo-inverse, singular values up to atol + rtol s[0] left out; constant rank."""
    a = as_matrices("pinv", a)
    if rtol is None:
        rtol = float(max(a.shape[-2:]) * np.finfo(a.dtype).eps) if atol is None else 0.0
    cutoff = rtol
    if atol is not None:
        s = svdvals(a)
        cutoff = rtol + atol / s[..., 0]
    result = least_squares.pinv(a, cutoff)
    if not return_rank:
        return result
    s = svdvals(a)
    limit = (np.asarray(cutoff) if not hasattr(cutoff, "shape") else cutoff) * s[..., 0]
    return result, np.sum(s > reshape(limit, (*limit.shape, 1)), axis=-1)


@follows_scipy("linalg")
def lstsq(
    a: Any,
    b: Any,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> Any:
    """The least-squares solution of smallest norm, the residuals, the rank, the singular values."""
    a = as_matrices("lstsq", a)
    rcond = float(np.finfo(a.dtype).eps if cond is None else cond)
    x, residuals, rank, s = least_squares.lstsq(a, b, rcond)
    if len(np.shape(b)) == 1 and residuals.shape == (1,):
        residuals = residuals[0]
    return x, residuals, rank, s


@follows_scipy("linalg")
def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    """The norm of a vector or matrix, as `numpy.linalg.norm`."""
    return norms.norm(a, ord, axis, keepdims)
