"""Carried values of a loop: how each is kept from one turn to the next.

InRegisters   a few numbers: loop variables
InTurns       an array in two buffers that change roles each turn
InPlace       an array of which a turn changes a part (`updates.py`): one buffer
AsStack       a stack: its three words are loop variables
Unchanged     what every turn hands on: a constant
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, final

from wengert.ir.program import Literal, Var
from wengert.native.block import BlockWriter
from wengert.native.builder import REAL_OF, SIZES, Complex, Value, parts, rebuilt
from wengert.native.control.tape import moved, stack_of, stack_of_words
from wengert.native.memory import ALIGNMENT, Buffer, c_buffer
from wengert.native.rules import kind_of, shape_of
from wengert.native.steps import is_tiny
from wengert.types import Type


def places(v: Any) -> list[tuple[int, ...]]:
    """Every index of a tiny value."""
    return list(itertools.product(*[range(n) for n in shape_of(v)]))


def numbers_of(w: BlockWriter, atom: Any, like: Var) -> list[Value]:
    """The numbers of a tiny value in the kind of `like`, flat."""
    kind = kind_of(like) or "f8"
    return [
        v for at in places(like) for v in parts(w.b.convert(w.elements.element(atom, at), kind))
    ]


def bind_numbers(w: BlockWriter, v: Var, values: Iterator[Value]) -> None:
    """Let a tiny Var be these numbers."""
    kind = kind_of(v) or "f8"
    some = Value("", REAL_OF.get(kind, kind))
    like = Complex(some, some) if kind in REAL_OF else some
    w.elements.sources[v] = {at: rebuilt(like, values) for at in places(v)}


def copy_of(w: BlockWriter, out: Var, atom: Any, result: Buffer | None = None) -> None:
    """Let a Var be another value, in memory or registers of its own."""
    if not isinstance(out.type, Type):
        w.elements.stacks[out] = stack_of(w, atom)
    elif is_tiny(out.type):
        bind_numbers(w, out, iter(numbers_of(w, atom, out)))
    else:
        buffer = result or w.take(out)
        w.spill_into(atom, buffer)
        if result is None:
            w.keep(out, buffer)
        else:
            w.elements.sources[out] = buffer


class Carried(ABC):
    """One carried value; `var` is the body's input.

    The loop asks `start` for the first values of its loop variables, `bind` to let the body read
    what it carries, `target` for the buffer that the body writes the next one to, `following` for
    the next values of the loop variables, and `finish` to bind the loop's result.
    """

    target: Buffer | None = None

    def __init__(self, w: BlockWriter, var: Var, start: Any) -> None:
        self.w = w
        self.var = var
        self.atom = start

    @abstractmethod
    def start(self) -> list[Value]: ...

    @abstractmethod
    def bind(self, values: Sequence[Value]) -> None: ...

    @abstractmethod
    def following(self, out: Any) -> list[Value]: ...

    @abstractmethod
    def finish(self, out: Var, values: Sequence[Value]) -> None: ...


@final
class InRegisters(Carried):
    """A few numbers, each a loop variable."""

    def start(self) -> list[Value]:
        return numbers_of(self.w, self.atom, self.var)

    def bind(self, values: Sequence[Value]) -> None:
        bind_numbers(self.w, self.var, iter(values))

    def following(self, out: Any) -> list[Value]:
        return numbers_of(self.w, out, self.var)

    def finish(self, out: Var, values: Sequence[Value]) -> None:
        bind_numbers(self.w, out, iter(values))


@final
class AsStack(Carried):
    """A stack; a new one each turn."""

    def start(self) -> list[Value]:
        return stack_of(self.w, self.atom).words(self.w)

    def bind(self, values: Sequence[Value]) -> None:
        self.w.elements.stacks[self.var] = stack_of_words(values)

    def following(self, out: Any) -> list[Value]:
        return stack_of(self.w, out).words(self.w)

    def finish(self, out: Var, values: Sequence[Value]) -> None:
        self.w.elements.stacks[out] = stack_of_words(values)


@final
class Unchanged(Carried):
    """The same in every turn."""

    def start(self) -> list[Value]:
        if not isinstance(self.var.type, Type):
            self.w.elements.stacks[self.var] = stack_of(self.w, self.atom)
        elif type(self.atom) is Literal:
            bind_numbers(self.w, self.var, iter(numbers_of(self.w, self.atom, self.var)))
        else:
            self.w.alias(self.var, self.atom)
        return []

    def bind(self, values: Sequence[Value]) -> None:
        pass

    def following(self, out: Any) -> list[Value]:
        return []

    def finish(self, out: Var, values: Sequence[Value]) -> None:
        copy_of(self.w, out, self.atom)


@final
class InTurns(Carried):
    """An array that is read in one buffer and written in another.

    Where the number of turns is known, the first turn reads what is there and the last one writes
    the result where it belongs.
    """

    def __init__(
        self, w: BlockWriter, var: Var, start: Any, result: Buffer | None, n_turns: int | None
    ) -> None:
        super().__init__(w, var, start)
        self.result = result
        self.n_turns = n_turns
        self.kind = kind_of(var) or "f8"
        self.shape = shape_of(var)
        self.temporary: list[Buffer] = []
        self.pair: list[Buffer] = []

    def start(self) -> list[Value]:
        w, kind, shape = self.w, self.kind, self.shape
        if self.n_turns is None:
            self.pair = _two_in_one(w, kind, shape)
            w.spill_into(self.atom, self.pair[0])
            return [w.frame.pointer(x) for x in self.pair]
        first = w.in_memory(self.atom, self.temporary)
        last = self.result or w.take(self.var)
        other = w.take(self.var) if self.n_turns > 1 else last
        # Turns write alternately to one and to the other; the last turn writes `last`.
        self.pair = [last, other] if self.n_turns % 2 else [other, last]
        return [w.frame.pointer(x) for x in (first, *self.pair)]

    def bind(self, values: Sequence[Value]) -> None:
        depth = self.w.b.depth
        self.values = values
        self.w.elements.sources[self.var] = c_buffer(values[0], self.kind, self.shape, depth)
        self.target = c_buffer(values[1], self.kind, self.shape, depth)

    def following(self, out: Any) -> list[Value]:
        if self.n_turns is None:
            return [self.values[1], self.values[0]]
        return [self.values[1], self.values[2], self.values[1]]

    def finish(self, out: Var, values: Sequence[Value]) -> None:
        w = self.w
        if self.n_turns is None:
            buffer = c_buffer(values[0], self.kind, self.shape, w.b.depth)
            w.frame.sizes[buffer.base.text] = w.frame.sizes.pop(self.pair[0].base.text)
            w.keep(out, buffer)
            return
        is_odd = self.n_turns % 2 == 1
        last, other = self.pair if is_odd else self.pair[::-1]
        for x in (*self.temporary, *([other] if other is not last else [])):
            w.frame.give_back(x)
        if self.result is not None:
            w.elements.sources[out] = self.result
        else:
            w.keep(out, c_buffer(last.base, self.kind, self.shape, w.b.depth))


@final
class InPlace(Carried):
    """An array in one buffer, changed where the body says."""

    def __init__(self, w: BlockWriter, var: Var, start: Any, result: Buffer | None) -> None:
        super().__init__(w, var, start)
        self.result = result

    def start(self) -> list[Value]:
        w = self.w
        self.buffer = self.result or w.take(self.var)
        if not lies_in(w, self.atom, self.buffer):
            w.spill_into(self.atom, self.buffer)
        return []

    def bind(self, values: Sequence[Value]) -> None:
        self.target = self.version()
        self.w.elements.sources[self.var] = self.version()

    def version(self) -> Buffer:
        """The buffer as it stands now: what was read before is not known any more."""
        return renewed(self.buffer, self.w.b.depth)

    def following(self, out: Any) -> list[Value]:
        return []

    def finish(self, out: Var, values: Sequence[Value]) -> None:
        w = self.w
        if self.result is not None:
            w.elements.sources[out] = self.result  # read under other names so far
        else:
            w.keep(out, renewed(self.buffer, w.b.depth))


def lies_in(w: BlockWriter, atom: Any, buffer: Buffer) -> bool:
    """Whether a value lies in this very memory."""
    source = w.elements.sources.get(atom) if type(atom) is Var else None
    if type(source) is not Buffer or source.strides != buffer.strides:
        return False
    return source.base.text == buffer.base.text and source.offset == buffer.offset


def renewed(x: Buffer, depth: int) -> Buffer:
    """The same array with contents of which nothing is known."""
    return Buffer(x.base, x.kind, x.shape, x.strides, x.offset, max(depth, x.base.depth))


def _two_in_one(w: BlockWriter, kind: str, shape: tuple[int, ...]) -> list[Buffer]:
    """Two arrays in one piece of the arena, which is given back as one."""
    n_bytes = SIZES[kind]
    for n in shape:
        n_bytes *= n
    n_bytes = -(-max(n_bytes, 1) // ALIGNMENT) * ALIGNMENT
    both = w.frame.take("u1", (2 * n_bytes,))
    return [
        c_buffer(base, kind, shape, w.b.depth) for base in (both.base, moved(w, both.base, n_bytes))
    ]
