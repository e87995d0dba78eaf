"""Cases for `wengert.scipy.interpolate`: in the points, the data and the places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import interpolate as ip

_X = np.array([0.0, 0.7, 1.5, 1.9, 3.0, 3.4])
_POINTS = np.array([-0.2, 0.31, 1.2, 2.4, 3.55])
_INSIDE = np.array([0.05, 0.31, 1.2, 2.4, 3.35])
_KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.1, 3.4, 3.4, 3.4, 3.4])
_GRID = np.array([0.0, 0.8, 1.9, 2.5]), np.array([0.0, 1.1, 1.7, 3.0, 3.6])


def _of(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: tuple([rng.uniform(-1.5, 1.5, shape) for shape in shapes])


def _places(rng: np.random.Generator) -> Any:
    """Places a little moved, and data."""
    return _X + rng.uniform(-0.05, 0.05, 6), rng.uniform(-1.5, 1.5, 6)


def _all(rng: np.random.Generator) -> Any:
    """Places, data and points off the places."""
    x = np.arange(5) + rng.uniform(-0.1, 0.1, 5)
    return (
        x,
        rng.uniform(-1.5, 1.5, (5, 2)),
        np.array([0.5, 1.45, 3.55]) + rng.uniform(-0.1, 0.1, 3),
    )


def _rising(rng: np.random.Generator) -> Any:
    """Data that rise, fall and rise: chords far from zero, at every place a clear case."""
    x, _ = _places(rng)
    return x, np.array([0.0, 1.0, 2.5, 2.0, 0.5, 1.5]) + rng.uniform(-0.1, 0.1, 6)


def _periodic(x: Any, y: Any, k: int | None = None) -> Any:
    closed = np.concatenate([y, y[:1]])
    if k is None:
        return ip.CubicSpline(x, closed, bc_type="periodic")(_POINTS)
    return ip.make_interp_spline(x, closed, k, bc_type="periodic")(_POINTS)


def _ring(rng: np.random.Generator) -> Any:
    return np.cumsum(rng.uniform(0.5, 0.8, 13)), rng.uniform(-1.5, 1.5, 12)


def _scattered(rng: np.random.Generator) -> Any:
    grid = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0)), -1).reshape(9, 2)
    return (
        grid + rng.uniform(-0.2, 0.2, (9, 2)),
        rng.uniform(-1, 1, 9),
        rng.uniform(0.6, 1.4, (3, 2)),
    )


def _on_grid(rng: np.random.Generator) -> Any:
    points = np.array([[0.4, 0.5], [1.3, 2.3], [2.2, 3.3]]) + rng.uniform(-0.15, 0.15, (3, 2))
    return rng.uniform(-1, 1, (4, 5)), points


CASES = [
    # cubics
    Case("CubicSpline", lambda x, y, p: ip.CubicSpline(x, y)(p), _all, ("banded_solve",)),
    Case(
        "CubicSpline complex",
        lambda y: ip.CubicSpline(_X, y, axis=1)(_POINTS),
        _of((2, 6)),
        complex=True,
    ),
    Case(
        "CubicSpline natural",
        lambda x, y: ip.CubicSpline(x, y, bc_type="natural")(_POINTS),
        _places,
    ),
    Case(
        "CubicSpline ends",
        lambda y, a, b: ip.CubicSpline(_X, y, bc_type=((1, a), (2, b)))(_POINTS),
        _of((6,), (), ()),
    ),
    Case("CubicSpline periodic", _periodic, _ring),
    Case("CubicSpline three places", lambda x, y: ip.CubicSpline(x[:3], y[:3])(_INSIDE), _places),
    Case(
        "CubicSpline derivative",
        lambda y, p: ip.CubicSpline(_X, y).derivative()(p) + ip.CubicSpline(_X, y)(p, nu=2),
        lambda rng: (rng.uniform(-1, 1, 6), _INSIDE + rng.uniform(-0.1, 0.1, 5)),
    ),
    Case(
        "CubicSpline antiderivative",
        lambda x, y: ip.CubicSpline(x, y).antiderivative(2)(_POINTS),
        _places,
    ),
    Case(
        "CubicSpline integrate",
        lambda y, a, b: ip.CubicSpline(_X, y).integrate(a, b),
        lambda rng: (rng.uniform(-1, 1, 6), rng.uniform(0.2, 0.5), rng.uniform(2.0, 2.8)),
        traces=False,  # SciPy asks which limit is the larger one
        batch=False,
    ),
    Case("PchipInterpolator", lambda x, y: ip.PchipInterpolator(x, y)(_INSIDE), _rising),
    Case("Akima1DInterpolator", lambda x, y: ip.Akima1DInterpolator(x, y)(_INSIDE), _rising),
    Case(
        "makima",
        lambda y: ip.Akima1DInterpolator(_X, y, method="makima", extrapolate=True)(_POINTS),
        lambda rng: _rising(rng)[1],
    ),
    Case(
        "CubicHermiteSpline",
        lambda x, y, s: ip.CubicHermiteSpline(x, y, s)(_POINTS),
        lambda rng: (*_places(rng), rng.uniform(-1, 1, 6)),
    ),
    # piecewise polynomials
    Case(
        "PPoly",
        lambda c, x: ip.PPoly(c, x)(_POINTS),
        lambda rng: (rng.uniform(-1, 1, (3, 5)), _places(rng)[0]),
    ),
    Case(
        "PPoly periodic",
        lambda p: ip.PPoly(np.ones((3, 5)), _X, "periodic")(p),
        lambda rng: _POINTS + rng.uniform(-0.05, 0.05, 5),
    ),
    Case(
        "BPoly",
        lambda c, x: ip.BPoly(c, x)(_POINTS),
        lambda rng: (rng.uniform(-1, 1, (3, 5)), _places(rng)[0]),
    ),
    # B-splines
    Case(
        "BSpline",
        lambda t, c, p: ip.BSpline(t, c, 3)(p),
        lambda rng: (
            np.cumsum(rng.uniform(0.3, 0.6, 10)),
            rng.uniform(-1, 1, (6, 2)),
            np.array([2.3, 2.6]) + rng.uniform(-0.05, 0.05, 2),
        ),
        tol=1e-6,
    ),
    Case(
        "BSpline derivative",
        lambda c: (
            ip.BSpline(_KNOTS, c, 3)(_INSIDE, nu=1) + ip.BSpline(_KNOTS, c, 3).derivative()(_INSIDE)
        ),
        _of((6,)),
        complex=True,
    ),
    Case(
        "BSpline antiderivative",
        lambda c: ip.BSpline(_KNOTS, c, 3).antiderivative()(_INSIDE),
        _of((6,)),
    ),
    Case("make_interp_spline", lambda x, y, p: ip.make_interp_spline(x, y)(p), _all),
    Case("make_interp_spline 2", lambda x, y: ip.make_interp_spline(x, y, 2)(_POINTS), _places),
    Case(
        "make_interp_spline clamped",
        lambda x, y: ip.make_interp_spline(x, y, bc_type="clamped")(_POINTS),
        _places,
    ),
    Case("make_interp_spline periodic", lambda x, y: _periodic(x, y, 3), _ring),
    Case(
        "make_lsq_spline",
        lambda y, w: ip.make_lsq_spline(np.linspace(0.0, 3.4, 12), y, _KNOTS, 3, w)(_INSIDE),
        lambda rng: (rng.uniform(-1, 1, 12), rng.uniform(0.5, 1.5, 12)),
    ),
    Case("splrep", lambda x, y: ip.splev(_POINTS, ip.splrep(x, y), der=1), _places),
    Case(
        "splint",
        lambda y: np.multiply(1.0, ip.splint(0.3, 2.0, ip.splrep(_X, y))),
        lambda rng: rng.uniform(-1, 1, 6),
        traces=False,
        float32=False,
    ),
    # tables
    Case("interp1d", lambda x, y, p: ip.interp1d(x, y, axis=0, fill_value="extrapolate")(p), _all),
    Case("interp1d cubic", lambda y: ip.interp1d(_X, y, "cubic")(_INSIDE), _of((2, 6))),
    Case("interp1d nearest", lambda y: ip.interp1d(_X, y, "nearest")(_INSIDE), _of((6,))),
    Case(
        "RegularGridInterpolator",
        lambda v, p: ip.RegularGridInterpolator(_GRID, v, bounds_error=False)(p),
        _on_grid,
    ),
    Case(
        "RegularGridInterpolator slinear",
        lambda v, p: ip.RegularGridInterpolator(_GRID, v, "slinear", False, None)(p),
        _on_grid,
    ),
    Case(
        "RegularGridInterpolator grid",
        lambda x, y: ip.interpn((x, _GRID[1]), y, np.array([[0.4, 0.5], [1.3, 2.3]]), "pchip"),
        lambda rng: (
            _GRID[0] + rng.uniform(-0.05, 0.05, 4),
            np.cumsum(rng.uniform(0.5, 1, (4, 5)), 1).cumsum(0),
        ),
        traces=False,
        batch=False,
    ),
    # one polynomial
    Case("BarycentricInterpolator", lambda x, y, p: ip.BarycentricInterpolator(x, y)(p), _all),
    Case(
        "BarycentricInterpolator at places",
        lambda y, p: ip.BarycentricInterpolator(_X, y).derivative(p),
        lambda rng: (rng.uniform(-1, 1, 6), _X[1:3].copy()),
        tol=1e-6,
    ),
    Case("KroghInterpolator", lambda x, y, p: ip.KroghInterpolator(x, y)(p), _all),
    Case(
        "KroghInterpolator derivatives",
        lambda y, p: ip.KroghInterpolator(np.array([0.0, 0.0, 1.0, 2.0, 2.0]), y).derivatives(p, 3),
        lambda rng: (rng.uniform(-1, 1, 5), rng.uniform(0, 2, 3)),
    ),
    Case("lagrange", lambda x, y: ip.lagrange(x[:4], y[:4])(0.3), _places),
    # scattered data
    Case(
        "RBFInterpolator",
        lambda y, d, x: ip.RBFInterpolator(y, d)(x),
        _scattered,
        float32=False,
        tol=1e-6,
    ),
    Case(
        "RBFInterpolator gaussian",
        lambda d, s, e: ip.RBFInterpolator(
            _scattered(np.random.default_rng(0))[0], d, smoothing=s, kernel="gaussian", epsilon=e
        )(np.array([[0.6, 1.1]])),
        lambda rng: (rng.uniform(-1, 1, 9), np.array(0.3), np.array(1.1)),
        float32=False,
    ),
    Case(
        "RBFInterpolator neighbors",
        lambda d, x: ip.RBFInterpolator(_scattered(np.random.default_rng(0))[0], d, neighbors=4)(x),
        lambda rng: (
            rng.uniform(-1, 1, 9),
            np.array([[0.5, 0.5], [1.5, 0.5]]) + rng.uniform(-0.05, 0.05, (2, 2)),
        ),
        float32=False,
    ),
]
