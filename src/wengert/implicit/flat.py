"""Trees of arrays as one real vector, and back: the unknowns of an implicit equation.

Complex numbers are pairs of real ones, so that functions which are not holomorphic are served too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import Leaves, operands
from wengert.errors import DtypeError
from wengert.types import Type


@dataclass(frozen=True)
class Packing:
    """How a tree lies in a vector of one real dtype."""

    spec: Any
    types: tuple[Type, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return sum([t.size * (2 if t.dtype.kind == "c" else 1) for t in self.types])

    @property
    def type(self) -> Type:
        return Type((self.size,), self.dtype)

    def pack(self, leaves: Sequence[Any]) -> Any:
        """The vector of these leaves."""
        parts: list[Any] = []
        for leaf in leaves:
            flat = np.reshape(leaf, (-1,))
            parts += [np.real(flat), np.imag(flat)] if flat.dtype.kind == "c" else [flat]
        parts = [p.astype(self.dtype, copy=False) for p in parts]
        if not parts:
            return np.zeros(0, self.dtype)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def leaves(self, vector: Any) -> list[Any]:
        """The leaves that lie in a vector."""
        result = []
        start = 0
        for t in self.types:
            part = vector[start : start + t.size]
            start += t.size
            if t.dtype.kind == "c":
                part = part + 1j * vector[start : start + t.size]
                start += t.size
            part = part.astype(t.dtype, copy=False)
            result.append(np.reshape(part, t.shape) if t.shape else part[0])
        return result

    def tree(self, vector: Any) -> Any:
        """The tree that lies in a vector."""
        return trees.unflatten(self.spec, self.leaves(vector))


def packing_of(name: str, tree: Any, what: str) -> tuple[Packing, Leaves]:
    """The packing of a tree of numbers; integers count as float64, as in a guess of `1`."""
    found = operands(name, tree, what)
    types = []
    for path, t in zip(found.paths, found.types, strict=True):
        if t.dtype.kind == "b":
            raise DtypeError(
                f"{name}: an unknown is a boolean.",
                got=f"{t!r} at {path}",
                expected="floating point or complex numbers",
            )
        types.append(Type(t.shape, np.float64) if t.dtype.kind in "iu" else t)
    reals = [np.zeros(0, t.dtype).real.dtype for t in types]
    dtype = np.result_type(*reals) if reals else np.dtype(np.float64)
    return Packing(found.spec, tuple(types), dtype), found
