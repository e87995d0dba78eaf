"""LU factorization with row exchanges, and the permutations that describe them.

    lu_factor              rows of a, permuted: l u, packed in one matrix
    permute_rows           by a permutation that may depend on the matrix
    pivots_to_permutation

Source: M. Seeger et al., "Auto-differentiating linear algebra" (arXiv:1710.08717), for the square
block; the rest of a tall or wide matrix follows from it.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.dependence import COPIES, Mixes
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import add, full, reshape, unfit
from wengert.ops.families import align_batch, linear
from wengert.ops.linalg import native_solve
from wengert.ops.linalg.common import batch_leading, over_stack
from wengert.ops.linalg.structure import put_diagonal, triangle
from wengert.ops.linalg.triangular import solve_from_right, triangular_solve
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind
from wengert.types import Type


def lu_factor(a: Any) -> Any:
    """L and U of the row-permuted matrix packed in one, LAPACK's pivots, and the permutation.

    The permutation `p` is such that a[p] = l u; it is locally constant.
    """
    return bind(lu_factor_p, a)


def _lu_factor(a: Any) -> Any:
    return tuple(over_stack(_lu_one, (a,), (2,)))


def _lu_one(a: Any) -> Any:
    m, n = a.shape
    if a.size == 0:
        return a.copy(), np.zeros(0, np.int32), np.arange(m)
    lapack = importlib.import_module("scipy.linalg.lapack")
    packed, pivots, _ = lapack.get_lapack_funcs(("getrf",), dtype=a.dtype)[0](a)
    return packed, pivots, _pivots_to_permutation(pivots, n=m)


def _lu_type(a: Type) -> tuple[Type, Type, Type]:
    *stack, m, n = a.shape
    return a, Type((*stack, min(m, n)), np.int32), Type((*stack, m), np.int64)


def unpack_lu(packed: Any) -> tuple[Any, Any]:
    """The unit lower factor [m, k] and the upper factor [k, n] of a packed matrix [m, n]."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    ones = full((*packed.shape[:-2], k), 1.0, packed.dtype)
    lower = add(triangle(packed[..., :, :k], "strict_lower"), put_diagonal(ones, (m, k)))
    return lower, triangle(packed[..., :k, :], "upper")


def _lu_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """With w = l^-1 da[p] u^-1: dl = l tril(w, -1), du = triu(w) u; both lie side by side in d(lu).

    For a tall or wide matrix the square block comes first, the rest follows from it.
    """
    packed, _, permutation = out
    m, n = packed.shape[-2:]
    k = min(m, n)
    da = permute_rows(tangents[0], permutation, False)
    lower, upper = unpack_lu(packed)
    l1, u1 = lower[..., :k, :], upper[..., :, :k]
    w = solve_from_right(
        triangular_solve(l1, da[..., :k, :k], True, has_unit_diagonal=True), u1, False
    )
    dl1, du1 = matmul(l1, triangle(w, "strict_lower")), matmul(triangle(w, "upper"), u1)
    d_packed = dl1 + du1
    if m > k:
        below = solve_from_right(da[..., k:, :] - matmul(lower[..., k:, :], du1), u1, False)
        d_packed = np.concatenate([d_packed, below], axis=-2)
    if n > k:
        right = da[..., :, k:] - matmul(dl1, upper[..., :, k:])
        right = triangular_solve(l1, right, True, has_unit_diagonal=True)
        d_packed = np.concatenate([d_packed, right], axis=-1)
    return d_packed, None, None


lu_factor_p: Primitive = define(
    Primitive(
        "lu_factor",
        _lu_factor,
        _lu_type,
        jvp=_lu_jvp,
        emit=native_solve.LU,
        batch=lambda size, args, is_batched: (bind(lu_factor_p, *args), (True,) * 3),
        cost=lambda in_types, out_types, **params: (
            2 * in_types[0].size * min(in_types[0].shape[-2:]) // 3
        ),
        is_multiple=True,
        facts={"domain": "the leading square block of the permuted matrix is nonsingular"},
    )
)


def permute_rows(x: Any, permutation: Any, is_inverse: bool) -> Any:
    """x[..., p, :], or its inverse, which writes the rows back to their places."""
    return bind(permute_rows_p, x, permutation, is_inverse=is_inverse)


def _permute_rows(x: Any, permutation: Any, *, is_inverse: bool) -> Any:
    order = np.argsort(permutation, axis=-1) if is_inverse else permutation
    stack = np.broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = np.broadcast_to(x, stack + x.shape[-2:])
    return np.take_along_axis(x, np.broadcast_to(order, stack + order.shape[-1:])[..., None], -2)


def _permute_rows_batch(size: int, args: Any, is_batched: Any, *, is_inverse: bool) -> Any:
    x, permutation = args
    columns = reshape(permutation, (*permutation.shape, 1))
    x, columns = align_batch((x, columns), is_batched)
    return permute_rows(x, reshape(columns, columns.shape[:-1]), is_inverse), True


def _permute_rows_sparsity(k: Flow, *, is_inverse: bool) -> Any:
    if k.values[1] is None:  # any row may come to any place
        return Mixes((-2,))(k)
    return COPIES(k, is_inverse=is_inverse)


permute_rows_p: Primitive = linear(
    "permute_rows",
    _permute_rows,
    lambda x, permutation, *, is_inverse: Type(
        (*np.broadcast_shapes(x.shape[:-2], permutation.shape[:-1]), *x.shape[-2:]), x.dtype
    ),
    transpose={
        0: lambda ct, args, *, is_inverse: unfit(permute_rows(ct, args[1], not is_inverse), args[0])
    },
    emit=native_solve.PERMUTE_ROWS,
    sparsity=_permute_rows_sparsity,
    batch=_permute_rows_batch,
    gives_array=True,
)


def pivots_to_permutation(pivots: Any, n: int) -> Any:
    """The permutation of `n` rows that LAPACK's row exchanges make, one after the other."""
    return bind(pivots_to_permutation_p, pivots, n=int(n))


def _pivots_to_permutation(pivots: Any, *, n: int) -> Any:
    def one(pivots: Any) -> Any:
        permutation = np.arange(n)
        for i, j in enumerate(pivots):
            permutation[[i, j]] = permutation[[j, i]]
        return (permutation,)

    return over_stack(one, (pivots,), (1,))[0]


pivots_to_permutation_p: Primitive = define(
    Primitive(
        "pivots_to_permutation",
        _pivots_to_permutation,
        lambda pivots, *, n: Type((*pivots.shape[:-1], n), np.int64),
        emit=native_solve.PERMUTATION,
        batch=batch_leading("pivots_to_permutation"),
        cost=lambda in_types, out_types, **params: 0,
        gives_array=True,
        facts={"derivative": "zero: integers"},
    )
)
