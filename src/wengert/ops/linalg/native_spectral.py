"""The native form of the factorizations by orthogonal matrices: eigh, svd, qr.

Each calls the driver that NumPy's function calls, on the same memory order, so that signs and
order of vectors agree with the interpreter's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.emission import Whole
from wengert.ops.linalg.failures import NO_EIGENVALUES, NO_SINGULAR_VALUES
from wengert.ops.linalg.native_stacks import (
    REALS,
    column_major,
    cost,
    differs_from_zero,
    each,
    is_numeric,
)

BLOCK = 64  # columns that LAPACK works on together where it has the memory


# -- Hermitian matrices ----------------------------------------------------------------------------


def _eigh(m: Any, a: Any, w: Any, v: Any, *, lower: bool) -> None:
    n = a.shape[-1]
    with each(m, (a, w, v), (2, 1, 2), cost(3.0, n, n, n)) as (matrix, values, vectors):
        z, temporary, arguments = _eigen_call(m, a, lower, True)
        _eigen(m, matrix, z, values, "V", lower, arguments)
        m.copy(z, vectors)
        m.release(z, *temporary)


def _eigvalsh(m: Any, a: Any, w: Any, *, lower: bool) -> None:
    n = a.shape[-1]
    with each(m, (a, w), (2, 1), cost(1.0, n, n, n)) as (matrix, values):
        z, temporary, arguments = _eigen_call(m, a, lower, False)
        _eigen(m, matrix, z, values, "N", lower, arguments)
        m.release(z, *temporary)


def _eigen_call(m: Any, a: Any, lower: bool, has_vectors: bool) -> tuple[Any, list[Any], list[Any]]:
    """A matrix to work in, the workspaces of syevd or heevd, and both as arguments."""
    n, kind = a.shape[-1], a.kind
    is_complex = kind[0] == "c"
    if has_vectors:
        size = (2 * n + n * n if is_complex else 1 + 6 * n + 2 * n * n) + BLOCK * n
        real_size, int_size = 1 + 5 * n + 2 * n * n, 3 + 5 * n
    else:
        size, real_size, int_size = 1 + 2 * n + BLOCK * n, n, 1
    spaces = [(kind, size), ("i4", int_size)]
    if is_complex:
        spaces.insert(1, (REALS[kind], real_size))
    temporary = [m.temporary(k, (length,)) for k, length in spaces]
    arguments = [x for t in temporary for x in (t, t.shape[0])]
    return column_major(m, kind, n, n), temporary, arguments


def _eigen(m: Any, a: Any, z: Any, w: Any, job: str, lower: bool, arguments: list[Any]) -> None:
    n, info = a.shape[-1], m.integer()
    routine = "lapack_heevd" if z.kind[0] == "c" else "lapack_syevd"
    m.copy(a, z)
    m.library(routine, z.kind, job, "L" if lower else "U", n, z, n, w, *arguments, info)
    m.fail_if(differs_from_zero(m, info), NO_EIGENVALUES)


# -- singular values -------------------------------------------------------------------------------


def _svd(m: Any, a: Any, s: Any, u: Any, vh: Any, *, full_matrices: bool) -> None:
    kind, rows, columns = a.kind, a.shape[-2], a.shape[-1]
    job = "A" if full_matrices else "S"
    ns = cost(5.0, rows, columns, min(rows, columns))
    with each(m, (a, s, u, vh), (2, 1, 2, 2), ns) as (matrix, values, u_item, vh_item):
        work = column_major(m, kind, rows, columns)
        left = column_major(m, kind, rows, u.shape[-1])
        right = column_major(m, kind, vh.shape[-2], columns)
        spaces = _singular_spaces(m, kind, rows, columns)
        m.copy(matrix, work)
        _gesdd(m, job, work, values, left, right, spaces)
        m.copy(left, u_item)
        m.copy(right, vh_item)
        m.release(work, left, right, *spaces)


def _svdvals(m: Any, a: Any, s: Any, *, full_matrices: bool) -> None:
    kind, rows, columns = a.kind, a.shape[-2], a.shape[-1]
    ns = cost(2.0, rows, columns, min(rows, columns))
    with each(m, (a, s), (2, 1), ns) as (matrix, values):
        work = column_major(m, kind, rows, columns)
        spaces = _singular_spaces(m, kind, rows, columns)
        m.copy(matrix, work)
        _gesdd(m, "N", work, values, work, work, spaces)
        m.release(work, *spaces)


def _singular_spaces(m: Any, kind: str, rows: int, columns: int) -> list[Any]:
    n, longer = min(rows, columns), max(rows, columns)
    spaces = [(kind, 4 * n * n + 7 * n + longer + BLOCK * (n + longer))]
    if kind[0] == "c":
        spaces.append((REALS[kind], max(5 * n * n + 7 * n, 2 * longer * n + 2 * n * n + n)))
    spaces.append(("i4", 8 * n))
    return [m.temporary(k, (size,)) for k, size in spaces]


def _gesdd(m: Any, job: str, a: Any, s: Any, u: Any, vh: Any, spaces: list[Any]) -> None:
    rows, columns = a.shape
    info = m.integer()
    work, *others = spaces
    m.library(
        "lapack_gesdd",
        a.kind,
        job,
        rows,
        columns,
        a,
        rows,
        s,
        u,
        u.shape[0],
        vh,
        vh.shape[0],
        work,
        work.shape[0],
        *others,
        info,
    )
    m.fail_if(differs_from_zero(m, info), NO_SINGULAR_VALUES)


# -- gaps between eigenvalues ----------------------------------------------------------------------


def _inverse_gaps(m: Any, w: Any, out: Any, *, sign: int) -> None:
    """The reciprocals; where values coincide the interpreter computes them, and warns."""
    b, n = m.b, w.shape[-1]
    zero, one = b.constant(0.0, w.kind), b.constant(1.0, w.kind)
    real = np.zeros((), np.dtype(w.kind)).real.dtype  # of magnitudes
    epsilon = b.constant(n * np.finfo(real).eps, real.str[1:])
    count = m.temporary("i8", ())
    m.store(count, (), b.index(0))
    with each(m, (w, out), (1, 2)) as (values, result):

        def largest(i: Any, size: Any) -> tuple[Any]:
            return (m.combine("max", size, b.abs(m.load(values, (i,)))),)

        limit = b.mul(m.fold(n, [b.constant(0.0, real.str[1:])], largest)[0], epsilon)
        with m.loops((n,)) as (i,):
            own = m.load(values, (i,))

            def gap(j: Any, found: Any, own: Any = own, i: Any = i) -> tuple[Any]:
                other = m.load(values, (j,))
                difference = b.add(other, own) if sign > 0 else b.sub(other, own)
                is_zero = b.compare("le", b.abs(difference), limit)
                inverse = b.div(one, b.select(is_zero, one, difference))
                m.store(result, (i, j), b.select(is_zero, zero, inverse))
                return (b.add(found, b.convert(is_zero, "i8")),)

            found = m.fold(n, [b.index(0)], gap)[0]
            m.store(count, (), b.add(m.load(count, ()), found))
    if sign < 0:
        size = math.prod(w.shape)
        branch = b.branch(b.compare("gt", m.load(count, ()), b.index(size)))
        m.fallback()
        branch.otherwise()
        branch.join()
    m.release(count)


# -- qr --------------------------------------------------------------------------------------------


def _qr(m: Any, a: Any, r: Any, q: Any, *, mode: str) -> None:
    kind, rows, columns = a.kind, a.shape[-2], a.shape[-1]
    n, width = min(rows, columns), q.shape[-1]
    routine = "lapack_ungqr" if kind[0] == "c" else "lapack_orgqr"
    ns = cost(0.6, rows, columns, n)
    with each(m, (a, r, q), (2, 2, 2), ns) as (matrix, r_item, q_item):
        packed, tau, work = _householder(m, kind, rows, columns)
        vectors = column_major(m, kind, rows, width)
        info = m.integer()
        size = work.shape[0]
        _reduce(m, matrix, packed, tau, work, r_item)
        m.copy(_columns(m, packed, n), _columns(m, vectors, n))
        m.library(routine, kind, rows, width, n, vectors, rows, tau, work, size, info)
        m.copy(vectors, q_item)
        m.release(packed, tau, work, vectors)


def _qr_r(m: Any, a: Any, r: Any, *, mode: str) -> None:
    rows, columns = a.shape[-2:]
    with each(m, (a, r), (2, 2), cost(0.3, rows, columns, min(rows, columns))) as (matrix, r_item):
        packed, tau, work = _householder(m, a.kind, rows, columns)
        _reduce(m, matrix, packed, tau, work, r_item)
        m.release(packed, tau, work)


def _householder(m: Any, kind: str, rows: int, columns: int) -> tuple[Any, Any, Any]:
    packed = column_major(m, kind, rows, columns)
    work = m.temporary(kind, (BLOCK * max(rows, columns),))
    return packed, m.temporary(kind, (min(rows, columns),)), work


def _columns(m: Any, x: Any, n: int) -> Any:
    return m.view(x, (x.shape[0], n), x.strides)


def _reduce(m: Any, a: Any, packed: Any, tau: Any, work: Any, r: Any) -> None:
    """Householder's reduction, and its triangle in `r`."""
    rows, columns = packed.shape
    m.copy(a, packed)
    info = m.integer()
    m.library("lapack_geqrf", a.kind, rows, columns, packed, rows, tau, work, work.shape[0], info)
    zero = m.b.constant(0.0, r.kind)
    with m.loops(r.shape) as (i, j):
        is_above = m.b.compare("le", m.number(i), m.number(j))
        m.store(r, (i, j), m.b.select(is_above, m.load(packed, (i, j)), zero))


def _is_double(in_types: Any, out_types: Any, **params: Any) -> bool:
    """In single precision signs of vectors hang on rounding, and NumPy brings its own LAPACK."""
    return is_numeric(in_types, out_types) and in_types[0].dtype.char in "dD"


EIGH = Whole(_eigh, accepts=_is_double)
EIGVALSH = Whole(_eigvalsh, accepts=is_numeric)
SVD = Whole(_svd, accepts=_is_double)
SVDVALS = Whole(_svdvals, accepts=is_numeric)
INVERSE_GAPS = Whole(_inverse_gaps, accepts=is_numeric)
QR = Whole(_qr, accepts=is_numeric)
QR_R = Whole(_qr_r, accepts=is_numeric)
