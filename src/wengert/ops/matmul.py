"""Matrix products: two primitives, and the operator `@`.

    dot      vectors and matrices: ranks one and two
    matmul   stacks of matrices, broadcast

Their derivatives and batched forms are such products again, or, where axes broadcast or are
multiplied pairwise, the general product in `contraction.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ir.emission import Reduce, Whole
from wengert.ir.program import door
from wengert.ir.unions import contraction
from wengert.ops import native_products
from wengert.ops.contraction import as_operand, bind_einsum, contract, describe, for_blas
from wengert.ops.core import conj, convert, mul, reshape, transpose
from wengert.ops.families import bilinear
from wengert.ops.output import deliver
from wengert.trace.tracer import ArrayTracer, Tracer, bind, implements, install
from wengert.types import Type

_LAST, _SUMMED, _FIRST = "column", "summed", "row"  # labels of core axes; batch axes are numbers


# -- dot: vectors and matrices ---------------------------------------------------------------------


def matmul(a: Any, b: Any, name: str = "matmul") -> Any:
    """NumPy's `a @ b`; `name` is the user's function, for messages."""
    a, b = as_operand(a), as_operand(b)
    n, m = len(a.shape), len(b.shape)
    if n == 0 or m == 0 or a.shape[-1] != b.shape[-2 if m > 1 else 0]:
        raise misfit(name, a, b)
    return bind(dot_p if n < 3 and m < 3 else matmul_p, a, b)


def misfit(name: str, a: Any, b: Any) -> ShapeError:
    if a.shape == () or b.shape == ():
        return ShapeError(
            f"{name}: an operand has no axes.",
            got=describe(a=a, b=b),
            expected="vectors, matrices or stacks of matrices",
            try_="a * b for a product with a number",
        )
    left = "[k]" if len(a.shape) == 1 else "[m, k]" if len(a.shape) == 2 else "[..., m, k]"
    right = "[k]" if len(b.shape) == 1 else "[k, n]" if len(b.shape) == 2 else "[..., k, n]"
    return ShapeError(
        f"{name}: the inner sizes differ.",
        got=describe(a=a, b=b),
        expected=f"a: {left}, b: {right} with one k",
        try_="transpose b, or contract other axes with np.einsum",
    )


def _dot_type(a: Any, b: Any) -> Type:
    if not isinstance(a, Type) or not isinstance(b, Type) or not a.shape or not b.shape:
        raise misfit("dot", as_type(a), as_type(b))
    if a.shape[-1] != b.shape[0]:
        raise misfit("dot", a, b)
    return Type(a.shape[:-1] + b.shape[1:], np.result_type(a.dtype, b.dtype))


def as_type(x: Any) -> Type:
    """The Type of a Type or a literal."""
    return x if isinstance(x, Type) else Type((), np.asarray(x).dtype)


def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    n = len(x.shape)
    return transpose(x, (*range(n - 2), n - 1, n - 2))


def _dot_transpose_left(ct: Any, args: Any) -> Any:
    a, b = args[0], conj(args[1])
    if len(b.shape) == 1:
        grown = mul(ct, b) if len(a.shape) == 1 else bind_einsum(ct, "m", b, "k", "mk")
    elif len(a.shape) == 1:
        grown = bind(dot_p, b, ct)
    else:
        grown = bind(dot_p, ct, matrix_transpose(b))
    return convert(grown, a.dtype)


def _dot_transpose_right(ct: Any, args: Any) -> Any:
    a, b = conj(args[0]), args[1]
    if len(a.shape) == 1:
        grown = mul(ct, a) if len(b.shape) == 1 else bind_einsum(a, "k", ct, "n", "kn")
    elif len(b.shape) == 1:
        grown = bind(dot_p, ct, a)
    else:
        grown = bind(dot_p, matrix_transpose(a), ct)
    return convert(grown, b.dtype)


def _dot_batch(size: int, args: Any, is_batched: Any) -> Any:
    a, b = args
    n, m = len(a.shape) - is_batched[0], len(b.shape) - is_batched[1]
    if not is_batched[1]:
        return bind(dot_p if n == 1 else matmul_p, a, b), True
    if not is_batched[0] and m == 1:
        return bind(dot_p, b, a if n == 1 else matrix_transpose(a)), True
    if m == 2 and (n == 2 or not is_batched[0]):
        return bind(matmul_p, a, b), True
    labels_a = ("z",) * is_batched[0] + (("k",) if n == 1 else ("m", "k"))
    labels_b = ("z", "k") if m == 1 else ("z", "k", "n")
    out = ("z",) + ("m",) * (n == 2) + ("n",) * (m == 2)
    return bind_einsum(a, labels_a, b, labels_b, out), True


def _dot_flops(in_types: Any, out_types: Any) -> int:
    return int(2 * out_types[0].size * in_types[0].shape[-1])


def _emit_dot(k: Any, at: Any, r: Any) -> Any:
    n = len(k.shape(0)) - 1
    x = k.read_as_result(0, (*at[:n], *r))
    return k.b.mul(x, k.read_as_result(1, (*r, *at[n:])))


def _dot_labels(n: int, m: int) -> tuple[str, str, str]:
    """Labels of both operands and of the result, for operands with these numbers of axes."""
    a, b = ("k", "mk")[n - 1], ("k", "kn")[m - 1]
    return a, b, a[:-1] + b[1:]


def _accepts_dot(in_types: Any, out_types: Any) -> bool:
    labels = _dot_labels(*[len(t.shape) for t in in_types])
    return native_products.accepts(in_types, out_types[0], *labels)


def _emit_dot_product(m: Any, a: Any, b: Any, out: Any) -> None:
    labels_a, labels_b, labels = _dot_labels(len(a.shape), len(b.shape))
    native_products.product(m, a, labels_a, b, labels_b, out, labels)


dot_p = bilinear(
    "dot",
    lambda a, b: a.dot(b),
    _dot_type,
    transpose={0: _dot_transpose_left, 1: _dot_transpose_right},
    batch=_dot_batch,
    flops=_dot_flops,
    render=lambda ins, params: f"np.dot({ins[0]}, {ins[1]})",
    emit=(
        Whole(_emit_dot_product, accepts=_accepts_dot, views=(0, 1)),
        Reduce("sum", lambda k: k.shape(0)[-1:], _emit_dot),
    ),
    sparsity=lambda k: contraction(k, *_dot_labels(len(k.shape(0)), len(k.shape(1)))),
)


# -- matmul: stacks --------------------------------------------------------------------------------


def _matmul_array(a: Any, b: Any) -> Any:
    if b.ndim == 2 and a.size and a.flags.c_contiguous:
        # One product instead of a stack of them.
        rows = a.reshape(-1, a.shape[-1])
        return rows.dot(b).reshape(*a.shape[:-1], b.shape[1])
    return np.matmul(for_blas(a) if a.ndim > 2 else a, for_blas(b) if b.ndim > 2 else b)


def _matmul_type(a: Any, b: Any) -> Type:
    if not isinstance(a, Type) or not isinstance(b, Type) or not a.shape or not b.shape:
        raise misfit("matmul", as_type(a), as_type(b))
    if a.shape[-1] != b.shape[-2 if len(b.shape) > 1 else 0]:
        raise misfit("matmul", a, b)
    try:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(
            "matmul: the stacks do not broadcast.",
            got=describe(a=a, b=b),
            expected="sizes that are equal or 1 before the last two axes, counted from the last",
            try_="add axes with x[:, None], or contract with np.einsum",
        ) from None
    core = a.shape[-2:-1] + (b.shape[-1:] if len(b.shape) > 1 else ())
    return Type(stack + core, np.result_type(a.dtype, b.dtype))


def _matmul_labels(a: Any, b: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Labels of both operands and of the result: batch axes are counted from the last."""
    stack_a = list(range(len(a.shape) - 2, 0, -1))
    stack_b = list(range(len(b.shape) - 2, 0, -1))
    stack = stack_a if len(stack_a) > len(stack_b) else stack_b
    first = [_FIRST] if len(a.shape) > 1 else []
    last = [_LAST] if len(b.shape) > 1 else []
    return [*stack_a, *first, _SUMMED], [*stack_b, _SUMMED, *last], [*stack, *first, *last]


def _matmul_transpose_left(ct: Any, args: Any) -> Any:
    a, b = args[0], conj(args[1])
    if len(a.shape) > 1 and len(b.shape) > 1 and a.shape[:-2] == ct.shape[:-2]:
        grown = bind(matmul_p, ct, matrix_transpose(b))
    else:
        labels_a, labels_b, out = _matmul_labels(a, b)
        grown = _contract_to(a, labels_a, ct, out, b, labels_b)
    return convert(grown, a.dtype)


def _matmul_transpose_right(ct: Any, args: Any) -> Any:
    a, b = conj(args[0]), args[1]
    if len(a.shape) > 1 and len(b.shape) > 1 and b.shape[:-2] == ct.shape[:-2]:
        grown = bind(matmul_p, matrix_transpose(a), ct)
    else:
        labels_a, labels_b, out = _matmul_labels(a, b)
        grown = _contract_to(b, labels_b, a, labels_a, ct, out)
    return convert(grown, b.dtype)


def _contract_to(
    target: Any,
    labels: Sequence[Any],
    x: Any,
    labels_x: Sequence[Any],
    y: Any,
    labels_y: Sequence[Any],
) -> Any:
    """The product of `x` and `y` summed to the shape of `target`, where sizes of 1 broadcast."""
    here = dict(zip(labels, target.shape, strict=True))
    there = dict(zip(labels_x, x.shape, strict=True)) | {
        label: n for label, n in zip(labels_y, y.shape, strict=True) if n != 1
    }
    kept = [label for label in labels if here[label] != 1 or there.get(label, 1) == 1]
    kept = [label for label in kept if label in there]
    return reshape(contract(x, labels_x, y, labels_y, kept), target.shape)


def _matmul_batch(size: int, args: Any, is_batched: Any) -> Any:
    a, b = args
    ranks = [len(x.shape) - on for x, on in zip(args, is_batched, strict=True)]
    if (ranks[0] == 1 and is_batched[0]) or (ranks[1] == 1 and is_batched[1]):
        labels = _matmul_labels(
            *[
                Type(x.shape[1:], x.dtype) if on else x
                for x, on in zip(args, is_batched, strict=True)
            ]
        )
        labels_a, labels_b = (
            ["z", *own] if on else own for own, on in zip(labels, is_batched, strict=False)
        )
        return contract(a, labels_a, b, labels_b, ["z", *labels[2]]), True
    rank = max(ranks)
    aligned = [
        reshape(x, (x.shape[0], *(1,) * (rank - n), *x.shape[1:])) if on and n < rank else x
        for x, n, on in zip(args, ranks, is_batched, strict=True)
    ]
    return bind(matmul_p, *aligned), True


def _matmul_flops(in_types: Any, out_types: Any) -> int:
    return int(2 * out_types[0].size * in_types[0].shape[-1])


def _emit_matmul(k: Any, at: Any, r: Any) -> Any:
    """Stacks are read where they broadcast; a vector has no row or column."""
    n_rows, n_columns = int(len(k.shape(0)) > 1), int(len(k.shape(1)) > 1)
    n = len(at) - n_rows - n_columns
    row, column = at[n : n + n_rows], at[n + n_rows :]
    stack_a, stack_b = (broadcast_stack(at[:n], k.shape(i)[:-2]) for i in (0, 1))
    x = k.read_as_result(0, (*stack_a, *row, *r))
    return k.b.mul(x, k.read_as_result(1, (*stack_b, *r, *column)))


def broadcast_stack(at: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Where an operand with the leading axes `shape` is read for the item `at` of a stack."""
    skip = len(at) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(at[skip:], shape, strict=True)])


def _accepts_matmul(in_types: Any, out_types: Any) -> bool:
    return native_products.accepts(in_types, out_types[0], *_matmul_labels(*in_types))


def _emit_matmul_product(m: Any, a: Any, b: Any, out: Any) -> None:
    labels_a, labels_b, labels = _matmul_labels(a, b)
    native_products.product(m, a, labels_a, b, labels_b, out, labels)


matmul_p = bilinear(
    "matmul",
    _matmul_array,
    _matmul_type,
    transpose={0: _matmul_transpose_left, 1: _matmul_transpose_right},
    batch=_matmul_batch,
    flops=_matmul_flops,
    render=lambda ins, params: f"np.matmul({ins[0]}, {ins[1]})",
    emit=(
        Whole(_emit_matmul_product, accepts=_accepts_matmul, views=(0, 1)),
        Reduce("sum", lambda k: k.shape(0)[-1:], _emit_matmul),
    ),
    sparsity=lambda k: contraction(k, *_matmul_labels(*k.types)),
)


# -- any two operands ------------------------------------------------------------------------------


def product(
    a: Any, labels_a: Sequence[Any], b: Any, labels_b: Sequence[Any], out: Sequence[Any], name: str
) -> Any:
    """`contract`, written as a product of matrices and vectors where it is one."""
    labels_a, labels_b, out = tuple(labels_a), tuple(labels_b), tuple(out)
    plan = _dot_plan(a.shape, labels_a, b.shape, labels_b, out)
    if plan is None:
        return contract(a, labels_a, b, labels_b, out, name)
    axes_a, axes_b, is_exchanged = plan
    a, b = transpose(a, axes_a), transpose(b, axes_b)
    return bind(dot_p, b, a) if is_exchanged else bind(dot_p, a, b)


@lru_cache(maxsize=10_000)
def _dot_plan(
    shape_a: tuple[int, ...],
    labels_a: tuple[Any, ...],
    shape_b: tuple[int, ...],
    labels_b: tuple[Any, ...],
    out: tuple[Any, ...],
) -> tuple[tuple[int, ...], tuple[int, ...], bool] | None:
    """Axes of both operands, and whether they are exchanged; None if it is no such product."""
    if not 0 < len(shape_a) < 3 or not 0 < len(shape_b) < 3:
        return None
    summed = tuple([x for x in labels_a if x in labels_b])
    rows = tuple([x for x in labels_a if x not in summed])
    columns = tuple([x for x in labels_b if x not in summed])
    if len(summed) != 1 or out not in (rows + columns, columns + rows):
        return None
    if shape_a[labels_a.index(summed[0])] != shape_b[labels_b.index(summed[0])]:
        return None
    is_exchanged = out != rows + columns
    wanted_a = summed + rows if is_exchanged else rows + summed
    wanted_b = columns + summed if is_exchanged else summed + columns
    return (
        tuple([labels_a.index(x) for x in wanted_a]),
        tuple([labels_b.index(x) for x in wanted_b]),
        is_exchanged,
    )


# -- NumPy's names ---------------------------------------------------------------------------------


@implements(np.matmul)
def _matmul(a: Any, b: Any) -> Any:
    return matmul(a, b)


@implements(np.linalg.matmul)
def linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return matmul(x1, x2, "linalg.matmul")


_OPERAND = (Tracer, np.ndarray, np.generic, list, tuple)


def _operator(x: Any, y: Any) -> Any:
    if hasattr(y, "tocsr"):  # a sparse matrix, SciPy's or one with traced values
        return door("wengert.scipy.sparse.arrays").from_left(x, y)
    return matmul(x, y) if isinstance(y, _OPERAND) else NotImplemented


def _reflected(x: Any, y: Any) -> Any:
    if hasattr(y, "tocsr"):
        return door("wengert.scipy.sparse.arrays").from_right(y, x)
    return matmul(y, x) if isinstance(y, _OPERAND) else NotImplemented


def _in_place(x: Any, y: Any) -> Any:
    if not isinstance(y, _OPERAND):
        return NotImplemented
    result = matmul(x, y)
    if not isinstance(x, ArrayTracer):
        return result
    if result.shape != x.shape:
        raise ShapeError(
            "matmul: the product does not fit into its first operand.",
            got=f"{describe(a=x, b=as_operand(y))}, product {result.shape}",
            expected=f"a product of shape {x.shape}",
            try_="a = a @ b instead of a @= b",
        )
    return deliver(result, x, "matmul")


install("__matmul__", _operator)
install("__rmatmul__", _reflected)
install("__imatmul__", _in_place)
