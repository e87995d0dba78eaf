"""Complex conventions: grad is the direction of steepest ascent, holomorphic=True gives df/dz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert import numeric

RNG = np.random.default_rng(7)
Z = RNG.normal(size=4) + 1j * RNG.normal(size=4)
A = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))

# Real functions of complex numbers, with 2 ∂f/∂z̄ = ∂f/∂x + i ∂f/∂y worked out by hand.
REAL_VALUED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "squared modulus": (lambda z: np.sum(np.abs(z) ** 2), lambda z: 2 * z),
    "z conj(z)": (lambda z: np.sum(np.real(z * np.conj(z))), lambda z: 2 * z),
    "modulus": (lambda z: np.sum(np.abs(z)), lambda z: z / np.abs(z)),
    "real part": (lambda z: np.sum(np.real(z)), lambda z: np.ones_like(z)),
    "imaginary part": (lambda z: np.sum(np.imag(z)), lambda z: 1j * np.ones_like(z)),
    "z.real * z.imag": (
        lambda z: np.sum(z.real * z.imag),
        lambda z: z.imag + 1j * z.real,
    ),
    "real part of z²": (lambda z: np.sum(np.real(z * z)), lambda z: 2 * np.conj(z)),
    "real part of exp": (lambda z: np.sum(np.real(np.exp(z))), lambda z: np.conj(np.exp(z))),
    "real part of sin": (lambda z: np.sum(np.real(np.sin(z))), lambda z: np.conj(np.cos(z))),
    "angle": (lambda z: np.sum(np.angle(z)), lambda z: 1j * z / np.abs(z) ** 2),
    "least squares": (
        lambda z: np.sum(np.abs(A @ z - 1.0) ** 2),
        lambda z: 2 * A.conj().T @ (A @ z - 1.0),
    ),
    "hermitian form": (lambda z: np.real(np.vdot(z, A @ z)), lambda z: (A + A.conj().T) @ z),
    "modulus of a sum": (
        lambda z: np.abs(np.sum(z)),
        lambda z: np.full(4, 1) * z.sum() / abs(z.sum()),
    ),
}

# Holomorphic functions with their complex derivatives.
HOLOMORPHIC: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "z²": (lambda z: z * z, lambda z: 2 * z),
    "z³": (lambda z: z**3, lambda z: 3 * z**2),
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "log": (np.log, lambda z: 1 / z),
    "sqrt": (np.sqrt, lambda z: 0.5 / np.sqrt(z)),
    "1/z": (lambda z: 1 / z, lambda z: -1 / z**2),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "times a complex constant": (lambda z: (2 - 3j) * z, lambda z: (2 - 3j) * np.ones_like(z)),
    "rational": (lambda z: (z + 1j) / (z - 2), lambda z: -(2 + 1j) / (z - 2) ** 2),
}


@pytest.mark.parametrize("name", REAL_VALUED)
def test_gradient_of_a_real_function(name: str) -> None:
    f, gradient = REAL_VALUED[name]
    g = wg.grad(f)(Z)
    assert g.dtype == np.complex128
    assert g == pytest.approx(gradient(Z), rel=1e-12)
    assert g == pytest.approx(numeric.gradient(f)(Z), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", REAL_VALUED)
def test_gradient_points_uphill(name: str) -> None:
    f, _ = REAL_VALUED[name]
    g = wg.grad(f)(Z)
    rise = (f(Z + 1e-6 * g) - f(Z - 1e-6 * g)) / 2e-6
    assert rise == pytest.approx(np.sum(np.abs(g) ** 2), rel=1e-5)


@pytest.mark.parametrize("name", REAL_VALUED)
def test_jvp_is_the_real_directional_derivative(name: str) -> None:
    f, gradient = REAL_VALUED[name]
    v = RNG.normal(size=4) + 1j * RNG.normal(size=4)
    out, tangent = wg.jvp(f, (Z,), (v,))
    assert np.isrealobj(out)
    assert np.isrealobj(tangent)
    assert tangent == pytest.approx(np.sum(np.real(np.conj(gradient(Z)) * v)), rel=1e-11)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_derivative(name: str) -> None:
    f, derivative = HOLOMORPHIC[name]
    z = 0.6 + 0.9j
    expected = derivative(np.complex128(z))
    assert wg.grad(f, holomorphic=True)(z) == pytest.approx(expected, rel=1e-12)
    assert wg.jacfwd(f, holomorphic=True)(z) == pytest.approx(expected, rel=1e-12)
    assert wg.jacrev(f, holomorphic=True)(z) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_pullback_conjugates_the_derivative(name: str) -> None:
    """J^H w: the adjoint of multiplication by f'(z) is multiplication by its conjugate."""
    f, derivative = HOLOMORPHIC[name]
    z, w = np.complex128(0.6 + 0.9j), np.complex128(-0.4 + 1.7j)
    _, pullback = wg.vjp(f, z)
    assert pullback(w)[0] == pytest.approx(np.conj(derivative(z)) * w, rel=1e-12)
    _, tangent = wg.jvp(f, (z,), (w,))
    assert tangent == pytest.approx(derivative(z) * w, rel=1e-12)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_second_holomorphic_derivative(name: str) -> None:
    f, derivative = HOLOMORPHIC[name]
    z = 0.6 + 0.9j
    expected = numeric.derivative(derivative, holomorphic=True, method="richardson")(z)
    second = wg.grad(wg.grad(f, holomorphic=True), holomorphic=True)(z)
    assert second == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_holomorphic_jacobian_of_a_linear_map() -> None:
    assert wg.jacfwd(lambda z: A @ z, holomorphic=True)(Z) == pytest.approx(A)
    assert wg.jacrev(lambda z: A @ z, holomorphic=True)(Z) == pytest.approx(A)


def test_complex_jacobian_without_holomorphic_raises() -> None:
    for jacobian in (wg.jacfwd, wg.jacrev, wg.jacobian):
        with pytest.raises(TypeError, match="holomorphic"):
            jacobian(lambda z: z * z)(Z)


def test_gradient_of_a_complex_result_raises() -> None:
    with pytest.raises(TypeError, match="complex"):
        wg.grad(lambda z: np.sum(z * z))(Z)


def test_real_argument_through_complex_numbers_keeps_its_dtype() -> None:
    def f(x: Any) -> Any:
        return np.abs(np.sum(np.exp(1j * x))) ** 2

    x = RNG.normal(size=5)
    g = wg.grad(f)(x)
    assert g.dtype == np.float64
    s = np.sum(np.exp(1j * x))
    assert g == pytest.approx(2 * np.real(np.conj(s) * 1j * np.exp(1j * x)), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("name", ["squared modulus", "least squares", "real part of sin", "angle"])
def test_checked_to_second_order(name: str) -> None:
    wg.check_grads(REAL_VALUED[name][0], (Z,), order=2)
