"""`autograd.scipy.stats.chi2`: the methods of `wengert.scipy.stats.chi2`."""

from __future__ import annotations

from typing import Any

from wengert.compat.autograd.scipy._forwarding import forwarded


def __getattr__(name: str) -> Any:
    return forwarded("stats", name, "chi2")
