"""Uniform and Gaussian filters, and the derivatives built on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import convert
from wengert.scipy.dispatch import follows_scipy, known
from wengert.scipy.ndimage.common import (
    axes_of,
    axis_of,
    finish,
    image,
    in_double,
    sequence,
)
from wengert.scipy.ndimage.linear import along, reach


def between(x: Any, dtype: Any) -> Any:
    """What a pass hands on to the next one: whole numbers where the image has them, as SciPy."""
    return in_double(convert(x, dtype)) if dtype.kind in "iub" else x


# -- uniform and Gaussian --------------------------------------------------------------------------


@follows_scipy("ndimage")
def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """The mean of `size` elements along one axis."""
    x = image(input)
    axis = axis_of("uniform_filter1d", x, axis)
    reach("uniform_filter1d", int(size), origin)
    ones = np.ones(int(size))
    result = along("uniform_filter1d", in_double(x), ones, axis, mode, cval, origin) / int(size)
    return finish("uniform_filter1d", result, x, output)


@follows_scipy("ndimage")
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The mean over a box; `size`, `mode` and `origin` may differ from axis to axis."""
    x = image(input)
    axes = axes_of("uniform_filter", x, axes)
    columns = [sequence("uniform_filter", v, len(axes)) for v in (size, mode, origin)]
    result = in_double(x)
    for axis, n, m, o in zip(axes, *columns, strict=True):
        if n > 1:
            ones = np.ones(int(n))
            result = along("uniform_filter", result, ones, axis, m, cval, o) / int(n)
            result = between(result, x.dtype)
    return finish("uniform_filter", result, x, output)


def gaussian_weights(sigma: Any, order: int, radius: int) -> Any:
    """The derivative of order `order` of a Gaussian, at -radius to radius; sum one for order 0."""
    places = np.arange(-radius, radius + 1)
    square = sigma * sigma
    bell = np.exp(-0.5 / square * places**2)
    bell = bell / np.sum(bell)
    # p exp(-x^2 / 2 square) has the derivative (p' - p x / square) times the same.
    p: list[Any] = [1.0]
    for _ in range(order):
        rise = [k * p[k] for k in range(1, len(p))] + [0.0, 0.0]
        fall = [0.0, *[c / square for c in p]]
        p = [a - b for a, b in zip(rise, fall, strict=True)]
    factor: Any = 0.0
    for c in reversed(p):
        factor = factor * places + c
    return bell * factor


def _gaussian(
    name: str,
    x: Any,
    axis: int,
    sigma: Any,
    order: int,
    mode: str,
    cval: Any,
    truncate: float,
    radius: Any,
) -> Any:
    radius = int(truncate * sigma + 0.5) if radius is None else radius
    if order < 0 or radius < 0 or radius != int(radius):
        raise ArgumentError(
            f"{name}: the order or the radius is negative, or the radius no integer.",
            got=f"order={order}, radius={radius}",
            expected="integers from 0",
        )
    weights = gaussian_weights(sigma, int(order), int(radius))[::-1]
    return along(name, x, weights, axis, mode, cval, 0)


@follows_scipy("ndimage")
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    """Convolution with a Gaussian, or its derivative of order `order`, along one axis.

    Parameters
    ----------
    input : array
    sigma : number
        Standard deviation; may be traced. The radius that it gives is constant: pass `radius` where
        `sigma` has no value (inside `vmap`).
    axis, order, output, mode, cval
    truncate : float
        The filter ends after so many standard deviations.
    radius : int, optional
    """
    x = image(input)
    axis = axis_of("gaussian_filter1d", x, axis)
    args = (sigma, order, mode, cval, truncate, radius)
    result = _gaussian("gaussian_filter1d", in_double(x), axis, *args)
    return finish("gaussian_filter1d", result, x, output)


def _gaussian_all(
    name: str,
    x: Any,
    sigma: Any,
    order: Any,
    mode: Any,
    cval: Any,
    truncate: float = 4.0,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    axes = axes_of(name, x, axes)
    columns = [sequence(name, v, len(axes)) for v in (sigma, order, mode, radius)]
    for axis, s, k, m, r in zip(axes, *columns, strict=True):
        if known(s) is None or s > 1e-15:  # without a value it counts as positive
            x = _gaussian(name, x, axis, s, k, m, cval, truncate, r)
    return x


@follows_scipy("ndimage")
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """Convolution with a Gaussian of several axes; every option may differ from axis to axis.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> x = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    >>> wg.grad(lambda sigma: ndimage.gaussian_filter(x, sigma)[2])(1.0)
    np.float64(-0.3989...)
    """
    x = image(input)
    args = (sigma, order, mode, cval, truncate, radius, axes)
    result = _gaussian_all("gaussian_filter", in_double(x), *args)
    return finish("gaussian_filter", result, x, output)


# -- derivatives -----------------------------------------------------------------------------------


def _edges(
    name: str, x: Any, axis: int, mode: Any, cval: Any, across: list[float], dtype: Any
) -> Any:
    """A central difference along `axis`, smoothed along the other axes."""
    axis = axis_of(name, x, axis)
    modes = sequence(name, mode, len(x.shape))
    x = along(name, x, np.array([-1.0, 0.0, 1.0]), axis, modes[axis], cval, 0)
    for other in range(len(x.shape)):
        if other != axis:
            x = along(name, between(x, dtype), np.array(across), other, modes[other], cval, 0)
    return x


@follows_scipy("ndimage")
def prewitt(
    input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
) -> Any:
    """Prewitt's filter: a difference along `axis`, sums of three along the others."""
    x = image(input)
    result = _edges("prewitt", in_double(x), axis, mode, cval, [1.0, 1.0, 1.0], x.dtype)
    return finish("prewitt", result, x, output)


@follows_scipy("ndimage")
def sobel(
    input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
) -> Any:
    """Sobel's filter: a difference along `axis`, weighted sums of three along the others."""
    x = image(input)
    result = _edges("sobel", in_double(x), axis, mode, cval, [1.0, 2.0, 1.0], x.dtype)
    return finish("sobel", result, x, output)


def _over_axes(
    name: str,
    x: Any,
    axes: Any,
    mode: Any,
    one: Callable[[int, str], Any],
    combine: Callable[[list[Any]], Any],
) -> Any:
    axes = axes_of(name, x, axes)
    if not axes:
        return x
    return combine([one(a, m) for a, m in zip(axes, sequence(name, mode, len(axes)), strict=True)])


def _total(parts: list[Any]) -> Any:
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def _length(parts: list[Any]) -> Any:
    """The root of the sum of squares, with derivative 0 where it is 0."""
    square = _total([p * p for p in parts])
    is_zero = square == 0
    return np.where(is_zero, 0.0, np.sqrt(np.where(is_zero, 1.0, square)))


@follows_scipy("ndimage")
def generic_laplace(
    input: Any,
    derivative2: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
    *,
    axes: Any = None,
) -> Any:
    """The sum over axes of `derivative2(input, axis, output, mode, cval, ...)`, output a dtype."""
    x = image(input)

    def one(axis: int, mode: str) -> Any:
        keywords = extra_keywords or {}
        return derivative2(x, axis, x.dtype, mode, cval, *extra_arguments, **keywords)

    return finish(
        "generic_laplace", _over_axes("generic_laplace", x, axes, mode, one, _total), x, output
    )


@follows_scipy("ndimage")
def generic_gradient_magnitude(
    input: Any,
    derivative: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
    *,
    axes: Any = None,
) -> Any:
    """The root of the sum over axes of `derivative(input, axis, output, mode, cval, ...)` squared.

    Where all derivatives are 0 the derivative of the root is taken as 0.
    """
    x = image(input)

    def one(axis: int, mode: str) -> Any:
        keywords = extra_keywords or {}
        return derivative(x, axis, x.dtype, mode, cval, *extra_arguments, **keywords)

    result = _over_axes("generic_gradient_magnitude", x, axes, mode, one, _length)
    return finish("generic_gradient_magnitude", result, x, output)


@follows_scipy("ndimage")
def laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:
    """The sum of second differences along the axes."""
    x = image(input)
    work, weights = in_double(x), np.array([1.0, -2.0, 1.0])
    one = lambda axis, mode: along("laplace", work, weights, axis, mode, cval, 0)
    return finish("laplace", _over_axes("laplace", work, axes, mode, one, _total), x, output)


def _gaussian_derivatives(
    name: str, x: Any, sigma: Any, mode: Any, cval: Any, axes: Any, order: int, options: Any
) -> Any:
    """Gaussian filters whose order is `order` on one axis, for each axis in turn."""
    chosen = axes_of(name, x, axes)
    sigmas: list[Any] = [0.0] * len(x.shape)
    own = sequence(name, sigma, len(x.shape if np.ndim(sigma) == 0 else chosen))
    for axis in chosen:
        sigmas[axis] = own[axis] if np.ndim(sigma) == 0 else own[chosen.index(axis)]

    def one(axis: int, mode: str) -> Any:
        orders = [order if a == axis else 0 for a in range(len(x.shape))]
        return _gaussian_all(name, x, sigmas, orders, mode, cval, **options)

    return _over_axes(name, x, axes, mode, one, _total if order == 2 else _length)


@follows_scipy("ndimage")
def gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """The Laplacian of the image smoothed by a Gaussian."""
    x = image(input)
    name = "gaussian_laplace"
    result = _gaussian_derivatives(name, in_double(x), sigma, mode, cval, axes, 2, kwargs)
    return finish(name, result, x, output)


@follows_scipy("ndimage")
def gaussian_gradient_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """The length of the gradient of the smoothed image; its derivative is 0 where it is 0."""
    x = image(input)
    name = "gaussian_gradient_magnitude"
    result = _gaussian_derivatives(name, in_double(x), sigma, mode, cval, axes, 1, kwargs)
    return finish(name, result, x, output)
