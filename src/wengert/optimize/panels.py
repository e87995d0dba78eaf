"""Sparse matrices cut into columns (`Part`) and into dense panels of rows (`Panel`).

Products of sparse matrices walk lists; rows that lie in few columns together are multiplied faster
as a small dense matrix, by BLAS. Where the columns of a panel stand is found once for a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Part:
    """Some columns of a sparse matrix, and how to fill them and their transpose with values."""

    shape: tuple[int, int]
    source: Array  # positions in the values of the whole
    indices: Array
    indptr: Array

    @classmethod
    def of(cls, jacobian: Any, columns: Array) -> Part:
        """The given columns, in the given order."""
        m, n = jacobian.shape
        place = np.full(n, -1, np.int32)
        place[columns] = np.arange(columns.size, dtype=np.int32)
        new = place[jacobian.indices]
        source = np.flatnonzero(new >= 0)
        counts = np.concatenate([[0], np.cumsum(new >= 0)])
        indptr = counts[jacobian.indptr].astype(np.int32)
        return cls((m, columns.size), source, new[source], indptr)

    def filled(self, values: Array) -> Any:
        """The columns, with the values of the whole matrix."""
        from scipy import sparse

        data = values[self.source]
        return sparse.csr_array((data, self.indices, self.indptr), shape=self.shape)

    @cached_property
    def transposed(self) -> Part:
        """The transpose, as the same kind of recipe."""
        from scipy import sparse

        numbered = sparse.csr_array(
            (np.arange(self.source.size), self.indices, self.indptr), shape=self.shape
        ).T.tocsr()
        source = self.source[numbered.data]
        return Part(self.shape[::-1], source, numbered.indices, numbered.indptr)


@dataclass(frozen=True)
class Panel:
    """Consecutive rows of a sparse matrix, dense in the columns that any of them has."""

    rows: slice
    entries: slice
    columns: Array
    target: Array  # where each entry stands in the dense panel, flat

    def dense(self, data: Array, n_rows: int) -> Array:
        """The rows as a dense matrix of `n_rows` rows."""
        panel = np.zeros(n_rows * self.columns.size)
        panel[self.target] = data[self.entries]
        return panel.reshape(n_rows, self.columns.size)


def panels(indptr: Array, indices: Array, places: Array, step: int) -> Iterator[Panel]:
    """Cut the rows of a sparse matrix into panels of `step`; row i is put at `places[i]`.

    Places count on through all panels; a panel takes the places of its own rows from `step` to
    `step`, so that rows may be padded.
    """
    total = int(places[-1]) + 1 if places.size else 0
    edges = np.searchsorted(places, np.arange(0, total + step, step))
    row_of_entry = np.repeat(np.arange(places.size), np.diff(indptr))
    for k, (first, last) in enumerate(pairwise(edges)):
        entries = slice(int(indptr[first]), int(indptr[last]))
        columns, local = np.unique(indices[entries], return_inverse=True)
        target = (places[row_of_entry[entries]] - k * step) * columns.size + local
        yield Panel(slice(int(first), int(last)), entries, columns, target)


def by_first_column(matrix: Any) -> Array:
    """An order of the rows; those that begin, then end, in the same columns are neighbors."""
    filled = np.flatnonzero(np.diff(matrix.indptr))
    first = np.full(matrix.shape[0], matrix.shape[1])
    last = first.copy()
    if filled.size:
        starts = matrix.indptr[filled]
        first[filled] = np.minimum.reduceat(matrix.indices, starts)
        last[filled] = np.maximum.reduceat(matrix.indices, starts)
    return np.lexsort((last, first))
