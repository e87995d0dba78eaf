"""The messages of transforms and signal processing: what they name, and when they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import (
    ArgumentError,
    ConversionError,
    DtypeError,
    MissingRuleError,
    ShapeError,
)
from wengert.scipy import fft, signal

X = np.linspace(-1.0, 2.0, 8)
M = X.reshape(2, 4)
Z = X + 1j
A = np.array([1.0, -0.5])

CASES: list[tuple[type[Exception], str, Callable[[Any], Any], Any]] = [
    # transforms
    (ArgumentError, "fft: there is no such normalization", lambda x: np.fft.fft(x, norm="no"), X),
    (
        ShapeError,
        "fftn: there are not as many sizes as axes",
        lambda x: np.fft.fftn(x, (2,), (0, 1)),
        M,
    ),
    (ShapeError, "fft: a transform needs at least one point", lambda x: np.fft.fft(x, 0), X),
    (ShapeError, "irfft: a transform needs at least one point", np.fft.irfft, X[:1]),
    (ShapeError, "fft: no such axis, or one named twice", lambda x: np.fft.fft(x, axis=1), X),
    (DtypeError, "rfft: defined for real numbers only", np.fft.rfft, Z),
    (
        ShapeError,
        "rfftn: at least one axis is needed, and each only once",
        lambda x: np.fft.rfftn(x, axes=(0, 0)),
        M,
    ),
    (ShapeError, "fft2: an axis is named twice", lambda x: fft.fft2(x, axes=(0, 0)), M),
    (ShapeError, "dctn: an axis is named twice", lambda x: fft.dctn(x, axes=(0, 0)), M),
    (ArgumentError, "dct: there is no such type", lambda x: fft.dct(x, 5), X),
    (ShapeError, "dct: type 1 needs two points", lambda x: fft.dct(x, 1), X[:1]),
    (
        MissingRuleError,
        "fht: differentiable in the samples only",
        lambda x: fft.fht(X, x, 1.0),
        0.1,
    ),
    (
        ShapeError,
        "ifht: the samples stand along the last axis",
        lambda x: fft.ifht(x, 0.1, 1.0),
        0.1,
    ),
    (MissingRuleError, r"scipy\.fft\.set_workers has no derivative", fft.set_workers, X),
    # convolution
    (ArgumentError, "convolve: there is no such mode", lambda x: signal.convolve(x, x, "all"), X),
    (
        ArgumentError,
        "convolve: there is no such method",
        lambda x: signal.convolve(x, x, method="no"),
        X,
    ),
    (
        ShapeError,
        "convolve: the operands have different numbers of axes",
        lambda x: signal.convolve(x, X),
        M,
    ),
    (
        ShapeError,
        "correlate: neither operand lies inside the other",
        lambda x: signal.correlate(x, np.ones((3, 2)), "valid"),
        M,
    ),
    (
        ShapeError,
        "fftconvolve: the axes that are not convolved do not broadcast",
        lambda x: signal.fftconvolve(x, np.ones((3, 2)), axes=1),
        M,
    ),
    (ShapeError, "convolve2d: the operands must be matrices", lambda x: signal.convolve2d(x, x), X),
    (
        ArgumentError,
        "convolve2d: there is no such boundary",
        lambda x: signal.convolve2d(x, x, boundary="no"),
        M,
    ),
    # filters
    (
        ShapeError,
        "lfilter: the coefficients must be vectors",
        lambda x: signal.lfilter(x, 1.0, X),
        M,
    ),
    (
        ArgumentError,
        "lfilter: the first coefficient of a is zero",
        lambda x: signal.lfilter([1.0], [0.0, 1.0], x),
        X,
    ),
    (
        ShapeError,
        "lfilter: the initial state does not fit the filter and the signal",
        lambda x: signal.lfilter(x, 1.0, X, zi=X),
        A,
    ),
    (
        ShapeError,
        "sosfilt: the sections must be rows of six coefficients",
        lambda x: signal.sosfilt(x, X),
        M,
    ),
    (
        ShapeError,
        "sosfilt: the initial state does not fit the sections",
        lambda x: signal.sosfilt(x, X, zi=np.ones((2, 2))),
        np.eye(6)[3:4] + 0.1,
    ),
    (
        ArgumentError,
        "filtfilt: there is no such extension",
        lambda x: signal.filtfilt(x, A, X, padtype="no"),
        A,
    ),
    (
        ShapeError,
        "filtfilt: the signal is shorter than what would be put around it",
        lambda x: signal.filtfilt(x, A, X[:3]),
        A,
    ),
    (
        MissingRuleError,
        "filtfilt: this method has no derivative in Wengert",
        lambda x: signal.filtfilt(x, A, X, method="gust"),
        A,
    ),
    # smoothing
    (
        ArgumentError,
        "savgol_filter: there is no such mode",
        lambda x: signal.savgol_filter(x, 5, 2, mode="no"),
        X,
    ),
    (
        ShapeError,
        "savgol_filter: the window is longer than the signal",
        lambda x: signal.savgol_filter(x, 9, 2),
        X,
    ),
    (
        ArgumentError,
        "detrend: there is no such trend",
        lambda x: signal.detrend(x, type="square"),
        X,
    ),
    (
        ShapeError,
        "detrend: a break point lies outside of the signal",
        lambda x: signal.detrend(x, bp=[9]),
        X,
    ),
    (ShapeError, "medfilt: the sizes of the window do not fit", lambda x: signal.medfilt(x, 4), X),
    (DtypeError, "hilbert: defined for real numbers only", signal.hilbert, Z),
    # other rates
    (
        ArgumentError,
        "resample: there is no such domain",
        lambda x: signal.resample(x, 4, domain="no"),
        X,
    ),
    (
        ArgumentError,
        "upfirdn: the rates must be whole numbers from 1 on",
        lambda x: signal.upfirdn(A, x, 0),
        X,
    ),
    (
        MissingRuleError,
        "upfirdn: this extension of the signal has no derivative in Wengert",
        lambda x: signal.upfirdn(A, x, mode="smooth"),
        X,
    ),
    (
        ArgumentError,
        "decimate: there is no such filter for traced signals",
        lambda x: signal.decimate(x, 2, ftype=1),
        X,
    ),
    # spectra
    (
        ShapeError,
        "welch: the window does not fit the segments",
        lambda x: signal.welch(x, window=np.ones(9)),
        X,
    ),
    (
        ArgumentError,
        "welch: the sizes of the segments do not fit",
        lambda x: signal.welch(x, nperseg=4, noverlap=4),
        X,
    ),
    (
        ArgumentError,
        "welch: there is no such scaling",
        lambda x: signal.welch(x, nperseg=4, scaling="no"),
        X,
    ),
    (
        ArgumentError,
        "welch: there is no such average",
        lambda x: signal.welch(x, nperseg=4, average="no"),
        X,
    ),
    (
        ArgumentError,
        "stft: there is no such boundary",
        lambda x: signal.stft(x, nperseg=4, boundary="no"),
        X,
    ),
    (
        ArgumentError,
        "spectrogram: there is no such mode",
        lambda x: signal.spectrogram(x, nperseg=4, mode="no"),
        X,
    ),
    (
        ShapeError,
        "istft: one axis for times and frequencies",
        lambda x: signal.istft(x, time_axis=0, freq_axis=0),
        M,
    ),
    # responses
    (ShapeError, "freqz: the coefficients must be vectors", signal.freqz, M),
    (ShapeError, "freqz_sos: the sections must be rows of six coefficients", signal.freqz_sos, M),
    (
        ArgumentError,
        "freqs: the frequencies of a traced filter must be given",
        lambda x: signal.freqs(x, A),
        A,
    ),
    (MissingRuleError, r"scipy\.signal\.find_peaks has no derivative", signal.find_peaks, X),
]


@pytest.mark.parametrize("error, text, f, x", CASES, ids=[c[1] for c in CASES])
def test_message(error: type[Exception], text: str, f: Callable[[Any], Any], x: Any) -> None:
    with pytest.raises(error, match=text) as caught:
        wg.vjp(f, x)
    assert "got " in str(caught.value)
    assert "test_signal.py" in str(caught.value)


def test_axes_beside_those_convolved() -> None:
    """Where operands are batched by hand, the primitives name the operands."""
    from wengert.ops.convolution_nd import convolve_inside
    from wengert.ops.multirate import convolve_steps

    def stacked(x: Any) -> Any:
        return convolve_inside(x, np.ones((3, 1)), rank=1)

    def stepped(x: Any) -> Any:
        return convolve_steps(np.ones((3, 1)), x, (1, 2, 1), 0, 3)

    wg.vmap(stacked)(np.ones((2, 3, 4)))
    with pytest.raises(ShapeError, match="convolve: the axes that are not convolved do not"):
        wg.trace(stacked)(M)
    with pytest.raises(ShapeError, match="upfirdn: the axes that are not filtered do not broad"):
        wg.trace(stepped)(M)


def test_a_plain_buffer_is_refused() -> None:
    buffer = np.zeros(8, complex)
    with pytest.raises(ConversionError, match="fft: a traced result would be written into a plain"):
        wg.vjp(lambda x: np.fft.fft(x, out=buffer), X)
    assert not buffer.any()
