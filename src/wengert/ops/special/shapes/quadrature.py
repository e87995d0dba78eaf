"""Means over a weight that decays: Gauss-Legendre on the range that matters.

The weight is exp(-E(s)) for s > 0 with E convex and E(0) = 0. Where E exceeds `cutoff` the rest is
below rounding, so the range ends there; Newton's method finds it well enough in a few steps, since
the end need not be exact. In units of that range all weights look alike (between exp(-c y) and
exp(-c y**2)), so that one rule serves exponential tails and normal centers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

BLOCK = 256  # elements at a time: their values at all nodes stay in the cache


def cutoff(degree: int) -> float:
    """Where to stop for moments of a degree."""
    return 40.0 + 6.0 * degree


@lru_cache(maxsize=20)
def rule(degree: int) -> tuple[Any, Any]:
    """Nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(32 + 4 * degree)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def end(value_and_slope: Callable[[Any], tuple[Any, Any]], start: Any, degree: int) -> Any:
    """About where E reaches the cutoff, from a start that is too far rather than too near."""
    s, goal = start, cutoff(degree)
    for _ in range(6):
        value, slope = value_and_slope(s)
        s = np.maximum(s - (value - goal) / slope, 0.05 * s)
    return s


def root_of_parabola(curvature: Any, slope: Any, goal: float) -> Any:
    """Where slope s + curvature s**2 / 2 reaches the goal."""
    return 2 * goal / (slope + np.sqrt(slope * slope + 2 * goal * curvature))
