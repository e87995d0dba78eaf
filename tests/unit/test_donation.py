"""donate_argnums: a result takes over an argument's memory, and is right where that takes care."""

import numpy as np
import pytest

import wengert as wg


def address(x):
    return x.__array_interface__["data"][0]


def warmed(f, *shapes, donate=0):
    j = wg.jit(f, donate_argnums=donate)
    j(*[np.random.default_rng(0).normal(size=s) for s in shapes])
    return j


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0 + 1.0,  # over the input, element by element
        lambda x: x[::-1] * 2.0,  # reads elsewhere: made apart
        lambda x: np.cumsum(x),
        lambda x: x - np.mean(x),
        lambda x: np.sort(x) + x,
        lambda x: np.concatenate([x[1:], x[:1]]),
        lambda x: np.exp(x) * np.sum(x[:3]),
    ],
)
def test_result_takes_the_memory(f):
    j = warmed(f, 1000)
    x = np.linspace(0.0, 1.0, 1000).copy()
    expected = f(x)
    where = address(x)
    found = j(x)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert address(found) == where


def test_a_view_and_an_overlapping_argument_are_left_alone():
    j = warmed(lambda x, y: x * 2.0 + y, 100, 100)
    base = np.arange(200.0)
    x, y = base[:100], np.ones(100)
    np.testing.assert_array_equal(j(x, y), np.arange(100.0) * 2.0 + 1.0)
    np.testing.assert_array_equal(base, np.arange(200.0))
    z = np.ones(100)
    np.testing.assert_array_equal(j(z, z), np.full(100, 3.0))
    np.testing.assert_array_equal(z, np.ones(100))


def test_a_training_step_of_several_arrays():
    def step(w, b, x):
        loss = lambda w, b: np.mean((x @ w + b) ** 2)
        gw, gb = wg.grad(loss, argnums=(0, 1))(w, b)
        return w - 0.1 * gw, b - 0.1 * gb

    rng = np.random.default_rng(1)
    w, b, x = rng.normal(size=(30, 20)), rng.normal(size=20), rng.normal(size=(50, 30))
    plain = wg.jit(step)
    j = wg.jit(step, donate_argnums=(0, 1))
    j(w.copy(), b.copy(), x)
    ours, theirs = (w.copy(), b.copy()), (w.copy(), b.copy())
    for _ in range(5):
        ours, theirs = j(*ours, x), plain(*theirs, x)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_nothing_is_overwritten_where_a_guard_may_fail():
    def f(x):
        return x * 2.0 if x[0] > 0 else x - 1.0

    j = warmed(f, 100)
    for sign in (1.0, -1.0, 1.0, -1.0):
        x = np.full(100, sign)
        expected = f(x)
        np.testing.assert_array_equal(j(x), expected)
