"""The standard's functions give NumPy's results on every dtype: plain, traced and compiled."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.numpy as wnp
from array_api.calls import CALLS, Call
from array_api.comparing import assert_same, leaves_of
from array_api.standard import FUNCTIONS

PAIRS = [(call, dtype) for call in CALLS for dtype in call.dtypes]
# One dtype of each kind; the others go through the same code.
COMPILED = {"bool", "int64", "uint8", "float32", "float64", "complex128"}


def expected_of(call: Call, dtype: str):
    with np.errstate(all="ignore"):
        return call.f(np, *call.arrays(dtype))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_outside_a_recording(call):
    for dtype in call.dtypes:
        with np.errstate(all="ignore"):
            found = call.f(wnp, *call.arrays(dtype))
        assert_same(found, expected_of(call, dtype), exactly=True)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_in_a_recording(call):
    for dtype in call.dtypes:
        arrays = call.arrays(dtype)
        with np.errstate(all="ignore"):
            program = wg.trace(lambda *xs: leaves_of(call.f(wnp, *xs)))(*arrays)
            assert_same(program(*arrays), expected_of(call, dtype), structure=False)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_compiled(call):
    for dtype in COMPILED.intersection(call.dtypes):
        arrays = call.arrays(dtype)
        compiled = wg.jit(lambda *xs: leaves_of(call.f(wnp, *xs)))
        with np.errstate(all="ignore"):
            assert_same(compiled(*arrays), expected_of(call, dtype), structure=False)


def test_every_function_is_called():
    called = {call.name.partition("-")[0] for call in CALLS}
    elsewhere = {"can_cast", "finfo", "iinfo", "isdtype", "result_type"}  # test_namespace.py
    elsewhere |= {"empty", "empty_like", "from_dlpack"}
    missing = {name.rpartition(".")[2] for name in FUNCTIONS} - called - elsewhere
    assert not missing
