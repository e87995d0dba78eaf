"""From a Program to the text of its native function: `compile_program`.

The function has the signature `i64 kernel(ptr ins, ptr outs, ptr env)`; `block.py` writes its body,
`control.py` loops and branches, `callbacks.py` what has no native form.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from wengert.control.custom_equation import custom_p
from wengert.ir.program import Equation, Literal, Program, Var, sub_programs
from wengert.native.arithmetic import Arithmetic
from wengert.native.block import BlockNote, BlockWriter
from wengert.native.builder import Value
from wengert.native.callbacks import Callback, write_callback
from wengert.native.control import REGIONS
from wengert.native.elements import Elements
from wengert.native.frame import Frame
from wengert.native.memory import Buffer, c_buffer
from wengert.native.pieces import in_pieces
from wengert.native.prepare import prepare
from wengert.native.rules import kind_of, shape_of
from wengert.native.steps import is_tiny
from wengert.ops.core import copy_p
from wengert.types import Type

Donors = Sequence[tuple[int, int]]  # (output, input) that share their memory


@dataclass
class Kernel:
    """The IR of a compiled Program, and what its function needs at run time."""

    ir: str
    callbacks: list[Callback]
    notes: list[BlockNote] = field(default_factory=list)  # of every block, as it was written
    guards: list[Equation] = field(default_factory=list)
    sites: list[Equation] = field(default_factory=list)  # those that may fail
    arena_bytes: int = 0
    n_instructions: int = 0
    calls: list[tuple[Equation, str]] = field(default_factory=list)  # of library functions
    program: Program | None = None  # in the equations that were written


def compile_program(
    program: Program,
    symbol: str = "kernel",
    is_poisoned: bool = False,
    donors: Donors = (),
) -> Kernel:
    """Write the native function of a Program.

    Its inputs and outputs are in the order of the Program's; a literal output has no place in
    `outs`. `donors` pairs outputs (counted without the literal ones) with inputs whose memory they
    take over: both pointers are the same. Tests ask for poison: memory for intermediate values is
    then filled with NaNs first.
    """
    with _deep_recursion():
        return _compile(prepare(program), symbol, is_poisoned, donors)


def _compile(program: Program, symbol: str, is_poisoned: bool, donors: Donors) -> Kernel:
    b = Arithmetic(symbol, [("ptr", "ins"), ("ptr", "outs"), ("ptr", "env")])
    elements = Elements(b)
    frame = Frame(b)
    frame.is_poisoned = is_poisoned
    env = b.parameters[2]
    callbacks: list[Callback] = []
    guards: list[Equation] = []

    def callback(writer: BlockWriter, eq: Equation, ins: Any, outs: Any) -> None:
        callbacks.append(Callback(eq))
        write_callback(len(callbacks) - 1, env, writer, ins, outs)

    writer = BlockWriter(b, elements, frame, REGIONS, callback)
    writer.guards = guards
    for i, v in enumerate(program.inputs):
        _bind_input(b, elements, v, _table_entry(b, b.parameters[0], i))
    equations, outputs = _distinct_outputs(program)
    places = {v: i for i, v in enumerate([a for a in outputs if type(a) is Var])}

    def place(v: Var) -> Buffer:
        kind = kind_of(v)
        assert kind is not None
        return c_buffer(_table_entry(b, b.parameters[1], places[v]), kind, shape_of(v))

    targets = {v: place(v) for v in places if not is_tiny(v.type)}
    in_order = list(places)
    shared = {in_order[j]: program.inputs[i] for j, i in donors}
    writer.write(equations, in_order, targets, shared)
    for v in places:  # addresses of the small ones are not kept in registers all the way
        if is_tiny(v.type):
            writer.spill_into(v, place(v))
    for v in shared:  # not over the input before all that reads it has run
        if v not in targets:
            writer.spill_into(v, place(v))
    text = in_pieces(frame.finish())
    head = [
        'target triple = "' + _triple() + '"',
        *b.declarations.values(),
        text,
        "attributes #0 = { nounwind }",
        "",
    ]
    return Kernel(
        "\n".join(head),
        callbacks,
        writer.notes,
        guards,
        writer.machine.sites,
        frame.arena.size,
        b.n_instructions,
        writer.machine.calls,
        program,
    )


def _bind_input(b: Arithmetic, elements: Elements, v: Var, pointer: Value) -> None:
    kind = kind_of(v)
    if kind is not None:
        elements.sources[v] = c_buffer(pointer, kind, shape_of(v))


def _table_entry(b: Arithmetic, table: Value, i: int) -> Value:
    place = b.pure(
        ("slot", table.text, i),
        f"getelementptr inbounds ptr, ptr {table.text}, i64 {i}",
        "ptr",
        0,
        0,
    )
    return b.pure(("entry", table.text, i), f"load ptr, ptr {place.text}, align 8", "ptr", 0, 0)


def _distinct_outputs(program: Program) -> tuple[list[Equation], list[Any]]:
    """Outputs that are inputs or the same value twice become copies: each has its own memory."""
    equations = list(program.equations)
    seen: set[Any] = set(program.inputs)
    outputs: list[Any] = []
    for a in program.outputs:
        if type(a) is Var and a in seen:
            copied = Var(a.type)
            equations.append(Equation(copy_p, (a,), {}, (copied,)))
            a = copied
        if type(a) is Var:
            seen.add(a)
        outputs.append(a)
    return equations, outputs


def can_compile(program: Program) -> bool:
    """Whether inputs and outputs are arrays, and every array in it has a native kind."""
    atoms = [*program.inputs, *[a for a in program.outputs if type(a) is Var]]
    return all(type(a.type) is Type for a in atoms) and _has_native_kinds(program)


def _has_native_kinds(program: Program) -> bool:
    """Whether no number is in half or extended precision, here and in the Programs inside."""
    made = [v for eq in program.equations for v in eq.outputs]
    if any([type(v.type) is Type and kind_of(v) is None for v in (*program.inputs, *made)]):
        return False
    return all(
        [_has_native_kinds(p) for eq in program.equations for _, p in sub_programs(eq.params)]
    )


def _triple() -> str:
    import llvmlite.binding as llvm

    return str(llvm.get_process_triple())


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Elements are written where they are read: calls nest as deep as expressions do."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 60_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


__all__ = ["Kernel", "Literal", "can_compile", "compile_program", "custom_p"]
