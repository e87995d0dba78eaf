"""Spectra of signals cut into overlapping segments: Welch's estimates and the STFT.

A segment is made of pieces as long as the step from one to the next, so that cutting and its
adjoint, adding up, are a few slices of reshaped arrays instead of gathers.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand
from wengert.ops.core import conj, convert, real, reshape
from wengert.ops.fourier import complex_of, fft, irfft, real_of, rfft
from wengert.ops.fourier_functions import as_samples, fftfreq, one_axis, resized, rfftfreq
from wengert.scipy.dispatch import follows_scipy, scipy_function
from wengert.scipy.signal.smoothing import detrended

# -- segments --------------------------------------------------------------------------------------


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


def _window_of(name: str, window: Any, size: Any, n: int) -> tuple[Any, int]:
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


def _sizes(name: str, size: int, overlap: Any, points: Any, default: int) -> tuple[int, int]:
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


def _scale(name: str, scaling: str, window: Any, fs: Any, names: tuple[str, str]) -> Any:
    """1 / (fs sum w^2) for a density, 1 / (sum w)^2 for a spectrum."""
    if scaling not in names:
        raise ArgumentError(
            f"{name}: there is no such scaling.", got=repr(scaling), expected=" or ".join(names)
        )
    if scaling == names[0]:
        return 1.0 / (fs * np.sum(window * window))
    return 1.0 / np.sum(window) ** 2


def _transformed(x: Any, window: Any, points: int, detrend: Any, is_half: bool) -> Any:
    """The spectra of windowed segments, along the last axis."""
    if callable(detrend):
        x = detrend(x)
    elif detrend:
        x = detrended("detrend", x, detrend)
    last = len(x.shape) - 1
    x = resized(x * convert(window, np.result_type(real_of(x.dtype), window.dtype)), last, points)
    return rfft(x, last) if is_half else fft(x, (last,))


def _frequencies(points: int, fs: Any, is_half: bool) -> Any:
    return (rfftfreq if is_half else fftfreq)(points, 1.0 / fs)


def _doubled(power: Any, points: int) -> Any:
    """The power of negative frequencies added to that of the positive ones, along the last axis."""
    factors = np.full(power.shape[-1], 2.0, real_of(power.dtype))
    factors[0] = 1
    if points % 2 == 0:
        factors[-1] = 1
    return power * factors


# -- Welch's estimates -----------------------------------------------------------------------------


def _cross_spectrum(
    name: str, x: Any, y: Any, fs: Any, window: Any, nperseg: Any, noverlap: Any, nfft: Any,
    detrend: Any, onesided: bool, scaling: str, axis: int, average: str,
) -> tuple[Any, Any]:  # fmt: skip
    """Frequencies, and the mean over segments of conj(X) Y; `y` is None for `x` itself."""
    x = as_samples(x)
    line = np.moveaxis(x, one_axis(name, axis, len(x.shape)), -1)
    other = line
    if y is not None:
        y = as_samples(y)
        other = np.moveaxis(y, one_axis(name, axis, len(y.shape)), -1)
        n = max(line.shape[-1], other.shape[-1])
        line, other = (resized(z, len(z.shape) - 1, n) for z in (line, other))
    window, size = _window_of(name, window, nperseg, line.shape[-1])
    step, points = _sizes(name, size, noverlap, nfft, size // 2)
    is_half = onesided and line.dtype.kind != "c" and other.dtype.kind != "c"
    scale = _scale(name, scaling, window, fs, ("density", "spectrum"))
    spectra = _transformed(segments_of(line, size, step), window, points, detrend, is_half)
    if y is None:
        power = np.real(spectra) ** 2 + np.imag(spectra) ** 2
        dtype = real_of(x.dtype)
    else:
        cut = segments_of(other, size, step)
        power = conj(spectra) * _transformed(cut, window, points, detrend, is_half)
        dtype = complex_of(np.result_type(x.dtype, y.dtype))
    power = power * scale
    power = _averaged(name, _doubled(power, points) if is_half else power, average)
    result = np.moveaxis(convert(power, dtype), -1, axis)
    return _frequencies(points, fs, is_half), result


def _averaged(name: str, power: Any, average: str) -> Any:
    """Over segments, along the axis before the last."""
    if average not in ("mean", "median"):
        raise ArgumentError(
            f"{name}: there is no such average.", got=repr(average), expected="'mean' or 'median'"
        )
    count = power.shape[-2]
    if count == 1 or average == "mean":
        return np.mean(power, axis=-2)
    if power.dtype.kind == "c":
        middle = np.median(np.real(power), axis=-2) + 1j * np.median(np.imag(power), axis=-2)
    else:
        middle = np.median(power, axis=-2)
    even = 2 * np.arange(1.0, (count - 1) // 2 + 1)
    # The median of exponentially distributed powers, over their mean (Allen et al., Phys. Rev. D
    # 85 (2012) 122006, appendix B).
    return middle / (1 + np.sum(1.0 / (even + 1) - 1.0 / even))


@follows_scipy("signal")
def csd(
    x: Any,
    y: Any,
    fs: Any = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Any, Any]:
    """Frequencies and the cross spectral density of two signals, by Welch's method.

    Parameters
    ----------
    x, y : array
        Signals, the shorter one followed by zeros; beside `axis` they broadcast.
    fs : float
        Sampling frequency, which may be traced.
    window : str, tuple or array
    nperseg, noverlap, nfft : int, optional
    detrend : {"constant", "linear"}, callable or False
    return_onesided : bool
    scaling : {"density", "spectrum"}
    axis : int
    average : {"mean", "median"}
    """
    return _cross_spectrum(
        "csd", x, None if y is x else y, fs, window, nperseg, noverlap, nfft, detrend,
        return_onesided, scaling, axis, average,
    )  # fmt: skip


@follows_scipy("signal")
def welch(
    x: Any,
    fs: Any = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Any, Any]:
    """Frequencies and the power spectral density, by Welch's method; arguments as for `csd`."""
    return _cross_spectrum(
        "welch", x, None, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling,
        axis, average,
    )  # fmt: skip


@follows_scipy("signal")
def periodogram(
    x: Any,
    fs: Any = 1.0,
    window: Any = "boxcar",
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> tuple[Any, Any]:
    """Frequencies and the power spectral density of the signal in one piece.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import signal
    >>> power = lambda x: signal.periodogram(x, detrend=False)[1][0]  # (sum x)^2 / n
    >>> wg.grad(power)(np.array([1.0, 2.0, 3.0, 4.0]))
    array([5., 5., 5., 5.])
    """
    x = as_samples(x)
    axis = one_axis("periodogram", axis, len(x.shape))
    n = x.shape[axis] if nfft is None else min(x.shape[axis], int(nfft))
    window = "boxcar" if window is None else window
    return _cross_spectrum(
        "periodogram", resized(x, axis, n), None, fs, window, n, 0, nfft, detrend, return_onesided,
        scaling, axis, "mean",
    )  # fmt: skip


@follows_scipy("signal")
def coherence(
    x: Any,
    y: Any,
    fs: Any = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> tuple[Any, Any]:
    """Frequencies and |Pxy|^2 / (Pxx Pyy); arguments as for `csd`."""
    how = (fs, window, nperseg, noverlap, nfft, detrend)
    f, pxx = welch(x, *how, axis=axis)
    _, pyy = welch(y, *how, axis=axis)
    _, pxy = _cross_spectrum("coherence", x, y, *how, True, "density", axis, "mean")
    return f, (real(pxy) ** 2 + np.imag(pxy) ** 2) / pxx / pyy


# -- short-time Fourier transforms -----------------------------------------------------------------

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
    spectra = _transformed(segments_of(line, size, step), window, points, detrend, is_half)
    time = np.arange(size / 2, line.shape[-1] - size / 2 + 1, step) / fs
    if boundary is not None:
        time = time - size / 2 / fs
    return _frequencies(points, fs, is_half), time, spectra, is_half


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
    window, size = _window_of("stft", window, nperseg, x.shape[axis])
    step, points = _sizes("stft", size, noverlap, nfft, size // 2)
    scale = np.sqrt(_scale("stft", scaling, window, fs, ("psd", "spectrum")))
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
    window, size = _window_of("spectrogram", window, nperseg, x.shape[axis])
    step, points = _sizes("spectrogram", size, noverlap, nfft, size // 8)
    scale = _scale("spectrogram", scaling, window, fs, ("density", "spectrum"))
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
        power = _doubled(power, points) if is_half else power
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
    window, size = _window_of("istft", window, size, size)
    step, points = _sizes("istft", size, noverlap, nfft, size // 2)
    last = rank - 1
    if input_onesided:
        parts = irfft(resized(z, last, points // 2 + 1), last, points)[..., :size]
    else:
        parts = fft(resized(z, last, points), (last,), True)[..., :size]
    window = convert(window, real_of(z.dtype))
    parts = parts / np.sqrt(_scale("istft", scaling, window, fs, ("psd", "spectrum")))
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
