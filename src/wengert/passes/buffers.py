"""Arrays written piece by piece: what stands at a place is looked up, not read.

A Python loop that fills an array leaves a chain of `index_set` equations, each a new version of
the array before. A chain is kept once, as the list of writes to each cell; a read finds the last
write to its cell that is not later than the version it reads, in logarithmic time, so that n
writes and n reads cost n log n.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from wengert.ir.program import Equation, Literal, Source, Var
from wengert.ops.core import add_p, broadcast_to_p, convert_p, reshape_p, transpose_p
from wengert.ops.indexing import Index, index_add_p, selected_shape, triple_of
from wengert.ops.joining import stack_p
from wengert.passes.parts import padded, take, trimmed
from wengert.passes.pattern import array_type
from wengert.passes.rewriting import Rewriter
from wengert.types import Type

_MAX_REGIONS = 32  # writes of slices that a read looks through


@dataclass
class Cell:
    """The writes to one cell, oldest first; `values` once they have been asked for."""

    versions: list[int] = field(default_factory=list)
    writes: list[Equation] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


class Chain:
    """Versions of one array; `axes` are those on which its cells have integers."""

    def __init__(self, root: Var, axes: tuple[int, ...]) -> None:
        self.root = root
        self.axes = axes
        self.cells: dict[tuple[int, ...], Cell] = {}
        self.regions: list[tuple[int, Equation]] = []  # writes that are no cell
        self.last = 0


class Buffers:
    """The chains of a Program that is being written."""

    def __init__(self, graph: Rewriter) -> None:
        self.graph = graph
        self.versions: dict[Any, tuple[Chain, int]] = {}

    # -- writing -----------------------------------------------------------------------------------

    def note(self, eq: Equation) -> None:
        """Enter an `index_set` or `index_add` equation that was written."""
        base, out = eq.inputs[0], eq.outputs[0]
        shape = array_type(out).shape
        index = eq.params["index"]
        if type(base) is not Var or None in index:
            return
        entries = padded(index, shape)
        axes = tuple([i for i, e in enumerate(entries) if type(e) is int])
        is_cell = bool(axes) and all(
            [type(e) is int or e == (0, n, 1) for e, n in zip(entries, shape, strict=True)]
        )
        chain, version = self.versions.get(base, (None, 0))
        if chain is None or version != chain.last or (is_cell and chain.axes not in ((), axes)):
            chain = Chain(base, axes if is_cell else ())
        if is_cell:
            chain.axes = axes
        chain.last += 1
        if is_cell:
            cell = chain.cells.setdefault(tuple([entries[a] for a in axes]), Cell())
            cell.versions.append(chain.last)
            cell.writes.append(eq)
            cell.values.append(None)
        else:
            chain.regions.append((chain.last, eq))
        self.versions[out] = (chain, chain.last)

    # -- reading -----------------------------------------------------------------------------------

    def read(self, var: Any, index: Index, source: Source) -> Any:
        """What stands at `index` in a version of an array; None if it cannot be said."""
        found = self.versions.get(var)
        if found is None or None in index:
            return None
        chain, version = found
        shape = var.type.shape
        entries = padded(index, shape)
        cell, place = None, 0
        if chain.cells:
            if any([type(entries[a]) is not int for a in chain.axes]):
                return None
            cell = chain.cells.get(tuple([entries[a] for a in chain.axes]))
            place = bisect_right(cell.versions, version) if cell else 0
        since = cell.versions[place - 1] if cell and place else 0
        over = self._region(chain, since, version, index, entries, shape)
        if over is None:
            return None
        if type(over) is tuple:
            eq, inside = over
            whole = self._value(eq, source)
            return None if whole is None else take(self.graph, whole, inside, source)
        if cell is None or not place:
            return take(self.graph, chain.root, index, source)
        value = self._cell_value(chain, cell, place, source)
        if value is None:
            return None
        kept = [a for a in range(len(shape)) if a not in chain.axes]
        rest = trimmed([entries[a] for a in kept], tuple([shape[a] for a in kept]))
        return take(self.graph, value, rest, source)

    def _region(
        self, chain: Chain, since: int, version: int, index: Index, entries: Any, shape: Any
    ) -> Any:
        """The write of a slice that decides: (equation, index in its value); True for none."""
        newest = bisect_right(chain.regions, version, key=lambda r: r[0])
        for k in range(newest - 1, max(-1, newest - 1 - _MAX_REGIONS), -1):
            when, eq = chain.regions[k]
            if when <= since:
                return True
            own = padded(eq.params["index"], shape)
            if any([_disjoint(e, f) for e, f in zip(entries, own, strict=True)]):
                continue
            inside = _inside(entries, own)
            if inside is None or eq.primitive is index_add_p:
                return None
            return eq, trimmed(inside, selected_shape(shape, eq.params["index"]))
        return True if newest <= _MAX_REGIONS else None

    def _cell_value(self, chain: Chain, cell: Cell, place: int, source: Source) -> Any:
        """The value of a cell after its first `place` writes, made from the last one known."""
        start = place - 1
        while start >= 0 and cell.values[start] is None:
            if cell.writes[start].primitive is not index_add_p:
                break
            start -= 1
        if chain.regions and (place - 1 - max(start, 0) or start < 0):
            return None  # a write of a slice may stand between two additions
        value: Any = None
        if start < 0:
            value = take(self.graph, chain.root, cell.writes[0].params["index"], source)
        for i in range(max(start, 0), place):
            if cell.values[i] is None:
                written = self._value(cell.writes[i], source)
                if written is None:
                    return None
                if cell.writes[i].primitive is index_add_p:
                    if written.type is not value.type:
                        return None
                    where = cell.writes[i].source
                    written = self.graph.emit(add_p, (value, written), {}, where)
                cell.values[i] = written
            value = cell.values[i]
        return value

    def _value(self, eq: Equation, source: Source) -> Any:
        """What a write puts in its place, in the dtype and shape of the place."""
        base: Any = eq.outputs[0].type
        value = eq.inputs[1]
        type_ = Type(selected_shape(base.shape, eq.params["index"]), base.dtype)
        if type(value) is Literal:
            return self.graph.full(type_, value.value, source)
        graph, x = self.graph, value
        shape = array_type(x).shape
        while len(shape) > len(type_.shape) and shape[0] == 1:
            shape = shape[1:]
        if shape != array_type(x).shape:
            x = graph.emit(reshape_p, (x,), {"shape": shape, "order": "C"}, source)
        if array_type(x).dtype != type_.dtype:
            if eq.primitive is index_add_p:
                return None  # the sum is rounded once, in the wider dtype
            x = graph.emit(convert_p, (x,), {"dtype": type_.dtype}, source)
        if x.type is not type_:
            x = graph.emit(broadcast_to_p, (x,), {"shape": type_.shape}, source)
        return x

    # -- whole arrays ------------------------------------------------------------------------------

    def stacked(self, var: Any, source: Source) -> Any:
        """A version all of whose cells were written, as a stack of their values; or None."""
        chain, version = self.versions.get(var, (None, 0))
        if chain is None or chain.regions or version != chain.last:
            return None
        shape, axes = var.type.shape, chain.axes
        if len(chain.cells) != math.prod([shape[a] for a in axes]):
            return None
        is_known = self.graph.constant(chain.root) is not None
        cells = [chain.cells[c] for c in product(*[range(shape[a]) for a in axes])]
        if not is_known and any([c.writes[0].primitive is index_add_p for c in cells]):
            return None  # the array's own elements would have to be read one by one
        values = [self._cell_value(chain, c, len(c.versions), source) for c in cells]
        if any([v is None for v in values]):
            return None
        graph = self.graph
        kept = [a for a in range(len(shape)) if a not in axes]
        if len(axes) == 1:
            return graph.emit(stack_p, values, {"axis": axes[0]}, source)
        result = graph.emit(stack_p, values, {"axis": 0}, source)
        order = [*axes, *kept]
        sizes = tuple([shape[a] for a in order])
        result = graph.emit(reshape_p, (result,), {"shape": sizes, "order": "C"}, source)
        back = tuple([order.index(a) for a in range(len(shape))])
        return graph.emit(transpose_p, (result,), {"axes": back}, source)


# -- places ----------------------------------------------------------------------------------------


def _places(e: Any) -> range:
    if type(e) is int:
        return range(e, e + 1)
    start, stop, step = e
    return range(start, -1 if stop is None else stop, step)


def _disjoint(e: Any, f: Any) -> bool:
    """Whether two entries for one axis have no place in common; False where it is not clear."""
    a, b = _places(e), _places(f)
    if not a or not b:
        return True
    if min(a[0], a[-1]) > max(b[0], b[-1]) or min(b[0], b[-1]) > max(a[0], a[-1]):
        return True
    if len(a) == 1:
        return a[0] not in b
    if len(b) == 1:
        return b[0] not in a
    step = math.gcd(a.step, b.step)
    return (a[0] - b[0]) % step != 0


def _inside(entries: list[Any], own: list[Any]) -> list[Any] | None:
    """The index in what `own` selects that is `entries` of the whole; None if it is not inside."""
    result: list[Any] = []
    for e, f in zip(entries, own, strict=True):
        a, b = _places(e), _places(f)
        if type(f) is int:
            if type(e) is not int:
                return None
            continue  # the same place: they are not disjoint
        if not a:
            result.append((0, 0, 1))
            continue
        if a[0] not in b or a[-1] not in b or a.step % b.step:
            return None
        first = b.index(a[0])
        result.append(first if type(e) is int else triple_of(first, len(a), a.step // b.step))
    return result
