"""`Structure`: where the entries of a sparse matrix are, row by row, and in other orders."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Indices = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Structure:
    """The places of the entries of a matrix, sorted by rows and in each row by columns.

    Attributes
    ----------
    shape : pair of int
    indptr, indices : int arrays
        Where each row begins, and the column of each entry.
    """

    shape: tuple[int, int]
    indptr: Indices
    indices: Indices

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.indices)

    @cached_property
    def rows(self) -> Indices:
        """The row of each entry."""
        numbers = np.arange(self.shape[0], dtype=self.indices.dtype)
        return np.repeat(numbers, np.diff(self.indptr))

    @cached_property
    def most_in_a_row(self) -> int:
        return int(np.max(np.diff(self.indptr), initial=0))

    @cached_property
    def most_in_a_column(self) -> int:
        return int(np.max(np.bincount(self.indices, minlength=1), initial=0))

    @cached_property
    def by_columns(self) -> Any:
        """The places of the entries column by column, and the structure of the transposed."""
        order = np.lexsort((self.rows, self.indices))
        counts = np.bincount(self.indices, minlength=self.shape[1])
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(self.indptr.dtype)
        return order, ends, self.rows[order]

    @cached_property
    def is_symmetric(self) -> bool:
        if self.shape[0] != self.shape[1]:
            return False
        _, ends, columns = self.by_columns
        return np.array_equal(ends, self.indptr) and np.array_equal(columns, self.indices)

    def csr(self, data: Any) -> Any:
        """The matrix with these values as a `csr_array` that shares the index arrays."""
        sparse = importlib.import_module("scipy.sparse")
        return _assembled(sparse.csr_array, data, self.indices, self.indptr, self.shape)

    def in_format(self, data: Any, format: str) -> Any:
        """The matrix with these values as a SciPy sparse array with index arrays of its own."""
        sparse = importlib.import_module("scipy.sparse")
        if format == "csc":
            order, ends, rows = self.by_columns
            parts = data[order], rows.copy(), ends.copy()
            return _assembled(sparse.csc_array, *parts, self.shape)
        if format == "coo":
            places = self.rows.copy(), self.indices.copy()
            result = sparse.coo_array((data, places), shape=self.shape)
            result.has_canonical_format = True
            return result
        return _assembled(
            sparse.csr_array, data, self.indices.copy(), self.indptr.copy(), self.shape
        )

    @classmethod
    def of(cls, matrix: Any) -> Structure:
        """The stored entries of a SciPy sparse matrix, or the nonzeros of an array."""
        sparse = importlib.import_module("scipy.sparse")
        csr = sparse.csr_array(matrix)
        if not csr.has_canonical_format:
            csr = csr.copy()
            csr.sum_duplicates()
        return cls(csr.shape, csr.indptr, csr.indices)


def _assembled(kind: Any, data: Any, indices: Indices, indptr: Indices, shape: Any) -> Any:
    """A compressed array of these parts, which are right: SciPy's checks would cost more."""
    result = kind(shape, dtype=data.dtype)
    result.data, result.indices, result.indptr = data, indices, indptr
    result.has_sorted_indices = result.has_canonical_format = True
    return result


def merged(rows: Indices, columns: Indices, shape: tuple[int, int]) -> tuple[Structure, Indices]:
    """The structure with these entries, of which several may be one, and the place of each."""
    n = shape[1]
    keys = rows.astype(np.int64) * n + columns
    if len(keys) < 2 or np.all(keys[1:] > keys[:-1]):  # already sorted, all different
        distinct, places = keys, np.arange(len(keys))
    else:
        distinct, places = np.unique(keys, return_inverse=True)
    kept_rows, kept = np.divmod(distinct, max(n, 1))
    kind = np.int32 if max(*shape, len(distinct)) < 2**31 else np.int64
    indptr = np.searchsorted(kept_rows, np.arange(shape[0] + 1)).astype(kind)
    return Structure(shape, indptr, kept.astype(kind)), places
