"""Cases of SciPy's special functions: gamma, beta, error, probability.

The values and derivatives themselves are checked against mpmath in tests/oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from primitives.harness import Case

Range = tuple[float, float]


def between(*ranges: Range) -> Callable[[np.random.Generator], Any]:
    """One argument for each range."""
    return lambda rng: tuple([rng.uniform(low, high, (2, 3)) for low, high in ranges])


def case(f: Any, *ranges: Range, primitive: str = "", **options: Any) -> Case:
    """A case of a ufunc, with its own name."""
    name = f.__name__
    return Case(
        name, f, between(*ranges), (primitive or name,), is_elementwise=True, **options
    )


INCOMPLETE = [
    case(sc.gammainc, (0.4, 5), (0.4, 5)),
    case(sc.gammaincc, (0.4, 5), (0.4, 5)),
    case(sc.gammaincinv, (1, 5), (0.2, 0.8)),
    case(sc.gammainccinv, (1, 5), (0.2, 0.8)),
    case(sc.betainc, (0.5, 4), (0.5, 4), (0.2, 0.8)),
    case(sc.betaincc, (0.5, 4), (0.5, 4), (0.2, 0.8)),
    case(sc.betaincinv, (1, 4), (1, 4), (0.2, 0.8)),
    case(sc.betainccinv, (1, 4), (1, 4), (0.2, 0.8)),
]
GAMMA = [
    case(sc.gamma, (0.5, 4), complex=True),
    case(sc.rgamma, (-3, 3), complex=True),
    case(sc.loggamma, (0.5, 4), complex=True),
    case(sc.beta, (0.5, 3), (0.5, 3)),
    case(sc.betaln, (0.5, 3), (0.5, 3)),
    case(sc.poch, (0.5, 3), (0.2, 3)),
    case(sc.binom, (2, 4), (0.3, 1.5)),
]
CASES = [*INCOMPLETE, *GAMMA]
