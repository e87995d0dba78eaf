"""Patterns and rules: a rewrite is written as an equation, `rule("x * 1 = x", X * ONE, X)`.

A pattern is a tree of primitives over named operands and constants. On the left it is matched
against an equation and the equations behind its inputs; on the right it says what to write instead.
Where that cannot be said by a pattern, a function of the match writes it, or declines with None.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wengert.ir.primitive import Primitive
from wengert.ir.program import Atom, Equation, Literal, Source, Var
from wengert.ops.arithmetic import div_p, power_p
from wengert.ops.core import add_p, mul_p, neg_p, sub_p


class Changes(enum.Enum):
    """What a rule may change in a result."""

    NOTHING = "nothing: the same bits for every IEEE value"
    ROUNDING = "rounding: sums and products in another order, or with fewer roundings"
    ZERO_SIGN = "the sign of a zero"


class Graph(Protocol):
    """What patterns and rules see of the Program that is being written."""

    defs: dict[Var, Equation]

    def constant(self, atom: Atom) -> Any:
        """The number that an atom is everywhere, or None."""

    def uses(self, v: Var) -> int:
        """How many equations read a Var, an estimate while the Program is being written."""

    def emit(
        self, primitive: Primitive, inputs: Iterable[Any], params: Any, source: Source = None
    ) -> Var:
        """A new equation, simplified; Python scalars among the inputs become literals."""


def array_type(atom: Any) -> Any:
    """The Type of a Var that is an array: rules on arrays meet no stacks."""
    return atom.type


# -- patterns --------------------------------------------------------------------------------------


class Pattern:
    """Operators build patterns, so that rules read like algebra."""

    def __add__(self, other: Any) -> Node:
        return Node(add_p, (self, as_pattern(other)))

    def __sub__(self, other: Any) -> Node:
        return Node(sub_p, (self, as_pattern(other)))

    def __mul__(self, other: Any) -> Node:
        return Node(mul_p, (self, as_pattern(other)))

    def __truediv__(self, other: Any) -> Node:
        return Node(div_p, (self, as_pattern(other)))

    def __rtruediv__(self, other: Any) -> Node:
        return Node(div_p, (as_pattern(other), self))

    def __pow__(self, other: Any) -> Node:
        return Node(power_p, (self, as_pattern(other)))

    def __neg__(self) -> Node:
        return Node(neg_p, (self,))


@dataclass(frozen=True)
class Operand(Pattern):
    """Any value; the same name twice means the same value."""

    name: str


@dataclass(frozen=True)
class Constant(Pattern):
    """A value that is one known number everywhere; `holds` says which numbers are meant."""

    name: str
    holds: Callable[[Any], bool] = lambda value: True
    number: Any = None  # what it becomes on the right


@dataclass(frozen=True)
class Node(Pattern):
    """A primitive applied to patterns; without `operands` its inputs are not looked at."""

    primitive: Primitive
    operands: tuple[Pattern, ...] | None = None
    name: str = ""  # under which the equation is found in the match
    params: Mapping[str, Any] = field(default_factory=dict)  # on the right


def as_pattern(value: Any) -> Pattern:
    return value if isinstance(value, Pattern) else number(value)


def number(value: Any) -> Constant:
    """The pattern of one number, whatever its sign bit and Python type."""
    return Constant(repr(value), lambda x: bool(x == value), value)


def apply(primitive: Primitive, *operands: Any, name: str = "", **params: Any) -> Node:
    """The pattern `primitive(operands)`."""
    return Node(primitive, tuple([as_pattern(p) for p in operands]) or None, name, params)


X, Y, Z = Operand("x"), Operand("y"), Operand("z")
C, D = Constant("c"), Constant("d")

# -- matches ---------------------------------------------------------------------------------------

COMMUTATIVE = frozenset({add_p, mul_p})


class Match:
    """A matched rule: operands and constants by name, the root equation as `eq`."""

    __slots__ = ("eq", "found", "graph")

    def __init__(self, graph: Graph, eq: Equation) -> None:
        self.graph = graph
        self.eq = eq
        self.found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self.found[name]

    @property
    def type(self) -> Any:
        """The type of the result."""
        return self.eq.outputs[0].type

    def emit(self, primitive: Primitive, *inputs: Any, **params: Any) -> Var:
        return self.graph.emit(primitive, inputs, params, self.eq.source)

    def number(self, name: str) -> Any:
        """The number that a matched constant is."""
        return self.graph.constant(self.found[name])


def match_equation(pattern: Node, eq: Equation, match: Match) -> bool:
    """Whether an equation fits a pattern; what was found is entered in `match`."""
    if pattern.name:
        match.found[pattern.name] = eq
    if pattern.operands is None:
        return True
    if len(eq.inputs) != len(pattern.operands):
        return False
    before = dict(match.found)
    if all([_fits(p, a, match) for p, a in zip(pattern.operands, eq.inputs, strict=True)]):
        return True
    if eq.primitive not in COMMUTATIVE:
        return False
    match.found = before
    return all([_fits(p, a, match) for p, a in zip(pattern.operands, eq.inputs[::-1], strict=True)])


def _fits(pattern: Pattern, atom: Any, match: Match) -> bool:
    if type(pattern) is Operand:
        return match.found.setdefault(pattern.name, atom) is atom
    if type(pattern) is Constant:
        value = match.graph.constant(atom)
        if value is None or not pattern.holds(value):
            return False
        match.found[pattern.name] = atom
        return True
    assert isinstance(pattern, Node)
    eq = match.graph.defs.get(atom)
    if eq is None or eq.primitive is not pattern.primitive:
        return False
    return match_equation(pattern, eq, match)


# -- rules -----------------------------------------------------------------------------------------

Build = Callable[[Match], Any]


@dataclass(frozen=True)
class Rule:
    """One rewrite: where `pattern` matches and `where` holds, the value is that of `build`."""

    name: str
    pattern: Node
    build: Build
    where: Callable[[Match], bool] | None = None
    changes: Changes = Changes.NOTHING
    heads: Sequence[Any] = ()  # where the rule is looked for, if the pattern does not say it


def rule(
    name: str,
    left: Node,
    right: Pattern | Build,
    where: Callable[[Match], bool] | None = None,
    changes: Changes = Changes.NOTHING,
) -> Rule:
    """A rule whose right side is a pattern, or a function of the match."""
    build = (lambda match: written(right, match)) if isinstance(right, Pattern) else right
    return Rule(name, left, build, where, changes)


def written(pattern: Pattern, match: Match) -> Any:
    """The value that the right side of a rule stands for."""
    if isinstance(pattern, Operand):
        return match[pattern.name]
    if isinstance(pattern, Constant):
        return match[pattern.name] if pattern.number is None else Literal(pattern.number)
    assert isinstance(pattern, Node)
    inputs = [written(p, match) for p in pattern.operands or ()]
    return match.emit(pattern.primitive, *inputs, **pattern.params)


# What may stand behind an input, beside the primitives: anything, a literal, a constant array.
ANY_HEAD, LITERAL_HEAD, FULL_HEAD = object(), object(), object()

# For a primitive: rules by (position, what stands behind that input).
RuleIndex = dict[Primitive, dict[Any, list[Rule]]]


def index_rules(rules: Iterable[Rule]) -> RuleIndex:
    """Rules by what must stand behind one of the inputs, so that few are tried in vain."""
    index: RuleIndex = {}
    for r in rules:
        own = index.setdefault(r.pattern.primitive, {})
        for key in r.heads or _heads(r.pattern):
            own.setdefault(key, []).append(r)
    return index


def _heads(pattern: Node) -> list[Any]:
    """The most telling operand of a pattern, in both places where the operation commutes."""
    operands = pattern.operands or ()
    for i, p in enumerate(operands):
        if isinstance(p, Node | Constant):
            heads = [p.primitive] if isinstance(p, Node) else [LITERAL_HEAD, FULL_HEAD]
            places = (i, 1 - i) if pattern.primitive in COMMUTATIVE else (i,)
            return [(place, head) for place in places for head in heads]
    return [ANY_HEAD]
