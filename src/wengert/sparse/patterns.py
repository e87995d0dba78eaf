"""`Pattern`: the places where a matrix can be different from zero, to be seen, kept and given."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from wengert.compression.structure import Structure, scipy_sparse, structure_of
from wengert.errors import ArgumentError

_PICTURE = (24, 48)  # rows and columns of characters at most


@dataclass(frozen=True, eq=False)
class Pattern(Structure):
    """The places of a matrix that can be different from zero.

    Attributes
    ----------
    shape : pair of int
    pointers, indices : int arrays
        In compressed sparse row form, columns sorted; `indptr` is another name of `pointers`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> p = wg.sparse.pattern(np.cumsum)(np.ones(3))
    >>> p.nnz, p.matrix.toarray()[0]
    (6, array([ True, False, False]))
    """

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return self.n_entries

    @property
    def indptr(self) -> Any:
        """Where each row begins in `indices`, as SciPy calls it."""
        return self.pointers

    @property
    def matrix(self) -> Any:
        """The pattern as a boolean `scipy.sparse.csr_array`."""
        return self.in_format(np.ones(self.nnz, bool), "csr")

    @property
    def T(self) -> Pattern:
        """The pattern of the transposed matrix."""
        other = self.transposed
        return Pattern(other.shape, other.pointers, other.indices)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Structure)
            and self.shape == other.shape
            and np.array_equal(self.pointers, other.pointers)
            and np.array_equal(self.indices, other.indices)
        )

    __hash__ = None  # type: ignore[assignment]  # compared by contents

    def __str__(self) -> str:
        size = self.shape[0] * self.shape[1]
        share = f"{100 * self.nnz / size:.3g}%" if size else "empty"
        head = (
            f"{self.shape[0]:,} × {self.shape[1]:,}, {self.nnz:,} entries ({share}), at most "
            f"{self.most_in_a_row:,} in a row, {self.most_in_a_column:,} in a column"
        )
        return "\n".join([head, *self._lines()])

    def __repr__(self) -> str:
        return f"<Pattern {self.shape[0]} × {self.shape[1]}, {self.nnz} entries>"

    def _lines(self) -> list[str]:
        """The matrix in characters; of a large one each stands for a block of entries."""
        if not self.nnz:
            return []
        counts = self.counts(*_PICTURE)
        steps = [max(1, -(-n // m)) for n, m in zip(self.shape, _PICTURE, strict=True)]
        heights = np.minimum(steps[0], self.shape[0] - steps[0] * np.arange(counts.shape[0]))
        widths = np.minimum(steps[1], self.shape[1] - steps[1] * np.arange(counts.shape[1]))
        filled = counts / np.outer(heights, widths)
        signs = np.array(list("·░▒▓█")) if max(steps) > 1 else np.array(list("·●"))
        levels = np.ceil(filled * (len(signs) - 1)).astype(int)
        return [" ".join(row) for row in signs[levels].tolist()]

    def counts(self, n_rows: int, n_columns: int) -> Any:
        """How many entries there are in each block of a grid of at most that many blocks."""
        steps = [max(1, -(-n // m)) for n, m in zip(self.shape, (n_rows, n_columns), strict=True)]
        size = [-(-n // step) for n, step in zip(self.shape, steps, strict=True)]
        places = (self.rows // steps[0]).astype(np.int64) * size[1] + self.indices // steps[1]
        return np.bincount(places, minlength=size[0] * size[1]).reshape(size)

    def plot(self, ax: Any = None) -> Any:
        """A spy plot, on matplotlib's current axes or those given; returns them.

        Entries are drawn to scale; where there are more than pixels, as their density.
        """
        from wengert.sparse.picture import spy

        return spy(self, ax)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the pattern to a file in NumPy's `.npz` format, which SciPy's `load_npz` reads."""
        scipy_sparse().save_npz(path, self.matrix)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Pattern:
        """The pattern that `save`, or SciPy's `save_npz`, wrote."""
        found = structure_of(scipy_sparse().load_npz(path))
        return cls(found.shape, found.pointers, found.indices)


def given_structure(name: str, given: Any) -> Structure:
    """A structure from a Pattern, a sparse matrix or an array, as users give it."""
    if isinstance(given, Structure):
        return given
    if not scipy_sparse().issparse(given):
        given = np.asarray(given)
    if given.ndim != 2 or given.dtype.kind not in "biufc":
        raise ArgumentError(
            f"{name}: the pattern is no matrix.",
            got=f"{getattr(given, 'dtype', type(given).__name__)}{list(np.shape(given))}",
            expected="a Pattern, a sparse matrix, or a boolean array with two axes",
        )
    return structure_of(given)
