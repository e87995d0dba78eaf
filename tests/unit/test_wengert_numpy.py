"""`wengert.numpy`: NumPy's namespace, plain outside a recording, traced inside."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from wengert.errors import MissingRuleError, ShapeError
from wengert.trace.tracer import Tracer


def overwritten(array):
    """An empty array's type with known contents: what was in memory may be NaN."""
    array[...] = 0.25
    return array


CONSTRUCTORS = {
    "zeros": lambda xp: xp.zeros((2, 3)),
    "zeros_int": lambda xp: xp.zeros(2, dtype=int),
    "ones": lambda xp: xp.ones(3, np.float32),
    "empty": lambda xp: overwritten(xp.empty((2, 2))),
    "full": lambda xp: xp.full((2,), 7),
    "full_float": lambda xp: xp.full((2, 2), 1.5),
    "eye": lambda xp: xp.eye(3, 4, k=1),
    "identity": lambda xp: xp.identity(2),
    "arange": lambda xp: xp.arange(5),
    "arange_float": lambda xp: xp.arange(0.0, 1.0, 0.25),
    "linspace": lambda xp: xp.linspace(0, 1, 5),
    "linspace_step": lambda xp: xp.linspace(0, 1, 5, retstep=True)[0],
    "logspace": lambda xp: xp.logspace(0, 2, 3),
    "geomspace": lambda xp: xp.geomspace(1, 8, 4),
    "array": lambda xp: xp.array([[1, 2], [3, 4.5]]),
    "array_dtype": lambda xp: xp.array([1, 2], dtype=np.float32),
    "array_ndmin": lambda xp: xp.array(2.0, ndmin=2),
    "array_scalar": lambda xp: xp.array(2.5),
    "asarray": lambda xp: xp.asarray([1.0, 2.0]),
    "asanyarray": lambda xp: xp.asanyarray([1.0, 2.0]),
    "ascontiguousarray": lambda xp: xp.ascontiguousarray([1.0, 2.0]),
    "asfortranarray": lambda xp: xp.asfortranarray([[1.0, 2.0]]),
    "copy": lambda xp: xp.copy([1.0, 2.0]),
    "fromfunction": lambda xp: xp.fromfunction(lambda i, j: i * 2 + j, (2, 3)),
    "fromiter": lambda xp: xp.fromiter((i * 1.5 for i in range(4)), float),
    "fromiter_count": lambda xp: xp.fromiter((i * 1.5 for i in range(4)), float, count=2),
    "indices": lambda xp: xp.indices((2, 3)),
    "tri": lambda xp: xp.tri(3, 4, -1),
    "meshgrid": lambda xp: xp.meshgrid([1.0, 2.0], [3.0, 4.0, 5.0])[0],
    "zeros_like": lambda xp: xp.zeros_like(np.ones((2, 2), np.float32)),
    "ones_like": lambda xp: xp.ones_like([1, 2, 3], dtype=float),
    "full_like": lambda xp: xp.full_like(np.ones(3), 2.5),
    "empty_like": lambda xp: overwritten(xp.empty_like(np.ones(3))),
    "require": lambda xp: xp.require([1.0, 2.0], float, ["C"]),
    "asarray_chkfinite": lambda xp: xp.asarray_chkfinite([1.0, 2.0]),
}


@pytest.mark.parametrize("make", CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_constructors(make):
    expected = make(np)
    outside = make(wnp)
    assert type(outside) is type(expected)
    assert outside.dtype == expected.dtype
    np.testing.assert_array_equal(outside, expected)
    inside = []

    def f(x):
        made = make(wnp)
        inside.append(isinstance(made, Tracer))
        return made * 1, x

    found = wg.vjp(f, 1.0)[0][0]
    assert inside == [True]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


ARRAYS = {name: make for name, make in CONSTRUCTORS.items() if name != "array_scalar"}


@pytest.mark.parametrize("make", ARRAYS.values(), ids=ARRAYS)
def test_what_is_made_inside_can_be_written(make):
    def f(x):
        made = make(wnp) * 1.0
        made = wnp.array(made, dtype=float)
        made[..., 0:1] = x * x
        return np.sum(made)

    n = make(np)[..., 0:1].size
    assert wg.grad(f)(3.0) == pytest.approx(6.0 * n)
    assert wg.vmap(f)(np.array([3.0]))[0] == pytest.approx(f(3.0))


def test_every_public_name_is_there():
    for ours, numpys in ((wnp, np), (wnp.linalg, np.linalg), (wnp.fft, np.fft)):
        names = [n for n in numpys.__all__ if not isinstance(getattr(numpys, n), type(np))]
        names = [n for n in names if not n.startswith("_")]
        assert len(names) > 15
        assert set(names) <= set(dir(ours))
        for name in names:
            assert getattr(ours, name) is not None or name == "newaxis"
    assert wnp.pi == np.pi
    assert wnp.float64 is np.float64
    assert wnp.sin is np.sin
    assert wnp.newaxis is None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = wnp.nothing
    with pytest.raises(AttributeError, match=r"use numpy\.random"):
        _ = wnp.random


def test_plain_in_plain_out():
    for name, args in {
        "sum": ([1.0, 2.0],),
        "concatenate": ([[1.0], [2.0]],),
        "where": ([True, False], 1.0, 2.0),
        "dot": ([1.0, 2.0], [3.0, 4.0]),
        "sort": ([2.0, 1.0],),
        "pad": ([1.0, 2.0], 1),
        "array_equal": ([1.0], [1.0]),
        "histogram": ([1.0, 2.0],),
    }.items():
        ours, numpys = getattr(wnp, name)(*args), getattr(np, name)(*args)
        assert type(ours) is type(numpys)
        for a, b in zip(
            np.atleast_1d(ours[0] if name == "histogram" else ours),
            np.atleast_1d(numpys[0] if name == "histogram" else numpys),
            strict=True,
        ):
            assert a == b
    assert type(wnp.linalg.norm([3.0, 4.0])) is np.float64
    assert type(wnp.fft.fft([3.0, 4.0])) is np.ndarray


def test_lists_of_traced_values():
    def f(x):
        return (
            wnp.sum([x, 2 * x])
            + wnp.linalg.norm([x, x])
            + wnp.dot([x, 1.0], [2.0, x])
            + wnp.max([x, 0.0])
            + wnp.stack([[x, 1.0], [2.0, x]])[1, 1]
        )

    expected = 3 + np.sqrt(2) + 3 + 1 + 1
    assert wg.grad(f)(2.0) == pytest.approx(expected)


def test_nested_lists():
    def f(x):
        a = wnp.array([[x, 1], [2.5, -x]])
        b = wnp.array([[x * np.ones(2)], [[3.0, 4.0]]])
        c = wnp.array([wnp.array([x, x]), wnp.array([1.0, 2.0])], dtype=np.float32)
        return a, b, c

    a, b, c = wg.vjp(f, 1.5)[0]
    np.testing.assert_array_equal(a, [[1.5, 1], [2.5, -1.5]])
    np.testing.assert_array_equal(b, [[[1.5, 1.5]], [[3, 4]]])
    np.testing.assert_array_equal(c, np.array([[1.5, 1.5], [1, 2]], np.float32))
    assert c.dtype == np.float32
    with pytest.raises(ShapeError, match="stack: the shapes differ"):
        wg.grad(lambda x: np.sum(wnp.array([[x, x], [x]])))(1.0)


def test_ranges_between_traced_ends():
    assert wg.grad(lambda x: np.sum(wnp.linspace(0.0, x, 5)))(2.0) == pytest.approx(2.5)
    assert wg.grad(lambda x: np.sum(wnp.arange(0.0, x, 0.5) * x))(2.0) == pytest.approx(3.0)
    assert wg.grad(lambda x: np.sum(wnp.arange(x, x + 3)))(2.0) == pytest.approx(3.0)
    np.testing.assert_allclose(
        wg.vjp(lambda x: wnp.arange(1.0, x, 0.7), 4.1)[0], np.arange(1.0, 4.1, 0.7)
    )
    assert wg.grad(lambda x: np.sum(wnp.fromfunction(lambda i, j: i * x + j, (2, 2))))(1.0) == 2.0


def test_unsupported_functions_raise_by_name():
    for call, name in (
        (lambda x: wnp.busday_count(x, x), "busday_count"),
        (lambda x: wnp.save("unwritten", x), "save"),
        (lambda x: wnp.isnat(wnp.array([x])), "isnat"),
    ):
        with pytest.raises(MissingRuleError, match=name):
            wg.grad(call)(1.0)


def test_array_copies_and_asarray_does_not():
    def f(x):
        y = x * 2.0
        z = wnp.array(y)
        w = wnp.asarray(y)
        assert w is y
        z += 1.0
        w[0] = 0.0
        return y, z

    y, z = wg.vjp(f, np.ones(2))[0]
    np.testing.assert_array_equal(y, [0, 2])
    np.testing.assert_array_equal(z, [3, 3])


def test_an_array_of_a_scalar_is_a_zero_d_array():
    def f(x):
        results = []
        for y in (wnp.array(x), wnp.asarray(x * 2.0), np.copy(x)):
            y[()] = y * x
            y += 1.0
            results.append(y)
        return results[0] + results[1] + results[2] + np.reshape(x, ()) + x.reshape(())

    assert wg.grad(f)(3.0) == 6.0 + 12.0 + 6.0 + 2.0
    np.testing.assert_allclose(wg.vmap(wg.grad(f))(np.array([3.0])), [26.0])


def test_arrays_of_the_outer_recording():
    """In nested functions arrays are made in the innermost one."""

    def outer(x):
        def inner(t):
            z = wnp.zeros(2)
            z[0] = t * x
            z[1] = t
            return np.sum(z * z)

        return wg.grad(inner)(x)

    assert outer(2.0) == 2 * 2.0**3 + 2 * 2.0
    assert wg.grad(outer)(2.0) == 6 * 2.0**2 + 2
