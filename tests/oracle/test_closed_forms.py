"""Gradients, Hessians and higher derivatives of well-known functions against their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(20240229)


def assert_close(got: Any, expected: Any, rel: float = 1e-11) -> None:
    """Equal to `rel` of the largest entry."""
    expected = np.asarray(expected)
    assert np.shape(got) == expected.shape
    scale = max(float(np.max(abs(expected), initial=0.0)), 1e-300)
    assert np.max(abs(np.asarray(got) - expected), initial=0.0) <= rel * scale


def both_gradients(f: Callable[..., Any], *args: Any) -> tuple[Any, Any]:
    """By reverse and by forward mode."""
    return wg.grad(f)(*args), wg.jacfwd(f)(*args)


def all_hessians(f: Callable[..., Any], x: Any) -> list[Any]:
    """By every nesting of the two modes."""
    modes = (wg.jacfwd, wg.jacrev)
    return [wg.hessian(f)(x), *[outer(inner(f))(x) for outer in modes for inner in modes]]


class TestRosenbrock:
    @staticmethod
    def f(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    @staticmethod
    def gradient(x: np.ndarray) -> np.ndarray:
        g = np.zeros_like(x)
        d = x[1:] - x[:-1] ** 2
        g[:-1] = -400.0 * x[:-1] * d - 2.0 * (1.0 - x[:-1])
        g[1:] += 200.0 * d
        return g

    @staticmethod
    def hessian(x: np.ndarray) -> np.ndarray:
        n = len(x)
        h = np.zeros((n, n))
        for i in range(n - 1):
            h[i, i] += 1200.0 * x[i] ** 2 - 400.0 * x[i + 1] + 2.0
            h[i, i + 1] -= 400.0 * x[i]
            h[i + 1, i] -= 400.0 * x[i]
            h[i + 1, i + 1] += 200.0
        return h

    @pytest.mark.parametrize("n", [2, 3, 10])
    def test_gradient(self, n: int) -> None:
        x = RNG.normal(size=n)
        for g in both_gradients(self.f, x):
            assert_close(g, self.gradient(x))

    @pytest.mark.parametrize("n", [2, 7])
    def test_hessian(self, n: int) -> None:
        x = RNG.normal(size=n)
        for h in all_hessians(self.f, x):
            assert_close(h, self.hessian(x))

    def test_minimum(self) -> None:
        assert np.array_equal(wg.grad(self.f)(np.ones(6)), np.zeros(6))

    def test_hessian_vector_product(self) -> None:
        x, v = RNG.normal(size=8), RNG.normal(size=8)
        assert_close(wg.hvp(self.f, (x,), (v,)), self.hessian(x) @ v)

    def test_loop_over_elements_gives_the_same(self) -> None:
        def by_loop(x: Any) -> Any:
            total = 0.0
            for i in range(len(x) - 1):
                total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
            return total

        x = RNG.normal(size=6)
        assert_close(wg.grad(by_loop)(x), self.gradient(x))
        assert_close(wg.hessian(by_loop)(x), self.hessian(x))


class TestSpeelpenning:
    """The product of all entries: every partial derivative is the product of the others."""

    @staticmethod
    def by_loop(x: Any) -> Any:
        product = 1.0
        for k in range(len(x)):
            product = product * x[k]
        return product

    @pytest.mark.parametrize("f", [np.prod, by_loop.__func__], ids=["prod", "loop"])
    def test_gradient_and_hessian(self, f: Callable[..., Any]) -> None:
        x = RNG.uniform(0.5, 2.0, size=6)
        n = len(x)
        gradient = [np.prod(np.delete(x, i)) for i in range(n)]
        hessian = [
            [0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(n)] for i in range(n)
        ]
        for g in both_gradients(f, x):
            assert_close(g, gradient)
        for h in all_hessians(f, x):
            assert_close(h, hessian)

    @pytest.mark.parametrize("f", [np.prod, by_loop.__func__], ids=["prod", "loop"])
    @pytest.mark.parametrize("zeros", [(1,), (1, 3)], ids=["one zero", "two zeros"])
    def test_zeros_among_the_factors(self, f: Callable[..., Any], zeros: tuple[int, ...]) -> None:
        x = np.array([2.0, 3.0, 5.0, 7.0])
        x[list(zeros)] = 0.0
        expected = [np.prod(np.delete(x, i)) for i in range(4)]
        for g in both_gradients(f, x):
            assert_close(g, expected)

    def test_third_derivative(self) -> None:
        x = np.array([2.0, 3.0, 5.0, 7.0])
        third = wg.jacfwd(wg.jacrev(wg.grad(np.prod)))(x)
        for i, j, k in np.ndindex(4, 4, 4):
            distinct = len({i, j, k}) == 3
            assert third[i, j, k] == pytest.approx(
                np.prod(np.delete(x, [i, j, k])) if distinct else 0.0, abs=1e-12
            )


class TestLogSumExp:
    @staticmethod
    def f(x: Any) -> Any:
        shift = np.max(x)
        return shift + np.log(np.sum(np.exp(x - shift)))

    def test_gradient_is_softmax_and_hessian_its_covariance(self) -> None:
        x = RNG.normal(size=5) * 3
        p = np.exp(x - x.max())
        p /= p.sum()
        for g in both_gradients(self.f, x):
            assert_close(g, p)
        for h in all_hessians(self.f, x):
            assert_close(h, np.diag(p) - np.outer(p, p))

    def test_large_arguments(self) -> None:
        assert_close(wg.grad(self.f)(np.array([1000.0, 1000.0])), [0.5, 0.5])


class TestQuadraticForms:
    def test_gradient_hessian_and_derivative_by_the_matrix(self) -> None:
        a, x = RNG.normal(size=(4, 4)), RNG.normal(size=4)

        def f(x: Any, a: Any) -> Any:
            return x @ a @ x

        assert_close(wg.grad(f)(x, a), (a + a.T) @ x)
        assert_close(wg.grad(f, argnums=1)(x, a), np.outer(x, x))
        for h in all_hessians(lambda x: f(x, a), x):
            assert_close(h, a + a.T)

    def test_least_squares(self) -> None:
        a, b, x = RNG.normal(size=(7, 3)), RNG.normal(size=7), RNG.normal(size=3)

        def f(x: Any) -> Any:
            return 0.5 * np.linalg.norm(a @ x - b) ** 2

        assert_close(wg.grad(f)(x), a.T @ (a @ x - b))
        assert_close(wg.hessian(f)(x), a.T @ a)

    def test_rayleigh_quotient(self) -> None:
        a, x = RNG.normal(size=(5, 5)), RNG.normal(size=5)
        a = a + a.T

        def f(x: Any) -> Any:
            return (x @ a @ x) / (x @ x)

        assert_close(wg.grad(f)(x), 2 * (a @ x - f(x) * x) / (x @ x))


class TestStatistics:
    def test_softmax_cross_entropy(self) -> None:
        logits, targets = RNG.normal(size=(6, 4)), RNG.integers(0, 4, size=6)

        def loss(logits: Any) -> Any:
            shifted = logits - np.max(logits, axis=1, keepdims=True)
            log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
            return -np.mean(log_p[np.arange(6), targets])

        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        for g in both_gradients(loss, logits):
            assert_close(g, (p - np.eye(4)[targets]) / 6)

    def test_gaussian_log_density(self) -> None:
        data = RNG.normal(size=40) * 2 + 1

        def log_density(p: Any) -> Any:
            mu, log_sigma = p["mu"], p["log_sigma"]
            z = (data - mu) / np.exp(log_sigma)
            return np.sum(-0.5 * z**2 - log_sigma - 0.5 * math.log(2 * math.pi))

        mu, log_sigma = 0.3, 0.4
        g = wg.grad(log_density)({"mu": mu, "log_sigma": log_sigma})
        z = (data - mu) / np.exp(log_sigma)
        assert_close(g["mu"], np.sum(z) / np.exp(log_sigma))
        assert_close(g["log_sigma"], np.sum(z**2 - 1))
        h = wg.hessian(log_density)({"mu": mu, "log_sigma": log_sigma})
        assert_close(h["mu"]["mu"], -40 / np.exp(2 * log_sigma))
        assert_close(h["log_sigma"]["log_sigma"], -2 * np.sum(z**2))
        assert_close(h["mu"]["log_sigma"], -2 * np.sum(z) / np.exp(log_sigma))
        assert_close(h["log_sigma"]["mu"], -2 * np.sum(z) / np.exp(log_sigma))

    def test_multivariate_gaussian(self) -> None:
        data, a = RNG.normal(size=(30, 3)), RNG.normal(size=(3, 3))
        sigma = a @ a.T + 3 * np.eye(3)

        def log_density(sigma: Any) -> Any:
            sign, logdet = np.linalg.slogdet(sigma)
            return -0.5 * np.sum(data * np.linalg.solve(sigma, data.T).T) - 15 * logdet

        inverse = np.linalg.inv(sigma)
        expected = 0.5 * inverse @ data.T @ data @ inverse - 15 * inverse
        assert_close(wg.grad(log_density)(sigma), expected, rel=1e-9)

    def test_logistic_regression(self) -> None:
        x, y, w = RNG.normal(size=(20, 3)), RNG.integers(0, 2, size=20), RNG.normal(size=3)

        def loss(w: Any) -> Any:
            z = x @ w
            return np.sum(np.logaddexp(0.0, z) - y * z)

        p = 1 / (1 + np.exp(-x @ w))
        for g in both_gradients(loss, w):
            assert_close(g, x.T @ (p - y))
        for h in all_hessians(loss, w):
            assert_close(h, x.T @ (x * (p * (1 - p))[:, None]))


class TestHelmholtz:
    """The free energy of a mixed fluid, with the gradient worked out by hand."""

    @pytest.mark.parametrize("n", [1, 5, 20])
    def test_gradient(self, n: int) -> None:
        a, b, x = RNG.uniform(size=(n, n)), RNG.uniform(size=n) / n, RNG.uniform(0.2, 0.9, size=n)
        root2, rt = math.sqrt(2.0), 2.5

        def f(x: Any) -> Any:
            bx = b @ x
            logs = np.log((1 + (1 + root2) * bx) / (1 + (1 - root2) * bx))
            return rt * np.sum(np.log(x / (1 - bx))) - (x @ a @ x) / (math.sqrt(8) * bx) * logs

        bx, q = b @ x, x @ a @ x
        plus, minus = 1 + (1 + root2) * bx, 1 + (1 - root2) * bx
        log = math.log(plus / minus)
        dlog = (1 + root2) / plus - (1 - root2) / minus
        expected = rt * (1 / x + n * b / (1 - bx)) - (
            ((a + a.T) @ x) * log / bx + b * q * (dlog / bx - log / bx**2)
        ) / math.sqrt(8)
        for g in both_gradients(f, x):
            assert_close(g, expected)


class TestDynamics:
    def test_runge_kutta_of_a_linear_equation(self) -> None:
        """x' = −k x: the method's amplification factor is a polynomial with known derivatives."""
        h, n, x0 = 0.1, 20, 1.5

        def solution(k: Any) -> Any:
            x = x0
            for _ in range(n):
                k1 = -k * x
                k2 = -k * (x + h / 2 * k1)
                k3 = -k * (x + h / 2 * k2)
                k4 = -k * (x + h * k3)
                x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return x

        k = 0.7
        factor = np.polynomial.Polynomial([1, -h, h**2 / 2, -(h**3) / 6, h**4 / 24])
        power = x0 * factor**n
        derivative = solution
        for order in range(1, 4):
            derivative = wg.grad(derivative)
            assert_close(derivative(k), power.deriv(order)(k), rel=1e-10)
        # and the true solution x0 exp(−k t), to the method's error
        assert wg.grad(solution)(k) == pytest.approx(-2.0 * x0 * math.exp(-2.0 * k), rel=1e-5)

    def test_harmonic_oscillator_with_respect_to_frequency(self) -> None:
        n = 100
        t_end = 2.0
        h = t_end / n

        def position(omega: Any) -> Any:
            state = np.array([1.0, 0.0])

            def slope(state: Any) -> Any:
                return np.stack([state[1], -(omega**2) * state[0]])

            for _ in range(n):
                k1 = slope(state)
                k2 = slope(state + h / 2 * k1)
                k3 = slope(state + h / 2 * k2)
                k4 = slope(state + h * k3)
                state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return state[0]

        omega = 1.3
        assert wg.grad(position)(omega) == pytest.approx(-t_end * math.sin(omega * t_end), rel=1e-6)
        assert wg.grad(wg.grad(position))(omega) == pytest.approx(
            -(t_end**2) * math.cos(omega * t_end), rel=1e-6
        )

    def test_fixed_point_by_a_python_loop(self) -> None:
        """x = cos(a x): dx/da = −x sin(a x) / (1 + a sin(a x))."""

        def fixed_point(a: Any) -> Any:
            x = 0.5
            while True:
                new = np.cos(a * x)
                if abs(new - x) < 1e-15:
                    return new
                x = new

        a = 0.8
        x = fixed_point(a)
        s = math.sin(a * x)
        expected = -x * s / (1 + a * s)
        assert_close(wg.grad(fixed_point)(a), expected, rel=1e-10)
        assert_close(wg.jacfwd(fixed_point)(a), expected, rel=1e-10)

    def test_newton_square_root_by_a_python_loop(self) -> None:
        def root(a: Any) -> Any:
            x = a
            while abs(x * x - a) > 1e-14 * a:
                x = 0.5 * (x + a / x)
            # one more step makes the derivative as accurate as the value
            return 0.5 * (x + a / x)

        assert_close(wg.grad(root)(2.0), 0.5 / math.sqrt(2.0), rel=1e-12)


class TestPolynomials:
    @pytest.mark.parametrize("order", range(6))
    def test_every_derivative_of_a_quartic(self, order: int) -> None:
        p = np.polynomial.Polynomial([3.0, -1.0, 0.5, 2.0, -0.25])

        def f(x: Any) -> Any:
            return 3.0 - x + 0.5 * x**2 + 2.0 * x**3 - 0.25 * x**4

        derivative: Callable[..., Any] = f
        for _ in range(order):
            derivative = wg.grad(derivative)
        assert_close(derivative(1.7), p.deriv(order)(1.7) if order else p(1.7))

    def test_mixed_partial_derivatives(self) -> None:
        def f(x: Any, y: Any) -> Any:
            return x**3 * y**2 + np.sin(x * y)

        x, y = 0.8, -1.3
        dxy = wg.grad(wg.grad(f, argnums=0), argnums=1)(x, y)
        dyx = wg.grad(wg.grad(f, argnums=1), argnums=0)(x, y)
        expected = 6 * x**2 * y + math.cos(x * y) - x * y * math.sin(x * y)
        assert_close(dxy, expected)
        assert_close(dyx, expected)
