"""Lanes and branches that are not taken: no NaN, no error, no work, in values and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg


@pytest.fixture(autouse=True)
def _raise_on_invalid() -> Any:
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        yield


def log_or_zero(x: Any) -> Any:
    return wg.cond(x > 0.0, np.log, lambda v: 0.0 * v, x)


X = np.array([1.0, -1.0, 0.0, 4.0])


def test_branch_not_taken_gives_no_nan() -> None:
    np.testing.assert_allclose(wg.vmap(log_or_zero)(X), [0, 0, 0, np.log(4)])
    np.testing.assert_allclose(wg.vmap(wg.grad(log_or_zero))(X), [1, 0, 0, 0.25])
    np.testing.assert_allclose(wg.vmap(wg.grad(wg.grad(log_or_zero)))(X), [-1, 0, 0, -1 / 16])
    np.testing.assert_allclose(wg.jacrev(wg.vmap(log_or_zero))(X), np.diag([1, 0, 0, 0.25]))
    np.testing.assert_allclose(wg.jacfwd(wg.vmap(log_or_zero))(X), np.diag([1, 0, 0, 0.25]))


def test_branch_that_no_lane_takes_does_not_run() -> None:
    negative = np.array([-1.0, -2.0])
    np.testing.assert_array_equal(wg.vmap(log_or_zero)(negative), [0, 0])
    np.testing.assert_array_equal(wg.vmap(wg.grad(log_or_zero))(negative), [0, 0])

    def expensive(x: Any) -> Any:  # never ends for any lane
        return wg.while_loop(lambda c: c[0] < 1.0, lambda c: (c[0] * 1.0, c[1] + 1.0), (x, x))[1]

    f = wg.vmap(lambda x: wg.cond(x > 0.0, expensive, lambda v: v * v, x))
    np.testing.assert_array_equal(f(negative), [1, 4])


def test_derivative_of_a_shared_value_is_clean() -> None:
    """The cotangent of what all lanes share is a sum over lanes, also those not taking it."""

    def f(w: Any) -> Any:
        lane = lambda x: wg.cond(x > 0.0, lambda v: np.sqrt(v * w), lambda v: v * w, x)
        return np.sum(wg.vmap(lane)(X))

    expected = 0.5 * (1 + 2) / np.sqrt(2.0) - 1.0
    np.testing.assert_allclose(wg.grad(f)(2.0), expected)
    np.testing.assert_allclose(wg.jvp(f, (2.0,), (1.0,))[1], expected)


def test_infinite_derivative_in_a_lane_stays_there() -> None:
    # A zero cotangent meets the borrowed lane's infinity; what comes of it is selected away.
    with np.errstate(divide="ignore", invalid="ignore"):
        f = lambda x: wg.cond(x >= 0.0, np.sqrt, lambda v: -v, x)
        np.testing.assert_allclose(
            wg.vmap(wg.grad(f))(np.array([0.0, -1.0, 4.0])), [np.inf, -1, 0.25]
        )
        np.testing.assert_allclose(
            wg.grad(lambda x: np.sum(wg.vmap(f)(x)))(np.array([0.0, -1.0, 4.0])),
            [np.inf, -1, 0.25],
        )


def shrink(x: Any) -> Any:
    """Ended lanes would divide by zero if they went on."""

    def body(c: Any) -> Any:
        n, y = c
        return n - 1, y + x / n

    return wg.while_loop(lambda c: c[0] > 0, body, ((x * 2.0).astype(int), x))[1]


def test_lane_whose_loop_has_ended() -> None:
    x = np.array([0.2, 1.1, 2.6, -1.0])
    harmonic = np.array([0, 1.5, 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5, 0]) + 1
    np.testing.assert_allclose(wg.vmap(shrink)(x), x * harmonic)
    np.testing.assert_allclose(wg.vmap(wg.grad(shrink))(x), harmonic)
    np.testing.assert_allclose(wg.grad(lambda z: np.sum(wg.vmap(shrink)(z)))(x), harmonic)
    np.testing.assert_allclose(wg.vmap(wg.grad(wg.grad(shrink)))(x), 0, atol=1e-14)
    np.testing.assert_allclose(wg.jacfwd(wg.vmap(shrink))(x), np.diag(harmonic))


def test_lane_that_never_starts_is_not_computed() -> None:
    def f(x: Any) -> Any:  # the logarithm exists for started lanes only
        return wg.while_loop(lambda c: (x > 0.0) & (c < 2.0), lambda c: c + np.log(x) ** 2, x)

    x = np.array([-1.0, 0.5, 0.0, 0.3])
    expected = [-1.0, 0.5, 0.0, 0.3]
    for i in (1, 3):
        while expected[i] < 2.0:
            expected[i] += np.log(x[i]) ** 2
    np.testing.assert_allclose(wg.vmap(f)(x), expected)
    gradient = wg.vmap(wg.grad(f))(x)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[[0, 2]], 1)
    np.testing.assert_allclose(gradient[[1, 3]], [wg.grad(f)(x[1]), wg.grad(f)(x[3])])


def test_nested_lanes() -> None:
    points = np.array([[1.0, -1.0], [-2.0, 0.0], [4.0, 9.0]])
    expected = np.where(points > 0, 1 / np.where(points > 0, points, 1), 0)
    np.testing.assert_allclose(wg.vmap(wg.vmap(wg.grad(log_or_zero)))(points), expected)
    total = wg.grad(lambda z: np.sum(wg.vmap(wg.vmap(log_or_zero))(z)))(points)
    np.testing.assert_allclose(total, expected)


def test_switch_lanes() -> None:
    f = lambda i, x: wg.switch(i, [np.sqrt, np.log, lambda v: 1.0 / v], x)
    index = np.array([2, 0, 1, 7, -3])
    x = np.array([-2.0, 4.0, 1.0, 0.5, 9.0])
    np.testing.assert_allclose(wg.vmap(f)(index, x), [-0.5, 2, 0, 2, 3])
    np.testing.assert_allclose(
        wg.vmap(wg.grad(f, argnums=1))(index, x), [-0.25, 0.25, 1, -4, 1 / 6]
    )


def test_index_that_all_lanes_share_runs_one_branch() -> None:
    calls = wg.vmap(lambda x: wg.cond(np.bool_(True), np.exp, np.log, x))
    np.testing.assert_allclose(calls(np.array([-1.0, 0.0])), np.exp([-1.0, 0.0]))


def test_different_lengths_with_stacked_residuals_of_two_branches() -> None:
    """Lanes push residuals of different branches, in loops of different lengths."""

    def body(c: Any) -> Any:
        return wg.cond(c < 1.0, lambda v: np.sqrt(v) + 0.2, lambda v: np.log(v) + v + 0.5, c)

    f = lambda x: wg.while_loop(lambda c: c < 6.0, body, x)

    def plain(x: Any) -> Any:
        c = x
        while c < 6.0:
            c = np.sqrt(c) + 0.2 if c < 1.0 else np.log(c) + c + 0.5
        return c

    x = np.array([0.01, 0.5, 1.5, 7.0, 5.9])
    expected = [wg.grad(plain)(v) for v in x]
    second = [wg.grad(wg.grad(plain))(v) for v in x]
    np.testing.assert_allclose(wg.vmap(wg.grad(f))(x), expected)
    np.testing.assert_allclose(wg.grad(lambda z: np.sum(wg.vmap(f)(z)))(x), expected)
    np.testing.assert_allclose(wg.vmap(wg.grad(wg.grad(f)))(x), second)
    nested = lambda z: np.sum(wg.vmap(wg.grad(f))(z))
    np.testing.assert_allclose(wg.grad(nested)(x), second)


def test_no_lanes_at_all() -> None:
    assert wg.vmap(shrink)(np.zeros(0)).shape == (0,)
    assert wg.vmap(wg.grad(log_or_zero))(np.zeros(0)).shape == (0,)


def test_linear_transpose_of_mapped_linear_loops() -> None:
    """A linear loop whose carry holds a known counter is transposed: the counter runs first."""
    w = np.array([2.0, -1.0, 0.5])

    def f(t: Any) -> Any:
        def body(c: Any, u: Any) -> Any:
            n, s = c
            return (n + 1, s * 0.5 + u * n), s

        (n, s), ys = wg.scan(body, (0, t[0]), t)
        return s + ys @ w

    matrix = wg.jacfwd(f)(np.zeros(3))
    (ct,) = wg.linear_transpose(f, np.zeros(3))(1.0)
    np.testing.assert_allclose(ct, matrix)
    lanes = wg.vmap(f)
    (cts,) = wg.linear_transpose(lanes, np.zeros((2, 3)))(np.array([1.0, 3.0]))
    np.testing.assert_allclose(cts, [matrix, 3 * matrix])
