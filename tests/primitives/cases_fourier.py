"""Cases for Fourier, cosine, sine and Hankel transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import fft


def _of(*shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda rng: rng.uniform(-1.5, 1.5, shape)


def _complex(*shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda rng: rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)


CASES = [
    # numpy.fft
    Case("fft", np.fft.fft, _of(5), ("fft",), complex=True),
    Case("fft power", lambda x: np.abs(np.fft.fft(x)) ** 2, _complex(4)),
    Case("fft longer", lambda x: np.fft.fft(x, 6, axis=0, norm="ortho"), _complex(4, 2)),
    Case("fft shorter", lambda x: np.fft.fft(x, 3, norm="forward"), _of(2, 4)),
    Case("ifft", lambda x: np.fft.ifft(x, axis=-2), _of(3, 2), complex=True),
    Case("fft2", lambda x: np.fft.fft2(x, axes=(0, 2)), _complex(2, 3, 2), ("fft",)),
    Case("ifftn", lambda x: np.fft.ifftn(x, (3, 4), (1, 0)), _complex(2, 3)),
    Case("fftn axis twice", lambda x: np.fft.fftn(x, axes=(0, 0)), _complex(3, 2)),
    Case("rfft even", np.fft.rfft, _of(6), ("rfft",)),
    Case("rfft odd", lambda x: np.fft.rfft(x, axis=0, norm="ortho"), _of(5, 2)),
    Case("rfft curved", lambda x: np.abs(np.fft.rfft(np.sin(x), 8)) ** 2, _of(5), ("rfft",)),
    Case("irfft even", np.fft.irfft, _complex(4), ("irfft",)),
    Case("irfft odd", lambda z: np.fft.irfft(z, 5, norm="forward"), _complex(3)),
    Case("irfft of reals", lambda x: np.fft.irfft(x, 9), _of(3)),
    Case("rfftn", lambda x: np.fft.rfftn(x, (3, 4), (0, 1)), _of(3, 5), ("rfft", "fft")),
    Case("irfftn", lambda z: np.fft.irfftn(z, axes=(0, 1), norm="ortho"), _complex(3, 3)),
    Case("irfft2 sizes", lambda z: np.fft.irfft2(z, (2, 5)), _complex(3, 3)),
    Case("hfft", np.fft.hfft, _complex(4)),
    Case("ihfft", lambda x: np.fft.ihfft(x, 5), _of(6)),
    Case("fftshift", np.fft.fftshift, _of(3, 4)),
    Case("ifftshift", lambda x: np.fft.ifftshift(x, 1), _of(2, 5), complex=True),
    Case(
        "spectral derivative",
        lambda x: np.fft.irfft(np.fft.rfft(x) * (1j * np.arange(4)), 6) * x,
        _of(6),
        float32=False,
    ),
    # scipy.fft
    Case("scipy fftn", lambda x: fft.fftn(x, s=(4, 3), workers=2), _complex(3, 2)),
    Case("scipy hfft2", lambda z: fft.hfft2(z, (3, 4)), _complex(3, 3)),
    Case("scipy ihfftn", lambda x: fft.ihfftn(x, axes=(1, 0)), _of(4, 2)),
    Case("dct", fft.dct, _of(2, 5), ("trigonometric",), complex=True),
    Case("dct one", lambda x: fft.dct(x, 1, norm="ortho", axis=0), _of(4, 2)),
    Case("dct one plain", lambda x: fft.dct(x, 1), _of(5)),
    Case("idct three", lambda x: fft.idct(x, 3, n=6), _of(4)),
    Case("dct four", lambda x: fft.dct(x, 4, norm="forward"), _of(5)),
    Case("dctn orthogonal", lambda x: fft.dctn(x, 2, orthogonalize=True), _of(3, 4)),
    Case("dst", lambda x: fft.dst(x, 2), _of(5)),
    Case("idst", lambda x: fft.idst(x, 2, norm="ortho"), _of(4)),
    Case("dstn", lambda x: fft.dstn(x, 3, s=(2, 5)), _of(3, 4)),
    Case("idstn", lambda x: fft.idstn(x, 1, axes=0, s=4), _of(3, 2)),
    Case("fht", lambda x: fft.fht(x, 0.1, 1.5, 0.2, 0.3), _of(6), float32=False),
    Case("ifht", lambda x: fft.ifht(x, 0.1, 0.5), _of(2, 5), float32=False),
]
