"""The primitives' records, one file per family, and the NumPy functions made of them.

Read `families.py` and `core.py` first. Importing this package fills the tables through which
Tracers speak NumPy's protocols.
"""

from wengert.ops import (
    assignment,
    core,
    elementwise,
    gather,
    indexing,
    joining,
    linalg,
    masks,
    operators,
    output,
    shapes,
    subscripts,
)

__all__ = [
    "assignment",
    "core",
    "elementwise",
    "gather",
    "indexing",
    "joining",
    "linalg",
    "masks",
    "operators",
    "output",
    "shapes",
    "subscripts",
]
