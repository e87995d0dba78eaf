"""`Flow`: the labels that arrive at one equation, which its sparsity rule is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.ir.index_sets import IndexSets, Labels
from wengert.ir.primitive import Primitive
from wengert.types import StackType


@dataclass
class Flow:
    """What a sparsity rule is given.

    Attributes
    ----------
    primitive : Primitive
    labels : tuple of arrays or None
        Of each input, of its shape; None where nothing that is differentiated arrives.
    values : tuple
        Of each input, where it is known whatever the arguments are; else None.
    types : tuple of types
        Of each input.
    out_types : tuple of types
    sets : IndexSets
    walk : callable
        `walk(program, labels, values)`: the labels of a Program's outputs.
    """

    primitive: Primitive
    labels: tuple[Labels | None, ...]
    values: tuple[Any, ...]
    types: tuple[Any, ...]
    out_types: tuple[Any, ...]
    sets: IndexSets
    walk: Callable[..., list[Labels | None]]

    def shape(self, i: int) -> tuple[int, ...]:
        """The shape of input i; of a stack that of its items."""
        return shape_of(self.types[i])

    def labels_of(self, i: int) -> Labels:
        """The labels of an input that has some."""
        labels = self.labels[i]
        assert labels is not None
        return labels

    def out_shape(self, i: int = 0) -> tuple[int, ...]:
        return shape_of(self.out_types[i])

    @property
    def active(self) -> list[int]:
        """The inputs with labels."""
        return [i for i, x in enumerate(self.labels) if x is not None]


def shape_of(type_: Any) -> tuple[int, ...]:
    """The shape of a type; of a stack that of its items, of a literal ()."""
    while isinstance(type_, StackType):
        type_ = type_.item
    return getattr(type_, "shape", ())


def united(k: Flow, parts: Sequence[Labels | None]) -> Labels | None:
    """The union of labels of one shape, None for none at all."""
    result = None
    for part in parts:
        if part is not None:
            result = part if result is None else k.sets.unite(result, part)
    return result


def linear_inputs(k: Flow) -> frozenset[int]:
    """The inputs in which the primitive is linear."""
    groups = k.primitive.linear_in
    return frozenset([i for i in range(len(k.types)) if any(i in group for group in groups)])


def are_indices_known(k: Flow) -> bool:
    """Whether all inputs in which the primitive is not linear have known values."""
    linear = linear_inputs(k)
    return all([k.values[i] is not None for i in range(len(k.types)) if i not in linear])


def moving_arguments(k: Flow, labels: Sequence[Labels | None]) -> list[Any] | None:
    """Arguments for the NumPy implementation with labels for numbers; None if one is unknown."""
    if not are_indices_known(k):
        return None
    linear = linear_inputs(k)
    args: list[Any] = []
    for i, x in enumerate(labels):
        if i not in linear:
            args.append(k.values[i])
        else:
            args.append(np.zeros(k.shape(i), np.int64) if x is None else x)
    return args
