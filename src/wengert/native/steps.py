"""What a plan consists of: loops (`Node`) with held values as leaves (`Member`), and the rest.

`plan.py` makes these from a list of equations, `nests.py` and `block.py` write them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wengert.ir.emission import Reduce
from wengert.ir.program import Var
from wengert.native.elements import Definition
from wengert.native.index import Index
from wengert.native.probe import At, Probe
from wengert.types import Type

TINY = 8  # elements of a vector that is written out
TINY_MATRIX = 64  # elements of a matrix or more that is written out, no axis longer than 8


def is_tiny(type_: Any) -> bool:
    """Whether a value is written out number by number, in registers."""
    if type(type_) is not Type:
        return False
    shape = type_.shape
    if len(shape) < 2 or not type_.size:
        return type_.size <= TINY
    return type_.size <= TINY_MATRIX and max(shape) <= 8


@dataclass
class Axis:
    """An axis of a member's iteration space."""

    extent: int
    index: Index  # its symbol, or 0 where there is one place
    is_reduced: bool
    position: int


@dataclass(eq=False)
class Member:
    """A held value: how its elements are made, and the loops it needs.

    `loops` are groups of axes merged into one loop each, outermost first; `unrolled` axes are
    written out in the innermost turn. A part of an assembled value has an `atom` that it copies. A
    reduction that `accumulates` runs over its reduced axes outside of its own and adds to memory.
    """

    source: Definition
    var: Var
    axes: list[Axis]
    loops: list[list[Axis]]
    unrolled: list[Axis]
    probe: Probe
    atom: Any = None
    destination: Any = None  # of a part: index of the operand to index of the whole
    path: list[Node] = field(default_factory=list)
    accumulates: bool = False

    @property
    def is_reduction(self) -> bool:
        return self.atom is None and isinstance(self.source.rule, Reduce)

    @property
    def at(self) -> At:
        return tuple([a.index for a in self.axes if not a.is_reduced])

    @property
    def reduced(self) -> At:
        return tuple([a.index for a in self.axes if a.is_reduced])

    @property
    def reduced_nodes(self) -> list[Node]:
        """The loops of the nest that the reduction runs over, its sums in registers."""
        if self.accumulates:
            return []
        return [n for n, group in zip(self.path, self.loops, strict=True) if group[0].is_reduced]

    def n_out_loops(self) -> int:
        return sum([not group[0].is_reduced for group in self.loops])


@dataclass(eq=False)
class Node:
    """A loop over merged axes; its children run in order in each turn."""

    axes: list[Axis]
    children: list[Node | Member] = field(default_factory=list)
    lanes: int = 0
    current_lanes: int = 0  # of the chunk being written
    single: Single | None = None  # what makes all but one of its turns vain

    @property
    def extent(self) -> int:
        return math.prod([a.extent for a in self.axes])

    def members(self) -> Iterable[Member]:
        for child in self.children:
            if isinstance(child, Node):
                yield from child.members()
            else:
                yield child


@dataclass(frozen=True)
class Single:
    """A value that is zero but for one place along a loop, whose element every member is times."""

    var: Var
    at: At
    axis: int


@dataclass(eq=False)
class Whole:
    """An equation that writes its outputs as a whole.

    `roots` are the values in whose memory operands lie that are read through strides, by position.
    """

    definition: Definition
    roots: dict[int, Var] = field(default_factory=dict)


@dataclass(eq=False)
class Force:
    """A tiny value computed here, so that chains stay short."""

    var: Var


Step = Node | Member | Whole | Force


@dataclass
class Plan:
    """Steps in order, and what became of the values."""

    steps: list[Step]
    definitions: dict[Var, Definition]
    members: dict[Var, list[Member]]
    stored: dict[Var, int]  # held in memory: the number of its leading loops that are left out
    last_use: dict[Var, int]  # the last step that reads a stored value
    memory: dict[Var, tuple[int, int]] = field(default_factory=dict)  # offset, bytes in the arena
