"""Triangular systems: a x = b, or a^H x = b, reading one triangle of `a`."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from wengert.ir.dependence import Prefixes
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import neg, unfit
from wengert.ops.families import align_batch
from wengert.ops.linalg import native_cholesky
from wengert.ops.linalg.common import (
    adjoint,
    over_stack,
    stack_shape,
    sum_terms,
)
from wengert.ops.linalg.solve import on_columns
from wengert.ops.linalg.structure import triangle
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind
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
        emit=native_cholesky.TRIANGULAR_SOLVE,
        sparsity=Prefixes(-2, lambda *, lower, is_adjoint, **params: lower == is_adjoint),
        batch=lambda size, args, is_batched, **params: (
            bind(triangular_solve_p, *align_batch(args, is_batched), **params),
            True,
        ),
        cost=lambda in_types, out_types, **params: in_types[0].shape[-1] * out_types[0].size,
        render=_triangular_render,
        facts={"reads": "one triangle of the matrix: the derivative in the other is zero"},
    )
)
