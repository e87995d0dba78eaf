"""Which elements of held values a pulled element reads: found by asking, before code is written.

A `Probe` walks the rules with symbols for indices and notes every read of a held value. From that
follow the choices of the plan: which axes may be merged into one loop, which values can share a
loop turn, and what an element costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.ir.emission import Elementwise, Pull, Reduce
from wengert.ir.program import Literal, Var
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import REAL_OF, Complex, Value
from wengert.native.elements import Definition, Reader
from wengert.native.index import Affine, Index, Symbol, broadcast_index, symbol
from wengert.native.rules import kind_of, literal, shape_of, weight

At = tuple[Index, ...]


class Probe:
    """The reads behind one element.

    Parameters
    ----------
    definitions : mapping of Var to Definition
    is_held : callable
        Whether a Var is held: the walk stops there.
    """

    def __init__(self, definitions: dict[Var, Definition], is_held: Callable[[Var], bool]) -> None:
        self.definitions = definitions
        self.is_held = is_held
        self.b = Arithmetic("probe", [])
        self.reads: dict[Var, set[At]] = {}
        self.pulled: dict[Var, set[At]] = {}
        self.counted: set[Symbol] = set()  # symbols whose numbers are computed with
        self.breaks: dict[Symbol, set[int]] = {}  # where a loop is cut for a choice to be known
        self.kinds: set[str] = set()
        self.n_operations = 0
        self.is_shifted = False  # whether an index was computed

    def take_over(self, other: Probe) -> None:
        """Add the reads behind a held value that is pulled after all."""
        for v, reads in other.reads.items():
            self.reads.setdefault(v, set()).update(reads)
        for v, reads in other.pulled.items():
            self.pulled.setdefault(v, set()).update(reads)
        for s, edges in other.breaks.items():
            self.breaks.setdefault(s, set()).update(edges)
        self.kinds |= other.kinds
        self.counted |= other.counted
        self.n_operations += other.n_operations

    def walk(self, atom: Any, at: At) -> Any:
        """Visit the element; what comes back stands for its value."""
        if type(atom) is Literal:
            return literal(self.b, atom)
        kind = kind_of(atom)
        self.kinds.add(kind or "f8")
        if self.is_held(atom):
            self.reads.setdefault(atom, set()).add(at)
        else:
            seen = self.pulled.setdefault(atom, set())
            if at not in seen:
                seen.add(at)
                self._rule(self.definitions[atom], at)
        return self._dummy(kind or "f8")

    def rule(self, source: Definition, at: At, reduced: Sequence[Index] | None = None) -> None:
        """Visit what a held value's own rule reads; `reduced` are the indices of a reduction."""
        self._rule(source, at, reduced)

    def _rule(self, source: Definition, at: At, reduced: Sequence[Index] | None = None) -> None:
        rule, eq = source.rule, source.equation
        if isinstance(rule, Elementwise):
            self.n_operations += weight(eq)
            for a in eq.inputs:
                self.walk(a, broadcast_index(at, shape_of(a)))
        elif isinstance(rule, Pull):
            rule.f(ProbeReader(self, source), at, **eq.params)
        elif isinstance(rule, Reduce):
            reader = ProbeReader(self, source)
            extents = rule.extents(reader, **eq.params)
            n = 1
            for extent in extents:
                n *= extent
            if n == 0:
                return
            before = self.n_operations
            r = tuple([symbol(extent) for extent in extents]) if reduced is None else reduced
            rule.read(reader, at, tuple(r), **eq.params)
            if reduced is None:
                self.n_operations = before + (self.n_operations - before + 2) * n
            else:
                self.n_operations += 2
        else:
            raise AssertionError(f"{eq.primitive.name} is held")

    def _dummy(self, kind: str) -> Any:
        if kind in REAL_OF:
            real = REAL_OF[kind]
            return Complex(Value(self.b.fresh(), real), Value(self.b.fresh(), real))
        return Value(self.b.fresh(), kind)


class ProbeReader(Reader):
    """A Reader that notes what is read and gives stand-ins for values."""

    __slots__ = ("probe",)

    def __init__(self, probe: Probe, source: Definition) -> None:
        self.probe = probe
        self.b = probe.b
        self.source = source

    def read(self, i: int, at: Sequence[Index]) -> Any:
        return self.probe.walk(self.source.equation.inputs[i], tuple(at))

    def number(self, i: Index) -> Value:
        if isinstance(i, int):
            return self.b.index(i)
        self.probe.counted.update([s for s, _ in i.terms])
        return Value(self.b.fresh(), "i8")

    def is_in(self, i: Index, low: int, high: int) -> Value:
        """Note where the answer changes: a loop cut there need not ask."""
        if not isinstance(i, int) and len(i.terms) == 1 and abs(i.terms[0][1]) == 1:
            ((s, c),) = i.terms
            self.probe.counted.add(s)
            for edge in (low, high):
                at = edge - i.const if c == 1 else i.const - edge + 1
                if 0 < at < s.extent:
                    self.probe.breaks.setdefault(s, set()).add(at)
            least, greatest = i.bounds
            if least >= low and greatest < high:
                return self.b.constant(True, "b1")
            if greatest < low or least >= high:
                return self.b.constant(False, "b1")
            return Value(self.b.fresh(), "b1")
        return super().is_in(i, low, high)

    def clamp(self, i: Index, low: int, high: int) -> Index:
        """As if the loop were cut: the index itself."""
        if not isinstance(i, int) and len(i.terms) == 1 and abs(i.terms[0][1]) == 1:
            return i
        return super().clamp(i, low, high)

    def opaque(self, value: Value, extent: int) -> Index:
        if value.const is not None:
            return int(value.const)
        self.probe.is_shifted = True
        return Affine(0, ((Symbol(extent, value), 1),))


__all__ = ["Probe"]
