"""Cases of SciPy's special functions; the values themselves are checked in tests/oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from primitives.harness import Case

Draw = Callable[[np.random.Generator], Any]


def between(low: float, high: float) -> Draw:
    return lambda rng: rng.uniform(low, high, (2, 3))


def _unary(f: Any, args: Draw, primitive: str = "", **options: Any) -> Case:
    name = f.__name__
    return Case(name, f, args, (primitive or name,), is_elementwise=True, **options)


CASES = [
    _unary(sc.erf, between(-2, 2)),
    _unary(sc.erfc, between(-2, 2)),
    _unary(sc.gammaln, between(0.5, 4)),
    _unary(sc.psi, between(0.5, 4), "digamma"),
]
