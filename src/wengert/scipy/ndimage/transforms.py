"""Images moved, scaled, rotated, and transformed by matrices and functions."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.scipy.dispatch import follows_scipy, is_traced
from wengert.scipy.ndimage.common import axis_of, finish, image, sequence
from wengert.scipy.ndimage.mapping import (
    along_axes,
    at_points,
    coefficients,
    grid_points,
    require_order,
    rounded,
)


def _on_grid(
    name: str,
    x: Any,
    coordinates: list[Any],
    output: Any,
    order: int,
    mode: str,
    cval: Any,
    prefilter: bool,
) -> Any:
    """The image on a grid of places, one vector of them for each axis."""
    axes = tuple(range(len(x.shape)))
    c, margin = coefficients(name, x, axes, require_order(name, order), mode, cval, prefilter)
    moved = [t + float(margin) for t in coordinates]
    result = along_axes(c, axes, moved, order, mode, cval)
    return finish(name, rounded(result, x, output), x, output)


def _vector(name: str, value: Any, count: int) -> Any:
    """One real number for each axis."""
    value = convert(as_operand(value), np.float64)
    if not value.shape:
        return np.broadcast_to(value, (count,))
    if value.shape != (count,):
        raise ShapeError(
            f"{name}: there is not one number for each axis.",
            got=describe(value=value),
            expected=f"a number, or [{count}]",
        )
    return value


@follows_scipy("ndimage")
def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image moved by `shift` pixels, which may be traced; arguments as for `map_coordinates`.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> x = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    >>> wg.jacobian(lambda s: ndimage.shift(x, s, order=1, mode="nearest"))(0.5)
    array([ 0., -1., -3., -5., -7.])
    """
    x = image(input)
    steps = _vector("shift", shift, len(x.shape))
    coordinates = [np.arange(n) - steps[i] for i, n in enumerate(x.shape)]
    return _on_grid("shift", x, coordinates, output, order, mode, cval, prefilter)


@follows_scipy("ndimage")
def zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    """The image in another size; `zoom` decides on the shape only, and cannot be traced."""
    if is_traced((zoom,)):
        raise ArgumentError(
            "zoom: the factors are traced.",
            got="traced factors",
            expected="plain numbers: the shape of the result depends on nothing else",
            try_="affine_transform, whose matrix has derivatives",
        )
    x = image(input)
    factors = sequence("zoom", zoom, len(x.shape))
    if all(f == 1 for f in factors) and prefilter:
        return finish("zoom", x, x, output)
    coordinates = []
    for n, factor in zip(x.shape, factors, strict=True):
        size = round(n * factor)
        pixels = np.arange(size, dtype=float)
        old, new = (n, size) if grid_mode else (n - 1, size - 1)
        step = old / new if new else 1.0
        coordinates.append((pixels + 0.5) * step - 0.5 if grid_mode else pixels * step)
    return _on_grid("zoom", x, coordinates, output, order, mode, cval, prefilter)


def _affine(
    c: Any, matrix: Any, offset: Any, shape: tuple[int, ...], order: int, mode: str, cval: Any
) -> Any:
    """The spline of the first axes of `c` at matrix @ o + offset, o the pixels of the result."""
    pixels = grid_points(shape)
    coordinates = []
    for i in range(matrix.shape[0]):
        t = offset[i] + 0.0 * pixels[0]
        for j in range(len(shape)):
            t = t + matrix[i, j] * pixels[j]
        coordinates.append(t)
    values = at_points(c, coordinates, order, mode, cval)
    return np.reshape(values, (*shape, *c.shape[matrix.shape[0] :]))


def _matrix(x: Any, matrix: Any, offset: Any, n_out: int) -> tuple[Any, Any]:
    """The matrix and offset, taken apart where they came as one homogeneous matrix."""
    rank = len(x.shape)
    matrix = convert(as_operand(matrix), np.float64)
    shape = matrix.shape
    if len(shape) == 2 and shape[1] == rank + 1 and shape[0] in (rank, rank + 1):
        matrix, offset = matrix[:rank, :rank], matrix[:rank, rank]
    if matrix.shape not in ((rank,), (rank, n_out)):
        raise ShapeError(
            "affine_transform: the matrix does not fit the image.",
            got=describe(input=x, matrix=matrix),
            expected=f"[{rank}] (a diagonal), [{rank}, {n_out}], or homogeneous",
        )
    return matrix, _vector("affine_transform", offset, rank)


@follows_scipy("ndimage")
def affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image at matrix @ o + offset for each pixel o of the result.

    Parameters
    ----------
    input : array, d axes
    matrix : array, shape (d, d), (d,), (d, d + 1) or (d + 1, d + 1)
        May be traced; a vector is a diagonal, the last two hold the offset in their last column.
    offset : number or array of shape (d,)
        May be traced.
    output_shape : tuple, optional
        The image's own by default.
    output, order, mode, cval, prefilter
        As for `map_coordinates`.
    """
    x = image(input)
    name = "affine_transform"
    order = require_order(name, order)
    if output_shape is None:
        output_shape = output.shape if hasattr(output, "shape") else x.shape
    shape = tuple([int(n) for n in output_shape])
    matrix, offset = _matrix(x, matrix, offset, len(shape))
    if len(matrix.shape) == 1:
        coordinates = [np.arange(n) * matrix[i] + offset[i] for i, n in enumerate(shape)]
        return _on_grid(name, x, coordinates, output, order, mode, cval, prefilter)
    axes = tuple(range(len(x.shape)))
    c, margin = coefficients(name, x, axes, order, mode, cval, prefilter)
    result = _affine(c, matrix, offset + float(margin), shape, order, mode, cval)
    return finish(name, rounded(result, x, output), x, output)


@follows_scipy("ndimage")
def rotate(
    input: Any,
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image turned by `angle` degrees in the plane of two axes.

    The angle may be traced; with `reshape` the shape of the result is then a decision on its value.
    """
    x = image(input)
    if len(x.shape) < 2 or len(tuple(axes)) != 2:
        raise ShapeError(
            "rotate: a plane of two axes is needed.",
            got=f"{describe(input=x)}, axes={axes}",
            expected="an image of two axes or more, two different axes",
        )
    order = require_order("rotate", order)
    plane = tuple(sorted([axis_of("rotate", x, a) for a in axes]))
    cosine, sine = _direction(angle)
    old = [x.shape[a] for a in plane]
    new = _turned_sizes(old, cosine, sine) if reshape else old
    matrix = np.stack([np.stack([cosine, sine]), np.stack([-sine, cosine])])
    center = np.array([(n - 1) / 2 for n in old])
    offset = center - matrix @ np.array([(n - 1) / 2 for n in new])
    x_moved = np.moveaxis(x, plane, (0, 1))
    c, margin = coefficients("rotate", x_moved, (0, 1), order, mode, cval, prefilter)
    result = _affine(c, matrix, offset + float(margin), tuple(new), order, mode, cval)
    result = np.moveaxis(result, (0, 1), plane)
    return finish("rotate", rounded(result, x, output), x, output)


def _direction(angle: Any) -> tuple[Any, Any]:
    """Cosine and sine of degrees, exact for multiples of 90 where the angle is plain."""
    if is_traced((angle,)):
        return np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    special = importlib.import_module("scipy.special")
    return special.cosdg(angle), special.sindg(angle)


def _turned_sizes(sizes: list[int], cosine: Any, sine: Any) -> list[int]:
    """The sizes of the box around the turned image: decisions on the angle."""
    rows, columns = sizes
    corners = [(0, 0), (0, columns), (rows, 0), (rows, columns)]
    found = []
    for a, b in ((cosine, sine), (-sine, cosine)):
        ends = np.stack([a * i + b * j for i, j in corners])
        found.append(int(np.max(ends) - np.min(ends) + 0.5))
    return found


@follows_scipy("ndimage")
def geometric_transform(
    input: Any,
    mapping: Any,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
) -> Any:
    """The image at `mapping(o, *extra_arguments, **extra_keywords)` for each pixel o of the result.

    The function is called once for each pixel, with a tuple of integers, and its coordinates may be
    traced; what it reads that is traced is passed in `extra_arguments`, so that it is seen. For
    many pixels compute all places at once and call `map_coordinates`.
    """
    x = image(input)
    name = "geometric_transform"
    order = require_order(name, order)
    shape = tuple(x.shape if output_shape is None else output_shape)
    axes = tuple(range(len(x.shape)))
    points = []
    for pixel in itertools.product(*[range(n) for n in shape]):
        place = mapping(pixel, *extra_arguments, **(extra_keywords or {}))
        points.append(np.stack([as_operand(place[i]) for i in axes]))
    places = convert(np.stack(points, axis=1), np.float64)
    c, margin = coefficients(name, x, axes, order, mode, cval, prefilter)
    values = at_points(c, [places[i] + float(margin) for i in axes], order, mode, cval)
    result = np.reshape(values, shape)
    return finish(name, rounded(result, x, output), x, output)
