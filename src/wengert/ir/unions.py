"""Unions of labels that several sparsity rules need: of prefixes, of what is read, of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.flow import Flow
from wengert.ir.index_sets import IndexSets, Labels


def prefix_unions(sets: IndexSets, labels: Labels, axis: int, is_reversed: bool = False) -> Labels:
    """For each place along an axis the union of the labels up to it (or from it on).

    Spans of twice the length are united in each turn, so that there are few turns.
    """
    axis %= labels.ndim
    last = np.moveaxis(labels, axis, -1)
    last = last[..., ::-1] if is_reversed else last
    step = 1
    while step < last.shape[-1]:
        longer = sets.unite(last[..., step:], last[..., :-step])
        last = np.concatenate([last[..., :step], longer], axis=-1)
        step *= 2
    return np.moveaxis(last[..., ::-1] if is_reversed else last, -1, axis)


def unions_of(sets: IndexSets, labels: Labels, sources: Labels) -> Labels:
    """The union, for each element of a result, of the elements that it reads.

    Parameters
    ----------
    sets : IndexSets
    labels : array of shape (..., n)
    sources : integer array of shape (*core, n_terms)
        Places from 0 to n − 1 along the last axis of `labels`; −1 is nowhere.

    Returns
    -------
    array of shape (..., *core)
    """
    nowhere = np.zeros((*labels.shape[:-1], 1), np.int64)
    return sets.unite_along(np.concatenate([labels, nowhere], axis=-1)[..., sources], (-1,))


def is_zero_everywhere(value: Any, n_last: int) -> Any:
    """Which items along the last `n_last` axes are known to be zero; None is not known."""
    if value is None:
        return None
    value = np.asarray(value)
    return ~np.any(value != 0, axis=tuple(range(value.ndim - n_last)))


def contraction(k: Flow, a: Sequence[Any], b: Sequence[Any], out: Sequence[Any]) -> Labels:
    """The rule of a product of two arrays with axes named as in einsum, one of them active."""
    (i,) = k.active
    own, other = (a, b) if i == 0 else (b, a)
    labels = k.labels_of(i)
    shape = k.out_shape()
    factor = k.values[1 - i]
    sizes = dict(zip(other, k.shape(1 - i), strict=True))
    is_even = all([sizes.get(x, n) == n for x, n in zip(own, labels.shape, strict=True)])
    if factor is not None and is_even and not np.all(factor):
        return _sparse_contraction(k.sets, labels, own, np.asarray(factor), other, out, shape)
    summed = [p for p, x in enumerate(own) if x not in out]
    kept = k.sets.unite_along(labels, summed) if summed else labels
    names = [x for x in own if x in out]
    ordered = kept.transpose([names.index(x) for x in out if x in names])
    at = [slice(None) if x in names else None for x in out]
    return np.broadcast_to(ordered[tuple(at)], shape)


def _sparse_contraction(
    sets: IndexSets,
    labels: Labels,
    own: Sequence[Any],
    factor: Any,
    other: Sequence[Any],
    out: Sequence[Any],
    shape: tuple[int, ...],
) -> Labels:
    """A product with a known array, of which only the nonzeros count."""
    free = [x for x in own if x not in other]
    at = dict(zip(other, [p.reshape(-1, *(1,) * len(free)) for p in factor.nonzero()], strict=True))
    sizes = dict(zip(own, labels.shape, strict=True))
    for n, x in enumerate(free):
        at[x] = np.arange(sizes[x]).reshape(-1, *(1,) * (len(free) - n - 1))
    read = labels[tuple([at[x] for x in own])] if own else labels
    places = np.zeros((), np.int64)
    for x, n in zip(out, shape, strict=True):
        places = places * n + at[x]
    grid = np.broadcast_shapes(places.shape, read.shape, next(iter(at.values())).shape)
    size = int(np.prod(shape))
    return sets.unite_at(np.broadcast_to(places, grid), np.broadcast_to(read, grid), size).reshape(
        shape
    )
