"""Sparse linear systems by LU: one primitive, linear in the right-hand side.

A solution, its tangents and its cotangents have one factorization (the last few are kept, by the
contents of the matrix).
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np

from wengert.implicit.lanes import by_lanes
from wengert.ir.dependence import Mixes
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import conj, neg, reshape, sub, transpose
from wengert.scipy.sparse.products import scipy_sparse, sparse_matmul
from wengert.trace.tracer import bind
from wengert.types import Type

_KEPT = 4
_factors: OrderedDict[bytes, Any] = OrderedDict()
_lock = Lock()


def sparse_solve(data: Any, indices: Any, indptr: Any, b: Any, is_transposed: bool) -> Any:
    """The x with A x = b, or A^T x = b, for columns b[:, k]; A in CSR form, of b's dtype."""
    return bind(sparse_solve_p, data, indices, indptr, b, is_transposed=is_transposed)


def factorization(data: Any, indices: Any, indptr: Any) -> Any:
    """SuperLU's factorization of A^T, whose columns are the rows of A."""
    digest = blake2b(data.tobytes())
    for part in (indices, indptr):
        digest.update(part.tobytes())
    key = digest.digest() + data.dtype.char.encode()
    with _lock:
        if key in _factors:
            _factors.move_to_end(key)
            return _factors[key]
    n = len(indptr) - 1
    matrix = scipy_sparse().csc_array((data, indices, indptr), shape=(n, n), copy=True)
    matrix.sum_duplicates()
    try:
        found = importlib.import_module("scipy.sparse.linalg").splu(matrix)
    except RuntimeError as error:
        raise np.linalg.LinAlgError(f"Singular sparse matrix: {error}") from None
    with _lock:
        _factors[key] = found
        while len(_factors) > _KEPT:
            _factors.popitem(last=False)
    return found


def _solve(data: Any, indices: Any, indptr: Any, b: Any, *, is_transposed: bool) -> Any:
    if b.size == 0:
        return np.zeros_like(b)
    return factorization(data, indices, indptr).solve(
        np.asarray(b, order="F"), trans="N" if is_transposed else "T"
    )


def _jvp(args: Any, out: Any, tangents: Any, *, is_transposed: bool) -> Any:
    data, indices, indptr, b = args
    rhs = tangents[3]
    if tangents[0] is not None:
        n = b.shape[0]
        moved = sparse_matmul(tangents[0], indices, indptr, out, (n, n), is_transposed)
        rhs = neg(moved) if rhs is None else sub(rhs, moved)
    return sparse_solve(data, indices, indptr, rhs, is_transposed)


def _transpose(ct: Any, args: Any, *, is_transposed: bool) -> Any:
    data, indices, indptr, _ = args
    return sparse_solve(conj(data), indices, indptr, ct, not is_transposed)


def _batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], **params: Any) -> Any:
    if any(is_batched[:3]):
        results, flags = by_lanes(sparse_solve_p, size, args, is_batched, params)
        return results[0], flags[0]
    b = args[3]
    n, k = b.shape[1:]
    columns = reshape(transpose(b, (1, 0, 2)), (n, size * k))
    found = bind(sparse_solve_p, *args[:3], columns, **params)
    return transpose(reshape(found, (n, size, k)), (1, 0, 2)), True


sparse_solve_p: Primitive = define(
    Primitive(
        "sparse_solve",
        _solve,
        lambda data, indices, indptr, b, *, is_transposed: Type(b.shape, b.dtype),
        linear_in=(frozenset({3}),),
        jvp=_jvp,
        transpose={3: _transpose},
        batch=_batch,
        cost=lambda in_types, out_types, **params: 20 * in_types[0].size * in_types[3].shape[1],
        facts={"cost": "with little fill-in"},
        emit=Unsupported("SuperLU computes it"),
        sparsity=Mixes((0,)),
    )
)
