"""Lanes under `vmap` that do not take a branch, or whose loop has ended.

Such a lane is computed on the operands of a lane that does take it, held constant, and what comes
out is selected away: no NaN and no error from work that nobody asked for.

    any_live, longest     whether some lane lives; the largest trip count
    borrow                operands, lanes not alive replaced by the first one that is
    choose                new values for live lanes, old ones for the others
    clamp_index           the branch that an index means

`live` stands on the first axis of an item; the parameter `axis` says how many batch axes stand
before it when such code is itself mapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.dependence import ELEMENTWISE
from wengert.ir.emission import Expand, Reduce
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import broadcast_to, iota, reshape
from wengert.ops.elementwise import eq_p, select
from wengert.ops.extremes import min_p
from wengert.ops.families import linear
from wengert.ops.gather import gather_p
from wengert.ops.stacks import stack_zeros_p
from wengert.trace.tracer import Tracer, bind, current_recording
from wengert.transforms.batch import spread
from wengert.types import AnyType, Stack, StackType, Type


def value_type(x: Any) -> AnyType:
    """The type of a tracer, array, scalar or Stack."""
    if isinstance(x, Tracer):
        return x.variable.type
    return x.type if isinstance(x, Stack) else Type(x.shape, x.dtype)


def _spread_all(size: int, args: Sequence[Any], is_batched: Sequence[bool]) -> list[Any]:
    return [a if on else spread(a, size) for a, on in zip(args, is_batched, strict=True)]


def any_live(live: Any) -> Any:
    """Whether some lane is alive."""
    return bind(any_live_p, live, axis=0)


def _emit_lane(k: Any, at: Any, r: Any, *, axis: int) -> Any:
    return k.read(0, (*at[:axis], *r, *at[axis:]))


any_live_p: Primitive = define(
    Primitive(
        "any_live",
        lambda live, *, axis: live.any(axis=axis),
        lambda live, *, axis: Type((*live.shape[:axis], *live.shape[axis + 1 :]), bool),
        batch=lambda size, args, is_batched, *, axis: (
            bind(any_live_p, args[0], axis=axis + 1),
            True,
        ),
        cost=lambda in_types, out_types, **params: 0,
        render=lambda ins, params: f"np.any({ins[0]}, axis={params['axis']})",
        emit=Reduce("any", lambda k, *, axis: k.shape(0)[axis : axis + 1], _emit_lane),
        facts={"derivative": "zero: booleans"},
    )
)


def longest(counts: Any) -> Any:
    """The largest of the lanes' trip counts."""
    return bind(longest_p, counts, axis=0)


longest_p: Primitive = define(
    Primitive(
        "longest",
        lambda counts, *, axis: np.max(counts, axis=axis, initial=0),
        lambda counts, *, axis: Type(
            (*counts.shape[:axis], *counts.shape[axis + 1 :]), counts.dtype
        ),
        batch=lambda size, args, is_batched, *, axis: (
            bind(longest_p, args[0], axis=axis + 1),
            True,
        ),
        cost=lambda in_types, out_types, **params: 0,
        render=lambda ins, params: f"np.max({ins[0]}, axis={params['axis']}, initial=0)",
        emit=Reduce("max", lambda k, *, axis: k.shape(0)[axis : axis + 1], _emit_lane),
        facts={"derivative": "zero: integers"},
    )
)


def borrow(x: Any, live: Any) -> Any:
    """`x` with the items of lanes not alive replaced by those of the first live lane."""
    return bind(borrow_p, x, live, axis=0)


def _borrow(x: Any, live: Any, *, axis: int) -> Any:
    if isinstance(x, Stack):
        return Stack(tuple([_borrow(item, live, axis=axis) for item in x.items]), x.type)
    if live.all():
        return x
    n = live.shape[axis]
    rows = live.reshape(-1, n)
    items = x.reshape(rows.shape + x.shape[axis + 1 :])
    donors = items[np.arange(len(rows)), np.argmax(rows, axis=1)][:, None]
    mask = rows.reshape(rows.shape + (1,) * (items.ndim - 2))
    return np.where(mask, items, donors).reshape(x.shape)


def _borrow_batch(size: int, args: Any, is_batched: Any, *, axis: int) -> Any:
    return bind(borrow_p, *_spread_all(size, args, is_batched), axis=axis + 1), True


def _emit_borrow(x: Any, live: Any, *, axis: int) -> Any:
    """The lanes by their indices: a lane that is not alive has that of the first one that is."""
    shape = live.shape
    kept = (*shape[:axis], 1, *shape[axis + 1 :])
    own = [
        broadcast_to(reshape(iota(n), [n if i == k else 1 for i in range(len(shape))]), shape)
        for k, n in enumerate(shape)
    ]
    n = shape[axis]
    first = bind(min_p, select(live, own[axis], n - 1), axes=(axis,), keepdims=False)
    none = bind(eq_p, bind(any_live_p, live, axis=axis), False)
    first = broadcast_to(reshape(select(none, 0, first), kept), shape)
    own[axis] = select(live, own[axis], first)
    return bind(gather_p, x, *own[: axis + 1], axes=tuple(range(axis + 1)))


borrow_p: Primitive = linear(
    "borrow",
    _borrow,
    lambda x, live, *, axis: x,
    # What a borrowing lane gives is selected away, so that its cotangent is zero.
    transpose={0: lambda ct, args, *, axis: choose(args[1], ct, None)},
    batch=_borrow_batch,
    may_alias=True,
    facts={"meaning": "lanes that are not alive take the operands of one that is"},
    # What a borrowing lane gives is selected away: each lane depends on itself alone.
    sparsity=ELEMENTWISE,
    emit=Expand(_emit_borrow),
)


def choose(live: Any, new: Any, old: Any) -> Any:
    """`new` for live lanes, `old` (None for zeros) for the others; stacks item by item."""
    type_ = value_type(new)
    if isinstance(type_, StackType):
        if old is None:
            recording = current_recording.get()
            assert recording is not None  # rules run inside one
            old = recording.record(stack_zeros_p, (), {"type": type_})
        return bind(stack_choose_p, live, new, old)
    n_more = len(type_.shape) - live.ndim
    mask = reshape(live, (*live.shape, *(1,) * n_more)) if n_more else live
    if old is None:
        old = False if type_.dtype.kind == "b" else 0 if type_.dtype.kind in "iu" else 0.0
    return select(mask, new, old)


def _stack_choose(live: Any, a: Stack, b: Stack) -> Stack:
    items = []
    for i in range(max(len(a), len(b))):
        x = a.items[i] if i < len(a) else zero_item(a.type.item)
        y = b.items[i] if i < len(b) else zero_item(a.type.item)
        if isinstance(x, Stack):
            items.append(_stack_choose(live, x, y))
        else:
            mask = live.reshape(live.shape + (1,) * (x.ndim - live.ndim))
            items.append(np.where(mask, x, y))
    return Stack(tuple(items), a.type)


def zero_item(type_: AnyType) -> Any:
    """The value of zeros of a type: an empty stack is a stack of zeros."""
    if isinstance(type_, StackType):
        return Stack((), type_)
    return np.zeros(type_.shape, type_.dtype)[()]


stack_choose_p: Primitive = linear(
    "stack_choose",
    _stack_choose,
    lambda live, a, b: a,
    group=frozenset({1, 2}),
    transpose={
        1: lambda ct, args: choose(args[0], ct, None),
        2: lambda ct, args: choose(_negate(args[0]), ct, None),
    },
    batch=lambda size, args, is_batched: (
        bind(stack_choose_p, *_spread_all(size, args, is_batched)),
        True,
    ),
    sparsity=ELEMENTWISE,
)


def _negate(live: Any) -> Any:
    return bind(eq_p, live, False)


def clamp_index(index: Any, n: int) -> list[Any]:
    """For each of `n` branches, whether `index`, clamped to 0 … n − 1, means it."""
    from wengert.ops.elementwise import ge_p, le_p

    if n == 1:
        return [bind(eq_p, index, index)]
    first = bind(le_p, index, 0)
    last = bind(ge_p, index, n - 1)
    return [first, *[bind(eq_p, index, k) for k in range(1, n - 1)], last]
