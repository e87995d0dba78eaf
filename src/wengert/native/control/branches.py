"""`cond` as native branches, and `guard`, which ends the function where a decision differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.ir.program import Equation, Program, Var
from wengert.native.block import BlockWriter
from wengert.native.builder import Value
from wengert.native.control.carried import InPlace, bind_numbers, lies_in, numbers_of
from wengert.native.control.tape import stack_of, stack_of_words
from wengert.native.control.turns import Targets, body_block, write_body, write_item
from wengert.native.control.updates import branches_in_place, schedule
from wengert.native.memory import Buffer
from wengert.native.places import OUT_OF_BOUNDS, checked_number
from wengert.native.rules import shape_of
from wengert.native.steps import is_tiny
from wengert.types import StackType


def write_cond(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    branches: tuple[Program, ...] = eq.params["branches"]
    index = w.elements.element(eq.inputs[0], ())
    large = {v: _buffer(w, v, targets) for v in eq.outputs if _is_large(v)}
    values = iter(_arms(w, eq, index, list(branches), 0, large))
    for v in eq.outputs:
        if isinstance(v.type, StackType):
            w.elements.stacks[v] = stack_of_words([next(values) for _ in range(3)])
        elif v in large:
            w.elements.sources[v] = large[v]
        else:
            bind_numbers(w, v, values)


def _is_large(v: Var) -> bool:
    return not isinstance(v.type, StackType) and not is_tiny(v.type)


def _buffer(w: BlockWriter, v: Var, targets: Targets) -> Buffer:
    buffer = targets.get(v)
    if buffer is None:
        buffer = w.take(v)
        w.keep(v, buffer)
    return buffer


def _arms(
    w: BlockWriter,
    eq: Equation,
    index: Value,
    branches: Sequence[Program],
    first: int,
    large: Targets,
) -> list[Value]:
    """Branches from number `first` on, one of which runs: halved until one is left."""
    if len(branches) == 1:
        return _arm(w, eq, branches[0], large)
    half = len(branches) // 2
    if index.kind == "b1":
        is_low = w.b.not_(index)
    else:
        is_low = w.b.compare("lt", index, w.b.constant(first + half, index.kind))
    if is_low.const is not None:
        if is_low.const:
            return _arms(w, eq, index, branches[:half], first, large)
        return _arms(w, eq, index, branches[half:], first + half, large)
    branch = w.b.branch(is_low)
    low = _arms(w, eq, index, branches[:half], first, large)
    branch.otherwise()
    high = _arms(w, eq, index, branches[half:], first + half, large)
    return branch.join(low, high)


def _arm(w: BlockWriter, eq: Equation, program: Program, large: Targets) -> list[Value]:
    """One branch: large results are written, small ones and stacks returned flat."""
    shared = _shared(w, eq, large)
    carried = [
        InPlace(w, Var(eq.outputs[j].type), eq.inputs[i], large[eq.outputs[j]]) for i, j in shared
    ]
    args = list(eq.inputs[1:])
    handed_on: list[Any] = [None] * len(eq.outputs)
    for c, (i, j) in zip(carried, shared, strict=True):
        c.start()
        c.bind(())
        args[i - 1] = handed_on[j] = c.var
    equations, outputs = body_block(program, args, handed_on)
    made = schedule(equations, [c.var for c in carried], _first(outputs, [j for _, j in shared]))
    wanted: Targets = {}
    for v, a, same in zip(eq.outputs, outputs, handed_on, strict=True):
        if v in large and same is None and type(a) is Var:
            wanted[a] = large[v]
    temporary = write_body(w, made, outputs, carried, wanted)
    values: list[Value] = []
    for v, a, same in zip(eq.outputs, outputs, handed_on, strict=True):
        if isinstance(v.type, StackType):
            values += stack_of(w, a).words(w)
        elif v not in large:
            values += numbers_of(w, a, v)
        elif same is None and a not in wanted:
            write_item(w, a, v, large[v])
    for buffer in temporary:
        w.frame.give_back(buffer)
    return values


def _shared(w: BlockWriter, eq: Equation, large: Targets) -> list[tuple[int, int]]:
    """Operands that lie where a result is to lie: they are changed there. (input, output)"""
    found = []
    for i, j in branches_in_place(eq.params["branches"]).items():
        target = large.get(eq.outputs[j])
        if target is not None and lies_in(w, eq.inputs[i + 1], target):
            found.append((i + 1, j))
    return found


def _first(outputs: Sequence[Any], which: Sequence[int]) -> list[Any]:
    """The outputs listed, then the others."""
    return [outputs[j] for j in which] + [a for j, a in enumerate(outputs) if j not in which]


# -- guards ----------------------------------------------------------------------------------------


def write_guard(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """Leave with a positive status where Python would have decided otherwise."""
    answer: Any = eq.params["answer"]
    atom = eq.inputs[0]
    value = w.elements.element(atom, (0,) * len(shape_of(atom)))
    kind = value.kind if not isinstance(answer, bool) else "b1"
    if isinstance(answer, int) and not isinstance(answer, bool) and kind[0] == "f":
        value, kind = w.b.rounded(value, "trunc"), value.kind
    differs = w.b.compare("ne", w.b.convert(value, kind), w.b.constant(answer, kind))
    w.guards.append(eq)
    w.frame.leave_if(differs, len(w.guards))


def write_checked(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """End the function where places are out of bounds; the result is the places themselves."""
    w.machine.equation = eq
    number = w.b.index(checked_number(**eq.params))
    w.machine.fail_if(w.elements.element(eq.inputs[1], ()), OUT_OF_BOUNDS, number)
    w.alias(eq.outputs[0], eq.inputs[0])
