"""What the interpolants share: arguments, intervals, SciPy's classes behind ours.

The classes of this package derive from SciPy's. Built from plain arrays they are SciPy's objects,
with SciPy's numbers; called with traced points, or built from traced arrays, they compute with
NumPy's functions, which record. Decisions on values (is `x` increasing?) are taken where a traced
array has a value, and left out where it has none (inside `vmap` and loops).
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.linalg import banded
from wengert.scipy.dispatch import is_traced, known
from wengert.trace.tracer import missing_function

# By name, as everywhere: SciPy has no annotations. mypy takes its classes for undefined names,
# which is silenced where ours derive from them.
scipy_interpolate = importlib.import_module("scipy.interpolate")


def as_real(x: Any, name: str, owner: str) -> Any:
    """`x` in float64; complex numbers are refused."""
    x = as_operand(x)
    if x.dtype.kind == "c":
        raise ArgumentError(
            f"{owner}: {name} is complex.", got=describe(**{name: x}), expected="real numbers"
        )
    return convert(x, np.float64)


def as_inexact(x: Any, name: str, owner: str) -> Any:
    """`x` real, in its own precision where it has one."""
    x = as_operand(x)
    return x if x.dtype.kind == "f" else as_real(x, name, owner)


def as_data(x: Any) -> Any:
    """`x` in float64 or complex128."""
    x = as_operand(x)
    return convert(x, np.complex128 if x.dtype.kind == "c" else np.float64)


def require_increasing(owner: str, x: Any, strictly: bool = True, least: int = 1) -> None:
    """Raise unless `x` is a vector that increases (as far as its values are known)."""
    value = known(x)
    steps = None if value is None or np.ndim(value) != 1 else np.diff(value)
    is_wrong = steps is not None and bool(np.any(steps <= 0 if strictly else steps < 0))
    if len(x.shape) != 1 or x.shape[0] < least or is_wrong:
        raise ArgumentError(
            f"{owner}: the places must be a vector that increases.",
            got=f"{describe(x=x)}" + ("" if value is None else f" with values {value}"),
            expected=f"x: [n], n >= {least}, each larger than the one before",
            try_="np.argsort of the places, and the data in the same order",
        )


def require_fit(owner: str, x: Any, y: Any, axis: int = 0) -> None:
    """Raise unless `y` has as many items along `axis` as `x` has."""
    if not y.shape or y.shape[axis] != x.shape[0]:
        raise ShapeError(
            f"{owner}: the places and the data do not fit.",
            got=f"{describe(x=x, y=y)}, axis={axis}",
            expected="as many data along the axis as places",
        )


def axis_of(owner: str, y: Any, axis: int) -> int:
    """`axis`, non-negative."""
    rank = len(y.shape)
    if not -rank <= axis < rank:
        raise ShapeError(
            f"{owner}: the data do not have this axis.",
            got=f"{describe(y=y)}, axis={axis}",
            expected=f"an axis from {-rank} to {rank - 1}",
        )
    return axis % rank


def intervals(x: Any, points: Any, low: Any = 0, high: Any = None) -> Any:
    """The number of the interval x[i] <= p < x[i + 1] of each point; the last one is closed.

    Points beyond both ends belong to the first and last interval.
    """
    high = x.shape[0] - 2 if high is None else high
    return np.clip(np.searchsorted(x, points, side="right") - 1, low, high)


def column(v: Any, like: Any) -> Any:
    """The vector `v` with axes of size one behind it, to stand before the items of `like`."""
    return np.reshape(v, (*v.shape, *(1,) * (len(like.shape) - 1)))


def placed(values: Any, points_shape: tuple[int, ...], axis: int) -> Any:
    """Values of shape (points, *items), the points' own axes brought where `axis` was."""
    out = np.reshape(values, (*points_shape, *values.shape[1:]))
    rank = len(points_shape)
    if axis == 0:
        return out
    own = tuple(range(rank, rank + axis))
    return np.transpose(out, (*own, *range(rank), *range(rank + axis, len(out.shape))))


def solve_band(ab: Any, b: Any, lower: int, upper: int) -> Any:
    """The solution of the system stored in `ab`, for right-hand sides of any shape."""
    dtype = np.result_type(ab.dtype, b.dtype)
    columns = np.reshape(b, (b.shape[0], -1)) if len(b.shape) > 1 else np.reshape(b, (-1, 1))
    x = banded.banded_solve(convert(ab, dtype), convert(columns, dtype), lower, upper)
    return np.reshape(x, b.shape)


def refusing(name: str, found: Any) -> type:
    """SciPy's class, which refuses traced arrays by name."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if is_traced(args) or is_traced(tuple(kwargs.values())):
            raise missing_function(f"scipy.interpolate.{name}")
        found.__init__(self, *args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_traced(args) or is_traced(tuple(kwargs.values())):
            raise missing_function(f"scipy.interpolate.{name}")
        return found.__call__(self, *args, **kwargs)

    body = {"__init__": init, "__doc__": found.__doc__, "__module__": "wengert.scipy.interpolate"}
    if hasattr(found, "__call__"):  # noqa: B004  # the class's own method is meant
        body["__call__"] = call
    return type(name, (found,), body)
