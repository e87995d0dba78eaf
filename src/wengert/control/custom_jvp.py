"""`custom_jvp`: a function whose forward derivative the user gives; reverse mode is its transpose.

The equation is `custom`:

    operands   captured values, argument leaves
    primal     (captured, arguments) -> outputs
    rule       (captured, arguments, tangents of the float arguments) -> outputs, tangents

Differentiated, the equation becomes a `call` of the part of the rule that no tangent reaches, and
the rest of the rule is the linear part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from wengert import trees
from wengert.control.bodies import Body, record_body, require_callable
from wengert.control.call import call, call_p, program_flops, regroup
from wengert.control.custom import (
    CustomCall,
    calls_itself,
    custom_call,
    expand,
    flatten_like,
    nondiff_positions,
    recording_rule,
    require_linear,
    require_type,
    self_call,
)
from wengert.control.programs import depends, restrict, zeros, zeros_equation
from wengert.errors import MissingRuleError, OutputError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program, Var, prune
from wengert.ops.core import add
from wengert.trace.evaluate import plan_of
from wengert.trace.tracer import bind, current_recording
from wengert.transforms.batch import batch_program, spread
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule

# -- the equation ----------------------------------------------------------------------------------


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


# -- what users call -------------------------------------------------------------------------------


class custom_jvp:  # a decorator, named as users know it
    """A function whose forward-mode derivative is given by a rule.

    Parameters
    ----------
    fun : callable
        Function of trees of numbers and arrays.
    nondiff_argnums : int or tuple of int
        Arguments that are not differentiated; they may be anything, and come first in the rule.

    Notes
    -----
    The rule runs at every recording that meets the function and must be linear in the tangents:
    reverse mode transposes it, and its own derivatives serve higher orders. Integer and boolean
    arguments have the tangent None. What the function closes over is not differentiated: an
    error says so where it would have to be.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> @wg.custom_jvp
    ... def softplus(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @softplus.defjvp
    ... def softplus_jvp(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return softplus(x), dx / (1.0 + np.exp(-x))
    >>> wg.grad(softplus)(0.0)
    np.float64(0.5)
    """

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: int | Sequence[int] = ()) -> None:
        require_callable("custom_jvp", fun, "the argument")
        self.fun = fun
        self.identity: Any = self
        self.nondiff_argnums = nondiff_positions("custom_jvp", nondiff_argnums)
        self.jvp: Callable[..., Any] | None = None
        update_wrapper(self, fun)

    @property
    def name(self) -> str:
        return getattr(self.fun, "__name__", "a function")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        positions = tuple([i - 1 if i > 0 else i for i in self.nondiff_argnums if i != 0])
        bound = custom_jvp(self.fun.__get__(instance, owner), positions)
        bound.identity = (self.identity, instance)
        rule = self.jvp
        bound.jvp = None if rule is None else rule.__get__(instance, owner)
        return bound

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule `jvp(*nondiff, primals, tangents) -> (out, tangent_out)`; a decorator.

        Tangents and tangent_out have the structure of primals and out; None stands for the
        tangents of integers and booleans, and may be returned for zero.
        """
        require_callable("custom_jvp", jvp, "the rule")
        self.jvp = jvp
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Give one rule per argument, `rule(tangent, out, *primals)`; None where it is zero."""

        def jvp(*args: Any) -> Any:
            primals, tangents = args[-2:]
            static = dict(zip(sorted(self.nondiff_argnums), args[:-2], strict=True))
            whole = list(primals)
            for i, value in static.items():
                whole.insert(i, value)
            out = self(*whole)
            total = None
            for rule, tangent in zip(jvps, tangents, strict=True):
                if rule is None or all(t is None for t in _leaves(tangent)):
                    continue
                term = rule(tangent, out, *whole)
                total = term if total is None else trees.map_tree(add, total, term)
            return out, total

        self.jvp = jvp

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = custom_call(self.name, self.fun, self.nondiff_argnums, args, kwargs)
        inside = self_call(self.identity, call)
        if inside is not None:
            return inside[0]
        if current_recording.get() is None:
            return self.fun(*args, **kwargs)
        if self.jvp is None:
            raise MissingRuleError(
                f"{self.name} is a custom_jvp function without a rule.",
                got="no defjvp",
                try_=f"@{self.name}.defjvp, or {self.name}.defjvps(...)",
            )
        primal = record_body(self.name, self.fun, call.types, call.arguments, call.values)
        with recording_rule(self.identity, call, primal.out_types, primal.spec) as depth:
            rule, float_outs = self._record_rule(call, primal)
        return bind_custom(self.name, call, primal, rule, float_outs, depth)

    def _record_rule(self, call: CustomCall, primal: Body) -> tuple[Body, tuple[int, ...]]:
        types = call.types
        floats = call.floats
        out_types = primal.out_types
        what = f"the jvp rule of {self.name}"
        found: list[int] = []

        def run(*leaves: Any) -> list[Any]:
            primals = call.split(leaves[: len(types)])
            tangents = call.split(call.with_gaps(leaves[len(types) :]))
            assert self.jvp is not None
            static = [value for _, value in call.static]
            result = self.jvp(*static, tuple(primals), tuple(tangents))
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise OutputError(
                    f"{what} did not return a pair (out, tangent_out).",
                    got=type(result).__name__,
                    expected="a pair",
                )
            if trees.structure(result[0]) != primal.spec:
                raise OutputError(
                    f"{what} returned another structure than the function.",
                    got=str(trees.structure(result[0])),
                    expected=str(primal.spec),
                )
            outs = trees.flatten(result[0])[0]
            tangent_outs = flatten_like(primal.spec, result[1], f"the tangent of {what}")
            for j, t in enumerate(tangent_outs):
                if t is not None and out_types[j].is_differentiable:
                    found.append(j)
            return [*outs, *[tangent_outs[j] for j in found]]

        in_types = [*types, *[types[i] for i in floats]]
        body = record_body(what, run, in_types, lambda handles: handles, call.values)
        if len(body.out_types) != len(out_types) + len(found):
            raise OutputError(
                f"the tangent of {what} does not have the structure it should.",
                got="containers where the function returned numbers or arrays",
                expected=str(primal.spec),
            )
        for t, expected in zip(body.out_types, out_types, strict=False):
            require_type(f"the output of {what}", t, expected)
        for t, j in zip(body.out_types[len(out_types) :], found, strict=True):
            require_type(f"the tangent of {what}", t, out_types[j])
        return body, tuple(found)


def _leaves(tree: Any) -> list[Any]:
    return trees.flatten(tree)[0]


__all__ = ["bind_custom", "custom_jvp", "custom_p"]
