"""SciPy's signal processing for traced arrays.

    convolutions            convolve, correlate, convolve2d, correlate2d
    fourier_convolutions    fftconvolve, oaconvolve
    filters                 lfilter, sosfilt and their initial states
    both_ways               filtfilt, sosfiltfilt
    smoothing               savgol_filter, detrend, medfilt, wiener, hilbert
    resampling              resample, upfirdn, resample_poly, decimate
    spectral                periodogram, welch, csd, coherence
    short_time              stft, istft, spectrogram
    responses               freqz, freqz_sos, freqs, group_delay, deconvolve

Signatures are SciPy's. Windows and designed filters are constants: `get_window`, `butter` and all
names that are not here are SciPy's; called with a traced array they raise by name.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from wengert.scipy.dispatch import without_rule
from wengert.scipy.signal.both_ways import (
    filtfilt,
    sosfiltfilt,
)
from wengert.scipy.signal.convolutions import (
    choose_conv_method,
    convolve,
    convolve2d,
    correlate,
    correlate2d,
)
from wengert.scipy.signal.filters import (
    lfilter,
    lfilter_zi,
    lfiltic,
    sosfilt,
    sosfilt_zi,
)
from wengert.scipy.signal.fourier_convolutions import (
    fftconvolve,
    oaconvolve,
)
from wengert.scipy.signal.resampling import (
    decimate,
    resample,
    resample_poly,
    upfirdn,
)
from wengert.scipy.signal.responses import (
    deconvolve,
    freqs,
    freqz,
    freqz_sos,
    group_delay,
    sosfreqz,
)
from wengert.scipy.signal.short_time import (
    istft,
    spectrogram,
    stft,
)
from wengert.scipy.signal.smoothing import (
    detrend,
    hilbert,
    hilbert2,
    medfilt,
    medfilt2d,
    order_filter,
    savgol_filter,
    wiener,
)
from wengert.scipy.signal.spectral import (
    coherence,
    csd,
    periodogram,
    welch,
)

__all__ = [
    "choose_conv_method",
    "coherence",
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "csd",
    "decimate",
    "deconvolve",
    "detrend",
    "fftconvolve",
    "filtfilt",
    "freqs",
    "freqz",
    "freqz_sos",
    "group_delay",
    "hilbert",
    "hilbert2",
    "istft",
    "lfilter",
    "lfilter_zi",
    "lfiltic",
    "medfilt",
    "medfilt2d",
    "oaconvolve",
    "order_filter",
    "periodogram",
    "resample",
    "resample_poly",
    "savgol_filter",
    "sosfilt",
    "sosfilt_zi",
    "sosfiltfilt",
    "sosfreqz",
    "spectrogram",
    "stft",
    "upfirdn",
    "welch",
    "wiener",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module("scipy.signal"), name)
    return found if isinstance(found, ModuleType) else without_rule("signal", name)
