"""`autograd.numpy.numpy_wrapper`: the functions of `autograd.numpy`, and how others are wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from wengert.compat.autograd._primitives import primitive

__all__ = ["numpy_version", "wrap_namespace"]
numpy_version = np.__version__


def wrap_namespace(old: Mapping[str, Any], new: dict[str, Any]) -> None:
    """Put the functions of one namespace into another as primitives, to be given rules."""
    wrapped: dict[int, Any] = {}
    for name, value in old.items():
        if type(value) in (float, int, type(None), type):
            new[name] = value
        elif callable(value):
            if id(value) not in wrapped:
                wrapped[id(value)] = primitive(value)
            new[name] = wrapped[id(value)]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("wengert.compat.autograd.numpy"), name)
