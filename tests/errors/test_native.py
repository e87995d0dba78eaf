"""What the native backend says when something is wrong inside: messages for its developers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from wengert.errors import ArgumentError, InternalError
from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Var
from wengert.native import (
    callables,
    callbacks,
    engine,
    entry,
    executable,
    layout,
    library,
    records,
    symbols,
)
from wengert.native.records import InSpec, OutSpec
from wengert.types import Type


def test_a_module_with_an_unknown_symbol():
    ir = "declare i64 @nobody_has_this(i64)\ndefine i64 @f(i64 %x) {\n"
    ir += "%y = call i64 @nobody_has_this(i64 %x)\nret i64 %y\n}\n"
    with pytest.raises(InternalError, match="native module 'lost' cannot be linked"):
        engine.link(ir, "lost", engine.Options(use_disk=False))


def test_an_unknown_pass():
    options = engine.Options(passes=("magic",), use_disk=False)
    with pytest.raises(ArgumentError, match="llvmlite knows no pass named 'magic'"):
        engine.link("define void @f() {\nret void\n}\n", "plain", options)


def test_statuses_that_nobody_knows():
    with pytest.raises(InternalError, match="a native kernel ended with status -77"):
        entry._unknown_status(-77)
    with pytest.raises(InternalError, match="a native function ended with status -77"):
        executable.raise_status(-77)


def test_a_callback_that_breaks_its_type_rule():
    primitive = Primitive("liar", lambda x: np.zeros(3), lambda x: x)
    t = Type((2,), np.float64)
    equation = Equation(primitive, (Var(t),), {}, (Var(t),))
    x = np.ones(2)
    with pytest.raises(InternalError, match="liar returned something else than its type rule says"):
        callbacks.Callback(equation)([x.ctypes.data], [x.ctypes.data])


def test_entries_refuse_what_machine_code_cannot_read():
    number = InSpec((), np.dtype(np.float64), False)
    with pytest.raises(InternalError, match=r"an output of shape \(2,\) cannot be a scalar"):
        records.check_specs([number], [OutSpec((2,), np.dtype(float), False)], "leaf")
    with pytest.raises(InternalError, match="a kernel cannot take or return dtype object"):
        records.check_specs([InSpec((2,), np.dtype(object))], [], "tuple")


def test_numbers_that_do_not_lie_in_their_object(monkeypatch):
    monkeypatch.setattr(layout, "holds_value_inline", lambda dtype: False)
    spec = InSpec((), np.dtype(np.float32), False)
    with pytest.raises(InternalError, match="a native entry cannot read numbers of dtype float32"):
        records.Record(1, 0, [spec], [], [], "tuple", False)


def test_a_name_keeps_its_address():
    symbols.register("wg_of_this_test", 8)
    message = "the native symbol 'wg_of_this_test' cannot be bound to this address"
    with pytest.raises(InternalError, match=message):
        symbols.register("wg_of_this_test", 16)


def test_an_unexpected_python_or_numpy(monkeypatch):
    monkeypatch.setattr(callables, "_flags_of", lambda cls: -1)
    with pytest.raises(RuntimeError, match="the layout of a type is not the expected one"):
        callables._make_base()
    empty = SimpleNamespace(from_address=lambda address: SimpleNamespace(value=0))
    monkeypatch.setattr(layout.ctypes, "c_void_p", empty)
    monkeypatch.setattr(layout.ctypes, "PYFUNCTYPE", lambda *types: lambda name: lambda *a: 8)
    with pytest.raises(RuntimeError, match="an entry of NumPy's table of functions is missing"):
        layout._api(1)


def test_a_blas_with_other_integers(monkeypatch):
    import ctypes

    new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    capsule = new(("PyCapsule_New", ctypes.pythonapi))(8, b"void (long *)", None)
    table = SimpleNamespace(__pyx_capi__={"dgemm": capsule})
    monkeypatch.setattr(library.importlib, "import_module", lambda name: table)
    with pytest.raises(InternalError, match="SciPy's BLAS does not count in C integers"):
        library._capsule_address("cython_blas", "dgemm")
