"""How control flow is written by `Program.source()`: bodies as functions, loops as plain Python.

A stack is a list there, and an empty one stands for zeros, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.control.call import call_p
from wengert.control.checkpoint import checkpoint_p
from wengert.control.cond_equation import cond_p
from wengert.control.lanes import borrow_p, stack_choose_p
from wengert.control.scan import scan_p
from wengert.control.while_loop import while_p
from wengert.ir.program import Program
from wengert.types import StackType

Define = Callable[[Program], str]

SCAN = """
def _scan(body, consts, carry, xs, zeros, count, reverse, ys):
    xs = [[z] * count if isinstance(x, list) and not x else x for x, z in zip(xs, zeros)]
    for i in reversed(range(count)) if reverse else range(count):
        outputs = body(*consts, *carry, *[x[i] for x in xs])
        carry = outputs[: len(carry)]
        for y, value in zip(ys, outputs[len(carry) :]):
            y[i] = value
    return (*carry, *ys)
"""

WHILE = """
def _while(cond, body, consts, carry, n_stacks=None):
    count, stacks = 0, [[] for _ in range(n_stacks or 0)]
    while cond(*consts, *carry)[0]:
        outputs = body(*consts, *carry)
        carry = outputs[: len(carry)]
        for stack, value in zip(stacks, outputs[len(carry) :]):
            stack.append(value)
        count += 1
    return tuple(carry) if n_stacks is None else (*carry, np.int64(count), *stacks)
"""


def sequence(items: Sequence[str]) -> str:
    """A tuple display."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _zeros(type_: Any) -> str:
    if isinstance(type_, StackType):
        return "[]"
    return f"np.zeros({type_.shape}, dtype=np.{type_.dtype.name})"


def render_scan(ins: list[str], params: dict[str, Any], define: Define) -> str:
    """A scan as a call of `_scan`."""
    body, n_consts, n_carry = params["body"], params["n_consts"], params["n_carry"]
    length = params["length"]
    count = str(length)
    if length is None:
        count, ins = f"int({ins[0]})", ins[1:]
    first = n_consts + n_carry
    ys = [
        f"[None] * {count}"
        if length is None or isinstance(t, StackType)
        else f"np.empty({(length, *t.shape)}, dtype=np.{t.dtype.name})"
        for t in body.out_types[n_carry:]
    ]
    parts = [
        define(body),
        sequence(ins[:n_consts]),
        sequence(ins[n_consts:first]),
        sequence(ins[first:]),
        sequence([_zeros(t) for t in body.in_types[first:]]),
        count,
        repr(params["reverse"]),
        f"[{', '.join(ys)}]",
    ]
    return f"_scan({', '.join(parts)})"


def render_while(ins: list[str], params: dict[str, Any], define: Define) -> str:
    """A while loop as a call of `_while`."""
    body, n_consts = params["body"], params["n_consts"]
    parts = [
        define(params["cond"]),
        define(body),
        sequence(ins[:n_consts]),
        sequence(ins[n_consts:]),
    ]
    if params["is_counted"]:
        parts.append(str(len(body.outputs) - (len(ins) - n_consts)))
    return f"_while({', '.join(parts)})"


def render_cond(ins: list[str], params: dict[str, Any], define: Define) -> str:
    """The branch taken, chosen from a tuple of functions."""
    branches = [define(branch) for branch in params["branches"]]
    last = len(branches) - 1
    return f"{sequence(branches)}[min(max(int({ins[0]}), 0), {last})]({', '.join(ins[1:])})"


def render_call(ins: list[str], params: dict[str, Any], define: Define) -> str:
    """A Program run as a function; what a custom rule adds is for derivatives alone."""
    return f"{define(params['program'])}({', '.join(ins)})"


CHOOSE = """
def _stack_choose(live, a, b):
    items = []
    for i in range(max(len(a), len(b))):
        x, y = [v[i] if i < len(v) else None for v in (a, b)]
        known = y if x is None else x
        if isinstance(known, list):
            items.append(_stack_choose(live, x or [], y or []))
            continue
        x, y = [np.zeros_like(known) if v is None else v for v in (x, y)]
        items.append(np.where(live.reshape(live.shape + (1,) * (x.ndim - live.ndim)), x, y))
    return items
"""


def render_choose(ins: list[str], params: dict[str, Any]) -> str:
    """Stacks chosen lane by lane."""
    return f"_stack_choose({', '.join(ins)})"


BORROW = """
def _borrow(x, live, axis):
    if isinstance(x, list):
        return [_borrow(item, live, axis) for item in x]
    rows = live.reshape(-1, live.shape[axis])
    items = x.reshape(rows.shape + x.shape[axis + 1 :])
    donors = items[np.arange(len(rows)), np.argmax(rows, axis=1)][:, None]
    mask = rows.reshape(rows.shape + (1,) * (items.ndim - 2))
    return np.where(mask, items, donors).reshape(x.shape)
"""


def render_borrow(ins: list[str], params: dict[str, Any]) -> str:
    """Operands of lanes that do not live, from one that does."""
    return f"_borrow({', '.join(ins)}, {params['axis']})"


scan_p.render_nested, scan_p.support = render_scan, SCAN
while_p.render_nested, while_p.support = render_while, WHILE
cond_p.render_nested = render_cond
stack_choose_p.render, stack_choose_p.support = render_choose, CHOOSE
borrow_p.render, borrow_p.support = render_borrow, BORROW
for _primitive in (call_p, checkpoint_p):
    _primitive.render_nested = render_call
