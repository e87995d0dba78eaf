"""Linearization: from a Program and its values to the linear Program that maps tangents.

`DifferentiatingRecording` looks up the rule of each equation as it is recorded, so that the values
the derivative will read are kept and no others. `stitch` then joins the rules into one linear
Program; it is cached on the last node of the recording, by structure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ir.program import Atom, Equation, Program, Var, atom_type, copy_equations, prune
from wengert.trace.nodes import Node
from wengert.trace.recording import (
    Recording,
    lifts_scalars_here,
    require_numeric,
    same_contents,
)
from wengert.transforms.rules import LinearRule, kinds_of, linear_rule
from wengert.types import Type


class DifferentiatingRecording(Recording):
    """A recording with values that keeps what the derivative of each equation reads."""

    def __init__(self, purpose: str, active: Sequence[bool], keeps_sources: bool = False) -> None:
        super().__init__(
            purpose,
            has_values=True,
            lifts_scalars=lifts_scalars_here(),
            keeps_sources=keeps_sources,
            kind=tuple(active),
        )
        self.is_active_argument = active
        self.saved: dict[Var, Any] = {}
        self._plain: set[Var] = set()  # inputs that stand for plain arrays as they were met
        self._held_arrays: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}

    def argument(self, type_: Any, value: Any = None, is_array: bool = True) -> Any:
        handle = super().argument(type_, value, is_array)
        if self.is_active_argument[len(self.arguments) - 1]:
            self.root.active.add(handle.variable)
        return handle

    def extend(
        self,
        key: Any,
        primitive: Primitive,
        ins: list[Atom],
        values: list[Any],
        params: dict[str, Any],
    ) -> Node:
        active_vars = self.root.active
        active = tuple([i for i, a in enumerate(ins) if a in active_vars])
        if not active:
            return super().extend(key, primitive, ins, values, params)
        kinds = tuple([a.type if type(a) is Var else a for a in ins])
        rule = linear_rule(primitive, kinds, params, active)
        if rule.forward is not None:
            primitive, params = rule.forward
        node = super().extend(key, primitive, ins, values, params)
        if node.rule is None:
            node.rule = rule
            outputs = node.equation.outputs  # type: ignore[union-attr]  # just made
            active_vars.update([outputs[i] for i in rule.out_active])
        return node

    def capture_array(self, array: np.ndarray) -> tuple[Var, Any]:
        """A new input for a plain array; its contents are kept only if a derivative reads them."""
        if array.dtype.kind != "f":
            require_numeric(array)
        var = self._input(Type(array.shape, array.dtype))
        self._plain.add(var)
        return var, array

    def save(self, node: Node, ins: list[Atom], values: list[Any], outputs: Any) -> None:
        rule: LinearRule = node.rule
        saved = self.saved
        for i in rule.reads_in:
            var: Any = ins[i]  # rules read Vars only
            saved[var] = self._held(values[i]) if var in self._plain else values[i]
        if rule.reads_out:
            equation = node.equation
            assert equation is not None
            if equation.primitive.is_multiple:
                for i in rule.reads_out:
                    saved[equation.outputs[i]] = outputs[i]
            else:
                saved[equation.outputs[0]] = outputs

    def _held(self, array: np.ndarray) -> Any:
        """What the user's later writes into `array` do not reach; equal contents are held once."""
        versions = self._held_arrays.setdefault(id(array), [])
        for original, kept in versions:
            if original is array and (kept is array or same_contents(kept, array)):
                return kept
        kept = self.keep(array)
        versions.append((array, kept))
        return kept

    def linear_program(self, outputs: Sequence[Atom]) -> Linearized:
        """The stitched linear Program of this recording, cached by structure."""
        key = ("linear", tuple(outputs))
        cache = self.node.derived
        if cache is None:
            cache = self.node.derived = {}
        # What was derived before knows no places in the user's code.
        linearized = cache.get(key) if self.sources is None else None
        if linearized is None:
            steps = self._steps()
            active = [
                v for v, on in zip(self.arguments, self.is_active_argument, strict=True) if on
            ]
            linearized = stitch(steps, active, outputs)
            if self.sources is None:
                cache[key] = linearized
        return linearized

    def _steps(self) -> list[tuple[Equation, LinearRule]]:
        """The equations with a derivative, each with its source if there are sources."""
        nodes = [n for n in self.node.path() if n.equation is not None]
        equations: list[Any] = [n.equation for n in nodes]
        if self.sources is not None:
            equations = [e.with_source(s) for e, s in zip(equations, self.sources, strict=True)]
        pairs = zip(equations, nodes, strict=True)
        return [(equation, n.rule) for equation, n in pairs if n.rule is not None]

    def residual_values(self, residuals: Iterable[Var]) -> list[Any]:
        saved = self.saved
        return [saved[v] for v in residuals]


@dataclass(frozen=True)
class Linearized:
    """A linear Program with inputs (residuals, tangents of the active arguments).

    `residuals` are Vars of the linearized Program; `out_active` lists the outputs that have a
    tangent, in the order of `program.outputs`.
    """

    program: Program
    residuals: tuple[Var, ...]
    out_active: tuple[int, ...]
    n_tangents: int
    derived: dict[Any, Any] = field(default_factory=dict)  # transforms of `program`, once made

    @property
    def is_linear(self) -> tuple[bool, ...]:
        """Which inputs of `program` are tangents."""
        return (False,) * len(self.residuals) + (True,) * self.n_tangents


def stitch(
    steps: Iterable[tuple[Equation, LinearRule]], active: Sequence[Var], outputs: Sequence[Atom]
) -> Linearized:
    """Join the rules of the equations in `steps` into one linear Program."""
    tangent: dict[Atom, Any] = {v: Var(v.type) for v in active}
    tangent_inputs = [tangent[v] for v in active]
    equations: list[Equation] = []
    for eq, rule in steps:
        if not rule.out_active:
            continue  # the derivative is zero
        program = rule.program
        mapping: dict[Any, Any] = dict(
            zip(
                program.inputs,
                [
                    *[eq.inputs[i] for i in rule.reads_in],
                    *[eq.outputs[i] for i in rule.reads_out],
                    *[tangent[eq.inputs[i]] for i in rule.active],
                ],
                strict=True,
            )
        )
        origin = eq.source and (*eq.source[:2], eq.primitive.name)
        copy_equations(program.equations, mapping, equations, origin)
        for i, out in zip(rule.out_active, program.outputs, strict=True):
            tangent[eq.outputs[i]] = mapping.get(out, out)
    out_active = tuple([i for i, a in enumerate(outputs) if a in tangent])
    results = [tangent[outputs[i]] for i in out_active]
    kept, needed = prune((), equations, results)
    made = {v for eq in kept for v in eq.outputs}
    made.update(tangent_inputs)
    residuals = tuple(dict.fromkeys(_reads(kept, results, made)))
    program = Program([*residuals, *tangent_inputs], kept, results)
    return Linearized(program, residuals, out_active, len(tangent_inputs))


def _reads(kept: list[Equation], results: list[Any], made: set[Var]) -> Iterable[Var]:
    for eq in kept:
        for a in eq.inputs:
            if type(a) is Var and a not in made:
                yield a
    for a in results:
        if type(a) is Var and a not in made:
            yield a


@dataclass(frozen=True)
class LinearizedProgram:
    """`forward`: inputs to (outputs, residuals); `linear`: (residuals, tangents) to tangents."""

    forward: Program
    linear: Program
    n_residuals: int
    out_active: tuple[int, ...]


def linearize_program(program: Program, active: Sequence[bool]) -> LinearizedProgram:
    """Linearize a Program without values: the forward part leaves the residuals as outputs."""
    active_vars: set[Any] = {v for v, on in zip(program.inputs, active, strict=True) if on}
    inputs_active = [v for v, on in zip(program.inputs, active, strict=True) if on]
    steps: list[tuple[Equation, LinearRule]] = []
    forward: list[Equation] = []
    for eq in program.equations:
        on = tuple([i for i, a in enumerate(eq.inputs) if a in active_vars])
        if on:
            rule = linear_rule(eq.primitive, kinds_of(eq), eq.params, on)
            if rule.forward is not None:
                eq = extended(eq, rule)
            active_vars.update([eq.outputs[i] for i in rule.out_active])
            steps.append((eq, rule))
        forward.append(eq)
    linearized = stitch(steps, inputs_active, program.outputs)
    residuals = linearized.residuals
    return LinearizedProgram(
        Program(program.inputs, forward, (*program.outputs, *residuals)),
        linearized.program,
        len(residuals),
        linearized.out_active,
    )


def extended(eq: Equation, rule: LinearRule) -> Equation:
    """The equation in its forward form: the same outputs, then the residuals."""
    assert rule.forward is not None
    primitive, params = rule.forward
    types = primitive.type_rule(*[atom_type(a) for a in eq.inputs], **params)
    extra = tuple(Var(t) for t in types[len(eq.outputs) :])
    return Equation(primitive, eq.inputs, params, (*eq.outputs, *extra), eq.source)


__all__ = [
    "DifferentiatingRecording",
    "Linearized",
    "LinearizedProgram",
    "linearize_program",
    "stitch",
]
