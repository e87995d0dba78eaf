"""A Program made ready for native code: what only runs another Program is put in place.

Calls, checkpoints and functions with rules of their own become their equations, and primitives
whose native form is others (`Expand`) become those. Every Var is new, so that one Program may stand
in several places.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wengert.ir.emission import Expand
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.native.places import Places
from wengert.native.rules import array_type, native_rule
from wengert.trace.recording import Recording
from wengert.types import Type

_RUN = {"call": "program", "checkpoint": "program", "custom": "primal", "custom_linear": "program"}


def prepare(program: Program) -> Program:
    """The same Program in equations that are written as they stand."""
    inputs = [Var(v.type) for v in program.inputs]
    equations: list[Equation] = []
    outputs = put_in_place(program, inputs, equations)
    return Program(inputs, equations, outputs, program.captured)


def put_in_place(
    program: Program,
    args: Sequence[Any],
    equations: list[Equation],
    source: Any = None,
    places: Places | None = None,
) -> list[Any]:
    """Append the equations of `program` on `args`; its outputs as atoms there."""
    places = Places() if places is None else places
    env: dict[Any, Any] = dict(zip(program.inputs, args, strict=True))
    for eq in program.equations:
        ins = tuple([env[a] if type(a) is Var else a for a in eq.inputs])
        where = eq.source or source
        inner = eq.params.get(_RUN.get(eq.primitive.name, ""))
        if isinstance(inner, Program):
            results = put_in_place(inner, ins, equations, where, places)
            env.update(zip(eq.outputs, results, strict=True))
            continue
        outs = tuple([Var(v.type) for v in eq.outputs])
        made = Equation(eq.primitive, ins, eq.params, outs, where)
        rule = native_rule(made)
        if isinstance(rule, Expand):
            results = put_in_place(_expanded(made, rule), ins, equations, where, places)
            env.update(zip(eq.outputs, results, strict=True))
            places.note(made, results)
            continue
        made = places.named_by(made, equations)
        equations.append(made)
        places.note(made, outs)
        env.update(zip(eq.outputs, outs, strict=True))
    return [env[a] if type(a) is Var else a for a in program.outputs]


def _expanded(eq: Equation, rule: Expand) -> Program:
    """The Program of an equation's expansion, all inputs being arguments."""
    recording = Recording(f"the native form of {eq.primitive.name}", has_values=False)
    with recording:
        args: list[Any] = []
        inputs: list[Var] = []
        for a in eq.inputs:
            if type(a) is Literal:
                args.append(a.value)
                inputs.append(Var(Type((), "f8")))  # never read
                continue
            handle = recording.argument(a.type, is_array=array_type(a).shape != ())
            args.append(handle)
            inputs.append(handle.variable)
        result = rule.f(*args, **eq.params)
        results = result if eq.primitive.is_multiple else (result,)
        outputs = [recording.output(r) for r in results]
    return Program(inputs, recording.program(outputs).equations, outputs)


__all__ = ["lru_cache", "prepare", "put_in_place"]
