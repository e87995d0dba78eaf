"""Carries that a body changes in part: found, and changed where they lie.

A body whose next carry is `index_set`, `index_add`, `scatter_set` or `scatter_add` of the carry, or
what an inner loop or a branch makes of it in this way, needs no second array. Its equations are cut
into segments, each ended by one such *update*; whoever reads the array as it was before an update
runs in a segment before it, and what is used later is stored. Where that order is impossible, or
most of the array is written anyhow, the carry has two buffers as any other.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from wengert.control.cond_equation import cond_p
from wengert.control.scan import scan_p
from wengert.control.while_loop import while_p
from wengert.ir.program import Equation, Program, Var
from wengert.native.prepare import put_in_place
from wengert.native.rules import array_type
from wengert.native.steps import is_tiny
from wengert.ops.gather import gather_p, item_p, scatter_add_p, scatter_set_p
from wengert.ops.indexing import index_add_p, index_set_p, selected_shape
from wengert.types import StackType

PART = 4  # an update of more than 1/PART of an array is no update

_SLICES = frozenset({index_set_p, index_add_p})
_SCATTERS = frozenset({scatter_set_p, scatter_add_p})
_INDEXED = frozenset({gather_p, item_p, scatter_set_p, scatter_add_p})


@dataclass(eq=False)
class Segment:
    """Equations in order, then an update."""

    equations: list[Equation] = field(default_factory=list)
    update: Equation | None = None


@dataclass
class Schedule:
    """A body cut into segments; `versions` maps each Var of a carry kept in place to the carry."""

    segments: list[Segment]
    in_place: set[int]
    versions: dict[Var, int]


def schedule(
    equations: Sequence[Equation], carries: Sequence[Var], outputs: Sequence[Any]
) -> Schedule:
    """The order of a body; its first outputs are the next carries."""
    chains: dict[int, list[Equation]] = {}
    definitions = {v: eq for eq in equations for v in eq.outputs}
    for k, carry in enumerate(carries):
        if isinstance(carry.type, StackType):
            continue
        if is_tiny(carry.type) and not _is_indexed(equations, carry):
            continue
        chain = _chain(definitions, carry, outputs[k])
        if chain and _is_private(equations, carry, chain, outputs, k):
            chains[k] = chain
    while True:
        order = _sorted(equations, carries, chains)
        if order is not None:
            break
        chains.popitem()
    updates = {id(eq) for chain in chains.values() for eq in chain}
    segments = [Segment()]
    for eq in order:
        if id(eq) in updates:
            segments[-1].update = eq
            segments.append(Segment())
        else:
            segments[-1].equations.append(eq)
    versions = {carries[k]: k for k in chains}
    for k, chain in chains.items():
        before = carries[k]
        for eq in chain:
            before = updated(eq, before)  # type: ignore[assignment]  # checked in _chain
            versions[before] = k
    return Schedule(segments, set(chains), versions)


def updated(eq: Equation, v: Var) -> Var | None:
    """The output of an equation that is `v` changed in part, if there is one."""
    if eq.primitive in _SLICES and eq.inputs[0] is v:
        out = eq.outputs[0]
        shape = array_type(out).shape
        index = eq.params["index"]
        n = 1
        for extent in selected_shape(shape, index):
            n *= extent
        return out if None not in index and n * PART <= array_type(out).size else None
    if eq.primitive in _SCATTERS and eq.inputs[0] is v:
        return eq.outputs[0]
    if eq.primitive in (scan_p, while_p) and eq.inputs.count(v) == 1:
        skip = 1 if eq.primitive is scan_p and eq.params["length"] is None else 0
        body, n_consts = eq.params["body"], eq.params["n_consts"]
        k = eq.inputs.index(v) - skip - n_consts
        n_carry = eq.params.get("n_carry", len(body.inputs) - n_consts)
        if 0 <= k < n_carry and k in carries_in_place(body, n_consts, n_carry):
            return eq.outputs[k]
    if eq.primitive is cond_p and eq.inputs[0] is not v and eq.inputs.count(v) == 1:
        j = branches_in_place(eq.params["branches"]).get(eq.inputs.index(v) - 1)
        return None if j is None else eq.outputs[j]
    return None


@lru_cache(maxsize=512)
def branches_in_place(branches: tuple[Program, ...]) -> dict[int, int]:
    """The operands that every branch hands on or changes in part, each with its output."""
    found = [_branch_in_place(program) for program in branches]
    first = found[0]
    return {i: j for i, j in first.items() if all(other.get(i) == j for other in found)}


def _branch_in_place(program: Program) -> dict[int, int]:
    inputs = [Var(v.type) for v in program.inputs]
    equations: list[Equation] = []
    outputs = put_in_place(program, inputs, equations)
    definitions = {v: eq for eq in equations for v in eq.outputs}
    found: dict[int, int] = {}
    chains: dict[int, list[Equation]] = {}
    for i, v in enumerate(inputs):
        if isinstance(v.type, StackType):
            continue
        for j, out in enumerate(outputs):
            chain = _chain(definitions, v, out)
            if (chain or out is v) and _is_private(equations, v, chain, outputs, j):
                found[i] = j
                if chain:
                    chains[i] = chain
    while _sorted(equations, inputs, chains) is None:
        del found[chains.popitem()[0]]
    return found


@lru_cache(maxsize=512)
def carries_in_place(body: Program, n_consts: int, n_carry: int) -> frozenset[int]:
    """The carries of a loop that are kept in place."""
    inputs = [Var(v.type) for v in body.inputs]
    equations: list[Equation] = []
    outputs = put_in_place(body, inputs, equations)
    made = schedule(equations, inputs[n_consts : n_consts + n_carry], outputs)
    return frozenset(made.in_place)


def _chain(definitions: dict[Var, Equation], carry: Var, out: Any) -> list[Equation]:
    """The updates that lead from a carry to the next one, in order; empty if there is none."""
    chain: list[Equation] = []
    while out is not carry:
        eq = definitions.get(out) if type(out) is Var else None
        if eq is None:
            return []
        before = next((a for a in eq.inputs if type(a) is Var and updated(eq, a) is out), None)
        if before is None:
            return []
        chain.append(eq)
        out = before
    return chain[::-1]


def _is_private(
    equations: Sequence[Equation],
    carry: Var,
    chain: Sequence[Equation],
    outputs: Sequence[Any],
    k: int,
) -> bool:
    """Whether no version of the carry is anything else than the next carry."""
    versions = [carry]
    for eq in chain:
        if eq.inputs.count(versions[-1]) != 1:
            return False
        versions.append(updated(eq, versions[-1]))  # type: ignore[arg-type]  # it is a chain
    others = [*outputs[:k], *outputs[k + 1 :]]
    return not any(v is a for v in versions for a in others)


def _is_indexed(equations: Sequence[Equation], carry: Var) -> bool:
    """Whether a few numbers are read or written at places that are computed."""
    versions: set[Any] = {carry}
    for eq in equations:
        if eq.primitive in _INDEXED and eq.inputs[0] in versions:
            return True
        if eq.primitive in _SLICES and eq.inputs[0] in versions:
            versions.add(eq.outputs[0])
        if versions.isdisjoint(eq.inputs):
            continue
        bodies = (eq.params["body"],) if eq.primitive in (scan_p, while_p) else ()
        for body in eq.params["branches"] if eq.primitive is cond_p else bodies:
            skip = len(eq.inputs) - len(body.inputs)
            for v, a in zip(body.inputs, eq.inputs[skip:], strict=True):
                if a in versions and _is_indexed(body.equations, v):
                    return True
    return False


def is_indexed(equations: Sequence[Equation], carry: Var) -> bool:
    return is_tiny(carry.type) and _is_indexed(equations, carry)


def _sorted(
    equations: Sequence[Equation], carries: Sequence[Var], chains: dict[int, list[Equation]]
) -> list[Equation] | None:
    """The equations with every reader of a version before the update that ends it."""
    if not chains:
        return list(equations)
    number = {id(eq): i for i, eq in enumerate(equations)}
    made_by = {v: i for i, eq in enumerate(equations) for v in eq.outputs}
    before: list[set[int]] = [set() for _ in equations]
    readers: dict[Any, list[int]] = {}
    for i, eq in enumerate(equations):
        for a in eq.inputs:
            if type(a) is Var:
                readers.setdefault(a, []).append(i)
                if a in made_by:
                    before[i].add(made_by[a])
    updates: set[int] = set()
    for k, chain in chains.items():
        version = carries[k]
        for eq in chain:
            u = number[id(eq)]
            updates.add(u)
            before[u].update([i for i in readers.get(version, ()) if i != u])
            version = updated(eq, version)  # type: ignore[assignment]  # it is a chain
    after: list[list[int]] = [[] for _ in equations]
    for i, those in enumerate(before):
        for j in those:
            after[j].append(i)
    left = [len(those) for those in before]
    ready = [(i in updates, i) for i, n in enumerate(left) if not n]
    heapq.heapify(ready)
    order: list[Equation] = []
    while ready:
        _, i = heapq.heappop(ready)
        order.append(equations[i])
        for j in after[i]:
            left[j] -= 1
            if not left[j]:
                heapq.heappush(ready, (j in updates, j))
    return order if len(order) == len(equations) else None
