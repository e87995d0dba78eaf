"""What rules of the kind `Whole` are given: loops, loads, stores and calls, over arrays in memory.

A rule `f(m, *inputs, outputs, **params)` gets Buffers. `with m.loop(n) as i:` writes a loop whose
index `i` may be used in `m.load` and `m.store`; `m.call` calls a C or Fortran function. Loops and
elements are in `walking.py`, calls and memory here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from wengert.ir.failure import Failure, status_of
from wengert.native import sorting
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, REAL_OF, SIZES, Value
from wengert.native.frame import Frame
from wengert.native.index import Index
from wengert.native.library import cut_symbol
from wengert.native.memory import Buffer, c_buffer, c_strides
from wengert.native.walking import Walker

LETTERS = {"f4": "s", "f8": "d", "c8": "c", "c16": "z"}


class Machine(Walker):
    """Loops, memory and calls for rules that write whole arrays."""

    def __init__(self, b: Arithmetic, frame: Frame) -> None:
        super().__init__(b, frame)
        self.equation: Any = None  # the one whose rule is at work
        self.sites: list[Any] = []  # equations that may fail
        self.calls: list[tuple[Any, str]] = []  # equation and the function it calls
        self.fallback: Callable[[], None] = _no_fallback  # the equation, by the interpreter

    # -- whole arrays ----------------------------------------------------------------------------

    def copy(self, source: Buffer, target: Buffer) -> None:
        """All elements of an array to another one of its shape and kind; nothing onto itself."""
        n = math.prod(source.shape)
        if not n or (source.base.text == target.base.text and source.offset == target.offset):
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

    def sort(self, keys: Buffer, places: Buffer) -> None:
        """Put `places`, which name elements of the vector `keys`, into stable order."""
        sorting.register()
        temporary = self.temporary("i8", places.shape)
        self.call(
            sorting.symbol(keys.kind),
            self.pointer(keys),
            self.pointer(places),
            self.pointer(temporary),
            self.b.index(places.shape[0]),
        )
        self.release(temporary)

    # -- memory and calls ------------------------------------------------------------------------

    def integer(self) -> Buffer:
        """A place for an integer that a library call gives."""
        return c_buffer(self.frame.scratch("i4"), "i4", ())

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

        Arguments go by address: Buffers, text, ints and computed ones; floats in the routine's
        own kind.
        """
        family, routine = name.split("_")
        symbol = f"wg_{family}_{LETTERS[kind]}{routine}"
        addresses = []
        for a in arguments:
            if isinstance(a, Buffer):
                a = self.pointer(a)
            elif isinstance(a, str):
                a = self.word(ord(a), "i1")
            elif isinstance(a, int):
                a = self.word(a, "i4")
            elif isinstance(a, Value):
                place = self.integer()
                self.store(place, (), a)
                a = self.pointer(place)
            elif isinstance(a, (float, complex)):
                a = self.word(a, kind)
            addresses.append(a)
        self.frame.calls_library = True
        self.call(symbol, *addresses)

    def takes_blocks(self, kind: str) -> Value:
        """Whether gemm is to be called for blocks of rows; see `library.py`."""
        needed = self.call(cut_symbol(kind), result="i8")
        assert needed is not None
        return self.b.compare("ne", needed, self.b.index(0))

    def call(self, symbol: str, *arguments: Value, result: str | None = None) -> Value | None:
        """A C function with effects; its scalar result, if it has one."""
        self.calls.append((self.equation, symbol))
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


def _no_fallback() -> None:
    raise AssertionError("outside a rule")
