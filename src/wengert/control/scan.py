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
from wengert.control.lanes import borrow, choose, longest, zero_item
from wengert.control.loop_rules import linear_carries, linear_loop
from wengert.control.programs import (
    record_linear_rule,
    record_rule_program,
    transpose_body,
    zeros,
)
from wengert.ir.primitive import Primitive, define
from wengert.ir.program import Program, prune
from wengert.ops.core import add, sub, transpose
from wengert.ops.elementwise import lt_p
from wengert.trace.evaluate import RUNS_BEFORE_CODE, copied, plan_of, record_program
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
    count, operands = list(args[:skip]), list(args[skip:])
    mask = linear_carries(
        body, [i + skip in linear for i in range(len(operands))], n_consts, n_carry
    )
    origin = list(range(len(operands)))
    if not all(mask[n_consts : n_consts + n_carry]):
        known = _KnownCarries(body, mask, n_consts, n_carry)
        values = known.run(count, operands, length, reverse)
        body, operands, mask, origin = known.linear_part(operands, values)
        cts = [*[cts[k] for k in known.linear], *cts[n_carry:]]
        n_carry = len(known.linear)
    results = _transpose_linear(
        cts, count, operands, mask, body, n_consts, n_carry, length, reverse
    )
    found = {origin[i] + skip: ct for i, ct in results.items()}
    return {i: found.get(i) for i in linear}


def _transpose_linear(
    cts: Sequence[Any],
    count: list[Any],
    operands: list[Any],
    mask: Sequence[bool],
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> dict[int, Any]:
    """The adjoint of a scan all of whose carries are linear, by body input.

    Cotangents of the carry and of the constants are the carry of the backward scan.
    """
    consts, carry = range(n_consts), range(n_consts, n_consts + n_carry)
    xs = range(n_consts + n_carry, len(operands))
    known_consts = [i for i in consts if not mask[i]]
    linear_consts = [i for i in consts if mask[i]]
    known_xs = [i for i in xs if not mask[i]]
    ys = [j for j in range(n_carry, len(body.outputs)) if cts[j] is not None]
    backward, reached = transpose_body(
        body, mask, [*range(n_carry), *ys], [i in linear_consts for i in range(len(operands))]
    )
    reached_xs = [i for i in reached if i in xs]
    in_types, out_types = body.in_types, body.out_types
    sizes = [len(known_consts), len(linear_consts), n_carry, len(known_xs), len(ys)]

    def step(*values: Any) -> list[Any]:
        known, so_far, ct_carry, items, ct_ys = _take(values, sizes)
        outs = record_program(backward, [*known, *items, *ct_carry, *ct_ys, *so_far])
        found = dict(zip(reached, outs, strict=True))
        new_carry = [found[i] if i in found else zeros(in_types[i]) for i in carry]
        return [*[found[i] for i in linear_consts], *new_carry, *[found[i] for i in reached_xs]]

    program = record_rule_program(
        "the transpose of a scan",
        step,
        [
            *[in_types[i] for i in (*known_consts, *linear_consts)],
            *out_types[:n_carry],
            *[in_types[i] for i in known_xs],
            *[out_types[j] for j in ys],
        ],
    )
    backward_operands = [
        *[operands[i] for i in known_consts],
        *[zeros(in_types[i]) for i in linear_consts],
        *[zeros(out_types[j]) if cts[j] is None else cts[j] for j in range(n_carry)],
        *[operands[i] for i in known_xs],
        *[cts[j] for j in ys],
    ]
    results = bind_scan(
        [*count, *backward_operands],
        program,
        len(known_consts),
        len(linear_consts) + n_carry,
        length,
        not reverse,
    )
    return dict(zip([*linear_consts, *carry, *reached_xs], results, strict=True))


def _take(values: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    parts, start = [], 0
    for n in sizes:
        parts.append(values[start : start + n])
        start += n
    return parts


class _KnownCarries:
    """A scan with carries that no linear input reaches: these are run first, and stacked."""

    def __init__(self, body: Program, mask: Sequence[bool], n_consts: int, n_carry: int) -> None:
        self.body, self.mask = body, mask
        self.n_consts, self.n_carry = n_consts, n_carry
        self.known = [k for k in range(n_carry) if not mask[n_consts + k]]
        self.linear = [k for k in range(n_carry) if mask[n_consts + k]]

    def run(
        self, count: list[Any], operands: list[Any], length: int | None, reverse: bool
    ) -> list[Any]:
        """What the known carries are at the start of every iteration."""
        body = self.body
        ins = [i for i in range(len(operands)) if not self.mask[i]]
        at_start = [body.inputs[self.n_consts + k] for k in self.known]
        outputs = [*[body.outputs[k] for k in self.known], *at_start]
        kept, _ = prune((), body.equations, outputs)
        program = Program([body.inputs[i] for i in ins], kept, outputs)
        results = bind_scan(
            [*count, *[operands[i] for i in ins]],
            program,
            len([i for i in ins if i < self.n_consts]),
            len(self.known),
            length,
            reverse,
        )
        return list(results[len(self.known) :])

    def linear_part(self, operands: list[Any], values: list[Any]) -> Any:
        """The scan on the linear carries, the known ones among its xs; and operands' origin."""
        body, n = self.body, self.n_consts
        known = [n + k for k in self.known]
        origin = [i for i in range(len(operands)) if i not in known] + known
        outputs = [*[body.outputs[k] for k in self.linear], *body.outputs[self.n_carry :]]
        kept, _ = prune((), body.equations, outputs)
        program = Program([body.inputs[i] for i in origin], kept, outputs)
        moved = [operands[i] for i in origin[: len(origin) - len(known)]] + values
        return program, moved, [self.mask[i] for i in origin], origin


# -- batching --------------------------------------------------------------------------------------


def _batch(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> Any:
    if length is None and is_batched[0]:
        return _batch_lengths(size, args, is_batched, body, n_consts, n_carry, reverse)
    skip = 1 if length is None else 0
    mask = list(is_batched[skip:])
    while True:
        out = batch_program(body, mask, size).out_batched
        new = [k for k in range(n_carry) if out[k] and not mask[n_consts + k]]
        if not new:
            break
        for k in new:
            mask[n_consts + k] = True
    force = [*mask[n_consts : n_consts + n_carry], *[False] * (len(body.outputs) - n_carry)]
    batched = batch_program(body, mask, size, force)
    operands = []
    for i, (x, want, have) in enumerate(zip(args[skip:], mask, is_batched[skip:], strict=True)):
        if want and not have:
            x = spread(x, size)
        elif have and i >= n_consts + n_carry:
            x = _swap(x)
        operands.append(x)
    results = bind_scan(
        [*args[:skip], *operands], batched.program, n_consts, n_carry, length, reverse
    )
    flags = batched.out_batched
    outputs = [
        _swap(y) if on and j >= n_carry else y
        for j, (y, on) in enumerate(zip(results, flags, strict=True))
    ]
    return tuple(outputs), flags


def _swap(x: Any) -> Any:
    """The batch axis and the axis of the items exchanged; a stack batches its items."""
    if isinstance(x.variable.type, StackType):
        return x
    return transpose(x, (1, 0, *range(2, x.ndim)))


def _batch_lengths(
    size: int,
    args: Sequence[Any],
    is_batched: Sequence[bool],
    body: Program,
    n_consts: int,
    n_carry: int,
    reverse: bool,
) -> Any:
    """Lanes of different lengths: each is live while the index is below its own trip count."""
    counts, operands = args[0], list(args[1:])
    mask = list(is_batched[1:])
    for i in range(n_consts, n_consts + n_carry):
        if not mask[i]:
            operands[i], mask[i] = spread(operands[i], size), True
    batched = batch_program(body, mask, size, [True] * len(body.outputs)).program

    def step(*values: Any) -> list[Any]:
        counts, index = values[0], values[1 + n_consts]
        inner = [*values[1 : 1 + n_consts], *values[2 + n_consts :]]
        live = bind(lt_p, index, counts)
        lent = [borrow(x, live) if on else x for x, on in zip(inner, mask, strict=True)]
        outs = record_program(batched, lent)
        carry = inner[n_consts : n_consts + n_carry]
        new = [choose(live, a, b) for a, b in zip(outs[:n_carry], carry, strict=True)]
        ys = [choose(live, y, None) for y in outs[n_carry:]]
        return [sub(index, 1) if reverse else add(index, 1), *new, *ys]

    types = [batched_type(t, size) if on else t for t, on in zip(body.in_types, mask, strict=True)]
    index_type = Type((), np.int64)
    program = record_rule_program(
        "scan under vmap",
        step,
        [counts.variable.type, *types[:n_consts], index_type, *types[n_consts:]],
    )
    count = longest(counts)
    start = sub(count, 1) if reverse else zeros(index_type)
    results = bind_scan(
        [count, counts, *operands[:n_consts], start, *operands[n_consts:]],
        program,
        1 + n_consts,
        1 + n_carry,
        None,
        reverse,
    )
    return results[1:], (True,) * len(body.outputs)


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
    mask = list(active)
    n_ys = len(body.outputs) - n_carry
    while True:
        force = [*mask[n_consts : n_consts + n_carry], *[False] * n_ys]
        made = series_program(body, mask, order, force)
        new = [k for k in range(n_carry) if made.out_active[k] and not mask[n_consts + k]]
        if not new:
            return mask, made
        for k in new:
            mask[n_consts + k] = True


scan_p = define(
    Primitive(
        "scan",
        _run,
        _types,
        linearize=_linearize,
        transpose_all=_transpose,
        batch=_batch,
        series=_series,
        cost=_cost,
        is_multiple=True,
        facts={"empty stack": "zeros"},
    )
)
