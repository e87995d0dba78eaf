"""The `scan` primitive: a loop with a carry over items, of static length or as long as a stack.

    operands   [trip count,] constants, carry, xs
    body       (constants, carry, x of each xs) -> (carry, y of each ys)
    outputs    carry, ys

`xs` and `ys` are arrays with the items along the first axis, or `Stack`s. With `length=None` the
trip count is the first operand, and all ys are stacks: loops of unknown length leave those. An
empty stack where items are expected is a stack of zeros.

Every transform of a scan is a scan: linearized over stacked residuals, transposed in the reverse
order with cotangents as its carry, batched by its body, in Taylor mode with the series as carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.control.bodies import with_inputs
from wengert.control.call import program_flops, regroup
from wengert.control.lanes import borrow, choose, longest, zero_item
from wengert.control.loop_linearize import linearize_loop
from wengert.control.programs import (
    depends,
    record_rule_program,
    restrict,
    transpose_body,
    zeros,
)
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Program
from wengert.ops.core import add, sub, transpose
from wengert.ops.elementwise import lt_p
from wengert.trace.evaluate import copied, evaluate, plan_of
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program, batched_type, spread
from wengert.transforms.jet import series_program
from wengert.transforms.rules import LinearRule
from wengert.types import AnyType, Stack, StackType, Type


def bind_scan(
    operands: Sequence[Any],
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> tuple[Any, ...]:
    """One scan equation, or its values; a trip count stands first where `length` is None."""
    return tuple(
        bind(
            scan_p,
            *operands,
            body=body,
            n_consts=n_consts,
            n_carry=n_carry,
            length=length,
            reverse=reverse,
        )
    )


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
    run = plan_of(body, tuple(range(n_consts, n_consts + n_carry))).run
    for i in range(count - 1, -1, -1) if reverse else range(count):
        outputs = run((*consts, *carry, *[x[i] for x in xs]))
        carry = outputs[:n_carry]
        for y, value in zip(ys, outputs[n_carry:], strict=True):
            y[i] = value
    stacked = [
        Stack(tuple(y), StackType(t)) if isinstance(y, list) else y
        for y, t in zip(ys, out_types, strict=True)
    ]
    return (*carry, *stacked)


def _items(x: Any, count: int) -> Any:
    """What `x` is indexed for its items: an empty stack gives zeros."""
    if not isinstance(x, Stack):
        return x
    return x.items if x.items else (zero_item(x.type.item),) * count


# -- types -----------------------------------------------------------------------------------------


def item_type(type_: AnyType) -> AnyType:
    """The type of one item of an array or stack."""
    if isinstance(type_, StackType):
        return type_.item
    return Type(type_.shape[1:], type_.dtype)


def _stacked_type(type_: AnyType, length: int | None) -> AnyType:
    if length is None or isinstance(type_, StackType):
        return StackType(type_)
    return Type((length, *type_.shape), type_.dtype)


def _types(
    *types: Any, body: Program, n_consts: int, n_carry: int, length: int | None, reverse: bool
) -> tuple[Any, ...]:
    out = body.out_types
    return (*out[:n_carry], *[_stacked_type(t, length) for t in out[n_carry:]])


# -- linearization ---------------------------------------------------------------------------------


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    body, length = params["body"], params["length"]
    n_consts, n_carry = params["n_consts"], params["n_carry"]
    skip = 1 if length is None else 0
    made = linearize_loop(body, n_consts, n_carry, [i + skip in active for i in range(len(body.inputs))])
    forward = (scan_p, {**params, "body": made.forward})
    return made.rule(
        kinds,
        active,
        out_types=_types(**{**params, "body": made.forward}),
        n_outputs=len(body.outputs),
        first_y=n_carry,
        skip=skip,
        forward=forward if len(made.forward.outputs) > len(body.outputs) else None,
        scan=lambda count, operands, linear_body, n_linear_consts, n_linear_carry: bind_scan(
            [*count, *operands], linear_body, n_linear_consts, n_linear_carry, length, params["reverse"]
        ),
        count=(lambda args, outs: [args[0]]) if skip else (lambda args, outs: []),
    )


# -- transposition ---------------------------------------------------------------------------------


def _transpose(
    cts: Sequence[Any],
    args: Sequence[Any],
    linear: Sequence[int],
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> dict[int, Any]:
    skip = 1 if length is None else 0
    count, args = list(args[:skip]), list(args[skip:])
    mask = [i + skip in linear for i in range(len(args))]
    mask = linear_carries(body, mask, n_consts, n_carry)
    carried = range(n_consts, n_consts + n_carry)
    if not all(mask[i] for i in carried):
        body, args, mask, cts, n_carry = _known_carries_first(
            body, args, mask, cts, n_consts, n_carry, length, reverse, count
        )
        carried = range(n_consts, n_consts + n_carry)
    is_x = range(n_consts + n_carry, len(args))
    # Cotangents of the carry and of the constants are carries of the backward scan.
    ys = [i for i in range(n_carry, len(body.outputs)) if cts[i] is not None]
    linear_consts = [i for i in range(n_consts) if mask[i]]
    accumulated = [i in linear_consts for i in range(len(args))]
    backward, reached = transpose_body(body, mask, [*range(n_carry), *ys], accumulated)
    known_consts = [i for i in range(n_consts) if not mask[i]]
    known_xs = [i for i in is_x if not mask[i]]
    reached_xs = [i for i in reached if i in is_x]
    in_types = body.in_types

    def step(*values: Any) -> list[Any]:
        rest = list(values)
        take = lambda n: [rest.pop(0) for _ in range(n)]  # noqa: E731  # a local shorthand
        known, accs, carry = take(len(known_consts)), take(len(linear_consts)), take(n_carry)
        items, ct_ys = take(len(known_xs)), take(len(ys))
        found = dict(zip(reached, evaluate(backward, [*known, *items, *carry, *ct_ys, *accs]), strict=True))
        new_carry = [found[i] if i in found else zeros(in_types[i]) for i in carried]
        return [*[found[i] for i in linear_consts], *new_carry, *[found[i] for i in reached_xs]]

    out_types = body.out_types
    program = record_rule_program(
        "the transpose of a scan",
        step,
        [
            *[in_types[i] for i in (*known_consts, *linear_consts)],
            *out_types[:n_carry],
            *[in_types[i] for i in known_xs],
            *[out_types[i] for i in ys],
        ],
    )
    operands = [
        *[args[i] for i in known_consts],
        *[zeros(in_types[i]) for i in linear_consts],
        *[zeros(out_types[i]) if cts[i] is None else cts[i] for i in range(n_carry)],
        *[args[i] for i in known_xs],
        *[cts[i] for i in ys],
    ]
    results = bind_scan(
        [*count, *operands],
        program,
        len(known_consts),
        len(linear_consts) + n_carry,
        length,
        not reverse,
    )
    order = [*linear_consts, *carried, *reached_xs]
    found = dict(zip(order, results, strict=True))
    return {i: found.get(_position(i - skip, n_consts, n_carry, args, mask)) for i in linear}


