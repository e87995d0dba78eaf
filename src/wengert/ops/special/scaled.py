"""Derivatives of exponentially scaled Bessel functions on plain arrays, without cancellation.

The derivative of exp(-x) I_v(x) is the difference of two nearly equal numbers where x is large: its
relative error grows like x, that of the k-th derivative like x**k. There the expansion in 1/x is
exact to rounding, and is differentiated term by term (DLMF 10.40.1, 10.40.2, 10.17.5, 10.17.6).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.ops.special.family import ScipyUfunc

_TERMS = 30


@dataclass(frozen=True)
class Scaled:
    """f = exp(rate z) g, where 2 g_v' = sign_below g_(v-1) + sign_above g_(v+1).

    For large z, f = factor(v) z**(-1/2) sum_k a_k(v) (turn / z)**k.
    """

    name: str
    rate: complex
    sign_below: int
    sign_above: int
    turn: complex
    factor: Callable[[Any], Any]

    def derivative(self, k: int, v: Any, z: Any) -> Any:
        """The k-th derivative in z."""
        if k == 0:
            return ScipyUfunc(self.name)(v, z)
        is_far = np.abs(z) > 25.0 + 0.5 * v * v
        near = self._by_neighbors(k, v, z)
        return np.where(is_far, self._by_expansion(k, v, z), near) if np.any(is_far) else near

    def _by_neighbors(self, k: int, v: Any, z: Any) -> Any:
        return sum(
            [
                math.comb(k, j) * self.rate ** (k - j) * self.unscaled_derivative(j, v, z)
                for j in range(k + 1)
            ]
        )

    def unscaled_derivative(self, j: int, v: Any, z: Any) -> Any:
        """exp(rate z) times the j-th derivative of g; DLMF 10.6.7, 10.29.5."""
        f = ScipyUfunc(self.name)
        terms = [
            math.comb(j, i) * self.sign_below ** (j - i) * self.sign_above**i * f(v - j + 2 * i, z)
            for i in range(j + 1)
        ]
        return sum(terms) / 2**j

    def _by_expansion(self, k: int, v: Any, z: Any) -> Any:
        power = z ** (-0.5 - k) * math.prod([-0.5 - i for i in range(k)])
        total, coefficient = power, 1.0
        for n in range(1, _TERMS):
            coefficient = coefficient * (4 * v * v - (2 * n - 1) ** 2) / (8 * n) * self.turn
            power = power / z * ((n - 0.5 + k) / (n - 0.5))
            total = total + coefficient * power
        return self.factor(v) * total


def _phase(sign: int) -> Callable[[Any], Any]:
    return lambda v: math.sqrt(2 / math.pi) * np.exp(sign * 1j * (v * np.pi / 2 + np.pi / 4))


IVE = Scaled("ive", -1, 1, 1, -1, lambda v: 1 / math.sqrt(2 * math.pi))
KVE = Scaled("kve", 1, -1, -1, 1, lambda v: math.sqrt(math.pi / 2))
HANKEL1E = Scaled("hankel1e", -1j, 1, -1, 1j, _phase(-1))
HANKEL2E = Scaled("hankel2e", 1j, 1, -1, -1j, _phase(1))
JVE = Scaled("jve", 0, 1, -1, 0, lambda v: 0.0)
YVE = Scaled("yve", 0, 1, -1, 0, lambda v: 0.0)


def ive_derivative(k: int, v: Any, x: Any) -> Any:
    """The k-th derivative of ive; for complex x of I, scaled: exp(-|Re x|) is not holomorphic.

    At negative x by the parity of I_v, which has integer v there. At 0, where exp(-|x|) has a
    kink, the mean of the two sides.
    """
    if x.dtype.kind == "c":
        return IVE.unscaled_derivative(k, v, x)
    right = IVE.derivative(k, v, np.abs(x))
    if k == 0 or not np.any(x <= 0):
        return ScipyUfunc("ive")(v, x) if k == 0 else right
    left = np.where(v % 2 == k % 2, 1.0, -1.0) * np.where(v % 1 == 0, right, np.nan)
    at_zero = np.where(v % 1 == 0, (left + right) / 2, right)
    return np.where(x > 0, right, np.where(x < 0, left, at_zero))
