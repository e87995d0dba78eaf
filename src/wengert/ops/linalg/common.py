"""What the matrix rules share: checks of operands, triangles, diagonals, batching.

    triangle                           a triangle of a matrix, or half_lower: Seeger's Phi
    hermitian_from / fold_hermitian    a matrix from one triangle, as LAPACK reads it, and back
    take_diagonal / put_diagonal       the diagonal as a vector, and back
    inverse_gaps                       1/(w_j ± w_i), and 0 where that is not defined

The operands of every primitive here have one floating-point dtype; matrices stand in the last two
axes, and the axes before them broadcast. The second and third row are adjoint pairs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import DtypeError, ShapeError
from wengert.ir.primitive import Primitive, define, registry
from wengert.ops.contraction import as_operand, contract
from wengert.ops.core import add, conj, convert, mul, neg, real, reshape, sub
from wengert.ops.families import align_batch, linear
from wengert.ops.matmul import matmul, matrix_transpose
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type


class MatrixShapeError(ShapeError, np.linalg.LinAlgError):
    """Arrays that are no matrices, or not square ones; NumPy's LinAlgError is among its bases."""


class DegenerateSpectrumWarning(UserWarning):
    """Derivatives of eigenvectors or singular vectors were taken where values coincide."""


# -- operands --------------------------------------------------------------------------------------


def float_dtype(name: str, *xs: Any) -> np.dtype[Any]:
    """NumPy's rule for linear algebra: single precision if all are single, integers are double."""
    is_single = True
    is_complex = False
    for x in xs:
        if x.dtype.kind in "iub":
            is_single = False
            continue
        if x.dtype.char not in "fdFD":
            raise DtypeError(
                f"{name}: LAPACK does not have this dtype.",
                got=f"{x.dtype}",
                expected="float32, float64, complex64 or complex128",
                try_="x.astype(np.float64)",
            )
        is_complex |= x.dtype.kind == "c"
        is_single &= x.dtype.char in "fF"
    return np.dtype("dfDF"[2 * is_complex + is_single])


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of an absolute value."""
    return np.dtype("f" if dtype.char in "fF" else "d")


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype of the same precision."""
    return np.dtype("F" if dtype.char in "fF" else "D")


def describe(**operands: Any) -> str:
    """`a: float64[5, 3], b: float64[4]`, for messages."""
    return ", ".join([f"{name}: {Type(x.shape, x.dtype)!r}" for name, x in operands.items()])


def as_matrices(name: str, *xs: Any) -> Any:
    """Operands converted to one floating-point dtype; each must have at least two axes."""
    operands = [as_operand(x) for x in xs]
    dtype = float_dtype(name, *operands)
    for x in operands:
        if len(x.shape) < 2:
            raise MatrixShapeError(
                f"{name}: the operand is no matrix.",
                got=repr(Type(x.shape, x.dtype)),
                expected="at least two axes: [..., m, n]",
                try_="x[:, None] for a column, x[None, :] for a row",
            )
    converted = [convert(x, dtype) for x in operands]
    return converted if len(converted) > 1 else converted[0]


def as_square(name: str, *xs: Any) -> Any:
    """Square matrices of one floating-point dtype."""
    converted = as_matrices(name, *xs)
    for x in converted if len(xs) > 1 else [converted]:
        if x.shape[-1] != x.shape[-2]:
            raise MatrixShapeError(
                f"{name}: the matrix is not square.",
                got=repr(Type(x.shape, x.dtype)),
                expected="[..., n, n]",
                try_="np.linalg.lstsq or np.linalg.pinv for matrices that are not square",
            )
    return converted


def stack_shape(name: str, **operands: Any) -> tuple[int, ...]:
    """The broadcast shape of the axes before the matrices."""
    try:
        return np.broadcast_shapes(*[x.shape[:-2] for x in operands.values()])
    except ValueError:
        raise ShapeError(
            f"{name}: the stacks of matrices do not broadcast.",
            got=describe(**operands),
            expected="sizes that are equal or 1 before the last two axes, counted from the last",
            try_="add axes with x[:, None]",
        ) from None


def misfit(name: str, expected: str, **operands: Any) -> ShapeError:
    """The error for matrices whose sizes do not go together."""
    return ShapeError(
        f"{name}: the sizes of the matrices do not fit.",
        got=describe(**operands),
        expected=expected,
        try_="transpose one of them, or check which axis counts the equations",
    )


def is_known(x: Any) -> bool:
    """Whether a value stands behind `x`, so that a decision on it can be taken."""
    while isinstance(x, Tracer):
        x = x.value
    return x is not None


# -- small algebra ---------------------------------------------------------------------------------


def adjoint(x: Any) -> Any:
    """The conjugate transpose."""
    return conj(matrix_transpose(x))


def chain(*factors: Any) -> Any:
    """The product of matrices, from the left."""
    product = factors[0]
    for factor in factors[1:]:
        product = matmul(product, factor)
    return product


def sum_terms(*terms: Any) -> Any:
    """The sum of the terms that are not None; None if there are none."""
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else add(total, term)
    return total


def column_scaled(x: Any, d: Any) -> Any:
    """x @ diag(d)."""
    return mul(x, reshape(d, (*d.shape[:-1], 1, d.shape[-1])))


def row_scaled(d: Any, x: Any) -> Any:
    """diag(d) @ x."""
    return mul(x, reshape(d, (*d.shape, 1)))


def batch_leading(name: str) -> Any:
    """The batch rule of a primitive with one operand whose leading axes are a stack already."""

    def batch(size: int, args: Any, is_batched: Any, **params: Any) -> Any:
        return bind(registry[name], *args, **params), True

    return batch


def batch_stacks(name: str) -> Any:
    """The batch rule of a primitive whose operands are stacks of matrices that broadcast."""

    def batch(size: int, args: Any, is_batched: Any, **params: Any) -> Any:
        return bind(registry[name], *align_batch(args, is_batched), **params), True

    return batch


def over_stack(
    function: Callable[..., Any], operands: Sequence[Any], n_core: Sequence[int]
) -> list[np.ndarray]:
    """The outputs of `function` on each item of stacks that broadcast; NumPy values only.

    Parameters
    ----------
    function : callable
        Takes one item of each operand, returns a tuple of arrays.
    operands : sequence of array
    n_core : sequence of int
        How many last axes of each operand belong to an item.
    """
    cores = [x.shape[x.ndim - n :] for x, n in zip(operands, n_core, strict=True)]
    stacks = [x.shape[: x.ndim - n] for x, n in zip(operands, n_core, strict=True)]
    stack = np.broadcast_shapes(*stacks)
    if math.prod(stack) == 0:
        # One item of ones gives the shapes and dtypes of the results, of which there are none.
        items = [
            np.eye(*core, dtype=x.dtype) if len(core) == 2 else np.ones(core, x.dtype)
            for x, core in zip(operands, cores, strict=True)
        ]
        return [np.zeros(stack + np.shape(r), np.asarray(r).dtype) for r in function(*items)]
    flat = [
        np.broadcast_to(x, stack + core).reshape(math.prod(stack), *core)
        for x, core in zip(operands, cores, strict=True)
    ]
    rows = [function(*items) for items in zip(*flat, strict=True)]
    return [np.stack(r).reshape(stack + np.shape(r[0])) for r in zip(*rows, strict=True)]


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
)


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
    facts={"is_real_linear": True},
)
fold_hermitian_p: Primitive = linear(
    "fold_hermitian",
    _fold_hermitian,
    lambda x, *, lower: x,
    transpose={0: lambda ct, args, *, lower: hermitian_from(ct, lower)},
    batch=batch_leading("fold_hermitian"),
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


take_diagonal_p: Primitive = linear(
    "take_diagonal",
    _take_diagonal,
    lambda x: Type((*x.shape[:-2], min(x.shape[-2:])), x.dtype),
    transpose={0: lambda ct, args: put_diagonal(ct, args[0].shape[-2:])},
    batch=batch_leading("take_diagonal"),
    gives_array=True,
    render=lambda ins, params: f"np.diagonal({ins[0]}, axis1=-2, axis2=-1)",
)
put_diagonal_p: Primitive = linear(
    "put_diagonal",
    _put_diagonal,
    lambda d, *, shape: Type(d.shape[:-1] + shape, d.dtype),
    transpose={0: lambda ct, args, *, shape: take_diagonal(ct)},
    batch=batch_leading("put_diagonal"),
    gives_array=True,
)


def trace_of_product(a: Any, b: Any) -> Any:
    """tr(a b), without the product."""
    stacks = [list(range(len(x.shape) - 2, 0, -1)) for x in (a, b)]
    return contract(a, [*stacks[0], "i", "j"], b, [*stacks[1], "j", "i"], max(stacks, key=len))


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
        facts={"ties": "0 where values are equal to rounding"},
    )
)


def real_diagonal(x: Any) -> Any:
    """The real part of the diagonal."""
    return real(take_diagonal(x))
