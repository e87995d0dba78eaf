"""Types of values: `Type` (an array's shape and dtype) and `StackType` (a run-time length of items).

Types are interned, hashable and hold no arrays. A Python scalar inside a Program has no Type of
its own: it is a literal, whose dtype NumPy's promotion decides in the operation it takes part in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike


class Type:
    """The shape and dtype of one array value; equal types are the same object.

    Examples
    --------
    >>> Type((2, 3), "float64")
    float64[2, 3]
    >>> Type((2, 3), "float64") is Type((2, 3), float)
    True
    """

    __slots__ = ("dtype", "is_differentiable", "shape")
    _interned: dict[tuple[tuple[int, ...], np.dtype[Any]], Type] = {}

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_differentiable: bool

    def __new__(cls, shape: tuple[int, ...], dtype: DTypeLike) -> Type:
        key = (tuple(shape), np.dtype(dtype))
        self = cls._interned.get(key)
        if self is None:
            self = object.__new__(cls)
            self.shape = tuple(int(n) for n in shape)
            self.dtype = np.dtype(dtype)
            self.is_differentiable = self.dtype.kind in "fc"
            if len(cls._interned) > 100_000:
                return self  # the table is bounded; equality does not rest on identity
            self = cls._interned.setdefault((self.shape, self.dtype), self)
        return self

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        n = 1
        for extent in self.shape:
            n *= extent
        return n

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(other) is Type and self.shape == other.shape and self.dtype == other.dtype
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Type, (self.shape, self.dtype))


class StackType:
    """A sequence of items of one type whose length is known only at run time.

    A loop of unknown length leaves its residuals on a stack; `scan` runs over one.
    """

    __slots__ = ("item",)

    def __init__(self, item: AnyType) -> None:
        self.item = item

    @property
    def is_differentiable(self) -> bool:
        return self.item.is_differentiable

    def __eq__(self, other: object) -> bool:
        return type(other) is StackType and self.item == other.item

    def __hash__(self) -> int:
        return hash(("stack", self.item))

    def __repr__(self) -> str:
        return f"stack<{self.item!r}>"


AnyType = Type | StackType


class Stack:
    """A value of a `StackType`: an immutable sequence of values, oldest first."""

    __slots__ = ("items", "type")

    def __init__(self, items: tuple[Any, ...], type: StackType) -> None:
        self.items = items
        self.type = type

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Stack({len(self.items)} items)"


def type_of(value: Any) -> Type:
    """The Type of an array or NumPy scalar."""
    return Type(value.shape, value.dtype)
