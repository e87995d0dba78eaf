"""Cases for `wengert.scipy.ndimage`: in images, kernels, places and transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.scipy import ndimage as nd

_FOOTPRINT = np.array([[False, True, True], [True, True, False]])
_LABELS = np.array([[1, 1, 2, 0], [1, 2, 2, 0], [3, 3, 2, 1]])


def _of(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: tuple([rng.uniform(-1.5, 1.5, shape) for shape in shapes])


def _distinct(rng: np.random.Generator) -> Any:
    """An image whose pixels differ by 0.1 at least."""
    return 0.2 * rng.permutation(12).reshape(3, 4) + rng.uniform(-0.05, 0.05, (3, 4))


def _mapped(rng: np.random.Generator) -> Any:
    """An image, and places inside and outside of it, off pixels and middles between them."""
    whole = np.array([[0, 1, 2, -2, 3, 1], [1, 2, 0, 4, -3, 3]])
    return rng.uniform(-1, 1, (4, 5)), whole + 0.25 + rng.uniform(-0.15, 0.15, (2, 6))


def _at(order: int, mode: str, **options: Any) -> Callable[..., Any]:
    return lambda image, places: nd.map_coordinates(
        image, places, order=order, mode=mode, cval=0.5, **options
    )


def _one(shape: tuple[int, ...], *ranges: tuple[float, float]) -> Callable[..., Any]:
    return lambda rng: (rng.uniform(-1, 1, shape), *[rng.uniform(a, b) for a, b in ranges])


def _smooth_edges(rng: np.random.Generator) -> Any:
    ramp = np.add.outer(np.arange(4.0), 2.0 * np.arange(5.0))
    return ramp + rng.uniform(-0.2, 0.2, (4, 5))


CASES = [
    # linear filters
    Case(
        "correlate1d",
        lambda x, w: nd.correlate1d(x, w, axis=0, mode="mirror", origin=1),
        _of((5, 3), (4,)),
        ("convolve",),
        complex=True,
    ),
    Case(
        "convolve1d", lambda x, w: nd.convolve1d(x, w, mode="constant", cval=0.7), _of((2, 5), (2,))
    ),
    Case(
        "correlate",
        lambda x, w: nd.correlate(x, w, mode="nearest"),
        _of((4, 3), (2, 3)),
        complex=True,
    ),
    Case(
        "convolve", lambda x, w: nd.convolve(x, w, mode="wrap", origin=(0, -1)), _of((3, 4), (3, 2))
    ),
    Case("convolve axes", lambda x, w: nd.convolve(x, w, axes=(0, 2)), _of((3, 2, 4), (3, 2))),
    Case("uniform_filter", lambda x: nd.uniform_filter(x, (3, 2)), _of((3, 4)), complex=True),
    Case(
        "gaussian_filter",
        lambda x, s: nd.gaussian_filter(x, s, order=(0, 1), radius=3),
        lambda rng: (rng.uniform(-1, 1, (4, 5)), rng.uniform(0.6, 1.2, 2)),
    ),
    Case(
        "gaussian_filter1d",
        lambda x: nd.gaussian_filter1d(x, 0.9, order=2, mode="wrap"),
        _of((2, 6)),
    ),
    Case("sobel", lambda x: nd.sobel(x, 0) + nd.prewitt(x, 1), _of((3, 4))),
    Case("laplace", lambda x: nd.laplace(x) + nd.gaussian_laplace(x, 0.7), _of((3, 4))),
    Case(
        "gaussian_gradient_magnitude",
        lambda x: nd.gaussian_gradient_magnitude(x, 0.8),
        _smooth_edges,
    ),
    # order
    Case("maximum_filter", lambda x: nd.maximum_filter(x, (2, 3)), _distinct, kink="split evenly"),
    Case(
        "minimum_filter footprint", lambda x: nd.minimum_filter(x, footprint=_FOOTPRINT), _distinct
    ),
    Case("median_filter", lambda x: nd.median_filter(x, 3, mode="mirror"), _distinct),
    Case(
        "percentile_filter",
        lambda x: nd.percentile_filter(x, 30, footprint=_FOOTPRINT),
        _distinct,
    ),
    Case(
        "grey_dilation",
        lambda x, s: nd.grey_dilation(x, structure=s) - nd.grey_erosion(x, structure=s),
        lambda rng: (_distinct(rng), np.array([[0.03, 0.51, 0.22], [0.41, 0.0, 0.33]])),
    ),
    Case("white_tophat", lambda x: nd.white_tophat(x, 2), _distinct),
    # splines
    Case(
        "spline_filter",
        nd.spline_filter,
        _of((4, 5)),
        ("spline_filter",),
        float32=False,
        complex=True,
    ),
    Case(
        "spline_filter1d",
        lambda x: nd.spline_filter1d(x, 5, 0, mode="reflect"),
        _of((5, 2)),
        float32=False,
    ),
    Case(
        "spline_filter1d periodic",
        lambda x: nd.spline_filter1d(x, 2, mode="grid-wrap"),
        _of((2, 5)),
        float32=False,
    ),
    Case("map_coordinates 0", _at(0, "nearest"), _mapped),
    Case("map_coordinates 1", _at(1, "reflect"), _mapped),
    Case("map_coordinates 2", _at(2, "mirror"), _mapped),
    Case("map_coordinates 3", _at(3, "constant"), _mapped),
    Case("map_coordinates 4", _at(4, "grid-wrap", prefilter=False), _mapped),
    Case("map_coordinates 5", _at(5, "grid-constant"), _mapped, tol=1e-6),
    Case("map_coordinates wrap", _at(3, "wrap"), _mapped),
    Case(
        "shift",
        lambda x, s: nd.shift(x, s, mode="nearest"),
        lambda rng: (rng.uniform(-1, 1, (3, 4)), rng.uniform(0.2, 0.4, 2)),
    ),
    Case("zoom", lambda x: nd.zoom(x, (1.4, 2.0), order=2), _of((3, 4)), complex=True),
    Case(
        "affine_transform",
        lambda x, a, b: nd.affine_transform(x, a, b, order=3, mode="reflect"),
        lambda rng: (
            rng.uniform(-1, 1, (3, 4)),
            np.array([[0.83, 0.21], [-0.17, 0.91]]) + rng.uniform(-0.01, 0.01, (2, 2)),
            rng.uniform(0.3, 0.4, 2),
        ),
        tol=1e-6,
    ),
    Case(
        "affine_transform diagonal",
        lambda x, a: nd.affine_transform(x, a, 0.3, order=1, mode="mirror"),
        lambda rng: (rng.uniform(-1, 1, (3, 4)), rng.uniform(1.05, 1.15, 2)),
    ),
    Case(
        "rotate",
        lambda x, angle: nd.rotate(x, angle, axes=(0, 2), reshape=False, mode="mirror"),
        _one((3, 2, 4), (20.0, 24.0)),
        tol=1e-6,
    ),
    Case(
        "geometric_transform",
        lambda x, s: nd.geometric_transform(
            x, lambda o, s: (o[0] * s, o[1] * 0.9 + 0.04), order=1, extra_arguments=(s,)
        ),
        lambda rng: (rng.uniform(-1, 1, (2, 3)), rng.uniform(0.7, 0.8)),
    ),
    # Fourier filters
    Case(
        "fourier_gaussian",
        lambda x, s: nd.fourier_gaussian(x, s) + nd.fourier_uniform(x, s),
        _one((3, 4), (0.6, 1.2)),
        float32=False,
    ),
    Case(
        "fourier_shift",
        lambda x, s: np.abs(nd.fourier_shift(x, s).real),
        _one((3, 4), (0.6, 1.2)),
        float32=False,
        order=1,
    ),
    # regions
    Case("sum_labels", lambda x: nd.sum_labels(x, _LABELS, [3, 1, 7]), _of((3, 4)), float32=False),
    Case("variance", lambda x: nd.variance(x, _LABELS, [1, 2]), _of((3, 4)), float32=False),
    Case(
        "standard_deviation",
        lambda x: nd.standard_deviation(x, _LABELS, 2),
        _of((3, 4)),
        float32=False,
    ),
    Case(
        "center_of_mass",
        lambda x: nd.center_of_mass(x, _LABELS, 2),
        lambda rng: rng.uniform(0.5, 1.5, (3, 4)),
        float32=False,
    ),
    Case(
        "maximum of regions",
        lambda x: nd.maximum(x, _LABELS, [2, 1, 3]),
        _distinct,
        kink="the last of equal ones",
    ),
    Case("median of regions", lambda x: nd.median(x, _LABELS, [2, 1]), _distinct),
]
