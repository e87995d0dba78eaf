"""Products with sparse matrices: two primitives that are each other's derivatives.

    sparse_matmul    A x or A^T x, with A given by its values in CSR form
    sparse_sample    (u v^T) at the places of the nonzeros: what a value of A has as its cotangent

Index arrays are inputs, so that Programs serve all matrices of one size and number of nonzeros.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.implicit.lanes import by_lanes
from wengert.ir.dependence import Everything, Mixes
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import conj, reshape, transpose
from wengert.trace.tracer import bind
from wengert.types import Type

Shape = tuple[int, int]


def scipy_sparse() -> Any:
    """`scipy.sparse`."""
    return importlib.import_module("scipy.sparse")


def sparse_matmul(
    data: Any, indices: Any, indptr: Any, x: Any, shape: Shape, is_transposed: bool
) -> Any:
    """A x, or A^T x, for columns x[:, k]; A in CSR form."""
    return bind(sparse_matmul_p, data, indices, indptr, x, shape=shape, is_transposed=is_transposed)


def sparse_sample(indices: Any, indptr: Any, u: Any, v: Any) -> Any:
    """sum_k u[i, k] v[j, k] for the place (i, j) of each nonzero."""
    return bind(sparse_sample_p, indices, indptr, u, v)


def _matmul(
    data: Any, indices: Any, indptr: Any, x: Any, *, shape: Shape, is_transposed: bool
) -> Any:
    sparse = scipy_sparse()
    if is_transposed:  # the arrays of A by rows are those of A^T by columns
        matrix = sparse.csc_array((data, indices, indptr), shape=shape[::-1])
    else:
        matrix = sparse.csr_array((data, indices, indptr), shape=shape)
    return np.asarray(matrix @ x)


def _matmul_type(
    data: Type, indices: Type, indptr: Type, x: Type, *, shape: Shape, is_transposed: bool
) -> Type:
    return Type((shape[1] if is_transposed else shape[0], x.shape[1]), x.dtype)


def _matmul_transpose_data(ct: Any, args: Any, *, shape: Shape, is_transposed: bool) -> Any:
    _, indices, indptr, x = args
    x = conj(x)
    pair = (x, ct) if is_transposed else (ct, x)
    return sparse_sample(indices, indptr, *pair)


def _matmul_transpose_x(ct: Any, args: Any, *, shape: Shape, is_transposed: bool) -> Any:
    data, indices, indptr, _ = args
    return sparse_matmul(conj(data), indices, indptr, ct, shape, not is_transposed)


def _matmul_batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], **params: Any) -> Any:
    if any(is_batched[:3]):
        results, flags = by_lanes(sparse_matmul_p, size, args, is_batched, params)
        return results[0], flags[0]
    x = args[3]
    n, k = x.shape[1:]
    columns = reshape(transpose(x, (1, 0, 2)), (n, size * k))
    found = bind(sparse_matmul_p, *args[:3], columns, **params)
    return transpose(reshape(found, (found.shape[0], size, k)), (1, 0, 2)), True


def _matmul_sparsity(k: Flow, *, shape: Shape, is_transposed: bool) -> Any:
    """Element (i, q) reads the values of row i, and the elements (j, q) beside them."""
    data, indices, indptr, x = k.values
    if indices is None or indptr is None:
        return Mixes((0,))(k) if k.active == [3] else Everything()(k)
    rows, columns = places_of(indices, indptr)
    if is_transposed:
        rows, columns = columns, rows
    n_columns = k.out_shape()[1]
    labels = k.labels_of(k.active[0])
    if k.active == [3]:
        if data is not None:
            rows, columns = rows[data != 0], columns[data != 0]
        read = labels[columns]
    else:
        read = labels[:, None]
        if x is not None:
            read = np.where(x[columns] != 0, read, 0)
    places = rows[:, None] * n_columns + np.arange(n_columns)
    found = k.sets.unite_at(places, np.broadcast_to(read, places.shape), math.prod(k.out_shape()))
    return found.reshape(k.out_shape())


def places_of(indices: Any, indptr: Any) -> tuple[Any, Any]:
    """Row and column of each nonzero of a matrix in CSR form."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), indices


sparse_matmul_p: Primitive = define(
    Primitive(
        "sparse_matmul",
        _matmul,
        _matmul_type,
        linear_in=(frozenset({0}), frozenset({3})),
        transpose={0: _matmul_transpose_data, 3: _matmul_transpose_x},
        batch=_matmul_batch,
        cost=lambda in_types, out_types, **params: 2 * in_types[0].size * in_types[3].shape[1],
        emit=Unsupported("SciPy's sparse kernels compute it"),
        sparsity=_matmul_sparsity,
    )
)


def _sample(indices: Any, indptr: Any, u: Any, v: Any) -> Any:
    rows, columns = places_of(indices, indptr)
    return np.einsum("ek,ek->e", u[rows], v[columns])


def _sample_transpose_u(ct: Any, args: Any) -> Any:
    indices, indptr, u, v = args
    shape = (u.shape[0], v.shape[0])
    return sparse_matmul(ct, indices, indptr, conj(v), shape, False)


def _sample_transpose_v(ct: Any, args: Any) -> Any:
    indices, indptr, u, v = args
    shape = (u.shape[0], v.shape[0])
    return sparse_matmul(ct, indices, indptr, conj(u), shape, True)


def _sample_batch(size: int, args: Any, is_batched: Any) -> Any:
    results, flags = by_lanes(sparse_sample_p, size, args, is_batched, {})
    return results[0], flags[0]


def _sample_sparsity(k: Flow) -> Any:
    if k.values[0] is None or k.values[1] is None:
        return Everything()(k)
    (i,) = k.active
    labels = k.labels_of(i)
    return k.sets.unite_along(labels, (1,))[places_of(*k.values[:2])[i - 2]]


sparse_sample_p: Primitive = define(
    Primitive(
        "sparse_sample",
        _sample,
        lambda indices, indptr, u, v: Type(indices.shape, u.dtype),
        linear_in=(frozenset({2}), frozenset({3})),
        transpose={2: _sample_transpose_u, 3: _sample_transpose_v},
        batch=_sample_batch,
        cost=lambda in_types, out_types: 2 * out_types[0].size * in_types[2].shape[1],
        emit=Unsupported("gathers of SciPy's index arrays"),
        sparsity=_sample_sparsity,
    )
)
