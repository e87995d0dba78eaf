"""`autograd.scipy.stats.multivariate_normal`: the methods of `wengert.scipy.stats.multivariate_normal`."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("wengert.scipy.stats").multivariate_normal, name)
