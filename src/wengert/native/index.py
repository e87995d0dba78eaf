"""Indices of array elements: affine forms in loop symbols.

An index is an `int`, or an `Affine`: a constant plus multiples of `Symbol`s. A symbol stands for a
loop's variable, or for an integer that the program computed (a gather's place). Which is decided
when code is written, by binding it (`addressing.py`); planning only looks at the forms.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

_ids = itertools.count()


class Symbol:
    """An integer from 0 to `extent` - 1 that is not known yet.

    While a piece of a loop is written, `low` and `high` are the bounds of that piece.
    """

    __slots__ = ("binding", "extent", "high", "id", "low")

    def __init__(self, extent: int, binding: Any = None) -> None:
        self.extent = extent
        self.low = 0
        self.high = extent - 1
        self.binding = binding
        self.id = next(_ids)

    def __repr__(self) -> str:
        return f"s{self.id}"


class Affine:
    """`const` + the sum of coefficient times symbol."""

    __slots__ = ("_hash", "const", "terms")

    def __init__(self, const: int, terms: tuple[tuple[Symbol, int], ...]) -> None:
        self.const = const
        self.terms = terms  # by the symbols' ids, no coefficient is 0
        self._hash = hash((const, tuple([(s.id, c) for s, c in terms])))

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is Affine
            and self._hash == other._hash
            and self.const == other.const
            and self.terms == other.terms
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        parts = [f"{c}*{s}" if c != 1 else f"{s}" for s, c in self.terms]
        return " + ".join([*parts, str(self.const)] if self.const else parts)

    def __add__(self, other: Index) -> Index:
        if isinstance(other, int):
            return Affine(self.const + other, self.terms) if other else self
        return _sum(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Index) -> Index:
        if isinstance(other, int):
            return Affine(self.const - other, self.terms) if other else self
        return _sum(self, other, -1)

    def __rsub__(self, other: int) -> Index:
        return self * -1 + other

    def __mul__(self, n: int) -> Index:
        if n == 0:
            return 0
        if n == 1:
            return self
        return Affine(self.const * n, tuple([(s, c * n) for s, c in self.terms]))

    __rmul__ = __mul__

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest value it may take."""
        low = high = self.const
        for s, c in self.terms:
            ends = (c * s.low, c * s.high) if c > 0 else (c * s.high, c * s.low)
            low, high = low + ends[0], high + ends[1]
        return low, high


Index = int | Affine


def _sum(x: Affine, y: Affine, sign: int) -> Index:
    coefficients = dict(x.terms)
    for s, c in y.terms:
        coefficients[s] = coefficients.get(s, 0) + sign * c
    terms = [(s, c) for s, c in coefficients.items() if c]
    const = x.const + sign * y.const
    if not terms:
        return const
    terms.sort(key=lambda t: t[0].id)
    return Affine(const, tuple(terms))


def symbol(extent: int) -> Index:
    """An index that runs over an axis; 0 where there is only one place."""
    return 0 if extent == 1 else Affine(0, ((Symbol(extent), 1),))


def bounds(i: Index) -> tuple[int, int]:
    return (i, i) if isinstance(i, int) else i.bounds


def split(i: Index, n: int) -> tuple[Index, Index] | None:
    """`i` // n and `i` % n for a non-negative index, where both are affine; else None."""
    if n == 1:
        return i, 0
    if isinstance(i, int):
        return i // n, i % n
    high = tuple([(s, c // n) for s, c in i.terms if c % n == 0])
    low = tuple([(s, c) for s, c in i.terms if c % n])
    rest: Index = Affine(i.const % n, low) if low else i.const % n
    least, greatest = bounds(rest)
    if least < 0 or greatest >= n:
        return None
    return (Affine(i.const // n, high) if high else i.const // n), rest


def linear(at: Sequence[Index], shape: Sequence[int]) -> Index:
    """The place of `at` in C order."""
    total: Index = 0
    for i, n in zip(at, shape, strict=True):
        total = total * n + i
    return total


def broadcast_index(at: Sequence[Index], shape: Sequence[int]) -> tuple[Index, ...]:
    """Where an operand of `shape` is read for the element `at` of a result it broadcasts to."""
    skip = len(at) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(at[skip:], shape, strict=True)])
