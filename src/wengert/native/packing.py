"""Arrays laid out anew in front of a nest that would read them across their rows again and again.

Lanes that lie apart cost a load each. Where a loop outside reads the same elements in every turn, a
copy whose last axis is that of the lanes pays at once.
"""

from __future__ import annotations

import math
from typing import Any

from wengert.ir.program import Var
from wengert.native.elements import Elements
from wengert.native.index import Affine, Symbol
from wengert.native.memory import Buffer, c_strides, load, store
from wengert.native.steps import Member, Node
from wengert.native.whole import Machine

LEAST_TURNS = 4  # of a loop that reads the same elements again
LARGEST = 1 << 18  # elements


def pack(root: Node, elements: Elements, machine: Machine) -> dict[Var, Any]:
    """Copy what the nest reads across rows; the sources before, by Var, to be put back."""
    axes: dict[Var, set[int | None]] = {}
    for m in root.members():
        for v, axis in _lane_axes(m, elements):
            axes.setdefault(v, set()).add(axis)
    before: dict[Var, Any] = {}
    for v, found in axes.items():
        axis = next(iter(found))
        if len(found) == 1 and axis is not None:
            source = before[v] = elements.sources[v]
            assert type(source) is Buffer
            elements.sources[v] = _packed(source, axis, machine)
    return before


def _lane_axes(m: Member, elements: Elements) -> list[tuple[Var, int | None]]:
    """The axis that lanes walk along, for each value read; None where it should stay as it is."""
    inner = next((n for n in m.path if n.lanes), None)
    if inner is None or len(inner.axes) != 1 or not isinstance(inner.axes[0].index, Affine):
        return []
    lane = inner.axes[0].index.terms[0][0]
    outer = [
        {a.index.terms[0][0] for a in n.axes if isinstance(a.index, Affine)}
        for n in m.path[: m.path.index(inner)]
        if n.extent >= LEAST_TURNS
    ]
    result: list[tuple[Var, int | None]] = []
    for v, reads in m.probe.reads.items():
        source = elements.sources.get(v)
        if type(source) is not Buffer or len(source.shape) < 2:
            continue
        for at in reads:
            result.append((v, _axis_of(at, lane, outer, source)))
    return result


def _axis_of(at: Any, lane: Symbol, outer: list[set[Symbol]], source: Buffer) -> int | None:
    symbols = {s for i in at if isinstance(i, Affine) for s, _ in i.terms}
    walked = [p for p, i in enumerate(at) if isinstance(i, Affine) and lane in dict(i.terms)]
    if len(walked) != 1 or abs(dict(at[walked[0]].terms)[lane]) != 1:
        return None
    is_repeated = any(symbols.isdisjoint(own) for own in outer)
    is_plain = source.strides == c_strides(source.shape) and source.strides[walked[0]] > 1
    fits = math.prod(source.shape) <= LARGEST
    return walked[0] if is_repeated and is_plain and fits else None


def _packed(source: Buffer, axis: int, machine: Machine) -> Buffer:
    order = [p for p in range(len(source.shape)) if p != axis] + [axis]
    shape = [source.shape[p] for p in order]
    made = machine.frame.take(source.kind, shape)
    with machine.loops(shape) as at:
        there = dict(zip(order, at, strict=True))
        value = load(machine.b, source, [there[p] for p in range(len(order))])
        store(machine.b, made, at, value)
    strides = dict(zip(order, c_strides(shape), strict=True))
    return Buffer(
        made.base,
        source.kind,
        source.shape,
        tuple([strides[p] for p in range(len(order))]),
        0,
        made.depth,
    )


__all__ = ["pack"]
