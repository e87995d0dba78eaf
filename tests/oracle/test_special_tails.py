"""Bessel, elliptic, hypergeometric functions at the far ends of their domains, at 50 digits.

Each row names a function, its reference, points, the argument that is differentiated, and relative
tolerances of the value, the first and the second derivative: those of SciPy's values. Where
arguments coincide, parameters vanish or arguments are large, simpler formulas lose all digits.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

import wengert as wg
from wengert.scipy import special

DIGITS = 50


@dataclass(frozen=True)
class Row:
    name: str
    f: Any
    reference: Any
    points: list[Any]
    argnum: int = -1
    tol: tuple[float, float, float] = (1e-13, 1e-13, 1e-12)
    scale: float = 0.0  # tolerances are relative to this fraction of the value at least


def part(f: Any, k: int) -> Any:
    return lambda *xs: f(*xs)[k]


def scaled(f: Any, sign: int, order: float) -> Any:
    return lambda x: mp.exp(sign * abs(x)) * f(order, x)


REAL = [-47.0, -0.7, 1e-8, 0.01, 3.3, 12.0, 300.0]
TAIL = [1e-8, 0.7, 24.0, 26.0, 300.0, 1e8]
ORDERS = [(0.0, 0.7), (0.3, 1e-6), (2.5, 9.0), (50.0, 30.0), (40.0, 300.0)]
PARAMETER = [-1e4, -3.0, -1e-9, 0.0, 1e-9, 0.3, 1 - 1e-9]
INCOMPLETE = [(1e-4, 0.5), (0.7, 0.0), (1.5, -50.0), (3.0, 1e-9), (-20.0, 0.999999)]
JACOBI = [(0.7, 1e-9), (3.0, 0.3), (9.0, 0.999)]
CARLSON = [(1.0, 1.0, 1.0), (0.5, 0.5, 2.0), (1e-8, 1.0, 1e8), (3.0, 2.0, 2.0 + 1e-9)]
CONFLUENT = [(0.7, 1.4, -30.0), (3.0, 0.6, 0.2), (-1.3, 2.2, 4.0)]
GAUSS = [(0.7, 1.4, 2.3, -20.0), (1.0, 2.0, 3.5, 0.95), (-0.4, 0.3, 0.9, 0.2)]
INTERPOLATED = (1e-12, 1e-12, 1e-10)


def _zeta_in(x: Any) -> Any:
    return 2 * x * mp.sqrt(x) / 3


ROWS = [
    Row("j0", sc.j0, lambda x: mp.besselj(0, x), REAL),
    Row("j1", sc.j1, lambda x: mp.besselj(1, x), REAL),
    Row("i0e", sc.i0e, scaled(mp.besseli, -1, 0), [-40.0, -3.3, *TAIL]),
    Row("k1e", sc.k1e, scaled(mp.besselk, 1, 1), [300.0, 1e6]),
    *[
        Row(name, getattr(sc, name), f, ORDERS, tol=(1e-12, 1e-12, 1e-12))
        for name, f in (("jv", mp.besselj), ("yv", mp.bessely), ("kv", mp.besselk))
    ],
    *[
        Row(f"{name}, order", getattr(sc, name), f, ORDERS, 0, (1e-12, 1e-12, 1e-11), 1.0)
        for name, f in (("jv", mp.besselj), ("yv", mp.bessely), ("iv", mp.besseli))
    ],
    Row("kv, order", sc.kv, mp.besselk, ORDERS[:-1], 0, (1e-12, 1e-12, 1e-11), 1.0),
    Row(
        "ive",
        sc.ive,
        lambda v, x: mp.exp(-x) * mp.besseli(v, x),
        [(2.0, 1e5), (9.0, 60.0)],
        tol=(1e-13, 1e-12, 1e-11),
    ),
    Row("kve", sc.kve, lambda v, x: mp.exp(x) * mp.besselk(v, x), [(2.0, 1e5), (0.3, 40.0)]),
    Row(
        "spherical_jn",
        lambda x: special.spherical_jn(5, x),
        lambda x: mp.sqrt(mp.pi / 2 / x) * mp.besselj(5.5, x),
        [0.01, 0.7, 9.0, 60.0],
    ),
    Row("ber", sc.ber, lambda x: mp.ber(0, x), [0.01, 0.7, 5.0, 30.0]),
    Row("airy", part(sc.airy, 0), mp.airyai, [-60.0, -1.0, 0.0, 1.2, 30.0], scale=1.0),
    Row(
        "airye",
        part(sc.airye, 0),
        lambda x: mp.airyai(x) * mp.exp(_zeta_in(x)),
        [0.7, 1.2, 30.0, 1e4],
    ),
    Row("ellipk", sc.ellipk, mp.ellipk, PARAMETER),
    Row("ellipe", sc.ellipe, mp.ellipe, PARAMETER),
    Row("ellipkm1", sc.ellipkm1, lambda p: mp.ellipk(1 - p), [1e-12, 0.3, 30.0]),
    Row("ellipkinc", sc.ellipkinc, mp.ellipf, INCOMPLETE),
    Row("ellipeinc", sc.ellipeinc, mp.ellipe, INCOMPLETE),
    Row("ellipkinc, angle", sc.ellipkinc, mp.ellipf, INCOMPLETE[1:], 0),
    *[
        Row(
            f"ellipj {kind}",
            part(sc.ellipj, k),
            lambda u, m, kind=kind: mp.ellipfun(kind, u, m=m),
            JACOBI,
            tol=(1e-13, 1e-12, 1e-10),
        )
        for k, kind in enumerate(("sn", "cn", "dn"))
    ],
    Row("elliprf", sc.elliprf, mp.elliprf, CARLSON, 1),
    Row("elliprd", sc.elliprd, mp.elliprd, CARLSON, 0),
    Row("elliprg", sc.elliprg, mp.elliprg, CARLSON, 2),
    Row("elliprj", sc.elliprj, mp.elliprj, [(*xs, 1e-5) for xs in CARLSON[:2]]),
    Row("elliprc", sc.elliprc, mp.elliprc, [(1.0, 1.0), (1.0, 1 + 1e-9), (0.3, 1e-8), (2.0, -0.5)]),
    Row("agm", sc.agm, mp.agm, [(1.0, 1.0), (1.0, 1e-8), (24.0, 6.0)]),
    Row("hyp0f1", sc.hyp0f1, mp.hyp0f1, [(0.3, -3.0), (2.5, 40.0)]),
    *[Row(f"hyp1f1 {i}", sc.hyp1f1, mp.hyp1f1, CONFLUENT, i, INTERPOLATED) for i in range(3)],
    *[Row(f"hyp2f1 {i}", sc.hyp2f1, mp.hyp2f1, GAUSS, i, (1e-12, 1e-12, 1e-9)) for i in range(4)],
    Row("hyperu", sc.hyperu, mp.hyperu, [(0.7, 1.4, 0.5)], tol=(1e-9, 1e-9, 1e-9)),
    Row("hyperu a", sc.hyperu, mp.hyperu, [(0.7, 1.4, 0.5)], 0, (1e-9, 1e-7, 1e-5)),
    Row("pbdv", lambda x: sc.pbdv(0.7, x)[0], lambda x: mp.pcfd(0.7, x), [-3.0, 1.0]),
    Row("zeta", special.zeta, mp.zeta, [-20.5, -0.5, 0.0, 0.4, 1.1, 7.0], tol=INTERPOLATED),
    Row("zeta, s", special.zeta, mp.zeta, [(1.1, 0.1), (2.0, 1.0), (7.0, 30.0)], 0),
    Row("spence", sc.spence, lambda z: mp.polylog(2, 1 - z), [0.01, 1 - 1e-7, 1.0, 1.2, 30.0]),
    Row("expn", lambda x: sc.expn(2, x), lambda x: mp.expint(2, x), [1e-5, 0.7, 60.0]),
    Row("sici", part(sc.sici, 0), mp.si, [0.0, 1e-5, 0.7, 60.0]),
    Row("shichi", part(sc.shichi, 0), mp.shi, [0.0, 0.7, 1.2, 60.0]),
    *[
        Row(
            f"lambertw {k}",
            lambda x, k=k: np.real(special.lambertw(x, k)),
            lambda x, k=k: mp.lambertw(x, k).real,
            points,
        )
        for k, points in ((0, [-0.367, 0.0, 1e5]), (-1, [-0.367, -1e-9]))
    ],
    *[
        Row(
            f"legendre {n}",
            lambda x, n=n: sc.eval_legendre(n, x),
            lambda x, n=n: mp.legendre(n, x),
            [-1.0, -0.3, 0.5, 1.0],
            tol=(1e-12, 1e-12, 1e-12),
            scale=1.0,
        )
        for n in (0, 1, 5, 50)
    ],
    Row(
        "genlaguerre, alpha",
        lambda a, x: sc.eval_genlaguerre(6, a, x),
        lambda a, x: mp.laguerre(6, a, x),
        [(0.3, 0.5), (2.0, 7.0)],
        0,
        (1e-13, 1e-11, 1e-9),
    ),
    Row(
        "jacobi, alpha",
        lambda a, b, x: sc.eval_jacobi(6, a, b, x),
        lambda a, b, x: mp.jacobi(6, a, b, x),
        [(0.3, 0.4, 0.5)],
        0,
        (1e-13, 1e-12, 1e-10),
    ),
    Row("lpmv", lambda x: sc.lpmv(2, 3, x), lambda x: 15 * x * (1 - x * x), [-0.9, 0.4, 0.99]),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_against_mpmath(row: Row) -> None:
    for point in row.points:
        xs = list(point) if isinstance(point, tuple) else [point]
        i = row.argnum % len(xs)

        def of_one(f: Any, number: Any, xs: Any = xs, i: int = i) -> Any:
            return lambda t: f(*[t if k == i else number(x) for k, x in enumerate(xs)])

        f = of_one(row.f, float)
        found = [f(xs[i]), wg.grad(f)(xs[i]), wg.grad(wg.grad(f))(xs[i])]
        with mp.workdps(DIGITS):
            g = of_one(row.reference, mp.mpf)
            expected = [g(mp.mpf(xs[i])), *[mp.diff(g, mp.mpf(xs[i]), n) for n in (1, 2)]]
        for k, (x, y) in enumerate(zip(found, expected, strict=True)):
            assert abs(x - float(y)) <= row.tol[k] * max(
                abs(float(y)), row.scale * abs(found[0])
            ), (point, k, x, y)


def test_mixed_derivatives_in_order_and_argument():
    v, x = 1.3, 2.1
    with mp.workdps(DIGITS):
        mixed = float(mp.diff(mp.besselj, (v, x), (1, 1)))
        third = float(mp.diff(mp.besselj, (v, x), (2, 1)))
    by_order = wg.grad(sc.jv, argnums=0)
    assert wg.grad(by_order, argnums=1)(v, x) == pytest.approx(mixed, rel=1e-12)
    assert wg.grad(wg.grad(sc.jv, argnums=1))(v, x) == pytest.approx(mixed, rel=1e-12)
    assert wg.grad(wg.grad(by_order), argnums=1)(v, x) == pytest.approx(third, rel=1e-10)


def test_complex_arguments():
    z, v = 1.2 - 0.7j, 0.8
    cases = [
        (sc.hankel1, mp.hankel1),
        (sc.hankel2e, lambda v, z: mp.exp(1j * z) * mp.hankel2(v, z)),
        (sc.kve, lambda v, z: mp.exp(z) * mp.besselk(v, z)),
        (sc.yv, mp.bessely),
    ]
    for f, g in cases:
        with mp.workdps(DIGITS):
            by_argument = complex(mp.diff(lambda t, g=g: g(v, t), mp.mpc(z)))
            by_order = complex(mp.diff(lambda t, g=g: g(t, mp.mpc(z)), v))
        assert wg.jvp(lambda t, f=f: f(v, t), (z,), (1.0 + 0j,))[1] == pytest.approx(by_argument)
        assert wg.jvp(lambda t, f=f: f(t, z), (v,), (1.0,))[1] == pytest.approx(by_order)


# -- kinks, poles, ends and branch cuts ------------------------------------------------------------


def test_at_zero_and_at_poles():
    with np.errstate(all="ignore"):
        assert wg.grad(sc.j0)(0.0) == 0.0
        assert wg.grad(sc.j1)(0.0) == 0.5
        assert wg.grad(lambda x: sc.jv(0.5, x))(0.0) == np.inf  # like the square root
        assert wg.grad(sc.i0e)(0.0) == 0.0  # exp(-|x|) has a kink there: the mean
        for f in (sc.y0, sc.y1, lambda x: sc.yv(2.5, x), lambda x: sc.yn(3, x)):
            assert wg.grad(f)(0.0) == np.inf
        for f in (sc.k0, sc.k1, lambda x: sc.kv(2.5, x)):
            assert wg.grad(f)(0.0) == -np.inf
        assert wg.grad(lambda x: special.spherical_yn(2, x))(0.0) == np.inf
        assert wg.grad(sc.ellipk)(1.0) == np.inf
        assert wg.grad(sc.ellipe)(1.0) == -np.inf
        assert np.isinf(wg.grad(sc.exp1)(0.0))
        assert wg.grad(lambda x: sc.sici(x)[0])(0.0) == 1.0
        assert wg.grad(lambda x: np.real(special.lambertw(x)))(0.0) == 1.0


def test_outside_the_domain_it_is_nan_and_nobody_warns():
    outside = [
        (sc.y0, -1.0),
        (sc.k1, -1.0),
        (lambda x: sc.yv(0.5, x), -1.0),
        (lambda x: sc.jv(0.5, x), -1.0),
        (sc.ellipk, 1.5),
        (lambda x: sc.elliprf(1.0, 2.0, x), -1.0),
        (lambda s: special.zeta(s, 2.0), 0.5),
        (lambda a: sc.jv(a, np.nan), 0.5),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for f, x in outside:
            assert np.isnan(f(x))
            assert np.isnan(wg.grad(f)(x))


def test_scaled_functions_do_not_overflow():
    for f in (sc.i0e, sc.k0e, lambda x: sc.ive(2.5, x), lambda x: sc.kve(2.5, x)):
        slope = wg.grad(f)(1e6)
        assert slope == pytest.approx(-0.5 * f(1e6) / 1e6, rel=1e-4)
    assert np.isfinite(wg.grad(sc.ive, argnums=0)(2.5, 1e4))


def test_negative_arguments_of_scaled_functions():
    for f, parity in ((sc.i0e, 1), (sc.i1e, -1)):
        assert wg.grad(f)(-1.3) == -parity * wg.grad(f)(1.3)
        assert wg.grad(wg.grad(f))(-1.3) == parity * wg.grad(wg.grad(f))(1.3)


def test_branch_cuts_are_scipys():
    """On the negative axis the derivative is that of the side whose value SciPy gives."""
    for z in (complex(-1.3, 0.0), complex(-1.3, -0.0)):
        for f in (lambda z: sc.kv(0.3, z), sc.exp1, special.lambertw, sc.spence):
            near = z + complex(0.0, 1e-9 if abs(f(z) - f(z + 1e-9j)) < 1e-6 else -1e-9)
            slope = wg.jvp(f, (z,), (1.0 + 0j,))[1]
            assert slope == pytest.approx(wg.jvp(f, (near,), (1.0 + 0j,))[1], rel=1e-6)


def test_legendre_at_the_ends():
    slope = wg.grad(lambda x: sc.lpmv(0, 3, x))
    assert (slope(1.0), slope(-1.0)) == (6.0, 6.0)
    assert wg.grad(lambda x: sc.eval_legendre(3, x))(1.0) == 6.0
    assert wg.grad(lambda x: special.diric(x, 5))(2 * np.pi) == pytest.approx(0.0, abs=1e-14)


def test_spherical_harmonics_at_the_pole_and_beyond():
    def real(theta: Any) -> Any:
        return np.real(special.sph_harm_y(2, 1, theta, 0.4))

    assert wg.grad(real)(1e-9) == pytest.approx(wg.grad(real)(0.0), rel=1e-8)
    # SciPy's values are even in theta.
    assert wg.grad(real)(-0.3) == pytest.approx(-wg.grad(real)(0.3), rel=1e-14)


# -- SciPy's derivative functions, kept promises ---------------------------------------------------


def test_derivatives_that_scipy_gives():
    for name, f in (("jvp", sc.jv), ("yvp", sc.yv), ("ivp", sc.iv), ("kvp", sc.kv)):
        expected = getattr(sc, name)(1.5, 2.2, 2)
        assert getattr(special, name)(1.5, 2.2, 2) == expected
        second = wg.grad(wg.grad(f, argnums=1), argnums=1)(1.5, 2.2)
        assert second == pytest.approx(expected, rel=1e-13)
        slope = wg.grad(lambda x, name=name: getattr(special, name)(1.5, x))(2.2)
        assert slope == pytest.approx(expected, rel=1e-13)
    for name in ("h1vp", "h2vp"):
        slope = wg.jvp(lambda x, name=name: getattr(special, name)(1.5, x), (2.2,), (1.0,))[1]
        assert slope == pytest.approx(getattr(sc, name)(1.5, 2.2, 2), rel=1e-13)
    for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
        f, g = getattr(special, name), getattr(sc, name)
        for n in (0, 3):
            assert wg.grad(lambda x, n=n, f=f: f(n, x))(1.3) == pytest.approx(g(n, 1.3, True))
            value = wg.vjp(lambda x, n=n, f=f: f(n, x, derivative=True), 1.3)[0]
            assert value == pytest.approx(g(n, 1.3, True), rel=1e-13)
    found, expected = wg.jvp(lambda x: special.legendre_p(4, x, diff_n=2), (0.3,), (1.0,))
    reference = sc.legendre_p(4, 0.3, diff_n=2)
    np.testing.assert_allclose(found, reference, rtol=1e-13)
    np.testing.assert_allclose(expected[:2], reference[1:], rtol=1e-13)


def test_polynomial_objects_and_zeros_are_scipys():
    assert wg.grad(lambda x: sc.legendre(3)(x))(0.4) == pytest.approx(0.5 * (15 * 0.16 - 3))
    np.testing.assert_array_equal(special.jn_zeros(0, 2), sc.jn_zeros(0, 2))


def test_compiled_degrees_stay_integers():
    f = wg.jit(lambda x: sc.eval_legendre(np.arange(4), x) + sc.yn(2, x))
    x = np.array([0.1, 0.3, 0.6, 0.9])
    np.testing.assert_array_equal(f(x), sc.eval_legendre(np.arange(4), x) + sc.yn(2, x))
