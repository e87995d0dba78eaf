"""The `scan` primitive: a loop with a carry over items, of static length or as long as a stack.

    operands   [trip count,] constants, carry, xs
    body       (constants, carry, an item of each xs) -> (carry, an item of each ys)
    outputs    carry, ys

`xs` and `ys` are arrays with the items along the first axis, or `Stack`s. With `length=None` the
trip count is the first operand, and all ys are stacks: loops of unknown length leave those. An
empty stack where items are expected is a stack of zeros.

Every transform of a scan is a scan: linearized over stacked residuals, transposed in the opposite
order with cotangents as its carry, batched by its body, in Taylor mode with the series as carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.control.call import program_flops, regroup
from wengert.control.dependence import known_of_scan, scanned
from wengert.control.lanes import zero_item
from wengert.control.loop_rules import linear_loop, spread_mask
from wengert.control.programs import (
    record_linear_rule,
    zeros,
)
from wengert.control.scan_batch import batch_scan
from wengert.control.scan_equation import bind_scan
from wengert.control.scan_transpose import transpose_scan
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Program
from wengert.trace.evaluate import RUNS_BEFORE_CODE, copied, plan_of
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule
from wengert.types import AnyType, Stack, StackType, Type

# -- running ---------------------------------------------------------------------------------------


def _run(
    *args: Any, body: Program, n_consts: int, n_carry: int, length: int | None, reverse: bool
) -> tuple[Any, ...]:
    count = length
    if count is None:
        count, args = int(args[0]), args[1:]
    consts = args[:n_consts]
    carry: Any = [copied(c) for c in args[n_consts : n_consts + n_carry]]
    xs = [_items(x, count) for x in args[n_consts + n_carry :]]
    out_types: Any = body.out_types[n_carry:]
    ys = [
        [None] * count
        if length is None or isinstance(t, StackType)
        else np.empty((count, *t.shape), t.dtype)
        for t in out_types
    ]
    plan = plan_of(body, tuple(range(n_consts, n_consts + n_carry)))
    run = plan.runner()
    for n in range(count):
        i = count - 1 - n if reverse else n
        carry = run(*consts, *carry, *[x[i] for x in xs])
        if ys:
            for y, value in zip(ys, carry[n_carry:], strict=True):
                y[i] = value
            del carry[n_carry:]
        if n == RUNS_BEFORE_CODE:  # straight-line code has been made by now
            run = plan.runner()
    stacked = [
        Stack(tuple(y), StackType(t)) if isinstance(y, list) else y
        for y, t in zip(ys, out_types, strict=True)
    ]
    return (*carry, *stacked)


def _items(x: Any, count: int) -> Any:
    """What is indexed for the items of `x`: an empty stack gives zeros."""
    if not isinstance(x, Stack):
        return x
    return x.items if x.items else (zero_item(x.type.item),) * count


# -- types -----------------------------------------------------------------------------------------


def _stacked_type(type_: AnyType, length: int | None) -> AnyType:
    if length is None or isinstance(type_, StackType):
        return StackType(type_)
    return Type((length, *type_.shape), type_.dtype)


def _types(
    *types: Any, body: Program, n_consts: int, n_carry: int, length: int | None, reverse: bool
) -> tuple[Any, ...]:
    out = body.out_types
    return (*out[:n_carry], *[_stacked_type(t, length) for t in out[n_carry:]])


def _cost(
    in_types: Any, out_types: Any, *, body: Program, length: int | None, **params: Any
) -> float:
    return (1 if length is None else length) * program_flops(body)


# -- linearization ---------------------------------------------------------------------------------


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    body, length, n_carry = params["body"], params["length"], params["n_carry"]
    skip = 1 if length is None else 0
    loop = linear_loop(
        body, params["n_consts"], n_carry, [i + skip in active for i in range(len(body.inputs))]
    )
    forward = {**params, "body": loop.forward}

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        if not loop.active_carry and not loop.out_ys:
            return {}
        operands = loop.operands(
            args[skip:],
            outs.__getitem__,
            {i - skip: t for i, t in tangents.items()},
            args[0] if length is None else length,
        )
        results = bind_scan(
            [*args[:skip], *operands],
            loop.body,
            loop.n_consts,
            loop.n_carry,
            length,
            params["reverse"],
        )
        places = [*[i - params["n_consts"] for i in loop.active_carry], *loop.out_ys]
        return dict(zip(places, results, strict=True))

    n_extra = len(loop.forward.outputs) - len(body.outputs)
    return record_linear_rule(
        scan_p,
        kinds,
        _types(**forward),
        active,
        build,
        (scan_p, forward) if n_extra else None,
        n_extra,
    )


# -- Taylor mode -----------------------------------------------------------------------------------


def _series(
    order: int,
    args: Sequence[Sequence[Any]],
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> list[list[Any]]:
    skip = 1 if length is None else 0
    count, operands = [a[0] for a in args[:skip]], [list(a) for a in args[skip:]]
    mask, made = series_body(body, [len(a) > 1 for a in operands], n_consts, n_carry, order)
    for i in range(n_consts, n_consts + n_carry):
        if mask[i] and len(operands[i]) == 1:
            operands[i] += [zeros(body.in_types[i]) for _ in range(order)]
    carried = operands[n_consts : n_consts + n_carry]
    results = bind_scan(
        [*count, *[c for a in operands for c in a]],
        made.program,
        sum(map(len, operands[:n_consts])),
        sum(map(len, carried)),
        length,
        reverse,
    )
    return regroup(results, made.out_active, order)


def series_body(
    body: Program, active: Sequence[bool], n_consts: int, n_carry: int, order: int
) -> Any:
    """The body of a loop on series, and which of its inputs are series."""
    n_ys = len(body.outputs) - n_carry

    def series(mask: Sequence[bool]) -> Any:
        force = [*mask[n_consts : n_consts + n_carry], *[False] * n_ys]
        return series_program(body, mask, order, force)

    mask = spread_mask(active, n_consts, n_carry, lambda mask: series(mask).out_active)
    return mask, series(mask)


scan_p = define(
    Primitive(
        "scan",
        _run,
        _types,
        linearize=_linearize,
        transpose_all=transpose_scan,
        sparsity=scanned,
        known=known_of_scan,
        batch=batch_scan,
        series=_series,
        cost=_cost,
        is_multiple=True,
        facts={"empty stack": "zeros"},
    )
)
