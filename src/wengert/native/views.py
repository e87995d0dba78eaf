"""Operands that are other arrays seen through an index map: where their elements lie.

A library call can read a transposed, sliced or reshaped array in place, through strides. `root`
asks the rules of such operations for an element at symbolic indices, with a reader that only
follows reads: what comes back unchanged is an element of another value, at affine indices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from wengert.ir.emission import Elementwise, Pull
from wengert.ir.program import Literal, Var
from wengert.native.elements import Definition, Reader
from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer
from wengert.native.rules import kind_of, shape_of

Definitions = Mapping[Var, Definition]


class Place(NamedTuple):
    """An element of a value that is in memory."""

    var: Var
    at: tuple[Index, ...]


class _NotAView(AttributeError):
    """Raised where a rule does more than read one element."""


class _NoArithmetic:
    def __getattr__(self, name: str) -> Any:
        raise _NotAView


_NOTHING: Any = _NoArithmetic()


class _Follower(Reader):
    """A reader whose elements are places."""

    __slots__ = ("definitions", "stop")

    def __init__(self, source: Definition, definitions: Definitions, stop: Var | None) -> None:
        self.definitions = definitions
        self.stop = stop
        self.b = _NOTHING
        self.elements = _NOTHING
        self.source = source

    def read(self, i: int, at: Sequence[Index]) -> Any:
        return _place(self.source.equation.inputs[i], tuple(at), self.definitions, self.stop)

    def number(self, i: Index) -> Any:
        raise _NotAView

    def opaque(self, value: Any, extent: int) -> Index:
        raise _NotAView


def _place(
    atom: Any, at: tuple[Index, ...], definitions: Definitions, stop: Var | None = None
) -> Place:
    """The furthest value, but not beyond `stop`, of which the element is one."""
    if type(atom) is Literal:
        raise _NotAView
    d = definitions.get(atom)
    if d is None or atom is stop:
        return Place(atom, at)
    rule, eq = d.rule, d.equation
    try:
        if isinstance(rule, Pull):
            found = rule.f(_Follower(d, definitions, stop), at, **eq.params)
            if type(found) is Place and kind_of(found.var) == kind_of(atom):
                return found
        elif isinstance(rule, Elementwise) and eq.primitive.name == "copy":
            return _place(eq.inputs[0], at, definitions, stop)
    except _NotAView:
        pass
    return Place(atom, at)


def root(atom: Var, definitions: Definitions) -> Var:
    """The value in whose memory the elements of `atom` lie: itself, or another one."""
    return _place(atom, _symbols(atom)[0], definitions).var


def strided(atom: Var, origin: Var, buffer: Buffer, definitions: Definitions) -> Buffer:
    """`atom` in the memory of its root `origin`, which lies in `buffer`."""
    at, own = _symbols(atom)
    place: Index = buffer.place(_place(atom, at, definitions, origin).at)
    coefficients = {} if isinstance(place, int) else dict(place.terms)
    strides = tuple([0 if s is None else coefficients.pop(s, 0) for s in own])
    offset: Index = place if isinstance(place, int) else place.const
    for s, c in coefficients.items():  # of the loops around
        offset = offset + Affine(0, ((s, c),))
    return Buffer(
        buffer.base, buffer.kind, shape_of(atom), strides, offset, buffer.depth, buffer.id
    )


def _symbols(atom: Var) -> tuple[tuple[Index, ...], list[Symbol | None]]:
    """An index in symbols, and the symbols; an axis with one place has none."""
    own = [None if n == 1 else Symbol(n) for n in shape_of(atom)]
    at = tuple([0 if s is None else Affine(0, ((s, 1),)) for s in own])
    return at, own
