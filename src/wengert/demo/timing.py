"""Timing of short calls."""

from __future__ import annotations

import time
from collections.abc import Callable


def timed(call: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def best_time(call: Callable[[], object], budget: float = 0.15, n_most: int = 1000) -> float:
    """The fastest of several calls, in seconds; what slows a call down is never the call itself.

    Parameters
    ----------
    call : callable
        Takes nothing.
    budget : float
        Stop after so many seconds, but not before the third call.
    n_most : int
        Stop after so many calls.
    """
    start = time.perf_counter()
    best = timed(call)
    for n in range(1, n_most + 1):
        if n >= 3 and time.perf_counter() - start > budget:
            break
        best = min(best, timed(call))
    return best
