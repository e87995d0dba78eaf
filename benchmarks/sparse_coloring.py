"""Colorings of the columns of a matrix, by three programs: how many colors, and how long it takes.

The matrix is the five-point Laplacian of a grid. No coloring has fewer than five colors, since a
row has five entries; a lattice of them exists, and greedy colorings come close.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array, kron

Coloring = Callable[[csr_array], np.ndarray]
"""Takes a structure, gives a color for each column."""


def laplacian(side: int) -> csr_array:
    """Five points a row, on a square grid: shape (side^2, side^2)."""
    second = diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    same = eye_array(side)
    return (kron(second, same, format="csr") + kron(same, second, format="csr")).tocsr()


def wengert(structure: csr_array) -> np.ndarray:
    """`wengert.sparse.color`, columns in their own order."""
    return np.asarray(import_module("wengert.sparse").color(structure).column_colors)


def scipy(structure: csr_array) -> np.ndarray:
    """``group_columns`` of SciPy's differences, in its random order."""
    return np.asarray(import_module("scipy.optimize._numdiff").group_columns(structure))


def greedy(structure: csr_array) -> np.ndarray:
    """Each column takes the least color that no column has with which it shares a row.

    In plain Python, over lists: what a page of one's own would cost.
    """
    by_columns = structure.tocsc()
    columns_of = np.split(structure.indices, structure.indptr[1:-1])
    rows_of = np.split(by_columns.indices, by_columns.indptr[1:-1])
    columns_of, rows_of = ([part.tolist() for part in parts] for parts in (columns_of, rows_of))
    colors = [-1] * structure.shape[1]
    for column, rows in enumerate(rows_of):
        taken = {colors[other] for row in rows for other in columns_of[row]}
        color = 0
        while color in taken:
            color += 1
        colors[column] = color
    return np.array(colors)


COLORINGS: dict[str, Coloring] = {"wengert": wengert, "scipy": scipy, "python": greedy}


def n_colors(colors: np.ndarray) -> int:
    """How many products the coloring needs."""
    return int(np.max(colors, initial=-1)) + 1


def is_valid(structure: csr_array, colors: np.ndarray) -> bool:
    """Whether no two columns of one color have an entry in the same row."""
    rows = np.repeat(np.arange(structure.shape[0]), np.diff(structure.indptr))
    of_entries = colors[structure.indices]
    pairs = np.unique(np.stack([rows, of_entries], axis=1), axis=0)
    return bool(np.all(of_entries >= 0)) and len(pairs) == structure.nnz
