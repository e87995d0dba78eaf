"""The native form of Cholesky factors, their derivatives, and triangular systems."""

from __future__ import annotations

from typing import Any

from wengert.ir.emission import Expand, Whole
from wengert.ops.linalg import native_small as straight
from wengert.ops.linalg.failures import NOT_POSITIVE, ZERO_ON_DIAGONAL
from wengert.ops.linalg.native_stacks import (
    cost,
    differs_from_zero,
    each,
    is_numeric,
    is_small,
    small,
)

WRITTEN_DIRECTLY = 64  # rows up to which derivatives are a few whole products, not blocks


def _cholesky(m: Any, a: Any, out: Any) -> None:
    if is_small(a):

        def compute(a: Any) -> Any:
            l, failed = straight.cholesky(m.b, a)
            m.fail_if(failed, NOT_POSITIVE)
            return (l,)

        small(m, (a,), (out,), (2, 2), compute)
        return
    n = a.shape[-1]
    zero = m.b.constant(0.0, out.kind)
    m.copy(a, out)
    with each(m, (out,), (2,), cost(0.1, n, n, n)) as (l,):
        info = m.integer()
        # In LAPACK's order the matrix is its transpose: its upper factor is our lower one.
        m.library("lapack_potrf", out.kind, "U", n, l, n, info)
        m.fail_if(differs_from_zero(m, info), NOT_POSITIVE)
        with m.loop(n - 1) as i, m.between(i + 1, n, n) as j:
            m.store(l, (i, j), zero)


def _triangular_solve(
    m: Any, a: Any, b: Any, x: Any, *, lower: bool, is_adjoint: bool, has_unit_diagonal: bool
) -> None:
    if is_small(a, b):

        def compute(a: Any, b: Any) -> Any:
            if not has_unit_diagonal:
                for i, row in enumerate(a):
                    zero = m.b.compare("eq", row[i], straight.constant(m.b, 0.0, row[i]))
                    m.fail_if(zero, ZERO_ON_DIAGONAL, m.b.index(i))
            return (straight.solve_triangle(m.b, a, b, lower, is_adjoint, has_unit_diagonal),)

        small(m, (a, b), (x,), (2, 2, 2), compute)
        return
    n, columns = x.shape[-2:]
    uplo, diag = "U" if lower else "L", "U" if has_unit_diagonal else "N"
    is_real = x.kind[0] == "f"
    with each(m, (a, b, x), (2, 2, 2), cost(0.1, n, n, columns)) as (matrix, given, result):
        if not has_unit_diagonal:
            with m.loop(n) as i:
                d = m.load(matrix, (i, i))
                zero = m.b.compare("eq", d, straight.constant(m.b, 0.0, d))
                m.fail_if(zero, ZERO_ON_DIAGONAL, m.number(i))
        m.copy(given, result)
        if columns == 1 and is_real:
            trans = "N" if is_adjoint else "T"
            m.library("blas_trsv", x.kind, uplo, trans, diag, n, matrix, n, result, 1)
        else:
            # In BLAS's order everything is transposed: x^T a^T = b^T.
            trans = "C" if is_adjoint else "N"
            args = (diag, columns, n, 1.0, matrix, n, result, columns)
            m.library("blas_trsm", x.kind, "R", uplo, trans, *args)


def _is_direct(in_types: Any, out_types: Any) -> bool:
    return is_numeric(in_types, out_types) and in_types[0].shape[-1] <= WRITTEN_DIRECTLY


def _push(l: Any, da: Any) -> Any:
    from wengert.ops.linalg.common import adjoint
    from wengert.ops.linalg.structure import hermitian_from, triangle
    from wengert.ops.linalg.triangular import triangular_solve
    from wengert.ops.matmul import matmul

    half = triangular_solve(l, hermitian_from(da, True), True)
    inner = triangular_solve(l, adjoint(half), True)
    return triangle(matmul(l, triangle(inner, "half_lower")), "lower")


def _pull(l: Any, ct: Any) -> Any:
    from wengert.ops.linalg.common import adjoint
    from wengert.ops.linalg.structure import fold_hermitian, triangle
    from wengert.ops.linalg.triangular import solve_from_right, triangular_solve
    from wengert.ops.matmul import matmul

    f = triangle(matmul(adjoint(l), ct), "half_lower")
    f = solve_from_right(triangular_solve(l, f, True, is_adjoint=True), l, True)
    return fold_hermitian(f, True)


CHOLESKY = Whole(_cholesky, accepts=is_numeric)
TRIANGULAR_SOLVE = Whole(_triangular_solve, accepts=is_numeric)
PUSH = Expand(_push, accepts=_is_direct)
PULL = Expand(_pull, accepts=_is_direct)
