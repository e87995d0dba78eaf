"""Triangular systems, and the factorizations into triangles that rest on them.

    triangular_solve    a x = b with a triangular matrix
    cholesky            a = l l^H
    lu_factor           rows of a, permuted: l u, packed in one matrix

Sources: M. B. Giles, "Collected matrix derivative results" (2008); I. Murray, "Differentiation of
the Cholesky decomposition" (arXiv:1602.07527) for the operator Phi; M. Seeger et al.,
"Auto-differentiating linear algebra" (arXiv:1710.08717).
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define
from wengert.ops.core import add, full, neg, reshape, unfit
from wengert.ops.families import align_batch, linear
from wengert.ops.linalg.common import (
    adjoint,
    as_square,
    batch_leading,
    hermitian_from,
    over_stack,
    put_diagonal,
    stack_shape,
    sum_terms,
    triangle,
)
from wengert.ops.linalg.solve import on_columns
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

# -- triangular systems ----------------------------------------------------------------------------


def triangular_solve(
    a: Any, b: Any, lower: bool, is_adjoint: bool = False, has_unit_diagonal: bool = False
) -> Any:
    """Solve a x = b, or a^H x = b, reading only one triangle of `a`."""
    return bind(
        triangular_solve_p,
        a,
        b,
        lower=lower,
        is_adjoint=is_adjoint,
        has_unit_diagonal=has_unit_diagonal,
    )


def solve_from_right(b: Any, a: Any, lower: bool) -> Any:
    """b a^-1 for a triangular matrix `a`."""
    return adjoint(triangular_solve(a, adjoint(b), lower, is_adjoint=True))


@cache
def _trtrs(dtype: np.dtype[Any]) -> Any:
    lapack = importlib.import_module("scipy.linalg.lapack")
    return lapack.get_lapack_funcs(("trtrs",), dtype=dtype)[0]


def _solve_one(a: Any, b: Any, lower: bool, is_adjoint: bool, has_unit_diagonal: bool) -> Any:
    if b.size == 0:
        return b.copy()
    trtrs = _trtrs(a.dtype)
    if a.dtype.kind == "f" and a.flags.c_contiguous:
        # The transposed view is in LAPACK's memory order: no copy.
        x, info = trtrs(
            a.T, b, lower=not lower, trans=0 if is_adjoint else 1, unitdiag=has_unit_diagonal
        )
    else:
        x, info = trtrs(a, b, lower=lower, trans=2 * is_adjoint, unitdiag=has_unit_diagonal)
    if info > 0:
        raise np.linalg.LinAlgError(
            f"Singular matrix: the diagonal element {info - 1} of a triangular matrix is zero"
        )
    return x


def _triangular_solve(a: Any, b: Any, **params: bool) -> Any:
    if a.ndim == 2:
        return on_columns(lambda columns: _solve_one(a, columns, **params), b)
    return over_stack(lambda a, b: (_solve_one(a, b, **params),), (a, b), (2, 2))[0]


def _triangular_type(a: Type, b: Type, **params: bool) -> Type:
    return Type((*stack_shape("solve_triangular", a=a, b=b), *b.shape[-2:]), b.dtype)


def _triangular_jvp(
    args: Any, out: Any, tangents: Any, *, lower: bool, is_adjoint: bool, has_unit_diagonal: bool
) -> Any:
    da, db = tangents
    if da is not None:
        part = ("strict_" if has_unit_diagonal else "") + ("lower" if lower else "upper")
        da = triangle(da, part)
        da = neg(matmul(adjoint(da) if is_adjoint else da, out))
    return triangular_solve(args[0], sum_terms(db, da), lower, is_adjoint, has_unit_diagonal)


def _triangular_transpose(
    ct: Any, args: Any, *, lower: bool, is_adjoint: bool, has_unit_diagonal: bool
) -> Any:
    x = triangular_solve(args[0], ct, lower, not is_adjoint, has_unit_diagonal)
    return unfit(x, args[1])


def _triangular_render(ins: Any, params: Any) -> str:
    return (
        f"scipy.linalg.solve_triangular({ins[0]}, {ins[1]}, lower={params['lower']}, "
        f"trans={2 * params['is_adjoint']}, unit_diagonal={params['has_unit_diagonal']})"
    )


triangular_solve_p: Primitive = define(
    Primitive(
        "triangular_solve",
        _triangular_solve,
        _triangular_type,
        linear_in=(frozenset({1}),),
        jvp=_triangular_jvp,
        transpose={1: _triangular_transpose},
        batch=lambda size, args, is_batched, **params: (
            bind(triangular_solve_p, *align_batch(args, is_batched), **params),
            True,
        ),
        cost=lambda in_types, out_types, **params: in_types[0].shape[-1] * out_types[0].size,
        render=_triangular_render,
        facts={"reads": "one triangle of the matrix: the derivative in the other is zero"},
    )
)

# -- Cholesky --------------------------------------------------------------------------------------


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor l of a = l l^H, or u of a = u^H u.

    Like NumPy's it reads one triangle of `a` and the real part of the diagonal, so that the
    derivative in the other triangle is zero.
    """
    a = as_square("cholesky", a)
    if upper:
        return adjoint(bind(cholesky_p, adjoint(a)))
    return bind(cholesky_p, a)


def _cholesky_jvp(args: Any, out: Any, tangents: Any) -> Any:
    da = hermitian_from(tangents[0], True)
    inner = solve_from_right(triangular_solve(out, da, True), adjoint(out), False)
    return matmul(out, triangle(inner, "half_lower"))


cholesky_p: Primitive = define(
    Primitive(
        "cholesky",
        np.linalg.cholesky,
        lambda a: a,
        jvp=_cholesky_jvp,
        batch=batch_leading("cholesky"),
        cost=lambda in_types, out_types, **params: out_types[0].size * out_types[0].shape[-1] // 3,
        render=lambda ins, params: f"np.linalg.cholesky({ins[0]})",
        facts={"reads": "the lower triangle", "domain": "positive definite"},
    )
)

# -- LU --------------------------------------------------------------------------------------------


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


permute_rows_p: Primitive = linear(
    "permute_rows",
    _permute_rows,
    lambda x, permutation, *, is_inverse: Type(
        (*np.broadcast_shapes(x.shape[:-2], permutation.shape[:-1]), *x.shape[-2:]), x.dtype
    ),
    transpose={
        0: lambda ct, args, *, is_inverse: unfit(permute_rows(ct, args[1], not is_inverse), args[0])
    },
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
        batch=batch_leading("pivots_to_permutation"),
        gives_array=True,
        facts={"derivative": "zero: integers"},
    )
)
