"""`color`: which columns and rows may share a product, and where the entries are read then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wengert.compression.bicoloring import color_both
from wengert.compression.columns import color_columns
from wengert.compression.ordering import ORDERS
from wengert.compression.structure import Integers, Structure, structure_of
from wengert.compression.substitution import Substitution, eliminate
from wengert.compression.symmetric import color_acyclic, color_star, read_stars
from wengert.errors import ArgumentError, ShapeError

BEST = "best"
# From here on a symmetric matrix that is a quarter full is colored by columns: it would take this
# many steps and more to look for what can hardly be there.
MOST_STEPS = 200_000_000


@dataclass(frozen=True, eq=False)
class Coloring:
    """Which columns and rows share a product, and how a matrix follows from the products.

    The forward products are J times the sum of the unit columns of each color, `n_forward` vectors
    of n_rows numbers; the reverse products are Jᵀ times the sum of the unit rows of each color,
    `n_reverse` vectors of n_columns numbers. Stacked, they are the forward ones, raveled, followed
    by the reverse ones.

    Parameters
    ----------
    kind : str
        "column", "row", "star", "acyclic" or "bicoloring".
    order : str
        The order in which vertices were colored.
    shape : tuple of int
        (n_rows, n_columns).
    column_colors : array of int, shape (n_columns,), or None
        The forward product of each column; -1 for one that is in none.
    row_colors : array of int, shape (n_rows,), or None
        The reverse product of each row; -1 for one that is in none.
    n_forward, n_reverse : int
        How many products there are.
    places : array of int, shape (n_entries,)
        Where each entry is read in the stacked products; entries row by row, by columns in each.
    substitution : Substitution or None
        What is subtracted from what was read, for "acyclic".
    """

    kind: str
    order: str
    shape: tuple[int, int]
    column_colors: Integers | None
    row_colors: Integers | None
    n_forward: int
    n_reverse: int
    places: Integers
    substitution: Substitution | None = None

    @property
    def n_colors(self) -> int:
        """How many products there are in all."""
        return self.n_forward + self.n_reverse

    def recover(self, products: ArrayLike) -> NDArray[Any]:
        """The entries, row by row and by columns in each, from the stacked products.

        Parameters
        ----------
        products : array_like of float or complex
            n_forward * n_rows + n_reverse * n_columns numbers, in this order.

        Returns
        -------
        array, shape (n_entries,)

        Raises
        ------
        ShapeError
            If there are more or fewer products than that.
        """
        stacked = np.ravel(products)
        expected = self.n_forward * self.shape[0] + self.n_reverse * self.shape[1]
        if stacked.size != expected:
            raise ShapeError(
                "recover: these are not the products of the coloring.",
                got=f"{stacked.size} numbers",
                expected=f"{self.n_forward} × {self.shape[0]} of forward and {self.n_reverse} × "
                f"{self.shape[1]} of reverse products",
            )
        values = stacked[self.places]
        if self.substitution is not None:
            self.substitution.solve(values)
        return values

    def __repr__(self) -> str:
        rows, columns = self.shape
        return (
            f"Coloring({rows} × {columns}, {self.places.size} entries, {self.kind}, {self.order}: "
            f"{self.n_forward} forward and {self.n_reverse} reverse products)"
        )


def color(pattern: Any, kind: str = "column", order: str = "natural") -> Coloring:
    """Colors for columns and rows, so that few products determine a sparse matrix.

    Parameters
    ----------
    pattern : sparse matrix or array_like, shape (n_rows, n_columns)
        Where there may be entries: those that a `scipy.sparse` matrix stores, or an array's
        nonzeros.
    kind : str, default "column"
        - "column": forward products; columns that meet in a row differ.
        - "row": reverse products; rows that meet in a column differ.
        - "star": a symmetric matrix by forward products; each entry stands in one of them, for
          itself or for the same number across the diagonal.
        - "acyclic": a symmetric matrix by still fewer; some entries are what is left of a product
          when others are subtracted from it.
        - "bicoloring": forward and reverse products together, for matrices with long rows and long
          columns.
    order : str, default "natural"
        In which order they are colored, each with the first color that is free: "natural",
        "largest_first", "smallest_last", "incidence_degree", "dynamic_largest_first", "saturation",
        "random" (always the same one), or "best": all of these, and the fewest colors are kept.

    Returns
    -------
    Coloring

    Raises
    ------
    ArgumentError
        If the kind or order is not one of these, or the pattern of a "star" or "acyclic" coloring
        is not symmetric.
    ShapeError
        If the pattern is not a matrix, or not square where it must be symmetric.

    Notes
    -----
    "column" costs the sum of the squares of the rows' lengths, except for long rows; "star" and
    "acyclic" at most the entries times the colors around a vertex. Large symmetric matrices that
    are nearly full are colored by columns, whichever kind is asked for. No coloring has fewer
    products than the longest row ("column") or column ("row") has entries.

    Source: A. H. Gebremedhin, F. Manne and A. Pothen, What color is your Jacobian? Graph coloring
    for computing derivatives, SIAM Review 47 (2005); the algorithms' own sources are in
    `columns.py`, `symmetric.py`, `bicoloring.py` and `ordering.py`.

    Examples
    --------
    >>> import numpy as np
    >>> tridiagonal = np.eye(6, k=-1) + np.eye(6) + np.eye(6, k=1)
    >>> coloring = color(tridiagonal)
    >>> coloring
    Coloring(6 × 6, 16 entries, column, natural: 3 forward and 0 reverse products)
    >>> coloring.column_colors
    array([0, 1, 2, 0, 1, 2])
    >>> seeds = coloring.column_colors == np.arange(3)[:, None]
    >>> coloring.recover((tridiagonal @ seeds.T).T)[:5]
    array([1., 1., 1., 1., 1.])
    >>> color(tridiagonal, "acyclic").n_colors
    2
    """
    if kind not in _KINDS:
        raise ArgumentError(
            f"color: there is no kind {kind!r}.", expected=", ".join(sorted(_KINDS))
        )
    if order not in ORDERS and order != BEST:
        raise ArgumentError(
            f"color: there is no order {order!r}.", expected=", ".join([*ORDERS, BEST])
        )
    structure = structure_of(pattern)
    if kind in ("star", "acyclic"):
        _check_symmetric(structure, kind)
    if order != BEST:
        return _KINDS[kind](structure, order)
    return _fewest(structure, kind)


def _fewest(structure: Structure, kind: str) -> Coloring:
    """The coloring with the fewest colors among all orders, or the first that cannot have fewer."""
    bounds = {"column": structure, "row": structure.transposed}
    fewest = int(bounds[kind].lengths.max(initial=0)) if kind in bounds else 0
    best = None
    for order in ORDERS:
        found = _KINDS[kind](structure, order)
        if best is None or found.n_colors < best.n_colors:
            best = found
        if best.n_colors <= fewest:
            break
    assert best is not None
    return best


def _check_symmetric(structure: Structure, kind: str) -> None:
    n_rows, n_columns = structure.shape
    if n_rows != n_columns:
        raise ShapeError(
            f"color: a {kind} coloring needs a square pattern.",
            got=f"{n_rows} rows and {n_columns} columns",
            try_='kind="column", "row" or "bicoloring"',
        )
    if not structure.is_symmetric:
        raise ArgumentError(
            f"color: a {kind} coloring needs a symmetric pattern.",
            got="an entry without one across the diagonal",
            try_='the pattern of J + J.T, or kind="column", "row" or "bicoloring"',
        )


def _column(structure: Structure, order: str) -> Coloring:
    colors, n = color_columns(structure, order)
    places = _places(structure, colors)
    return Coloring("column", order, structure.shape, colors, None, n, 0, places)


def _row(structure: Structure, order: str) -> Coloring:
    colors, n = color_columns(structure.transposed, order)
    places = _reverse_places(structure, colors)
    return Coloring("row", order, structure.shape, None, colors, 0, n, places)


def _star(structure: Structure, order: str) -> Coloring:
    if _is_nearly_full(structure):
        return replace(_column(structure, order), kind="star")
    colors, n = color_star(structure, order)
    places = read_stars(structure, colors, n)
    return Coloring("star", order, structure.shape, colors, None, n, 0, places)


def _acyclic(structure: Structure, order: str) -> Coloring:
    if _is_nearly_full(structure):
        return replace(_column(structure, order), kind="acyclic")
    colors, n, slots = color_acyclic(structure, order)
    places, substitution = eliminate(structure, colors, slots)
    return Coloring("acyclic", order, structure.shape, colors, None, n, 0, places, substitution)


def _is_nearly_full(structure: Structure) -> bool:
    n, n_entries = structure.shape[0], structure.n_entries
    return 4 * n_entries > n * n and n_entries**2 > MOST_STEPS * n


def _bicoloring(structure: Structure, order: str) -> Coloring:
    found = color_both(structure, order)
    places = np.where(
        found.is_reverse,
        found.n_forward * structure.shape[0] + _reverse_places(structure, found.row_colors),
        _places(structure, found.column_colors),
    )
    return Coloring(
        "bicoloring",
        order,
        structure.shape,
        found.column_colors,
        found.row_colors,
        found.n_forward,
        found.n_reverse,
        places,
    )


_KINDS: dict[str, Callable[[Structure, str], Coloring]] = {
    "column": _column,
    "row": _row,
    "star": _star,
    "acyclic": _acyclic,
    "bicoloring": _bicoloring,
}


def _places(structure: Structure, column_colors: Integers) -> Integers:
    return column_colors[structure.indices] * structure.shape[0] + structure.rows


def _reverse_places(structure: Structure, row_colors: Integers) -> Integers:
    return row_colors[structure.rows] * structure.shape[1] + structure.indices
