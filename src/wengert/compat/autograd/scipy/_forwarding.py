"""Names of these modules are those of `wengert.scipy`, looked up when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def forwarded(module: str, name: str, member: str = "") -> Any:
    """Attribute `name` of `wengert.scipy.<module>`, or of one of its members."""
    where = f"wengert.scipy.{module}"
    if name.startswith("__"):
        raise AttributeError(f"{where} has no attribute {name!r}")
    try:
        found: Any = import_module(where)
    except ModuleNotFoundError as error:
        raise AttributeError(f"{name!r} needs {where}") from error
    return getattr(getattr(found, member) if member else found, name)
