"""Calculus on grids: conventions at knots and jumps, and against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.ops.interpolation import interp_p

KNOTS = np.array([0.0, 1.0, 3.0])
VALUES = np.array([1.0, 3.0, -1.0])


# -- interp ----------------------------------------------------------------------------------------


def slope_at(x: float, xp: Any = KNOTS, fp: Any = VALUES) -> Any:
    """Forward and reverse derivative in x, which must agree."""
    forward = wg.jvp(lambda x: np.interp(x, xp, fp), (x,), (1.0,))[1]
    reverse = wg.grad(lambda x: np.interp(x, xp, fp))(x)
    assert forward == reverse
    return forward


def test_at_a_knot_the_interval_on_the_right_counts() -> None:
    assert "interval on the right" in interp_p.facts["kinks"]
    assert slope_at(0.0) == 2.0
    assert slope_at(1.0) == -2.0
    assert slope_at(3.0) == -2.0  # the last knot: the last interval


def test_beyond_the_knots_the_function_is_constant() -> None:
    assert slope_at(-0.1) == 0.0
    assert slope_at(3.1) == 0.0
    below = wg.grad(lambda fp: np.interp(-1.0, KNOTS, fp))(VALUES)
    above = wg.grad(lambda fp: np.interp(9.0, KNOTS, fp))(VALUES)
    np.testing.assert_array_equal([below, above], [[1, 0, 0], [0, 0, 1]])


def test_second_derivatives_at_knots_follow_the_same_side() -> None:
    def f(x: Any, fp: Any) -> Any:
        return np.interp(x, KNOTS, fp) ** 2

    for x, row in [(0.0, [-1.0, 1.0, 0.0]), (1.0, [0.0, -0.5, 0.5]), (3.0, [0.0, -0.5, 0.5])]:
        value, weights = np.interp(x, KNOTS, VALUES), np.interp(x, KNOTS, np.eye(3)[1])
        mixed = wg.jacobian(wg.grad(f), argnums=1)(x, VALUES)
        slope = np.dot(row, VALUES)
        at = np.array([np.interp(x, KNOTS, e) for e in np.eye(3)])
        np.testing.assert_allclose(mixed, 2 * (value * np.array(row) + slope * at))
        assert weights in (0.0, 1.0)


def test_equal_knots_are_a_jump() -> None:
    xp, fp = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0, 7.0])
    assert wg.jvp(lambda x: np.interp(x, xp, fp), (1.0,), (1.0,)) == (5.0, 2.0)
    gradient = wg.grad(lambda fp: np.interp(1.0, xp, fp))(fp)
    np.testing.assert_array_equal(gradient, [0, 0, 1, 0])
    at_end = np.array([0.0, 1.0, 1.0])
    gradient = wg.grad(lambda fp: np.interp(1.0, at_end, fp))(fp[:3])
    np.testing.assert_array_equal(gradient, [0, 0, 1])
    assert slope_at(1.0, at_end, fp[:3]) == 0.0
    moved = wg.grad(lambda xp: np.interp(1.0, xp, fp[:3]))(at_end)
    assert np.all(np.isfinite(moved))


def test_nan_points_stay_nan() -> None:
    value, pullback = wg.vjp(lambda x: np.interp(x, KNOTS, VALUES), np.array([np.nan, 0.5]))
    np.testing.assert_array_equal(np.isnan(value), [True, False])
    assert pullback(np.ones(2))[0][1] == 2.0


def test_values_are_numpys_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    xp, fp = np.sort(rng.normal(size=20)), rng.normal(size=20)
    x = np.concatenate([xp, rng.normal(size=50) * 2])
    np.testing.assert_array_equal(wg.vjp(np.interp, x, xp, fp)[0], np.interp(x, xp, fp))


def test_a_table_for_each_item() -> None:
    rng = np.random.default_rng(1)
    x, xp, fp = rng.normal(size=(2, 3, 4)), np.sort(rng.normal(size=(2, 3, 5))), rng.normal(size=5)

    def f(x: Any, xp: Any, fp: Any) -> Any:
        return wg.grad(lambda x, xp: np.sum(np.interp(x, xp, fp) ** 2), argnums=(0, 1))(x, xp)

    mapped = wg.vmap(wg.vmap(f, in_axes=(0, 0, None)), in_axes=(0, 0, None))(x, xp, fp)
    for i in range(2):
        for j in range(3):
            for found, expected in zip(mapped, f(x[i, j], xp[i, j], fp), strict=True):
                np.testing.assert_allclose(found[i, j], expected, rtol=1e-12)


def test_a_periodic_function_with_unsorted_knots() -> None:
    x, xp = np.array([-350.0, 725.0, 90.0]), np.array([190.0, -190.0, 350.0, -350.0])
    fp = np.array([5.0, 10.0, 3.0, 4.0])
    value, pullback = wg.vjp(lambda fp: np.interp(x, xp, fp, period=360), fp)
    np.testing.assert_allclose(value, np.interp(x, xp, fp, period=360))
    rows = [np.interp(x, xp, e, period=360) for e in np.eye(4)]
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.sum(rows, axis=1))


# -- differences -----------------------------------------------------------------------------------


def test_diff_of_booleans_is_not_equal() -> None:
    x = np.array([True, True, False])
    found = wg.trace(np.diff)(x)
    np.testing.assert_array_equal(found(x), np.diff(x))


def test_gradient_of_a_quadratic_is_exact_with_second_order_edges() -> None:
    x = np.cumsum(np.random.default_rng(0).uniform(0.1, 1.0, 7))
    slopes = wg.vjp(lambda f: np.gradient(f, x, edge_order=2), 3 * x**2 - x)[0]
    np.testing.assert_allclose(slopes, 6 * x - 1, rtol=1e-10)


def test_unwrap_adds_whole_periods_with_derivative_one() -> None:
    p = np.array([0.0, 3.0, 6.5, 0.4, -3.0, np.pi - 3.0])
    np.testing.assert_allclose(wg.jacobian(np.unwrap)(p), np.eye(6), atol=1e-15)
    np.testing.assert_allclose(wg.vjp(np.unwrap, p)[0], np.unwrap(p))
    half = np.array([0.0, np.pi, 0.0, -np.pi])  # steps of exactly half a period keep their sign
    np.testing.assert_array_equal(wg.vjp(np.unwrap, half)[0], np.unwrap(half))


def test_unwrap_of_integers() -> None:
    for period in (4, 5):
        x = np.array([0, 3, 1, 2, 7, 5])
        program = wg.trace(lambda x, period=period: np.unwrap(x, period=period))(x)
        np.testing.assert_array_equal(program(x), np.unwrap(x, period=period))


# -- polynomials and covariance --------------------------------------------------------------------


def test_roots_move_as_the_implicit_function_theorem_says() -> None:
    p = np.array([1.0, -6.0, 11.0, -6.0])  # 1, 2, 3
    jacobian = wg.jacobian(lambda p: np.sort(np.real(np.roots(p))))(p)
    roots = np.array([1.0, 2.0, 3.0])
    slopes = np.polyval(np.polyder(p), roots)
    expected = -np.stack([roots**3, roots**2, roots, roots**0], axis=1) / slopes[:, None]
    np.testing.assert_allclose(jacobian, expected, rtol=1e-8)


def test_roots_at_zero_are_kept() -> None:
    p = np.array([0.0, 1.0, -3.0, 2.0, 0.0])
    value = wg.vjp(lambda p: np.real(np.roots(p)), p)[0]
    np.testing.assert_allclose(np.sort(value), [0, 1, 2], atol=1e-12)


def test_a_fitted_line_is_linear_in_the_values() -> None:
    x = np.array([0.0, 1.0, 2.0, 4.0])
    jacobian = wg.jacobian(lambda y: np.polyfit(x, y, 1))(np.array([1.0, 0.0, 2.0, 5.0]))
    np.testing.assert_allclose(jacobian, np.linalg.pinv(np.vander(x, 2)), atol=1e-12)


def test_polyfit_returns_what_numpy_returns() -> None:
    x = np.linspace(0, 1, 6)
    y = np.sin(3 * x)
    for options in ({"full": True}, {"cov": True}, {"cov": "unscaled"}):
        found = wg.vjp(lambda y, o=options: np.polyfit(x, y, 2, **o)[:2], y)[0]
        for a, b in zip(found, np.polyfit(x, y, 2, **options)[:2], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)


def test_a_poorly_determined_fit_warns() -> None:
    with pytest.warns(np.exceptions.RankWarning, match="poorly conditioned"):
        wg.vjp(lambda y: np.polyfit(np.ones(4), y, 2), np.arange(4.0))


def test_correlations_of_proportional_rows_have_derivative_zero() -> None:
    x = np.array([1.0, 2.0, 4.0])
    found = wg.grad(lambda x: np.corrcoef(x, 2 * x)[0, 1])(x)
    np.testing.assert_allclose(found, np.zeros(3), atol=1e-12)


def test_too_few_observations_warn_as_in_numpy() -> None:
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        value = wg.vjp(lambda x: np.cov(x), np.ones((2, 1)))[0]
    assert np.all(np.isnan(value))
