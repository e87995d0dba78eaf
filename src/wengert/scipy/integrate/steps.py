"""One step of an initial value problem as operations: explicit Runge-Kutta, and collocation.

    Explicit      a method given by its tableau, as the classes of scipy.integrate publish it
    Collocation   three-stage Radau IIA (order 5), its stages given and differentiated implicitly

A step maps (t_old, t_new, y, slope) to the new y and slope, and the coefficients of a polynomial
in x = (t - t_old) / h for what lies between.
Source: E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I (1993), II.4
to II.6 (the tableaus and DOP853's dense output); E. Hairer, G. Wanner, II (1996), IV.8 (Radau IIA).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.implicit.flat import Packing
from wengert.implicit.functions import with_derivative
from wengert.implicit.programs import capture
from wengert.types import Type

Field = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Explicit:
    """A Runge-Kutta method of scipy.integrate, by its class."""

    method: type

    def step(self, f: Field, t: Any, t_new: Any, y: Any, slope: Any, stages: Any) -> Any:
        """The new y, the new slope and the coefficients of the interpolant."""
        rk: Any = self.method
        h = t_new - t
        k = [slope]
        for row, c in zip(rk.A[1:], rk.C[1:], strict=True):
            k.append(f(t + c * h, y + h * _combined(row, k)))
        y_new = y + h * _combined(rk.B, k)
        k.append(f(t_new, y_new))
        return y_new, k[-1], self._between(f, t, h, y, y_new, k)

    def _between(self, f: Field, t: Any, h: Any, y: Any, y_new: Any, k: list[Any]) -> Any:
        rk: Any = self.method
        if not hasattr(rk, "A_EXTRA"):
            return np.stack([h * _combined(column, k) for column in rk.P.T])
        first, last = k[0], k[-1]
        for row, c in zip(rk.A_EXTRA, rk.C_EXTRA, strict=True):
            k = [*k, f(t + c * h, y + h * _combined(row, k))]
        rise = y_new - y
        low = [rise, h * first - rise, 2.0 * rise - h * (last + first)]
        return np.stack([*low, *[h * _combined(row, k) for row in rk.D]])

    def between(self, q: Any, y: Any, x: Any) -> Any:
        """The solution at x for coefficients q[k, ..., n]; x has the axes before n."""
        x = x[..., None]
        total: Any = 0.0
        if hasattr(self.method, "A_EXTRA"):
            for i in range(q.shape[0]):
                total = (total + q[q.shape[0] - 1 - i]) * (x if i % 2 == 0 else 1.0 - x)
            return y + total
        for i in range(q.shape[0]):
            total = (total + q[q.shape[0] - 1 - i]) * x
        return y + total


def _combined(weights: Any, k: list[Any]) -> Any:
    """The sum of weighted slopes; weights that are zero cost nothing."""
    total: Any = 0.0
    for w, slope in zip(weights, k, strict=False):
        if w != 0.0:
            total = float(w) * slope + total
    return total


NODES = np.array([(4.0 - 6.0**0.5) / 10.0, (4.0 + 6.0**0.5) / 10.0, 1.0])
# Collocation integrates powers exactly: sum_j a_ij c_j^(k-1) = c_i^k / k.
_POWERS = NODES[:, None] ** np.arange(3)
WEIGHTS = (NODES[:, None] ** np.arange(1, 4) / np.arange(1, 4)) @ np.linalg.inv(_POWERS)
_TO_POLYNOMIAL = np.linalg.inv(NODES[:, None] ** np.arange(1, 4))


@dataclass(frozen=True)
class Collocation:
    """Stages that SciPy found, differentiated through the equations that they satisfy."""

    def step(self, f: Field, t: Any, t_new: Any, y: Any, slope: Any, stages: Any) -> Any:
        """As in `Explicit`; `stages` are the values at the nodes, shape (3, n)."""
        h = t_new - t
        n = y.shape[0]
        packing = Packing(None, (Type((3, n), y.dtype),), np.zeros(0, y.dtype).real.dtype)

        def residual(z: Any) -> Any:
            (values,) = packing.leaves(z)
            slopes = np.stack([f(t + c * h, values[i]) for i, c in enumerate(NODES)])
            return packing.pack([values - y - h * (WEIGHTS @ slopes)])

        captured = capture("the stages of a step", residual, [packing.type])
        (values,) = packing.leaves(with_derivative(captured, packing.pack([stages])))
        return values[2], slope, _TO_POLYNOMIAL @ (values - y)

    def between(self, q: Any, y: Any, x: Any) -> Any:
        """As in `Explicit`."""
        x = x[..., None]
        return y + x * (q[0] + x * (q[1] + x * q[2]))
