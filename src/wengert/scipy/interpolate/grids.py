"""Interpolation on rectangular grids: `RegularGridInterpolator` and `interpn`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.gather import gather
from wengert.ops.taking import take
from wengert.scipy.boxes import weighted_boxes
from wengert.scipy.dispatch import is_traced, known
from wengert.scipy.interpolate.bsplines import basis, knot_intervals
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    column,
    intervals,
    require_increasing,
    scipy_interpolate,
)
from wengert.scipy.interpolate.cubic import _pchip_slopes, hermite_coefficients
from wengert.scipy.interpolate.fitting import make_interp_spline

_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5, "pchip": 3}
_METHODS = ("linear", "nearest", *_DEGREES)


class RegularGridInterpolator(scipy_interpolate.RegularGridInterpolator):  # type: ignore[name-defined]  # a module found by name
    """The interpolant of values on a rectangular grid.

    Parameters
    ----------
    points : tuple of d arrays, shapes (n1,), ..., (nd,)
        Coordinates of the grid along each axis, increasing or decreasing.
    values : array, shape (n1, ..., nd, ...)
    method : {"linear", "nearest", "slinear", "cubic", "quintic", "pchip"}
    bounds_error : bool
        Whether a point outside is an error. Points without known values are not checked, and get
        `fill_value`.
    fill_value : number, optional
        What stands outside; None extrapolates.
    solver, solver_args
        SciPy's choice for the system of a spline; traced arrays are solved directly.

    Notes
    -----
    Differentiable in points, values and coordinates of the grid. On a grid line the derivative in
    the points is that of the cell above it. SciPy solves for the coefficients of "cubic" and
    "quintic" by iteration to about 1e-6; ours are exact, which is what its
    `solver=scipy.sparse.linalg.spsolve` gives.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import interpolate
    >>> grid = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    >>> f = interpolate.RegularGridInterpolator(grid, np.array([[0.0, 2.0], [1.0, 5.0]]))
    >>> wg.grad(lambda x: f(x)[0])(np.array([[0.5, 0.5]]))
    array([[1.5, 1.5]])
    """

    def __init__(
        self,
        points: Any,
        values: Any,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = np.nan,
        *,
        solver: Any = None,
        solver_args: Any = None,
    ) -> None:
        self._is_plain = not is_traced((tuple(points), values, fill_value))
        self._raises, self._fill = bounds_error, fill_value
        self._coefficients: dict[str, Any] = {}
        if self._is_plain:
            super().__init__(
                points,
                values,
                method,
                bounds_error,
                fill_value,
                solver=solver,
                solver_args=solver_args,
            )
            return
        _require_method("RegularGridInterpolator", method)
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value
        self._grid, self._values = _ascending("RegularGridInterpolator", points, values)

    @property
    def grid(self) -> Any:
        return self._grid

    @property
    def values(self) -> Any:
        return self._values

    def __call__(self, xi: Any, method: str | None = None, *, nu: Any = None) -> Any:
        if self._is_plain and not is_traced((xi,)):
            return super().__call__(xi, method, nu=nu)
        method = self.method if method is None else method
        _require_method("RegularGridInterpolator", method)
        if nu is not None and method not in ("slinear", "cubic", "quintic"):
            raise ArgumentError(
                "RegularGridInterpolator: nu is for splines only.",
                got=f"nu={nu}, method={method!r}",
                expected="method 'slinear', 'cubic' or 'quintic'",
            )
        points, shape = _points("RegularGridInterpolator", xi, len(self._grid))
        columns = [points[:, i] for i in range(len(self._grid))]
        orders = [0] * len(columns) if nu is None else [int(n) for n in nu]
        values = self._values
        result = self._evaluate(values, columns, method, orders)
        result = self._bounded(columns, result)
        return np.reshape(result, (*shape, *values.shape[len(columns) :]))

    def _evaluate(self, values: Any, columns: list[Any], method: str, orders: list[int]) -> Any:
        if method == "nearest":
            return gather(values, *_nearest(self._grid, columns))
        if method == "pchip":
            return convert(_pchip(self._grid, as_data(values), columns), values.dtype)
        values = as_data(values)
        cells, weights = [], []
        for x, p, nu in zip(self._grid, columns, orders, strict=True):
            degree = _DEGREES.get(method, 1)
            if method == "linear":
                place = intervals(x, p)
                left = take(x, place)
                s = (p - left) / (take(x, place + 1) - left)
                weights.append(np.stack([1.0 - s, s], axis=1))
                cells.append(place[:, None] + np.arange(2))
            else:
                t = make_interp_spline(x, x, degree).t  # the knots alone
                place = knot_intervals(t, degree, p)
                weights.append(basis(t, degree, p, place, nu))
                cells.append(place[:, None] + np.arange(-degree, 1))
        return weighted_boxes(self._spline_values(values, method), cells, weights)

    def _spline_values(self, values: Any, method: str) -> Any:
        """Coefficients of the tensor product of splines, made once."""
        if method in ("linear", "slinear"):
            return values
        if method not in self._coefficients:
            for axis, x in enumerate(self._grid):
                c = make_interp_spline(x, values, _DEGREES[method], axis=axis).c
                values = np.moveaxis(c, 0, axis)
            if is_traced((values,)):
                return values
            self._coefficients[method] = values
        return self._coefficients[method]

    def _bounded(self, columns: list[Any], result: Any) -> Any:
        outside: Any = False
        nans: Any = False
        for x, p in zip(self._grid, columns, strict=True):
            outside = np.logical_or(outside, np.logical_or(p < x[0], p > x[-1]))
            nans = np.logical_or(nans, np.isnan(p))
        if self._raises:
            value = known(outside)
            if value is not None and np.any(value):
                raise ArgumentError(
                    "RegularGridInterpolator: a point lies outside of the grid.",
                    got=f"{int(np.sum(value))} of {np.size(value)} points outside",
                    expected="points inside",
                    try_="bounds_error=False, with fill_value=None to extrapolate",
                )
        if self._fill is not None:
            result = np.where(column(outside, result), self._fill, result)
        return np.where(column(nans, result), np.nan, result)


def _require_method(owner: str, method: str) -> None:
    if method in ("slinear_legacy", "cubic_legacy", "quintic_legacy", "splinef2d"):
        raise MissingRuleError(
            f"{owner}: this method has no derivative here.",
            got=f"method={method!r}",
            expected=", ".join(_METHODS),
            try_="'slinear', 'cubic' or 'quintic', which give the same splines",
        )
    if method not in _METHODS:
        raise ArgumentError(
            f"{owner}: there is no such method.",
            got=f"method={method!r}",
            expected=", ".join(_METHODS),
        )


def _ascending(owner: str, points: Any, values: Any) -> tuple[tuple[Any, ...], Any]:
    """The grid with increasing coordinates, the values in the same order."""
    values = as_operand(values)
    values = values if values.dtype.kind in "fc" else as_data(values)
    grid = [as_real(p, "points", owner) for p in points]
    sizes = tuple([math.prod(p.shape) for p in grid])
    if any(len(p.shape) != 1 for p in grid) or values.shape[: len(grid)] != sizes:
        raise ShapeError(
            f"{owner}: the grid and the values do not fit.",
            got=describe(values=values, **{f"points{i}": p for i, p in enumerate(grid)}),
            expected="one vector of points for each of the first axes of the values",
        )
    flips = []
    for i, p in enumerate(grid):
        value = known(p)
        if value is not None and value.size > 1 and value[0] > value[-1]:
            grid[i] = p[::-1]
            flips.append(i)
        require_increasing(owner, grid[i])
    return tuple(grid), np.flip(values, axis=tuple(flips)) if flips else values


def _points(owner: str, xi: Any, n_axes: int) -> tuple[Any, tuple[int, ...]]:
    """Points as rows, and the shape that they came in."""
    if isinstance(xi, (tuple, list)) and any(np.ndim(p) for p in xi) and isinstance(xi, tuple):
        parts = [as_real(p, "xi", owner) for p in xi]
        shape = np.broadcast_shapes(*[p.shape for p in parts])
        xi = np.stack([np.broadcast_to(p, shape) for p in parts], axis=-1)
    if isinstance(xi, (tuple, list)):
        xi = np.stack([as_real(p, "xi", owner) for p in xi])
    xi = as_real(xi, "xi", owner)
    if len(xi.shape) == 1:
        xi = np.reshape(xi, (-1, 1) if n_axes == 1 else (1, -1))
    if not xi.shape or xi.shape[-1] != n_axes:
        raise ShapeError(
            f"{owner}: the points do not have as many coordinates as the grid has axes.",
            got=describe(xi=xi),
            expected=f"xi: [..., {n_axes}]",
        )
    return np.reshape(xi, (-1, n_axes)), xi.shape[:-1]


def _nearest(grid: Any, columns: list[Any]) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    places = []
    for x, p in zip(grid, columns, strict=True):
        place = intervals(x, p)
        left = take(x, place)
        is_low = (p - left) / (take(x, place + 1) - left) <= 0.5
        places.append(np.where(is_low, place, place + 1))
    return tuple(places), tuple(range(len(places)))


def _pchip(grid: Any, values: Any, columns: list[Any]) -> Any:
    """Axis after axis, the last one first: as SciPy folds, but all points at once."""
    last = len(grid) - 1
    moved = np.moveaxis(values, last, 0)
    c = hermite_coefficients(grid[last], moved, _pchip_slopes(grid[last], moved))
    place = intervals(grid[last], columns[last])
    own = take(c, place, axis=1)  # (4, points, n1, ..., items)
    folded = _horner(own, columns[last] - take(grid[last], place))
    for axis in range(last - 1, -1, -1):
        x, p = grid[axis], columns[axis]
        line = np.moveaxis(folded, axis + 1, 0)  # (n_axis, points, ...)
        c = hermite_coefficients(x, line, _pchip_slopes(x, line))
        place = intervals(x, p)
        own = gather(c, (place, np.arange(place.shape[0])), (1, 2))
        folded = _horner(np.moveaxis(own, 1, 0), p - take(x, place))
    return folded


def _horner(c: Any, t: Any) -> Any:
    t = column(t, c[0])
    return ((c[0] * t + c[1]) * t + c[2]) * t + c[3]


def interpn(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:
    """`RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)`."""
    arrays = (tuple(points), values, xi if not isinstance(xi, list) else tuple(xi), fill_value)
    if not is_traced(arrays):
        return scipy_interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    _require_method("interpn", method)
    grid = RegularGridInterpolator(
        points, as_operand(values), method, bounds_error=bounds_error, fill_value=fill_value
    )
    return grid(xi)
