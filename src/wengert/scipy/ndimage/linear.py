"""Linear filters: correlation and convolution, along one axis and with kernels of several.

A filter along an axis extends the image and convolves its lines; a kernel of several axes is a sum
of such filters, one for each of its rows. SciPy computes in double precision and rounds the result
to the dtype of the image; so do these.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.convolution import convolve_window
from wengert.ops.core import conj
from wengert.scipy.dispatch import follows_scipy, is_traced
from wengert.scipy.ndimage.common import (
    axis_of,
    extended,
    finish,
    image,
    in_double,
    kernel_axes,
    require_mode,
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


def along(name: str, x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: Any) -> Any:
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
    result = along("correlate1d", in_double(x), conj(weights), axis, mode, cval, origin)
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
    result = along("convolve1d", in_double(x), weights[::-1], axis, mode, cval, origin)
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
