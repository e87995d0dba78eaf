"""Splines in the basis of B-splines: the class, and FITPACK's functions on (t, c, k)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    axis_of,
    column,
    intervals,
    placed,
    require_increasing,
    scipy_interpolate,
)
from wengert.scipy.interpolate.piecewise import PPoly, between, into_period, require_order


def knot_intervals(t: Any, k: int, points: Any) -> Any:
    """i with t[i] <= p < t[i + 1], not empty, among the intervals of a spline of degree k."""
    n = t.shape[0] - k - 1
    inner = t[k : n + 1]
    if k == 0:  # constants: the last one may stand over an empty interval
        return intervals(inner, points)
    low = np.searchsorted(inner, inner[0], side="right") - 1
    high = np.searchsorted(inner, inner[-1], side="left") - 1
    return intervals(inner, points, low, high) + k


def basis(t: Any, k: int, points: Any, place: Any, nu: int = 0) -> Any:
    """The k + 1 B-splines that are not zero at each point, or their derivatives: (n, k + 1).

    Source: C. de Boor, A Practical Guide to Splines (1978), chapter X, (4) and (8).
    """
    if nu > k:
        return np.zeros((points.shape[0], k + 1)) * (0.0 * points[:, None])
    near = take(t, place[:, None] + np.arange(-k, k + 2)) if k else None

    def knot(offset: int) -> Any:  # t[i + offset]
        return near[:, offset + k]  # type: ignore[index]  # an array

    rows = [1.0 + 0.0 * points]
    for degree in range(1, k - nu + 1):
        saved: Any = 0.0
        for r in range(degree):
            right, left = knot(r + 1), knot(r + 1 - degree)
            part = rows[r] / (right - left)
            rows[r] = saved + (right - points) * part
            saved = (points - left) * part
        rows.append(saved)
    for degree in range(k - nu + 1, k + 1):
        parts = [degree * row / (knot(r + 1) - knot(r + 1 - degree)) for r, row in enumerate(rows)]
        middle = [a - b for a, b in pairwise(parts)]
        rows = [-parts[0], *middle, parts[-1]]
    return np.stack(rows, axis=1)


def evaluate_spline(t: Any, c: Any, k: int, points: Any, nu: int, extrapolate: Any) -> Any:
    """The derivative of order `nu` of the spline at a vector of points: (n, *items)."""
    n = t.shape[0] - k - 1
    if isinstance(extrapolate, str) and extrapolate == "periodic":
        points = into_period(points, t[k], t[n])
        extrapolate = False
    place = knot_intervals(t, k, points)
    weights = basis(t, k, points, place, nu)
    own = take(c, place[:, None] + np.arange(-k, 1), axis=0)
    values = np.sum(np.reshape(weights, (*weights.shape, *(1,) * (len(c.shape) - 1))) * own, axis=1)
    if not extrapolate:
        outside = np.logical_or(points < t[k], points > t[n])
        values = np.where(column(outside, values), np.nan, values)
    return values


def differentiated(t: Any, c: Any, k: int) -> tuple[Any, Any, int]:
    """Knots, coefficients (as many as knots) and degree of the derivative."""
    h = column(t[k + 1 : -1] - t[1 : t.shape[0] - k - 1], c)
    n = t.shape[0] - k - 1
    slopes = k * (c[1:n] - c[: n - 1]) / h
    return t[1:-1], np.concatenate([slopes, np.zeros((k, *c.shape[1:]))]), k - 1


def integrated_spline(t: Any, c: Any, k: int) -> tuple[Any, Any, int]:
    """Knots, coefficients (as many as knots) and degree of the antiderivative."""
    n = t.shape[0] - k - 1
    sums = np.cumsum(c[:n] * column(t[k + 1 :] - t[:n], c), axis=0) / (k + 1)
    zero = np.zeros((1, *c.shape[1:]))
    tail = np.concatenate([sums[-1:]] * (k + 2))
    return np.concatenate([t[:1], t, t[-1:]]), np.concatenate([zero, sums, tail]), k + 1


class BSpline(scipy_interpolate.BSpline):  # type: ignore[name-defined]  # a module found by name
    """The spline sum over j of c[j] B_j(x) of degree k over the knots t.

    Parameters
    ----------
    t : array, shape (n + k + 1,)
        Knots, not decreasing.
    c : array
        Coefficients, at least n of them along `axis`.
    k : int
        Degree.
    extrapolate : bool or "periodic"
        Whether the first and last polynomial hold beyond [t[k], t[n]]; NaN otherwise.
    axis : int

    Notes
    -----
    Differentiable in points, coefficients and knots. Where a derivative of the spline jumps (at a
    knot, in the order that jumps there) it is that of the interval on the right.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> t = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0])
    >>> wg.grad(lambda c: interpolate.BSpline(t, c, 2)(0.5))(np.ones(4))
    array([0.25 , 0.625, 0.125, 0.   ])
    """

    _held: Any = None

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        if not is_traced((t, c)):
            super().__init__(t, c, k, extrapolate, axis)
            return
        t, c = as_real(t, "t", "BSpline"), as_data(c)
        require_increasing("BSpline", t, strictly=False, least=2 * k + 2)
        axis = axis_of("BSpline", c, axis)
        c = np.moveaxis(c, axis, 0) if axis else c
        if c.shape[0] < t.shape[0] - k - 1:
            raise ShapeError(
                "BSpline: there are fewer coefficients than B-splines.",
                got=f"{describe(t=t, c=c)}, k={k}",
                expected="len(t) - k - 1 coefficients along the axis",
            )
        self._hold(t, c, k, extrapolate, axis)

    def _hold(self, t: Any, c: Any, k: int, extrapolate: Any, axis: int) -> None:
        self._held = (t, c)
        self.k = int(k)
        self.extrapolate = extrapolate if extrapolate == "periodic" else bool(extrapolate)
        self.axis = axis

    @classmethod
    def of(cls, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> Any:
        """The spline of these parts, whose axis stands first in `c`, without checks."""
        if not is_traced((t, c)):
            return cls.construct_fast(t, c, k, extrapolate, axis)
        new = object.__new__(cls)
        new._hold(t, c, k, extrapolate, axis)
        return new

    @property
    def t(self) -> Any:
        return super().t if self._held is None else self._held[0]

    @t.setter
    def t(self, value: Any) -> None:
        scipy_interpolate.BSpline.t.__set__(self, value)

    @property
    def c(self) -> Any:
        return super().c if self._held is None else self._held[1]

    @c.setter
    def c(self, value: Any) -> None:
        scipy_interpolate.BSpline.c.__set__(self, value)

    @property
    def tck(self) -> tuple[Any, Any, int]:
        return self.t, self.c, self.k

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if self._held is None and not is_traced((x,)):
            return super().__call__(x, nu, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        require_order(nu)
        points = as_real(x, "x", "BSpline")
        flat = np.reshape(points, (-1,))
        values = evaluate_spline(self.t, self.c, self.k, flat, int(nu), extrapolate)
        return placed(values, points.shape, self.axis)

    def _padded(self) -> Any:
        missing = self.t.shape[0] - self.c.shape[0]
        if missing <= 0:
            return self.c
        return np.concatenate([self.c, np.zeros((missing, *self.c.shape[1:]))])

    def derivative(self, nu: int = 1) -> Any:
        """The derivative of order `nu`, of degree k - nu."""
        if self._held is None or nu < 0:
            return super().derivative(nu)
        if nu > self.k:
            raise ArgumentError(
                "BSpline: the derivative has a higher order than the degree.",
                got=f"nu={nu}, k={self.k}",
                expected="nu <= k",
            )
        t, c, k = self.t, self._padded(), self.k
        for _ in range(nu):
            t, c, k = differentiated(t, c, k)
        return self.of(t, c, k, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Any:
        """The antiderivative of order `nu`, of degree k + nu."""
        if self._held is None or nu < 0:
            return super().antiderivative(nu)
        t, c, k = self.t, self._padded(), self.k
        for _ in range(nu):
            t, c, k = integrated_spline(t, c, k)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self.of(t, c, k, extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from `a` to `b`; without extrapolation that of the part inside."""
        if self._held is None and not is_traced((a, b)):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        ends = np.stack([as_real(a, "a", "integrate"), as_real(b, "b", "integrate")])
        t, c, k = integrated_spline(self.t, self._padded(), self.k)
        n = self.t.shape[0] - self.k - 1
        first, last = self.t[self.k], self.t[n]
        if extrapolate != "periodic":
            points = ends if extrapolate else np.clip(ends, first, last)
            return between(evaluate_spline(t, c, k, points, 0, True))
        turns = np.floor((ends - first) / (last - first))
        values = evaluate_spline(t, c, k, ends - turns * (last - first), 0, True)
        over = evaluate_spline(t, c, k, np.stack([first, last]), 0, True)
        return between(values + column(turns, over) * (over[1] - over[0]))

    def insert_knot(self, x: Any, m: int = 1) -> Any:
        """The same spline with one more knot; plain arrays only."""
        if self._held is not None or is_traced((x,)):
            raise MissingRuleError(
                "BSpline: insert_knot needs plain arrays.",
                got="a traced spline or knot",
                expected="plain arrays",
                try_="make the spline with all its knots at once",
            )
        return super().insert_knot(x, m)

    @classmethod
    def basis_element(cls, t: Any, extrapolate: Any = True) -> Any:
        """The one B-spline whose knots are `t`."""
        if not is_traced((t,)):
            return super().basis_element(t, extrapolate)
        t = as_real(t, "t", "BSpline")
        k = t.shape[0] - 2
        before, after = [t[:1] - 1] * k, [t[-1:] + 1] * k
        c = np.zeros(3 * k + 2)
        c[k] = 1.0
        return cls.of(np.concatenate([*before, t, *after]), c, k, extrapolate)


def spline_pieces(t: Any, c: Any, k: int, extrapolate: Any = True) -> Any:
    """The spline as a `PPoly` over its inner knots, of which empty intervals stay empty."""
    rows = []
    factor = 1.0
    for nu in range(k + 1):
        factor *= max(nu, 1)
        rows.append(evaluate_spline(t, c, k, t[:-1], nu, True) / factor)
    coefficients = np.stack(rows[::-1])
    if not is_traced((t, coefficients)):
        return PPoly.construct_fast(coefficients, t, extrapolate)
    new = object.__new__(PPoly)
    new._hold(coefficients, t, extrapolate, 0)
    return new


# -- functions of (t, c, k) ------------------------------------------------------------------------


def _parts(name: str, tck: Any) -> tuple[Any, Any, int]:
    if isinstance(tck, scipy_interpolate.BSpline):
        return tck.t, tck.c, tck.k
    t, c, k = tck
    if isinstance(c, (list, tuple)):
        raise MissingRuleError(
            f"{name}: parametric splines are not supported for traced arrays.",
            got=f"a list of {len(c)} coefficient vectors",
            expected="one vector of coefficients",
            try_="one call for each coordinate",
        )
    return as_real(t, "t", name), as_data(c), int(k)


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """The derivative of order `der` of the spline `tck` at `x`.

    Parameters
    ----------
    x : array
    tck : (t, c, k) or BSpline
    der : int
    ext : int
        Beyond the ends: 0 extrapolate, 1 zero, 2 an error (where values are known), 3 the value at
        the end; derivatives are extrapolated with 3, as FITPACK does.
    """
    if not is_traced((x, tck)) and not getattr(tck, "_held", None):
        return scipy_interpolate.splev(x, tck, der, ext)
    t, c, k = _parts("splev", tck)
    points = as_real(x, "x", "splev")
    if not 0 <= der <= k or ext not in (0, 1, 2, 3):
        raise ArgumentError(
            "splev: der or ext is not one of FITPACK's.",
            got=f"der={der}, ext={ext}",
            expected=f"der from 0 to {k}, ext 0, 1, 2 or 3",
        )
    flat = np.reshape(points, (-1,))
    first, last = t[k], t[t.shape[0] - k - 1]
    outside = np.logical_or(flat < first, flat > last)
    if ext == 2 and known(outside) is not None and np.any(known(outside)):
        raise ArgumentError(
            "splev: a point lies beyond the ends of the spline, and ext is 2.",
            got=f"points from {np.min(known(flat))} to {np.max(known(flat))}",
            expected=f"points from {known(first)} to {known(last)}",
        )
    at = np.clip(flat, first, last) if ext == 3 and der == 0 else flat
    values = evaluate_spline(t, c, k, at, der, True)
    if ext == 1:
        values = np.where(outside, 0.0, values)
    return placed(values, points.shape, 0)


def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    """The integral of the spline from `a` to `b`; it counts as zero beyond its ends."""
    if not is_traced((a, b, tck)) and not getattr(tck, "_held", None):
        return scipy_interpolate.splint(a, b, tck, full_output)
    t, c, k = _parts("splint", tck)
    value = BSpline.of(t, c, k).integrate(a, b, extrapolate=False)[()]
    return (value, np.zeros(t.shape[0])) if full_output else value


def splder(tck: Any, n: int = 1) -> Any:
    """The derivative of order `n` of the spline, as (t, c, k) or BSpline."""
    return _changed("splder", tck, n)


def splantider(tck: Any, n: int = 1) -> Any:
    """The antiderivative of order `n` of the spline, as (t, c, k) or BSpline."""
    return _changed("splantider", tck, n)


def _changed(name: str, tck: Any, n: int) -> Any:
    if isinstance(tck, BSpline):
        return tck.derivative(n) if name == "splder" else tck.antiderivative(n)
    if not is_traced(tuple(tck)):
        return getattr(scipy_interpolate, name)(tck, n)
    t, c, k = _parts(name, tck)
    spline = BSpline.of(t, as_operand(c), k)
    return (spline.derivative(n) if name == "splder" else spline.antiderivative(n)).tck
