"""Splines through data (`make_interp_spline`, `splrep`) and near them (`make_lsq_spline`)."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.gather import scatter_add
from wengert.ops.linalg import banded
from wengert.ops.taking import take
from wengert.scipy.dispatch import is_traced
from wengert.scipy.interpolate.bsplines import BSpline, basis, knot_intervals
from wengert.scipy.interpolate.common import (
    as_data,
    as_real,
    axis_of,
    require_fit,
    require_increasing,
    scipy_interpolate,
    solve_band,
)

# -- knots -----------------------------------------------------------------------------------------


def _repeated(x: Any, k: int) -> Any:
    """The places, the first and last k times more."""
    return np.concatenate([*[x[:1]] * k, x, *[x[-1:]] * k])


def _not_a_knot(x: Any, k: int) -> Any:
    """Every place (or middle, for even k) but those near the ends."""
    skip = (k + 1) // 2 if k % 2 else k // 2
    inner = x if k % 2 else (x[1:] + x[:-1]) / 2
    inner = inner[skip : inner.shape[0] - skip]
    return np.concatenate([*[x[:1]] * (k + 1), inner, *[x[-1:]] * (k + 1)])


def _periodic_knots(x: Any, k: int) -> Any:
    """Places (or middles), continued by k steps of the period on both sides."""
    n = x.shape[0]
    if k % 2 == 0:
        x = np.concatenate([x[:1], x[1:-1] - (x[1:-1] - x[:-2]) / 2, x[-1:]])
    h = x[1:] - x[:-1]
    back = np.cumsum(take(h, -1 - np.arange(k) % (n - 1)))
    on = np.cumsum(take(h, np.arange(k) % (n - 1)))
    return np.concatenate([(x[:1] - back)[::-1], x, x[-1:] + on])


# -- interpolation ---------------------------------------------------------------------------------


def make_interp_spline(
    x: Any,
    y: Any,
    k: int = 3,
    t: Any = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> Any:
    """The spline of degree `k` through the data.

    Parameters
    ----------
    x : array, shape (n,)
        Places, increasing.
    y : array
        Data, n of them along `axis`.
    k : int
        Degree.
    t : array, optional
        Knots; chosen after `bc_type` by default.
    bc_type : optional
        "not-a-knot", "natural", "clamped", "periodic", or for each end None, a name, or a list of
        (order, value); values may be traced.
    axis : int
    check_finite : bool
        Without effect on traced arrays.

    Notes
    -----
    Differentiable in places, data, knots and boundary values: the system is banded and costs
    O(n k^2), its derivatives too.
    """
    if not is_traced((x, y, t)) and not _has_traced_values(bc_type):
        found = scipy_interpolate.make_interp_spline(x, y, k, t, bc_type, axis, check_finite)
        return BSpline.of(found.t, found.c, found.k, found.extrapolate, found.axis)
    name = "make_interp_spline"
    x, y, k = as_real(x, "x", name), as_data(y), operator.index(k)
    require_increasing(name, x)
    axis = axis_of(name, y, axis)
    require_fit(name, x, y, axis)
    y = np.moveaxis(y, axis, 0) if axis else y
    is_periodic = isinstance(bc_type, str) and bc_type == "periodic"
    if is_periodic and t is None and k > 1:
        knots = _periodic_knots(x, k)
        return BSpline.of(knots, _periodic_coefficients(x, y, knots, k), k, "periodic", axis)
    ends = [None, None] if is_periodic else _ends(bc_type)
    if t is None and k == 0:
        return BSpline.of(np.concatenate([x, x[-1:]]), y, 0, True, axis)
    if t is None:
        t = _not_a_knot(x, k) if ends == [None, None] else _repeated(x, k)
    t = as_real(t, "t", name)
    require_increasing(name, t, strictly=False, least=2 * k + 2)
    conditions = [_derivatives(end, y.shape[1:]) for end in ends]
    return BSpline.of(t, _coefficients(x, y, t, k, conditions), k, True, axis)


def _has_traced_values(bc_type: Any) -> bool:
    if bc_type is None or isinstance(bc_type, str):
        return False
    return is_traced(tuple([tuple(end) if isinstance(end, list) else end for end in bc_type]))


def _ends(bc_type: Any) -> list[Any]:
    if bc_type is None or isinstance(bc_type, str):
        bc_type = (bc_type, bc_type)
    return [None if isinstance(b, str) and b == "not-a-knot" else b for b in bc_type]


def _derivatives(end: Any, items: tuple[int, ...]) -> list[tuple[int, Any]]:
    """[(order, value)] for the condition at one end."""
    named: dict[str, Any] = {"clamped": 1, "natural": 2}
    if end is None:
        return []
    if isinstance(end, str) and end in named:
        return [(named[end], np.zeros(items))]
    if isinstance(end, str):
        raise ArgumentError(
            "make_interp_spline: there is no such boundary condition.",
            got=repr(end),
            expected="'not-a-knot', 'natural', 'clamped', 'periodic', or lists of (order, value)",
        )
    return [(int(order), as_operand(value)) for order, value in end]


def _coefficients(x: Any, y: Any, t: Any, k: int, conditions: Any) -> Any:
    """The banded system of values at the places and derivatives at the ends."""
    left, right = conditions
    n_rows = t.shape[0] - k - 1
    if n_rows != x.shape[0] + len(left) + len(right):
        raise ArgumentError(
            "make_interp_spline: the number of conditions is not the number of B-splines.",
            got=f"{x.shape[0]} data, {len(left)} + {len(right)} derivatives, {n_rows} B-splines",
            expected="equal numbers",
        )
    place = knot_intervals(t, k, x)
    blocks = [(basis(t, k, x, place), place, np.arange(x.shape[0]) + len(left))]
    for at, end, first in ((x[:1], left, 0), (x[-1:], right, n_rows - len(right))):
        where = knot_intervals(t, k, at)
        for i, (order, _) in enumerate(end):
            blocks.append((basis(t, k, at, where, order), where, np.array([first + i])))
    # A place lies in the support of its B-spline: no element is more than k off the diagonal.
    weights = np.concatenate([b for b, _, _ in blocks])
    columns = np.concatenate([w for _, w, _ in blocks])[:, None] + np.arange(-k, 1)
    rows = np.concatenate([r for _, _, r in blocks])[:, None]
    ab = scatter_add(np.zeros((2 * k + 1, n_rows)), weights, (k + rows - columns, columns), (0, 1))
    values = [np.reshape(v, (1, *y.shape[1:])) for _, v in left]
    more = [np.reshape(v, (1, *y.shape[1:])) for _, v in right]
    return solve_band(ab, np.concatenate([*values, y, *more]), k, k)


def _periodic_coefficients(x: Any, y: Any, t: Any, k: int) -> Any:
    """A cyclic band: bordered by its last few unknowns, the rest is banded."""
    n = x.shape[0] - 1
    place = np.arange(n) + k  # by the choice of knots
    weights = basis(t, k, x[:-1], place)
    below, above = k // 2, k - k // 2
    # Column j of the system belongs to the coefficient j + k // 2, which centers the band.
    row, part = np.meshgrid(np.arange(n), np.arange(k + 1), indexing="ij")
    col = row + part - below
    shift = (np.arange(n + k) - below) % n
    border = above
    if n < 2 * k + 2:
        full = scatter_add(np.zeros((n, n)), weights, (row, col % n), (0, 1))
        solved = np.linalg.solve(full, np.reshape(y[:-1], (n, -1)))
        return take(np.reshape(solved, (n, *y.shape[1:])), shift, axis=0)
    m = n - border

    def chosen(mask: Any, shape: tuple[int, int], i: Any, j: Any) -> Any:
        some = scatter_add(
            np.zeros(shape), weights[row[mask], part[mask]], (i[mask], j[mask]), (0, 1)
        )
        return some

    col_in, is_top = col % n, row < m
    is_main = is_top & (col >= 0) & (col < m)
    ab = chosen(is_main, (k + 1, m), above + row - col, col)
    right = chosen(is_top & ~is_main, (m, border), row, col_in - m)
    low = chosen(~is_top & (col_in < m), (border, m), row - m, col_in)
    corner = chosen(~is_top & (col_in >= m), (border, border), row - m, col_in - m)
    data = np.reshape(y[:-1], (n, -1))
    first, second = solve_band(ab, data[:m], below, above), solve_band(ab, right, below, above)
    last = np.linalg.solve(corner - low @ second, data[m:] - low @ first)
    solved = np.concatenate([first - second @ last, last])
    return take(np.reshape(solved, (n, *y.shape[1:])), shift, axis=0)


# -- least squares ---------------------------------------------------------------------------------


def make_lsq_spline(
    x: Any,
    y: Any,
    t: Any,
    k: int = 3,
    w: Any = None,
    axis: int = 0,
    check_finite: bool = True,
    *,
    method: str = "qr",
) -> Any:
    """The spline of degree `k` over the knots `t` that minimizes sum of (w (y - s(x)))^2.

    Parameters
    ----------
    x : array, shape (m,)
        Places, not decreasing.
    y : array
        Data, m of them along `axis`.
    t : array, shape (n + k + 1,)
        Knots.
    k : int
    w : array, shape (m,), optional
    axis : int
    check_finite, method
        Without effect on traced arrays.

    Notes
    -----
    Normal equations with one step of refinement, whose error is about that of a QR factorization;
    differentiable in all arrays, in O(m k^2).

    Source: Å. Björck, Linear Algebra Appl. 88/89 (1987), 31, doi:10.1016/0024-3795(87)90101-7.
    """
    if not is_traced((x, y, t, w)):
        found = scipy_interpolate.make_lsq_spline(x, y, t, k, w, axis, check_finite, method=method)
        return BSpline.of(found.t, found.c, found.k, found.extrapolate, found.axis)
    name = "make_lsq_spline"
    x, y, t, k = as_real(x, "x", name), as_data(y), as_real(t, "t", name), operator.index(k)
    require_increasing(name, x, strictly=False, least=k + 1)
    require_increasing(name, t, strictly=False, least=2 * k + 2)
    axis = axis_of(name, y, axis)
    require_fit(name, x, y, axis)
    y = np.moveaxis(y, axis, 0) if axis else y
    squares = 1.0 if w is None else as_real(w, "w", name) ** 2
    return BSpline.of(t, _least_squares(x, y, t, k, squares), k, True, axis)


def _least_squares(x: Any, y: Any, t: Any, k: int, squares: Any) -> Any:
    n = t.shape[0] - k - 1
    place = knot_intervals(t, k, x)
    design = basis(t, k, x, place)
    weighted = design * (squares if isinstance(squares, float) else squares[:, None])
    columns = place[:, None] + np.arange(-k, 1)
    a, b = np.triu_indices(k + 1)  # pairs of B-splines that share a point
    products = take(weighted, a, axis=1) * take(design, b, axis=1)
    bands = np.broadcast_to(b - a, (x.shape[0], a.size))
    ab = scatter_add(np.zeros((k + 1, n)), products, (bands, take(columns, a, axis=1)), (0, 1))

    def wide(rows: Any) -> Any:
        return np.reshape(rows, (*rows.shape, *(1,) * (len(y.shape) - 1)))

    def solved(residual: Any) -> Any:
        parts = wide(weighted) * np.expand_dims(residual, 1)
        start = np.zeros((n, *y.shape[1:]), y.dtype)
        right = np.reshape(scatter_add(start, parts, (columns,), (0,)), (n, -1))
        band = convert(ab, y.dtype)
        return np.reshape(banded.hermitian_banded_solve(band, right, True), (n, *y.shape[1:]))

    c = solved(y)
    return c + solved(y - np.sum(wide(design) * take(c, columns, axis=0), axis=1))


def splrep(
    x: Any,
    y: Any,
    w: Any = None,
    xb: Any = None,
    xe: Any = None,
    k: int = 3,
    task: int = 0,
    s: Any = None,
    t: Any = None,
    full_output: int = 0,
    per: int = 0,
    quiet: int = 1,
) -> Any:
    """The spline (t, c, k) through the data (s=0), or near them over inner knots `t`.

    Traced arrays allow s=0 without weights, and task=-1 (or `t`) with weights. A smoothing factor
    s > 0 lets FITPACK choose the knots, in steps that have no derivative: that is refused.
    """
    if not is_traced((x, y, w, xb, xe, s, t)):
        return scipy_interpolate.splrep(x, y, w, xb, xe, k, task, s, t, full_output, per, quiet)
    smoothing = (0.0 if w is None else None) if s is None else s
    has_knots = t is not None
    if (
        per
        or full_output
        or xb is not None
        or xe is not None
        or task == 1
        or (not has_knots and (is_traced(smoothing) or smoothing != 0 or task == -1))
    ):
        raise MissingRuleError(
            "splrep: traced data allow s=0, or inner knots t, and no other option.",
            got=f"s={s!r}, task={task}, per={per}, full_output={full_output}, xb={xb}, xe={xe}",
            expected="splrep(x, y, s=0), or splrep(x, y, w, t=inner_knots)",
            try_="make_interp_spline or make_lsq_spline, which take all boundary conditions",
        )
    x, y = as_real(x, "x", "splrep"), as_real(y, "y", "splrep")
    if len(y.shape) != 1:
        raise ArgumentError("splrep: y is not a vector.", got=describe(y=y), expected="y: [n]")
    if has_knots:
        inner = as_real(t, "t", "splrep")
        ends = [x[:1]] * (k + 1), [x[-1:]] * (k + 1)
        spline = make_lsq_spline(x, y, np.concatenate([*ends[0], inner, *ends[1]]), k, w)
    else:
        spline = make_interp_spline(x, y, k)
    return spline.t, np.concatenate([spline.c, np.zeros(k + 1)]), k
