"""Systems with few diagonals, in LAPACK's storage: ab[u + i - j, j] = a[i, j].

    solve_banded     general, l diagonals below and u above
    solveh_banded    Hermitian positive definite, one half stored
    banded_product, banded_outer    a x, and its adjoint in the stored diagonals
    banded_transpose                the stored diagonals of the transposed matrix
    hermitian_band                  the whole band from one half

All cost O((l + u) n), their derivatives too.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.ir.dependence import COLLECTS, COPIES, MOVES, Mixes
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, define
from wengert.ir.unions import unions_of
from wengert.ops.core import conj, neg, unfit
from wengert.ops.families import bilinear, linear
from wengert.ops.linalg import native_banded
from wengert.ops.linalg.common import (
    batch_leading,
    batch_stacks,
    over_stack,
    stack_shape,
    sum_terms,
)
from wengert.trace.tracer import bind
from wengert.types import Type


def _row(i: int, n: int, upper: int) -> tuple[slice, slice]:
    """Where diagonal `upper - i` has its elements: columns, and the rows of the matrix."""
    d = upper - i  # positive above the main diagonal: a[j - d, j]
    columns = slice(max(d, 0), min(n, n + d))
    return columns, slice(max(d, 0) - d, min(n, n + d) - d)


# -- products with a band --------------------------------------------------------------------------


def banded_product(ab: Any, x: Any, lower: int, upper: int) -> Any:
    """a x for the matrix stored in `ab`."""
    return bind(banded_product_p, ab, x, lower=lower, upper=upper)


def _banded_product(ab: Any, x: Any, *, lower: int, upper: int) -> Any:
    n = ab.shape[-1]
    stack = np.broadcast_shapes(ab.shape[:-2], x.shape[:-2])
    result = np.zeros(stack + x.shape[-2:], np.result_type(ab, x))
    for i in range(lower + upper + 1):
        columns, rows = _row(i, n, upper)
        result[..., rows, :] += ab[..., i, columns, None] * x[..., columns, :]
    return result


def banded_outer(y: Any, x: Any, lower: int, upper: int) -> Any:
    """The stored diagonals of y x^T, summed over the columns of both."""
    return bind(banded_outer_p, y, x, lower=lower, upper=upper)


def _banded_outer(y: Any, x: Any, *, lower: int, upper: int) -> Any:
    n = x.shape[-2]
    stack = np.broadcast_shapes(y.shape[:-2], x.shape[:-2])
    result = np.zeros((*stack, lower + upper + 1, n), np.result_type(y, x))
    for i in range(lower + upper + 1):
        columns, rows = _row(i, n, upper)
        result[..., i, columns] = np.sum(y[..., rows, :] * x[..., columns, :], axis=-1)
    return result


def banded_transpose(ab: Any, lower: int, upper: int) -> Any:
    """The transposed matrix, stored with `upper` diagonals below and `lower` above."""
    return bind(banded_transpose_p, ab, lower=lower, upper=upper)


def _banded_transpose(ab: Any, *, lower: int, upper: int) -> Any:
    n = ab.shape[-1]
    result = np.zeros_like(ab)
    for i in range(lower + upper + 1):
        columns, rows = _row(i, n, upper)
        result[..., lower + upper - i, rows] = ab[..., i, columns]
    return result


def _product_type(ab: Type, x: Type, **params: int) -> Type:
    return Type((*stack_shape("solve_banded", ab=ab, b=x), *x.shape[-2:]), x.dtype)


def _outer_type(y: Type, x: Type, *, lower: int, upper: int) -> Type:
    stack = stack_shape("solve_banded", y=y, x=x)
    return Type((*stack, lower + upper + 1, x.shape[-2]), x.dtype)


def _product_sparsity(k: Flow, *, lower: int, upper: int) -> Any:
    """Row r of the result reads row r + upper - i of x, times row i of the stored diagonals."""
    n = k.shape(0)[-1]
    diagonals = np.arange(lower + upper + 1)
    columns = np.arange(n)[:, None] + upper - diagonals
    is_there = (columns >= 0) & (columns < n)
    if k.active == [1]:
        rows = np.swapaxes(k.labels_of(1), -1, -2)
        found = unions_of(k.sets, rows, np.where(is_there, columns, -1))
        return np.broadcast_to(np.swapaxes(found, -1, -2), k.out_shape())
    labels = k.labels_of(0)
    stored = labels.reshape(*labels.shape[:-2], labels.shape[-2] * n)
    found = unions_of(k.sets, stored, np.where(is_there, diagonals * n + columns, -1))
    return np.broadcast_to(found[..., None], k.out_shape())


def _outer_sparsity(k: Flow, *, lower: int, upper: int) -> Any:
    """Column c of diagonal i reads row c of x and row c + i - upper of y."""
    (active,) = k.active
    labels = k.labels_of(active)
    n = labels.shape[-2]
    columns = np.arange(n)
    rows = columns + np.arange(lower + upper + 1)[:, None] - upper
    is_there = (rows >= 0) & (rows < n)
    sources = np.where(is_there, rows if active == 0 else columns, -1)
    found = unions_of(k.sets, k.sets.unite_along(labels, (-1,)), sources[..., None])
    return np.broadcast_to(found, k.out_shape())


banded_product_p: Primitive = bilinear(
    "banded_product",
    _banded_product,
    _product_type,
    transpose={
        0: lambda ct, args, *, lower, upper: unfit(
            banded_outer(ct, conj(args[1]), lower, upper), args[0]
        ),
        1: lambda ct, args, *, lower, upper: unfit(
            banded_product(banded_transpose(conj(args[0]), lower, upper), ct, upper, lower), args[1]
        ),
    },
    emit=native_banded.PRODUCT,
    sparsity=_product_sparsity,
    batch=batch_stacks("banded_product"),
    flops=lambda in_types, out_types, **params: 2 * in_types[0].shape[-2] * out_types[0].size,
)
banded_outer_p: Primitive = bilinear(
    "banded_outer",
    _banded_outer,
    _outer_type,
    transpose={
        0: lambda ct, args, *, lower, upper: unfit(
            banded_product(ct, conj(args[1]), lower, upper), args[0]
        ),
        1: lambda ct, args, *, lower, upper: unfit(
            banded_product(banded_transpose(ct, lower, upper), conj(args[0]), upper, lower), args[1]
        ),
    },
    emit=native_banded.OUTER,
    sparsity=_outer_sparsity,
    batch=batch_stacks("banded_outer"),
    flops=lambda in_types, out_types, **params: 2 * out_types[0].size * in_types[0].shape[-1],
)
banded_transpose_p: Primitive = linear(
    "banded_transpose",
    _banded_transpose,
    lambda ab, *, lower, upper: ab,
    transpose={
        0: lambda ct, args, *, lower, upper: banded_transpose(ct, upper, lower),
    },
    emit=native_banded.TRANSPOSE,
    sparsity=MOVES,
    batch=batch_leading("banded_transpose"),
)

# -- general band ----------------------------------------------------------------------------------


def banded_solve(ab: Any, b: Any, lower: int, upper: int) -> Any:
    """The solution of a x = b for the matrix stored in `ab`."""
    return bind(banded_solve_p, ab, b, lower=lower, upper=upper)


def _banded_solve(ab: Any, b: Any, *, lower: int, upper: int) -> Any:
    solve = importlib.import_module("scipy.linalg").solve_banded

    def one(ab: Any, b: Any) -> Any:
        return (solve((lower, upper), ab, b, check_finite=False) if b.size else b.copy(),)

    return over_stack(one, (ab, b), (2, 2))[0]


def _banded_solve_jvp(args: Any, out: Any, tangents: Any, *, lower: int, upper: int) -> Any:
    dab, db = tangents
    moved = None if dab is None else neg(banded_product(dab, out, lower, upper))
    return banded_solve(args[0], sum_terms(db, moved), lower, upper)


banded_solve_p: Primitive = define(
    Primitive(
        "banded_solve",
        _banded_solve,
        _product_type,
        linear_in=(frozenset({1}),),
        jvp=_banded_solve_jvp,
        transpose={
            1: lambda ct, args, *, lower, upper: unfit(
                banded_solve(banded_transpose(conj(args[0]), lower, upper), ct, upper, lower),
                args[1],
            )
        },
        emit=native_banded.BANDED_SOLVE,
        sparsity=Mixes((-2,)),
        batch=batch_stacks("banded_solve"),
        cost=lambda in_types, out_types, *, lower, upper: (
            2 * out_types[0].size * (2 * lower + upper + 1)
        ),
        render=lambda ins, params: (
            f"scipy.linalg.solve_banded(({params['lower']}, {params['upper']}), {ins[0]}, {ins[1]})"
        ),
        facts={"domain": "nonsingular"},
    )
)

# -- Hermitian positive definite -------------------------------------------------------------------


def hermitian_band(ab: Any, is_lower: bool) -> Any:
    """The whole band, u diagonals on each side, from its stored half."""
    return bind(hermitian_band_p, ab, is_lower=is_lower)


def _hermitian_band(ab: Any, *, is_lower: bool) -> Any:
    *_, rows, n = ab.shape
    u = rows - 1
    result = np.zeros((*ab.shape[:-2], 2 * u + 1, n), ab.dtype)
    result[..., u, :] = ab[..., 0 if is_lower else u, :].real
    for d in range(1, min(u, n - 1) + 1):
        if is_lower:
            below = ab[..., d, : n - d]
            result[..., u + d, : n - d], result[..., u - d, d:] = below, np.conj(below)
        else:
            above = ab[..., u - d, d:]
            result[..., u - d, d:], result[..., u + d, : n - d] = above, np.conj(above)
    return result


def fold_band(band: Any, is_lower: bool) -> Any:
    """The adjoint of `hermitian_band`."""
    return bind(fold_band_p, band, is_lower=is_lower)


def _fold_band(band: Any, *, is_lower: bool) -> Any:
    *_, rows, n = band.shape
    u = rows // 2
    result = np.zeros((*band.shape[:-2], u + 1, n), band.dtype)
    result[..., 0 if is_lower else u, :] = band[..., u, :].real
    for d in range(1, min(u, n - 1) + 1):
        below, above = band[..., u + d, : n - d], band[..., u - d, d:]
        if is_lower:
            result[..., d, : n - d] = below + np.conj(above)
        else:
            result[..., u - d, d:] = above + np.conj(below)
    return result


hermitian_band_p: Primitive = linear(
    "hermitian_band",
    _hermitian_band,
    lambda ab, *, is_lower: Type((*ab.shape[:-2], 2 * ab.shape[-2] - 1, ab.shape[-1]), ab.dtype),
    transpose={0: lambda ct, args, *, is_lower: fold_band(ct, is_lower)},
    emit=native_banded.WHOLE_BAND,
    sparsity=COPIES,
    batch=batch_leading("hermitian_band"),
    facts={"is_real_linear": True},
)
fold_band_p: Primitive = linear(
    "fold_band",
    _fold_band,
    lambda ab, *, is_lower: Type((*ab.shape[:-2], ab.shape[-2] // 2 + 1, ab.shape[-1]), ab.dtype),
    transpose={0: lambda ct, args, *, is_lower: hermitian_band(ct, is_lower)},
    emit=native_banded.FOLD_BAND,
    sparsity=COLLECTS,
    batch=batch_leading("fold_band"),
    facts={"is_real_linear": True},
)


def hermitian_banded_solve(ab: Any, b: Any, is_lower: bool) -> Any:
    """The solution of a x = b for a positive definite matrix of which `ab` stores one half."""
    return bind(hermitian_banded_solve_p, ab, b, is_lower=is_lower)


def _hermitian_banded_solve(ab: Any, b: Any, *, is_lower: bool) -> Any:
    solve = importlib.import_module("scipy.linalg").solveh_banded

    def one(ab: Any, b: Any) -> Any:
        return (solve(ab, b, lower=is_lower, check_finite=False) if b.size else b.copy(),)

    return over_stack(one, (ab, b), (2, 2))[0]


def _hermitian_banded_jvp(args: Any, out: Any, tangents: Any, *, is_lower: bool) -> Any:
    dab, db = tangents
    moved = None
    if dab is not None:
        u = dab.shape[-2] - 1
        moved = neg(banded_product(hermitian_band(dab, is_lower), out, u, u))
    return hermitian_banded_solve(args[0], sum_terms(db, moved), is_lower)


hermitian_banded_solve_p: Primitive = define(
    Primitive(
        "hermitian_banded_solve",
        _hermitian_banded_solve,
        _product_type,
        linear_in=(frozenset({1}),),
        jvp=_hermitian_banded_jvp,
        transpose={
            1: lambda ct, args, *, is_lower: unfit(
                hermitian_banded_solve(args[0], ct, is_lower), args[1]
            )
        },
        emit=native_banded.HERMITIAN_BANDED_SOLVE,
        sparsity=Mixes((-2,)),
        batch=batch_stacks("hermitian_banded_solve"),
        cost=lambda in_types, out_types, **params: 4 * in_types[0].shape[-2] * out_types[0].size,
        render=lambda ins, params: (
            f"scipy.linalg.solveh_banded({ins[0]}, {ins[1]}, lower={params['is_lower']})"
        ),
        facts={"domain": "positive definite"},
    )
)
