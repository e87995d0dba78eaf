"""The native form of matrices with few diagonals: systems by LAPACK, products element by element.

A stored row i holds the diagonal d = upper - i: its element in column j is a[j - d, j].
"""

from __future__ import annotations

from typing import Any

from wengert.ir.emission import Pull, Reduce, Whole
from wengert.ops.linalg.failures import BAND_NOT_POSITIVE, SINGULAR_BAND
from wengert.ops.linalg.native_stacks import column_major, cost, each, is_numeric
from wengert.ops.matmul import broadcast_stack

# -- systems ---------------------------------------------------------------------------------------


def _banded_solve(m: Any, ab: Any, b: Any, x: Any, *, lower: int, upper: int) -> None:
    kind, n, columns = x.kind, x.shape[-2], x.shape[-1]
    depth = 2 * lower + upper + 1  # exchanges of rows fill `lower` more diagonals
    ns = cost(2.0, n, depth, lower + columns)
    with each(m, (ab, b, x), (2, 2, 2), ns) as (diagonals, right, result):
        band, moved = column_major(m, kind, depth, n), column_major(m, kind, n, columns)
        pivots, info = m.temporary("i4", (n,)), m.integer()
        given = m.view(band, (lower + upper + 1, n), band.strides, [(lower, band.strides[0])])
        m.copy(diagonals, given)
        m.copy(right, moved)
        m.library(
            "lapack_gbsv", kind, n, lower, upper, columns, band, depth, pivots, moved, n, info
        )
        m.fail_if(m.b.compare("gt", m.load(info, ()), m.b.constant(0, "i4")), SINGULAR_BAND)
        m.copy(moved, result)
        m.release(band, moved, pivots)


def _hermitian_banded_solve(m: Any, ab: Any, b: Any, x: Any, *, is_lower: bool) -> None:
    kind, n, columns = x.kind, x.shape[-2], x.shape[-1]
    depth = ab.shape[-2]
    uplo = "L" if is_lower else "U"
    ns = cost(2.0, n, depth, columns + 1)
    with each(m, (ab, b, x), (2, 2, 2), ns) as (diagonals, right, result):
        band, moved = column_major(m, kind, depth, n), column_major(m, kind, n, columns)
        info = m.integer()
        m.copy(diagonals, band)
        m.copy(right, moved)
        m.library("lapack_pbsv", kind, uplo, n, depth - 1, columns, band, depth, moved, n, info)
        number = m.load(info, ())
        failed = m.b.compare("gt", number, m.b.constant(0, "i4"))
        m.fail_if(failed, BAND_NOT_POSITIVE, m.b.convert(number, "i8"))
        m.copy(moved, result)
        m.release(band, moved)


# -- products --------------------------------------------------------------------------------------


def _inside(k: Any, i: Any, n: int) -> tuple[Any, Any]:
    """Whether a column or row exists, and one that does."""
    return k.is_in(i, 0, n), k.clamp(i, 0, n)


def _product(k: Any, at: Any, r: Any, *, lower: int, upper: int) -> Any:
    ab, x = k.shape(0), k.shape(1)
    exists, j = _inside(k, at[-2] - r[0] + upper, ab[-1])
    stack_ab, stack_x = (broadcast_stack(at[:-2], shape[:-2]) for shape in (ab, x))
    term = k.b.mul(
        k.read_as_result(0, (*stack_ab, r[0], j)), k.read_as_result(1, (*stack_x, j, at[-1]))
    )
    return k.b.select(exists, term, k.constant(0))


def _outer(k: Any, at: Any, r: Any, *, lower: int, upper: int) -> Any:
    y, x = k.shape(0), k.shape(1)
    exists, row = _inside(k, at[-1] + at[-2] - upper, y[-2])
    stack_y, stack_x = (broadcast_stack(at[:-2], shape[:-2]) for shape in (y, x))
    term = k.b.mul(
        k.read_as_result(0, (*stack_y, row, r[0])),
        k.read_as_result(1, (*stack_x, at[-1], r[0])),
    )
    return k.b.select(exists, term, k.constant(0))


def _transpose(k: Any, at: Any, *, lower: int, upper: int) -> Any:
    exists, j = _inside(k, at[-1] + at[-2] - lower, k.shape(0)[-1])
    i = at[-2] * -1 + (lower + upper)
    return k.b.select(exists, k.read(0, (*at[:-2], i, j)), k.constant(0))


def _whole_band(k: Any, at: Any, *, is_lower: bool) -> Any:
    """A diagonal is stored, or the conjugate of one that is."""
    *_, depth, n = k.shape(0)
    d = at[-2] - (depth - 1)  # positive below the main diagonal
    is_below, is_main = k.is_in(d, 0, depth), k.is_in(d, 0, 1)

    def stored(d: Any, shift: Any) -> Any:
        d = k.clamp(d, 0, depth)
        exists, column = _inside(k, at[-1] + shift, n)
        x = k.read(0, (*at[:-2], d if is_lower else (depth - 1) - d, column))
        return exists, x

    # With the lower half stored, column j holds a[j + d, j]; with the upper one, a[j - d, j].
    if is_lower:
        exists, x = stored(d, 0)
        exists = k.b.and_(exists, k.is_in(at[-1] + d, 0, n))
        mirrored, y = stored(d * -1, d)
        y = k.b.conj(y)
    else:
        exists, x = stored(d, d)
        x = k.b.conj(x)
        mirrored, y = stored(d * -1, 0)
        mirrored = k.b.and_(mirrored, k.is_in(at[-1] + d, 0, n))
    zero = k.constant(0)
    value = k.b.select(is_below, k.b.select(exists, x, zero), k.b.select(mirrored, y, zero))
    return k.b.select(is_main, _real(k, value), value)


def _real(k: Any, x: Any) -> Any:
    return k.b.convert(x.re, x.kind) if x.kind[0] == "c" else x


def _fold_band(k: Any, at: Any, *, is_lower: bool) -> Any:
    """Both diagonals of a pair added into the stored one."""
    *_, rows, n = k.shape(0)
    upper = rows // 2
    d = at[-2] if is_lower else (at[-2] * -1 + upper)
    exists, column = _inside(k, at[-1] + d if is_lower else at[-1] - d, n)
    own = k.read(0, (*at[:-2], upper + d if is_lower else (d * -1 + upper), at[-1]))
    other = k.read(0, (*at[:-2], (d * -1 + upper) if is_lower else upper + d, column))
    both = k.b.select(exists, k.b.add(own, k.b.conj(other)), k.constant(0))
    return k.b.select(k.is_in(d, 0, 1), _real(k, own), both)


PRODUCT = Reduce("sum", lambda k, *, lower, upper: (lower + upper + 1,), _product)
OUTER = Reduce("sum", lambda k, *, lower, upper: k.shape(1)[-1:], _outer)
TRANSPOSE = Pull(_transpose)
WHOLE_BAND = Pull(_whole_band)
FOLD_BAND = Pull(_fold_band)
BANDED_SOLVE = Whole(_banded_solve, accepts=is_numeric)
HERMITIAN_BANDED_SOLVE = Whole(_hermitian_banded_solve, accepts=is_numeric)
