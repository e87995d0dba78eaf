"""Cases of Bessel, elliptic, hypergeometric and related functions; values: tests/oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from primitives.harness import Case
from wengert.scipy import special

Draw = Callable[[np.random.Generator], Any]


def between(*limits: tuple[float, float]) -> Draw:
    """Arguments drawn between limits, one pair each."""

    def draw(rng: np.random.Generator) -> Any:
        return tuple([rng.uniform(low, high, (2, 3)) for low, high in limits])

    return draw


def complex_numbers(*real: tuple[float, float]) -> Draw:
    """Real arguments between limits, then a complex one right of the imaginary axis."""

    def draw(rng: np.random.Generator) -> Any:
        z = rng.uniform(0.5, 2, (2, 3)) + 1j * rng.uniform(0.2, 1, (2, 3))
        return (*[rng.uniform(low, high, (2, 3)) for low, high in real], z)

    return draw


def one(f: Any, *limits: tuple[float, float], primitive: str = "", **options: Any) -> Case:
    """A ufunc of real arguments."""
    name = f.__name__
    return Case(name, f, between(*limits), (primitive or name,), is_elementwise=True, **options)


def of_complex(f: Any, *limits: tuple[float, float], **options: Any) -> Case:
    name = f.__name__
    return Case(f"{name}-of-complex", f, complex_numbers(*limits), (name,), **options)


def of_degree(name: str, *limits: tuple[float, float], n: Any = 3, **options: Any) -> Case:
    """A function with an integer in front."""
    f = getattr(special, name)
    return Case(
        name, lambda *xs: f(n, *xs), between(*limits), (name,), is_elementwise=True, **options
    )


MIDDLE = (0.6, 2.4)
ORDER = (0.3, 1.7)
# SciPy's integrals have eight digits; differences of them have fewer.
COARSE = {"tol": 1e-4}

BESSEL = [
    *[one(f, MIDDLE) for f in (sc.j0, sc.j1, sc.y0, sc.y1, sc.i0e, sc.i1, sc.i1e)],
    *[one(f, MIDDLE) for f in (sc.k0, sc.k0e, sc.k1, sc.k1e)],
    one(sc.i0, MIDDLE, primitive="modified_bessel_i0"),
    *[one(f, ORDER, MIDDLE) for f in (sc.jv, sc.yv, sc.iv, sc.kv, sc.jve, sc.yve, sc.ive, sc.kve)],
    *[one(f, ORDER, MIDDLE) for f in (sc.hankel1, sc.hankel2, sc.hankel1e, sc.hankel2e)],
    *[of_complex(f, ORDER) for f in (sc.jv, sc.kve, sc.hankel1, sc.hankel2e)],
    *[of_complex(f, ORDER) for f in (sc.jve, sc.yve, sc.ive)],
    *[of_degree(name, MIDDLE, n=2) for name in ("yn", "kn")],
    *[of_degree(f"spherical_{kind}n", MIDDLE, n=2) for kind in "jyik"],
    Case("ivp", lambda v, x: special.ivp(v, x, 2), between(ORDER, MIDDLE), ("iv",)),
    *[one(getattr(sc, name), MIDDLE) for name in ("ber", "bei", "ker", "kei")],
    *[one(getattr(sc, f"{name}p"), MIDDLE) for name in ("ber", "bei", "ker", "kei")],
    one(sc.kelvin, MIDDLE),
    *[one(f, ORDER, MIDDLE) for f in (sc.struve, sc.modstruve)],
    *[one(f, MIDDLE, **COARSE) for f in (sc.itstruve0, sc.it2struve0, sc.itmodstruve0)],
    *[one(f, MIDDLE, **COARSE) for f in (sc.itj0y0, sc.iti0k0, sc.it2j0y0, sc.it2i0k0)],
    one(sc.airy, (-2, 2), complex=True),
    one(sc.airye, MIDDLE, complex=True),
    one(sc.itairy, (-2, 2), **COARSE),
]
ELLIPTIC = [
    *[one(f, (-0.5, 0.8)) for f in (sc.ellipk, sc.ellipe)],
    one(sc.ellipkm1, (0.3, 1.5)),
    *[one(f, (-3, 3), (-0.5, 0.8)) for f in (sc.ellipkinc, sc.ellipeinc)],
    one(sc.ellipj, (-2, 2), (0.1, 0.8)),
    one(sc.elliprc, MIDDLE, MIDDLE, complex=True),
    *[one(f, *[MIDDLE] * 3, complex=True) for f in (sc.elliprd, sc.elliprf, sc.elliprg)],
    one(sc.elliprj, *[MIDDLE] * 4),
    one(sc.agm, MIDDLE, MIDDLE),
    Case("carlson", lambda x: sc.elliprd(x, x, 1.0), between(MIDDLE), ("elliprd",)),
]
HYPERGEOMETRIC = [
    one(sc.hyp0f1, ORDER, (-2, 2)),
    one(sc.hyp1f1, ORDER, ORDER, (-2, 2)),
    one(sc.hyp2f1, ORDER, ORDER, (1, 2), (-0.8, 0.6)),
    one(sc.hyperu, ORDER, ORDER, MIDDLE, tol=1e-6),
    *[
        Case(f.__name__, lambda x, f=f: f(0.7, x), between(MIDDLE), (f.__name__,), float32=False)
        for f in (sc.pbdv, sc.pbvv, sc.pbwa)
    ],
]
INTEGRALS = [
    *[one(f, MIDDLE, complex=True) for f in (sc.exp1, sc.expi, sc.spence, sc.wrightomega)],
    *[one(f, MIDDLE, complex=True) for f in (sc.sici, sc.shichi)],
    *[one(f, MIDDLE) for f in (sc.modfresnelp, sc.modfresnelm)],
    of_degree("expn", MIDDLE),
    Case("lambertw", special.lambertw, between(MIDDLE), ("lambertw",), complex=True),
    Case("zeta", special.zeta, between((1.6, 4.0)), ("riemann_zeta",), complex=True),
    one(sc.zetac, (-3, 0.6)),
    Case("zeta-of-two", special.zeta, between((1.6, 4.0), MIDDLE), ("hurwitz_zeta",)),
]
_POLYNOMIALS = (
    "legendre sh_legendre chebyt chebyu sh_chebyt sh_chebyu chebyc chebys laguerre hermite"
)
POLYNOMIALS = [
    *[of_degree(f"eval_{name}", (-0.9, 0.9)) for name in _POLYNOMIALS.split()],
    of_degree("eval_hermitenorm", (-0.9, 0.9)),
    *[of_degree(f"eval_{name}", ORDER, (-0.9, 0.9)) for name in ("genlaguerre", "gegenbauer")],
    of_degree("eval_jacobi", ORDER, ORDER, (-0.9, 0.9)),
    of_degree("eval_sh_jacobi", (2, 3), ORDER, (-0.9, 0.9)),
    Case("degrees", lambda x: sc.eval_legendre(np.arange(3), x), between((-1, 1)), ()),
    Case("lpmv", lambda x: sc.lpmv(1.0, 2.5, x), between((-0.8, 0.8)), ("lpmv",)),
    Case(
        "sph_harm_y",
        lambda theta, phi: special.sph_harm_y(2, np.array([-1, 0, 2]), theta, phi),
        between((0.3, 2.8), (-3, 3)),
        ("sph_harm_y",),
    ),
    Case("diric", lambda x: special.diric(x, 5), between((-3, 3)), ("diric",)),
]
CASES = [*BESSEL, *ELLIPTIC, *HYPERGEOMETRIC, *INTEGRALS, *POLYNOMIALS]
