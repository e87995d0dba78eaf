"""Pseudo-inverse, least squares and rank: what depends on which singular values count.

Source: G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
squares problems whose variables separate", SIAM J. Numer. Anal. 10 (1973).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.contraction import as_operand
from wengert.ops.core import (
    broadcast_to,
    conj,
    convert,
    full,
    mul,
    neg,
    real,
    reshape,
    sub,
    transpose,
)
from wengert.ops.linalg.common import (
    adjoint,
    as_matrices,
    as_square,
    chain,
    column_scaled,
    is_known,
    misfit,
    real_dtype,
    sum_terms,
)
from wengert.ops.linalg.structure import hermitian_from
from wengert.ops.linalg.svd import svd_p, svdvals, svdvals_along, svdvals_p
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

# -- rank ------------------------------------------------------------------------------------------


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above the tolerance; its derivative is zero."""
    options = {"hermitian": bool(hermitian)}
    limits = [x for x in (tol, rtol) if x is not None]
    kind = "tol" if tol is not None else "rtol" if rtol is not None else "default"
    if len(limits) > 1:
        return np.linalg.matrix_rank(np.eye(1), tol=tol, rtol=rtol)  # NumPy's own complaint
    return bind(matrix_rank_p, as_operand(A), *limits, kind=kind, **options)


def _matrix_rank(a: Any, *limits: Any, kind: str, hermitian: bool) -> Any:
    given = {} if kind == "default" else {kind: limits[0]}
    return np.asarray(np.linalg.matrix_rank(a, hermitian=hermitian, **given), np.intp)[()]


matrix_rank_p: Primitive = define(
    Primitive(
        "matrix_rank",
        _matrix_rank,
        lambda a, *limits, kind, hermitian: Type(a.shape[:-2], np.intp),
        batch=lambda size, args, is_batched, *, kind, hermitian: _rank_batch(
            size, args, is_batched, kind, hermitian
        ),
        cost=lambda in_types, out_types, **params: 3 * in_types[0].size * in_types[0].shape[-1],
        facts={"derivative": "zero: a count"},
        emit=Unsupported("it is a count of singular values"),
    )
)


def _rank_batch(size: int, args: Any, is_batched: Any, kind: str, hermitian: bool) -> Any:
    a, *limits = args
    if not is_batched[0]:
        a = broadcast_to(a, (size, *a.shape))
    if a.ndim == 2:  # vectors have rank one, or zero
        a = reshape(a, (*a.shape, 1))
    return bind(matrix_rank_p, a, *limits, kind=kind, hermitian=hermitian), True


# -- pseudo-inverse --------------------------------------------------------------------------------


class _NotGiven:
    def __repr__(self) -> str:
        return "<no value>"


NOT_GIVEN: Any = _NotGiven()


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NOT_GIVEN) -> Any:
    """The pseudo-inverse; its derivative is that at constant rank.

    With `hermitian` the lower triangle is read.
    """
    a = hermitian_from(as_square("pinv", a), True) if hermitian else as_matrices("pinv", a)
    if rcond is None:
        rcond = rtol if rtol is not NOT_GIVEN and rtol is not None else default_rcond(a, rtol)
    elif rtol is not NOT_GIVEN:
        np.linalg.pinv(np.eye(1), rcond=1e-15, rtol=1e-15)  # NumPy's own complaint
    return bind(pinv_p, of_full_rank(a, rcond), rcond)


def of_full_rank(a: Any, rcond: Any) -> Any:
    """`a` without its singular values up to rcond max(s), where `rcond` is more than rounding.

    The derivative of the pseudo-inverse is exact where what is left out is zero. The projector on
    the singular vectors that are kept has a derivative whatever the values are among themselves.
    """
    rounding = _ROUNDING * float(np.finfo(a.dtype).eps) * max(1, *a.shape[-2:])
    if isinstance(rcond, (int, float)) and rcond <= rounding:
        return a
    s, _, vh = bind(svd_p, a, full_matrices=False)
    cutoff = reshape(as_operand(rcond), (*np.shape(rcond), 1)) * np.max(s, axis=-1, keepdims=True)
    kept = column_scaled(adjoint(vh), convert(s > cutoff, a.dtype))
    return chain(a, kept, vh)


# A cutoff of so many units of rounding leaves out what is zero as far as can be seen.
_ROUNDING = 100


def default_rcond(a: Any, rtol: Any) -> float:
    """NumPy's default: 1e-15, or with rtol=None the larger size times the precision."""
    if rtol is NOT_GIVEN:
        return 1e-15
    return float(max(a.shape[-2:]) * np.finfo(a.dtype).eps)


def _pinv_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """-p da p + p p^H (da^H - da^H a p) + (da^H - p a da^H) p^H p."""
    a, p = args[0], out
    da = tangents[0]
    ph, dah = adjoint(p), adjoint(da)
    middle = neg(chain(p, da, p))
    left = chain(p, ph, sub(dah, chain(dah, a, p)))
    right = chain(sub(dah, chain(p, a, dah)), ph, p)
    return sum_terms(middle, left, right)


def _pinv_batch(size: int, args: Any, is_batched: Any) -> Any:
    a, rcond = args
    if not is_batched[0]:
        a = broadcast_to(a, (size, *a.shape))
    elif not is_batched[1]:
        return bind(pinv_p, a, rcond), True
    n_stack = a.ndim - 3 - (rcond.ndim - 1)
    return bind(pinv_p, a, reshape(rcond, (size, *(1,) * n_stack, *rcond.shape[1:]))), True


pinv_p: Primitive = define(
    Primitive(
        "pinv",
        lambda a, rcond: np.linalg.pinv(a, rcond),
        lambda a, rcond: Type((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype),
        jvp=lambda args, out, tangents: (
            None if tangents[0] is None else _pinv_jvp(args, out, tangents)
        ),
        batch=_pinv_batch,
        cost=lambda in_types, out_types, **params: (
            22 * in_types[0].size * min(in_types[0].shape[-2:])
        ),
        keeps_literals=True,
        render=lambda ins, params: f"np.linalg.pinv({ins[0]}, {ins[1]})",
        facts={"domain": "where the rank does not change"},
        emit=Unsupported("its rank depends on values"),
    )
)

# -- least squares ---------------------------------------------------------------------------------


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The least-squares solution of smallest norm, the residuals, the rank, the singular values.

    The number of residuals depends on the rank: it is a decision on the values. In a recording
    without values the matrix is taken to have full rank.
    """
    b = as_operand(b)
    is_vector = len(b.shape) == 1
    a, columns = as_matrices("lstsq", a, reshape(b, (*b.shape, 1)) if is_vector else b)
    if len(a.shape) > 2 or len(columns.shape) > 2 or a.shape[0] != columns.shape[0]:
        raise misfit("lstsq", "a: [m, n], b: [m] or [m, k]", a=a, b=b)
    m, n = a.shape
    if rcond is None:
        rcond = float(np.finfo(a.dtype).eps * max(m, n))
    kept = of_full_rank(a, rcond)
    x, rank, s = bind(lstsq_p, kept, columns, rcond)
    if kept is not a:
        s = svdvals(a)
    is_full = int(rank) == n if is_known(rank) else m >= n
    misfits = columns - matmul(a, x)
    squares = real(mul(conj(misfits), misfits))
    residuals = np.sum(squares, axis=0) if is_full and m > n else full((0,), 0.0, s.dtype)
    return reshape(x, (n,)) if is_vector else x, residuals, rank, s


def _lstsq_array(a: Any, b: Any, rcond: Any) -> Any:
    x, _, rank, s = np.linalg.lstsq(a, b, rcond)
    return x, np.intc(rank), s


def _lstsq_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """By the derivative of the pseudo-inverse, with a^+ b = x."""
    a, b, rcond = args
    x = out[0]
    da, db, _ = tangents
    p = bind(pinv_p, a, rcond)
    if da is None:
        return matmul(p, db), None, None
    ph, dah = adjoint(p), adjoint(da)
    terms = [
        neg(chain(p, matmul(da, x))),
        chain(p, ph, matmul(dah, sub(b, matmul(a, x)))),
    ]
    inner = matmul(dah, matmul(ph, x))
    terms.append(sub(inner, chain(p, matmul(a, inner))))
    if db is not None:
        terms.append(matmul(p, db))
    return sum_terms(*terms), None, svdvals_along(a, da)


def _lstsq_batch(size: int, args: Any, is_batched: Any) -> Any:
    a, b, rcond = args
    if is_batched[0] or is_batched[2]:
        return _lstsq_stack(size, args, is_batched)
    moved = transpose(b, (1, 0, 2))
    x, rank, s = bind(lstsq_p, a, reshape(moved, (b.shape[1], size * b.shape[2])), rcond)
    x = transpose(reshape(x, (a.shape[1], size, b.shape[2])), (1, 0, 2))
    return (x, rank, s), (True, False, False)


def _lstsq_stack(size: int, args: Any, is_batched: Any) -> Any:
    """NumPy has no stacks here: the pseudo-inverse gives the same solution."""
    a, b, rcond = args
    if not is_batched[0]:
        a = broadcast_to(a, (size, *a.shape))
    x = matmul(bind(pinv_p, a, rcond), b)
    (s,) = bind(svdvals_p, a, full_matrices=False)
    limit = rcond[:, None] if is_batched[2] else rcond
    rank = np.sum(s > limit * s[:, :1], axis=-1)
    return (x, convert(rank, np.intc), s), (True, True, True)


lstsq_p: Primitive = define(
    Primitive(
        "lstsq",
        _lstsq_array,
        lambda a, b, rcond: (
            Type((a.shape[-1], b.shape[-1]), a.dtype),
            Type((), np.dtype(np.intc)),
            Type((min(a.shape),), real_dtype(a.dtype)),
        ),
        jvp=_lstsq_jvp,
        batch=_lstsq_batch,
        cost=lambda in_types, out_types, **params: 4 * in_types[0].size * min(in_types[0].shape),
        is_multiple=True,
        keeps_literals=True,
        render=lambda ins, params: (
            f"(lambda r: (r[0], r[2], r[3]))(np.linalg.lstsq({ins[0]}, {ins[1]}, {ins[2]}))"
        ),
        facts={"domain": "where the rank does not change"},
        emit=Unsupported("its rank depends on values"),
    )
)
