"""Medians, quantiles and percentiles, by all methods of NumPy.

A quantile is a mix of two order statistics. The permutation that sorts a row has no derivative;
the elements at the two places are gathered through it, so that of equal elements the one at the
place of a stable sort gets the derivative. The derivative in `q` is that of the interpolation.

The methods are those of R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages,
The American Statistician 50 (1996) 361-365.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.arithmetic import div
from wengert.ops.axes import axes_last, normalized_axes
from wengert.ops.comparison import eq, ge, isnan, logical_and, logical_not, lt
from wengert.ops.core import add, convert, full, mul, reduced_shape, reshape, sub, transpose
from wengert.ops.functions import as_operand, as_scalar
from wengert.ops.nan_reductions import has_nan_kind, warn_if
from wengert.ops.output import deliver
from wengert.ops.reductions import Axis, aligned_weights, any_, is_true, sum_
from wengert.ops.selection import select
from wengert.trace.tracer import Tracer, implements

# alpha and beta of the continuous methods: the virtual index is n q + alpha + q (1-alpha-beta) - 1.
_CONTINUOUS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1.0 / 3.0, 1.0 / 3.0),
    "normal_unbiased": (3.0 / 8.0, 3.0 / 8.0),
}
_DISCRETE = (
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "lower",
    "higher",
    "midpoint",
    "nearest",
)


def _places(n: Any, q: Any, method: str) -> tuple[Any, Any, Any]:
    """Index of the order statistic below, of the one above, and the weight of the latter."""
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        if method == "linear":
            virtual = mul(n - 1, q)
        else:
            virtual = sub(add(mul(n, q), add(alpha, mul(q, 1.0 - alpha - beta))), 1.0)
        below = np.floor(virtual)
        return below, add(below, 1), sub(virtual, below)
    if method in ("inverted_cdf", "averaged_inverted_cdf", "closest_observation"):
        virtual = sub(mul(n, q), 1.5 if method == "closest_observation" else 1.0)
        below = np.floor(virtual)
        on_place = eq(virtual, below)
        if method == "averaged_inverted_cdf":
            return below, add(below, 1), select(on_place, 0.5, 1.0)
        if method == "closest_observation":
            on_place = logical_and(on_place, eq(np.remainder(below, 2), 1))
        place = select(on_place, below, add(below, 1))
        return place, place, 0.0
    virtual = mul(n - 1, q)
    below = np.floor(virtual)
    if method == "midpoint":
        return below, np.ceil(virtual), 0.5
    place = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[method](virtual)
    return place, place, 0.0


def _order_statistics(rows: Any, order: Any, place: Any, n: Any) -> Any:
    """The elements of each row at `place` in its order, held between the first and the last."""
    place = convert(np.clip(place, 0, np.maximum(sub(n, 1), 0)), np.intp)
    if np.ndim(place) == 1 and not isinstance(place, Tracer):
        chosen = order[..., place]
    else:
        shape = (*rows.shape[:-1], place.shape[-1])
        chosen = np.take_along_axis(order, np.broadcast_to(place, shape), axis=-1)
    return np.take_along_axis(rows, chosen, axis=-1)


def _mix(low: Any, high: Any, weight: Any) -> Any:
    """low + weight (high - low), from the nearer end, and without rounding at equal ends."""
    if not isinstance(weight, Tracer) and np.all(np.asarray(weight) == 0):
        return low
    step = sub(high, low)
    near_low = add(low, mul(step, weight))
    near_high = sub(high, mul(step, sub(1.0, weight)))
    return select(ge(weight, 0.5), near_high, near_low)


def _quantile(
    a: Any,
    q: Any,
    axis: Axis,
    method: str,
    keepdims: Any,
    skips_nan: bool,
    name: str,
    weights: Any,
) -> Any:
    if method not in _CONTINUOUS and method not in _DISCRETE:
        raise ArgumentError(
            f"{name}: no such method.",
            got=repr(method),
            expected=", ".join([*_CONTINUOUS, *_DISCRETE]),
        )
    _check_range(q, name)
    axes = normalized_axes(axis, a.ndim, name)
    kept = reduced_shape(a.shape, axes, False)
    rows = axes_last(a, axes)
    if rows.shape[-1] == 0:
        raise ArgumentError(f"{name}: there are no elements.", got=repr(a))
    order = np.argsort(rows, axis=-1, kind="stable")
    flat_q = reshape(q, (q.size,))
    n: Any = rows.shape[-1]
    if skips_nan and has_nan_kind(a):
        n = sum_(logical_not(isnan(rows)), -1, np.intp, None, True)
        warn_if(eq(n, 0), "All-NaN slice encountered")
    if weights is not None:
        is_counted = logical_not(isnan(rows)) if skips_nan and has_nan_kind(a) else True
        below = above = _weighted_places(order, axes_last(weights, axes), is_counted, flat_q)
        weight = 0.0
    else:
        count = n if isinstance(n, int) else convert(n, q.dtype)
        below, above, weight = _places(count, flat_q, method)
    low = _order_statistics(rows, order, below, n)
    high = low if above is below else _order_statistics(rows, order, above, n)
    result = _mix(low, high, weight)
    if has_nan_kind(a):
        is_nan = eq(n, 0) if skips_nan else any_(isnan(rows), -1, None, True)
        result = convert(select(is_nan, np.nan, result), result.dtype)
    # The places were a last axis; NumPy puts them first.
    result = transpose(result, (result.ndim - 1, *range(result.ndim - 1)))
    shape = reduced_shape(a.shape, axes, True) if is_true(keepdims) else kept
    result = reshape(result, (*q.shape, *shape))
    return as_scalar(result) if weights is None else result  # NumPy gives a 0-d array there


def _weighted_places(order: Any, weights: Any, is_counted: Any, q: Any) -> Any:
    """The first place in each row's order up to which the weights add to the share `q` of all.

    The place is a step in the weights and in `q`: its derivative is zero.
    """
    weights = convert(select(is_counted, weights, 0), np.float64)
    sums = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    shares = div(sums, sums[..., -1:])
    shares = select(eq(shares, 0), -1.0, shares)  # an element without weight is no quantile
    return sum_(lt(shares[..., None, :], q[:, None]), -1, np.intp)


def _check_range(q: Any, name: str) -> None:
    while isinstance(q, Tracer):
        q = q.value
    if q is not None and not np.all((q >= 0) & (q <= 1)):
        limit = "100" if "percentile" in name else "1"
        raise ValueError(f"{name}: q must be between 0 and {limit}.")


def _as_q(q: Any, a: Any) -> Any:
    """`q` as an array; a Python number takes the dtype of floating-point data."""
    if isinstance(q, (int, float)) and not isinstance(q, np.generic) and a.dtype.kind == "f":
        return np.asarray(q, a.dtype)
    q = as_operand(q)
    return convert(q, np.float64) if q.dtype.kind in "iub" else q


def _function(name: str, skips_nan: bool, percent: bool) -> Any:
    """`np.quantile` and its relatives."""

    def function(
        a: Any,
        q: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        a = as_operand(a)
        if a.dtype.kind == "c":
            raise ArgumentError(f"{name}: complex numbers have no order here.", got=repr(a))
        if weights is not None:
            if method != "inverted_cdf":
                raise ArgumentError(
                    f"{name}: weights are for one method only.",
                    got=f"method={method!r}",
                    expected="'inverted_cdf'",
                )
            axes = normalized_axes(axis, a.ndim, name)
            weights = aligned_weights(name, a, axis, axes, as_operand(weights))
        q = _as_q(q, a)
        if percent:
            q = div(q, a.dtype.type(100) if a.dtype.kind == "f" else 100)
            q = q if isinstance(q, Tracer) else np.asarray(q)
        result = _quantile(a, q, axis, method, keepdims, skips_nan, name, weights)
        return deliver(result, out, name)

    function.__name__ = name
    return function


quantile = implements(np.quantile)(_function("quantile", False, False))
percentile = implements(np.percentile)(_function("percentile", False, True))
nanquantile = implements(np.nanquantile)(_function("nanquantile", True, False))
nanpercentile = implements(np.nanpercentile)(_function("nanpercentile", True, True))


def _median(name: str, skips_nan: bool) -> Any:
    """`np.median` or `np.nanmedian`: the middle element, or the mean of the two."""

    def function(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:
        a = as_operand(a)
        axes = normalized_axes(axis, a.ndim, name)
        rows = axes_last(a, axes)
        shape = reduced_shape(a.shape, axes, is_true(keepdims))
        if rows.shape[-1] == 0:
            warn_if(True, "Mean of empty slice.")
            dtype = a.dtype if a.dtype.kind in "fc" else np.float64
            return deliver(as_scalar(full(shape, np.nan, dtype)), out, name)
        if a.dtype.kind not in "fc":
            rows = convert(rows, np.float64)
        order = np.argsort(rows, axis=-1, kind="stable")
        is_skipping = skips_nan and has_nan_kind(a)
        if is_skipping:
            n = sum_(logical_not(isnan(rows)), -1, np.intp, None, True)
            warn_if(eq(n, 0), "All-NaN slice encountered")
            below, above = np.floor_divide(np.maximum(sub(n, 1), 0), 2), np.floor_divide(n, 2)
        else:
            n = rows.shape[-1]
            below, above = np.array([(n - 1) // 2]), np.array([n // 2])
        low = _order_statistics(rows, order, below, n)
        if not is_skipping and n % 2:
            result = low
        else:
            result = div(add(low, _order_statistics(rows, order, above, n)), 2)
        if has_nan_kind(a):
            is_nan = eq(n, 0) if is_skipping else any_(isnan(rows), -1, None, True)
            result = convert(select(is_nan, np.nan, result), result.dtype)
        return deliver(as_scalar(reshape(result, shape)), out, name)

    function.__name__ = name
    return function


median = implements(np.median)(_median("median", False))
nanmedian = implements(np.nanmedian)(_median("nanmedian", True))
