"""SciPy's functions of images for traced arrays.

    linear         correlate, convolve, along one axis and with kernels
    smoothing      gaussian_filter, uniform_filter, sobel, laplace ...
    order          minimum_filter, maximum_filter, median_filter, rank_filter, generic_filter
    morphology     grey_erosion, grey_dilation, white_tophat ...
    mapping        map_coordinates, spline_filter
    transforms     shift, zoom, rotate, affine_transform, geometric_transform
    fourier        fourier_gaussian, fourier_uniform, fourier_shift, fourier_ellipsoid
    measurements   sum_labels, mean, variance, center_of_mass, maximum ... of labeled regions

Signatures are SciPy's, and so are the numbers in every boundary mode. `output` may be a dtype or a
traced array. Other names of `scipy.ndimage` are SciPy's own; called with a traced array they raise
by name.
"""

from __future__ import annotations

from wengert.scipy.dispatch import rest_of
from wengert.scipy.ndimage.fourier import (
    fourier_ellipsoid,
    fourier_gaussian,
    fourier_shift,
    fourier_uniform,
)
from wengert.scipy.ndimage.linear import convolve, convolve1d, correlate, correlate1d
from wengert.scipy.ndimage.mapping import map_coordinates, spline_filter, spline_filter1d
from wengert.scipy.ndimage.measurements import (
    center_of_mass,
    maximum,
    mean,
    median,
    minimum,
    standard_deviation,
    sum,
    sum_labels,
    variance,
)
from wengert.scipy.ndimage.morphology import (
    black_tophat,
    grey_closing,
    grey_dilation,
    grey_erosion,
    grey_opening,
    morphological_gradient,
    morphological_laplace,
    white_tophat,
)
from wengert.scipy.ndimage.order import (
    generic_filter,
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
)
from wengert.scipy.ndimage.smoothing import (
    gaussian_filter,
    gaussian_filter1d,
    gaussian_gradient_magnitude,
    gaussian_laplace,
    generic_gradient_magnitude,
    generic_laplace,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
)
from wengert.scipy.ndimage.transforms import (
    affine_transform,
    geometric_transform,
    rotate,
    shift,
    zoom,
)

__all__ = [
    "affine_transform",
    "black_tophat",
    "center_of_mass",
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "fourier_ellipsoid",
    "fourier_gaussian",
    "fourier_shift",
    "fourier_uniform",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "generic_filter",
    "generic_gradient_magnitude",
    "generic_laplace",
    "geometric_transform",
    "grey_closing",
    "grey_dilation",
    "grey_erosion",
    "grey_opening",
    "laplace",
    "map_coordinates",
    "maximum",
    "maximum_filter",
    "maximum_filter1d",
    "mean",
    "median",
    "median_filter",
    "minimum",
    "minimum_filter",
    "minimum_filter1d",
    "morphological_gradient",
    "morphological_laplace",
    "percentile_filter",
    "prewitt",
    "rank_filter",
    "rotate",
    "shift",
    "sobel",
    "spline_filter",
    "spline_filter1d",
    "standard_deviation",
    "sum",
    "sum_labels",
    "uniform_filter",
    "uniform_filter1d",
    "variance",
    "white_tophat",
    "zoom",
]

__getattr__ = rest_of("ndimage")
