"""Cases for convolutions, filters, resampling and spectral estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import signal

_B = np.array([0.2, 0.5, 0.1])
_A = np.array([1.0, -0.6, 0.25])
_SECTIONS = np.array([[0.2, 0.4, 0.2, 1.0, -0.5, 0.2], [1.0, 0.3, 0.1, 1.0, 0.4, 0.3]])


def _of(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: tuple([rng.uniform(-1.5, 1.5, shape) for shape in shapes])


def _filter(*shape: int) -> Callable[[np.random.Generator], Any]:
    """Coefficients near those of a stable filter, and a signal."""

    def args(rng: np.random.Generator) -> Any:
        b, a = (c + rng.uniform(-0.1, 0.1, 3) for c in (_B, _A))
        return b, a, rng.uniform(-1, 1, shape)

    return args


def _filter_state(rng: np.random.Generator) -> Any:
    return (*_filter(7, 2)(rng), rng.uniform(-1, 1, (2, 2)))


def _sections(rng: np.random.Generator) -> Any:
    """Sections with a[0] = 1, which is put in by `_whole`."""
    return np.delete(_SECTIONS, 3, 1) + rng.uniform(-0.05, 0.05, (2, 5)), rng.uniform(-1, 1, 8)


def _whole(sos: Any) -> Any:
    return np.concatenate([sos[:, :3], np.ones((2, 1), sos.dtype), sos[:, 3:]], axis=1)


def _apart(*shape: int) -> Callable[[np.random.Generator], Any]:
    """Numbers at least 0.1 apart, and from zero."""
    size = int(np.prod(shape))

    def args(rng: np.random.Generator) -> Any:
        steps = np.arange(size) - size // 2 + 0.5 + rng.uniform(-0.4, 0.4, size)
        return 0.3 * np.random.default_rng(3).permutation(steps).reshape(shape)

    return args


def _last(f: Callable[..., Any]) -> Callable[..., Any]:
    """The spectrum alone, without frequencies and times."""
    return lambda *args: f(*args)[-1]


CASES = [
    # convolution
    Case(
        "convolve",
        lambda x, v: signal.convolve(x, v, method="direct"),
        _of((3, 4), (2, 2)),
        ("convolve_inside",),
        complex=True,
    ),
    Case(
        "convolve same",
        lambda x, v: signal.convolve(x, v, "same", "direct"),
        _of((2, 3, 2), (2, 2, 1)),
    ),
    Case("convolve vectors", lambda x, v: signal.convolve(x, v, "same"), _of((4,), (3,))),
    Case(
        "convolve valid",
        lambda x, v: signal.convolve(x, v, "valid", "direct"),
        _of((2, 2), (4, 3)),
    ),
    Case(
        "correlate",
        lambda x, v: signal.correlate(x, v, "same", "direct"),
        _of((3, 3), (2, 3)),
        complex=True,
    ),
    Case("correlate by fft", lambda x, v: signal.correlate(x, v, method="fft"), _of((4,), (3,))),
    Case("fftconvolve", signal.fftconvolve, _of((3, 2), (2, 3)), ("fft",), complex=True),
    Case(
        "fftconvolve axis",
        lambda x, v: signal.fftconvolve(x, v, "same", axes=1),
        _of((3, 4), (1, 2)),
    ),
    Case("oaconvolve", lambda x, v: signal.oaconvolve(x, v, "same"), _of((33,), (2,))),
    Case(
        "convolve2d wrap",
        lambda x, v: signal.convolve2d(x, v, "same", "wrap"),
        _of((3, 3), (2, 2)),
    ),
    Case(
        "correlate2d symm",
        lambda x, v: signal.correlate2d(x, v, "full", "symm"),
        _of((2, 3), (2, 2)),
    ),
    # filters
    Case("lfilter", signal.lfilter, _filter(6), ("recurse", "convolve"), complex=True),
    Case("lfilter axis", lambda b, a, x: signal.lfilter(b, a, x, 0), _filter(4, 2)),
    Case("lfilter state", lambda b, a, x, z: signal.lfilter(b, a, x, 0, z), _filter_state),
    Case("lfilter forward", lambda b, x: signal.lfilter(b, 2.0, x), _of((3,), (5,))),
    Case("lfilter_zi", lambda b, a, x: signal.lfilter_zi(b, a), _filter(1), float32=False),
    Case("lfiltic", lambda b, a, x: signal.lfiltic(b, a, x, x**2), _filter(2)),
    Case("filtfilt", lambda b, a, x: signal.filtfilt(b, a, x, padlen=3), _filter(6)),
    Case("sosfilt", lambda s, x: signal.sosfilt(_whole(s), x), _sections, float32=False),
    Case(
        "sosfiltfilt",
        lambda s, x: signal.sosfiltfilt(_whole(s), x, padtype="even", padlen=2),
        _sections,
        float32=False,
    ),
    # smoothing
    Case("savgol_filter", lambda x: signal.savgol_filter(x, 5, 2, axis=0), _of((7, 2))),
    Case(
        "savgol_filter mirror",
        lambda x: signal.savgol_filter(x, 4, 2, deriv=1, mode="mirror"),
        _of((6,)),
    ),
    Case("detrend", lambda x: signal.detrend(x, bp=[2]), _of((2, 6))),
    Case("medfilt", lambda x: signal.medfilt(x, [1, 3]), _apart(2, 4), order=1),
    Case("wiener", lambda x: signal.wiener(x, 3, 0.4), _apart(5)),
    Case("hilbert", signal.hilbert, _of((5,)), float32=False),
    Case("hilbert longer", lambda x: signal.hilbert(x, 8, axis=0), _of((5, 2)), float32=False),
    # other rates
    Case("resample up", lambda x: signal.resample(x, 9), _of((6, 2)), complex=True),
    Case("resample down", lambda x: signal.resample(x, 4, axis=1), _of((2, 6)), complex=True),
    Case(
        "upfirdn",
        lambda h, x: signal.upfirdn(h, x, 3, 2),
        _of((5,), (2, 4)),
        ("convolve_steps",),
        complex=True,
    ),
    Case(
        "upfirdn edge", lambda x: signal.upfirdn([1.0, 2.0, 1.0], x, 1, 2, mode="edge"), _of((5,))
    ),
    Case(
        "resample_poly",
        lambda x, h: signal.resample_poly(x, 4, 6, window=h, padtype="mean"),
        _of((7,), (5,)),
    ),
    Case("decimate", lambda x: signal.decimate(x, 2, n=2, ftype="fir"), _of((9,)), float32=False),
    # spectra
    Case("periodogram", _last(signal.periodogram), _of((6,)), float32=False),
    Case(
        "welch",
        _last(lambda x: signal.welch(x, nperseg=4, noverlap=3)),
        _of((2, 7)),
        float32=False,
        complex=True,
    ),
    Case("csd", _last(lambda x, y: signal.csd(x, y, nperseg=4)), _of((8,), (7,)), float32=False),
    Case(
        "stft",
        _last(lambda x: signal.stft(x, nperseg=4, boundary="odd")),
        _of((7,)),
        float32=False,
    ),
    Case(
        "istft",
        _last(lambda x: signal.istft(x + 1j * x[::-1], nperseg=4)),
        _of((3, 4)),
        float32=False,
    ),
    Case(
        "spectrogram",
        _last(lambda x: signal.spectrogram(x, nperseg=4, nfft=5)),
        _of((9,)),
        float32=False,
    ),
    # responses
    Case(
        "freqz",
        _last(lambda b, a, x: signal.freqz(b, a, worN=x)),
        _filter(3),
        float32=False,
    ),
    Case(
        "group_delay",
        _last(lambda b, a, x: signal.group_delay((b, a), w=x)),
        _filter(3),
        float32=False,
    ),
    Case("deconvolve", signal.deconvolve, lambda rng: (rng.uniform(-1, 1, 5), _A[:2] * 1.0)),
]
