"""`autograd.scipy.stats`: the distributions of `wengert.scipy.stats`, each a module here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded

_DISTRIBUTIONS = (
    "beta",
    "chi2",
    "dirichlet",
    "gamma",
    "multivariate_normal",
    "norm",
    "poisson",
    "t",
)


def __getattr__(name: str) -> Any:
    if name in _DISTRIBUTIONS:
        return import_module(f"{__name__}.{name}")
    return forwarded("stats", name)


def __dir__() -> list[str]:
    return sorted(_DISTRIBUTIONS)
