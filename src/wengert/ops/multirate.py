"""Convolution with steps: filters that raise and lower the sampling rate, along the last axis.

    convolve_steps(a, v; steps, start, length)
        out[m] = sum of a[i] v[k] over all i, k with steps[0] i + steps[1] k = start + steps[2] m

Steps (1, up, down) filter `v`, of which up - 1 zeros follow each sample, with `a` and keep one
result in down. The three arrays enter alike but for their steps, so that the transposes are the
same form: the cotangent with the step of the result, the other operand reversed.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.contraction import describe
from wengert.ops.convolution import convolved
from wengert.ops.core import conj, unfit
from wengert.ops.families import align_batch, bilinear
from wengert.trace.tracer import bind
from wengert.types import Type

Steps = tuple[int, int, int]


def convolve_steps(a: Any, v: Any, steps: Steps, start: int, length: int) -> Any:
    """The part `start : start + length` of the convolution with steps.

    Examples
    --------
    >>> convolve_steps(np.ones(2), np.array([1.0, 2.0]), (1, 2, 1), start=0, length=4)
    array([1., 1., 2., 2.])
    """
    return bind(convolve_steps_p, a, v, steps=steps, start=int(start), length=int(length))


def _convolve_array(a: Any, v: Any, *, steps: Steps, start: int, length: int) -> Any:
    stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    dtype = np.result_type(a.dtype, v.dtype)
    if not length or not a.shape[-1] or not v.shape[-1] or not math.prod(stack):
        return np.zeros((*stack, length), dtype)
    if steps[1] == 1 and steps[0] != 1:
        a, v, steps = v, a, (steps[1], steps[0], steps[2])
    if steps[0] == 1 and math.prod(a.shape[:-1]) == 1:
        rows = np.broadcast_to(v, (*stack, v.shape[-1]))
        return _by_phases(a.reshape(-1), rows, steps, start, length, dtype)
    return _by_results(a, v, steps, start, length, stack, dtype)


def _by_phases(h: Any, x: Any, steps: Steps, start: int, length: int, dtype: Any) -> Any:
    """SciPy's polyphase filter: h has step 1. Zeros before `h` move the start to a result's place.

    With q results left out and z zeros, result m + q has index (m + q) down - z = start + m down.
    """
    _, up, down = steps
    left_out = max(-(-start // down), 0)
    zeros = left_out * down - start
    padded = np.concatenate([np.zeros(zeros, h.dtype), h])
    full = importlib.import_module("scipy.signal").upfirdn(padded, x, up, down, axis=-1)
    found = full[..., left_out : left_out + length]
    if found.shape[-1] == length:
        return np.ascontiguousarray(found, dtype)
    result = np.zeros((*found.shape[:-1], length), dtype)
    result[..., : found.shape[-1]] = found
    return result


def _by_results(
    a: Any, v: Any, steps: Steps, start: int, length: int, stack: Any, dtype: Any
) -> Any:
    """Each result is a product of two strided parts: the gradient of a filter, which is short."""
    first, second, out = steps
    common = math.gcd(first, second)
    step_a, step_v = second // common, first // common
    inverse = pow(step_v, -1, step_a) if step_a > 1 else 0
    n, m = a.shape[-1], v.shape[-1]
    result = np.zeros((*stack, length), dtype)
    for j in range(length):
        place = start + out * j
        if place % common:
            continue
        target = place // common  # step_v i + step_a k = target
        i = target * inverse % step_a
        k = (target - step_v * i) // step_a
        if k > m - 1:  # forward in i until k is inside
            turns = -(-(k - m + 1) // step_v)
            i, k = i + turns * step_a, k - turns * step_v
        count = min((n - 1 - i) // step_a, k // step_v) + 1 if i < n and k >= 0 else 0
        if count > 0:
            part = a[..., i : i + (count - 1) * step_a + 1 : step_a]
            last = k - (count - 1) * step_v
            other = v[..., last : k + 1 : step_v][..., ::-1]
            result[..., j] = np.einsum("...k,...k->...", part, other)
    return result


def _convolve_type(a: Type, v: Type, *, steps: Steps, start: int, length: int) -> Type:
    try:
        stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    except ValueError:
        raise ShapeError(
            "upfirdn: the axes that are not filtered do not broadcast.",
            got=describe(h=a, x=v),
            expected="sizes that are equal or 1, counted from the last axis",
        ) from None
    return Type((*stack, length), np.result_type(a.dtype, v.dtype))


def _convolve_transpose(
    ct: Any, args: Any, i: int, *, steps: Steps, start: int, length: int
) -> Any:
    """ct of a[i]: the sum of ct[m] conj(v[k]) with out m + second (last - k) = first i + moved."""
    other = args[1 - i]
    step, step_other = steps[i], steps[1 - i]
    moved = step_other * (other.shape[-1] - 1) - start
    found = convolve_steps(
        ct, conj(other[..., ::-1]), (steps[2], step_other, step), moved, args[i].shape[-1]
    )
    return unfit(found, args[i])


convolve_steps_p: Primitive = bilinear(
    "convolve_steps",
    _convolve_array,
    _convolve_type,
    transpose=_convolve_transpose,  # type: ignore[arg-type]  # one rule serves both operands
    batch=lambda size, args, is_batched, **window: (
        bind(convolve_steps_p, *align_batch(args, is_batched), **window),
        True,
    ),
    flops=lambda in_types, out_types, *, steps, start, length: (
        2 * out_types[0].size * max(1, in_types[0].shape[-1] // max(steps[1], 1))
    ),
    gives_array=True,
    emit=Unsupported("SciPy's polyphase filter computes it"),
    sparsity=lambda k, *, steps, start, length: convolved(k, steps, start, length),
)
