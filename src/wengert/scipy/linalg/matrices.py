"""Matrices built from vectors and from other matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, convert, full, reshape, zeros_of
from wengert.ops.linalg import toeplitz as diagonals
from wengert.ops.linalg.common import describe
from wengert.scipy.dispatch import follows_scipy


def _vectors(name: str, *xs: Any) -> list[Any]:
    """Operands of one dtype with at least one axis."""
    operands = [as_operand(x) for x in xs]
    dtype = np.result_type(*[x.dtype for x in operands])
    operands = [convert(reshape(x, (1,)) if x.shape == () else x, dtype) for x in operands]
    return operands


@follows_scipy("linalg")
def toeplitz(c: Any, r: Any = None) -> Any:
    """The matrix with first column `c` and first row `r` (conj(c) by default; r[0] is not read).

    Examples
    --------
    >>> import numpy as np
    >>> from wengert.scipy import linalg
    >>> linalg.toeplitz([1, 2, 3], [1, 4, 5])
    array([[1, 4, 5],
           [2, 1, 4],
           [3, 2, 1]])
    """
    c, r = _vectors("toeplitz", c, conj(as_operand(c)) if r is None else r)
    return diagonals.toeplitz(c, r)


@follows_scipy("linalg")
def circulant(c: Any) -> Any:
    """The matrix whose columns are `c`, each turned by one more."""
    (c,) = _vectors("circulant", c)
    return diagonals.toeplitz(c, np.concatenate([c[..., :1], c[..., :0:-1]], axis=-1))


@follows_scipy("linalg")
def hankel(c: Any, r: Any = None) -> Any:
    """The matrix with first column `c` and last row `r` (zeros by default; r[0] is not read)."""
    c, r = _vectors("hankel", c, zeros_of(as_operand(c)) if r is None else r)
    values = np.concatenate([c, r[..., 1:]], axis=-1)
    return diagonals.from_diagonals(values, c.shape[-1])[..., ::-1, :]


@follows_scipy("linalg")
def block_diag(*arrs: Any) -> Any:
    """The matrices along the diagonal, zeros elsewhere; vectors count as rows."""
    blocks = [as_operand(a) for a in arrs]
    dtype = np.result_type(*[b.dtype for b in blocks])
    blocks = [
        convert(reshape(b, (1,) * (2 - len(b.shape)) + b.shape) if len(b.shape) < 2 else b, dtype)
        for b in blocks
    ]
    n_columns = sum(b.shape[-1] for b in blocks)
    rows = []
    start = 0
    for b in blocks:
        *stack, m, n = b.shape
        zero = 0.0 if dtype.kind in "fc" else 0
        before = full((*stack, m, start), zero, dtype)
        after = full((*stack, m, n_columns - start - n), zero, dtype)
        rows.append(np.concatenate([before, b, after], axis=-1))
        start += n
    return np.concatenate(rows, axis=-2)


@follows_scipy("linalg")
def khatri_rao(a: Any, b: Any) -> Any:
    """The Kronecker products of the columns of `a` and `b`, one by one."""
    a, b = as_operand(a), as_operand(b)
    if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            "khatri_rao: the numbers of columns differ.",
            got=describe(a=a, b=b),
            expected="a: [..., m, k], b: [..., n, k]",
        )
    product = a[..., :, None, :] * b[..., None, :, :]
    *stack, m, n, k = product.shape
    return reshape(product, (*stack, m * n, k))
