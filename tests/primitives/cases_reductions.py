"""Cases of the reductions: sums, products, moments, extremes, quantiles, and the running forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives.harness import Case


def normal(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape)


def distinct(*shape: int) -> Any:
    """Numbers at least 0.2 apart, in random order."""
    size = int(np.prod(shape))
    return lambda rng: (
        (rng.permutation(size) * 0.3 + rng.uniform(0, 0.1, size)).reshape(shape) - 1.7
    )


def positive(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.5, 1.5, shape)


def with_nan(draw: Any) -> Any:
    """The same numbers as a function of those that stay; some are NaN in the function below."""
    return draw


HOLES = np.array([[False, True, False, False], [True, False, False, True], [False] * 4])


def holed(f: Any) -> Any:
    """`f` of the array with NaN at some places."""
    return lambda x: f(np.where(HOLES, np.nan, x))


MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
ROW = np.array([True, False, True, True])
CUBE = (2, 3, 4)
M = (3, 4)


def _axes(name: str, f: Any, draw: Any, primitive: str, complex: bool = True) -> list[Case]:
    """A reduction with every kind of axis argument."""
    forms: dict[str, dict[str, Any]] = {
        "all": {},
        "axis0": {"axis": 0},
        "negative": {"axis": -1},
        "tuple": {"axis": (0, -1)},
        "keepdims": {"axis": 1, "keepdims": True},
        "all-keepdims": {"keepdims": True},
        "no-axes": {"axis": ()},
    }
    return [
        Case(
            f"{name}-{key}", lambda x, kw=kw: f(x, **kw), draw(*CUBE), (primitive,), complex=complex
        )
        for key, kw in forms.items()
    ]


SUMS = [
    *_axes("sum", np.sum, normal, "sum"),
    *_axes("prod", np.prod, normal, "prod"),
    *_axes("mean", np.mean, normal, "sum"),
    *[c for c in _axes("var", np.var, normal, "sum") if "no-axes" not in c.name],
    *[c for c in _axes("std", np.std, normal, "root") if "no-axes" not in c.name],
    Case("sum-where", lambda x: np.sum(x, axis=1, where=MASK), normal(*M), complex=True),
    Case("sum-where-row", lambda x: np.sum(x, where=ROW), normal(*M)),
    Case(
        "sum-initial",
        lambda x, y: np.sum(x, axis=0, initial=2.5) + np.sum(x + 0 * y, initial=y),
        lambda rng: (rng.normal(size=M), rng.normal()),
    ),
    Case("sum-dtype", lambda x: np.sum(x, axis=0, dtype=np.complex128), normal(*M), float32=True),
    Case(
        "prod-where-initial",
        lambda x: np.prod(x, axis=1, where=MASK, initial=1.5),
        normal(*M),
        complex=True,
    ),
    Case(
        "prod-one-zero", lambda x: np.prod(x, axis=1), lambda rng: rng.normal(size=M) * [1, 0, 1, 1]
    ),
    Case(
        "prod-two-zeros",
        lambda x: np.prod(x, axis=1),
        lambda rng: rng.normal(size=M) * [1, 0, 1, 0],
    ),
    Case("prod-two-zeros-all", np.prod, lambda rng: rng.normal(size=5) * [1, 0, 1, 0, 1]),
    Case("mean-where", lambda x: np.mean(x, axis=1, where=MASK), normal(*M), complex=True),
    Case("mean-dtype", lambda x: np.mean(x, axis=0, dtype=np.float64), normal(*M)),
    Case("var-ddof", lambda x: np.var(x, axis=1, ddof=1), normal(*M), complex=True),
    Case("var-correction", lambda x: np.var(x, axis=(0, 1), correction=1.5), normal(*M)),
    Case("var-where", lambda x: np.var(x, axis=1, where=MASK, ddof=1, keepdims=True), normal(*M)),
    Case(
        "var-mean", lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)), normal(*M)
    ),
    Case("std-ddof", lambda x: np.std(x, axis=1, ddof=1), normal(*M), complex=True),
    Case("std-where", lambda x: np.std(x, axis=0, where=MASK), normal(*M)),
    Case("average", lambda x: np.average(x, axis=0), normal(*M), complex=True),
    Case(
        "average-weights",
        lambda x, w: np.average(x, axis=1, weights=w),
        lambda rng: (rng.normal(size=M), rng.uniform(0.5, 1.5, 4)),
    ),
    Case(
        "average-full-weights",
        lambda x, w: np.average(x, weights=w, returned=True),
        lambda rng: (rng.normal(size=M), rng.uniform(0.5, 1.5, M)),
    ),
    Case(
        "average-two-axes",
        lambda x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True),
        lambda rng: (rng.normal(size=CUBE), rng.uniform(0.5, 1.5, (4, 2))),
    ),
    Case(
        "count",
        lambda x: (
            np.count_nonzero(x > 0, axis=1),
            np.any(x > 1, axis=0),
            np.all(x > -9),
            np.argmax(x),
            np.argmin(x, axis=1),
        ),
        distinct(*M),
        order=0,
    ),
    Case(
        "methods",
        lambda x: (
            x.sum(axis=0),
            x.mean(1),
            x.var(ddof=1),
            x.std(axis=0, keepdims=True),
            x.prod(-1),
            x.max(axis=0),
            x.min(),
            x.cumsum(1),
            x.cumprod(axis=0),
            x.clip(-1, 1),
            (x.any(), x.all(axis=0), x.argmax(1), x.argmin()),
        ),
        distinct(*M),
    ),
    Case("add-reduce", lambda x: np.add.reduce(x) + np.add.reduce(x, axis=None), normal(*M)),
    Case("multiply-reduce", lambda x: np.multiply.reduce(x, axis=1, keepdims=True), normal(*M)),
]

EXTREMES = [
    *_axes("max", np.max, distinct, "max", complex=False),
    *_axes("min", np.min, distinct, "min", complex=False),
    Case("max-complex", lambda x: np.max(x + 1j * np.arange(4.0), axis=1), distinct(*M)),
    Case("max-where-initial", lambda x: np.max(x, axis=1, where=MASK, initial=-0.55), distinct(*M)),
    Case("min-where-initial", lambda x: np.min(x, axis=0, where=MASK, initial=0.55), distinct(*M)),
    Case(
        "max-initial-traced",
        lambda x, y: np.max(x + 0 * y, axis=0, initial=y),
        lambda rng: (distinct(*M)(rng), np.float64(0.27)),
    ),
    Case("ptp", lambda x: np.ptp(x, axis=1) + np.ptp(x, keepdims=True), distinct(*M)),
    Case("maximum-reduce", lambda x: np.maximum.reduce(x, axis=1), distinct(*M), ("max",)),
    Case("minimum-reduce", lambda x: np.minimum.reduce(x, axis=(0, 1)), distinct(*M), ("min",)),
    Case("fmax-reduce", lambda x: np.fmax.reduce(x, axis=1), distinct(*M), ("fmax",)),
    Case("amax", lambda x: np.amax(x, 0) - np.amin(x, 1, keepdims=True), distinct(*M)),
    Case("logaddexp-reduce", lambda x: np.logaddexp.reduce(x, axis=1), normal(*M), ("logsumexp",)),
    Case(
        "logaddexp-reduce-all",
        lambda x: np.logaddexp.reduce(x, axis=None, keepdims=True),
        normal(*M),
    ),
    Case("logaddexp2-reduce", lambda x: np.logaddexp2.reduce(x, axis=0, initial=0.3), normal(*M)),
    Case("subtract-reduce", lambda x: np.subtract.reduce(x, axis=1), normal(*M)),
    Case("hypot-reduce", lambda x: np.hypot.reduce(x, axis=0, keepdims=True), positive(*M)),
    Case("divide-accumulate", lambda x: np.divide.accumulate(x, axis=1), positive(*M)),
    Case(
        "float_power-reduce",
        lambda x: np.float_power.reduce(x, axis=1, initial=1.3),
        positive(3, 2),
    ),
    Case("reduceat", lambda x: np.add.reduceat(x, [0, 2, 1], axis=1), normal(*M)),
    Case("multiply-reduceat", lambda x: np.multiply.reduceat(x, [0, 1]), normal(*M)),
    Case(
        "outer",
        lambda x, y: np.multiply.outer(x, y) + np.subtract.outer(x, y),
        lambda rng: (rng.normal(size=3), rng.normal(size=(2, 2))),
    ),
]

RUNNING = [
    Case("cumsum", lambda x: np.cumsum(x), normal(*M), ("cumsum",), complex=True),
    Case("cumsum-axis", lambda x: np.cumsum(x, axis=0), normal(*M), ("cumsum",), complex=True),
    Case("cumsum-negative", lambda x: np.cumsum(x, axis=-1), normal(*CUBE), ("cumsum",)),
    Case("cumprod", lambda x: np.cumprod(x), normal(7), ("cumprod",), complex=True),
    Case("cumprod-axis", lambda x: np.cumprod(x, axis=0), normal(*M), ("cumprod",), complex=True),
    Case(
        "cumprod-zeros",
        lambda x: np.cumprod(x, axis=1),
        lambda rng: rng.normal(size=(2, 6)) * [1, 0, 1, 1, 0, 1],
    ),
    Case(
        "cumulative_sum", lambda x: np.cumulative_sum(x, axis=1, include_initial=True), normal(*M)
    ),
    Case(
        "cumulative_prod", lambda x: np.cumulative_prod(x, axis=0, include_initial=True), normal(*M)
    ),
    Case(
        "maximum-accumulate", lambda x: np.maximum.accumulate(x, axis=1), distinct(*M), ("cummax",)
    ),
    Case("minimum-accumulate", lambda x: np.minimum.accumulate(x), distinct(*M), ("cummin",)),
    Case("multiply-accumulate", lambda x: np.multiply.accumulate(x, axis=1), normal(*M)),
    Case("add-accumulate", lambda x: np.add.accumulate(x), normal(*M)),
]

NAN = [
    Case("nansum", holed(lambda x: np.nansum(x, axis=1)), normal(*M)),
    Case("nanprod", holed(lambda x: np.nanprod(x, axis=1)), normal(*M)),
    Case("nanmean", holed(lambda x: np.nanmean(x, axis=0, keepdims=True)), normal(*M)),
    Case("nanvar", holed(lambda x: np.nanvar(x, axis=1, ddof=1)), normal(*M)),
    Case("nanstd", holed(lambda x: np.nanstd(x)), normal(*M)),
    Case("nanmax", holed(lambda x: np.nanmax(x, axis=1)), distinct(*M)),
    Case("nanmin", holed(lambda x: np.nanmin(x)), distinct(*M)),
    Case("nancumsum", holed(lambda x: np.nancumsum(x, axis=1)), normal(*M)),
    Case("nancumprod", holed(lambda x: np.nancumprod(x, axis=1)), normal(*M)),
    Case("nanmedian", holed(lambda x: np.nanmedian(x, axis=1)), distinct(*M)),
    Case("nanquantile", holed(lambda x: np.nanquantile(x, [0.2, 0.7], axis=1)), distinct(*M)),
    Case(
        "nanpercentile",
        holed(lambda x: np.nanpercentile(x, 30, axis=0, keepdims=True)),
        distinct(*M),
    ),
    Case(
        "nanarg", holed(lambda x: (np.nanargmax(x, axis=1), np.nanargmin(x))), distinct(*M), order=0
    ),
]

METHODS = (
    "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen "
    "weibull linear median_unbiased normal_unbiased lower higher midpoint nearest"
).split()

QUANTILES = [
    Case("median-odd", np.median, distinct(7)),
    Case("median-even", lambda x: np.median(x, axis=1), distinct(*M)),
    Case("median-axes", lambda x: np.median(x, axis=(0, 2), keepdims=True), distinct(*CUBE)),
    Case("quantile", lambda x: np.quantile(x, 0.37), distinct(*M)),
    Case(
        "quantile-many",
        lambda x: np.quantile(x, np.array([[0.1, 0.5], [0.9, 1.0]]), axis=1),
        distinct(*M),
        float32=False,
    ),
    Case(
        "quantile-axes",
        lambda x: np.quantile(x, [0.0, 0.3], axis=(0, 2), keepdims=True),
        distinct(*CUBE),
        float32=False,
    ),
    Case(
        "quantile-in-q",
        lambda x, q: np.quantile(x, q, axis=1),
        lambda rng: (distinct(*M)(rng), np.array([0.21, 0.55])),
    ),
    Case("percentile", lambda x: np.percentile(x, 37.0, axis=0), distinct(*M)),
    *[
        Case(
            f"quantile-{m}",
            lambda x, m=m: np.quantile(
                x, np.array([0.05, 0.31, 0.5, 0.77, 0.98]), axis=1, method=m
            ),
            distinct(2, 7),
            float32=False,
        )
        for m in METHODS
    ],
]

CASES = [*SUMS, *EXTREMES, *RUNNING, *NAN, *QUANTILES]
