"""`SparseArray`: a sparse matrix whose structure is plain and whose values may be traced.

The structure is kept by rows (CSR). What another format gives is brought into that order, and a
transposed matrix is one with its values in the order of columns: only values are ever recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, ShapeError
from wengert.scipy.dispatch import is_traced
from wengert.scipy.sparse.products import scipy_sparse, sparse_matmul
from wengert.trace.tracer import Tracer
from wengert.types import Type


class SparseArray:
    """A sparse matrix with values that may be traced.

    Attributes
    ----------
    data : array, shape (nnz,)
        The values, row by row.
    indices, indptr : arrays of int
        The column of each value, and where the rows begin.
    shape : pair of int

    Notes
    -----
    `A @ x`, `x @ A`, `A @ B` of sparse matrices, `+`, `-`, products with numbers, `A.T`,
    `A.dot(x)`, `A.diagonal()`, `A.sum(axis)` and `A.toarray()` are differentiable in the values and
    in x. It is a tree, so that functions may take and return it.
    """

    __array_ufunc__ = None  # so that arrays leave `x @ A` to us
    __array_priority__ = 2000.0
    ndim = 2

    def __init__(self, data: Any, indices: Any, indptr: Any, shape: tuple[int, int]) -> None:
        self.data, self.indices, self.indptr = data, indices, indptr
        self.shape = (int(shape[0]), int(shape[1]))

    @property
    def dtype(self) -> Any:
        return self.data.dtype

    @property
    def nnz(self) -> int:
        return int(self.data.shape[0])

    def __repr__(self) -> str:
        return f"SparseArray({self.dtype}{list(self.shape)}, nnz={self.nnz})"

    # -- structure -----------------------------------------------------------------------------

    def _rows(self) -> Any:
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @property
    def T(self) -> SparseArray:
        """The transposed matrix."""
        return coordinates(self.data, self.indices, self._rows(), self.shape[::-1])

    def transpose(self) -> SparseArray:
        """The transposed matrix."""
        return self.T

    def tocsr(self) -> SparseArray:
        """The matrix itself."""
        return self

    tocsc = tocsr

    def toarray(self) -> Any:
        """The matrix as an array."""
        places = self._rows() * self.shape[1] + self.indices
        flat = np.zeros(self.shape[0] * self.shape[1], self.dtype)
        return np.reshape(added_at(flat, places, self.data), self.shape)

    todense = toarray

    def diagonal(self) -> Any:
        """The main diagonal."""
        rows = self._rows()
        on = np.flatnonzero(rows == self.indices)
        return added_at(np.zeros(min(self.shape), self.dtype), rows[on], np.take(self.data, on))

    def sum(self, axis: int | None = None) -> Any:
        """The sum of all values, of columns (axis 0) or of rows (axis 1)."""
        if axis is None:
            return np.sum(self.data)
        n = self.shape[1 - axis % 2]
        if axis % 2 == 0:
            return np.ones(self.shape[0]) @ self
        return self @ np.ones(n if axis % 2 == 0 else self.shape[1])

    # -- arithmetic ----------------------------------------------------------------------------

    def __matmul__(self, other: Any) -> Any:
        return _sparse_product(self, other) if is_sparse(other) else from_right(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return _sparse_product(as_sparse(other), self)
        return from_left(other, self)

    def dot(self, other: Any) -> Any:
        """`A @ other`, or a multiple where `other` is a number."""
        return self * other if np.ndim(other) == 0 and not is_sparse(other) else self @ other

    def __mul__(self, other: Any) -> SparseArray:
        if is_sparse(other) or np.ndim(other) != 0:
            raise ArgumentError(
                "a sparse matrix with traced values can be multiplied with numbers only.",
                got=repr(other),
                expected="a number",
                try_="A @ B for the matrix product, A.toarray() * B for that of the elements",
            )
        return self._with(self.data * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseArray:
        return self * (1.0 / other)

    def __neg__(self) -> SparseArray:
        return self._with(-self.data)

    def __add__(self, other: Any) -> Any:
        if not is_sparse(other):
            return self.toarray() + other
        b = as_sparse(other)
        if self.shape != b.shape:
            raise misfit(self, b)
        return coordinates(
            np.concatenate([self.data, b.data]),
            np.concatenate([self._rows(), b._rows()]),
            np.concatenate([self.indices, b.indices]),
            self.shape,
        )

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def _with(self, data: Any) -> SparseArray:
        return SparseArray(data, self.indices, self.indptr, self.shape)


def _from_children(shape: tuple[int, int], data: Any, indices: Any, indptr: Any) -> SparseArray:
    return SparseArray(data, indices, indptr, shape)


trees.register(
    SparseArray,
    lambda a: ((a.data, a.indices, a.indptr), a.shape),
    lambda shape, children: _from_children(shape, *children),
)


def added_at(base: Any, places: Any, values: Any) -> Any:
    """`base` with `values` added at `places`, as often as one is named."""
    from wengert.ops.gather import scatter_add

    if not isinstance(values, Tracer):
        np.add.at(base, places, values)
        return base
    return scatter_add(base, values, (places,), (0,))


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse matrix, SciPy's or ours."""
    return hasattr(x, "tocsr")


def as_sparse(x: Any) -> SparseArray:
    """A sparse matrix of SciPy as one of ours."""
    if isinstance(x, SparseArray):
        return x
    if not is_sparse(x):
        raise ArgumentError(
            "a sparse matrix was expected.",
            got=type(x).__name__,
            expected="a sparse array of SciPy, or one made by wengert.scipy.sparse",
            try_="np.linalg.solve and the like for dense matrices",
        )
    found = x.tocsr()
    return SparseArray(found.data, found.indices, found.indptr, found.shape)


def coordinates(data: Any, rows: Any, columns: Any, shape: Any) -> SparseArray:
    """The matrix with data[e] added at (rows[e], columns[e])."""
    rows, columns = np.asarray(rows), np.asarray(columns)
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return SparseArray(np.take(data, order), columns[order], indptr, shape)


def misfit(a: Any, b: Any) -> ShapeError:
    """The error for operands whose sizes do not go together."""
    return ShapeError(
        "sparse matrices: the sizes do not fit.",
        got=f"{a.shape} and {b.shape}",
        expected="equal inner sizes in a product, equal shapes in a sum",
    )


def _dense(x: Any) -> Any:
    return x if isinstance(x, Tracer) else np.asarray(x)


def from_right(a: Any, x: Any) -> Any:
    """A @ x for a vector or matrix x."""
    a, x = as_sparse(a), _dense(x)
    if x.ndim not in (1, 2) or x.shape[0] != a.shape[1]:
        raise misfit(a, x)
    return _multiplied(a, x, False)


def from_left(x: Any, a: Any) -> Any:
    """x @ A for a vector or matrix x."""
    a, x = as_sparse(a), _dense(x)
    if x.ndim not in (1, 2) or x.shape[-1] != a.shape[0]:
        raise misfit(x, a)
    if x.ndim == 1:
        return _multiplied(a, x, True)
    return np.swapaxes(_multiplied(a, np.swapaxes(x, 0, 1), True), 0, 1)


def _multiplied(a: SparseArray, x: Any, is_transposed: bool) -> Any:
    dtype = np.result_type(a.dtype, x.dtype)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    columns = np.reshape(x, (-1, 1)) if x.ndim == 1 else x
    found = sparse_matmul(
        a.data.astype(dtype),
        a.indices,
        a.indptr,
        columns.astype(dtype),
        a.shape,
        is_transposed,
    )
    return np.reshape(found, (-1,)) if x.ndim == 1 else found


def _sparse_product(a: SparseArray, b: Any) -> SparseArray:
    """The product of two sparse matrices: all pairs of values, at places that are plain."""
    b = as_sparse(b)
    if a.shape[1] != b.shape[0]:
        raise misfit(a, b)
    lengths = np.diff(b.indptr)[a.indices]
    left = np.repeat(np.arange(a.nnz), lengths)
    begin = np.repeat(b.indptr[:-1][a.indices], lengths)
    within = np.arange(len(left)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    right = begin + within
    rows, columns = a._rows()[left], b.indices[right]
    flat, where = np.unique(rows * b.shape[1] + columns, return_inverse=True)
    pairs = np.take(a.data, left) * np.take(b.data, right)
    data = added_at(np.zeros(len(flat), pairs.dtype), where, pairs)
    return coordinates(data, flat // b.shape[1], flat % b.shape[1], (a.shape[0], b.shape[1]))


# -- SciPy's constructors --------------------------------------------------------------------------


def _made(name: str, arg: Any, shape: Any, options: Any) -> Any:
    return getattr(scipy_sparse(), name)(arg, shape=shape, **options)


def csr_array(arg: Any, shape: Any = None, **options: Any) -> Any:
    """A sparse matrix by rows, as `scipy.sparse.csr_array` makes it.

    Parameters
    ----------
    arg : tuple or matrix
        (data, indices, indptr), (data, (rows, columns)), or a matrix. `data` may be traced;
        index arrays may not.
    shape : pair of int, optional
    **options
        SciPy's, where nothing is traced.

    Returns
    -------
    SparseArray or scipy.sparse.csr_array
        SciPy's own where nothing is traced.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import sparse
    >>> def f(data):
    ...     a = sparse.csr_array((data, [0, 1, 1], [0, 2, 3]), shape=(2, 2))
    ...     return np.sum(a @ np.array([1.0, 2.0]))
    >>> wg.grad(f)(np.ones(3))
    array([1., 2., 2.])
    """
    if isinstance(arg, SparseArray):
        return arg
    if not _has_traced_data(arg):
        return _made("csr_array", arg, shape, options)
    if len(arg) == 2:
        return coo_array(arg, shape)
    data, indices, indptr = arg
    indices, indptr = _plain(indices), _plain(indptr)
    columns = int(indices.max(initial=-1)) + 1 if shape is None else shape[1]
    return SparseArray(data, indices, indptr, (len(indptr) - 1, columns))


def csc_array(arg: Any, shape: Any = None, **options: Any) -> Any:
    """A sparse matrix by columns, as `scipy.sparse.csc_array` makes it.

    Parameters
    ----------
    arg, shape, **options
        As in `csr_array`, with the roles of rows and columns exchanged.
    """
    if isinstance(arg, SparseArray):
        return arg
    if not _has_traced_data(arg):
        return _made("csc_array", arg, shape, options)
    if len(arg) == 2:
        return coo_array(arg, shape)
    turned = None if shape is None else (shape[1], shape[0])
    return csr_array(arg, turned).T


def coo_array(arg: Any, shape: Any = None, **options: Any) -> Any:
    """A sparse matrix from values and places, as `scipy.sparse.coo_array` makes it.

    Parameters
    ----------
    arg : tuple or matrix
        (data, (rows, columns)); `data` may be traced. Values at one place are added.
    shape, **options
        As in `csr_array`.
    """
    if isinstance(arg, SparseArray):
        return arg
    if not _has_traced_data(arg):
        return _made("coo_array", arg, shape, options)
    data, (rows, columns) = arg
    rows, columns = _plain(rows), _plain(columns)
    if shape is None:
        shape = (int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1)
    return coordinates(data, rows, columns, shape)


def diags_array(diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, **options: Any) -> Any:
    """A sparse matrix from its diagonals, as `scipy.sparse.diags_array` makes it.

    Parameters
    ----------
    diagonals : sequence of arrays
        May be traced; one number stands for a whole diagonal.
    offsets : int or sequence of int
    shape, **options
        As in `csr_array`.
    """
    if not is_traced(diagonals):
        return scipy_sparse().diags_array(diagonals, offsets=offsets, shape=shape, **options)
    given = [diagonals] if np.ndim(offsets) == 0 and _is_one(diagonals) else list(diagonals)
    places = [int(k) for k in np.atleast_1d(np.asarray(offsets))]
    if shape is None:
        n = given[0].shape[0] + abs(places[0])
        shape = (n, n)
    data, rows, columns = [], [], []
    for diagonal, k in zip(given, places, strict=True):
        n = min(shape[0] + min(k, 0), shape[1] - max(k, 0))
        value = _dense(diagonal)
        data.append(np.broadcast_to(value, (n,)) if value.size == 1 else value)
        rows.append(np.arange(n) - min(k, 0))
        columns.append(np.arange(n) + max(k, 0))
    return coordinates(np.concatenate(data), np.concatenate(rows), np.concatenate(columns), shape)


def _is_one(diagonals: Any) -> bool:
    """Whether one diagonal was given, not a sequence of them."""
    return isinstance(diagonals, Tracer) and diagonals.ndim == 1


def _has_traced_data(arg: Any) -> bool:
    return isinstance(arg, tuple) and is_traced(arg)


def _plain(indices: Any) -> Any:
    if is_traced(indices):
        raise ArgumentError(
            "the structure of a sparse matrix is traced.",
            got=repr(Type(indices.shape, indices.dtype)),
            expected="plain index arrays: only the values are differentiated",
            try_="close over them instead of passing them as arguments",
        )
    return np.asarray(indices)
