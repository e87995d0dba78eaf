"""On which inputs each output of a linear Program depends: index sets carried through it.

Each value that depends on the inputs has an array of labels, the numbers of index sets
(`ir/index_sets.py`); each equation's record says how they go through (`ir/dependence.py`). Values
that are the same whatever the arguments are (recorded indices, captured arrays) are computed on the
way: they say where a gather reads from, and their zeros take dependence away.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wengert.ir.dependence import ELEMENTWISE, Everything
from wengert.ir.flow import Flow
from wengert.ir.index_sets import IndexSets, Labels
from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Literal, Program, atom_type, prune
from wengert.trace.tracer import Tracer, outside_recordings
from wengert.types import StackType

_MAX_KNOWN = 1 << 26  # bytes of one value that is computed only to know its zeros


def propagate(
    program: Program,
    labels: Sequence[Labels | None],
    values: Sequence[Any],
    sets: IndexSets,
) -> list[Labels | None]:
    """The labels of the outputs, for those of the inputs; None where nothing arrives.

    `values` holds for each input its value where it is known, else None.
    """
    with outside_recordings():
        return _propagate(program, labels, values, sets)


def _propagate(
    program: Program,
    labels: Sequence[Labels | None],
    values: Sequence[Any],
    sets: IndexSets,
) -> list[Labels | None]:
    env: dict[Any, Labels] = {}
    for v, x in zip(program.inputs, labels, strict=True):
        if x is not None:
            env[v] = x
    known = KnownValues(program, values)
    for eq in program.equations:
        known.compute(eq)
        if not any([a in env for a in eq.inputs]):
            continue
        found = through(eq, flow_of(eq, env, known, sets))
        for v, x in zip(eq.outputs, found, strict=True):
            if x is not None:
                env[v] = x
    return [env.get(a) for a in program.outputs]


def constants(values: Sequence[Any]) -> list[Any]:
    """Which of these values are the same whatever the arguments are, and None for the others.

    Plain ones are; a tracer is where its recording computed it from constants and captures alone.
    """
    result = [None if isinstance(v, Tracer) else v for v in values]
    tracers = [v for v in values if isinstance(v, Tracer)]
    for recording in {id(t.recording): t.recording for t in tracers}.values():
        own = [t.variable for t in tracers if t.recording is recording]
        equations = [n.equation for n in recording.node.path() if n.equation is not None]
        kept, _ = prune((), equations, own)
        inputs = [*recording.arguments, *recording.captured]
        captured = constants(recording.captured_values)
        known = KnownValues(
            Program(inputs, kept, own), [*[None] * len(recording.arguments), *captured]
        )
        with outside_recordings():
            for eq in kept:
                known.compute(eq)
        for i, v in enumerate(values):
            if isinstance(v, Tracer) and v.recording is recording:
                result[i] = known.of(v.variable)
    return result


def flow_of(eq: Equation, env: dict[Any, Labels], known: KnownValues, sets: IndexSets) -> Flow:
    """What the rule of an equation is given."""
    return Flow(
        eq.primitive,
        tuple([env.get(a) for a in eq.inputs]),
        tuple([known.of(a) for a in eq.inputs]),
        tuple([atom_type(a) for a in eq.inputs]),
        tuple([v.type for v in eq.outputs]),
        sets,
        lambda program, labels, values: propagate(program, labels, values, sets),
    )


def sparsity_rule(primitive: Primitive) -> Any:
    """The rule of a record; what has none lets everything depend on everything."""
    if primitive.sparsity is not None:
        return primitive.sparsity
    return ELEMENTWISE if primitive.is_elementwise else Everything("no rule is defined")


def through(eq: Equation, k: Flow) -> Sequence[Labels | None]:
    """The labels of an equation's outputs."""
    result = sparsity_rule(eq.primitive)(k, **eq.params)
    return result if eq.primitive.is_multiple else (result,)


class KnownValues:
    """Values of a Program that do not depend on arguments, as far as they are cheap to know."""

    def __init__(self, program: Program, values: Sequence[Any]) -> None:
        self._env: dict[Any, Any] = {
            v: x for v, x in zip(program.inputs, values, strict=True) if x is not None
        }

    def of(self, atom: Any) -> Any:
        """The value of a Var or Literal, or None."""
        return atom.value if type(atom) is Literal else self._env.get(atom)

    def compute(self, eq: Equation) -> None:
        """Run an equation on values if all its inputs are known; of control flow what can be."""
        values = [self.of(a) for a in eq.inputs]
        if any([v is None for v in values]):
            if eq.primitive.known is not None:
                results = eq.primitive.known(values, **eq.params)
                pairs = zip(eq.outputs, results, strict=True)
                self._env.update({v: x for v, x in pairs if x is not None})
            return
        if not _is_cheap(eq):
            return
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = eq.primitive.array(*values, **eq.params)
        results = result if eq.primitive.is_multiple else (result,)
        self._env.update(zip(eq.outputs, results, strict=True))


def known_outputs(program: Program, values: Sequence[Any]) -> list[Any]:
    """The outputs of a Program that follow from known inputs, None for the others."""
    known = KnownValues(program, values)
    for eq in program.equations:
        known.compute(eq)
    return [known.of(a) for a in program.outputs]


def _is_cheap(eq: Equation) -> bool:
    return all([_n_bytes(v.type) <= _MAX_KNOWN for v in eq.outputs])


def _n_bytes(type_: Any) -> float:
    return np.inf if isinstance(type_, StackType) else type_.nbytes


def input_labels(types: Sequence[Any]) -> tuple[list[Labels], IndexSets]:
    """Labels of inputs of these types, each element a set of its own, and the sets."""
    result, start = [], 1
    for t in types:
        result.append(np.arange(start, start + t.size).reshape(t.shape))
        start += t.size
    return result, IndexSets(start - 1)


def stacked_rows(
    labels: Sequence[Labels | None], types: Sequence[Any], sets: IndexSets
) -> Iterator[Any]:
    """The rows of each output's elements as boolean `csr_array`s; empty where nothing arrives."""
    for x, t in zip(labels, types, strict=True):
        yield sets.rows(np.zeros(t.shape, np.int64) if x is None else x)


__all__ = [
    "KnownValues",
    "constants",
    "flow_of",
    "input_labels",
    "known_outputs",
    "propagate",
    "sparsity_rule",
    "stacked_rows",
    "through",
]
