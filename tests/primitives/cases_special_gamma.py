"""Cases of SciPy's special functions: gamma, beta, error, probability.

The values and derivatives themselves are checked against mpmath in tests/oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

import wengert.scipy.special as ws
from primitives.harness import Case
from wengert.ops.special.incomplete_beta import log_betainc, log_betaincc
from wengert.ops.special.incomplete_gamma import log_gammainc, log_gammaincc

Range = tuple[float, float]


def between(*ranges: Range) -> Callable[[np.random.Generator], Any]:
    """One argument for each range."""
    return lambda rng: tuple([rng.uniform(low, high, (2, 3)) for low, high in ranges])


def case(f: Any, *ranges: Range, primitive: str = "", **options: Any) -> Case:
    """A case of a ufunc, with its own name."""
    name = f.__name__
    return Case(name, f, between(*ranges), (primitive or name,), is_elementwise=True, **options)


INCOMPLETE = [
    case(sc.gammainc, (0.4, 5), (0.4, 5)),
    case(sc.gammaincc, (0.4, 5), (0.4, 5)),
    case(sc.gammaincinv, (1, 5), (0.2, 0.8)),
    case(sc.gammainccinv, (1, 5), (0.2, 0.8)),
    case(sc.betainc, (0.5, 4), (0.5, 4), (0.2, 0.8)),
    case(sc.betaincc, (0.5, 4), (0.5, 4), (0.2, 0.8)),
    case(log_gammainc, (0.4, 5), (0.4, 5)),
    case(log_gammaincc, (0.4, 5), (0.4, 5), primitive="log_gammainc"),
    case(log_betainc, (0.5, 4), (0.5, 4), (0.2, 0.8)),
    case(log_betaincc, (0.5, 4), (0.5, 4), (0.2, 0.8), primitive="log_betainc"),
    case(sc.betaincinv, (1, 4), (1, 4), (0.2, 0.8)),
    case(sc.betainccinv, (1, 4), (1, 4), (0.2, 0.8)),
]
GAMMA = [
    case(sc.gamma, (0.5, 4), complex=True),
    case(sc.rgamma, (-3, 3), complex=True),
    case(sc.loggamma, (0.5, 4), complex=True),
    case(sc.beta, (0.5, 3), (0.5, 3)),
    case(sc.betaln, (0.5, 3), (0.5, 3)),
    case(sc.gammasgn, (-0.8, -0.2), order=0),
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
    fixed(sc.bdtr, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.bdtrc, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.bdtri, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.nbdtr, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.nbdtrc, 2, 5, last=MIDDLE, float32=False),
    fixed(sc.nbdtri, 2, 5, last=MIDDLE),
    case(sc.fdtridfd, (2, 5), (0.5, 0.55), (1.1, 1.2), float32=False, tol=1e-3),
    case(sc.stdtridf, (0.75, 0.78), (0.8, 0.9), float32=False, tol=1e-3),
    case(sc.bdtrik, (0.3, 0.7), (8, 10), (0.4, 0.6), float32=False, tol=1e-5),
    case(sc.bdtrin, (2, 4), (0.3, 0.7), (0.4, 0.6), float32=False, tol=1e-5),
    case(sc.nbdtrik, (0.3, 0.7), (3, 5), (0.4, 0.6), float32=False, tol=1e-5),
    case(sc.nbdtrin, (2, 4), (0.3, 0.7), (0.4, 0.6), float32=False, tol=1e-5),
    case(sc.btdtria, MIDDLE, (1, 4), MIDDLE, float32=False, tol=1e-5),
    case(sc.btdtrib, (1, 4), MIDDLE, MIDDLE, float32=False, tol=1e-5),
]
ERROR = [
    case(sc.erf, (-2, 2), complex=True),
    case(sc.erfc, (-2, 2), complex=True),
    case(sc.erfcx, (-1, 3), complex=True),
    case(sc.erfi, (-1.5, 1.5), complex=True),
    case(sc.erfinv, (-0.8, 0.8)),
    case(sc.erfcinv, (0.2, 1.8)),
    case(sc.dawsn, (-3, 9), complex=True),
    Case(
        "wofz",
        sc.wofz,
        lambda rng: rng.uniform(-1, 1, (2, 3)) + 1j * rng.uniform(0.2, 1, (2, 3)),
        ("wofz",),
    ),
    Case("wofz-real", lambda x: sc.wofz(x).real, between((-2, 2)), ("wofz",), float32=False),
    Case("fresnel", sc.fresnel, between((-2, 2)), ("fresnel_s", "fresnel_c"), complex=True),
    case(sc.ndtr, (-2, 2), complex=True),
    case(sc.log_ndtr, (-4, 3), complex=True),
    case(sc.ndtri, (0.1, 0.9)),
    case(sc.kolmogorov, (0.6, 1.6)),
    case(sc.kolmogi, (0.2, 0.8), float32=False),
    case(sc.ndtri_exp, (-3, -0.1)),
    case(sc.owens_t, (-2, 2), (-2, 2)),
    case(sc.voigt_profile, (-2, 2), (0.5, 2), (0.2, 1)),
]
ELEMENTARY = [
    case(sc.expit, (-3, 3)),
    case(sc.logit, (0.1, 0.9)),
    case(sc.log_expit, (-3, 3)),
    case(sc.xlogy, (0.2, 2), (0.2, 2), complex=True),
    case(sc.xlog1py, (0.2, 2), (-0.5, 2), complex=True),
    case(sc.entr, (0.2, 2)),
    case(sc.rel_entr, (0.2, 2), (0.2, 2)),
    case(sc.kl_div, (0.2, 2), (0.2, 2)),
    case(sc.huber, (0.9, 1.1), (0.2, 0.8)),
    Case("huber-far", sc.huber, between((0.4, 0.6), (1, 2)), ("huber",), is_elementwise=True),
    case(sc.pseudo_huber, (0.5, 2), (-2, 2)),
    case(sc.exprel, (-2, 2)),
    case(sc.exp10, (-1, 1)),
    case(sc._ufuncs._log1pmx, (-0.5, 1), primitive="log1pmx"),
    case(sc.cosm1, (-1, 1)),
    case(sc.powm1, (0.5, 2), (-2, 2)),
    case(sc.boxcox, (0.5, 2), (-1, 1)),
    case(sc.boxcox1p, (-0.5, 2), (-1, 1)),
    case(sc.inv_boxcox, (-0.5, 1), (-0.9, 0.9)),
    case(sc.inv_boxcox1p, (-0.5, 1), (-0.9, 0.9)),
    case(sc.sindg, (10, 80)),
    case(sc.cosdg, (10, 80)),
    case(sc.tandg, (10, 80)),
    case(sc.cotdg, (10, 80)),
    case(sc.radian, (0, 90), (0, 60), (0, 60), order=1),
    case(sc.cbrt, (0.5, 2)),
    case(sc.exp2, (-1, 1)),
    case(sc.expm1, (-1, 1), complex=True),
    case(sc.log1p, (-0.5, 1), complex=True),
]
PYTHON = [
    Case("zeta-offset", lambda q: sc.zeta(2.0, q), between((0.5, 4)), ("hurwitz_zeta",)),
    Case("polygamma", lambda x: ws.polygamma(2, x), between((0.5, 4)), ("polygamma",)),
    Case("polygamma-0", lambda x: ws.polygamma(0, x), between((0.5, 4)), ("digamma",)),
    Case("polygamma-orders", lambda x: ws.polygamma([0, 1, 2], x), between((0.5, 4))),
    Case("multigammaln", lambda x: ws.multigammaln(x, 3), between((1.5, 4)), ("gammaln",)),
    Case("comb", ws.comb, between((2, 4), (0.3, 1.5)), ("binom",)),
    Case("comb-repetition", lambda n: ws.comb(n, 2, repetition=True), between((2, 4))),
    Case("perm", ws.perm, between((2, 4), (0.3, 1.5)), ("poch",)),
    Case("factorial", ws.factorial, between((0.5, 3)), ("gamma",)),
    Case("softplus", ws.softplus, between((-2, 2)), ("logaddexp",)),
    Case("special-sinc", ws.sinc, between((-2, 2)), ("sinc",)),
]
CASES = [*PYTHON, *ELEMENTARY, *ERROR, *DISTRIBUTIONS, *INCOMPLETE, *GAMMA]
