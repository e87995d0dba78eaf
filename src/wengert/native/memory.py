"""Arrays in memory: where their elements are, loading and storing them, and the arena.

A `Buffer` is a base pointer, strides in elements and an offset that may depend on loop symbols. A
symbol's `binding` says what it is when code is written: a loop's variable, possibly counting whole
lanes (`LoopBinding`), one half of a loop over two merged axes (`Half`), or a computed integer, a
Value. An access whose lanes lie side by side is one vector load or store.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, REAL_OF, SIZES, Complex, Value
from wengert.native.index import Affine, Index, Symbol

ALIGNMENT = 64
INNERMOST = 1 << 30  # depth of contents that are read in no loop but that of the read itself


@dataclass(frozen=True)
class LoopBinding:
    """A loop's variable: `value` is that of lane 0; each further lane counts one on."""

    value: Value
    lanes: int
    depth: int


@dataclass(frozen=True)
class Half:
    """`whole` // `n` (the outer axis) or `whole` % `n` (the inner one) of a merged loop."""

    whole: Symbol
    n: int
    is_outer: bool


@dataclass(frozen=True)
class Buffer:
    """An array in memory, C order unless the strides say otherwise; strides are in elements."""

    base: Value
    kind: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: Index = 0
    depth: int = 0  # of the loop from which on its contents are those of one value
    id: int = field(default_factory=itertools.count().__next__)  # of the value in it

    def place(self, at: Sequence[Index]) -> Index:
        total = self.offset
        for i, s in zip(at, self.strides, strict=True):
            total = total + i * s
        return total

    def item(self, index: Index) -> Buffer:
        """The part at `index` of the first axis."""
        return Buffer(
            self.base,
            self.kind,
            self.shape[1:],
            self.strides[1:],
            self.offset + index * self.strides[0],
            self.depth,
            self.id,
        )

    def at_depth(self, depth: int) -> Buffer:
        return Buffer(self.base, self.kind, self.shape, self.strides, self.offset, depth, self.id)


def c_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of a C-ordered array."""
    strides = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * shape[i + 1]
    return tuple(strides)


def c_buffer(base: Value, kind: str, shape: Sequence[int], depth: int = 0) -> Buffer:
    return Buffer(base, kind, tuple(shape), c_strides(shape), 0, max(depth, base.depth))


# -- indices as numbers ----------------------------------------------------------------------------


def resolved(i: Index) -> Index:
    """The same index with the halves of merged loops joined where they stand together."""
    if isinstance(i, int) or not any([type(s.binding) is Half for s, _ in i.terms]):
        return i
    coefficients = dict(i.terms)
    pending = [s for s in coefficients if type(s.binding) is Half and not s.binding.is_outer]
    while pending:
        inner = pending.pop()
        half: Half = inner.binding
        outer = next(
            (
                s
                for s in coefficients
                if type(s.binding) is Half and s.binding.is_outer and s.binding.whole is half.whole
            ),
            None,
        )
        c = coefficients.get(inner, 0)
        if outer is None or coefficients[outer] != c * half.n:
            continue
        del coefficients[outer], coefficients[inner]
        coefficients[half.whole] = c
        if type(half.whole.binding) is Half and not half.whole.binding.is_outer:
            pending.append(half.whole)
    terms = sorted(coefficients.items(), key=lambda t: t[0].id)
    return Affine(i.const, tuple(terms))


def symbol_value(b: Arithmetic, s: Symbol) -> Value:
    """What a symbol stands for; in a loop over lanes, a number for each lane."""
    binding = s.binding
    if isinstance(binding, Value):
        return binding
    if isinstance(binding, LoopBinding):
        if not binding.lanes:
            return binding.value
        steps = ", ".join([f"i64 {n}" for n in range(binding.lanes)])
        return b.op(
            "add", b.splat(binding.value, binding.lanes), Value(f"<{steps}>", "i8", binding.lanes)
        )
    if isinstance(binding, Half):
        whole = symbol_value(b, binding.whole)
        return b.unsigned_divide(whole, binding.n)[0 if binding.is_outer else 1]
    raise AssertionError(f"{s!r} is not bound")


def index_depth(at: Sequence[Index]) -> int:
    """The depth of the innermost loop that an index depends on."""
    depth = 0
    for i in at:
        if not isinstance(i, int):
            for s, _ in i.terms:
                binding = s.binding
                while type(binding) is Half:
                    binding = binding.whole.binding
                depth = max(depth, binding.depth)
    return depth


def index_value(b: Arithmetic, i: Index) -> Value:
    """An index as a number, in lanes where it differs between them."""
    i = resolved(i)
    if isinstance(i, int):
        return b.index(i)
    terms = [(symbol_value(b, s), c) for s, c in i.terms]
    terms.sort(key=lambda t: t[0].depth)
    total = None
    for value, c in terms:
        term = b.mul(value, b.index(c))
        total = term if total is None else b.add(total, term)
    assert total is not None
    return b.add(total, b.index(i.const)) if i.const else total


@dataclass(frozen=True)
class Address:
    """Where an access goes: scalar part, constant part, and how lanes differ."""

    scalar: Value | None
    const: int
    lanes: int
    stride: int  # between lanes
    spread: Value | None  # an offset of its own for each lane


def address(b: Arithmetic, place: Index) -> Address:
    """Split a place into what all lanes share and what differs between them."""
    place = resolved(place)
    if isinstance(place, int):
        return Address(None, place, 0, 0, None)
    scalars: list[tuple[Value, int]] = []
    spreads: list[tuple[Value, int]] = []
    lanes = stride = 0
    for s, c in place.terms:
        binding = s.binding
        if isinstance(binding, LoopBinding):
            scalars.append((binding.value, c))
            if binding.lanes:
                lanes, stride = binding.lanes, c
            continue
        value = symbol_value(b, s)
        (spreads if value.lanes else scalars).append((value, c))
    scalars.sort(key=lambda t: t[0].depth)
    total = _weighted(b, scalars)
    const = place.const
    if total is not None and total.const is not None:
        const += total.const
        total = None
    spread = _weighted(b, spreads)
    return Address(total, const, spread.lanes if spread is not None else lanes, stride, spread)


def _weighted(b: Arithmetic, terms: Sequence[tuple[Value, int]]) -> Value | None:
    total = None
    for value, c in terms:
        term = b.mul(value, b.index(c))
        total = term if total is None else b.add(total, term)
    return total


# -- loads and stores ------------------------------------------------------------------------------


def _pointer(b: Arithmetic, base: Value, kind: str, where: Value | None, const: int) -> Value:
    element = "i8" if kind == "b1" else LLVM_TYPES[kind]
    pointer = base
    if where is not None:
        pointer = b.pure(
            ("gep", element, base.text, where.text),
            f"getelementptr inbounds {element}, ptr {base.text}, i64 {where.text}",
            "ptr",
            0,
            max(base.depth, where.depth),
        )
    if const:
        pointer = b.pure(
            ("gep", element, pointer.text, const),
            f"getelementptr inbounds {element}, ptr {pointer.text}, i64 {const}",
            "ptr",
            0,
            pointer.depth,
        )
    return pointer


def _lane_pointers(b: Arithmetic, buffer: Buffer, kind: str, a: Address) -> Iterator[Value]:
    for lane in range(a.lanes):
        where = a.scalar
        if a.spread is not None:
            own = b.extract(a.spread, lane)
            where = own if where is None else b.add(where, own)
        yield _pointer(b, buffer.base, kind, where, a.const + lane * a.stride)


def load(b: Arithmetic, buffer: Buffer, at: Sequence[Index]) -> Any:
    """The element of `buffer` at `at`, in lanes where the index differs between them."""
    place = buffer.place(at)
    if buffer.kind in REAL_OF:
        real = REAL_OF[buffer.kind]
        parts = Buffer(buffer.base, real, (), (), 0, buffer.depth, buffer.id)
        return Complex(_load(b, parts, place * 2), _load(b, parts, place * 2 + 1))
    return _load(b, buffer, place)


def _load(b: Arithmetic, buffer: Buffer, place: Index) -> Value:
    kind = buffer.kind
    a = address(b, place)
    if not a.lanes or (a.stride == 0 and a.spread is None):
        pointer = _pointer(b, buffer.base, kind, a.scalar, a.const)
        return _load_at(b, pointer, kind, 0, buffer)
    if a.spread is None and abs(a.stride) == 1:
        first = a.const if a.stride == 1 else a.const - a.lanes + 1
        pointer = _pointer(b, buffer.base, kind, a.scalar, first)
        value = _load_at(b, pointer, kind, a.lanes, buffer)
        return value if a.stride == 1 else b.shuffle(value, range(a.lanes - 1, -1, -1))
    return b.gather_lanes(
        [_load_at(b, p, kind, 0, buffer) for p in _lane_pointers(b, buffer, kind, a)]
    )


def _load_at(b: Arithmetic, pointer: Value, kind: str, lanes: int, buffer: Buffer) -> Value:
    memory = "i8" if kind == "b1" else LLVM_TYPES[kind]
    t = f"<{lanes} x {memory}>" if lanes else memory
    value = b.pure(
        ("load", t, pointer.text, buffer.id),
        f"load {t}, ptr {pointer.text}, align {SIZES[kind]}",
        "u1" if kind == "b1" else kind,
        lanes,
        min(max(pointer.depth, buffer.depth), b.depth),
    )
    return b.compare("ne", value, b.constant(0, "u1")) if kind == "b1" else value


def store(b: Arithmetic, buffer: Buffer, at: Sequence[Index], value: Any) -> None:
    """Write the element of `buffer` at `at`."""
    place = buffer.place(at)
    if buffer.kind in REAL_OF:
        parts = Buffer(buffer.base, REAL_OF[buffer.kind], (), (), 0, buffer.depth)
        _store(b, parts, place * 2, value.re)
        _store(b, parts, place * 2 + 1, value.im)
        return
    _store(b, buffer, place, value)


def _store(b: Arithmetic, buffer: Buffer, place: Index, value: Value) -> None:
    kind = buffer.kind
    if kind == "b1":
        value = b.convert(value, "u1")
    a = address(b, place)
    if not a.lanes:
        assert not value.lanes, "a value in lanes is stored in one place"
        _store_at(b, _pointer(b, buffer.base, kind, a.scalar, a.const), kind, value)
        return
    value = b.splat(value, a.lanes)
    if a.spread is None and a.stride == 1:
        _store_at(b, _pointer(b, buffer.base, kind, a.scalar, a.const), kind, value)
        return
    for lane, pointer in enumerate(_lane_pointers(b, buffer, kind, a)):
        _store_at(b, pointer, kind, b.extract(value, lane))


def _store_at(b: Arithmetic, pointer: Value, kind: str, value: Value) -> None:
    b.line(f"store {value.operand}, ptr {pointer.text}, align {SIZES[kind]}")


# -- the arena -------------------------------------------------------------------------------------


class Arena:
    """Offsets in one block of memory, handed out and taken back while code is written."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # offset, size; by offset

    def take(self, n_bytes: int) -> int:
        """The offset of a new piece: the first gap that it fits, or the end."""
        n_bytes = -(-max(n_bytes, 1) // ALIGNMENT) * ALIGNMENT
        for k, (offset, size) in enumerate(self._free):
            if size >= n_bytes:
                rest = [(offset + n_bytes, size - n_bytes)] if size > n_bytes else []
                self._free[k : k + 1] = rest
                return offset
        offset = self.size
        if self._free and sum(self._free[-1]) == self.size:  # grow the gap at the end
            offset = self._free.pop()[0]
        self.size = offset + n_bytes
        return offset

    def give_back(self, offset: int, n_bytes: int) -> None:
        n_bytes = -(-max(n_bytes, 1) // ALIGNMENT) * ALIGNMENT
        self._free.append((offset, n_bytes))
        self._free.sort()
        merged: list[tuple[int, int]] = []
        for start, size in self._free:
            if merged and sum(merged[-1]) == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + size)
            else:
                merged.append((start, size))
        self._free = merged
