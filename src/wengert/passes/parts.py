"""Parts of values: what part of its inputs an operation needs for a part of its result.

`moved_parts.py` has the operations that only move data, `worked_parts.py` those that compute. An
index is that of the primitive `index`, without None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert.ir.program import Source
from wengert.ops.core import (
    reshape_p,
    transpose_p,
)
from wengert.ops.indexing import Index, index_p, selected_shape
from wengert.passes.pattern import Graph

Build = Callable[[Graph, list[Any], Source], Any]


@dataclass(frozen=True)
class Part:
    """The inputs that are needed, each with an index; and how the part is made of these."""

    needs: tuple[tuple[int, Index], ...]
    build: Build


def padded(index: Index, shape: tuple[int, ...]) -> list[Any]:
    """The index with an entry for every axis."""
    return [*index, *[(0, n, 1) for n in shape[len(index) :]]]


def trimmed(entries: Sequence[Any], shape: tuple[int, ...]) -> Index:
    """The index without full slices at its end."""
    n = len(entries)
    while n and entries[n - 1] == (0, shape[n - 1], 1):
        n -= 1
    return tuple(entries[:n])


def take(graph: Graph, atom: Any, index: Index, source: Source) -> Any:
    """`atom[index]`."""
    return graph.emit(index_p, (atom,), {"index": index}, source) if index else atom


def reshaped(graph: Graph, x: Any, shape: tuple[int, ...], source: Source) -> Any:
    if x.type.shape == shape:
        return x
    return graph.emit(reshape_p, (x,), {"shape": shape, "order": "C"}, source)


def transposed(graph: Graph, x: Any, axes: Sequence[int], source: Source) -> Any:
    axes = tuple(axes)
    if axes == tuple(range(len(axes))):
        return x
    return graph.emit(transpose_p, (x,), {"axes": axes}, source)


def aligned(entries: list[Any], shape: tuple[int, ...], out: tuple[int, ...]) -> Index:
    """The index of an operand of `shape` that NumPy broadcasts to `out`."""
    own: list[Any] = []
    extra = len(out) - len(shape)
    for e, n, m in zip(entries[extra:], shape, out[extra:], strict=True):
        own.append(e if n == m else 0 if type(e) is int else (0, 1, 1))
    return trimmed(own, shape)


def n_elements(type_: Any, index: Index) -> int:
    """How many elements a part has."""
    return math.prod(selected_shape(type_.shape, index))
