"""`BlockWriter`: the code of a straight list of equations, by its plan."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.ir.emission import Whole as WholeRule
from wengert.ir.program import Equation, Literal, Var
from wengert.native.arithmetic import Arithmetic
from wengert.native.donation import may_overwrite
from wengert.native.elements import Elements
from wengert.native.frame import Frame
from wengert.native.index import Index
from wengert.native.memory import INNERMOST, Buffer, c_strides, store
from wengert.native.nests import NestWriter
from wengert.native.places import checked_p
from wengert.native.plan import Planner
from wengert.native.rules import kind_of, literal, shape_of
from wengert.native.steps import Force, Member, Node, Plan, Whole, is_tiny
from wengert.native.views import strided
from wengert.native.whole import Machine

Regions = dict[Any, Callable[..., None]]


@dataclass(frozen=True)
class BlockNote:
    """What was written: a block's plan, and the loop or branch that it is a body of."""

    depth: int
    plan: Plan
    inside: Whole | None


class BlockWriter:
    """Writes blocks of equations into one function.

    Parameters
    ----------
    b : Arithmetic
    elements : Elements
        Knows where the inputs are; learns where the values of the block are.
    frame : Frame
    regions : mapping
        Writers of control flow, by primitive.
    callback : callable
        `callback(writer, equation, inputs, outputs)` writes a call into the interpreter.
    """

    def __init__(
        self,
        b: Arithmetic,
        elements: Elements,
        frame: Frame,
        regions: Regions,
        callback: Callable[..., None],
        notes: list[Any] | None = None,
    ) -> None:
        self.b = b
        self.elements = elements
        self.frame = frame
        self.regions = regions
        self.callback = callback
        self.machine = Machine(b, frame)
        self.notes = [] if notes is None else notes
        self.guards: list[Equation] = []
        self._plan: Any = None
        self._taken: dict[Var, Buffer] = {}  # of the block being written
        self._depth = 0  # of the block being written
        self._step: Whole | None = None  # being written, whose own blocks come next

    def write(
        self,
        equations: Sequence[Equation],
        outputs: Sequence[Any],
        targets: dict[Var, Buffer] | None = None,
        shared: dict[Var, Var] | None = None,
    ) -> Plan:
        """The block's code; the outputs in `targets` end up in these buffers.

        The other outputs can be read from `elements` until the enclosing scope ends. An output in
        `shared` has the memory of an input: where it cannot be written there yet it is taken out
        of `targets`.
        """
        targets = {} if targets is None else targets
        plan = Planner(equations, outputs).plan()
        for v, x in (shared or {}).items():
            if v in targets and not may_overwrite(plan, v, x, equations):
                del targets[v]
        self.notes.append(BlockNote(self.b.depth, plan, self._step))
        self.elements.definitions.update(plan.definitions)
        for v, d in plan.definitions.items():
            self.elements.sources[v] = d
        last = _last_uses(plan, equations, outputs)
        taken: dict[Var, Buffer] = {}
        nests = NestWriter(
            self.elements,
            self.machine,
            lambda m: self._destination(m, plan, targets, taken),
            self._finished,
            plan.stored,
        )
        outer = (self._plan, self._depth, self._taken, self._step)
        self._plan, self._depth, self._taken = plan, self.b.depth, taken
        for p, step in enumerate(plan.steps):
            if isinstance(step, (Node, Member)):
                nests.write(step)
                for m in step.members() if isinstance(step, Node) else [step]:
                    buffer = taken.get(m.var) or targets.get(m.var)
                    if buffer is not None:
                        self.elements.sources[m.var] = buffer
            elif isinstance(step, Force):
                self.force(step.var)
            elif isinstance(step, Whole):
                self._step = step
                self._whole(step, targets, taken, last.get(p, ()))
            for v in last.get(p, ()):
                if v in taken:
                    self._note_memory(v, taken[v])
                    self.frame.give_back(taken.pop(v))
        for v, buffer in targets.items():
            if self.elements.sources.get(v) is not buffer:
                self.spill_into(v, buffer)
        for v, buffer in taken.items():
            self._note_memory(v, buffer)
            if not self._is_output(buffer, outputs):
                self.frame.give_back(buffer)
        self._plan, self._depth, self._taken, self._step = outer
        return plan

    def _note_memory(self, v: Var, buffer: Buffer) -> None:
        place = self.frame.sizes.get(buffer.base.text)
        if place is not None:
            self._plan.memory[v] = place

    def _is_output(self, buffer: Buffer, outputs: Sequence[Any]) -> bool:
        return any(type(a) is Var and self.elements.sources.get(a) is buffer for a in outputs)

    # -- held values -----------------------------------------------------------------------------

    def _destination(
        self, m: Member, plan: Plan, targets: dict[Var, Buffer], taken: dict[Var, Buffer]
    ) -> Buffer | None:
        v = m.var
        if v not in plan.stored:
            return None
        region = self.frame.region
        is_private = region is not None and plan.stored[v] > region.level
        if is_private:
            taken = region.taken
        buffer = targets.get(v) or taken.get(v)
        if buffer is None:
            left_out = {a.position for g in m.loops[: plan.stored[v]] for a in g}
            shape = shape_of(v)
            kept = [1 if p in left_out else n for p, n in enumerate(shape)]
            kind = kind_of(v)
            assert kind is not None
            made = self.frame.take(kind, kept)
            strides = tuple([0 if p in left_out else s for p, s in enumerate(c_strides(kept))])
            buffer = taken[v] = Buffer(
                made.base, kind, shape, strides, 0, self._depth + plan.stored[v] + is_private
            )
        if plan.stored[v] or len(m.path) > 0:
            # Whoever reads it in this nest reads it after the store: nothing moves in front.
            self.elements.sources[v] = buffer.at_depth(INNERMOST)
        return buffer

    def _finished(self, m: Member, at: tuple[Index, ...], value: Any) -> None:
        if m.var in self._plan.stored:
            self.elements.remember(m.var, at, value)
        else:
            source = self.elements.sources[m.var]
            if type(source) is not dict:
                source = self.elements.sources[m.var] = {}
            source[at] = value

    def force(self, v: Var) -> None:
        """Compute every element of a tiny value here."""
        registers: dict[tuple[Index, ...], Any] = {
            at: self.elements.element(v, at)
            for at in itertools.product(*[range(n) for n in shape_of(v)])
        }
        self.elements.sources[v] = registers

    # -- memory ----------------------------------------------------------------------------------

    def in_memory(self, atom: Any, temporary: list[Buffer]) -> Buffer:
        """The Buffer of a value; what is in registers is stored first, and noted as temporary."""
        if type(atom) is Var:
            source = self.elements.sources[atom]
            if type(source) is Buffer and source.strides == c_strides(source.shape):
                return source
        kind = kind_of(atom)
        assert kind is not None
        buffer = self.frame.take(kind, shape_of(atom))
        temporary.append(buffer)
        self.spill_into(atom, buffer)
        return buffer

    def take(self, v: Var) -> Buffer:
        """New memory for a value."""
        kind = kind_of(v)
        assert kind is not None
        return self.frame.take(kind, shape_of(v))

    def keep(self, v: Var, buffer: Buffer) -> None:
        """Let a result of control flow lie in memory that is given back after its last use."""
        self.elements.sources[v] = self._taken[v] = buffer

    def alias(self, v: Var, atom: Any) -> None:
        """Let `v` be another value or a literal."""
        if type(atom) is Literal:
            self.elements.sources[v] = {(): literal(self.b, atom)}
        else:
            self.elements.sources[v] = self.elements.sources[atom]

    def spill_into(self, atom: Any, buffer: Buffer) -> None:
        """Store every element of a value, wherever it is."""
        shape = buffer.shape
        if type(atom) is Literal:
            store(self.b, buffer, (), self.b.convert(literal(self.b, atom), buffer.kind))
            return
        source = self.elements.sources[atom]
        if type(source) is Buffer and source.strides == c_strides(source.shape):
            self.machine.copy(source, buffer)
        elif math.prod(shape) <= 4096 and (is_tiny(atom.type) or type(source) is dict):
            for at in itertools.product(*[range(n) for n in shape]):
                store(self.b, buffer, at, self.elements.element(atom, at))
        elif math.prod(shape):
            with self.machine.loops(shape) as place:
                store(self.b, buffer, place, self.elements.element(atom, place))

    # -- whole equations -------------------------------------------------------------------------

    def _operand(self, step: Whole, i: int, atom: Any, temporary: list[Buffer]) -> Buffer:
        """An input of a whole equation: through strides where its root is in memory."""
        v = step.roots.get(i)
        source = None if v is None else self.elements.sources[v]
        if v is None or type(source) is not Buffer:
            return self.in_memory(atom, temporary)
        return strided(atom, v, source, self.elements.definitions)

    def _whole(
        self,
        step: Whole,
        targets: dict[Var, Buffer],
        taken: dict[Var, Buffer],
        dying: Sequence[Var],
    ) -> None:
        d = step.definition
        eq = d.equation
        region = self.regions.get(eq.primitive)
        if region is not None:
            region(self, eq, targets)
            return
        temporary: list[Buffer] = []
        inputs = [self._operand(step, i, a, temporary) for i, a in enumerate(eq.inputs)]
        outputs = []
        for v in eq.outputs:
            buffer = targets.get(v)
            if buffer is None:
                buffer = taken[v] = self._inherited(step, taken, dying) or self.take(v)
            outputs.append(buffer)
        if isinstance(d.rule, WholeRule):
            self.machine.equation = eq
            self.machine.fallback = lambda: self.callback(self, eq, inputs, outputs)
            d.rule.f(self.machine, *inputs, *outputs, **eq.params)
        else:
            self.callback(self, eq, inputs, outputs)
        for v, buffer in zip(eq.outputs, outputs, strict=True):
            self.elements.sources[v] = buffer
        for buffer in temporary:
            self.frame.give_back(buffer)

    def _inherited(
        self, step: Whole, taken: dict[Var, Buffer], dying: Sequence[Var]
    ) -> Buffer | None:
        """The memory of an input that the rule may change where it lies, if nobody else will."""
        rule, eq = step.definition.rule, step.definition.equation
        if not isinstance(rule, WholeRule) or rule.in_place is None:
            return None
        base = eq.inputs[rule.in_place]
        readers = [*eq.inputs, *step.roots.values()]
        if base not in dying or base not in taken or readers.count(base) != 1:
            return None
        old = taken.pop(base)  # type: ignore[arg-type]  # a Var: it is in `taken`
        if old.strides != c_strides(old.shape):
            return None
        return Buffer(old.base, old.kind, old.shape, old.strides, old.offset, self._depth)


def _last_uses(
    plan: Plan, equations: Sequence[Equation], outputs: Sequence[Any]
) -> dict[int, list[Var]]:
    """After which step a stored value is not read any more; those read in between stay."""
    last: dict[Var, int] = {}
    kept: set[Any] = {a for a in outputs if type(a) is Var}  # read when the block has ended
    for p, step in enumerate(plan.steps):
        if isinstance(step, (Node, Member)):
            for m in step.members() if isinstance(step, Node) else [step]:
                last[m.var] = p
                for v in m.probe.reads:
                    last[v] = p
        elif isinstance(step, Whole):
            eq = step.definition.equation
            for a in (*eq.inputs, *eq.outputs, *step.roots.values()):
                if type(a) is Var:
                    last[a] = p
            if eq.primitive is checked_p:  # its result is the same memory
                kept.add(eq.inputs[0])
    # Values that straight-line code reads may be read at any later time.
    for eq in reversed(equations):
        out = eq.outputs[0] if len(eq.outputs) == 1 else None
        if out is None or out in plan.members:
            continue
        if out in kept or is_tiny(out.type):
            kept.update([a for a in eq.inputs if type(a) is Var])
    result: dict[int, list[Var]] = {}
    for v, p in last.items():
        if v not in kept:
            result.setdefault(p, []).append(v)
    return result
