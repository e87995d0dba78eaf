"""Weighted sums over boxes of a grid, one box for each point: splines in several dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops.gather import gather


def weighted_boxes(values: Any, places: list[Any], weights: list[Any]) -> Any:
    """Sum over a box of the first axes of `values`, for each of n points.

    Parameters
    ----------
    values : array, shape (n1, ..., nd, ...)
    places, weights : d arrays each, shapes (n, size of the box along that axis)

    Returns
    -------
    array, shape (n, ...)

    Notes
    -----
    The first axis is walked, so that no more than the rest of a box is in memory for each point.
    """
    d = len(places)
    items = (1,) * (len(values.shape) - d)

    def along(x: Any, i: int, tail: tuple[int, ...] = ()) -> Any:
        return np.reshape(x, (-1, *(1,) * (i - 1), x.shape[1], *(1,) * (d - 1 - i), *tail))

    rest = [along(places[i], i) for i in range(1, d)]
    total: Any = None
    for k in range(places[0].shape[1]):
        first = np.reshape(places[0][:, k], (-1, *(1,) * (d - 1)))
        part = gather(values, (first, *rest), tuple(range(d)))
        for i in range(d - 1, 0, -1):
            w = weights[i]
            part = np.sum(part * np.reshape(w, (-1, *(1,) * (i - 1), w.shape[1], *items)), axis=i)
        part = part * np.reshape(weights[0][:, k], (-1, *items))
        total = part if total is None else total + part
    return total
