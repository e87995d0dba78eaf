"""Linear filters: correlation and convolution, Gaussian and uniform, derivatives.

A filter along an axis extends the image and convolves its lines; a kernel of several axes is a sum
of such filters, one for each of its rows. SciPy computes in double precision and rounds the result
to the dtype of the image; so do these.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.convolution import convolve_window
from wengert.ops.core import conj, convert
from wengert.scipy.dispatch import follows_scipy, is_traced, known
from wengert.scipy.ndimage.common import (
    axes_of,
    axis_of,
    extended,
    finish,
    image,
    in_double,
    kernel_axes,
    require_mode,
    sequence,
)

# -- along one axis --------------------------------------------------------------------------------


def reach(name: str, size: int, origin: Any) -> tuple[int, int]:
    """How far a filter of `size` elements reaches back and ahead."""
    before = size // 2 + int(origin)
    if size < 1 or not 0 <= before < size:
        raise ArgumentError(
            f"{name}: the filter is empty, or the origin lies outside of it.",
            got=f"size {size}, origin {origin}",
            expected="size >= 1, -(size // 2) <= origin <= (size - 1) // 2",
        )
    return before, size - 1 - before


def _between(x: Any, dtype: Any) -> Any:
    """What a pass hands on to the next one: whole numbers where the image has them, as SciPy."""
    return in_double(convert(x, dtype)) if dtype.kind in "iub" else x


def _along(name: str, x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: Any) -> Any:
    """Sum over k of weights[k] x[i + k - reach] in double precision."""
    size, n = weights.shape[0], x.shape[axis]
    before, after = reach(name, size, origin)
    lines = extended(x, axis, before, after, mode, cval, name)
    last = len(x.shape) - 1
    lines = np.moveaxis(lines, axis, -1) if axis != last else lines
    lines = convolve_window(lines, weights[::-1], size - 1, n)
    return np.moveaxis(lines, -1, axis) if axis != last else lines


def _weights(name: str, weights: Any) -> Any:
    weights = in_double(as_operand(weights))
    if len(weights.shape) != 1 or not weights.shape[0]:
        raise ArgumentError(
            f"{name}: the weights must be a vector.",
            got=describe(weights=weights),
            expected="weights: [k], k >= 1",
        )
    return weights


@follows_scipy("ndimage")
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Correlation with a vector along one axis; complex weights are conjugated.

    Parameters
    ----------
    input : array
    weights : array, shape (k,)
    axis : int
    output : dtype or traced array, optional
    mode : str
        "reflect", "constant", "nearest", "mirror", "wrap" and SciPy's other names.
    cval : number
        What lies beyond the ends in mode "constant".
    origin : int
        Moves the filter to the left.
    """
    x, weights = image(input), _weights("correlate1d", weights)
    axis = axis_of("correlate1d", x, axis)
    result = _along("correlate1d", in_double(x), conj(weights), axis, mode, cval, origin)
    return finish("correlate1d", result, x, output)


@follows_scipy("ndimage")
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Convolution with a vector along one axis: arguments as for `correlate1d`."""
    x, weights = image(input), _weights("convolve1d", weights)
    axis = axis_of("convolve1d", x, axis)
    origin = -origin if weights.shape[0] % 2 else -origin - 1
    result = _along("convolve1d", in_double(x), weights[::-1], axis, mode, cval, origin)
    return finish("convolve1d", result, x, output)


# -- kernels of several axes -----------------------------------------------------------------------


def _kernel_sum(
    name: str, x: Any, w: Any, axes: tuple[int, ...], mode: str, cval: Any, origins: list[int]
) -> Any:
    """Correlation with the kernel `w`, whose axes stand for `axes` of the image."""
    require_mode(name, mode)
    shape = x.shape
    for axis, size, origin in zip(axes, w.shape, origins, strict=True):
        before, after = reach(name, size, origin)
        x = extended(x, axis, before, after, mode, cval, name)
    if not axes:
        return x * w
    longest = max(range(len(axes)), key=lambda i: (w.shape[i], i))
    others = [i for i in range(len(axes)) if i != longest]
    x = np.moveaxis(x, axes[longest], -1)
    w = np.moveaxis(w, longest, -1)
    n, size = shape[axes[longest]], w.shape[-1]
    total: Any = None
    for offsets in itertools.product(*[range(w.shape[j]) for j in range(len(others))]):
        row = w[offsets]
        if not is_traced((row,)) and not np.any(row):
            continue
        part: list[Any] = [slice(None)] * len(shape)
        for i, k in zip(others, offsets, strict=True):
            axis = axes[i] - (axes[i] > axes[longest])
            part[axis] = slice(k, k + shape[axes[i]])
        term = convolve_window(x[tuple(part)], row[::-1], size - 1, n)
        total = term if total is None else total + term
    if total is None:  # all weights are zero
        corner = tuple([slice(0, shape[a]) for a in range(len(shape)) if a != axes[longest]])
        total = 0.0 * x[(*corner, slice(0, n))]
    return np.moveaxis(total, -1, axes[longest])


def _kernel(name: str, x: Any, weights: Any, axes: tuple[int, ...]) -> Any:
    weights = in_double(as_operand(weights))
    if len(weights.shape) != len(axes) or not all(weights.shape):
        raise ArgumentError(
            f"{name}: the kernel does not have the axes of the image.",
            got=describe(input=x, weights=weights),
            expected=f"{len(axes)} axes, none of them empty",
        )
    return weights


@follows_scipy("ndimage")
def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Correlation with a kernel of several axes; complex weights are conjugated.

    Parameters
    ----------
    input, weights : array
    output : dtype or traced array, optional
    mode, cval
        What lies beyond the ends.
    origin : int or one for each axis
    axes : int or tuple, optional
        The axes that `weights` has; all by default.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> kernel = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> f = lambda image: ndimage.correlate(image, kernel, mode="constant")[1, 1]
    >>> wg.grad(f)(np.ones((2, 2)))
    array([[0., 1.],
           [2., 3.]])
    """
    x = image(input)
    axes, origins = kernel_axes("correlate", x, axes, origin)
    w = conj(_kernel("correlate", x, weights, axes))
    result = _kernel_sum("correlate", in_double(x), w, axes, mode, cval, origins)
    return finish("correlate", result, x, output)


@follows_scipy("ndimage")
def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Convolution with a kernel of several axes: arguments as for `correlate`."""
    x = image(input)
    axes, origins = kernel_axes("convolve", x, axes, origin)
    w = _kernel("convolve", x, weights, axes)
    origins = [-o if size % 2 else -o - 1 for o, size in zip(origins, w.shape, strict=True)]
    flipped = np.flip(w)
    result = _kernel_sum("convolve", in_double(x), flipped, axes, mode, cval, origins)
    return finish("convolve", result, x, output)


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
    result = _along("uniform_filter1d", in_double(x), ones, axis, mode, cval, origin) / int(size)
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
            result = _along("uniform_filter", result, ones, axis, m, cval, o) / int(n)
            result = _between(result, x.dtype)
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
    return _along(name, x, weights, axis, mode, cval, 0)


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
    x = _along(name, x, np.array([-1.0, 0.0, 1.0]), axis, modes[axis], cval, 0)
    for other in range(len(x.shape)):
        if other != axis:
            x = _along(name, _between(x, dtype), np.array(across), other, modes[other], cval, 0)
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
    one = lambda axis, mode: _along("laplace", work, weights, axis, mode, cval, 0)
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
