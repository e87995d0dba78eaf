"""What rules of the kind `Whole` are given: loops, loads, stores and calls, over arrays in memory.

A rule `f(m, *inputs, outputs, **params)` gets Buffers. `with m.loop(n) as i:` writes a loop whose
index `i` may be used in `m.load` and `m.store`; `m.call` calls a C or Fortran function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from wengert.ir.failure import Failure, status_of
from wengert.native import sorting
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import (
    LLVM_TYPES,
    REAL_OF,
    SIZES,
    Branch,
    Complex,
    Loop,
    Value,
    parts,
    rebuilt,
)
from wengert.native.frame import Frame
from wengert.native.index import Affine, Index, Symbol, bounds, broadcast_index, split
from wengert.native.memory import Buffer, LoopBinding, c_buffer, c_strides, index_value, load, store
from wengert.native.rules import combine

_DTYPES = {"b1": "bool"}
_WRITTEN_OUT = 4  # turns of a short loop that are written one after the other

_LETTERS = {"f4": "s", "f8": "d", "c8": "c", "c16": "z"}


class Machine:
    """Loops, memory and calls for rules that write whole arrays."""

    def __init__(self, b: Arithmetic, frame: Frame) -> None:
        self.b = b
        self.frame = frame
        self.equation: Any = None  # the one whose rule is at work
        self.sites: list[Any] = []  # equations that may fail
        self.calls: list[tuple[Any, str]] = []  # equation and the function it calls
        self.fallback: Callable[[], None] = _no_fallback  # the equation, by the interpreter

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

    @contextmanager
    def between(self, start: Index, stop: Index, extent: int) -> Iterator[Index]:
        """A loop from `start` to `stop` - 1, of one turn at least, below `extent`."""
        loop = self.b.open_loop(self.number(stop), (), self.number(start))
        yield self.index_of(loop, extent)
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

    def each(self, shape: Sequence[int], write: Callable[..., None], lanes: int = 1) -> None:
        """`write(at)` for every index of a shape, in C order; the last axis in lanes."""
        if math.prod(shape) == 0:
            return
        if not shape:
            write(())
            return
        with self.loops(shape[:-1]) as at:
            self.span(shape[-1], lambda i: write((*at, i)), lanes)

    def span(
        self, stop: int, write: Callable[[Index], None], lanes: int = 1, start: int = 0
    ) -> None:
        """`write(i)` for start <= i < stop: whole lanes first, a few turns without a loop."""
        whole = (stop - start) // lanes * lanes if lanes > 1 else 0
        if whole:
            self._loop_of(start, start + whole, write, lanes)
        start += whole
        if stop - start > _WRITTEN_OUT:
            self._loop_of(start, stop, write, 0)
            return
        for i in range(start, stop):
            write(i)

    def _loop_of(self, start: int, stop: int, write: Callable[[Index], None], lanes: int) -> None:
        loop = self.b.open_loop(self.b.index(stop), (), self.b.index(start), max(lanes, 1))
        write(self.index_of(loop, stop, lanes))
        self.b.close_loop(loop)

    def fold(
        self,
        stop: int | Value,
        inits: Sequence[Any],
        turn: Callable[..., Sequence[Any]],
        start: int | Value = 0,
    ) -> list[Any]:
        """Values after start <= i < stop, at least one turn: `turn(i, *values)` gives the next."""
        first, last = [self.b.index(n) if isinstance(n, int) else n for n in (start, stop)]
        loop = self.b.open_loop(last, [v for x in inits for v in parts(x)], first)
        carried = iter(loop.carried)
        values = [rebuilt(x, carried) for x in inits]
        i = self.index_of(loop, stop if isinstance(stop, int) else 1 << 40)
        nexts = [
            self.b.splat(v, own.lanes)
            for v, own in zip(
                [v for x in turn(i, *values) for v in parts(x)], loop.carried, strict=True
            )
        ]
        results = iter(self.b.close_loop(loop, nexts))
        return [rebuilt(x, results) for x in inits]

    def index_of(self, loop: Loop, extent: int, lanes: int = 0) -> Index:
        binding = LoopBinding(loop.index, lanes, self.b.depth)
        return Affine(0, ((Symbol(extent, binding), 1),))

    def common_kind(self, *kinds: str) -> str:
        """The kind that numbers of these kinds are computed in."""
        return np.result_type(*[np.dtype(_DTYPES.get(k, k)) for k in kinds]).str[1:]

    def lanes_for(self, *kinds: str) -> int:
        """How many numbers of these kinds are worked on at once; complex ones one by one."""
        if any(kind[0] == "c" for kind in kinds):
            return 1
        return 32 // max(SIZES[kind] for kind in kinds)

    # -- elements --------------------------------------------------------------------------------

    def load(self, buffer: Buffer, at: Sequence[Index]) -> Any:
        """An element, loaded anew each time: the array may have been written in between."""
        fresh = Buffer(
            buffer.base, buffer.kind, buffer.shape, buffer.strides, buffer.offset, self.b.depth
        )
        return load(self.b, fresh, at)

    def store(self, buffer: Buffer, at: Sequence[Index], value: Any) -> None:
        store(self.b, buffer, at, self.b.convert(value, buffer.kind))

    def view(
        self,
        buffer: Buffer,
        shape: Sequence[int],
        strides: Sequence[int],
        steps: Sequence[tuple[Index, int]] = (),
    ) -> Buffer:
        """The same memory in other axes, from `steps` (an index, a stride) on."""
        offset = buffer.offset
        for i, stride in steps:
            offset = offset + i * stride
        return Buffer(
            buffer.base, buffer.kind, tuple(shape), tuple(strides), offset, buffer.depth, buffer.id
        )

    def load_as(self, buffer: Buffer, at: Sequence[Index], kind: str) -> Any:
        """The same in another kind."""
        return self.b.convert(self.load(buffer, at), kind)

    def reshaped(self, buffer: Buffer, shape: Sequence[int]) -> Buffer:
        """The same memory as an array of another shape; both are in C order."""
        return Buffer(
            buffer.base,
            buffer.kind,
            tuple(shape),
            c_strides(shape),
            buffer.offset,
            buffer.depth,
            buffer.id,
        )

    def broadcast(self, buffer: Buffer, at: Sequence[Index]) -> tuple[Index, ...]:
        """Where an operand is read for the element `at` of an array it broadcasts to."""
        extra = len(buffer.shape) - len(at)
        if extra > 0:
            return (0,) * extra + broadcast_index(at, buffer.shape[extra:])
        return broadcast_index(at, buffer.shape)

    def stack_index(self, buffer: Buffer, at: Sequence[Index]) -> tuple[Index, ...]:
        """Where an operand's axes before the last are read for `at`, to which they broadcast."""
        shape = buffer.shape[:-1]
        return broadcast_index(at, shape)

    def splat(self, x: Any, lanes: int) -> Any:
        """A number in every lane."""
        return rebuilt(x, iter([self.b.splat(v, lanes) for v in parts(x)])) if lanes > 1 else x

    def place(self, buffer: Buffer, at: Sequence[Index], extent: int) -> Index:
        """An integer of an array as a place on an axis; negative ones count from its end."""
        b = self.b
        value = self.load(buffer, at)
        is_signed = value.kind[0] == "i"
        value = b.convert(value, "i8")
        if is_signed:
            value = b.select(
                b.compare("lt", value, b.index(0)), b.add(value, b.index(extent)), value
            )
        return self.opaque(value, extent)

    def unravel(self, place: Index, shape: Sequence[int]) -> tuple[Index, ...]:
        """The index of a place in C order."""
        at: list[Index] = []
        for n in reversed(shape[1:]):
            q, r = split(place, n) or self._divided(place, n)
            at.append(r)
            place = q
        return (place, *reversed(at)) if shape else ()

    def _divided(self, place: Index, n: int) -> tuple[Index, Index]:
        q, r = self.b.unsigned_divide(self.number(place), n)
        return self.opaque(q, bounds(place)[1] // n + 1), self.opaque(r, n)

    def less(self, x: Any, y: Any) -> Value:
        """x < y in the order that NumPy sorts by: a NaN is behind every number."""
        b = self.b
        if isinstance(x, Complex):
            return self._complex_less(x, y)
        below = b.compare("lt", x, y)
        if x.kind[0] != "f":
            return below
        return b.or_(below, b.and_(b.is_nan(y), b.not_(b.is_nan(x))))

    def _complex_less(self, x: Complex, y: Complex) -> Value:
        """R + Rj, R + nanj, nan + Rj, nan + nanj; inside of each by real, then imaginary part."""
        b = self.b
        lost_x, lost_y = b.is_nan(x.im), b.is_nan(y.im)
        same = b.or_(b.compare("eq", x.re, y.re), b.and_(b.is_nan(x.re), b.is_nan(y.re)))
        by_re = b.and_(b.compare("lt", x.re, y.re), b.or_(b.not_(lost_x), lost_y))
        above = b.and_(b.compare("gt", x.re, y.re), b.and_(lost_y, b.not_(lost_x)))
        last = b.and_(b.is_nan(y.re), b.not_(b.is_nan(x.re)))
        return b.select(same, self.less(x.im, y.im), b.or_(last, b.or_(by_re, above)))

    def combine(self, how: str, x: Any, y: Any) -> Any:
        """Two partial results of a reduction in one; see `Reduce`."""
        return combine(self.b, how, x, y)

    def branch(self, condition: Value) -> Branch:
        return self.b.branch(condition)

    def join(self, branch: Branch, x: Any, y: Any) -> Any:
        """End a branch: `x` from its first arm, or `y` from its second."""
        return rebuilt(x, iter(branch.join(parts(x), parts(y))))

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

    def number(self, i: Index) -> Value:
        return index_value(self.b, i)

    def opaque(self, value: Value, extent: int) -> Index:
        """A computed integer as an index."""
        return Affine(0, ((Symbol(extent, value), 1),)) if value.const is None else value.const

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


class Turn:
    """A loop turn with carried values."""

    def __init__(self, index: Index, loop: Loop) -> None:
        self.index = index
        self.values = loop.carried
        self.next: Sequence[Value] = ()
        self.results: list[Value] = []
