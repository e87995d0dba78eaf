"""The interfaces of other libraries, for programs written against them.

    autograd    `import wengert.compat.autograd.numpy as np`

Loaded when first touched; `import wengert` loads none of it.
"""

from __future__ import annotations

import importlib
from typing import Any

_SUBMODULES = ("autograd",)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
