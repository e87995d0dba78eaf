"""The stage `share`: equal equations are computed once.

Two equations are equal when primitive, inputs and exact parameters are; sums and products also
with their operands exchanged. A checkpoint is never shared: what it computes again is meant to be.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from wengert.control.checkpoint import checkpoint_p
from wengert.ir.program import Equation, Literal, Program
from wengert.passes.pattern import COMMUTATIVE
from wengert.passes.rewriting import live_equations
from wengert.trace.nodes import equation_key


def share(program: Program, fired: Counter[str]) -> Program:
    """The Program with common subexpressions computed once."""
    known: dict[Any, Equation] = {}
    alias: dict[Any, Any] = {}
    equations: list[Equation] = []
    n_shared = 0
    for eq in program.equations:
        primitive, ins = eq.primitive, eq.inputs
        if alias:
            ins = tuple([alias.get(a, a) for a in ins])
            if ins != eq.inputs:
                eq = Equation(primitive, ins, eq.params, eq.outputs, eq.source)
        if not eq.outputs or primitive is checkpoint_p:
            equations.append(eq)
            continue
        # Literals are interned: their identity stands for their exact value, and hashes faster.
        atoms: list[Any] = [id(a) if type(a) is Literal else a for a in ins]
        if primitive in COMMUTATIVE and id(ins[0]) > id(ins[1]):
            atoms.reverse()
        first = known.setdefault(equation_key(primitive, atoms, eq.params), eq)
        if first is eq:
            equations.append(eq)
            continue
        n_shared += 1
        alias.update(zip(eq.outputs, first.outputs, strict=True))
    if n_shared:
        fired["computed before"] += n_shared
    outputs = [alias.get(a, a) for a in program.outputs]
    kept = live_equations(equations, outputs)
    return Program(program.inputs, kept, outputs, program.captured)
