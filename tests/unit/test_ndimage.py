"""`wengert.scipy.ndimage`: SciPy's numbers in every boundary mode, dtypes, outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.scipy import ndimage as nd

RNG = np.random.default_rng(4)
MODES = [
    "reflect",
    "constant",
    "nearest",
    "mirror",
    "wrap",
    "grid-constant",
    "grid-mirror",
    "grid-wrap",
]
IMAGE = RNG.normal(size=(5, 6))
CUBE = RNG.normal(size=(4, 5, 3))
LINE = np.zeros((1, 4)) + RNG.normal(size=4)
LABELS = RNG.integers(0, 4, (5, 6))
FOOTPRINT = RNG.uniform(size=(3, 2, 3)) > 0.4
STRUCTURE = RNG.normal(size=(3, 2, 3))
# Far and near, on pixels, between them and in the middles, where order 0 has to choose.
PLACES = np.concatenate(
    [
        RNG.uniform(-14, 18, (2, 40)),
        [
            [-0.5, 0, 4.0, 4.3, -3.0, 9.0, 2.5, -1.0, 5.0, -6],
            [0, 5.0, 5.2, -0.4, 2.0, 3.5, -1.5, 5.5, 6, -7],
        ],
    ],
    axis=1,
)
BOTH = pytest.mark.parametrize("mode", MODES)


def same(f: Callable[..., Any], *args: Any, tol: float = 1e-11) -> None:
    """Traced, the value, shape and dtype are those that SciPy gives for plain arrays."""
    found, expected = np.asarray(wg.vjp(f, *args)[0]), np.asarray(f(*args))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tol, atol=tol)


class TestLinearFilters:
    @BOTH
    @pytest.mark.parametrize("size", [1, 2, 3, 4, 9, 13])
    def test_lines(self, mode: str, size: int) -> None:
        w = RNG.normal(size=size)
        for axis in (0, 1, -1):
            for origin in {-(size // 2), 0, (size - 1) // 2}:
                same(lambda x, w: nd.correlate1d(x, w, axis, None, mode, 2.5, origin), CUBE, w)
            same(lambda x, w: nd.convolve1d(x, w, axis, None, mode, 2.5), CUBE, w)
        same(lambda x: nd.uniform_filter1d(x, size, 1, None, mode, 0.5), CUBE)

    @BOTH
    def test_kernels(self, mode: str) -> None:
        w = RNG.normal(size=(3, 2, 4))
        same(lambda x, w: nd.correlate(x, w, None, mode, 1.5, (1, 0, -1)), CUBE, w)
        same(lambda x, w: nd.convolve(x, w, None, mode, 1.5, (1, -1, 0)), CUBE, w)
        same(lambda x, w: nd.convolve(x, w, None, mode, 1.5, axes=(0, 2)), CUBE, w[:, 0])
        same(lambda x: nd.correlate(x, w[:, 0], np.float32, mode, axes=(2, 0)), CUBE, tol=1e-5)
        same(lambda x: nd.correlate(x, np.zeros((1, 3, 2)), None, mode), CUBE)
        w = w + 1j * w[::-1]
        same(lambda x, w: nd.correlate(x, w, None, mode), CUBE, w)
        same(lambda x, w: nd.convolve(x, w, None, mode, 1.5 + 1j), CUBE + 1j * CUBE**2, w)

    @BOTH
    def test_gaussian_and_derivatives(self, mode: str) -> None:
        sigma = np.array([0.7, 1.3, 0.5])
        same(lambda x, s: nd.gaussian_filter(x, s, (0, 1, 2), None, mode, 1.0), CUBE, sigma)
        same(lambda x: nd.gaussian_filter1d(x, 1.1, 1, 3, None, mode, 0.3, radius=4), CUBE)
        same(lambda x: nd.gaussian_filter(x, 1.0, mode=[mode, "mirror"], axes=(2, 0)), CUBE)
        same(lambda x: nd.uniform_filter(x, (3, 4, 1), None, mode, 0.5, (1, -1, 0)), CUBE)
        same(lambda x: nd.sobel(x, 1, None, mode, 0.4), CUBE)
        same(lambda x: nd.prewitt(x, -1, None, mode, 0.4), CUBE)
        same(lambda x: nd.laplace(x, None, mode, 0.4, axes=(0, 1)), CUBE)
        same(lambda x: nd.gaussian_laplace(x, (0.8, 1.1), None, mode, 0.4, axes=(0, 2)), CUBE)
        same(lambda x: nd.gaussian_gradient_magnitude(x, sigma, None, mode, 0.4, truncate=3), CUBE)
        step = lambda x, axis, output, mode, cval: nd.sobel(x, axis, output, mode, cval)
        same(lambda x: nd.generic_laplace(x, step, None, mode, 0.4), CUBE)
        same(lambda x: nd.generic_gradient_magnitude(x, step, None, mode, axes=(0, 2)), CUBE)

    def test_no_axes(self) -> None:
        same(lambda x: nd.laplace(x, axes=()), IMAGE)
        same(lambda x: nd.gaussian_filter(x, 0.0), IMAGE)

    def test_outputs(self) -> None:
        same(lambda x: nd.gaussian_filter(x, 1.0), IMAGE.astype(np.float32), tol=1e-6)
        same(lambda x: nd.gaussian_filter(x, 1.0, output="float32"), IMAGE, tol=1e-6)
        same(lambda x: nd.uniform_filter(x, 3), np.arange(20).reshape(4, 5))
        same(lambda x: nd.sobel(x, 1), np.arange(20).reshape(4, 5) ** 2)

        def into(x: Any) -> Any:
            buffer = np.zeros_like(x)
            nd.uniform_filter(x, 3, output=buffer)
            return buffer

        same(into, IMAGE)

    def test_traced_cval(self) -> None:
        f = lambda c: nd.correlate1d(np.ones(3), np.ones(3), mode="constant", cval=c)
        assert wg.jacobian(f)(2.0).tolist() == [1.0, 0.0, 1.0]


class TestOrder:
    @BOTH
    def test_filters(self, mode: str) -> None:
        filters = [
            nd.minimum_filter,
            nd.maximum_filter,
            nd.median_filter,
            lambda x, *a, **k: nd.percentile_filter(x, 35, *a, **k),
            lambda x, *a, **k: nd.percentile_filter(x, -1, *a, **k),
            lambda x, *a, **k: nd.rank_filter(x, -2, *a, **k),
        ]
        for f in filters:
            same(lambda x: f(x, 3, None, None, mode, 0.2), CUBE)
            same(lambda x: f(x, (2, 3, 4), None, None, mode, 0.2, (0, 1, -1)), CUBE)
            same(lambda x: f(x, None, FOOTPRINT, None, mode, 0.2, (-1, 0, 1)), CUBE)
            same(lambda x: f(x, (3, 2), None, None, mode, 0.2, axes=(0, 2)), CUBE)
        spread = lambda v, p: np.sum(v**p) - np.max(v)
        same(lambda x: nd.generic_filter(x, spread, (2, 3), None, None, mode, 0.2, 0, (2,)), IMAGE)
        same(lambda x: nd.maximum_filter1d(x, 4, 1, None, mode, 0.3, 1), CUBE)
        same(lambda x: nd.minimum_filter1d(x, 4, 1, None, mode, 0.3, 1), CUBE)

    @pytest.mark.parametrize(
        "name",
        [
            "grey_erosion",
            "grey_dilation",
            "grey_opening",
            "grey_closing",
            "morphological_gradient",
            "morphological_laplace",
            "white_tophat",
            "black_tophat",
        ],
    )
    def test_morphology(self, name: str) -> None:
        f = getattr(nd, name)
        for mode in ("reflect", "constant"):
            same(lambda x: f(x, (3, 2, 3), mode=mode, cval=0.3, origin=(1, 0, 0)), CUBE)
            same(lambda x: f(x, footprint=FOOTPRINT, mode=mode, origin=(1, 0, 0)), CUBE)
            same(lambda x, s: f(x, structure=s, mode=mode), CUBE, STRUCTURE)
            same(lambda x: f(x, footprint=FOOTPRINT, structure=STRUCTURE, mode=mode), CUBE)


class TestSplines:
    @BOTH
    @pytest.mark.parametrize("order", range(6))
    def test_map_coordinates(self, mode: str, order: int) -> None:
        options = {"order": order, "mode": mode, "cval": 0.7}
        same(lambda x: nd.map_coordinates(x, PLACES, **options), IMAGE)
        same(lambda p: nd.map_coordinates(IMAGE + 1j * IMAGE**2, p, **options), PLACES)
        same(lambda x: nd.map_coordinates(x, PLACES[:, :20], **options), LINE)
        same(lambda x: nd.map_coordinates(x, PLACES, prefilter=False, **options), IMAGE)
        same(lambda x: nd.spline_filter1d(x, order, 0, mode=mode), IMAGE)

    @BOTH
    @pytest.mark.parametrize("order", [0, 1, 2, 3, 5])
    def test_transforms(self, mode: str, order: int) -> None:
        options = {"order": order, "mode": mode, "cval": 0.7}
        matrix, offset = RNG.normal(size=(2, 2)), RNG.normal(size=2)
        same(lambda x, s: nd.shift(x, s, **options), IMAGE, np.array([1.3, -0.6]))
        same(lambda x: nd.zoom(x, (1.7, 0.6), **options), IMAGE)
        same(lambda x, a, b: nd.affine_transform(x, a, b, (4, 7), **options), IMAGE, matrix, offset)
        same(lambda x, a: nd.affine_transform(x, a, offset, **options), IMAGE, np.array([0.7, 1.6]))
        same(lambda x: nd.rotate(x, 33.0, **options), IMAGE)
        same(lambda x, a: nd.rotate(x, a, (2, 0), False, **options), CUBE, 20.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy recommends another mode
            same(lambda x: nd.zoom(x, (1.7, 0.6), grid_mode=True, **options), IMAGE)

    def test_homogeneous_matrices(self) -> None:
        matrix = np.array([[0.8, 0.1, 0.3], [-0.1, 0.9, 0.2], [0.0, 0.0, 1.0]])
        same(lambda x: nd.affine_transform(x, matrix), IMAGE)
        same(lambda a: nd.affine_transform(IMAGE, a), matrix[:2])

    def test_geometric_transform(self) -> None:
        move = lambda o, s: (o[0] * 0.7 + o[1] * s, o[1] - 0.3 * o[0])
        same(lambda x, s: nd.geometric_transform(x, move, extra_arguments=(s,)), IMAGE, 0.2)

    def test_integer_images_are_rounded(self) -> None:
        same(lambda x: nd.shift(x, 0.4, order=1), np.arange(12).reshape(3, 4))
        same(lambda x: nd.zoom(x, 1.0), IMAGE)

    def test_right_angles_are_exact(self) -> None:
        same(lambda x: nd.rotate(x, 90.0, order=1), IMAGE, tol=0)

    def test_compiled(self) -> None:
        f = lambda x, s: np.sum(nd.shift(x, s, mode="mirror") ** 3)
        args = IMAGE, np.array([0.3, 0.6])
        for found, expected in zip(
            wg.jit(wg.grad(f, (0, 1)))(*args), wg.grad(f, (0, 1))(*args), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


class TestRegions:
    @pytest.mark.parametrize(
        "name",
        [
            "sum",
            "sum_labels",
            "mean",
            "variance",
            "standard_deviation",
            "minimum",
            "maximum",
            "median",
        ],
    )
    def test_measurements(self, name: str) -> None:
        f = getattr(nd, name)
        same(f, IMAGE)
        same(lambda x: f(x, LABELS), IMAGE)
        same(lambda x: f(x, LABELS, 2), IMAGE)
        same(lambda x: f(x, LABELS, [3, 1, 2, 0]), IMAGE)
        same(lambda x: f(x, LABELS + 100, [103, 101]), IMAGE)

    def test_regions_without_pixels(self) -> None:
        same(lambda x: nd.sum_labels(x, LABELS, [9, 1]), IMAGE)
        same(lambda x: nd.maximum(x, LABELS, [9, 1]), IMAGE)

    def test_center_of_mass(self) -> None:
        same(lambda x: np.stack(nd.center_of_mass(x, LABELS, 2)), IMAGE)
        same(lambda x: np.stack([np.stack(t) for t in nd.center_of_mass(x, LABELS, [1, 3])]), IMAGE)


@pytest.mark.parametrize(
    "name, by",
    [
        ("fourier_gaussian", (1.1, 0.6)),
        ("fourier_uniform", (3.0, 2.0)),
        ("fourier_shift", (1.2, -0.4)),
        ("fourier_ellipsoid", (3.0, 2.0)),
    ],
)
def test_fourier_filters(name: str, by: Any) -> None:
    f = getattr(nd, name)
    full, half = np.fft.fft2(IMAGE), np.fft.rfft2(IMAGE)
    same(lambda x: f(x, by), full)
    same(lambda x: f(x, 1.5), full)
    same(lambda x: f(x, by, 6), half)
    same(lambda x: f(x, by), IMAGE)
