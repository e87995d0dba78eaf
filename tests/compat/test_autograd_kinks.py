"""Conventions at ties, kinks and in types: as autograd's, or listed as different."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as onp
import pytest

import wengert.compat.autograd as ours
import wengert.compat.autograd.numpy as np
from compat.autograd_cases import is_known_version

z = onp.zeros(2)
ties = onp.array([1.0, 3.0, 3.0, 1.0])
Make = Callable[[Any], Callable[[Any], Any]]

SAME: dict[str, tuple[Make, Any]] = {
    "abs": (lambda np: lambda x: np.sum(np.abs(x)), z),
    "fabs": (lambda np: lambda x: np.sum(np.fabs(x)), z),
    "abs of complex": (lambda np: lambda x: np.sum(np.abs(x)), onp.zeros(2, complex)),
    "max": (lambda np: lambda x: np.max(x), ties),
    "min": (lambda np: lambda x: np.min(x), ties),
    "maximum": (lambda np: lambda x: np.sum(np.maximum(x, 3.0)), ties),
    "maximum of one": (lambda np: lambda x: np.sum(np.maximum(x, x)), ties),
    "fmin": (lambda np: lambda x: np.sum(np.fmin(x, 3.0)), ties),
    "clip": (lambda np: lambda x: np.sum(np.clip(x, 1.0, 3.0)), ties),
    "sort": (lambda np: lambda x: np.sort(x)[1] + 2 * np.sort(x)[2], ties),
    "sqrt": (lambda np: lambda x: np.sum(np.sqrt(x)), z),
    "log": (lambda np: lambda x: np.sum(np.log(x)), z),
    "x ** 0": (lambda np: lambda x: np.sum(x**0), z),
    "x ** 1": (lambda np: lambda x: np.sum(x**1), z),
    "x ** 2": (lambda np: lambda x: np.sum(x**2), z),
    "x ** 0.5": (lambda np: lambda x: np.sum(x**0.5), z),
    "0 ** y": (lambda np: lambda y: np.sum(0.0**y), onp.array([1.0, 2.0])),
    "arctan2": (lambda np: lambda x: np.arctan2(x[0], x[1]), z),
    "where": (lambda np: lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), z),
    "mod": (lambda np: lambda x: np.sum(np.mod(x, 2.0)), onp.array([4.0, -3.0])),
    "mod in the modulus": (lambda np: lambda y: np.sum(np.mod(5.0, y)), onp.array([4.0, -3.0])),
    "arccos": (lambda np: lambda x: np.sum(np.arccos(x)), onp.ones(1)),
    "complex": (lambda np: lambda x: np.sum(np.real(x * x)), onp.array([1 + 2j, 3 - 1j])),
    "abs squared": (lambda np: lambda x: np.sum(np.abs(x) ** 2), onp.array([1 + 2j, 3 - 1j])),
    "angle": (lambda np: lambda x: np.sum(np.angle(x)), onp.array([1 + 1j, 2 - 1j])),
    "real through complex": (lambda np: lambda x: np.real(np.exp(1j * x)), 0.7),
    "one element": (lambda np: lambda x: 2 * x, onp.array([3.0])),
    "one element in two axes": (lambda np: lambda x: 2 * x, onp.array([[3.0]])),
    "a constant": (lambda np: lambda x: 5.0, 3.0),
    "float32": (lambda np: lambda x: np.sum(x**2), onp.ones(2, onp.float32)),
    "integer of a box": (lambda np: lambda x: x * np.int64(x), 3.7),
    "_value": (lambda np: lambda x: x * x._value, 3.7),
    "iteration": (lambda np: lambda x: sum(a * a for a in x), ties),
    "len": (lambda np: lambda x: x[0] * len(x), ties),
    "bool array": (lambda np: lambda x: np.sum(x * 2.0), onp.array([True, False])),
    "2 ** x": (lambda np: lambda x: 2**x, 3.7),
    "NumPy scalar first": (lambda np: lambda x: np.sum(onp.float64(2) * x + onp.ones(4) * x), ties),
}

# (function, where, autograd's answer, ours)
DIFFERENT: dict[str, tuple[Make, Any, Any, Any]] = {
    "norm": (lambda np: lambda x: np.linalg.norm(x), z, [onp.nan] * 2, [0.0, 0.0]),
    "std": (lambda np: lambda x: np.std(x), z, [onp.nan] * 2, [0.0, 0.0]),
    "hypot": (lambda np: lambda x: np.hypot(x[0], x[1]), z, [onp.nan] * 2, [0.0, 0.0]),
    "sinc": (lambda np: lambda x: np.sum(np.sinc(x)), z, [onp.nan] * 2, [0.0, 0.0]),
    "prod": (lambda np: np.prod, onp.array([0.0, 2.0]), [onp.nan, 0.0], [2.0, 0.0]),
    "x.clip": (lambda np: lambda x: np.sum(x.clip(0.0, 1.0)), z, [0.0, 0.0], [0.5, 0.5]),
    "equal eigenvalues": (
        lambda np: lambda x: np.sum(np.linalg.eigh(np.eye(2) * x[0])[1]),
        onp.ones(2),
        [onp.nan, 0.0],
        [0.0, 0.0],
    ),
}


def gradient(library: Any, f: Any, x: Any) -> Any:
    with warnings.catch_warnings(), onp.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return library.grad(f)(x)


@pytest.mark.parametrize("name", SAME)
def test_same(name: str) -> None:
    autograd = pytest.importorskip("autograd")
    make, x = SAME[name]
    expected = gradient(autograd, make(autograd_numpy()), x)
    found = gradient(ours, make(np), x)
    onp.testing.assert_allclose(found, expected, rtol=1e-12)
    assert onp.shape(found) == onp.shape(expected)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    make, x, theirs, mine = DIFFERENT[name]
    onp.testing.assert_allclose(gradient(ours, make(np), x), mine)
    if is_known_version():
        autograd = pytest.importorskip("autograd")
        onp.testing.assert_allclose(gradient(autograd, make(autograd_numpy()), x), theirs)


def autograd_numpy() -> Any:
    import autograd.numpy

    return autograd.numpy


def test_integer_arrays_count_as_floats() -> None:
    found = ours.grad(lambda x: np.sum(x**2))(onp.array([1, 2]))
    onp.testing.assert_array_equal(found, [2.0, 4.0])
    assert found.dtype == float


def test_integers_are_refused() -> None:
    for x in (3, onp.int64(3), [3, 2.0]):
        with pytest.raises(TypeError, match=r"Can't differentiate w\.r\.t\. type"):
            ours.grad(lambda x: x * 2.0 if not isinstance(x, list) else x[0])(x)


def test_outputs_that_are_no_real_number_are_refused() -> None:
    message = "Grad only applies to real scalar-output functions"
    outputs = [lambda x: x * onp.ones(2), lambda x: x * 2j, lambda x: (x, x), lambda x: 5]
    for f in outputs:
        with pytest.raises(TypeError, match=message), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours.grad(f)(3.0)
    with pytest.raises(TypeError, match="Elementwise_grad only applies to real-output functions"):
        ours.elementwise_grad(lambda x: x * 2j)(3.0)


def test_a_constant_warns() -> None:
    with pytest.warns(UserWarning, match="Output seems independent of input"):
        assert ours.grad(lambda x: 5.0)(3.0) == 0.0


def test_assignment_works() -> None:
    """What autograd cannot do."""

    def f(x: Any) -> Any:
        y = np.zeros(3)
        y[0] = x
        y[1:] += x**2
        return np.sum(y**2)

    assert ours.grad(f)(2.0) == pytest.approx(2 * 2.0 + 2 * 4 * 2.0**3)
