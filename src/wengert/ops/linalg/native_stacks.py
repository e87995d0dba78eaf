"""How compiled linear algebra walks through stacks: written out, or one library call an item.

small      matrices of a few rows, several at once in lanes
each       a loop over the stack, with the item of each array
column_major, factored    what LAPACK works on
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wengert.ops.linalg.native_small import Rows
from wengert.types import Type

VECTOR_BYTES = 32
REALS = {"f8": "f8", "f4": "f4", "c16": "f8", "c8": "f4"}
NS = {"f8": 1.0, "f4": 0.7, "c16": 3.0, "c8": 2.0}  # of what counts 1 for doubles
SMALL_NS = 0.2  # of a step of n^3 in a small matrix
SMALL = 4  # rows of a matrix that is written out
SMALL_IN_STACK = 6  # the same where there are at least
STACK = 16  # matrices
MAX_COLUMNS = 8  # of a right-hand side that is written out


def is_numeric(in_types: Sequence[Any], out_types: Sequence[Any], **params: Any) -> bool:
    """Whether LAPACK has the dtype, and there is something to compute."""
    first = in_types[0]
    if not isinstance(first, Type) or first.dtype.char not in "fdFD":
        return False
    return all(isinstance(t, Type) and t.size for t in (*in_types, *out_types))


def is_small(a: Any, *others: Any) -> bool:
    """Whether matrices are written out, with the columns of the others.

    Many of them together are worth more code: from five rows on it is long, and slow to compile.
    """
    n = a.shape[-1]
    is_stack = n <= SMALL_IN_STACK and math.prod(a.shape[:-2]) >= STACK
    return (n <= SMALL or is_stack) and all([x.shape[-1] <= MAX_COLUMNS for x in others])


def small(
    m: Any,
    ins: Sequence[Any],
    outs: Sequence[Any],
    cores: Sequence[int],
    compute: Callable[..., Sequence[Any]],
) -> None:
    """`compute(*inputs)` on the numbers of one item of each stack, or of several at once.

    `cores` are the numbers of axes that belong to an item, of the inputs, then of the outputs. An
    item is a list of rows, a list, or a number.
    """
    n_ins = len(ins)
    stack = outs[0].shape[: len(outs[0].shape) - cores[n_ins]]
    n = math.prod(stack)
    arrays = list(zip((*ins, *outs), cores, strict=True))
    sizes = [math.prod(x.shape[: len(x.shape) - core]) for x, core in arrays]
    if all([size in (1, n) for size in sizes]):
        flat = [
            m.view(x, (size, *x.shape[len(x.shape) - core :]), _flat_strides(x, core))
            for (x, core), size in zip(arrays, sizes, strict=True)
        ]

        def body(i: Any) -> None:
            places = [(0 if size == 1 else i,) for size in sizes]
            _item(m, flat, places, cores, n_ins, compute)

        width = VECTOR_BYTES // int(REALS[ins[0].kind][1:])
        rows = max([x.shape[-1] for x, core in arrays if core])
        m.in_lanes(n, width if n >= width else 0, body, SMALL_NS * NS[ins[0].kind] * rows**3)
        return
    with m.loops(stack) as at:
        places = [_own_place(x, core, at) for x, core in arrays]
        _item(m, [x for x, _ in arrays], places, cores, n_ins, compute)


def _flat_strides(x: Any, core: int) -> tuple[int, ...]:
    inner = x.shape[len(x.shape) - core :]
    return (math.prod(inner), *x.strides[len(x.shape) - core :])


def _own_place(x: Any, core: int, at: Sequence[Any]) -> tuple[Any, ...]:
    k = len(x.shape) - core
    return tuple([0 if n == 1 else i for i, n in zip(at[len(at) - k :], x.shape[:k], strict=True)])


def _item(
    m: Any,
    arrays: Sequence[Any],
    places: Sequence[tuple[Any, ...]],
    cores: Sequence[int],
    n_ins: int,
    compute: Callable[..., Sequence[Any]],
) -> None:
    items = list(zip(arrays, places, cores, strict=True))
    results = compute(*[_loaded(m, *item) for item in items[:n_ins]])
    for (x, place, core), result in zip(items[n_ins:], results, strict=True):
        _stored(m, x, place, core, result)


def _loaded(m: Any, x: Any, place: tuple[Any, ...], core: int) -> Any:
    shape = x.shape[len(x.shape) - core :]
    if core == 0:
        return m.load(x, place)
    if core == 1:
        return [m.load(x, (*place, i)) for i in range(shape[0])]
    return [[m.load(x, (*place, i, j)) for j in range(shape[1])] for i in range(shape[0])]


def _stored(m: Any, x: Any, place: tuple[Any, ...], core: int, result: Any) -> None:
    if core == 0:
        m.store(x, place, result)
    elif core == 1:
        for i, value in enumerate(result):
            m.store(x, (*place, i), value)
    else:
        rows: Rows = result
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                m.store(x, (*place, i, j), value)


# -- one call an item ------------------------------------------------------------------------------


@contextmanager
def each(
    m: Any, arrays: Sequence[Any], cores: Sequence[int], ns: float = 0.0
) -> Iterator[list[Any]]:
    """A loop over the stack of the last array, with the item of each; the others broadcast.

    `ns` is about what an item takes in double precision: threads share long loops. Items then work
    in memory that is taken inside.
    """
    last = arrays[-1]
    stack = last.shape[: len(last.shape) - cores[-1]]
    with m.stack(stack, ns * NS[arrays[0].kind]) if ns else m.loops(stack) as at:
        yield [item(m, x, core, at) for x, core in zip(arrays, cores, strict=True)]


def item(m: Any, x: Any, core: int, at: Sequence[Any]) -> Any:
    k = len(x.shape) - core
    steps = list(zip(_own_place(x, core, at), x.strides[:k], strict=True))
    return m.view(x, x.shape[k:], x.strides[k:], steps)


def column_major(m: Any, kind: str, rows: int, columns: int) -> Any:
    """A new matrix in LAPACK's order, to be released."""
    return transposed(m, m.temporary(kind, (columns, rows)))


def transposed(m: Any, x: Any) -> Any:
    return m.view(x, x.shape[::-1], x.strides[::-1])


def differs_from_zero(m: Any, info: Any) -> Any:
    return m.b.compare("ne", m.load(info, ()), m.b.constant(0, "i4"))


def cost(ns: float, *sizes: int) -> float:
    """Nanoseconds of a factorization with that many steps of `ns`."""
    return 2000.0 + ns * math.prod(sizes)


class Factored:
    """A matrix as getrf leaves it: `lu` in column order, `pivots` that count from 1."""

    def __init__(self, m: Any, kind: str, rows: int, columns: int) -> None:
        self.m = m
        self.n = rows
        self.lu = column_major(m, kind, rows, columns)
        self.pivots = m.temporary("i4", (min(rows, columns),))
        self.info = m.integer()

    def factor(self, a: Any) -> Any:
        """Factor a matrix; whether it is singular."""
        m = self.m
        m.copy(a, self.lu)
        rows, columns = self.lu.shape
        m.library("lapack_getrf", a.kind, rows, columns, self.lu, rows, self.pivots, self.info)
        return m.b.compare("gt", m.load(self.info, ()), m.b.constant(0, "i4"))

    def solve(self, b: Any, x: Any, trans: str = "N") -> None:
        """Write the solution of a x = b, or with the (conjugate) transpose."""
        m, n = self.m, self.n
        columns = x.shape[1]
        moved = x if columns == 1 else column_major(m, x.kind, n, columns)
        m.copy(b, moved)
        m.library(
            "lapack_getrs",
            x.kind,
            trans,
            n,
            columns,
            self.lu,
            n,
            self.pivots,
            moved,
            n,
            self.info,
        )
        if columns > 1:
            m.copy(moved, x)
            m.release(moved)

    def invert(self, x: Any) -> None:
        """Write the inverse; the factors are overwritten."""
        m, n = self.m, self.n
        size = 64 * n  # lets getri work in blocks
        work = m.temporary(x.kind, (size,))
        m.library("lapack_getri", x.kind, n, self.lu, n, self.pivots, work, size, self.info)
        m.copy(self.lu, x)
        m.release(work)

    def release(self) -> None:
        self.m.release(self.lu, self.pivots)
