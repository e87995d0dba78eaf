"""One polynomial through all data: Lagrange's (barycentric), Newton's (Krogh), coefficients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    axis_of,
    column,
    placed,
    require_fit,
    scipy_interpolate,
)


def _read(owner: str, xi: Any, yi: Any, axis: int) -> tuple[Any, Any, int]:
    xi, yi = as_real(xi, "xi", owner), as_data(yi)
    axis = axis_of(owner, yi, axis)
    require_fit(owner, xi, yi, axis)
    return xi, np.moveaxis(yi, axis, 0) if axis else yi, axis


def _require_distinct(owner: str, xi: Any) -> None:
    value = known(xi)
    if value is not None and np.unique(value).size < value.size:
        raise ArgumentError(
            f"{owner}: two places are equal.",
            got=f"places {value}",
            expected="places that differ",
            try_="plain places where an equal pair asks for a derivative",
        )


class _Polynomial:
    """What both interpolants share: points in, values or derivatives out, the axis restored."""

    _held: Any = None  # places, data with their axis first

    def _is_ours(self, x: Any) -> bool:
        return self._held is not None or is_traced((x,))

    def _data(self) -> tuple[Any, Any, int]:
        """Places, data, axis, of traced data or of SciPy's object."""
        if self._held is not None:
            return self._held
        me: Any = self
        items = me._y_extra_shape
        return me.xi, np.reshape(me.yi, (me.yi.shape[0], *items)), me._y_axis

    def _rows(self, x: Any, orders: range) -> tuple[list[Any], tuple[int, ...], int]:
        raise NotImplementedError  # pragma: no cover

    def __call__(self, x: Any) -> Any:
        if not self._is_ours(x):
            return super().__call__(x)  # type: ignore[misc]  # SciPy's, beside this class
        (value,), shape, axis = self._rows(x, range(1))
        return placed(value, shape, axis)

    def derivative(self, x: Any, der: int = 1) -> Any:
        """The derivative of order `der` at the points."""
        if not self._is_ours(x):
            return super().derivative(x, der)  # type: ignore[misc]  # SciPy's, beside this class
        (value,), shape, axis = self._rows(x, range(der, der + 1))
        return placed(value, shape, axis)

    def derivatives(self, x: Any, der: int | None = None) -> Any:
        """The derivatives of orders 0 to der - 1 (as many as data), in a first axis."""
        if not self._is_ours(x):
            return super().derivatives(x, der)  # type: ignore[misc]  # SciPy's, beside this class
        count = self._data()[0].shape[0] if der is None else der
        rows, shape, axis = self._rows(x, range(count))
        return np.stack([placed(row, shape, axis) for row in rows])


class BarycentricInterpolator(_Polynomial, scipy_interpolate.BarycentricInterpolator):  # type: ignore[name-defined]  # a module found by name
    """The polynomial through the data, in Lagrange's form.

    Parameters
    ----------
    xi : array, shape (n,)
        Places, all different.
    yi : array, optional
        Data, n of them along `axis`.
    axis : int
    wi : array, optional
        Barycentric weights, where they are known.
    rng : optional
        SciPy's, for the order of products; without effect on traced arrays.

    Notes
    -----
    Traced values are computed in the product form sum of y_j w_j prod over i != j of (x - x_i),
    which has all its derivatives at the places, too.

    Source: J.-P. Berrut and L. N. Trefethen, SIAM Review 46 (2004), 501,
    doi:10.1137/S0036144502417715.
    """

    def __init__(
        self, xi: Any, yi: Any = None, axis: int = 0, *, wi: Any = None, rng: Any = None
    ) -> None:
        if not is_traced((xi, yi, wi)):
            super().__init__(xi, yi, axis, wi=wi, rng=rng)
            return
        if yi is None:
            raise ArgumentError(
                "BarycentricInterpolator: traced places need their data at once.",
                got="yi=None",
                expected="yi: [n, ...]",
            )
        owner = "BarycentricInterpolator"
        self._held = _read(owner, xi, yi, axis)
        _require_distinct(owner, self._held[0])

    def set_yi(self, yi: Any, axis: int | None = None) -> None:
        """Exchange the data."""
        if self._held is None and not is_traced((yi,)):
            super().set_yi(yi, axis)
            return
        xi, _, old = self._held if self._held is not None else (self.xi, None, 0)
        self._held = _read("BarycentricInterpolator", xi, yi, old if axis is None else axis)

    def add_xi(self, xi: Any, yi: Any = None) -> None:
        """Add places and data; plain arrays only."""
        if self._held is not None or is_traced((xi, yi)):
            raise MissingRuleError(
                "BarycentricInterpolator: add_xi needs plain arrays.",
                got="traced places or data",
                expected="plain arrays",
                try_="a new interpolant of all data",
            )
        super().add_xi(xi, yi)

    def _rows(self, x: Any, orders: range) -> tuple[list[Any], tuple[int, ...], int]:
        xi, y, axis = self._data()
        points = as_real(x, "x", "BarycentricInterpolator")
        flat = np.reshape(points, (-1,))
        n = xi.shape[0]
        # Four over the width of the places keeps the products near one.
        scale = 4.0 / (np.max(xi) - np.min(xi)) if n > 1 else 1.0
        gaps = scale * (xi[:, None] - xi) + np.eye(n)
        weights = 1.0 / np.prod(gaps, axis=1)
        rows = []
        for order in range(orders.stop):
            if order >= orders.start:
                row = _product_form(xi, y * column(weights, y), flat, scale)
                rows.append(row if order < n else 0.0 * row)
            if order + 1 < orders.stop:
                y = _slopes_at_places(xi, weights, y)
        return rows, points.shape, axis


def _product_form(xi: Any, scaled: Any, points: Any, scale: Any) -> Any:
    """Sum over j of scaled[j] times the product of the other distances; prefixes and suffixes."""
    steps = [scale * (points - xi[j]) for j in range(xi.shape[0])]
    after = [1.0 + 0.0 * points]
    for step in reversed(steps[1:]):
        after.append(after[-1] * step)
    before: Any = 1.0 + 0.0 * points
    total: Any = 0.0
    for j, step in enumerate(steps):
        others = before * after[-1 - j]
        total = total + np.reshape(others, (-1, *(1,) * (len(scaled.shape) - 1))) * scaled[j]
        before = before * step
    return total


def _slopes_at_places(xi: Any, weights: Any, y: Any) -> Any:
    """The derivative of the polynomial at the places, whose values give the derivative itself."""
    n = xi.shape[0]
    eye = np.eye(n)
    d = weights / ((xi[:, None] - xi + eye) * weights[:, None]) * (1 - eye)
    d = d - eye * np.sum(d, axis=1)[:, None]
    return np.reshape(d @ np.reshape(y, (n, -1)), y.shape)


class KroghInterpolator(_Polynomial, scipy_interpolate.KroghInterpolator):  # type: ignore[name-defined]  # a module found by name
    """The polynomial through the data, in Newton's form; equal neighbors give derivatives.

    Parameters
    ----------
    xi : array, shape (n,)
        Places. Where equal ones follow each other, their data are the value, the first derivative
        and so on there; traced places must differ.
    yi : array
        Data, n of them along `axis`.
    axis : int

    Notes
    -----
    Source: F. T. Krogh, Math. Comp. 24 (1970), 185, doi:10.1090/S0025-5718-1970-0258240-X.
    """

    def __init__(self, xi: Any, yi: Any, axis: int = 0) -> None:
        if not is_traced((xi, yi)):
            super().__init__(xi, yi, axis)
            return
        self._held = _read("KroghInterpolator", xi, yi, axis)
        if is_traced((self._held[0],)):
            _require_distinct("KroghInterpolator", self._held[0])
        self._newton = _divided_differences(self._held[0], self._held[1])

    def _rows(self, x: Any, orders: range) -> tuple[list[Any], tuple[int, ...], int]:
        xi, y, axis = self._data()
        newton = _divided_differences(xi, y) if self._held is None else self._newton
        points = as_real(x, "x", "KroghInterpolator")
        flat = np.reshape(points, (-1,))
        # Horner's rule on truncated Taylor series in the points.
        like = np.reshape(0.0 * flat, (-1, *(1,) * (len(y.shape) - 1)))
        series: list[Any] = [newton[-1] + like]
        for k in range(len(newton) - 2, -1, -1):
            step = np.reshape(flat - xi[k], like.shape)
            product = [s * step for s in series] + [0.0]
            for i, s in enumerate(series):
                product[i + 1] = product[i + 1] + s
            product[0] = product[0] + newton[k]
            series = product[: orders.stop]
        zero = 0.0 * series[0]
        rows = [series[d] * math.factorial(d) if d < len(series) else zero for d in orders]
        return rows, points.shape, axis


def _divided_differences(xi: Any, y: Any) -> list[Any]:
    """Newton's coefficients; a run of equal (plain) places divides by factorials instead."""
    n = y.shape[0]
    repeats = [0] * n
    if not is_traced((xi,)):
        for k in range(1, n):
            repeats[k] = repeats[k - 1] + 1 if xi[k] == xi[k - 1] else 0
        if np.unique(xi).size < n - sum(r > 0 for r in repeats):
            raise ArgumentError(
                "KroghInterpolator: equal places do not follow each other.",
                got=f"places {xi}",
                expected="equal places side by side",
            )
    table = [y[k - repeats[k]] for k in range(n)]
    found = [table[0]]
    for order in range(1, n):
        following = []
        for k in range(order, n):
            if repeats[k] >= order:  # all places of this difference are equal
                following.append(y[k - repeats[k] + order] / math.factorial(order))
            else:
                rise = table[k - order + 1] - table[k - order]
                following.append(rise / (xi[k] - xi[k - order]))
        table = following
        found.append(table[0])
    return found


def _of_orders(p: Any, x: Any, der: Any) -> Any:
    if np.ndim(der) == 0:
        return p(x) if der == 0 else p.derivative(x, der=der)
    return p.derivatives(x, der=int(np.max(der)) + 1)[np.asarray(der)]


def barycentric_interpolate(
    xi: Any, yi: Any, x: Any, axis: int = 0, *, der: Any = 0, rng: Any = None
) -> Any:
    """`BarycentricInterpolator(xi, yi, axis)` at `x`, or its derivatives of the orders `der`."""
    return _of_orders(BarycentricInterpolator(xi, yi, axis=axis, rng=rng), x, der)


def krogh_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """`KroghInterpolator(xi, yi, axis)` at `x`, or its derivatives of the orders `der`."""
    return _of_orders(KroghInterpolator(xi, yi, axis=axis), x, der)


class _TracedPolynomial(np.poly1d):
    """A `numpy.poly1d` whose coefficients are traced: call it, derive it, integrate it."""

    def __init__(self, c: Any) -> None:
        self.__dict__["coeffs"] = c
        self._variable = "x"

    def __call__(self, val: Any) -> Any:
        return np.polyval(self.coeffs, val)

    def deriv(self, m: Any = 1) -> Any:
        return _TracedPolynomial(np.polyder(self.coeffs, m))

    def integ(self, m: Any = 1, k: Any = 0) -> Any:
        return _TracedPolynomial(np.polyint(self.coeffs, m, k))


def lagrange(x: Any, w: Any) -> Any:
    """The polynomial through the points (x, w), as a `numpy.poly1d` of its coefficients.

    Coefficients of more than about 20 points lose all their digits, as SciPy warns: use
    `BarycentricInterpolator`.
    """
    if not is_traced((x, w)):
        return scipy_interpolate.lagrange(x, w)
    x, w, _ = _read("lagrange", x, w, 0)
    _require_distinct("lagrange", x)
    newton = _divided_differences(x, w)
    c = np.reshape(newton[-1], (1,))
    for k in range(len(newton) - 2, -1, -1):
        shifted = np.concatenate([c, np.zeros(1)])
        c = shifted - np.concatenate([np.zeros(1), c * x[k]])
        c = c + np.concatenate([np.zeros(c.shape[0] - 1), np.reshape(newton[k], (1,))])
    return _TracedPolynomial(c)
