"""Code of loop nests: each `Node` of the plan becomes loops over whole lanes, then a rest.

A loop's turns are cut into chunks (`lanes.py`): as many turns of all lanes as fit, then fewer
lanes, then single ones. Each chunk writes the body anew, for its lanes. Reductions are carried in
registers: in lanes inside a chunk, combined across lanes behind it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from wengert.ir.emission import Reduce
from wengert.ir.program import Var
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import Value, parts, rebuilt
from wengert.native.cutting import cut, is_reduced_by, level_of
from wengert.native.elements import Elements, Reader
from wengert.native.index import Affine, Index, Symbol, symbol
from wengert.native.lanes import VECTOR_BYTES, choose_lanes, chunks, is_summed_in_lanes, piece
from wengert.native.memory import Buffer, Half, LoopBinding, c_strides, store
from wengert.native.packing import pack
from wengert.native.parallel import Region
from wengert.native.partials import combine_rows, halve
from wengert.native.rules import combine, neutral
from wengert.native.steps import Axis, Member, Node
from wengert.native.whole import Machine

GROUP = 16  # terms of a long sum, of each lane, that are added one after the other
LONG_SUM = 2 * GROUP  # turns from which a sum is cut into groups


class NestWriter:
    """Writes the nests of a plan; `destination` gives the Buffer a member is stored in, or None."""

    def __init__(
        self,
        elements: Elements,
        machine: Machine,
        destination: Any,
        finished: Any,
        stored: dict[Var, int],
    ) -> None:
        self.elements = elements
        self.machine = machine
        self.b: Arithmetic = elements.b
        self.destination = destination
        self.finished = finished  # called with a reduction's Var, index and value
        self.stored = stored  # as in `Plan`
        self.partial: dict[Member, Buffer] = {}  # where a block adds up what accumulates

    def write(self, step: Node | Member) -> None:
        """A whole nest, or a member without loops."""
        if not isinstance(step, Node):
            self._child(step, {})
            return
        choose_lanes(step)
        for m in step.members():
            if m.accumulates:
                self._fill(m, self.destination(m))
        before = pack(step, self.elements, self.machine)
        self._child(step, {})
        for v, source in before.items():
            self.machine.frame.give_back(self.elements.sources[v])  # type: ignore[arg-type]  # a copy
            self.elements.sources[v] = source

    def _child(self, child: Node | Member, sums: dict[Member, list[Any]]) -> None:
        if isinstance(child, Node):
            self._loop(child, sums)
        elif child.reduced_nodes:
            sums[child] = self._accumulated(child, sums[child])
        else:
            self._member(child)

    # -- loops -----------------------------------------------------------------------------------

    def _loop(self, node: Node, sums: dict[Member, list[Any]]) -> None:
        if node.single is not None:
            self._single(node, sums)
            return
        self._all_turns(node, sums)

    def _single(self, node: Node, sums: dict[Member, list[Any]]) -> None:
        """The one turn that adds something, where there is only one; else all of them."""
        single, b = node.single, self.b
        assert single is not None
        d = self.elements.definitions[single.var]
        row = (*single.at[: single.axis], *single.at[single.axis + 1 :])
        reader = Reader(self.elements, d)
        place, is_alone, value = d.rule.single(reader, row, **d.equation.params)  # type: ignore[union-attr, misc]  # has a single place
        branch = b.branch(is_alone)
        own = merged_symbols(node.axes)
        own.binding = LoopBinding(place, 0, b.depth)
        node.current_lanes = 0
        self.elements.remember(single.var, single.at, value)
        for child in node.children:
            self._child(child, sums)
        branch.otherwise()
        self._all_turns(node, sums)
        branch.join()

    def _all_turns(self, node: Node, sums: dict[Member, list[Any]]) -> None:
        mine = [m for m in node.members() if m.is_reduction and node in m.reduced_nodes]
        starting = [m for m in mine if m.reduced_nodes[0] is node]
        for m in starting:
            sums[m] = self._start(m)
        symbols = merged_symbols(node.axes)
        for lanes, start, stop in chunks(node):
            symbols.low, symbols.high = start, stop - 1
            self._chunk(node, symbols, lanes, start, stop, mine, sums)
        symbols.low, symbols.high = 0, symbols.extent - 1
        for m in starting:
            self._finish(m, sums.pop(m))

    def _chunk(
        self,
        node: Node,
        symbol: Symbol,
        lanes: int,
        start: int,
        stop: int,
        mine: Sequence[Member],
        sums: dict[Member, list[Any]],
    ) -> None:
        b = self.b
        before = {m: sums[m] for m in mine}
        in_lanes = lanes > 0 and bool(mine)
        step = max(lanes, 1)
        blocks = cut(node, step, start, stop) if self.machine.frame.region is None else None
        node.current_lanes = lanes
        if blocks is not None:
            results = self._in_blocks(node, symbol, lanes, start, stop, mine, sums, *blocks)
            for m in mine:
                how = m.source.rule.how  # type: ignore[union-attr]  # a reduction
                pairs = zip(before[m], results[m], strict=True)
                sums[m] = [combine(b, how, x, y) for x, y in pairs]
            return
        inits = {m: self._start(m) if in_lanes else sums[m] for m in mine}
        if stop - start == step:
            b.open_block()
            symbol.binding = LoopBinding(b.index(start), lanes, b.depth)
            sums.update(inits)
            for child in node.children:
                self._child(child, sums)
            width = lanes if in_lanes else 0
            values = [b.splat(v, width) for m in mine for x in sums[m] for v in parts(x)]
            made = iter(b.close_block(values))
            results = {m: [rebuilt(x, made) for x in sums[m]] for m in mine}
        else:
            first, last = b.index(start), b.index(stop)
            n_turns = (stop - start) // step
            results = self._turns(node, symbol, lanes, first, last, mine, inits, sums, n_turns)
        for m in mine:
            if in_lanes:
                values = [self._across(m, v) for v in results[m]]
                how = m.source.rule.how  # type: ignore[union-attr]  # a reduction
                sums[m] = [combine(b, how, x, y) for x, y in zip(before[m], values, strict=True)]
            else:
                sums[m] = results[m]

    def _in_blocks(
        self,
        node: Node,
        symbol: Symbol,
        lanes: int,
        start: int,
        stop: int,
        mine: Sequence[Member],
        sums: dict[Member, list[Any]],
        n_blocks: int,
        size: int,
    ) -> dict[Member, list[Any]]:
        """The turns in blocks that threads share; partial results are combined by halves."""
        b, frame = self.b, self.machine.frame
        level = level_of(node)
        for m in node.members():
            if self.stored.get(m.var, level + 1) <= level:
                self.destination(m)
        inits = {m: self._start(m) for m in mine}
        sizes = {m: len(inits[m]) for m in mine}
        added = [m for m in node.members() if m.accumulates and is_reduced_by(m, node)]
        targets = {m: self.destination(m) for m in added}
        sizes.update({m: math.prod(targets[m].shape) for m in added})
        tables = {m: frame.take(m.source.out_kind or "f8", (n_blocks, sizes[m])) for m in sizes}
        region = Region(b, frame, n_blocks, level)
        number = Affine(0, ((Symbol(n_blocks, region.block), 1),))
        for m in added:
            own = tables[m].item(number)
            shape = targets[m].shape
            self.partial[m] = Buffer(own.base, own.kind, shape, c_strides(shape), own.offset)
            self._fill(m, self.partial[m])
        first = b.add(b.mul(region.block, b.index(size)), b.index(start))
        last = b.minimum(b.add(first, b.index(size)), b.index(stop))
        block = self._turns(
            node, symbol, lanes, first, last, mine, inits, sums, size // max(lanes, 1)
        )
        for m in mine:
            for k, x in enumerate(block[m]):
                store(b, tables[m], (number, k), self._across(m, x) if lanes else x)
        region.close()
        for m, table in tables.items():
            halve(self.machine, m, table)
        for m in added:
            del self.partial[m]
            flat = self.machine.reshaped(targets[m], (sizes[m],))
            combine_rows(self.machine, m, flat, (), tables[m], (0,))
        results = {m: [self.machine.load(tables[m], (0, k)) for k in range(sizes[m])] for m in mine}
        for table in tables.values():
            frame.give_back(table)
        return results

    def _turns(
        self,
        node: Node,
        symbol: Symbol,
        lanes: int,
        start: Value,
        stop: Value,
        mine: Sequence[Member],
        inits: dict[Member, list[Any]],
        sums: dict[Member, list[Any]],
        n_turns: int,
    ) -> dict[Member, list[Any]]:
        """A loop whose turns are written once; what its reductions come to."""
        if n_turns >= LONG_SUM and is_summed_in_lanes(node, mine, lanes):
            size = GROUP
            while LONG_SUM * size <= n_turns:
                size *= GROUP
            return self._in_groups(node, symbol, lanes, start, stop, mine, inits, sums, size)
        b = self.b
        flat: list[Value] = []
        for m in mine:
            width = lanes or self._outer_lanes(m)
            flat += [b.splat(v, width) for x in inits[m] for v in parts(x)]
        loop = b.open_loop(stop, flat, start, max(lanes, 1))
        symbol.binding = LoopBinding(loop.index, lanes, b.depth)
        carried = iter(loop.carried)
        for m in mine:
            sums[m] = [rebuilt(x, carried) for x in inits[m]]
        for child in node.children:
            self._child(child, sums)
        nexts: list[Value] = []
        for m, var in zip(mine, _grouped(loop.carried, mine, inits), strict=True):
            for value, own in zip([v for x in sums[m] for v in parts(x)], var, strict=True):
                nexts.append(b.splat(value, own.lanes))
        results = iter(b.close_loop(loop, nexts))
        return {m: [rebuilt(x, results) for x in inits[m]] for m in mine}

    def _in_groups(
        self,
        node: Node,
        symbol: Symbol,
        lanes: int,
        start: Value,
        stop: Value,
        mine: Sequence[Member],
        inits: dict[Member, list[Any]],
        sums: dict[Member, list[Any]],
        n_turns: int,
    ) -> dict[Member, list[Any]]:
        """Long sums by groups of turns, whose totals are added up: rounding errors stay small."""
        b, size = self.b, n_turns * lanes
        flat = [b.splat(v, lanes) for m in mine for x in inits[m] for v in parts(x)]
        loop = b.open_loop(stop, flat, start, size)
        last = b.minimum(b.add(loop.index, b.index(size)), stop)
        fresh = {m: self._start(m) for m in mine}
        group = self._turns(node, symbol, lanes, loop.index, last, mine, fresh, sums, n_turns)
        nexts: list[Value] = []
        for m, own in zip(mine, _grouped(loop.carried, mine, inits), strict=True):
            how = m.source.rule.how  # type: ignore[union-attr]  # a reduction
            before = iter(own)
            for x, y in zip(inits[m], group[m], strict=True):
                nexts += parts(combine(b, how, rebuilt(x, before), y))
        results = iter(b.close_loop(loop, nexts))
        return {m: [rebuilt(x, results) for x in inits[m]] for m in mine}

    def _outer_lanes(self, m: Member) -> int:
        """The lanes of the loops over outputs around a reduction."""
        return max([n.current_lanes for n in m.path if n not in m.reduced_nodes], default=0)

    # -- members ---------------------------------------------------------------------------------

    def _out_indices(self, m: Member) -> list[tuple[Index, ...]]:
        outs = [a for a in m.unrolled if not a.is_reduced]
        axes = [a for a in m.axes if not a.is_reduced]
        result = []
        for choice in itertools.product(*[range(a.extent) for a in outs]):
            chosen = {a.position: i for a, i in zip(outs, choice, strict=True)}
            result.append(tuple([chosen.get(a.position, a.index) for a in axes]))
        return result

    def _reduced_indices(self, m: Member) -> list[tuple[Index, ...]]:
        inner = [a for a in m.unrolled if a.is_reduced]
        axes = [a for a in m.axes if a.is_reduced]
        result = []
        for choice in itertools.product(*[range(a.extent) for a in inner]):
            chosen = {a.position: i for a, i in zip(inner, choice, strict=True)}
            result.append(tuple([chosen.get(a.position, a.index) for a in axes]))
        return result

    def _start(self, m: Member) -> list[Any]:
        rule, kind = m.source.rule, m.source.out_kind
        assert isinstance(rule, Reduce) and kind is not None
        return [neutral(self.b, rule.how, kind) for _ in self._out_indices(m)]

    def _accumulated(self, m: Member, totals: list[Any]) -> list[Any]:
        """What this turn makes of the sums in registers."""
        pairs = zip(self._out_indices(m), totals, strict=True)
        return [self._added(m, at, total) for at, total in pairs]

    def _added(self, m: Member, at: tuple[Index, ...], total: Any) -> Any:
        """A partial result with the terms that this turn adds for `at`."""
        rule, kind = m.source.rule, m.source.out_kind
        assert isinstance(rule, Reduce) and kind is not None
        reader = Reader(self.elements, m.source)
        for r in self._reduced_indices(m):
            term = rule.read(reader, at, r, **m.source.equation.params)
            total = combine(self.b, rule.how, total, self.b.convert(term, kind))
        return total

    def _fill(self, m: Member, target: Buffer) -> None:
        """What a sum in memory starts from."""
        rule = m.source.rule
        assert isinstance(rule, Reduce)
        start = neutral(self.b, rule.how, target.kind)
        flat = Buffer(target.base, target.kind, (math.prod(target.shape),), (1,), target.offset)
        node = Node([Axis(flat.shape[0], symbol(flat.shape[0]), False, 0)])
        node.lanes = VECTOR_BYTES // 8
        own = merged_symbols(node.axes)
        for lanes, first, stop in piece(node, 0, flat.shape[0]):
            loop = self.b.open_loop(self.b.index(stop), (), self.b.index(first), max(lanes, 1))
            own.binding = LoopBinding(loop.index, lanes, self.b.depth)
            store(self.b, flat, (node.axes[0].index,), start)
            self.b.close_loop(loop)

    def _accumulate(self, m: Member) -> None:
        """The terms of this turn added to what is in memory."""
        target = self.partial.get(m) or self.destination(m)
        assert target is not None
        for at in self._out_indices(m):
            total = self._added(m, at, self.machine.load(target, at))
            store(self.b, target, at, total)

    def _member(self, m: Member) -> None:
        """Elements that this turn makes, stored."""
        if m.accumulates:
            self._accumulate(m)
            return
        target = self.destination(m)
        for at in self._out_indices(m):
            if m.atom is not None:
                value = self.elements.element(m.atom, at)
                value = self.b.convert(value, m.source.out_kind or "f8")
                self._store(m, target, m.destination(at), value)
            elif m.is_reduction:  # all reduced axes are written out
                (start, *_) = self._start(m)
                self._done(m, target, at, self._added(m, at, start))
            else:
                self._done(m, target, at, self.elements.pulled(m.var, at))

    def _finish(self, m: Member, totals: list[Any]) -> None:
        target = self.destination(m)
        for at, total in zip(self._out_indices(m), totals, strict=True):
            self._done(m, target, at, total)

    def _done(self, m: Member, target: Buffer | None, at: tuple[Index, ...], value: Any) -> None:
        self.finished(m, at, value)
        if target is not None:
            self._store(m, target, at, value)

    def _store(self, m: Member, target: Buffer, at: Sequence[Index], value: Any) -> None:
        store(self.b, target, at[len(at) - len(target.shape) :], value)

    def _across(self, m: Member, value: Any) -> Any:
        """The lanes of a partial result combined, by halves."""
        b, how = self.b, m.source.rule.how  # type: ignore[union-attr]  # a reduction
        while lanes_of(value) > 1:
            half = lanes_of(value) // 2
            low = [b.shuffle(v, range(half)) for v in parts(value)]
            high = [b.shuffle(v, range(half, 2 * half)) for v in parts(value)]
            value = combine(b, how, rebuilt(value, iter(low)), rebuilt(value, iter(high)))
        return rebuilt(value, iter([b.extract(v, 0) for v in parts(value)]))


def merged_symbols(axes: Sequence[Axis]) -> Symbol:
    """The symbol of a loop over merged axes; those of the axes are bound as parts of it."""
    own = [a.index.terms[0][0] for a in axes if isinstance(a.index, Affine)]
    if len(own) == 1:
        return own[0]
    whole = Symbol(math.prod([a.extent for a in axes]))
    rest = whole
    for k, s in enumerate(own[:-1]):
        n = math.prod([a.extent for a in axes[k + 1 :]])
        inner = own[-1] if k == len(own) - 2 else Symbol(n)
        s.binding = Half(rest, n, True)
        inner.binding = Half(rest, n, False)
        rest = inner
    return whole


def lanes_of(x: Any) -> int:
    return x.lanes


def _grouped(
    values: Sequence[Value], members: Sequence[Member], inits: dict[Member, list[Any]]
) -> list[list[Value]]:
    rest = iter(values)
    return [[v for x in inits[m] for v in itertools.islice(rest, len(parts(x)))] for m in members]
