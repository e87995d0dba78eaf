"""From products to the values of a sparse matrix, in the order of its entries.

Every entry of the middle D (`separation.py`) is an element of one product; every entry of J is one
entry of D, or a sum of several. Where the products can be laid out so that they are the values in
order, nothing is moved; else there is one gather, or one scatter that adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.compression.products import Products
from wengert.compression.structure import Integers
from wengert.ops.core import conj, convert, full, reshape
from wengert.ops.gather import gather, scatter_add
from wengert.ops.joining import concatenate, stack


@dataclass(frozen=True)
class Block:
    """The products of one output, raveled: colors last (`is_last`) or first."""

    colors: tuple[int, ...]
    is_last: bool
    size: int

    def places(self, element: Integers, color: Integers) -> Integers:
        """Where the product of a color has an element."""
        rank = np.full(max(self.colors, default=0) + 1, -1)
        rank[list(self.colors)] = np.arange(len(self.colors))
        n = rank[color]
        return element * len(self.colors) + n if self.is_last else n * self.size + element


@dataclass(frozen=True)
class Assembly:
    """How the values of all entries come out of products.

    Attributes
    ----------
    products : Products
    blocks : tuple of Block
        Of each output of the products.
    places : int array, shape (entries of D,)
        Of each entry of D in the raveled blocks.
    is_adjoint : bool
        Whether the products are those of the adjoint, and complex ones to be conjugated.
    """

    products: Products
    blocks: tuple[Block, ...]
    places: Integers
    is_adjoint: bool

    @property
    def size(self) -> int:
        """Numbers in all blocks."""
        return sum([len(b.colors) * b.size for b in self.blocks])

    def flat(self, known: Sequence[Any], memory: float, dtype: Any) -> Any:
        """All blocks raveled and joined."""
        products = self.products
        if products.is_written_out():
            found = products.one_by_one(known, [b.colors for b in self.blocks])
            parts = [_colors_last(values, dtype) for values in found if values]
        else:
            parts = [
                reshape(convert(x, dtype), (x.size,)) for x in products.all_at_once(known, memory)
            ]
        flat = parts[0] if len(parts) == 1 else concatenate(parts, 0)
        return conj(flat) if self.is_adjoint else flat


def _colors_last(values: Sequence[Any], dtype: Any) -> Any:
    """Products of one output, element by element."""
    first = values[0]
    if len(values) == 1:
        return reshape(convert(first, dtype), (first.size,))
    joined = stack([convert(v, dtype) for v in values], first.ndim)
    return reshape(joined, (joined.size,))


def assembled(
    products: Products,
    output: Integers,
    element: Integers,
    color: Integers,
    slots: Integers,
    is_adjoint: bool = False,
) -> Assembly:
    """The assembly of entries, each the `element` of `output` in the product of a `color`.

    `slots` are their places among the entries of J: colors are put in the order of these.
    """
    is_last = products.is_written_out()
    blocks: list[Block] = []
    places = np.empty(len(output), np.int64)
    start = 0
    for i, t in enumerate(products.out_types):
        own = np.flatnonzero(output == i)
        there = [*range(products.n_colors)]
        if is_last:
            there = _order_of_colors(element[own], color[own], slots[own])
        block = Block(tuple(there), is_last, t.size)
        places[own] = start + block.places(element[own], color[own])
        start += len(block.colors) * block.size
        blocks.append(block)
    return Assembly(products, tuple(blocks), places, is_adjoint)


def _order_of_colors(element: Integers, color: Integers, slots: Integers) -> list[int]:
    """The colors that occur, ordered as the entries of the first element that has most of them."""
    present = np.flatnonzero(np.bincount(color))
    if not len(element):
        return []
    fullest = element == np.argmax(np.bincount(element))
    ordered = color[fullest][np.argsort(slots[fullest])]
    rest = [c for c in present.tolist() if c not in set(ordered.tolist())]
    return [*ordered.tolist(), *rest]


def ordered_values(flat: Any, places: Integers, slots: Integers, n_slots: int) -> Any:
    """The values of all entries of J: of each the sum of `flat` at its places."""
    size = flat.shape[0]
    if len(slots) == n_slots:
        order = np.empty(n_slots, np.int64)
        order[slots] = places
        if size == n_slots and np.array_equal(order, np.arange(size)):
            return flat
        return gather(flat, (order,), (0,))
    target = np.full(size, n_slots)  # what belongs to no entry goes to one more, which is cut off
    target[places] = slots
    total = scatter_add(full((n_slots + 1,), 0, flat.dtype), flat, (target,), (0,))
    return total[:n_slots]
