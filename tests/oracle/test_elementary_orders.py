"""Derivatives of elementary functions up to order five against mpmath at fifty digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import wengert as wg

FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[float, ...]]] = {
    "exp": (np.exp, mpmath.exp, (-2.0, 0.0, 1.3)),
    "exp2": (np.exp2, lambda x: mpmath.mpf(2) ** x, (-1.5, 0.7)),
    "expm1": (np.expm1, mpmath.expm1, (-0.8, 1e-3, 1.0)),
    "log": (np.log, mpmath.log, (0.2, 1.0, 7.0)),
    "log2": (np.log2, lambda x: mpmath.log(x, 2), (0.3, 5.0)),
    "log10": (np.log10, mpmath.log10, (0.3, 5.0)),
    "log1p": (np.log1p, mpmath.log1p, (-0.4, 0.0, 2.0)),
    "sqrt": (np.sqrt, mpmath.sqrt, (0.5, 4.0)),
    "cbrt": (np.cbrt, mpmath.cbrt, (0.5, 4.0)),
    "square": (np.square, lambda x: x**2, (-1.5, 0.0, 2.0)),
    "reciprocal": (np.reciprocal, lambda x: 1 / x, (-1.5, 0.7)),
    "sin": (np.sin, mpmath.sin, (-2.0, 0.0, 1.1)),
    "cos": (np.cos, mpmath.cos, (-2.0, 0.0, 1.1)),
    "tan": (np.tan, mpmath.tan, (-0.9, 0.0, 1.1)),
    "arcsin": (np.arcsin, mpmath.asin, (-0.7, 0.0, 0.4)),
    "arccos": (np.arccos, mpmath.acos, (-0.7, 0.0, 0.4)),
    "arctan": (np.arctan, mpmath.atan, (-3.0, 0.0, 0.4)),
    "sinh": (np.sinh, mpmath.sinh, (-1.2, 0.0, 2.0)),
    "cosh": (np.cosh, mpmath.cosh, (-1.2, 0.0, 2.0)),
    "tanh": (np.tanh, mpmath.tanh, (-1.2, 0.0, 2.0)),
    "arcsinh": (np.arcsinh, mpmath.asinh, (-1.2, 0.0, 2.0)),
    "arccosh": (np.arccosh, mpmath.acosh, (1.5, 4.0)),
    "arctanh": (np.arctanh, mpmath.atanh, (-0.6, 0.0, 0.3)),
    "power 2.5": (lambda x: x**2.5, lambda x: x ** mpmath.mpf("2.5"), (0.4, 2.0)),
    "power -3": (lambda x: x**-3, lambda x: x**-3, (-1.4, 2.0)),
    "power x": (lambda x: x**x, lambda x: x**x, (0.4, 2.0)),
    "2 ** x": (lambda x: 2.0**x, lambda x: mpmath.mpf(2) ** x, (-1.0, 2.0)),
    "sinc": (np.sinc, lambda x: mpmath.sincpi(x), (0.3, 1.4)),
    "logaddexp": (
        lambda x: np.logaddexp(x, 1.0 - x),
        lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(1 - x)),
        (-1.0, 0.5, 3.0),
    ),
    "hypot": (
        lambda x: np.hypot(x, 2.0),
        lambda x: mpmath.sqrt(x * x + 4),
        (-1.0, 0.0, 3.0),
    ),
    "arctan2": (
        lambda x: np.arctan2(x, 1.5 - x),
        lambda x: mpmath.atan2(x, mpmath.mpf("1.5") - x),
        (-1.0, 0.4, 3.0),
    ),
    "composed": (
        lambda x: np.exp(np.sin(x)) / (1 + x**2),
        lambda x: mpmath.exp(mpmath.sin(x)) / (1 + x**2),
        (-0.7, 0.0, 1.9),
    ),
}
CASES = [(name, x) for name, (_, _, points) in FUNCTIONS.items() for x in points]


def exact_derivatives(f: Callable[..., Any], x: float, n: int) -> list[float]:
    """Derivatives of order 0 … n."""
    with mpmath.workdps(50):
        return [float(mpmath.diff(f, mpmath.mpf(x), k)) for k in range(n + 1)]


@pytest.mark.parametrize("name, x", CASES)
@pytest.mark.parametrize("mode", ["reverse", "forward", "alternating"])
def test_up_to_order_five(name: str, x: float, mode: str) -> None:
    f, f_mp, _ = FUNCTIONS[name]
    expected = exact_derivatives(f_mp, x, 5)
    scale = max(abs(e) for e in expected)
    derivative: Callable[..., Any] = f
    for order in range(1, 6):
        is_reverse = mode == "reverse" or (mode == "alternating" and order % 2)
        derivative = wg.grad(derivative) if is_reverse else wg.jacfwd(derivative)
        assert derivative(x) == pytest.approx(expected[order], rel=1e-9, abs=1e-11 * scale)


@pytest.mark.parametrize("name, x", CASES)
def test_taylor_mode_gives_the_same(name: str, x: float) -> None:
    f, f_mp, _ = FUNCTIONS[name]
    expected = exact_derivatives(f_mp, x, 5)
    scale = max(abs(e) for e in expected)
    value, series = wg.jet(f, (x,), ([1.0, 0.0, 0.0, 0.0, 0.0],))
    assert value == pytest.approx(expected[0], rel=1e-12, abs=1e-13 * scale)
    for order in range(1, 6):
        assert series[order - 1] == pytest.approx(expected[order], rel=1e-9, abs=1e-11 * scale)
