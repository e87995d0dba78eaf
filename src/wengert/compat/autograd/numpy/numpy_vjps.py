"""`autograd.numpy.numpy_vjps`: helpers for those who write rules of broadcasting functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.compat.autograd.numpy._functions import metadata
from wengert.ops.core import broadcast_to, convert
from wengert.ops.joining import array_of

__all__ = [
    "balanced_eq",
    "match_complex",
    "nograd_functions",
    "repeat_to_match_shape",
    "replace_zero",
    "unbroadcast",
    "unbroadcast_f",
]

# Functions of steps and integers: their derivative is zero, or there is none.
nograd_functions = [
    getattr(np, name)
    for name in """
    all allclose any argmax argmin argpartition argsort argwhere around array_equal array_equiv
    bincount ceil count_nonzero equal flatnonzero floor floor_divide greater greater_equal
    iscomplex iscomplexobj isfinite isinf isnan isneginf isposinf isreal isrealobj isscalar less
    less_equal logical_and logical_not logical_or logical_xor lexsort ndim nonzero not_equal
    ones_like result_type rint round searchsorted shape sign size zeros_like
    """.split()
]


def unbroadcast(x: Any, target_meta: Any, broadcast_idx: int = 0) -> Any:
    """The sum of `x` over the axes along which what `target_meta` describes was broadcast.

    `target_meta` is what `metadata` gives; axes that broadcasting added stand at `broadcast_idx`.
    """
    shape, ndim, dtype, is_complex = target_meta
    while np.ndim(x) > ndim:
        x = np.sum(x, axis=broadcast_idx)
    for axis, size in enumerate(shape):
        if size == 1 and np.shape(x)[axis] != 1:
            x = np.sum(x, axis=axis, keepdims=True)
    if np.iscomplexobj(x) and not is_complex:
        x = np.real(x)
    return x


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`f`, its results summed to the shape of `target`.

    Examples
    --------
    >>> import wengert.compat.autograd.numpy as np
    >>> from wengert.compat.autograd.numpy.numpy_vjps import unbroadcast_f
    >>> unbroadcast_f(np.ones(2), lambda g: 3.0 * g)(np.ones((4, 2)))
    array([12., 12.])
    """
    target_meta = metadata(target)
    return lambda g: unbroadcast(f(g), target_meta)


def repeat_to_match_shape(
    g: Any, shape: Any, dtype: Any, axis: Any, keepdims: bool
) -> tuple[Any, Any]:
    """The result of a reduction spread again over the axes reduced, and their size."""
    g = array_of(g)
    if shape == ():
        return g, 1
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    reduced = {int(k) % len(shape) for k in axes}
    kept = tuple([1 if k in reduced else n for k, n in enumerate(shape)])
    count = np.prod([shape[k] for k in reduced])
    return broadcast_to(convert(np.reshape(g, kept), np.result_type(g, dtype)), shape), count


def replace_zero(x: Any, val: Any) -> Any:
    """`x`, with `val` where it is zero."""
    return np.where(x, x, val)


def balanced_eq(x: Any, z: Any, y: Any) -> Any:
    """Where x = z: one half where y = z too, else one."""
    return (x == z) / (1.0 + (x == y))


def match_complex(target: Any, x: Any) -> Any:
    """`x`, real or complex as `target` is."""
    if np.iscomplexobj(target):
        return x if np.iscomplexobj(x) else x + 0j
    return np.real(x) if np.iscomplexobj(x) else x
