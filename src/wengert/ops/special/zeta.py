"""The zeta functions of Riemann and Hurwitz, and their derivatives in s.

By Euler and Maclaurin's formula (DLMF 25.11.28), every term expanded in powers of a step in s, so
that one evaluation gives the derivative of any order. Left of Re s = 1/2, where the
formula cancels, by interpolation of SciPy's values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import add, fit, mul
from wengert.ops.families import broadcast_shapes, elementwise
from wengert.ops.special.family import ScipyUfunc, apply, special
from wengert.ops.special.parameters import MAX_ORDER, interpolated
from wengert.types import Type

_N_SUMMED = 20
# B_2k / (2k)!
_BERNOULLI = [
    (-1) ** (k + 1)
    * 2
    * float(sum([n ** (-2.0 * k) for n in range(1, 60)]))
    / (2 * math.pi) ** (2 * k)
    for k in range(2, 14)
]
_BERNOULLI.insert(0, 1 / 12)


def _power_series(base: Any, s: Any, n: int) -> list[Any]:
    """Coefficients in e of base**-(s + e)."""
    logarithm = np.log(base)
    series = [base ** (-s)]
    for k in range(1, n + 1):
        series.append(series[-1] * -logarithm / k)
    return series


def _times_linear(series: list[Any], constant: Any) -> list[Any]:
    """The series times (constant + e), to the same order."""
    return [constant * c + (series[k - 1] if k else 0.0) for k, c in enumerate(series)]


def _over_linear(series: list[Any], constant: Any) -> list[Any]:
    """The series divided by (constant + e)."""
    quotient: list[Any] = []
    for k, c in enumerate(series):
        quotient.append((c - (quotient[k - 1] if k else 0.0)) / constant)
    return quotient


def derivative_in_s(s: Any, q: Any, n: int) -> Any:
    """The n-th derivative in s of sum_k (k + q)**-s, continued to Re s >= 0."""
    n_summed = _N_SUMMED + int(np.max(np.abs(np.imag(s)), initial=0.0))
    total = sum([_power_series(q + k, s, n)[n] for k in range(n_summed)])
    a = q + n_summed
    series = _power_series(a, s, n)
    total = total + a * _over_linear(series, s - 1)[n] + 0.5 * series[n]
    series = _times_linear([c / a for c in series], s)
    for k, bernoulli in enumerate(_BERNOULLI):
        total = total + bernoulli * series[n]
        for shift in (2 * k + 1, 2 * k + 2):
            series = _times_linear([c / a for c in series], s + shift)
    return math.factorial(n) * total


# -- Hurwitz ---------------------------------------------------------------------------------------


def _hurwitz_array(s: Any, q: Any, *, n: int) -> Any:
    dtype = np.result_type(np.asarray(s).dtype, np.asarray(q).dtype)
    wide = np.result_type(np.asarray(s).dtype, np.float64)
    s, q = np.broadcast_arrays(np.asarray(s, wide), np.asarray(q, np.float64))
    with np.errstate(all="ignore"):
        inside = (np.real(s) > 1) & (q > 0)
        values = derivative_in_s(np.where(inside, s, 2.0), np.where(inside, q, 1.0), n)
    return np.where(inside, values, np.nan).astype(dtype)[()]


def _hurwitz_jvp(args: Any, out: Any, tangents: Any, *, n: int) -> Any:
    s, q = args
    terms = []
    if tangents[0] is not None:
        terms.append(mul(tangents[0], apply(hurwitz_derivative_p, s, q, n=n + 1)))
    if tangents[1] is not None:  # of -s zeta(s + 1, q), n times
        slope = -s * apply(hurwitz_derivative_p, s + 1.0, q, n=n)
        lower = (
            apply(hurwitz_derivative_p, s + 1.0, q, n=n - 1) if n > 1 else apply(zeta_p, s + 1.0, q)
        )
        terms.append(mul(tangents[1], slope - n * lower))
    terms = [fit(t, out.type) for t in terms]
    return terms[0] if len(terms) == 1 else add(*terms)


def _hurwitz_type(s: Any, q: Any, *, n: int) -> Type:
    dtypes = [x.dtype for x in (s, q) if isinstance(x, Type)]
    return Type(broadcast_shapes("zeta", s, q), np.result_type(*dtypes))


hurwitz_derivative_p: Primitive = elementwise(
    "hurwitz_zeta_derivative",
    _hurwitz_array,
    type_rule=_hurwitz_type,
    jvp=_hurwitz_jvp,
    flops=1000,
    emit=Unsupported("Euler and Maclaurin's formula is NumPy's"),
    domain="s > 1, q > 0",
)
zeta_p: Primitive = special(
    "_zeta",
    lambda out, s, q: apply(hurwitz_derivative_p, s, q, n=1),
    lambda out, s, q: -s * apply(zeta_p, s + 1.0, q),  # DLMF 25.11.17
    primitive="hurwitz_zeta",
    domain="s > 1, q > 0",
)

# -- Riemann ---------------------------------------------------------------------------------------


def _left(k: int, s: Any, unused: Any) -> Any:
    return ScipyUfunc("_riemann_zeta")(s)


def _left_width(i: int, s: Any, unused: Any) -> Any:
    """A fifth of the way to the pole, and less where Gamma(1 - s) grows fast."""
    return np.minimum(0.2 * np.abs(1.0 - s), 2.0 / (1.0 + np.log1p(np.abs(s))))


def _riemann_array(s: Any, *, n: int) -> Any:
    dtype = np.asarray(s).dtype
    s = np.asarray(s, np.result_type(dtype, np.float64))
    with np.errstate(all="ignore"):
        is_right = np.real(s) >= 0.5
        values = derivative_in_s(np.where(is_right, s, 2.0), 1.0, n)
        if not np.all(is_right):
            mirrored = np.where(is_right, -1.0, s)
            left = interpolated(
                _left, 0, [(0, n)], _left_width, [mirrored, np.zeros_like(mirrored)]
            )
            values = np.where(is_right, values, left if n <= MAX_ORDER else np.nan)
    return np.asarray(values, dtype)[()]


riemann_derivative_p: Primitive = elementwise(
    "riemann_zeta_derivative",
    _riemann_array,
    type_rule=lambda s, *, n: s,
    jvp=lambda args, out, tangents, *, n: fit(
        mul(tangents[0], apply(riemann_derivative_p, args[0], n=n + 1)), out.type
    ),
    flops=1000,
    emit=Unsupported("Euler and Maclaurin's formula is NumPy's"),
    poles="1",
    domain=f"Re s >= 1/2; left of it up to order {MAX_ORDER}, NaN beyond",
)
for _name in ("_riemann_zeta", "zetac"):
    special(
        _name,
        lambda out, s: apply(riemann_derivative_p, s, n=1),
        primitive=_name.removeprefix("_"),
        poles="1",
    )
