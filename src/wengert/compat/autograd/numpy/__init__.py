"""`autograd.numpy`: NumPy's namespace.

`wengert.numpy`, and what autograd has besides: `r_` and `c_` with traced values, a `clip` with
derivative zero at its bounds, `make_diagonal`. In Wengert programs plain NumPy works as well,
except where a function makes arrays of its own; see `wengert.numpy`.
"""

from __future__ import annotations

from typing import Any

import numpy as _np

import wengert.numpy as _wnp
from wengert.compat.autograd.numpy import (
    fft,
    linalg,
    numpy_boxes,
    numpy_vjps,
    numpy_vspaces,
    numpy_wrapper,
    random,
)
from wengert.compat.autograd.numpy._functions import (
    array_from_args,
    c_,
    clip,
    concatenate_args,
    int8,
    int16,
    int32,
    int64,
    make_diagonal,
    metadata,
    parse_einsum_input,
    r_,
)

__all__ = [
    "array_from_args",
    "c_",
    "clip",
    "concatenate_args",
    "fft",
    "int8",
    "int16",
    "int32",
    "int64",
    "linalg",
    "make_diagonal",
    "metadata",
    "numpy_boxes",
    "numpy_vjps",
    "numpy_vspaces",
    "numpy_wrapper",
    "parse_einsum_input",
    "r_",
    "random",
]
__all__ += [name for name in _wnp.__all__ if name not in __all__]


def __getattr__(name: str) -> Any:
    if name in _wnp.__all__:
        value = getattr(_wnp, name)
    elif name in (*_np.__all__, "__version__") or not name.startswith("__"):
        value = getattr(_np, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *dir(_np)})
