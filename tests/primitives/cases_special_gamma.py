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
def fixed(f: Any, *whole: int, last: Range, primitive: str = "", **options: Any) -> Case:
    """A case in the last argument, the whole numbers before it fixed."""
    name = f.__name__
    g = lambda x: f(*whole, x)
    return Case(name, g, between(last), (primitive or name,), is_elementwise=True, **options)


MIDDLE = (0.2, 0.8)
DISTRIBUTIONS = [
    case(sc.chdtr, (1, 5), (1, 5)),
    case(sc.chdtrc, (1, 5), (1, 5)),
    case(sc.chdtri, (2, 5), MIDDLE),
    case(sc.chdtriv, MIDDLE, (2, 5), float32=False, tol=1e-5),
    case(sc.gdtr, (0.5, 2), (1, 4), (0.5, 3)),
    case(sc.gdtrc, (0.5, 2), (1, 4), (0.5, 3)),
    case(sc.gdtria, MIDDLE, (1, 4), (0.5, 3), float32=False, tol=1e-5),
    case(sc.gdtrib, (0.5, 2), MIDDLE, (0.5, 3), float32=False, tol=1e-5),
    case(sc.gdtrix, (0.5, 2), (1, 4), MIDDLE, float32=False, tol=1e-5),
    fixed(sc.pdtr, 2, last=(1, 4)),
    fixed(sc.pdtrc, 2, last=(1, 4)),
    fixed(sc.pdtri, 2, last=MIDDLE),
    case(sc.pdtrik, (0.4, 0.9), (2, 4), float32=False, tol=1e-5),
    case(sc.fdtr, (2, 5), (2, 5), (0.5, 2)),
    case(sc.fdtrc, (2, 5), (2, 5), (0.5, 2)),
    case(sc.fdtri, (2, 5), (2, 5), MIDDLE, tol=1e-6),
    case(sc.stdtr, (1, 5), (-2, -0.2)),
    case(sc.stdtrit, (2, 5), (0.6, 0.9), float32=False, tol=1e-5),
    fixed(sc.bdtr, 2, 5, last=MIDDLE),
    fixed(sc.bdtrc, 2, 5, last=MIDDLE),
    fixed(sc.bdtri, 2, 5, last=MIDDLE),
    fixed(sc.nbdtr, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.nbdtrc, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.nbdtri, 2, 5, last=MIDDLE),
    case(sc.btdtria, MIDDLE, (1, 4), MIDDLE, float32=False, tol=1e-5),
    case(sc.btdtrib, (1, 4), MIDDLE, MIDDLE, float32=False, tol=1e-5),
]
CASES = [*DISTRIBUTIONS, *INCOMPLETE, *GAMMA]
