"""The stage `inline`: equations that merely run a Program become its equations.

`call`, `custom` and `custom_linear` are such: their derivative rules have been used by now, or
never will be. `checkpoint` is not: what it computes again must wait for its cotangent, and nothing
inside it may be shared with what stands outside. A large Program called several times stays one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from wengert.control.call import call_p
from wengert.control.custom_equation import custom_p
from wengert.control.custom_vjp import custom_linear_p, forward_program
from wengert.errors import WengertError
from wengert.ir.program import Equation, Literal, Program, Var, copy_equations
from wengert.ops.core import full_p
from wengert.types import Type

LARGE = 200  # equations of a Program that is called more than once

RUNS = frozenset({call_p, custom_p, custom_linear_p})


def run_program(eq: Equation) -> Program | None:
    """The Program that an equation merely runs, if it is such an equation."""
    if eq.primitive is call_p:
        program: Program = eq.params["program"]
        return program
    if eq.primitive is custom_p:
        primal: Program = eq.params["primal"]
        return primal
    if eq.primitive is custom_linear_p:
        try:
            return forward_program(**eq.params)
        except WengertError:
            return None  # a backward rule that is not linear: the error is the user's to see
    return None


def inline(program: Program, fired: Counter[str]) -> Program:
    """The Program with the Programs it runs written out."""
    if not any([eq.primitive in RUNS for eq in program.equations]):
        return program
    kept = _large_and_repeated(program)
    equations: list[Equation] = []
    alias: dict[Any, Any] = {}
    stack = [iter(program.equations)]
    scopes: list[tuple[dict[Any, Any], Equation | None]] = [(alias, None)]
    while stack:
        names, caller = scopes[-1]
        eq = next(stack[-1], None)
        if eq is None:
            stack.pop()
            scopes.pop()
            if caller is not None:
                _return(caller, names, scopes[-1][0], equations)
            continue
        inner = run_program(eq) if eq.primitive in RUNS else None
        inputs = [names.get(a, a) for a in eq.inputs]
        if inner is None or (kept and inner in kept):
            _copy(eq, names, equations, caller)
            continue
        fired[f"{eq.primitive.name} written out"] += 1
        own = dict(zip(inner.inputs, inputs, strict=True))
        for v, a in own.items():
            if type(a) is Literal and isinstance(v.type, Type):
                own[v] = _constant(a, v.type, equations)
        source = eq.source or (caller.source if caller else None)
        stack.append(iter(inner.equations))
        scopes.append(
            (own, Equation(eq.primitive, tuple(inputs), {"of": inner}, eq.outputs, source))
        )
    outputs = [alias.get(a, a) for a in program.outputs]
    return Program(program.inputs, equations, outputs, program.captured)


def _copy(
    eq: Equation, names: dict[Any, Any], equations: list[Equation], caller: Equation | None
) -> None:
    """An equation in its place; in a Program that is written out its outputs get new Vars."""
    if caller is not None:
        copy_equations([eq], names, equations, caller.source)
        return
    inputs = tuple([names.get(a, a) for a in eq.inputs])
    if inputs != eq.inputs:
        eq = Equation(eq.primitive, inputs, eq.params, eq.outputs, eq.source)
    equations.append(eq)


def _return(
    caller: Equation, names: dict[Any, Any], outer: dict[Any, Any], equations: list[Equation]
) -> None:
    """What a Program gives back, under the names of its caller."""
    inner: Program = caller.params["of"]
    for v, a in zip(caller.outputs, inner.outputs, strict=True):
        value = names.get(a, a) if type(a) is Var else a
        if type(value) is Literal and isinstance(v.type, Type):
            value = _constant(value, v.type, equations)
        outer[v] = value


def _constant(literal: Literal, type_: Type, equations: list[Equation]) -> Var:
    """A number where a value of a type is expected."""
    out = Var(type_)
    params = {"shape": type_.shape, "dtype": type_.dtype}
    equations.append(Equation(full_p, (literal,), params, (out,)))
    return out


def _large_and_repeated(program: Program) -> set[Program]:
    """Programs of many equations that are run more than once, calls inside calls counted."""
    counts: Counter[int] = Counter()
    by_id: dict[int, Program] = {}
    todo = [program]
    seen: set[int] = set()
    while todo:
        current = todo.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for eq in current.equations:
            inner = run_program(eq) if eq.primitive in RUNS else None
            if inner is not None:
                counts[id(inner)] += 1
                by_id[id(inner)] = inner
                todo.append(inner)
    large = Counter[Program]()
    for key, inner in by_id.items():
        if len(inner.equations) > LARGE:
            large[inner] += counts[key]
    return {inner for inner, count in large.items() if count > 1}
