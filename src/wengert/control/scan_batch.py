"""Scans under `vmap`: the body is batched; lanes of different lengths end one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.control.lanes import borrow, choose, longest
from wengert.control.loop_rules import batched_carries
from wengert.control.programs import record_rule_program, zeros
from wengert.control.scan_equation import bind_scan
from wengert.ir.program import Program
from wengert.ops.core import add, sub, transpose
from wengert.ops.elementwise import lt_p
from wengert.trace.evaluate import record_program
from wengert.trace.tracer import bind
from wengert.transforms.batch import batch_program, batched_type, spread
from wengert.types import StackType, Type


def batch_scan(
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
    mask = batched_carries(body, is_batched[skip:], n_consts, n_carry, size)
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
