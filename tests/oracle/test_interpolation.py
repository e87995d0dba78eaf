"""Interpolants and images against independent answers: polynomials, rates, Green's functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.scipy import interpolate as ip
from wengert.scipy import ndimage as nd

RNG = np.random.default_rng(11)
X = np.sort(RNG.uniform(0, 4, 9))
POINTS = np.linspace(X[0] + 0.05, X[-1] - 0.05, 7)


@pytest.mark.parametrize(
    "make, degree",
    [
        (lambda y: ip.CubicSpline(X, y), 3),
        (lambda y: ip.make_interp_spline(X, y, 2), 2),
        (lambda y: ip.make_interp_spline(X, y, 5), 5),
        (lambda y: ip.Akima1DInterpolator(X, y), 1),
        (lambda y: ip.PchipInterpolator(X, y), 1),
        (lambda y: ip.BarycentricInterpolator(X, y), 8),
        (lambda y: ip.KroghInterpolator(X, y), 8),
        (lambda y: ip.make_lsq_spline(X, y, np.r_[[X[0]] * 4, 2.0, [X[-1]] * 4]), 3),
    ],
)
def test_polynomials_are_reproduced_with_their_derivatives(make: Any, degree: int) -> None:
    """The interpolant of sum c_k x^k is that polynomial: so is d/dc_k, and d/dx."""
    c = RNG.uniform(0.5, 1.0, degree + 1)
    f = lambda c, x: make(sum([c[k] * (X / 2) ** k for k in range(degree + 1)]))(x)
    powers = np.stack([(POINTS / 2) ** k for k in range(degree + 1)], axis=1)
    slope = sum([c[k] * k / 2 * (POINTS / 2) ** (k - 1) for k in range(1, degree + 1)])
    np.testing.assert_allclose(f(c, POINTS), powers @ c, rtol=1e-10)
    if degree > 1:  # the two others are not linear in the data
        np.testing.assert_allclose(wg.jacobian(f)(c, POINTS), powers, rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.diag(wg.jacobian(f, argnums=1)(c, POINTS)), slope, rtol=1e-8)


def test_moving_the_places_of_a_reproduced_polynomial_changes_nothing() -> None:
    """With y = p(x) a cubic, the spline is p whatever the places: d/dx is zero."""
    p = lambda x: 1.0 + x - 0.3 * x**2 + 0.1 * x**3
    for make in (ip.CubicSpline, ip.make_interp_spline):
        f = lambda x: make(x, p(x))(POINTS)
        np.testing.assert_allclose(wg.jacobian(f)(X), 0.0, atol=1e-9)


def test_spline_derivatives_converge_with_the_step() -> None:
    """The error of the derivative of a cubic spline of sin falls as h^3."""
    errors = []
    for n in (21, 41, 81):
        x = np.linspace(0, np.pi, n)
        slope = wg.elementwise_grad(lambda p: ip.CubicSpline(x, np.sin(x))(p))(POINTS / 2 + 0.3)
        errors.append(np.max(np.abs(slope - np.cos(POINTS / 2 + 0.3))))
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(rates > 2.7)


def test_the_natural_spline_minimizes_its_bending() -> None:
    """Its bending energy, by Gauss quadrature of s'', is stationary against other interpolants."""
    y = RNG.normal(size=9)
    nodes, weights = np.polynomial.legendre.leggauss(3)
    middle, half = (X[1:] + X[:-1]) / 2, np.diff(X) / 2
    at = (middle[:, None] + half[:, None] * nodes).ravel()
    w = (half[:, None] * weights).ravel()

    def energy(slopes: Any) -> Any:
        return np.sum(w * ip.CubicHermiteSpline(X, y, slopes)(at, 2) ** 2)

    slopes = ip.CubicSpline(X, y, bc_type="natural")(X, 1)
    np.testing.assert_allclose(wg.grad(energy)(slopes), 0.0, atol=1e-9 * energy(slopes))


def test_a_table_of_b_splines_sums_to_one() -> None:
    t = np.r_[[X[0]] * 4, X[2:-2], [X[-1]] * 4]
    rows = wg.jacobian(lambda c: ip.BSpline(t, c, 3)(POINTS))(np.zeros(len(t) - 4))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-14)
    assert np.all(rows >= 0)


def test_radial_functions_reproduce_their_polynomials() -> None:
    y = RNG.uniform(-1, 1, (15, 2))
    x = RNG.uniform(-0.5, 0.5, (4, 2))
    plane = lambda p: 2.0 + p[:, 0] - 3.0 * p[:, 1]
    f = lambda y, x: ip.RBFInterpolator(y, plane(y))(x)
    np.testing.assert_allclose(f(y, x), plane(x), rtol=1e-10)
    slopes = wg.jacobian(f, argnums=1)(y, x)
    np.testing.assert_allclose(slopes[np.arange(4), np.arange(4)], [[1.0, -3.0]] * 4, rtol=1e-8)
    np.testing.assert_allclose(wg.jacobian(f)(y, x), 0.0, atol=1e-8)


# -- images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["mirror", "reflect", "grid-wrap"])
@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_the_spline_filter_is_inverted_by_sampling(mode: str, order: int) -> None:
    """Coefficients, sampled at the pixels, are the image; the adjoints invert each other too."""
    image = RNG.normal(size=(50, 3))
    places = np.indices(image.shape).astype(float)

    def there_and_back(x: Any) -> Any:
        c = nd.spline_filter1d(x, order, 0, mode=mode)
        samples = [
            nd.map_coordinates(c[:, j], places[:1, :, 0], order=order, mode=mode, prefilter=False)
            for j in range(3)
        ]
        return np.stack(samples, axis=1)

    out, pullback = wg.vjp(there_and_back, image)
    np.testing.assert_allclose(out, image, rtol=0, atol=1e-12)
    ct = RNG.normal(size=image.shape)
    np.testing.assert_allclose(pullback(ct)[0], ct, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 5, 12])
@pytest.mark.parametrize("mode", ["mirror", "reflect", "grid-wrap"])
def test_the_adjoint_of_short_lines(n: int, mode: str) -> None:
    """SciPy's filter of the unit vectors is the matrix whose transpose the pullback applies."""
    matrix = nd.spline_filter1d(np.eye(n), 5, 0, mode=mode)
    found = wg.jacrev(lambda x: nd.spline_filter1d(x, 5, mode=mode))(np.zeros(n))
    np.testing.assert_allclose(found, matrix, rtol=1e-12, atol=1e-13)


def test_quadratics_in_an_image_have_their_gradient() -> None:
    i, j = np.indices((12, 14)).astype(float)
    image = 0.3 * i**2 - 0.2 * i * j + j
    p = np.array([[5.3, 6.7], [7.1, 5.2]])
    f = lambda p: nd.map_coordinates(image, p, order=3, mode="nearest")
    found = wg.grad(lambda p: np.sum(f(p)))(p)
    expected = np.stack([0.6 * p[0] - 0.2 * p[1], -0.2 * p[0] + 1.0])
    np.testing.assert_allclose(found, expected, atol=0.02)  # the ends bend the spline a little


def test_the_gaussian_filter_solves_the_heat_equation() -> None:
    """d/d(sigma^2 / 2) of a smooth image under a Gaussian is its second derivative."""
    x = np.linspace(0, 6 * np.pi, 400)
    image = np.sin(x) * np.exp(-((x - 9.0) ** 2) / 20)
    sigma = 6.0
    rise = wg.jacobian(lambda s: nd.gaussian_filter1d(image, s, radius=60))(sigma) / sigma
    curvature = nd.gaussian_filter1d(image, sigma, order=2, radius=60)
    inner = slice(80, -80)
    scale = np.max(np.abs(curvature))
    np.testing.assert_allclose(rise[inner] / scale, curvature[inner] / scale, atol=1e-3)


def test_a_shift_is_found_by_descent() -> None:
    x = np.linspace(-3, 3, 40)
    image = np.exp(-np.add.outer(x**2, 2 * x**2))
    target = nd.shift(image, (1.3, -0.7))
    loss = lambda s: np.sum((nd.shift(image, s) - target) ** 2)
    s = np.zeros(2)
    for _ in range(8):
        s = s - np.linalg.solve(wg.hessian(loss)(s), wg.grad(loss)(s))
    np.testing.assert_allclose(s, [1.3, -0.7], atol=1e-8)


def test_a_flat_image_has_a_derivative() -> None:
    steep = lambda x: np.sum(nd.gaussian_gradient_magnitude(x, 1.0))
    assert np.all(wg.grad(steep)(np.zeros((4, 5))) == 0)
    assert np.all(wg.grad(nd.standard_deviation)(np.ones((4, 5))) == 0)


def test_ties_of_filters() -> None:
    x = np.array([1.0, 1.0, 1.0, 0.0])
    rows = wg.jacobian(lambda x: nd.maximum_filter(x, 3, mode="constant"))(x)
    np.testing.assert_allclose(rows[1], [1 / 3, 1 / 3, 1 / 3, 0.0])
    assert np.all(wg.jacobian(lambda x: nd.median_filter(x, 3))(x).sum(axis=1) == 1.0)
