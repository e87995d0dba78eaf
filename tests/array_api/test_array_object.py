"""A traced array has what the standard gives array objects."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from array_api.standard import ATTRIBUTES, METHODS
from wengert.errors import ConversionError, IndexingError, OptionError


def test_attributes_and_methods():
    def f(x):
        for name in (*ATTRIBUTES, *METHODS):
            assert hasattr(x, name), name
        assert x.device == "cpu"
        assert x.to_device("cpu") is x
        assert x.__dlpack_device__() == np.ones(1).__dlpack_device__()
        return x.sum()

    wg.grad(f)(np.ones((2, 3)))


def test_namespace():
    def f(x):
        for version in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            assert x.__array_namespace__(api_version=version) is wnp
        with pytest.raises(ValueError):
            x.__array_namespace__(api_version="1999.01")
        xp = x.__array_namespace__()
        buffer = xp.zeros(3)
        buffer[1] = xp.sum(x)
        return xp.sum(buffer**2)

    np.testing.assert_array_equal(wg.grad(f)(np.array([1.0, 2.0])), [6.0, 6.0])


def test_other_devices_and_streams():
    with pytest.raises(OptionError, match="to_device: a device that is not there"):
        wg.grad(lambda x: x.to_device("gpu"))(1.0)
    with pytest.raises(OptionError, match="to_device: there are no streams"):
        wg.grad(lambda x: x.to_device("cpu", stream=1))(1.0)


def test_memory_is_not_handed_out():
    message = r"x.__dlpack__\(\) would hand a traced value to another library"
    with pytest.raises(ConversionError, match=message):
        wg.grad(lambda x: np.from_dlpack(x).sum())(np.ones(2))


def test_from_dlpack():
    plain = np.arange(3.0)
    assert np.shares_memory(wnp.from_dlpack(plain), plain)
    assert not np.shares_memory(wnp.from_dlpack(plain, copy=True), plain)

    def f(x):
        assert wnp.from_dlpack(x) is x
        copied = wnp.from_dlpack(x, copy=True)
        copied[0] = 0.0
        return np.sum(copied**2) + np.sum(wnp.from_dlpack(plain) * x)

    np.testing.assert_array_equal(wg.grad(f)(np.ones(3)), [0.0, 3.0, 4.0])


def test_results_are_arrays_that_others_can_read():
    gradient = wg.grad(lambda x: np.sum(x**2))(np.ones(3))
    assert np.shares_memory(np.from_dlpack(gradient), gradient)


def test_conversions_to_python_numbers():
    def f(x, n):
        assert bool(x[0] > 0.0)
        assert int(n) == 2
        assert [10, 20, 30][n] == 30
        for convert in (float, complex):
            with pytest.raises(ConversionError, match="drop its derivative"):
                convert(x[0])
        return x[0]

    wg.grad(f)(np.ones(2), np.int64(2))


def test_scalars_are_subscripted_as_numpys_are():
    def f(x):
        total = np.sum(x)
        assert total[()] is total
        assert type(total[...]) is type(x) and total[...].shape == ()
        assert total[None].shape == total[None, ...].shape == (1,)
        with pytest.raises(TypeError):
            iter(total)
        with pytest.raises(IndexingError, match="a scalar has no elements"):
            total[0]
        return total[()] * total[...] * total[None][0]

    np.testing.assert_allclose(wg.grad(f)(np.array([1.0, 2.0])), [27.0, 27.0])


def test_scalars_stored_in_a_plain_array():
    """NumPy reports a sequence, because of the subscripts; the user sees our error."""

    def f(x):
        buffer = np.zeros(2)
        buffer[0] = x[0]
        return buffer.sum()

    for transform in (wg.grad, wg.jit, wg.trace, lambda g: wg.vmap(g), wg.hessian):
        with pytest.raises(ConversionError, match="a store into a plain array"):
            transform(f)(np.ones((2, 2)) if transform is not wg.grad else np.ones(2))
