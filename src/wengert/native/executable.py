"""`Executable`: a Program compiled and linked, ready to run on values.

`run` is the general way in, from Python: any layout, any number type of the right dtype. The quick
way is an entry in machine code (`entry.py`), which `jit` makes from the same kernel.
"""

from __future__ import annotations

import ctypes
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.control.guard import GuardFailed
from wengert.errors import InternalError, describe_location
from wengert.ir.failure import parse_status
from wengert.ir.program import Equation, Program, Var
from wengert.native import callbacks, engine, runtime, stored
from wengert.native.compiler import Donors, compile_program
from wengert.native.frame import NO_MEMORY
from wengert.native.rules import array_type

_Function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


@dataclass(frozen=True)
class Seconds:
    """Where the time of making an Executable went."""

    passes: float = 0.0
    write: float = 0.0
    parse: float = 0.0
    codegen: float = 0.0
    link: float = 0.0

    @property
    def total(self) -> float:
        return self.passes + self.write + self.parse + self.codegen + self.link


_MAX_EXECUTABLES = 1024
_executables: dict[Any, Executable] = {}  # by structure key, least recently used first


def _unchanged(program: Program) -> Program:
    return program


def executable_for(
    program: Program,
    optimize: Callable[[Program], Program] = _unchanged,
    donors: Donors = (),
) -> Executable:
    """The native code of a Program, made once a structure; `optimize` is run before.

    What an earlier process made is taken from disk, without running `optimize`.
    """
    with engine.exclusive():  # also for what is global while code is written
        key = (program.key, tuple(donors))
        known = _executables.pop(key, None)
        if known is None:
            known = None if donors else _stored(program, optimize)
            known = known or Executable(program, optimize=optimize, donors=donors)
            if len(_executables) >= _MAX_EXECUTABLES:
                _executables.pop(next(iter(_executables)))
        _executables[key] = known
        return known


def _effort(n_instructions: int) -> int:
    """LLVM's effort: less for code whose generation would take longer than it can save."""
    return 2 if n_instructions < 3000 else 1 if n_instructions < 60_000 else 0


def clear_executables() -> None:
    """Forget all native code that nobody holds."""
    _executables.clear()


def _stored(program: Program, optimize: Callable[[Program], Program]) -> Executable | None:
    """The Executable from what is on disk; if nothing is, what is made now will be kept there."""
    key = stored.key_of(program, f"{optimize.__module__}.{optimize.__qualname__}")
    if key is None:
        return None
    callbacks.register()
    runtime.ensure()
    found = stored.load(key)
    if found is not None:
        return Executable(program, optimize=optimize, found=found)
    made = Executable(program, optimize=optimize)
    if not made.n_callbacks:
        stored.save(key, made.linked, made.facts)
    return made


class Executable:
    """Native code of a Program.

    Parameters
    ----------
    program : Program
        All inputs are given at each call, captured ones too.
    is_poisoned : bool
        Whether memory for intermediate values is filled with NaNs first: for tests.
    effort : int, optional
        LLVM's in code generation, 0 to 3; by default what the size of the code allows.
    optimize : callable
        What is done to the Program first. Inputs, and which outputs are literals, stay the same.
    donors : sequence of (output, input)
        Outputs that take over an input's memory, see `compile_program`; not in `run`.
    found : pair, optional
        What is linked already, and what is known of it: see `stored.py`.
    """

    def __init__(
        self,
        program: Program,
        is_poisoned: bool = False,
        effort: int | None = None,
        optimize: Callable[[Program], Program] = _unchanged,
        donors: Donors = (),
        found: tuple[engine.Linked, stored.Facts] | None = None,
    ) -> None:
        self.program = program
        self.donors = donors
        self._optimize = optimize
        self._sites: Sequence[Equation] | None = None
        if found is None:
            callbacks.register()
            runtime.ensure()
            start = time.perf_counter()
            optimized = optimize(program)
            passed = time.perf_counter()
            kernel = compile_program(optimized, is_poisoned=is_poisoned, donors=donors)
            written = time.perf_counter()
            if effort is None:
                effort = _effort(kernel.n_instructions)
            options = engine.Options(opt_level=effort)
            self.linked = engine.link(kernel.ir, "wengert_kernel", options, exports=["kernel"])
            done = self.linked.seconds
            self.seconds = Seconds(
                passed - start, written - passed, done.parse, done.codegen, done.link
            )
            self.facts = stored.Facts(
                kernel.arena_bytes, len(kernel.guards), len(kernel.sites), kernel.n_instructions
            )
            self._sites = kernel.sites
            self.n_callbacks = len(kernel.callbacks)
            self.env = callbacks.new_table(kernel.callbacks)
        else:
            self.linked, self.facts = found
            self.seconds = Seconds(link=self.linked.seconds.link)
            self.n_callbacks = 0
            self.env = callbacks.new_table(())
        weakref.finalize(self, callbacks.drop_table, self.env).atexit = False
        self.address = self.linked.address("kernel")
        self._function = _Function(self.address)
        self._in_types = [v.type for v in program.inputs]
        self._outs = [a for a in program.outputs if type(a) is Var]

    @property
    def from_disk(self) -> bool:
        """Whether the code came from disk, before passes and IR were made or after."""
        return self.linked.from_disk

    @property
    def sites(self) -> Sequence[Equation]:
        """The equations that may fail, by number; found out again for code from disk."""
        if self._sites is None:
            with engine.exclusive():
                self._sites = compile_program(self._optimize(self.program)).sites
        return self._sites

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The outputs for values of all inputs; raises `GuardFailed` where a decision differs."""
        arrays = [
            np.require(v, t.dtype, ("C", "A"))  # type: ignore[union-attr]  # no stacks outside
            for v, t in zip(values, self._in_types, strict=True)
        ]
        outs = [np.empty(array_type(v).shape, array_type(v).dtype) for v in self._outs]
        ins_table = (ctypes.c_void_p * max(len(arrays), 1))(*[a.ctypes.data for a in arrays])
        outs_table = (ctypes.c_void_p * max(len(outs), 1))(*[a.ctypes.data for a in outs])
        status = self._function(ctypes.addressof(ins_table), ctypes.addressof(outs_table), self.env)
        if status:
            if status > 0:
                raise GuardFailed
            self.raise_status(status)
        made = iter(outs)
        return [next(made) if type(a) is Var else a.value for a in self.program.outputs]

    def raise_status(self, status: int) -> None:
        """Raise what a negative status of the kernel stands for."""
        raise_status(status, self.sites if parse_status(status) else ())


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
