"""Signals cut into overlapping segments, and the windowed spectra of those.

A segment is made of pieces as long as the step from one to the next, so that cutting and its
adjoint, adding up, are a few slices of reshaped arrays instead of gathers.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import convert, reshape
from wengert.ops.fourier import fft, real_of, rfft
from wengert.ops.fourier_functions import fftfreq, resized, rfftfreq
from wengert.scipy.dispatch import scipy_function
from wengert.scipy.signal.smoothing import detrended


def segments_of(x: Any, size: int, step: int) -> Any:
    """x[..., i * step + j] at [..., i, j], for all segments that lie inside."""
    n = x.shape[-1]
    count = (n - size) // step + 1
    parts = []
    for start in range(0, size, step):
        width = min(step, size - start)
        stop = start + count * step
        piece = resized(x[..., start : min(stop, n)], len(x.shape) - 1, count * step)
        parts.append(reshape(piece, (*x.shape[:-1], count, step))[..., :width])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def overlap_added(segments: Any, step: int) -> Any:
    """The sum of segments, each `step` further: the adjoint of `segments_of`."""
    count, size = segments.shape[-2:]
    total_size = (count - 1) * step + size
    total: Any = None
    last = len(segments.shape) - 1
    for start in range(0, size, step):
        piece = resized(segments[..., start : min(start + step, size)], last, step)
        line = reshape(piece, (*segments.shape[:-2], count * step))
        line = np.pad(line, [(0, 0)] * (last - 1) + [(start, 0)])
        line = resized(line, last - 1, total_size)
        total = line if total is None else total + line
    return total


def window_of(name: str, window: Any, size: Any, n: int) -> tuple[Any, int]:
    """The window and the size of a segment; SciPy makes windows from their names."""
    if isinstance(window, (str, tuple)):
        size = 256 if size is None else int(size)
        if size > n:
            warnings.warn(
                f"{name}: nperseg = {size} is more than the signal has, {n} is taken.", stacklevel=3
            )
            size = n
        return scipy_function("signal", "get_window")(window, size), size
    window = as_operand(window)
    size = window.shape[0] if size is None else int(size)
    if window.shape != (size,) or size > n:
        raise ShapeError(
            f"{name}: the window does not fit the segments.",
            got=f"a window of shape {window.shape}, nperseg={size}, {n} samples",
            expected="a vector of nperseg numbers, not more than the samples",
        )
    return window, size


def sizes_of(name: str, size: int, overlap: Any, points: Any, default: int) -> tuple[int, int]:
    """The step from segment to segment, and the points of a transform."""
    overlap = default if overlap is None else int(overlap)
    points = size if points is None else int(points)
    if size < 1 or not 0 <= overlap < size or points < size:
        raise ArgumentError(
            f"{name}: the sizes of the segments do not fit.",
            got=f"nperseg={size}, noverlap={overlap}, nfft={points}",
            expected="0 <= noverlap < nperseg <= nfft",
        )
    return size - overlap, points


def power_scale(name: str, scaling: str, window: Any, fs: Any, names: tuple[str, str]) -> Any:
    """1 / (fs sum w^2) for a density, 1 / (sum w)^2 for a spectrum."""
    if scaling not in names:
        raise ArgumentError(
            f"{name}: there is no such scaling.", got=repr(scaling), expected=" or ".join(names)
        )
    if scaling == names[0]:
        return 1.0 / (fs * np.sum(window * window))
    return 1.0 / np.sum(window) ** 2


def spectra_of(x: Any, window: Any, points: int, detrend: Any, is_half: bool) -> Any:
    """The spectra of windowed segments, along the last axis."""
    if callable(detrend):
        x = detrend(x)
    elif detrend:
        x = detrended("detrend", x, detrend)
    last = len(x.shape) - 1
    x = resized(x * convert(window, np.result_type(real_of(x.dtype), window.dtype)), last, points)
    return rfft(x, last) if is_half else fft(x, (last,))


def frequencies(points: int, fs: Any, is_half: bool) -> Any:
    return (rfftfreq if is_half else fftfreq)(points, 1.0 / fs)


def one_sided(power: Any, points: int) -> Any:
    """The power of negative frequencies added to that of the positive ones, along the last axis."""
    factors = np.full(power.shape[-1], 2.0, real_of(power.dtype))
    factors[0] = 1
    if points % 2 == 0:
        factors[-1] = 1
    return power * factors
