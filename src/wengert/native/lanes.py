"""How many lanes the loops of a nest take, and the chunks that their turns are cut into.

Lanes are consecutive turns. A chunk is a range of turns with one number of lanes, inside of one
part of every array that is made of parts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from wengert.native.cutting import is_reduced_by
from wengert.native.index import Affine, linear
from wengert.native.rules import array_type
from wengert.native.steps import Member, Node

VECTOR_BYTES = 32
MAX_BREAKS = 12  # pieces a loop is cut into for parts of arrays
MAX_WRITTEN = 3000  # operations an element, over all pieces
LARGE_BODY = 150  # operations an element from which a body is written for few chunks only


def is_summed_in_lanes(node: Node, mine: Sequence[Member], lanes: int) -> bool:
    """Whether a loop adds up floats in lanes, and does nothing else but that."""
    return (
        lanes > 0
        and all(m in mine for m in node.children)
        and any(m.source.rule.how == "sum" for m in mine)  # type: ignore[union-attr]  # reductions
    )


def choose_lanes(root: Node) -> None:
    """How many lanes each loop of a nest takes: the innermost ones, where it pays."""
    inner = [c for c in root.children if isinstance(c, Node)]
    if not inner:
        root.lanes = _lanes(root)
        return
    only = inner[0] if len(inner) == 1 and len(root.children) == 1 else None
    if only is not None and not any(isinstance(c, Node) for c in only.children):
        outer_cost, inner_cost = _strided(root, only), _strided(only, only)
        is_sum = all([m.is_reduction and only in m.reduced_nodes for m in only.members()])
        if is_sum and outer_cost < inner_cost and root not in _reduced_anywhere(root):
            root.lanes, only.lanes = _lanes(root), 0
            return
    for child in inner:
        choose_lanes(child)


def _reduced_anywhere(root: Node) -> set[Node]:
    return {n for m in root.members() for n in m.reduced_nodes}


def _strided(loop: Node, leaf: Node) -> int:
    """Accesses in `leaf` whose lanes along `loop` would not lie side by side."""
    s = loop.axes[-1].index
    assert isinstance(s, Affine)
    count = 0
    for m in leaf.members():
        for v, reads in m.probe.reads.items():
            for at in reads:
                place = linear(at, array_type(v).shape)
                c = dict(place.terms).get(s.terms[0][0], 0) if isinstance(place, Affine) else 0
                count += abs(c) > 1
    return count


def _lanes(node: Node) -> int:
    """Lanes for a loop that takes vectors; 0 for single turns."""
    if any(m.accumulates and is_reduced_by(m, node) for m in node.members()):
        return 0  # the lanes would add to one place
    kinds: set[str] = set()
    n_operations = work(node)
    has_sums = False
    for m in node.members():
        kinds |= m.probe.kinds | {m.source.out_kind or "f8"}
        has_sums = has_sums or m.is_reduction
    widest = 8 if any(k in ("f8", "i8", "u8", "c16") for k in kinds) else 4
    lanes = VECTOR_BYTES // widest
    if n_operations <= 12:
        lanes *= 4 if has_sums else 2
    elif n_operations <= 40:
        lanes *= 2
    while lanes > node.extent:
        lanes //= 2
    return lanes if lanes > 1 else 0


def chunks(node: Node) -> list[tuple[int, int, int]]:
    """(lanes, start, stop) of the pieces of a loop."""
    edges = [0, *breaks(node), node.extent]
    result: list[tuple[int, int, int]] = []
    for start, stop in itertools.pairwise(edges):
        result += piece(node, start, stop)
    return result


def work(node: Node) -> int:
    """Operations that one turn writes out."""
    return sum(
        [
            (m.probe.n_operations + 1) * math.prod([a.extent for a in m.unrolled])
            for m in node.members()
        ]
    )


def breaks(node: Node) -> list[int]:
    """Where a loop is cut so that each piece knows which part of an array it is in."""
    if len(node.axes) > 1 or not isinstance(node.axes[0].index, Affine):
        return []
    s = node.axes[0].index.terms[0][0]
    found: set[int] = set()
    n_operations = 0
    for m in node.members():
        found |= m.probe.breaks.get(s, set())
        n_operations += m.probe.n_operations
    if len(found) > MAX_BREAKS or n_operations * len(found) > MAX_WRITTEN:
        return []
    return sorted(found)


def piece(node: Node, start: int, stop: int) -> list[tuple[int, int, int]]:
    """The chunks of turns that are in one part of every array."""
    n, lanes = stop - start, node.lanes
    if not lanes:
        return [(0, start, stop)]
    whole = n - n % lanes
    result = [(lanes, start, start + whole)] if whole else []
    is_large = work(node) > LARGE_BODY
    start += whole
    while not is_large and lanes > 2 and start < stop:
        lanes //= 2
        if stop - start >= lanes:
            result.append((lanes, start, start + lanes))
            start += lanes
    if start < stop:
        result.append((0, start, stop))
    return result
