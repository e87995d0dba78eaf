"""Rules on shapes, views, indices and sums: data that is moved is moved once, or not at all."""

from __future__ import annotations

import math
from typing import Any

from wengert.ir.primitive import Primitive, registry
from wengert.ir.program import Literal, Var
from wengert.ops.core import (
    add_p,
    broadcast_to_p,
    convert_p,
    full_p,
    mul_p,
    reshape_p,
    set_all_p,
    sum_p,
    transpose_p,
)
from wengert.ops.gather import gather_p, item_p, scatter_add_p, scatter_set_p
from wengert.ops.indexing import index_add_p, index_p, index_set_p, selected_shape
from wengert.ops.joining import stack_p
from wengert.passes.parts import MOVES, padded, take, trimmed
from wengert.passes.pattern import (
    FULL_HEAD,
    LITERAL_HEAD,
    Changes,
    Match,
    Node,
    Rule,
    X,
    apply,
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


_FULL = [(0, FULL_HEAD)]

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
    Rule("reshape of full = full", Node(reshape_p), _full_moved, heads=_FULL),
    Rule("transpose of full = full", Node(transpose_p), _full_moved, heads=_FULL),
    Rule("broadcast of full = full", Node(broadcast_to_p), _full_moved, heads=_FULL),
    Rule("convert of full = full", Node(convert_p), _full_converted, heads=_FULL),
    Rule(
        "full of a known number = full",
        Node(full_p),
        lambda m: Literal(m.graph.constant(m.eq.inputs[0])),
        heads=_FULL,
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
    return type(a) is Var and a.type.shape == ()  # type: ignore[union-attr]  # an operand


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

# -- reading and writing ---------------------------------------------------------------------------


def is_whole(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether an index without None selects everything, in order; axes of one may go."""
    pairs = zip(index, shape, strict=False)
    return all([e == (0, n, 1) or (e == 0 and n == 1) for e, n in pairs])


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


def _spread_over(m: Match, value: Any) -> Any:
    """A value written at an index that selects everything, in the shape of the array."""
    selected = selected_shape(m.type.shape, m.eq.params["index"])
    if type(value) is Literal or selected == m.type.shape:
        return stored(m, value)
    shape = value.type.shape
    while len(shape) > len(selected) and shape[0] == 1:
        shape = shape[1:]
    value = m.emit(reshape_p, value, shape=shape, order="C")
    value = m.emit(broadcast_to_p, value, shape=selected)
    return stored(m, m.emit(reshape_p, value, shape=m.type.shape, order="C"))


def _is_write_of_all(m: Match) -> bool:
    index = m.eq.params["index"]
    return None not in index and is_whole(index, m.type.shape)


def _added(m: Match) -> Any:
    base, value = m.eq.inputs
    if type(value) is Var and value.type.dtype != m.type.dtype:  # type: ignore[union-attr]
        return None
    return m.emit(add_p, base, _spread_over(m, value))


def _without_new_axes(m: Match) -> Any:
    index, x = m.eq.params["index"], m["x"]
    if None not in index:
        return None
    own = trimmed([e for e in index if e is not None], x.type.shape)
    part = take(m.graph, x, own, m.eq.source)
    return m.emit(reshape_p, part, shape=m.type.shape, order="C")


def _index_of_all(m: Match) -> Any:
    index, x = m.eq.params["index"], m["x"]
    if None in index or not is_whole(index, x.type.shape):
        return None
    return x if x.type is m.type else m.emit(reshape_p, x, shape=m.type.shape, order="C")


def _part(m: Match) -> Any:
    eq = m["inner"]
    index = m.eq.params["index"]
    if None in index:
        return None
    part = MOVES[eq.primitive](eq, index)
    if part is None:
        return None
    atoms = [take(m.graph, eq.inputs[i], own, m.eq.source) for i, own in part.needs]
    return part.build(m.graph, atoms, m.eq.source)


def known_index(m: Match, first: int) -> Any:
    """The basic index that gather's places are, where all are known integers."""
    shape = m.eq.inputs[0].type.shape  # type: ignore[union-attr]  # an array
    entries = padded((), shape)
    for axis, a in zip(m.eq.params["axes"], m.eq.inputs[first:], strict=True):
        i = m.graph.constant(a)
        if type(i) is not int or (type(a) is Var and a.type.shape != ()):  # type: ignore[union-attr]
            return None
        if not -shape[axis] <= i < shape[axis]:
            return None  # raises when it runs
        entries[axis] = i % shape[axis]
    return trimmed(entries, shape)


def _gather_known(m: Match) -> Any:
    index = known_index(m, 1)
    return None if index is None else take(m.graph, m.eq.inputs[0], index, m.eq.source)


def _scatter_known(primitive: Primitive) -> Any:
    def build(m: Match) -> Any:
        index = known_index(m, 2)
        return None if index is None else m.emit(primitive, *m.eq.inputs[:2], index=index)

    return build


def _known(place: int) -> list[Any]:
    return [(place, LITERAL_HEAD), (place, FULL_HEAD)]


READS = [
    *[
        Rule(
            f"index of {p.name}",
            Node(index_p, (Node(p, None, "inner"),)),
            _part,
            heads=[(0, p), (0, FULL_HEAD)] if p is full_p else (),
        )
        for p in MOVES
    ],
    rule("index with new axes = reshape", apply(index_p, X), _without_new_axes),
    rule("index of everything = x", apply(index_p, X), _index_of_all),
    Rule(
        "index_set of everything = the value",
        Node(index_set_p),
        lambda m: _spread_over(m, m.eq.inputs[1]),
        _is_write_of_all,
    ),
    Rule("index_add to everything = x + y", Node(index_add_p), _added, _is_write_of_all),
    Rule("item at known places = index", Node(item_p), _gather_known, heads=_known(1)),
    Rule("gather at known places = index", Node(gather_p), _gather_known, heads=_known(1)),
    Rule(
        "scatter_set at known places",
        Node(scatter_set_p),
        _scatter_known(index_set_p),
        heads=_known(2),
    ),
    Rule(
        "scatter_add at known places",
        Node(scatter_add_p),
        _scatter_known(index_add_p),
        heads=_known(2),
    ),
]

# -- sums ------------------------------------------------------------------------------------------

_SHORT = 8  # operands of a stack that are added one by one


def _sum_of_units(m: Match) -> Any:
    """A sum of one term each starts from +0, as all of NumPy's do."""
    x = m["x"]
    if any([x.type.shape[a] != 1 for a in m.eq.params["axes"]]):
        return None
    flat = m.emit(reshape_p, x, shape=m.type.shape, order="C")
    return m.emit(add_p, flat, 0.0) if m.type.dtype.kind in "fc" else flat


def _sum_of_nothing(m: Match) -> Any:
    x = m["x"]
    return Literal(0) if any([x.type.shape[a] == 0 for a in m.eq.params["axes"]]) else None


def _sum_of_full(m: Match) -> Any:
    value = m.graph.constant(m.eq.inputs[0])
    return Literal(0) if value == 0 and m.type.dtype.kind != "b" else None


def _sum_of_spread(m: Match) -> Any:
    """Equal terms are multiplied by their number."""
    eq, x = inner(m)
    shape = eq.outputs[0].type.shape
    if type(x) is Literal or m.type.dtype.kind not in "fiu":
        return None
    extra = len(shape) - len(x.type.shape)
    axes = m.eq.params["axes"]
    repeated = [a for a in axes if a < extra or x.type.shape[a - extra] != shape[a]]
    if not repeated:
        return None
    count = math.prod([shape[a] for a in repeated])
    if not count:
        return Literal(0)
    kept = tuple([a - extra for a in axes if a >= extra and a not in repeated])
    part = m.emit(sum_p, x, axes=kept, keepdims=True) if kept else x
    # What is left of x has the result's shape, but for axes of one.
    sizes = [1] * extra + list(part.type.shape)
    own = [n for a, n in enumerate(sizes) if a not in axes or m.eq.params["keepdims"]]
    part = m.emit(reshape_p, part, shape=tuple(own), order="C")
    return m.emit(mul_p, part, count if m.type.dtype.kind in "iu" else float(count))


def _sum_of_sum(m: Match) -> Any:
    eq, x = inner(m)
    rank = len(x.type.shape)
    left = [a for a in range(rank) if eq.params["keepdims"] or a not in eq.params["axes"]]
    axes = sorted({*eq.params["axes"], *[left[a] for a in m.eq.params["axes"]]})
    whole = m.emit(sum_p, x, axes=tuple(axes), keepdims=False)
    return m.emit(reshape_p, whole, shape=m.type.shape, order="C")


def _sum_of_transpose(m: Match) -> Any:
    eq, x = inner(m)
    order = eq.params["axes"]
    axes = tuple(sorted([order[a] for a in m.eq.params["axes"]]))
    kept = [order[a] for a in range(len(order)) if a not in m.eq.params["axes"]]
    whole = m.emit(sum_p, x, axes=axes, keepdims=False)
    turned = m.emit(transpose_p, whole, axes=tuple([sorted(kept).index(a) for a in kept]))
    return m.emit(reshape_p, turned, shape=m.type.shape, order="C")


def _sum_of_stack(m: Match) -> Any:
    eq, _ = inner(m)
    parts = eq.inputs
    if m.eq.params["axes"] != (eq.params["axis"],) or len(parts) > _SHORT:
        return None
    if m.type.dtype.kind != "f" or any([type(a) is Literal for a in parts]):
        return None
    total: Any = parts[0]
    for a in parts[1:]:
        total = m.emit(add_p, total, a)
    # −0 is no sum that starts from +0.
    return m.emit(reshape_p, m.emit(add_p, total, 0.0), shape=m.type.shape, order="C")


SUMS = [
    rule("sum over unit axes = x + 0", apply(sum_p, X), _sum_of_units),
    rule("sum of nothing = 0", apply(sum_p, X), _sum_of_nothing),
    Rule("sum of zeros = 0", Node(sum_p), _sum_of_full, heads=_FULL),
    rule("sum of equal terms", of(sum_p, broadcast_to_p), _sum_of_spread, None, Changes.ROUNDING),
    rule("sum of sum", of(sum_p, sum_p), _sum_of_sum, None, Changes.ROUNDING),
    rule("sum of transpose", of(sum_p, transpose_p), _sum_of_transpose, None, Changes.ROUNDING),
    rule("sum of a short stack", of(sum_p, stack_p), _sum_of_stack, None, Changes.ROUNDING),
]

STRUCTURE: list[Rule] = [*SHAPES, *SPREAD, *SUMS]
