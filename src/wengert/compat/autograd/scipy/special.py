"""`autograd.scipy.special`: `wengert.scipy.special`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded


def __getattr__(name: str) -> Any:
    return forwarded("special", name)


def __dir__() -> list[str]:
    return dir(import_module("wengert.scipy.special"))
