"""What rules of the kind `Whole` are given: loops, loads, stores and calls, over arrays in memory.

A rule `f(m, *inputs, outputs, **params)` gets Buffers. `with m.loop(n) as i:` writes a loop whose
index `i` may be used in `m.load` and `m.store`; `m.call` calls a C or Fortran function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wengert.ir.failure import Failure, status_of
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, REAL_OF, SIZES, Loop, Value
from wengert.native.frame import Frame
from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer, LoopBinding, c_strides, index_value, load, store

_LETTERS = {"f4": "s", "f8": "d", "c8": "c", "c16": "z"}


class Machine:
    """Loops, memory and calls for rules that write whole arrays."""

    def __init__(self, b: Arithmetic, frame: Frame) -> None:
        self.b = b
        self.frame = frame
        self.equation: Any = None  # the one whose rule is at work
        self.sites: list[Any] = []  # equations that may fail

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

    @contextmanager
    def steps(self, start: int, stop: int, step: int) -> Iterator[Index]:
        """A loop `for i in range(start, stop, step)`, of one turn at least."""
        if stop - start <= step:
            yield start
            return
        loop = self.b.open_loop(self.b.index(stop), (), self.b.index(start), step)
        yield self.index_of(loop, stop)
        self.b.close_loop(loop)

    def lanes(self, first: Index, lanes: int, extent: int) -> Index:
        """`lanes` indices side by side, from `first` on."""
        if not lanes:
            return first
        binding = LoopBinding(self.number(first), lanes, self.b.depth)
        return Affine(0, ((Symbol(extent, binding), 1),))

    def in_lanes(self, n: int, lanes: int, body: Callable[[Index], None]) -> None:
        """`body(i)` for i from 0 to n - 1: written for whole lanes of indices, then for single
        ones."""
        whole = n - n % lanes if lanes else 0
        if whole:
            with self.steps(0, whole, lanes) as i:
                body(self.lanes(i, lanes, n))
        if whole < n:
            with self.steps(whole, n, 1) as i:
                body(i)

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
        """All elements of an array to another one of its shape and kind."""
        n = math.prod(source.shape)
        if not n:
            return
        if not all(
            [
                s == t == c or n == 1
                for s, t, c, n in zip(
                    source.strides,
                    target.strides,
                    c_strides(source.shape),
                    source.shape,
                    strict=True,
                )
            ]
        ):
            self._copy_elements(source, target)
            return
        self.b.declare("llvm.memcpy.p0.p0.i64", "void", ["ptr", "ptr", "i64", "i1"])
        self.b.line(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {self.pointer(target).text}, "
            f"ptr {self.pointer(source).text}, i64 {n * SIZES[source.kind]}, i1 false)"
        )

    def _copy_elements(self, source: Buffer, target: Buffer) -> None:
        """Loops in the order of the target, in blocks of rows that the source has side by side."""
        order = sorted(range(len(source.shape)), key=lambda i: -abs(target.strides[i]))
        inner = min(order, key=lambda i: (source.strides[i] == 0, abs(source.strides[i])))
        block = 8 if source.shape[inner] >= 16 and order[-1] != inner else 1
        whole = source.shape[inner] - source.shape[inner] % block
        for start, stop, step in ((0, whole, block), (whole, source.shape[inner], 1)):
            if start == stop:
                continue
            with self.steps(start, stop, step) as first:
                shape = [1 if i == inner else source.shape[i] for i in order]
                with self.loops(shape) as turns:
                    at: list[Index] = [0] * len(order)
                    for i, turn in zip(order, turns, strict=True):
                        at[i] = turn
                    values = []
                    for k in range(step):
                        at[inner] = first + k
                        values.append((list(at), self.load(source, at)))
                    for place, value in values:
                        self.store(target, place, value)

    def fill_zero(self, target: Buffer) -> None:
        """Zero in all elements of a C-ordered array."""
        n = math.prod(target.shape) * SIZES[target.kind]
        if not n:
            return
        self.b.declare("llvm.memset.p0.i64", "void", ["ptr", "i8", "i64", "i1"])
        self.b.line(
            f"call void @llvm.memset.p0.i64(ptr {self.pointer(target).text}, "
            f"i8 0, i64 {n}, i1 false)"
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

    def word(self, x: Any, kind: str) -> Value:
        """The address of a constant, as Fortran takes its arguments."""
        if kind in REAL_OF:
            real = REAL_OF[kind]
            parts = [self.b.constant(v, real).operand for v in (complex(x).real, complex(x).imag)]
            text = f"[2 x {LLVM_TYPES[real]}] [{', '.join(parts)}]"
        else:
            text = self.b.constant(x, kind).operand
        known = self.b.declarations
        for name, line in known.items():
            if line.endswith(f"constant {text}"):
                return Value(f"@{name}", "ptr")
        name = f"wg_word_{len(known)}"
        known[name] = f"@{name} = private unnamed_addr constant {text}"
        return Value(f"@{name}", "ptr")

    def library(self, name: str, kind: str, *arguments: Any) -> None:
        """Call BLAS or LAPACK: `name` is "blas_" or "lapack_" and a routine without its letter.

        Arguments go by address: Buffers, text, ints; floats in the routine's own kind.
        """
        family, routine = name.split("_")
        symbol = f"wg_{family}_{_LETTERS[kind]}{routine}"
        addresses = []
        for a in arguments:
            if isinstance(a, Buffer):
                a = self.pointer(a)
            elif isinstance(a, str):
                a = self.word(ord(a), "i1")
            elif isinstance(a, int):
                a = self.word(a, "i4")
            elif isinstance(a, (float, complex)):
                a = self.word(a, kind)
            addresses.append(a)
        self.frame.calls_library = True
        self.call(symbol, *addresses)

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

    def fail_if(self, condition: Value, kind: Failure, number: Value | None = None) -> None:
        """End the native function with an error where a condition holds, in any of its lanes."""
        if self.equation not in self.sites:
            self.sites.append(self.equation)
        status: Any = status_of(kind, self.sites.index(self.equation))
        if number is not None:
            status = self.b.sub(self.b.index(status), number)
        self.frame.leave_if(self.any_lane(condition), status)

    def any_lane(self, x: Value) -> Value:
        """Whether a condition holds in any lane."""
        while x.lanes > 1:
            half = x.lanes // 2
            low, high = self.b.shuffle(x, range(half)), self.b.shuffle(x, range(half, 2 * half))
            x = self.b.or_(low, high)
        return self.b.extract(x, 0) if x.lanes else x


class Turn:
    """A loop turn with carried values."""

    def __init__(self, index: Index, loop: Loop) -> None:
        self.index = index
        self.values = loop.carried
        self.next: Sequence[Value] = ()
        self.results: list[Value] = []
