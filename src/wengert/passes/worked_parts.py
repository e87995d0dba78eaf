"""Parts of what is computed: elementwise functions, sums and products.

`WORKS[primitive](eq, index)` is the part `result[index]`; of the primitives in `ROUNDED` it may be
rounded otherwise than in the whole, because sums are taken in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.ir.primitive import Primitive, registry
from wengert.ir.program import Equation, Source, Var
from wengert.ops.contraction import einsum_p, split_subscripts
from wengert.ops.core import (
    mul_p,
    sum_p,
)
from wengert.ops.indexing import Index, selected_shape
from wengert.ops.matmul import dot_p
from wengert.passes.parts import Part, aligned, padded, reshaped, transposed, trimmed
from wengert.passes.pattern import Graph, array_type

# -- operations ------------------------------------------------------------------------------------


def _of_elementwise(eq: Equation, index: Index) -> Part | None:
    out: Any = eq.outputs[0].type
    if eq.primitive.keeps_literals and not selected_shape(out.shape, index):
        return None  # NumPy's power of a scalar rounds otherwise than that of an array
    entries = padded(index, out.shape)
    needs = []
    for i, a in enumerate(eq.inputs):
        if type(a) is Var:
            needs.append((i, aligned(entries, array_type(a).shape, out.shape)))

    def build(graph: Graph, atoms: list[Any], source: Source) -> Any:
        rest = iter(atoms)
        inputs = [next(rest) if type(a) is Var else a for a in eq.inputs]
        return graph.emit(eq.primitive, inputs, eq.params, source)

    return Part(tuple(needs), build)


def _of_sum(eq: Equation, index: Index) -> Part | None:
    x: Any = eq.inputs[0]
    out: Any = eq.outputs[0].type
    shape = selected_shape(out.shape, index)
    if 0 in shape:
        return None  # nothing of a kept axis is no sum
    axes, keepdims = eq.params["axes"], eq.params["keepdims"]
    entries = padded(index, out.shape)
    own: list[Any] = []
    for axis, n in enumerate(x.type.shape):
        if axis in axes:
            own.append((0, n, 1))
            if keepdims:
                entries.pop(0)
        else:
            own.append(entries.pop(0))
    kept = [axis for axis, e in enumerate(own) if type(e) is tuple]
    params = {"axes": tuple([kept.index(axis) for axis in axes]), "keepdims": False}

    def build(graph: Graph, atoms: list[Any], source: Source) -> Any:
        return reshaped(graph, graph.emit(sum_p, atoms, params, source), shape, source)

    return Part(((0, trimmed(own, x.type.shape)),), build)


def _of_dot(eq: Equation, index: Index) -> Part:
    a, b = (array_type(x) for x in eq.inputs)
    out: Any = eq.outputs[0].type
    entries = padded(index, out.shape)
    n = len(a.shape) - 1
    summed = (0, a.shape[-1], 1)
    return Part(
        (
            (0, trimmed([*entries[:n], summed], a.shape)),
            (1, trimmed([summed, *entries[n:]], b.shape)),
        ),
        lambda g, atoms, s: g.emit(dot_p, atoms, {}, s),
    )


def _of_einsum(eq: Equation, index: Index) -> Part:
    a, b, out = split_subscripts(eq.params["subscripts"])
    out_type: Any = eq.outputs[0].type
    shapes = [array_type(x).shape for x in eq.inputs]
    entry = dict(zip(out, padded(index, out_type.shape), strict=True))

    def own(letters: str, shape: tuple[int, ...]) -> Index:
        sizes = zip(letters, shape, strict=True)
        return trimmed([entry.get(x, (0, n, 1)) for x, n in sizes], shape)

    def left(letters: str) -> str:
        return "".join([x for x in letters if type(entry.get(x)) is not int])

    def build(graph: Graph, atoms: list[Any], source: Source) -> Any:
        if left(a) and left(b):
            params = {"subscripts": f"{left(a)},{left(b)}->{left(out)}"}
            return graph.emit(einsum_p, atoms, params, source)
        product = graph.emit(mul_p, atoms, {}, source)  # one of them is a number
        letters = left(a) + left(b)
        return transposed(graph, product, [letters.index(x) for x in left(out)], source)

    return Part(((0, own(a, shapes[0])), (1, own(b, shapes[1]))), build)


WORKS: dict[Primitive, Callable[[Equation, Index], Part | None]] = {
    **{p: _of_elementwise for p in registry.values() if p.is_elementwise and not p.is_multiple},
    sum_p: _of_sum,
    dot_p: _of_dot,
    einsum_p: _of_einsum,
}


# Sums of a part are taken in another order than those of the whole.
ROUNDED = frozenset({sum_p, dot_p, einsum_p})
