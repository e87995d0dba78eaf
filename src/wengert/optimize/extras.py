"""Packages that only some options need, imported when one of these is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wengert.errors import MissingExtraError


def require(module: str, extra: str, purpose: str) -> Any:
    """The module, or an error that names the extra of this package that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{purpose} needs a package that is not installed.",
            got=f"no {package}",
            expected=f"the extra `{extra}`",
            try_=f"pip install 'wengert[{extra}]'",
        ) from error
