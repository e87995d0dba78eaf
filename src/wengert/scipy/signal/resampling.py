"""Other sampling rates: in the frequency domain, and by polyphase filters."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ops.contraction import as_operand
from wengert.ops.convolution_nd import extended
from wengert.ops.core import broadcast_to, convert
from wengert.ops.fourier import fft, irfft, real_of, rfft
from wengert.ops.fourier_functions import as_samples, one_axis, require_points, resized
from wengert.ops.multirate import convolve_steps
from wengert.scipy.dispatch import follows_scipy, is_traced, scipy_function
from wengert.scipy.signal.both_ways import sosfiltfilt
from wengert.scipy.signal.filters import sosfilt

# -- in the frequency domain -----------------------------------------------------------------------


@follows_scipy("signal")
def resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    """A periodic signal at `num` samples, by cutting or extending its spectrum.

    Parameters
    ----------
    x : array
        Samples, or with domain="freq" their spectrum.
    num : int
    t : array, optional
        Times of the samples: those of the result are returned as well.
    axis : int
    window : array, callable, str or tuple, optional
        Weights of the frequencies, as `fft` has them in order.
    domain : {"time", "freq"}
    """
    if domain not in ("time", "freq"):
        raise ArgumentError(
            "resample: there is no such domain.", got=repr(domain), expected="'time' or 'freq'"
        )
    x = as_samples(x)
    axis = one_axis("resample", axis, len(x.shape))
    num = operator.index(num)
    require_points("resample", num)
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    weights = _spectral_window(window, n, real_of(x.dtype))
    if domain == "time" and x.dtype.kind != "c":
        result = _resampled_real(x, num, weights)
    else:
        result = _resampled_complex(x, num, weights, domain == "time")
    result = np.moveaxis(result, -1, axis)
    if t is None:
        return result
    t = as_operand(t)
    return result, t[0] + (t[1] - t[0]) * (n / num) * np.arange(num)


def _spectral_window(window: Any, n: int, dtype: Any) -> Any:
    if window is None:
        return None
    if callable(window):
        return window(np.fft.fftfreq(n))
    if isinstance(window, (str, tuple, float)):
        found = scipy_function("signal", "get_window")(window, n)
        return np.fft.fftshift(found).astype(dtype)
    return as_operand(window)


def _resampled_real(x: Any, num: int, weights: Any) -> Any:
    n = x.shape[-1]
    last = len(x.shape) - 1
    spectrum = rfft(x, last)
    if weights is not None:  # of a pair of frequencies the mean
        count = spectrum.shape[-1]
        mean = (weights[1:count] + weights[:-count:-1]) / 2
        spectrum = spectrum * np.concatenate([weights[:1], mean])
    kept = min(num, n)
    factors = np.full(kept // 2 + 1, num / n, real_of(x.dtype))
    if kept % 2 == 0 and num != n:  # one of a pair becomes single, or the other way
        factors[-1] *= 2 if num < n else 0.5
    return irfft(resized(spectrum[..., : kept // 2 + 1] * factors, last, num // 2 + 1), last, num)


def _resampled_complex(x: Any, num: int, weights: Any, is_in_time: bool) -> Any:
    n = x.shape[-1]
    last = len(x.shape) - 1
    spectrum = fft(x, (last,)) if is_in_time else convert(x, np.result_type(x.dtype, np.complex64))
    if weights is not None:
        spectrum = spectrum * weights
    kept = min(num, n)
    half = kept // 2
    low, high = spectrum[..., : (kept + 1) // 2], spectrum[..., n - (kept - 1) // 2 :]
    middle = np.zeros(0)
    if kept % 2 == 0:
        middle = spectrum[..., half : half + 1]
        if num < n:  # both of a pair fall on the one frequency that is left
            middle = middle + spectrum[..., n - half : n - half + 1]
    parts = [low]
    gap = num - kept
    if kept % 2:
        parts += [np.zeros((*x.shape[:-1], gap), spectrum.dtype)] if gap else []
    elif gap:
        zeros = np.zeros((*x.shape[:-1], gap - 1), spectrum.dtype)
        parts += [middle / 2, zeros, middle / 2]
    else:
        parts += [middle]
    joined = np.concatenate([*parts, high], axis=-1)
    return fft(joined * (num / n), (last,), True)


# -- polyphase -------------------------------------------------------------------------------------

_EXTENSIONS = {"symmetric": "symmetric", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}
_BACKGROUNDS: dict[str, Any] = {
    "mean": np.mean,
    "median": np.median,
    "minimum": np.min,
    "maximum": np.max,
}


def _check_rates(name: str, up: Any, down: Any) -> tuple[int, int]:
    if up != int(up) or down != int(down) or up < 1 or down < 1:
        raise ArgumentError(
            f"{name}: the rates must be whole numbers from 1 on.", got=f"up={up!r}, down={down!r}"
        )
    return int(up), int(down)


def _extended(name: str, x: Any, mode: str, cval: Any, n_taps: int, up: int) -> tuple[Any, int]:
    """Samples put around `x` as far as the filter reaches, and how many before it."""
    if mode == "constant" and not is_traced(cval) and cval == 0:
        return x, 0
    if mode != "constant" and mode not in _EXTENSIONS:
        raise MissingRuleError(
            f"{name}: this extension of the signal has no derivative in Wengert.",
            got=repr(mode),
            expected="'constant', 'symmetric', 'reflect', 'edge' or 'wrap'",
            try_="np.pad before the call",
        )
    reach = -(-n_taps // up) + 1
    how = {"constant_values": cval} if mode == "constant" else {}
    return extended(x, [(reach, reach)], _EXTENSIONS.get(mode, mode), **how), reach


def _filtered(
    name: str, h: Any, x: Any, up: int, down: int, start: int, length: int, mode: str, cval: Any
) -> Any:
    x, before = _extended(name, x, mode, cval, h.shape[0], up)
    return convolve_steps(h, x, (1, up, down), start + up * before, length)


@follows_scipy("signal")
def upfirdn(
    h: Any,
    x: Any,
    up: int = 1,
    down: int = 1,
    axis: int = -1,
    mode: str = "constant",
    cval: Any = 0,
) -> Any:
    """Put up - 1 zeros behind each sample, filter with `h`, keep one result in `down`.

    Parameters
    ----------
    h : array, shape (n,)
    x : array
    up, down : int
    axis : int
    mode : {"constant", "symmetric", "reflect", "edge", "wrap"}
        What lies around the signal; SciPy's other modes raise.
    cval : number
    """
    up, down = _check_rates("upfirdn", up, down)
    h, x = as_samples(h), as_samples(x)
    axis = one_axis("upfirdn", axis, len(x.shape))
    n = x.shape[axis]
    length = -(-((n - 1) * up + h.shape[0]) // down)
    y = _filtered("upfirdn", h, np.moveaxis(x, axis, -1), up, down, 0, length, mode, cval)
    return np.moveaxis(y, -1, axis)


@follows_scipy("signal")
def resample_poly(
    x: Any,
    up: int,
    down: int,
    axis: int = 0,
    window: Any = ("kaiser", 5.0),
    padtype: str = "constant",
    cval: Any = None,
) -> Any:
    """The signal at up / down times its rate, by a polyphase filter without phase.

    Parameters
    ----------
    x : array
    up, down : int
    axis : int
    window : str, tuple or array
        A window from which the filter is designed, or the filter itself, which may be traced.
    padtype : str
        constant, mean, median, minimum, maximum, symmetric, reflect, edge or wrap.
    cval : number, optional
    """
    up, down = _check_rates("resample_poly", up, down)
    common = math.gcd(up, down)
    up, down = up // common, down // common
    x = as_samples(x)
    axis = one_axis("resample_poly", axis, len(x.shape))
    if up == down == 1:
        return np.copy(x)
    if isinstance(window, (str, tuple)):
        half = 10 * max(up, down)
        firwin = scipy_function("signal", "firwin")
        h = firwin(2 * half + 1, 1.0 / max(up, down), window=window).astype(x.dtype)
    else:
        h = as_operand(window)
        half = (h.shape[0] - 1) // 2
    h = h * up
    x = np.moveaxis(x, axis, -1)
    length = -(-x.shape[-1] * up // down)
    background: Any = None
    if padtype in _BACKGROUNDS:
        background = _BACKGROUNDS[padtype](x, axis=-1, keepdims=True)
        x, padtype = x - background, "constant"
    # SciPy puts down - half % down zeros before the filter, which this start stands for.
    zeros = down - half % down
    start = (half + zeros) // down * down - zeros
    y = _filtered(
        "resample_poly", h, x, up, down, start, length, padtype, 0 if cval is None else cval
    )
    if background is not None:
        y = y + broadcast_to(background, y.shape)
    return np.moveaxis(y, -1, axis)


@follows_scipy("signal")
def decimate(
    x: Any,
    q: int,
    n: int | None = None,
    ftype: Any = "iir",
    axis: int = -1,
    zero_phase: bool = True,
) -> Any:
    """One sample in `q`, after a low-pass filter.

    Parameters
    ----------
    x : array
    q : int
    n : int, optional
        Order of the filter: 8 for "iir", 20 q for "fir".
    ftype : {"iir", "fir"}
        Chebyshev of type I, or windowed by Hamming.
    axis : int
    zero_phase : bool
    """
    if not isinstance(ftype, str) or ftype not in ("iir", "fir"):
        raise ArgumentError(
            "decimate: there is no such filter for traced signals.",
            got=f"ftype={ftype!r}",
            expected="'iir' or 'fir'",
            try_="lfilter or filtfilt with its coefficients, then x[::q]",
        )
    x = as_samples(x)
    q = operator.index(q)
    axis = one_axis("decimate", axis, len(x.shape))
    real = real_of(x.dtype)
    before = (slice(None),) * axis
    if ftype == "iir":
        design = scipy_function("signal", "cheby1")
        sos = design(8 if n is None else n, 0.05, 0.8 / q, output="sos").astype(real)
        y = (sosfiltfilt if zero_phase else sosfilt)(sos, x, axis=axis)
        return y[(*before, slice(None, None, q))]
    taps = scipy_function("signal", "firwin")(
        (20 * q if n is None else n) + 1, 1.0 / q, window="hamming"
    ).astype(real)
    if zero_phase:
        return resample_poly(x, 1, q, axis=axis, window=taps)
    length = -(-x.shape[axis] // q)
    return upfirdn(taps, x, up=1, down=q, axis=axis)[(*before, slice(0, length))]
