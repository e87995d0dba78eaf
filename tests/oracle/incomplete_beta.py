"""References for the incomplete beta function: `python -m oracle.incomplete_beta` in tests/ makes
the table `tables/incomplete_beta.json` again, in a minute, with mpmath at 90 digits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

TABLE = Path(__file__).parent / "tables" / "incomplete_beta.json"
ORDERS = ((0, 0), (1, 0), (0, 1), (1, 1), (0, 2))
STEP = mp.mpf(10) ** -18
BETA = [
    *[(a, b, x) for a in (1e-4, 0.6) for b in (0.3, 40.0) for x in (1e-6, 0.45, 0.9)],
    *[(a, b, x) for a in (2.0, 60.0) for b in (1e-3, 3.0) for x in (0.1, 0.5, 0.99)],
    (7.0, 1e3, 0.02),
    (1e4, 2.5, 0.999),
    (3e3, 1e5, 0.0292),
    (200.0, 300.0, 0.2),
]


def quotients(f: Any, order: tuple[int, ...]) -> Any:
    """A central difference of f(increments), whose steps are given relative to one."""
    places = [i for i, n in enumerate(order) for _ in range(n)]
    if not places:
        return f([mp.mpf(0)] * len(order))

    total = mp.mpf(0)
    for signs in np.ndindex(*[2] * len(places)):
        increments = [mp.mpf(0)] * len(order)
        for place, sign in zip(places, signs, strict=True):
            increments[place] += STEP / 2 if sign else -STEP / 2
        total += (-1) ** (len(places) - sum(signs)) * f(increments)
    return total / STEP ** len(places)


def beta_exact(a: float, b: float, x: float, order: tuple[int, int]) -> Any:
    """A mixed derivative of I_x(a, b); of order (0, 0) the smaller tail, negative if the upper."""
    a_, b_, x_ = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    scales = min(a_, 1), min(b_, 1)

    def tail(increments: list[Any]) -> Any:
        p, q = a_ + increments[0] * scales[0], b_ + increments[1] * scales[1]
        kernel = x_**p * (1 - x_) ** q / mp.beta(p, q)  # and a series of positive terms
        if x < a / (a + b):
            return kernel / p * mp.hyp2f1(p + q, 1, p + 1, x_)
        return -kernel / q * mp.hyp2f1(p + q, 1, q + 1, 1 - x_)

    return quotients(tail, order) / (scales[0] ** order[0] * scales[1] ** order[1])


def make() -> None:
    with mp.workdps(90):
        rows = [[float(beta_exact(*point, order)) for order in ORDERS] for point in BETA]
    TABLE.write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make()
