"""`IndexSets`: many sets of integers, each known by a number, made by uniting earlier ones.

An array of such numbers (*labels*) says on which inputs each element of a value depends. Number 0
is the empty set and number i + 1 the set {i}; whatever only moves elements moves their labels, and
costs nothing here. Unions are products of sparse boolean matrices, computed by SciPy.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Labels = np.ndarray[Any, Any]
MAX_ENTRIES = 1 << 28  # members of all sets together: a gigabyte of them


class TooManyEntries(Exception):
    """The sets would have more members than can be held."""


class IndexSets:
    """Sets of integers from 0 to n − 1, by number.

    Parameters
    ----------
    n : int
        How many integers there are.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._n_sets = n + 1
        self._indices = np.arange(n, dtype=np.int32)
        # Of set k: at k and k + 1. Both arrays have the dtype that SciPy would convert them to.
        self._ends = np.concatenate([[0], np.arange(n + 1)]).astype(np.int32)
        self._n_ends, self._n_indices = n + 2, n

    # -- what is asked of it -------------------------------------------------------------------

    def rows(self, labels: Labels) -> Any:
        """The sets of these labels as the rows of a boolean `csr_array`, columns sorted."""
        self._require_room(labels)
        found = self._table()[np.ravel(labels).astype(np.int32)]
        found.sort_indices()
        return found

    def sizes(self, labels: Labels) -> Labels:
        """How many elements each of these sets has."""
        return (self._ends[labels + 1] - self._ends[labels]).astype(np.int64)

    def are_equal(self, a: Labels, b: Labels) -> bool:
        """Whether the sets of a[i] and b[i] are the same for each i, whatever their numbers."""
        differ = a != b
        a, b = a[differ], b[differ]
        if not np.array_equal(self.sizes(a), self.sizes(b)):
            return False
        return bool(np.array_equal(self.rows(a).indices, self.rows(b).indices))

    def unite(self, a: Labels, b: Labels) -> Labels:
        """The union of a[i] and b[i] for each i of arrays of one shape."""
        if a is b:
            return a
        a, b, shape = _without_repetition(a, b)
        result = np.where(a == 0, b, a)
        differ = (a != b) & (a != 0) & (b != 0)
        if differ.any():
            low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
            keys, back = np.unique(low * self._n_sets + high, return_inverse=True)
            pairs = np.stack([keys // self._n_sets, keys % self._n_sets], axis=1)
            result[differ] = self._unions(pairs.ravel(), 2 * np.arange(len(keys) + 1))[back]
        return np.broadcast_to(result, shape)

    def unite_along(self, labels: Labels, axes: Sequence[int]) -> Labels:
        """The unions along `axes`, which disappear."""
        axes = [a % labels.ndim for a in axes]
        labels = labels[
            tuple([slice(None, 1) if i in axes and labels.strides[i] == 0 else slice(None)
                   for i in range(labels.ndim)])
        ]  # fmt: skip  # along an axis without strides all labels are the same
        last = np.moveaxis(labels, tuple(axes), tuple(range(-len(axes), 0)))
        shape = last.shape[: labels.ndim - len(axes)]
        n = math.prod(last.shape[len(shape) :])
        groups = last.reshape(*shape, n)
        if n == 0:
            return np.zeros(shape, np.int64)
        if n <= 4:
            result = groups[..., 0]
            for i in range(1, n):
                result = self.unite(result, groups[..., i])
            return result
        flat = groups.reshape(-1, n)
        return self._grouped(flat.ravel(), n * np.arange(len(flat) + 1)).reshape(shape)

    def unite_at(self, places: Labels, labels: Labels, size: int) -> Labels:
        """For each of `size` places the union of the labels that are there; place −1 is nowhere."""
        places, labels = np.ravel(places), np.ravel(labels)
        is_there = (places >= 0) & (labels != 0)
        places, labels = places[is_there], labels[is_there]
        order = np.argsort(places, kind="stable")
        ends = np.searchsorted(places[order], np.arange(size + 1))
        return self._grouped(labels[order], ends)

    # -- how it does it ------------------------------------------------------------------------

    def _table(self) -> Any:
        sparse = importlib.import_module("scipy.sparse")
        indices = self._indices[: self._n_indices]
        data = np.ones(len(indices), bool)
        shape = (self._n_sets, self.n)
        return sparse.csr_array((data, indices, self._ends[: self._n_ends]), shape=shape)

    def _grouped(self, labels: Labels, ends: Labels) -> Labels:
        """The union of each group labels[ends[g]:ends[g + 1]]; of equal ones that label itself."""
        kept = labels != 0
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        labels = labels[kept]
        result = np.zeros(len(ends) - 1, np.int64)
        sizes = np.diff(ends)
        some = np.flatnonzero(sizes)
        if not len(some):
            return result
        low = np.minimum.reduceat(labels, ends[some])
        high = np.maximum.reduceat(labels, ends[some])
        result[some] = low
        mixed = some[low != high]
        if len(mixed):
            inside = np.repeat(_mask(len(sizes), mixed), sizes)
            result[mixed] = self._unions(
                labels[inside], np.concatenate([[0], np.cumsum(sizes[mixed])])
            )
        return result

    def _unions(self, labels: Labels, ends: Labels) -> Labels:
        """New sets, the union of each group of labels."""
        self._require_room(labels)
        sparse = importlib.import_module("scipy.sparse")
        shape = (len(ends) - 1, self._n_sets)
        groups = labels.astype(np.int32), ends.astype(np.int32)
        members = sparse.csr_array((np.ones(len(labels), bool), *groups), shape=shape)
        united = members @ self._table()
        return self._entered(united)

    def _require_room(self, labels: Labels) -> None:
        """Raise if the members of these sets, put together, would be too many."""
        if self._n_indices + int(np.sum(self.sizes(labels))) > MAX_ENTRIES:
            raise TooManyEntries

    def _entered(self, united: Any) -> Labels:
        n_rows, n_new = united.shape[0], len(united.indices)
        self._indices = _with_room(self._indices, self._n_indices + n_new)
        self._ends = _with_room(self._ends, self._n_ends + n_rows)
        self._indices[self._n_indices : self._n_indices + n_new] = united.indices
        self._ends[self._n_ends : self._n_ends + n_rows] = self._n_indices + united.indptr[1:]
        first = self._n_sets
        self._n_sets += n_rows
        self._n_ends += n_rows
        self._n_indices += n_new
        return np.arange(first, self._n_sets)


def _mask(size: int, places: Labels) -> Labels:
    found = np.zeros(size, bool)
    found[places] = True
    return found


def _with_room(array: Labels, size: int) -> Labels:
    """The array, or one twice as long with the same beginning."""
    if size <= len(array):
        return array
    longer = np.empty(max(size, 2 * len(array)), array.dtype)
    longer[: len(array)] = array
    return longer


def _without_repetition(a: Labels, b: Labels) -> tuple[Labels, Labels, tuple[int, ...]]:
    """Both arrays with axes along which neither changes cut to one item, and the shape they had."""
    shape = a.shape
    same = [i for i in range(a.ndim) if a.strides[i] == 0 == b.strides[i] and shape[i] > 1]
    cut = tuple([slice(None, 1) if i in same else slice(None) for i in range(a.ndim)])
    return a[cut], b[cut], shape
