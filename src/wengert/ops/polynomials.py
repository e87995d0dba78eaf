"""NumPy's functions of polynomials, coefficients from the highest power down.

All are compositions; `polyfit` goes through `np.linalg.lstsq`, `roots` through `np.linalg.eigvals`.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.convolution import convolve
from wengert.ops.core import convert, full, iota, mul, reshape, sub, zeros_of
from wengert.ops.elementwise import div, power
from wengert.ops.linalg.common import is_known
from wengert.trace.tracer import implements
from wengert.types import Type


def _coefficients(name: str, p: Any) -> Any:
    p = as_operand(p)
    if len(p.shape) > 1:
        raise ShapeError(
            f"{name}: the coefficients of a polynomial must be a vector.",
            got=describe(p=p),
            expected="p: [n], the highest power first",
        )
    return p if p.shape else reshape(p, (1,))


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The polynomial at `x`, by Horner's rule."""
    p, x = as_operand(p), as_operand(x)
    y: Any = zeros_of(x)
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Coefficients of the m-th derivative."""
    p = as_operand(p)
    for _ in range(_order("polyder", m)):
        n = p.shape[0] - 1
        p = mul(p[:-1], sub(n, iota(max(n, 0))))
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Coefficients of the m-th antiderivative; `k` holds the constants of integration."""
    p = as_operand(p)
    m = _order("polyint", m)
    constants = full((m,), 0.0, np.float64) if k is None else as_operand(k)
    constants = constants if constants.shape else reshape(constants, (1,))
    if constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ShapeError(
            "polyint: there are too few constants of integration.",
            got=describe(k=constants),
            expected=f"one number, or {m}",
        )
    for i in range(m):
        n = p.shape[0]
        p = np.concatenate((div(p, sub(n, iota(n))), constants[i : i + 1]))
    return p


def _order(name: str, m: int) -> int:
    m = operator.index(m)
    if m < 0:
        raise ArgumentError(f"{name}: the order is negative.", got=f"m={m}", expected="m >= 0")
    return m


def _aligned(name: str, a1: Any, a2: Any) -> tuple[Any, Any]:
    """Both with the same number of coefficients, zeros put before the shorter."""
    a1, a2 = _coefficients(name, a1), _coefficients(name, a2)
    n, m = a1.shape[0], a2.shape[0]
    if n < m:
        a1 = np.concatenate((zeros_of(Type((m - n,), a1.dtype)), a1))
    elif m < n:
        a2 = np.concatenate((zeros_of(Type((n - m,), a2.dtype)), a2))
    return a1, a2


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The sum of two polynomials."""
    a1, a2 = _aligned("polyadd", a1, a2)
    return a1 + a2


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The difference of two polynomials."""
    a1, a2 = _aligned("polysub", a1, a2)
    return sub(a1, a2)


def _without_leading_zeros(p: Any) -> Any:
    """Where the highest coefficients are zero they are left out: a decision on their values."""
    while p.shape[0] > 1 and bool(p[0] == 0):
        p = p[1:]
    return p


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The product of two polynomials, without leading zeros of the factors.

    What is a leading zero is a decision on values, after which nothing depends on it.
    """
    a1, a2 = _coefficients("polymul", a1), _coefficients("polymul", a2)
    return convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Quotient and remainder; the remainder without leading zeros (a decision on its values)."""
    u, v = _coefficients("polydiv", u) + 0.0, _coefficients("polydiv", v) + 0.0
    dtype = np.result_type(u.dtype, v.dtype)
    m, n = u.shape[0] - 1, v.shape[0] - 1
    rest, quotient = convert(u, dtype), []
    for k in range(m - n + 1):
        factor = div(rest[k], v[0])
        quotient.append(factor)
        changed = sub(rest[k : k + n + 1], mul(factor, v))
        rest = np.concatenate((rest[:k], changed, rest[k + n + 1 :]))
    while rest.shape[0] > 1 and bool(np.abs(rest[0]) <= 1e-8):
        rest = rest[1:]
    return np.stack(quotient) if quotient else zeros_of(Type((1,), dtype)), rest


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The matrix of powers of `x`, one row an element."""
    x = as_operand(x)
    if len(x.shape) != 1:
        raise ShapeError("vander: x must be a vector.", got=describe(x=x), expected="x: [n]")
    n = x.shape[0] if N is None else operator.index(N)
    x = convert(x, np.promote_types(x.dtype, int))
    exponents = iota(n) if increasing else sub(n - 1, iota(n))
    return power(reshape(x, (x.shape[0], 1)), exponents)


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """Coefficients of the polynomial with these roots, or of a matrix's characteristic one."""
    zeros = as_operand(seq_of_zeros)
    shape = zeros.shape
    if len(shape) == 2 and shape[0] == shape[1] and shape[0]:
        zeros = np.linalg.eigvals(zeros)
    elif len(shape) > 1:
        raise ShapeError(
            "poly: the roots must be a vector, or the argument a square matrix.",
            got=describe(seq_of_zeros=zeros),
            expected="[n] or [n, n]",
        )
    if not shape:
        zeros = reshape(zeros, (1,))
    if not zeros.shape[0]:
        return 1.0
    if zeros.dtype.kind in "iub" or zeros.dtype == np.float16:
        zeros = convert(zeros, np.float64)
    one = full((1,), 1.0, zeros.dtype)
    result = one
    for i in range(zeros.shape[0]):
        result = convolve(result, np.concatenate((one, -zeros[i : i + 1])))
    if zeros.dtype.kind == "c" and bool(np.all(np.sort(zeros) == np.sort(np.conjugate(zeros)))):
        result = np.real(result)
    return result


@implements(np.roots)
def roots(p: Any) -> Any:
    """The roots, as eigenvalues of the companion matrix.

    Zero coefficients at both ends are left out: a decision on their values, after which nothing
    depends on them.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.grad(lambda p: np.max(np.real(np.roots(p))))(np.array([1.0, -3.0, 2.0]))
    array([-4., -2., -1.])
    """
    p = _coefficients("roots", p)
    n_zeros = 0
    while p.shape[0] and bool(p[0] == 0):
        p = p[1:]
    while p.shape[0] and bool(p[-1] == 0):
        p, n_zeros = p[:-1], n_zeros + 1
    if p.dtype.kind in "iub":
        p = convert(p, np.float64)
    if p.shape[0] < 2:
        return np.zeros(n_zeros)
    first = reshape(-p[1:] / p[0], (1, p.shape[0] - 1))
    found = np.linalg.eigvals(np.concatenate((first, np.eye(p.shape[0] - 2, p.shape[0] - 1))))
    if not n_zeros:
        return found
    return np.concatenate((found, zeros_of(Type((n_zeros,), found.dtype))))


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """The polynomial of degree `deg` that fits the points best in the sense of least squares.

    Differentiable in points, values and weights. Parameters and results as in NumPy; where the
    points determine the coefficients only poorly there is NumPy's RankWarning.
    """
    x, y = as_operand(x) + 0.0, as_operand(y) + 0.0
    order = operator.index(deg) + 1
    if (
        order < 1
        or len(x.shape) != 1
        or not x.shape[0]
        or len(y.shape) not in (1, 2)
        or (x.shape[0] != y.shape[0])
    ):
        raise ShapeError(
            "polyfit: the points, values and degree do not fit.",
            got=f"{describe(x=x, y=y)}, deg={deg}",
            expected="x: [n], y: [n] or [n, k], n > 0, deg >= 0",
        )
    rcond = x.shape[0] * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    matrix, values = vander(x, order), y
    if w is not None:
        w = as_operand(w) + 0.0
        if w.shape != x.shape:
            raise ShapeError(
                "polyfit: there must be one weight a point.",
                got=describe(x=x, w=w),
                expected="w: [n]",
            )
        matrix = matrix * w[:, None]
        values = values * (w[:, None] if len(y.shape) == 2 else w)
    scale = np.sqrt(np.sum(matrix * matrix, axis=0))
    matrix = matrix / scale
    c, residuals, rank, s = np.linalg.lstsq(matrix, values, rcond)
    c = c / (scale[:, None] if len(y.shape) == 2 else scale)
    if full:
        return c, residuals, rank, s, rcond
    if is_known(rank) and int(rank) != order:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    if not cov:
        return c
    base = np.linalg.inv(matrix.T @ matrix) / np.outer(scale, scale)
    factor = 1.0 if cov == "unscaled" else _residual_factor(residuals, x.shape[0], order)
    return c, (base if len(y.shape) == 1 else base[:, :, None]) * factor


def _residual_factor(residuals: Any, n: int, order: int) -> Any:
    if n <= order:
        raise ArgumentError(
            "polyfit: there are too few points to scale the covariance.",
            got=f"{n} points for {order} coefficients",
            expected="more points than coefficients",
            try_="cov='unscaled'",
        )
    return residuals / (n - order)
