"""`implicit`: z with r(constants, z) = 0, as one equation.

    operands   constants, guess
    solve      (constants, guess) -> z, and integers that tell how it went
    residual   (constants, z) -> r, of the size of z
    lanes      of a batched equation: (size, which constants are batched), the innermost first

Only `residual` enters the derivative, by the implicit function theorem

    dz = -(dr/dz)^-1 (dr/dconstants) dconstants,

evaluated at the z that came out. The rule reads z, an output of the equation itself, so that its
derivatives, and theirs, are right without anything more being said: the same rule at every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wengert.control.call import call, program_flops
from wengert.control.programs import record_rule_program
from wengert.implicit.linear import Iterative, solve_jacobian
from wengert.implicit.programs import slope
from wengert.ir.emission import Expand
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program
from wengert.ops.core import neg
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program

Lanes = tuple[tuple[int, tuple[bool, ...]], ...]


def implicit(
    solve: Program,
    residual: Program,
    consts: Sequence[Any],
    guess: Any,
    linear: Iterative | None = None,
) -> tuple[Any, ...]:
    """The outputs of `solve`, the first of which is differentiated by the residual."""
    return tuple(
        bind(implicit_p, *consts, guess, solve=solve, residual=residual, linear=linear, lanes=())
    )


def _run(*args: Any, solve: Program, **params: Any) -> tuple[Any, ...]:
    return tuple(plan_of(solve).run(args))


def _jvp(
    args: Sequence[Any],
    outs: Sequence[Any],
    tangents: Sequence[Any],
    *,
    solve: Program,
    residual: Program,
    linear: Iterative | None,
    lanes: Lanes,
) -> tuple[Any, ...]:
    n = len(args) - 1
    active = tuple([i for i in range(n) if tangents[i] is not None])
    rest = [None] * (len(outs) - 1)
    rule = _rule(residual, active, linear)
    if rule is None:
        return (None, *rest)
    for size, mask in lanes:
        masks = [*mask, True, *[mask[i] for i in active]]
        rule = batch_program(rule, masks, size, [True]).program
    found = record_program(rule, [*args[:n], outs[0], *[tangents[i] for i in active]])
    return (found[0], *rest)


@lru_cache(maxsize=1024)
def _rule(residual: Program, active: tuple[int, ...], linear: Iterative | None) -> Program | None:
    """(constants, z, tangents of the active constants) -> dz; None where it is zero."""
    n = len(residual.inputs)
    reached = []

    def rule(*values: Any) -> list[Any]:
        args, given = values[:n], values[n:]
        tangents: list[Any] = [None] * n
        for i, t in zip(active, given, strict=True):
            tangents[i] = t
        moved = slope(residual, args, tangents)[0]
        if moved is None:
            return []
        reached.append(True)
        return [neg(solve_jacobian(residual, args, moved, linear))]

    if not active:
        return None
    types = [*residual.in_types, *[residual.in_types[i] for i in active]]
    program = record_rule_program("the derivative of an implicit function", rule, types)
    return program if reached else None


def _batch(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    *,
    solve: Program,
    lanes: Lanes,
    **params: Any,
) -> Any:
    force = [True] * len(solve.outputs)
    batched = batch_program(solve, is_batched, size, force).program
    lane = (size, tuple(is_batched[:-1]))
    return bind(implicit_p, *args, solve=batched, lanes=(*lanes, lane), **params), True


implicit_p: Primitive = define(
    Primitive(
        "implicit",
        _run,
        lambda *types, solve, **params: solve.out_types,
        jvp=_jvp,
        transpose=Unsupported("its linear part stands in its rule"),
        batch=_batch,
        cost=lambda in_types, out_types, *, solve, **params: program_flops(solve),
        is_multiple=True,
        facts={"meaning": "a root of its residual Program", "guess": "no derivative"},
        emit=Expand(lambda *args, solve, **params: call(solve, args)),
    )
)
