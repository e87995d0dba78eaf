"""What rules of the kind `Whole` are given: loops, loads, stores and calls, over arrays in memory.

A rule `f(m, *inputs, outputs, **params)` gets Buffers. `with m.loop(n) as i:` writes a loop whose
index `i` may be used in `m.load` and `m.store`; `m.call` calls a C or Fortran function.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, Loop, Value
from wengert.native.frame import Frame
from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer, LoopBinding, index_value, load, store


class Machine:
    """Loops, memory and calls for rules that write whole arrays."""

    def __init__(self, b: Arithmetic, frame: Frame) -> None:
        self.b = b
        self.frame = frame

    # -- loops -----------------------------------------------------------------------------------

    @contextmanager
    def loop(self, n: int | Value, carried: Sequence[Value] = ()) -> Iterator[Any]:
        """A loop over `n` >= 1 turns; its index is an Index.

        With `carried` initial values it gives a `Turn`: read `turn.values`, set `turn.next`; after
        the loop `turn.results` holds the last ones.
        """
        stop = self.b.index(n) if isinstance(n, int) else n
        loop = self.b.open_loop(stop, carried)
        turn = Turn(self.index_of(loop, n if isinstance(n, int) else 1 << 40), loop)
        yield turn if carried else turn.index
        turn.results = self.b.close_loop(loop, turn.next)

    @contextmanager
    def loops(self, shape: Sequence[int]) -> Iterator[tuple[Index, ...]]:
        """Nested loops over every index of a shape; nothing is written for an empty one."""
        opened = []
        at: list[Index] = []
        for n in shape:
            if n == 1:
                at.append(0)
                continue
            loop = self.b.open_loop(self.b.index(n))
            opened.append(loop)
            at.append(self.index_of(loop, n))
        yield tuple(at)
        for loop in reversed(opened):
            self.b.close_loop(loop)

    def index_of(self, loop: Loop, extent: int) -> Index:
        binding = LoopBinding(loop.index, 0, self.b.depth)
        return Affine(0, ((Symbol(extent, binding), 1),))

    # -- elements --------------------------------------------------------------------------------

    def load(self, buffer: Buffer, at: Sequence[Index]) -> Any:
        """An element, loaded anew each time: the array may have been written in between."""
        fresh = Buffer(
            buffer.base, buffer.kind, buffer.shape, buffer.strides, buffer.offset, self.b.depth
        )
        return load(self.b, fresh, at)

    def store(self, buffer: Buffer, at: Sequence[Index], value: Any) -> None:
        store(self.b, buffer, at, self.b.convert(value, buffer.kind))

    def number(self, i: Index) -> Value:
        return index_value(self.b, i)

    def opaque(self, value: Value, extent: int) -> Index:
        """A computed integer as an index."""
        return Affine(0, ((Symbol(extent, value), 1),)) if value.const is None else value.const

    def copy(self, source: Buffer, target: Buffer) -> None:
        """All elements of a C-ordered array, to another one of its kind."""
        from math import prod

        from wengert.native.builder import SIZES

        n = prod(source.shape) * SIZES[source.kind]
        if not n:
            return
        self.b.declare("llvm.memcpy.p0.p0.i64", "void", ["ptr", "ptr", "i64", "i1"])
        self.b.line(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {self.pointer(target).text}, "
            f"ptr {self.pointer(source).text}, i64 {n}, i1 false)"
        )

    def fill_zero(self, target: Buffer) -> None:
        from math import prod

        from wengert.native.builder import SIZES

        n = prod(target.shape) * SIZES[target.kind]
        if not n:
            return
        self.b.declare("llvm.memset.p0.i64", "void", ["ptr", "i8", "i64", "i1"])
        self.b.line(
            f"call void @llvm.memset.p0.i64(ptr {self.pointer(target).text}, i8 0, i64 {n}, i1 false)"
        )

    # -- memory and calls ------------------------------------------------------------------------

    def temporary(self, kind: str, shape: Sequence[int]) -> Buffer:
        """An array for use until `release`."""
        return self.frame.take(kind, shape)

    def release(self, *buffers: Buffer) -> None:
        for buffer in buffers:
            self.frame.give_back(buffer)

    def pointer(self, buffer: Buffer) -> Value:
        return self.frame.pointer(buffer)

    def reference(self, value: Value) -> Value:
        """The address of a word that holds a number, as Fortran takes its arguments."""
        place = self.frame.scratch(value.kind)
        self.b.line(f"store {value.operand}, ptr {place.text}, align 8")
        return place

    def characters(self, text: str) -> Value:
        """The address of a character argument."""
        place = self.frame.scratch("i1", len(text))
        for k, letter in enumerate(text):
            self.b.line(
                f"store i8 {ord(letter)}, ptr "
                f"{self.b.pure(('char', place.text, k), f'getelementptr i8, ptr {place.text}, i64 {k}', 'ptr', 0, 0).text}"
            )
        return place

    def call(self, symbol: str, *arguments: Value, result: str | None = None) -> Value | None:
        """A C function with effects; its scalar result, if it has one."""
        types = [a.type for a in arguments]
        returned = LLVM_TYPES[result] if result else "void"
        self.b.declare(symbol, returned, types)
        text = f"call {returned} @{symbol}({', '.join([a.operand for a in arguments])})"
        if result is None:
            self.b.line(text)
            return None
        name = self.b.fresh()
        self.b.line(f"{name} = {text}")
        return Value(name, result, 0, self.b.depth)

    def fail_if(self, condition: Value, status: int) -> None:
        """End the native function with an error."""
        self.frame.leave_if(condition, status)


class Turn:
    """A loop turn with carried values."""

    def __init__(self, index: Index, loop: Loop) -> None:
        self.index = index
        self.values = loop.carried
        self.next: Sequence[Value] = ()
        self.results: list[Value] = []
