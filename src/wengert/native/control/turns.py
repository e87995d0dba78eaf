"""The code of one turn of a loop, or of one branch: a Program written in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.ir.program import Equation, Literal, Program, Var
from wengert.native.block import BlockWriter
from wengert.native.control.carried import Carried, InPlace, renewed
from wengert.native.control.updates import Schedule, Segment, updated
from wengert.native.elements import Definition, Reader
from wengert.native.index import Index
from wengert.native.memory import Buffer, store
from wengert.native.prepare import put_in_place
from wengert.native.rules import shape_of
from wengert.native.steps import is_tiny
from wengert.ops.core import add_p, broadcast_to_p, convert_p, copy_p
from wengert.ops.gather import scatter_add_p, scatter_set_p
from wengert.ops.indexing import index_add_p, index_set_p, triple_length
from wengert.types import Type

Targets = dict[Var, Buffer]


def body_block(
    program: Program, args: Sequence[Any], handed_on: Sequence[Any] = ()
) -> tuple[list[Equation], list[Any]]:
    """The equations of a body on these atoms, and its outputs.

    A large output that is no result of the body, or is one twice, is copied, but for those that
    are the atoms in `handed_on` at their place.
    """
    equations: list[Equation] = []
    outputs = put_in_place(program, args, equations)
    made = {v for eq in equations for v in eq.outputs}
    seen: set[Any] = set()
    result = []
    for a, same in itertools.zip_longest(outputs, handed_on):
        is_array = type(a) is Var and isinstance(a.type, Type) and not is_tiny(a.type)
        if is_array and a is not same and (a not in made or a in seen):
            copied = Var(a.type)
            equations.append(Equation(copy_p, (a,), {}, (copied,)))
            a = copied
        if type(a) is Var:
            seen.add(a)
        result.append(a)
    return equations, result


def write_item(w: BlockWriter, atom: Any, like: Var, target: Buffer) -> None:
    """Store a value at its place, in the kind that it has there."""
    if type(atom) is not Literal and not is_tiny(atom.type):
        w.spill_into(atom, target)
        return
    for at in itertools.product(*[range(n) for n in target.shape]):
        value = w.elements.element(atom, at)
        store(w.b, target, at, w.b.convert(value, target.kind))


# -- bodies in segments ----------------------------------------------------------------------------


def write_body(
    w: BlockWriter,
    made: Schedule,
    outputs: Sequence[Any],
    carried: Sequence[Carried],
    wanted: Targets,
) -> list[Buffer]:
    """One turn; what is returned is to be given back when its outputs have been read."""
    if len(made.segments) == 1:
        w.write(made.segments[0].equations, outputs, wanted)
        return []
    temporary: list[Buffer] = []
    crossing = _crossing(made.segments, outputs)
    for segment, values in zip(made.segments, crossing, strict=True):
        w.write(segment.equations, values, {v: wanted[v] for v in values if v in wanted})
        for v in values:
            if not isinstance(v.type, Type):
                continue
            if is_tiny(v.type):
                w.force(v)
            elif v not in wanted:
                source = w.elements.sources[v]
                if type(source) is Buffer:
                    temporary.append(source)
        if segment.update is not None:
            _write_update(w, segment.update, made, carried, wanted)
            for v in segment.update.outputs:
                if v not in made.versions and isinstance(v.type, Type) and not is_tiny(v.type):
                    source = w.elements.sources[v]
                    if v not in wanted and type(source) is Buffer:
                        temporary.append(source)
    return temporary


def _crossing(segments: Sequence[Segment], outputs: Sequence[Any]) -> list[list[Var]]:
    """For each segment what is made in it and used after it."""
    later: set[Any] = {a for a in outputs if type(a) is Var}
    result: list[list[Var]] = []
    for segment in reversed(segments):
        if segment.update is not None:
            later.update([a for a in segment.update.inputs if type(a) is Var])
        made = [v for eq in segment.equations for v in eq.outputs]
        result.append([v for v in made if v in later])
        for eq in segment.equations:
            later.update([a for a in eq.inputs if type(a) is Var])
    return result[::-1]


def _write_update(
    w: BlockWriter, eq: Equation, made: Schedule, carried: Sequence[Carried], wanted: Targets
) -> None:
    """Change carries where they lie."""
    changed: dict[Var, InPlace] = {}
    for a in eq.inputs:
        if type(a) is Var and a in made.versions:
            out = updated(eq, a)
            if out in made.versions:
                carry = carried[made.versions[out]]
                assert isinstance(carry, InPlace)
                changed[out] = carry
    primitive = eq.primitive
    if primitive in (index_set_p, index_add_p):
        (carry,) = changed.values()
        view = sliced(carry.version(), eq.params["index"])
        _assign(w, view, eq.inputs[1], primitive is index_add_p)
    elif primitive in (scatter_set_p, scatter_add_p):
        (carry,) = changed.values()
        _scatter(w, eq, carry.version, primitive is scatter_add_p)
    else:
        targets = {v: carry.version() for v, carry in changed.items()}
        targets.update({v: wanted[v] for v in eq.outputs if v in wanted})
        w.write([eq], eq.outputs, targets)
    for out, carry in changed.items():
        w.elements.sources[out] = carry.version()


def sliced(x: Buffer, index: Any) -> Buffer:
    """The part of an array that a normalized index names, where it lies."""
    shape, strides, offset = [], [], x.offset
    axis = 0
    for e in index:
        stride = x.strides[axis]
        if type(e) is tuple:
            start, _, step = e
            offset = offset + start * stride
            shape.append(triple_length(e))
            strides.append(step * stride)
        else:
            offset = offset + e * stride
        axis += 1
    shape += x.shape[axis:]
    strides += x.strides[axis:]
    return Buffer(x.base, x.kind, tuple(shape), tuple(strides), offset, x.depth)


def _assign(w: BlockWriter, view: Buffer, value: Any, adds: bool) -> None:
    """Write a value over a part of an array, or add it."""
    if 0 in view.shape:
        return
    dtype = np.dtype("bool" if view.kind == "b1" else view.kind)
    shape = view.shape
    equations: list[Equation] = []

    def then(primitive: Any, inputs: tuple[Any, ...], type_: Type, **params: Any) -> Var:
        out = Var(type_)
        equations.append(Equation(primitive, inputs, params, (out,)))
        return out

    if type(value) is Literal or value.type.dtype.str[1:] != view.kind:
        value = then(convert_p, (value,), Type(shape_of(value), dtype), dtype=dtype)
    if shape_of(value) != shape:
        value = then(broadcast_to_p, (value,), Type(shape, dtype), shape=shape)
    if adds:
        before = Var(Type(shape, dtype))
        w.elements.sources[before] = renewed(view, w.b.depth)
        value = then(add_p, (before, value), Type(shape, dtype))
    else:
        value = then(copy_p, (value,), Type(shape, dtype))
    w.write(equations, [value], {value: view})


def _scatter(w: BlockWriter, eq: Equation, version: Callable[[], Buffer], adds: bool) -> None:
    """Write or add a value at places that are computed, the last write counting."""
    value, *indices = eq.inputs[1:]
    axes = eq.params["axes"]
    x = version()
    temporary: list[Buffer] = []
    rank = max([len(shape_of(a)) for a in indices], default=0)
    if rank:
        value, *indices = [_held(w, a, temporary) for a in (value, *indices)]
    ins = (eq.inputs[0], value, *indices)
    reader = Reader(w.elements, Definition(Equation(eq.primitive, ins, eq.params, eq.outputs)))
    if rank == 0:
        places = {axis: reader.place(i + 2, x.shape[axis], ()) for i, axis in enumerate(axes)}
        _assign(w, _at(x, places), value, adds)
        return
    block: list[int] = []
    for a in indices:
        shape = shape_of(a)
        shape = (1,) * (rank - len(shape)) + shape
        block = [max(m, n) for m, n in itertools.zip_longest(block, shape, fillvalue=1)]
    if 0 in block:
        return
    with w.machine.loops(block) as at:
        places = {
            axis: reader.place(i + 2, x.shape[axis], _broadcast(at, shape_of(indices[i])))
            for i, axis in enumerate(axes)
        }
        view = _at(x, places)
        if 0 not in view.shape:
            with w.machine.loops(view.shape) as rest:
                new = w.elements.element(value, _broadcast((*at, *rest), shape_of(value)))
                new = w.b.convert(new, x.kind)
                if adds:
                    new = w.b.add(w.machine.load(view, rest), new)
                store(w.b, view, rest, new)
    for buffer in temporary:
        w.frame.give_back(buffer)


def _held(w: BlockWriter, atom: Any, temporary: list[Buffer]) -> Any:
    """A value in memory under a name of its own; a literal as it is."""
    if type(atom) is Literal:
        return atom
    named = Var(atom.type)
    w.elements.sources[named] = w.in_memory(atom, temporary)
    return named


def _at(x: Buffer, places: dict[int, Index]) -> Buffer:
    """The part of an array at these places on some of its axes."""
    offset = x.offset
    for axis, place in places.items():
        offset = offset + place * x.strides[axis]
    rest = [p for p in range(len(x.shape)) if p not in places]
    return Buffer(
        x.base,
        x.kind,
        tuple([x.shape[p] for p in rest]),
        tuple([x.strides[p] for p in rest]),
        offset,
        x.depth,
    )


def _broadcast(at: Sequence[Index], shape: Sequence[int]) -> tuple[Index, ...]:
    skip = len(at) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(at[skip:], shape, strict=True)])
