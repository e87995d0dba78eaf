"""Bessel, elliptic, hypergeometric functions and integrals against mpmath at 40 digits.

Values, first and second derivatives, in the order or the parameters too where there are such
derivatives. Points lie in the tails, near zeros and poles, at whole and large orders.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

import wengert as wg
from oracle.against_mpmath import Row, compare, differential, one
from wengert.scipy import special

HALF = mp.mpf(1) / 2
PARAMETER = (1e-13, 1e-11, 1e-9)  # derivatives by interpolation


def scaled(f: Any, sign: int) -> Any:
    return lambda v, x: f(v, x) * mp.exp(sign * x)


BESSEL = [
    Row("j0", lambda x: mp.besselj(0, x), one(1e-8, 2.4, 40), (1e-12, 1e-12, 1e-11)),
    Row("j1", lambda x: mp.besselj(1, x), one(1e-8, 2.4, 40), (1e-12, 1e-12, 1e-11)),
    Row("y0", lambda x: mp.bessely(0, x), one(1e-5, 2.4, 40), (1e-12, 1e-12, 1e-11)),
    Row("y1", lambda x: mp.bessely(1, x), one(1e-5, 2.4, 40), (1e-12, 1e-12, 1e-11)),
    Row("i0", lambda x: mp.besseli(0, x), one(1e-8, 2.4, 300)),
    Row("i1", lambda x: mp.besseli(1, x), one(1e-8, -2.4, 300)),
    Row("k0", lambda x: mp.besselk(0, x), one(1e-5, 2.4, 300)),
    Row("k1", lambda x: mp.besselk(1, x), one(1e-5, 2.4, 300)),
    Row("i0e", lambda x: mp.besseli(0, x) * mp.exp(-x), one(1e-8, 2.4, 1e4), (1e-14, 1e-11, 1e-8)),
    Row("k0e", lambda x: mp.besselk(0, x) * mp.exp(x), one(1e-5, 2.4, 1e4), (1e-14, 1e-11, 1e-8)),
    Row("jv", mp.besselj, [(0.3, 2.0), (2.5, 40.0), (20.0, 3.0)], PARAMETER),
    Row("yv", mp.bessely, [(0.3, 2.0), (2.5, 40.0), (20.0, 3.0)], PARAMETER),
    Row("iv", mp.besseli, [(0.3, 2.0), (2.5, 100.0), (20.0, 3.0)], PARAMETER),
    Row("kv", mp.besselk, [(0.3, 2.0), (2.5, 100.0), (20.0, 3.0)], PARAMETER),
    Row("ive", scaled(mp.besseli, -1), [(0.3, 2.0), (2.5, 500.0)], (1e-13, 1e-10, 1e-7)),
    Row("kve", scaled(mp.besselk, 1), [(0.3, 2.0), (2.5, 500.0)], (1e-13, 1e-10, 1e-7)),
    Row("ber", lambda x: mp.ber(0, x), one(0.5, 6.0), (1e-13, 1e-12, 1e-11)),
    Row("kei", lambda x: mp.kei(0, x), one(0.5, 6.0), (1e-13, 1e-12, 1e-11)),
]
ELLIPTIC = [
    Row("ellipk", mp.ellipk, one(-5, 1e-9, 0.5, 0.999), (1e-14, 1e-12, 1e-11)),
    Row("ellipe", mp.ellipe, one(-5, 1e-9, 0.5, 0.999), (1e-14, 1e-12, 1e-11)),
    Row("ellipkm1", lambda p: mp.ellipk(1 - p), one(1e-10, 0.3), (1e-14, 1e-12, 1e-11)),
    Row("ellipkinc", mp.ellipf, [(0.7, 0.3), (1.2, 0.98), (0.4, 1e-7)], (1e-13, 1e-11, 1e-10)),
    Row("ellipeinc", mp.ellipe, [(0.7, 0.3), (1.2, 0.98), (0.4, 1e-7)], (1e-13, 1e-11, 1e-10)),
    Row("elliprf", mp.elliprf, [(0.5, 1.0, 2.0), (1e-3, 1.0, 50.0)], (1e-13, 1e-12, 1e-11)),
    Row("elliprd", mp.elliprd, [(0.5, 1.0, 2.0), (0.1, 1.0, 50.0)], (1e-13, 1e-12, 1e-11)),
    Row("elliprc", mp.elliprc, [(0.5, 1.0), (1.0, 1.0 + 1e-6)], (1e-13, 1e-12, 1e-11)),
    Row("agm", mp.agm, [(0.5, 1.0), (1.0, 30.0)], (1e-14, 1e-12, 1e-11)),
]
HYPERGEOMETRIC = [
    Row("hyp0f1", mp.hyp0f1, [(0.7, 1.5), (2.2, -3.0)], (1e-12, 1e-10, 1e-8)),
    Row("hyp1f1", mp.hyp1f1, [(0.7, 1.5, 2.0), (1.3, 0.6, -4.0)], (1e-12, 1e-10, 1e-8)),
    Row("hyp2f1", mp.hyp2f1, [(0.7, 1.5, 2.2, 0.4), (0.5, 1.2, 1.7, -3.0)], (1e-12, 1e-9, 1e-7)),
]
INTEGRALS = [
    Row("exp1", mp.e1, one(1e-6, 0.7, 40)),
    Row("expi", mp.ei, one(-2, 0.7, 40), (1e-13, 1e-13, 1e-12)),
    Row("spence", lambda x: mp.polylog(2, 1 - x), one(0.3, 1.8), (1e-14, 1e-13, 1e-11)),
    Row("zetac", lambda x: mp.zeta(x) - 1, one(2.5, 0.3, -3.3), (1e-13, 1e-11, 1e-10)),
    Row("wrightomega", lambda x: mp.lambertw(mp.exp(x)), one(-3, 0.7, 20)),
    Row("struve", mp.struveh, [(0.3, 2.0), (2.5, 10.0)], (1e-12, 1e-9, 1e-7)),
    Row("modstruve", mp.struvel, [(0.3, 2.0), (2.5, 10.0)], (1e-12, 1e-9, 1e-7)),
]


@pytest.mark.parametrize(
    "row", [*BESSEL, *ELLIPTIC, *HYPERGEOMETRIC, *INTEGRALS], ids=lambda row: row.name
)
def test_value_and_derivatives(row: Row) -> None:
    compare(row)


# -- functions with several results, or a whole number in front ------------------------------------

AIRY = (
    mp.airyai,
    lambda x: mp.airyai(x, derivative=1),
    mp.airybi,
    lambda x: mp.airybi(x, derivative=1),
)


@pytest.mark.parametrize("x", [-8.0, -0.3, 0.0, 1.7, 9.0])
def test_airy(x: float) -> None:
    for k, exact in enumerate(AIRY):
        f = lambda x, k=k: sc.airy(x)[k]
        with mp.workdps(40):
            for order, found in ((1, wg.grad(f)(x)), (2, wg.grad(wg.grad(f))(x))):
                expected = float(mp.diff(exact, x, order))
                assert found == pytest.approx(expected, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("u, m", [(0.4, 0.3), (3.0, 0.9), (1.1, 1e-6)])
def test_jacobi(u: float, m: float) -> None:
    for k, kind in enumerate(("sn", "cn", "dn")):
        exact = lambda u, m, kind=kind: mp.ellipfun(kind, u, m=m)
        found = wg.grad(lambda u, m, k=k: sc.ellipj(u, m)[k], argnums=(0, 1))(u, m)
        with mp.workdps(40):
            for i in range(2):
                expected = float(differential(exact, (u, m), i))
                assert found[i] == pytest.approx(expected, rel=1e-10, abs=1e-12)


SPHERICAL = {
    "spherical_jn": lambda n, x: mp.sqrt(mp.pi / (2 * x)) * mp.besselj(n + HALF, x),
    "spherical_yn": lambda n, x: mp.sqrt(mp.pi / (2 * x)) * mp.bessely(n + HALF, x),
    "spherical_in": lambda n, x: mp.sqrt(mp.pi / (2 * x)) * mp.besseli(n + HALF, x),
    "spherical_kn": lambda n, x: mp.sqrt(mp.pi / (2 * x)) * mp.besselk(n + HALF, x),
}


@pytest.mark.parametrize("name", SPHERICAL)
@pytest.mark.parametrize("n, x", [(0, 0.3), (3, 2.0), (10, 30.0)])
def test_spherical(name: str, n: int, x: float) -> None:
    f = getattr(special, name)
    with mp.workdps(40):
        first, second = [float(mp.diff(lambda t: SPHERICAL[name](n, t), x, k)) for k in (1, 2)]
    assert wg.grad(lambda x: f(n, x))(x) == pytest.approx(first, rel=1e-10)
    assert wg.grad(wg.grad(lambda x: f(n, x)))(x) == pytest.approx(second, rel=1e-9)
    assert wg.grad(lambda x: f(n, x, derivative=True))(x) == pytest.approx(second, rel=1e-9)


POLYNOMIALS = {
    "eval_legendre": (mp.legendre, ()),
    "eval_chebyt": (mp.chebyt, ()),
    "eval_chebyu": (mp.chebyu, ()),
    "eval_hermite": (mp.hermite, ()),
    "eval_laguerre": (lambda n, x: mp.laguerre(n, 0, x), ()),
    "eval_genlaguerre": (mp.laguerre, (0.7,)),
    "eval_gegenbauer": (mp.gegenbauer, (0.7,)),
    "eval_jacobi": (mp.jacobi, (0.7, 1.2)),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
@pytest.mark.parametrize("n", [0, 1, 6])
def test_polynomials(name: str, n: int) -> None:
    exact, parameters = POLYNOMIALS[name]
    f = lambda x: getattr(sc, name)(n, *parameters, x)
    with mp.workdps(40):
        g = lambda t: exact(n, *map(mp.mpf, parameters), t)
        first, second = [float(mp.diff(g, 0.37, k)) for k in (1, 2)]
    assert wg.grad(f)(0.37) == pytest.approx(first, rel=1e-11, abs=1e-13)
    assert wg.grad(wg.grad(f))(0.37) == pytest.approx(second, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("s, q", [(2.5, 0.7), (1.01, 3.0), (12.0, 40.0)])
def test_hurwitz_zeta(s: float, q: float) -> None:
    found = wg.grad(special.zeta, argnums=(0, 1))(s, q)
    with mp.workdps(40):
        for i in range(2):
            expected = float(differential(mp.zeta, (s, q), i))
            assert found[i] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("k, x", [(0, 0.7), (0, -0.3), (-1, -0.3)])
def test_lambert(k: int, x: float) -> None:
    w = sc.lambertw(x, k)
    found = wg.vjp(lambda z: special.lambertw(z, k), x + 0j)[1](1.0)[0]
    assert np.conj(found) == pytest.approx(w / (x * (1 + w)), rel=1e-12)


def test_expn() -> None:
    for n, x in ((0, 0.5), (1, 0.5), (3, 2.0)):
        with mp.workdps(30):
            expected = float(mp.diff(lambda t, n=n: mp.expint(n, t), x))
        assert wg.grad(lambda x, n=n: sc.expn(n, x))(x) == pytest.approx(expected, rel=1e-12)


# -- poles, branch points, and arguments outside of the domain -------------------------------------


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name, args",
    [
        ("y0", (-1.0,)),
        ("kv", (0.5, -1.0)),
        ("jv", (0.5, -1.0)),
        ("ellipk", (2.0,)),
        ("hyp2f1", (0.5, 0.7, 1.2, 3.0)),
        ("exp1", (-1.0,)),
        ("expn", (2.0, -1.0)),
    ],
)
def test_outside_of_the_domain(name: str, args: tuple[float, ...]) -> None:
    """NaN (or what SciPy gives), quietly and without a crash."""
    f = getattr(sc, name)
    i = len(args) - 1
    value, slope = wg.value_and_grad(f, argnums=i)(*args)
    assert np.array_equal(value, f(*args), equal_nan=True)
    assert np.isnan(slope) or not np.isnan(value)


def test_cosine_integrals_of_negative_numbers() -> None:
    for f in (sc.sici, sc.shichi):
        slope = wg.grad(lambda x, f=f: f(x)[1])
        assert f(-1.3)[1] == f(1.3)[1]
        assert slope(-1.3) == -slope(1.3)


def test_at_poles() -> None:
    with np.errstate(all="ignore"):
        assert wg.grad(sc.k0)(0.0) == -np.inf
        assert np.isnan(wg.grad(sc.ellipk)(1.0)) or wg.grad(sc.ellipk)(1.0) == np.inf
        assert wg.grad(sc.exp1)(0.0) == -np.inf
