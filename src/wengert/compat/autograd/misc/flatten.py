"""Containers of numbers and arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert import trees
from wengert.ops.core import convert, reshape
from wengert.ops.joining import array_of
from wengert.trace.tracer import Tracer

__all__ = ["flatten", "flatten_func"]


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The numbers of a container in one vector, and the function that puts them back.

    Dictionaries are read in the order of their sorted keys. Both functions are differentiable.

    Examples
    --------
    >>> from wengert.compat.autograd.misc import flatten
    >>> vector, unflatten = flatten({"b": [1.0, 2.0], "a": 3.0})
    >>> vector
    array([3., 1., 2.])
    >>> unflatten(2 * vector)["b"]
    [np.float64(2.0), np.float64(4.0)]
    """
    leaves, spec = trees.flatten(value)
    arrays = [array_of(leaf) for leaf in leaves]
    shapes = [a.shape for a in arrays]
    # What is no float or complex number comes back as a float: it was one in the vector.
    dtypes = [a.dtype if a.dtype.kind in "fc" else np.dtype(float) for a in arrays]
    flat = np.concatenate([np.ravel(a) for a in arrays]) if arrays else np.zeros(0)
    if flat.dtype.kind not in "fc":
        flat = flat.astype(float)

    def unflatten(vector: Any) -> Any:
        parts, start = [], 0
        for shape, dtype in zip(shapes, dtypes, strict=True):
            size = int(np.prod(shape))
            part = reshape(vector[start : start + size], shape)
            part = part if part.dtype.kind not in "fc" else _in_dtype(part, dtype)
            parts.append(part if isinstance(part, Tracer) or shape else part[()])
            start += size
        return trees.unflatten(spec, parts)

    return flat, unflatten


def _in_dtype(part: Any, dtype: Any) -> Any:
    if part.dtype.kind == "c" and dtype.kind != "c":
        part = np.real(part)
    return convert(part, dtype)


def flatten_func(
    func: Callable[..., Any], example: Any
) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """A function of containers as one of vectors, with `unflatten` and the example's vector."""
    vector, unflatten = flatten(example)

    def flat_func(x: Any, *args: Any) -> Any:
        return flatten(func(unflatten(x), *args))[0]

    return flat_func, unflatten, vector
