"""Arrays broadcast, laid out as grids, and split along an axis."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.core import broadcast_to
from wengert.ops.elements import read
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.shapes import shape_tuple, view_as
from wengert.trace.tracer import implements

# -- broadcasting ----------------------------------------------------------------------------------


@implements(np.broadcast_to)
def np_broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return broadcast_to(array, shape_tuple(shape))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Every array in the shape that all of them broadcast to."""
    arrays = [at_least_0d(array_of(a)) for a in args]
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    return tuple([broadcast_to(a, shape) for a in arrays])


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Coordinate arrays of a grid from the coordinates along each of its axes."""
    if indexing not in ("xy", "ij"):
        raise ArgumentError("meshgrid: no such indexing.", got=repr(indexing), expected="xy or ij")
    rank = len(xi)
    outputs = []
    for i, x in enumerate(xi):
        x = at_least_0d(array_of(x))
        place = {0: 1, 1: 0}.get(i, i) if indexing == "xy" and rank > 1 else i
        outputs.append(view_as(x, tuple([x.size if j == place else 1 for j in range(rank)])))
    if not sparse and outputs:
        shape = np.broadcast_shapes(*[x.shape for x in outputs])
        outputs = [broadcast_to(x, shape) for x in outputs]
    return tuple([np.copy(x) if copy else x for x in outputs])


# -- splitting -------------------------------------------------------------------------------------


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis: between given places, or so many of nearly equal length."""
    axis = normalize_axis_index(axis, ary.ndim)
    n = ary.shape[axis]
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        places = [0, *[operator.index(i) for i in indices_or_sections], n]
    else:
        sections = operator.index(indices_or_sections)
        if sections <= 0:
            raise ArgumentError("split: the number of parts is not positive.", got=str(sections))
        each, extra = divmod(n, sections)
        places = [i * each + min(i, extra) for i in range(sections + 1)]
    before = (slice(None),) * axis
    return [ary[(*before, slice(start, stop))] for start, stop in itertools.pairwise(places)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis, all of one length if their number is given."""
    if not isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        n = ary.shape[normalize_axis_index(axis, ary.ndim)]
        if n % operator.index(indices_or_sections):
            raise ShapeError(
                "split: the axis cannot be cut into equal parts.",
                got=f"length {n} in {indices_or_sections} parts",
                expected="a number of parts that divides the length",
                try_="np.array_split",
            )
    return array_split(ary, indices_or_sections, axis)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _require_rank("hsplit", ary, 1)
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _require_rank("vsplit", ary, 2)
    return split(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _require_rank("dsplit", ary, 3)
    return split(ary, indices_or_sections, 2)


def _require_rank(name: str, x: Any, rank: int) -> None:
    if x.ndim < rank:
        raise ShapeError(
            f"{name}: there are too few axes.",
            got=f"shape {x.shape}",
            expected=f"at least {rank} axes",
        )


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The parts of `x` along an axis, without it."""
    _require_rank("unstack", x, 1)
    axis = normalize_axis_index(axis, x.ndim)
    return tuple([read(x, _at(x, axis, i)) for i in range(x.shape[axis])])


def _at(x: Any, axis: int, i: int) -> tuple[Any, ...]:
    return (*[(0, n, 1) for n in x.shape[:axis]], i)


if hasattr(np, "unstack"):  # NumPy 2.1
    implements(np.unstack)(unstack)
