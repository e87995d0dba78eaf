"""The native form of systems with few diagonals, by the LAPACK drivers that SciPy takes."""

from __future__ import annotations

from typing import Any

from wengert.ir.emission import Whole
from wengert.ops.linalg.failures import BAND_NOT_POSITIVE, SINGULAR_BAND
from wengert.ops.linalg.native_stacks import column_major, each, is_numeric


def _banded_solve(m: Any, ab: Any, b: Any, x: Any, *, lower: int, upper: int) -> None:
    kind, n, columns = x.kind, x.shape[-2], x.shape[-1]
    depth = 2 * lower + upper + 1  # exchanges of rows fill `lower` more diagonals
    band, moved = column_major(m, kind, depth, n), column_major(m, kind, n, columns)
    pivots, info = m.temporary("i4", (n,)), m.integer()
    given = m.view(band, (lower + upper + 1, n), band.strides, [(lower, band.strides[0])])
    with each(m, (ab, b, x), (2, 2, 2)) as (diagonals, right, result):
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
    band, moved = column_major(m, kind, depth, n), column_major(m, kind, n, columns)
    info = m.integer()
    uplo = "L" if is_lower else "U"
    with each(m, (ab, b, x), (2, 2, 2)) as (diagonals, right, result):
        m.copy(diagonals, band)
        m.copy(right, moved)
        m.library("lapack_pbsv", kind, uplo, n, depth - 1, columns, band, depth, moved, n, info)
        number = m.load(info, ())
        failed = m.b.compare("gt", number, m.b.constant(0, "i4"))
        m.fail_if(failed, BAND_NOT_POSITIVE, m.b.convert(number, "i8"))
        m.copy(moved, result)
    m.release(band, moved)


BANDED_SOLVE = Whole(_banded_solve, accepts=is_numeric)
HERMITIAN_BANDED_SOLVE = Whole(_hermitian_banded_solve, accepts=is_numeric)
