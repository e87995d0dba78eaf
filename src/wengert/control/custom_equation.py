"""`custom`: the equation of a function with a derivative rule of its own.

    operands   captured values, argument leaves
    primal     (captured, arguments) -> outputs
    rule       (captured, arguments, tangents of the float arguments) -> outputs, tangents

Differentiated, the equation becomes a `call` of the part of the rule that no tangent reaches, and
the rest of the rule is the linear part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert import trees
from wengert.control.bodies import Body
from wengert.control.call import call, call_p, program_flops, regroup
from wengert.control.custom import CustomCall
from wengert.control.linearity import require_linear
from wengert.control.programs import depends, restrict, zeros, zeros_equation
from wengert.control.self_calls import calls_itself, expand
from wengert.errors import MissingRuleError, OutputError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program, Var, prune
from wengert.trace.evaluate import plan_of
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program, spread
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule


def _run(*args: Any, primal: Program, **params: Any) -> tuple[Any, ...]:
    return tuple(plan_of(primal).run(args))


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    rule, n_consts, name = params["rule"], params["n_consts"], params["name"]
    refuse_captured(name, active, n_consts)
    rule = expand(rule, params["depth"], custom_p, params)
    n = len(kinds)
    n_outputs = len(params["primal"].outputs)
    is_tangent = [i >= n for i in range(len(rule.inputs))]
    what = f"the jvp rule of {name}"
    require_linear(rule, is_tangent, what, "the tangents")
    reached = depends(rule, is_tangent)
    if any(reached[:n_outputs]):
        raise OutputError(f"{what} lets a tangent into its first output.")
    floats = [i for i in range(n_consts, n) if kinds[i].is_differentiable]
    tangent_of = dict(zip(floats, rule.inputs[n:], strict=True))
    # Tangents of inputs that are not active are zero; what then depends on none is zero too.
    is_active = [False] * n + [i in active for i in floats]
    on = depends(rule, is_active)
    float_outs = params["float_outs"]
    out_active = tuple([j for k, j in enumerate(float_outs) if on[n_outputs + k]])
    results = [rule.outputs[n_outputs + k] for k, j in enumerate(float_outs) if j in out_active]
    known, linear = _divide(rule, is_tangent)
    for i in floats:
        if i not in active:
            zero = zeros_equation(kinds[i])
            linear = [zero, *[_renamed(eq, tangent_of[i], zero.outputs[0]) for eq in linear]]
            results = [zero.outputs[0] if r is tangent_of[i] else r for r in results]
    tangents = [tangent_of[i] for i in active]
    kept, needed = prune((), linear, results)
    made = {v for eq in kept for v in eq.outputs}.union(tangents)
    residuals = [v for v in _in_order(rule, known) if v in needed and v not in made]
    outs = list(rule.outputs[:n_outputs])
    extra = [r for r in residuals if r not in rule.inputs and r not in outs]
    forward = Program(rule.inputs[:n], known, [*outs, *extra])
    place = {v: j for j, v in reversed(list(enumerate(forward.outputs)))}
    reads_in = tuple([i for i in range(n) if rule.inputs[i] in residuals])
    from_outs = [r for r in residuals if r not in rule.inputs]
    inputs = [*[rule.inputs[i] for i in reads_in], *from_outs, *tangents]
    return LinearRule(
        Program(inputs, kept, results),
        reads_in,
        tuple([place[r] for r in from_outs]),
        active,
        out_active,
        (call_p, {"program": forward}),
        len(extra),
    )


def refuse_captured(name: str, active: Sequence[int], n_consts: int) -> None:
    """Raise where the derivative runs through a value that a custom function closed over."""
    if any(i < n_consts for i in active):
        raise MissingRuleError(
            f"{name} has a custom rule and closes over a value that is differentiated.",
            got="a captured traced value, for which the rule gives no derivative",
            expected="everything that is differentiated among the arguments",
            try_="pass the value as an argument, or wengert.stop_gradient it",
        )


def _divide(rule: Program, is_tangent: Sequence[bool]) -> tuple[list[Any], list[Any]]:
    marked: set[Any] = {v for v, on in zip(rule.inputs, is_tangent, strict=True) if on}
    known, linear = [], []
    for eq in rule.equations:
        if any(a in marked for a in eq.inputs):
            marked.update(eq.outputs)
            linear.append(eq)
        else:
            known.append(eq)
    return known, linear


def _in_order(rule: Program, known: Sequence[Any]) -> list[Var]:
    return [*rule.inputs, *[v for eq in known for v in eq.outputs]]


def _renamed(eq: Any, old: Var, new: Var) -> Any:
    if old not in eq.inputs:
        return eq
    inputs = tuple([new if a is old else a for a in eq.inputs])
    return type(eq)(eq.primitive, inputs, eq.params, eq.outputs, eq.source)


def _batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], **params: Any) -> Any:
    primal, rule, n_consts = params["primal"], params["rule"], params["n_consts"]
    mask = list(is_batched)
    if params["depth"] is not None:  # see custom.py: a rule that calls its own function
        mask[n_consts:] = [True] * (len(mask) - n_consts)
        args = [
            spread(a, size) if on and not was else a
            for a, on, was in zip(args, mask, is_batched, strict=True)
        ]
    floats = [i for i in range(n_consts, len(mask)) if primal.in_types[i].is_differentiable]
    rule_mask = [*mask, *[mask[i] for i in floats]]
    float_outs = params["float_outs"]
    n_outputs = len(primal.outputs)
    if params["depth"] is None:
        flags = list(batch_program(primal, mask, size).out_batched)
        found = batch_program(rule, rule_mask, size).out_batched
        flags = [a or b for a, b in zip(flags, found[:n_outputs], strict=True)]
        for k, j in enumerate(float_outs):
            flags[j] = flags[j] or found[n_outputs + k]
    else:
        flags = [True] * n_outputs
    rule_flags = [*flags, *[flags[j] for j in float_outs]]
    batched = {
        "primal": batch_program(primal, mask, size, flags).program,
        "rule": batch_program(rule, rule_mask, size, rule_flags).program,
    }
    return bind(custom_p, *args, **{**params, **batched}), tuple(flags)


def _series(order: int, args: Sequence[Sequence[Any]], **params: Any) -> list[list[Any]]:
    """y' = J(x) x' is the rule: its series of one order less is that of y from order 1 on."""
    n, n_consts = len(args), params["n_consts"]
    refuse_captured(params["name"], [i for i, a in enumerate(args) if len(a) > 1], n_consts)
    rule = expand(params["rule"], params["depth"], custom_p, params)
    n_outputs = len(params["primal"].outputs)
    slope = restrict(rule, range(n_outputs, len(rule.outputs)))
    floats = [i for i in range(n_consts, n) if rule.in_types[i].is_differentiable]
    mask = [len(a) > 1 for a in args]
    made = series_program(slope, [*mask, *[mask[i] for i in floats]], order - 1)
    values = [c for a, on in zip(args, mask, strict=True) for c in (a[:order] if on else a)]
    for i in floats:
        values += args[i][1:] if mask[i] else [zeros(rule.in_types[i])]
    slopes = regroup(call(made.program, values), made.out_active, order - 1)
    result = [[y] for y in bind(custom_p, *[a[0] for a in args], **params)]
    for j, rest in zip(params["float_outs"], slopes, strict=True):
        result[j] += rest
    return result


custom_p = define(
    Primitive(
        "custom",
        _run,
        lambda *types, primal, **params: primal.out_types,
        linearize=_linearize,
        transpose=Unsupported("its linear part stands in its rule"),
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, primal, **params: program_flops(primal),
        is_multiple=True,
        facts={"meaning": "a Program with a forward derivative of its own"},
    )
)


def bind_custom(
    name: str,
    call: CustomCall,
    primal: Body,
    rule: Body,
    float_outs: tuple[int, ...],
    depth: int,
) -> Any:
    """The results of a custom function: one equation, or its values."""
    n = primal.n_captured
    before, after = primal.program.inputs[:n], rule.program.inputs[: rule.n_captured]
    values = bind(
        custom_p,
        *primal.captured,
        *rule.captured,
        *call.values,
        primal=Program(
            [*before, *[Var(v.type) for v in after], *primal.program.inputs[n:]],
            primal.program.equations,
            primal.program.outputs,
        ),
        rule=Program(
            [*[Var(v.type) for v in before], *rule.program.inputs],
            rule.program.equations,
            rule.program.outputs,
        ),
        n_consts=n + rule.n_captured,
        float_outs=float_outs,
        depth=depth if calls_itself(rule.program, depth) else None,
        name=name,
    )
    return trees.unflatten(primal.spec, values)
