"""Derivatives of an exponential from those of its exponent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def complete_bell(order: tuple[int, int], slopes: Mapping[tuple[int, int], Any]) -> Any:
    """The complete Bell polynomial: exp(-f) times the mixed derivative of exp(f).

    Parameters
    ----------
    order : (int, int)
        How often to differentiate in each of two variables.
    slopes : mapping
        The mixed derivatives of f up to that order; what is missing is zero.
    """
    known: dict[tuple[int, int], Any] = {}

    def bell(n: int, m: int) -> Any:
        if (n, m) == (0, 0):
            return 1.0
        if (n, m) not in known:
            total = 0.0
            i, j = (n - 1, m) if n else (n, m - 1)
            for p in range(i + 1):
                for q in range(j + 1):
                    slope = slopes.get((p + 1, q) if n else (p, q + 1))
                    if slope is not None:
                        weight = float(math.comb(i, p) * math.comb(j, q))
                        total = total + slope * bell(i - p, j - q) * weight
            known[n, m] = total
        return known[n, m]

    return bell(*order)
