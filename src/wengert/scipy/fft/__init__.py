"""SciPy's Fourier, cosine, sine and Hankel transforms for traced arrays.

    complex_and_real   fft, rfft, hfft and their n-dimensional forms, fftshift, fftfreq
    trigonometric      dct and dst, types I to IV
    hankel             fht, ifht

Signatures are SciPy's. `workers`, `overwrite_x` and `plan` have no effect on traced arrays. Names
of `scipy.fft` that are not here are SciPy's; called with a traced array they raise by name.
"""

from __future__ import annotations

from wengert.scipy.dispatch import rest_of
from wengert.scipy.fft.complex_and_real import (
    fft,
    fft2,
    fftfreq,
    fftn,
    fftshift,
    hfft,
    hfft2,
    hfftn,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    ihfft,
    ihfft2,
    ihfftn,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftfreq,
    rfftn,
)
from wengert.scipy.fft.hankel import fht, ifht
from wengert.scipy.fft.trigonometric import dct, dctn, dst, dstn, idct, idctn, idst, idstn

__all__ = [
    "dct",
    "dctn",
    "dst",
    "dstn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "fht",
    "hfft",
    "hfft2",
    "hfftn",
    "idct",
    "idctn",
    "idst",
    "idstn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ifht",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

__getattr__ = rest_of("fft")
