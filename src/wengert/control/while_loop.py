"""The `while` primitive: a loop that runs until its predicate fails.

    operands   constants, carry
    cond       (constants, carry) -> bool
    body       (constants, carry) -> carry; in the counted form -> (carry, an item of each ys)
    outputs    carry; in the counted form carry, trip count, ys as stacks

The counted form is what a derivative runs: its stacks hold the residuals, and the linear part is a
`scan` over them, whose transpose runs over the same stacks from their end. So reverse mode through
a loop of unknown length, and everything beyond it, are ordinary Programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.control.call import program_flops, regroup
from wengert.control.dependence import known_of_while
from wengert.control.lanes import any_live, borrow, choose
from wengert.control.loop_rules import batched_carries, linear_loop
from wengert.control.programs import record_linear_rule, record_rule_program, zeros
from wengert.control.scan import series_body
from wengert.control.scan_equation import bind_scan
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Program, Var
from wengert.ops.core import add
from wengert.ops.elementwise import select
from wengert.trace.evaluate import RUNS_BEFORE_CODE, copied, plan_of, record_program
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program, batched_type, spread
from wengert.transforms.rules import LinearRule
from wengert.types import Stack, StackType, Type

_COUNT = Type((), np.int64)


def bind_while(
    operands: Sequence[Any],
    cond: Program,
    body: Program,
    n_consts: int,
    is_counted: bool = False,
) -> tuple[Any, ...]:
    """One while equation, or its values."""
    params = {"cond": cond, "body": body, "n_consts": n_consts, "is_counted": is_counted}
    return tuple(bind(while_p, *operands, **params))


def _run(
    *args: Any, cond: Program, body: Program, n_consts: int, is_counted: bool
) -> tuple[Any, ...]:
    consts = args[:n_consts]
    carry: Any = [copied(c) for c in args[n_consts:]]
    n_carry = len(carry)
    test_plan = plan_of(cond)
    plan = plan_of(body, tuple(range(n_consts, n_consts + n_carry)))
    test, step = test_plan.runner(), plan.runner()
    ys: list[list[Any]] = [[] for _ in body.outputs[n_carry:]]
    count = 0
    while test(*consts, *carry)[0]:
        carry = step(*consts, *carry)
        if ys:
            for y, value in zip(ys, carry[n_carry:], strict=True):
                y.append(value)
            del carry[n_carry:]
        count += 1
        if count == RUNS_BEFORE_CODE + 1:  # straight-line code has been made by now
            test, step = test_plan.runner(), plan.runner()
    if not is_counted:
        return tuple(carry)
    types: Any = body.out_types[n_carry:]
    stacks = [Stack(tuple(y), StackType(t)) for y, t in zip(ys, types, strict=True)]
    return (*carry, np.int64(count), *stacks)


def _types(
    *types: Any, cond: Program, body: Program, n_consts: int, is_counted: bool
) -> tuple[Any, ...]:
    n_carry = len(body.inputs) - n_consts
    out = body.out_types
    if not is_counted:
        return out
    return (*out[:n_carry], _COUNT, *[StackType(t) for t in out[n_carry:]])


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    body, n_consts = params["body"], params["n_consts"]
    n_carry = len(body.inputs) - n_consts
    loop = linear_loop(body, n_consts, n_carry, [i in active for i in range(len(body.inputs))])
    forward = {**params, "body": loop.forward, "is_counted": True}
    out_types = _types(**forward)
    n_outputs = len(_types(**params))

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        if not loop.active_carry and not loop.out_ys:
            return {}
        count = outs[n_carry]
        operands = loop.operands(args, lambda j: outs[j + 1], tangents, count)
        results = bind_scan([count, *operands], loop.body, loop.n_consts, loop.n_carry, None, False)
        places = [*[i - n_consts for i in loop.active_carry], *[j + 1 for j in loop.out_ys]]
        return dict(zip(places, results, strict=True))

    n_extra = len(out_types) - n_outputs
    return record_linear_rule(
        while_p,
        kinds,
        out_types,
        active,
        build,
        (while_p, forward) if n_extra else None,
        n_extra,
    )


# -- batching --------------------------------------------------------------------------------------


def _batch(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    *,
    cond: Program,
    body: Program,
    n_consts: int,
    is_counted: bool,
) -> Any:
    n_carry = len(args) - n_consts
    mask = batched_carries(body, is_batched, n_consts, n_carry, size)
    if batch_program(cond, mask, size).out_batched[0]:
        mask[n_consts:] = [True] * n_carry
    operands = [
        spread(x, size) if want and not have else x
        for x, want, have in zip(args, mask, is_batched, strict=True)
    ]
    batched_cond = batch_program(cond, mask, size)
    if batched_cond.out_batched[0]:
        return _batch_lanes(size, operands, mask, batched_cond.program, body, n_consts, is_counted)
    force = [*mask[n_consts:], *[False] * (len(body.outputs) - n_carry)]
    batched = batch_program(body, mask, size, force)
    results = bind_while(operands, batched_cond.program, batched.program, n_consts, is_counted)
    flags = list(batched.out_batched)
    if is_counted:
        flags.insert(n_carry, False)
    return results, tuple(flags)


def _batch_lanes(
    size: int,
    operands: list[Any],
    mask: Sequence[bool],
    cond: Program,
    body: Program,
    n_consts: int,
    is_counted: bool,
) -> Any:
    """Lanes that end at different times: which are live, and their counts, are carried."""
    n_carry = len(operands) - n_consts
    batched = batch_program(body, mask, size, [True] * len(body.outputs)).program
    types = [batched_type(t, size) if on else t for t, on in zip(body.in_types, mask, strict=True)]
    live_type, counts_type = Type((size,), bool), Type((size,), np.int64)

    def step(*values: Any) -> list[Any]:
        consts, (live, counts), carry = (
            values[:n_consts],
            values[n_consts : n_consts + 2],
            values[n_consts + 2 :],
        )
        inner = [*consts, *carry]
        lent = [borrow(x, live) if on else x for x, on in zip(inner, mask, strict=True)]
        outs = record_program(batched, lent)
        new = [choose(live, a, b) for a, b in zip(outs[:n_carry], carry, strict=True)]
        counts = select(live, add(counts, 1), counts)
        live = select(live, record_program(cond, [*consts, *new])[0], live)
        return [live, counts, *new, *outs[n_carry:]]

    def test(*values: Any) -> list[Any]:
        return [any_live(values[n_consts])]

    in_types = [*types[:n_consts], live_type, counts_type, *types[n_consts:]]
    step_program = record_rule_program("while_loop under vmap", step, in_types)
    test_program = record_rule_program("while_loop under vmap", test, in_types)
    live = record_program(cond, operands)[0]
    start = [*operands[:n_consts], live, zeros(counts_type), *operands[n_consts:]]
    results = bind_while(start, test_program, step_program, n_consts, is_counted)
    carry = results[2 : 2 + n_carry]
    if not is_counted:
        return carry, (True,) * n_carry
    outputs = (*carry, results[1], *results[3 + n_carry :])
    return outputs, (True,) * len(outputs)


# -- Taylor mode -----------------------------------------------------------------------------------


def _series(
    order: int,
    args: Sequence[Sequence[Any]],
    *,
    cond: Program,
    body: Program,
    n_consts: int,
    is_counted: bool,
) -> list[list[Any]]:
    n_carry = len(args) - n_consts
    operands = [list(a) for a in args]
    mask, made = series_body(body, [len(a) > 1 for a in operands], n_consts, n_carry, order)
    for i in range(n_consts, len(operands)):
        if mask[i] and len(operands[i]) == 1:
            operands[i] += [zeros(body.in_types[i]) for _ in range(order)]
    inputs: list[Var] = []
    for v, a in zip(cond.inputs, operands, strict=True):
        inputs += [v, *[Var(v.type) for _ in a[1:]]]
    results = list(
        bind_while(
            [c for a in operands for c in a],
            Program(inputs, cond.equations, cond.outputs),
            made.program,
            sum(map(len, operands[:n_consts])),
            is_counted,
        )
    )
    if not is_counted:
        return regroup(results, made.out_active, order)
    n = sum(map(len, operands[n_consts:]))
    count = results.pop(n)
    grouped = regroup(results, made.out_active, order)
    return [*grouped[:n_carry], [count], *grouped[n_carry:]]


while_p = define(
    Primitive(
        "while",
        _run,
        _types,
        linearize=_linearize,
        transpose=Unsupported(
            "a loop whose length depends on values is not linear; its linear part is a scan"
        ),
        known=known_of_while,
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, cond, body, **params: (
            program_flops(cond) + program_flops(body)
        ),
        is_multiple=True,
        facts={"cost": "of one iteration: the number is not known"},
    )
)
