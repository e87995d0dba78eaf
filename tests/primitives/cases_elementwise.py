from __future__ import annotations

import numpy as np

from primitives.harness import Case


def _positive(rng):
    return rng.uniform(0.3, 2.0, (2, 3))


def _pair(rng):
    return rng.uniform(0.3, 2.0, (2, 3)), rng.uniform(0.3, 2.0, (2, 3))


def _broadcast(rng):
    return rng.uniform(0.3, 2.0, (2, 1)), rng.uniform(0.3, 2.0, (3,))

CASES = [
    Case("exp", np.exp, _positive, ("exp",), complex=True, is_elementwise=True),
    Case("log", np.log, _positive, ("log",), complex=True, is_elementwise=True),
    Case("div", np.divide, _pair, ("div",), complex=True, is_elementwise=True),
    Case("mul_b", np.multiply, _broadcast, ("mul",), complex=True),
    Case("power_b", np.power, _broadcast, ("power",), complex=True),
    Case("power3", lambda x: x**3, _positive, ("power",), complex=True),
]
