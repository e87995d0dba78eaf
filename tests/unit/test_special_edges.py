"""Special functions at poles, ends of domains, infinity and NaN: what the derivative is there."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special as sc

import wengert as wg
from wengert.scipy import special

inf, nan = np.inf, np.nan

# name, point, gradient: without any warning.
QUIET: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("gammainc", (2.0, 0.0), (0.0, 0.0)),
    ("gammainc", (1.0, 0.0), (0.0, 1.0)),
    ("gammainc", (0.5, 0.0), (0.0, inf)),
    ("gammainc", (2.0, inf), (0.0, 0.0)),
    ("gammainc", (0.0, 2.0), (-sc.exp1(2.0), 0.0)),  # from the right
    ("gammainc", (-1.0, 2.0), (nan, nan)),
    ("gammainc", (2.0, -1.0), (nan, nan)),
    ("gammaincinv", (2.0, 2.0), (nan, nan)),
    ("betainc", (2.0, 3.0, 0.0), (0.0, 0.0, 0.0)),
    ("betainc", (1.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
    ("betainc", (0.0, 1.0, 0.3), (np.log(0.3), 0.0, 0.0)),  # from the right
    ("betainc", (2.0, 3.0, 1.5), (nan, nan, nan)),
    ("gamma", (0.0,), (-inf,)),
    ("gamma", (-1.0,), (nan,)),
    ("gamma", (200.0,), (inf,)),
    ("gammaln", (0.0,), (-inf,)),
    ("gammaln", (-2.0,), (nan,)),
    ("gammaln", (inf,), (inf,)),
    ("loggamma", (-1.5,), (nan,)),
    ("rgamma", (-3.0,), (-6.0,)),
    ("rgamma", (inf,), (0.0,)),
    ("psi", (-2.0,), (inf,)),
    ("binom", (3.0, 5.0), (-0.05, 0.05)),
    ("gammasgn", (-1.5,), (0.0,)),
    ("erfinv", (1.0,), (inf,)),
    ("erfinv", (2.0,), (nan,)),
    ("erfcinv", (0.0,), (-inf,)),
    ("erfcx", (inf,), (0.0,)),
    ("dawsn", (inf,), (0.0,)),
    ("ndtri", (0.0,), (inf,)),
    ("ndtri", (2.0,), (nan,)),
    ("log_ndtr", (-1e200,), (1e200,)),
    ("log_ndtr", (inf,), (0.0,)),
    ("owens_t", (inf, 1.0), (0.0, 0.0)),
    ("expit", (1000.0,), (0.0,)),
    ("logit", (2.0,), (nan,)),
    ("log_expit", (-1e5,), (1.0,)),
    ("xlogy", (0.0, 2.0), (np.log(2.0), 0.0)),
    ("xlogy", (1.0, -1.0), (nan, nan)),
    ("entr", (-1.0,), (nan,)),
    ("rel_entr", (-1.0, 1.0), (nan, nan)),
    ("huber", (1.0, 1.0), (0.0, 1.0)),
    ("huber", (-1.0, 1.0), (nan, nan)),
    ("pseudo_huber", (0.0, 1.0), (1.0, 0.0)),
    ("boxcox", (0.0, 2.0), (0.0, 0.25)),
    ("boxcox", (2.0, 0.0), (0.5, 0.5 * np.log(2.0) ** 2)),
    ("boxcox", (-1.0, 0.5), (nan, nan)),
    ("inv_boxcox", (2.0, 0.0), (np.exp(2.0), -2.0 * np.exp(2.0))),
    ("exprel", (0.0,), (0.5,)),
    ("powm1", (-2.0, 2.0), (-4.0, nan)),
    ("chdtr", (2.0, 0.0), (0.0, 0.5)),
    ("stdtr", (3.0, 0.0), (0.0, 2.0 / (np.pi * np.sqrt(3.0)))),
    ("stdtr", (3.0, inf), (0.0, 0.0)),
    ("gdtr", (1.0, 2.0, -1.0), (nan, nan, nan)),
]
# Where the derivative is infinite IEEE arithmetic says so, as for the square root at 0.
INFINITE: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("gammaincinv", (2.0, 0.0), (0.0, inf)),
    ("betaincinv", (2.0, 3.0, 0.0), (0.0, 0.0, inf)),
    ("log_ndtr", (-inf,), (inf,)),
    ("logit", (0.0,), (inf,)),
    ("xlogy", (0.0, 0.0), (-inf, 0.0)),
    ("xlog1py", (0.0, -1.0), (-inf, 0.0)),
    ("entr", (0.0,), (inf,)),
    ("rel_entr", (0.0, 1.0), (-inf, 0.0)),
    ("kl_div", (0.0, 1.0), (-inf, 1.0)),
    ("rel_entr", (1.0, 0.0), (inf, -inf)),
]


def gradient(name: str, point: tuple[float, ...]) -> Any:
    f = getattr(sc, name)
    return wg.grad(lambda *xs: f(*xs), argnums=tuple(range(len(point))))(*point)


def identify(row: Any) -> str:
    return f"{row[0]}{row[1]}"


@pytest.mark.parametrize("row", QUIET, ids=identify)
def test_without_a_warning(row: Any) -> None:
    name, point, expected = row
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gradient(name, point)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-140)


@pytest.mark.parametrize("row", INFINITE, ids=identify)
def test_infinite_derivatives(row: Any) -> None:
    name, point, expected = row
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gradient(name, point)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_reciprocal_gamma_at_its_zeros(n: int) -> None:
    """(-1)**n n!, and the second derivative by the reflection formula."""
    factorial = float(sc.factorial(n))
    assert gradient("rgamma", (-float(n),))[0] == pytest.approx((-1) ** n * factorial, rel=1e-14)
    second = wg.grad(wg.grad(sc.rgamma))(-float(n))
    assert second == pytest.approx(-2 * (-1) ** n * factorial * sc.psi(n + 1), rel=1e-12)


def test_binomial_coefficients_off_the_triangle() -> None:
    """Below and beyond 0 <= k <= n a factor of 1/Gamma vanishes, its derivative does not."""
    polynomial = lambda n: n * (n - 1) * (n - 2) / 6
    for n in (0.0, 1.0, 2.0, 7.0):
        slope = wg.grad(lambda n: sc.binom(n, 3.0))(n)
        assert slope == pytest.approx(wg.grad(polynomial)(n), rel=1e-12)


def test_number_of_choices_outside_its_domain_is_constant() -> None:
    assert wg.grad(special.comb, argnums=(0, 1))(3.0, 5.0) == (0.0, 0.0)
    assert wg.grad(special.factorial)(-2.5) == 0.0


def test_integers_become_floats() -> None:
    """As in SciPy, for arguments that are not differentiated."""
    assert wg.grad(lambda x: sc.gammainc(2, x))(1.0) == pytest.approx(np.exp(-1.0))
    assert wg.grad(lambda x: np.sum(sc.xlogy(np.array([0, 2]), x)))(4.0) == pytest.approx(0.5)
    assert wg.grad(lambda x: sc.bdtr(1, 2, x))(0.5) == pytest.approx(-1.0)
