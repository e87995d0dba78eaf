"""How the outputs of linear primitives depend on their inputs: the field `sparsity` of a record.

A rule is called as `rule(k, **params)` with a `Flow`, the labels (`index_sets.py`) that arrive at
one equation, and returns the labels of its output, or a tuple of them. Families:

    Elementwise    number by number, with broadcasting: the union of what is met (derived)
    Product        the same, known zeros of the other factor taking away
    Choice         of two values by a condition
    Moves          each element is a copy of one input element, or zero
    Collects       each input element is added to one output element, or dropped
    Sums           a sum over axes
    Mixes          along some axes all depends on all: solves, Fourier transforms
    Prefixes       along some axes each depends on what is before it: cumulative sums
    Everything     each output on all inputs: what is not known better

All are conservative: a label may promise too much, never too little. What a rule is given stands in
`flow.py`; unions that several rules need in `unions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.ir.flow import Flow, are_indices_known, linear_inputs, moving_arguments, united
from wengert.ir.index_sets import Labels
from wengert.ir.unions import prefix_unions
from wengert.types import Type


@dataclass(frozen=True)
class Elementwise:
    """The union of the inputs at the same place."""

    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        shape = k.out_shape()
        return united(k, [None if x is None else np.broadcast_to(x, shape) for x in k.labels])


@dataclass(frozen=True)
class Product:
    """A product: where the other factor is known to be zero, nothing arrives."""

    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        shape = k.out_shape()
        (i,) = k.active
        labels = np.broadcast_to(k.labels[i], shape)  # type: ignore[arg-type]  # it is active
        other = k.values[1 - i]
        if other is None or np.all(other):
            return labels
        return np.where(np.broadcast_to(other, shape) == 0, 0, labels)


@dataclass(frozen=True)
class Choice:
    """`where(condition, x, y)`: both, unless the condition is known."""

    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        condition, shape = k.values[0], k.out_shape()
        x, y = [None if v is None else np.broadcast_to(v, shape) for v in k.labels[1:]]
        if condition is None:
            return united(k, [x, y])
        return np.where(condition, 0 if x is None else x, 0 if y is None else y)


@dataclass(frozen=True)
class Moves:
    """Each output element is a copy of one input element, or a zero.

    Attributes
    ----------
    is_once : bool
        Whether no input element is copied more than once.
    repeats_all : bool
        Whether the whole input is repeated along axes, as by a broadcast.
    """

    is_once: bool = True
    repeats_all: bool = False
    moves = True

    @property
    def collects(self) -> bool:
        return self.is_once

    def __call__(self, k: Flow, **params: Any) -> Any:
        args = moving_arguments(k, k.labels)
        if args is None:
            return Everything()(k, **params)
        return _whole_numbers(k.primitive.array(*args, **params))

    def places(self, k: Flow, i: int, **params: Any) -> Labels | None:
        """Where each element of input i goes in the raveled output, −1 for nowhere.

        None where one goes to several places: what is written may be broadcast.
        """
        size = int(np.prod(k.shape(i)))
        numbers: list[Labels | None] = [None] * len(k.labels)
        numbers[i] = np.arange(1, size + 1).reshape(k.shape(i))
        args = moving_arguments(k, numbers)
        assert args is not None
        moved = np.ravel(_whole_numbers(k.primitive.array(*args, **params)))
        if np.max(np.bincount(moved[moved > 0]), initial=0) > 1:
            return None
        result = np.full(size + 1, -1)
        result[moved] = np.arange(moved.size)
        return result[1:].reshape(k.shape(i))


@dataclass(frozen=True)
class Collects:
    """Each input element is added to one output element: the adjoint of a primitive that moves.

    Attributes
    ----------
    spread : callable, optional
        `spread(k, **params)`: the shape to which input 1 is broadcast before it is added.
    """

    spread: Callable[..., tuple[int, ...]] | None = None
    moves = False
    collects = True

    def __call__(self, k: Flow, **params: Any) -> Any:
        if not are_indices_known(k):
            return Everything()(k, **params)
        if self.spread is not None:
            k = _with_shape(k, 1, self.spread(k, **params))
        parts = [(self._places(k, i, **params), k.labels_of(i)) for i in k.active]
        places = np.concatenate([np.ravel(p) for p, _ in parts])
        labels = np.concatenate([np.ravel(x) for _, x in parts])
        shape = k.out_shape()
        return k.sets.unite_at(places, labels, int(np.prod(shape))).reshape(shape)

    def places(self, k: Flow, i: int, **params: Any) -> Labels | None:
        """Where each element of input i goes in the raveled output, −1 for nowhere.

        None where one goes to several places, as it is broadcast.
        """
        if self.spread is not None and i == 1 and k.shape(1) != self.spread(k, **params):
            return None
        return self._places(k, i, **params)

    def _places(self, k: Flow, i: int, **params: Any) -> Labels:
        shape = k.out_shape()
        numbers = np.arange(1, int(np.prod(shape)) + 1).reshape(shape)
        args = [
            Type(k.shape(j), np.dtype(np.int64)) if j in linear_inputs(k) else value
            for j, value in enumerate(k.values)
        ]
        rule = k.primitive.transpose
        if isinstance(rule, Mapping):
            found = rule[i](numbers, args, **params)
        else:
            assert callable(rule)
            found = rule(numbers, args, i, **params)
        return np.broadcast_to(_whole_numbers(found), k.shape(i)) - 1


@dataclass(frozen=True)
class Sums:
    """A sum over the axes in `params["axes"]`."""

    moves = False
    collects = True

    def __call__(self, k: Flow, *, axes: Sequence[int], **params: Any) -> Any:
        return k.sets.unite_along(k.labels_of(0), axes).reshape(k.out_shape())

    def places(self, k: Flow, i: int, **params: Any) -> Labels | None:
        """Where each element goes in the raveled output."""
        return Collects().places(k, i, **params)


@dataclass(frozen=True)
class Mixes:
    """Along some axes of the one active input each output element depends on all elements.

    Attributes
    ----------
    axes : callable or tuple of int
        The axes (negative ones count from the end), or `axes(k, **params)`. The other axes of
        input and output are the same, or broadcast.
    """

    axes: Any
    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        axes = self.axes(k, **params) if callable(self.axes) else self.axes
        shape = k.out_shape()
        parts = []
        for i in k.active:
            labels = k.labels_of(i)
            own = [a % labels.ndim for a in axes]
            kept = k.sets.unite_along(labels, own)
            parts.append(np.broadcast_to(np.expand_dims(kept, tuple(own)), shape))
        return _as_outputs(k, united(k, parts))


@dataclass(frozen=True)
class Prefixes:
    """Along an axis each output element depends on the input elements up to its place.

    Attributes
    ----------
    axis : callable or int
        The axis, or `axis(k, **params)`; the other axes broadcast.
    is_reversed : callable
        `is_reversed(**params)`: whether on those from its place on.
    """

    axis: Any
    is_reversed: Callable[..., bool]
    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        axis = self.axis(k, **params) if callable(self.axis) else self.axis
        is_reversed = self.is_reversed(**params)
        shape = k.out_shape()
        parts = [
            np.broadcast_to(prefix_unions(k.sets, labels, axis, is_reversed), shape)
            for labels in k.labels
            if labels is not None
        ]
        return _as_outputs(k, united(k, parts))


@dataclass(frozen=True)
class Everything:
    """Every output element depends on every element of all active inputs.

    Attributes
    ----------
    reason : str
        Why nothing better is known.
    """

    reason: str = "an index that is not known"
    moves = collects = False

    def __call__(self, k: Flow, **params: Any) -> Any:
        flat = [np.ravel(x) for x in k.labels if x is not None]
        label = k.sets.unite_at(np.zeros(sum(map(len, flat)), int), np.concatenate(flat), 1)
        result = tuple(
            [np.broadcast_to(label.reshape(()), k.out_shape(i)) for i in range(len(k.out_types))]
        )
        return result if k.primitive.is_multiple else result[0]


def _as_outputs(k: Flow, labels: Labels | None) -> Any:
    """The labels of the one output, as the record gives its outputs."""
    return (labels,) if k.primitive.is_multiple else labels


def _with_shape(k: Flow, i: int, shape: tuple[int, ...]) -> Flow:
    """The same with input i broadcast to `shape`."""
    labels, types = list(k.labels), list(k.types)
    x = labels[i]
    labels[i] = None if x is None else np.broadcast_to(x, shape)
    types[i] = Type(shape, np.dtype(np.int64))
    return replace(k, labels=tuple(labels), types=tuple(types))


def _whole_numbers(x: Any) -> Labels:
    """Labels that a primitive's implementation may have made floating-point numbers.

    Where all items along the first axis are the same, they are one item repeated, as they may have
    been before they were copied: unions are then of that item alone.
    """
    numbers = np.real(x)
    if numbers.dtype != np.int64:
        numbers = numbers.astype(np.int64)
    if numbers.ndim < 2 or len(numbers) < 2 or numbers.strides[0] == 0:
        return numbers
    if not np.array_equal(numbers[0], numbers[1]) or not np.all(numbers == numbers[:1]):
        return numbers
    return np.broadcast_to(numbers[:1], numbers.shape)


MOVES = Moves()
COPIES = Moves(is_once=False)
REPEATS = Moves(is_once=False, repeats_all=True)
COLLECTS = Collects()
ELEMENTWISE = Elementwise()
