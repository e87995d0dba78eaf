"""`Frame`: the memory of one run of a native function, and how it ends.

Arrays that live only during the call come from one arena whose size is known when all code is
written. A function leaves through one exit, which gives the arena back and returns a status.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, SIZES, Value
from wengert.native.index import Index
from wengert.native.library import ENTER, LEAVE
from wengert.native.memory import Arena, Buffer, address, c_buffer

STACK_BYTES = 16 * 1024  # an arena of up to this size lies on the stack
NO_MEMORY = -3  # status where there was none for the arena


class Frame:
    """Memory and exits of the function that a Builder writes."""

    def __init__(self, b: Arithmetic) -> None:
        self.b = b
        self.arena = Arena()
        self.sizes: dict[str, tuple[int, int]] = {}  # base text -> offset, bytes
        self.calls_library = False  # BLAS or LAPACK, which then run on one thread
        self.is_poisoned = False  # whether the arena is filled with NaNs first, in tests
        self.region: Any = None  # of blocks that threads share, while one is written
        self._roll: Value | None = None

    def take(self, kind: str, shape: Sequence[int]) -> Buffer:
        """A new array, its contents undefined, C order."""
        if self.region is not None:
            taken: Buffer = self.region.take(kind, shape)
            return taken
        n_bytes = SIZES[kind] * math.prod(shape)
        offset = self.arena.take(n_bytes)
        base = self.b.pure(
            ("arena", offset),
            f"getelementptr inbounds i8, ptr %arena, i64 {offset}",
            "ptr",
            0,
            0,
        )
        self.sizes[base.text] = (offset, n_bytes)
        return c_buffer(base, kind, shape, self.b.depth)

    def give_back(self, buffer: Buffer) -> None:
        """Let later arrays use the memory of one that nobody reads any more."""
        piece = self.sizes.pop(buffer.base.text, None)
        if piece is not None:
            self.arena.give_back(*piece)

    def roll(self) -> Value:
        """The call's memory of an amount known at run time; see `tape_ir.py`."""
        if self._roll is None:
            self.b.entry_lines.append("%roll = alloca [3 x ptr], align 16")
            self.b.entry_lines.append("store [3 x ptr] zeroinitializer, ptr %roll, align 8")
            self.b.declare("wg_tape_free", "void", ["ptr"])
            self._roll = Value("%roll", "ptr")
        return self._roll

    def scratch(self, kind: str, n: int = 1) -> Value:
        """A few words on the stack, for arguments that C functions take by reference."""
        name = self.b.fresh("s")
        self.b.entry_lines.append(f"{name} = alloca [{n} x {LLVM_TYPES[kind]}], align 16")
        return Value(name, "ptr")

    def pointer(self, buffer: Buffer) -> Value:
        """The address of the first element."""
        a = address(self.b, buffer.offset)
        scale = 2 if buffer.kind in ("c16", "c8") else 1
        t = {"c16": "double", "c8": "float", "b1": "i8"}.get(buffer.kind)
        t = t or LLVM_TYPES[buffer.kind]
        pointer = buffer.base
        for step in (a.scalar, a.const):
            if step is None or step == 0:
                continue
            where = step if isinstance(step, Value) else self.b.index(step)
            where = self.b.mul(where, self.b.index(scale))
            pointer = self.b.pure(
                ("gep", t, pointer.text, where.text),
                f"getelementptr inbounds {t}, ptr {pointer.text}, i64 {where.text}",
                "ptr",
                0,
                max(pointer.depth, where.depth),
            )
        return pointer

    def pointers(self, buffers: Sequence[Buffer]) -> Value:
        """An array of the buffers' addresses, on the stack."""
        table = self.scratch("ptr", max(len(buffers), 1))
        for i, buffer in enumerate(buffers):
            self.b.line(
                f"store ptr {self.pointer(buffer).text}, ptr {self.slot(table, i).text}, align 8"
            )
        return table

    def slot(self, table: Value, i: int) -> Value:
        return self.b.pure(
            ("slot", table.text, i),
            f"getelementptr inbounds ptr, ptr {table.text}, i64 {i}",
            "ptr",
            0,
            table.depth,
        )

    def leave_if(self, condition: Value, status: Value | int) -> None:
        """End the function with a status where the condition holds."""
        text = status.text if isinstance(status, Value) else str(status)
        if condition.const is not None and not condition.const:
            return
        b = self.b
        b.line(f"store i64 {text}, ptr %status, align 8")
        go = b.label()
        b.line(f"br i1 {condition.text}, label %leave, label %{go}")
        b.scope.lines.append(f"{go}:")
        b.scope.label = go

    def finish(self) -> str:
        """The text of the finished function."""
        b = self.b
        size = self.arena.size
        b.entry_lines.append("%status = alloca i64, align 8")
        on_stack = size <= STACK_BYTES
        if on_stack:
            b.entry_lines.append(f"%arena = alloca [{max(size, 8)} x i8], align 64")
        else:
            b.declare("wg_arena_take", "ptr", ["i64"])
            b.declare("wg_arena_give", "void", ["ptr"])
            b.entry_lines.append(f"%arena = call ptr @wg_arena_take(i64 {size})")
            b.entry_lines.append("%lacking = icmp eq ptr %arena, null")
            b.entry_lines.append("br i1 %lacking, label %refused, label %granted")
            b.entry_lines += ["refused:", f"ret i64 {NO_MEMORY}", "granted:"]
        if self.is_poisoned:
            b.declare("llvm.memset.p0.i64", "void", ["ptr", "i8", "i64", "i1"])
            b.entry_lines.append(
                f"call void @llvm.memset.p0.i64(ptr %arena, i8 -1, i64 {size}, i1 false)"
            )
        if self.calls_library:
            for symbol in (ENTER, LEAVE):
                b.declare(symbol, "void", [])
            b.entry_lines.append(f"call void @{ENTER}()")
        b.line("store i64 0, ptr %status, align 8")
        b.line("br label %leave")
        b.scope.lines.append("leave:")
        if self.calls_library:
            b.line(f"call void @{LEAVE}()")
        if self._roll is not None:
            b.line("call void @wg_tape_free(ptr %roll)")
        if not on_stack:
            b.line("call void @wg_arena_give(ptr %arena)")
        b.line("%final = load i64, ptr %status, align 8")
        b.line("ret i64 %final")
        return b.text()


def first_index(shape: Sequence[int]) -> tuple[Index, ...]:
    return (0,) * len(shape)
