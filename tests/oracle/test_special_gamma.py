"""Special functions against mpmath at 40 digits: values, first and second derivatives.

The tolerances are relative, for the value (SciPy's accuracy), first and second derivatives. Points
lie in the tails, near poles, at whole and negative arguments. Incomplete gamma and beta functions:
test_special_incomplete.py.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

import wengert as wg
from oracle.against_mpmath import Row, compare, one
from wengert.scipy import special


def normal(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def lower(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def beta_lower(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def owens(h: Any, a: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def kolmogorov(x: Any) -> Any:
    return 2 * sum((-1) ** (k - 1) * mp.exp(-2 * k * k * x * x) for k in range(1, 40))


def voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    z = (x + 1j * gamma) / (sigma * mp.sqrt(2))
    return mp.re(mp.exp(-z * z) * mp.erfc(-1j * z)) / (sigma * mp.sqrt(2 * mp.pi))


def box(x: Any, power: Any) -> Any:
    return (x**power - 1) / power


ROWS = [
    Row("erf", mp.erf, one(-3, 0.1, 2.5)),
    Row("erfc", mp.erfc, one(-3, 0.1, 10)),
    Row("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), one(-3, 0.1, 0.3, 2, 1e4)),
    Row("erfi", mp.erfi, one(-3, 5)),
    Row("erfinv", mp.erfinv, one(0.1, 0.999999)),
    Row("erfcinv", lambda y: mp.erfinv(1 - y), one(0.3, 1e-12)),
    Row(
        "dawsn",
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        one(-3, 6.9, 7.1, 25),
        (1e-14, 1e-13, 5e-12),
    ),
    Row("ndtr", normal, one(-8, 0.1, 4)),
    Row("log_ndtr", lambda x: mp.log(normal(x)), one(-300, -30, -1, 0.1, 7)),
    Row("ndtri", lambda p: -mp.sqrt(2) * mp.erfinv(1 - 2 * p), one(1e-9, 0.7)),
    Row("kolmogorov", kolmogorov, one(0.3, 0.99, 1.01, 3)),
    Row("owens_t", owens, [(3.0, -2.0)]),
    Row("voigt_profile", voigt, [(0.5, 0.7, 0.3)]),
    Row("expit", lambda x: 1 / (1 + mp.exp(-x)), one(-40, 0.3, 30)),
    Row("logit", lambda x: mp.log(x / (1 - x)), one(1e-10, 0.3)),
    Row("log_expit", lambda x: -mp.log1p(mp.exp(-x)), one(-40, 0.3, 30)),
    Row("xlogy", lambda x, y: x * mp.log(y), [(0.3, 2.0)]),
    Row("xlog1py", lambda x, y: x * mp.log1p(y), [(0.3, 1e-5)]),
    Row("entr", lambda x: -x * mp.log(x), one(0.3)),
    Row("rel_entr", lambda x, y: x * mp.log(x / y), [(0.3, 2.0)]),
    Row("kl_div", lambda x, y: x * mp.log(x / y) - x + y, [(0.3, 2.0)]),
    Row(
        "pseudo_huber", lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1), [(1, 1e-3), (0.2, 2)]
    ),
    Row("boxcox", box, [(2.0, 1e-9), (0.3, -1.5), (1e5, 3.0)]),
    Row("boxcox1p", lambda x, p: box(1 + x, p), [(2.0, 1e-9), (1e-8, -1.5)]),
    Row("inv_boxcox", lambda y, p: (1 + y * p) ** (1 / p), [(2.0, 1e-9), (0.3, -1.5), (3.0, 2.0)]),
    Row("inv_boxcox1p", lambda y, p: (1 + y * p) ** (1 / p) - 1, [(2.0, 1e-9), (0.3, -1.5)]),
    Row("exprel", lambda x: mp.expm1(x) / x, one(1e-7, -50, 30)),
    Row("exp10", lambda x: mp.mpf(10) ** x, one(-3, 2.5)),
    Row("cosm1", lambda x: mp.cos(x) - 1, one(1e-5, 2)),
    Row("powm1", lambda x, y: x**y - 1, [(2.0, 1e-9), (0.3, 4.0)]),
    Row("sindg", lambda x: mp.sin(mp.radians(x)), one(30, 200)),
    Row("cosdg", lambda x: mp.cos(mp.radians(x)), one(30, 200)),
    Row("tandg", lambda x: mp.tan(mp.radians(x)), one(30, 200)),
    Row("gamma", mp.gamma, one(0.3, -2.5, 50)),
    # SciPy's psi loses digits near its poles.
    Row("gamma", mp.gamma, one(-1 + 1e-6), (1e-14, 1e-10, 1e-10)),
    Row("gammaln", lambda x: mp.log(abs(mp.gamma(x))), one(0.3, -2.5, 1e5)),
    Row("loggamma", mp.loggamma, one(0.3, 1e5)),
    Row("rgamma", mp.rgamma, one(0.3, -2.5, -3, 0, 50, -20.3)),
    Row("psi", lambda x: mp.psi(0, x), one(0.3, -2.5, 1e5)),
    Row("beta", mp.beta, [(0.3, 2.0), (20.0, 30.0), (-0.5, 1.2)]),
    Row("betaln", lambda a, b: mp.log(abs(mp.beta(a, b))), [(0.3, 2.0), (20.0, 30.0)]),
    Row("poch", mp.rf, [(0.3, 2.2), (20.0, 3.0)]),
    Row("binom", mp.binomial, [(5.2, 2.3), (3.0, 5.0), (30.0, 2.0), (-1.5, 2.0), (4.0, -1.0)]),
    Row("chdtr", lambda v, x: lower(v / 2, x / 2), [(3.0, 4.0), (30.0, 200.0)]),
    Row("gdtr", lambda a, b, x: lower(b, a * x), [(3.0, 4.0, 0.2)]),
    Row(
        "fdtr",
        lambda n, d, x: beta_lower(n / 2, d / 2, n * x / (d + n * x)),
        [(3.0, 40.0, 20.0)],
        (1e-13, 1e-12, 1e-10),
    ),
    Row(
        "stdtr",
        lambda v, t: beta_lower(v / 2, mp.mpf(1) / 2, v / (v + t * t)) / 2,
        [(3.0, -1.0), (30.0, -6.0), (0.5, -100.0)],
        (1e-13, 1e-12, 1e-10),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_value_and_derivatives(row: Row) -> None:
    compare(row)


# -- complex arguments -----------------------------------------------------------------------------

ENTIRE = {
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda z: mp.exp(z * z) * mp.erfc(z),
    "erfi": mp.erfi,
    "wofz": lambda z: mp.exp(-z * z) * mp.erfc(-1j * z),
    "dawsn": lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z),
    "gamma": mp.gamma,
    "rgamma": mp.rgamma,
    "loggamma": mp.loggamma,
    "psi": lambda z: mp.psi(0, z),
    "log_ndtr": lambda z: mp.log(normal(z)),
    "ndtr": normal,
}


@pytest.mark.parametrize("name", ENTIRE)
def test_complex_derivatives(name: str) -> None:
    f = getattr(sc, name)
    for z in (0.3 + 0.8j, -2.2 + 0.4j):
        with mp.workdps(40):
            first, second = [mp.diff(ENTIRE[name], mp.mpc(z), n) for n in (1, 2)]
        derivative = wg.grad(f, holomorphic=True)
        assert derivative(z) == pytest.approx(complex(first), rel=1e-12)
        assert wg.grad(derivative, holomorphic=True)(z) == pytest.approx(complex(second), rel=1e-11)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_complex_polygamma(n: int) -> None:
    for z in (0.3 + 0.8j, -7.2 + 0.1j, 30 + 40j, 1e-3 + 0j):
        with mp.workdps(40):
            exact = complex(mp.psi(n, mp.mpc(z)))
        found = wg.vjp(lambda z: special.polygamma(n, z), z)[0]
        assert found == pytest.approx(exact, rel=1e-11)


def test_fresnel() -> None:
    for k in range(2):
        slope = wg.grad(lambda x: sc.fresnel(x)[k])(1.3)
        assert slope == pytest.approx((np.sin, np.cos)[k](0.5 * np.pi * 1.3**2), rel=1e-14)


# -- high order ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, exact, x, tol",
    [
        ("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), 3.0, 1e-12),
        ("log_ndtr", lambda x: mp.log(normal(x)), -5.0, 1e-10),
        ("rgamma", mp.rgamma, -2.0, 1e-11),
        ("exprel", lambda x: mp.expm1(x) / x, -0.2, 1e-12),
        ("psi", lambda x: mp.psi(0, x), 0.7, 1e-12),
    ],
)
def test_fifth_derivative(name: str, exact: Any, x: float, tol: float) -> None:
    _, series = wg.jet(getattr(sc, name), (x,), ([1.0, 0.0, 0.0, 0.0, 0.0],))
    with mp.workdps(50):
        assert float(series[4]) == pytest.approx(float(mp.diff(exact, x, 5)), rel=tol)
