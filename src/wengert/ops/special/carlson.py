"""Carlson's elliptic integrals: DLMF 19.16, and the integrals that their derivatives are.

All of them are multiples of

    C(z; b, a) = integral from 0 to infinity of t**(a - 1) (t + z_1)**-b_1 (t + z_2)**-b_2 ... dt

whose derivative in z_i is -b_i C with b_i one larger: one primitive is closed under differentiation
to any order (its record keeps the integers 2 b_i). The integrand is positive for positive z:
nothing cancels, also where arguments coincide and the recurrences of the literature divide 0 by 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import add, fit, mul
from wengert.ops.families import broadcast_shapes, elementwise
from wengert.ops.special.family import apply, special
from wengert.types import Type

_STEP = 0.4  # of log t: the integrand is analytic in a strip 2 pi wide, the error exp(-2 pi**2 / h)
_DIGITS = 40.0  # exp(-40) is left out at either end
_BLOCK = 200_000  # numbers in a block of elements and nodes


def carlson_integral(*zs: Any, halves: tuple[int, ...], power: int) -> Any:
    """C(zs; halves / 2, power) on plain arrays, by the trapezoidal rule in log t.

    The rule converges geometrically for integrands analytic in a strip (Trefethen and Weideman,
    SIAM Review 56, 2014, 385).
    """
    dtype = np.result_type(*[np.asarray(z).dtype for z in zs])
    wide = np.result_type(dtype, np.float64)
    zs = np.broadcast_arrays(*[np.asarray(z, wide) for z in zs])
    shape = zs[0].shape
    with np.errstate(all="ignore"):
        values = _in_blocks(np.stack([z.ravel() for z in zs]), np.array(halves) / 2, power)
    return values.reshape(shape).astype(dtype)[()]


def _in_blocks(zs: Any, exponents: Any, power: int) -> Any:
    values = np.empty(zs.shape[1], zs.dtype)
    if not values.size:
        return values
    low, high, step = _ranges(zs, exponents, power)
    n = np.ceil(np.max((high - low) / step))
    n_nodes = int(n) + 1 if np.isfinite(n) else 2
    width = (high - low) / (n_nodes - 1)
    k = np.arange(n_nodes)[:, None]
    size = max(1, _BLOCK // n_nodes)
    for start in range(0, values.size, size):
        part = slice(start, start + size)
        s = low[part] + k * width[part]
        logs = power * s
        for z, b in zip(zs[:, part], exponents, strict=True):
            if b:
                logs = logs - b * np.log(np.exp(s) + z)
        values[part] = np.sum(np.exp(logs), axis=0) * width[part]
    # A power of t that is not integrable at 0.
    zeros = np.sum(np.where(zs == 0, exponents[:, None], 0.0), axis=0)
    return np.where(zeros >= power, np.inf, values)


def _ranges(zs: Any, exponents: Any, power: int) -> tuple[Any, Any, Any]:
    """Where log t begins and ends, and the longest step."""
    size = np.abs(zs)
    zeros = np.sum(np.where(size == 0, exponents[:, None], 0.0), axis=0)
    is_given = (size > 0) & np.isfinite(size)
    smallest = np.min(np.where(is_given, size, np.inf), axis=0)
    largest = np.max(np.where(is_given, size, 0.0), axis=0)
    usable = is_given.any(axis=0) & (power > zeros) & ~np.isnan(zs).any(axis=0)
    rate = np.where(usable, power - zeros, 1.0)
    low = np.log(np.where(usable, smallest, 1.0)) - _DIGITS / rate
    high = np.log(np.where(usable, largest, 1.0)) + _DIGITS / (np.sum(exponents) - power)
    angle = np.max(np.abs(np.angle(zs)), axis=0) if zs.dtype.kind == "c" else 0.0
    return low, high, _STEP * np.maximum(1.0 - angle / np.pi, 0.02)


def _type(*zs: Any, halves: Any, power: int) -> Type:
    dtypes = [z.dtype for z in zs if isinstance(z, Type)]
    return Type(broadcast_shapes("carlson_integral", *zs), np.result_type(*dtypes))


def _jvp(args: Any, out: Any, tangents: Any, *, halves: Any, power: int) -> Any:
    total = None
    for i, dz in enumerate(tangents):
        if dz is not None and halves[i]:
            term = fit(mul(dz, derived(args, halves, power, i)), out.type)
            total = term if total is None else add(total, term)
    return total


carlson_p: Primitive = elementwise(
    "carlson_integral",
    carlson_integral,
    type_rule=_type,
    jvp=_jvp,
    flops=5000,
    emit=Unsupported("the quadrature is NumPy's"),
    domain="no argument on the negative real axis; NaN there",
)


def derived(zs: Sequence[Any], halves: tuple[int, ...], power: int, i: int) -> Any:
    """The derivative of C(zs; halves / 2, power) in argument i."""
    more = tuple([b + 2 * (j == i) for j, b in enumerate(halves)])
    return -0.5 * halves[i] * apply(carlson_p, *zs, halves=more, power=power)


def _by_quadrature(halves: tuple[int, ...], factor: float) -> list[Any]:
    """The partials of factor C(zs; halves / 2, 1)."""
    return [lambda out, *zs, i=i: factor * derived(zs, halves, 1, i) for i in range(len(halves))]


_DOMAIN = "no argument on the negative real axis"

elliprd_p = special(
    "elliprd",
    *_by_quadrature((1, 1, 3), 1.5),
    domain=_DOMAIN,
    flops=100,
)
elliprf_p = special(
    "elliprf",
    lambda out, x, y, z: apply(elliprd_p, y, z, x) / -6.0,
    lambda out, x, y, z: apply(elliprd_p, x, z, y) / -6.0,
    lambda out, x, y, z: apply(elliprd_p, x, y, z) / -6.0,
    domain=_DOMAIN,
    flops=100,
)


def _elliprg(i: int) -> Any:
    halves = tuple([1 + 2 * (j == i) for j in range(3)])
    return lambda out, *zs: apply(carlson_p, *zs, halves=halves, power=2) / 8.0


special("elliprg", *[_elliprg(i) for i in range(3)], domain=_DOMAIN, flops=100)
special(
    "elliprj",
    *_by_quadrature((1, 1, 1, 2), 1.5),
    domain=f"{_DOMAIN}: where p < 0 SciPy gives the principal value, the derivative is NaN",
    flops=200,
)


def _elliprc(out: Any, x: Any, y: Any, i: int) -> Any:
    halves = (1, 2)
    if out.dtype.kind == "c":
        return 0.5 * derived((x, y), halves, 1, i)
    is_value = y > 0  # else the principal value, sqrt(x / (x - y)) R_C(x - y, -y); DLMF 19.2.20
    plain = 0.5 * derived((x, np.where(is_value, y, 1.0)), halves, 1, i)
    w = np.where(is_value, 1.0, -y)
    u = x + w
    root = np.sqrt(x / u)
    by_u, by_w = [0.5 * derived((u, w), halves, 1, j) for j in range(2)]
    if i == 0:
        principal = root * by_u + 0.5 * out * w / (u * np.where(x == 0, math.inf, x))
    else:
        principal = 0.5 * out / u - root * (by_u + by_w)
    return np.where(is_value, plain, principal)


special(
    "elliprc",
    lambda out, x, y: _elliprc(out, x, y, 0),
    lambda out, x, y: _elliprc(out, x, y, 1),
    domain="x >= 0, y != 0; the principal value where y < 0",
    flops=50,
)
