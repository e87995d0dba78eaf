"""Linear systems and inverses.

    solve          one matrix: its factorization is kept for the derivative
    solve_many     a stack of matrices
    inv

Source: M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), for the first derivatives; higher ones follow, as the rules are operations.
"""

from __future__ import annotations

import importlib
import math
from functools import cache
from typing import Any

import numpy as np

from wengert.ir.dependence import Mixes
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import full, neg, reshape, unfit
from wengert.ops.families import align_batch
from wengert.ops.linalg import native_solve
from wengert.ops.linalg.common import (
    adjoint,
    as_matrices,
    as_square,
    batch_leading,
    chain,
    misfit,
    require_square,
    stack_shape,
    sum_terms,
)
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

# -- solve: one matrix -----------------------------------------------------------------------------


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """The solution x of a x = b; `b` is a vector if it has one axis, else a stack of matrices."""
    from wengert.ops.contraction import as_operand

    b = as_operand(b)
    is_vector = len(b.shape) == 1
    columns = reshape(b, (*b.shape, 1)) if is_vector else b
    a, columns = as_matrices("solve", a, columns)
    require_square("solve", a)
    if a.shape[-1] != columns.shape[-2]:
        raise misfit("solve", "a: [..., n, n], b: [n] or [..., n, k]", a=a, b=b)
    x = solve_columns(a, columns)
    return reshape(x, x.shape[:-1]) if is_vector else x


def solve_columns(a: Any, b: Any) -> Any:
    """`solve` for matrices of one dtype."""
    if len(a.shape) > 2:
        return bind(solve_many_p, a, b)
    return bind(solve_p, a, b)[0]


def on_columns(function: Any, b: np.ndarray) -> np.ndarray:
    """`function` of all columns of a stack at once: one matrix instead of many."""
    if b.ndim == 2:
        return function(b)
    moved = np.moveaxis(b, -2, 0)
    x = function(moved.reshape(b.shape[-2], math.prod(moved.shape[1:])))
    return np.moveaxis(x.reshape(moved.shape), 0, -2)


def _solve(a: Any, b: Any) -> Any:
    return (on_columns(lambda columns: np.linalg.solve(a, columns), b),)


def _solve_type(a: Type, b: Type) -> tuple[Type]:
    return (Type(b.shape, b.dtype),)


def _cost(in_types: Any, out_types: Any, **params: Any) -> int:
    n = in_types[0].shape[-1]
    x = out_types[0]
    return 2 * n**3 // 3 * max(1, in_types[0].size // max(1, n * n)) + 2 * n * x.size


@cache
def lu_routines(dtype: np.dtype[Any]) -> Any:
    """The factorization, the solution and the inverse with it, from SciPy's LAPACK."""
    lapack = importlib.import_module("scipy.linalg.lapack")
    return lapack.get_lapack_funcs(("getrf", "getrs", "getri"), dtype=dtype)


def _solve_keep(a: Any, b: Any) -> Any:
    n = a.shape[-1]
    if n == 0:
        return b.copy(), a.copy(), np.zeros(0, np.int32)
    lu, pivots, info = lu_routines(a.dtype)[0](a)
    if info > 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return back_solve(lu, pivots, b, False), lu, pivots


def back_solve(lu: Any, pivots: Any, b: Any, is_adjoint: bool) -> Any:
    """The solution with the factorization that LAPACK's getrf gave."""
    if b.size == 0:
        return np.zeros_like(b)
    getrs = lu_routines(lu.dtype)[1]
    trans = 2 if is_adjoint else 0
    if b.ndim == 2:
        return getrs(lu, pivots, b, trans=trans)[0]
    return on_columns(lambda columns: getrs(lu, pivots, columns, trans=trans)[0], b)


def _solve_keep_type(a: Type, b: Type) -> tuple[Type, Type, Type]:
    return Type(b.shape, b.dtype), a, Type((a.shape[-1],), np.dtype(np.int32))


def _solve_keep_jvp(args: Any, out: Any, tangents: Any) -> Any:
    x, lu, pivots = out
    da, db = tangents
    rhs = sum_terms(db, None if da is None else neg(matmul(da, x)))
    return solve_again(args[0], lu, pivots, rhs, False), None, None


def _solve_batch(size: int, args: Any, is_batched: Any) -> Any:
    if is_batched[0]:
        return (bind(solve_many_p, *align_batch(args, is_batched)),), (True,)
    return bind(solve_p, *args), (True,)


def _solve_keep_batch(size: int, args: Any, is_batched: Any) -> Any:
    if not is_batched[0]:
        return bind(solve_keep_p, *args), (True, False, False)
    x = bind(solve_many_p, *align_batch(args, is_batched))
    n = args[0].shape[-1]
    # What solves with them again is batched too, and takes the matrices themselves.
    lu = full((n, n), 0.0, args[0].dtype)
    return (x, lu, full((n,), 0, np.int32)), (True, False, False)


solve_keep_p: Primitive = define(
    Primitive(
        "solve_keep",
        _solve_keep,
        _solve_keep_type,
        jvp=_solve_keep_jvp,
        emit=native_solve.SOLVE_KEEP,
        batch=_solve_keep_batch,
        cost=_cost,
        is_multiple=True,
        facts={"outputs": "x, and the factorization of a, through which nothing is differentiated"},
    )
)
solve_p: Primitive = define(
    Primitive(
        "solve",
        _solve,
        _solve_type,
        linear_in=(frozenset({1}),),
        transpose={1: lambda ct, args: bind(solve_p, adjoint(args[0]), ct[0])[0]},
        sparsity=Mixes((-2,)),
        emit=native_solve.SOLVE,
        batch=_solve_batch,
        cost=_cost,
        extended=solve_keep_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.solve({ins[0]}, {ins[1]}),)",
    )
)


def solve_again(a: Any, lu: Any, pivots: Any, b: Any, is_adjoint: bool) -> Any:
    """Solve a x = b, or a^H x = b, with the factorization of `a` that a solution left."""
    return bind(solve_again_p, a, lu, pivots, b, is_adjoint=is_adjoint)


def _solve_again_jvp(args: Any, out: Any, tangents: Any, *, is_adjoint: bool) -> Any:
    a, lu, pivots, _ = args
    da, db = tangents[0], tangents[3]
    if da is not None:
        da = neg(matmul(adjoint(da) if is_adjoint else da, out))
    return solve_again(a, lu, pivots, sum_terms(db, da), is_adjoint)


def _solve_again_batch(size: int, args: Any, is_batched: Any, *, is_adjoint: bool) -> Any:
    a, lu, pivots, b = args
    if not is_batched[0]:
        return solve_again(a, lu, pivots, b, is_adjoint), True
    a, b = align_batch((a, b), (True, is_batched[3]))
    return bind(solve_many_p, adjoint(a) if is_adjoint else a, b), True


solve_again_p: Primitive = define(
    Primitive(
        "solve_again",
        lambda a, lu, pivots, b, *, is_adjoint: back_solve(lu, pivots, b, is_adjoint),
        lambda a, lu, pivots, b, *, is_adjoint: b,
        linear_in=(frozenset({3}),),
        jvp=_solve_again_jvp,
        transpose={
            3: lambda ct, args, *, is_adjoint: bind(
                solve_again_p, *args[:3], ct, is_adjoint=not is_adjoint
            )
        },
        emit=native_solve.SOLVE_AGAIN,
        sparsity=Mixes((-2,)),
        batch=_solve_again_batch,
        cost=lambda in_types, out_types, **params: 2 * in_types[0].shape[-1] * out_types[0].size,
        render=lambda ins, params: (
            f"np.linalg.solve({f'{ins[0]}.conj().T' if params['is_adjoint'] else ins[0]}, {ins[3]})"
        ),
    )
)

# -- solve: a stack of matrices --------------------------------------------------------------------


def _solve_many_type(a: Type, b: Type) -> Type:
    return Type((*stack_shape("solve", a=a, b=b), *b.shape[-2:]), b.dtype)


def _solve_many_jvp(args: Any, out: Any, tangents: Any) -> Any:
    da, db = tangents
    if da is None:
        return bind(solve_many_p, args[0], db)
    return bind(solve_many_p, args[0], sum_terms(neg(matmul(da, out)), db))


solve_many_p: Primitive = define(
    Primitive(
        "solve_many",
        np.linalg.solve,
        _solve_many_type,
        linear_in=(frozenset({1}),),
        jvp=_solve_many_jvp,
        transpose={
            1: lambda ct, args: unfit(bind(solve_many_p, adjoint(args[0]), ct), args[1]),
        },
        sparsity=Mixes((-2,)),
        emit=native_solve.SOLVE,
        batch=lambda size, args, is_batched: (
            bind(solve_many_p, *align_batch(args, is_batched)),
            True,
        ),
        cost=_cost,
        render=lambda ins, params: f"np.linalg.solve({ins[0]}, {ins[1]})",
    )
)

# -- inverse ---------------------------------------------------------------------------------------


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """The inverse; d(a^-1) = -a^-1 da a^-1."""
    return bind(inv_p, as_square("inv", a))


inv_p: Primitive = define(
    Primitive(
        "inv",
        np.linalg.inv,
        lambda a: a,
        jvp=lambda args, out, tangents: neg(chain(out, tangents[0], out)),
        emit=native_solve.INVERSE,
        batch=batch_leading("inv"),
        cost=lambda in_types, out_types, **params: 2 * out_types[0].size * out_types[0].shape[-1],
        render=lambda ins, params: f"np.linalg.inv({ins[0]})",
        facts={"domain": "nonsingular"},
    )
)
