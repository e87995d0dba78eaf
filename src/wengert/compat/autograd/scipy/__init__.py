"""`autograd.scipy`: the modules of `wengert.scipy`, with what autograd has otherwise."""

from __future__ import annotations

import importlib
from typing import Any

_SUBMODULES = ("integrate", "linalg", "misc", "signal", "special", "stats")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_SUBMODULES)
