"""Patterns of generated cases: what the sparsity rules promise, and what the Jacobian is.

A case is recorded without values and linearized; the index sets go through its linear Program, and
backward through the adjoint of that. The Jacobian is the linear Program run on unit vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from primitives.harness import Arrays, Case, flat, is_float, types_of
from wengert.ir.dependence import Everything
from wengert.ir.program import Program
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import record_function
from wengert.transforms.linearize import LinearizedProgram, linearize_program
from wengert.transforms.sparsity import (
    KnownValues,
    input_labels,
    known_outputs,
    propagate,
    sparsity_rule,
    stacked_rows,
)
from wengert.transforms.transpose import transpose_program


@dataclass(frozen=True)
class Linearized:
    """A function recorded and linearized in all of its arguments.

    `known` are the residuals that do not depend on arguments, None for the others.
    """

    program: Program
    parts: LinearizedProgram
    known: list[Any]
    n_args: int

    @property
    def out_types(self) -> list[Any]:
        return [self.program.out_types[i] for i in self.parts.out_active]

    def residuals(self, args: Arrays) -> list[Any]:
        """The residuals at these arguments."""
        with np.errstate(all="ignore"):
            values = evaluate(self.parts.forward, [*args, *self.program.captured])
        return list(values[len(self.program.outputs) :])

    def generic(self, args: Arrays) -> list[Any]:
        """The same with numbers that have no zeros in place of those that arguments give."""
        rng = np.random.default_rng(3)
        return [
            v
            if known is not None or not is_float(v)
            else np.asarray(rng.uniform(0.5, 1.5, np.shape(v)), v.dtype)[()]
            for v, known in zip(self.residuals(args), self.known, strict=True)
        ]


def linearized(f: Callable[..., Any], args: Arrays) -> Linearized:
    """The function recorded without values, and linearized."""
    program, _ = record_function(flat(f), types_of(args), "a test")
    n = len(args)
    parts = linearize_program(program, [i < n for i in range(len(program.inputs))])
    values = known_outputs(parts.forward, [*[None] * n, *program.captured])
    return Linearized(program, parts, values[len(program.outputs) :], n)


def pattern_of(program: Program, known: Sequence[Any]) -> np.ndarray:
    """The pattern of a linear Program, dense; `known` are the values of its first inputs."""
    linear = program.in_types[len(known) :]
    labels, sets = input_labels(linear)
    found = propagate(
        program, [*[None] * len(known), *labels], [*known, *[None] * len(linear)], sets
    )
    for x, t in zip(found, program.out_types, strict=True):
        assert x is None or x.shape == t.shape
    rows = [r.toarray() for r in stacked_rows(found, program.out_types, sets)]
    return np.concatenate([np.zeros((0, sets.n), bool), *rows])


def adjoint_of(made: Linearized) -> Program:
    """The adjoint of the linear Program."""
    n = len(made.known)
    linear = made.parts.linear
    return transpose_program(linear, [i >= n for i in range(len(linear.inputs))])


def adjoint_pattern(made: Linearized) -> np.ndarray:
    """The same, found by the rules of the adjoint Program."""
    return pattern_of(adjoint_of(made), made.known).T


def nonzeros(
    made: Linearized, args: Arrays, residuals: Sequence[Any], chosen: Sequence[int] | None = None
) -> np.ndarray:
    """Where the Jacobian is not zero, to rounding. A complex element counts as one.

    `args` give the shapes only; the residuals say at which point. `chosen` are columns, by default
    all.
    """
    columns = []
    every = list(unit_vectors(args))
    for units in every if chosen is None else [every[j] for j in chosen]:
        column = np.zeros(sum([t.size for t in made.out_types]))
        for vectors in units:
            with np.errstate(all="ignore"):
                out = evaluate(made.parts.linear, [*residuals, *vectors])
            column += np.abs(np.concatenate([np.zeros(0), *[np.ravel(x) for x in out]]))
        columns.append(column)
    size = sum([t.size for t in made.out_types])
    jacobian = np.stack(columns, axis=1) if columns else np.zeros((size, 0))
    finite = jacobian[np.isfinite(jacobian)]
    return ~(jacobian <= 1e-13 * np.max(finite, initial=0.0))


def unit_vectors(args: Arrays) -> Iterator[list[list[Any]]]:
    """For each element of the arguments its unit vectors, one or, where it is complex, two."""
    for i, a in enumerate(args):
        for place in np.ndindex(a.shape):
            units = []
            for unit in (1.0, 1.0j) if a.dtype.kind == "c" else (1.0,):
                vectors = [np.zeros_like(b) for b in args]
                vectors[i][place] = unit
                units.append([v[()] for v in vectors])
            yield units


def without_exact_rules(made: Linearized, inexact: frozenset[str]) -> bool:
    """Whether zeros inside the pattern are expected.

    That is so of the primitives in `inexact`, of those that let all depend on all, and where a
    place or a mask depends on arguments.
    """
    program = made.parts.linear
    n = len(program.inputs) - len(made.known)
    values = KnownValues(program, [*made.known, *[None] * n])
    active: set[Any] = set(program.inputs[len(made.known) :])
    for eq in program.equations:
        values.compute(eq)
        if not any([a in active for a in eq.inputs]):
            continue
        active.update(eq.outputs)
        rest = [a for a in eq.inputs if a not in active and values.of(a) is None]
        if (
            eq.primitive.name in inexact
            or isinstance(sparsity_rule(eq.primitive), Everything)
            or not all([a.type.is_differentiable for a in rest])
        ):
            return True
    return False


def drawn(case: Case) -> list[Arrays]:
    """Arguments of two turns."""
    return [case.draw(turn) for turn in range(2)]
