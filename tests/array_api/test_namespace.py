"""The namespace itself: version, inspection, constants, dtypes and questions about dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from array_api.standard import CONSTANTS, DTYPES, FUNCTIONS, KINDS, VERSION, resolve
from wengert.errors import OptionError


def test_version():
    assert wnp.__array_api_version__ >= VERSION


def test_every_name_is_there():
    for name in FUNCTIONS:
        assert callable(resolve(wnp, name)), name


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name):
    value, expected = getattr(wnp, name), CONSTANTS[name]
    assert value is expected or value == expected or (value != value and expected != expected)


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name):
    dtype = getattr(wnp, name)
    assert dtype == np.dtype(name)
    assert dtype == wnp.zeros(1, dtype=dtype).dtype


def test_inspection():
    info = wnp.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"] is True
    assert info.capabilities()["data-dependent shapes"] is True
    assert info.default_device() == "cpu"
    assert info.devices() == ["cpu"]
    assert set(info.default_dtypes()) == {
        "real floating",
        "complex floating",
        "integral",
        "indexing",
    }
    assert set(info.dtypes()) == set(DTYPES)
    for kind, names in KINDS.items():
        assert set(info.dtypes(kind=kind)) == set(names), kind


def traced_answer(question, x):
    """What a question about a traced array is answered."""
    answers = []

    def f(x):
        answers.append(question(x))
        return x

    wg.trace(f)(x)
    return answers[0]


@pytest.mark.parametrize("name", DTYPES)
def test_questions_about_dtypes(name):
    x = np.ones(3, name)
    for other in DTYPES:
        dtype = np.dtype(other)
        assert traced_answer(lambda x: wnp.result_type(x, dtype), x) == np.result_type(x, dtype)
        assert traced_answer(lambda x: wnp.can_cast(x, dtype), x) == np.can_cast(x.dtype, dtype)
    for kind in KINDS:
        expected = name in KINDS[kind]
        assert wnp.isdtype(x.dtype, kind) is expected
        assert traced_answer(lambda x: wnp.isdtype(x.dtype, (kind,)), x) is expected
    assert traced_answer(lambda x: wnp.result_type(x, 1), x) == np.result_type(x, 1)
    if x.dtype.kind in "fc":
        assert wnp.finfo(x.dtype).eps == np.finfo(name).eps
        assert traced_answer(lambda x: wnp.finfo(x).bits, x) == np.finfo(name).bits
    elif x.dtype.kind in "iu":
        assert traced_answer(lambda x: wnp.iinfo(x.dtype).max, x) == np.iinfo(name).max


CREATING = {
    "arange": lambda d: wnp.arange(3, device=d),
    "asarray": lambda d: wnp.asarray([1.0], device=d),
    "empty": lambda d: wnp.empty(2, device=d),
    "empty_like": lambda d: wnp.empty_like(np.ones(2), device=d),
    "eye": lambda d: wnp.eye(2, device=d),
    "full": lambda d: wnp.full(2, 1.0, device=d),
    "full_like": lambda d: wnp.full_like(np.ones(2), 1.0, device=d),
    "linspace": lambda d: wnp.linspace(0, 1, 3, device=d),
    "ones": lambda d: wnp.ones(2, device=d),
    "ones_like": lambda d: wnp.ones_like(np.ones(2), device=d),
    "zeros": lambda d: wnp.zeros(2, device=d),
    "zeros_like": lambda d: wnp.zeros_like(np.ones(2), device=d),
    "fftfreq": lambda d: wnp.fft.fftfreq(4, device=d),
    "astype": lambda d: wnp.astype(np.ones(2), np.dtype("float32"), device=d),
    "from_dlpack": lambda d: wnp.from_dlpack(np.ones(2), device=d),
}


@pytest.mark.parametrize("name", CREATING)
def test_devices(name):
    make = CREATING[name]
    for device in ("cpu", None):
        assert make(device).device == "cpu"
        assert wg.trace(lambda x: (make(device), x))(1.0)
    with pytest.raises(ValueError):
        make("gpu")


def test_devices_of_traced_arrays():
    with pytest.raises(OptionError, match=r"astype: a device that is not there"):
        wg.grad(lambda x: wnp.astype(x, np.float32, device="gpu").sum())(np.ones(2))
    with pytest.raises(OptionError, match=r"zeros: a device that is not there"):
        wg.grad(lambda x: wnp.zeros(2, device="gpu")[0] + x)(1.0)


def test_copies():
    plain = np.ones(3)
    assert wnp.asarray(plain) is plain
    assert wnp.asarray(plain, copy=False) is plain
    assert not np.shares_memory(wnp.asarray(plain, copy=True), plain)
    with pytest.raises(ValueError):
        wnp.asarray([1.0], copy=False)

    def f(x):
        assert wnp.asarray(x) is x
        assert wnp.asarray(x, copy=False) is x
        assert wnp.array(x, copy=False) is x
        other = wnp.asarray(x, copy=True)
        other[0] = 5.0
        assert wnp.astype(x, x.dtype, copy=False) is x
        return x.sum() + other.sum()

    np.testing.assert_array_equal(wg.grad(f)(plain), [1.0, 2.0, 2.0])
    for make in (wnp.asarray, wnp.array):
        with pytest.raises(OptionError, match="a copy is needed and copy=False forbids it"):
            wg.grad(lambda x: make(x, dtype=np.complex64, copy=False)[0])(plain)
