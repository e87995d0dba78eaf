"""Control flow as native loops and branches, by primitive.

A body is written in place. Small carried values are loop variables in registers; larger ones lie in
two buffers that change roles each turn. Items of `xs` are read where they lie, items of `ys`
written where they belong.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wengert.control.cond_equation import cond_p
from wengert.control.guard import guard_p
from wengert.control.scan import scan_p
from wengert.control.while_loop import while_p
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.native.block import BlockWriter
from wengert.native.builder import Complex, Value, parts, rebuilt
from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer, LoopBinding, c_buffer
from wengert.native.plan import is_tiny
from wengert.native.prepare import put_in_place
from wengert.native.rules import kind_of, literal, shape_of

Targets = dict[Var, Buffer]


def places(v: Any) -> list[tuple[int, ...]]:
    """Every index of a tiny value."""
    return list(itertools.product(*[range(n) for n in shape_of(v)]))


# -- carried values --------------------------------------------------------------------------------


@dataclass
class Carried:
    """One carried value: in registers (`size` words of them), or in two buffers."""

    var: Var
    start: Any  # the atom it begins with
    is_tiny: bool
    current: Buffer | None = None
    next: Buffer | None = None

    @property
    def n_values(self) -> int:
        if not self.is_tiny:
            return 2
        return len(places(self.var)) * (2 if (kind_of(self.var) or "")[0] == "c" else 1)


def begin(
    w: BlockWriter,
    starts: Sequence[Any],
    inputs: Sequence[Var],
    targets: Sequence[Buffer | None],
    n_turns: int | None,
) -> tuple[list[Carried], list[Value]]:
    """Carried values and what they are before the first turn, flat, as loop variables."""
    carried, inits = [], []
    for start, var, target in zip(starts, inputs, targets, strict=True):
        c = Carried(var, start, is_tiny(var.type))
        carried.append(c)
        if c.is_tiny:
            kind = kind_of(var) or "f8"
            for at in places(var):
                inits += parts(w.b.convert(w.elements.element(start, at), kind))
            continue
        kind = kind_of(var)
        assert kind is not None
        one = w.frame.take(kind, shape_of(var))
        other = target or w.frame.take(kind, shape_of(var))
        is_first = n_turns is not None and n_turns % 2 == 0
        c.current, c.next = (other, one) if is_first else (one, other)
        w.spill_into(start, c.current)
        inits += [w.frame.pointer(c.current), w.frame.pointer(c.next)]
    return carried, inits


def bind_carried(w: BlockWriter, carried: Sequence[Carried], values: Sequence[Value]) -> Targets:
    """Let the body read its carry; where it is to write the larger parts of the next one."""
    rest = iter(values)
    following: Targets = {}
    for c in carried:
        kind = kind_of(c.var) or "f8"
        if c.is_tiny:
            like = Complex(_ANY, _ANY) if kind[0] == "c" else _ANY
            w.elements.sources[c.var] = {at: rebuilt(like, rest) for at in places(c.var)}
        else:
            current, new = next(rest), next(rest)
            shape = shape_of(c.var)
            w.elements.sources[c.var] = c_buffer(current, kind, shape, w.b.depth)
            following[c.var] = c_buffer(new, kind, shape, w.b.depth)
    return following


_ANY = Value("", "f8")


def next_values(
    w: BlockWriter, carried: Sequence[Carried], outputs: Sequence[Any], values: Sequence[Value]
) -> list[Value]:
    """The loop variables of the following turn."""
    rest = iter(values)
    nexts: list[Value] = []
    for c, out in zip(carried, outputs, strict=True):
        if c.is_tiny:
            kind = kind_of(c.var) or "f8"
            for at in places(c.var):
                for v in parts(w.b.convert(w.elements.element(out, at), kind)):
                    next(rest)
                    nexts.append(v)
        else:
            current, new = next(rest), next(rest)
            nexts += [new, current]
    return nexts


def finish(
    w: BlockWriter,
    carried: Sequence[Carried],
    outs: Sequence[Var],
    values: Sequence[Value],
    targets: Targets,
) -> None:
    """Bind the results of the loop."""
    rest = iter(values)
    for c, out in zip(carried, outs, strict=True):
        kind = kind_of(c.var) or "f8"
        if c.is_tiny:
            like = Complex(_ANY, _ANY) if kind[0] == "c" else _ANY
            w.elements.sources[out] = {at: rebuilt(like, rest) for at in places(c.var)}
        else:
            current, _ = next(rest), next(rest)
            w.elements.sources[out] = c_buffer(current, kind, shape_of(c.var), w.b.depth)
            if out in targets:
                w.elements.sources[out] = Buffer(
                    current, kind, shape_of(c.var), targets[out].strides, 0, w.b.depth
                )


def body_block(
    program: Program, args: Sequence[Any], own: set[Any]
) -> tuple[list[Equation], list[Any]]:
    """The equations of a body on these atoms; outputs that are no results of it are copied."""
    from wengert.ops.core import copy_p

    equations: list[Equation] = []
    outputs = put_in_place(program, args, equations)
    made = {v for eq in equations for v in eq.outputs}
    seen: set[Any] = set()
    result = []
    for a in outputs:
        if type(a) is Var and (a not in made or a in seen) and not is_tiny(a.type):
            copied = Var(a.type)
            equations.append(Equation(copy_p, (a,), {}, (copied,)))
            a = copied
        if type(a) is Var:
            seen.add(a)
        result.append(a)
    return equations, result


# -- scan ------------------------------------------------------------------------------------------


def write_scan(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    body: Program = eq.params["body"]
    n_consts, n_carry = eq.params["n_consts"], eq.params["n_carry"]
    length, is_reversed = eq.params["length"], eq.params["reverse"]
    consts = eq.inputs[:n_consts]
    starts = eq.inputs[n_consts : n_consts + n_carry]
    outs, ys = eq.outputs[:n_carry], eq.outputs[n_carry:]
    temporary: list[Buffer] = []
    xs = [w.in_memory(a, temporary) for a in eq.inputs[n_consts + n_carry :]]
    for y in ys:
        kind = kind_of(y)
        assert kind is not None
        w.elements.sources[y] = targets.get(y) or w.take(y)
    if length == 0:
        for out, start in zip(outs, starts, strict=True):
            w.alias(out, start)
        return
    inputs = [Var(v.type) for v in body.inputs[n_consts:]]
    carried, inits = begin(w, starts, inputs[:n_carry], [targets.get(v) for v in outs], length)
    loop = w.b.open_loop(w.b.index(length), inits)
    turn: Index = Affine(0, ((Symbol(length, LoopBinding(loop.index, 0, w.b.depth)), 1),))
    place = (length - 1) - turn if is_reversed else turn
    following = bind_carried(w, carried, loop.carried)
    for v, x in zip(inputs[n_carry:], xs, strict=True):
        w.elements.sources[v] = x.item(place).at_depth(w.b.depth)
    equations, outputs = body_block(body, [*consts, *inputs], set())
    wanted: Targets = {}
    for c, a in zip(carried, outputs, strict=False):
        if not c.is_tiny:
            wanted[a] = following[c.var]
    for y, a in zip(ys, outputs[n_carry:], strict=True):
        if type(a) is Var and not is_tiny(a.type):
            wanted[a] = w.elements.sources[y].item(place)  # type: ignore[union-attr]
    w.write(equations, outputs, wanted)
    for y, a in zip(ys, outputs[n_carry:], strict=True):
        if a not in wanted:
            w.spill_into(a, w.elements.sources[y].item(place))  # type: ignore[union-attr]
    nexts = next_values(w, carried, outputs[:n_carry], loop.carried)
    results = w.b.close_loop(loop, nexts)
    finish(w, carried, outs, results, targets)
    for y in ys:
        w.elements.sources[y] = w.elements.sources[y].at_depth(w.b.depth)  # type: ignore[union-attr]
    for buffer in temporary:
        w.frame.give_back(buffer)


# -- while -----------------------------------------------------------------------------------------


def write_while(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    cond, body, n_consts = eq.params["cond"], eq.params["body"], eq.params["n_consts"]
    consts, starts = eq.inputs[:n_consts], eq.inputs[n_consts:]
    inputs = [Var(v.type) for v in body.inputs[n_consts:]]
    carried, inits = begin(w, starts, inputs, [None] * len(inputs), None)
    loop = w.b.open_while(inits)
    following = bind_carried(w, carried, loop.carried)
    equations, (test,) = body_block(cond, [*consts, *inputs], set())
    w.write(equations, [test])
    go = w.b.convert(w.elements.element(test, ()), "b1")
    w.b.break_unless(loop, go)
    equations, outputs = body_block(body, [*consts, *inputs], set())
    wanted = {a: following[c.var] for c, a in zip(carried, outputs, strict=True) if not c.is_tiny}
    w.write(equations, outputs, wanted)
    nexts = next_values(w, carried, outputs, loop.carried)
    _, results = w.b.close_while(loop, nexts)
    finish(w, carried, eq.outputs, results, {})


# -- cond ------------------------------------------------------------------------------------------


def write_cond(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    branches: tuple[Program, ...] = eq.params["branches"]
    index = w.elements.element(eq.inputs[0], ())
    results = [v for v in eq.outputs if not is_tiny(v.type)]
    for v in results:
        w.elements.sources[v] = targets.get(v) or w.take(v)
    small = [v for v in eq.outputs if is_tiny(v.type)]
    values = _arms(w, eq, index, list(branches), 0)
    rest = iter(values)
    for v in small:
        like = Complex(_ANY, _ANY) if (kind_of(v) or "")[0] == "c" else _ANY
        w.elements.sources[v] = {at: rebuilt(like, rest) for at in places(v)}
    for v in results:
        w.elements.sources[v] = w.elements.sources[v].at_depth(w.b.depth)  # type: ignore[union-attr]


def _arms(
    w: BlockWriter, eq: Equation, index: Value, branches: list[Program], first: int
) -> list[Value]:
    """Branches from `first` on: the first one where the index is not above it, or the others."""
    if len(branches) == 1:
        return _arm(w, eq, branches[0])
    if index.kind == "b1":
        is_first = w.b.not_(index)
    else:
        is_first = w.b.compare("le", index, w.b.constant(first, index.kind))
    if is_first.const is not None:
        chosen = branches[:1] if is_first.const else branches[1:]
        return _arms(w, eq, index, chosen, first + 1)
    branch = w.b.branch(is_first)
    ones = _arm(w, eq, branches[0])
    branch.otherwise()
    others = _arms(w, eq, index, branches[1:], first + 1)
    return branch.join(ones, others)


def _arm(w: BlockWriter, eq: Equation, program: Program) -> list[Value]:
    """One branch: large results are written, small ones returned flat."""
    equations, outputs = body_block(program, eq.inputs[1:], set())
    wanted: Targets = {}
    for v, a in zip(eq.outputs, outputs, strict=True):
        if not is_tiny(v.type) and type(a) is Var:
            wanted[a] = w.elements.sources[v]  # type: ignore[assignment]  # taken above
    w.write(equations, outputs, wanted)
    values: list[Value] = []
    for v, a in zip(eq.outputs, outputs, strict=True):
        kind = kind_of(v) or "f8"
        if is_tiny(v.type):
            for at in places(v):
                values += parts(w.b.convert(w.elements.element(a, at), kind))
    return values


# -- guards ----------------------------------------------------------------------------------------


def write_guard(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """Leave with a positive status where Python would have decided otherwise."""
    answer = eq.params["answer"]
    atom = eq.inputs[0]
    value = w.elements.element(atom, (0,) * len(shape_of(atom)))
    kind = value.kind if not isinstance(answer, bool) else "b1"
    if isinstance(answer, int) and not isinstance(answer, bool) and kind[0] == "f":
        value, kind = w.b.rounded(value, "trunc"), value.kind
    differs = w.b.compare("ne", w.b.convert(value, kind), w.b.constant(answer, kind))
    w.guards.append(eq)
    w.frame.leave_if(differs, len(w.guards))


REGIONS: dict[Any, Any] = {
    scan_p: write_scan,
    while_p: write_while,
    cond_p: write_cond,
    guard_p: write_guard,
}

__all__ = ["REGIONS", "Literal", "literal"]
