"""Compositions of products, powers and systems: no primitives here.

matrix_power multi_dot cond tensorsolve tensorinv      and the names that NumPy's array API adds
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import broadcast_to, full, mul, reshape, transpose
from wengert.ops.linalg.common import MatrixShapeError, as_square, describe
from wengert.ops.linalg.norm import norm
from wengert.ops.linalg.solve import inv, solve
from wengert.ops.linalg.structure import put_diagonal
from wengert.ops.linalg.svd import svdvals
from wengert.ops.matmul import matmul, matrix_transpose
from wengert.trace.tracer import implements


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """a^n for an integer n, by repeated squaring; negative powers are those of the inverse."""
    a = as_operand(a)
    as_square("matrix_power", a)
    try:
        n = operator.index(n)
    except TypeError:
        raise ArgumentError(
            "matrix_power: the exponent is no integer.",
            got=repr(n),
            expected="an integer",
            try_="wengert.scipy.linalg.fractional_matrix_power",
        ) from None
    if n == 0:
        ones = full((a.shape[-1],), 1.0 if a.dtype.kind in "fc" else 1, a.dtype)
        return broadcast_to(put_diagonal(ones, a.shape[-2:]), a.shape)
    if n < 0:
        a, n = inv(a), -n
    if n == 1:
        return a.copy()
    result: Any = None
    power = a
    while True:
        if n & 1:
            result = power if result is None else matmul(result, power)
        n >>= 1
        if not n:
            return result
        power = matmul(power, power)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """The product of matrices in the order that needs the fewest multiplications."""
    factors = [as_operand(a) for a in arrays]
    if len(factors) < 2:
        raise ArgumentError(
            "multi_dot: there are too few factors.",
            got=str(len(factors)),
            expected="two or more",
        )
    ndims = [len(f.shape) for f in factors]
    if any(n != 2 for n in ndims[1:-1]) or ndims[0] not in (1, 2) or ndims[-1] not in (1, 2):
        raise MatrixShapeError(
            "multi_dot: a factor is no matrix.",
            got=", ".join([str(f.shape) for f in factors]),
            expected="matrices; the first and the last may be vectors",
        )
    if ndims[0] == 1:
        factors[0] = reshape(factors[0], (1, *factors[0].shape))
    if ndims[-1] == 1:
        factors[-1] = reshape(factors[-1], (*factors[-1].shape, 1))
    product = _product(factors, _order([f.shape for f in factors]), 0, len(factors) - 1)
    rows = product.shape[:1] if ndims[0] == 2 else ()
    columns = product.shape[1:] if ndims[-1] == 2 else ()
    product = reshape(product, (*rows, *columns))
    if out is None:
        return product
    from wengert.ops.output import deliver

    return deliver(product, out, "multi_dot")


def _order(shapes: Sequence[tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """Where to split each run of factors: the matrix chain recurrence (Cormen et al., 15.2)."""
    sizes = [shapes[0][0], *[s[1] for s in shapes]]
    n = len(shapes)
    cost = {(i, i): 0 for i in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            best = min(
                range(i, j),
                key=lambda k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1],
            )
            split[i, j] = best
            cost[i, j] = (
                cost[i, best] + cost[best + 1, j] + sizes[i] * sizes[best + 1] * sizes[j + 1]
            )
    return split


def _product(factors: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return factors[i]
    k = split[i, j]
    return matmul(_product(factors, split, i, k), _product(factors, split, k + 1, j))


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number: singular values for p = None, 2, -2, else norm(x, p) norm(x^-1, p)."""
    x = as_operand(x)
    if len(x.shape) < 2:
        as_square("cond", x)
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    as_square("cond", x)
    return mul(norm(x, p, axis=(-2, -1)), norm(inv(x), p, axis=(-2, -1)))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The x with tensordot(a, x, x.ndim) = b."""
    a, b = as_operand(a), as_operand(b)
    if axes is not None:
        moved = [operator.index(k) % len(a.shape) for k in axes]
        a = transpose(a, [*[k for k in range(len(a.shape)) if k not in moved], *moved])
    shape = a.shape[len(b.shape) :]
    size = math.prod(shape)
    if math.prod(a.shape) != size * size:
        raise MatrixShapeError(
            "tensorsolve: the tensor is not square.",
            got=describe(a=a, b=b),
            expected="prod(a.shape[:b.ndim]) == prod(a.shape[b.ndim:])",
        )
    x = solve(reshape(a, (size, size)), reshape(b, (math.prod(b.shape),)))
    return reshape(x, shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of `a` as a map between its first `ind` and its other axes."""
    a = as_operand(a)
    ind = operator.index(ind)
    if ind <= 0:
        raise ArgumentError("tensorinv: ind must be positive.", got=f"ind={ind}")
    first, others = a.shape[:ind], a.shape[ind:]
    if math.prod(first) != math.prod(others):
        raise MatrixShapeError(
            "tensorinv: the tensor is not square.",
            got=describe(a=a),
            expected=f"prod(a.shape[:{ind}]) == prod(a.shape[{ind}:])",
        )
    matrix = reshape(a, (math.prod(first), math.prod(others)))
    return reshape(inv(matrix), (*others, *first))


# -- names of the array API that NumPy has under linalg --------------------------------------------


@implements(np.linalg.matrix_transpose, np.matrix_transpose)
def linalg_matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    x = as_operand(x)
    if len(x.shape) < 2:
        raise ShapeError(
            "matrix_transpose: the operand is no matrix.",
            got=describe(x=x),
            expected="at least two axes",
        )
    return matrix_transpose(x)


@implements(np.linalg.diagonal)
def linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of the matrices in the last two axes."""
    return np.diagonal(x, offset, axis1=-2, axis2=-1)


@implements(np.linalg.trace)
def linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The traces of the matrices in the last two axes."""
    return np.trace(x, offset, axis1=-2, axis2=-1, dtype=dtype)
