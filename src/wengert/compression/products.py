"""Products of a linear Program with sums of unit vectors, one for each color.

Elements of one color are seeded together. There are two ways to run all products:

    written out   the Program once for each color, seeds with structural zeros: where an input's
                  colors repeat along an axis (the items of a batch), the compiler sees how small
                  each seed is and writes straight-line code for an item
    batched       the Program over all colors at once, or in parts that keep within a memory cap
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.control.loops import map as map_items
from wengert.ir.index_sets import Labels
from wengert.ir.program import Program, prune
from wengert.ops.core import add, basis, broadcast_to, convert, full, iota, reshape, zeros_of
from wengert.ops.indexing import index
from wengert.trace.evaluate import evaluate, record_program
from wengert.transforms.batch import batch_program

_MAX_WRITTEN = 4_000  # equations of all products together, for writing them out
_MAX_UNIT_SIZE = 4_096  # elements of a unit vector that is written out


@dataclass(frozen=True)
class Products:
    """All products of a linear Program.

    Attributes
    ----------
    program : Program
        Known inputs first, then the linear ones.
    n_known : int
    colors : tuple of int arrays
        The color of each element of each linear input, −1 for none.
    n_colors : int
    is_compiled : bool
        Whether they will be compiled: on the interpreter, fewer equations are faster.
    """

    program: Program
    n_known: int
    colors: tuple[Labels, ...]
    n_colors: int
    is_compiled: bool

    @property
    def in_types(self) -> list[Any]:
        return list(self.program.in_types[self.n_known :])

    @property
    def out_types(self) -> list[Any]:
        return list(self.program.out_types)

    def is_written_out(self) -> bool:
        """Whether the products are run one by one, with structural seeds."""
        n_equations = self.n_colors * len(self.program.equations)
        if not self.is_compiled or n_equations > _MAX_WRITTEN:
            return False
        return all([_is_structural(c) for c in self.colors])

    def one_by_one(self, known: Sequence[Any], needed: Sequence[Sequence[int]]) -> list[list[Any]]:
        """For each output its products with the colors that it needs, in that order."""
        results: list[dict[int, Any]] = [{} for _ in self.out_types]
        for color in range(self.n_colors):
            if not any([color in wanted for wanted in needed]):
                continue
            seeds = [
                _structural_seed(c, color, t)
                for c, t in zip(self.colors, self.in_types, strict=True)
            ]
            found = _run_without_zeros(self.program, known, seeds)
            for values, value in zip(results, found, strict=True):
                values[color] = value
        return [
            [values[color] for color in wanted]
            for values, wanted in zip(results, needed, strict=True)
        ]

    def all_at_once(self, known: Sequence[Any], memory: float) -> list[Any]:
        """For each output an array (n_colors, *shape)."""
        at_once = max(1, min(self.n_colors, int(memory / max(self._bytes_of_one(), 1))))
        n_parts = math.ceil(self.n_colors / at_once)
        at_once = math.ceil(self.n_colors / n_parts)
        if n_parts == 1:
            return self._part(known, 0, self.n_colors)
        starts = iota(n_parts) * at_once
        parts = map_items(lambda start: self._part(known, start, at_once), starts)
        return [
            index(reshape(p, (n_parts * at_once, *t.shape)), ((0, self.n_colors, 1),))
            for p, t in zip(parts, self.out_types, strict=True)
        ]

    def _part(self, known: Sequence[Any], start: Any, size: int) -> list[Any]:
        seeds = [_seeds(c, start, size, t) for c, t in zip(self.colors, self.in_types, strict=True)]
        flags = [False] * self.n_known + [True] * len(seeds)
        batched = batch_program(self.program, flags, size, [True] * len(self.program.outputs))
        return list(evaluate(batched.program, [*known, *seeds]))

    def _bytes_of_one(self) -> float:
        types = [*self.in_types, *[v.type for eq in self.program.equations for v in eq.outputs]]
        return sum([getattr(t, "nbytes", 0) for t in types])


def _repeating(colors: Labels) -> Labels:
    """The colors, cut to one item along each axis along which they are all the same."""
    for axis in range(colors.ndim):
        first = np.take(colors, [0], axis) if colors.shape[axis] else colors
        if colors.shape[axis] > 1 and np.all(colors == first):
            colors = first
    return colors


def _is_structural(colors: Labels) -> bool:
    """Whether each color is at one or two places of an item, and items are small."""
    unit = _repeating(colors)
    used = unit[unit >= 0]
    return unit.size <= _MAX_UNIT_SIZE and 2 * len(np.unique(used)) >= len(used)


def _structural_seed(colors: Labels, color: int, type_: Any) -> Any:
    """One where the color is, structural zeros elsewhere; None where it is nowhere."""
    unit = _repeating(colors)
    (where,) = np.nonzero(unit.ravel() == color)
    if not len(where):
        return None
    if unit.size == 1:
        return full(type_.shape, 1, type_.dtype)
    vectors = basis(unit.size, 0, unit.shape, type_.dtype)
    seed = index(vectors, (int(where[0]),))
    for place in where[1:].tolist():
        seed = add(seed, index(vectors, (place,)))
    return broadcast_to(seed, type_.shape)


def _run_without_zeros(program: Program, known: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
    """The outputs of a linear Program; seeds that are None are zero, what only they reach too."""
    env: dict[Any, Any] = dict(zip(program.inputs, [*known, *seeds], strict=True))
    active = set(program.inputs[len(known) :])
    kept, vanished = [], {v for v in active if env[v] is None}
    for eq in program.equations:
        own = [a for a in eq.inputs if a in active]
        active.update(eq.outputs if own else ())
        if own and all([a in vanished for a in own]):
            vanished.update(eq.outputs)
        else:
            kept.append(eq)
    live, needed = prune((), kept, [a for a in program.outputs if a not in vanished])
    inputs = [v for v in (*program.inputs, *vanished) if v in needed]
    inputs = list(dict.fromkeys(inputs))
    values = [zeros_of(v.type) if env.get(v) is None else env[v] for v in inputs]
    outputs = [a for a in program.outputs if a not in vanished]
    found = dict(zip(outputs, record_program(Program(inputs, live, outputs), values), strict=True))
    types = dict(zip(program.outputs, program.out_types, strict=True))
    return [found[a] if a in found else zeros_of(types[a]) for a in program.outputs]


def _seeds(colors: Labels, start: Any, size: int, type_: Any) -> Any:
    """For each of `size` colors from `start` on, ones where the color is: shape (size, *shape)."""
    unit = _repeating(colors)
    numbers = reshape(iota(size) + start, (size, *(1,) * unit.ndim))
    is_there = np.equal(unit[None], numbers)
    return broadcast_to(convert(is_there, type_.dtype), (size, *type_.shape))
