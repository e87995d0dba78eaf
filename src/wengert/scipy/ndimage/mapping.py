"""Images at places between their pixels: `map_coordinates`, and how a line goes on beyond its ends.

An image is a spline through its pixels. A place is first brought inside as the boundary mode says;
then order + 1 coefficients along each axis count, whose places are brought inside, too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.spline_filter import spline_coefficients
from wengert.ops.taking import take
from wengert.scipy.boxes import weighted_boxes
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.ndimage.common import (
    axis_of,
    extended,
    finish,
    image,
    in_double,
    require_mode,
)

# -- coefficients ----------------------------------------------------------------------------------

# How the coefficients go on: exactly so for three modes, mirrored for the others.
_CONTINUED = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "nearest": "reflect",
    "grid-wrap": "grid-wrap",
}
_MARGIN = 12  # pixels put around the image where no continuation of coefficients fits the mode


def require_order(name: str, order: int, least: int = 0) -> int:
    if order not in range(least, 6):
        raise ArgumentError(
            f"{name}: there is no spline of this order.",
            got=f"order={order!r}",
            expected=f"{least} to 5",
        )
    return int(order)


def coefficients(
    name: str, x: Any, axes: tuple[int, ...], order: int, mode: str, cval: Any, prefilter: bool
) -> tuple[Any, int]:
    """Spline coefficients along `axes` in double precision, and the width of the margin."""
    require_mode(name, mode)
    x = in_double(x)
    if not prefilter or order < 2:
        return x, 0
    margin = _MARGIN if mode in ("nearest", "grid-constant") else 0
    for axis in axes:
        x = extended(x, axis, margin, margin, mode, cval, name)
    for axis in axes:
        x = spline_coefficients(x, order, axis, _CONTINUED.get(mode, "mirror"))
    return x, margin


@follows_scipy("ndimage")
def spline_filter1d(
    input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """Spline coefficients of the image along one axis.

    Parameters
    ----------
    input : array
    order : int
        0 to 5; 0 and 1 give the image itself.
    axis : int
    output : dtype, optional
    mode : str
        How the line goes on beyond its ends: "mirror", "reflect" or "grid-wrap" exactly, the other
        names as the one of these that SciPy takes for them.
    """
    x = image(input)
    order = require_order("spline_filter1d", order)
    axis = axis_of("spline_filter1d", x, axis)
    require_mode("spline_filter1d", mode)
    work = in_double(x)
    if order > 1:
        work = spline_coefficients(work, order, axis, _CONTINUED.get(mode, "mirror"))
    return finish("spline_filter1d", work, x, output)


@follows_scipy("ndimage")
def spline_filter(
    input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """Spline coefficients of the image along all axes."""
    x = image(input)
    order = require_order("spline_filter", order, 2)
    require_mode("spline_filter", mode)
    work = in_double(x)
    for axis in range(len(x.shape)):
        work = spline_coefficients(work, order, axis, _CONTINUED.get(mode, "mirror"))
    return finish("spline_filter", work, x, output)


# -- places on a line ------------------------------------------------------------------------------


def _inside(t: Any, n: int, mode: str) -> Any:
    """Real places brought into the line of n pixels."""
    if n == 1 and mode in ("mirror", "wrap"):
        return 0.0 * t
    if mode == "mirror":
        t = np.mod(t, 2.0 * (n - 1))
        return np.where(t >= n, 2.0 * (n - 1) - t, t)
    if mode in ("reflect", "grid-mirror"):
        t = np.mod(t + 0.5, 2.0 * n) - 0.5
        return np.where(t > n - 0.5, 2.0 * n - 1.0 - t, t)
    if mode == "wrap":  # a period of n - 1: the first pixel is the last, and SciPy takes either
        below = t + (n - 1) * (np.floor(-t / (n - 1)) + 1.0)
        above = t - (n - 1) * np.floor(t / (n - 1))
        return np.where(t < 0, below, np.where(t > n - 1, above, t))
    if mode == "grid-wrap":
        return np.mod(t, float(n))
    return t  # "nearest" and "grid-constant" act on the coefficients that are read


def _index_inside(i: Any, n: int, mode: str) -> Any:
    """Integer places of coefficients brought into the line."""
    kind = _CONTINUED.get(mode, "mirror")
    if mode in ("nearest", "grid-constant"):
        return np.clip(i, 0, n - 1)
    if n == 1:
        return 0 * i
    if kind == "grid-wrap":
        return np.mod(i, n)
    period, last = (2 * n, 2 * n - 1) if kind == "reflect" else (2 * n - 2, 2 * n - 2)
    i = np.mod(i, period)
    return np.where(i > n - 1, last - i, i)


def _spline_weights(u: Any, order: int) -> Any:
    """The order + 1 cardinal B-splines that are not zero at u in [0, 1), the leftmost first."""
    rows: list[Any] = [1.0 + 0.0 * u]
    for k in range(1, order + 1):
        # Of degree k: the spline that starts at -j has passed u + j of its k + 1 steps.
        grown = []
        for r in range(k + 1):
            passed = u + (k - r)
            total: Any = 0.0
            if r > 0:
                total = total + passed * rows[r - 1]
            if r < k:
                total = total + (k + 1 - passed) * rows[r]
            grown.append(total / k)
        rows = grown
    return np.stack(rows, axis=-1)


class Line(NamedTuple):
    """What places on one axis read: coefficients' places and weights (n, order + 1), or nothing."""

    places: Any
    weights: Any
    outside: Any  # where the image has no value, or None
    share: Any  # the part of the weights that lies on the image, or None for all


def read_line(t: Any, n: int, order: int, mode: str) -> Line:
    """The coefficients that a vector of real places reads, on a line of n."""
    outside = np.logical_or(t < 0, t > n - 1) if mode == "constant" else None
    if outside is not None:
        t = np.where(outside, 0.0, t)
    t = _inside(t, n, mode)
    base = np.floor(t if order % 2 else t + 0.5)
    u = t - base if order % 2 else t + 0.5 - base
    start = convert(_finite(base, n), np.int64) - order // 2
    index = start[:, None] + np.arange(order + 1)
    weights = _spline_weights(u, order)
    share = None
    if mode == "grid-constant":
        weights = np.where(np.logical_and(index >= 0, index < n), weights, 0.0)
        share = np.sum(weights, axis=-1)
    return Line(_index_inside(index, n, mode), weights, outside, share)


def _finite(base: Any, n: int) -> Any:
    """Whole places that an integer can hold: far outside is outside, and NaN is anywhere."""
    limit = float(4 * n + 64)
    return np.clip(np.where(np.isnan(base), 0.0, base), -limit, limit)


# -- points ----------------------------------------------------------------------------------------


def at_points(c: Any, coordinates: list[Any], order: int, mode: str, cval: Any) -> Any:
    """The spline with coefficients `c` at points, one vector of coordinates for each first axis."""
    n_items = len(c.shape) - len(coordinates)
    lines = [
        read_line(t, n, order, mode)
        for t, n in zip(coordinates, c.shape[: len(coordinates)], strict=True)
    ]
    values = weighted_boxes(c, [x.places for x in lines], [x.weights for x in lines])
    ones = (1,) * n_items
    if mode == "grid-constant":
        share: Any = 1.0
        for line in lines:
            share = share * line.share
        return values + cval * np.reshape(1.0 - share, (-1, *ones))
    if mode == "constant":
        outside: Any = False
        for line in lines:
            outside = np.logical_or(outside, line.outside)
        return np.where(np.reshape(outside, (-1, *ones)), cval, values)
    return values


def along_axes(
    c: Any, axes: tuple[int, ...], coordinates: list[Any], order: int, mode: str, cval: Any
) -> Any:
    """The spline on a grid of places: axis after axis, a few weighted slices each."""
    lines = []
    for axis, t in zip(axes, coordinates, strict=True):
        line = read_line(t, c.shape[axis], order, mode)
        lines.append(line)
        total: Any = None
        for k in range(order + 1):
            part = take(c, line.places[:, k], axis=axis) * _on(line.weights[:, k], axis, c)
            total = part if total is None else total + part
        c = total
    if mode == "grid-constant":
        share: Any = 1.0
        for axis, line in zip(axes, lines, strict=True):
            share = share * _on(line.share, axis, c)
        return c + cval * (1.0 - share)
    if mode == "constant":
        for axis, line in zip(axes, lines, strict=True):
            c = np.where(_on(line.outside, axis, c), cval, c)
    return c


def _on(v: Any, axis: int, like: Any) -> Any:
    """The vector `v` along `axis` of an array of the rank of `like`."""
    return np.reshape(v, (*(1,) * axis, -1, *(1,) * (len(like.shape) - 1 - axis)))


def rounded(result: Any, x: Any, output: Any) -> Any:
    """SciPy rounds to the nearest integer where the result is one."""
    is_integer = x.dtype.kind in "iub" if output is None else False
    if isinstance(output, (str, type, np.dtype)):
        is_integer = np.dtype(output).kind in "iu"
    if not is_integer or result.dtype.kind == "c":
        return result
    return np.where(result > 0, np.floor(result + 0.5), np.ceil(result - 0.5))


@follows_scipy("ndimage")
def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image at given places, by splines.

    Parameters
    ----------
    input : array, shape (n1, ..., nd)
    coordinates : array, shape (d, ...)
        Places in pixels.
    output : dtype or traced array, optional
    order : int
        Degree of the spline, 0 to 5.
    mode, cval
        What lies beyond the ends.
    prefilter : bool
        Whether the coefficients are computed here; otherwise `input` holds them.

    Notes
    -----
    Differentiable in the image, its coordinates and `cval`. A spline of order k has k - 1
    continuous derivatives; where the next one jumps it is that of the interval on the right. With
    order 0 the derivative in the coordinates is 0. In mode "constant" the jump to `cval` at the
    ends has no derivative.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> image = np.arange(12.0).reshape(3, 4) ** 2
    >>> wg.grad(lambda p: ndimage.map_coordinates(image, p, order=1)[0])(np.array([[0.5], [1.5]]))
    array([[28.],
           [ 7.]])
    """
    x, places = image(input), as_operand(coordinates)
    name = "map_coordinates"
    order = require_order(name, order)
    if len(places.shape) < 2 or places.shape[0] != len(x.shape) or places.dtype.kind == "c":
        raise ShapeError(
            f"{name}: the coordinates do not fit the image.",
            got=describe(input=x, coordinates=places),
            expected=f"real coordinates: [{len(x.shape)}, ...]",
        )
    places = convert(places, np.float64)
    axes = tuple(range(len(x.shape)))
    c, margin = coefficients(name, x, axes, order, mode, cval, prefilter)
    flat = np.reshape(places, (len(axes), -1))
    values = at_points(c, [flat[i] + float(margin) for i in axes], order, mode, cval)
    result = np.reshape(values, places.shape[1:])
    return finish(name, rounded(result, x, output), x, output)


def grid_points(shape: tuple[int, ...]) -> list[Any]:
    """The coordinates of all pixels of an image of this shape, one vector for each axis."""
    if not math.prod(shape):
        return [np.zeros(0) for _ in shape]
    return [g.reshape(-1) for g in np.indices(shape).astype(float)]
