"""The primitives on stacks natively: loops over items, by the Programs of one item.

Where items are stacks themselves the Program of an item holds the same primitive, down to arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from wengert.control.lanes import borrow_p, choose, stack_choose_p
from wengert.control.programs import record_rule_program
from wengert.control.scan import scan_p
from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Program
from wengert.native.block import BlockWriter
from wengert.native.builder import Value
from wengert.native.control.loops import Scan
from wengert.native.control.tape import empty_stack, stack_of, stack_of_words
from wengert.native.control.turns import Targets
from wengert.ops.core import add, broadcast_to, reshape, sum_axes
from wengert.ops.stacks import stack_add_p, stack_spread_p, stack_sum_p
from wengert.trace.tracer import bind
from wengert.types import AnyType, StackType


@lru_cache(maxsize=1024)
def _item_program(
    primitive: Primitive, types: tuple[AnyType, ...], params: tuple[tuple[str, Any], ...]
) -> Program:
    """The Program of one item; operands that are no stacks are the same for all items."""
    given = dict(params)

    def item(*args: Any) -> list[Any]:
        if primitive is stack_choose_p:
            return [choose(args[0], args[1], args[2])]
        if isinstance(types[-1], StackType) or primitive is borrow_p:
            return [bind(primitive, *args, **given)]
        return [_ON_ARRAYS[primitive](*args, **given)]

    return record_rule_program(f"{primitive.name} of one item", item, types)


def _spread(x: Any, size: int, axis: int) -> Any:
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    return broadcast_to(reshape(x, shape), (*x.shape[:axis], size, *x.shape[axis:]))


def _sum(x: Any, axis: int) -> Any:
    return sum_axes(x, (axis,))


_ON_ARRAYS: dict[Primitive, Callable[..., Any]] = {
    stack_add_p: add,
    stack_spread_p: _spread,
    stack_sum_p: _sum,
}


def write_stack_zeros(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    w.elements.stacks[eq.outputs[0]] = empty_stack(w)


def write_items(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """`borrow`, `stack_spread` and `stack_sum`: each item by itself."""
    stack = next(stack_of(w, a) for a in eq.inputs if isinstance(a.type, StackType))  # type: ignore[arg-type,union-attr]  # no literals
    _loop(w, eq, stack.count)


def write_stack_add(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """Sums of items; where one stack is empty, the other."""
    b, out = w.b, eq.outputs[0]
    left, right = [stack_of(w, a) for a in eq.inputs]  # type: ignore[arg-type]  # no literals
    no_left = b.compare("eq", left.count, b.index(0))
    no_right = b.compare("eq", right.count, b.index(0))
    if no_left.const or no_right.const:
        w.elements.stacks[out] = right if no_left.const else left
        return
    count = b.select(b.or_(no_left, no_right), b.index(0), left.count)
    _loop(w, eq, count)
    summed = stack_of(w, out)
    words = [
        b.select(no_left, y, b.select(no_right, x, z))
        for x, y, z in zip(left.words(w), right.words(w), summed.words(w), strict=True)
    ]
    w.elements.stacks[out] = stack_of_words(words)


def write_stack_choose(w: BlockWriter, eq: Equation, targets: Targets) -> None:
    """Items chosen lane by lane; the shorter stack goes on with zeros."""
    first, second = [stack_of(w, a) for a in eq.inputs[1:]]  # type: ignore[arg-type]  # no literals
    _loop(w, eq, w.b.maximum(first.count, second.count), is_ragged=True)


def _loop(w: BlockWriter, eq: Equation, count: Value, is_ragged: bool = False) -> None:
    """A loop over the items of the stacks among the operands."""
    atoms: list[Any] = list(eq.inputs)
    is_stack = [isinstance(a.type, StackType) for a in atoms]
    types = tuple([a.type.item if on else a.type for a, on in zip(atoms, is_stack, strict=True)])
    item = _item_program(eq.primitive, types, tuple(sorted(eq.params.items())))
    order = sorted(range(len(atoms)), key=is_stack.__getitem__)
    program = Program([item.inputs[i] for i in order], item.equations, item.outputs)
    params = {
        "body": program,
        "n_consts": is_stack.count(False),
        "n_carry": 0,
        "length": None,
        "reverse": False,
    }
    operands = [atoms[i] for i in order]
    loop = Equation(scan_p, (), params, eq.outputs)
    n_turns = None if count.const is None else int(count.const)
    Scan(w, loop, operands, count, n_turns, {}, is_ragged).write()
