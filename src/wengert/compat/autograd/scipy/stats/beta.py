"""`autograd.scipy.stats.beta`: the methods of `wengert.scipy.stats.beta`."""

from __future__ import annotations

from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded


def __getattr__(name: str) -> Any:
    return forwarded("stats", name, "beta")
