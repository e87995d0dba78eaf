"""SciPy's functions for traced arrays; on plain arrays they are SciPy's own.

    integrate  wengert.scipy.integrate
    linalg     wengert.scipy.linalg
    optimize   wengert.scipy.optimize
    sparse     wengert.scipy.sparse
    special    wengert.scipy.special

Import the functions from here instead of from `scipy`, with the same names and arguments. SciPy
itself is imported when one of them is first called.
"""

from __future__ import annotations

import importlib
from typing import Any

_SUBMODULES = ("integrate", "linalg", "optimize", "sparse", "special")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
