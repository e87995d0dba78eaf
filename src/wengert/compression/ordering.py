"""In which order vertices are colored: greedy colorings depend on nothing else.

- natural: as they are numbered, which often follows a geometry.
- largest first: by falling number of neighbors.
- smallest last: from the end, always the one with fewest neighbors among those that remain.
- incidence degree: always the one with most neighbors before it.
- dynamic largest first: always the one with most neighbors among those that remain.
- saturation: always the one around which most colors are. It grows from one place, and finds the
  5 and 9 colors of the five-point and nine-point stencils.

A vertex's neighbors are given in two steps, vertex to groups to members: the columns that meet a
column in some row, for instance. Where neighbors stand in a list already, each vertex is its own
group (`neighbors_of`). A row that holds a good part of all columns makes them all neighbors and so
distinguishes none of them; groups of more than `limit` members are left out, which would cost the
square of their length.

Source
------
D. Brélaz, New methods to color the vertices of a graph, Commun. ACM 22 (1979), for saturation;
D. W. Matula and L. L. Beck, Smallest-last ordering and clustering and graph coloring algorithms,
J. ACM 30 (1983); T. F. Coleman and J. J. Moré, Estimation of sparse Jacobian matrices and graph
coloring problems, SIAM J. Numer. Anal. 20 (1983), for the incidence degree; A. H. Gebremedhin,
D. Nguyen, Md. M. A. Patwary and A. Pothen, ColPack: software for graph coloring and related
problems in scientific computing, ACM Trans. Math. Softw. 40 (2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wengert.compression.structure import Integers, Structure
from wengert.native.python_loops import Vector, python_loop

ORDERS = (
    "natural",
    "saturation",
    "largest_first",
    "smallest_last",
    "incidence_degree",
    "dynamic_largest_first",
    "random",
)
MOST_COLORS = 1 << 62  # the last bit: saturation takes all later colors for one
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
    """From where on a row is long: a bit for every column then takes some times its own room."""
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
    return _dynamic(
        largest_first,
        neighbors,
        degrees,
        np.zeros_like(degrees),
        better=1,
        change=1,
        counts_colors=order == "saturation",
    )


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
    counts_colors: bool = False,
) -> Integers:
    """Take the vertex with the best key again and again; its neighbors' keys change then.

    Among equals the one that has waited longest is taken, at first the earliest in `vertices`.
    With `counts_colors` each taken one gets the first color that is free, of 62, and a neighbor's
    key changes only if it meets that color for the first time.
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
        int(counts_colors),
        0 if better > 0 else n_keys - 1,
        np.full(n_keys, -1, np.int64),
        np.full(n_keys, -1, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(n, np.int64),
        order,
    )
    return order


@python_loop
def _count_neighbors(
    group_pointers: Vector,
    groups: Vector,
    member_pointers: Vector,
    members: Vector,
    limit: int,
    n: int,
    seen: Vector,
    degrees: Vector,
) -> None:
    for v in range(n):
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
def file(
    heads: Vector, tails: Vector, following: Vector, previous: Vector, keys: Vector, v: int
) -> None:
    """Put a vertex at the end of the list of its key."""
    last = tails[keys[v]]
    following[v] = -1
    previous[v] = last
    if last >= 0:
        following[last] = v
    else:
        heads[keys[v]] = v
    tails[keys[v]] = v


@python_loop
def unfile(
    heads: Vector, tails: Vector, following: Vector, previous: Vector, keys: Vector, v: int
) -> None:
    after = following[v]
    before = previous[v]
    if after >= 0:
        previous[after] = before
    else:
        tails[keys[v]] = before
    if before >= 0:
        following[before] = after
    else:
        heads[keys[v]] = after


@python_loop
def _take_best(
    vertices: Vector,
    n_vertices: int,
    group_pointers: Vector,
    groups: Vector,
    member_pointers: Vector,
    members: Vector,
    limit: int,
    keys: Vector,
    better: int,
    change: int,
    counts_colors: int,
    best: int,
    heads: Vector,
    tails: Vector,
    following: Vector,
    previous: Vector,
    seen: Vector,
    colors_seen: Vector,
    order: Vector,
) -> None:
    """`seen` is the last neighbor that a vertex was met from, or -2 once it is taken."""
    for t in range(n_vertices):
        v = vertices[t]
        file(heads, tails, following, previous, keys, v)
        if (keys[v] - best) * better > 0:
            best = keys[v]
    for t in range(n_vertices):
        while heads[best] < 0:
            best -= better
        v = heads[best]
        unfile(heads, tails, following, previous, keys, v)
        seen[v] = -2
        order[t] = v
        color = 1
        while counts_colors and color < MOST_COLORS and (colors_seen[v] & color) != 0:
            color = color << 1
        for k in range(group_pointers[v], group_pointers[v + 1]):
            g = groups[k]
            first = member_pointers[g]
            end = member_pointers[g + 1]
            if end - first > limit:
                continue
            for m in range(first, end):
                w = members[m]
                if seen[w] == -2 or seen[w] == v:
                    continue
                seen[w] = v
                if counts_colors:
                    if (colors_seen[w] & color) != 0:
                        continue
                    colors_seen[w] = colors_seen[w] | color
                unfile(heads, tails, following, previous, keys, w)
                keys[w] += change
                file(heads, tails, following, previous, keys, w)
                if (keys[w] - best) * better > 0:
                    best = keys[w]
