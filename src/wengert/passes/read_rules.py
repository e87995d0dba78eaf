"""Rules on reads and writes: a part of something is taken from where it stands."""

from __future__ import annotations

from typing import Any

from wengert.ir.primitive import Primitive
from wengert.ir.program import Literal, Var
from wengert.ops.core import (
    add_p,
    broadcast_to_p,
    full_p,
    reshape_p,
)
from wengert.ops.gather import gather_p, item_p, scatter_add_p, scatter_set_p
from wengert.ops.indexing import index_add_p, index_p, index_set_p, selected_shape
from wengert.passes.moved_parts import MOVES
from wengert.passes.parts import padded, take, trimmed
from wengert.passes.pattern import (
    FULL_HEAD,
    LITERAL_HEAD,
    Match,
    Node,
    Rule,
    X,
    apply,
    array_type,
    rule,
)
from wengert.passes.shape_rules import stored

# -- reading and writing ---------------------------------------------------------------------------


def is_whole(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether an index without None selects everything, in order; axes of one may go."""
    pairs = zip(index, shape, strict=False)
    return all([e == (0, n, 1) or (e == 0 and n == 1) for e, n in pairs])


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
    if type(value) is Var and array_type(value).dtype != m.type.dtype:
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
    shape = array_type(m.eq.inputs[0]).shape
    entries = padded((), shape)
    for axis, a in zip(m.eq.params["axes"], m.eq.inputs[first:], strict=True):
        i = m.graph.constant(a)
        if type(i) is not int or (type(a) is Var and array_type(a).shape != ()):
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
