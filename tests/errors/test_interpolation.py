"""Messages of `wengert.scipy.interpolate` and `wengert.scipy.ndimage`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import MissingRuleError
from wengert.scipy import interpolate as ip
from wengert.scipy import ndimage as nd

X = np.arange(6.0)
T = np.array([0.0, 0.0, 0.0, 0.0, 2.0, 5.0, 5.0, 5.0, 5.0])
M = np.ones((4, 5))
GRID = np.arange(4.0), np.arange(5.0)

INTERPOLATE: list[tuple[str, Any, Any, str]] = [
    (
        "order",
        lambda x: ip.CubicSpline(x[::-1], X),
        X,
        "the places must be a vector that increases",
    ),
    (
        "fit",
        lambda y: ip.CubicSpline(X, y),
        X[1:],
        "CubicSpline: the places and the data do not fit",
    ),
    ("axis", lambda y: ip.CubicSpline(X, y, axis=2), X, "the data do not have this axis"),
    ("complex x", lambda x: ip.CubicSpline(x + 1j, X), X, "CubicSpline: x is complex."),
    ("complex y", lambda y: ip.PchipInterpolator(X, y + 1j), X, "Pchip(.*): the data are complex"),
    (
        "bc_type",
        lambda y: ip.CubicSpline(X, y, bc_type=("natural", "periodic")),
        X,
        "CubicSpline: bc_type is no condition for both ends",
    ),
    (
        "bc_type shape",
        lambda y: ip.CubicSpline(X, y, bc_type=((1, np.zeros(2)), (1, 0.0))),
        X,
        "CubicSpline: bc_type is no condition for both ends",
    ),
    (
        "periodic",
        lambda y: ip.CubicSpline(X, y, bc_type="periodic"),
        X,
        "the first and last value of a periodic spline differ",
    ),
    (
        "slopes",
        lambda y: ip.CubicHermiteSpline(X, y, X[1:]),
        X,
        "CubicHermiteSpline: the values and the slopes differ in shape",
    ),
    (
        "akima",
        lambda y: ip.Akima1DInterpolator(X, y, method="other"),
        X,
        "Akima1DInterpolator: there is no such method.",
    ),
    (
        "PPoly",
        lambda c: ip.PPoly(c, X),
        X,
        "PPoly: the coefficients need two axes, the breakpoints one",
    ),
    (
        "pieces",
        lambda c: ip.PPoly(c, X[1:]),
        M,
        "the number of pieces is not the number of breakpoints less",
    ),
    (
        "nu",
        lambda y: ip.CubicSpline(X, y)(0.5, -1),
        X,
        "an interpolant: the order of a derivative is negative",
    ),
    (
        "roots",
        lambda y: ip.CubicSpline(X, y).roots(),
        X,
        "PPoly: solve and roots need plain coefficients",
    ),
    (
        "extend",
        lambda c: ip.PPoly(c, GRID[1]).extend(c, GRID[1]),
        np.ones((2, 4)),
        "PPoly: extend works in place, on plain arrays only",
    ),
    (
        "BSpline",
        lambda c: ip.BSpline(T, c, 3),
        X[:4],
        "there are fewer coefficients than B-splines",
    ),
    (
        "BSpline derivative",
        lambda c: ip.BSpline(T, c, 3).derivative(4),
        X,
        "BSpline: the derivative has a higher order than the degree",
    ),
    (
        "insert",
        lambda c: ip.BSpline(T, c, 3).insert_knot(1.0),
        X,
        "BSpline: insert_knot needs plain",
    ),
    (
        "splev",
        lambda c: ip.splev(0.5, (T, c, 3), der=4),
        X,
        "splev: der or ext is not one of FITPACK's",
    ),
    (
        "splev ext",
        lambda c: ip.splev(7.0, (T, c, 3), ext=2),
        X,
        "splev: a point lies beyond the ends of the spline, and ext is 2",
    ),
    (
        "parametric",
        lambda c: ip.splev(0.5, (T, [c, c], 3)),
        X,
        "splev: parametric splines are not supported for traced arrays",
    ),
    (
        "boundary",
        lambda y: ip.make_interp_spline(X, y, bc_type="other"),
        X,
        "make_interp_spline: there is no such boundary condition",
    ),
    (
        "count",
        lambda y: ip.make_interp_spline(X, y, t=T),
        X,
        "the number of conditions is not the number of B-splines",
    ),
    (
        "splrep",
        lambda y: ip.splrep(X, y, s=1.0),
        X,
        "splrep: traced data allow s=0, or inner knots t, and no other option",
    ),
    ("splrep y", lambda y: ip.splrep(X[:4], y), M, "splrep: y is not a vector."),
    ("kind", lambda y: ip.interp1d(X, y, "other"), X, "interp1d: there is no such kind."),
    (
        "table",
        lambda y: ip.interp1d(M, y),
        X,
        "the places must be a vector, and the values have an axis",
    ),
    (
        "beyond",
        lambda y: ip.interp1d(X, y)(7.0),
        X,
        "interp1d: a point lies beyond the ends of the table",
    ),
    (
        "both",
        lambda y: ip.interp1d(X, y, bounds_error=True, fill_value="extrapolate"),
        X,
        "extrapolation and an error beyond the ends exclude each other",
    ),
    (
        "method",
        lambda v: ip.RegularGridInterpolator(GRID, v, "other"),
        M,
        "RegularGridInterpolator: there is no such method.",
    ),
    (
        "legacy",
        lambda v: ip.interpn(GRID, v, [[0, 0]], "splinef2d"),
        M,
        "this method has no derivative here",
    ),
    (
        "grid",
        lambda v: ip.RegularGridInterpolator(GRID[:1] * 2, v),
        M,
        "the grid and the values do not fit",
    ),
    (
        "points",
        lambda v: ip.RegularGridInterpolator(GRID, v)(np.ones((2, 3))),
        M,
        "the points do not have as many coordinates as the grid has axes",
    ),
    (
        "outside",
        lambda v: ip.RegularGridInterpolator(GRID, v)(np.array([[9.0, 0.0]])),
        M,
        "RegularGridInterpolator: a point lies outside of the grid",
    ),
    (
        "nu of a grid",
        lambda v: ip.RegularGridInterpolator(GRID, v)(np.ones((1, 2)), nu=(1, 0)),
        M,
        "RegularGridInterpolator: nu is for splines only",
    ),
    ("equal", lambda x: ip.BarycentricInterpolator(x * 0, X), X, "two places are equal."),
    (
        "no data",
        lambda x: ip.BarycentricInterpolator(x),
        X,
        "traced places need their data at once",
    ),
    (
        "add_xi",
        lambda y: ip.BarycentricInterpolator(X, y).add_xi([9.0], [1.0]),
        X,
        "BarycentricInterpolator: add_xi needs plain arrays",
    ),
    (
        "runs",
        lambda y: ip.KroghInterpolator(np.array([0.0, 1.0, 0.0, 2.0, 3.0, 4.0]), y),
        X,
        "KroghInterpolator: equal places do not follow each other",
    ),
    (
        "few",
        lambda d: ip.RBFInterpolator(np.eye(2), d),
        X[:2],
        "RBFInterpolator: there are too few data points for the degree",
    ),
    (
        "rbf fit",
        lambda d: ip.RBFInterpolator(np.eye(2), d),
        X,
        "RBFInterpolator: the data points and the data do not fit",
    ),
    (
        "kernel",
        lambda d: ip.RBFInterpolator(np.eye(3), d, kernel="gaussian"),
        X[:3],
        "RBFInterpolator: there is no such kernel, or it needs epsilon",
    ),
    (
        "rbf points",
        lambda d: ip.RBFInterpolator(np.eye(4), d, degree=-1)(np.ones((2, 3))),
        X[:4],
        "the points do not have the dimension of the data points",
    ),
]
NDIMAGE: list[tuple[str, Any, Any, str]] = [
    (
        "mode",
        lambda x: nd.correlate1d(x, [1, 2], mode="other"),
        M,
        "there is no such boundary mode",
    ),
    (
        "axis",
        lambda x: nd.correlate1d(x, [1, 2], axis=2),
        M,
        "correlate1d: the image does not have this axis",
    ),
    (
        "axes",
        lambda x: nd.uniform_filter(x, 3, axes=(0, 0)),
        M,
        "uniform_filter: an axis is named twice",
    ),
    (
        "sequence",
        lambda x: nd.uniform_filter(x, (3, 3, 3)),
        M,
        "uniform_filter: a sequence does not have one entry for each axis",
    ),
    (
        "origin",
        lambda x: nd.correlate1d(x, [1, 2], origin=3),
        M,
        "the filter is empty, or the origin lies outside of it",
    ),
    ("weights", lambda x: nd.correlate1d(x, M), M, "correlate1d: the weights must be a vector"),
    ("kernel", lambda x: nd.correlate(x, X), M, "the kernel does not have the axes of the image"),
    (
        "radius",
        lambda x: nd.gaussian_filter1d(x, 1.0, radius=-1),
        M,
        "the order or the radius is negative, or the radius no integer",
    ),
    (
        "order",
        lambda x: nd.spline_filter(x, 1),
        M,
        "spline_filter: there is no spline of this order",
    ),
    (
        "coordinates",
        lambda x: nd.map_coordinates(x, np.ones((3, 2))),
        M,
        "map_coordinates: the coordinates do not fit the image",
    ),
    ("labels", lambda x: nd.sum_labels(M, x), M, "sum_labels: the labels are traced"),
    (
        "index",
        lambda x: nd.sum_labels(x, index=1),
        M,
        "sum_labels: there is an index, but no labels",
    ),
    (
        "footprint",
        lambda x: nd.minimum_filter(x, footprint=[True, False]),
        M,
        "the footprint is empty, or has not the axes of the image",
    ),
    (
        "size",
        lambda x: nd.maximum_filter(x),
        M,
        "maximum_filter: there is neither a size nor a footprint",
    ),
    (
        "rank size",
        lambda x: nd.median_filter(x),
        M,
        "median_filter: there is neither a size nor a foot",
    ),
    (
        "rank",
        lambda x: nd.rank_filter(x, 9, 3),
        M,
        "rank_filter: there is no such rank in the footprint",
    ),
    (
        "complex",
        lambda x: nd.maximum_filter(x + 1j, 3),
        M,
        "maximum_filter: complex numbers have no order",
    ),
    ("complex regions", lambda x: nd.median(x + 1j), M, "median: complex numbers have no order."),
    ("shift", lambda x: nd.shift(x, (1, 2, 3)), M, "shift: there is not one number for each axis"),
    ("zoom", lambda x: nd.zoom(M, x[0, 0]), M, "zoom: the factors are traced."),
    ("matrix", lambda x: nd.affine_transform(x, np.eye(5)), M, "the matrix does not fit the image"),
    ("plane", lambda x: nd.rotate(x[0], 3.0), M, "rotate: a plane of two axes is needed"),
    ("ellipsoid", lambda x: nd.fourier_ellipsoid(M, x[0, 0]), M, "the size is traced."),
]


@pytest.mark.parametrize(
    "call, argument, text", [c[1:] for c in INTERPOLATE], ids=[c[0] for c in INTERPOLATE]
)
def test_messages_of_interpolation(call: Any, argument: Any, text: str) -> None:
    with pytest.raises(wg.WengertError, match=text) as caught:
        wg.vjp(lambda a: (call(a), a)[1], argument)
    assert "test_interpolation.py" in str(caught.value)


@pytest.mark.parametrize(
    "call, argument, text", [c[1:] for c in NDIMAGE], ids=[c[0] for c in NDIMAGE]
)
def test_messages_of_images(call: Any, argument: Any, text: str) -> None:
    with pytest.raises(wg.WengertError, match=text) as caught:
        wg.vjp(lambda a: (call(a), a)[1], argument)
    assert "test_interpolation.py" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["NearestNDInterpolator", "LinearNDInterpolator", "UnivariateSpline"]
)
def test_classes_without_rules_refuse_by_name(name: str) -> None:
    points = np.random.default_rng(0).uniform(size=(8, 2)) if "ND" in name else np.arange(8.0)
    made = getattr(ip, name)(points, np.arange(8.0))
    with pytest.raises(MissingRuleError, match=rf"scipy\.interpolate\.{name} has no derivative"):
        wg.grad(lambda y: getattr(ip, name)(points, y)(0.5))(np.arange(8.0))
    with pytest.raises(MissingRuleError, match=rf"scipy\.interpolate\.{name} has no derivative"):
        wg.grad(lambda x: made(x))(0.5)


def test_functions_without_rules_refuse_by_name() -> None:
    with pytest.raises(MissingRuleError, match=r"scipy\.interpolate\.splprep has no derivative"):
        wg.vjp(lambda x: ip.splprep([x, x]), X)
    with pytest.raises(MissingRuleError, match=r"scipy\.ndimage\.label has no derivative"):
        wg.vjp(nd.label, M)
    with pytest.raises(AttributeError):
        ip.no_such_name
