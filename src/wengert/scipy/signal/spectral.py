"""Power spectra by Welch's method: means over overlapping segments.

Source: P. D. Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import conj, convert, real
from wengert.ops.fourier import complex_of, real_of
from wengert.ops.fourier_functions import as_samples, one_axis, resized
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.signal.segments import (
    frequencies,
    one_sided,
    power_scale,
    segments_of,
    sizes_of,
    spectra_of,
    window_of,
)


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
    window, size = window_of(name, window, nperseg, line.shape[-1])
    step, points = sizes_of(name, size, noverlap, nfft, size // 2)
    is_half = onesided and line.dtype.kind != "c" and other.dtype.kind != "c"
    scale = power_scale(name, scaling, window, fs, ("density", "spectrum"))
    spectra = spectra_of(segments_of(line, size, step), window, points, detrend, is_half)
    if y is None:
        power = np.real(spectra) ** 2 + np.imag(spectra) ** 2
        dtype = real_of(x.dtype)
    else:
        cut = segments_of(other, size, step)
        power = conj(spectra) * spectra_of(cut, window, points, detrend, is_half)
        dtype = complex_of(np.result_type(x.dtype, y.dtype))
    power = power * scale
    power = _averaged(name, one_sided(power, points) if is_half else power, average)
    result = np.moveaxis(convert(power, dtype), -1, axis)
    return frequencies(points, fs, is_half), result


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
    """Frequencies and abs(Pxy)^2 / (Pxx Pyy); arguments as for `csd`."""
    how = (fs, window, nperseg, noverlap, nfft, detrend)
    f, pxx = welch(x, *how, axis=axis)
    _, pyy = welch(y, *how, axis=axis)
    _, pxy = _cross_spectrum("coherence", x, y, *how, True, "density", axis, "mean")
    return f, (real(pxy) ** 2 + np.imag(pxy) ** 2) / pxx / pyy
