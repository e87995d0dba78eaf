"""The entries of a symmetric matrix from the products of an acyclic coloring.

Row i of the product with color c is the sum of row i's entries in columns of that color. Those
entries are edges of one tree of two colors. At a leaf there is only one: it is known. Taken from
the sum in its neighbor's row, it leaves one edge less, and so on to the last edge of the tree.

In matrix terms the entries solve a unit triangular system of zeros and ones with one off-diagonal
number a column: each entry is subtracted from at most one other, its `receiver`.

Source
------
T. F. Coleman and J.-Y. Cai, The cyclic coloring problem and estimation of sparse Hessian matrices,
SIAM J. Alg. Disc. Meth. 7 (1986); A. H. Gebremedhin, A. Pothen, A. Tarafdar and A. Walther,
Efficient computation of sparse Hessians using coloring and automatic differentiation, INFORMS J.
Comput. 21 (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wengert.compression.structure import Integers, Structure
from wengert.compression.symmetric import Slots, slot_of
from wengert.native.python_loops import Vector, python_loop


@dataclass(frozen=True, eq=False)
class Substitution:
    """In which order entries are finished, and what is subtracted where.

    Parameters
    ----------
    entries : array of int, shape (n,)
        Places of entries, those that others are read from first. An entry that is read in a product
        as it is and subtracted nowhere is not among them.
    twins : array of int, shape (n,)
        The place of the same number across the diagonal.
    receivers : array of int, shape (n,)
        The entry that it is subtracted from, or -1.
    """

    entries: Integers
    twins: Integers
    receivers: Integers

    def solve(self, values: NDArray[Any]) -> None:
        """Finish in place what was read in the products: contiguous floats or complex numbers."""
        is_real = values.dtype.kind == "f"
        parts = values if is_real else values.view(values.real.dtype)
        _substitute(
            self.entries, self.twins, self.receivers, self.entries.size, 1 if is_real else 2, parts
        )


def eliminate(
    graph: Structure, colors: Integers, slots: Slots
) -> tuple[Integers, Substitution | None]:
    """Where each entry of the graph is read in the products, and what must be substituted then."""
    n, n_entries = graph.shape[0], graph.n_entries
    mirrors, dtype = graph.origins, graph.indices.dtype
    slots_at = np.full(n_entries, -1, dtype)
    finished = np.empty(n_entries, dtype)
    last = np.full(n_entries, -1, dtype)
    neighbor_slots = np.empty(n_entries, dtype)
    n_edges = _eliminate(
        graph.pointers,
        graph.indices,
        mirrors,
        n,
        colors,
        slots.ends,
        slots.neighbors,
        slots_at,
        np.zeros(n_entries, dtype),
        np.zeros(n_entries, dtype),
        np.empty(n_entries, dtype),
        finished,
        neighbor_slots,
        last,
    )
    places = colors[graph.indices] * n + graph.rows
    entries, twins, receivers = (np.empty(n_edges, dtype) for _ in range(3))
    n_kept = _collect(
        finished,
        neighbor_slots,
        last,
        mirrors,
        n_edges,
        np.zeros(n_entries, np.uint8),
        places,
        entries,
        twins,
        receivers,
    )
    if not n_kept:
        return places, None
    return places, Substitution(entries[:n_kept], twins[:n_kept], receivers[:n_kept])


@python_loop
def _eliminate(
    pointers: Vector,
    indices: Vector,
    mirrors: Vector,
    n: int,
    colors: Vector,
    ends: Vector,
    neighbors: Vector,
    slots_at: Vector,
    degrees: Vector,
    links: Vector,
    queue: Vector,
    finished: Vector,
    neighbor_slots: Vector,
    last: Vector,
) -> int:
    """Take leaves off the trees; `links` are the exclusive or of a slot's remaining entries."""
    for v in range(n):
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            if w != v:
                s = slot_of(neighbors, colors, pointers[v], ends[v], colors[w])
                slots_at[k] = s
                degrees[s] += 1
                links[s] = links[s] ^ k
    n_queued = 0
    for v in range(n):
        for s in range(pointers[v], ends[v]):
            if degrees[s] == 1:
                queue[n_queued] = s
                n_queued += 1
    n_edges = 0
    t = 0
    while t < n_queued:
        s = queue[t]
        t += 1
        if degrees[s] == 0:
            continue  # the other end of a tree's last edge
        k = links[s]
        other = slots_at[mirrors[k]]
        degrees[s] = 0
        degrees[other] -= 1
        links[other] = links[other] ^ mirrors[k]
        finished[n_edges] = k
        neighbor_slots[n_edges] = other
        n_edges += 1
        last[s] = k
        if degrees[other] == 1:
            queue[n_queued] = other
            n_queued += 1
    return n_edges


@python_loop
def _collect(
    finished: Vector,
    neighbor_slots: Vector,
    last: Vector,
    mirrors: Vector,
    n_edges: int,
    receives: Vector,
    places: Vector,
    entries: Vector,
    twins: Vector,
    receivers: Vector,
) -> int:
    """Both places of an entry are where it is read; keep what is subtracted, or subtracted from."""
    for t in range(n_edges):
        receiver = last[neighbor_slots[t]]
        if receiver >= 0:
            receives[receiver] = 1
    n_kept = 0
    for t in range(n_edges):
        k = finished[t]
        places[mirrors[k]] = places[k]
        receiver = last[neighbor_slots[t]]
        if receiver >= 0 or receives[k]:
            entries[n_kept] = k
            twins[n_kept] = mirrors[k]
            receivers[n_kept] = receiver
            n_kept += 1
    return n_kept


@python_loop
def _substitute(
    entries: Vector, twins: Vector, receivers: Vector, n: int, width: int, values: Vector
) -> None:
    for t in range(n):
        for part in range(width):
            value = values[entries[t] * width + part]
            values[twins[t] * width + part] = value
            if receivers[t] >= 0:
                place = receivers[t] * width + part
                values[place] = values[place] - value
