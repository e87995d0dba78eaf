"""Matrices constant along diagonals: a[i, j] = c[i - j] below, r[j - i] above the diagonal.

toeplitz         the matrix from its first column and row; the adjoint sums along diagonals
toeplitz_solve   by Levinson's recursion, in O(n^2)
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.dependence import COLLECTS, COPIES, Mixes
from wengert.ir.emission import Pull, Whole
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import neg, reshape, unfit, zeros_of
from wengert.ops.families import linear
from wengert.ops.linalg.common import adjoint, batch_leading, over_stack, sum_terms
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind
from wengert.types import Type

# -- a matrix from the values on its diagonals -----------------------------------------------------


def from_diagonals(v: Any, n_rows: int) -> Any:
    """The matrix a[i, j] = v[n_rows - 1 - i + j]: the values from the lowest diagonal upward."""
    return bind(from_diagonals_p, v, n_rows=n_rows)


def _from_diagonals(v: Any, *, n_rows: int) -> Any:
    n_columns = v.shape[-1] - n_rows + 1
    windows = np.lib.stride_tricks.sliding_window_view(v, n_columns, axis=-1)
    return windows[..., ::-1, :].copy()


def sum_diagonals(a: Any) -> Any:
    """The adjoint of `from_diagonals`: the sum along each diagonal, from the lowest upward."""
    return bind(sum_diagonals_p, a)


def _sum_diagonals(a: Any) -> Any:
    m, n = a.shape[-2:]
    result = np.zeros((*a.shape[:-2], m + n - 1), a.dtype)
    for i in range(m):
        result[..., m - 1 - i : m - 1 - i + n] += a[..., i, :]
    return result


def _emit_sum_diagonals(m: Any, a: Any, out: Any) -> None:
    """Row by row, each added where its diagonals are."""
    m.fill_zero(out)
    rows, columns = a.shape[-2:]

    def add(at: Any) -> None:
        *stack, i, j = at
        place = (*stack, j - i + (rows - 1))
        m.store(out, place, m.b.add(m.load(out, place), m.load(a, at)))

    m.each((*a.shape[:-1], columns), add)


from_diagonals_p: Primitive = linear(
    "from_diagonals",
    _from_diagonals,
    lambda v, *, n_rows: Type((*v.shape[:-1], n_rows, v.shape[-1] - n_rows + 1), v.dtype),
    transpose={0: lambda ct, args, *, n_rows: sum_diagonals(ct)},
    batch=batch_leading("from_diagonals"),
    emit=Pull(lambda k, at, *, n_rows: k.read(0, (*at[:-2], at[-1] - at[-2] + (n_rows - 1)))),
    sparsity=COPIES,
)
sum_diagonals_p: Primitive = linear(
    "sum_diagonals",
    _sum_diagonals,
    lambda a: Type((*a.shape[:-2], a.shape[-2] + a.shape[-1] - 1), a.dtype),
    transpose={0: lambda ct, args: from_diagonals(ct, args[0].shape[-2])},
    batch=batch_leading("sum_diagonals"),
    emit=Whole(lambda m, a, out: _emit_sum_diagonals(m, a, out)),
    sparsity=COLLECTS,
)


def toeplitz(c: Any, r: Any) -> Any:
    """The matrix with first column `c` and first row `r` (whose first element is not read)."""
    values = np.concatenate([c[..., ::-1], r[..., 1:]], axis=-1)
    return from_diagonals(values, c.shape[-1])


# -- systems ---------------------------------------------------------------------------------------


def toeplitz_solve(c: Any, r: Any, b: Any, is_adjoint: bool = False) -> Any:
    """Solve a x = b, or a^H x = b, for a = toeplitz(c, r) and columns `b`."""
    return bind(toeplitz_solve_p, c, r, b, is_adjoint=is_adjoint)


def _toeplitz_solve(c: Any, r: Any, b: Any, *, is_adjoint: bool) -> Any:
    solve = importlib.import_module("scipy.linalg").solve_toeplitz

    def one(c: Any, r: Any, b: Any) -> Any:
        if not b.size:
            return (b.copy(),)
        if is_adjoint:
            first = c[:1]
            c, r = np.conj(np.concatenate([first, r[1:]])), np.conj(np.concatenate([first, c[1:]]))
        return (np.asarray(solve((c, r), b, check_finite=False), b.dtype),)

    return over_stack(one, (c, r, b), (1, 1, 2))[0]


def _toeplitz_solve_jvp(args: Any, out: Any, tangents: Any, *, is_adjoint: bool) -> Any:
    c, r, _ = args
    dc, dr, db = tangents
    moved = None
    if dc is not None or dr is not None:
        da = toeplitz(zeros_of(c) if dc is None else dc, zeros_of(r) if dr is None else dr)
        moved = neg(matmul(adjoint(da) if is_adjoint else da, out))
    return toeplitz_solve(c, r, sum_terms(db, moved), is_adjoint)


def _toeplitz_solve_batch(size: int, args: Any, is_batched: Any, *, is_adjoint: bool) -> Any:
    c, r, b = args
    # Vectors get an axis, so that all three line up with stacks of matrices.
    rows = list(zip(args, is_batched, (1, 1, 2), strict=True))
    n_stack = max(len(x.shape) - on - k for x, on, k in rows)
    aligned = [
        reshape(x, (size, *(1,) * (n_stack + k + 1 - len(x.shape)), *x.shape[1:])) if on else x
        for x, on, k in rows
    ]
    return bind(toeplitz_solve_p, *aligned, is_adjoint=is_adjoint), True


def _toeplitz_solve_type(c: Type, r: Type, b: Type, *, is_adjoint: bool) -> Type:
    stack = np.broadcast_shapes(c.shape[:-1], r.shape[:-1], b.shape[:-2])
    return Type((*stack, *b.shape[-2:]), b.dtype)


toeplitz_solve_p: Primitive = define(
    Primitive(
        "toeplitz_solve",
        _toeplitz_solve,
        _toeplitz_solve_type,
        linear_in=(frozenset({2}),),
        jvp=_toeplitz_solve_jvp,
        transpose={
            2: lambda ct, args, *, is_adjoint: unfit(
                toeplitz_solve(args[0], args[1], ct, not is_adjoint), args[2]
            )
        },
        batch=_toeplitz_solve_batch,
        cost=lambda in_types, out_types, **params: 4 * out_types[0].size * in_types[0].shape[-1],
        facts={"domain": "all leading minors nonsingular, as Levinson's recursion needs"},
        emit=Unsupported("SciPy's recursion computes it"),
        sparsity=Mixes((-2,)),
    )
)
