"""The plan of a Program: which values are held, and which share the turns of one loop.

`plan` sorts the values of a straight list of equations:

    tiny      a few numbers, straight-line code, in registers
    pulled    never stored: recomputed, or remembered, where an element is read
    held      written to memory or accumulated by a *member* of a loop nest
    whole     written by a rule of its own: a library call, a loop, a call into the interpreter

and gives the steps in order: nests (`Node` trees with members as leaves) and whole equations. A
member joins a nest when everything it reads there is read in the very turn that makes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from wengert.ir.emission import Elementwise, Pull, Reduce
from wengert.ir.emission import Whole as WholeRule
from wengert.ir.program import Equation, Var
from wengert.native.elements import Definition, Reader
from wengert.native.index import Affine, Index, Symbol, linear, symbol
from wengert.native.probe import Probe
from wengert.native.rules import array_type, weight
from wengert.native.steps import (
    Axis,
    Force,
    Member,
    Node,
    Plan,
    Single,
    Step,
    Whole,
    is_tiny,
)
from wengert.native.views import root
from wengert.types import Type

UNROLLED = 64  # elements of trailing axes that are written out within a loop
SMALL_SUM = 32  # terms of a sum that are written out
SHARED_COST = 5  # additions an element that make a value read in two loops worth storing
REPEATED_COST = 4  # the same where a loop around its own axes would repeat its computation
LARGEST_ACCUMULATED = 8192  # elements of a sum that is accumulated in memory
SEARCHED = 40  # the latest steps, among which a nest to join is looked for
MOST_CHOICES = 4  # nested concatenations and updates within one element
DEEP = 60  # equations after which a chain of tiny values is computed
FEW_PARTS = 4  # parts up to which a loop is cut at their edges instead
MANY_SHIFTS = 4  # indices at which a value is computed in one turn before it is stored
LONG = 160  # operations an element after which a chain is cut by storing it


class Planner:
    """Makes a `Plan`; `outputs` must be held when not tiny, `given` are known already."""

    def __init__(self, equations: Sequence[Equation], outputs: Sequence[Any]) -> None:
        self.equations = equations
        self.outputs = [a for a in outputs if type(a) is Var]
        self.definitions: dict[Var, Definition] = {}
        self.by_equation: list[Definition] = []
        self.held: set[Var] = set()
        self.optional: set[Var] = set()  # held only where that saves work
        self.cut: set[Var] = set()  # held so that choices do not multiply
        self.batched: set[tuple[int, ...]] = set()
        self.members: dict[Var, list[Member]] = {}
        self.steps: list[Step] = []
        self.ready: dict[Var, int] = {}  # steps that must have run before a value can be read
        self.depth: dict[Var, int] = {}
        for eq in equations:
            d = Definition(eq)
            self.by_equation.append(d)
            for v in eq.outputs:
                self.definitions[v] = d

    def _sum_over_single_places(self) -> None:
        """Products with a value that is mostly zero are no work for a library."""
        for d in self.by_equation:
            rules = d.equation.primitive.emit
            if isinstance(d.rule, WholeRule) and isinstance(rules, tuple):
                other = next((r for r in rules if isinstance(r, Reduce)), None)
                if other is not None and any(self._factors(a) for a in d.equation.inputs):
                    d.rule = other

    def plan(self) -> Plan:
        self._sum_over_single_places()
        self._choose_held()
        for d in self.by_equation:
            self._place_equation(d)
        stored = self._choose_stored()
        for step in self.steps:
            if isinstance(step, Node):
                self._find_singles(step)
        return Plan(self.steps, self.definitions, self.members, stored, self._last_uses(stored))

    # -- what is held ----------------------------------------------------------------------------

    def _is_whole(self, d: Definition) -> bool:
        return not isinstance(d.rule, (Elementwise, Pull, Reduce))

    def _roots(self, d: Definition) -> dict[int, Var]:
        """Operands that the rule takes through strides, as the values in whose memory they lie."""
        if not isinstance(d.rule, WholeRule):
            return {}
        roots = {
            i: root(a, self.definitions)
            for i in d.rule.views
            if type(a := d.equation.inputs[i]) is Var
        }
        # A tiny value made in this block is in registers.
        return {i: v for i, v in roots.items() if not (v in self.definitions and is_tiny(v.type))}

    def _whole_reads(self, d: Definition) -> list[Var]:
        """What a whole equation reads from memory."""
        roots = self._roots(d)
        inputs = enumerate(d.equation.inputs)
        return [roots.get(i, a) for i, a in inputs if type(a) is Var]

    def _is_large_sum(self, d: Definition) -> bool:
        if not isinstance(d.rule, Reduce) or d.out is None:
            return False
        n = math.prod(d.rule.extents(Reader(_NO_ELEMENTS, d), **d.equation.params))
        size = array_type(d.out).size
        return (
            n > SMALL_SUM * 2
            or (n > SMALL_SUM and not is_tiny(d.out.type))
            or (is_tiny(d.out.type) and n * size > 1024)
        )

    def _must_assemble(self, d: Definition) -> bool:
        """Whether a value made of parts is better written part by part than chosen by index."""
        if not isinstance(d.rule, Pull) or d.rule.parts is None or d.out is None:
            return False
        if is_tiny(d.out.type) or len(d.equation.inputs) <= FEW_PARTS:
            return False
        axis = d.rule.parts_axis(  # type: ignore[misc]  # given with the parts
            Reader(_NO_ELEMENTS, d), **d.equation.params
        )
        shape = array_type(d.out).shape
        n = len(shape) - _n_unrolled(shape)
        return axis < n

    def _choose_held(self) -> None:
        whole_inputs: set[Any] = set()
        for d in self.by_equation:
            if self._is_whole(d):
                self.held.update(d.equation.outputs)
                whole_inputs.update(self._whole_reads(d))
            elif self._is_large_sum(d) or self._must_assemble(d):
                self.held.update(d.equation.outputs)
        for v in (*self.outputs, *whole_inputs):
            if v in self.definitions and not is_tiny(v.type):
                self.held.add(v)
        sinks: dict[Var, set[Any]] = {}
        cost = self._costs()
        self._keep_what_is_repeated(cost)
        self._hold_what_is_shifted(cost)
        for d in reversed(self.by_equation):
            out = d.out
            if out is None:
                continue
            mine = sinks.get(out, set())
            if (
                out not in self.held
                and len(mine) > 1
                and not is_tiny(out.type)
                and cost[out] >= SHARED_COST
                and not self._factors(out)
            ):
                self.optional.add(out)
            is_sink = out in self.held or out in self.optional or is_tiny(out.type)
            for a in d.equation.inputs:
                if type(a) is Var and a in self.definitions:
                    known = sinks.setdefault(a, set())
                    if len(known) < 2:
                        known.update([out] if is_sink else mine)
        self._cut_long_chains()
        self._choose_batched()

    def _hold_what_is_shifted(self, cost: dict[Var, int]) -> None:
        """Hold what would be computed at many different indices of one loop.

        A chain of parts put beside each other, as a product by doubling is, reads each link at
        twice as many indices as the next one.
        """
        ways: dict[Var, set[int]] = {}  # in which a value is reached from those that are held
        for d in reversed(self.by_equation):
            out = d.out
            if out is None:
                continue
            mine = ways.get(out, {0})
            is_held = self._is_whole(d) or self._is_read_held(out) or is_tiny(out.type)
            if not is_held and len(mine) > MANY_SHIFTS and cost[out]:
                self.optional.add(out)
                is_held = True
            mine = {0} if is_held else mine
            if self._is_shifting(d):
                mine = {hash((way, id(d))) for way in mine}
            for a in d.equation.inputs:
                if type(a) is Var and a in self.definitions:
                    known = ways.setdefault(a, set())
                    if len(known) <= MANY_SHIFTS:
                        known.update(mine)

    def _is_shifting(self, d: Definition) -> bool:
        """Whether an equation reads a part of its input, or puts parts beside each other."""
        if not isinstance(d.rule, Pull) or d.out is None:
            return False
        return d.rule.parts is not None or d.equation.primitive.name == "index"

    def _keep_what_is_repeated(self, cost: dict[Var, int]) -> None:
        """Values worth storing because a loop around their own axes would compute them again."""
        for d in self.by_equation:
            if d.out is None or self._is_whole(d) or is_tiny(d.out.type):
                continue
            for a in d.equation.inputs:
                if type(a) is not Var or a not in self.definitions or a in self.held:
                    continue
                if is_tiny(a.type) or cost.get(a, 0) < REPEATED_COST:
                    continue
                if _is_repeated(d, a) and not self._factors(a):
                    self.optional.add(a)

    def _choose_batched(self) -> None:
        """Leading axes over which whole items are made: their short trailing axes are written out.

        Where arrays share leading axes and differ in short trailing ones, a loop turn makes an item
        of each of them in registers. Where all have the same trailing axes these are merged
        instead: one flat loop.
        """
        trailing: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        for v in (*self.held, *self.optional):
            if type(v.type) is Type and not is_tiny(v.type):
                shape = v.type.shape
                n = len(shape) - _n_unrolled(shape)
                trailing.setdefault(shape[:n], set()).add(shape[n:])
        self.batched = {
            prefix for prefix, found in trailing.items() if len(found) > 1 and max(prefix) >= 8
        }

    def _n_written_out(self, shape: tuple[int, ...]) -> int:
        """How many trailing axes of a value are written out because its items are made whole."""
        n = _n_unrolled(shape)
        return n if shape[: len(shape) - n] in self.batched else 0

    def _costs(self) -> dict[Var, int]:
        """Additions an element of every pulled value, its pulled operands included."""
        cost: dict[Var, int] = {}
        for d in self.by_equation:
            if d.out is None:
                continue
            if d.out in self.held:
                for v in d.equation.outputs:
                    cost[v] = 0
                continue
            total = weight(d.equation) if isinstance(d.rule, Elementwise) else 0
            n = 1
            if isinstance(d.rule, Reduce):
                n = max(1, math.prod(d.rule.extents(Reader(_NO_ELEMENTS, d), **d.equation.params)))
                total = 2 * n
            for a in d.equation.inputs:
                if type(a) is Var and a in cost and array_type(a).size >= array_type(d.out).size:
                    total += n * cost[a]
            cost[d.out] = min(total, 10**9)
        return cost

    def _cut_long_chains(self) -> None:
        """Hold what would make an element too long to write, or ask for too many places."""
        length: dict[Any, int] = {}
        choices: dict[Any, int] = {}
        for d in self.by_equation:
            out = d.out
            if out is None or is_tiny(out.type) or out in self.held:
                continue
            inputs = [a for a in set(d.equation.inputs) if type(a) is Var]
            lengths = [length.get(a, 0) for a in inputs]
            # Elements that are read at several places are computed for each of them.
            mine = 1 + (sum(lengths) if isinstance(d.rule, Pull) else max(lengths, default=0))
            chosen = max([choices.get(a, 0) for a in inputs], default=0) + self._is_choice(d)
            if mine > LONG and _n_unrolled(array_type(out).shape) == 0:
                self.held.add(out)
                mine = chosen = 0
            elif chosen > MOST_CHOICES:
                self.held.add(out)
                self.cut.add(out)
                mine = chosen = 0
            length[out], choices[out] = min(mine, LONG), chosen

    def _is_choice(self, d: Definition) -> bool:
        """Whether an element is read in one place or another, which its index decides."""
        if not isinstance(d.rule, Pull):
            return False
        return d.rule.parts is not None or d.equation.primitive.name == "index_add"

    # -- placing ---------------------------------------------------------------------------------

    def _ready(self, atoms: Iterable[Any]) -> int:
        return max([self.ready.get(a, 0) for a in atoms if type(a) is Var], default=0)

    def _place_equation(self, d: Definition) -> None:
        eq = d.equation
        ready = self._ready(eq.inputs)
        if self._is_whole(d):
            self.steps.append(Whole(d, self._roots(d)))
            for v in eq.outputs:
                self.ready[v] = len(self.steps)
                self.depth[v] = 0
            return
        out = d.out
        assert out is not None
        self.depth[out] = 1 + max(
            [self.depth.get(a, 0) for a in eq.inputs if type(a) is Var], default=0
        )
        if out not in self.held and out not in self.optional:
            self.ready[out] = ready
            if self.depth[out] >= DEEP and is_tiny(out.type):
                self.steps.append(Force(out))
                self.ready[out] = len(self.steps)
                self.depth[out] = 0
            return
        self.depth[out] = 0
        members = self._make_members(d)
        self.members[out] = members
        for m in members:
            self.ready[out] = max(self.ready.get(out, 0), self._place(m))

    def _is_read_held(self, v: Var) -> bool:
        return v in self.held or v in self.optional or v not in self.definitions

    def _make_members(self, d: Definition) -> list[Member]:
        assert d.out is not None
        if isinstance(d.rule, Pull) and d.rule.parts is not None and self._must_assemble(d):
            return [
                self._member(d, d.equation.inputs[i], shape, destination)
                for i, shape, destination in d.rule.parts(
                    Reader(_NO_ELEMENTS, d), **d.equation.params
                )
                if math.prod(shape)
            ]
        return [self._member(d)]

    def _member(
        self, d: Definition, atom: Any = None, shape: Any = None, destination: Any = None
    ) -> Member:
        assert d.out is not None
        out_shape = array_type(d.out).shape if shape is None else shape
        axes = [Axis(n, symbol(n), False, p) for p, n in enumerate(out_shape)]
        if atom is None and isinstance(d.rule, Reduce):
            extents = d.rule.extents(Reader(_NO_ELEMENTS, d), **d.equation.params)
            axes += [Axis(n, symbol(n), True, q) for q, n in enumerate(extents)]
        probe = Probe(self.definitions, self._is_read_held)
        member = Member(d, d.out, axes, [], [], probe, atom, destination)
        if atom is not None:
            probe.walk(atom, member.at)
        else:
            probe.rule(d, member.at, member.reduced)
        if member.is_reduction and (_is_better_outside(member) or self._is_sum_of_singles(member)):
            member.accumulates = True
            member.axes.sort(key=lambda a: not a.is_reduced)
        member.loops, member.unrolled = self._loops(member)
        return member

    def _loops(self, m: Member) -> tuple[list[list[Axis]], list[Axis]]:
        """Axes merged where all accesses allow it; short inner loops are written out."""
        places = [
            linear(at, array_type(v).shape) for v, reads in m.probe.reads.items() for at in reads
        ]
        if m.destination is not None:
            places.append(linear(m.destination(m.at), array_type(m.var).shape))
        loops: list[list[Axis]] = []
        outs = [a for a in m.axes if not a.is_reduced]
        whole = outs[len(outs) - self._n_written_out(tuple([a.extent for a in outs])) :]
        for a in m.axes:
            if a.extent == 1 or (a in whole and not a.is_reduced):
                continue
            if (
                loops
                and loops[-1][0].is_reduced == a.is_reduced
                and _mergeable(loops[-1], a, places, m.probe.counted)
            ):
                loops[-1].append(a)
            else:
                loops.append([a])
        unrolled = [a for a in whole if a.extent > 1]
        n = math.prod([a.extent for a in unrolled])
        is_only_reduced = bool(loops) and all([g[0].is_reduced for g in loops])
        while len(loops) > 1:
            group = loops[-1]
            extent = math.prod([a.extent for a in group])
            outer = math.prod([a.extent for g in loops[:-1] for a in g])
            if extent > 8 and not (extent <= SMALL_SUM and unrolled):
                break
            if n * extent > UNROLLED or outer < 8:
                break
            n *= extent
            unrolled = [*group, *unrolled]
            loops.pop()
        # Sums of a few outputs: these are accumulated side by side.
        if loops and loops[-1][0].is_reduced and not is_only_reduced and not m.accumulates:
            outer_loops = [g for g in loops if not g[0].is_reduced]
            outputs = [a for g in outer_loops for a in g]
            if math.prod([a.extent for a in outputs]) * n <= 8:
                unrolled = outputs + unrolled
                loops = [g for g in loops if g[0].is_reduced]
        return loops, unrolled

    def _place(self, m: Member) -> int:
        """Put a member into a nest, the latest that it can share; its readiness."""
        held_reads = set(m.probe.reads)
        needs = self._ready(held_reads)
        first = max(0, len(self.steps) - SEARCHED) if m.loops else len(self.steps)
        for p in range(len(self.steps) - 1, first - 1, -1):
            step = self.steps[p]
            outside = [v for v in held_reads if self.ready.get(v, 0) > p]
            if any(self.ready.get(v, 0) > p + 1 for v in outside):
                break
            is_shared = isinstance(step, Node) and m.loops and self._shares(step, m, outside)
            if is_shared and self._join([step], m, 0, outside):
                return p + 1
            if outside:
                break
        self.steps.append(_chain(m, 0))
        assert needs <= len(self.steps)
        return len(self.steps)

    def _shares(self, node: Node, m: Member, outside: Sequence[Var]) -> bool:
        """Whether fusing saves anything: a value read twice, or one read where it is made."""
        if outside:
            return True
        mine = m.probe.reads.keys() | m.probe.pulled.keys()
        n = m.probe.n_operations
        for other in node.members():
            n += other.probe.n_operations
            if n > 400 and _n_unrolled(array_type(m.var).shape) == 0:
                return False
        return any(
            not mine.isdisjoint(o.probe.reads) or not mine.isdisjoint(o.probe.pulled)
            for o in node.members()
        )

    def _join(self, siblings: list[Any], m: Member, depth: int, outside: Sequence[Var]) -> bool:
        """Share loops `depth` … of a nest; True if the member was put in."""
        group = m.loops[depth]
        for k in range(len(siblings) - 1, -1, -1):
            node = siblings[k]
            if isinstance(node, Node):
                if self._fits(node, group, m, outside):
                    _rename(m, group, node.axes)
                    m.path.append(node)
                    if depth + 1 < len(m.loops):
                        if not self._join(node.children, m, depth + 1, outside):
                            node.children.append(_chain(m, depth + 1))
                    else:
                        node.children.append(m)
                    return True
                if any(o.var in outside for o in node.members()):
                    return False
            elif node.var in outside:
                return False
        return False

    def _fits(self, node: Node, group: list[Axis], m: Member, outside: Sequence[Var]) -> bool:
        if [a.extent for a in node.axes] != [a.extent for a in group]:
            return False
        swap = {_symbol(a): b.index for a, b in zip(group, node.axes, strict=True)}
        produced = {o.var: o for o in node.members()}
        for v in outside:
            other = produced.get(v)
            if other is None:
                continue
            if len(self.members[v]) > 1:
                return False
            mine = {_symbol(a) for a in node.axes}
            if any(_symbol(a) in mine for a in other.axes if a.is_reduced and a.extent > 1):
                return False
            for at in m.probe.reads[v]:
                for i, there in zip(at, other.at, strict=True):
                    is_mine = isinstance(there, Affine) and there.terms[0][0] in mine
                    if is_mine and _substituted(i, swap) != there:
                        return False
        return True

    # -- sums over what is mostly zero -----------------------------------------------------------

    def _find_singles(self, node: Node, around: frozenset[Symbol | None] = frozenset()) -> None:
        """Note it at the loops that have one; `around` are the symbols of the loops outside."""
        members = list(node.members())
        for child in node.children:
            if isinstance(child, Node):
                self._find_singles(child, around | {_symbol(a) for a in node.axes})
        s = _symbol(node.axes[0])
        if len(node.axes) != 1 or not members or not all([m.accumulates for m in members]):
            return
        common: set[Var] | None = None
        for m in members:
            found: set[Var] = set()
            for a in m.source.equation.inputs:
                found |= self._factors(a)
            common = found if common is None else common & found
        for v in common or ():
            places = {at for m in members for at in m.probe.pulled.get(v, ())}
            d = self.definitions[v]
            axis = d.rule.single_axis(  # type: ignore[union-attr,misc]  # factors are such values
                Reader(_NO_ELEMENTS, d), **d.equation.params
            )
            at = next(iter(places)) if len(places) == 1 else None
            if at is not None and at[axis] == node.axes[0].index and s is not None:
                rest = [i for p, i in enumerate(at) if p != axis and not isinstance(i, int)]
                if all(t in around for i in rest for t, _ in i.terms):  # the row is known there
                    node.single = Single(v, at, axis)
                    return

    def _is_sum_of_singles(self, m: Member) -> bool:
        if not 1 < array_type(m.var).size <= LARGEST_ACCUMULATED:
            return False
        rule = m.source.rule
        inputs = m.source.equation.inputs
        return (
            isinstance(rule, Reduce) and rule.how == "sum" and any(self._factors(a) for a in inputs)
        )

    def _factors(self, a: Any) -> set[Var]:
        """Pulled values of a single place that are factors of every element of `a`."""
        if type(a) is not Var or a not in self.definitions or self.members.get(a):
            return set()
        d = self.definitions[a]
        if isinstance(d.rule, Pull) and d.rule.single is not None:
            return {a}
        inputs = d.equation.inputs
        name = d.equation.primitive.name
        if name == "mul" or (isinstance(d.rule, Reduce) and name in ("dot", "einsum", "matmul")):
            return self._factors(inputs[0]) | self._factors(inputs[1])
        if name in _KEEP_ZEROS or (isinstance(d.rule, Reduce) and name == "sum"):
            return self._factors(inputs[0])
        return set()

    # -- what is stored --------------------------------------------------------------------------

    def _choose_stored(self) -> dict[Var, int]:
        """Values that must be in memory, and how many of their leading loops are shared by all."""
        whole_reads: set[Var] = set(self.outputs)
        at_top: set[Var] = set()
        for d in reversed(self.by_equation):
            eq = d.equation
            if self._is_whole(d):
                whole_reads.update(self._whole_reads(d))
            elif d.out is not None and (
                (is_tiny(d.out.type) and d.out not in self.members) or d.out in at_top
            ):
                for a in eq.inputs:
                    if type(a) is Var:
                        whole_reads.add(a)
                        if not self._is_read_held(a):
                            at_top.add(a)
        readers: dict[Var, list[Member]] = {}
        for members in self.members.values():
            for m in members:
                for v in m.probe.reads:
                    readers.setdefault(v, []).append(m)
        stored: dict[Var, int] = {}
        for v, members in self.members.items():
            is_whole = len(members) > 1 or v in whole_reads or v in self.cut
            if is_whole or any([m.accumulates for m in members]):
                stored[v] = 0
                continue
            m = members[0]
            shared = min(
                [_shared(m, r, m.n_out_loops()) for r in readers.get(v, [])],
                default=m.n_out_loops(),
            )
            if any(not _is_aligned(m, r) for r in readers.get(v, [])):
                shared = min(shared, m.n_out_loops() - 1) if shared == m.n_out_loops() else shared
            if shared == m.n_out_loops():
                if not m.is_reduction:
                    self._remove(m, readers.get(v, []))
                continue
            stored[v] = shared
        return stored

    def _remove(self, m: Member, readers: Sequence[Member]) -> None:
        """A value that is read only in the turn that makes it needs no store of its own.

        Who reads it reads what it is made of: that must last as long.
        """
        for reader in readers:
            reader.probe.take_over(m.probe)
        if m.path:
            m.path[-1].children.remove(m)
        else:
            self.steps[self.steps.index(m)] = Force(m.var)
        self.members[m.var] = []

    def _last_uses(self, stored: dict[Var, int]) -> dict[Var, int]:
        last: dict[Var, int] = {}
        return last


_KEEP_ZEROS = frozenset({"neg", "convert", "copy", "reshape", "broadcast_to", "transpose", "div"})


class _NoElements:
    b: Any = None


_NO_ELEMENTS: Any = _NoElements()


def _chain(m: Member, depth: int) -> Node | Member:
    """The member below new loops of its own, from loop `depth` on."""
    if depth == len(m.loops):
        return m
    node = Node(m.loops[depth])
    m.path.append(node)
    node.children.append(_chain(m, depth + 1))
    return node


def _symbol(a: Axis) -> Symbol | None:
    return a.index.terms[0][0] if isinstance(a.index, Affine) else None


def _substituted(i: Index, swap: dict[Symbol | None, Index]) -> Index:
    if isinstance(i, int):
        return i
    result: Index = i.const
    for s, c in i.terms:
        result = result + (swap[s] * c if s in swap else Affine(0, ((s, c),)))
    return result


def _rename(m: Member, group: list[Axis], axes: list[Axis]) -> None:
    """Let the member use the symbols of the loop that it joins."""
    swap = {_symbol(a): b.index for a, b in zip(group, axes, strict=True)}
    probe = m.probe
    for a, b in zip(group, axes, strict=True):
        breaks = probe.breaks.pop(_symbol(a), None)  # type: ignore[arg-type]  # None is no key
        if breaks is not None:
            probe.breaks[_symbol(b)] = breaks  # type: ignore[index]  # loops have symbols
        a.index = b.index
    for table in (probe.reads, probe.pulled):
        for v, reads in table.items():
            table[v] = {tuple([_substituted(i, swap) for i in at]) for at in reads}


def _mergeable(group: list[Axis], a: Axis, places: Sequence[Index], counted: set[Symbol]) -> bool:
    """Whether every access walks through the group's last axis and `a` as through one."""
    outer, inner = _symbol(group[-1]), _symbol(a)
    if outer in counted or inner in counted:
        return False
    for place in places:
        if isinstance(place, int):
            continue
        coefficients = dict(place.terms)
        if coefficients.get(outer, 0) != a.extent * coefficients.get(inner, 0):  # type: ignore[arg-type]  # None: one place, never a key
            return False
    return True


def _n_unrolled(shape: Sequence[int]) -> int:
    """How many trailing axes are short enough to be written out in a loop over the others."""
    n, count = 1, 0
    total = math.prod(shape)
    for extent in reversed(shape):
        n *= extent
        if extent > 16 or n > UNROLLED or (n and total // n < 8):
            break
        count += 1
    return count


def _is_better_outside(m: Member) -> bool:
    """Whether a reduction should walk its reduced axes outside: where its operands lie that way.

    Sums over leading axes then read their operands once, in the order of memory, and may share
    their loops with what makes these. Results of one or a few lanes stay in registers.
    """
    outs = [a for a in m.axes if not a.is_reduced and a.extent > 1]
    inner = [a for a in m.axes if a.is_reduced and a.extent > 1]
    n = math.prod([a.extent for a in outs])
    terms = math.prod([a.extent for a in inner])
    if not 32 < n <= LARGEST_ACCUMULATED or terms < 16:
        return False
    across = along = 0
    for v, reads in m.probe.reads.items():
        for at in reads:
            place = linear(at, array_type(v).shape)
            if isinstance(place, int):
                continue
            c = dict(place.terms)
            step_in, step_out = (
                min([abs(c[s]) for s in map(_symbol, axes) if s in c], default=0)
                for axes in (inner, outs)
            )
            if step_in and step_out:
                across += step_in > step_out
                along += step_in < step_out
            elif step_in == 1:
                along += 1
    return across > along


def _is_repeated(d: Definition, a: Var) -> bool:
    """Whether the result has an axis outside of the operand's own, along which it is read again."""
    shape, out = array_type(a).shape, array_type(d.out).shape
    if isinstance(d.rule, Reduce):
        return len(d.equation.inputs) > 1
    padded = (1,) * (len(out) - len(shape)) + tuple(shape)
    if len(padded) != len(out) or array_type(a).size >= array_type(d.out).size:
        return False
    own = [i for i, n in enumerate(padded) if n > 1]
    return bool(own) and any(out[i] > 1 and padded[i] == 1 for i in range(own[-1]))


def _shared(m: Member, reader: Member, limit: int) -> int:
    """How many of the member's loops the reader runs in too."""
    n = 0
    for x, y in zip(m.path[:limit], reader.path, strict=False):
        if x is not y:
            break
        n += 1
    return n


def _is_aligned(m: Member, reader: Member) -> bool:
    """Whether the reader reads only the elements made in the same turn of all loops."""
    at = m.at
    inner = {_symbol(a) for a in m.unrolled}
    own = {_symbol(a) for a in reader.unrolled}
    for read in reader.probe.reads[m.var]:
        for i, there in zip(read, at, strict=True):
            if i == there:
                continue
            if isinstance(there, Affine) and there.terms[0][0] in inner and _is_written_out(i, own):
                continue
            return False
    return True


def _is_written_out(i: Index, own: set[Symbol | None]) -> bool:
    """Whether an index will be a number, its symbols being those of axes that are written out."""
    return isinstance(i, int) or all([s in own for s, _ in i.terms])
