"""`make_entry`: a compiled kernel as a Python callable.

A kernel has the C signature `i64 kernel(ptr ins, ptr outs, ptr env)`: arrays of pointers to
contiguous, aligned data, one for each input and output, and a pointer of its own. It returns 0; or
a positive number if a guard failed and nothing was written, so that the next specialization is
tried; or -1 with a Python exception set; or another negative number, which `on_status` turns into
one.

Read `callables.py` (the Python objects), `records.py` (what describes a kernel), `entry_ir.py` (the
machine code that serves all of them), `pool_ir.py` (where large results come from).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import InternalError
from wengert.native import callables, engine, layout, pool, symbols
from wengert.native.callables import NativeCallable, NativeEntry
from wengert.native.entry_ir import entry_ir
from wengert.native.python_entry import PythonEntry
from wengert.native.records import InSpec, OutSpec, Record, Same

__all__ = ["InSpec", "NativeCallable", "NativeEntry", "OutSpec", "Same", "is_fast", "make_entry"]


def make_entry(
    kernel_address: int,
    in_specs: Sequence[InSpec | Same],
    out_specs: Sequence[OutSpec],
    *,
    fallback: Callable[..., Any],
    on_status: Callable[[int], Any] | None = None,
    env: int = 0,
    captured: Sequence[np.ndarray[Any, Any]] = (),
    structure: str = "leaf",
    finish: Callable[[Any], Any] | None = None,
    releases_gil: bool = False,
    keep: Sequence[Any] = (),
) -> Any:
    """A callable that runs a kernel on its positional arguments.

    Parameters
    ----------
    kernel_address : int
        Of the machine code.
    in_specs : sequence of InSpec or Same
        One for each positional argument. The kernel gets the addresses of those that are no
        `Same`, in order, then the captured ones.
    out_specs : sequence of OutSpec
        One for each output.
    fallback : callable
        Called with the same arguments where they do not match `in_specs` or a guard fails: another
        entry, or Python.
    on_status : callable, optional
        Called with a status below -1; must raise.
    env : int, default 0
        The kernel's third argument.
    captured : sequence of ndarray, optional
        More inputs, after the arguments, that are the same at every call.
    structure : {"leaf", "tuple", "list"}
        What the outputs are returned as.
    finish : callable, optional
        Called with that; its answer is returned.
    releases_gil : bool, default False
        Whether other Python threads may run meanwhile: worth its 50 ns above about 20 µs.
    keep : sequence, optional
        Objects that must live as long as the entry, such as the `Linked` of the kernel.

    Returns
    -------
    NativeEntry or PythonEntry
        The latter, several µs slower, where machine code cannot read Python's objects.
    """
    on_status = on_status or _unknown_status
    kept = (*keep, *captured)
    if not is_fast():
        return PythonEntry(
            kernel_address,
            env,
            tuple(in_specs),
            tuple(captured),
            tuple(out_specs),
            structure,
            fallback,
            on_status,
            finish,
            kept,
        )
    record = Record(kernel_address, env, in_specs, captured, out_specs, structure, releases_gil)
    entry = NativeEntry()
    entry.fallback = fallback
    entry.on_status = on_status
    if finish is not None:
        entry.finish = finish
    entry.kept = (record, *kept)
    callables.set_entry(entry, _runtime().address("wg_entry"), record.address)
    return entry


def is_fast() -> bool:
    """Whether calls go through machine code here, rather than through ctypes."""
    return callables.IS_NATIVE and engine.available()


_linked: engine.Linked | None = None


def _runtime() -> engine.Linked:
    """Link the machine code shared by all entries, once a process."""
    global _linked
    if _linked is None:
        with engine.exclusive():
            if _linked is None:
                layout.register()
                pool.ensure()
                symbols.register("wg_entry_type", id(NativeEntry))
                text = entry_ir(callables.field_offsets())
                linked = engine.link(text, "wengert_entry", exports=["wg_entry", "wg_forward"])
                linked.keep_forever()
                callables.set_forward(linked.address("wg_forward"))
                _linked = linked
    return _linked


def _unknown_status(status: int) -> None:
    raise InternalError(f"a native kernel ended with status {status}.")
