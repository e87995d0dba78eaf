"""Convolution and correlation along the last axis.

    convolve(a, v; start, length)    out[i] = sum over k of a[k] v[start + i - k]

This is the window `start : start + length` of the full convolution, zero beyond its ends. Windows
make the primitive closed: its transposes are convolutions with the reversed operand, and each mode
of `np.convolve` and `np.correlate` is a window. Axes before the last broadcast.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Whole
from wengert.ir.flow import Flow
from wengert.ir.primitive import Primitive
from wengert.ir.unions import is_zero_everywhere, unions_of
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import conj, unfit
from wengert.ops.families import align_batch, bilinear
from wengert.trace.tracer import bind, implements
from wengert.types import Type

_SHORT = 32  # up to here shifted products of whole rows beat sums over windows


def convolve_window(a: Any, v: Any, start: int, length: int) -> Any:
    """The window of the full convolution of `a` and `v` along their last axes.

    Examples
    --------
    >>> convolve_window(np.array([1.0, 2.0]), np.array([1.0, 10.0]), start=-1, length=5)
    array([ 0.,  1., 12., 20.,  0.])
    """
    return bind(convolve_p, a, v, start=int(start), length=int(length))


def _convolve_array(a: Any, v: Any, *, start: int, length: int) -> Any:
    n, m = a.shape[-1], v.shape[-1]
    if n < m:
        a, v, n, m = v, a, m, n
    stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    if m == 0 or length == 0:
        return np.zeros((*stack, length), np.result_type(a.dtype, v.dtype))
    if not stack:
        return _convolve_rows(a, v, start, length)
    return _convolve_stacks(a, v, start, length, stack)


def _convolve_rows(a: Any, v: Any, start: int, length: int) -> Any:
    """One convolution; `a` is the longer operand."""
    n, m = a.shape[0], v.shape[0]
    if start == 0 and length == n + m - 1:
        return np.convolve(a, v)
    # result j reads padded[j … j + m - 1]: work and memory follow the window, not the full result
    padded = _window(a, start - m + 1, length + m - 1)
    return np.convolve(padded, v, "valid")


def _window(full: Any, start: int, length: int) -> Any:
    """`full[..., start : start + length]`, zero beyond both ends."""
    n = full.shape[-1]
    low, high = min(max(start, 0), n), max(min(start + length, n), 0)
    if low == start and high == start + length:
        return full[..., low:high]
    result = np.zeros((*full.shape[:-1], length), full.dtype)
    if high > low:
        result[..., low - start : high - start] = full[..., low:high]
    return result


def _convolve_stacks(a: Any, v: Any, start: int, length: int, stack: tuple[int, ...]) -> Any:
    m = v.shape[-1]
    # padded[j + m - 1 - k] with j = 0 … length - 1 is a[start + j - k]
    padded = _window(a, start - m + 1, length + m - 1)
    if m <= _SHORT:
        result = np.zeros((*stack, length), np.result_type(a.dtype, v.dtype))
        for k in range(m):
            result += padded[..., m - 1 - k : m - 1 - k + length] * v[..., k : k + 1]
        return result
    windows = np.lib.stride_tricks.sliding_window_view(padded, m, axis=-1)
    return np.einsum("...jk,...k->...j", windows, v[..., ::-1])


def _convolve_type(a: Type, v: Type, *, start: int, length: int) -> Type:
    try:
        stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    except ValueError:
        raise ShapeError(
            "convolve: the axes before the last do not broadcast.",
            got=describe(a=a, v=v),
            expected="sizes that are equal or 1, counted from the last axis",
        ) from None
    return Type((*stack, length), np.result_type(a.dtype, v.dtype))


def _convolve_transpose(ct: Any, args: Any, i: int, *, start: int, length: int) -> Any:
    """ct of a[k] is sum of ct[j] conj(v[start + j - k]): `ct` convolved with v reversed."""
    other = args[1 - i]
    reversed_other = conj(other[..., ::-1])
    shifted = convolve_window(ct, reversed_other, other.shape[-1] - 1 - start, args[i].shape[-1])
    return unfit(shifted, args[i])


def convolved(k: Flow, steps: tuple[int, int, int], start: int, length: int) -> Any:
    """Result m reads a[i] v[j] where steps[0] i + steps[1] j = start + steps[2] m.

    One term for each element of the shorter operand, but those of the factor known to be zero.
    """
    (active,) = k.active
    labels = k.labels_of(active)
    own, other = steps[active], steps[1 - active]
    n, m = labels.shape[-1], k.shape(1 - active)[-1]
    is_zero = is_zero_everywhere(k.values[1 - active], 1)
    is_zero = np.zeros(m, bool) if is_zero is None else is_zero
    total = (start + steps[2] * np.arange(length))[:, None]
    if m <= n:
        factors = np.flatnonzero(~is_zero)
        sources, rest = np.divmod(total - other * factors, own)
        is_there = (rest == 0) & (sources >= 0) & (sources < n)
    else:
        sources = np.broadcast_to(np.arange(n), (length, n))
        factors, rest = np.divmod(total - own * sources, other)
        is_there = (rest == 0) & (factors >= 0) & (factors < m)
        is_there[is_there] = ~is_zero[factors[is_there]]
    found = unions_of(k.sets, labels, np.where(is_there, sources, -1))
    return np.broadcast_to(found, k.out_shape())


def _emit_convolve(m: Any, a: Any, v: Any, out: Any, *, start: int, length: int) -> None:
    """Where the window lies inside the longer operand, lanes of results; beside it, one by one."""
    if a.shape[-1] < v.shape[-1]:
        a, v = v, a
    n, size = a.shape[-1], v.shape[-1]
    if 0 in (n, size):
        m.fill_zero(out)
        return
    inside = min(max(size - 1 - start, 0), length), min(max(n - start, 0), length)
    zero = m.b.constant(0, out.kind)

    def result(stack: Any, i: Any, lanes: int) -> Any:
        """All terms, for lanes of results."""

        def turn(k: Any, total: Any) -> Any:
            x = m.load_as(a, (*m.stack_index(a, stack), i + start - k), out.kind)
            y = m.load_as(v, (*m.stack_index(v, stack), k), out.kind)
            return [m.b.multiply_add(x, y, total)]

        return m.fold(size, [m.splat(zero, lanes)], turn)[0]

    def edge(stack: Any, i: Any) -> Any:
        """The terms that there are: low <= k < high."""
        b = m.b
        t = m.number(i + start)
        low = b.maximum(b.sub(t, b.index(n - 1)), b.index(0))
        high = b.minimum(b.add(t, b.index(1)), b.index(size))
        branch = m.branch(b.compare("lt", low, high))

        def turn(k: Any, total: Any) -> Any:
            x = m.load_as(a, (*m.stack_index(a, stack), i + start - k), out.kind)
            y = m.load_as(v, (*m.stack_index(v, stack), k), out.kind)
            return [b.multiply_add(x, y, total)]

        total = m.fold(high, [zero], turn, start=low)[0]
        branch.otherwise()
        return m.join(branch, total, zero)

    def row(stack: Any) -> None:
        low, high = inside if inside[0] < inside[1] else (length, length)
        m.span(low, lambda i: m.store(out, (*stack, i), edge(stack, i)))
        lanes = m.lanes_for(out.kind)
        whole = low + (high - low) // lanes * lanes
        write = lambda lanes: lambda i: m.store(out, (*stack, i), result(stack, i, lanes))
        m.span(whole, write(lanes), lanes, start=low)
        m.span(high, write(0), start=whole)
        m.span(length, lambda i: m.store(out, (*stack, i), edge(stack, i)), start=high)

    m.each(out.shape[:-1], row)


convolve_p: Primitive = bilinear(
    "convolve",
    _convolve_array,
    _convolve_type,
    transpose=_convolve_transpose,  # type: ignore[arg-type]  # one rule serves both operands
    batch=lambda size, args, is_batched, **window: (
        bind(convolve_p, *align_batch(args, is_batched), **window),
        True,
    ),
    flops=lambda in_types, out_types, *, start, length: (
        2 * out_types[0].size * min(in_types[0].shape[-1], in_types[1].shape[-1])
    ),
    emit=Whole(_emit_convolve),
    sparsity=lambda k, *, start, length: convolved(k, (1, 1, 1), start, length),
)

# -- NumPy's functions -----------------------------------------------------------------------------


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """NumPy's convolution of two vectors, `mode` "full", "same" or "valid"."""
    a, v = _vectors("convolve", a, v)
    start, length = _mode_window("convolve", a.shape[0], v.shape[0], mode)
    return convolve_window(a, v, start, length)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """NumPy's correlation, sum over n of a[n + k] conj(v[n]), `mode` as for `convolve`."""
    a, v = _vectors("correlate", a, v)
    n, m = a.shape[0], v.shape[0]
    start, length = _mode_window("correlate", n, m, mode)
    if n < m:  # NumPy exchanges the operands and reverses the result
        start = n + m - 1 - start - length
    return convolve_window(a, conj(v[::-1]), start, length)


def _vectors(name: str, a: Any, v: Any) -> tuple[Any, Any]:
    a, v = as_operand(a), as_operand(v)
    a, v = (x if x.shape else np.atleast_1d(x) for x in (a, v))
    if len(a.shape) != 1 or len(v.shape) != 1:
        raise ShapeError(
            f"{name}: the operands must be vectors.",
            got=describe(a=a, v=v),
            expected="a: [n], v: [m]",
            try_="a loop over rows, or wengert.vmap",
        )
    if math.prod(a.shape) == 0 or math.prod(v.shape) == 0:
        raise ShapeError(
            f"{name}: an operand is empty.",
            got=describe(a=a, v=v),
            expected="at least one element in each",
        )
    return a, v


def _mode_window(name: str, n: int, m: int, mode: str) -> tuple[int, int]:
    """Start and length of the window that a mode of NumPy's is."""
    n, m = max(n, m), min(n, m)
    windows = {
        "full": (0, n + m - 1),
        "same": ((m - 1) // 2, n),
        "valid": (m - 1, n - m + 1),
    }
    for full_name, window in windows.items():
        if mode == full_name or mode == full_name[0]:
            return window
    raise ArgumentError(
        f"{name}: there is no such mode.",
        got=repr(mode),
        expected="'full', 'same' or 'valid'",
    )
