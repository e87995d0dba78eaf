"""Parts of matrices: triangles, diagonals, and the gaps between eigenvalues.

    triangle                           a triangle of a matrix, or half_lower: Seeger's Phi
    hermitian_from / fold_hermitian    a matrix from one triangle, as LAPACK reads it, and back
    take_diagonal / put_diagonal       the diagonal as a vector, and back
    inverse_gaps                       1/(w_j ± w_i), and 0 where that is not defined

The second and third row are adjoint pairs.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.dependence import COLLECTS, COPIES, MOVES
from wengert.ir.emission import Pull
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import add, mul, neg, real, reshape, sub
from wengert.ops.families import linear
from wengert.ops.linalg import native_spectral
from wengert.ops.linalg.common import batch_leading
from wengert.trace.tracer import bind
from wengert.types import Type


class DegenerateSpectrumWarning(UserWarning):
    """Derivatives of eigenvectors or singular vectors were taken where values coincide."""


# -- triangles -------------------------------------------------------------------------------------


def triangle(x: Any, part: str) -> Any:
    """A triangle of the last two axes, zero elsewhere.

    `part` is "lower", "upper", "strict_lower", "strict_upper" or "half_lower" (the lower
    triangle with half of the diagonal).
    """
    return bind(triangle_p, x, part=part)


def _triangle_array(x: Any, *, part: str) -> Any:
    if part == "lower":
        return np.tril(x)
    if part == "upper":
        return np.triu(x)
    if part == "strict_upper":
        return np.triu(x, 1)
    result = np.tril(x, -1)
    if part == "half_lower":
        i = np.arange(min(x.shape[-2:]))
        result[..., i, i] = x[..., i, i] / 2
    return result


triangle_p: Primitive = linear(
    "triangle",
    _triangle_array,
    lambda x, *, part: x,
    transpose={0: lambda ct, args, *, part: triangle(ct, part)},
    batch=batch_leading("triangle"),
    render=lambda ins, params: {
        "lower": f"np.tril({ins[0]})",
        "upper": f"np.triu({ins[0]})",
        "strict_lower": f"np.tril({ins[0]}, -1)",
        "strict_upper": f"np.triu({ins[0]}, 1)",
        "half_lower": f"0.5 * (np.tril({ins[0]}) + np.tril({ins[0]}, -1))",
    }[params["part"]],
    emit=Pull(lambda k, at, *, part: _emit_triangle(k, at, part)),
    # with a whole diagonal: halves of labels are none
    sparsity=lambda k, *, part: _triangle_array(k.labels[0], part=part.replace("half_", "")),
)


def _emit_triangle(k: Any, at: Any, part: str) -> Any:
    """The element, or 0 on the other side of the diagonal."""
    low, high = _WITHIN[part]
    inside = _is_between(k, at, low, high)
    if inside.const is False:
        return k.constant(0)
    x = k.read(0, at)
    if part == "half_lower":
        x = k.b.select(_is_between(k, at, 0, 0), k.b.mul(x, k.constant(0.5)), x)
    return k.b.select(inside, x, k.constant(0))


_FAR = 1 << 40  # beyond every matrix
_WITHIN = {  # column - row in the triangle, both ends included
    "lower": (-_FAR, 0),
    "half_lower": (-_FAR, 0),
    "strict_lower": (-_FAR, -1),
    "upper": (0, _FAR),
    "strict_upper": (1, _FAR),
}


def _is_between(k: Any, at: Any, low: int, high: int) -> Any:
    """Whether low <= column - row <= high."""
    return k.is_in(at[-1] - at[-2], low, high + 1)


def _conjugate_at(k: Any, at: Any) -> Any:
    return k.b.conj(k.read(0, (*at[:-2], at[-1], at[-2])))


def _real_part(k: Any, x: Any) -> Any:
    return k.b.convert(x.re, x.kind) if x.kind[0] == "c" else x


def _emit_hermitian_from(k: Any, at: Any, *, lower: bool) -> Any:
    is_given = _is_between(k, at, *_WITHIN["lower" if lower else "upper"])
    x = k.read(0, at)
    other = k.b.select(is_given, x, _conjugate_at(k, at))
    return k.b.select(_is_between(k, at, 0, 0), _real_part(k, x), other)


def _emit_fold_hermitian(k: Any, at: Any, *, lower: bool) -> Any:
    is_kept = _is_between(k, at, *_WITHIN["lower" if lower else "upper"])
    x = k.read(0, at)
    both = k.b.select(is_kept, k.b.add(x, _conjugate_at(k, at)), k.constant(0))
    return k.b.select(_is_between(k, at, 0, 0), _real_part(k, x), both)


def hermitian_from(x: Any, lower: bool) -> Any:
    """The Hermitian matrix of which LAPACK reads one triangle; imaginary diagonals are ignored."""
    return bind(hermitian_from_p, x, lower=lower)


def _hermitian_from(x: Any, *, lower: bool) -> Any:
    part = np.tril(x, -1) if lower else np.triu(x, 1)
    result = part + np.conj(np.swapaxes(part, -1, -2))
    i = np.arange(x.shape[-1])
    result[..., i, i] = x[..., i, i].real
    return result


def fold_hermitian(x: Any, lower: bool) -> Any:
    """The adjoint of `hermitian_from`: both triangles added into one."""
    return bind(fold_hermitian_p, x, lower=lower)


def _fold_hermitian(x: Any, *, lower: bool) -> Any:
    both = x + np.conj(np.swapaxes(x, -1, -2))
    result = np.tril(both, -1) if lower else np.triu(both, 1)
    i = np.arange(x.shape[-1])
    result[..., i, i] = x[..., i, i].real
    return result


hermitian_from_p: Primitive = linear(
    "hermitian_from",
    _hermitian_from,
    lambda x, *, lower: x,
    transpose={0: lambda ct, args, *, lower: fold_hermitian(ct, lower)},
    batch=batch_leading("hermitian_from"),
    emit=Pull(_emit_hermitian_from),
    sparsity=COPIES,
    facts={"is_real_linear": True},
)
fold_hermitian_p: Primitive = linear(
    "fold_hermitian",
    _fold_hermitian,
    lambda x, *, lower: x,
    transpose={0: lambda ct, args, *, lower: hermitian_from(ct, lower)},
    batch=batch_leading("fold_hermitian"),
    emit=Pull(_emit_fold_hermitian),
    sparsity=COLLECTS,
    facts={"is_real_linear": True},
)

# -- diagonals -------------------------------------------------------------------------------------


def take_diagonal(x: Any) -> Any:
    """The main diagonal of the last two axes."""
    return bind(take_diagonal_p, x)


def _take_diagonal(x: Any) -> Any:
    return np.diagonal(x, axis1=-2, axis2=-1).copy()


def put_diagonal(d: Any, shape: Sequence[int]) -> Any:
    """A matrix of `shape` (two sizes) with the diagonal `d`, zero elsewhere."""
    return bind(put_diagonal_p, d, shape=tuple(shape))


def _put_diagonal(d: Any, *, shape: tuple[int, int]) -> Any:
    result = np.zeros(d.shape[:-1] + shape, d.dtype)
    i = np.arange(d.shape[-1])
    result[..., i, i] = d
    return result


def _emit_put_diagonal(k: Any, at: Any) -> Any:
    inside = _is_between(k, at, 0, 0)
    n = k.shape(0)[-1]
    if inside.const is False or not n:
        return k.constant(0)
    x = k.read(0, (*at[:-2], k.clamp(at[-1], 0, n)))
    return k.b.select(inside, x, k.constant(0))


take_diagonal_p: Primitive = linear(
    "take_diagonal",
    _take_diagonal,
    lambda x: Type((*x.shape[:-2], min(x.shape[-2:])), x.dtype),
    transpose={0: lambda ct, args: put_diagonal(ct, args[0].shape[-2:])},
    batch=batch_leading("take_diagonal"),
    gives_array=True,
    render=lambda ins, params: f"np.diagonal({ins[0]}, axis1=-2, axis2=-1)",
    emit=Pull(lambda k, at: k.read(0, (*at, at[-1]))),
    sparsity=MOVES,
)
put_diagonal_p: Primitive = linear(
    "put_diagonal",
    _put_diagonal,
    lambda d, *, shape: Type(d.shape[:-1] + shape, d.dtype),
    transpose={0: lambda ct, args, *, shape: take_diagonal(ct)},
    batch=batch_leading("put_diagonal"),
    gives_array=True,
    emit=Pull(lambda k, at, *, shape: _emit_put_diagonal(k, at)),
    sparsity=MOVES,
)

# -- gaps between eigenvalues ----------------------------------------------------------------------


def inverse_gaps(w: Any, sign: int = -1) -> Any:
    """The matrix 1/(w_j + sign w_i); 0 where |w_j + sign w_i| <= n eps max|w|.

    Zero for equal values is what derivatives of eigenvectors need wherever the result does not
    depend on the choice of the eigenvectors inside an eigenspace and not on how the eigenvalues
    part; see `docs/notes/degenerate-spectra.md`. A warning says so when it happens.
    """
    return bind(inverse_gaps_p, w, sign=sign)


def _inverse_gaps(w: Any, *, sign: int) -> Any:
    n = w.shape[-1]
    gaps = w[..., None, :] + sign * w[..., :, None]
    size = np.max(np.abs(w), axis=-1, initial=0)[..., None, None]
    is_zero = np.abs(gaps) <= n * np.finfo(w.dtype).eps * size
    if sign < 0 and np.count_nonzero(is_zero) > w.size:
        warnings.warn(
            "derivatives of eigenvectors or singular vectors were taken where eigenvalues or "
            "singular values coincide: they are right for projectors on whole eigenspaces, and "
            "not for V f(w) V^H where f varies, nor for second derivatives of the values "
            "(docs/notes/degenerate-spectra.md). wengert.scipy.linalg has expm, sqrtm and logm.",
            DegenerateSpectrumWarning,
            stacklevel=2,
        )
    return np.where(is_zero, 0, 1 / np.where(is_zero, 1, gaps)).astype(w.dtype, copy=False)


def _inverse_gaps_jvp(args: Any, out: Any, tangents: Any, *, sign: int) -> Any:
    (dw,) = tangents
    n = dw.shape[-1]
    row, column = reshape(dw, (*dw.shape[:-1], 1, n)), reshape(dw, (*dw.shape, 1))
    spread = sub(row, column) if sign < 0 else add(row, column)
    return neg(mul(mul(out, out), spread))


inverse_gaps_p: Primitive = define(
    Primitive(
        "inverse_gaps",
        _inverse_gaps,
        lambda w, *, sign: Type((*w.shape, w.shape[-1]), w.dtype),
        jvp=_inverse_gaps_jvp,
        batch=batch_leading("inverse_gaps"),
        cost=lambda in_types, out_types, **params: 2 * out_types[0].size,
        emit=native_spectral.INVERSE_GAPS,
        facts={"ties": "0 where values are equal to rounding"},
    )
)


def real_diagonal(x: Any) -> Any:
    """The real part of the diagonal."""
    return real(take_diagonal(x))
