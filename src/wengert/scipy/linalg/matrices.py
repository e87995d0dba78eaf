"""Matrices built from vectors and from other matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
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


# -- companion and other matrices ------------------------------------------------------------------


def _with_subdiagonal(first_row: Any, below: Any) -> Any:
    """The matrix with a given first row and subdiagonal, zeros elsewhere."""
    n = first_row.shape[-1]
    is_below = np.arange(n - 1)[:, None] == np.arange(n)
    rest = np.where(is_below, below[..., :, None], zeros_of(below[..., :1, None]))
    return np.concatenate([first_row[..., None, :], rest], axis=-2)


@follows_scipy("linalg")
def companion(a: Any) -> Any:
    """The companion matrix of a polynomial with coefficients `a`, the leading one first."""
    (a,) = _vectors("companion", a)
    _require("companion", a.shape[-1] >= 2, "a: [..., n], n > 1", a=a)
    row = -a[..., 1:] / (1.0 * a[..., :1])
    return _with_subdiagonal(row, full((*row.shape[:-1], row.shape[-1] - 1), 1.0, row.dtype))


@follows_scipy("linalg")
def leslie(f: Any, s: Any) -> Any:
    """The matrix of a population: fertilities in the first row, survivals below the diagonal."""
    f, s = _vectors("leslie", f, s)
    _require("leslie", f.shape[-1] == s.shape[-1] + 1 > 1, "f: [..., n], s: [..., n - 1]", f=f, s=s)
    return _with_subdiagonal(f, s)


@follows_scipy("linalg")
def fiedler(a: Any) -> Any:
    """The matrix of distances abs(a[i] - a[j])."""
    (a,) = _vectors("fiedler", a)
    return np.abs(a[..., :, None] - a[..., None, :])


@follows_scipy("linalg")
def fiedler_companion(a: Any) -> Any:
    """The pentadiagonal companion matrix of a polynomial, the leading coefficient first."""
    (a,) = _vectors("fiedler_companion", a)
    n = a.shape[-1] - 1
    _require("fiedler_companion", n >= 1, "a: [..., n], n > 1", a=a)
    scaled = -a / a[..., :1]
    if n == 1:
        return scaled[..., 1:, None]
    i, j = np.indices((n, n))
    is_one = ((j == i + 2) & (i % 2 == 0)) | ((j == i - 2) & (i % 2 == 1)) | ((i == 1) & (j == 0))
    # -a[k] lies beside the diagonal, above it for even k and below it for odd ones
    k = np.zeros((n, n), int)
    k[0, 0] = 1
    for place in range(2, n + 1):
        row, column = (place - 2, place - 1) if place % 2 == 0 else (place - 1, place - 2)
        k[row, column] = place
    return np.where(k > 0, scaled[..., k], is_one.astype(scaled.dtype))


@follows_scipy("linalg")
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """The matrix whose product with a vector of length `n` is its convolution with `a`."""
    (a,) = _vectors("convolution_matrix", a)
    m, n = a.shape[-1], operator.index(n)
    if n <= 0 or m == 0 or mode not in ("full", "same", "valid"):
        raise ArgumentError(
            "convolution_matrix: an empty convolution, or no such mode.",
            got=f"{m} elements, n={n}, mode={mode!r}",
            expected="sizes from 1, mode 'full', 'same' or 'valid'",
        )
    shift = np.arange(m + n - 1)[:, None] - np.arange(n)
    is_inside = (shift >= 0) & (shift < m)
    matrix = np.where(is_inside, a[..., np.clip(shift, 0, m - 1)], zeros_of(a[..., :1, None]))
    trim = {"full": 0, "same": min(n, m) - 1, "valid": 2 * (min(n, m) - 1)}[mode]
    before = trim // 2
    return matrix[..., before : m + n - 1 - (trim - before), :]


def _require(name: str, is_fit: bool, expected: str, **operands: Any) -> None:
    if not is_fit:
        raise ShapeError(
            f"{name}: the vectors do not fit.", got=describe(**operands), expected=expected
        )
