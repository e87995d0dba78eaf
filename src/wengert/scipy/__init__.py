"""SciPy's functions for traced arrays; on plain arrays they are SciPy's own.

    fft           Fourier, cosine and sine transforms
    integrate     samples, quadrature, initial value problems
    interpolate   splines, grids, radial functions
    linalg        factorizations, equations, functions of matrices
    ndimage       filters and transforms of images
    optimize      minima, roots, fits, linear programs
    signal        convolution, filters, spectra
    sparse        sparse matrices with traced values, and systems with them
    special       special functions
    stats         distributions and statistics

Import the functions from here instead of from `scipy`, with the same names and arguments; SciPy's
ufuncs, in `special`, know traced arrays by themselves. SciPy itself is imported when it is needed.
"""

from __future__ import annotations

import importlib
from typing import Any

SUBMODULES = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "special",
    "stats",
)


def __getattr__(name: str) -> Any:
    if name in SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *SUBMODULES])
