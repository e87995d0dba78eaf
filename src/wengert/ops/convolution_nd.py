"""Convolution over several axes, direct.

    convolve_inside(a, v; rank)    out[i] = sum over k of a[i + m - 1 - k] v[k]

over the last `rank` axes, where `v`, of m numbers along an axis, lies wholly inside `a`; axes
before them broadcast. Zeros, or any other extension, are put around `a` first (`extended`), so
that this form is closed: its transpose in `a` is the same of the extended cotangent, that in `v`
the same of `a` reversed and the cotangent. Along one axis alone see `convolution.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ir.dependence import Mixes
from wengert.ir.emission import Reduce
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive
from wengert.ir.unions import is_zero_everywhere, unions_of
from wengert.ops.contraction import describe
from wengert.ops.core import conj, reshape, unfit
from wengert.ops.families import bilinear
from wengert.trace.tracer import bind
from wengert.types import Type


def convolve_inside(a: Any, v: Any, rank: int) -> Any:
    """The convolution over the last `rank` axes, where no index leaves `a`.

    Examples
    --------
    >>> convolve_inside(np.arange(4.0), np.array([1.0, -1.0]), rank=1)
    array([1., 1., 1.])
    """
    return bind(convolve_inside_p, a, v, rank=rank)


def reversed_core(x: Any, rank: int) -> Any:
    """`x` backward along each of the last `rank` axes."""
    return x[(..., *[slice(None, None, -1)] * rank)]


def extended(x: Any, widths: Sequence[tuple[int, int]], mode: str = "constant", **how: Any) -> Any:
    """`x` with `widths` more elements along its last axes, zeros or as `np.pad` has them."""
    if not any(map(any, widths)):
        return x
    pad: Any = np.pad  # its stubs know no options that are chosen at run time
    return pad(x, [(0, 0)] * (len(x.shape) - len(widths)) + [*widths], mode, **how)


def _split(shape: tuple[int, ...], rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    n = len(shape) - rank
    return shape[:n], shape[n:]


def _convolve_array(a: Any, v: Any, *, rank: int) -> Any:
    stack_a, core_a = _split(a.shape, rank)
    stack_v, core_v = _split(v.shape, rank)
    core = tuple([n - m + 1 for n, m in zip(core_a, core_v, strict=True)])
    stack = np.broadcast_shapes(stack_a, stack_v)
    result: Any = np.zeros((*stack, *core), np.result_type(a.dtype, v.dtype))
    backward = reversed_core(v, rank)
    if math.prod(core_v) <= math.prod(core):  # one pass over the result for each element of v
        for k in itertools.product(*map(range, core_v)):
            window = tuple([slice(i, i + n) for i, n in zip(k, core, strict=True)])
            factor = backward[(..., *k)]
            result += a[(..., *window)] * factor.reshape(factor.shape + (1,) * rank)
        return result
    core_axes = tuple(range(-rank, 0))
    for i in itertools.product(*map(range, core)):  # few results, each a long sum
        window = tuple([slice(j, j + m) for j, m in zip(i, core_v, strict=True)])
        part = a[(..., *window)]
        if stack:
            result[(..., *i)] = np.sum(part * backward, axis=core_axes)
        else:
            result[i] = np.dot(part.reshape(-1), backward.reshape(-1))
    return result


def _convolve_type(a: Type, v: Type, *, rank: int) -> Type:
    stack_a, core_a = _split(a.shape, rank)
    stack_v, core_v = _split(v.shape, rank)
    try:
        stack = np.broadcast_shapes(stack_a, stack_v)
    except ValueError:
        raise ShapeError(
            "convolve: the axes that are not convolved do not broadcast.",
            got=describe(a=a, v=v),
            expected="sizes that are equal or 1, counted from the last axis",
        ) from None
    core = [n - m + 1 for n, m in zip(core_a, core_v, strict=True)]
    return Type((*stack, *core), np.result_type(a.dtype, v.dtype))


def _transpose_signal(ct: Any, args: Any, *, rank: int) -> Any:
    """Each a[j] takes ct[j - m + 1 + k] conj(v[k]): `ct` extended, `v` reversed."""
    a, v = args
    widths = [(m - 1, m - 1) for m in v.shape[len(v.shape) - rank :]]
    return unfit(convolve_inside(extended(ct, widths), conj(reversed_core(v, rank)), rank), a)


def _transpose_kernel(ct: Any, args: Any, *, rank: int) -> Any:
    a, v = args
    return unfit(convolve_inside(conj(reversed_core(a, rank)), ct, rank), v)


def _convolve_batch(size: int, args: Any, is_batched: Any, *, rank: int) -> Any:
    n_stack = max(len(x.shape) - on - rank for x, on in zip(args, is_batched, strict=True))
    aligned = []
    for x, on in zip(args, is_batched, strict=True):
        missing = n_stack + rank + 1 - len(x.shape)
        if on and missing:
            x = reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:]))
        aligned.append(x)
    return bind(convolve_inside_p, *aligned, rank=rank), True


def _emit_extents(k: Any, *, rank: int) -> tuple[int, ...]:
    return tuple(k.shape(1)[len(k.shape(1)) - rank :])


def _emit_product(k: Any, at: Any, r: Any, *, rank: int) -> Any:
    """One term: an element of `a` beside the reduced index, times the element of `v` there."""
    n_stack = len(at) - rank
    core_v = _emit_extents(k, rank=rank)
    moved = [i + (m - 1) - j for i, m, j in zip(at[n_stack:], core_v, r, strict=True)]

    def place(operand: int) -> list[Any]:
        sizes = k.shape(operand)[: len(k.shape(operand)) - rank]
        kept = at[n_stack - len(sizes) : n_stack]
        return [0 if n == 1 else i for i, n in zip(kept, sizes, strict=True)]

    x = k.read_as_result(0, [*place(0), *moved])
    return k.b.mul(x, k.read_as_result(1, [*place(1), *r]))


def _convolve_sparsity(k: Flow, *, rank: int) -> Any:
    """A result reads its window of `a`, and all of `v`."""
    if k.active == [1]:
        return Mixes(tuple(range(-rank, 0)))(k)
    labels = k.labels_of(0)
    stack, core = _split(labels.shape, rank)
    core_v = _split(k.shape(1), rank)[1]
    is_zero = is_zero_everywhere(k.values[1], rank)
    is_zero = np.zeros(core_v, bool) if is_zero is None else is_zero
    factors = np.nonzero(~is_zero)
    places = np.zeros((), np.int64)
    for axis, (n, m) in enumerate(zip(core, core_v, strict=True)):
        along = [1] * rank
        along[axis] = n - m + 1
        results = np.arange(n - m + 1).reshape(*along, 1)
        places = places * n + (results + (m - 1) - factors[axis])
    found = unions_of(k.sets, labels.reshape(*stack, math.prod(core)), places)
    return np.broadcast_to(found, k.out_shape())


convolve_inside_p: Primitive = bilinear(
    "convolve_inside",
    _convolve_array,
    _convolve_type,
    transpose={0: _transpose_signal, 1: _transpose_kernel},
    batch=_convolve_batch,
    flops=lambda in_types, out_types, *, rank: (
        2 * out_types[0].size * math.prod(_split(in_types[1].shape, rank)[1])
    ),
    gives_array=True,
    emit=Reduce("sum", _emit_extents, _emit_product),
    sparsity=_convolve_sparsity,
)
