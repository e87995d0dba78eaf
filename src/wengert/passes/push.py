"""The stage `push`: work on what is asked for, not on the whole array.

Walked backward, the Program says of each value whether all of it is needed or only some parts.
Walked forward, an operation of which little is needed is done on the parts alone, and what was
written into an array is taken from where it came from.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from wengert.ir.program import Equation, Program, Var
from wengert.ops.indexing import Index, index_add_p, index_p, index_set_p
from wengert.passes.buffers import Buffers
from wengert.passes.moved_parts import MOVES
from wengert.passes.parts import Part, n_elements, take
from wengert.passes.pattern import Match, Node, Rule, RuleIndex
from wengert.passes.rewriting import Rewriter
from wengert.passes.worked_parts import ROUNDED, WORKS

_MAX_PARTS = 8  # of one value, each computed for itself
_MAX_MOVES = 64  # parts of one view that are taken for themselves

WRITES = frozenset({index_set_p, index_add_p})


class Demand:
    """Which values are needed whole, and which parts of the others, by index."""

    def __init__(self, program: Program, rounding: bool) -> None:
        self.works = {p: f for p, f in WORKS.items() if rounding or p not in ROUNDED}
        self.whole: set[Any] = {*program.inputs, *program.outputs}
        self.used: set[Any] = set(program.outputs)  # read by more than reads and writes of parts
        self.parts: dict[Any, dict[Index, None]] = {}
        self.plans: dict[Any, dict[Index, Part]] = {}
        for eq in reversed(program.equations):
            self._visit(eq)

    def _visit(self, eq: Equation) -> None:
        if len(eq.outputs) != 1:
            self._all(eq)
            self.whole.update(eq.outputs)
            return
        out = eq.outputs[0]
        if out not in self.whole and not self._in_parts(eq, out):
            if out not in self.parts:
                return  # nobody needs it
            self.whole.add(out)
        if out not in self.whole:
            return
        is_read = eq.primitive is index_p and None not in eq.params["index"]
        if is_read and type(eq.inputs[0]) is Var:
            self._ask(eq.inputs[0], eq.params["index"])
        elif eq.primitive in WRITES:
            self.whole.add(eq.inputs[0])
            self.whole.add(eq.inputs[1])
            self.used.add(eq.inputs[1])
        else:
            self._all(eq)

    def _all(self, eq: Equation) -> None:
        self.whole.update(eq.inputs)
        self.used.update(eq.inputs)

    def _ask(self, var: Any, index: Index) -> None:
        if not index:
            self.whole.add(var)
            self.used.add(var)
        else:
            self.parts.setdefault(var, {})[index] = None

    def _in_parts(self, eq: Equation, out: Var) -> bool:
        """Whether only parts of a result are needed, and are worth making for themselves."""
        parts = self.parts.get(out)
        if parts is None:
            return False
        part_of = MOVES.get(eq.primitive)
        if part_of is None:
            part_of = self.works.get(eq.primitive)
            total = sum([n_elements(out.type, p) for p in parts])
            if part_of is None or len(parts) > _MAX_PARTS or 2 * total > n_elements(out.type, ()):
                return False
        elif len(parts) > _MAX_MOVES and len(eq.inputs) < 2:
            return False
        plans = {}
        for index in parts:
            plan = part_of(eq, index)
            if plan is None:
                return False
            plans[index] = plan
        self.plans[out] = plans
        for plan in plans.values():
            for i, own in plan.needs:
                if type(eq.inputs[i]) is Var:
                    self._ask(eq.inputs[i], own)
        return True


class Pusher(Rewriter):
    """The forward walk."""

    def __init__(
        self, program: Program, index: RuleIndex, fired: Counter[str], rounding: bool = True
    ) -> None:
        super().__init__(program, index, fired)
        self.demand = Demand(program, rounding)
        self.buffers = Buffers(self)
        self.made: dict[tuple[Any, Index], Any] = {}  # parts, by value of the old Program

    def place(self, eq: Equation) -> None:
        demand = self.demand
        if len(eq.outputs) != 1:
            super().place(eq)
            return
        out = eq.outputs[0]
        if out in demand.whole:
            base = eq.inputs[0] if eq.inputs else None
            if eq.primitive is index_p and base not in demand.whole and type(base) is Var:
                self.replace(out, self.part(base, eq.params["index"], eq))
                return
            super().place(eq)
            if eq.primitive in WRITES and out in demand.used:
                stack = self.buffers.stacked(self.alias.get(out, out), eq.source)
                if stack is not None and stack.type is out.type:
                    self.fired["array written in all places = stack"] += 1
                    self.replace(out, stack)
            return
        plans = demand.plans.get(out)
        if plans is None:
            return  # nobody needs it
        for index, plan in plans.items():
            atoms = [self.part(eq.inputs[i], own, eq) for i, own in plan.needs]
            self.made[out, index] = plan.build(self, atoms, eq.source)
            if eq.primitive is not index_p:
                self.fired[f"part of {eq.primitive.name}"] += 1

    def part(self, atom: Any, index: Index, eq: Equation) -> Any:
        """A part of a value of the old Program."""
        if type(atom) is not Var:
            return atom
        if atom not in self.demand.whole:
            return self.made[atom, index]
        return take(self, self.alias.get(atom, atom), index, eq.source)

    def append(self, eq: Equation) -> None:
        super().append(eq)
        if eq.primitive in WRITES:
            self.buffers.note(eq)


def _read(m: Match) -> Any:
    buffers = getattr(m.graph, "buffers", None)
    if buffers is None:
        return None
    return buffers.read(m.eq.inputs[0], m.eq.params["index"], m.eq.source)


BUFFERS: list[Rule] = [
    Rule(f"read through {p.name}", Node(index_p, (Node(p, None, "inner"),)), _read)
    for p in (index_set_p, index_add_p)
]
