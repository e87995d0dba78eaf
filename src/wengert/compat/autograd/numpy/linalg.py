"""`autograd.numpy.linalg`: `wengert.numpy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as _np

import wengert.numpy.linalg as _ours

__all__ = list(_ours.__all__)


def __getattr__(name: str) -> Any:
    if name in _ours.__all__:
        return getattr(_ours, name)
    return getattr(_np.linalg, name)


def __dir__() -> list[str]:
    return sorted(__all__)
