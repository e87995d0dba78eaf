"""Parts of what is only moved: joined, repeated, turned, reshaped or read.

`MOVES[primitive](eq, index)` is the part `result[index]`, None where it cannot be said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Literal, Source
from wengert.ops.core import (
    broadcast_to_p,
    convert_p,
    full_p,
    iota_p,
    reshape_p,
    transpose_p,
)
from wengert.ops.elements import composed
from wengert.ops.indexing import Index, index_p, selected_shape, triple_length
from wengert.ops.joining import concatenate_p, stack_p
from wengert.passes.parts import Part, aligned, padded, reshaped, transposed, trimmed
from wengert.passes.pattern import Graph, array_type
from wengert.types import Type

# -- joined arrays ---------------------------------------------------------------------------------


def _operand(graph: Graph, x: Any, type_: Type, source: Source) -> Any:
    """An operand of a joined array in the dtype of the whole."""
    if type(x) is Literal:
        return graph.emit(full_p, (x,), {"shape": type_.shape, "dtype": type_.dtype}, source)
    if x.type.dtype == type_.dtype:
        return x
    return graph.emit(convert_p, (x,), {"dtype": type_.dtype}, source)


def _of_stack(eq: Equation, index: Index) -> Part | None:
    axis, out = eq.params["axis"], array_type(eq.outputs[0])
    shape = out.shape[:axis] + out.shape[axis + 1 :]
    entries = padded(index, out.shape)
    chosen = entries.pop(axis)
    rest = trimmed(entries, shape)
    item = Type(selected_shape(shape, rest), out.dtype)
    if type(chosen) is int:
        return Part(((chosen, rest),), lambda g, atoms, s: _operand(g, atoms[0], item, s))
    places = range(*slice(*chosen).indices(len(eq.inputs)))
    if not places:
        return None
    new_axis = sum([type(e) is tuple for e in entries[:axis]])

    def build(graph: Graph, atoms: list[Any], source: Source) -> Any:
        parts = [_operand(graph, a, item, source) for a in atoms]
        return graph.emit(stack_p, parts, {"axis": new_axis}, source)

    return Part(tuple([(i, rest) for i in places]), build)


def _of_concatenate(eq: Equation, index: Index) -> Part | None:
    axis, out = eq.params["axis"], array_type(eq.outputs[0])
    entries = padded(index, out.shape)
    chosen = entries[axis]
    shapes = [array_type(a).shape for a in eq.inputs]
    starts = np.cumsum([0, *[s[axis] for s in shapes]]).tolist()

    def at(i: int, entry: Any) -> Index:
        return trimmed([*entries[:axis], entry, *entries[axis + 1 :]], shapes[i])

    whole: Any = out
    if type(chosen) is int:
        i = int(np.searchsorted(starts, chosen, "right")) - 1
        return Part(
            ((i, at(i, chosen - starts[i])),),
            lambda g, atoms, s: _operand(g, atoms[0], Type(atoms[0].type.shape, whole.dtype), s),
        )
    places = range(*slice(*chosen).indices(starts[-1]))
    needs: list[tuple[int, Index]] = []
    step = chosen[2]
    for i in range(len(shapes)) if step > 0 else range(len(shapes) - 1, -1, -1):
        low, high = starts[i], starts[i + 1]
        inside = _within(places, low, high)
        if inside is not None:
            first, length = inside
            stop = first + (length - 1) * step + (1 if step > 0 else -1) - low
            if length == 1:
                needs.append((i, at(i, (first - low, first - low + 1, 1))))
            else:
                needs.append((i, at(i, (first - low, None if stop < 0 else stop, step))))
    if not needs:
        return None
    new_axis = sum([type(e) is tuple for e in entries[:axis]])

    def build(graph: Graph, atoms: list[Any], source: Source) -> Any:
        parts = [_operand(graph, a, Type(a.type.shape, whole.dtype), source) for a in atoms]
        if len(parts) == 1:
            return parts[0]
        return graph.emit(concatenate_p, parts, {"axis": new_axis}, source)

    return Part(tuple(needs), build)


def _within(places: range, low: int, high: int) -> tuple[int, int] | None:
    """The first of `places` from `low` to `high`, and how many there are."""
    start, step, n = places.start, places.step, len(places)
    if step > 0:
        first = max(0, -(-(low - start) // step))
        last = min(n - 1, (high - 1 - start) // step)
    else:
        first = max(0, -(-(start - high + 1) // -step))
        last = min(n - 1, (start - low) // -step)
    return (start + first * step, last - first + 1) if first <= last else None


# -- constants and views ---------------------------------------------------------------------------


def _of_full(eq: Equation, index: Index) -> Part:
    type_: Any = eq.outputs[0].type
    params = {"shape": selected_shape(type_.shape, index), "dtype": type_.dtype}
    (value,) = eq.inputs
    if type(value) is Literal:
        return Part((), lambda g, atoms, s: g.emit(full_p, (value,), params, s))
    return Part(((0, ()),), lambda g, atoms, s: g.emit(full_p, atoms, params, s))


def _of_iota(eq: Equation, index: Index) -> Part | None:
    (e,), dtype = index, eq.params["dtype"]
    if type(e) is int:
        return Part((), lambda g, atoms, s: g.emit(full_p, (e,), {"shape": (), "dtype": dtype}, s))
    if e[0] == 0 and e[2] == 1:
        n = triple_length(e)
        return Part((), lambda g, atoms, s: g.emit(iota_p, (), {"n": n, "dtype": dtype}, s))
    return None


def _of_broadcast(eq: Equation, index: Index) -> Part:
    out: Any = eq.outputs[0].type
    x = eq.inputs[0]
    params = {"shape": selected_shape(out.shape, index)}
    if type(x) is Literal:
        return Part((), lambda g, atoms, s: g.emit(broadcast_to_p, (x,), params, s))
    own = aligned(padded(index, out.shape), array_type(x).shape, out.shape)
    return Part(((0, own),), lambda g, atoms, s: g.emit(broadcast_to_p, atoms, params, s))


def _of_transpose(eq: Equation, index: Index) -> Part:
    axes = eq.params["axes"]
    out: Any = eq.outputs[0].type
    shape = array_type(eq.inputs[0]).shape
    entries = padded(index, out.shape)
    own: list[Any] = [None] * len(axes)
    for axis, e in zip(axes, entries, strict=True):
        own[axis] = e
    kept = [axis for axis, e in zip(axes, entries, strict=True) if type(e) is tuple]
    order = [sorted(kept).index(axis) for axis in kept]
    return Part(((0, trimmed(own, shape)),), lambda g, atoms, s: transposed(g, atoms[0], order, s))


def _of_reshape(eq: Equation, index: Index) -> Part | None:
    x = eq.inputs[0]
    out: Any = eq.outputs[0].type
    shape: tuple[int, ...] = array_type(x).shape
    if eq.params["order"] != "C" or out.size == 0:
        return None
    own: list[Any] = []
    entries = padded(index, out.shape)
    for ins, outs in axis_groups(shape, out.shape):
        chosen = [entries[i] for i in outs]
        if all([e == (0, out.shape[i], 1) for e, i in zip(chosen, outs, strict=True)]):
            own += [(0, shape[i], 1) for i in ins]
        elif len(ins) == len(outs) == 1:
            own += chosen
        elif all([type(e) is int for e in chosen]):
            flat = np.ravel_multi_index(chosen, [out.shape[i] for i in outs])
            own += [int(i) for i in np.unravel_index(flat, [shape[i] for i in ins])]
        else:
            return None
    part = selected_shape(out.shape, index)
    return Part(((0, trimmed(own, shape)),), lambda g, atoms, s: reshaped(g, atoms[0], part, s))


def axis_groups(
    shape: tuple[int, ...], other: tuple[int, ...]
) -> list[tuple[list[int], list[int]]]:
    """Runs of axes of both shapes that hold the same elements, as short as they can be."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(shape) or j < len(other):
        ins, outs = [], []
        n = m = 1
        if i < len(shape):
            ins, n, i = [i], shape[i], i + 1
        if j < len(other) and (not ins or n != 1 or other[j] == 1):
            outs, m, j = [j], other[j], j + 1
        while n != m:
            if n < m:
                ins.append(i)
                n, i = n * shape[i], i + 1
            else:
                outs.append(j)
                m, j = m * other[j], j + 1
        groups.append((ins, outs))
    return groups


def _of_index(eq: Equation, index: Index) -> Part | None:
    outer = eq.params["index"]
    inner = composed(outer, index)
    if inner is None or None in inner:
        return None
    x = eq.inputs[0]
    own = trimmed(inner, array_type(x).shape)
    return Part(((0, own),), lambda g, atoms, s: atoms[0])


MOVES: dict[Primitive, Callable[[Equation, Index], Part | None]] = {
    stack_p: _of_stack,
    concatenate_p: _of_concatenate,
    full_p: _of_full,
    iota_p: _of_iota,
    broadcast_to_p: _of_broadcast,
    transpose_p: _of_transpose,
    reshape_p: _of_reshape,
    index_p: _of_index,
}
