"""Statistics of samples that are differentiated in their data."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

import wengert.numpy as wnp
from wengert.errors import ArgumentError
from wengert.ops.special.family import as_real
from wengert.scipy.dispatch import follows_scipy

__all__ = [
    "energy_distance",
    "gmean",
    "hmean",
    "kurtosis",
    "linregress",
    "moment",
    "pearsonr",
    "pmean",
    "sem",
    "skew",
    "trim_mean",
    "variation",
    "wasserstein_distance",
    "zscore",
]


def _propagates(name: str, nan_policy: str) -> None:
    if nan_policy != "propagate":
        raise ArgumentError(
            f"{name}: of traced data NaN can only be propagated.",
            got=f"nan_policy={nan_policy!r}",
            expected="nan_policy='propagate'",
            try_="select the valid data first",
        )


def _sample(a: Any, axis: int | None) -> tuple[Any, int]:
    a = as_real(a)
    return (np.ravel(a), 0) if axis is None else (a, axis)


@follows_scipy("stats")
def zscore(a: Any, axis: int | None = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """(a - mean) / std along an axis, or of all numbers.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import stats
    >>> slopes = wg.jacobian(stats.zscore)(np.array([1.0, 2.0, 4.0]))
    >>> bool(np.allclose(slopes.sum(axis=1), 0.0))  # a shift changes nothing
    True
    """
    _propagates("zscore", nan_policy)
    a = as_real(a)
    deviation = a - np.mean(a, axis=axis, keepdims=True)
    return deviation / np.std(a, axis=axis, ddof=ddof, keepdims=True)


def _weighted_mean(a: Any, axis: int, weights: Any, keepdims: bool) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    weights = np.broadcast_to(as_real(weights), a.shape)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / total


@follows_scipy("stats")
def gmean(
    a: Any,
    axis: int | None = 0,
    dtype: Any = None,
    weights: Any = None,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """The geometric mean, exp(mean(log a))."""
    _propagates("gmean", nan_policy)
    a, along = _sample(a, axis)
    return np.exp(_weighted_mean(np.log(a), along, weights, keepdims))


@follows_scipy("stats")
def hmean(
    a: Any,
    axis: int | None = 0,
    dtype: Any = None,
    *,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """The harmonic mean, 1 / mean(1/a)."""
    _propagates("hmean", nan_policy)
    a, along = _sample(a, axis)
    return 1.0 / _weighted_mean(1.0 / a, along, weights, keepdims)


@follows_scipy("stats")
def pmean(
    a: Any,
    p: Any,
    *,
    axis: int | None = 0,
    dtype: Any = None,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """The power mean, mean(a**p)**(1/p); p may be traced, and is not 0 then."""
    _propagates("pmean", nan_policy)
    a, along = _sample(a, axis)
    if isinstance(p, (int, float)) and p == 0:
        return np.exp(_weighted_mean(np.log(a), along, weights, keepdims))
    p = as_real(p)
    return _weighted_mean(a**p, along, weights, keepdims) ** (1.0 / p)


# -- moments ---------------------------------------------------------------------------------------


@follows_scipy("stats")
def moment(
    a: Any,
    order: int = 1,
    axis: int | None = 0,
    nan_policy: str = "propagate",
    *,
    center: Any = None,
    keepdims: bool = False,
) -> Any:
    """The moment of an order (or of each in a list) about the mean or a given center."""
    _propagates("moment", nan_policy)
    a, along = _sample(a, axis)
    if np.ndim(order):
        each = [_moment(a, int(n), along, center, keepdims) for n in np.ravel(order)]
        return np.stack(each)
    return _moment(a, int(order), along, center, keepdims)


def _moment(a: Any, order: int, axis: int, center: Any, keepdims: bool) -> Any:
    middle = np.mean(a, axis=axis, keepdims=True) if center is None else as_real(center)
    return np.mean((a - middle) ** order, axis=axis, keepdims=keepdims)


@follows_scipy("stats")
def skew(
    a: Any,
    axis: int | None = 0,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """The third standardized moment."""
    _propagates("skew", nan_policy)
    a, along = _sample(a, axis)
    second, third = (_moment(a, n, along, None, keepdims) for n in (2, 3))
    value = third / second**1.5
    n = a.shape[along]
    return value if bias or n <= 2 else value * math.sqrt(n * (n - 1.0)) / (n - 2.0)


@follows_scipy("stats")
def kurtosis(
    a: Any,
    axis: int | None = 0,
    fisher: bool = True,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """The fourth standardized moment, less 3 unless `fisher` is False."""
    _propagates("kurtosis", nan_policy)
    a, along = _sample(a, axis)
    second, fourth = (_moment(a, n, along, None, keepdims) for n in (2, 4))
    value = fourth / (second * second)
    n = a.shape[along]
    if not bias and n > 3:
        value = ((n * n - 1.0) * value - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return value - 3.0 if fisher else value


@follows_scipy("stats")
def sem(
    a: Any,
    axis: int | None = 0,
    ddof: int = 1,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """The standard error of the mean."""
    _propagates("sem", nan_policy)
    a, along = _sample(a, axis)
    return np.std(a, axis=along, ddof=ddof, keepdims=keepdims) / math.sqrt(a.shape[along])


@follows_scipy("stats")
def variation(
    a: Any,
    axis: int | None = 0,
    nan_policy: str = "propagate",
    ddof: int = 0,
    *,
    keepdims: bool = False,
) -> Any:
    """The standard deviation over the mean."""
    _propagates("variation", nan_policy)
    a, along = _sample(a, axis)
    deviation = np.std(a, axis=along, ddof=ddof, keepdims=keepdims)
    return deviation / np.mean(a, axis=along, keepdims=keepdims)


@follows_scipy("stats")
def trim_mean(
    a: Any,
    proportiontocut: float,
    axis: int | None = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """The mean of what is left when a proportion is cut off at both ends."""
    _propagates("trim_mean", nan_policy)
    a, along = _sample(a, axis)
    n = a.shape[along]
    cut = int(proportiontocut * n)
    middle = np.take(np.sort(a, axis=along), np.arange(cut, n - cut), axis=along)
    return np.mean(middle, axis=along, keepdims=keepdims)


# -- two samples -----------------------------------------------------------------------------------


@follows_scipy("stats")
def pearsonr(
    x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: int | None = 0
) -> Any:
    """The correlation coefficient, as `.statistic`; of traced data there is no p-value."""
    (x, along), (y, _) = _sample(x, axis), _sample(y, axis)
    dx, dy = (z - np.mean(z, axis=along, keepdims=True) for z in (x, y))
    lengths = np.linalg.norm(dx, axis=along) * np.linalg.norm(dy, axis=along)
    return SimpleNamespace(statistic=np.sum(dx * dy, axis=along) / lengths)


@follows_scipy("stats")
def linregress(x: Any, y: Any, alternative: str = "two-sided") -> Any:
    """The line of least squares: slope, intercept, rvalue, stderr, intercept_stderr.

    Of traced data there is no p-value.
    """
    x, y = as_real(x), as_real(y)
    n = x.shape[0]
    middle_x, middle_y = np.mean(x), np.mean(y)
    dx, dy = x - middle_x, y - middle_y
    in_x, across, in_y = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope = across / in_x
    r = across / np.sqrt(in_x * in_y)
    stderr = np.sqrt((1.0 - r * r) * in_y / in_x / (n - 2))
    return SimpleNamespace(
        slope=slope,
        intercept=middle_y - slope * middle_x,
        rvalue=r,
        stderr=stderr,
        intercept_stderr=stderr * np.sqrt(in_x + middle_x * middle_x),
    )


def _distance(u: Any, v: Any, u_weights: Any, v_weights: Any, order: int) -> Any:
    """The L_order distance of two empirical distribution functions."""
    u, v = as_real(u), as_real(v)
    weights = [
        np.full(z.shape[0], 1.0 / z.shape[0]) if w is None else as_real(w) / np.sum(as_real(w))
        for z, w in ((u, u_weights), (v, v_weights))
    ]
    points = np.concatenate([u, v])
    order_of = np.argsort(points, kind="stable")
    heights = np.concatenate([weights[0], -weights[1]])
    sorted_points = wnp.take(points, order_of)
    gap = np.cumsum(wnp.take(heights, order_of))[:-1]
    widths = sorted_points[1:] - sorted_points[:-1]
    if order == 1:
        return np.sum(np.abs(gap) * widths)
    return np.sqrt(2.0 * np.sum(gap * gap * widths))


@follows_scipy("stats")
def wasserstein_distance(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None
) -> Any:
    """The area between two empirical distribution functions."""
    return _distance(u_values, v_values, u_weights, v_weights, 1)


@follows_scipy("stats")
def energy_distance(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None
) -> Any:
    """sqrt(2) times the L2 distance of two empirical distribution functions."""
    return _distance(u_values, v_values, u_weights, v_weights, 2)
