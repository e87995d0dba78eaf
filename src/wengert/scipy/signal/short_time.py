"""Short-time Fourier transforms, their inverse by least squares, and spectrograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.core import convert, real
from wengert.ops.fourier import complex_of, fft, irfft, real_of
from wengert.ops.fourier_functions import as_samples, one_axis, resized
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.signal.segments import (
    frequencies,
    one_sided,
    overlap_added,
    power_scale,
    segments_of,
    sizes_of,
    spectra_of,
    window_of,
)

_BOUNDARIES: dict[Any, Any] = {
    None: None,
    "zeros": {"mode": "constant"},
    "even": {"mode": "reflect"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
    "constant": {"mode": "edge"},
}


def _short_time(
    name: str, x: Any, fs: Any, window: Any, size: int, step: int, points: int, detrend: Any,
    onesided: bool, axis: int, boundary: Any, is_padded: bool,
) -> tuple[Any, Any, Any, bool]:  # fmt: skip
    """Frequencies, times, unscaled spectra (..., segments, frequencies), and if they are halves."""
    if boundary not in _BOUNDARIES:
        raise ArgumentError(
            f"{name}: there is no such boundary.",
            got=repr(boundary),
            expected="'zeros', 'even', 'odd', 'constant' or None",
        )
    line = np.moveaxis(x, axis, -1)
    ends = [(0, 0)] * (len(line.shape) - 1)
    if boundary is not None:
        line = np.pad(line, [*ends, (size // 2, size // 2)], **_BOUNDARIES[boundary])
    if is_padded:
        more = -(line.shape[-1] - size) % step % size
        line = np.pad(line, [*ends, (0, more)])
    is_half = onesided and line.dtype.kind != "c"
    spectra = spectra_of(segments_of(line, size, step), window, points, detrend, is_half)
    time = np.arange(size / 2, line.shape[-1] - size / 2 + 1, step) / fs
    if boundary is not None:
        time = time - size / 2 / fs
    return frequencies(points, fs, is_half), time, spectra, is_half


def _with_frequencies_at(spectra: Any, axis: int, dtype: Any) -> Any:
    """Segments last, frequencies where the samples were."""
    return np.moveaxis(convert(spectra, dtype), -1, axis)


@follows_scipy("signal")
def stft(
    x: Any,
    fs: Any = 1.0,
    window: Any = "hann",
    nperseg: int | None = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> tuple[Any, Any, Any]:
    """Frequencies, times, and the short-time Fourier transform.

    Parameters
    ----------
    x : array
    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, axis
        As for `csd`.
    boundary : {"zeros", "even", "odd", "constant"} or None
        How the signal is continued by half a segment at both ends.
    padded : bool
        Whether zeros at the end make whole segments.
    scaling : {"spectrum", "psd"}
    """
    x = as_samples(x)
    axis = one_axis("stft", axis, len(x.shape))
    window, size = window_of("stft", window, nperseg, x.shape[axis])
    step, points = sizes_of("stft", size, noverlap, nfft, size // 2)
    scale = np.sqrt(power_scale("stft", scaling, window, fs, ("psd", "spectrum")))
    f, t, spectra, _ = _short_time(
        "stft", x, fs, window, size, step, points, detrend, return_onesided, axis, boundary, padded
    )
    return f, t, _with_frequencies_at(spectra * scale, axis, complex_of(x.dtype))


@follows_scipy("signal")
def spectrogram(
    x: Any,
    fs: Any = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> tuple[Any, Any, Any]:
    """Frequencies, times, and what `mode` says of the short-time spectra.

    Parameters
    ----------
    x : array
    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
        As for `csd`; noverlap is an eighth of a segment by default.
    mode : {"psd", "complex", "magnitude", "angle", "phase"}
    """
    if mode not in ("psd", "complex", "magnitude", "angle", "phase"):
        raise ArgumentError(
            "spectrogram: there is no such mode.",
            got=repr(mode),
            expected="'psd', 'complex', 'magnitude', 'angle' or 'phase'",
        )
    x = as_samples(x)
    axis = one_axis("spectrogram", axis, len(x.shape))
    window, size = window_of("spectrogram", window, nperseg, x.shape[axis])
    step, points = sizes_of("spectrogram", size, noverlap, nfft, size // 8)
    scale = power_scale("spectrogram", scaling, window, fs, ("density", "spectrum"))
    f, t, spectra, is_half = _short_time(
        "spectrogram",
        x,
        fs,
        window,
        size,
        step,
        points,
        detrend,
        return_onesided,
        axis,
        None,
        False,
    )
    if mode == "psd":
        power = (real(spectra) ** 2 + np.imag(spectra) ** 2) * scale
        power = one_sided(power, points) if is_half else power
        return f, t, _with_frequencies_at(power, axis, real_of(x.dtype))
    found = _with_frequencies_at(spectra * np.sqrt(scale), axis, complex_of(x.dtype))
    if mode == "magnitude":
        found = np.abs(found)
    elif mode != "complex":
        found = np.angle(found)
    return f, t, np.unwrap(found, axis=axis) if mode == "phase" else found


@follows_scipy("signal")
def istft(
    Zxx: Any,
    fs: Any = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> tuple[Any, Any]:
    """Times, and the signal with this short-time Fourier transform, by least squares.

    Parameters
    ----------
    Zxx : array
        As `stft` gives it.
    fs, window, nperseg, noverlap, nfft, scaling
        As they were for `stft`.
    input_onesided, boundary : bool
        Whether frequencies are non-negative only, and half a segment was put at both ends.
    time_axis, freq_axis : int
    """
    z = as_samples(Zxx)
    rank = len(z.shape)
    time_axis, freq_axis = (one_axis("istft", a, rank) for a in (time_axis, freq_axis))
    if time_axis == freq_axis:
        raise ShapeError("istft: one axis for times and frequencies.", got=f"axis {time_axis}")
    z = np.moveaxis(convert(z, complex_of(z.dtype)), (time_axis, freq_axis), (-2, -1))
    count, bins = z.shape[-2:]
    default = 2 * (bins - 1) if input_onesided else bins
    size = default if nperseg is None else int(nperseg)
    if nfft is None:
        nfft = size if input_onesided and size == default + 1 else default
    window, size = window_of("istft", window, size, size)
    step, points = sizes_of("istft", size, noverlap, nfft, size // 2)
    last = rank - 1
    if input_onesided:
        parts = irfft(resized(z, last, points // 2 + 1), last, points)[..., :size]
    else:
        parts = fft(resized(z, last, points), (last,), True)[..., :size]
    window = convert(window, real_of(z.dtype))
    parts = parts / np.sqrt(power_scale("istft", scaling, window, fs, ("psd", "spectrum")))
    x = overlap_added(parts * window, step)
    squares = np.zeros((count, size), real_of(z.dtype)) + window * window
    weight = overlap_added(squares, step)
    if boundary:
        x, weight = (y[..., size // 2 : y.shape[-1] - size // 2] for y in (x, weight))
    is_covered = weight > 1e-10
    x = x / np.where(is_covered, weight, 1.0)
    if rank > 2:
        x = np.moveaxis(x, -1, time_axis - (1 if freq_axis < time_axis else 0))
    return np.arange(x.shape[0]) / fs, x  # times of the first axis, as in SciPy
