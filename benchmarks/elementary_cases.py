"""What each native elementary function is measured on: its exact value and where to look.

Points are spread evenly, logarithmically, and crowded at zeros, poles and ends of the range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp

Points = tuple[np.ndarray, ...]


class Case(NamedTuple):
    exact: Callable[..., Any]
    points: Callable[[Any, int, bool], Points]  # of a generator, a count and "for float64"
    timed: tuple[float, float] = (0.1, 0.9)  # where the time is taken


def even(rng: Any, low: float, high: float, n: int) -> np.ndarray:
    return rng.uniform(low, high, n)


def spread(rng: Any, low: float, high: float, n: int) -> np.ndarray:
    """Logarithmically even; the lower end may be subnormal."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def both(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, -x])


def _exp_like(low: float, high: float, low_short: float, high_short: float) -> Any:
    """Over the whole range of results, near 0, and tiny."""

    def points(rng: Any, n: int, is_double: bool) -> Points:
        ends = (low, high) if is_double else (low_short, high_short)
        parts = [even(rng, *ends, n), even(rng, -1.2, 1.2, n), both(spread(rng, 1e-30, 1, n // 4))]
        return (np.concatenate(parts),)

    return points


def _positive(rng: Any, n: int, is_double: bool) -> Points:
    ends = (1e-307, 1e307, 1e-322) if is_double else (1e-37, 1e38, 1e-44)
    near = [1 + spread(rng, 1e-16, 1, n // 2), 1 - spread(rng, 1e-16, 0.9, n // 2)]
    wide = [spread(rng, ends[0], ends[1], n), spread(rng, ends[2], ends[0], n // 4)]
    return (np.concatenate([*wide, *near, even(rng, 0.3, 3, n)]),)


def _signed(rng: Any, n: int, is_double: bool) -> Points:
    return (both(_positive(rng, n // 2, is_double)[0]),)


def _above_minus_one(rng: Any, n: int, is_double: bool) -> Points:
    low = [-spread(rng, 1e-30, 0.9999, n), -1 + spread(rng, 1e-7, 1, n)]
    return (np.concatenate([*_positive(rng, n, is_double), *low]),)


def _above_one(rng: Any, n: int, is_double: bool) -> Points:
    high = 1e300 if is_double else 1e38
    return (np.concatenate([spread(rng, 1, high, n), 1 + spread(rng, 1e-7, 1e4, n)]),)


def _unit(rng: Any, n: int, is_double: bool) -> Points:
    ends = 1 - spread(rng, 1e-15 if is_double else 1e-6, 0.9, n)
    return (both(np.concatenate([even(rng, 0, 0.999, n), spread(rng, 1e-30, 0.9, n), ends])),)


def _angles(rng: Any, n: int, is_double: bool) -> Points:
    poles = rng.integers(0, 60_000, n) * (np.pi / 2)
    huge = spread(rng, 1e5, 1e300 if is_double else 1e38, n // 8)
    parts = [even(rng, 0, 10, n), even(rng, 0, 1e5, n), spread(rng, 1e-10, 1e5, n), poles, huge]
    return (both(np.concatenate(parts)),)


def _erf_points(low: float, high: float, high_short: float) -> Any:
    def points(rng: Any, n: int, is_double: bool) -> Points:
        parts = [even(rng, low, high if is_double else high_short, n), even(rng, 0.4, 1, n)]
        return (np.concatenate([*parts, both(spread(rng, 1e-30, 6, n // 2))]),)

    return points


def _pairs(rng: Any, n: int, is_double: bool) -> Points:
    low, high = (1e-320, 1e300) if is_double else (1e-43, 1e30)
    x = spread(rng, low, high, n)
    near = np.clip(x * spread(rng, 1e-6, 1e6, n), low, None)
    x, y = np.concatenate([x, x]), np.concatenate([near, spread(rng, low, high, n)])
    signs = rng.choice([-1.0, 1.0], (2, x.size))
    return x * signs[0], y * signs[1]


def _powers(rng: Any, n: int, is_double: bool) -> Points:
    """Bases over the whole range and near 1; exponents that bring results of every size."""
    x = _positive(rng, n, is_double)[0]
    x = np.where(np.abs(x - 1) < 1e-7, 2.0, x)
    size = even(rng, -745, 709, x.size) if is_double else even(rng, -103, 88, x.size)
    x = x if is_double else x.astype(np.float32).astype(float)
    return x, size / np.log(np.where(x == 1, 2.0, x))


def _sinc(x: Any) -> Any:
    return mp.sin(mp.pi * x) / (mp.pi * x)


def _cbrt(x: Any) -> Any:
    return mp.cbrt(x) if x >= 0 else -mp.cbrt(-x)


_EXP = _exp_like(-746, 710, -104, 89)
_HYPERBOLIC = _exp_like(-710.4, 710.4, -89.4, 89.4)

CASES: dict[str, Case] = {
    "exp": Case(mp.exp, _EXP),
    "exp2": Case(lambda x: mp.mpf(2) ** x, _exp_like(-1075, 1024, -150, 128)),
    "expm1": Case(mp.expm1, _exp_like(-45, 710, -20, 89)),
    "log": Case(mp.log, _positive),
    "log2": Case(lambda x: mp.log(x) / mp.log(2), _positive),
    "log10": Case(mp.log10, _positive),
    "log1p": Case(mp.log1p, _above_minus_one),
    "sin": Case(mp.sin, _angles),
    "cos": Case(mp.cos, _angles),
    "tan": Case(mp.tan, _angles),
    "sinc": Case(_sinc, _unit),
    "arcsin": Case(mp.asin, _unit),
    "arccos": Case(mp.acos, _unit),
    "arctan": Case(mp.atan, _signed),
    "arctan2": Case(mp.atan2, _pairs),
    "sinh": Case(mp.sinh, _HYPERBOLIC),
    "cosh": Case(mp.cosh, _HYPERBOLIC),
    "tanh": Case(mp.tanh, _exp_like(-22, 22, -11, 11)),
    "arcsinh": Case(mp.asinh, _signed),
    "arccosh": Case(mp.acosh, _above_one, (1.1, 9.0)),
    "arctanh": Case(mp.atanh, _unit),
    "expit": Case(lambda x: 1 / (1 + mp.exp(-x)), _exp_like(-745, 50, -103, 30)),
    "log_expit": Case(lambda x: -mp.log1p(mp.exp(-x)), _exp_like(-800, 740, -200, 100)),
    "softplus": Case(lambda x: mp.log1p(mp.exp(x)), _exp_like(-740, 800, -100, 200)),
    "power": Case(lambda x, y: x**y, _powers, (0.1, 5.0)),
    "cbrt": Case(_cbrt, _signed),
    "hypot": Case(mp.hypot, _pairs),
    "erf": Case(mp.erf, _erf_points(-6, 6, 4)),
    "erfc": Case(mp.erfc, _erf_points(-6, 27, 10)),
    "gamma": Case(
        mp.gamma, lambda rng, n, is_double: (even(rng, 0.1, 170 if is_double else 34, n),)
    ),
    "lgamma": Case(
        lambda x: mp.loggamma(x).real, lambda rng, n, is_double: (spread(rng, 0.01, 1e6, n),)
    ),
}
