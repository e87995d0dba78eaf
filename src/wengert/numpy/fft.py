"""`numpy.fft`, also for lists that hold traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.numpy._namespace import lookup, public_names

__all__ = public_names(np.fft)


def __getattr__(name: str) -> Any:
    value = lookup(np.fft, name, __name__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
