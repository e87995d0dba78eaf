"""The primitive behind sums of products: two operands, named axes, one output.

    einsum(a, b; "abc,acd->abd")    sum over the letters that the output does not have

Every letter of an operand stands also in the other operand or in the output, once in each. This
form is closed: the derivative, the transpose and the batched form of such a product are products
of the same form. `contract` brings any pair of operands into it: it drops axes of size one that
broadcast, and sums axes that nobody else has before multiplying.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Reduce, Whole
from wengert.ir.unions import contraction
from wengert.ops import native_products
from wengert.ops.core import conj, convert, mul, reshape, sum_axes, transpose
from wengert.ops.families import bilinear
from wengert.ops.joining import array_of
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type

LETTERS = string.ascii_lowercase + string.ascii_uppercase
Labels = tuple[Hashable, ...]


def as_operand(x: Any) -> Any:
    """`x` as a Tracer, array or NumPy scalar: what products take their shapes from."""
    return x if isinstance(x, (Tracer, np.ndarray, np.generic)) else array_of(x)


def describe(**operands: Any) -> str:
    """`a: float64[5, 3], b: float64[4, 2]`, for messages."""
    return ", ".join([f"{name}: {Type(x.shape, x.dtype)!r}" for name, x in operands.items()])


# -- the primitive ---------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def split_subscripts(subscripts: str) -> tuple[str, str, str]:
    """The letters of both operands and of the output."""
    operands, out = subscripts.split("->")
    a, b = operands.split(",")
    return a, b, out


@lru_cache(maxsize=20_000)
def _implementation(subscripts: str) -> Callable[[Any, Any], Any]:
    """The quickest way NumPy has: an elementwise product, a matrix product, or its own einsum."""
    a, b, out = split_subscripts(subscripts)
    summed = [x for x in a if x in b and x not in out]
    shared = [x for x in out if x in a and x in b]
    rows = [x for x in out if x not in b]
    columns = [x for x in out if x not in a]
    if not summed:
        return _outer_product(a, b, out)
    if shared and not (rows and columns):
        return lambda x, y: np.einsum(subscripts, x, y)
    return _matrix_product(a, b, out, shared, rows, columns, summed)


def _outer_product(a: str, b: str, out: str) -> Callable[[Any, Any], Any]:
    if a + b == out:
        return np.multiply.outer

    def aligned(own: str) -> tuple[tuple[int, ...], tuple[Any, ...]]:
        axes = tuple([own.index(x) for x in out if x in own])
        return axes, tuple([slice(None) if x in own else None for x in out])

    axes_a, index_a = aligned(a)
    axes_b, index_b = aligned(b)
    return lambda x, y: x.transpose(axes_a)[index_a] * y.transpose(axes_b)[index_b]


def _matrix_product(
    a: str,
    b: str,
    out: str,
    shared: list[str],
    rows: list[str],
    columns: list[str],
    summed: list[str],
) -> Callable[[Any, Any], Any]:
    """Axes grouped into (shared, rows, summed) @ (shared, summed, columns)."""
    axes_a = tuple([a.index(x) for x in (*shared, *rows, *summed)])
    axes_b = tuple([b.index(x) for x in (*shared, *summed, *columns)])
    result = [*shared, *rows, *columns]
    axes_out = tuple([result.index(x) for x in out])
    n, n_rows, n_summed = len(shared), len(rows), len(summed)
    is_plain = n <= 1 and n_rows <= 1 and n_summed == 1 and len(columns) <= 1
    is_ordered = axes_out == tuple(range(len(axes_out)))

    def product(x: Any, y: Any) -> Any:
        x, y = x.transpose(axes_a), y.transpose(axes_b)
        shape = (*x.shape[: n + n_rows], *y.shape[n + n_summed :])
        if not is_plain:
            x = _grouped(x, n, n_rows)
            y = _grouped(y, n, n_summed)
        z = np.matmul(for_blas(x), for_blas(y)) if n else x.dot(y)
        if not is_plain and shape:
            z = z.reshape(shape)
        return z if is_ordered else z.transpose(axes_out)

    return product


def _grouped(x: Any, n: int, n_first: int) -> Any:
    """Axes joined into at most three: the first `n`, the next `n_first`, the rest."""
    sizes = [math.prod(s) for s in (x.shape[:n], x.shape[n : n + n_first], x.shape[n + n_first :])]
    counts = (n, n_first, x.ndim - n - n_first)
    return x.reshape([size for size, count in zip(sizes, counts, strict=True) if count])


def for_blas(x: Any) -> Any:
    """A stack of matrices whose rows or columns are contiguous; others go by NumPy's slow loop."""
    if x.strides[-1] == x.itemsize or x.strides[-2] == x.itemsize or x.dtype.kind not in "fc":
        return x
    return np.ascontiguousarray(x)


def _einsum_array(a: Any, b: Any, *, subscripts: str) -> Any:
    return _implementation(subscripts)(a, b)


def _einsum_type(a: Type, b: Type, *, subscripts: str) -> Type:
    letters_a, letters_b, out = split_subscripts(subscripts)
    sizes = dict(zip(letters_a, a.shape, strict=True))
    for x, n in zip(letters_b, b.shape, strict=True):
        if sizes.setdefault(x, n) != n:
            raise ShapeError(
                "einsum: two axes with one letter have different sizes.",
                got=f"{describe(a=a, b=b)} in {subscripts!r}",
                expected=f"one size for {x!r}",
            )
    return Type(tuple([sizes[x] for x in out]), np.result_type(a.dtype, b.dtype))


def _einsum_transpose(ct: Any, args: Any, i: int, *, subscripts: str) -> Any:
    a, b, out = split_subscripts(subscripts)
    if i == 0:
        grown = bind_einsum(ct, out, conj(args[1]), b, a)
    else:
        grown = bind_einsum(conj(args[0]), a, ct, out, b)
    return convert(grown, args[i].dtype)


def _einsum_batch(size: int, args: Any, is_batched: Any, *, subscripts: str) -> Any:
    a, b, out = split_subscripts(subscripts)
    first = next(x for x in LETTERS if x not in subscripts)
    a, b = (first * on + own for own, on in zip((a, b), is_batched, strict=True))
    return bind_einsum(args[0], a, args[1], b, first + out), True


def _einsum_flops(in_types: Any, out_types: Any, *, subscripts: str) -> int:
    a, b, out = split_subscripts(subscripts)
    sizes = dict(zip(a, in_types[0].shape, strict=True)) | dict(
        zip(b, in_types[1].shape, strict=True)
    )
    products = math.prod(sizes.values())
    return products if len(sizes) == len(out) else 2 * products


def _emit_extents(k: Any, *, subscripts: str) -> tuple[int, ...]:
    a, b, out = split_subscripts(subscripts)
    sizes = dict(zip(a, k.shape(0), strict=True)) | dict(zip(b, k.shape(1), strict=True))
    return tuple([sizes[x] for x in _summed(a, b, out)])


def _emit_product(k: Any, at: Any, r: Any, *, subscripts: str) -> Any:
    a, b, out = split_subscripts(subscripts)
    place = dict(zip(out, at, strict=True)) | dict(zip(_summed(a, b, out), r, strict=True))
    x = k.read_as_result(0, [place[x] for x in a])
    return k.b.mul(x, k.read_as_result(1, [place[x] for x in b]))


def _summed(a: str, b: str, out: str) -> list[str]:
    return [x for x in dict.fromkeys(a + b) if x not in out]


def _accepts_contraction(in_types: Any, out_types: Any, *, subscripts: str) -> bool:
    return native_products.accepts(in_types, out_types[0], *split_subscripts(subscripts))


def _emit_contraction(m: Any, a: Any, b: Any, out: Any, *, subscripts: str) -> None:
    labels_a, labels_b, labels = split_subscripts(subscripts)
    native_products.product(m, a, labels_a, b, labels_b, out, labels)


einsum_p = bilinear(
    "einsum",
    _einsum_array,
    _einsum_type,
    transpose=_einsum_transpose,  # type: ignore[arg-type]  # one rule serves both operands
    batch=_einsum_batch,
    flops=_einsum_flops,
    specialize=lambda *, subscripts: _implementation(subscripts),
    emit=(
        Whole(_emit_contraction, accepts=_accepts_contraction, views=(0, 1)),
        Reduce("sum", _emit_extents, _emit_product),
    ),
    render=lambda ins, params: f"np.einsum({params['subscripts']!r}, {ins[0]}, {ins[1]})",
    sparsity=lambda k, *, subscripts: contraction(k, *split_subscripts(subscripts)),
)


@lru_cache(maxsize=20_000)
def named(labels_a: Labels, labels_b: Labels, labels_out: Labels) -> str:
    """The subscripts for labels of any kind: letters in order of first appearance."""
    names: dict[Hashable, str] = {}
    for label in (*labels_a, *labels_b):
        if label not in names:
            if len(names) == len(LETTERS):
                raise ArgumentError(
                    "a product of arrays with too many axes.",
                    got=f"{len(labels_a)} and {len(labels_b)} axes",
                    expected=f"at most {len(LETTERS)} different axes",
                )
            names[label] = LETTERS[len(names)]
    words = ["".join([names[x] for x in labels]) for labels in (labels_a, labels_b, labels_out)]
    return f"{words[0]},{words[1]}->{words[2]}"


def bind_einsum(
    a: Any,
    labels_a: Sequence[Hashable],
    b: Any,
    labels_b: Sequence[Hashable],
    labels_out: Sequence[Hashable],
) -> Any:
    """The primitive, on operands that are in its form already."""
    return bind(
        einsum_p, a, b, subscripts=named(tuple(labels_a), tuple(labels_b), tuple(labels_out))
    )


# -- any two operands ------------------------------------------------------------------------------


class _Plan(NamedTuple):
    """How two operands are brought into the primitive's form; None and () for nothing to do."""

    shape_a: tuple[int, ...] | None
    axes_a: tuple[int, ...]
    shape_b: tuple[int, ...] | None
    axes_b: tuple[int, ...]
    subscripts: str | None  # None: an operand has no axes left, and a plain product does
    order: tuple[int, ...]  # of the axes of that plain product


class _Differ(Exception):
    """Two sizes for one label."""


def contract(
    a: Any,
    labels_a: Sequence[Hashable],
    b: Any,
    labels_b: Sequence[Hashable],
    labels_out: Sequence[Hashable],
    name: str = "einsum",
) -> Any:
    """Sum of products over the labels that the output does not have.

    Parameters
    ----------
    a, b : Tracer or array
    labels_a, labels_b : sequence of hashable
        One label an axis, none of them twice in one operand. Axes with one label have one size,
        or size 1, which broadcasts.
    labels_out : sequence of hashable
        Labels of the result, each of them in an operand.
    name : str
        The user's function, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> contract(np.ones((2, 3)), "ij", np.arange(3.0), "j", "i")
    array([3., 3.])
    """
    try:
        plan = _plan(a.shape, tuple(labels_a), b.shape, tuple(labels_b), tuple(labels_out))
    except _Differ as error:
        raise ShapeError(
            f"{name}: axes that are multiplied have different sizes.",
            got=describe(a=a, b=b),
            expected=f"one size where there are {error.args[0]} and {error.args[1]}",
            try_="a transpose, or other axes",
        ) from None
    if plan.shape_a is not None:
        a = reshape(a, plan.shape_a)
    if plan.shape_b is not None:
        b = reshape(b, plan.shape_b)
    if plan.axes_a:
        a = sum_axes(convert(a, np.result_type(a.dtype, b.dtype)), plan.axes_a)
    if plan.axes_b:
        b = sum_axes(convert(b, np.result_type(a.dtype, b.dtype)), plan.axes_b)
    if plan.subscripts is None:
        return transpose(mul(a, b), plan.order)
    return bind(einsum_p, a, b, subscripts=plan.subscripts)


@lru_cache(maxsize=20_000)
def _plan(
    shape_a: tuple[int, ...],
    labels_a: Labels,
    shape_b: tuple[int, ...],
    labels_b: Labels,
    out: Labels,
) -> _Plan:
    sizes_a = dict(zip(labels_a, shape_a, strict=True))
    sizes_b = dict(zip(labels_b, shape_b, strict=True))
    for label in sizes_a.keys() & sizes_b.keys():
        n, m = sizes_a[label], sizes_b[label]
        if n != m and n != 1 and m != 1:
            raise _Differ(n, m)
        if n != m:
            del (sizes_a if n == 1 else sizes_b)[label]
    axes_a = _private(sizes_a, sizes_b, out)
    axes_b = _private(sizes_b, sizes_a, out)
    kept_a = tuple([x for i, x in enumerate(sizes_a) if i not in axes_a])
    kept_b = tuple([x for i, x in enumerate(sizes_b) if i not in axes_b])
    is_plain = not kept_a or not kept_b
    return _Plan(
        tuple(sizes_a.values()) if len(sizes_a) < len(labels_a) else None,
        axes_a,
        tuple(sizes_b.values()) if len(sizes_b) < len(labels_b) else None,
        axes_b,
        None if is_plain else named(kept_a, kept_b, out),
        tuple([(kept_a + kept_b).index(x) for x in out]) if is_plain else (),
    )


def _private(own: dict[Hashable, int], other: dict[Hashable, int], out: Labels) -> tuple[int, ...]:
    """Axes that neither the other operand nor the result has: they are summed first."""
    return tuple([i for i, x in enumerate(own) if x not in other and x not in out])
