"""Covariances, counts and histograms.

Counts have no derivative; sums of weights have one in the weights, edges of bins in the data that
set them.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.calculus import diff
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import conj, convert, full, iota, mul, real, reshape, sub, transpose
from wengert.ops.gather import scatter_add
from wengert.ops.products import ravel
from wengert.ops.searching import searchsorted
from wengert.trace.tracer import Tracer, bind, implements
from wengert.types import Type

# -- covariance ------------------------------------------------------------------------------------


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """NumPy's covariance matrix, differentiable in the data and in `aweights`."""
    if ddof is not None and ddof != int(ddof):
        raise ArgumentError("cov: ddof is not an integer.", got=repr(ddof), expected="an integer")
    m = as_operand(m)
    operands = [m] if y is None else [m, as_operand(y)]
    for x in operands:
        if len(x.shape) > 2:
            raise ShapeError(
                "cov: the data must be a vector or a matrix.",
                got=describe(x=x),
                expected="one variable a row (rowvar=True) or a column",
            )
    if dtype is None:
        dtype = np.result_type(*[x.dtype for x in operands], np.float64)
    data = [_as_rows(convert(x, dtype), rowvar, i) for i, x in enumerate(operands)]
    if data[0].shape[0] == 0:
        return np.zeros((0, 0))
    x = data[0] if len(data) == 1 else np.concatenate(data, axis=0)
    w = _weights(fweights, aweights, x.shape[1])
    ddof = (0 if bias else 1) if ddof is None else ddof
    if w is None:
        mean = np.mean(x, axis=1)
        norm: Any = x.shape[1] - ddof
    else:
        total = np.sum(w)
        mean = np.sum(x * w, axis=1) / total
        norm = total
        if ddof != 0:
            scale = 1.0 if aweights is None else np.sum(w * aweights) / total
            norm = total - ddof * scale
    if not isinstance(norm, Tracer) and norm <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        norm = 0.0
    x = sub(x, reshape(mean, (x.shape[0], 1)))
    other = conj(transpose(x if w is None else x * w, (1, 0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        c = mul(x @ other, np.true_divide(1, norm))
    return reshape(c, [n for n in c.shape if n != 1])


def _as_rows(x: Any, rowvar: bool, i: int) -> Any:
    """One variable a row; a vector is one variable."""
    if len(x.shape) < 2:
        return reshape(x, (1, x.size))
    if not rowvar and (i == 0 or x.shape[0] != 1):
        return transpose(x, (1, 0))
    return x


def _weights(fweights: Any, aweights: Any, n: int) -> Any:
    """The product of both kinds of weights, checked."""
    product = None
    for name, w in (("fweights", fweights), ("aweights", aweights)):
        if w is None:
            continue
        w = convert(as_operand(w), np.float64)
        if w.shape != (n,):
            raise ShapeError(
                f"cov: {name} must hold one weight an observation.",
                got=describe(**{name: w}),
                expected=f"shape ({n},)",
            )
        if not isinstance(w, Tracer) and np.any(w < 0):
            raise ArgumentError(f"cov: {name} are negative.", got=repr(w), expected="w >= 0")
        if name == "fweights" and not isinstance(w, Tracer) and np.any(w != np.round(w)):
            raise ArgumentError("cov: fweights are not integers.", got=repr(w), expected="counts")
        product = w if product is None else product * w
    return product


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """NumPy's correlation coefficients."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.shape:
        return c / c
    deviation = np.sqrt(real(np.diagonal(c)))
    c = c / deviation[:, None] / deviation[None, :]
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
    return np.clip(c, -1, 1)


# -- counts ----------------------------------------------------------------------------------------


@implements(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Any:
    """How often each integer occurs, or the sum of the weights given to it.

    The length of the result depends on the largest integer: a decision on its value, where `x`
    is traced. Differentiable in `weights`.

    Examples
    --------
    >>> import wengert as wg
    >>> places = np.array([0, 2, 2])
    >>> wg.grad(lambda w: np.bincount(places, w)[2])(np.array([1.0, 2.0, 3.0]))
    array([0., 1., 1.])
    """
    x = as_operand(x)
    if len(x.shape) != 1 or x.dtype.kind not in "iub":
        raise DtypeError(
            "bincount: the argument must be a vector of integers.",
            got=describe(x=x),
            expected="x: int[n]",
            try_="x.astype(int)",
        )
    n = operator.index(minlength)
    if x.shape[0]:
        lowest, highest = int(np.min(x)), int(np.max(x))
        if lowest < 0 or n < 0:
            raise ArgumentError(
                "bincount: the integers and the length must not be negative.",
                got=f"{lowest} among the integers, minlength={n}",
                expected="non-negative integers",
            )
        n = max(n, highest + 1)
    if weights is None:
        return scatter_add(full((n,), 0, np.intp), 1, (x,), (0,))
    weights = as_operand(weights)
    if weights.shape != x.shape or weights.dtype.kind == "c":
        raise ShapeError(
            "bincount: there must be one real weight an integer.",
            got=describe(x=x, weights=weights),
            expected=f"weights of shape {x.shape}",
        )
    return scatter_add(full((n,), 0.0, np.float64), convert(weights, np.float64), (x,), (0,))


# -- histograms ------------------------------------------------------------------------------------


def _bin_count(a: Any, *limits: Any, method: str) -> Any:
    """How many bins NumPy takes."""
    edges = np.histogram_bin_edges(a, method, limits or None)
    return np.int64(len(edges) - 1)


bin_count_p = define(
    Primitive(
        "bin_count",
        _bin_count,
        lambda a, *limits, method: Type((), np.int64),
        batch=Unsupported("the number of bins would differ between the items"),
        cost=lambda in_types, out_types, **params: in_types[0].size,
        emit=Unsupported("NumPy's estimators choose the bins"),
        facts={"derivative": "zero: integers"},
    )
)


def _data(name: str, a: Any, weights: Any) -> tuple[Any, Any]:
    a = as_operand(a)
    if a.dtype.kind == "b":
        a = convert(a, np.uint8)
    if weights is not None:
        weights = as_operand(weights)
        if weights.shape != a.shape:
            raise ShapeError(
                f"{name}: there must be one weight an element.",
                got=describe(a=a, weights=weights),
                expected=f"weights of shape {a.shape}",
            )
        weights = ravel(weights)
    return ravel(a), weights


def _limits(a: Any, range_: Any) -> tuple[Any, Any]:
    """The outer edges, a little apart where they would be equal."""
    if range_ is not None:
        low, high = range_
    elif not a.shape[0]:
        return 0.0, 1.0
    else:
        low, high = np.min(a), np.max(a)
    if not isinstance(low, Tracer) and not isinstance(high, Tracer):
        if low > high or not (np.isfinite(low) and np.isfinite(high)):
            raise ArgumentError(
                "histogram: the range is not finite, or its ends are exchanged.",
                got=f"[{low}, {high}]",
                expected="two finite numbers, the smaller one first",
            )
        return (low - 0.5, high + 0.5) if low == high else (low, high)
    is_empty = low == high
    return np.where(is_empty, low - 0.5, low), np.where(is_empty, high + 0.5, high)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """NumPy's bin edges; those set by the data are differentiable in its extremes."""
    a, weights = _data("histogram_bin_edges", a, weights)
    return bin_edges(a, bins, range, weights)


def bin_edges(a: Any, bins: Any, range_: Any, weights: Any) -> Any:
    """The edges of the bins: given, or as many as asked for between the limits."""
    if isinstance(bins, str):
        if weights is not None:
            raise ArgumentError(
                "histogram: the number of bins cannot be estimated for weighted data.",
                got=f"bins={bins!r} and weights",
                expected="an integer, or the edges",
            )
        bins = int(bind(bin_count_p, a, *(range_ or ()), method=bins))
    if np.ndim(bins):
        bins = as_operand(bins)
        if len(bins.shape) != 1 or (not isinstance(bins, Tracer) and np.any(bins[:-1] > bins[1:])):
            raise ArgumentError(
                "histogram: the edges must be a vector that does not decrease.",
                got=describe(bins=bins),
                expected="increasing edges",
            )
        return bins
    n = operator.index(bins)
    if n < 1:
        raise ArgumentError("histogram: there must be a bin.", got=f"bins={n}", expected="bins > 0")
    low, high = _limits(a, range_)
    dtype = np.result_type(*[x.dtype if hasattr(x, "dtype") else x for x in (low, high)], a.dtype)
    dtype = np.result_type(dtype, float) if dtype.kind in "iu" else dtype
    if not isinstance(low, Tracer) and not isinstance(high, Tracer):
        return np.linspace(low, high, n + 1, dtype=dtype)
    inner = low + iota(n) * ((high - low) / n)
    return convert(np.concatenate((inner, reshape(as_operand(high), (1,)))), dtype)


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any]:
    """NumPy's histogram: counts, or sums of weights, and the edges of the bins.

    Counts are steps: their derivative is zero. Sums of weights are differentiable in the weights,
    densities also in the edges.
    """
    a, weights = _data("histogram", a, weights)
    edges = bin_edges(a, bins, range, weights)
    n = edges.shape[0] - 1
    is_inside = np.logical_and(a >= edges[0], a <= edges[-1])
    places = np.clip(sub(searchsorted(edges, a, "right"), 1), 0, max(n - 1, 0))
    dtype = np.dtype(np.intp) if weights is None else weights.dtype
    added = convert(is_inside, dtype)
    if weights is not None:
        added = np.where(is_inside, weights, convert(added, dtype))
    counts = scatter_add(full((n,), 0, dtype), added, (places,), (0,))
    if density:
        return counts / convert(diff(edges), np.float64) / np.sum(counts), edges
    return counts, edges
