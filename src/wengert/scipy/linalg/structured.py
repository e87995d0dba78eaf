"""Systems whose matrix is given by a few diagonals, or by its first column and row."""

from __future__ import annotations

from typing import Any

from wengert.errors import ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, convert, reshape
from wengert.ops.linalg import banded, toeplitz
from wengert.ops.linalg.common import describe, float_dtype
from wengert.ops.matmul import matmul
from wengert.scipy.dispatch import follows_scipy

# -- few diagonals ---------------------------------------------------------------------------------


def _band_and_columns(name: str, ab: Any, b: Any, n_rows: int | None) -> tuple[Any, Any, bool]:
    ab, b = as_operand(ab), as_operand(b)
    dtype = float_dtype(name, ab, b)
    is_vector = len(b.shape) == 1
    columns = reshape(b, (*b.shape, 1)) if is_vector else b
    if (
        len(ab.shape) < 2
        or len(columns.shape) < 2
        or ab.shape[-1] != columns.shape[-2]
        or (n_rows is not None and ab.shape[-2] != n_rows)
    ):
        raise ShapeError(
            f"{name}: the diagonals and the right-hand side do not fit.",
            got=describe(ab=ab, b=b),
            expected=f"ab: [..., {n_rows or 'u + 1'}, n], b: [n] or [..., n, k]",
        )
    return convert(ab, dtype), convert(columns, dtype), is_vector


@follows_scipy("linalg")
def solve_banded(
    l_and_u: tuple[int, int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """The solution x of a x = b for a matrix with l diagonals below and u above the main one.

    Parameters
    ----------
    l_and_u : pair of int
    ab : array, shape (..., l + u + 1, n)
        ab[u + i - j, j] = a[i, j]; the derivative in elements outside of `a` is zero.
    b : array, shape (n,) or (..., n, k)

    Notes
    -----
    The value and every derivative cost O((l + u) n).
    """
    lower, upper = (int(k) for k in l_and_u)
    ab, columns, is_vector = _band_and_columns("solve_banded", ab, b, lower + upper + 1)
    x = banded.banded_solve(ab, columns, lower, upper)
    return reshape(x, x.shape[:-1]) if is_vector else x


@follows_scipy("linalg")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """The solution x of a x = b for a Hermitian positive definite band, of which half is stored."""
    ab, columns, is_vector = _band_and_columns("solveh_banded", ab, b, None)
    x = banded.hermitian_banded_solve(ab, columns, bool(lower))
    return reshape(x, x.shape[:-1]) if is_vector else x


# -- constant diagonals ----------------------------------------------------------------------------


def _column_and_row(name: str, c_or_cr: Any, *others: Any) -> tuple[Any, ...]:
    if isinstance(c_or_cr, tuple):
        c, r = (as_operand(v) for v in c_or_cr)
    else:
        c = as_operand(c_or_cr)
        r = conj(c)
    operands = [as_operand(x) for x in (c, r, *others)]
    float_dtype(name, *operands)
    dtype = "D" if any(x.dtype.kind == "c" for x in operands) else "d"
    return tuple([convert(x, dtype) for x in operands])


@follows_scipy("linalg")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """The solution x of toeplitz(c, r) x = b by Levinson's recursion, in O(n^2)."""
    c, r, b = _column_and_row("solve_toeplitz", c_or_cr, b)
    is_vector = len(b.shape) == 1
    columns = reshape(b, (*b.shape, 1)) if is_vector else b
    if not c.shape[-1] == r.shape[-1] == columns.shape[-2]:
        raise ShapeError(
            "solve_toeplitz: the column, the row and the right-hand side do not fit.",
            got=describe(c=c, r=r, b=b),
            expected="c: [n], r: [n], b: [n] or [n, k]",
        )
    x = toeplitz.toeplitz_solve(c, r, columns)
    return reshape(x, x.shape[:-1]) if is_vector else x


@follows_scipy("linalg")
def matmul_toeplitz(
    c_or_cr: Any, x: Any, check_finite: bool = False, workers: int | None = None
) -> Any:
    """toeplitz(c, r) @ x."""
    c, r, x = _column_and_row("matmul_toeplitz", c_or_cr, x)
    return matmul(toeplitz.toeplitz(c, r), x)
