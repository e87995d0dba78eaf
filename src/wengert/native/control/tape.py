"""Stacks natively: where their items lie, and the tapes that loops of unknown length write.

All stacks that one loop leaves lie side by side: a *record* a turn, with a field for each. A stack
is an address, the distance from one record to the next, and a count. An item that is itself a
stack is those three words. An empty stack stands for zeros wherever items are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wengert.ir.program import Var
from wengert.native.block import BlockWriter
from wengert.native.builder import Value
from wengert.native.memory import Buffer, c_buffer, load, store
from wengert.native.rules import kind_of, shape_of
from wengert.types import AnyType, StackType

FIRST_RECORDS = 32  # that a tape of unknown length has room for at first


@dataclass(frozen=True)
class StackValue:
    """A stack: item i lies at `base` + `offset` + i `stride` bytes."""

    base: Value
    offset: int
    stride: Value
    count: Value

    def words(self, w: BlockWriter) -> list[Value]:
        """Three words that say all."""
        return [moved(w, self.base, self.offset), self.stride, self.count]


def stack_of_words(words: Sequence[Value]) -> StackValue:
    return StackValue(words[0], 0, words[1], words[2])


def empty_stack(w: BlockWriter) -> StackValue:
    return StackValue(Value("null", "ptr"), 0, w.b.index(0), w.b.index(0))


def stack_of(w: BlockWriter, v: Var) -> StackValue:
    found: StackValue = w.elements.stacks[v]
    return found


# -- addresses -------------------------------------------------------------------------------------


def moved(w: BlockWriter, pointer: Value, n_bytes: Value | int) -> Value:
    """An address so many bytes further on."""
    where = n_bytes if isinstance(n_bytes, Value) else w.b.index(n_bytes)
    if where.const == 0:
        return pointer
    return w.b.pure(
        ("gep", "i8", pointer.text, where.text),
        f"getelementptr i8, ptr {pointer.text}, i64 {where.text}",
        "ptr",
        0,
        max(pointer.depth, where.depth),
    )


def zeros_at(w: BlockWriter, n_bytes: int) -> Value:
    """The address of so many zeros."""
    known = w.b.declarations.get("wg_zeros", "")
    size = int(known.split("[")[1].split(" ")[0]) if known else 0
    size = max(size, n_bytes, 64)
    w.b.declarations["wg_zeros"] = (
        f"@wg_zeros = internal global [{size} x i8] zeroinitializer, align 64"
    )
    return Value("@wg_zeros", "ptr")


def words_at(w: BlockWriter, pointer: Value) -> list[Value]:
    """The three words of a stack, read where they stand."""
    address = Buffer(pointer, "ptr", (), (), 0, w.b.depth)
    numbers = c_buffer(pointer, "i8", (3,), w.b.depth)
    return [load(w.b, address, ()), load(w.b, numbers, (1,)), load(w.b, numbers, (2,))]


def write_words(w: BlockWriter, pointer: Value, stack: StackValue) -> None:
    base, stride, count = stack.words(w)
    store(w.b, Buffer(pointer, "ptr", (), (), 0, w.b.depth), (), base)
    numbers = c_buffer(pointer, "i8", (3,), w.b.depth)
    store(w.b, numbers, (1,), stride)
    store(w.b, numbers, (2,), count)


# -- items -----------------------------------------------------------------------------------------


def item_bytes(type_: AnyType) -> int:
    """The bytes that an item takes in a record."""
    n = 24 if isinstance(type_, StackType) else type_.nbytes
    return -(-max(n, 1) // 8) * 8


@dataclass(frozen=True)
class Records:
    """The fields of a record and its size."""

    types: tuple[AnyType, ...]

    @property
    def offsets(self) -> list[int]:
        offsets, at = [], 0
        for t in self.types:
            offsets.append(at)
            at += item_bytes(t)
        return offsets

    @property
    def size(self) -> int:
        return max(-(-sum([item_bytes(t) for t in self.types]) // 16) * 16, 16)

    def stacks(self, w: BlockWriter, base: Value, count: Value) -> list[StackValue]:
        """The stacks that lie in `count` records from `base` on."""
        stride = w.b.index(self.size)
        return [StackValue(base, offset, stride, count) for offset in self.offsets]

    def fields(self, w: BlockWriter, record: Value) -> list[Buffer | Value]:
        """The fields of a record: arrays, and the addresses of items that are stacks."""
        pointers = [moved(w, record, offset) for offset in self.offsets]
        return [
            p if isinstance(t, StackType) else _field(w, p, t)
            for t, p in zip(self.types, pointers, strict=True)
        ]


def _field(w: BlockWriter, pointer: Value, type_: Any) -> Buffer:
    kind = kind_of(Var(type_))
    assert kind is not None
    return c_buffer(pointer, kind, type_.shape, w.b.depth)


def read_item(
    w: BlockWriter, v: Var, stack: StackValue, place: Value, is_there: Value | None
) -> None:
    """Let `v` be the item at `place`; zeros where `is_there`, if given, does not hold."""
    pointer = moved(w, moved(w, stack.base, w.b.mul(place, stack.stride)), stack.offset)
    if is_there is not None:
        pointer = w.b.select(is_there, pointer, zeros_at(w, item_bytes(v.type)))
    if isinstance(v.type, StackType):
        w.elements.stacks[v] = stack_of_words(words_at(w, pointer))
        return
    kind = kind_of(v)
    assert kind is not None
    w.elements.sources[v] = c_buffer(pointer, kind, shape_of(v), w.b.depth)


# -- memory ----------------------------------------------------------------------------------------


def take_records(w: BlockWriter, n_records: Value, size: int) -> Value:
    """Memory for so many records; null where there are none."""
    b = w.b
    n_bytes = b.mul(n_records, b.index(size))
    if n_bytes.const is not None:
        n_bytes = b.index(max(n_bytes.const, 16))
    else:
        n_bytes = b.maximum(n_bytes, b.index(16))
    roll = w.frame.roll()
    b.declare("wg_tape_take", "ptr", ["ptr", "i64"])
    pointer = _called(w, f"call ptr @wg_tape_take({roll.operand}, {n_bytes.operand})")
    _leave_if_null(w, pointer)
    _poison(w, pointer, n_bytes)
    return pointer


def _poison(w: BlockWriter, pointer: Value, n_bytes: Value) -> None:
    """NaNs in memory that nobody has written, where a test asks for them."""
    if w.frame.is_poisoned:
        w.b.declare("llvm.memset.p0.i64", "void", ["ptr", "i8", "i64", "i1"])
        w.b.line(
            f"call void @llvm.memset.p0.i64({pointer.operand}, i8 -1, {n_bytes.operand}, i1 false)"
        )


class GrowingTape:
    """Records of a loop whose number of turns is not known: `variables` are loop variables.

    `room(index, values)` gives the record of a turn and the loop variables' next values.
    """

    def __init__(self, w: BlockWriter, records: Records) -> None:
        self.w = w
        self.size = records.size

    def start(self) -> list[Value]:
        return [Value("null", "ptr"), self.w.b.index(0)]

    def room(self, index: Value, values: Sequence[Value]) -> tuple[Value, list[Value]]:
        b, w = self.w.b, self.w
        base, capacity = values
        is_full = b.compare("ge", index, capacity)
        branch = b.branch(is_full)
        size = b.index(self.size)
        twice = b.maximum(b.mul(capacity, b.index(2)), b.index(FIRST_RECORDS))
        b.declare("wg_tape_grow", "ptr", ["ptr", "ptr", "i64", "i64", "i64"])
        old, new = b.mul(capacity, size), b.mul(twice, size)
        grown = _called(
            w,
            f"call ptr @wg_tape_grow({w.frame.roll().operand}, {base.operand}, {old.operand}, "
            f"{old.operand}, {new.operand})",
        )
        _leave_if_null(w, grown)
        _poison(w, moved(w, grown, old), b.sub(new, old))
        branch.otherwise()
        base, capacity = branch.join([grown, twice], [base, capacity])
        return moved(w, base, b.mul(index, size)), [base, capacity]

    def finish(self, count: Value, values: Sequence[Value]) -> Value:
        """Give back what is left of the last piece; the address of the first record."""
        b, w = self.w.b, self.w
        base, capacity = values
        size = b.index(self.size)
        b.declare("wg_tape_trim", "void", ["ptr", "ptr", "i64", "i64"])
        b.line(
            f"call void @wg_tape_trim({w.frame.roll().operand}, {base.operand}, "
            f"{b.mul(capacity, size).operand}, {b.mul(count, size).operand})"
        )
        return base


class Mark:
    """What a turn takes from the roll is given back at its end: nothing in it outlives the turn."""

    def __init__(self, w: BlockWriter) -> None:
        self.w = w
        roll = w.frame.roll()
        self.chunk = _called(w, f"load ptr, {roll.operand}, align 8")
        self.cursor = _called(w, f"load ptr, ptr {moved(w, roll, 8).text}, align 8")

    def rewind(self) -> None:
        w = self.w
        w.b.declare("wg_tape_rewind", "void", ["ptr", "ptr", "ptr"])
        w.b.line(
            f"call void @wg_tape_rewind({w.frame.roll().operand}, {self.chunk.operand}, "
            f"{self.cursor.operand})"
        )


def _called(w: BlockWriter, text: str) -> Value:
    name = w.b.fresh()
    w.b.line(f"{name} = {text}")
    return Value(name, "ptr", 0, w.b.depth)


def _leave_if_null(w: BlockWriter, pointer: Value) -> None:
    from wengert.native.frame import NO_MEMORY

    name = w.b.fresh()
    w.b.line(f"{name} = icmp eq ptr {pointer.text}, null")
    w.frame.leave_if(Value(name, "b1", 0, w.b.depth), NO_MEMORY)
