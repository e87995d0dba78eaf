"""The plan of a function that was recorded on its values, kept with the recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.compression.plan import Plan, plan
from wengert.compression.structure import Structure
from wengert.control.programs import zeros_equation
from wengert.ir.program import Program
from wengert.transforms.linearize import Linearized
from wengert.types import Type


def completed(linearized: Linearized, out_types: Sequence[Type]) -> Program:
    """The linear Program with all outputs, zeros for those that do not depend on the inputs."""
    program = linearized.program
    equations = list(program.equations)
    given = dict(zip(linearized.out_active, program.outputs, strict=True))
    outputs = []
    for i, t in enumerate(out_types):
        if i not in given:
            equations.append(zeros_equation(t))
            given[i] = equations[-1].outputs[0]
        outputs.append(given[i])
    return Program(program.inputs, equations, outputs)


def plan_of_linear(
    linearized: Linearized,
    known: Sequence[Any],
    in_types: Sequence[Type],
    out_types: Sequence[Type],
    mode: str = "auto",
    given: Structure | None = None,
    is_symmetric: bool = False,
    is_compiled: bool = False,
) -> Plan:
    """The plan for the Jacobian of a linearized function; see `plan`."""
    shape = (sum([t.size for t in out_types]), sum([t.size for t in in_types]))
    linear = completed(linearized, out_types)
    return plan(linear, known, shape, mode, given, is_symmetric, is_compiled)
