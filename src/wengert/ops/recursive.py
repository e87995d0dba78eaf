"""The recursive part of a linear filter, along the last axis.

    recurse(a, u)    y[t] = u[t] - a[0] y[t - 1] - ... - a[p - 1] y[t - p],  y = 0 before the start

It is the solution of a triangular Toeplitz system, linear in `u`: its adjoint is the same filter
run backward in time, and its derivative in `a` one more application of itself. Axes before the
last broadcast.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from wengert.ir.dependence import Prefixes
from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, define
from wengert.ops.convolution import convolve_window
from wengert.ops.core import conj, sub, unfit, zeros_of
from wengert.ops.families import align_batch
from wengert.trace.tracer import bind
from wengert.types import Type

_REGISTERS = 16  # as many states are kept in registers by native code; more by SciPy


def recurse(a: Any, u: Any) -> Any:
    """Filter `u` with the feedback coefficients `a`, of one dtype.

    Examples
    --------
    >>> recurse(np.array([-0.5]), np.array([1.0, 0.0, 0.0]))
    array([1.  , 0.5 , 0.25])
    """
    return bind(recurse_p, a, u)


def _recurse_array(a: Any, u: Any) -> Any:
    stack = np.broadcast_shapes(a.shape[:-1], u.shape[:-1])
    n, p = u.shape[-1], a.shape[-1]
    if not p or not n or not math.prod(stack):
        return np.array(np.broadcast_to(u, (*stack, n)))
    a = a.reshape(a.shape[a.ndim - 1 - _stack_rank(a) :])
    if a.ndim == 1:
        return _filter(a, np.broadcast_to(u, (*stack, n)))
    u = np.broadcast_to(u, (*stack, n))
    a = np.broadcast_to(a, (*stack, p))
    if math.prod(stack) > n:  # many short rows: step by step, all rows at once
        return _in_step(a, u)
    rows = [_filter(c, x) for c, x in zip(a.reshape(-1, p), u.reshape(-1, n), strict=True)]
    return np.stack(rows).reshape(u.shape)


def _stack_rank(a: Any) -> int:
    """How many axes before the last are not of length one all the way."""
    return a.ndim - 1 if math.prod(a.shape[:-1]) > 1 else 0


def _filter(a: Any, u: Any) -> Any:
    lfilter = importlib.import_module("scipy.signal").lfilter
    one = np.ones(1, a.dtype)
    return lfilter(one, np.concatenate([one, a]), u, axis=-1)


def _in_step(a: Any, u: Any) -> Any:
    result = np.array(u)
    for t in range(u.shape[-1]):
        for k in range(min(t, a.shape[-1])):
            result[..., t] -= a[..., k] * result[..., t - 1 - k]
    return result


def _recurse_type(a: Type, u: Type) -> Type:
    return Type((*np.broadcast_shapes(a.shape[:-1], u.shape[:-1]), u.shape[-1]), u.dtype)


def _recurse_jvp(args: Any, out: Any, tangents: Any) -> Any:
    """dy = filter(du - sum over k of da[k] y[t - 1 - k])."""
    a, _ = args
    da, du = tangents
    if da is not None:
        moved = convolve_window(out, da, -1, out.shape[-1])
        du = sub(zeros_of(moved) if du is None else du, moved)
    return recurse(a, du)


def _recurse_transpose(ct: Any, args: Any) -> Any:
    """The filter run backward in time, with conjugate coefficients."""
    return unfit(recurse(conj(args[0]), ct[..., ::-1])[..., ::-1], args[1])


def _emit_recurse(m: Any, a: Any, u: Any, out: Any) -> None:
    """The transposed direct form: the states stay in registers, one chain of additions a step."""
    n, p = u.shape[-1], a.shape[-1]

    def row(stack: Any) -> None:
        feedback = [
            m.b.neg(m.load_as(a, (*m.stack_index(a, stack), k), out.kind)) for k in range(p)
        ]
        zero = m.b.constant(0, out.kind)

        def turn(t: Any, *states: Any) -> Any:
            x = m.load_as(u, (*m.stack_index(u, stack), t), out.kind)
            y = m.b.add(x, states[0])
            m.store(out, (*stack, t), y)
            behind = [*states[1:], zero]
            return [m.b.multiply_add(c, y, s) for c, s in zip(feedback, behind, strict=True)]

        m.fold(n, [zero] * p, turn)

    if math.prod(out.shape):
        m.each(out.shape[:-1], row)


recurse_p: Primitive = define(
    Primitive(
        "recurse",
        _recurse_array,
        _recurse_type,
        linear_in=(frozenset({1}),),
        jvp=_recurse_jvp,
        transpose={1: _recurse_transpose},
        batch=lambda size, args, is_batched: (
            recurse(*align_batch(args, is_batched)),
            True,
        ),
        cost=lambda in_types, out_types, **params: 2 * out_types[0].size * in_types[0].shape[-1],
        gives_array=True,
        sparsity=Prefixes(-1, lambda: False),
        emit=Whole(
            _emit_recurse,
            accepts=lambda in_types, out_types: 0 < in_types[0].shape[-1] <= _REGISTERS,
        ),
    )
)
