"""`autograd.scipy.stats.norm`: the methods of `wengert.scipy.stats.norm`."""

from __future__ import annotations

from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded


def __getattr__(name: str) -> Any:
    return forwarded("stats", name, "norm")
