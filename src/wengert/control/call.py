"""`call`: a Program as one equation of another. Jitted functions and custom rules become calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.control.programs import split, transpose_body
from wengert.ir.primitive import Primitive, Rule, define
from wengert.ir.program import Program, Var, prune
from wengert.trace.evaluate import plan_of
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule
from wengert.transforms.sparsity import known_outputs


def call(program: Program, args: Sequence[Any]) -> tuple[Any, ...]:
    """The outputs of `program` on flat `args`, as one equation where anything is recorded."""
    return tuple(bind(call_p, *args, program=program))


def _run(*args: Any, program: Program) -> tuple[Any, ...]:
    return tuple(plan_of(program).run(args))


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    program: Program = params["program"]
    made = split(program, [i in active for i in range(len(kinds))])
    known_out = {a: i for i, a in reversed(list(enumerate(program.outputs)))}
    extra = [r for r in made.residuals if r not in program.inputs and r not in known_out]
    outputs = (*program.outputs, *extra)
    place = {a: i for i, a in reversed(list(enumerate(outputs)))}
    reads_in = tuple([i for i, v in enumerate(program.inputs) if v in made.residuals])
    ins = [program.inputs[i] for i in reads_in]
    outs = [r for r in made.residuals if r not in program.inputs]
    return LinearRule(
        Program([*ins, *outs, *made.tangents], made.linear, made.results),
        reads_in,
        tuple([place[r] for r in outs]),
        active,
        made.out_active,
        (call_p, {"program": Program(program.inputs, made.forward, outputs)}),
        len(extra),
    )


def running_primitive(name: str, linearize: Rule, meaning: str) -> Primitive:
    """A primitive that runs its parameter `program`; `linearize` says what its derivative keeps."""

    def transpose(
        cts: Sequence[Any], args: Sequence[Any], linear: Sequence[int], *, program: Program
    ) -> dict[int, Any]:
        """The adjoint of a call is a call of the adjoint."""
        mask = [i in linear for i in range(len(args))]
        present = [i for i, ct in enumerate(cts) if ct is not None]
        backward, reached = transpose_body(program, mask, present)
        known = [a for i, a in enumerate(args) if i not in linear]
        values = bind(primitive, *known, *[cts[i] for i in present], program=backward)
        result: dict[int, Any] = dict.fromkeys(linear)
        result.update(zip(reached, values, strict=True))
        return result

    def batch(size: int, args: Any, is_batched: Any, *, program: Program) -> Any:
        batched = batch_program(program, is_batched, size)
        return bind(primitive, *args, program=batched.program), batched.out_batched

    def series(order: int, args: Sequence[Sequence[Any]], *, program: Program) -> list[list[Any]]:
        made = series_program(program, [len(a) > 1 for a in args], order)
        values = bind(primitive, *[c for a in args for c in a], program=made.program)
        return regroup(values, made.out_active, order)

    primitive = Primitive(
        name,
        _run,
        lambda *types, program: program.out_types,
        linearize=linearize,
        transpose_all=transpose,
        sparsity=lambda k, *, program: k.walk(program, k.labels, k.values),
        known=lambda values, *, program: known_outputs(program, values),
        batch=batch,
        series=series,
        cost=lambda in_types, out_types, *, program: program_flops(program),
        is_multiple=True,
        facts={"meaning": meaning},
    )
    return define(primitive)


def regroup(values: Sequence[Any], active: Sequence[bool], order: int) -> list[list[Any]]:
    """The outputs of a series Program, one list of coefficients for each output."""
    rest = list(values)
    result = []
    for on in active:
        n = order + 1 if on else 1
        result.append(rest[:n])
        rest = rest[n:]
    return result


def program_flops(program: Program) -> float:
    """Floating-point operations of one run of a Program."""
    total = 0.0
    for eq in program.equations:
        if eq.primitive.cost is not None:
            ins = [a.type if type(a) is Var else a.value for a in eq.inputs]
            total += eq.primitive.cost(ins, [v.type for v in eq.outputs], **eq.params)
    return total


call_p = running_primitive("call", _linearize, "runs a Program")

__all__ = ["call", "call_p", "prune"]
