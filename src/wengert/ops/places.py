"""Places named by integer arrays: their shape, their batching, and which of several writes counts.

last_writer(i, j, …)   where no later entry of the index arrays names the same place
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import IndexingError
from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, define
from wengert.ops.core import iota, reshape
from wengert.trace.tracer import bind
from wengert.types import Type


def places_shape(indices: Sequence[Any]) -> tuple[int, ...]:
    """The broadcast shape of index arrays or their Types; Python ints count as 0-d."""
    shapes = [i.shape for i in indices if hasattr(i, "shape")]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexingError(
            "index arrays do not broadcast with each other.",
            got=f"shapes {', '.join(map(str, shapes))}",
            expected="sizes that are equal or 1, counted from the last axis",
            try_="np.ix_ for the grid of all combinations",
        ) from None


def batch_places(
    size: int, indices: Sequence[Any], is_batched: Sequence[bool]
) -> tuple[tuple[Any, ...], int]:
    """Index arrays with the batch axis first where they have one, and the rank of the places."""
    rank = max(
        [
            len(i.shape) - on
            for i, on in zip(indices, is_batched, strict=True)
            if hasattr(i, "shape")
        ],
        default=0,
    )
    aligned = [
        reshape(i, (size, *(1,) * (rank - i.ndim + 1), *i.shape[1:])) if on else i
        for i, on in zip(indices, is_batched, strict=True)
    ]
    return tuple(aligned), rank


def lanes(size: int, rank: int) -> Any:
    """The number of each item of the batch, against places of `rank` axes."""
    return reshape(iota(size), (size, *(1,) * rank))


def _last_writer(*indices: Any, bounds: tuple[int, ...]) -> Any:
    places = np.broadcast_arrays(*indices)
    shape = places[0].shape
    wrapped = [np.where(i < 0, i + n, i) for i, n in zip(places, bounds, strict=True)]
    flat = np.ravel_multi_index(wrapped, bounds).reshape(-1)
    order = np.argsort(flat, kind="stable")
    is_last = np.ones(flat.size, bool)
    is_last[order[:-1]] = flat[order[:-1]] != flat[order[1:]]
    return is_last.reshape(shape)


_LAST_WRITER = """
def last_writer(*places, bounds):
    places = np.broadcast_arrays(*places)
    flat = np.ravel_multi_index([i % n for i, n in zip(places, bounds)], bounds).reshape(-1)
    order = np.argsort(flat, kind="stable")
    is_last = np.ones(flat.size, bool)
    is_last[order[:-1]] = flat[order[:-1]] != flat[order[1:]]
    return is_last.reshape(places[0].shape)
"""


def _last_writer_batch(size: int, args: Any, is_batched: Any, *, bounds: Any) -> Any:
    indices, rank = batch_places(size, args, is_batched)
    return bind(last_writer_p, lanes(size, rank), *indices, bounds=(size, *bounds)), True


def _emit_last_writer(m: Any, *indices_and_out: Any, bounds: tuple[int, ...]) -> None:
    """Every entry leaves its number at its place; those that find it there again are the last."""
    *indices, out = indices_and_out
    numbers = m.temporary("i8", bounds)
    strides = [1] * len(out.shape)
    for axis in range(len(out.shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * out.shape[axis + 1]

    def visit(at: Any, write: bool) -> None:
        there = [m.place(i, m.broadcast(i, at), n) for i, n in zip(indices, bounds, strict=True)]
        own = sum([i * s for i, s in zip(at, strides, strict=True)], 0)
        if write:
            m.store(numbers, there, m.number(own))
        else:
            m.store(out, at, m.b.compare("eq", m.load(numbers, there), m.number(own)))

    m.each(out.shape, lambda at: visit(at, True))
    m.each(out.shape, lambda at: visit(at, False))
    m.release(numbers)


last_writer_p = define(
    Primitive(
        "last_writer",
        _last_writer,
        lambda *indices, bounds: Type(places_shape(indices), bool),
        batch=_last_writer_batch,
        cost=lambda in_types, out_types, **params: 0,
        gives_array=True,
        render=lambda ins, params: f"last_writer({', '.join(ins)}, bounds={params['bounds']})",
        support=_LAST_WRITER,
        emit=Whole(_emit_last_writer),
        facts={"derivative": "zero: booleans"},
    )
)
