"""The singular value decomposition.

The derivative of a = u diag(s) v^H is written with 1/(s_j - s_i) for the symmetric part of
u^H da v and 1/(s_j + s_i) for the antisymmetric one, so that the polar factor u v^H is right where
singular values coincide. The gauge: (u^H du)_ii = -(v^H dv)_ii. A singular value that is zero has
derivative zero, the middle of its kink.

Sources: J. Townsend, "Differentiating the singular value decomposition" (2016); Z.-Q. Wan and
S.-X. Zhang, "Automatic differentiation for complex valued SVD" (arXiv:1909.02659).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, define
from wengert.ops.core import (
    convert,
    mul,
    neg,
    sub,
)
from wengert.ops.elementwise import select
from wengert.ops.linalg import native_spectral
from wengert.ops.linalg.common import (
    adjoint,
    as_matrices,
    as_square,
    chain,
    column_scaled,
    real_dtype,
)
from wengert.ops.linalg.eigen import eigh, eigvalsh
from wengert.ops.linalg.structure import inverse_gaps, real_diagonal, take_diagonal
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
        return hermitian_svd(as_square("svd", a), compute_uv)
    a = as_matrices("svd", a)
    if not compute_uv:
        return bind(svdvals_p, a, full_matrices=False)[0]
    s, u, vh = bind(svd_p, a, full_matrices=bool(full_matrices))
    return SVDResult(u, s, vh)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """Singular values in descending order."""
    return svd(x, compute_uv=False)


def hermitian_svd(a: Any, compute_uv: bool) -> Any:
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


def svdvals_along(a: Any, da: Any) -> Any:
    """The derivative of the singular values of `a` along `da`."""
    s, u, vh = bind(svd_p, a, full_matrices=False)
    return _values_along(chain(adjoint(u), da, adjoint(vh)), inverse_gaps(s, 1))


svd_p: Primitive = define(
    Primitive(
        "svd",
        _svd_array,
        _svd_type,
        jvp=_svd_jvp,
        emit=native_spectral.SVD,
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
        emit=native_spectral.SVDVALS,
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
