"""Star and acyclic coloring of the graph of a symmetric matrix.

Neighbors get different colors. In a star coloring, moreover, two colors together make up nothing
but stars, so that each entry can be read in one of two products; in an acyclic coloring nothing but
trees, so that the entries follow one after the other from the leaves.

Both are kept as *slots*: a vertex has one for each color around it, with one neighbor of that
color. Slots of vertex v lie from `pointers[v]` to `ends[v]`. All that is asked about a vertex's
surroundings is asked of its slots, so a vertex with many neighbors costs no square of their number.

- Star: `centers` says whether the vertex is the center of the star in a slot (it has several
  neighbors of the color), the neighbor is, or it is an edge alone. A color is forbidden to v if it
  stands around one of two neighbors of v that have a common color, or at a neighbor's neighbor that
  is the center of the star between them.
- Acyclic: `trees` joins slots into the trees of two colors (a forest of disjoint sets). A color is
  forbidden to v if a tree with it touches v twice.

Source
------
T. F. Coleman and J. J. Moré, Estimation of sparse Hessian matrices and graph coloring problems,
Math. Program. 28 (1984); A. H. Gebremedhin, A. Tarafdar, F. Manne and A. Pothen, New acyclic and
star coloring algorithms with application to computing Hessians, SIAM J. Sci. Comput. 29 (2007).
They walk over neighbors where we walk over slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wengert.compression.ordering import neighbors_of, ordered
from wengert.compression.structure import Integers, Structure
from wengert.native.python_loops import Vector, python_loop

ALONE, ITSELF, NEIGHBOR = 0, 1, 2  # who is the center of the star in a slot


@dataclass(frozen=True, eq=False)
class Slots:
    """The colors around each vertex, and a neighbor that has it."""

    ends: Integers
    neighbors: Integers


def color_star(graph: Structure, order: str) -> tuple[Integers, int]:
    """The color of each vertex with an edge or a loop, -1 for others, and how many there are."""
    vertices = _vertices(graph, order)
    n, n_slots = graph.shape[0], graph.n_entries
    colors = np.full(n, -1, np.int64)
    n_colors = _color_star(
        vertices,
        vertices.size,
        graph.pointers,
        graph.indices,
        graph.pointers[:-1].copy(),
        np.empty(n_slots, graph.indices.dtype),
        np.empty(n_slots, np.uint8),
        np.full(n + 1, -1, np.int64),
        np.empty(n + 1, np.int64),
        np.full(n, -1, np.int64),
        np.full(n + 1, -1, np.int64),
        colors,
    )
    return colors, n_colors


def read_stars(graph: Structure, colors: Integers, n_colors: int) -> Integers:
    """Where each entry is read in the products of a star coloring."""
    places = np.empty(graph.n_entries, np.int64)
    _read_stars(
        graph.pointers,
        graph.indices,
        graph.shape[0],
        colors,
        np.full(n_colors, -1, np.int64),
        np.zeros(n_colors, np.int64),
        places,
    )
    return places


def color_acyclic(graph: Structure, order: str) -> tuple[Integers, int, Slots]:
    """As `color_star`, and the slots."""
    vertices = _vertices(graph, order)
    n, n_slots = graph.shape[0], graph.n_entries
    colors = np.full(n, -1, np.int64)
    slots = Slots(graph.pointers[:-1].copy(), np.empty(n_slots, graph.indices.dtype))
    n_colors = _color_acyclic(
        vertices,
        vertices.size,
        graph.pointers,
        graph.indices,
        slots.ends,
        slots.neighbors,
        np.empty(n_slots, graph.indices.dtype),
        np.full(n_slots, -1, graph.indices.dtype),
        np.full(n + 1, -1, np.int64),
        colors,
    )
    return colors, n_colors, slots


def _vertices(graph: Structure, order: str) -> Integers:
    chosen = np.flatnonzero(graph.lengths)
    return ordered(chosen, neighbors_of(graph), order).astype(np.int64, copy=False)


@python_loop
def slot_of(neighbors: Vector, colors: Vector, first: int, end: int, color: int) -> int:
    """The slot of a color among some, or -1."""
    for s in range(first, end):
        if colors[neighbors[s]] == color:
            return s
    return -1


@python_loop
def _forbid_around(
    neighbors: Vector, colors: Vector, first: int, end: int, forbidden: Vector, v: int
) -> None:
    for s in range(first, end):
        forbidden[colors[neighbors[s]]] = v


@python_loop
def _color_star(
    vertices: Vector,
    n_vertices: int,
    pointers: Vector,
    indices: Vector,
    ends: Vector,
    neighbors: Vector,
    centers: Vector,
    met_by: Vector,
    met: Vector,
    treated: Vector,
    forbidden: Vector,
    colors: Vector,
) -> int:
    """`met[c]` is the first neighbor of color c that vertex `met_by[c]` came upon."""
    n_colors = 0
    for t in range(n_vertices):
        v = vertices[t]
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            c = colors[w]
            if c < 0:
                continue
            forbidden[c] = v
            if met_by[c] != v:
                met_by[c] = v
                met[c] = w
                for s in range(pointers[w], ends[w]):
                    if centers[s] == NEIGHBOR:
                        forbidden[colors[neighbors[s]]] = v
            else:
                q = met[c]
                if treated[q] != v:
                    treated[q] = v
                    _forbid_around(neighbors, colors, pointers[q], ends[q], forbidden, v)
                _forbid_around(neighbors, colors, pointers[w], ends[w], forbidden, v)
        color = 0
        while forbidden[color] == v:
            color += 1
        colors[v] = color
        if color >= n_colors:
            n_colors = color + 1
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            if w != v and colors[w] >= 0:
                _add_to_star(pointers, ends, neighbors, centers, colors, v, w)
    return n_colors


@python_loop
def _add_to_star(
    pointers: Vector,
    ends: Vector,
    neighbors: Vector,
    centers: Vector,
    colors: Vector,
    v: int,
    w: int,
) -> None:
    """The edge between v, colored just now, and w: in the star of one of them, or alone."""
    mine = slot_of(neighbors, colors, pointers[v], ends[v], colors[w])
    theirs = slot_of(neighbors, colors, pointers[w], ends[w], colors[v])
    v_had_one = mine
    w_had_one = theirs
    if v_had_one < 0:
        mine = ends[v]
        ends[v] = mine + 1
        neighbors[mine] = w
        centers[mine] = ALONE
    if w_had_one < 0:
        theirs = ends[w]
        ends[w] = theirs + 1
        neighbors[theirs] = v
        centers[theirs] = ALONE
    if v_had_one >= 0:
        first = neighbors[mine]
        centers[slot_of(neighbors, colors, pointers[first], ends[first], colors[v])] = NEIGHBOR
        centers[mine] = ITSELF
        centers[theirs] = NEIGHBOR
    elif w_had_one >= 0:
        first = neighbors[theirs]
        centers[slot_of(neighbors, colors, pointers[first], ends[first], colors[w])] = NEIGHBOR
        centers[theirs] = ITSELF
        centers[mine] = NEIGHBOR


@python_loop
def _read_stars(
    pointers: Vector,
    indices: Vector,
    n: int,
    colors: Vector,
    counted_in: Vector,
    counts: Vector,
    places: Vector,
) -> None:
    """Entry (i, j) in row i of j's color if no other neighbor of i has it, else across."""
    for i in range(n):
        for k in range(pointers[i], pointers[i + 1]):
            c = colors[indices[k]]
            if counted_in[c] != i:
                counted_in[c] = i
                counts[c] = 0
            counts[c] += 1
        for k in range(pointers[i], pointers[i + 1]):
            j = indices[k]
            if counts[colors[j]] == 1:
                places[k] = colors[j] * n + i
            else:
                places[k] = colors[i] * n + j


@python_loop
def _color_acyclic(
    vertices: Vector,
    n_vertices: int,
    pointers: Vector,
    indices: Vector,
    ends: Vector,
    neighbors: Vector,
    trees: Vector,
    met_by: Vector,
    forbidden: Vector,
    colors: Vector,
) -> int:
    """`met_by[tree]` is the last vertex that came upon a tree."""
    n_colors = 0
    for t in range(n_vertices):
        v = vertices[t]
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            c = colors[w]
            if c < 0:
                continue
            forbidden[c] = v
            for s in range(pointers[w], ends[w]):
                tree = _root(trees, s)
                if met_by[tree] == v:
                    forbidden[colors[neighbors[s]]] = v
                met_by[tree] = v
        color = 0
        while forbidden[color] == v:
            color += 1
        colors[v] = color
        if color >= n_colors:
            n_colors = color + 1
        for k in range(pointers[v], pointers[v + 1]):
            w = indices[k]
            if w != v and colors[w] >= 0:
                mine = _slot_for(pointers, ends, neighbors, trees, colors, v, w)
                theirs = _slot_for(pointers, ends, neighbors, trees, colors, w, v)
                trees[_root(trees, mine)] = _root(trees, theirs)
    return n_colors


@python_loop
def _slot_for(
    pointers: Vector, ends: Vector, neighbors: Vector, trees: Vector, colors: Vector, v: int, w: int
) -> int:
    """The slot of v for the color of w; a new one is a tree by itself."""
    s = slot_of(neighbors, colors, pointers[v], ends[v], colors[w])
    if s < 0:
        s = ends[v]
        ends[v] = s + 1
        neighbors[s] = w
        trees[s] = s
    return s


@python_loop
def _root(trees: Vector, s: int) -> int:
    while trees[s] != s:
        trees[s] = trees[trees[s]]
        s = trees[s]
    return s
