"""Frequency responses of filters, and the division of polynomials."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.convolution import convolve_window
from wengert.ops.core import conj
from wengert.ops.fourier import real_of
from wengert.ops.fourier_functions import as_samples
from wengert.scipy.dispatch import follows_scipy
from wengert.scipy.signal.filters import lfilter


def _vectors(name: str, b: Any, a: Any) -> tuple[Any, Any]:
    b, a = (np.atleast_1d(as_samples(x)) for x in (b, a))
    if len(b.shape) != 1 or len(a.shape) != 1:
        raise ShapeError(
            f"{name}: the coefficients must be vectors.",
            got=describe(b=b, a=a),
            expected="b: [m], a: [n]",
            try_="wengert.vmap for several filters",
        )
    return b, a


def _is_count(x: Any) -> bool:
    try:
        operator.index(x)
    except TypeError:
        return False
    return True


def _angles(worN: Any, whole: bool, fs: Any, include_nyquist: bool, dtype: Any) -> Any:
    """Angular frequencies per sample."""
    worN = 512 if worN is None else worN
    if _is_count(worN):
        stop = 2 * np.pi if whole else np.pi
        with_end = include_nyquist and not whole
        return np.linspace(0, stop, operator.index(worN), endpoint=with_end, dtype=dtype)
    return np.atleast_1d(as_operand(worN)) * (2 * np.pi / fs)


def _polynomial(coefficients: Any, z: Any) -> Any:
    """The first coefficient is that of z^0."""
    return np.polyval(coefficients[::-1], z)


@follows_scipy("signal")
def freqz(
    b: Any,
    a: Any = 1,
    worN: Any = 512,
    whole: bool = False,
    plot: Any = None,
    fs: Any = 2 * np.pi,
    include_nyquist: bool = False,
) -> tuple[Any, Any]:
    """Frequencies, and the response b(z^-1) / a(z^-1) of a digital filter on the unit circle.

    Parameters
    ----------
    b, a : array, shapes (m,) and (n,)
    worN : int or array
        The number of frequencies, or the frequencies, which may be traced.
    whole : bool
        Whether they go around the circle or half of it.
    plot : callable, optional
        Called with both results.
    fs : float
        Sampling frequency.
    include_nyquist : bool

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import signal
    >>> gain = lambda r: np.abs(signal.freqz([1.0], np.stack([1.0, -r]), worN=np.zeros(1))[1][0])
    >>> float(wg.grad(gain)(0.5))  # of 1 / (1 - r)
    4.0
    """
    b, a = _vectors("freqz", b, a)
    dtype = real_of(np.result_type(b.dtype, a.dtype))
    angles = _angles(worN, whole, fs, include_nyquist, dtype)
    z = np.exp(-1j * angles)
    h = _polynomial(b, z) / _polynomial(a, z)
    w = angles * (fs / (2 * np.pi))
    if plot is not None:
        plot(w, h)
    return w, h


@follows_scipy("signal")
def freqz_sos(
    sos: Any, worN: Any = 512, whole: bool = False, fs: Any = 2 * np.pi
) -> tuple[Any, Any]:
    """Frequencies, and the response of a filter in sections of second order."""
    sos = as_samples(sos)
    if len(sos.shape) != 2 or sos.shape[1] != 6 or not sos.shape[0]:
        raise ShapeError(
            "freqz_sos: the sections must be rows of six coefficients.",
            got=describe(sos=sos),
            expected="sos: [n_sections, 6], n_sections >= 1",
        )
    w, h = freqz(sos[0, :3], sos[0, 3:], worN=worN, whole=whole, fs=fs)
    for i in range(1, sos.shape[0]):
        h = h * freqz(sos[i, :3], sos[i, 3:], worN=worN, whole=whole, fs=fs)[1]
    return w, h


@follows_scipy("signal")
def sosfreqz(
    sos: Any, worN: Any = 512, whole: bool = False, fs: Any = 2 * np.pi
) -> tuple[Any, Any]:
    """SciPy's older name of `freqz_sos`."""
    return freqz_sos(sos, worN=worN, whole=whole, fs=fs)


@follows_scipy("signal")
def freqs(b: Any, a: Any, worN: Any = 200, plot: Any = None) -> tuple[Any, Any]:
    """Angular frequencies, and the response b(i w) / a(i w) of an analog filter.

    Parameters
    ----------
    b, a : array, shapes (m,) and (n,)
        The highest power first.
    worN : array
        Angular frequencies; for traced coefficients they must be given.
    plot : callable, optional
        Called with both results.
    """
    b, a = _vectors("freqs", b, a)
    if worN is None or _is_count(worN):
        raise ArgumentError(
            "freqs: the frequencies of a traced filter must be given.",
            got=f"worN={worN!r}",
            expected="an array of angular frequencies",
            try_="scipy.signal.findfreqs with plain coefficients",
        )
    w = np.atleast_1d(as_operand(worN))
    h = np.polyval(b, 1j * w) / np.polyval(a, 1j * w)
    if plot is not None:
        plot(w, h)
    return w, h


@follows_scipy("signal")
def group_delay(
    system: Any, w: Any = 512, whole: bool = False, fs: Any = 2 * np.pi
) -> tuple[Any, Any]:
    """Frequencies, and -d arg h / d angle of a filter (b, a), in samples.

    Notes
    -----
    On zeros and poles of the filter, where SciPy gives 0 and warns, it is what IEEE arithmetic
    makes of it. Source: J. O. Smith, Introduction to Digital Filters, "Numerical Computation of
    Group Delay".
    """
    b, a = _vectors("group_delay", *system)
    angles = _angles(w, whole, fs, False, real_of(np.result_type(b.dtype, a.dtype)))
    z = np.exp(-1j * angles)
    c = convolve_window(b, conj(a[::-1]), 0, b.shape[0] + a.shape[0] - 1)
    ramp = c * np.arange(c.shape[0])
    delay = np.real(_polynomial(ramp, z) / _polynomial(c, z)) - (a.shape[0] - 1)
    return angles * (fs / (2 * np.pi)), delay


@follows_scipy("signal")
def deconvolve(signal: Any, divisor: Any) -> tuple[Any, Any]:
    """Quotient and remainder: signal = convolve(divisor, quotient) + remainder."""
    signal, divisor = _vectors("deconvolve", signal, divisor)
    n, m = signal.shape[0], divisor.shape[0]
    if m > n:
        return np.zeros(0), signal
    impulse = np.zeros(n - m + 1)
    impulse[0] = 1
    quotient = lfilter(signal, divisor, impulse)
    return quotient, signal - convolve_window(divisor, quotient, 0, n)
