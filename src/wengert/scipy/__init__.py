"""SciPy's functions for traced arrays; on plain arrays they are SciPy's own.

    fft           Fourier, cosine and sine transforms
    interpolate   splines, grids, radial functions
    linalg        factorizations, equations, functions of matrices
    ndimage       filters and transforms of images
    signal        convolution, filters, spectra
    special       special functions

Import the functions from here instead of from `scipy`, with the same names and arguments; SciPy's
ufuncs, in `special`, know traced arrays by themselves. SciPy itself is imported when it is needed.
"""

from __future__ import annotations

import importlib
from typing import Any

SUBMODULES = ("fft", "interpolate", "linalg", "ndimage", "signal", "special")


def __getattr__(name: str) -> Any:
    if name in SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *SUBMODULES])
