"""Primitives on stacks, the sequences of run-time length that loops leave their residuals on.

stack_add stack_zeros      sums and zeros; an empty stack is a stack of zeros
stack_spread stack_sum     every item repeated along a new axis, and the adjoint
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.dependence import ELEMENTWISE
from wengert.ir.primitive import Primitive, define
from wengert.ops.families import linear
from wengert.trace.tracer import bind
from wengert.types import Stack, StackType, Type

# How stacks, which are lists there, are handled in the source that `Program.source()` writes.
STACKS = """
def _stack_map(f, stack):
    return [_stack_map(f, v) if isinstance(v, list) else f(v) for v in stack]


def _stack_add(a, b):
    if not a or not b:
        return a or b
    return [_stack_add(x, y) if isinstance(x, list) else x + y for x, y in zip(a, b)]
"""


def _stack_add(a: Any, b: Any) -> Any:
    if not a.items or not b.items:
        return a if a.items else b
    items = [
        _stack_add(x, y) if isinstance(x, Stack) else x + y
        for x, y in zip(a.items, b.items, strict=True)
    ]
    return Stack(tuple(items), a.type)


stack_add_p: Primitive = linear(
    "stack_add",
    _stack_add,
    lambda a, b: a,
    group=frozenset({0, 1}),
    transpose=lambda ct, args, i: ct,
    batch=lambda size, args, is_batched: (
        bind(
            stack_add_p,
            *[
                a if on else bind(stack_spread_p, a, size=size, axis=0)
                for a, on in zip(args, is_batched, strict=True)
            ],
        ),
        True,
    ),
    facts={"empty": "an empty stack is a stack of zeros"},
    sparsity=ELEMENTWISE,
    render=lambda ins, params: f"_stack_add({ins[0]}, {ins[1]})",
    support=STACKS,
)


def _map_stack(f: Any, stack: Any, type_: Any) -> Any:
    items = [
        _map_stack(f, item, type_.item) if isinstance(item, Stack) else f(item)
        for item in stack.items
    ]
    return Stack(tuple(items), type_)


def _map_stack_type(f: Any, type_: Any) -> Any:
    if isinstance(type_, StackType):
        return StackType(_map_stack_type(f, type_.item))
    return Type(f(type_.shape), type_.dtype)


def _spread_stack_type(x: Any, *, size: int, axis: int) -> Any:
    return _map_stack_type(lambda shape: (*shape[:axis], size, *shape[axis:]), x)


def _spread_stack(x: Any, *, size: int, axis: int) -> Any:
    return _map_stack(
        lambda item: np.repeat(np.expand_dims(item, axis), size, axis=axis),
        x,
        _spread_stack_type(x.type, size=size, axis=axis),
    )


def _sum_stack_type(x: Any, *, axis: int) -> Any:
    return _map_stack_type(lambda shape: (*shape[:axis], *shape[axis + 1 :]), x)


# Every item repeated along a new axis, and its adjoint.
stack_spread_p: Primitive = linear(
    "stack_spread",
    _spread_stack,
    _spread_stack_type,
    transpose={0: lambda ct, args, *, size, axis: bind(stack_sum_p, ct, axis=axis)},
    batch=lambda n, args, is_batched, *, size, axis: (
        bind(stack_spread_p, args[0], size=size, axis=axis + 1),
        True,
    ),
    sparsity=lambda k, *, size, axis: np.broadcast_to(
        np.expand_dims(k.labels[0], axis), k.out_shape()
    ),
    render=lambda ins, params: (
        f"_stack_map(lambda v: np.repeat(np.expand_dims(v, {params['axis']}), {params['size']}, "
        f"axis={params['axis']}), {ins[0]})"
    ),
    support=STACKS,
)
stack_sum_p: Primitive = linear(
    "stack_sum",
    lambda x, *, axis: _map_stack(
        lambda item: np.sum(item, axis=axis), x, _sum_stack_type(x.type, axis=axis)
    ),
    _sum_stack_type,
    transpose={
        0: lambda ct, args, *, axis: bind(
            stack_spread_p, ct, size=_stack_extent(args[0], axis), axis=axis
        )
    },
    batch=lambda n, args, is_batched, *, axis: (bind(stack_sum_p, args[0], axis=axis + 1), True),
    sparsity=lambda k, *, axis: k.sets.unite_along(k.labels[0], (axis,)),
    render=lambda ins, params: f"_stack_map(lambda v: np.sum(v, axis={params['axis']}), {ins[0]})",
    support=STACKS,
)


def _stack_extent(type_: Any, axis: int) -> int:
    while isinstance(type_, StackType):
        type_ = type_.item
    return int(type_.shape[axis])


stack_zeros_p = define(
    Primitive(
        "stack_zeros",
        lambda *, type: Stack((), type),
        lambda *, type: type,
        cost=lambda in_types, out_types, **params: 0,
        facts={"derivative": "zero: a constant"},
        render=lambda ins, params: "[]",
    )
)
