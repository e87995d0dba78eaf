"""In which order vertices are colored: greedy colorings depend on nothing else.

A vertex's neighbors are given in two steps, vertex to groups to members: the columns that meet a
column in some row, for instance. Where neighbors stand in a list already, each vertex is its own
group (`neighbors_of`). A row that holds a good part of all columns makes them all neighbors and so
distinguishes none of them; groups of more than `limit` members are left out, which would cost the
square of their length.

Source
------
D. W. Matula and L. L. Beck, Smallest-last ordering and clustering and graph coloring algorithms,
J. ACM 30 (1983); T. F. Coleman and J. J. Moré, Estimation of sparse Jacobian matrices and graph
coloring problems, SIAM J. Numer. Anal. 20 (1983), for the incidence degree; A. H. Gebremedhin,
D. Nguyen, Md. M. A. Patwary and A. Pothen, ColPack, ACM Trans. Math. Softw. 40 (2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wengert.compression.structure import Integers, Structure
from wengert.native.python_loops import python_loop

ORDERS = (
    "natural",
    "largest_first",
    "smallest_last",
    "incidence_degree",
    "dynamic_largest_first",
    "random",
)
SHORT = 64  # members: up to here a group's square costs nothing


@dataclass(frozen=True, eq=False)
class Neighbors:
    """From vertices to groups to members; groups of more than `limit` members do not count."""

    groups: Structure
    members: Structure
    limit: int


def neighbors_of(graph: Structure) -> Neighbors:
    """Those that share an edge."""
    n = graph.shape[0]
    identity = Structure(
        (n, n),
        np.arange(n + 1, dtype=graph.indices.dtype),
        np.arange(n, dtype=graph.indices.dtype),
    )
    return Neighbors(identity, graph, n)


def columns_that_meet(structure: Structure) -> Neighbors:
    """Those that have an entry in the same row, which is not a long one."""
    return Neighbors(structure.transposed, structure, long_row(structure.shape[1]))


def long_row(n_columns: int) -> int:
    """From where on a row is long: a bit for every column then takes less room than its entries."""
    return max(SHORT, n_columns // 64)


def ordered(vertices: Integers, neighbors: Neighbors, order: str) -> Integers:
    """Some vertices, which are the only ones with neighbors, in an order of `ORDERS`."""
    if order == "natural":
        return vertices
    if order == "random":
        return np.random.default_rng(0).permutation(vertices)
    degrees = _degrees_of(neighbors)
    largest_first = vertices[np.argsort(-degrees[vertices], kind="stable")]
    if order == "largest_first":
        return largest_first
    if order == "smallest_last":
        return _dynamic(vertices, neighbors, degrees, degrees, better=-1, change=-1)[::-1].copy()
    if order == "dynamic_largest_first":
        return _dynamic(vertices, neighbors, degrees, degrees, better=1, change=-1)
    none_ordered = np.zeros_like(degrees)
    return _dynamic(largest_first, neighbors, degrees, none_ordered, better=1, change=1)


def _degrees_of(neighbors: Neighbors) -> Integers:
    groups, members = neighbors.groups, neighbors.members
    n = groups.shape[0]
    degrees = np.zeros(n, np.int64)
    seen = np.full(n, -1, np.int64)
    _count_neighbors(
        groups.pointers,
        groups.indices,
        members.pointers,
        members.indices,
        neighbors.limit,
        n,
        seen,
        degrees,
    )
    return degrees


def _dynamic(
    vertices: Integers,
    neighbors: Neighbors,
    degrees: Integers,
    keys: Integers,
    *,
    better: int,
    change: int,
) -> Integers:
    """Take the vertex with the best key again and again; its neighbors' keys change then.

    Among equals the one that changed last is taken, at first the earliest in `vertices`.
    """
    groups, members = neighbors.groups, neighbors.members
    n = groups.shape[0]
    n_keys = int(degrees.max(initial=0)) + 1
    order = np.empty(vertices.size, np.int64)
    _take_best(
        vertices.astype(np.int64),
        vertices.size,
        groups.pointers,
        groups.indices,
        members.pointers,
        members.indices,
        neighbors.limit,
        keys.copy(),
        better,
        change,
        0 if better > 0 else n_keys - 1,
        np.full(n_keys, -1, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.full(n, -1, np.int64),
        order,
    )
    return order


@python_loop
def _count_neighbors(  # type: ignore[no-untyped-def]
    group_pointers, groups, member_pointers, members, limit, n, seen, degrees
):
    for v in range(0, n):
        seen[v] = v
        count = 0
        for k in range(group_pointers[v], group_pointers[v + 1]):
            g = groups[k]
            first = member_pointers[g]
            end = member_pointers[g + 1]
            if end - first > limit:
                continue
            for m in range(first, end):
                w = members[m]
                if seen[w] != v:
                    seen[w] = v
                    count += 1
        degrees[v] = count


@python_loop
def _file(heads, following, previous, keys, v):  # type: ignore[no-untyped-def]
    """Put a vertex at the head of the list of its key."""
    old = heads[keys[v]]
    following[v] = old
    previous[v] = -1
    if old >= 0:
        previous[old] = v
    heads[keys[v]] = v


@python_loop
def _unfile(heads, following, previous, keys, v):  # type: ignore[no-untyped-def]
    after = following[v]
    before = previous[v]
    if after >= 0:
        previous[after] = before
    if before >= 0:
        following[before] = after
    else:
        heads[keys[v]] = after


@python_loop
def _take_best(  # type: ignore[no-untyped-def]
    vertices,
    n_vertices,
    group_pointers,
    groups,
    member_pointers,
    members,
    limit,
    keys,
    better,
    change,
    best,
    heads,
    following,
    previous,
    seen,
    order,
):
    for t in range(0, n_vertices):
        v = vertices[n_vertices - 1 - t]
        _file(heads, following, previous, keys, v)
        if (keys[v] - best) * better > 0:
            best = keys[v]
    taken = -2  # in `seen`: no neighbor any more
    for t in range(0, n_vertices):
        while heads[best] < 0:
            best -= better
        v = heads[best]
        _unfile(heads, following, previous, keys, v)
        seen[v] = taken
        order[t] = v
        for k in range(group_pointers[v], group_pointers[v + 1]):
            g = groups[k]
            first = member_pointers[g]
            end = member_pointers[g + 1]
            if end - first > limit:
                continue
            for m in range(first, end):
                w = members[m]
                if seen[w] == taken or seen[w] == v:
                    continue
                seen[w] = v
                _unfile(heads, following, previous, keys, w)
                keys[w] += change
                _file(heads, following, previous, keys, w)
                if (keys[w] - best) * better > 0:
                    best = keys[w]
