"""Loops made smaller: what nobody needs is dropped, what no turn changes is moved out.

For `scan` and `while` alike: carries and ys that no result needs, constants that are not read or
stand twice, carries that every turn hands on, and equations that read constants alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wengert.control.checkpoint import checkpoint_p
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.ops.core import broadcast_to_p, full_p, iota_p, reshape_p, transpose_p
from wengert.ops.indexing import index_p

# Cheap to write again in each turn, and no array that would have to be held.
_CHEAP = frozenset({broadcast_to_p, full_p, iota_p, reshape_p, transpose_p, index_p})


@dataclass(frozen=True)
class Loop:
    """A scan or a while loop with its operands sorted.

    `tests` are the outputs of a while loop's condition, whose equations stand in `test_equations`;
    constants and carries have one Var for both Programs.
    """

    consts: tuple[Any, ...]  # operands
    carry: tuple[Any, ...]
    xs: tuple[Any, ...]
    const_vars: tuple[Var, ...]
    carry_vars: tuple[Var, ...]
    x_vars: tuple[Var, ...]
    equations: tuple[Equation, ...]
    new_carry: tuple[Any, ...]
    ys: tuple[Any, ...]
    carry_out: tuple[Var, ...]  # outputs of the equation
    y_out: tuple[Var, ...]
    test_equations: tuple[Equation, ...] = ()
    tests: tuple[Any, ...] = ()


@dataclass
class Outside:
    """What a loop leaves beside itself: equations before it, and results that are known."""

    equations: list[Equation]
    alias: dict[Any, Any]


def smaller(
    loop: Loop, needed: set[Any], outside: Outside, may_move: bool, fired: Counter[str]
) -> Loop:
    """The loop without what the `needed` results do not depend on.

    With `may_move` what no turn changes is computed before the loop; it must then be harmless
    where the loop does not run.
    """
    loop = _without_fixed_carries(loop, outside, fired)
    loop = _without_unused(loop, needed, fired)
    if may_move:
        loop = _without_invariants(loop, outside, fired)
    return _without_spare_constants(loop, fired)


# -- carries ---------------------------------------------------------------------------------------


def _without_fixed_carries(loop: Loop, outside: Outside, fired: Counter[str]) -> Loop:
    """Carries that every turn hands on become constants."""
    fixed = [
        k
        for k, (v, new) in enumerate(zip(loop.carry_vars, loop.new_carry, strict=True))
        if new is v and type(loop.carry[k]) is Var
    ]
    if not fixed:
        return loop
    fired["carry that stays = constant"] += len(fixed)
    for k in fixed:
        outside.alias[loop.carry_out[k]] = loop.carry[k]
    moving = [k for k in range(len(loop.carry)) if k not in set(fixed)]
    return replace(
        loop,
        consts=(*loop.consts, *[loop.carry[k] for k in fixed]),
        const_vars=(*loop.const_vars, *[loop.carry_vars[k] for k in fixed]),
        **_chosen_carries(loop, moving),
    )


def _chosen_carries(loop: Loop, which: Sequence[int]) -> dict[str, Any]:
    names = ("carry", "carry_vars", "new_carry", "carry_out")
    return {name: tuple([getattr(loop, name)[k] for k in which]) for name in names}


def _without_unused(loop: Loop, needed: set[Any], fired: Counter[str]) -> Loop:
    """Carries, ys, xs and equations that no needed result depends on are dropped."""
    definition = {v: eq for eq in loop.equations for v in eq.outputs}
    tested = {v: eq for eq in loop.test_equations for v in eq.outputs}
    carried = {v: k for k, v in enumerate(loop.carry_vars)}
    ys = [j for j, v in enumerate(loop.y_out) if v in needed]
    todo: list[Any] = [*loop.tests, *[loop.ys[j] for j in ys]]
    todo += [new for new, v in zip(loop.new_carry, loop.carry_out, strict=True) if v in needed]
    todo += [a for eq in loop.equations if not eq.outputs for a in eq.inputs]
    kept = {k for k, v in enumerate(loop.carry_out) if v in needed}
    seen: set[Any] = set()
    while todo:
        v = todo.pop()
        if v in seen or type(v) is not Var:
            continue
        seen.add(v)
        eq = definition.get(v) or tested.get(v)
        if eq is not None:
            todo += eq.inputs
            seen.update(eq.outputs)
        elif v in carried:
            kept.add(carried[v])
            todo.append(loop.new_carry[carried[v]])
    n_dropped = len(loop.carry) - len(kept)
    if n_dropped:
        fired["carry that nobody needs"] += n_dropped
    if len(ys) < len(loop.ys):
        fired["ys that nobody needs"] += len(loop.ys) - len(ys)
    xs = [i for i, v in enumerate(loop.x_vars) if v in seen]
    if len(xs) < len(loop.xs):
        fired["xs that nobody reads"] += len(loop.xs) - len(xs)
    return replace(
        loop,
        xs=tuple([loop.xs[i] for i in xs]),
        x_vars=tuple([loop.x_vars[i] for i in xs]),
        equations=tuple(
            [eq for eq in loop.equations if not eq.outputs or not seen.isdisjoint(eq.outputs)]
        ),
        ys=tuple([loop.ys[j] for j in ys]),
        y_out=tuple([loop.y_out[j] for j in ys]),
        **_chosen_carries(loop, sorted(kept)),
    )


# -- what no turn changes --------------------------------------------------------------------------


def _without_invariants(loop: Loop, outside: Outside, fired: Counter[str]) -> Loop:
    """Equations that depend on constants alone are written before the loop."""
    operand = dict(zip(loop.const_vars, loop.consts, strict=True))
    invariant: set[Any] = set(loop.const_vars)
    costly: list[Var] = []
    fixed: list[Equation] = []
    for eq in loop.equations:
        if not eq.outputs or eq.primitive is checkpoint_p or not _is_harmless(eq):
            continue
        if all([type(a) is not Var or a in invariant for a in eq.inputs]):
            invariant.update(eq.outputs)
            fixed.append(eq)
            if eq.primitive not in _CHEAP:
                costly += eq.outputs
    read = {a for eq in loop.equations for a in eq.inputs if not _is_in(eq, invariant)}
    read.update(loop.new_carry, loop.ys)
    moved = [v for v in costly if v in read]
    if not moved:
        return loop
    needed: set[Any] = set(moved)
    written = []
    for eq in reversed(fixed):
        if not needed.isdisjoint(eq.outputs):
            written.append(eq)
            needed.update(eq.inputs)
    names: dict[Any, Any] = dict(operand)
    for eq in reversed(written):
        inputs = tuple([names.get(a, a) for a in eq.inputs])
        outputs = tuple([Var(v.type) for v in eq.outputs])
        names.update(zip(eq.outputs, outputs, strict=True))
        outside.equations.append(Equation(eq.primitive, inputs, eq.params, outputs, eq.source))
    fired["computed once, before the loop"] += len(moved)
    gone = set(moved)
    equations = []
    live: set[Any] = {*loop.new_carry, *loop.ys}
    for eq in reversed(loop.equations):
        is_live = not eq.outputs or not live.isdisjoint(eq.outputs)
        if is_live and gone.isdisjoint(eq.outputs):
            equations.append(eq)
            live.update(eq.inputs)
    return replace(
        loop,
        consts=(*loop.consts, *[names[v] for v in moved]),
        const_vars=(*loop.const_vars, *moved),
        equations=tuple(reversed(equations)),
    )


def _is_harmless(eq: Equation) -> bool:
    """One output, and nothing inside that itself runs Programs."""
    return len(eq.outputs) == 1 and not any([isinstance(v, Program) for v in eq.params.values()])


def _is_in(eq: Equation, invariant: set[Any]) -> bool:
    return bool(eq.outputs) and eq.outputs[0] in invariant


# -- constants -------------------------------------------------------------------------------------


def _without_spare_constants(loop: Loop, fired: Counter[str]) -> Loop:
    """Constants that are not read are dropped, those that stand twice become one."""
    read: set[Any] = {*loop.new_carry, *loop.ys, *loop.tests}
    for eq in (*loop.equations, *loop.test_equations):
        read.update(eq.inputs)
    first: dict[Any, Var] = {}
    names: dict[Any, Any] = {}
    kept = []
    for i, (a, v) in enumerate(zip(loop.consts, loop.const_vars, strict=True)):
        if v not in read:
            continue
        if type(a) is not Literal and a in first:
            names[v] = first[a]
            continue
        first[a] = v
        kept.append(i)
    if len(kept) == len(loop.consts):
        return loop
    if names:
        fired["constant that stands twice"] += len(names)
    if len(kept) + len(names) < len(loop.consts):
        fired["constant that is not read"] += len(loop.consts) - len(kept) - len(names)
    return replace(
        loop,
        consts=tuple([loop.consts[i] for i in kept]),
        const_vars=tuple([loop.const_vars[i] for i in kept]),
        equations=renamed(loop.equations, names),
        test_equations=renamed(loop.test_equations, names),
        new_carry=tuple([names.get(a, a) for a in loop.new_carry]),
        ys=tuple([names.get(a, a) for a in loop.ys]),
        tests=tuple([names.get(a, a) for a in loop.tests]),
    )


def renamed(equations: Sequence[Equation], names: dict[Any, Any]) -> tuple[Equation, ...]:
    """The equations with inputs renamed."""
    if not names:
        return tuple(equations)
    return tuple(
        [
            Equation(
                eq.primitive,
                tuple([names.get(a, a) for a in eq.inputs]),
                eq.params,
                eq.outputs,
                eq.source,
            )
            for eq in equations
        ]
    )
