"""NumPy's products of arrays, made of matrix products and the general product.

    dot inner outer vdot tensordot kron    sums of products over axes
    cross                                  the vector product of 3-vectors: a primitive

The primitives are in `matmul.py` and `contraction.py`.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ir.emission import Expand
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive
from wengert.ir.unions import is_zero_everywhere, unions_of
from wengert.ops.contraction import as_operand, bind_einsum, contract, describe
from wengert.ops.core import conj, mul, neg, reshape, sub, transpose, unfit
from wengert.ops.families import align_batch, bilinear
from wengert.ops.matmul import dot_p, matmul, matrix_transpose, misfit, product
from wengert.ops.output import deliver
from wengert.trace.tracer import bind, implements, install
from wengert.types import Type

# -- cross: 3-vectors ------------------------------------------------------------------------------


def _cross_array(a: Any, b: Any) -> Any:
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    first = a1 * b2 - a2 * b1
    out = np.empty((*first.shape, 3), first.dtype)
    out[..., 0] = first
    out[..., 1] = a2 * b0 - a0 * b2
    out[..., 2] = a0 * b1 - a1 * b0
    return out


def _cross_type(a: Type, b: Type) -> Type:
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind == "b":
        raise DtypeError(
            "cross: booleans cannot be subtracted.",
            got=describe(a=a, b=b),
            expected="numbers",
            try_="x.astype(int)",
        )
    try:
        return Type(np.broadcast_shapes(a.shape, b.shape), dtype)
    except ValueError:
        raise ShapeError(
            "cross: the shapes do not broadcast.",
            got=describe(a=a, b=b),
            expected="sizes that are equal or 1, counted from the last axis",
        ) from None


def _cross_sparsity(k: Flow) -> Any:
    """Each component reads the two others, unless the factor of one is known to be zero."""
    (i,) = k.active
    sources = np.array([[1, 2], [2, 0], [0, 1]])
    is_zero = is_zero_everywhere(k.values[1 - i], 1)
    if is_zero is not None:
        factors = 3 - sources - np.arange(3)[:, None]  # the index that is neither
        sources = np.where(is_zero[factors], -1, sources)
    labels = k.labels_of(i)
    return np.broadcast_to(unions_of(k.sets, labels, sources), k.out_shape())


def _cross_of_parts(a: Any, b: Any) -> Any:
    """The same as a stack of its components."""
    (a0, a1, a2), (b0, b1, b2) = ([x[..., i] for i in range(3)] for x in (a, b))
    parts = [(a1, b2, a2, b1), (a2, b0, a0, b2), (a0, b1, a1, b0)]
    return np.stack([sub(mul(p, q), mul(r, s)) for p, q, r, s in parts], axis=-1)


cross_p: Primitive = bilinear(
    "cross",
    _cross_array,
    _cross_type,
    # <ct, da x b> = <da, b x ct>: a product of three vectors may be turned round.
    transpose={
        0: lambda ct, args: unfit(bind(cross_p, conj(args[1]), ct), args[0]),
        1: lambda ct, args: unfit(bind(cross_p, ct, conj(args[0])), args[1]),
    },
    batch=lambda size, args, is_batched: (bind(cross_p, *align_batch(args, is_batched)), True),
    flops=lambda in_types, out_types: 3 * out_types[0].size,
    render=lambda ins, params: f"np.cross({', '.join(ins)})",
    emit=Expand(lambda a, b: _cross_of_parts(a, b)),
    sparsity=_cross_sparsity,
)


# -- NumPy's functions -----------------------------------------------------------------------------


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: a product with a number, or a sum over the last axis of `a` and the
    second-last (or only) axis of `b`."""
    a, b = as_operand(a), as_operand(b)
    n, m = len(a.shape), len(b.shape)
    if n == 0 or m == 0:
        result = mul(a, b)
    elif n < 3 and m < 3:
        result = matmul(a, b, "dot")
    else:
        if a.shape[-1] != b.shape[-2 if m > 1 else 0]:
            raise misfit("dot", a, b)
        result = _tensordot(a, b, (n - 1,), (m - 2 if m > 1 else 0,), "dot")
    return result if out is None else deliver(result, out, "dot")


def _tensordot(a: Any, b: Any, axes_a: Sequence[int], axes_b: Sequence[int], name: str) -> Any:
    """Sum over pairs of axes; the result has the other axes of `a`, then those of `b`."""
    n = len(a.shape)
    labels_a: list[Any] = list(range(n))
    labels_b: list[Any] = list(range(n, n + len(b.shape)))
    for i, j in zip(axes_a, axes_b, strict=True):
        labels_b[j] = labels_a[i]
    out = [x for x in labels_a if x not in labels_b] + [x for x in labels_b if x not in labels_a]
    return product(a, labels_a, b, labels_b, out, name)


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """NumPy's tensordot: `axes` is a number of axes, or two lists of them."""
    a, b = as_operand(a), as_operand(b)
    n, m = len(a.shape), len(b.shape)
    try:
        axes_a, axes_b = axes
    except TypeError:
        axes_a, axes_b = list(range(n - operator.index(axes), n)), list(range(operator.index(axes)))
    axes_a, axes_b = ([x] if np.ndim(x) == 0 else list(x) for x in (axes_a, axes_b))
    fits = len(axes_a) == len(axes_b) and all(
        -n <= i < n and -m <= j < m and a.shape[i] == b.shape[j]
        for i, j in zip(axes_a, axes_b, strict=True)
    )
    if not fits:
        raise ShapeError(
            "tensordot: the axes that are summed do not match.",
            got=f"{describe(a=a, b=b)}, axes {axes_a} and {axes_b}",
            expected="as many axes of a as of b, pairwise of one size",
        )
    return _tensordot(a, b, [int(i) % n for i in axes_a], [int(j) % m for j in axes_b], "tensordot")


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sum over the last axes of both."""
    a, b = as_operand(a), as_operand(b)
    n, m = len(a.shape), len(b.shape)
    if n == 0 or m == 0:
        return mul(a, b)
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            "inner: the last sizes differ.",
            got=describe(a=a, b=b),
            expected="a: [..., k], b: [..., k] with one k",
            try_="a transpose, or contract other axes with np.einsum",
        )
    if n < 3 and m < 3:
        return bind(dot_p, a, matrix_transpose(b) if m == 2 else b)
    return _tensordot(a, b, (n - 1,), (m - 1,), "inner")


def ravel(x: Any) -> Any:
    """All elements along one axis."""
    return reshape(x, (math.prod(x.shape),))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """The product of every element of `a` with every element of `b`."""
    result = bind_einsum(ravel(as_operand(a)), "a", ravel(as_operand(b)), "b", "ab")
    return result if out is None else deliver(result, out, "outer")


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    """`np.outer` of two vectors."""
    x1, x2 = as_operand(x1), as_operand(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ShapeError(
            "linalg.outer: the operands must be vectors.",
            got=describe(x1=x1, x2=x2),
            expected="x1: [m], x2: [n]",
            try_="np.outer, which flattens its operands",
        )
    return outer(x1, x2)


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """Sum of conj(a) * b over all elements."""
    a, b = ravel(as_operand(a)), ravel(as_operand(b))
    if a.shape != b.shape:
        raise ShapeError(
            "vdot: the numbers of elements differ.",
            got=describe(a=a, b=b),
            expected="as many elements in a as in b",
        )
    return bind(dot_p, conj(a), b)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product."""
    a, b = as_operand(a), as_operand(b)
    n = max(len(a.shape), len(b.shape))
    if not a.shape or not b.shape:
        return mul(a, b)
    a = reshape(a, (1,) * (n - len(a.shape)) + a.shape)
    b = reshape(b, (1,) * (n - len(b.shape)) + b.shape)
    labels = [(x, i) for i in range(n) for x in "ab"]
    blocks = contract(a, labels[::2], b, labels[1::2], labels, "kron")
    return reshape(blocks, tuple([i * j for i, j in zip(a.shape, b.shape, strict=True)]))


# -- cross -----------------------------------------------------------------------------------------


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """NumPy's cross product of 3-vectors, or of 2-vectors (which NumPy deprecates)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_operand(a), as_operand(b)
    a = move_axis_last(a, axisa, "cross")
    b = move_axis_last(b, axisb, "cross")
    sizes = (a.shape[-1], b.shape[-1])
    if sizes[0] not in (2, 3) or sizes[1] not in (2, 3):
        raise ShapeError(
            "cross: the vectors must have 3 components (or 2).",
            got=describe(a=a, b=b),
            expected="a: [..., 3], b: [..., 3]",
            try_="axisa, axisb or axis, where the components are along another axis",
        )
    if 2 in sizes:
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors "
            "instead. (deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=2,
        )
        return _cross_of_pairs(a, b, axisc)
    result = bind(cross_p, a, b)
    n = len(result.shape)
    return transpose(result, _moved_from_last(n, normalize_axis(axisc, n, "cross")))


def _cross_of_pairs(a: Any, b: Any, axisc: int) -> Any:
    """Where an operand has two components the third is zero; two such give only the third."""
    if a.shape[-1] == b.shape[-1] == 2:
        return sub(mul(a[..., 0], b[..., 1]), mul(a[..., 1], b[..., 0]))
    if a.shape[-1] == 2:
        x, y, z = (
            mul(a[..., 1], b[..., 2]),
            neg(mul(a[..., 0], b[..., 2])),
            _cross_of_pairs(a, b[..., :2], -1),
        )
    else:
        x, y, z = (
            neg(mul(a[..., 2], b[..., 1])),
            mul(a[..., 2], b[..., 0]),
            _cross_of_pairs(a[..., :2], b, -1),
        )
    return np.stack([x, y, z], axis=normalize_axis(axisc, len(z.shape) + 1, "cross"))


@implements(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross product of 3-vectors along one axis."""
    x1, x2 = as_operand(x1), as_operand(x2)
    for x in (x1, x2):
        if not x.shape or x.shape[normalize_axis(axis, len(x.shape), "linalg.cross")] != 3:
            raise ShapeError(
                "linalg.cross: the vectors must have 3 components.",
                got=f"{describe(x1=x1, x2=x2)}, axis={axis}",
                expected="3 along that axis, in both",
            )
    return cross(x1, x2, axis=axis)


def normalize_axis(axis: int, n: int, name: str) -> int:
    """A non-negative axis of an array with `n` axes."""
    axis = operator.index(axis)
    if not -n <= axis < n:
        raise ArgumentError(
            f"{name}: the array has no such axis.",
            got=f"axis {axis} of an array with {n} axes",
            expected=f"an integer from {-n} to {n - 1}" if n else "an array with axes",
        )
    return axis % n


def move_axis_last(x: Any, axis: int, name: str) -> Any:
    """`x` with `axis` moved to the end."""
    n = len(x.shape)
    axis = normalize_axis(axis, n, name)
    return transpose(x, (*[i for i in range(n) if i != axis], axis))


def _moved_from_last(n: int, axis: int) -> tuple[int, ...]:
    """Axes for `transpose` that move the last axis to `axis`."""
    order = list(range(n - 1))
    order.insert(axis, n - 1)
    return tuple(order)


install("dot", dot)
