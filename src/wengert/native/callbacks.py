"""Calls from native code back into the interpreter, for equations without a native form.

Native code calls `wg_callback(env, k, ins, outs)`: entry k of the table `env`, with the addresses
of the arrays. What the Python code raises is kept for the thread and raised again when the native
function has returned its status.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import InternalError
from wengert.ir.program import Equation, Var
from wengert.native import symbols
from wengert.native.block import BlockWriter
from wengert.native.builder import Value
from wengert.native.memory import Buffer
from wengert.trace.evaluate import implementation
from wengert.types import Type

RAISED = -2  # status: a callback raised, see `raise_pending`

_tables: dict[int, list[Callback]] = {}
_numbers = itertools.count(1)
_pending = threading.local()


class Callback:
    """One equation that runs on the interpreter, between arrays in native memory."""

    def __init__(self, equation: Equation) -> None:
        self.name = equation.primitive.name
        self.equation = equation
        self.function = implementation(equation)
        self.is_multiple = equation.primitive.is_multiple
        self.ins = [_View(a) for a in equation.inputs]
        self.outs: list[Any] = [v.type for v in equation.outputs]

    def __call__(self, ins: Any, outs: Any) -> None:
        args = [view(ins[i]) for i, view in enumerate(self.ins)]
        result = self.function(*args)
        results = result if self.is_multiple else (result,)
        for i, (type_, value) in enumerate(zip(self.outs, results, strict=True)):
            value = np.asarray(value)
            if value.shape != type_.shape or value.dtype != type_.dtype:
                raise InternalError(
                    f"{self.name} returned something else than its type rule says.",
                    got=f"{value.dtype.name}{list(value.shape)}",
                    expected=repr(type_),
                )
            _array(outs[i], type_)[...] = value


class _View:
    """How an input is shown to the interpreter: an array over native memory, or a number."""

    def __init__(self, atom: Any) -> None:
        self.is_var = type(atom) is Var
        self.type: Any = atom.type if self.is_var else None
        self.value = None if self.is_var else atom.value

    def __call__(self, address: int) -> Any:
        if not self.is_var:
            return self.value
        array = _array(address, self.type)
        if not array.shape:
            return array[()]
        array.flags.writeable = False
        return array


def _array(address: int, type_: Type) -> Any:
    n_bytes = type_.size * type_.dtype.itemsize
    if not n_bytes:
        return np.empty(type_.shape, type_.dtype)
    memory: Any = (ctypes.c_char * n_bytes).from_address(address)
    return np.ndarray(type_.shape, type_.dtype, buffer=memory)


def new_table(callbacks: Sequence[Callback]) -> int:
    """A number for a list of callbacks: the `env` of the kernel that makes them."""
    number = next(_numbers)
    _tables[number] = list(callbacks)
    return number


def drop_table(number: int) -> None:
    _tables.pop(number, None)


def _call(env: int, k: int, ins: Any, outs: Any) -> int:
    try:
        _tables[env][k](ins, outs)
    except BaseException as error:  # raised again behind the native function
        _pending.error = error
        return RAISED
    return 0


_Signature = ctypes.CFUNCTYPE(
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_void_p),
)
_function = _Signature(_call)


def register() -> None:
    """Let native code find `wg_callback`."""
    if symbols.address("wg_callback") is None:
        address = ctypes.cast(_function, ctypes.c_void_p).value
        assert address is not None
        symbols.register("wg_callback", address)


def raise_pending() -> None:
    """Raise what a callback of this thread raised."""
    error = getattr(_pending, "error", None)
    _pending.error = None
    if error is not None:
        raise error


def write_callback(k: int, env: Value, writer: BlockWriter, ins: Any, outs: list[Buffer]) -> None:
    """The code of one call; the function ends where the callback raised."""
    b, frame = writer.b, writer.frame
    b.declare("wg_callback", "i64", ["ptr", "i64", "ptr", "ptr"])
    status = b.fresh()
    b.line(
        f"{status} = call i64 @wg_callback(ptr {env.text}, i64 {k}, "
        f"ptr {frame.pointers(ins).text}, ptr {frame.pointers(outs).text})"
    )
    value = Value(status, "i8", 0, b.depth)
    frame.leave_if(b.compare("ne", value, b.index(0)), value)
