"""Rules on shapes: what is reshaped, turned or repeated twice is so once, or not at all."""

from __future__ import annotations

import math
from typing import Any

from wengert.ir.primitive import Primitive, registry
from wengert.ir.program import Literal, Var
from wengert.ops.core import (
    broadcast_to_p,
    convert_p,
    full_p,
    reshape_p,
    set_all_p,
    transpose_p,
)
from wengert.passes.pattern import (
    FULL_HEAD,
    Match,
    Node,
    Rule,
    X,
    apply,
    array_type,
    rule,
)


def inner(m: Match) -> Any:
    """The equation behind the first input, and its own first input."""
    eq = m["inner"]
    return eq, eq.inputs[0]


def of(outer: Primitive, primitive: Primitive) -> Node:
    """`outer` applied to a result of `primitive`, which is found as "inner"."""
    return Node(outer, (Node(primitive, None, "inner"),))


# -- reshape, transpose, broadcast -----------------------------------------------------------------


def _reshape_twice(m: Match) -> Any:
    eq, x = inner(m)
    if eq.params["order"] != "C" or m.eq.params["order"] != "C":
        return None
    return x if x.type is m.type else m.emit(reshape_p, x, shape=m.type.shape, order="C")


def _transpose_twice(m: Match) -> Any:
    eq, x = inner(m)
    axes = tuple([eq.params["axes"][a] for a in m.eq.params["axes"]])
    return x if axes == tuple(range(len(axes))) else m.emit(transpose_p, x, axes=axes)


def _is_same(m: Match) -> bool:
    return type(m["x"]) is Var and m["x"].type is m.type


def _is_same_in_c_order(m: Match) -> bool:
    return _is_same(m) and m.eq.params["order"] == "C"


def _is_identity_transpose(m: Match) -> bool:
    return m.eq.params["axes"] == tuple(range(len(m.eq.params["axes"])))


def _unit_transpose(m: Match) -> Any:
    """A permutation that keeps the order of the axes longer than one."""
    shape = m["x"].type.shape
    moved = [a for a in m.eq.params["axes"] if shape[a] != 1]
    if moved != sorted(moved) or m.type.size == 0:
        return None
    return m.emit(reshape_p, m["x"], shape=m.type.shape, order="C")


def _broadcast_reshaped(m: Match) -> Any:
    """A reshape that only puts ones in front is what broadcasting does by itself."""
    eq, x = inner(m)
    shape = eq.outputs[0].type.shape
    while shape and shape[0] == 1 and len(shape) > len(x.type.shape):
        shape = shape[1:]
    return m.emit(broadcast_to_p, x, shape=m.type.shape) if shape == x.type.shape else None


def _full_moved(m: Match) -> Any:
    return Literal(m.graph.constant(m.eq.inputs[0]))


def _full_converted(m: Match) -> Any:
    value = m.graph.constant(m.eq.inputs[0])
    if isinstance(value, complex) or value != value or math.isinf(value):
        return None
    if m.type.dtype.kind in "iu" and isinstance(value, float):
        return None  # NumPy's conversion of what does not fit is undefined
    return Literal(value)


def stored(m: Match, value: Any) -> Any:
    """A value that is written over all of an array: cast, and of its shape."""
    if type(value) is Literal:
        return value
    shape = value.type.shape
    while len(shape) > len(m.type.shape) and shape[0] == 1:
        shape = shape[1:]
    if shape != value.type.shape:
        value = m.emit(reshape_p, value, shape=shape, order="C")
    if value.type.dtype != m.type.dtype:
        value = m.emit(convert_p, value, dtype=m.type.dtype)
    return value


ON_FULL = [(0, FULL_HEAD)]

SHAPES = [
    rule("reshape to its own shape", apply(reshape_p, X), X, _is_same_in_c_order),
    rule("reshape of reshape", of(reshape_p, reshape_p), _reshape_twice),
    rule("transpose of transpose", of(transpose_p, transpose_p), _transpose_twice),
    rule("transpose that moves nothing", apply(transpose_p, X), X, _is_identity_transpose),
    rule("transpose of unit axes = reshape", apply(transpose_p, X), _unit_transpose),
    rule(
        "broadcast of broadcast",
        of(broadcast_to_p, broadcast_to_p),
        lambda m: m.emit(broadcast_to_p, inner(m)[1], shape=m.type.shape),
    ),
    rule("broadcast to its own shape", apply(broadcast_to_p, X), X, _is_same),
    rule("broadcast of reshape", of(broadcast_to_p, reshape_p), _broadcast_reshaped),
    Rule("reshape of full = full", Node(reshape_p), _full_moved, heads=ON_FULL),
    Rule("transpose of full = full", Node(transpose_p), _full_moved, heads=ON_FULL),
    Rule("broadcast of full = full", Node(broadcast_to_p), _full_moved, heads=ON_FULL),
    Rule("convert of full = full", Node(convert_p), _full_converted, heads=ON_FULL),
    Rule(
        "full of a known number = full",
        Node(full_p),
        lambda m: Literal(m.graph.constant(m.eq.inputs[0])),
        heads=ON_FULL,
    ),
    Rule("write over everything = the value", Node(set_all_p), lambda m: stored(m, m.eq.inputs[1])),
]

# -- operands that are broadcast -------------------------------------------------------------------


def _unspread(m: Match) -> Any:
    """The operation on what its operands were broadcast from: NumPy broadcasts by itself."""
    inputs: list[Any] = []
    for a in m.eq.inputs:
        eq = m.graph.defs.get(a) if type(a) is Var else None
        is_spread = eq is not None and eq.primitive is broadcast_to_p
        origin: Any = eq.inputs[0] if is_spread and eq is not None else a
        inputs.append(a if type(origin) is Literal else origin)
    if m.eq.primitive.keeps_literals and any([_is_scalar(a) for a in inputs]):
        return None  # NumPy's power of a scalar rounds otherwise than that of an array
    return m.emit(m.eq.primitive, *inputs, **m.eq.params)


def _is_scalar(a: Any) -> bool:
    return type(a) is Var and array_type(a).shape == ()


SPREAD = [
    Rule(
        f"{p.name} of broadcast operands",
        Node(p),
        _unspread,
        heads=[(i, broadcast_to_p) for i in range(3)],
    )
    for p in registry.values()
    if p.is_elementwise and not p.is_multiple
]
