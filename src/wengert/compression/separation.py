"""What a linear Program does between fetching its inputs and putting its results in place.

A Jacobian is split as J = S D G. G copies input elements to where they are read (gathers, slices,
reshapes), S adds result elements to where they belong (scatters, sums, reshapes); D, in the middle,
is the work. Bundle adjustment gathers cameras and points for each observation: D has a small dense
block for each and is colored with as many colors as a block has columns. The Hessian of a sum over
pairs, whose adjoint gathers become scatters, needs as many colors as one pair has coordinates,
however many neighbors an atom has. (Partial separability: Griewank and Toint, 1982; here it is
found in the Program, not declared.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.compression.structure import Integers, Structure, merged
from wengert.ir.flow import are_indices_known
from wengert.ir.index_sets import IndexSets, Labels
from wengert.ir.program import Equation, Program, prune
from wengert.trace.tracer import outside_recordings
from wengert.transforms.sparsity import KnownValues, flow_of, input_labels, propagate, sparsity_rule
from wengert.types import Type

_MIN_ITEMS = 32  # from which on a batch is looked at by items
_MAX_COPIES = 64  # times as many elements as the Program has inputs and outputs


@dataclass(frozen=True)
class Separated:
    """The middle of a linear Program.

    Attributes
    ----------
    program : Program
        D: the known inputs of the whole, then those of the middle; its outputs.
    columns : tuple of arrays
        For each element of an input of the middle the column of J that it copies, or −1.
    rows : tuple of arrays
        For each element of an output of the middle the row of J that it is added to, or −1.
    n_known : int
        How many inputs are known.
    known : tuple
        Their values, None where they depend on arguments.
    """

    program: Program
    columns: tuple[Labels, ...]
    rows: tuple[Labels, ...]
    n_known: int
    known: tuple[Any, ...]

    @property
    def in_types(self) -> list[Any]:
        return list(self.program.in_types[self.n_known :])

    def entries(self, shape: tuple[int, int]) -> tuple[Structure, Any, Integers]:
        """The structure of J, the pattern of D, and the place in J of each of its entries."""
        pattern = self.pattern()
        rows, columns = joined(self.rows), joined(self.columns)
        row = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        kept = (rows[row] >= 0) & (columns[pattern.indices] >= 0)
        if not kept.all():
            at = row[kept], pattern.indices[kept]
            pattern = type(pattern)((kept[kept], at), shape=pattern.shape)
            row = at[0]
        structure, slots = merged(rows[row], columns[pattern.indices], shape)
        return structure, pattern, slots

    def pattern(self) -> Any:
        """Where D may be different from zero: a boolean `csr_array`."""
        found = self._pattern_by_items()
        if found is not None:
            return found
        labels, sets = input_labels(self.in_types)
        return sets.rows(self._labels(labels, sets))

    def _labels(self, labels: Sequence[Labels], sets: IndexSets) -> Labels:
        """Labels of all elements of the outputs, for those of the inputs."""
        found = propagate(
            self.program,
            [*[None] * self.n_known, *labels],
            [*self.known, *[None] * len(labels)],
            sets,
        )
        return joined(
            [
                np.zeros(r.shape, np.int64) if x is None else x
                for x, r in zip(found, self.rows, strict=True)
            ]
        )

    def _pattern_by_items(self) -> Any:
        """The pattern of what is done to each item of a batch alone; None where it is not so.

        Two short walks instead of a long one: on which items does each row depend, and on which
        places within items? What meets both is all that can be; if a row has one item it is exact.
        """
        shapes = [t.shape for t in self.in_types]
        n = shapes[0][0] if shapes and shapes[0] else 0
        if n < _MIN_ITEMS or any([s[:1] != (n,) for s in shapes]):
            return None
        items = IndexSets(n)
        numbers = np.arange(1, n + 1)
        item = self._labels(
            [np.broadcast_to(numbers.reshape(n, *(1,) * (len(s) - 1)), s) for s in shapes], items
        )
        if np.max(item, initial=0) > n:  # a union of several
            return None
        sizes = [int(np.prod(s[1:])) for s in shapes]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        places = IndexSets(int(starts[-1]))
        place = self._labels(
            [
                np.broadcast_to(np.arange(a + 1, a + k + 1).reshape(1, *s[1:]), s)
                for s, a, k in zip(shapes, starts, sizes, strict=False)
            ],
            places,
        )
        rows = places.rows(np.where(item > 0, place, 0))
        value = np.repeat(np.arange(len(sizes)), sizes)[rows.indices]
        row_items = np.repeat(item - 1, np.diff(rows.indptr))
        columns = (n * starts[:-1] - starts[:-1])[value] + rows.indices
        columns += row_items * np.array(sizes)[value]
        shape = (len(item), n * int(starts[-1]))
        return type(rows)((rows.data, columns.astype(np.int32), rows.indptr), shape=shape)


def whole_structure(program: Program, known: Sequence[Any], shape: tuple[int, int]) -> Structure:
    """Where the matrix that a linear Program is can be different from zero."""
    return separate(program, known, has_gathers(program)).entries(shape)[0]


def whole(program: Program, known: Sequence[Any]) -> Separated:
    """Nothing separated: the middle is everything."""
    n = len(known)
    return Separated(
        program,
        tuple(_numbered(program.in_types[n:])),
        tuple(_numbered(program.out_types)),
        n,
        tuple(known),
    )


def separate(program: Program, known: Sequence[Any], keeps_slices: bool = False) -> Separated:
    """Split a linear Program; `known` are the values of its first inputs, None where unknown.

    With `keeps_slices` fetching ends at the last gather: slices of what was gathered stay with the
    work, so that an element that several of them read is one column, not several.
    """
    with outside_recordings():
        values = KnownValues(program, [*known, *[None] * (len(program.inputs) - len(known))])
        fetched = _fetched(program, len(known), values)
        if keeps_slices:
            fetched = _until_gathers(program, fetched)
        active = _active(program, len(known))
        ends, placing = _placed(program, active, fetched, values)
        ends, placing = _placed(program, active, fetched, values, _after_sums(program, placing))
    return _middle(program, known, fetched, ends, placing)


def joined(parts: Sequence[Labels]) -> Labels:
    """Arrays raveled, one after the other."""
    return np.concatenate([np.ravel(p) for p in parts]) if parts else np.zeros(0, np.int64)


def _numbered(types: Sequence[Any]) -> list[Labels]:
    """Numbers for the elements of values of these types, counted through."""
    result, start = [], 0
    for t in types:
        result.append(np.arange(start, start + t.size).reshape(t.shape))
        start += t.size
    return result


def _fetched(program: Program, n_known: int, values: KnownValues) -> dict[Any, Labels]:
    """Values whose elements are copies of input elements, each with its number plus one, or 0."""
    found: dict[Any, Labels] = {}
    for v, numbers in zip(
        program.inputs[n_known:], _numbered(program.in_types[n_known:]), strict=True
    ):
        found[v] = numbers + 1
    active: set[Any] = set(found)
    sizes = [t.size for t in (*program.in_types[n_known:], *program.out_types)]
    room = _MAX_COPIES * sum(sizes)
    sets = IndexSets(0)  # moving makes no sets
    for eq in program.equations:
        inputs = [a for a in eq.inputs if a in active]
        if not inputs:
            values.compute(eq)
            continue
        active.update(eq.outputs)
        out = eq.outputs[0].type if eq.outputs else None
        if not _fetches(eq) or not isinstance(out, Type) or any([a not in found for a in inputs]):
            continue
        k = flow_of(eq, found, values, sets)
        if not are_indices_known(k) or out.size > room:
            continue
        room -= out.size
        found[eq.outputs[0]] = sparsity_rule(eq.primitive)(k, **eq.params)
    return found


def _fetches(eq: Equation) -> bool:
    """Whether an equation copies elements to where they are read; a broadcast stays with the work.

    Repeated along an axis, an element would be as many columns, which all get one color anyway.
    """
    rule = sparsity_rule(eq.primitive)
    return getattr(rule, "moves", False) and not getattr(rule, "repeats_all", False)


def _until_gathers(program: Program, fetched: dict[Any, Labels]) -> dict[Any, Labels]:
    """Those of the fetched values that are inputs, or made on the way to a gather or by one."""
    on_the_way: set[Any] = set()
    for eq in reversed(program.equations):
        if _is_in(eq, fetched) and (_copies(eq) or eq.outputs[0] in on_the_way):
            on_the_way.update([*eq.inputs, eq.outputs[0]])
    kept = {*program.inputs, *on_the_way}
    return {v: x for v, x in fetched.items() if v in kept}


def _copies(eq: Equation) -> bool:
    """Whether an equation may copy an element more than once."""
    return not sparsity_rule(eq.primitive).collects


def has_gathers(program: Program) -> bool:
    """Whether something is gathered: the two ways to separate differ."""
    return any([_fetches(eq) and _copies(eq) for eq in program.equations])


def _active(program: Program, n_known: int) -> set[Any]:
    """The values that depend on the linear inputs."""
    found: set[Any] = set(program.inputs[n_known:])
    for eq in program.equations:
        if any([a in found for a in eq.inputs]):
            found.update(eq.outputs)
    return found


Ends = dict[Any, list[Labels]]


def _placed(
    program: Program,
    active: set[Any],
    fetched: dict[Any, Labels],
    values: KnownValues,
    allowed: set[Equation] | None = None,
) -> tuple[Ends, set[Equation]]:
    """The values whose elements are added to output elements, and the equations that do it.

    For each value the numbers of the output elements, -1 for none; several arrays of them for a
    value that goes to several places.
    """
    uses = Counter([a for eq in program.equations for a in eq.inputs] + list(program.outputs))
    ends: Ends = {}
    for a, numbers in zip(program.outputs, _numbered(program.out_types), strict=True):
        ends.setdefault(a, []).append(numbers)
    placing: set[Equation] = set()
    for eq in reversed(program.equations):
        out: Any = eq.outputs[0] if len(eq.outputs) == 1 else None
        if out not in ends or out not in active or uses[out] != 1 or out in fetched:
            continue
        if allowed is not None and eq not in allowed:
            continue
        inputs = [(i, a) for i, a in enumerate(eq.inputs) if a in active]
        found = _places_of_inputs(eq, inputs, values)
        if found is None:
            continue
        placing.add(eq)
        numbers = np.append(np.ravel(ends.pop(out)[0]), -1)
        for (_, a), at in zip(inputs, found, strict=True):
            ends.setdefault(a, []).append(numbers[at])
    return {a: at for a, at in ends.items() if a in active}, placing


def _after_sums(program: Program, placing: set[Equation]) -> set[Equation]:
    """Those of the placing equations that sum, or place what was summed.

    What only moves or adds before them stays with the work: its results would be more rows.
    """
    summed: set[Any] = set()
    useful: set[Equation] = set()
    for eq in program.equations:
        if eq in placing and (_sums(eq) or any([a in summed for a in eq.inputs])):
            useful.add(eq)
            summed.update(eq.outputs)
    return useful


def _sums(eq: Equation) -> bool:
    """Whether an equation adds up elements of one input."""
    rule = sparsity_rule(eq.primitive)
    return rule.collects and not rule.moves if hasattr(rule, "collects") else False


def _places_of_inputs(
    eq: Equation, inputs: Sequence[tuple[int, Any]], values: KnownValues
) -> list[Labels] | None:
    """Where each element of the active inputs goes in the raveled output; None for no one place."""
    rule = sparsity_rule(eq.primitive)
    out: Any = eq.outputs[0].type
    if eq.primitive.name == "add":
        if any([a.type.shape != out.shape for _, a in inputs]):
            return None
        return [np.arange(out.size).reshape(out.shape)] * len(inputs)
    if not getattr(rule, "collects", False):
        return None
    k = flow_of(eq, {}, values, IndexSets(0))
    if not are_indices_known(k):
        return None
    places = [rule.places(k, i, **eq.params) for i, _ in inputs]
    return None if any([p is None for p in places]) else places


def _middle(
    program: Program,
    known: Sequence[Any],
    fetched: dict[Any, Labels],
    ends: Ends,
    placing: set[Equation],
) -> Separated:
    """The equations that neither fetch nor place, and what crosses their borders."""
    n = len(known)
    outputs = [a for a, places in ends.items() for _ in places]
    middle = [eq for eq in program.equations if eq not in placing and not _is_in(eq, fetched)]
    kept, needed = prune((), middle, outputs)
    inputs = [a for a in fetched if a in needed]
    return Separated(
        Program([*program.inputs[:n], *inputs], kept, outputs),
        tuple([fetched[a] - 1 for a in inputs]),
        tuple([at for places in ends.values() for at in places]),
        n,
        tuple(known),
    )


def _is_in(eq: Equation, fetched: dict[Any, Labels]) -> bool:
    return bool(eq.outputs) and eq.outputs[0] in fetched
