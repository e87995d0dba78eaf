"""Sorting and searching: ties, writing in place, tables that differ between items, decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg


def test_equal_elements_keep_their_derivatives_in_stable_order() -> None:
    x = np.array([2.0, 1.0, 2.0, 1.0])
    jacobian = wg.jacobian(np.sort)(x)
    expected = np.zeros((4, 4))
    expected[range(4), [1, 3, 0, 2]] = 1.0
    np.testing.assert_array_equal(jacobian, expected)
    forward = wg.jvp(np.sort, (x,), (np.arange(4.0),))[1]
    np.testing.assert_array_equal(forward, [1, 3, 0, 2])


def test_nan_sorts_last() -> None:
    x = np.array([np.nan, 1.0, -np.inf])
    value, pullback = wg.vjp(np.sort, x)
    np.testing.assert_array_equal(value, np.sort(x))
    np.testing.assert_array_equal(pullback(np.array([1.0, 2.0, 3.0]))[0], [3, 2, 1])


def test_sort_in_place_is_seen_by_views() -> None:
    def f(x: Any) -> Any:
        x = x * 1.0
        first = x[0]
        assert x.sort() is None
        return first[0] * x[1, 0]

    x = np.array([[3.0, 1.0], [5.0, 4.0]])
    value, gradient = wg.value_and_grad(f)(x)
    assert value == 4.0
    np.testing.assert_array_equal(gradient, [[0.0, 4.0], [0.0, 1.0]])


def test_sorting_the_callers_array_in_place_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to the caller"):
        wg.grad(lambda x: x.sort() or np.sum(x))(np.ones(3))
    with pytest.raises(ValueError, match="belongs to the caller"):
        wg.grad(lambda x: x.partition(1) or np.sum(x))(np.ones(3))


def test_integers_have_no_derivative() -> None:
    def f(x: Any) -> Any:
        assert np.argsort(x).dtype == np.intp
        return np.sum(np.argsort(x) * 1.0) + np.sum(np.searchsorted(np.sort(x), x) * 2.0)

    np.testing.assert_array_equal(wg.grad(f)(np.array([3.0, 1.0, 2.0])), np.zeros(3))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_with_a_table_for_each_item(side: Any) -> None:
    rng = np.random.default_rng(0)
    tables, points = np.sort(rng.integers(0, 5, (2, 3, 6))).astype(float), np.arange(5.0)

    def f(table: Any, x: Any) -> Any:
        return np.searchsorted(table, x, side)

    both = wg.vmap(wg.vmap(f, in_axes=(0, None)), in_axes=(0, None))(tables, points)
    only_points = wg.vmap(f, in_axes=(None, 0))(tables[0, 0], np.stack([points, points + 1]))
    for i in range(2):
        np.testing.assert_array_equal(
            only_points[i], np.searchsorted(tables[0, 0], points + i, side)
        )
        for j in range(3):
            expected = np.searchsorted(tables[i, j], points, side)
            np.testing.assert_array_equal(both[i, j], expected)


def test_searchsorted_with_a_sorter() -> None:
    x = np.array([3.0, 1.0, 2.0])

    def f(x: Any) -> Any:
        return np.searchsorted(x, np.array([1.5, 2.5]), sorter=np.argsort(x)) * x[:2]

    np.testing.assert_array_equal(wg.vjp(f, x)[0], f(x))


def test_digitize_with_bins_for_each_item() -> None:
    bins = np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    points = np.array([-0.5, 0.0, 1.5, 2.0])
    found = wg.vmap(lambda b: np.digitize(points, b))(bins)
    np.testing.assert_array_equal(found, [np.digitize(points, b) for b in bins])


def test_lexsort_under_vmap_where_one_key_is_shared() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 3, (4, 6)), rng.integers(0, 3, 6)
    found = wg.vmap(lambda a: np.lexsort((a, second)))(first)
    np.testing.assert_array_equal(found, [np.lexsort((a, second)) for a in first])


# -- counts ----------------------------------------------------------------------------------------


def test_bincount_of_traced_integers_decides_its_length() -> None:
    def f(x: Any, w: Any) -> Any:
        return np.bincount(np.floor(x).astype(int), w)

    x, w = np.array([0.5, 2.5, 2.1]), np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(wg.vjp(f, x, w)[0], [1, 0, 5])
    np.testing.assert_array_equal(wg.vjp(f, x, w)[1](np.array([1.0, 2.0, 3.0]))[1], [1, 3, 3])
    compiled = wg.jit(f)
    np.testing.assert_array_equal(compiled(x, w), [1, 0, 5])
    np.testing.assert_array_equal(compiled(x + 1, w), [0, 1, 0, 5])  # a guard takes notice
    with pytest.raises(TypeError, match="here there is no single value"):
        wg.vmap(f, in_axes=(0, None))(np.stack([x, x]), w)


def test_bincount_of_nothing() -> None:
    value, pullback = wg.vjp(lambda w: np.bincount(np.zeros(0, int), w, 2), np.zeros(0))
    np.testing.assert_array_equal(value, [0.0, 0.0])
    assert pullback(np.ones(2))[0].shape == (0,)


@pytest.mark.parametrize("bins", [4, [0.0, 1.0, 1.0, 2.0], "auto", "fd", "scott"])
@pytest.mark.parametrize("density", [False, True])
def test_histograms_are_numpys(bins: Any, density: bool) -> None:
    x = np.array([0.0, 0.1, 1.0, 1.0, 2.0, 2.0, 1.7, 0.4, -1.0, 5.0])[: 7 if bins == 4 else 10]
    range_ = None if not isinstance(bins, str) else (-0.5, 4.0)
    counts, edges = np.histogram(x, bins, range_, density=density)
    with np.errstate(invalid="ignore", divide="ignore"):
        found, _ = wg.vjp(lambda x: np.histogram(x, bins, range_, density=density), x)
    np.testing.assert_allclose(found[0], counts, rtol=1e-14)
    np.testing.assert_allclose(found[1], edges, rtol=1e-14)
    assert found[0].dtype == counts.dtype


def test_a_histogram_of_equal_values_has_a_bin_of_width_one() -> None:
    x = np.full(3, 2.0)
    found = wg.vjp(lambda x: np.histogram(x, 2), x)[0]
    expected = np.histogram(x, 2)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_the_edges_follow_the_extremes_of_the_data() -> None:
    x = np.array([0.3, -1.0, 2.0, 0.7])
    jacobian = wg.jacobian(lambda x: np.histogram(x, 2)[1])(x)
    np.testing.assert_allclose(jacobian, [[0, 1, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 1, 0]])
