"""Histograms of points in several dimensions.

As in one dimension (`statistics.py`), counts are steps whose derivative is zero; sums of weights
are differentiable in the weights, densities also in the edges that the data set.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import describe
from wengert.ops.core import convert, full, reshape, sub
from wengert.ops.functions import as_operand
from wengert.ops.gather import scatter_add
from wengert.ops.searching import searchsorted
from wengert.ops.statistics import bin_edges
from wengert.trace.tracer import Tracer, implements


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any]:
    """NumPy's histogramdd: counts or sums of weights in boxes, and the edges along each axis.

    Parameters
    ----------
    sample : array [n, d], or a sequence of d vectors
    bins : int, or one int or vector of edges for each axis
    range : sequence of (low, high) or None, one for each axis
    density : bool
    weights : array [n]
    """
    columns = _columns(sample)
    n_points, d = columns[0].shape[0], len(columns)
    weights = None if weights is None else as_operand(weights)
    if weights is not None and weights.shape != (n_points,):
        raise ShapeError(
            "histogramdd: there must be one weight for each point.",
            got=describe(weights=weights),
            expected=f"weights: [{n_points}]",
        )
    bins = list(bins) if hasattr(bins, "__len__") else [bins] * d
    ranges = [None] * d if range is None else list(range)
    if len(bins) != d or len(ranges) != d:
        raise ArgumentError(
            "histogramdd: bins or range do not fit the number of axes.",
            got=f"{len(bins)} bins, {len(ranges)} ranges for {d} axes",
            expected="one for each axis",
        )
    settings = zip(columns, bins, ranges, strict=True)
    edges: list[Any] = [bin_edges(x, b, r, None) for x, b, r in settings]
    is_inside: Any = full((n_points,), True, np.dtype(bool))
    places = []
    for x, e in zip(columns, edges, strict=True):
        is_inside = np.logical_and(is_inside, np.logical_and(x >= e[0], x <= e[-1]))
        last = max(e.shape[0] - 2, 0)
        places.append(np.clip(sub(searchsorted(e, x, "right"), 1), 0, last))
    added = convert(is_inside, np.float64)
    if weights is not None:
        dtype = np.result_type(weights.dtype, np.float64)
        added = np.where(is_inside, convert(weights, dtype), full((), 0.0, dtype))
    shape = tuple([e.shape[0] - 1 for e in edges])
    axes = tuple([axis for axis, _ in enumerate(edges)])
    counts: Any = scatter_add(full(shape, 0.0, added.dtype), added, tuple(places), axes)
    if density:
        counts = counts / np.sum(counts)
        for axis, e in enumerate(edges):
            widths = reshape(np.diff(e), (shape[axis], *(1,) * (d - 1 - axis)))
            counts = counts / widths
    return counts, tuple(edges)


def _columns(sample: Any) -> list[Any]:
    """The coordinates of the points, axis by axis."""
    if isinstance(sample, (Tracer, np.ndarray)):
        if len(sample.shape) == 1:
            return [sample]
        points: Any = sample
        return [points[:, i] for i in range(sample.shape[1])]
    columns = [as_operand(x) for x in sample]
    if any(len(x.shape) != 1 or x.shape != columns[0].shape for x in columns):
        raise ShapeError(
            "histogramdd: the coordinates must be vectors of one length.",
            got=", ".join([describe(x=x) for x in columns]),
            expected="x: [n] for each axis",
        )
    return columns


@implements(np.histogram2d)
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> tuple[Any, Any, Any]:
    """NumPy's histogram2d: `histogramdd` of two coordinates; one vector of edges serves both."""
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, (x_edges, y_edges) = histogramdd([x, y], bins, range, density, weights)
    return counts, x_edges, y_edges
