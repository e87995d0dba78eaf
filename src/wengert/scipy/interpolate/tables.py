"""`interp1d`: tables read linearly, at the nearest or neighboring place, or by splines."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.common import (
    as_inexact,
    axis_of,
    column,
    placed,
    require_fit,
    scipy_interpolate,
)
from wengert.scipy.interpolate.fitting import make_interp_spline

_ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}
_TABLES = ("linear", "nearest", "nearest-up", "previous", "next")


class interp1d(scipy_interpolate.interp1d):  # type: ignore[name-defined]  # a module found by name
    """The interpolant of a table of values.

    Parameters
    ----------
    x : array, shape (n,)
        Places; sorted here unless `assume_sorted`.
    y : array
        Values, n of them along `axis`.
    kind : str or int
        "linear", "nearest" (halves go down), "nearest-up", "previous", "next", "zero", "slinear",
        "quadratic", "cubic", or the degree of a spline.
    axis : int
    copy : bool
        Without effect on traced arrays.
    bounds_error : bool, optional
        Whether a point beyond the ends is an error; by default it is, unless `fill_value` says
        "extrapolate". Points without known values (inside `vmap`) are not checked.
    fill_value : number, array, pair (below, above) or "extrapolate"
        What stands beyond the ends, NaN by default; numbers may be traced.
    assume_sorted : bool

    Notes
    -----
    At a place the derivative of "linear" in the points is that of the interval on the right, and of
    two equal places the later one counts, as in `np.interp`. "nearest" and its relatives are
    constant between jumps.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> wg.grad(lambda y: interpolate.interp1d(x, y)(0.25))(np.zeros(3))
    array([0.75, 0.25, 0.  ])
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        kind: Any = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: bool | None = None,
        fill_value: Any = np.nan,
        assume_sorted: bool = False,
    ) -> None:
        self._spline: Any = None
        self._beyond: Any = None
        self._is_plain = not is_traced((x, y, fill_value))
        self._method = kind
        if self._is_plain:
            super().__init__(x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted)
            self._places, self._axis = self.x, self.axis
            self._values = np.moveaxis(self.y, self.axis, 0)
        else:
            self._read(x, y, kind, axis, assume_sorted)
        extends = isinstance(fill_value, str) and fill_value == "extrapolate"
        if not self._is_plain:
            if extends and bounds_error:
                raise ArgumentError(
                    "interp1d: extrapolation and an error beyond the ends exclude each other.",
                    got="fill_value='extrapolate', bounds_error=True",
                    expected="one of them",
                )
            is_default = isinstance(fill_value, float) and np.isnan(fill_value)
            self._raises = (is_default and not extends) if bounds_error is None else bounds_error
        else:
            self._raises = bool(self.bounds_error)
        pair = fill_value if isinstance(fill_value, tuple) else (fill_value, fill_value)
        if not extends:
            self._beyond = pair

    def _read(self, x: Any, y: Any, kind: Any, axis: int, assume_sorted: bool) -> None:
        x, y = as_inexact(x, "x", "interp1d"), as_operand(y)
        if kind not in (*_TABLES, *_ORDERS) and not isinstance(kind, (int, np.integer)):
            raise ArgumentError(
                "interp1d: there is no such kind.",
                got=repr(kind),
                expected=", ".join((*_TABLES, *_ORDERS)) + ", or the degree of a spline",
            )
        if len(x.shape) != 1 or not y.shape:
            raise ShapeError(
                "interp1d: the places must be a vector, and the values have an axis.",
                got=describe(x=x, y=y),
                expected="x: [n], y: [..., n, ...]",
            )
        y = y if y.dtype.kind in "fc" else convert(y, np.float64)
        axis = axis_of("interp1d", y, axis)
        require_fit("interp1d", x, y, axis)
        y = np.moveaxis(y, axis, 0) if axis else y
        if not assume_sorted:
            order = np.argsort(x, kind="stable")
            x, y = take(x, order), take(y, order, axis=0)
        self._places, self._values, self._axis = x, y, axis
        degree = _ORDERS.get(kind, kind)
        if not isinstance(degree, str):
            self._spline = make_interp_spline(x, y, degree, check_finite=False)

    def __call__(self, x: Any) -> Any:
        if self._is_plain and not is_traced((x,)):
            return super().__call__(x)
        points = as_inexact(x, "x", "interp1d")
        flat = np.reshape(points, (-1,))
        values = self._between(flat)
        if self._beyond is not None:
            values = self._filled(flat, values)
        elif self._method in ("previous", "next"):
            values = self._one_sided(flat, values)
        return placed(values, points.shape, self._axis if points.shape else 0)

    def _between(self, points: Any) -> Any:
        x, y, kind = self._places, self._values, self._method
        degree = _ORDERS.get(kind, kind)
        if not isinstance(degree, str):
            spline = self._spline
            if self._is_plain:
                spline = make_interp_spline(x, y, degree, check_finite=False)
            return spline(points)
        last = x.shape[0] - 1
        if kind == "linear":
            high = np.clip(np.searchsorted(x, points, side="right"), 1, max(last, 1))
            left, below = take(x, high - 1), take(y, high - 1, axis=0)
            slope = (take(y, high, axis=0) - below) / column(take(x, high) - left, below)
            return slope * column(points - left, below) + below
        if kind in ("previous", "next"):
            before = kind == "previous"
            place = np.searchsorted(x, points, side="right" if before else "left") - before
        else:
            middles = x[1:] / 2 + x[:-1] / 2
            place = np.searchsorted(middles, points, side="left" if kind == "nearest" else "right")
        return take(y, np.clip(place, 0, last), axis=0)

    def _filled(self, points: Any, values: Any) -> Any:
        below, above = points < self._places[0], points > self._places[-1]
        if self._raises:
            self._check(points, below, above)
        low, high = self._beyond
        axis, rank = self._axis, len(values.shape) - 1

        def items(v: Any) -> Any:
            """A fill value in the shape of the items of the values."""
            v = convert(as_operand(v), values.dtype)
            return np.reshape(v, v.shape[1:]) if axis == 0 and len(v.shape) > rank else v

        values = np.where(column(below, values), items(low), values)
        return np.where(column(above, values), items(high), values)

    def _one_sided(self, points: Any, values: Any) -> Any:
        """Extrapolated "previous" has no value below the table, "next" none above."""
        if self._method == "previous":
            return np.where(column(points < self._places[0], values), np.nan, values)
        return np.where(column(points > self._places[-1], values), np.nan, values)

    def _check(self, points: Any, below: Any, above: Any) -> None:
        outside = known(np.logical_or(below, above))
        if outside is not None and np.any(outside):
            ends = known(self._places)
            raise ArgumentError(
                "interp1d: a point lies beyond the ends of the table.",
                got=f"points from {np.min(known(points))} to {np.max(known(points))}",
                expected=f"points from {ends[0]} to {ends[-1]}",
                try_="bounds_error=False, or fill_value='extrapolate'",
            )
