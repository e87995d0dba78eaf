"""Functions applied along axes: loops in Python whose results are stacked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import reshape, transpose
from wengert.ops.products import move_axis_last, normalize_axis
from wengert.trace.tracer import implements


@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    """`func1d` of every vector along `axis`; its result takes the place of that axis."""
    arr = as_operand(arr)
    axis = normalize_axis(axis, len(arr.shape), "apply_along_axis")
    moved = move_axis_last(arr, axis, "apply_along_axis")
    stack = moved.shape[:-1]
    if 0 in stack:
        raise ShapeError(
            "apply_along_axis: there is no vector to apply the function to.",
            got=f"{describe(arr=arr)}, axis={axis}",
            expected="other axes that are not empty",
        )
    results = [as_operand(func1d(moved[place], *args, **kwargs)) for place in np.ndindex(stack)]
    joined = np.stack(results)
    rank = len(joined.shape) - 1
    joined = reshape(joined, (*stack, *joined.shape[1:]))
    n = len(stack)
    return transpose(joined, (*range(axis), *range(n, n + rank), *range(axis, n)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """`func(a, axis)` for each of the axes in turn; axes that it removes are kept with size 1."""
    a = as_operand(a)
    n = len(a.shape)
    for axis in [axes] if np.ndim(axes) == 0 else axes:
        axis = normalize_axis(axis, n, "apply_over_axes")
        result = func(a, axis)
        if len(result.shape) == n - 1:
            result = reshape(result, (*result.shape[:axis], 1, *result.shape[axis:]))
        if len(result.shape) != n:
            raise ShapeError(
                "apply_over_axes: the function changes the number of axes.",
                got=f"{describe(result=result)} from {describe(a=a)}",
                expected="a result with that axis reduced or removed",
            )
        a = result
    return a
