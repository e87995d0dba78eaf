"""Values of NumPy functions on traced arrays, argument by argument, against NumPy's own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from array_api.comparing import assert_same, leaves_of
from wengert.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(11)
HOLED = np.array([[1.0, np.nan, 2.0], [3.0, 1.0, np.nan], [1.0, np.nan, 2.0], [3.0, 1.0, 0.0]])
BLOCKS = RNG.integers(0, 2, (5, 2, 3)).astype(float)
M = RNG.normal(size=(4, 6))
COUNTS = np.concatenate([np.ones((4, 1)), RNG.integers(0, 3, (4, 5))], axis=1)
X, Y, W = RNG.normal(size=(2, 30)).tolist() + [RNG.uniform(size=30)]
X, Y = np.array(X), np.array(Y)
LONG = RNG.normal(size=(4, 11, 3))


def check(f, *args):
    """`f` recorded and run gives what NumPy gives."""
    program = wg.trace(lambda *xs: leaves_of(f(*xs)))(*args)
    assert_same(program(*args), f(*args), structure=False)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("options", itertools.product([False, True], repeat=3))
def test_unique(axis, options):
    check(lambda x: np.unique(x, *options, axis=axis), BLOCKS)
    check(lambda x: np.unique(x, *options, axis=axis), HOLED)


def test_unique_with_nan_and_without_elements():
    check(lambda x: np.unique(x, equal_nan=False), HOLED)
    for function in (np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values):
        check(function, HOLED)
    check(lambda x: np.unique(x, axis=0, return_inverse=True), np.zeros((0, 3)))
    check(lambda x: np.unique(x > 0.5, axis=0), BLOCKS)
    check(lambda x: np.union1d(x, x[:1]), HOLED)


@pytest.mark.parametrize(
    "axis, weights",
    [(None, COUNTS), (1, COUNTS), (0, COUNTS + 1), (1, COUNTS[0]), (0, COUNTS[:, 0] + 1)],
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_weighted_quantiles(axis, weights, keepdims):
    options = {"axis": axis, "weights": weights, "keepdims": keepdims, "method": "inverted_cdf"}
    q = np.array([0.0, 0.1, 0.3, 0.5, 0.77, 1.0])
    check(lambda x: np.quantile(x, q, **options), M)
    check(lambda x: np.percentile(x, 30, **options), M)
    if weights.ndim == 2:
        holed = M.copy()
        holed[0, 1] = holed[2, 3] = np.nan
        check(lambda x: np.nanquantile(x, q, **options), holed)
        check(lambda x: np.quantile(x, q, **options), holed)


def test_weighted_quantiles_refuse():
    with pytest.raises(ArgumentError, match="quantile: weights are for one method only"):
        wg.grad(lambda x: np.quantile(x, 0.5, weights=W))(X)
    with pytest.raises(ShapeError, match="quantile: the weights do not fit"):
        wg.grad(lambda x: np.quantile(x, 0.5, weights=W[:3], method="inverted_cdf"))(X)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weights": W},
        {"density": True},
        {"bins": [3, 4]},
        {"bins": [np.linspace(-1, 1, 4), 3]},
        {"bins": np.linspace(-1, 1, 5)},
        {"range": [[-1, 1], [-0.5, 0.5]]},
        {"range": [[-1, 1], None], "weights": W, "density": True},
    ],
)
def test_histogram2d(options):
    check(lambda x: np.histogram2d(x, Y, **options), X)


def test_histogramdd():
    points = np.round(RNG.normal(size=(30, 3)), 1)
    check(lambda x: np.histogramdd(x, bins=(2, 3, 4), weights=W), points)
    check(lambda x: np.histogramdd(x, bins=3, density=True), points)
    check(lambda x: np.histogramdd((x, Y, W), bins=3), X)
    check(lambda x: np.histogramdd(x), X)


def test_histograms_refuse():
    with pytest.raises(ShapeError, match="there must be one weight for each point"):
        wg.vjp(lambda x: np.histogramdd([x, Y], weights=W[:3]), X)
    with pytest.raises(ArgumentError, match="bins or range do not fit the number of axes"):
        wg.vjp(lambda x: np.histogramdd([x, Y], bins=[3]), X)
    with pytest.raises(ShapeError, match="the coordinates must be vectors of one length"):
        wg.vjp(lambda x: np.histogramdd([x, Y[:3]]), X)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("order", ["big", "little"])
def test_bits(axis, order):
    check(lambda x: np.packbits(x > 0, axis=axis, bitorder=order), LONG)
    for count in (None, 5, -3, 100):
        check(
            lambda x: np.unpackbits(
                (np.abs(x) * 50).astype(np.uint8), axis=axis, count=count, bitorder=order
            ),
            LONG,
        )


def test_bits_of_bytes_only():
    with pytest.raises(DtypeError, match="unpackbits: only bytes have bits"):
        wg.vjp(np.unpackbits, X)


def test_windows():
    windows = np.lib.stride_tricks.sliding_window_view
    check(lambda x: windows(x, 3, axis=1), LONG)
    check(lambda x: windows(x, (2, 3, 1)), LONG)
    check(lambda x: windows(x, (2, 3), axis=(1, 1)), LONG)
    with pytest.raises(ShapeError, match="a window is longer than its axis"):
        wg.vjp(lambda x: windows(x, 12, axis=1), LONG)
    with pytest.raises(ShapeError, match="there must be one size for each axis"):
        wg.vjp(lambda x: windows(x, (2, 2), axis=1), LONG)


def test_ufuncs_at_repeated_places():
    def f(x):
        y = x.copy()
        np.negative.at(y, [0, 0, 1])
        np.sqrt.at(y[2:], ([0, 0, 1], [2, 2, 1]))
        np.exp.at(y, 3)
        return y

    check(f, np.abs(M))


def test_reductions_where():
    mask = COUNTS > 0
    check(lambda x: np.hypot.reduce(x, axis=1, where=mask), M)
    check(lambda x: np.fmax.reduce(x, axis=1, where=mask, initial=0.0), M)
    check(lambda x: np.hypot.reduce(x, axis=(0, 1), where=mask, keepdims=True), M)
    check(lambda x: np.logaddexp.reduce(x, axis=0, where=mask, initial=-1.0), M.astype(np.float32))


def test_what_an_array_knows_of_itself():
    def f(x):
        assert x.strides == LONG.strides and x.T.strides == LONG.T.strides
        assert x.flags.c_contiguous and not x.T.flags["C_CONTIGUOUS"]
        assert (
            np.einsum_path("ijk,ljk->il", x, x)[0] == np.einsum_path("ijk,ljk->il", LONG, LONG)[0]
        )
        for text in (np.array_repr, np.array_str, np.array2string):
            assert text(x) == repr(x)
        assert np.isscalar(x[0, 0, 0])
        return x.sum()

    wg.grad(f)(LONG)


def test_joining_by_subscripts():
    v = np.arange(3.0)
    for key in ("0,2", "1,2,0", "-1", "0,3,-1", "1,3,1"):
        check(lambda x: wnp.r_[key, x, x], v)
    for join in (np.r_, np.c_):
        ours = wnp.r_ if join is np.r_ else wnp.c_
        np.testing.assert_array_equal(ours[v, v], join[v, v])
        check(lambda x: ours[x, x], v)
    program = wg.trace(lambda x: wnp.r_[x, 0:2, 7, 1:2:3j])(v)
    np.testing.assert_array_equal(program(v), np.r_[v, 0:2, 7, 1:2:3j])
    program = wg.trace(lambda x: wnp.c_[x, x[:, None], [1, 2, 3]])(v)
    np.testing.assert_array_equal(program(v), np.c_[v, v[:, None], [1, 2, 3]])


def test_vectorize():
    double = wnp.vectorize(lambda a, b=2.0: (a * b, a > 1), otypes=[float, bool])
    plain = np.vectorize(lambda a, b=2.0: (a * b, a > 1), otypes=[float, bool])
    assert_same(double(M), plain(M), exactly=True)
    program = wg.trace(lambda x: double(x, b=3.0))(M)
    assert_same(program(M), plain(M, b=3.0), structure=False)
    norms = wnp.vectorize(np.linalg.norm, signature="(m,n)->()")
    program = wg.trace(norms)(LONG)
    np.testing.assert_allclose(program(LONG), np.linalg.norm(LONG, axis=(1, 2)))


def test_python_level_helpers():
    assert list(wnp.ndenumerate(M)) == list(np.ndenumerate(M))
    np.testing.assert_array_equal(wnp.kaiser(6, 2.0), np.kaiser(6, 2.0))
    for n in (1, 2, 6):
        program = wg.trace(lambda beta: wnp.kaiser(n, beta))(2.0)
        np.testing.assert_allclose(program(2.0), np.kaiser(n, 2.0), rtol=1e-14)


def test_polynomials_are_numpys():
    assert wnp.polynomial.chebyshev.chebval(0.3, [1.0, 2.0]) == np.polynomial.chebyshev.chebval(
        0.3, [1.0, 2.0]
    )
    assert set(wnp.polynomial.__all__) <= {*np.polynomial.__all__, "polynomial", "chebyshev"} | {
        *("polyutils", "legendre", "laguerre", "hermite", "hermite_e")
    }
    c = RNG.normal(size=4)
    for name in ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE"):
        ours, theirs = getattr(wnp.polynomial, name), getattr(np.polynomial, name)
        program = wg.trace(lambda c: [ours(c)(0.3), ours(c).roots(), ours(c).integ().coef])(c)
        expected = [theirs(c)(0.3), theirs(c).roots(), theirs(c).integ().coef]
        for found, value in zip(program(c), expected, strict=True):
            found, value = np.atleast_1d(found), np.atleast_1d(value)
            np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(value), rtol=1e-9)


def test_polynomial_fits_under_vmap():
    x = np.linspace(-1, 1, 8)
    data = RNG.normal(size=(3, 8))
    found = wg.vmap(lambda y: wnp.polynomial.Chebyshev.fit(x, y, 3)(0.2))(data)
    expected = [np.polynomial.Chebyshev.fit(x, y, 3)(0.2) for y in data]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
