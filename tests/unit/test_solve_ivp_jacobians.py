"""`solve_ivp`'s implicit methods get exact Jacobians, sparse or banded for larger systems."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.sparse

from wengert.scipy import integrate
from wengert.scipy.integrate.jacobians import JacobianUnusableError, with_jacobian

IMPLICIT = ["Radau", "BDF", "LSODA"]


def robertson(t, y):
    a, b, c = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [-a + b, a - b - c, c]


def brusselator(t, y, d=0.02):
    u, v = y[0::2], y[1::2]
    n = len(u)
    a = d * (n + 1) ** 2
    wide, high = np.concatenate([[1.0], u, [1.0]]), np.concatenate([[3.0], v, [3.0]])
    du = 1.0 + u * u * v - 4.0 * u + a * (wide[2:] - 2.0 * u + wide[:-2])
    dv = 3.0 * u - u * u * v + a * (high[2:] - 2.0 * v + high[:-2])
    return np.stack([du, dv], axis=1).ravel()


START = np.stack([1.0 + np.sin(np.linspace(0.0, 6.0, 40)), np.full(40, 3.0)], axis=1).ravel()


@pytest.mark.parametrize("method", IMPLICIT)
def test_a_stiff_reaction(method):
    options = {"method": method, "rtol": 1e-8, "atol": 1e-10, "t_eval": [40.0, 400.0]}
    found = integrate.solve_ivp(robertson, (0.0, 400.0), [1.0, 0.0, 0.0], **options)
    plain = scipy.integrate.solve_ivp(robertson, (0.0, 400.0), [1.0, 0.0, 0.0], **options)
    np.testing.assert_allclose(found.y, plain.y, rtol=1e-5)
    # Hairer and Wanner's Robertson problem at t = 40.
    np.testing.assert_allclose(found.y[0, 0], 0.7158, atol=1e-4)


@pytest.mark.parametrize("method", IMPLICIT)
@pytest.mark.parametrize("args", [None, (0.05,)])
def test_a_banded_system(method, args):
    options = {"method": method, "rtol": 1e-7, "atol": 1e-9, "args": args}
    calls = []

    def counted(t, y, *args):
        calls.append(t)
        return brusselator(t, y, *args)

    found = integrate.solve_ivp(counted, (0.0, 1.0), START, **options)
    ours = len(calls)
    plain = scipy.integrate.solve_ivp(counted, (0.0, 1.0), START, **options)
    np.testing.assert_allclose(found.y[:, -1], plain.y[:, -1], rtol=1e-4)
    if method != "LSODA":  # which may find that the problem is not stiff
        assert len(calls) - ours > ours + 60  # differences call it once for each of 80 states


def test_the_kinds_of_jacobian():
    kinds = {}
    for method in IMPLICIT:
        filled = with_jacobian(brusselator, 0.0, START, method, False, (), {})
        kinds[method] = filled["jac"](0.0, START)
    assert kinds["BDF"].format == kinds["Radau"].format == "csc"
    exact = kinds["BDF"].toarray()
    packed = kinds["LSODA"]
    assert packed.shape == (5, 80)
    for i, j in [(0, 0), (1, 0), (0, 1), (4, 2), (2, 4), (79, 77)]:
        assert packed[2 + i - j, j] == exact[i, j]
    small = with_jacobian(robertson, 0.0, [1.0, 0.0, 0.0], "BDF", False, (), {})
    assert isinstance(small["jac"](0.0, np.ones(3)), np.ndarray)
    dense = with_jacobian(lambda t, y: -np.sum(y) * y, 0.0, np.ones(50), "BDF", False, (), {})
    assert isinstance(dense["jac"](0.0, np.ones(50)), np.ndarray)


def test_what_the_caller_gives_is_kept():
    jac = lambda t, y: np.eye(3)
    assert with_jacobian(robertson, 0.0, np.ones(3), "BDF", False, (), {"jac": jac})["jac"] is jac
    assert with_jacobian(robertson, 0.0, np.ones(3), "RK45", False, (), {}) == {}
    complex_start = np.ones(3) + 0j
    assert with_jacobian(robertson, 0.0, complex_start, "BDF", False, (), {}) == {}
    pattern = scipy.sparse.csr_array(np.tril(np.triu(np.ones((80, 80)), -2), 2))
    filled = with_jacobian(brusselator, 0.0, START, "BDF", False, (), {"jac_sparsity": pattern})
    assert filled["jac"](0.0, START).nnz == pattern.nnz and "jac_sparsity" not in filled


def test_a_pattern_that_is_wrong_is_left_to_scipy():
    options = {"jac_sparsity": np.eye(80)}
    assert with_jacobian(brusselator, 0.0, START, "BDF", False, (), options) is options


def test_what_cannot_be_recorded_is_run_as_it_is():
    def black_box(t, y):
        return np.array([float(-y[0])])

    assert with_jacobian(black_box, 0.0, [1.0], "BDF", False, (), options := {}) is options
    found = integrate.solve_ivp(black_box, (0.0, 1.0), [1.0], method="BDF", rtol=1e-6)
    np.testing.assert_allclose(found.y[0, -1], np.exp(-1.0), rtol=1e-4)


def test_a_published_solution():
    """HIRES at the end of its interval, from the test set of Mazzia and Magherini (2008)."""

    def hires(t, y):
        c = 280.0 * y[5] * y[7]
        return [
            -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
            1.71 * y[0] - 8.75 * y[1],
            -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
            8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
            -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
            -c + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
            c - 1.81 * y[6],
            -c + 1.81 * y[6],
        ]

    start = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057]
    published = [
        0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4,
        0.1175651343283149e-2, 0.2386356198831331e-2, 0.6238968252742796e-2,
        0.2849998395185769e-2, 0.2850001604814231e-2,
    ]  # fmt: skip
    assert "jac" in with_jacobian(hires, 0.0, start, "Radau", False, (), {})
    options = {"method": "Radau", "rtol": 1e-8, "atol": 1e-11}
    found = integrate.solve_ivp(hires, (0.0, 321.8122), start, **options)
    np.testing.assert_allclose(found.y[:, -1], published, rtol=1e-7)


def test_a_time_that_must_be_a_plain_number():
    fade = lambda t, y: math.exp(-t) * brusselator(t, y)
    found = with_jacobian(fade, 0.5, START, "BDF", False, (), {})["jac"](0.5, START)
    plain = with_jacobian(brusselator, 0.5, START, "BDF", False, (), {})["jac"](0.5, START)
    np.testing.assert_allclose(found, math.exp(-0.5) * plain.toarray(), rtol=1e-13)


def test_a_loop_over_states_is_not_compiled():
    def chain(t, y):
        dy = np.zeros_like(y)
        for i in range(1, len(y) - 1):
            dy[i] = y[i + 1] - 2.0 * y[i] + y[i - 1] ** 2
        return dy

    found = with_jacobian(chain, 0.0, START, "Radau", False, (), {})["jac"](0.0, START)
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found[5, 4:7], [2.0 * START[4], -2.0, 1.0])
    assert np.count_nonzero(found) == 3 * 78


@pytest.mark.parametrize("method", IMPLICIT)
@pytest.mark.parametrize("n", [3, 50])
def test_what_cannot_be_recorded_later_is_begun_anew(method, n):
    def late(t, y):
        first = -50.0 * y[0] if t < 0.3 else -50.0 * math.sin(y[0])
        return np.concatenate([np.reshape(first, 1), -y[1:]])

    start = np.ones(n)
    found = integrate.solve_ivp(late, (0.0, 1.0), start, method=method, max_step=0.1)
    plain = scipy.integrate.solve_ivp(late, (0.0, 1.0), start, method=method, max_step=0.1)
    np.testing.assert_allclose(found.y[:, -1], plain.y[:, -1], rtol=1e-6)
    exact = with_jacobian(late, 0.0, start, method, False, (), {})["jac"]
    assert np.all(np.isfinite(getattr(exact(0.0, start), "data", 0.0)))
    with pytest.raises(JacobianUnusableError):
        exact(0.5, start)


@pytest.mark.parametrize("method", IMPLICIT)
@pytest.mark.parametrize("n", [3, 50])
def test_where_the_derivative_is_not_finite(method, n):
    outflow = lambda t, y: -np.sqrt(np.abs(y))
    found = integrate.solve_ivp(outflow, (0.0, 1.0), np.zeros(n), method=method)
    np.testing.assert_array_equal(found.y, 0.0)


@pytest.mark.parametrize("method", IMPLICIT)
def test_a_pattern_that_changes_on_the_way(method):
    def switched(t, y):
        return -50.0 * y if t < 0.3 else -50.0 * (y - np.roll(y, 20)) - y

    options = {"method": method, "rtol": 1e-7, "atol": 1e-9, "max_step": 0.1}
    start = 1.0 + START[::2]
    found = integrate.solve_ivp(switched, (0.0, 1.0), start, **options)
    plain = scipy.integrate.solve_ivp(switched, (0.0, 1.0), start, **options)
    np.testing.assert_allclose(found.y[:, -1], plain.y[:, -1], atol=1e-9)


@pytest.mark.parametrize("n", [10, 80])
@pytest.mark.parametrize("width", [2, 9])
def test_bands_given_for_lsoda(n, width):
    options = {"method": "LSODA", "rtol": 1e-7, "atol": 1e-9}
    find = lambda solve, **bands: solve(brusselator, (0.0, 1.0), START[:n], **options, **bands)
    found = find(integrate.solve_ivp, lband=width, uband=width)
    plain = find(scipy.integrate.solve_ivp, lband=width, uband=width)
    np.testing.assert_allclose(found.y[:, -1], plain.y[:, -1], rtol=1e-4)


def test_arguments_may_be_any_iterable():
    decay = lambda t, y, rate: -rate * y
    found = integrate.solve_ivp(decay, (0.0, 1.0), [1.0], "BDF", args=iter([2.0]), rtol=1e-8)
    np.testing.assert_allclose(found.y[0, -1], np.exp(-2.0), rtol=1e-5)


def test_a_vectorized_right_hand_side():
    columns = lambda t, y: np.stack([-50.0 * y[0] + y[1], -y[1]])
    options = {"method": "Radau", "rtol": 1e-8, "vectorized": True}
    found = integrate.solve_ivp(columns, (0.0, 1.0), [1.0, 1.0], **options)
    plain = scipy.integrate.solve_ivp(columns, (0.0, 1.0), [1.0, 1.0], **options)
    np.testing.assert_allclose(found.y[:, -1], plain.y[:, -1], rtol=1e-6)


def test_the_users_error_comes_through():
    def broken(t, y):
        raise KeyError("rate")

    with pytest.raises(KeyError, match="rate"):
        integrate.solve_ivp(broken, (0.0, 1.0), [1.0], method="BDF")
