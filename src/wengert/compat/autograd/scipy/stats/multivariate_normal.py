"""`autograd.scipy.stats.multivariate_normal`: that of `wengert.scipy.stats`."""

from __future__ import annotations

from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded


def __getattr__(name: str) -> Any:
    return forwarded("stats", name, "multivariate_normal")
