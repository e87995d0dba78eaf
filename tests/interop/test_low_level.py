"""Compiled functions inside SciPy's C loops, against the same work done in Python."""

import gc

import numpy as np
import pytest
from scipy import LowLevelCallable, ndimage
from scipy.integrate import nquad, quad

import wengert as wg
from wengert.errors import ArgumentError, DecisionError
from wengert.extend import foreign
from wengert.interop import low_level_callable

in_python = foreign(lambda x: np.sin(x), out=0.0)
IMAGE = np.random.default_rng(0).normal(size=(12, 17))


def test_a_number_from_a_number():
    made = low_level_callable(lambda x: np.cos(x) * np.exp(-x))
    assert isinstance(made, LowLevelCallable)
    assert quad(made, 0, 2)[0] == pytest.approx(
        (1 + np.exp(-2) * (np.sin(2) - np.cos(2))) / 2, rel=1e-13
    )


def test_arguments_that_quad_passes_on():
    made = low_level_callable(lambda x, a, b: np.exp(-a * x**2) * b)
    assert quad(made, -np.inf, np.inf, args=(2.0, 3.0))[0] == pytest.approx(3 * np.sqrt(np.pi / 2))


def test_several_variables():
    made = low_level_callable(lambda x, y, a: np.exp(-a * x * y))
    plain = nquad(lambda x, y, a: np.exp(-a * x * y), [[0, 1], [0, 2]], args=(1.5,))
    assert nquad(made, [[0, 1], [0, 2]], args=(1.5,))[0] == pytest.approx(plain[0], rel=1e-12)


def test_a_derivative_and_a_jitted_function():
    made = low_level_callable(wg.grad(wg.jit(lambda x: x * np.sin(x))))
    assert quad(made, 0, 1)[0] == pytest.approx(np.sin(1.0), rel=1e-13)


def test_captured_arrays_live_as_long_as_the_function():
    coefficients = np.array([1.0, 2.0, 3.0])
    made = low_level_callable(lambda x: np.sum(coefficients * x ** np.arange(3)))
    coefficients[:] = 0.0  # those of the moment count
    gc.collect()
    assert quad(made, 0, 1)[0] == pytest.approx(3.0, rel=1e-13)


def test_filters_of_images():
    spread = low_level_callable(lambda window: np.std(window), "filter", 9)
    np.testing.assert_allclose(
        ndimage.generic_filter(IMAGE, spread, size=3),
        ndimage.generic_filter(IMAGE, np.std, size=3),
        rtol=1e-12,
    )
    sharper = low_level_callable(lambda line: 2 * line[1:-1] - line[:-2], "filter1d", 17 + 2)

    def plain(line, out):
        out[...] = 2 * line[1:-1] - line[:-2]

    np.testing.assert_allclose(
        ndimage.generic_filter1d(IMAGE, sharper, filter_size=3),
        ndimage.generic_filter1d(IMAGE, plain, filter_size=3),
        rtol=1e-14,
    )


def test_geometric_transform():
    half = low_level_callable(lambda at: 0.5 * at + 0.25, "transform", 2)
    np.testing.assert_array_equal(
        ndimage.geometric_transform(IMAGE, half),
        ndimage.geometric_transform(IMAGE, lambda at: (0.5 * at[0] + 0.25, 0.5 * at[1] + 0.25)),
    )


def test_decisions_on_values_are_refused():
    with pytest.raises(DecisionError, match="low_level_callable"):
        low_level_callable(lambda x: x if x > 0 else -x)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: low_level_callable(np.sin, "numbres"), "an unknown kind"),
        (lambda: low_level_callable(np.std, "filter"), "a filter needs the size of its array"),
        (lambda: low_level_callable(lambda: 1.0), "the function takes no numbers"),
        (lambda: low_level_callable(lambda x: np.stack([x, x])), "the result does not fit"),
        (lambda: low_level_callable(lambda x: x > 0.0), "the result does not fit"),
        (lambda: low_level_callable(in_python), "a part of the function has no native form"),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=f"low_level_callable: {message}"):
        make()


def test_without_native_code(monkeypatch):
    from wengert.native import engine

    monkeypatch.setattr(engine, "available", lambda: False)
    with pytest.raises(ArgumentError, match="there is no native code in this process"):
        low_level_callable(np.sin)
