"""Sums, means and extremes of labeled regions; the labels are plain arrays.

A region without pixels has the sum 0, as in SciPy, and NaN for a mean.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.core import convert
from wengert.ops.gather import scatter_add
from wengert.ops.taking import take
from wengert.scipy.dispatch import follows_scipy, is_traced
from wengert.scipy.ndimage.common import image


class _Regions(NamedTuple):
    """The pixels that count, the region of each, the number of regions, where results go."""

    pixels: Any
    region: Any
    n: int
    wanted: Any  # the region of each index; `count` where there is none


def _regions(name: str, x: Any, labels: Any, index: Any) -> _Regions:
    if is_traced((labels, index)):
        raise ArgumentError(
            f"{name}: the labels are traced.",
            got="traced labels or index",
            expected="plain arrays of integers",
        )
    size = int(np.prod(x.shape))
    if labels is None:
        if index is not None:
            raise ArgumentError(
                f"{name}: there is an index, but no labels.",
                got=f"index={index!r}, labels=None",
                expected="labels",
            )
        return _Regions(np.arange(size), np.zeros(size, int), 1, np.int64(0))
    labels = np.broadcast_to(np.asarray(labels), x.shape).reshape(-1)
    if index is None:
        pixels = np.flatnonzero(labels > 0)
        return _Regions(pixels, np.zeros(pixels.size, int), 1, np.int64(0))
    names = np.unique(np.asarray(index))
    place = np.minimum(np.searchsorted(names, labels), names.size - 1)
    pixels = np.flatnonzero(names[place] == labels)
    return _Regions(pixels, place[pixels], names.size, np.searchsorted(names, index))


def _summed(values: Any, r: _Regions) -> Any:
    start = np.zeros(r.n, np.complex128 if values.dtype.kind == "c" else np.float64)
    return scatter_add(start, convert(values, start.dtype), (r.region,), (0,))


def _chosen(x: Any, r: _Regions) -> Any:
    return take(np.reshape(x, (-1,)), r.pixels)


def _counts(r: _Regions) -> Any:
    return np.bincount(r.region, minlength=r.n).astype(float)


def _result(values: Any, r: _Regions) -> Any:
    return take(values, r.wanted)


@follows_scipy("ndimage")
def sum_labels(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The sum of the pixels of each region named by `index`.

    Parameters
    ----------
    input : array
    labels : plain array of integers, optional
        The region of each pixel; all pixels are one region by default.
    index : int or array, optional
        The regions wanted; by default one result for all labels above 0.
    """
    r = _regions("sum_labels", image(input), labels, index)
    return _result(_summed(_chosen(image(input), r), r), r)


@follows_scipy("ndimage")
def sum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Another name of `sum_labels`."""
    return sum_labels(input, labels, index)


def _means(x: Any, r: _Regions) -> Any:
    with np.errstate(invalid="ignore"):
        return _summed(_chosen(x, r), r) / _counts(r)


@follows_scipy("ndimage")
def mean(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The mean of each region: arguments as for `sum_labels`."""
    r = _regions("mean", image(input), labels, index)
    return _result(_means(image(input), r), r)


def _variances(x: Any, r: _Regions) -> Any:
    apart = _chosen(x, r) - take(_means(x, r), r.region)
    with np.errstate(invalid="ignore"):
        return _summed(apart * np.conj(apart), r) / _counts(r)


@follows_scipy("ndimage")
def variance(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The variance of each region: arguments as for `sum_labels`."""
    r = _regions("variance", image(input), labels, index)
    return _result(_variances(image(input), r), r)


@follows_scipy("ndimage")
def standard_deviation(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The standard deviation of each region; its derivative is 0 where it is 0."""
    r = _regions("standard_deviation", image(input), labels, index)
    square = _variances(image(input), r)
    is_zero = square == 0
    return _result(np.where(is_zero, 0.0, np.sqrt(np.where(is_zero, 1.0, square))), r)


@follows_scipy("ndimage")
def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The center of mass of each region: a tuple of coordinates, or a list of tuples.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import ndimage
    >>> x = np.array([1.0, 0.0, 1.0])
    >>> wg.grad(lambda x: ndimage.center_of_mass(x)[0])(x)
    array([-0.5,  0. ,  0.5])
    """
    x = image(input)
    r = _regions("center_of_mass", x, labels, index)
    weights = _chosen(x, r)
    total = _summed(weights, r)
    places = np.unravel_index(r.pixels, x.shape)
    found = [_result(_summed(weights * p.astype(float), r) / total, r) for p in places]
    if np.ndim(r.wanted) == 0:
        return tuple(found)
    return [tuple([f[i] for f in found]) for i in range(len(r.wanted))]


# -- order -----------------------------------------------------------------------------------------


def _sorted_regions(name: str, x: Any, r: _Regions) -> tuple[Any, Any]:
    """Pixels sorted within their regions, and where each region starts."""
    if x.dtype.kind == "c":
        raise ArgumentError(
            f"{name}: complex numbers have no order.", got=repr(x.dtype), expected="reals"
        )
    values = _chosen(x, r)
    order = np.lexsort((values, r.region))
    starts = np.concatenate([[0], np.cumsum(np.bincount(r.region, minlength=r.n))])
    return take(values, order), starts


def _at(values: Any, places: Any, r: _Regions, starts: Any) -> Any:
    """Sorted pixels at one place of each region; 0 for a region without pixels."""
    if not values.shape[0]:
        return np.zeros(r.n)
    is_empty = starts[1:] == starts[:-1]
    found = take(values, np.clip(places, 0, values.shape[0] - 1))
    return np.where(is_empty, 0.0, found) if is_empty.any() else found


@follows_scipy("ndimage")
def minimum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The smallest pixel of each region; of equal ones the first counts."""
    x = image(input)
    r = _regions("minimum", x, labels, index)
    values, starts = _sorted_regions("minimum", x, r)
    return _result(_at(values, starts[:-1], r, starts), r)


@follows_scipy("ndimage")
def maximum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The largest pixel of each region; of equal ones the last counts."""
    x = image(input)
    r = _regions("maximum", x, labels, index)
    values, starts = _sorted_regions("maximum", x, r)
    return _result(_at(values, starts[1:] - 1, r, starts), r)


@follows_scipy("ndimage")
def median(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The median of each region, the mean of the two middle pixels of an even number."""
    x = image(input)
    r = _regions("median", x, labels, index)
    values, starts = _sorted_regions("median", x, r)
    half = (starts[1:] - starts[:-1] - 1) // 2
    low = _at(values, starts[:-1] + half, r, starts)
    high = _at(values, starts[1:] - 1 - half, r, starts)
    return _result((low + high) / 2.0, r)
