"""Columns and rows together: a matrix with long rows and long columns from few products.

Each entry is read in one kind of product: forward, J times a sum of unit columns, or reverse, Jᵀ
times a sum of unit rows. A long row costs many forward products and one reverse, a long column the
other way round. So the longest row or column of what is left is taken out again and again, a row's
entries to be read in reverse products, a column's in forward ones; the rest is read in one of the
kinds. Where to stop is where the longest list that remains to each kind promises fewest products.
Then columns and rows are colored for the entries that are read there. Those without one are
neutral: they have no color.

Source
------
T. F. Coleman and A. Verma, The efficient computation of sparse Jacobian matrices using automatic
differentiation, SIAM J. Sci. Comput. 19 (1998), who partition from the shortest; A. S. Hossain and
T. Steihaug, Computing a sparse Jacobian matrix by rows and columns, Optim. Methods Softw. 10
(1998); A. H. Gebremedhin, F. Manne and A. Pothen, What color is your Jacobian?, SIAM Review 47
(2005), on bicoloring.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wengert.compression.columns import color_columns
from wengert.compression.ordering import neighbors_of, ordered
from wengert.compression.structure import Integers, Structure, bipartite
from wengert.native.python_loops import Vector, python_loop

Bicoloring = tuple[Integers, Integers, int, int, NDArray[np.bool_]]


def color_both(structure: Structure, order: str) -> Bicoloring:
    """Colors of columns and of rows, how many of each, and which entries are read in reverse."""
    n_rows, n_columns = structure.shape
    graph = bipartite(structure)
    vertices = ordered(np.arange(n_rows + n_columns), neighbors_of(graph), "dynamic_largest_first")
    ranks = np.empty(vertices.size, np.int64)
    ranks[vertices] = np.arange(vertices.size)
    row_ranks, column_ranks = ranks[:n_rows], ranks[n_rows:]
    in_rows = _long_entries(structure, row_ranks, column_ranks)
    in_columns = np.empty_like(in_rows)
    in_columns[structure.origins] = _long_entries(structure.transposed, column_ranks, row_ranks)
    divisions = [np.zeros_like(in_rows), np.ones_like(in_rows)]  # all forward, all in reverse
    if in_rows.any():
        divisions.append(in_rows)
    if in_columns.any():
        divisions.append(~in_columns)
    found = [_colored(structure, order, is_reverse) for is_reverse in divisions]
    return min(found, key=lambda one: one[2] + one[3])


def _colored(structure: Structure, order: str, is_reverse: NDArray[np.bool_]) -> Bicoloring:
    column_colors, n_forward = color_columns(structure, order, ~is_reverse)
    row_colors, n_reverse = color_columns(
        structure.transposed, order, is_reverse[structure.origins]
    )
    return column_colors, row_colors, n_forward, n_reverse, is_reverse


def _long_entries(
    structure: Structure, row_ranks: Integers, column_ranks: Integers
) -> NDArray[np.bool_]:
    """The entries of the long rows that are not in columns taken out before."""
    n_rows, n_columns = structure.shape
    rows = np.argsort(row_ranks)
    n_long = _where_to_stop(
        rows,
        n_rows,
        structure.pointers,
        structure.indices,
        row_ranks,
        column_ranks,
        structure.lengths.astype(np.int64),
        np.bincount(structure.lengths, minlength=n_columns + 1),
        n_columns,
        np.zeros(n_columns, np.int64),
    )
    is_long = np.zeros(n_rows, np.bool_)
    is_long[rows[:n_long]] = True
    is_first = row_ranks[structure.rows] < column_ranks[structure.indices]
    return is_long[structure.rows] & is_first


@python_loop
def _where_to_stop(
    rows: Vector,
    n_rows: int,
    pointers: Vector,
    columns: Vector,
    row_ranks: Vector,
    column_ranks: Vector,
    lengths: Vector,
    how_many: Vector,
    longest: int,
    heights: Vector,
) -> int:
    """How many rows to take out.

    `lengths` are the entries of rows that are read forward, `how_many` rows have each length,
    `heights` are the entries of columns that are read in reverse.
    """
    while longest > 0 and how_many[longest] == 0:
        longest -= 1
    highest = 0
    fewest = longest
    best = 0
    for t in range(n_rows):
        i = rows[t]
        how_many[lengths[i]] -= 1
        for k in range(pointers[i], pointers[i + 1]):
            j = columns[k]
            if row_ranks[i] < column_ranks[j]:
                lengths[i] -= 1
                heights[j] += 1
                if heights[j] > highest:
                    highest = heights[j]
        how_many[lengths[i]] += 1
        while longest > 0 and how_many[longest] == 0:
            longest -= 1
        if longest + highest < fewest:
            fewest = longest + highest
            best = t + 1
    return best
