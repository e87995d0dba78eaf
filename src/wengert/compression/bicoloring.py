"""Columns and rows together: a matrix with long rows and long columns from few products.

Each entry is read in one kind of product: forward, J times a sum of unit columns, or reverse, Jᵀ
times a sum of unit rows (`division.py`). Columns and rows are colored for the entries that are read
there. Those without one are neutral: they have no color and are in no product.

Source
------
A. H. Gebremedhin, F. Manne and A. Pothen, What color is your Jacobian?, SIAM Review 47 (2005), on
star bicoloring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wengert.compression.columns import color_columns
from wengert.compression.division import Entries, divisions
from wengert.compression.structure import Integers, Structure


@dataclass(frozen=True, eq=False)
class Bicoloring:
    """Colors of columns and of rows, how many of each, and which entries are read in reverse."""

    column_colors: Integers
    row_colors: Integers
    n_forward: int
    n_reverse: int
    is_reverse: Entries


def color_both(structure: Structure, order: str) -> Bicoloring:
    """The fewest products that a division needs; all forward and all in reverse are among them."""
    ways = [np.full(structure.n_entries, value) for value in (False, True)]
    ways += [way for way in divisions(structure) if way.any() and not way.all()]
    found = [_colored(structure, order, is_reverse) for is_reverse in ways]
    return min(found, key=lambda one: one.n_forward + one.n_reverse)


def _colored(structure: Structure, order: str, is_reverse: Entries) -> Bicoloring:
    column_colors, n_forward = color_columns(structure, order, ~is_reverse)
    row_colors, n_reverse = color_columns(
        structure.transposed, order, is_reverse[structure.origins]
    )
    return Bicoloring(column_colors, row_colors, n_forward, n_reverse, is_reverse)
