"""Piecewise polynomials in Bernstein's basis."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced
from wengert.scipy.interpolate.common import as_real, column, placed, scipy_interpolate
from wengert.scipy.interpolate.piecewise import Held, Pieces, between, checked, require_order


class BPoly(Held, scipy_interpolate.BPoly):  # type: ignore[name-defined]  # a module found by name
    """A piecewise polynomial in Bernstein's basis, by de Casteljau's algorithm.

    Parameters are those of `PPoly`; `c[a]` belongs to C(k, a) s^a (1 - s)^(k - a), s from 0 to 1
    in each piece.
    """

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        if is_traced((c, x)):
            self._hold(*checked("BPoly", c, x, extrapolate, axis))
        else:
            scipy_interpolate.BPoly.__init__(self, c, x, extrapolate, axis)

    @property
    def c(self) -> Any:
        return super().c if self._held is None else self._held[0]

    @c.setter
    def c(self, value: Any) -> None:
        scipy_interpolate.BPoly.c.__set__(self, value)

    @property
    def x(self) -> Any:
        return super().x if self._held is None else self._held[1]

    @x.setter
    def x(self, value: Any) -> None:
        scipy_interpolate.BPoly.x.__set__(self, value)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if self._held is None and not is_traced((x,)):
            return super().__call__(x, nu, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        require_order(nu)
        points = as_real(x, "x", "BPoly")
        c, places = self.c, self.x
        for _ in range(int(nu)):
            c = _bernstein_slopes(c, places)
        values = _casteljau(c, places, np.reshape(points, (-1,)), extrapolate)
        return placed(values, points.shape, self.axis)

    def derivative(self, nu: int = 1) -> Any:
        """The derivative of order `nu`."""
        if self._held is None or nu < 0:
            return super().derivative(nu)
        c = self.c
        for _ in range(nu):
            c = _bernstein_slopes(c, self.x)
        return self._same(c, self.x, self.extrapolate)

    def antiderivative(self, nu: int = 1) -> Any:
        """The antiderivative of order `nu`, 0 at the first breakpoint."""
        if self._held is None or nu <= 0:
            return super().antiderivative(nu)
        c = self.c
        for _ in range(nu):
            c = _bernstein_sums(c, self.x)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self._same(c, self.x, extrapolate)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from `a` to `b`."""
        if self._held is None and not is_traced((a, b)):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        ends = np.stack([as_real(a, "a", "integrate"), as_real(b, "b", "integrate")])
        whole = _bernstein_sums(self.c, self.x)
        if extrapolate != "periodic":
            return between(_casteljau(whole, self.x, ends, extrapolate))
        first, period = self.x[0], self.x[-1] - self.x[0]
        turns = np.floor((ends - first) / period)
        total = _casteljau(whole, self.x, self.x[-1:], True)
        values = _casteljau(whole, self.x, ends - turns * period, True)
        return between(values + column(turns, total) * total)


def _casteljau(c: Any, x: Any, points: Any, extrapolate: Any) -> Any:
    pieces = Pieces(x, points, extrapolate)
    width = take(x, pieces.place + 1) - pieces.left
    s = np.reshape(pieces.offset / width, (-1, *(1,) * (len(c.shape) - 2)))
    rows = take(c, pieces.place, axis=1)
    while rows.shape[0] > 1:
        rows = rows[:-1] * (1.0 - s) + rows[1:] * s
    return pieces.finish(rows[0] + 0.0 * s)


def _bernstein_slopes(c: Any, x: Any) -> Any:
    """Coefficients of the derivative: k (c[a + 1] - c[a]) / h."""
    k = c.shape[0] - 1
    if not k:
        return 0.0 * c
    return k * (c[1:] - c[:-1]) / column(x[1:] - x[:-1], c[0])


def _bernstein_sums(c: Any, x: Any) -> Any:
    """Coefficients of the antiderivative: running sums of c h / (k + 1), continuous at places."""
    h = column(x[1:] - x[:-1], c[0])
    inner = np.cumsum(c, axis=0) * (h / c.shape[0])
    rows = np.concatenate([0.0 * inner[:1], inner])
    gain = rows[-1]
    start = np.concatenate([0.0 * gain[:1], np.cumsum(gain[:-1], axis=0)])
    return rows + start
