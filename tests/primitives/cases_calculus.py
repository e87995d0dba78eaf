"""Cases for calculus on grids, polynomials, covariance, and functions applied along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case

_X = np.array([0.0, 0.7, 1.5, 1.9, 3.0])
_POINTS = np.array([-0.6, 0.2, 0.9, 1.61, 2.4, 3.3])


def _of(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: tuple([rng.uniform(-1.5, 1.5, shape) for shape in shapes])


def _interp_args(rng: np.random.Generator) -> Any:
    """Points, knots (0, 1, 2, 3 moved a little) and values; points are off the knots."""
    points = np.array([-0.5, 0.5, 1.4, 2.6, 3.5]) + rng.uniform(-0.15, 0.15, 5)
    return points, np.arange(4) + rng.uniform(-0.15, 0.15, 4), rng.uniform(-1, 1, 4)


def _steps(rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, (5,)), np.cumsum(rng.uniform(0.4, 1.0, 5))


def _data(rng: np.random.Generator) -> Any:
    return rng.uniform(-1.0, 1.0, (3, 6))


def _phases(rng: np.random.Generator) -> Any:
    return np.array([0.0, 1.0, 5.5, 6.0, 0.2, 3.0]) + rng.uniform(-0.2, 0.2, 6)


def _positive_pair(rng: np.random.Generator) -> Any:
    return _data(rng), rng.uniform(0.5, 1.5, 6)


CASES = [
    # interp
    Case("interp", np.interp, _interp_args, ("interp",), kink="the interval on the right"),
    Case(
        "interp scalar",
        lambda x, fp: np.interp(x, _X, fp),
        lambda rng: (rng.uniform(0.8, 1.4), rng.uniform(-1, 1, 5)),
    ),
    Case(
        "interp matrix",
        lambda x, fp: np.interp(x, _X, fp),
        lambda rng: (rng.uniform(0.8, 1.4, (2, 3)), rng.uniform(-1, 1, 5)),
    ),
    Case(
        "interp values", lambda fp: np.interp(_POINTS, _X, fp), _of((5,)), ("interp",), complex=True
    ),
    Case(
        "interp edges", lambda x, xp, fp: np.interp(x, xp, fp, left=-1.0, right=2.0), _interp_args
    ),
    Case(
        "interp traced edges",
        lambda fp: np.interp(_POINTS, _X, fp, left=fp[1], right=fp[2] ** 2),
        _of((5,)),
    ),
    Case(
        "interp scalar and edges",
        lambda x: np.interp(x, _X, _X**2, left=x, right=0.0),
        lambda rng: rng.uniform(-1, -0.5),
    ),
    Case("interp period", lambda x, xp, fp: np.interp(x, xp, fp, period=4.3), _interp_args),
    Case("interp one knot", lambda fp: np.interp(_POINTS, np.array([1.0]), fp), _of((1,))),
    # differences
    Case("diff", np.diff, _of((5,)), complex=True),
    Case("diff twice", lambda x: np.diff(x, 2, axis=0), _of((4, 3))),
    Case("diff none", lambda x: np.diff(x, 0) * 2, _of((3,))),
    Case("diff ends", lambda x, y: np.diff(x, prepend=0.0, append=y), _of((2, 4), (2, 2))),
    Case("diff traced scalar end", lambda x, y: np.diff(x, prepend=y), _of((2, 4), ())),
    Case("diff too often", lambda x: np.diff(x, 4), _of((3,))),
    Case("ediff1d", np.ediff1d, _of((2, 3))),
    Case("ediff1d ends", lambda x, y: np.ediff1d(x, to_begin=y, to_end=[1.0, 2.0]), _of((4,), ())),
    # gradient
    Case("gradient", np.gradient, _of((5,)), complex=True),
    Case("gradient two points", np.gradient, _of((2,))),
    Case("gradient all axes", np.gradient, _of((3, 4))),
    Case("gradient axis", lambda f: np.gradient(f, 0.5, axis=1), _of((3, 4))),
    Case("gradient axes", lambda f: np.gradient(f, 0.5, 2.0, axis=(0, -1)), _of((3, 2, 4))),
    Case("gradient second order edges", lambda f: np.gradient(f, 0.3, edge_order=2), _of((5,))),
    Case("gradient coordinates", np.gradient, _steps),
    Case(
        "gradient coordinates second order",
        lambda f, x: np.gradient(f, x, edge_order=2),
        _steps,
    ),
    Case("gradient traced step", lambda f, h: np.gradient(f, 1.2 + h**2), _of((4,), ())),
    Case("gradient mixed spacing", lambda f: np.gradient(f, _X, 2.0), _of((5, 3))),
    # integrals and phases
    Case("trapezoid", np.trapezoid, _of((5,)), complex=True),
    Case("trapezoid points", np.trapezoid, _steps),
    Case("trapezoid step", lambda y, h: np.trapezoid(y, dx=h, axis=0), _of((4, 2), ())),
    Case("trapezoid points of each row", lambda y, x: np.trapezoid(y, x), _of((2, 4), (2, 4))),
    Case("trapezoid points on first axis", lambda y: np.trapezoid(y, _X, axis=0), _of((5, 2))),
    Case("unwrap", np.unwrap, _phases),
    Case("unwrap period", lambda p: np.unwrap(p, period=4.0), _phases),
    Case("unwrap axis", lambda p: np.unwrap(p.reshape(3, 2), axis=0, discont=4.0), _phases),
    Case("unwrap traced period", lambda p: np.unwrap(p, period=4 + p[0] ** 2), _phases),
    # polynomials
    Case("polyval", np.polyval, _of((4,), (3,)), complex=True),
    Case("polyval scalar", np.polyval, _of((3,), ())),
    Case("polyval constant coefficients", lambda x: np.polyval([1, -2, 3], x), _of((2, 2))),
    Case("polyder", lambda p: np.polyder(p, 2), _of((5,)), float32=False),
    Case("polyint", lambda p: np.polyint(p, 2, k=[1.0, 2.0]), _of((3,)), float32=False),
    Case("polyint constants", lambda p: np.polyint(p, 1, p[0]), _of((3,)), float32=False),
    Case("polyadd", np.polyadd, _of((3,), (5,))),
    Case("polysub", np.polysub, _of((4,), (2,))),
    Case("polymul", np.polymul, _of((3,), (4,)), complex=True, traces=False, batch=False),
    Case("polydiv", np.polydiv, _of((5,), (3,)), traces=False, batch=False),
    Case("vander", np.vander, _of((4,)), complex=True, float32=False),
    Case("vander increasing", lambda x: np.vander(x, 3, increasing=True), _of((4,)), float32=False),
    Case("vander square of zero", lambda x: np.vander(x - x, 3), _of((2,)), order=1, float32=False),
    Case("poly", np.poly, _of((3,))),
    Case(
        "roots",
        lambda p: np.sort(np.abs(np.roots(p))),
        lambda rng: np.array([1.0, -7.0, 14.0, -8.0]) + rng.uniform(-0.1, 0.1, 4),
        traces=False,
        batch=False,
        float32=False,
    ),
    Case(
        "polyfit",
        lambda x, y: np.polyfit(x, y, 2),
        _steps,
        float32=False,
    ),
    Case(
        "polyfit weights",
        lambda y, w: np.polyfit(_X, y, 1, w=w),
        lambda rng: (rng.uniform(-1, 1, 5), rng.uniform(0.5, 1.5, 5)),
        float32=False,
    ),
    Case(
        "polyfit columns",
        lambda y: np.polyfit(_X, y, 1),
        _of((5, 2)),
        float32=False,
    ),
    Case(
        "polyfit covariance",
        lambda y: np.polyfit(_X, y, 1, cov=True)[1],
        _of((5,)),
        float32=False,
    ),
    # covariance
    Case("cov", np.cov, _data, float32=False),
    Case("cov complex", np.cov, lambda rng: _data(rng) + 1j * _data(rng), float32=False),
    Case("cov vector", np.cov, _of((5,)), float32=False),
    Case("cov columns", lambda m: np.cov(m, rowvar=False, bias=True), _data, float32=False),
    Case("cov two", np.cov, _of((5,), (5,)), float32=False),
    Case(
        "cov two columns",
        lambda m, y: np.cov(m, y, rowvar=False, ddof=0),
        _of((5, 2), (5, 1)),
        float32=False,
    ),
    Case("cov weights", lambda m, w: np.cov(m, aweights=w), _positive_pair, float32=False),
    Case(
        "cov both weights",
        lambda m, w: np.cov(m, fweights=[1, 2, 1, 3, 1, 2], aweights=w),
        _positive_pair,
        float32=False,
    ),
    Case(
        "cov frequencies",
        lambda m: np.cov(m, fweights=[1, 2, 1, 3, 1, 2], ddof=0),
        _data,
        float32=False,
    ),
    Case("corrcoef", np.corrcoef, _data, float32=False),
    Case("corrcoef vector", lambda x: np.corrcoef(x), _of((4,)), order=1, float32=False),
    Case("corrcoef two", np.corrcoef, _of((6,), (6,)), float32=False),
    # along axes
    Case(
        "apply_along_axis scalar", lambda x: np.apply_along_axis(lambda v: v @ v, 1, x), _of((2, 3))
    ),
    Case("apply_along_axis vector", lambda x: np.apply_along_axis(np.diff, 0, x), _of((4, 2))),
    Case(
        "apply_along_axis matrix",
        lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 1, x),
        _of((2, 3, 2)),
    ),
    Case("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x * x, [0, 2]), _of((2, 3, 2))),
]
