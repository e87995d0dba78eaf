"""`Executable`: a Program compiled and linked, ready to run on values.

`run` is the general way in, from Python: any layout, any number type of the right dtype. The quick
way is an entry in machine code (`entry.py`), which `jit` makes from the same kernel.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.control.guard import GuardFailed
from wengert.errors import InternalError, describe_location
from wengert.ir.failure import parse_status
from wengert.ir.program import Equation, Program, Var
from wengert.native import callbacks, engine, runtime
from wengert.native.compiler import Kernel, compile_program
from wengert.native.frame import NO_MEMORY

_Function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


@dataclass(frozen=True)
class Seconds:
    """Where the time of making an Executable went."""

    write: float
    parse: float
    codegen: float
    link: float

    @property
    def total(self) -> float:
        return self.write + self.parse + self.codegen + self.link


_MAX_EXECUTABLES = 1024
_executables: dict[int, Executable] = {}  # by structure key, least recently used first


def executable_for(
    program: Program, optimize: Callable[[Program], Program] = lambda program: program
) -> Executable:
    """The native code of a Program, made once a structure; `optimize` is run before."""
    key = program.key
    known = _executables.pop(key, None)
    if known is None:
        known = Executable(optimize(program))
        if len(_executables) >= _MAX_EXECUTABLES:
            _executables.pop(next(iter(_executables)))
    _executables[key] = known
    return known


def clear_executables() -> None:
    """Forget all native code that nobody holds."""
    _executables.clear()


class Executable:
    """Native code of a Program.

    Parameters
    ----------
    program : Program
        All inputs are given at each call, captured ones too.
    is_poisoned : bool
        Whether memory for intermediate values is filled with NaNs first: for tests.
    """

    def __init__(self, program: Program, is_poisoned: bool = False) -> None:
        callbacks.register()
        runtime.ensure()
        start = time.perf_counter()
        self.program = program
        self.kernel: Kernel = compile_program(program, is_poisoned=is_poisoned)
        written = time.perf_counter() - start
        self.linked = engine.link(self.kernel.ir, "wengert_kernel", exports=["kernel"])
        done = self.linked.seconds
        self.seconds = Seconds(written, done.parse, done.codegen, done.link)
        self.env = callbacks.new_table(self.kernel.callbacks)
        self.address = self.linked.address("kernel")
        self._function = _Function(self.address)
        self._in_types = [v.type for v in program.inputs]
        self._outs = [a for a in program.outputs if type(a) is Var]

    def __del__(self) -> None:
        env = getattr(self, "env", None)
        if env is not None:
            callbacks.drop_table(env)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The outputs for values of all inputs; raises `GuardFailed` where a decision differs."""
        arrays = [
            np.ascontiguousarray(v, t.dtype)  # type: ignore[union-attr]  # no stacks outside
            for v, t in zip(values, self._in_types, strict=True)
        ]
        outs = [np.empty(v.type.shape, v.type.dtype) for v in self._outs]  # type: ignore[union-attr]
        ins_table = (ctypes.c_void_p * max(len(arrays), 1))(*[a.ctypes.data for a in arrays])
        outs_table = (ctypes.c_void_p * max(len(outs), 1))(*[a.ctypes.data for a in outs])
        status = self._function(ctypes.addressof(ins_table), ctypes.addressof(outs_table), self.env)
        if status:
            if status > 0:
                raise GuardFailed
            raise_status(status, self.kernel.sites)
        made = iter(outs)
        return [next(made) if type(a) is Var else a.value for a in self.program.outputs]


def raise_status(status: int, sites: Sequence[Equation] = ()) -> None:
    """Raise what a negative status of a kernel stands for; `sites` are its `Kernel.sites`."""
    failed = parse_status(status)
    if failed is not None:
        error, site = failed
        if site < len(sites):
            eq = sites[site]
            where = describe_location(eq.source)
            error.add_note(f"in {eq.primitive.name}{f' at {where}' if where else ''}, compiled")
        raise error
    if status == callbacks.RAISED:
        callbacks.raise_pending()
    if status == NO_MEMORY:
        raise MemoryError("a native function got no memory for its intermediate values")
    raise InternalError(f"a native function ended with status {status}.")
