"""Determinants: `det` with derivatives at singular matrices too, and `slogdet`.

    det            its derivative is the adjugate
    adjugate       and `adjugate_derivative`, both by singular values where inverses fail
    slogdet        sign and logarithm

Source: M. B. Giles, "Collected matrix derivative results" (2008), for nonsingular matrices; the
forms by singular values follow from det(u s v^H) = det(u) det(v^H) prod(s).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define
from wengert.ops.core import imag, mul, neg, real, reshape, unfit
from wengert.ops.families import align_batch
from wengert.ops.linalg.common import (
    adjoint,
    as_square,
    batch_leading,
    chain,
    real_dtype,
    stack_shape,
    sum_terms,
    trace_of_product,
)
from wengert.ops.linalg.solve import inv
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant; its derivative, the cofactors, exists for singular matrices too."""
    return bind(det_p, as_square("det", a))


det_p: Primitive = define(
    Primitive(
        "det",
        np.linalg.det,
        lambda a: Type(a.shape[:-2], a.dtype),
        jvp=lambda args, out, tangents: trace_of_product(adjugate(args[0]), tangents[0]),
        batch=batch_leading("det"),
        cost=lambda in_types, out_types, **params: (
            2 * in_types[0].size * in_types[0].shape[-1] // 3
        ),
        render=lambda ins, params: f"np.linalg.det({ins[0]})",
    )
)


def adjugate(a: Any) -> Any:
    """The adjugate: a adj(a) = det(a) 1, for singular `a` too."""
    return bind(adjugate_p, a)


# Below this condition number det(a) inv(a) is as accurate as the singular value decomposition.
_WELL_CONDITIONED = 1e4


def _adjugate(a: Any) -> Any:
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return _adjugate_by_svd(a)
    conditions = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    if np.all(conditions < _WELL_CONDITIONED):
        return inverse * np.linalg.det(a)[..., None, None]
    return _adjugate_by_svd(a)


def _phase_and_svd(a: Any) -> tuple[Any, Any, Any, Any]:
    u, s, vh = np.linalg.svd(a)
    phase = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return phase, np.conj(np.swapaxes(u, -1, -2)), s, np.conj(np.swapaxes(vh, -1, -2))


def _products_without(s: Any, n_left_out: int) -> Any:
    """Products of all of `s` but the i-th, or but the i-th and the j-th."""
    n = s.shape[-1]
    keep = ~np.eye(n, dtype=bool)
    if n_left_out == 2:
        keep = keep[:, None, :] & keep[None, :, :]
    expanded = s[(..., *(None,) * n_left_out, slice(None))]
    return np.prod(np.where(keep, expanded, 1), axis=-1)


def _adjugate_by_svd(a: Any) -> Any:
    phase, uh, s, v = _phase_and_svd(a)
    return (v * _products_without(s, 1)[..., None, :]) @ uh * phase


adjugate_p: Primitive = define(
    Primitive(
        "adjugate",
        _adjugate,
        lambda a: a,
        jvp=lambda args, out, tangents: bind(adjugate_derivative_p, args[0], tangents[0]),
        batch=batch_leading("adjugate"),
        cost=lambda in_types, out_types, **params: 4 * out_types[0].size * out_types[0].shape[-1],
    )
)


def _adjugate_derivative(a: Any, e: Any) -> Any:
    """d adj(a)[e] by the singular value decomposition: exact for singular matrices too.

    With a = u s v^H and f = u^H e v, the derivative in the singular bases has the entries
    sum_{l != i} f_ll p_il on the diagonal and -f_ij p_ij elsewhere, p_ij the product of all
    singular values but the i-th and the j-th.
    """
    phase, uh, s, v = _phase_and_svd(a)
    f = uh @ e @ v
    n = s.shape[-1]
    p = np.where(np.eye(n, dtype=bool), 0, _products_without(s, 2))
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
    adj = adjugate(a)
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
    """Sign (a phase where complex) and logarithm of |det(a)|; d log det(a) = tr(a^-1 da)."""
    return SlogdetResult(*bind(slogdet_p, as_square("slogdet", a)))


def _slogdet_jvp(args: Any, out: Any, tangents: Any) -> Any:
    relative = trace_of_product(inv(args[0]), tangents[0])
    if relative.dtype.kind != "c":
        return None, relative
    return mul(out[0], mul(imag(relative), 1j)), real(relative)


slogdet_p: Primitive = define(
    Primitive(
        "slogdet",
        lambda a: tuple(np.linalg.slogdet(a)),
        lambda a: (Type(a.shape[:-2], a.dtype), Type(a.shape[:-2], real_dtype(a.dtype))),
        jvp=_slogdet_jvp,
        batch=lambda size, args, is_batched: (bind(slogdet_p, *args), (True, True)),
        cost=det_p.cost,
        is_multiple=True,
        render=lambda ins, params: f"np.linalg.slogdet({ins[0]})",
        facts={"domain": "nonsingular"},
    )
)
