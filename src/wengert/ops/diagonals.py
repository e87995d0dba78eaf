"""Diagonals and triangles.

    diagonal(x)   the elements at (i, i + offset) of the last two axes: a read-only view in NumPy

Everything else is made of it, of masks, and of `index_set` for the way back.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.dependence import MOVES
from wengert.ir.emission import Pull
from wengert.ops.core import convert, iota, reshape, sum_axes, transpose, zeros_of
from wengert.ops.elementwise import ge_p, select
from wengert.ops.families import linear
from wengert.ops.gather import scatter_add_p, scatter_set_p
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.output import deliver
from wengert.trace.tracer import bind, implements
from wengert.trace.views import update
from wengert.types import Type

# -- the diagonal ----------------------------------------------------------------------------------


def diagonal_length(rows: int, columns: int, offset: int) -> int:
    """How many elements lie on a diagonal."""
    length = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    return max(length, 0)


def diagonal(x: Any, offset: int) -> Any:
    """The diagonal of the last two axes, as a last axis."""
    return bind(diagonal_p, x, offset=offset)


def _places(n: int, offset: int) -> tuple[Any, Any]:
    """Rows and columns of a diagonal of length `n`, as operations that make them."""
    rows = iota(n)
    return (
        (rows, rows + offset) if offset > 0 else (rows - offset, rows) if offset else (rows, rows)
    )


def _accumulate(acc: Any, ct: Any, args: Any, *, offset: int) -> Any:
    x = args[0]
    acc = zeros_of(x) if acc is None else acc
    rank = len(x.shape)
    ct = transpose(ct, (rank - 2, *range(rank - 2)))
    rows, columns = _places(ct.shape[0], offset)
    return bind(scatter_add_p, acc, ct, rows, columns, axes=(rank - 2, rank - 1))


diagonal_p = linear(
    "diagonal",
    lambda x, *, offset: np.diagonal(x, offset, -2, -1),
    lambda x, *, offset: Type(
        (*x.shape[:-2], diagonal_length(x.shape[-2], x.shape[-1], offset)), x.dtype
    ),
    transpose=None,
    accumulate={0: _accumulate},
    batch=lambda size, args, is_batched, *, offset: (diagonal(args[0], offset), True),
    is_view=True,
    reads_elements=True,
    gives_array=True,
    render=lambda ins, params: f"np.diagonal({ins[0]}, {params['offset']}, -2, -1)",
    emit=Pull(
        lambda k, at, *, offset: k.read(
            0, (*at[:-1], at[-1] + max(-offset, 0), at[-1] + max(offset, 0))
        )
    ),
    sparsity=MOVES,
)


def last_two(a: Any, axis1: int, axis2: int) -> Any:
    """`a` with two axes moved to the end."""
    if a.ndim < 2:
        raise ShapeError(
            "diagonal: there are fewer than two axes.",
            got=f"shape {a.shape}",
            expected="an array of matrices",
            try_="np.diag makes a matrix from a vector",
        )
    i, j = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    if i == j:
        raise ArgumentError("diagonal: the two axes are the same.", got=f"axis {axis1} twice")
    return transpose(a, (*[k for k in range(a.ndim) if k not in (i, j)], i, j))


@implements(np.diagonal)
def np_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return diagonal(last_two(a, axis1, axis2), operator.index(offset))


@implements(np.linalg.diagonal)
def _linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np_diagonal(x, offset, -2, -1)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """The sum along a diagonal."""
    d = np_diagonal(a, offset, axis1, axis2)
    if dtype is None and d.dtype.kind in "iub" and d.dtype.itemsize < np.dtype(int).itemsize:
        dtype = np.uint if d.dtype.kind == "u" else int
    d = d if dtype is None else convert(d, dtype)
    return deliver(sum_axes(d, (d.ndim - 1,)), out, "trace")


@implements(np.linalg.trace)
def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix (a read-only view), or a matrix with this diagonal."""
    k = operator.index(k)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(
            "diag: neither a vector nor a matrix.",
            got=f"shape {v.shape}",
            expected="one or two axes",
        )
    n = v.shape[0] + abs(k)
    zeros = zeros_of(Type((n, n), v.dtype))
    rows, columns = _places(v.shape[0], k)
    return bind(scatter_set_p, zeros, v, rows, columns, axes=(0, 1))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    v = array_of(v)
    return diag(reshape(v, (v.size,)), k)


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write `val`, repeated as often as needed, on the main diagonal."""
    from wengert.ops.assignment import _repeated, require_traced

    require_traced("np.fill_diagonal", a)
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ShapeError(
            "fill_diagonal: the array has no main diagonal.",
            got=f"shape {a.shape}",
            expected="a matrix, or an array whose axes are all of one length",
        )
    plain = np.zeros(a.shape, bool)
    np.fill_diagonal(plain, True, wrap)
    places = np.nonzero(plain)
    val = at_least_0d(array_of(val))
    if val.ndim:
        val = _repeated(reshape(val, (val.size,)), places[0].size)
    update(a, scatter_set_p, (convert(val, a.dtype), *places), {"axes": tuple(range(a.ndim))})


# -- triangles -------------------------------------------------------------------------------------


def _below(rows: int, columns: int, k: int) -> Any:
    """Where column - row <= k."""
    i, j = reshape(iota(rows), (rows, 1)), reshape(iota(columns), (1, columns))
    return bind(ge_p, i + k, j)


def _matrix(m: Any) -> Any:
    return m if m.ndim > 1 else m + zeros_of(Type((m.shape[0], m.shape[0]), m.dtype))


def _zero(m: Any) -> Any:
    """A zero that keeps the dtype of `m`."""
    return False if m.dtype.kind == "b" else 0


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """The elements on and below a diagonal, zeros above."""
    m = _matrix(m)
    return select(_below(m.shape[-2], m.shape[-1], operator.index(k)), m, _zero(m))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """The elements on and above a diagonal, zeros below."""
    m = _matrix(m)
    return select(_below(m.shape[-2], m.shape[-1], operator.index(k) - 1), _zero(m), m)


@implements(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    return np.tril_indices(arr.shape[-2], k, arr.shape[-1])


@implements(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    return np.triu_indices(arr.shape[-2], k, arr.shape[-1])


@implements(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    if arr.ndim < 2 or len(set(arr.shape)) > 1:
        raise ShapeError(
            "diag_indices_from: the axes differ in length, or there are too few.",
            got=f"shape {arr.shape}",
        )
    return np.diag_indices(arr.shape[0], arr.ndim)


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Powers of `x` as columns."""
    n = x.shape[0] if N is None else operator.index(N)
    powers = [np.ones_like(x)]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    powers = powers[:n]
    if not powers:
        return zeros_of(Type((x.shape[0], 0), x.dtype))
    return np.stack(powers if increasing else powers[::-1], axis=1)
