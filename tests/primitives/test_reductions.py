"""Every reduction with every combination of its arguments: the value, dtype and shape of NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from primitives.harness import same_kind

RNG = np.random.default_rng(5)
CUBE = RNG.normal(size=(2, 3, 4))
HOLED = np.where(RNG.uniform(size=CUBE.shape) < 0.3, np.nan, CUBE)
MASK = RNG.uniform(size=CUBE.shape) < 0.7
ROW = np.array([True, False, True, True])
AXES = [{}, {"axis": None}, {"axis": 1}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (-1, 0, 1)}]
ONE_AXIS = [{}, {"axis": None}, {"axis": 1}, {"axis": -1}, {"axis": np.int64(0)}]
KEEP = [{}, {"keepdims": True}, {"keepdims": False}]
DTYPE = [{}, {"dtype": np.float32}, {"dtype": "complex128"}]
WHERE = [{}, {"where": MASK}, {"where": ROW}, {"where": True}]
INITIAL = [{}, {"initial": 0.5}]
SPREAD = [{}, {"ddof": 1}, {"correction": 0.5}]
Q = [{"q": 0.3}, {"q": [0.0, 0.25, 1.0]}, {"q": np.array([[0.5, 0.9]])}]
METHODS = [
    {"method": m}
    for m in (
        "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen "
        "weibull linear median_unbiased normal_unbiased lower higher midpoint nearest"
    ).split()
]

TABLE: dict[Any, list[list[dict[str, Any]]]] = {
    np.sum: [AXES, KEEP, DTYPE, WHERE, INITIAL],
    np.prod: [AXES, KEEP, DTYPE, WHERE, INITIAL],
    np.nansum: [AXES, KEEP, DTYPE, WHERE, INITIAL],
    np.nanprod: [AXES, KEEP, DTYPE, WHERE, INITIAL],
    np.mean: [AXES, KEEP, DTYPE, WHERE],
    np.nanmean: [AXES, KEEP, DTYPE, WHERE],
    np.var: [AXES, KEEP, WHERE, SPREAD],
    np.std: [AXES, KEEP, WHERE, SPREAD],
    np.nanvar: [AXES, KEEP, WHERE, SPREAD],
    np.nanstd: [AXES, KEEP, WHERE, SPREAD],
    np.max: [AXES, KEEP, WHERE, INITIAL],
    np.min: [AXES, KEEP, WHERE, INITIAL],
    np.nanmax: [AXES, KEEP, WHERE, INITIAL],
    np.nanmin: [AXES, KEEP, WHERE, INITIAL],
    np.ptp: [AXES, KEEP],
    np.any: [AXES, KEEP, WHERE],
    np.all: [AXES, KEEP, WHERE],
    np.count_nonzero: [AXES, KEEP],
    np.average: [AXES, KEEP],
    np.median: [AXES, KEEP],
    np.nanmedian: [AXES, KEEP],
    np.argmax: [ONE_AXIS, KEEP],
    np.argmin: [ONE_AXIS, KEEP],
    np.nanargmax: [ONE_AXIS, KEEP],
    np.nanargmin: [ONE_AXIS, KEEP],
    np.cumsum: [ONE_AXIS, DTYPE],
    np.cumprod: [ONE_AXIS, DTYPE],
    np.nancumsum: [ONE_AXIS, DTYPE],
    np.nancumprod: [ONE_AXIS, DTYPE],
    np.cumulative_sum: [ONE_AXIS[2:], DTYPE, [{}, {"include_initial": True}]],
    np.cumulative_prod: [ONE_AXIS[2:], DTYPE, [{}, {"include_initial": True}]],
    np.quantile: [AXES, KEEP, Q, METHODS],
    np.nanquantile: [AXES[2:4], KEEP[:2], Q, METHODS],
    np.percentile: [AXES, KEEP, [{"q": 30}, {"q": [10, 55.5]}]],
    np.nanpercentile: [AXES, KEEP, [{"q": 30}, {"q": [10, 55.5]}]],
}


def argument_sets(choices: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{k: v for d in row for k, v in d.items()} for row in itertools.product(*choices)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", TABLE, ids=lambda f: f.__name__)
def test_arguments(f: Any) -> None:
    x = HOLED if "nan" in f.__name__ else CUBE
    n_compared = 0
    for kwargs in argument_sets(TABLE[f]):
        try:
            expected = f(x, **kwargs)
        except (ValueError, TypeError):
            with pytest.raises((ValueError, TypeError)):
                wg.vjp(lambda x: f(x, **kwargs), x)
            continue
        value, pullback = wg.vjp(lambda x: f(x, **kwargs), x)
        same_kind(value, expected)
        np.testing.assert_allclose(value, expected, rtol=1e-5 if "dtype" in kwargs else 1e-12)
        if value.dtype.kind in "fc":
            assert pullback(np.ones_like(value))[0].shape == x.shape
        n_compared += 1
    assert n_compared


@pytest.mark.parametrize("f", [np.sum, np.mean, np.var, np.max, np.median, np.ptp, np.average])
def test_gradients_of_axis_forms_agree(f: Any) -> None:
    """Negative axes, and all axes by name, are the same reduction."""
    pairs = [
        ({"axis": -1}, {"axis": 2}),
        ({"axis": (0, 1, 2)}, {}),
        ({"axis": (-1, 0)}, {"axis": (0, 2)}),
    ]
    for a, b in pairs:
        one, other = [wg.grad(lambda x, kw=kw: np.sum(np.sin(f(x, **kw))))(CUBE) for kw in (a, b)]
        np.testing.assert_allclose(one, other, rtol=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, out: np.sum(x, axis=1, out=out),
        lambda x, out: np.mean(x, axis=1, out=out),
        lambda x, out: np.var(x, axis=1, out=out),
        lambda x, out: np.std(x, axis=1, out=out),
        lambda x, out: np.prod(x, axis=1, out=out),
        lambda x, out: np.max(x, axis=1, out=out),
        lambda x, out: np.ptp(x, axis=1, out=out),
        lambda x, out: np.median(x, axis=1, out=out),
        lambda x, out: np.quantile(x, 0.3, axis=1, out=out),
        lambda x, out: np.nansum(x, axis=1, out=out),
        lambda x, out: np.nanmean(x, axis=1, out=out),
        lambda x, out: np.nanmax(x, axis=1, out=out),
        lambda x, out: x.min(axis=1, out=out),
        lambda x, out: np.clip(x[:, 0], -1, 1, out=out),
        lambda x, out: np.round(x[:, 0], 1, out=out),
        lambda x, out: np.cumsum(x[:, 0], axis=0, out=out),
    ],
)
def test_out(f: Any) -> None:
    x = CUBE[0]

    def written(x: Any) -> Any:
        out = wnp.zeros(3)
        assert f(x, out) is out
        return out

    with_out, plain = wg.vjp(written, x), wg.vjp(lambda x: f(x, None), x)
    np.testing.assert_array_equal(with_out[0], plain[0])
    np.testing.assert_array_equal(with_out[1](np.ones(3))[0], plain[1](np.ones(3))[0])
    with pytest.raises((TypeError, ValueError), match=r"wengert\.numpy\.zeros"):
        wg.vjp(lambda x: f(x, np.zeros(3)), x)


def test_methods_take_positional_arguments() -> None:
    def f(x: Any) -> Any:
        return (
            x.sum(0, np.float32),
            x.mean((0, 1)),
            x.var(1, None, None, 1),
            x.std(None, keepdims=True),
            x.max(1, None, True),
            x.argmax(1),
            x.cumsum(0),
            x.prod(axis=-1, initial=2.0),
            x.any(0),
            x.all(),
            x.clip(0, max=0.5),
            x.round(1),
        )

    for a, b in zip(wg.vjp(f, CUBE)[0], f(CUBE), strict=True):
        same_kind(a, b)
        np.testing.assert_allclose(a, b, rtol=1e-6)
