"""Residuals of loops of unknown length, where other transforms and branches meet them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from architecture.census import either, halve, nested, repeated, through_residuals

XS = np.array([5.0, 3.0, 1.5])


def test_branches_may_capture_the_residuals_of_a_loop() -> None:
    slope = wg.linearize(halve, 5.0)[1](1.0)
    found = wg.vmap(through_residuals)(np.array([1.0, -2.0]))
    np.testing.assert_allclose(found, [slope, -4.0 * slope])
    np.testing.assert_allclose(through_residuals(-2.0), -4.0 * slope)
    assert wg.grad(through_residuals)(1.0) == pytest.approx(slope)


@pytest.mark.parametrize("f", [halve, nested, repeated])
def test_second_order_of_loops_that_end_at_different_times(f: Any) -> None:
    def total(xs: Any) -> Any:
        return np.sum(wg.vmap(wg.grad(f))(xs))

    second = wg.grad(total)(XS)
    expected = [wg.grad(wg.grad(f))(x) for x in XS]
    np.testing.assert_allclose(second, expected, rtol=1e-10)
    h = 1e-5
    slopes = [(wg.grad(f)(x + h) - wg.grad(f)(x - h)) / (2 * h) for x in XS]
    np.testing.assert_allclose(second, slopes, rtol=1e-5)


def test_a_loop_in_a_branch_that_some_lanes_take() -> None:
    predicates = np.array([1.0, -1.0])
    found = wg.vmap(wg.grad(either, 1), (0, None))(predicates, 5.0)
    np.testing.assert_allclose(found, [wg.grad(halve)(5.0), np.cos(5.0)])
    second = wg.vmap(wg.grad(wg.grad(either, 1), 1), (0, None))(predicates, 5.0)
    np.testing.assert_allclose(second, [wg.grad(wg.grad(halve))(5.0), -np.sin(5.0)])
