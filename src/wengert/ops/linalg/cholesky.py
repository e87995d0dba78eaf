"""The Cholesky factorization a = l l^H, and its derivative as an adjoint pair of primitives.

    cholesky
    cholesky_push    dl = l Phi(l^-1 da l^-H), from the triangle of da that is read
    cholesky_pull    the adjoint, in blocks: it costs about twice the factorization

Phi takes the lower triangle with half of the diagonal.

Sources: M. B. Giles, "Collected matrix derivative results" (2008); I. Murray, "Differentiation of
the Cholesky decomposition" (arXiv:1602.07527), for the blocked adjoint, here for complex matrices
too.
"""

from __future__ import annotations

import importlib
from functools import cache, partial
from typing import Any

import numpy as np

from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, define
from wengert.ir.unions import prefix_unions
from wengert.ops.core import neg, unfit
from wengert.ops.linalg import native_cholesky
from wengert.ops.linalg.common import (
    adjoint,
    as_square,
    batch_leading,
    batch_stacks,
    stack_shape,
    sum_terms,
)
from wengert.ops.linalg.structure import (
    fold_hermitian,
    hermitian_from_p,
    triangle,
)
from wengert.ops.linalg.triangular import solve_from_right, triangular_solve, triangular_solve_p
from wengert.ops.matmul import matmul
from wengert.trace.tracer import bind, implements
from wengert.types import Type


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


cholesky_p: Primitive = define(
    Primitive(
        "cholesky",
        np.linalg.cholesky,
        lambda a: a,
        jvp=lambda args, out, tangents: push(out, tangents[0]),
        emit=native_cholesky.CHOLESKY,
        batch=batch_leading("cholesky"),
        cost=lambda in_types, out_types, **params: out_types[0].size * out_types[0].shape[-1] // 3,
        render=lambda ins, params: f"np.linalg.cholesky({ins[0]})",
        facts={"reads": "the lower triangle", "domain": "positive definite"},
    )
)


def push(l: Any, da: Any) -> Any:
    """The derivative of the factor `l` along `da`."""
    return bind(cholesky_push_p, l, da)


def pull(l: Any, ct: Any) -> Any:
    """The adjoint of `push`: a lower triangle with a real diagonal."""
    return bind(cholesky_pull_p, l, ct)


# -- the implementations ---------------------------------------------------------------------------

_BLOCK = 64


def _adjoint(a: Any) -> Any:
    return np.conj(np.swapaxes(a, -1, -2))


def _half(a: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    result = np.tril(a)
    if a.ndim == 2:
        result.reshape(-1)[:: a.shape[0] + 1] *= 0.5
    else:
        i = np.arange(a.shape[-1])
        result[..., i, i] *= 0.5
    return result


def _fold(a: Any) -> Any:
    """Both triangles added into the lower one, as `structure.fold_hermitian`."""
    return _half(a + _adjoint(a))


def _inverse(l: Any) -> Any:
    """The inverse of triangular matrices."""
    if l.ndim > 2 or l.size == 0:
        return np.linalg.inv(l)
    return _trtri(l.dtype)(l, lower=1)[0]


@cache
def _trtri(dtype: np.dtype[Any]) -> Any:
    lapack = importlib.import_module("scipy.linalg.lapack")
    return lapack.get_lapack_funcs(("trtri",), dtype=dtype)[0]


def _push(l: Any, da: Any) -> Any:
    h = hermitian_from_p.array(da, lower=True)
    if l.ndim == 2 and l.shape[0] > _BLOCK:
        solve = partial(triangular_solve_p.array, l, lower=True, has_unit_diagonal=False)
        inner = solve(_adjoint(solve(h, is_adjoint=False)), is_adjoint=False)
    else:
        inverse = _inverse(l)
        inner = inverse @ h @ _adjoint(inverse)
    return np.tril(l @ _half(inner))


def _pull(l: Any, ct: Any) -> Any:
    if l.ndim > 2 or l.shape[0] <= _BLOCK:
        inverse = _inverse(l)
        return _fold(_adjoint(inverse) @ _half(_adjoint(l) @ ct) @ inverse)
    if ct.ndim > 2:
        flat = ct.reshape(-1, *ct.shape[-2:])
        return np.stack([_pull_blocks(l, c) for c in flat]).reshape(ct.shape)
    return _pull_blocks(l, ct)


def _pull_blocks(l: Any, ct: Any) -> Any:
    """From the last block of columns to the first, each undoing one step of the factorization."""
    n = l.shape[0]
    result = np.tril(ct)
    for end in range(n, 0, -_BLOCK):
        start = max(0, end - _BLOCK)
        rows, below = slice(start, end), slice(end, n)
        d, r = l[rows, rows], l[rows, :start]
        inverse = _inverse(d)
        if end < n:  # the rows below the block: c = (a - b r^H) d^-H
            m = result[below, rows] @ inverse
            mh = _adjoint(m)
            result[below, rows] = m
            result[below, :start] -= m @ r
            result[rows, rows] -= np.tril(mh @ l[below, rows])
            result[rows, :start] -= mh @ l[below, :start]
        full = _adjoint(inverse) @ _half(_adjoint(d) @ result[rows, rows]) @ inverse
        result[rows, :start] -= (full + _adjoint(full)) @ r
        result[rows, rows] = _fold(full)
    return result


# -- their derivatives -----------------------------------------------------------------------------


def _push_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """With k = Phi(m) = l^-1 out: m = k + k^H and dm = -(z m + m z^H), z = l^-1 dl."""
    l, _ = args
    dl, dda = tangents
    total = None if dda is None else push(l, dda)
    if dl is None:
        return total
    k = triangular_solve(l, out, True)
    zm = matmul(triangular_solve(l, dl, True), k + adjoint(k))
    dm = neg(zm + adjoint(zm))
    return sum_terms(total, matmul(dl, k), matmul(l, triangle(dm, "half_lower")))


def _pull_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """With f = l^-H Phi(l^H ct) l^-1 and y = dl l^-1: df = -y^H f - f y, and y^H ct for ct."""
    l, ct = args
    dl, dct = tangents
    total = None if dct is None else pull(l, dct)
    if dl is None:
        return total
    f = triangular_solve(l, triangle(matmul(adjoint(l), ct), "half_lower"), True, is_adjoint=True)
    f = solve_from_right(f, l, True)
    y = solve_from_right(dl, l, True)
    yh = adjoint(y)
    df = neg(matmul(yh, f) + matmul(f, y))
    return sum_terms(total, fold_hermitian(df, True), pull(l, matmul(yh, ct)))


def _pair_type(l: Type, x: Type) -> Type:
    return Type((*stack_shape("cholesky", l=l, x=x), *x.shape[-2:]), x.dtype)


def _pair_cost(in_types: Any, out_types: Any) -> int:
    return int(2 * out_types[0].size * out_types[0].shape[-1] // 3)


def _sparsity(k: Flow, is_reversed: bool) -> Any:
    """An element of the factor depends on those above it and to its left, in the lower triangle."""
    labels = np.tril(k.labels_of(1))
    for axis in (-2, -1):
        labels = prefix_unions(k.sets, labels, axis, is_reversed)
    return np.broadcast_to(np.tril(labels), k.out_shape())


cholesky_push_p: Primitive = define(
    Primitive(
        "cholesky_push",
        _push,
        _pair_type,
        linear_in=(frozenset({1}),),
        jvp=_push_jvp,
        transpose={1: lambda ct, args: unfit(pull(args[0], ct), args[1])},
        emit=native_cholesky.PUSH,
        sparsity=lambda k: _sparsity(k, is_reversed=False),
        batch=batch_stacks("cholesky_push"),
        cost=lambda in_types, out_types: 4 * out_types[0].size * out_types[0].shape[-1],
        facts={"is_real_linear": True},
    )
)
cholesky_pull_p: Primitive = define(
    Primitive(
        "cholesky_pull",
        _pull,
        _pair_type,
        linear_in=(frozenset({1}),),
        jvp=_pull_jvp,
        transpose={1: lambda ct, args: unfit(push(args[0], ct), args[1])},
        emit=native_cholesky.PULL,
        sparsity=lambda k: _sparsity(k, is_reversed=True),
        batch=batch_stacks("cholesky_pull"),
        cost=_pair_cost,
        facts={"is_real_linear": True},
    )
)
