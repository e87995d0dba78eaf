"""`scan` and `while` as native loops; the body is written in place.

Items of xs are read where they lie and items of ys written where they belong: in an array, or in
the record of the turn on the loop's tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wengert.ir.program import Equation, Program, Var
from wengert.native.block import BlockWriter
from wengert.native.builder import Value
from wengert.native.control.carried import (
    AsStack,
    Carried,
    InPlace,
    InRegisters,
    InTurns,
    Unchanged,
    copy_of,
)
from wengert.native.control.tape import (
    GrowingTape,
    Mark,
    Records,
    StackValue,
    moved,
    read_item,
    stack_of,
    take_records,
    write_words,
)
from wengert.native.control.turns import Targets, body_block, write_body, write_item
from wengert.native.control.updates import Schedule, is_indexed, schedule
from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer, LoopBinding, index_value
from wengert.native.steps import is_tiny
from wengert.types import StackType, Type

LONGEST = 1 << 40  # an extent for loops whose length is not known


class Body:
    """A loop's body on Vars of its own: equations in segments, and how its carry is kept."""

    def __init__(
        self,
        w: BlockWriter,
        program: Program,
        consts: Sequence[Any],
        starts: Sequence[Any],
        results: Sequence[Buffer | None],
        n_turns: int | None,
    ) -> None:
        self.w = w
        n = len(starts)
        self.inputs = [Var(v.type) for v in program.inputs[len(consts) :]]
        self.carry_vars = self.inputs[:n]
        self.equations, self.outputs = body_block(program, [*consts, *self.inputs], self.carry_vars)
        self.made: Schedule = schedule(self.equations, self.carry_vars, self.outputs)
        self.carried = [
            self._carried(k, start, result, n_turns)
            for k, (start, result) in enumerate(zip(starts, results, strict=True))
        ]
        self.is_allocating = allocates(program)
        self.may_rewind = self.is_allocating and not any(
            isinstance(t, StackType) for t in program.out_types
        )

    def _carried(self, k: int, start: Any, result: Buffer | None, n_turns: int | None) -> Carried:
        w, var = self.w, self.carry_vars[k]
        if self.outputs[k] is var:
            return Unchanged(w, var, start)
        if isinstance(var.type, StackType):
            return AsStack(w, var, start)
        if k in self.made.in_place:
            return InPlace(w, var, start, result)
        if is_tiny(var.type) and not is_indexed(self.equations, var):
            return InRegisters(w, var, start)
        return InTurns(w, var, start, result, n_turns)

    def start(self) -> list[Value]:
        """The first values of the loop variables."""
        self.sizes: list[int] = []
        values: list[Value] = []
        for c in self.carried:
            mine = c.start()
            self.sizes.append(len(mine))
            values += mine
        return values

    def bind(self, values: Sequence[Value]) -> None:
        for c, mine in zip(self.carried, self._shared_out(values), strict=True):
            c.bind(mine)

    def _shared_out(self, values: Sequence[Value]) -> list[Sequence[Value]]:
        parts, at = [], 0
        for n in self.sizes:
            parts.append(values[at : at + n])
            at += n
        return parts

    def write(self, fields: Sequence[Buffer | Value]) -> list[Value]:
        """The code of a turn: ys go to `fields`; the loop variables' next values."""
        w = self.w
        n = len(self.carried)
        ys = self.outputs[n:]
        wanted: Targets = {}
        for c, a in zip(self.carried, self.outputs, strict=False):
            if c.target is not None and not isinstance(c, InPlace) and type(a) is Var:
                wanted[a] = c.target
        for a, field in zip(ys, fields, strict=True):
            if isinstance(field, Buffer) and type(a) is Var and not is_tiny(a.type):
                wanted.setdefault(a, field)
        temporary = write_body(w, self.made, self.outputs, self.carried, wanted)
        for a, field in zip(ys, fields, strict=True):
            if not isinstance(field, Buffer):
                write_words(w, field, stack_of(w, a))
            elif wanted.get(a) is not field:
                write_item(w, a, a, field)
        for c, a in zip(self.carried, self.outputs, strict=False):
            if c.target is not None and not isinstance(c, InPlace) and a not in wanted:
                write_item(w, a, c.var, c.target)
        values = [
            v for c, a in zip(self.carried, self.outputs, strict=False) for v in c.following(a)
        ]
        for buffer in temporary:
            w.frame.give_back(buffer)
        return values

    def finish(self, outs: Sequence[Var], values: Sequence[Value]) -> None:
        for c, out, mine in zip(self.carried, outs, self._shared_out(values), strict=True):
            c.finish(out, mine)


@lru_cache(maxsize=1024)
def allocates(program: Program) -> bool:
    """Whether running a Program takes memory from the roll."""
    for eq in program.equations:
        if any(isinstance(v.type, StackType) for v in eq.outputs):
            return True
        for value in eq.params.values():
            inner = value if isinstance(value, tuple) else (value,)
            if any(isinstance(p, Program) and allocates(p) for p in inner):
                return True
    return False


# -- scan ------------------------------------------------------------------------------------------


def write_scan(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    n_turns = eq.params["length"]
    operands = eq.inputs
    count: Value = w.b.index(0)
    if n_turns is None:
        count = w.b.convert(w.elements.element(operands[0], ()), "i8")
        operands = operands[1:]
        if count.const is not None:
            n_turns = int(count.const)
    if n_turns is not None:
        count = w.b.index(n_turns)
    Scan(w, eq, operands, count, n_turns, targets).write()


class Scan:
    """A scan being written: over `n_turns` if that is known, `count` in any case."""

    def __init__(
        self,
        w: BlockWriter,
        eq: Equation,
        operands: Sequence[Any],
        count: Value,
        n_turns: int | None,
        targets: Targets,
        is_ragged: bool = False,
    ) -> None:
        n_consts, n_carry = eq.params["n_consts"], eq.params["n_carry"]
        self.w, self.b = w, w.b
        self.program: Program = eq.params["body"]
        self.is_reversed: bool = eq.params["reverse"]
        self.consts = operands[:n_consts]
        self.starts = operands[n_consts : n_consts + n_carry]
        self.xs = operands[n_consts + n_carry :]
        self.outs, self.ys = eq.outputs[:n_carry], eq.outputs[n_carry:]
        self.count, self.n_turns, self.targets = count, n_turns, targets
        self.is_ragged = is_ragged  # stacks may be shorter: zeros follow
        self.temporary: list[Buffer] = []

    def write(self) -> None:
        w, b = self.w, self.b
        self._take_ys()
        if self.n_turns == 0:
            for out, start in zip(self.outs, self.starts, strict=True):
                copy_of(w, out, start, self.targets.get(out))
            return
        arrays = {a: w.in_memory(a, self.temporary) for a in self.xs if isinstance(a.type, Type)}
        results = [self.targets.get(v) for v in self.outs]
        body = Body(w, self.program, self.consts, self.starts, results, self.n_turns)
        inits = body.start()
        if self.n_turns is None:
            loop = b.open_while(inits)
            b.break_unless(loop, b.compare("lt", loop.index, self.count))
        else:
            loop = b.open_loop(self.count, inits)
        place = self._place(loop.index)
        number = index_value(b, place)
        body.bind(loop.carried)
        for v, a in zip(body.inputs[len(self.outs) :], self.xs, strict=True):
            if isinstance(a.type, Type):
                w.elements.sources[v] = arrays[a].item(place).at_depth(b.depth)
            else:
                stack = stack_of(w, a)
                read_item(w, v, stack, number, self._is_there(stack, number))
        mark = Mark(w) if body.may_rewind else None
        nexts = body.write(self._fields(place, number))
        if mark is not None:
            mark.rewind()
        if self.n_turns is None:
            _, values = b.close_while(loop, nexts)
        else:
            values = b.close_loop(loop, nexts)
        body.finish(self.outs, values)
        for buffer in self.temporary:
            w.frame.give_back(buffer)

    def _place(self, turn: Value) -> Index:
        extent = LONGEST if self.n_turns is None else self.n_turns
        index: Index = Affine(0, ((Symbol(extent, LoopBinding(turn, 0, self.b.depth)), 1),))
        if not self.is_reversed:
            return index
        if self.n_turns is not None:
            return (self.n_turns - 1) - index
        last = self.b.sub(self.count, self.b.index(1))
        return Affine(0, ((Symbol(LONGEST, self.b.sub(last, turn)), 1),))

    def _is_there(self, stack: StackValue, place: Value) -> Value | None:
        """Whether an item is on the stack; None where that is known."""
        if stack.count.text == self.count.text:
            return None
        if self.is_ragged:
            return self.b.compare("lt", place, stack.count)
        return self.b.compare("ne", stack.count, self.b.index(0))

    # -- ys ----------------------------------------------------------------------------------------

    def _take_ys(self) -> None:
        """Memory for the ys: arrays where the length is static, else records."""
        w = self.w
        on_tape = [y for y in self.ys if not isinstance(y.type, Type)]
        self.records = Records(tuple([y.type.item for y in on_tape]))  # type: ignore[union-attr]  # stacks
        self.base = Value("null", "ptr")
        if on_tape and self.n_turns != 0:
            self.base = take_records(w, self.count, self.records.size)
        stacks = self.records.stacks(w, self.base, self.count)
        for y, stack in zip(on_tape, stacks, strict=True):
            w.elements.stacks[y] = stack
        for y in self.ys:
            if isinstance(y.type, Type):
                buffer = self.targets.get(y)
                if buffer is None:
                    buffer = w.take(y)
                    w.keep(y, buffer)
                w.elements.sources[y] = buffer

    def _fields(self, place: Index, number: Value) -> list[Buffer | Value]:
        w = self.w
        record = moved(w, self.base, self.b.mul(number, self.b.index(self.records.size)))
        on_tape = iter(self.records.fields(w, record))
        return [
            w.elements.sources[y].item(place)  # type: ignore[union-attr]  # a Buffer
            if isinstance(y.type, Type)
            else next(on_tape)
            for y in self.ys
        ]


# -- while -----------------------------------------------------------------------------------------


def write_while(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    b = w.b
    cond, program, n_consts = eq.params["cond"], eq.params["body"], eq.params["n_consts"]
    consts, starts = eq.inputs[:n_consts], eq.inputs[n_consts:]
    n_carry = len(starts)
    outs, extra = eq.outputs[:n_carry], eq.outputs[n_carry:]
    results = [targets.get(v) for v in outs]
    body = Body(w, program, consts, starts, results, None)
    inits = body.start()
    records = Records(tuple([v.type.item for v in extra[1:]]))  # type: ignore[union-attr]  # stacks
    tape = GrowingTape(w, records) if extra[1:] else None
    if tape is not None:
        inits = [*inits, *tape.start()]
    loop = b.open_while(inits)
    n_own = len(inits) - (2 if tape is not None else 0)
    body.bind(loop.carried[:n_own])
    mark = Mark(w) if allocates(cond) else None
    equations, (test,) = body_block(cond, [*consts, *body.carry_vars])
    w.write(equations, [test])
    go = b.convert(w.elements.element(test, ()), "b1")
    if mark is not None:
        mark.rewind()
    b.break_unless(loop, go)
    fields: list[Buffer | Value] = []
    tape_values: list[Value] = []
    if tape is not None:
        record, tape_values = tape.room(loop.index, loop.carried[n_own:])
        fields = records.fields(w, record)
    mark = Mark(w) if body.may_rewind else None
    nexts = body.write(fields)
    if mark is not None:
        mark.rewind()
    count, values = b.close_while(loop, [*nexts, *tape_values])
    body.finish(outs, values[:n_own])
    if extra:
        w.elements.sources[extra[0]] = {(): count}
    if tape is not None:
        base = tape.finish(count, values[n_own:])
        for v, stack in zip(extra[1:], records.stacks(w, base, count), strict=True):
            w.elements.stacks[v] = stack
