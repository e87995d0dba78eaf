"""Sliding windows: every stretch of an array, as further axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ops.functions import as_operand
from wengert.ops.products import normalize_axis
from wengert.trace.tracer import implements


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """The windows along each axis, whose elements come as last axes; a copy, not a view.

    Parameters
    ----------
    x : array
    window_shape : int or tuple of int
    axis : int or tuple of int, optional
        As many as sizes; all axes by default.
    """
    x = as_operand(x)
    sizes = (window_shape,) if np.ndim(window_shape) == 0 else tuple(window_shape)
    axes = range(x.ndim) if axis is None else (axis,) if np.ndim(axis) == 0 else tuple(axis)
    places = [normalize_axis(a, x.ndim, "sliding_window_view") for a in axes]
    if len(sizes) != len(places):
        raise ShapeError(
            "sliding_window_view: there must be one size for each axis.",
            got=f"sizes {sizes} for {len(places)} axes",
        )
    for place, size in zip(places, map(int, sizes), strict=True):
        n = x.shape[place]
        if not 0 <= size <= n:
            raise ShapeError(
                "sliding_window_view: a window is longer than its axis, or negative.",
                got=f"a window of {size} along an axis of {n}",
            )
        windows = np.arange(n - size + 1)[:, None] + np.arange(size)
        x = np.moveaxis(np.take(x, windows, axis=place), place + 1, -1)
    return x
