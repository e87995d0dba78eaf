"""Sparse derivatives from few products: which columns and rows may share one.

`color` (`coloring.py`) is what others call. `structure.py` holds where a matrix has entries;
`ordering.py` decides in which order vertices are colored; `columns.py`, `symmetric.py` and
`bicoloring.py` (with `division.py`) color them; `substitution.py` finds in which order the entries
of a symmetric matrix follow from the products of an acyclic coloring.
"""

from wengert.compression.coloring import Coloring, color

__all__ = ["Coloring", "color"]
