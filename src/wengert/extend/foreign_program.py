"""The derivative of a rule: a rule that is NumPy code is traced when a second derivative asks.

A rule that cannot be traced, or a numerical one, raises here, and nowhere else: first derivatives
run rules as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.control.custom import require_type
from wengert.control.linearity import require_linear
from wengert.control.programs import zeros
from wengert.errors import MissingRuleError
from wengert.extend.foreign_call import Constant, ForeignCall, Part, foreign_p
from wengert.extend.foreign_rules import NumericRule, refuse_numeric
from wengert.ir.program import Equation, Program, Var
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer
from wengert.transforms.batch import batch_program
from wengert.transforms.transpose import transpose_program
from wengert.types import Type

_programs: dict[Any, Program] = {}


def rule_program(call: ForeignCall) -> Program:
    """FORWARD or ADJOINT as a Program, on batches as the call is."""
    program = _item_program(call)
    for size, flags in reversed(call.lead):
        every = [True] * len(program.outputs)
        program = batch_program(program, flags, size, every).program
    return program


def _item_program(call: ForeignCall) -> Program:
    key = (call.site, call.part)
    program = _programs.get(key)
    if program is None:
        if len(_programs) > 1000:
            _programs.clear()
        program = _programs[key] = _traced(ForeignCall(*key))
    return program


def _traced(call: ForeignCall) -> Program:
    """FORWARD or ADJOINT as a Program: a rule traced, or the other one traced and transposed."""
    rule: Any = call.rule()
    name = call.site.name
    if isinstance(rule, NumericRule):
        raise refuse_numeric(name, rule.method)
    is_forward = call.part is Part.FORWARD
    if (rule.jvp if is_forward else rule.vjp) is not None:
        return _recorded(call, rule)
    other = ForeignCall(call.site, Part.ADJOINT if is_forward else Part.FORWARD)
    program = _recorded(other, rule)
    n = call.n_known
    mask = [i >= n for i in range(len(program.inputs))]
    kind = "vjp" if is_forward else "jvp"
    require_linear(program, mask, f"the {kind} rule of {name}", "what it maps")
    return transpose_program(program, mask)


def _recorded(call: ForeignCall, rule: Any) -> Program:
    n, n_known = len(call.site.types), call.n_known
    kind = "jvp" if call.part is Part.FORWARD else "vjp"
    what = f"the {kind} rule of {call.site.name}"

    def run(operands: Sequence[Any]) -> list[Any]:
        leaves, outs, linear = operands[:n], operands[n:n_known], operands[n_known:]
        if kind == "jvp":
            found = rule.run_jvp(call, leaves, linear)
        else:
            found = rule.run_vjp(call, leaves, outs, linear)
        types = call.item_types
        return [zeros(t) if x is None else x for x, t in zip(found, types, strict=True)]

    program = _record(what, run, call.operand_types)
    for found, expected in zip(program.out_types, call.item_types, strict=True):
        require_type(f"the result of {what}", found, expected)
    return program


def _record(what: str, run: Callable[..., Any], in_types: Sequence[Type]) -> Program:
    """A Program of what a rule does; arrays that it closed over become constants in it."""
    recording = Recording(what, has_values=False, is_body=True)
    with recording:
        handles = [recording.argument(t, is_array=t.shape != ()) for t in in_types]
        try:
            outputs = [recording.output(x) for x in run(handles)]
        except Exception as error:  # whatever the user's rule raises on tracers
            raise MissingRuleError(
                f"{what} cannot be traced, and a second derivative differentiates it.",
                got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
                expected="a rule in NumPy, which may call foreign functions that have rules",
                try_="write the rule in NumPy, or stay with first derivatives",
            ) from error
        program = recording.program(outputs)
    constants = []
    for var, value in zip(recording.captured, recording.captured_values, strict=True):
        if isinstance(value, Tracer):
            raise MissingRuleError(
                f"{what} closes over a traced value, for which it gives no derivative.",
                got=repr(var.type),
                expected="everything that is differentiated among the arguments",
                try_="pass the value as an argument, or wengert.stop_gradient it",
            )
        constants.append(Equation(foreign_p, (), {"call": Constant(value)}, (var,)))
    inputs: list[Var] = recording.arguments
    return Program(inputs, [*constants, *program.equations], program.outputs)
