"""Reads and writes through views, moved to the array that owns the elements.

An index on a view that is a part, a permutation or a reshape of another array selects elements of
that array too. `read` and `write` take them there, so that a loop over single elements through a
view costs what it touches, and a view that is never used whole is never read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from wengert.ops.core import broadcast_to, imag_p, real_p, real_set_p, reshape_p, transpose_p
from wengert.ops.indexing import (
    Index,
    index_p,
    index_set_p,
    selected_shape,
    triple_length,
    triple_of,
)
from wengert.trace.tracer import Tracer, bind
from wengert.trace.views import update


def is_stale(view: Tracer) -> bool:
    """Whether the array that `view` looks into was written since `view` was read."""
    base = view.base
    return base is not None and (view.seen != base.version or is_stale(base))


def read(x: Tracer, index: Index) -> Any:
    """`x[index]`, read from the array behind `x` where `x` itself would have to be read again."""
    while is_stale(x):
        moved = push(x, index)
        if moved is None:
            break
        assert x.base is not None
        x, index = x.base, moved
    if None in index and _only_adds_axes(index, x.shape):
        return bind(reshape_p, x, shape=selected_shape(x.shape, index), order="C")
    return bind(index_p, x, index=index)


def _only_adds_axes(index: Index, shape: tuple[int, ...]) -> bool:
    """Whether nothing is left out: `x[:, None]`, whose adjoint is a reshape."""
    kept = [e for e in index if e is not None]
    return all(e == (0, n, 1) for e, n in zip(kept, shape, strict=False))


def write(x: Tracer, index: Index, value: Any) -> None:
    """`x[index] = value`, written to the array that owns the elements."""
    while x.base is not None:
        if is_same_view(value, x, index):
            return
        primitive, _, params = x.view_of
        moved = push(x, index)
        if moved is None:
            if primitive is not real_p and primitive is not imag_p:
                break
            element = read(x.base, index)
            part = "real" if primitive is real_p else "imag"
            value = bind(real_set_p, element, broadcast_to(value, element.shape), part=part)
            moved = index
        x, index = x.base, moved
    if not is_same_view(value, x, index):
        update(x, index_set_p, (value,), {"index": index})


def is_same_view(value: Any, x: Tracer, index: Index) -> bool:
    """Whether `value` is the view `x[index]` itself, already written: `x[index] += v` ends so."""
    if not isinstance(value, Tracer) or value.base is not x:
        return False
    primitive, _, params = value.view_of
    return primitive is index_p and params["index"] == index and not is_stale(value)


def push(view: Tracer, index: Index) -> Index | None:
    """The index on the base of `view` that selects the same elements in the same order, if any."""
    base = view.base
    assert base is not None
    primitive, _, params = view.view_of
    if primitive is index_p:
        return composed(params["index"], index)
    if primitive is transpose_p:
        return _through_transpose(params["axes"], index, view.shape)
    if primitive is reshape_p:
        return _through_reshape(params["order"], index, view.shape, base.shape)
    return None


@lru_cache(maxsize=20_000)
def composed(outer: Index, inner: Index) -> Index | None:
    """The index with `x[composed] == x[outer][inner]`."""
    result: list[Any] = []
    rest = list(inner)
    for e in outer:
        if type(e) is int:
            result.append(e)
            continue
        while rest and rest[0] is None:
            result.append(rest.pop(0))
        if not rest:
            result.append(e)
            continue
        f = rest.pop(0)
        if e is None:
            if type(f) is tuple:
                if f != (0, 1, 1):
                    return None
                result.append(None)
        elif type(f) is int:
            result.append(e[0] + f * e[2])
        else:
            result.append(triple_of(e[0] + f[0] * e[2], triple_length(f), f[2] * e[2]))
    return (*result, *rest)


def _through_transpose(axes: tuple[int, ...], index: Index, shape: tuple[int, ...]) -> Index | None:
    if None in index:
        return None
    index = (*index, *[(0, n, 1) for n in shape[len(index) :]])
    kept = [axis for axis, e in zip(axes, index, strict=True) if type(e) is tuple]
    if kept != sorted(kept):
        return None  # the selected elements come in another order
    moved: list[Any] = [None] * len(axes)
    for axis, e in zip(axes, index, strict=True):
        moved[axis] = e
    return tuple(moved)


def _through_reshape(
    order: Any, index: Index, shape: tuple[int, ...], base_shape: tuple[int, ...]
) -> Index | None:
    if len(index) != len(shape) or any(type(e) is not int for e in index):
        return None
    flat = np.ravel_multi_index(index, shape, order=order) if shape else 0
    if not base_shape:
        return ()
    return tuple([int(i) for i in np.unravel_index(flat, base_shape, order=order)])
