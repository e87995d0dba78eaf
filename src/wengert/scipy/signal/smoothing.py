"""Smoothing, trends, medians and analytic signals."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.convolution import convolve_window
from wengert.ops.convolution_nd import extended
from wengert.ops.core import convert
from wengert.ops.fourier import fft, real_of
from wengert.ops.fourier_functions import (
    as_samples,
    one_axis,
    require_points,
    require_real,
    resized,
)
from wengert.scipy.dispatch import follows_scipy, scipy_function
from wengert.scipy.signal.convolutions import correlate

# -- polynomials -----------------------------------------------------------------------------------


@follows_scipy("signal")
def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: Any = 0.0,
) -> Any:
    """The value or a derivative of polynomials fitted to a window about each sample.

    Parameters
    ----------
    x : array
    window_length, polyorder, deriv : int
    delta : float
        Distance of the samples.
    axis : int
    mode : {"interp", "mirror", "nearest", "constant", "wrap"}
        What is done at the ends: the polynomials of the first and last whole window, or a signal
        continued in one of four ways.
    cval : number

    Notes
    -----
    The filter is linear; its coefficients are what SciPy's function makes of unit vectors.
    """
    modes = {"mirror": "reflect", "nearest": "edge", "constant": "constant", "wrap": "wrap"}
    if mode not in (*modes, "interp"):
        raise ArgumentError(
            "savgol_filter: there is no such mode.",
            got=f"mode={mode!r}",
            expected="'interp', 'mirror', 'nearest', 'constant' or 'wrap'",
        )
    x = as_samples(x)
    axis = one_axis("savgol_filter", axis, len(x.shape))
    line = np.moveaxis(x, axis, -1)
    n, half = line.shape[-1], int(window_length) // 2
    if mode == "interp" and window_length > n:
        raise ShapeError(
            "savgol_filter: the window is longer than the signal.",
            got=f"window_length={window_length} for {n} samples",
            expected="a shorter window, or another mode",
        )
    how = {"deriv": deriv, "delta": delta, "axis": 0}
    of_unit_vectors = scipy_function("signal", "savgol_filter")
    dtype = real_of(x.dtype)
    unit = np.eye(2 * half + 1 + 2 * half)
    taps = of_unit_vectors(unit, window_length, polyorder, mode="constant", **how)[2 * half]
    taps = taps[half : 3 * half + 1].astype(dtype)
    options = {"constant_values": cval} if mode == "constant" else {}
    wide = extended(line, [(half, half)], modes.get(mode, "constant"), **options)
    y = convolve_window(wide, taps[::-1], 2 * half, n)
    if mode == "interp" and half:
        whole = of_unit_vectors(np.eye(window_length), window_length, polyorder, **how)
        whole = whole.astype(dtype)
        first = line[..., :window_length] @ whole[:half].T
        last = line[..., n - window_length :] @ whole[-half:].T
        y = np.concatenate([first, y[..., half : n - half], last], axis=-1)
    return np.moveaxis(y, -1, axis)


@follows_scipy("signal")
def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """The signal without its mean, or without straight lines fitted between break points.

    Parameters
    ----------
    data : array
    axis : int
    type : {"linear", "constant"}
    bp : sequence of int
        Break points, for lines.
    overwrite_data : bool
        Accepted without effect.
    """
    data = as_samples(data)
    axis = one_axis("detrend", axis, len(data.shape))
    line = np.moveaxis(data, axis, -1)
    return np.moveaxis(detrended("detrend", line, type, bp), -1, axis)


def detrended(name: str, x: Any, type: str, bp: Any = 0) -> Any:
    """`detrend` along the last axis."""
    if type not in ("linear", "l", "constant", "c"):
        raise ArgumentError(
            f"{name}: there is no such trend.", got=repr(type), expected="'linear' or 'constant'"
        )
    if type in ("constant", "c"):
        return x - np.mean(x, axis=-1, keepdims=True)
    n = x.shape[-1]
    breaks = np.unique([0, *np.atleast_1d(bp), n])
    if breaks[-1] > n or breaks[0] < 0:
        raise ShapeError(
            f"{name}: a break point lies outside of the signal.",
            got=f"bp={bp!r} for {n} samples",
            expected=f"numbers from 0 to {n}",
        )
    parts = []
    for start, stop in itertools.pairwise(breaks.tolist()):
        count = stop - start
        basis, _ = np.linalg.qr(np.stack([np.ones(count), np.arange(count) / count], axis=1))
        basis = basis.astype(real_of(x.dtype))
        part = x[..., start:stop]
        parts.append(part - (part @ basis) @ basis.T)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


# -- order statistics and adaptive smoothing -------------------------------------------------------


def _neighborhoods(x: Any, sizes: tuple[int, ...], domain: Any = None) -> Any:
    """The elements about each one, along a last axis; zeros lie around the array."""
    wide = extended(x, [(n // 2, n // 2) for n in sizes])
    places = [k for k in itertools.product(*map(range, sizes)) if domain is None or domain[k]]
    return np.stack(
        [wide[tuple([slice(i, i + n) for i, n in zip(k, x.shape, strict=True)])] for k in places],
        axis=-1,
    )


def _odd_sizes(name: str, given: Any, rank: int) -> tuple[int, ...]:
    sizes = [3] * rank if given is None else np.atleast_1d(given).tolist()
    sizes = sizes * rank if len(sizes) == 1 else sizes
    if len(sizes) != rank or any(n % 2 != 1 for n in sizes):
        raise ShapeError(
            f"{name}: the sizes of the window do not fit.",
            got=repr(given),
            expected=f"an odd number for each of {rank} axes",
        )
    return tuple([operator.index(n) for n in sizes])


@follows_scipy("signal")
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """The median of the elements about each one; the derivative is that of the median itself.

    Parameters
    ----------
    volume : array
    kernel_size : int or sequence of int, optional
        Odd sizes, 3 along each axis by default. Zeros lie around the array.

    Notes
    -----
    Of equal elements the derivative is that of the one the stable sort puts in the middle.
    """
    x = np.atleast_1d(as_operand(volume))
    require_real("medfilt", x)
    sizes = _odd_sizes("medfilt", kernel_size, len(x.shape))
    return np.sort(_neighborhoods(x, sizes), axis=-1)[..., math.prod(sizes) // 2]


@follows_scipy("signal")
def medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """`medfilt` of a matrix."""
    return medfilt(input, kernel_size)


@follows_scipy("signal")
def order_filter(a: Any, domain: Any, rank: int) -> Any:
    """The element of a given rank, from the smallest on, among those that `domain` selects.

    Parameters
    ----------
    a : array
    domain : array
        Nonzero where neighbors count, of odd size along each axis.
    rank : int
    """
    a, domain = as_operand(a), np.asarray(domain)
    require_real("order_filter", a)
    sizes = _odd_sizes("order_filter", domain.shape, len(a.shape))
    return np.sort(_neighborhoods(a, sizes, domain), axis=-1)[..., operator.index(rank)]


@follows_scipy("signal")
def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """The local mean, and the difference from it as far as it exceeds the noise.

    Parameters
    ----------
    im : array
    mysize : int or sequence of int, optional
        Odd sizes of the neighborhood, 3 along each axis by default.
    noise : float, optional
        Its power: the mean of the local variances by default.
    """
    im = as_samples(im)
    sizes = _odd_sizes("wiener", mysize, len(im.shape))
    ones = np.ones(sizes)
    count = math.prod(sizes)
    mean = correlate(im, ones, "same") / count
    variance = correlate(im**2, ones, "same") / count - mean**2
    noise = np.mean(variance) if noise is None else noise
    is_loud = variance >= noise
    safe = np.where(is_loud, variance, 1.0)
    return np.where(is_loud, mean + (im - mean) * (1 - noise / safe), mean)


# -- analytic signals ------------------------------------------------------------------------------


def _one_sided(n: int, keeps_last: bool) -> np.ndarray:
    """Positive frequencies twice, negative ones not at all; n / 2 of even n once if it is kept."""
    weights = np.zeros(n)
    weights[: (n + 1) // 2] = 2
    weights[0] = 1
    if n % 2 == 0 and keeps_last:
        weights[n // 2] = 1
    return weights


@follows_scipy("signal")
def hilbert(x: Any, N: int | None = None, axis: int = -1) -> Any:
    """The analytic signal: `x` plus i times its Hilbert transform.

    Parameters
    ----------
    x : array, real
    N : int, optional
        Points of the transform: `x` is cut, or followed by zeros.
    axis : int

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import signal
    >>> envelope = lambda a: np.abs(signal.hilbert(a * np.cos(np.pi * np.arange(8) / 4)))
    >>> wg.derivative(envelope)(2.0).round(12)
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """
    x = as_samples(x)
    require_real("hilbert", x)
    axis = one_axis("hilbert", axis, len(x.shape))
    n = x.shape[axis] if N is None else operator.index(N)
    require_points("hilbert", n)
    return _analytic(resized(x, axis, n), [axis])


@follows_scipy("signal")
def hilbert2(x: Any, N: Any = None, axes: Any = (-2, -1)) -> Any:
    """The analytic signal of a matrix: positive frequencies along both axes.

    Parameters
    ----------
    x : array, real
    N : int or pair of int, optional
    axes : pair of int
    """
    x = as_samples(x)
    require_real("hilbert2", x)
    both = [one_axis("hilbert2", a, len(x.shape)) for a in axes]
    if N is not None:
        sizes = [N, N] if isinstance(N, (int, np.integer)) else list(N)
        for axis, n in zip(both, sizes, strict=True):
            require_points("hilbert2", int(n))
            x = resized(x, axis, int(n))
    return _analytic(x, both)


def _analytic(x: Any, axes: list[int]) -> Any:
    spectrum = fft(x, axes)
    for axis in axes:
        shape = [1] * len(x.shape)
        shape[axis] = x.shape[axis]
        # SciPy's `hilbert2` leaves out what its `hilbert` keeps
        weights = _one_sided(x.shape[axis], len(axes) == 1).reshape(shape)
        spectrum = spectrum * convert(weights, real_of(x.dtype))
    return fft(spectrum, axes, True)
