"""Write `src/wengert/native/elementary/coefficients.py`: `python -m docs.tools.coefficients`.

Each polynomial interpolates at Chebyshev points in 60 digits (within a few percent of the minimax
error for functions as smooth as these); the degree is the least whose error, weighted with the
polynomial's share in the result, stays under the target. Constants are split so that the products
named beside them are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

mp.dps = 60
PATH = Path(__file__).parents[2] / "src/wengert/native/elementary/coefficients.py"
BITS = {"f8": 53, "f4": 24}


class Polynomial(NamedTuple):
    """`f` on an interval; its error times `weight` is the relative error of the result."""

    f: Callable[[Any], Any]
    low: Any
    high: Any
    weight: Callable[[Any], Any]
    target: int | None = None  # bits, in double precision only; else each kind's, and four more


def _even(g: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of z = s² given as a function of s."""
    return lambda z: g(mp.sqrt(z))


_HALF_LN2 = mp.log(2) / 2 * mpf("1.001")
_LOG_Z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.001")
_QUARTER = (mp.pi / 4 * mpf("1.001")) ** 2
_EIGHTH = mp.tan(mp.pi / 8) ** 2 * mpf("1.001")
_2_LN2 = 2 / mp.log(2)


def _atanh2(s: Any) -> Any:
    return 2 * mp.atanh(s)


ERFC_CENTER = {"f8": 4.0, "f4": 2.5}
ERFC_END = {"f8": 28, "f4": mpf("10.5")}


def _erfc_scaled(a: float) -> Callable[[Any], Any]:
    """(1 + 2 x) exp(x²) erfc(x) as a function of t = (x - a) / (x + a)."""

    def f(t: Any) -> Any:
        x = a * (1 + t) / (1 - t)
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)

    return f


def _erfc_interval(kind: str) -> tuple[Any, Any]:
    a = ERFC_CENTER[kind]
    low, high = mpf("0.67"), ERFC_END[kind]
    return (low - a) / (low + a), (high - a) / (high + a)


POLYNOMIALS = {
    # exp(r) = 1 + r + r² q(r)
    "exp": Polynomial(lambda r: (mp.expm1(r) - r) / r**2, -_HALF_LN2, _HALF_LN2, lambda r: r),
    # 2^r = 1 + r q(r)
    "exp2": Polynomial(
        lambda r: mp.expm1(r * mp.log(2)) / r, mpf("-0.5005"), mpf("0.5005"), lambda r: r
    ),
    "exp2_short": Polynomial(
        lambda r: mp.expm1(r * mp.log(2)) / r, mpf("-0.5005"), mpf("0.5005"), lambda r: r, 31
    ),
    # log((1 + s) / (1 - s)) = 2 s + s z p(z), z = s²
    "log": Polynomial(
        _even(lambda s: (_atanh2(s) - 2 * s) / s**3), mpf(0), _LOG_Z, lambda z: z / 2
    ),
    # log2((1 + s) / (1 - s)) = s (c0 + z (c1 + z p(z)))
    "log_power": Polynomial(
        _even(lambda s: (_2_LN2 * mp.atanh(s) / s - _2_LN2 - _2_LN2 / 3 * s**2) / s**4),
        mpf(0),
        _LOG_Z,
        lambda z: z**2 / _2_LN2,
        69,
    ),
    "log2_short": Polynomial(
        _even(lambda s: (_2_LN2 * mp.atanh(s) / s - _2_LN2) / s**2),
        mpf(0),
        _LOG_Z,
        lambda z: z / _2_LN2,
        44,
    ),
    # sin(r) = r + r z p(z); cos(r) = 1 - z/2 + z² p(z)
    "sin": Polynomial(_even(lambda r: (mp.sin(r) - r) / r**3), mpf(0), _QUARTER, lambda z: z),
    "cos": Polynomial(
        _even(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4),
        mpf(0),
        _QUARTER,
        lambda z: z**2 * mp.sqrt(2),
    ),
    "sin_short": Polynomial(
        _even(lambda r: (mp.sin(r) - r) / r**3), mpf(0), _QUARTER, lambda z: z, 31
    ),
    "cos_short": Polynomial(
        _even(lambda r: (mp.cos(r) - 1) / r**2), mpf(0), _QUARTER, lambda z: z * mp.sqrt(2), 31
    ),
    # arcsin(s) = s + s z p(z); arctan(t) = t + t z p(z)
    "arcsin": Polynomial(
        _even(lambda s: (mp.asin(s) - s) / s**3), mpf(0), mpf("0.2505"), lambda z: z
    ),
    "arctan": Polynomial(_even(lambda t: (mp.atan(t) - t) / t**3), mpf(0), _EIGHTH, lambda z: z),
    # erf(x) = x + x p(z)
    "erf": Polynomial(_even(lambda x: mp.erf(x) / x - 1), mpf(0), mpf("0.7400"), lambda z: 1),
    # m^(-1/3), a first guess
    "cbrt": Polynomial(lambda m: mp.cbrt(1 / m), mpf(1), mpf(2), lambda m: mp.cbrt(m), 13),
}


def _not_zero(x: Any) -> Any:
    """Where a removable 0/0 would lose all digits, a point beside it."""
    return x if abs(x) > mpf(10) ** -25 else mpf(10) ** -25


def _chebyshev(p: Polynomial, degree: int) -> tuple[list[Any], Any]:
    """Coefficients, highest power first, and the largest weighted error on a fine grid."""
    n = degree + 1
    middle, radius = (p.low + p.high) / 2, (p.high - p.low) / 2
    nodes = [mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    values = [p.f(_not_zero(middle + radius * t)) for t in nodes]
    series = []
    for j in range(n):
        total = sum(v * mp.cos(j * mp.acos(t)) for v, t in zip(values, nodes, strict=True))
        series.append(total * (1 if j == 0 else 2) / n)
    # Chebyshev polynomials in powers of u = (x - middle) / radius, then u in powers of x.
    powers = [mpf(0)] * n
    before, now = [mpf(1)], [mpf(0), mpf(1)]
    for c in series:
        for i, a in enumerate(before):
            powers[i] += c * a
        following = [mpf(0), *[2 * a for a in now]]
        for i, a in enumerate(before):
            following[i] -= a
        before, now = now, following
    coefficients = [mpf(0)]
    for c in reversed(powers):  # Horner's scheme with the polynomial u(x)
        scaled = [mpf(0), *[a / radius for a in coefficients]]
        for i, a in enumerate(coefficients):
            scaled[i] -= a * middle / radius
        scaled[0] += c
        coefficients = scaled
    coefficients = list(reversed(coefficients[:n]))
    error = mpf(0)
    for i in range(1, 200):
        x = middle + radius * mp.cos(mp.pi * (i + mpf("0.37")) / 201)
        error = max(error, abs((mp.polyval(coefficients, x) - p.f(x)) * p.weight(x)))
    return coefficients, error


def fit(p: Polynomial, kind: str) -> tuple[float, ...]:
    """The shortest polynomial within the target, rounded to `kind`."""
    target = p.target or BITS[kind] + 4
    for degree in range(2, 40):
        coefficients, error = _chebyshev(p, degree)
        if error < mpf(2) ** -target:
            return tuple([rounded(c, kind) for c in coefficients])
    raise ValueError("no polynomial of degree below 40 suffices")


def rounded(x: Any, kind: str) -> float:
    return float(x) if kind == "f8" else float(np.float32(float(x)))


def truncated(x: Any, bits: int) -> float:
    """`x` rounded to a number of significant bits."""
    mantissa, exponent = mp.frexp(x)
    return float(mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits))


def split(x: Any, kind: str, *bits: int) -> tuple[float, ...]:
    """Parts that sum to `x`: the first ones of so many bits, the last of all."""
    parts = []
    for n in bits:
        parts.append(truncated(x, n))
        x = x - mpf(parts[-1])
    return (*parts, rounded(x, kind))


def constants(kind: str) -> dict[str, tuple[float, ...]]:
    p = BITS[kind]
    ln2, ln10 = mp.log(2), mp.log(10)
    k_bits = 11 if kind == "f8" else 8  # of an exponent
    return {
        "ln2": split(ln2, kind, p),
        "ln2_times_k": split(ln2, kind, p - k_bits),  # k times the first part is exact
        "log2_e": split(1 / ln2, kind, p),
        "log10_e": split(1 / ln10, kind, p),
        "log10_2_times_k": split(ln2 / ln10, kind, p - k_bits),
        "pi": split(mp.pi, kind, p),
        "half_pi": split(mp.pi / 2, kind, p),
        "quarter_pi": split(mp.pi / 4, kind, p),
        "three_quarters_pi": split(3 * mp.pi / 4, kind, p),
        # k times the second part is exact for |k| < 2^18
        "half_pi_times_k": split(mp.pi / 2, kind, p, 35 if kind == "f8" else 12),
        "two_over_pi": (rounded(2 / mp.pi, kind),),
        "log_power_0": split(_2_LN2, kind, p),
        "log_power_1": split(_2_LN2 / 3, kind, p),
        "tan_eighth_pi": (rounded(mp.tan(mp.pi / 8), kind),),
        "cbrt_2": (rounded(mp.cbrt(mpf(1) / 2), kind), rounded(mp.cbrt(2), kind)),
        "sqrt_half": (rounded(mp.sqrt(mpf(1) / 2), kind),),
        "erfc_center": (ERFC_CENTER[kind],),
    }


def text() -> str:
    """The module, as ruff formats it."""
    polynomials: dict[tuple[str, str], tuple[float, ...]] = {}
    for name, p in POLYNOMIALS.items():
        for kind in ("f8", "f4"):
            if p.target is None or kind == "f8" or name == "cbrt":
                polynomials[name, kind] = fit(p, kind)
    for kind in ("f8", "f4"):
        low, high = _erfc_interval(kind)
        p = Polynomial(_erfc_scaled(ERFC_CENTER[kind]), low, high, lambda t: 1)
        polynomials["erfc", kind] = fit(p, kind)
    lines = [
        '"""Coefficients and split constants; written by `python -m docs.tools.coefficients`.',
        "",
        "Polynomials have their highest power first; the generator says what each approximates.",
        '"""',
        "",
        "POLYNOMIALS: dict[tuple[str, str], tuple[float, ...]] = {",
    ]
    for (name, kind), values in sorted(polynomials.items()):
        lines.append(f'    ("{name}", "{kind}"): (')
        lines += [f"        {v!r}," for v in values]
        lines.append("    ),")
    lines += ["}", "", "CONSTANTS: dict[tuple[str, str], tuple[float, ...]] = {"]
    for kind in ("f8", "f4"):
        for name, values in constants(kind).items():
            row = ", ".join([repr(v) for v in values]) + ("," if len(values) == 1 else "")
            line = f'    ("{name}", "{kind}"): ({row}),'
            if len(line) > 100:
                lines += [f'    ("{name}", "{kind}"): (']
                lines += [f"        {v!r}," for v in values] + ["    ),"]
            else:
                lines.append(line)
    lines += ["}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PATH.write_text(text())
