"""Sixty everyday NumPy programs, differentiated, mapped and compiled without a change.

Each is plain NumPy of one or two arrays. First and second derivatives are compared with differences
of the untouched program, `vmap` with a loop, `jit` with the plain call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(20)
VECTOR = RNG.permutation(np.linspace(0.3, 1.9, 6)) + RNG.uniform(0, 0.1, 6)
MATRIX = RNG.permutation(np.linspace(0.2, 2.0, 12)).reshape(3, 4) + RNG.uniform(0, 0.05, (3, 4))
SQUARE = RNG.uniform(-0.5, 0.5, (4, 4)) + np.diag([2.0, 3.0, 4.0, 5.0])
WEIGHTS = RNG.uniform(0.5, 1.5, 6)
HOLES = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]], bool)
LABELS = np.array([0, 2, 1, 0, 2, 2])
KNOTS = np.linspace(0.0, 3.0, 7)


@dataclass(frozen=True)
class Program:
    """A NumPy program and its argument; `batch` tells whether its shapes allow `vmap`."""

    f: Any
    x: Any
    batch: bool = True


def running_buffer(x):
    out = np.empty_like(x)
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = 0.9 * out[i - 1] + x[i] ** 2
    return out


def scattered(x):
    totals = np.zeros_like(x[:3])
    np.add.at(totals, LABELS, x)
    return totals


def assigned_by_mask(x):
    y = x.copy()
    y[y > 1.0] *= 2.0
    y[::2] += y[1::2]
    return y


def standardized(x):
    return (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)


def power_iteration(a):
    v = np.ones(4)
    for _ in range(5):
        v = a @ v
        v = v / np.linalg.norm(v)
    return v @ a @ v


def softmax_cross_entropy(x):
    z = x - x.max(axis=1, keepdims=True)
    return -(z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)))[np.arange(3), [0, 3, 1]].mean()


def pairwise_distances(x):
    d = np.linalg.norm(x[:, None, :] - x[None, :, :], axis=-1)
    return d[np.triu_indices(3, 1)]


def smoothed(x):
    return np.convolve(np.pad(x, 2, mode="edge"), np.ones(5) / 5, mode="valid")


def log_density(x):
    return -0.5 * x @ np.linalg.solve(SQUARE[:3, :3], x) - 0.5 * np.linalg.slogdet(SQUARE)[1]


PROGRAMS = {
    "mean of squares": Program(lambda x: np.mean(x**2), VECTOR),
    "log-sum-exp": Program(lambda x: np.log(np.sum(np.exp(x))), VECTOR),
    "logaddexp.reduce": Program(np.logaddexp.reduce, VECTOR),
    "norm": Program(np.linalg.norm, VECTOR),
    "norm of rows": Program(lambda x: np.linalg.norm(x, axis=1), MATRIX),
    "hypot": Program(lambda x: np.hypot(x[0], x[1]), MATRIX),
    "arctan2": Program(lambda x: np.arctan2(x[0], x[1]), MATRIX),
    "sinc": Program(np.sinc, VECTOR),
    "cbrt": Program(np.cbrt, VECTOR),
    "power of arrays": Program(lambda x: x[0] ** x[1], MATRIX),
    "clip": Program(lambda x: np.clip(x, 0.5, 1.5) ** 2, VECTOR),
    "where": Program(lambda x: np.where(x > 1.0, np.log(x), x**2), VECTOR),
    "maximum": Program(lambda x: np.maximum(x[0], x[1]) * x[2], MATRIX),
    "nan_to_num": Program(lambda x: np.nan_to_num(np.where(HOLES, x, np.nan)) ** 2, MATRIX),
    "nanmean": Program(lambda x: np.nanmean(np.where(HOLES, x, np.nan) ** 2, axis=1), MATRIX),
    "nanstd": Program(lambda x: np.nanstd(np.where(HOLES, x, np.nan), axis=0, ddof=0)[2:], MATRIX),
    "var": Program(lambda x: x.var(axis=1, ddof=1), MATRIX),
    "average": Program(lambda x: np.average(x**2, weights=WEIGHTS), VECTOR),
    "median": Program(lambda x: np.median(x**2, axis=1), MATRIX),
    "quantile": Program(lambda x: np.quantile(x**2, [0.1, 0.6], axis=0), MATRIX),
    "percentile": Program(lambda x: np.percentile(x, 30, method="hazen") ** 2, VECTOR),
    "ptp": Program(lambda x: np.ptp(x, axis=1) ** 2, MATRIX),
    "prod": Program(lambda x: np.prod(x, axis=0), MATRIX),
    "cumsum": Program(lambda x: np.cumsum(x) ** 2, VECTOR),
    "cumprod": Program(np.cumprod, VECTOR),
    "diff": Program(lambda x: np.diff(x**3, n=2), VECTOR),
    "gradient": Program(lambda x: np.gradient(x**2, 0.5), VECTOR),
    "trapezoid": Program(lambda x: np.trapezoid(x**2, dx=0.5, axis=1), MATRIX),
    "interp": Program(lambda x: np.interp(x, KNOTS, np.sin(KNOTS)) ** 2, VECTOR),
    "interp data": Program(lambda y: np.interp([0.3, 1.7], np.arange(6.0), y**2), VECTOR),
    "polyval": Program(lambda c: np.polyval(c, 1.3) ** 2, VECTOR),
    "polyfit": Program(lambda y: np.polyfit(np.arange(6.0), y**2, 2), VECTOR),
    "sort": Program(lambda x: np.sort(x)[::2] ** 2, VECTOR),
    "argsort": Program(lambda x: (x**2)[np.argsort(x)][:3], VECTOR),
    "argmax": Program(lambda x: x[np.argmax(x)] ** 3, VECTOR),
    "take_along_axis": Program(
        lambda x: np.take_along_axis(x**2, np.argmin(x, axis=1)[:, None], axis=1), MATRIX
    ),
    "fancy index": Program(lambda x: x[[0, 2, 0], [1, 3, 1]] ** 2, MATRIX),
    "boolean index": Program(lambda x: x[HOLES] ** 2, MATRIX),
    "loop into a buffer": Program(running_buffer, VECTOR),
    "np.add.at": Program(lambda x: scattered(x) ** 2, VECTOR),
    "bincount": Program(lambda x: np.bincount(LABELS, weights=x) ** 2, VECTOR),
    "masked update": Program(lambda x: assigned_by_mask(x) ** 2, VECTOR, batch=False),
    "standardize": Program(standardized, MATRIX),
    "softmax cross-entropy": Program(softmax_cross_entropy, MATRIX),
    "pairwise distances": Program(pairwise_distances, MATRIX),
    "einsum": Program(lambda x: np.einsum("ij,kj,kl->il", x, x, x), MATRIX),
    "tensordot": Program(lambda x: np.tensordot(x, x, axes=([0], [0])), MATRIX),
    "kron": Program(lambda x: np.kron(x[:2, :2], x[1:, 2:]), MATRIX),
    "outer and trace": Program(lambda x: np.trace(np.outer(x, x**2)), VECTOR),
    "cross": Program(lambda x: np.cross(x[0, :3], x[1, :3]), MATRIX),
    "block": Program(
        lambda x: np.block([[x, x[:, :1] ** 2], [np.ones((1, 4)), np.zeros((1, 1))]]), MATRIX
    ),
    "pad and convolve": Program(lambda x: smoothed(x) ** 2, VECTOR),
    "roll and flip": Program(lambda x: np.roll(x, 2) * np.flip(x), VECTOR),
    "stack and split": Program(
        lambda x: np.vstack([np.hstack([a, a**2]) for a in np.split(x, 3)]), VECTOR
    ),
    "cov": Program(lambda x: np.cov(x), MATRIX),
    "corrcoef": Program(lambda x: np.corrcoef(x)[0, 1:], MATRIX),
    "solve": Program(lambda a: np.linalg.solve(a, np.arange(4.0)), SQUARE),
    "determinant and inverse": Program(
        lambda a: np.log(np.linalg.det(a)) * np.linalg.inv(a), SQUARE
    ),
    "cholesky": Program(lambda a: np.linalg.cholesky(a @ a.T), SQUARE),
    "eigvalsh": Program(lambda a: np.linalg.eigvalsh(a + a.T), SQUARE),
    "singular values": Program(lambda a: np.linalg.svd(a, compute_uv=False), SQUARE),
    "least squares": Program(lambda a: np.linalg.lstsq(a.T, np.arange(4.0), rcond=None)[0], MATRIX),
    "power iteration": Program(power_iteration, SQUARE),
    "Gaussian log-density": Program(log_density, VECTOR[:3]),
}
assert len(PROGRAMS) > 60


def scalar(name: str) -> Any:
    """A number that depends on all results."""
    f = PROGRAMS[name].f
    n = np.size(f(PROGRAMS[name].x))
    weights = np.cos(np.arange(float(n)))
    return lambda x: np.sum(weights * np.ravel(f(x)))


def difference(g: Any, x: Any, v: Any) -> Any:
    """The derivative of g along v, by extrapolated central differences."""

    def central(h: float) -> Any:
        return (g(x + h * v) - g(x - h * v)) / (2 * h)

    return (4 * central(5e-4) - central(1e-3)) / 3


@pytest.fixture(params=PROGRAMS)
def name(request):
    return request.param


def test_first_derivatives(name):
    g, x = scalar(name), PROGRAMS[name].x
    v = np.sin(np.arange(1.0, x.size + 1)).reshape(x.shape)
    expected = difference(g, x, v)
    gradient = wg.grad(g)(x)
    size = max(1.0, float(np.max(np.abs(gradient))))
    assert abs(np.sum(gradient * v) - expected) < 1e-7 * size
    value, along = wg.jvp(g, (x,), (v,))
    assert abs(along - expected) < 1e-7 * size
    np.testing.assert_allclose(value, g(x), rtol=1e-13)


def test_second_derivatives(name):
    g, x = scalar(name), PROGRAMS[name].x
    v = np.sin(np.arange(1.0, x.size + 1)).reshape(x.shape)
    expected = difference(wg.grad(g), x, v)
    found = wg.hvp(g, (x,), (v,))
    assert np.all(np.isfinite(expected))
    reverse = wg.grad(lambda x: np.sum(wg.grad(g)(x) * v))(x)
    size = max(1.0, float(np.max(np.abs(expected))))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * size)
    np.testing.assert_allclose(reverse, expected, rtol=0, atol=1e-6 * size)


def test_vmap(name):
    program = PROGRAMS[name]
    if not program.batch:
        pytest.skip("a boolean index picks another number of elements in each lane")
    batch = np.stack([program.x, program.x * 1.01, program.x[::-1]])
    for f in (program.f, wg.grad(scalar(name))):
        expected = np.stack([f(x) for x in batch])
        np.testing.assert_allclose(wg.vmap(f)(batch), expected, rtol=1e-9, atol=1e-11)


def test_jit(name):
    program = PROGRAMS[name]
    for f in (program.f, wg.grad(scalar(name))):
        compiled = wg.jit(f)
        for _ in range(2):
            np.testing.assert_allclose(compiled(program.x), f(program.x), rtol=1e-9, atol=1e-11)
