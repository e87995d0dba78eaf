"""Coloring of columns so that entries can be read in products with sums of them.

An entry (i, j) is read in row i of the product with column j's color, which is right if no other
colored column with an entry in row i has that color. Columns may not share a color where one of two
entries in a row is read there.

Long rows would cost the square of their length. Their colors are kept as bits, in words of
`BITS`, with the number of leading words that are full.

Source
------
A. R. Curtis, M. J. D. Powell and J. K. Reid, On the estimation of sparse Jacobian matrices,
J. Inst. Maths Applics 13 (1974); A. H. Gebremedhin, F. Manne and A. Pothen, What color is your
Jacobian?, SIAM Review 47 (2005), on partial distance-2 coloring. The bits are our own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wengert.compression.ordering import columns_that_meet, long_row, ordered
from wengert.compression.structure import Integers, Structure
from wengert.native.python_loops import Vector, python_loop

BITS = 32  # in a word of 64, so that Python and machine code shift alike
FULL = (1 << BITS) - 1


def color_columns(
    structure: Structure, order: str, is_read: NDArray[np.bool_] | None = None
) -> tuple[Integers, int]:
    """The color of each column, -1 where nothing is read, and how many there are.

    Parameters
    ----------
    structure : Structure
    order : str
        One of `ORDERS`.
    is_read : array of bool, optional
        Which entries are read in these products, by default all.
    """
    n_rows, n_columns = structure.shape
    if is_read is not None and not is_read.any():
        return np.full(n_columns, -1, np.int64), 0
    if is_read is not None and is_read.all():
        is_read = None
    read = structure if is_read is None else structure.only(is_read)
    by_columns = structure.transposed
    if is_read is None:
        is_read_there = np.ones(structure.n_entries, np.uint8)
    else:
        is_read_there = is_read[structure.origins].astype(np.uint8)
    chosen = np.flatnonzero(read.transposed.lengths)
    vertices = ordered(chosen, columns_that_meet(read), order).astype(np.int64, copy=False)
    long_rows = np.flatnonzero(structure.lengths > long_row(n_columns))
    long_number = np.full(n_rows, -1, structure.indices.dtype)
    long_number[long_rows] = np.arange(long_rows.size)
    n_words = n_columns // BITS + 1
    colors = np.full(n_columns, -1, np.int64)
    n_colors = _color(
        vertices,
        vertices.size,
        by_columns.pointers,
        by_columns.indices,
        is_read_there,
        structure.pointers,
        structure.indices,
        read.pointers,
        read.indices,
        long_number,
        np.zeros(long_rows.size * n_words, np.int64),
        np.zeros(long_rows.size, np.int64),
        n_words,
        np.full(n_columns + 1, -1, np.int64),
        colors,
    )
    return colors, n_colors


@python_loop
def _color(
    vertices: Vector,
    n_vertices: int,
    column_pointers: Vector,
    rows: Vector,
    is_read: Vector,
    row_pointers: Vector,
    columns: Vector,
    read_pointers: Vector,
    read_columns: Vector,
    long_number: Vector,
    used: Vector,
    n_full: Vector,
    n_words: int,
    forbidden: Vector,
    colors: Vector,
) -> int:
    n_colors = 0
    for t in range(n_vertices):
        v = vertices[t]
        color = 0
        n_long = 0
        for k in range(column_pointers[v], column_pointers[v + 1]):
            i = rows[k]
            if is_read[k] == 0:
                for l in range(read_pointers[i], read_pointers[i + 1]):
                    c = colors[read_columns[l]]
                    if c >= 0:
                        forbidden[c] = v
            elif long_number[i] >= 0:
                n_long += 1
                if n_full[long_number[i]] * BITS > color:
                    color = n_full[long_number[i]] * BITS
            else:
                for l in range(row_pointers[i], row_pointers[i + 1]):
                    c = colors[columns[l]]
                    if c >= 0:
                        forbidden[c] = v
        while forbidden[color] == v:
            color += 1
        if n_long > 0:
            color = _free_in_long_rows(
                column_pointers, rows, is_read, long_number, used, n_words, forbidden, v, color
            )
        colors[v] = color
        if color >= n_colors:
            n_colors = color + 1
        for k in range(column_pointers[v], column_pointers[v + 1]):
            r = long_number[rows[k]]
            if r >= 0:
                word = r * n_words + (color >> 5)
                used[word] = used[word] | (1 << (color & 31))
                while n_full[r] < n_words and used[r * n_words + n_full[r]] == FULL:
                    n_full[r] += 1
    return n_colors


@python_loop
def _free_in_long_rows(
    column_pointers: Vector,
    rows: Vector,
    is_read: Vector,
    long_number: Vector,
    used: Vector,
    n_words: int,
    forbidden: Vector,
    v: int,
    color: int,
) -> int:
    """The first color from `color` on that no row of column `v` forbids."""
    tried = -1
    while tried != color:
        tried = color
        for k in range(column_pointers[v], column_pointers[v + 1]):
            r = long_number[rows[k]]
            if r < 0 or is_read[k] == 0:
                continue
            word = used[r * n_words + (color >> 5)]
            while ((word >> (color & 31)) & 1) != 0:
                if word == FULL:
                    color = ((color >> 5) + 1) << 5
                else:
                    color += 1
                word = used[r * n_words + (color >> 5)]
        while forbidden[color] == v:
            color += 1
    return color
