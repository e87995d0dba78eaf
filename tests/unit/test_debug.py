"""debug_nans: the first NaN or infinity, where it came from, in values and in derivatives."""

import numpy as np
import pytest

import wengert as wg
from wengert.errors import NanError


def message(f, *args, **options):
    with pytest.raises(NanError) as caught, wg.debug_nans(**options):
        f(*args)
    return str(caught.value)


def test_a_value():
    text = message(wg.grad(lambda x: np.sum(np.log(x))), np.array([1.0, -2.0]))
    assert "log: a NaN appeared, in a value." in text
    assert "at index (1,)" in text
    assert "float64[2] with np.float64(-2.0) there" in text
    assert "test_debug.py" in text


def test_an_adjoint_names_what_it_is_the_derivative_of():
    text = message(wg.grad(lambda x: np.sum(np.sqrt(x))), np.array([0.0, 1.0]))
    assert "div: an infinity appeared, in an adjoint or tangent of sqrt." in text
    assert "test_debug.py" in text


def test_a_gradient_that_was_taken_before():
    gradient = wg.grad(lambda x: np.sum(np.sqrt(x)))
    gradient(np.array([1.0, 2.0]))
    text = message(gradient, np.array([0.0, 1.0]))
    assert "in an adjoint or tangent of sqrt." in text
    assert "in <lambda>" in text


def test_a_loop_body():
    def f(x):
        return wg.scan(lambda c, _: (np.log(c), None), x, None, length=3)[0]

    text = message(wg.grad(f), 2.0)
    assert "log: a NaN appeared, in a value." in text


def test_infinities_may_pass():
    with wg.debug_nans(infinities=False):
        assert wg.grad(np.sqrt)(0.0) == np.inf


def test_good_numbers_pass_and_the_block_ends():
    with wg.debug_nans():
        assert wg.grad(np.sin)(0.0) == 1.0
    with np.errstate(all="ignore"):
        assert np.isnan(wg.grad(np.log)(np.nan))


def test_input_that_is_bad_already_is_not_blamed_on_an_operation():
    with wg.debug_nans():
        assert np.isnan(wg.value_and_grad(lambda x: x * 2.0)(np.nan)[0])
