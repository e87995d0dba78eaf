"""Filters applied to Fourier transforms: products with factors that SciPy or a formula gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import convert
from wengert.scipy.dispatch import follows_scipy, is_traced, scipy_function
from wengert.scipy.ndimage.common import axis_of, finish, image, sequence


def _frequencies(name: str, x: Any, n: int, axis: int) -> list[Any]:
    """Whole frequencies k along each axis over the length of the line, shaped to broadcast.

    With n >= 0 the transform is that of a real image, n its length along `axis`.
    """
    axis = axis_of(name, x, axis)
    found = []
    for i, size in enumerate(x.shape):
        if n >= 0 and i == axis:
            k: Any = np.arange(size) / n
        else:
            k = np.fft.fftfreq(size)
        found.append(k.reshape((*(1,) * i, size, *(1,) * (len(x.shape) - 1 - i))))
    return found


def _filtered(name: str, x: Any, factors: list[Any], output: Any, is_complex: bool) -> Any:
    result = x if x.dtype.kind in "fc" else convert(x, np.float64)
    for factor in factors:
        result = result * factor
    if output is None:
        kept = (
            x.dtype
            if x.dtype.char in "FDf" and not (is_complex and x.dtype.kind != "c")
            else (np.complex128 if is_complex else np.float64)
        )
        output = kept
    return finish(name, result, x, output)


@follows_scipy("ndimage")
def fourier_gaussian(
    input: Any, sigma: Any, n: int = -1, axis: int = -1, output: Any = None
) -> Any:
    """The transform times that of a Gaussian; `sigma` may be traced."""
    x = image(input)
    sigmas = sequence("fourier_gaussian", sigma, len(x.shape))
    factors = [
        np.exp(-2.0 * np.pi**2 * (s * k) ** 2)
        for s, k in zip(sigmas, _frequencies("fourier_gaussian", x, n, axis), strict=True)
    ]
    return _filtered("fourier_gaussian", x, factors, output, False)


@follows_scipy("ndimage")
def fourier_uniform(input: Any, size: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """The transform times that of a box; `size` may be traced."""
    x = image(input)
    sizes = sequence("fourier_uniform", size, len(x.shape))
    factors = [
        np.sinc(s * k)
        for s, k in zip(sizes, _frequencies("fourier_uniform", x, n, axis), strict=True)
    ]
    return _filtered("fourier_uniform", x, factors, output, False)


@follows_scipy("ndimage")
def fourier_shift(input: Any, shift: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """The transform of the image moved by `shift` pixels, which may be traced."""
    x = image(input)
    shifts = sequence("fourier_shift", shift, len(x.shape))
    factors = []
    for s, k in zip(shifts, _frequencies("fourier_shift", x, n, axis), strict=True):
        turn = 2.0 * np.pi * k * s
        factors.append(np.cos(turn) - 1j * np.sin(turn))
    return _filtered("fourier_shift", x, factors, output, True)


@follows_scipy("ndimage")
def fourier_ellipsoid(
    input: Any, size: Any, n: int = -1, axis: int = -1, output: Any = None
) -> Any:
    """The transform times that of an ellipsoid, whose `size` is plain."""
    if is_traced((size,)):
        raise ArgumentError(
            "fourier_ellipsoid: the size is traced.",
            got="a traced size",
            expected="plain numbers: the factors come from SciPy",
            try_="fourier_gaussian or fourier_uniform",
        )
    x = image(input)
    ones = np.ones(x.shape)
    factors = scipy_function("ndimage", "fourier_ellipsoid")(ones, size, n, axis)
    return _filtered("fourier_ellipsoid", x, [factors], output, False)
