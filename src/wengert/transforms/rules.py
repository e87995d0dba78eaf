"""Derivative rules as Programs, recorded once per (primitive, types, params, active inputs).

`linear_rule` gives the linearization of one equation, `transpose_rule` the adjoint of one linear
equation. `linearize.py` and `transpose.py` only stitch these together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wengert.errors import InternalError
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ir.program import Equation, Literal, Program, Var, prune
from wengert.ops.core import add, zeros_of
from wengert.trace.nodes import Root, equation_key
from wengert.trace.recording import Recording
from wengert.trace.tracer import bind
from wengert.types import AnyType, Type

_MAX_RULES = 50_000
_linear_rules: dict[Any, LinearRule] = {}
_transpose_rules: dict[Any, TransposeRule] = {}


@dataclass(frozen=True)
class LinearRule:
    """The linearization of one equation.

    `program` maps (inputs read, outputs read, tangents of the active inputs) to the tangents of
    the outputs listed in `out_active`; the others are zero. Control flow may replace the equation
    by `forward`, which has `n_extra` more outputs: its residuals.
    """

    program: Program
    reads_in: tuple[int, ...]
    reads_out: tuple[int, ...]
    active: tuple[int, ...]
    out_active: tuple[int, ...]
    forward: tuple[Primitive, dict[str, Any]] | None = None
    n_extra: int = 0


@dataclass(frozen=True)
class TransposeRule:
    """The adjoint of one linear equation.

    `program` maps (known inputs read, cotangents of the outputs listed in `cts`, accumulators of
    the inputs in `accs`) to new cotangents of the inputs in `results`.
    """

    program: Program
    reads_in: tuple[int, ...]
    cts: tuple[int, ...]
    accs: tuple[int, ...]
    results: tuple[int, ...]


def rule_key(primitive: Primitive, atoms: Sequence[Any], params: dict[str, Any], *more: Any) -> Any:
    return (equation_key(primitive, list(atoms), params), *more)


def atom_kind(atom: Any) -> Any:
    """What a rule may depend on: the type of a Var, the value of a Literal."""
    return atom.type if type(atom) is Var else atom


def linear_rule(
    primitive: Primitive, kinds: tuple[Any, ...], params: dict[str, Any], active: tuple[int, ...]
) -> LinearRule:
    """The linearization of `primitive` for inputs of the given kinds, some of them active."""
    key = rule_key(primitive, kinds, params, active)
    rule = _linear_rules.get(key)
    if rule is None:
        if len(_linear_rules) > _MAX_RULES:
            _linear_rules.clear()
        rule = _linear_rules.setdefault(key, _make_linear_rule(primitive, kinds, params, active))
    return rule


def _make_linear_rule(
    primitive: Primitive, kinds: tuple[Any, ...], params: dict[str, Any], active: tuple[int, ...]
) -> LinearRule:
    if primitive.linearize is not None:
        return primitive.linearize(kinds, params, active)
    if primitive.extended is not None:
        return _extended_rule(primitive, primitive.extended, kinds, params, active)
    if primitive.jvp is None and not primitive.linear_in:
        return LinearRule(Program((), (), ()), (), (), active, ())  # derivative zero everywhere
    if isinstance(primitive.jvp, Unsupported):
        raise primitive.missing("jvp")
    out_types = _out_types(primitive, kinds, params)
    if not any(t.is_differentiable for t in out_types):
        return LinearRule(Program((), (), ()), (), (), active, ())
    groups = primitive.linear_in
    if len(groups) == 1 and groups[0] == frozenset(active):
        return _direct_linear_rule(primitive, kinds, params, active)
    rule = primitive.jvp or _multilinear_jvp(primitive)
    recording = Recording(f"the derivative of {primitive.name}", has_values=False, root=Root())
    with recording:
        args, arg_vars = _arguments(recording, kinds)
        outs = [recording.argument(t) for t in out_types]
        out_vars = [h.variable for h in outs]
        tangents: list[Any] = [None] * len(kinds)
        for i in active:
            tangents[i] = recording.argument(kinds[i])
        tangent_vars = [tangents[i].variable for i in active]
        result = rule(args, tuple(outs) if primitive.is_multiple else outs[0], tangents, **params)
        results = list(result) if primitive.is_multiple else [result]
        out_active = tuple([i for i, r in enumerate(results) if r is not None])
        outputs = [recording.output(results[i]) for i in out_active]
    _refuse_captures(recording, primitive)
    equations = recording.program(outputs).equations
    kept, needed = prune((), equations, outputs)
    reads_in = tuple([i for i, v in enumerate(arg_vars) if v is not None and v in needed])
    reads_out = tuple([i for i, v in enumerate(out_vars) if v in needed])
    inputs = [*(arg_vars[i] for i in reads_in), *(out_vars[i] for i in reads_out), *tangent_vars]
    return LinearRule(Program(inputs, kept, outputs), reads_in, reads_out, active, out_active)


def _extended_rule(
    primitive: Primitive,
    extended: Primitive,
    kinds: tuple[Any, ...],
    params: dict[str, Any],
    active: tuple[int, ...],
) -> LinearRule:
    """The rule of the primitive that stands in, whose further outputs the derivative reads."""
    rule = linear_rule(extended, kinds, params, active)
    n_outputs = len(_out_types(primitive, kinds, params))
    n_extra = len(_out_types(extended, kinds, params)) - n_outputs
    return replace(rule, forward=(extended, params), n_extra=n_extra)


def _direct_linear_rule(
    primitive: Primitive, kinds: tuple[Any, ...], params: dict[str, Any], active: tuple[int, ...]
) -> LinearRule:
    """A linear primitive is its own derivative: one equation, nothing to record."""
    atoms: list[Any] = [k if isinstance(k, Literal) else Var(k) for k in kinds]
    outs = tuple(Var(t) for t in _out_types(primitive, kinds, params))
    reads_in = tuple([i for i, a in enumerate(atoms) if type(a) is Var and i not in active])
    inputs = [atoms[i] for i in (*reads_in, *active)]
    program = Program(inputs, [Equation(primitive, tuple(atoms), params, outs)], outs)
    return LinearRule(program, reads_in, (), active, tuple(range(len(outs))))


def _out_types(primitive: Primitive, kinds: Sequence[Any], params: dict[str, Any]) -> Any:
    types = primitive.type_rule(
        *[k.value if isinstance(k, Literal) else k for k in kinds], **params
    )
    return types if primitive.is_multiple else (types,)


def _multilinear_jvp(primitive: Primitive) -> Callable[..., Any]:
    """Product rule: for each linear group, the primitive with that group's tangents put in."""

    def jvp(args: Sequence[Any], out: Any, tangents: Sequence[Any], **params: Any) -> Any:
        total = None
        for group in primitive.linear_in:
            if all(i >= len(tangents) or tangents[i] is None for i in group):
                continue
            values = [
                (zeros_of(a) if tangents[i] is None else tangents[i]) if i in group else a
                for i, a in enumerate(args)
            ]
            term = bind(primitive, *values, **params)
            total = term if total is None else add(total, term)
        return total

    return jvp


def transpose_rule(
    primitive: Primitive,
    kinds: tuple[Any, ...],
    params: dict[str, Any],
    linear: tuple[int, ...],
    cts: tuple[int, ...],
    accs: tuple[int, ...],
) -> TransposeRule:
    """The adjoint of `primitive` in its inputs `linear`, given which cotangents there are."""
    key = rule_key(primitive, kinds, params, linear, cts, accs)
    rule = _transpose_rules.get(key)
    if rule is None:
        if len(_transpose_rules) > _MAX_RULES:
            _transpose_rules.clear()
        rule = _make_transpose_rule(primitive, kinds, params, linear, cts, accs)
        rule = _transpose_rules.setdefault(key, rule)
    return rule


def _make_transpose_rule(
    primitive: Primitive,
    kinds: tuple[Any, ...],
    params: dict[str, Any],
    linear: tuple[int, ...],
    cts: tuple[int, ...],
    accs: tuple[int, ...],
) -> TransposeRule:
    recording = Recording(f"the transpose of {primitive.name}", has_values=False, root=Root())
    with recording:
        args: list[Any] = []
        arg_vars: list[Var | None] = []
        for i, k in enumerate(kinds):
            if isinstance(k, Literal) or i in linear:
                args.append(k.value if isinstance(k, Literal) else k)
                arg_vars.append(None)
            else:
                handle = recording.argument(k)
                args.append(handle)
                arg_vars.append(handle.variable)
        out_types = _out_types(primitive, kinds, params)
        ct_handles: list[Any] = [None] * len(out_types)
        for i in cts:
            ct_handles[i] = recording.argument(out_types[i])
        ct_vars = [ct_handles[i].variable for i in cts]
        acc_handles = {i: recording.argument(kinds[i]) for i in accs}
        acc_vars = [acc_handles[i].variable for i in accs]
        results = _apply_transpose(primitive, args, ct_handles, acc_handles, linear, params)
        found = tuple([i for i in linear if results.get(i) is not None])
        outputs = [recording.output(results[i]) for i in found]
    _refuse_captures(recording, primitive)
    for i, output in zip(found, outputs, strict=True):
        if isinstance(output, Var) and output.type != kinds[i]:
            raise InternalError(
                f"the transpose rule of {primitive.name} gave a cotangent of the wrong type.",
                got=repr(output.type),
                expected=repr(kinds[i]),
            )
    kept, needed = prune((), recording.program(outputs).equations, outputs)
    reads_in = tuple([i for i, v in enumerate(arg_vars) if v is not None and v in needed])
    inputs = [*(arg_vars[i] for i in reads_in), *ct_vars, *acc_vars]
    return TransposeRule(Program(inputs, kept, outputs), reads_in, cts, accs, found)


def _apply_transpose(
    primitive: Primitive,
    args: list[Any],
    cts: list[Any],
    accs: dict[int, Any],
    linear: tuple[int, ...],
    params: dict[str, Any],
) -> dict[int, Any]:
    if primitive.transpose_all is not None:
        values = primitive.transpose_all(cts, args, linear, **params)
        return {i: values[i] for i in linear}
    ct = tuple(cts) if primitive.is_multiple else cts[0]
    results: dict[int, Any] = {}
    for i in linear:
        if primitive.accumulate is not None and i in primitive.accumulate:
            results[i] = primitive.accumulate[i](accs.get(i), ct, args, **params)
        elif callable(primitive.transpose):
            results[i] = primitive.transpose(ct, args, i, **params)
        elif isinstance(primitive.transpose, Mapping) and i in primitive.transpose:
            results[i] = primitive.transpose[i](ct, args, **params)
        else:
            raise primitive.missing("transpose")
    return results


def accumulating_inputs(primitive: Primitive) -> frozenset[int]:
    """Inputs whose transpose rule adds into the cotangent accumulated so far."""
    return frozenset(primitive.accumulate or ())


def _arguments(recording: Recording, kinds: Sequence[Any]) -> tuple[list[Any], list[Var | None]]:
    args: list[Any] = []
    arg_vars: list[Var | None] = []
    for k in kinds:
        if isinstance(k, Literal):
            args.append(k.value)
            arg_vars.append(None)
        else:
            handle = recording.argument(k, is_array=isinstance(k, Type) and k.shape != ())
            args.append(handle)
            arg_vars.append(handle.variable)
    return args, arg_vars


def _refuse_captures(recording: Recording, primitive: Primitive) -> None:
    if recording.captured:
        raise InternalError(
            f"a rule of {primitive.name} captured a value from outside.",
            got=repr([v.type for v in recording.captured]),
            expected="rules that make constants with operations (full, iota)",
        )


def kinds_of(equation: Equation) -> tuple[Any, ...]:
    """The kinds of an equation's inputs."""
    return tuple([a.type if type(a) is Var else a for a in equation.inputs])


def tangent_type(type_: AnyType) -> AnyType:
    """The type of a tangent: the primal's own."""
    return type_


def clear_rules() -> None:
    """Forget all recorded rules."""
    _linear_rules.clear()
    _transpose_rules.clear()
