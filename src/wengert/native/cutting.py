"""Which loops are large enough for threads to share, and the blocks they are cut into.

A loop is cut by its shape and its estimated cost alone, never by the number of threads: results are
the same bits for any number of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wengert.ir.emission import Elementwise
from wengert.ir.program import Var
from wengert.native.builder import Value
from wengert.native.index import Affine, Index, Symbol
from wengert.native.rules import weight
from wengert.native.steps import Member, Node

LEAST_WORK = 50_000.0  # ns of a loop that is shared
REPEATED_WORK = 100_000.0  # the same for a loop inside of another one
BLOCK_WORK = 12_500.0  # ns of a block: what claiming one costs is lost in it
MOST_BLOCKS = 128
CALLS_WORK = 200_000.0  # ns of a loop over library calls, or of one call, that is shared
CALLS_BLOCK = 25_000.0  # ns of a block of such a loop
FEW_TURNS = 8  # of a loop whose inner loops are shared rather than itself
OPERATION = 0.1  # ns of an addition in lanes
ACCESS = 0.1  # ns of an element read or written


def cut(node: Node, step: int, start: int, stop: int) -> tuple[int, int] | None:
    """How many blocks the turns start … stop - 1 of a loop are cut into, and the turns of each.

    None where the loop is too small.
    """
    above = _above(node)
    if any(n.current_lanes for n in above):
        return None
    n_steps = (stop - start) // step
    least = REPEATED_WORK if any(n.extent > 1 for n in above) else LEAST_WORK
    work = turn_cost(node) * (stop - start)
    if work < least or n_steps < 2:
        return None
    if n_steps < FEW_TURNS and any(_is_large(c) for c in node.children):
        return None
    n_blocks = min(n_steps, MOST_BLOCKS, int(work / BLOCK_WORK))
    if any(m.accumulates and is_reduced_by(m, node) for m in node.members()):
        n_blocks = min(n_blocks, n_steps // FEW_TURNS)  # each has sums of its own in memory
        if n_blocks < 2:
            return None
    size = -(-n_steps // n_blocks)
    return -(-n_steps // size), size * step


def cut_calls(n: int, ns: float) -> tuple[int, int] | None:
    """The same for a loop over `n` items of a stack, each of which takes about `ns`."""
    if n < 2 or n * ns < CALLS_WORK:
        return None
    size = -(-n // min(n, MOST_BLOCKS, int(n * ns / CALLS_BLOCK)))
    return -(-n // size), size


def _is_large(child: Any) -> bool:
    return isinstance(child, Node) and turn_cost(child) * child.extent >= REPEATED_WORK


def level_of(node: Node) -> int:
    """How many loops of its nest a loop is in."""
    return len(_above(node))


def _above(node: Node) -> list[Node]:
    m = next(iter(node.members()), None)
    return [] if m is None else m.path[: m.path.index(node)]


def is_reduced_by(m: Member, node: Node) -> bool:
    """Whether a loop runs over axes that a member is summed over."""
    return m.loops[m.path.index(node)][0].is_reduced


def turn_cost(node: Node) -> float:
    """About how many nanoseconds a turn takes.

    Elements that several members need, or that do not depend on an inner loop, count once.
    """
    outside: set[Symbol] = set()
    for n in (*_above(node), node):
        outside |= {s for a in n.axes if isinstance(a.index, Affine) for s, _ in a.index.terms}
    seen: set[Any] = set()
    total = 0.0
    for m in node.members():
        own = _count([a.index for a in m.axes], outside)
        total += own * (OPERATION * _operations(m) + ACCESS)
        for table, is_read in ((m.probe.pulled, False), (m.probe.reads, True)):
            for v, places in table.items():
                cost = ACCESS if is_read else OPERATION * _operations_of(m, v)
                for at in places:
                    if cost and (v, at) not in seen:
                        seen.add((v, at))
                        total += cost * _count(at, outside)
    return total


def _count(at: Sequence[Index], outside: set[Symbol]) -> int:
    """How many elements an index names in one turn of the loops outside."""
    symbols = {s for i in at if isinstance(i, Affine) for s, _ in i.terms}
    inner = [s for s in symbols if s not in outside and not isinstance(s.binding, Value)]
    return math.prod([s.extent for s in inner])


def _operations(m: Member) -> int:
    eq = m.source.equation
    return 2 if m.is_reduction or not isinstance(m.source.rule, Elementwise) else weight(eq)


def _operations_of(m: Member, v: Var) -> int:
    d = m.probe.definitions[v]
    return weight(d.equation) if isinstance(d.rule, Elementwise) else 0
