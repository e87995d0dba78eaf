"""Norms of vectors and matrices, with every `ord` of NumPy's.

The Euclidean norm is a primitive: its derivative x / norm(x) is 0 at 0, and so are all higher ones
there. Other orders are compositions; where a norm is 0 their derivative is 0 too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ir.emission import Expand
from wengert.ir.primitive import Primitive, define
from wengert.ops.contraction import as_operand
from wengert.ops.core import (
    add,
    conj,
    convert,
    imag,
    mul,
    neg,
    real,
    reduced_shape,
    reshape,
    sum_axes,
    transpose,
)
from wengert.ops.elementwise import select
from wengert.ops.families import elementwise
from wengert.ops.linalg.common import MatrixShapeError, describe
from wengert.ops.linalg.svd import svdvals
from wengert.ops.products import normalize_axis
from wengert.trace.tracer import bind, implements
from wengert.types import Type

# -- 1/x, and 0 at 0 -------------------------------------------------------------------------------


def _reciprocal_or_zero(x: Any) -> Any:
    is_zero = x == 0
    return np.where(is_zero, 0, 1 / np.where(is_zero, 1, x)).astype(x.dtype)[()]


def reciprocal_or_zero(x: Any) -> Any:
    """1/x, and 0 where x is 0, with all derivatives 0 there."""
    return bind(reciprocal_or_zero_p, x)


reciprocal_or_zero_p: Primitive = elementwise(
    "reciprocal_or_zero",
    _reciprocal_or_zero,
    ufunc=np.reciprocal,
    partials=(lambda out, x: neg(mul(out, out)),),
    at_zero="0, with derivative 0",
    emit=lambda b, x: _emit_reciprocal(b, x),
)


def _emit_reciprocal(b: Any, x: Any) -> Any:
    zero, one = b.constant(0.0, x.kind), b.constant(1.0, x.kind)
    is_zero = b.compare("eq", x, zero)
    return b.select(is_zero, zero, b.div(one, b.select(is_zero, one, x)))


# -- the Euclidean norm ----------------------------------------------------------------------------


def euclidean(x: Any, axes: Sequence[int], keepdims: bool = False) -> Any:
    """sqrt(sum |x|^2) over `axes` (non-negative)."""
    return bind(norm_p, x, axes=tuple(axes), keepdims=keepdims)


def _euclidean(x: Any, *, axes: tuple[int, ...], keepdims: bool) -> Any:
    if len(axes) == x.ndim and not keepdims:
        flat = x.ravel(order="K")
        if flat.dtype.kind != "c":
            return np.sqrt(flat.dot(flat))
        re, im = flat.real, flat.imag
        return np.sqrt(re.dot(re) + im.dot(im))
    if len(axes) == 1:
        return np.linalg.norm(x, axis=axes[0], keepdims=keepdims)
    squares = (x * x) if x.dtype.kind != "c" else (x.conj() * x).real
    return np.sqrt(np.sum(squares, axis=axes, keepdims=keepdims))


def _norm_type(x: Type, *, axes: tuple[int, ...], keepdims: bool) -> Type:
    dtype = x.dtype if x.dtype.kind != "c" else np.empty(0, x.dtype).real.dtype
    return Type(reduced_shape(x.shape, axes, keepdims), dtype)


def _norm_jvp(args: Any, out: Any, tangents: Any, *, axes: Any, keepdims: bool) -> Any:
    x = args[0]
    along = sum_axes(real(mul(conj(x), tangents[0])), axes, keepdims)
    return mul(along, reciprocal_or_zero(out))


def _norm_render(ins: Sequence[str], params: Any) -> str:
    axes, keepdims = params["axes"], params["keepdims"]
    return f"np.sqrt(np.sum(np.abs({ins[0]})**2, axis={axes}, keepdims={keepdims}))"


def _norm_expanded(x: Any, *, axes: tuple[int, ...], keepdims: bool) -> Any:
    if x.dtype.kind != "c":
        return np.sqrt(sum_axes(mul(x, x), axes, keepdims))
    re, im = real(x), imag(x)
    return np.sqrt(sum_axes(add(mul(re, re), mul(im, im)), axes, keepdims))


norm_p: Primitive = define(
    Primitive(
        "norm",
        _euclidean,
        _norm_type,
        jvp=_norm_jvp,
        batch=lambda size, args, is_batched, *, axes, keepdims: (
            euclidean(args[0], [a + 1 for a in axes], keepdims),
            True,
        ),
        cost=lambda in_types, out_types, **params: 2 * in_types[0].size,
        render=_norm_render,
        emit=Expand(_norm_expanded),
        facts={"at_zero": "every derivative is 0"},
    )
)

# -- NumPy's norms ---------------------------------------------------------------------------------


def as_inexact(x: Any) -> Any:
    """`x` as floating point or complex, as NumPy's norm takes it."""
    x = as_operand(x)
    return x if x.dtype.kind in "fc" else convert(x, np.float64)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector or matrix norm, chosen as NumPy does by `ord` and the number of axes."""
    x = as_inexact(x)
    ndim = len(x.shape)
    keepdims = bool(keepdims)
    if axis is None and (
        ord is None or (ord in ("f", "fro") and ndim == 2) or (ord == 2 and ndim == 1)
    ):
        return euclidean(x, range(ndim), keepdims)
    axes = range(ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple([normalize_axis(a, ndim, "norm") for a in axes])
    if len(axes) == 1:
        return _vector(x, ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix(x, ord, axes, keepdims)
    raise ArgumentError(
        "norm: the axes are neither one nor two.",
        got=f"ord={ord!r}, axis={axis!r}, x: {Type(x.shape, x.dtype)!r}",
        expected="one axis for a vector norm, two for a matrix norm",
        try_="np.linalg.norm(x) for all elements, or np.linalg.vector_norm",
    )


def _vector(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or (not isinstance(ord, str) and ord == 2):
        return euclidean(x, axes, keepdims)
    if isinstance(ord, str):
        raise ArgumentError(
            "norm: this order is not defined for vectors.",
            got=f"ord={ord!r}",
            expected="a number, inf, -inf or None",
            try_="two axes for 'fro' and 'nuc'",
        )
    if ord in (math.inf, -math.inf):
        extreme = np.max if ord > 0 else np.min
        return extreme(np.abs(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        counted = np.not_equal(x, 0).astype(np.abs(x).dtype)
        return np.sum(counted, axis=axes, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    total = np.sum(np.abs(x) ** ord, axis=axes, keepdims=keepdims)
    is_zero = total == 0
    # At 0 the root has no derivative: it is taken elsewhere, and 0 put in its place.
    return select(is_zero, 1.0, total) ** (1 / ord) * convert(total != 0, total.dtype)


def _matrix(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    rows, columns = axes
    if rows == columns:
        raise ArgumentError("norm: the two axes are the same.", got=f"axis={axes}")
    if ord is None or (isinstance(ord, str) and ord in ("fro", "f")):
        return euclidean(x, axes, keepdims)
    if (isinstance(ord, str) and ord == "nuc") or ord in (2, -2):
        result = _spectral(x, ord, axes)
    elif ord in (1, -1, math.inf, -math.inf):
        summed, kept = axes if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=summed)
        extreme = np.max if ord > 0 else np.min
        result = extreme(sums, axis=kept - (kept > summed))
    else:
        raise ArgumentError(
            "norm: this order is not defined for matrices.",
            got=f"ord={ord!r}",
            expected="None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf",
        )
    return reshape(result, reduced_shape(x.shape, axes, True)) if keepdims else result


def _spectral(x: Any, ord: Any, axes: tuple[int, int]) -> Any:
    others = [i for i in range(len(x.shape)) if i not in axes]
    s = svdvals(transpose(x, (*others, *axes)))
    if ord == "nuc":
        return np.sum(s, axis=-1)
    return np.max(s, axis=-1) if ord > 0 else np.min(s, axis=-1)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of vectors along `axis`, or of all elements."""
    x = as_inexact(x)
    ndim = len(x.shape)
    if axis is None:
        given: Any = range(ndim)
    else:
        given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple([normalize_axis(a, ndim, "vector_norm") for a in given])
    return _vector(x, ord, axes, bool(keepdims))


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes."""
    x = as_inexact(x)
    if len(x.shape) < 2:
        raise MatrixShapeError(
            "matrix_norm: the operand is no matrix.",
            got=describe(x=x),
            expected="at least two axes: [..., m, n]",
            try_="np.linalg.vector_norm",
        )
    n = len(x.shape)
    return _matrix(x, ord, (n - 2, n - 1), bool(keepdims))
