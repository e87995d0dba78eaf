"""Where a matrix has entries: compressed rows, and compressed columns when asked for."""

from __future__ import annotations

import functools
import importlib
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wengert.errors import ShapeError
from wengert.native.python_loops import Vector, python_loop

Integers = NDArray[Any]  # int32 where that is enough for an index, int64 otherwise


@dataclass(frozen=True, eq=False)
class Structure:
    """The places of a matrix's entries, row by row, each row's columns in increasing order.

    Row i has its entries in the columns `indices[pointers[i]:pointers[i + 1]]`.
    """

    shape: tuple[int, int]
    pointers: Integers
    indices: Integers

    @property
    def n_entries(self) -> int:
        return int(self.indices.size)

    @functools.cached_property
    def lengths(self) -> Integers:
        """How many entries each row has."""
        return np.diff(self.pointers)

    @functools.cached_property
    def rows(self) -> Integers:
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=self.indices.dtype), self.lengths)

    @functools.cached_property
    def _by_columns(self) -> tuple[Structure, Integers]:
        n_rows, n_columns = self.shape
        counts = np.bincount(self.indices, minlength=n_columns)
        pointers = _pointers(counts, self.indices.dtype)
        rows, places = np.empty_like(self.indices), np.empty_like(self.indices)
        _distribute(self.pointers, self.indices, n_rows, pointers[:-1].copy(), rows, places)
        return Structure((n_columns, n_rows), pointers, rows), places

    @property
    def transposed(self) -> Structure:
        return self._by_columns[0]

    @property
    def origins(self) -> Integers:
        """The place here of each entry of `transposed`."""
        return self._by_columns[1]

    @functools.cached_property
    def is_symmetric(self) -> bool:
        is_square = self.shape[0] == self.shape[1]
        return (
            is_square
            and np.array_equal(self.transposed.pointers, self.pointers)
            and np.array_equal(self.transposed.indices, self.indices)
        )

    @functools.cached_property
    def most_in_a_row(self) -> int:
        return int(np.max(self.lengths, initial=0))

    @functools.cached_property
    def most_in_a_column(self) -> int:
        return int(np.max(np.bincount(self.indices, minlength=1), initial=0))

    def csr(self, data: Any) -> Any:
        """The matrix with these values as a `csr_array` that shares the index arrays."""
        parts = data, self.indices, self.pointers
        return _assembled(scipy_sparse().csr_array, *parts, self.shape)

    def in_format(self, data: Any, format: str) -> Any:
        """The matrix with these values as a SciPy sparse array with index arrays of its own."""
        sparse = scipy_sparse()
        if format == "csc":
            other = self.transposed
            parts = data[self.origins], other.indices.copy(), other.pointers.copy()
            return _assembled(sparse.csc_array, *parts, self.shape)
        if format == "coo":
            result = sparse.coo_array(
                (data, (self.rows.copy(), self.indices.copy())), shape=self.shape
            )
            result.has_canonical_format = True
            return result
        parts = data, self.indices.copy(), self.pointers.copy()
        return _assembled(sparse.csr_array, *parts, self.shape)

    def only(self, chosen: NDArray[np.bool_]) -> Structure:
        """The structure of some of the entries."""
        counts = np.bincount(self.rows[chosen], minlength=self.shape[0])
        return Structure(self.shape, _pointers(counts, self.indices.dtype), self.indices[chosen])


def scipy_sparse() -> Any:
    """`scipy.sparse`."""
    return importlib.import_module("scipy.sparse")


@functools.lru_cache(maxsize=256)
def _empty(kind: Any, shape: tuple[int, int]) -> Any:
    return kind(shape)


def _assembled(kind: Any, data: Any, indices: Any, pointers: Any, shape: Any) -> Any:
    """A compressed array of these parts, which are right: SciPy's checks would cost more.

    They take 50 µs, more than many a small Jacobian; so a copy of an empty array is filled.
    """
    result = copy(_empty(kind, shape))
    result.data, result.indices, result.indptr = data, indices, pointers
    result.has_sorted_indices = result.has_canonical_format = True
    return result


def merged(rows: Integers, columns: Integers, shape: tuple[int, int]) -> tuple[Structure, Integers]:
    """The structure with these entries, of which several may be one, and the place of each."""
    n = len(rows)
    is_sorted = n < 2 or bool(np.all(rows[1:] >= rows[:-1]))
    order = np.arange(n) if is_sorted else np.argsort(rows, kind="stable")
    ends = _pointers(np.bincount(rows, minlength=shape[0]), np.int64)
    # SciPy sorts each row; its values are then where each entry was.
    by_rows = scipy_sparse().csr_array((order, columns[order], ends), shape=shape)
    by_rows.has_sorted_indices = False
    by_rows.sort_indices()
    kept, before = by_rows.indices, by_rows.data
    is_new = np.ones(n, bool)
    is_new[1:] = kept[1:] != kept[:-1]
    is_new[ends[:-1][np.diff(ends) > 0]] = True  # the first of a row
    counted = np.concatenate([[0], np.cumsum(is_new)])
    places = np.empty(n, np.int64)
    places[before] = counted[1:] - 1
    return _structure(shape, counted[ends], kept[is_new]), places


def structure_of(pattern: Any) -> Structure:
    """The structure of a sparse matrix's stored entries, or of an array's nonzeros."""
    is_sparse = hasattr(pattern, "tocsr")
    if not is_sparse:
        pattern = np.asarray(pattern)
    if pattern.ndim != 2:
        raise ShapeError(
            "color: a pattern is a matrix.",
            got=f"{pattern.ndim} dimensions",
            expected="a sparse matrix, or an array with two dimensions",
        )
    if not is_sparse:
        rows, columns = np.nonzero(pattern)
        counts = np.bincount(rows, minlength=pattern.shape[0])
        return _structure(pattern.shape, np.concatenate([[0], np.cumsum(counts)]), columns)
    matrix = pattern.tocsr()
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return _structure(matrix.shape, matrix.indptr, matrix.indices)


def _structure(shape: tuple[int, ...], pointers: Integers, indices: Integers) -> Structure:
    n_rows, n_columns = map(int, shape)
    # What is counted goes up to the length of the bipartite graph's lists, twice the entries.
    largest = max(n_rows + n_columns, 2 * indices.size)
    dtype = np.int32 if largest <= np.iinfo(np.int32).max else np.int64
    kept = [np.ascontiguousarray(part, dtype=dtype) for part in (pointers, indices)]
    return Structure((n_rows, n_columns), kept[0], kept[1])


def bipartite(structure: Structure) -> Structure:
    """The graph whose vertices are rows, then columns, and whose edges are the entries."""
    n_rows, n_columns = structure.shape
    n = n_rows + n_columns
    other = structure.transposed
    return Structure(
        (n, n),
        np.concatenate(
            [
                structure.pointers,
                other.pointers[1:] + structure.pointers.dtype.type(structure.n_entries),
            ]
        ),
        np.concatenate([structure.indices + structure.indices.dtype.type(n_rows), other.indices]),
    )


def _pointers(counts: Integers, dtype: Any) -> Integers:
    pointers = np.zeros(counts.size + 1, dtype)
    np.cumsum(counts, out=pointers[1:])
    return pointers


@python_loop
def _distribute(
    pointers: Vector, indices: Vector, n_rows: int, heads: Vector, rows: Vector, places: Vector
) -> None:
    """Put each entry behind those of its column that came before; `heads` says where."""
    for i in range(n_rows):
        for k in range(pointers[i], pointers[i + 1]):
            j = indices[k]
            head = heads[j]
            heads[j] = head + 1
            rows[head] = i
            places[head] = k
