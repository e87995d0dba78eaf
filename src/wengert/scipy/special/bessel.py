"""Functions of scipy.special that are not ufuncs: derivatives of Bessel functions, spherical ones,
spherical harmonics, and others whose values are those of one primitive."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.special import FUNCTIONS
from wengert.ops.special import legendre as _legendre
from wengert.scipy.dispatch import follows_scipy

__all__ = [
    "diric",
    "h1vp",
    "h2vp",
    "ivp",
    "jvp",
    "kvp",
    "lambertw",
    "legendre_p",
    "sph_harm_y",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
    "yvp",
    "zeta",
]

# -- derivatives of Bessel functions ---------------------------------------------------------------


def _derivative_of_order(
    shown: str, name: str, v: Any, z: Any, n: Any, signs: tuple[int, int]
) -> Any:
    """The n-th derivative by 2 f_v' = below f_(v-1) + above f_(v+1); DLMF 10.6.7, 10.29.5."""
    n = _count(n, shown)
    below, above = signs
    f = FUNCTIONS[name]
    total: Any = 0.0
    for i in range(n + 1):
        factor = math.comb(n, i) * below ** (n - i) * above**i / 2**n
        total = total + factor * f(v - n + 2 * i, z)
    return total


def _count(n: Any, name: str) -> int:
    n = operator.index(n)
    if n < 0:
        raise ArgumentError(
            f"{name}: the order of the derivative is negative.", got=f"n={n}", expected="n >= 0"
        )
    return n


@follows_scipy("special")
def jvp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of J_v at z."""
    return _derivative_of_order("jvp", "jv", v, z, n, (1, -1))


@follows_scipy("special")
def yvp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of Y_v at z."""
    return _derivative_of_order("yvp", "yv", v, z, n, (1, -1))


@follows_scipy("special")
def ivp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of I_v at z."""
    return _derivative_of_order("ivp", "iv", v, z, n, (1, 1))


@follows_scipy("special")
def kvp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of K_v at z."""
    return _derivative_of_order("kvp", "kv", v, z, n, (-1, -1))


@follows_scipy("special")
def h1vp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of the first Hankel function at z."""
    return _derivative_of_order("h1vp", "hankel1", v, z, n, (1, -1))


@follows_scipy("special")
def h2vp(v: Any, z: Any, n: int = 1) -> Any:
    """The n-th derivative of the second Hankel function at z."""
    return _derivative_of_order("h2vp", "hankel2", v, z, n, (1, -1))


# -- spherical Bessel functions --------------------------------------------------------------------


@follows_scipy("special")
def spherical_jn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The spherical Bessel function of the first kind, or its derivative.

    Parameters
    ----------
    n : int or array of int
        The order, n >= 0.
    z : array
        Real or complex.
    derivative : bool
        The derivative in `z` instead of the value.

    Examples
    --------
    >>> import wengert as wg
    >>> from wengert.scipy import special
    >>> wg.grad(lambda x: special.spherical_jn(0, x))(0.0)
    np.float64(-0.0)
    """
    return FUNCTIONS["spherical_jn"](n, z, derivative)


@follows_scipy("special")
def spherical_yn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The spherical Bessel function of the second kind, or its derivative."""
    return FUNCTIONS["spherical_yn"](n, z, derivative)


@follows_scipy("special")
def spherical_in(n: Any, z: Any, derivative: bool = False) -> Any:
    """The modified spherical Bessel function of the first kind, or its derivative."""
    return FUNCTIONS["spherical_in"](n, z, derivative)


@follows_scipy("special")
def spherical_kn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The modified spherical Bessel function of the second kind, or its derivative."""
    return FUNCTIONS["spherical_kn"](n, z, derivative)


# -- on the sphere and the circle ------------------------------------------------------------------


@follows_scipy("special")
def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """The spherical harmonic of degree n and order m at polar angle theta and azimuth phi.

    The derivative in `theta` has no pole at the poles of the sphere. `diff_n` is SciPy's way to
    get derivatives; traced angles are differentiated by transforms instead.
    """
    if diff_n:
        raise ArgumentError(
            "sph_harm_y: diff_n with traced angles.",
            got=f"diff_n={diff_n}",
            expected="diff_n=0",
            try_="wengert.jvp or wengert.jacobian of sph_harm_y",
        )
    return _legendre.sph_harm_y(n, m, theta, phi)


@follows_scipy("special")
def legendre_p(n: Any, z: Any, *, diff_n: int = 0) -> Any:
    """The Legendre polynomial of degree n and its first `diff_n` derivatives, along axis 0."""
    values = [FUNCTIONS["eval_legendre"](n, z)]
    factor: Any = 1.0
    for k in range(1, _count(diff_n, "legendre_p") + 1):
        factor = factor * 0.5 * (n + k)
        values.append(factor * FUNCTIONS["eval_jacobi"](n - k, float(k), float(k), z))
    return np.stack(values)


@follows_scipy("special")
def diric(x: Any, n: Any) -> Any:
    """Dirichlet's kernel sin(n x / 2) / (n sin(x / 2)), exact where the denominator vanishes."""
    return _legendre.diric(x, n)


# -- zeta and W ------------------------------------------------------------------------------------


@follows_scipy("special")
def zeta(x: Any, q: Any = None, out: None = None) -> Any:
    """Riemann's zeta function, or Hurwitz's with `q`."""
    return FUNCTIONS["_riemann_zeta"](x) if q is None else FUNCTIONS["_zeta"](x, q)


@follows_scipy("special")
def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    """Lambert's W on branch k, always complex: W exp(W) = z."""
    return FUNCTIONS["_lambertw"](z, k, tol)
