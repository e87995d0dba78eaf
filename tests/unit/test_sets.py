"""Set operations on traced values, and questions about dtypes and memory."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg

A = np.array([3.0, 1.0, 2.0, 1.0, 5.0])
B = np.array([1.0, 5.0, 7.0])

FUNCTIONS = {
    "unique": lambda a, b: np.unique(a),
    "unique_index": lambda a, b: np.unique(a, return_index=True),
    "unique_inverse": lambda a, b: np.unique(a, return_inverse=True),
    "unique_counts": lambda a, b: np.unique(a, return_counts=True),
    "unique_every": lambda a, b: np.unique(a[:4].reshape(2, 2), True, True, True),
    "unique_empty": lambda a, b: np.unique(a[:0], return_inverse=True),
    "unique_values": lambda a, b: np.unique_values(a),
    "np.unique_counts": lambda a, b: tuple(np.unique_counts(a)),
    "np.unique_inverse": lambda a, b: tuple(np.unique_inverse(a)),
    "np.unique_all": lambda a, b: tuple(np.unique_all(a)),
    "union1d": lambda a, b: np.union1d(a, b),
    "intersect1d": lambda a, b: np.intersect1d(a, b),
    "intersect1d_indices": lambda a, b: np.intersect1d(a, b, return_indices=True),
    "setdiff1d": lambda a, b: np.setdiff1d(a, b),
    "setdiff1d_unique": lambda a, b: np.setdiff1d(b, a, assume_unique=True),
    "setxor1d": lambda a, b: np.setxor1d(a, b),
    "isin": lambda a, b: np.isin(a.reshape(1, -1), b),
    "isin_invert": lambda a, b: np.isin(a, b, invert=True),
    "isin_one": lambda a, b: np.isin(a[0], b),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_values_are_numpys(f):
    expected = f(A, B)
    found = wg.vjp(f, A, B)[0]
    if not isinstance(expected, tuple):
        expected, found = (expected,), (found,)
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        assert np.shape(x) == np.shape(y)
        np.testing.assert_array_equal(x, y)


def test_derivatives_follow_the_first_place():
    ct = np.array([1.0, 10.0, 100.0, 1000.0])
    np.testing.assert_array_equal(wg.vjp(np.unique, A)[1](ct)[0], [100, 1, 10, 0, 1000])
    da, db = wg.vjp(np.intersect1d, A, B)[1](np.array([1.0, 10.0]))
    np.testing.assert_array_equal(da, [0, 1, 0, 0, 10])
    np.testing.assert_array_equal(db, [0, 0, 0])


def test_dtypes_and_memory():
    def f(x):
        y = x * 1.0
        assert np.result_type(y, np.float32) == np.float64
        assert np.result_type(y, 1) == np.float64
        assert np.can_cast(y, complex)
        assert not np.can_cast(y, int)
        assert np.common_type(y, np.ones(1, np.float32)) is np.float64
        assert np.min_scalar_type(y) == np.float64
        assert np.shares_memory(y, y[1:])
        assert np.may_share_memory(y[:3], y[2:])
        assert not np.shares_memory(y[:2], y[2:])
        assert not np.shares_memory(y, y.copy())
        assert not np.shares_memory(y, A)
        return np.sum(y)

    wg.grad(f)(A)
