"""What the matrix rules share: checks of operands, small algebra, batching.

The operands of every primitive here have one floating-point dtype; matrices stand in the last two
axes, and the axes before them broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import DtypeError, ShapeError
from wengert.ir.primitive import registry
from wengert.ops.contraction import as_operand, contract
from wengert.ops.core import add, conj, convert, mul, reshape
from wengert.ops.families import align_batch
from wengert.ops.matmul import matmul, matrix_transpose
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type


class MatrixShapeError(ShapeError, np.linalg.LinAlgError):
    """Arrays that are no matrices, or not square ones; NumPy's LinAlgError is among its bases."""


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


_DTYPES = frozenset([np.dtype(c) for c in "fdFD"])


def as_matrices(name: str, *xs: Any) -> Any:
    """Operands converted to one floating-point dtype; each must have at least two axes."""
    dtype = getattr(xs[0], "dtype", None)
    if dtype in _DTYPES:
        for x in xs:
            if not isinstance(x, (Tracer, np.ndarray)) or x.dtype != dtype or x.ndim < 2:
                break
        else:
            return xs if len(xs) > 1 else xs[0]
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
    require_square(name, *(converted if len(xs) > 1 else [converted]))
    return converted


def require_square(name: str, *xs: Any) -> None:
    """Raise for a matrix that is not square."""
    for x in xs:
        if x.shape[-1] != x.shape[-2]:
            raise MatrixShapeError(
                f"{name}: the matrix is not square.",
                got=repr(Type(x.shape, x.dtype)),
                expected="[..., n, n]",
                try_="np.linalg.lstsq or np.linalg.pinv for matrices that are not square",
            )


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


def trace_of_product(a: Any, b: Any) -> Any:
    """tr(a b), without the product."""
    stacks = [list(range(len(x.shape) - 2, 0, -1)) for x in (a, b)]
    return contract(a, [*stacks[0], "i", "j"], b, [*stacks[1], "j", "i"], max(stacks, key=len))


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
