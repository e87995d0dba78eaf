"""Functions of SciPy around the gamma function that are no ufuncs: polygamma, comb, factorial …"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import convert
from wengert.ops.functions import as_operand
from wengert.ops.special.family import apply
from wengert.ops.special.gamma import binom_p, gamma_p, gammaln_p, poch_p
from wengert.ops.special.gamma import polygamma as polygamma_of_order
from wengert.scipy.dispatch import follows_scipy

__all__ = ["comb", "factorial", "multigammaln", "perm", "polygamma", "sinc", "softplus"]


@follows_scipy("special")
def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of the digamma function.

    Parameters
    ----------
    n : int or array of int
        At least 0; not differentiated.
    x : array
        Real; complex too where `n` is one number, which SciPy does not have.

    Notes
    -----
    Infinite or NaN at the poles 0, -1, -2, .... Source: DLMF 5.15.

    Examples
    --------
    >>> import wengert as wg
    >>> from wengert.scipy import special
    >>> wg.grad(lambda x: special.polygamma(1, x))(1.0) == special.polygamma(2, 1.0)
    np.True_
    """
    if isinstance(n, (int, np.integer)):
        return polygamma_of_order(int(n), _double(x))
    orders, x = np.asarray(n), _double(x)
    found = _double(np.full(orders.shape, np.nan))
    for order in np.unique(orders):
        found = np.where(orders == order, polygamma_of_order(int(order), x), found)
    return found


@follows_scipy("special")
def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension `d`, for a > (d - 1)/2."""
    a = _double(a)
    terms = [apply(gammaln_p, a - 0.5 * j) for j in range(int(d))]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total + 0.25 * d * (d - 1) * math.log(math.pi)


@follows_scipy("special")
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """The number of choices of k out of N: `binom`, and 0 unless 0 <= k <= N."""
    _refuse_exact("comb", exact)
    if repetition:
        return comb(N + k - 1, k)
    N, k = as_operand(N), as_operand(k)
    return np.where((k <= N) & (N >= 0) & (k >= 0), apply(binom_p, N, k), 0.0)


@follows_scipy("special")
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """The number of sequences of k out of N: N! / (N - k)!, and 0 unless 0 <= k <= N."""
    _refuse_exact("perm", exact)
    N, k = as_operand(N), as_operand(k)
    return np.where((k <= N) & (N >= 0) & (k >= 0), apply(poch_p, N - k + 1, k), 0.0)


@follows_scipy("special")
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Gamma(n + 1); 0 for n < 0 unless `extend` is "complex"."""
    _refuse_exact("factorial", exact)
    n = as_operand(n)
    n = _double(n) if n.ndim else n  # SciPy's dtypes
    if extend == "complex":
        return apply(gamma_p, n + 1.0)
    return np.where(n < 0, 0.0, apply(gamma_p, np.where(n < 0, 0.0, n) + 1.0))


def _double(x: Any) -> Any:
    """In double precision, which SciPy gives for single, too."""
    x = as_operand(x)
    return convert(x, np.result_type(x.dtype, np.float64))


def _refuse_exact(name: str, exact: bool) -> None:
    if exact:
        raise ArgumentError(
            f"scipy.special.{name}: exact=True gives Python integers, which have no derivative.",
            got="a traced argument",
            expected="exact=False",
        )


@follows_scipy("special")
def softplus(x: Any, **kwargs: Any) -> Any:
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(0.0, x, **kwargs)


@follows_scipy("special")
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x)."""
    return np.sinc(x)
