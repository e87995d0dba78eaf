"""Types of values: `Type` (an array's shape and dtype) and `StackType` (items counted at run time).

Types are interned, hashable and hold no arrays. A Python scalar inside a Program has no Type of
its own: it is a literal, whose dtype NumPy's promotion decides in the operation it takes part in.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import DTypeLike


@final
class Type:
    """The shape and dtype of one array value; equal types are the same object.

    Examples
    --------
    >>> Type((2, 3), "float64")
    float64[2, 3]
    >>> Type((2, 3), "float64") is Type((2, 3), float)
    True
    """

    __slots__ = ("__weakref__", "dtype", "is_differentiable", "shape")
    # Identity is equality, so that a Type hashes as fast as an object can. The strong table in
    # front of the weak one is bounded, and only there for speed.
    _interned: ClassVar[WeakValueDictionary[Any, Type]] = WeakValueDictionary()
    _recent: ClassVar[dict[Any, Type]] = {}

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_differentiable: bool

    def __new__(cls, shape: tuple[int, ...], dtype: DTypeLike) -> Type:
        shape = shape if type(shape) is tuple else tuple(shape)
        self = cls._recent.get((shape, dtype))
        if self is None:
            known = np.dtype(dtype)
            if not known.isnative:  # byte order is a matter of storage, not of values
                known = np.dtype(known.type)
            key = (tuple([int(n) for n in shape]), known)
            self = cls._interned.get(key)
            if self is None:
                self = object.__new__(cls)
                self.shape, self.dtype = key
                self.is_differentiable = self.dtype.kind in "fc"
                self = cls._interned.setdefault(key, self)
            if len(cls._recent) > 20_000:
                cls._recent.clear()
            if isinstance(dtype, np.dtype):
                cls._recent[key] = self
        return self

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Type, (self.shape, self.dtype))


@final
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
