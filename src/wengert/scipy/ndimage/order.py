"""Filters by order: minimum, maximum, median, percentile, rank, any function.

The window of each pixel is a stack of shifted images, one for each element of the footprint.

Ties: the derivative of a minimum or maximum is split evenly among equal elements; where a box is
taken axis by axis, evenly along each axis in turn. A rank (median, percentile) is that of the
stable order: one element counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.contraction import as_operand, describe
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.ndimage.common import (
    axes_of,
    axis_of,
    extended,
    finish,
    image,
    kernel_axes,
    require_mode,
    sequence,
)
from wengert.scipy.ndimage.linear import reach


def _require_real(name: str, x: Any) -> Any:
    if x.dtype.kind == "c":
        raise ArgumentError(
            f"{name}: complex numbers have no order.", got=describe(input=x), expected="reals"
        )
    return x


def _line_windows(
    name: str, x: Any, size: int, axis: int, mode: str, cval: Any, origin: int
) -> Any:
    """The image moved by each step of a window along one axis, stacked in front."""
    before, after = reach(name, size, origin)
    lines = extended(x, axis, before, after, mode, cval, name)
    n, head = x.shape[axis], (slice(None),) * axis
    return np.stack([lines[(*head, slice(k, k + n))] for k in range(size)])


def _windows(
    name: str,
    x: Any,
    footprint: Any,
    axes: tuple[int, ...],
    modes: list[str],
    cval: Any,
    origins: list[int],
) -> Any:
    """The image moved to each element of the footprint that is set, stacked in front."""
    footprint = np.asarray(footprint, bool)
    if footprint.ndim != len(axes) or not footprint.any():
        raise ArgumentError(
            f"{name}: the footprint is empty, or has not the axes of the image.",
            got=f"{describe(input=x)}, footprint of shape {footprint.shape}",
            expected=f"{len(axes)} axes, at least one element set",
        )
    shape = x.shape
    for axis, size, mode, origin in zip(axes, footprint.shape, modes, origins, strict=True):
        before, after = reach(name, size, origin)
        x = extended(x, axis, before, after, mode, cval, name)
    pieces = []
    for offsets in zip(*np.nonzero(footprint), strict=True):
        part = [slice(None)] * len(shape)
        for axis, k in zip(axes, offsets, strict=True):
            part[axis] = slice(int(k), int(k) + shape[axis])
        pieces.append(x[tuple(part)])
    return np.stack(pieces)


# -- minimum and maximum ---------------------------------------------------------------------------


def extreme(
    name: str,
    x: Any,
    size: Any,
    footprint: Any,
    structure: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    is_minimum: bool,
) -> Any:
    _require_real(name, x)
    choose: Callable[..., Any] = np.min if is_minimum else np.max
    if footprint is not None and structure is None and np.all(footprint):
        size, footprint = np.shape(footprint), None
    if footprint is None and structure is None:
        if size is None:
            raise ArgumentError(
                f"{name}: there is neither a size nor a footprint.",
                got="size=None, footprint=None",
                expected="one of them",
            )
        chosen = axes_of(name, x, axes)
        columns = [sequence(name, v, len(chosen)) for v in (size, origin, mode)]
        for axis, n, o, m in zip(chosen, *columns, strict=True):
            if n > 1:
                x = choose(_line_windows(name, x, int(n), axis, m, cval, o), axis=0)
        return x
    require_mode(name, mode)
    own, origins = kernel_axes(name, x, axes, origin)
    if footprint is None:
        footprint = np.ones(np.shape(structure), bool)
    windows = _windows(name, x, footprint, own, [mode] * len(own), cval, origins)
    if structure is not None:
        values = as_operand(structure)[np.nonzero(np.asarray(footprint, bool))]
        values = np.reshape(values, (-1, *(1,) * len(x.shape)))
        windows = windows - values if is_minimum else windows + values
    return choose(windows, axis=0)


def _extreme1d(
    name: str, x: Any, size: int, axis: int, mode: str, cval: Any, origin: int, is_minimum: bool
) -> Any:
    _require_real(name, x)
    windows = _line_windows(name, x, int(size), axis_of(name, x, axis), mode, cval, origin)
    return np.min(windows, axis=0) if is_minimum else np.max(windows, axis=0)


@follows_scipy("ndimage")
def minimum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """The smallest of `size` elements along one axis; ties split evenly."""
    x = image(input)
    result = _extreme1d("minimum_filter1d", x, size, axis, mode, cval, origin, True)
    return finish("minimum_filter1d", result, x, output)


@follows_scipy("ndimage")
def maximum_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """The largest of `size` elements along one axis; ties split evenly."""
    x = image(input)
    result = _extreme1d("maximum_filter1d", x, size, axis, mode, cval, origin, False)
    return finish("maximum_filter1d", result, x, output)


@follows_scipy("ndimage")
def minimum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The smallest element of a box or footprint."""
    x = image(input)
    args = (size, footprint, None, mode, cval, origin, axes, True)
    return finish("minimum_filter", extreme("minimum_filter", x, *args), x, output)


@follows_scipy("ndimage")
def maximum_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The largest element of a box or footprint.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> x = np.array([1.0, 3.0, 2.0, 0.0])
    >>> wg.grad(lambda x: np.sum(ndimage.maximum_filter(x, 3)))(x)
    array([0., 3., 1., 0.])
    """
    x = image(input)
    args = (size, footprint, None, mode, cval, origin, axes, False)
    return finish("maximum_filter", extreme("maximum_filter", x, *args), x, output)


# -- ranks -----------------------------------------------------------------------------------------


def _footprint(name: str, x: Any, size: Any, footprint: Any, axes: Any) -> Any:
    """The footprint, that of a whole box where only a size is given."""
    if footprint is None and size is None:
        raise ArgumentError(
            f"{name}: there is neither a size nor a footprint.",
            got="size=None, footprint=None",
            expected="one of them",
        )
    if footprint is not None:
        return footprint
    count = len(axes_of(name, x, axes))
    return np.ones([int(n) for n in sequence(name, size, count)], bool)


def _ranked(
    name: str,
    x: Any,
    rank_of: Callable[[int], int],
    size: Any,
    footprint: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
) -> Any:
    _require_real(name, x)
    footprint = _footprint(name, x, size, footprint, axes)
    own, origins = kernel_axes(name, x, axes, origin)
    modes = sequence(name, mode, len(own))
    windows = _windows(name, x, footprint, own, modes, cval, origins)
    count = windows.shape[0]
    rank = rank_of(count)
    rank += count if rank < 0 else 0
    if not 0 <= rank < count:
        raise ArgumentError(
            f"{name}: there is no such rank in the footprint.",
            got=f"rank {rank} of {count} elements",
            expected=f"0 to {count - 1}, or a percentile from 0 to 100",
        )
    if rank in (0, count - 1):
        return np.min(windows, axis=0) if rank == 0 else np.max(windows, axis=0)
    return np.sort(np.moveaxis(windows, 0, -1), axis=-1)[..., rank]


@follows_scipy("ndimage")
def rank_filter(
    input: Any,
    rank: int,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The element of the given rank of each window; -1 is the largest."""
    x = image(input)
    args = (size, footprint, mode, cval, origin, axes)
    result = _ranked("rank_filter", x, lambda n: int(rank), *args)
    return finish("rank_filter", result, x, output)


@follows_scipy("ndimage")
def median_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The median of each window, the upper one of an even number."""
    x = image(input)
    args = (size, footprint, mode, cval, origin, axes)
    return finish("median_filter", _ranked("median_filter", x, lambda n: n // 2, *args), x, output)


@follows_scipy("ndimage")
def percentile_filter(
    input: Any,
    percentile: float,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The element of each window that `percentile` percent are below."""
    x = image(input)
    share = percentile + 100.0 if percentile < 0 else percentile

    def rank(n: int) -> int:
        return n - 1 if share == 100.0 else int(n * share / 100.0) if 0 <= share < 100 else n

    result = _ranked("percentile_filter", x, rank, size, footprint, mode, cval, origin, axes)
    return finish("percentile_filter", result, x, output)


@follows_scipy("ndimage")
def generic_filter(
    input: Any,
    function: Callable[..., Any],
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
    *,
    axes: Any = None,
) -> Any:
    """`function` of the vector of elements in each window, called once for each pixel."""
    x = image(input)
    name = "generic_filter"
    own, origins = kernel_axes(name, x, axes, origin)
    footprint = _footprint(name, x, size, footprint, axes)
    windows = _windows(name, x, footprint, own, sequence(name, mode, len(own)), cval, origins)
    keywords = extra_keywords or {}
    one = lambda window: function(window, *extra_arguments, **keywords)
    return finish(name, np.apply_along_axis(one, 0, windows), x, output)
