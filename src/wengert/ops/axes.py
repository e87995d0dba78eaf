"""Axes of reductions: normal form, and arrays with the reduced axes brought together."""

from __future__ import annotations

import math
from typing import Any

from wengert.errors import ShapeError
from wengert.ops.core import reshape, transpose


def normalized_axes(axis: Any, ndim: int, name: str) -> tuple[int, ...]:
    """`axis` (None, an integer or several) as non-negative integers in order."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    axes = []
    for a in given:
        a = int(a.__index__())
        if not -ndim <= a < ndim and not (ndim == 0 and a in (0, -1)):
            raise axis_error(name, axis, ndim)
        axes.append(a % ndim if ndim else 0)
    if len(set(axes)) != len(axes):
        raise axis_error(name, axis, ndim)
    return tuple(sorted(axes)) if ndim else ()


def axis_error(name: str, axis: Any, ndim: int) -> ShapeError:
    """The error for an axis that the array does not have, or that is named twice."""
    return ShapeError(
        f"{name}: no such axis, or one named twice.",
        got=f"axis={axis!r} for an array with {ndim} axes",
        expected=f"different integers from {-ndim} to {ndim - 1}" if ndim else "None",
    )


def axes_last(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with `axes` merged into one last axis (of length 1 where there are none)."""
    kept = tuple([i for i in range(x.ndim) if i not in axes])
    shape = tuple([x.shape[i] for i in kept])
    return reshape(transpose(x, (*kept, *axes)), (*shape, math.prod([x.shape[i] for i in axes])))
