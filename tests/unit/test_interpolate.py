"""`wengert.scipy.interpolate`: SciPy's numbers in every option, attributes, transforms."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.sparse.linalg

import wengert as wg
from wengert.scipy import interpolate as ip

RNG = np.random.default_rng(3)
X = np.cumsum(RNG.uniform(0.4, 1.0, 7))
Y = RNG.normal(size=(2, 7, 3))
RING = np.concatenate([Y[:, :-1], Y[:, :1]], axis=1)
POINTS = np.array([[X[0], X[2], 1.7], [2.6, 3.1, X[-1]]])
FAR = np.array([-1.0, 2.0, 9.0])


def same(f: Callable[..., Any], *args: Any, tol: float = 1e-11) -> None:
    """Traced, the value, shape and dtype are those that SciPy gives for plain arrays."""
    found, expected = np.asarray(wg.vjp(f, *args)[0]), np.asarray(f(*args))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tol, atol=tol)


class TestCubics:
    @pytest.mark.parametrize("n", [2, 3, 4, 7])
    @pytest.mark.parametrize(
        "bc_type",
        [
            "not-a-knot",
            "natural",
            "clamped",
            ("natural", "not-a-knot"),
            ((1, np.ones((2, 3))), (2, Y[:, 0])),
        ],
        ids=str,
    )
    def test_splines(self, n: int, bc_type: Any) -> None:
        for nu in range(5):
            same(
                lambda x, y: ip.CubicSpline(x, y, 1, bc_type)(POINTS, nu), X[:n], Y[:, :n], tol=1e-8
            )

    @pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
    def test_periodic_splines(self, n: int) -> None:
        ring = np.concatenate([Y[:, : n - 1], Y[:, :1]], axis=1)
        spline = lambda x, y: ip.CubicSpline(x, y, 1, "periodic")
        same(lambda x, y: spline(x, y)(FAR), X[:n], ring)
        same(lambda x, y: spline(x, y).integrate(-2.0, 9.3), X[:n], ring)
        same(lambda x, y: spline(x, y).integrate(5.0, 0.3), X[:n], ring)

    @pytest.mark.parametrize("n", [2, 3, 4, 7])
    @pytest.mark.parametrize("name", ["PchipInterpolator", "Akima1DInterpolator"])
    def test_local_cubics(self, n: int, name: str) -> None:
        same(lambda x, y: getattr(ip, name)(x, y, axis=1)(POINTS), X[:n], Y[:, :n])
        same(lambda p: getattr(ip, name)(X, Y, axis=1)(p, 1), POINTS)

    def test_flat_and_broken_data(self) -> None:
        y = np.array([0.0, 0.0, 1.0, 1.0, 0.5, 0.5, 3.0])
        for make in (
            lambda y: ip.PchipInterpolator(X, y),
            lambda y: ip.Akima1DInterpolator(X, y),
            lambda y: ip.Akima1DInterpolator(X, y, method="makima"),
        ):
            same(lambda y: make(y)(POINTS), y)
            assert np.all(np.isfinite(wg.jacobian(lambda y: make(y)(POINTS))(y)))

    def test_a_derived_spline_is_a_spline_of_the_same_class(self) -> None:
        def f(y: Any) -> Any:
            spline = ip.CubicSpline(X, y, axis=1)
            assert isinstance(spline, scipy.interpolate.CubicSpline)
            assert (
                isinstance(spline, ip.PPoly) and spline.axis == 1 and spline.c.shape[:2] == (4, 6)
            )
            assert type(spline.derivative()) is ip.CubicSpline
            return spline.derivative(2)(POINTS) + spline.antiderivative(2)(POINTS)

        same(f, Y)

    def test_pchip_interpolate(self) -> None:
        same(lambda y: ip.pchip_interpolate(X, y, POINTS, axis=1), Y)
        same(lambda y: ip.pchip_interpolate(X, y, POINTS, der=[0, 2], axis=1)[1], Y)

    def test_plain_data_are_scipys_object(self) -> None:
        mine, theirs = ip.CubicSpline(X, Y, axis=1), scipy.interpolate.CubicSpline(X, Y, axis=1)
        np.testing.assert_array_equal(mine.c, theirs.c)
        np.testing.assert_array_equal(mine(POINTS), theirs(POINTS))
        assert mine.roots().shape == theirs.roots().shape
        copy = pickle.loads(pickle.dumps(mine))
        np.testing.assert_array_equal(copy(POINTS), theirs(POINTS))
        same(lambda p: copy(p), POINTS)


class TestPieces:
    @pytest.mark.parametrize("name", ["PPoly", "BPoly"])
    @pytest.mark.parametrize("extrapolate", [True, False, "periodic"])
    def test_every_option(self, name: str, extrapolate: Any) -> None:
        make = lambda c, x: getattr(ip, name)(c, x, extrapolate)
        c = RNG.normal(size=(4, 6, 2))
        for nu in range(5):
            same(lambda c, x: make(c, x)(FAR, nu), c, X)
        for step in ("derivative", "antiderivative"):
            same(lambda c, x: getattr(make(c, x), step)(2)(FAR), c, X)
        same(lambda c, x: make(c, x).integrate(1.0, 2.7), c, X)
        same(lambda c, x: make(c, x).integrate(2.7, 1.0), c, X)
        same(lambda p: make(c, X)(p), FAR)
        same(lambda c: make(c, X[::-1])(POINTS), c)
        same(
            lambda c: getattr(ip, name)(np.moveaxis(c, 2, 0), X, axis=1).c if 0 else make(c, X).c, c
        )

    def test_a_point_that_is_not_a_number(self) -> None:
        same(lambda p: ip.PPoly(np.ones((1, 6)), X)(p), np.array([np.nan, 2.0]))


class TestBSplines:
    @pytest.mark.parametrize("k", range(6))
    def test_interpolation(self, k: int) -> None:
        spline = lambda x, y: ip.make_interp_spline(x, y, k, axis=1)
        for nu in range(k + 2):
            same(lambda x, y: spline(x, y)(POINTS, nu), X, Y, tol=1e-9)
        same(lambda x, y: spline(x, y).c, X, Y)
        same(lambda x, y: spline(x, y).t, X, Y)
        for step in range(1, k + 1):
            same(lambda x, y: spline(x, y).derivative(step).c, X, Y, tol=1e-9)
        inside = POINTS if k else POINTS[:, :2]  # SciPy gives 0 at the end of a sum of steps
        same(lambda x, y: spline(x, y).antiderivative(2)(inside), X, Y)
        same(lambda x, y: spline(x, y).integrate(X[1], X[3]), X, Y)
        if k:
            same(lambda y: spline(X, y).integrate(-1.0, 9.0, extrapolate=False), Y)

    @pytest.mark.parametrize("k", range(2, 6))
    @pytest.mark.parametrize("n", [6, 16])
    def test_periodic(self, k: int, n: int) -> None:
        x = np.cumsum(RNG.uniform(0.4, 1.0, n))
        y = RNG.normal(size=(n, 2))
        y[-1] = y[0]
        spline = lambda x, y: ip.make_interp_spline(x, y, k, bc_type="periodic")
        same(lambda x, y: spline(x, y).c, x, y, tol=1e-9)
        same(lambda x, y: spline(x, y)(FAR), x, y, tol=1e-9)
        same(lambda x, y: spline(x, y).integrate(-5.0, 20.0), x, y, tol=1e-9)

    @pytest.mark.parametrize(
        "bc_type",
        [
            "natural",
            "clamped",
            (None, [(1, Y[:, 0]), (2, Y[:, 1])]),
            ([(2, Y[:, 0])], [(1, Y[:, 1])]),
        ],
        ids=["natural", "clamped", "right", "both"],
    )
    def test_boundary_conditions(self, bc_type: Any) -> None:
        same(lambda x, y: ip.make_interp_spline(x, y, 3, bc_type=bc_type, axis=1)(POINTS), X, Y)

    def test_least_squares(self) -> None:
        x, w = np.linspace(0, 5, 60), RNG.uniform(0.5, 2, 60)
        t = np.r_[[0.0] * 4, 1, 2, 2, 3.5, [5.0] * 4]
        y = np.sin(x)[:, None] + RNG.normal(size=(60, 2))
        same(lambda x, y, t, w: ip.make_lsq_spline(x, y, t, 3, w).c, x, y, t, w)
        same(lambda y: ip.make_lsq_spline(x, y + 1j * y[::-1], t).c, y)
        same(lambda y: ip.splrep(x, y, w, t=[1.0, 2.5])[1], y[:, 0], tol=1e-9)

    def test_fitpack(self) -> None:
        y = Y[0, :, 0]
        for k in (1, 2, 3, 5):
            same(lambda x, y: ip.splrep(x, y, k=k)[1], X, y)
        tck = lambda y: ip.splrep(X, y)
        for ext in (0, 1, 3):
            for der in range(4):
                same(lambda y: ip.splev(FAR, tck(y), der, ext), y, tol=1e-9)
        same(lambda y: ip.splint(-1.0, 2.0, tck(y)), y)
        same(lambda y: ip.splder(tck(y), 2)[1], y)
        same(lambda y: ip.splantider(tck(y))[1], y)
        same(lambda p: ip.splev(p, tck(y)), FAR)

    def test_basis_elements(self) -> None:
        same(lambda t: ip.BSpline.basis_element(t)(POINTS), X[:5])


class TestTables:
    @pytest.mark.parametrize(
        "kind",
        [
            "linear",
            "nearest",
            "nearest-up",
            "previous",
            "next",
            "zero",
            "slinear",
            "quadratic",
            "cubic",
            4,
        ],
    )
    def test_kinds(self, kind: Any) -> None:
        order = RNG.permutation(7)
        same(lambda x, y: ip.interp1d(x, y, kind, axis=1)(POINTS), X[order], Y[:, order])
        same(lambda p: ip.interp1d(X, Y, kind, axis=1)(p), POINTS)
        same(lambda p: ip.interp1d(X, Y, kind, axis=1)(p), 2.0)
        same(lambda y: ip.interp1d(X, y, kind, axis=1, fill_value="extrapolate")(FAR), Y)
        same(
            lambda y: ip.interp1d(X, y, kind, bounds_error=False, fill_value=(-1.0, 7.0))(FAR),
            Y[0, :, 0],
        )

    def test_fill_values_have_derivatives(self) -> None:
        f = lambda v: ip.interp1d(X, X, bounds_error=False, fill_value=v)(FAR)
        assert wg.jacobian(f)(2.0).tolist() == [1.0, 0.0, 1.0]

    @pytest.mark.parametrize(
        "method", ["linear", "nearest", "slinear", "cubic", "quintic", "pchip"]
    )
    def test_grids(self, method: str) -> None:
        axes = [np.cumsum(RNG.uniform(0.4, 1, n)) for n in (6, 7, 8)]
        values = RNG.normal(size=(6, 7, 8, 2))
        points = np.stack([RNG.uniform(a[0], a[-1], (2, 3)) for a in axes], axis=-1)
        exact: Any = {}
        if method in ("slinear", "cubic", "quintic"):
            exact = {"solver": scipy.sparse.linalg.spsolve}
        make = lambda a, v, *more: ip.RegularGridInterpolator(
            (a, *axes[1:]), v, method, *more, **exact
        )
        same(lambda a, v, p: make(a, v)(p), axes[0], values, points, tol=1e-9)
        same(lambda p: make(axes[0], values)(p), points, tol=1e-9)
        same(lambda v: make(axes[0][::-1], v, False, None)(points + 0.4), values, tol=1e-8)
        same(lambda v: make(axes[0], v, False, 7.0)(points + 0.4), values, tol=1e-9)
        if exact:
            same(lambda p: make(axes[0], values)(p, nu=(1, 0, 1)), points, tol=1e-8)

    def test_interpn(self) -> None:
        grid, values = (np.arange(3.0), np.arange(4.0)), RNG.normal(size=(3, 4))
        same(lambda v, a: ip.interpn(grid, v, (a, 0.5 + a)), values, np.array([0.2, 1.4]))
        assert isinstance(ip.interpn(grid, values, [[0.5, 0.5]]), np.ndarray)


class TestOnePolynomial:
    @pytest.mark.parametrize("name", ["BarycentricInterpolator", "KroghInterpolator"])
    def test_values_and_derivatives(self, name: str) -> None:
        make = getattr(ip, name)
        points = np.array([[X[0], X[1]], [1.3, 2.2]])
        same(lambda x, y: make(x, y, axis=1)(points), X, Y)
        same(lambda p: make(X, Y, axis=1)(p), points)
        same(lambda y: make(X, y, axis=1)(1.3), Y)
        for der in (1, 2, 7):
            same(lambda x, y: make(x, y, axis=1).derivative(points, der), X, Y, tol=1e-9)
        same(lambda p: make(X, Y, axis=1).derivatives(p, 3), points, tol=1e-9)

    def test_exchanged_data(self) -> None:
        def f(y: Any) -> Any:
            p = ip.BarycentricInterpolator(X, Y[0, :, 0])
            p.set_yi(y)
            return p(1.3)

        same(f, Y[0, :, 1])

    def test_hermite_data(self) -> None:
        x = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0])
        same(lambda y: ip.KroghInterpolator(x, y).derivatives(FAR), Y[0, :6], tol=1e-9)
        same(lambda p: ip.KroghInterpolator(x, Y[0, :6])(p), FAR)

    def test_functions(self) -> None:
        y = Y[0, :, 0]
        same(lambda y: ip.barycentric_interpolate(X, y, FAR, der=[0, 1]), y, tol=1e-9)
        same(lambda y: ip.krogh_interpolate(X, y, FAR, der=1), y, tol=1e-9)
        same(lambda x, y: ip.lagrange(x, y).c, X[:5], y[:5], tol=1e-8)
        same(
            lambda y: ip.lagrange(X[:4], y).deriv()(0.3) + ip.lagrange(X[:4], y).integ()(0.3), y[:4]
        )


class TestScattered:
    @pytest.mark.parametrize(
        "kernel",
        [
            "linear",
            "thin_plate_spline",
            "cubic",
            "quintic",
            "multiquadric",
            "inverse_multiquadric",
            "inverse_quadratic",
            "gaussian",
        ],
    )
    def test_kernels(self, kernel: str) -> None:
        y = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), -1).reshape(12, 2)
        y = y + RNG.uniform(-0.2, 0.2, y.shape)
        d, x = RNG.normal(size=(12, 2)), np.concatenate([y[:2], RNG.uniform(0, 2, (3, 2))])
        make = lambda y, d, **more: ip.RBFInterpolator(y, d, kernel=kernel, epsilon=1.3, **more)
        same(lambda y, d, x: make(y, d)(x), y, d, x, tol=1e-8)
        same(lambda x: make(y, d + 1j, smoothing=0.1)(x), x, tol=1e-8)
        same(lambda y, d, x: make(y, d, neighbors=8)(x), y, d, x, tol=1e-8)
        same(lambda x: make(y, d[:, 0], neighbors=8, degree=-1)(x), x, tol=1e-8)


class TestTransforms:
    def test_a_fit_compiles_and_maps(self) -> None:
        f = lambda y: np.sum(ip.CubicSpline(X, y)(POINTS) ** 2)
        rows = RNG.normal(size=(4, 7))
        expected = np.stack([wg.grad(f)(row) for row in rows])
        np.testing.assert_allclose(wg.jit(wg.grad(f))(rows[0]), expected[0], rtol=1e-11)
        np.testing.assert_allclose(wg.vmap(wg.grad(f))(rows), expected, rtol=1e-11)
        np.testing.assert_allclose(
            wg.hessian(f)(rows[0]), wg.jacfwd(wg.grad(f))(rows[0]), rtol=1e-10, atol=1e-12
        )

    def test_a_plain_spline_in_a_loop(self) -> None:
        spline = ip.CubicSpline(X, np.sin(X))
        f = lambda x: wg.fori_loop(0, 3, lambda i, v: v + 0.1 * spline(v), x)
        np.testing.assert_allclose(wg.grad(f)(1.5), wg.grad(wg.jit(f))(1.5))

    def test_unknown_values_are_not_checked(self) -> None:
        f = wg.vmap(lambda p: ip.interp1d(X, X)(p))
        found = f(np.array([X[0] - 1.0, X[1]]))
        assert np.isnan(found[0]) and found[1] == X[1]
