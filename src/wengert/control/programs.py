"""Helpers of all control-flow rules: Programs written from Python, split, joined and transposed.

record_rule_program   a Program from a Python function on typed handles, capturing nothing
LinearSplit           a body linearized, its residuals sorted by where they come from
transpose_body        the adjoint of a body for the cotangents there are
zeros                 zeros of any type, stacks included, in the current recording
record_linear_rule    a linearization from a Python function of arguments and tangents
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.errors import InternalError
from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Literal, Program, Var, prune
from wengert.ops.core import full_p
from wengert.ops.stacks import stack_zeros_p
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, current_recording
from wengert.transforms.linearize import LinearizedProgram, linearize_program
from wengert.transforms.rules import LinearRule
from wengert.transforms.transpose import transpose_program
from wengert.types import AnyType, StackType


def record_rule_program(
    purpose: str, f: Callable[..., Sequence[Any]], in_types: Sequence[AnyType]
) -> Program:
    """The Program of `f` on arguments of the given types; `f` returns a flat sequence."""
    recording = Recording(purpose, has_values=False)
    with recording:
        handles = [
            recording.argument(t, is_array=isinstance(t, StackType) or t.shape != ())
            for t in in_types
        ]
        outputs = [recording.output(value) for value in f(*handles)]
    if recording.captured:
        raise InternalError(
            f"{purpose} captured a value from outside.",
            got=repr([v.type for v in recording.captured]),
        )
    program = recording.program(outputs)
    kept, _ = prune((), program.equations, outputs)
    return Program(program.inputs, kept, outputs)


def zeros(type_: AnyType) -> Any:
    """Zeros of a type, made in the current recording."""
    recording = current_recording.get()
    assert recording is not None  # rules run inside one
    if isinstance(type_, StackType):
        return recording.record(stack_zeros_p, (), {"type": type_})
    return recording.record(full_p, (0,), {"shape": type_.shape, "dtype": type_.dtype})


def zeros_equation(type_: AnyType) -> Equation:
    """An equation that makes zeros of a type."""
    out = (Var(type_),)
    if isinstance(type_, StackType):
        return Equation(stack_zeros_p, (), {"type": type_}, out)
    return Equation(full_p, (Literal(0),), {"shape": type_.shape, "dtype": type_.dtype}, out)


def depends(program: Program, mask: Sequence[bool]) -> tuple[bool, ...]:
    """Which outputs depend on the inputs marked in `mask`."""
    marked: set[Any] = {v for v, on in zip(program.inputs, mask, strict=True) if on}
    for eq in program.equations:
        if any(a in marked for a in eq.inputs):
            marked.update(eq.outputs)
    return tuple([a in marked for a in program.outputs])


def restrict(program: Program, which: Sequence[int]) -> Program:
    """The Program with only the outputs listed in `which`, and what they need."""
    outputs = [program.outputs[i] for i in which]
    kept, _ = prune((), program.equations, outputs)
    return Program(program.inputs, kept, outputs)


def needed_inputs(program: Program) -> tuple[bool, ...]:
    """Which inputs the outputs depend on."""
    _, needed = prune((), program.equations, program.outputs)
    return tuple([v in needed for v in program.inputs])


def transpose_body(
    program: Program,
    is_linear: Sequence[bool],
    present: Sequence[int],
    accumulated: Sequence[bool] | None = None,
) -> tuple[Program, tuple[int, ...]]:
    """The adjoint of `program`, given cotangents of the outputs listed in `present`.

    Parameters
    ----------
    program : Program
    is_linear : sequence of bool
        Which inputs are linear.
    present : sequence of int
        Outputs that have a cotangent.
    accumulated : sequence of bool, optional
        For each input, whether a cotangent so far is given and added to.

    Returns
    -------
    Program
        Inputs: known inputs, cotangents, cotangents so far of the accumulated inputs. Outputs:
        the cotangents of the inputs reached.
    tuple of int
        The inputs reached, ascending. Accumulated ones always count as reached.
    """
    body = restrict(program, present)
    needed = needed_inputs(body)
    accumulated = accumulated or (False,) * len(body.inputs)
    linear = [i for i, on in enumerate(is_linear) if on]
    backward = transpose_program(body, is_linear, accumulated)
    reached = [i for i in linear if needed[i] or accumulated[i]]
    return restrict(backward, [linear.index(i) for i in reached]), tuple(reached)


@dataclass(frozen=True)
class LinearSplit:
    """A body linearized in its active inputs.

    `linear` maps (residuals, tangents) to the tangents of the outputs in `out_active`; residual
    Vars are Vars of `forward`, which ends in its `n_outputs` outputs.
    """

    forward: tuple[Equation, ...]
    residuals: tuple[Var, ...]
    tangents: tuple[Var, ...]
    linear: tuple[Equation, ...]
    results: tuple[Any, ...]
    out_active: tuple[int, ...]


def split(program: Program, active: Sequence[bool]) -> LinearSplit:
    """Linearize a body, its forward equations and its linear ones apart."""
    made: LinearizedProgram = linearize_program(program, active)
    n = made.n_residuals
    return LinearSplit(
        made.forward.equations,
        tuple(made.linear.inputs[:n]),
        tuple(made.linear.inputs[n:]),
        made.linear.equations,
        made.linear.outputs,
        made.out_active,
    )


def rename_inputs(program: Program, targets: Sequence[Var], new_inputs: Sequence[Var]) -> Program:
    """The Program with inputs `new_inputs`, in which its own inputs are called `targets`."""
    mapping = dict(zip(program.inputs, targets, strict=True))
    equations = [
        Equation(
            eq.primitive,
            tuple([mapping.get(a, a) if type(a) is Var else a for a in eq.inputs]),
            eq.params,
            eq.outputs,
            eq.source,
        )
        for eq in program.equations
    ]
    outputs = [mapping.get(a, a) if type(a) is Var else a for a in program.outputs]
    return Program(new_inputs, equations, outputs)


def record_linear_rule(
    primitive: Primitive,
    kinds: Sequence[Any],
    out_types: Sequence[AnyType],
    active: tuple[int, ...],
    build: Callable[[list[Any], list[Any], dict[int, Any]], dict[int, Any]],
    forward: tuple[Primitive, dict[str, Any]] | None = None,
    n_extra: int = 0,
) -> LinearRule:
    """The linearization whose tangents `build(args, outs, tangents)` writes.

    `out_types` are those of the forward form. `build` gets tangents by input and returns those
    of the outputs that have one, by output.
    """
    recording = Recording(f"the derivative of {primitive.name}", has_values=False)
    with recording:
        args = [k.value if isinstance(k, Literal) else recording.argument(k) for k in kinds]
        outs = [recording.argument(t) for t in out_types]
        tangents = {i: recording.argument(kinds[i]) for i in active}
        results = build(args, outs, tangents)
        out_active = tuple(sorted(results))
        outputs = [recording.output(results[i]) for i in out_active]
    if recording.captured:
        raise InternalError(f"a rule of {primitive.name} captured a value from outside.")
    kept, needed = prune((), recording.program(outputs).equations, outputs)
    reads_in = [i for i, a in enumerate(args) if isinstance(a, Tracer) and a.variable in needed]
    reads_out = [i for i, a in enumerate(outs) if a.variable in needed]
    inputs = [
        *[args[i].variable for i in reads_in],
        *[outs[i].variable for i in reads_out],
        *[tangents[i].variable for i in active],
    ]
    return LinearRule(
        Program(inputs, kept, outputs),
        tuple(reads_in),
        tuple(reads_out),
        active,
        out_active,
        forward,
        n_extra,
    )
