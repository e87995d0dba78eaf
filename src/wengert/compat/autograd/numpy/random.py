"""`autograd.numpy.random`: `numpy.random`, whose draws are constants."""

from __future__ import annotations

from typing import Any

import numpy as _np

__all__ = list(_np.random.__all__)


def __getattr__(name: str) -> Any:
    return getattr(_np.random, name)


def __dir__() -> list[str]:
    return sorted(__all__)
