"""Products of two matrices, or a matrix and a vector: by BLAS, by tiles in registers, on threads.

A long call is cut into blocks of rows of the result, which threads share. Rows and their number are
all that blocks depend on, so that results do not depend on the number of threads. On one thread the
blocks of gemm would only cost time, and it is called once for all rows: with blocks of whole tiles
OpenBLAS computes every element in the same way. `native/library.py` tries that out, and asks for
blocks where it does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

TILED = 48**3  # multiplications up to which tiles are quicker than BLAS
TILE_ROWS = 4
VECTOR_BYTES = 32
NS = {"f4": 0.025, "f8": 0.05, "c8": 0.1, "c16": 0.2}  # of a multiplication
NS_BYTE = 0.1  # of a matrix that is read once
TILE_MULTIPLE = 48  # rows: a multiple of what the kernels of BLAS work on together
LEAST_ROWS = 96  # of a block of a product
LEAST_DOTS = 256  # rows of a block of a product with a vector


def matrix_product(m: Any, a: Any, b: Any, c: Any) -> None:
    """c = a b for matrices of which one axis is contiguous each."""
    rows, columns = c.shape
    if columns > 1 and c.strides[1] != 1:
        a, b, c = _turned(m, b), _turned(m, a), _turned(m, c)
        rows, columns = columns, rows
    n = rows * columns * a.shape[1]
    if columns == 1:
        _by_vector(m, a, b, c)
    elif rows == 1:
        _by_vector(m, _turned(m, b), _turned(m, a), _turned(m, c))
    elif n <= TILED and c.kind[0] == "f":
        _tiled(m, a, b, c)
    else:
        _call(m, a, b, c)


def _turned(m: Any, a: Any) -> Any:
    return m.view(a, a.shape[::-1], a.strides[::-1])


# -- calls -----------------------------------------------------------------------------------------


def _column_major(a: Any) -> tuple[bool, int]:
    """Whether columns are contiguous, and the step from one to the next (or between rows)."""
    rows, columns = a.shape
    if columns == 1 or (a.strides[0] == 1 and rows > 1):
        return (True, a.strides[1] if columns > 1 else rows) if a.strides[0] == 1 else (False, 1)
    return False, a.strides[0] if rows > 1 else columns


def is_cut(m: Any, kind: str, rows: int, summed: int, columns: int) -> bool:
    """Whether threads share a product of matrices."""
    return rows >= 2 * LEAST_ROWS and m.is_long(rows * summed * columns * NS[kind])


def row_blocks(rows: int) -> tuple[int, int]:
    """How many blocks rows are cut into, and the rows of each; the last one takes what is left.

    A call lays out the other operand anew, which costs as much as about 25 rows: the more rows
    there are, the more blocks, and the larger.
    """
    wanted = rows / max(2, round(math.sqrt(rows) / 8))
    size = max(LEAST_ROWS, round(wanted / TILE_MULTIPLE) * TILE_MULTIPLE)
    n, rest = divmod(rows, size)
    return n + (2 * rest >= size), size


def _call(m: Any, a: Any, b: Any, c: Any) -> None:
    """By gemm; in blocks of rows where threads share it."""
    rows, columns = c.shape
    if not is_cut(m, c.kind, rows, a.shape[1], columns):
        _gemm(m, a, b, c, rows)
        return
    branch = m.branch(m.takes_blocks(c.kind))
    n_blocks, size = row_blocks(rows)
    with m.blocks(rows, n_blocks, size) as (first, count):
        part_a, part_c = (_rows_from(m, x, first, size) for x in (a, c))
        _gemm(m, part_a, b, part_c, count if rows != n_blocks * size else size)
    branch.otherwise()
    _gemm(m, a, b, c, rows)
    branch.join()


def _rows_from(m: Any, a: Any, first: Any, size: int) -> Any:
    return m.view(a, (size, *a.shape[1:]), a.strides, [(first, a.strides[0])])


def _gemm(m: Any, a: Any, b: Any, c: Any, rows: Any) -> None:
    """The call, which counts in columns: c^T = b^T a^T; `rows` may be computed."""
    columns = c.shape[1]
    is_a, lda = _column_major(a)
    is_b, ldb = _column_major(b)
    ldc = c.strides[0] if c.shape[0] > 1 else columns
    m.library(
        "blas_gemm",
        c.kind,
        "T" if is_b else "N",
        "T" if is_a else "N",
        columns,
        rows,
        a.shape[1],
        1.0,
        b,
        max(ldb, 1),
        a,
        max(lda, 1),
        0.0,
        c,
        ldc,
    )


def _by_vector(m: Any, a: Any, x: Any, y: Any) -> None:
    """y = a x for columns x and y, by gemv; in blocks of contiguous rows where threads share it.

    A matrix that lies by columns is left whole: short pieces of columns are slow to read.
    """
    is_column_major, ld = _column_major(a)
    rows, summed = a.shape
    step_x = x.strides[0] if x.shape[0] > 1 else 1
    step_y = y.strides[0] if y.shape[0] > 1 else 1

    def call(a: Any, y: Any, count: Any) -> None:
        shape = (count, summed) if is_column_major else (summed, count)
        trans = "N" if is_column_major else "T"
        m.library("blas_gemv", y.kind, trans, *shape, 1.0, a, ld, x, step_x, 0.0, y, step_y)

    n, size = rows // LEAST_DOTS, LEAST_DOTS
    if is_column_major or n < 2 or not m.is_long(rows * summed * int(a.kind[1:]) * NS_BYTE):
        call(a, y, rows)
        return
    with m.blocks(rows, n, size) as (first, count):
        call(_rows_from(m, a, first, size), _rows_from(m, y, first, size), count)


# -- tiles -----------------------------------------------------------------------------------------


def _tiled(m: Any, a: Any, b: Any, c: Any) -> None:
    """Loops over tiles of the result: a few rows of a few vectors, summed in registers."""
    rows, columns = c.shape
    packed = None
    if b.strides[1] != 1:
        packed = m.temporary(b.kind, b.shape)
        m.copy(b, packed)
        b = packed
    whole = rows - rows % TILE_ROWS
    widest = VECTOR_BYTES // int(c.kind[1:])
    for first, last, widths in _column_blocks(columns, widest):
        with m.steps(first, last, sum(widths)) as j:
            if whole:
                with m.steps(0, whole, TILE_ROWS) as i:
                    _tile(m, a, b, c, i, TILE_ROWS, j, widths)
            if whole < rows:
                _tile(m, a, b, c, whole, rows - whole, j, widths)
    if packed is not None:
        m.release(packed)


def _column_blocks(n: int, widest: int) -> list[tuple[int, int, list[int]]]:
    """Ranges of columns and the lanes of a tile in them."""
    blocks = []
    start = 0
    for widths in ([widest, widest], [widest], [widest // 2], [widest // 4], [1]):
        width = sum(widths)
        count = (n - start) // width if min(widths) else 0
        if count:
            blocks.append((start, start + count * width, widths))
            start += count * width
    return blocks


def _tile(
    m: Any, a: Any, b: Any, c: Any, i: Any, n_rows: int, j: Any, widths: Sequence[int]
) -> None:
    columns = c.shape[1]
    starts = [sum(widths[:k]) for k in range(len(widths))]
    lanes = [w if w > 1 else 0 for w in widths]
    zeros = [m.b.splat(m.b.constant(0.0, c.kind), n) for _ in range(n_rows) for n in lanes]
    with m.loop(a.shape[1], zeros) as turn:
        places = [m.lanes(j + s, n, columns) for s, n in zip(starts, lanes, strict=True)]
        right = [m.load(b, (turn.index, place)) for place in places]
        sums = iter(turn.values)
        turn.next = []
        for row in range(n_rows):
            left = m.load(a, (i + row, turn.index))
            turn.next += [m.b.multiply_add(left, value, next(sums)) for value in right]
    results = iter(turn.results)
    for row in range(n_rows):
        for s, n in zip(starts, lanes, strict=True):
            m.store(c, (i + row, m.lanes(j + s, n, columns)), next(results))
