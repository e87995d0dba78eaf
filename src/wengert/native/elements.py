"""`Elements`: the element of any value of a Program at any index, written when asked for.

A value is held somewhere, in memory (`Buffer`) or in registers (a dictionary from constant indices
to numbers), or it is *pulled*: its equation's rule says what its element is in terms of elements of
its inputs. What was written once is remembered in the scope in which it is known, so an element is
computed once a loop turn however often it is read.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from wengert.ir.emission import Elementwise, Pull, Reduce
from wengert.ir.program import Equation, Literal, Var
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import Complex, Value
from wengert.native.index import Affine, Index, Symbol, bounds, broadcast_index, linear, split
from wengert.native.memory import Buffer, index_depth, index_value, load
from wengert.native.rules import (
    Rule,
    array_type,
    combine,
    kind_of,
    literal,
    native_rule,
    neutral,
    operand_kinds,
    shape_of,
    weight,
)
from wengert.types import Type

LEAST_PACKED = 8  # operations from which a function of a few numbers is computed in lanes
MOST_PACKED = 64

Registers = dict[tuple[Index, ...], Any]


class Definition:
    """An equation that defines Vars, with its rule and what is looked up often."""

    __slots__ = ("equation", "is_packed", "kinds", "out", "out_kind", "rule")

    def __init__(self, equation: Equation) -> None:
        self.equation = equation
        self.rule: Rule | None = native_rule(equation)
        self.kinds = (
            operand_kinds(self.rule, equation) if isinstance(self.rule, Elementwise) else None
        )
        self.out = equation.outputs[0] if equation.outputs else None
        self.out_kind = kind_of(self.out) if self.out is not None else None
        # A costly function of a few numbers: computed for all of them at once, in lanes.
        self.is_packed = (
            isinstance(self.rule, Elementwise)
            and self.out is not None
            and 2 < array_type(self.out).size <= MOST_PACKED
            and weight(equation) >= LEAST_PACKED
            and self.out_kind in ("f8", "f4")
        )


class Elements:
    """Where the values of a Program are, and code for their elements.

    `sources` maps a Var to a Buffer, to Registers, or to the Definition it is pulled from.
    """

    def __init__(self, b: Arithmetic) -> None:
        self.b = b
        self.sources: dict[Var, Buffer | Registers | Definition] = {}
        self.definitions: dict[Var, Definition] = {}
        self.stacks: dict[Var, Any] = {}  # values that are stacks: see `native/control/tape.py`

    def element(self, atom: Any, at: tuple[Index, ...]) -> Any:
        """The element of a Var or literal at an index, in its own kind."""
        if type(atom) is Literal:
            return literal(self.b, atom)
        source = self.sources[atom]
        if type(source) is dict:
            found = source.get(at)
            return self._chosen(source, at) if found is None else found
        scopes = self.b.scopes
        key = (atom, at)
        for scope in reversed(scopes):
            found = scope.memo.get(key)
            if found is not None:
                return found
        if type(source) is Buffer:
            value = load(self.b, source, at)
        else:
            value = self._pulled(source, at)  # type: ignore[arg-type]  # a Definition
        self.remember(atom, at, value)
        return value

    def _chosen(self, source: Registers, at: tuple[Index, ...]) -> Any:
        """An element in registers at an index that is not known yet: chosen among all."""
        b = self.b
        tests: dict[tuple[int, Index], Any] = {}
        result = None
        for place, value in source.items():
            mask = b.constant(True, "b1")
            for axis, (i, n) in enumerate(zip(at, place, strict=True)):
                if isinstance(i, int):
                    mask = mask if i == n else b.constant(False, "b1")
                    continue
                if (axis, n) not in tests:
                    tests[axis, n] = b.compare("eq", index_value(b, i), index_value(b, n))
                mask = b.and_(mask, tests[axis, n])
            if mask.const is not False:
                result = value if result is None else b.select(mask, value, result)
        assert result is not None
        return result

    def remember(self, var: Var, at: tuple[Index, ...], value: Any) -> None:
        """Note what an element is, for as long as the loops that its index names last."""
        depth = max(value.depth, index_depth(at), self.b.scope.floor)
        self.b.scopes[depth].memo[var, at] = value

    def pulled(self, var: Var, at: tuple[Index, ...]) -> Any:
        """The element made by the Var's own equation, even where the Var is held."""
        return self._pulled(self.definitions[var], at)

    def _pulled(self, source: Definition, at: tuple[Index, ...]) -> Any:
        rule, eq = source.rule, source.equation
        if source.is_packed and all([type(i) is int for i in at]):
            found = self._packed(source, at)
            if found is not None:
                return found
        if isinstance(rule, Elementwise):
            values = [
                self.b.convert(self.element(a, broadcast_index(at, shape_of(a))), kind)
                for a, kind in zip(eq.inputs, source.kinds or (), strict=True)
            ]
            value = rule.f(self.b, *values, **eq.params)
        elif isinstance(rule, Pull):
            value = rule.f(Reader(self, source), at, **eq.params)
        elif isinstance(rule, Reduce):
            value = self.reduced(source, at)
        else:
            raise AssertionError(f"{eq.primitive.name} cannot be pulled")
        return self.b.convert(value, source.out_kind or "f8")

    def _packed(self, source: Definition, at: tuple[Index, ...]) -> Any:
        """All elements of a tiny value in lanes, all remembered; None where lanes are taken."""
        rule, eq, b = source.rule, source.equation, self.b
        assert isinstance(rule, Elementwise) and source.out is not None
        shape = shape_of(source.out)
        everywhere = list(itertools.product(*[range(n) for n in shape]))
        columns = [
            [b.convert(self.element(a, broadcast_index(p, shape_of(a))), kind) for p in everywhere]
            for a, kind in zip(eq.inputs, source.kinds or (), strict=True)
        ]
        if any([x.lanes or isinstance(x, Complex) for column in columns for x in column]):
            return None
        if all([x.const is not None for column in columns for x in column]):
            return None
        for start in range(0, len(everywhere), 8):
            chosen = everywhere[start : start + 8]
            n = len(chosen)
            lanes = 1 if n == 1 else 2 if n == 2 else 4 if n <= 4 else 8
            operands = []
            for column in columns:
                part = column[start : start + n]
                part += part[-1:] * (lanes - n)
                is_same = all([x.text == part[0].text for x in part])
                operands.append(part[0] if lanes == 1 or is_same else b.gather_lanes(part))
            value = b.convert(rule.f(b, *operands, **eq.params), source.out_kind or "f8")
            for lane, p in enumerate(chosen):
                self.remember(source.out, p, b.extract(value, lane) if value.lanes else value)
        for scope in reversed(b.scopes):
            found = scope.memo.get((source.out, at))
            if found is not None:
                return found
        return None

    def reduced(self, source: Definition, at: tuple[Index, ...]) -> Any:
        """A small reduction written out, one term after the other."""
        rule, eq = source.rule, source.equation
        assert isinstance(rule, Reduce) and source.out_kind is not None
        reader = Reader(self, source)
        total = None
        for r in itertools.product(*[range(n) for n in rule.extents(reader, **eq.params)]):
            term = self.b.convert(rule.read(reader, at, r, **eq.params), source.out_kind)
            total = term if total is None else combine(self.b, rule.how, total, term)
        if total is None:  # the sum of nothing is a plain 0, not a structural zero
            start = neutral(self.b, rule.how, source.out_kind)
            return self.b.constant(start.const, source.out_kind)
        return total


class Reader:
    """What a rule of the kinds Pull and Reduce is given."""

    __slots__ = ("b", "elements", "source")

    def __init__(self, elements: Elements, source: Definition) -> None:
        self.elements = elements
        self.b = elements.b
        self.source = source

    def read(self, i: int, at: Sequence[Index]) -> Any:
        """The element of input `i` at `at`."""
        return self.elements.element(self.source.equation.inputs[i], tuple(at))

    def read_as_result(self, i: int, at: Sequence[Index]) -> Any:
        """The same in the kind of the result."""
        return self.b.convert(self.read(i, at), self.source.out_kind or "f8")

    def read_constant(self, i: int, at: Sequence[Index]) -> Any:
        """A literal or 0-d input in the kind of the result; an integer 0 is structural.

        The transforms write the zeros of floats that way; a user's 0.0 keeps its IEEE meaning.
        """
        atom = self.source.equation.inputs[i]
        if (
            type(atom) is Literal
            and type(atom.value) is int
            and atom.value == 0
            and self.out_kind[0] in "fc"
        ):
            return self.zero()
        return self.read_as_result(i, self.broadcast(i, at))

    def with_part(self, at: Sequence[Index], part: str) -> Any:
        """Input 0 with its real or imaginary part replaced by input 1."""
        base, value = self.read(0, at), self.read(1, self.broadcast(1, at))
        if not isinstance(base, Complex):
            return self.b.convert(value, self.out_kind)
        value = self.b.convert(value, base.re.kind)
        return Complex(value, base.im) if part == "real" else Complex(base.re, value)

    def broadcast(self, i: int, at: Sequence[Index]) -> tuple[Index, ...]:
        """Where input `i` is read for the element `at` of a result that it broadcasts to."""
        shape = self.shape(i)
        skip = len(shape) - len(at)  # leading axes of size 1 that the result does not have
        return (
            broadcast_index(at, shape)
            if skip <= 0
            else (0,) * skip + broadcast_index(at, shape[skip:])
        )

    broadcast_in = broadcast

    def shape(self, i: int) -> tuple[int, ...]:
        return shape_of(self.source.equation.inputs[i])

    @property
    def n_inputs(self) -> int:
        return len(self.source.equation.inputs)

    @property
    def out(self) -> Type:
        assert self.source.out is not None
        return self.source.out.type  # type: ignore[return-value]  # rules see no stacks

    @property
    def out_kind(self) -> str:
        return self.source.out_kind or "f8"

    def constant(self, x: Any) -> Any:
        """A number in the kind of the result."""
        return self.b.constant(x, self.out_kind)

    def zero(self) -> Any:
        return self.b.zero(self.out_kind)

    def number(self, i: Index) -> Value:
        """An index as an integer."""
        return index_value(self.b, i)

    def is_in(self, i: Index, low: int, high: int) -> Value:
        """Whether low <= i < high, decided now where it can be."""
        least, greatest = bounds(i)
        if least >= low and greatest < high:
            return self.b.constant(True, "b1")
        if greatest < low or least >= high:
            return self.b.constant(False, "b1")
        tests = []
        value = self.number(i)
        if least < low:
            tests.append(self.b.compare("ge", value, self.b.index(low)))
        if greatest >= high:
            tests.append(self.b.compare("lt", value, self.b.index(high)))
        return tests[0] if len(tests) == 1 else self.b.and_(*tests)

    def clamp(self, i: Index, low: int, high: int) -> Index:
        """An index kept inside low <= i < high, for reads whose result is not used outside."""
        least, greatest = bounds(i)
        if least >= low and greatest < high:
            return i
        if isinstance(i, int):
            return min(max(i, low), high - 1)
        value = self.number(i)
        if least < low:
            value = self.b.maximum(value, self.b.index(low))
        if greatest >= high:
            value = self.b.minimum(value, self.b.index(high - 1))
        return self.opaque(value, high)

    def opaque(self, value: Value, extent: int) -> Index:
        """A computed integer as an index."""
        if value.const is not None:
            return int(value.const)
        key = ("symbol", value.text)
        scope = self.b.scopes[max(value.depth, self.b.scope.floor)]
        known = scope.memo.get(key)
        if known is None:
            known = scope.memo[key] = Affine(0, ((Symbol(extent, value), 1),))
        return known

    def place(self, i: int, extent: int, at: Sequence[Index]) -> Index:
        """An element of input `i` taken as a place on an axis; negative ones count from its end."""
        value = self.b.convert(self.read(i, at), "i8")
        if value.const is not None:
            return int(value.const) % extent
        if array_type(self.source.equation.inputs[i]).dtype.kind == "i":
            is_negative = self.b.compare("lt", value, self.b.index(0))
            value = self.b.select(is_negative, self.b.add(value, self.b.index(extent)), value)
        return self.opaque(value, extent)

    def split(self, i: Index, n: int) -> tuple[Index, Index]:
        """`i` // n and `i` % n."""
        found = split(i, n)
        if found is not None:
            return found
        q, r = self.b.unsigned_divide(self.number(i), n)
        return self.opaque(q, bounds(i)[1] // n + 1), self.opaque(r, n)

    def unravel(self, place: Index, shape: Sequence[int]) -> tuple[Index, ...]:
        """The index of a place in C order."""
        at: list[Index] = []
        for n in reversed(shape):
            place, i = self.split(place, n)
            at.append(i)
        return tuple(reversed(at))

    def ravel(self, at: Sequence[Index], shape: Sequence[int]) -> Index:
        return linear(at, shape)
