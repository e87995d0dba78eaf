"""Singular values and vectors, and what is made of them: pinv, lstsq, matrix_rank, cond.

The derivative of a = u diag(s) v^H is written with 1/(s_j - s_i) for the symmetric part of
u^H da v and 1/(s_j + s_i) for the antisymmetric one, so that the polar factor u v^H is right where
singular values coincide. The gauge: (u^H du)_ii = -(v^H dv)_ii. A singular value that is zero has
derivative zero, the middle of its kink.

Sources: J. Townsend, "Differentiating the singular value decomposition" (2016); Z.-Q. Wan and
S.-X. Zhang, "Automatic differentiation for complex valued SVD" (arXiv:1909.02659); G. H. Golub and
V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate", SIAM J. Numer. Anal. 10 (1973), for pinv.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define
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
from wengert.ops.elementwise import select
from wengert.ops.linalg.common import (
    adjoint,
    as_matrices,
    as_square,
    chain,
    column_scaled,
    inverse_gaps,
    is_known,
    misfit,
    real_diagonal,
    real_dtype,
    sum_terms,
    take_diagonal,
)
from wengert.ops.linalg.eigen import eigh, eigvalsh
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type

SVDResult = type(np.linalg.svd(np.eye(1)))

# -- the decomposition -----------------------------------------------------------------------------


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """u, s and v^H of a = u diag(s) v^H, or `s` alone."""
    if hermitian:
        return _hermitian_svd(as_square("svd", a), compute_uv)
    a = as_matrices("svd", a)
    if not compute_uv:
        return bind(svdvals_p, a, full_matrices=False)[0]
    s, u, vh = bind(svd_p, a, full_matrices=bool(full_matrices))
    return SVDResult(u, s, vh)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """Singular values in descending order."""
    return svd(x, compute_uv=False)


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """By the eigenvalues: singular values are their absolute values, v^H carries their signs."""
    if not compute_uv:
        return np.sort(np.abs(eigvalsh(a)), axis=-1)[..., ::-1]
    w, v = eigh(a)
    order = np.argsort(np.abs(w), axis=-1)[..., ::-1]
    w = np.take_along_axis(w, order, axis=-1)
    v = np.take_along_axis(v, order[..., None, :], axis=-1)
    return SVDResult(v, np.abs(w), adjoint(column_scaled(v, np.sign(w))))


def _svd_array(a: Any, *, full_matrices: bool) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices)
    return s, u, vh


def _svd_type(a: Type, *, full_matrices: bool) -> tuple[Type, Type, Type]:
    *stack, m, n = a.shape
    k = min(m, n)
    rows, columns = (m, n) if full_matrices else (k, k)
    return (
        Type((*stack, k), real_dtype(a.dtype)),
        Type((*stack, m, rows), a.dtype),
        Type((*stack, columns, n), a.dtype),
    )


def _svd_jvp(args: Any, out: Any, tangents: Any, *, full_matrices: bool) -> Any:
    s, u, vh = out
    (da,) = tangents
    k = s.shape[-1]
    v = adjoint(vh)
    u1, v1 = (u[..., :k], v[..., :k]) if full_matrices else (u, v)
    p = chain(adjoint(u1), da, v1)
    ph = adjoint(p)
    even = mul(convert(inverse_gaps(s, -1), p.dtype), p + ph)
    sums = inverse_gaps(s, 1)
    odd = mul(convert(sums, p.dtype), sub(p, ph))
    inverse = convert(mul(take_diagonal(sums), 2.0), p.dtype)
    du = _vectors_along(u, u1, mul(even + odd, 0.5), matmul(da, v1), p, inverse)
    dv = _vectors_along(v, v1, mul(sub(even, odd), 0.5), matmul(adjoint(da), u1), ph, inverse)
    return _values_along(p, sums), du, adjoint(dv)


def _values_along(p: Any, sums: Any) -> Any:
    """The diagonal of u^H da v, and zero where the singular value is zero."""
    return select(take_diagonal(sums) == 0, 0.0, real_diagonal(p))


def _vectors_along(u: Any, u1: Any, turn: Any, image: Any, p: Any, inverse: Any) -> Any:
    """du = u1 turn + (1 - u1 u1^H) image / s, and what keeps the other columns orthogonal."""
    du = matmul(u1, turn)
    m, k = u1.shape[-2:]
    if m == k:
        return du
    du = du + column_scaled(sub(image, matmul(u1, p)), inverse)
    if u.shape[-1] == k:
        return du
    others = u[..., k:]
    mixing = column_scaled(matmul(adjoint(others), image), inverse)
    return np.concatenate([du, neg(matmul(u1, adjoint(mixing)))], axis=-1)


def _svdvals_jvp(args: Any, out: Any, tangents: Any, *, full_matrices: bool) -> Any:
    s, u, vh = bind(svd_p, args[0], full_matrices=False)
    return (_values_along(chain(adjoint(u), tangents[0], adjoint(vh)), inverse_gaps(s, 1)),)


svd_p: Primitive = define(
    Primitive(
        "svd",
        _svd_array,
        _svd_type,
        jvp=_svd_jvp,
        batch=lambda size, args, is_batched, *, full_matrices: (
            bind(svd_p, *args, full_matrices=full_matrices),
            (True, True, True),
        ),
        cost=lambda in_types, out_types, **params: (
            20 * in_types[0].size * min(in_types[0].shape[-2:])
        ),
        is_multiple=True,
        render=lambda ins, params: (
            f"(lambda u, s, vh: (s, u, vh))(*np.linalg.svd({ins[0]}, {params['full_matrices']}))"
        ),
        facts={
            "gauge": "(u^H du)_ii = -(v^H dv)_ii; further columns turn as little as they can",
            "at_zero": "a singular value that is zero has derivative zero",
            "ties": "docs/notes/degenerate-spectra.md",
        },
    )
)
svdvals_p: Primitive = define(
    Primitive(
        "svdvals",
        lambda a, *, full_matrices: (np.linalg.svd(a, compute_uv=False),),
        lambda a, *, full_matrices: (_svd_type(a, full_matrices=False)[0],),
        jvp=_svdvals_jvp,
        batch=lambda size, args, is_batched, *, full_matrices: (
            bind(svdvals_p, *args, full_matrices=full_matrices),
            (True,),
        ),
        cost=lambda in_types, out_types, **params: 3 * in_types[0].size * out_types[0].shape[-1],
        extended=svd_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.svd({ins[0]}, compute_uv=False),)",
    )
)

# -- rank, condition -------------------------------------------------------------------------------


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
    """The pseudo-inverse; its derivative is that at constant rank."""
    a = as_square("pinv", a) if hermitian else as_matrices("pinv", a)
    if rcond is None:
        rcond = rtol if rtol is not NOT_GIVEN and rtol is not None else default_rcond(a, rtol)
    elif rtol is not NOT_GIVEN:
        np.linalg.pinv(np.eye(1), rcond=1e-15, rtol=1e-15)  # NumPy's own complaint
    if hermitian:
        u, s, vh = _hermitian_svd(a, True)
        cutoff = np.asarray(rcond)[..., None] * np.max(s, axis=-1, keepdims=True)
        inverse = np.where(s > cutoff, 1 / np.where(s > cutoff, s, 1), 0)
        return chain(column_scaled(adjoint(vh), inverse), adjoint(u))
    return bind(pinv_p, a, rcond)


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
    x, rank, s = bind(lstsq_p, a, columns, rcond)
    is_full = int(rank) == n if is_known(rank) else m >= n
    misfits = columns - matmul(a, x)
    squares = real(mul(conj(misfits), misfits))
    residuals = np.sum(squares, axis=0) if is_full and m > n else full((0,), 0.0, s.dtype)
    return reshape(x, (n,)) if is_vector else x, residuals, rank, s


def _lstsq_array(a: Any, b: Any, rcond: Any) -> Any:
    x, _, rank, s = np.linalg.lstsq(a, b, rcond)
    return x, np.intp(rank), s


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
    ds = bind(svdvals_p, a, full_matrices=False)
    return sum_terms(*terms), None, _svdvals_jvp((a,), ds, (da,), full_matrices=False)[0]


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
    x = matmul(pinv(a, rcond), b)
    (s,) = bind(svdvals_p, a, full_matrices=False)
    limit = rcond[:, None] if is_batched[2] else rcond
    rank = np.sum(s > limit * s[:, :1], axis=-1)
    return (x, convert(rank, np.intp), s), (True, True, True)


lstsq_p: Primitive = define(
    Primitive(
        "lstsq",
        _lstsq_array,
        lambda a, b, rcond: (
            Type((a.shape[-1], b.shape[-1]), a.dtype),
            Type((), np.dtype(np.intp)),
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
    )
)
