"""Which entries of a matrix are read in forward products and which in reverse ones.

A row whose entries are read forward costs as many forward products as they are, a column whose
entries are read in reverse as many reverse ones. A long row should be read in reverse, then, and a
long column forward. Two ways to divide the entries so, of which either may be the better one:

- The longest row or column of what is left is taken out again and again, to be read in a product
  of its own, and the rest is read in one of the kinds. Where to stop is where the longest list that
  remains to each kind promises fewest products.
- The shortest row or column of what is left is taken out again and again, whichever raises the sum
  of both maxima less, to be read among others; the long ones wear away.

Source
------
T. F. Coleman and A. Verma, The efficient computation of sparse Jacobian matrices using automatic
differentiation, SIAM J. Sci. Comput. 19 (1998), for the shortest. The longest are our own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wengert.compression.ordering import file, neighbors_of, ordered, unfile
from wengert.compression.structure import Integers, Structure, bipartite
from wengert.native.python_loops import Vector, python_loop

Entries = NDArray[np.bool_]  # which entries are read in reverse


def divisions(structure: Structure) -> list[Entries]:
    """Ways to divide the entries between both kinds of products; these are read in reverse."""
    graph = bipartite(structure)
    n_rows = structure.shape[0]
    vertices = ordered(np.arange(graph.shape[0]), neighbors_of(graph), "dynamic_largest_first")
    ranks = np.empty(vertices.size, np.int64)
    ranks[vertices] = np.arange(vertices.size)
    long_rows = _longest_out(structure, ranks[:n_rows], ranks[n_rows:])
    long_columns = np.empty_like(long_rows)
    long_columns[structure.origins] = _longest_out(
        structure.transposed, ranks[n_rows:], ranks[:n_rows]
    )
    return [long_rows, ~long_columns, _shortest_out(structure, graph)]


def _longest_out(structure: Structure, row_ranks: Integers, column_ranks: Integers) -> Entries:
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


def _shortest_out(structure: Structure, graph: Structure) -> Entries:
    """Read in reverse what is in a column that is taken out before the row, the shortest first."""
    n_rows, n_columns = structure.shape
    n = n_rows + n_columns
    n_lengths = int(graph.lengths.max(initial=0)) + 1
    keys = graph.lengths.astype(np.int64)
    keys[n_rows:] += n_lengths  # rows are filed by their lengths, columns behind all rows
    taken = np.full(n, n, np.int64)
    _take_shortest(
        graph.pointers,
        graph.indices,
        n_rows,
        n,
        structure.n_entries,
        n_lengths,
        keys,
        np.full(2 * n_lengths, -1, np.int64),
        np.full(2 * n_lengths, -1, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        taken,
    )
    return taken[n_rows:][structure.indices] < taken[:n_rows][structure.rows]


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


@python_loop
def _take_shortest(
    pointers: Vector,
    indices: Vector,
    n_rows: int,
    n: int,
    n_left: int,
    n_lengths: int,
    keys: Vector,
    heads: Vector,
    tails: Vector,
    following: Vector,
    previous: Vector,
    taken: Vector,
) -> None:
    """When each row and column is taken out; `n` for those of which nothing was left."""
    for v in range(n):
        file(heads, tails, following, previous, keys, v)
    row_length = 1
    column_length = 1
    longest = 0
    highest = 0
    takes_rows = 1  # stays where both cost the same: a long row's last entries join the others
    t = 0
    while n_left > 0:
        while heads[row_length] < 0:
            row_length += 1
        while heads[n_lengths + column_length] < 0:
            column_length += 1
        longer = larger(longest, row_length)
        higher = larger(highest, column_length)
        if longer + highest < longest + higher:
            takes_rows = 1
        elif longer + highest > longest + higher:
            takes_rows = 0
        if takes_rows:
            v = heads[row_length]
            longest = longer
            n_left -= row_length
        else:
            v = heads[n_lengths + column_length]
            highest = higher
            n_left -= column_length
        unfile(heads, tails, following, previous, keys, v)
        taken[v] = t
        t += 1
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            if taken[w] < n:
                continue
            unfile(heads, tails, following, previous, keys, w)
            keys[w] -= 1
            file(heads, tails, following, previous, keys, w)
            length = keys[w]
            if w < n_rows:
                if length > 0 and length < row_length:
                    row_length = length
            elif length > n_lengths and length - n_lengths < column_length:
                column_length = length - n_lengths


@python_loop
def larger(x: int, y: int) -> int:
    if x > y:
        return x
    return y
