"""Determinants: `det` with derivatives at singular matrices too, and `slogdet`.

    det        its derivative is the adjugate, and that of the adjugate `adjugate_derivative`:
               by singular values where inverses fail
    slogdet    sign and logarithm

Where they are differentiated, one factorization gives the value and the inverse.

Source: M. B. Giles, "Collected matrix derivative results" (2008), for nonsingular matrices; the
forms by singular values follow from det(u s v^H) = det(u) det(v^H) prod(s).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.dependence import Mixes
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import imag, mul, neg, real, reshape, unfit
from wengert.ops.families import align_batch
from wengert.ops.linalg import native_solve
from wengert.ops.linalg.common import (
    adjoint,
    as_square,
    chain,
    real_dtype,
    stack_shape,
    sum_terms,
    trace_of_product,
)
from wengert.ops.linalg.solve import inv, lu_routines
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant; its derivative, the cofactors, exists for singular matrices too."""
    return bind(det_p, as_square("det", a))[0]


# Below this condition number det(a) inv(a) is as accurate as the singular value decomposition.
_WELL_CONDITIONED = 1e4


# Rows of workspace that let LAPACK's getri work in blocks.
_WORKSPACE = 64


def _factor(a: Any) -> tuple[Any, Any, Any]:
    """Sign, the diagonal of u, and the inverse (None if singular) of one matrix, by a = p l u."""
    factor, _, invert = lu_routines(a.dtype)
    lu, pivots, info = factor(a)
    sign = 1 - 2 * (np.count_nonzero(pivots != np.arange(len(pivots))) % 2)
    diagonal = lu.diagonal().copy()
    if info > 0:
        return sign, diagonal, None
    inverse, _ = invert(lu, pivots, lwork=_WORKSPACE * len(a), overwrite_lu=True)
    return sign, diagonal, inverse


def _condition(a: Any, inverse: Any) -> Any:
    return np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))


def _adjugate(a: Any, inverse: Any, det: Any) -> Any:
    if np.all(_condition(a, inverse) < _WELL_CONDITIONED):
        return inverse * det[..., None, None]
    return _adjugate_by_svd(a)


def _det_keep(a: Any) -> tuple[Any, Any]:
    """The determinant and the adjugate."""
    if a.ndim == 2 and a.size:
        sign, diagonal, inverse = _factor(a)
        det = np.prod(diagonal) * a.dtype.type(sign)
        return det, _adjugate_by_svd(a) if inverse is None else _adjugate(a, inverse, det)
    det = np.linalg.det(a)
    try:
        return det, _adjugate(a, np.linalg.inv(a), det)
    except np.linalg.LinAlgError:
        return det, _adjugate_by_svd(a)


def _cost(in_types: Any, out_types: Any) -> int:
    n = in_types[0].shape[-1]
    return int(2 * in_types[0].size * n * (1 if len(out_types) == 1 else 3) // 3)


det_keep_p: Primitive = define(
    Primitive(
        "det_keep",
        _det_keep,
        lambda a: (Type(a.shape[:-2], a.dtype), a),
        jvp=lambda args, out, tangents: (
            trace_of_product(out[1], tangents[0]),
            bind(adjugate_derivative_p, args[0], tangents[0]),
        ),
        emit=native_solve.ADJUGATE,
        batch=lambda size, args, is_batched: (bind(det_keep_p, *args), (True, True)),
        cost=_cost,
        is_multiple=True,
        facts={"outputs": "the determinant and the adjugate, its derivative"},
    )
)
det_p: Primitive = define(
    Primitive(
        "det",
        lambda a: (np.linalg.det(a),),
        lambda a: (Type(a.shape[:-2], a.dtype),),
        emit=native_solve.DETERMINANT,
        batch=lambda size, args, is_batched: (bind(det_p, *args), (True,)),
        cost=_cost,
        extended=det_keep_p,
        is_multiple=True,
        render=lambda ins, params: f"(np.linalg.det({ins[0]}),)",
    )
)


def _phase_and_svd(a: Any) -> tuple[Any, Any, Any, Any]:
    u, s, vh = np.linalg.svd(a)
    phase = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return phase, np.conj(np.swapaxes(u, -1, -2)), s, np.conj(np.swapaxes(vh, -1, -2))


def _products_of_others(x: Any) -> Any:
    """For each element along the last axis the product of all the others."""
    ones = np.ones_like(x[..., :1])
    before = np.concatenate([ones, np.cumprod(x[..., :-1], axis=-1)], axis=-1)
    after = np.concatenate([ones, np.cumprod(x[..., :0:-1], axis=-1)], axis=-1)[..., ::-1]
    return before * after


def _adjugate_by_svd(a: Any) -> Any:
    phase, uh, s, v = _phase_and_svd(a)
    return (v * _products_of_others(s)[..., None, :]) @ uh * phase


def _adjugate_derivative(a: Any, e: Any) -> Any:
    """d adj(a)[e], by the singular value decomposition where the inverse is inaccurate.

    With a = u s v^H and f = u^H e v, the derivative in the singular bases has the entries
    sum_{l != i} f_ll p_il on the diagonal and -f_ij p_ij elsewhere, p_ij the product of all
    singular values but the i-th and the j-th.
    """
    try:
        inverse = np.linalg.inv(a)
        if np.all(_condition(a, inverse) < _WELL_CONDITIONED):
            adjugate = inverse * np.linalg.det(a)[..., None, None]
            left = inverse @ e
            relative = np.trace(left, axis1=-2, axis2=-1)[..., None, None]
            return relative * adjugate - left @ adjugate
    except np.linalg.LinAlgError:
        pass
    phase, uh, s, v = _phase_and_svd(a)
    f = uh @ e @ v
    n = s.shape[-1]
    is_diagonal = np.eye(n, dtype=bool)
    p = _products_of_others(np.where(is_diagonal, 1, s[..., None, :]))
    p = np.where(is_diagonal, 0, p)
    d = np.diagonal(f, axis1=-2, axis2=-1)
    inner = -f * p
    i = np.arange(n)
    inner[..., i, i] = (p @ d[..., None])[..., 0]
    return v @ inner @ uh * phase


def _adjugate_second_derivative(args: Any, out: Any, tangents: Any) -> Any:
    """The derivative in `a` where `a` is nonsingular: adj(a) = det(a) a^-1, twice."""
    a, e = args
    da, de = tangents
    total = None if de is None else bind(adjugate_derivative_p, a, de)
    if da is None:
        return total
    inverse = inv(a)
    _, adj = bind(det_keep_p, a)
    along = bind(adjugate_derivative_p, a, da)
    left, right = matmul(inverse, e), matmul(inverse, da)
    # d adj(a)[e] = tr(a^-1 e) adj - a^-1 e adj
    term = sum_terms(
        scaled(along, trace_of_product(inverse, e)),
        neg(scaled(adj, trace_of_product(matmul(inverse, da), left))),
        neg(matmul(left, along)),
        chain(right, left, adj),
    )
    return sum_terms(total, term)


def scaled(x: Any, number: Any) -> Any:
    """Each matrix of a stack times its number."""
    return mul(x, reshape(number, (*number.shape, 1, 1)))


adjugate_derivative_p: Primitive = define(
    Primitive(
        "adjugate_derivative",
        _adjugate_derivative,
        lambda a, e: Type((*stack_shape("det", a=a, e=e), *e.shape[-2:]), e.dtype),
        linear_in=(frozenset({1}),),
        jvp=_adjugate_second_derivative,
        transpose={
            1: lambda ct, args: unfit(bind(adjugate_derivative_p, adjoint(args[0]), ct), args[1])
        },
        emit=native_solve.ADJUGATE_ALONG,
        sparsity=Mixes((-2, -1)),
        batch=lambda size, args, is_batched: (
            bind(adjugate_derivative_p, *align_batch(args, is_batched)),
            True,
        ),
        cost=lambda in_types, out_types, **params: 30 * out_types[0].size * out_types[0].shape[-1],
        facts={"third derivative of det": "needs a nonsingular matrix"},
    )
)

SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """Sign (a phase where complex) and logarithm of |det(a)|; d log det(a) = tr(a^-1 da).

    The derivative at a singular matrix is NaN.
    """
    return SlogdetResult(*bind(slogdet_p, as_square("slogdet", a)))


def _slogdet_keep(a: Any) -> tuple[Any, Any, Any]:
    """Sign, logarithm and inverse, NaN where there is none."""
    if a.ndim == 2 and a.size:
        sign, diagonal, inverse = _factor(a)
        if inverse is not None:
            sizes = np.abs(diagonal)
            return np.prod(diagonal / sizes) * a.dtype.type(sign), np.sum(np.log(sizes)), inverse
    sign, logarithm = np.linalg.slogdet(a)
    is_singular = ~np.isfinite(logarithm)[..., None, None]
    inverse = np.linalg.inv(np.where(is_singular, np.eye(a.shape[-1], dtype=a.dtype), a))
    return sign, logarithm, np.where(is_singular, np.nan, inverse).astype(a.dtype, copy=False)


def _slogdet_keep_type(a: Type) -> tuple[Type, Type, Type]:
    return Type(a.shape[:-2], a.dtype), Type(a.shape[:-2], real_dtype(a.dtype)), a


def _along(out: Any, inverse: Any, da: Any) -> Any:
    relative = trace_of_product(inverse, da)
    if relative.dtype.kind != "c":
        return None, relative
    return mul(out[0], mul(imag(relative), 1j)), real(relative)


slogdet_keep_p: Primitive = define(
    Primitive(
        "slogdet_keep",
        _slogdet_keep,
        _slogdet_keep_type,
        jvp=lambda args, out, tangents: (
            *_along(out, out[2], tangents[0]),
            neg(chain(out[2], tangents[0], out[2])),
        ),
        emit=native_solve.SIGN_LOGARITHM_INVERSE,
        batch=lambda size, args, is_batched: (bind(slogdet_keep_p, *args), (True, True, True)),
        cost=_cost,
        is_multiple=True,
        facts={"outputs": "sign, logarithm, and the inverse for the derivative"},
    )
)
slogdet_p: Primitive = define(
    Primitive(
        "slogdet",
        lambda a: tuple(np.linalg.slogdet(a)),
        lambda a: _slogdet_keep_type(a)[:2],
        emit=native_solve.SIGN_LOGARITHM,
        batch=lambda size, args, is_batched: (bind(slogdet_p, *args), (True, True)),
        cost=_cost,
        extended=slogdet_keep_p,
        is_multiple=True,
        render=lambda ins, params: f"np.linalg.slogdet({ins[0]})",
        facts={"domain": "nonsingular"},
    )
)
