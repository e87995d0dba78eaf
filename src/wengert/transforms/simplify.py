"""Small exact simplifications of pullback Programs, worth their while on the interpreter.

Rounding is not changed: a product with a known 1 or −1 vanishes or becomes a negation, and a value
broadcast only to meet a full-sized operand is left to NumPy's own broadcasting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.ir.program import Atom, Equation, Literal, Program, Var, atom_type, prune
from wengert.ops.arithmetic import div_p
from wengert.ops.core import add_p, broadcast_to_p, mul_p, neg_p, reshape_p, sub_p

_BROADCASTING = frozenset({add_p, sub_p, mul_p, div_p})


def simplify(program: Program, ones: Sequence[Var] = ()) -> Program:
    """The same Program with fewer equations; the inputs `ones` are known to be the number one."""
    walk = _Walk(ones)
    for eq in program.equations:
        walk.equation(eq)
    outputs = [walk.alias.get(a, a) for a in program.outputs]
    kept, _ = prune((), walk.equations, outputs)
    return Program(program.inputs, kept, outputs, program.captured)


class _Walk:
    def __init__(self, ones: Sequence[Var]) -> None:
        self.equations: list[Equation] = []
        self.alias: dict[Atom, Atom] = {}  # a Var that is another
        self.known: dict[Atom, float] = dict.fromkeys(ones, 1.0)
        self.spread: dict[Atom, Atom] = {}  # a broadcast Var, and what it was broadcast from

    def equation(self, eq: Equation) -> None:
        ins = tuple([self.alias.get(a, a) for a in eq.inputs])
        primitive, out = eq.primitive, eq.outputs[0] if eq.outputs else None
        if primitive is mul_p and out is not None and self._product(eq, ins, out):
            return
        if primitive is neg_p and ins[0] in self.known:
            self.known[out] = -self.known[ins[0]]  # type: ignore[index]  # neg has an output
        if primitive in (broadcast_to_p, reshape_p):
            self._widened(eq, ins[0])
        if primitive in _BROADCASTING:
            ins = self._narrowed(ins, out)
        self.equations.append(Equation(primitive, ins, eq.params, eq.outputs, eq.source))

    def _product(self, eq: Equation, ins: tuple[Atom, ...], out: Var) -> bool:
        """Whether a product was replaced by something simpler."""
        numbers = [self.known.get(a) for a in ins]
        for number, other in ((numbers[0], ins[1]), (numbers[1], ins[0])):
            if number is None or not isinstance(other, Var) or other.type != out.type:
                continue
            if number == 1.0:
                self.alias[out] = other
                if other in self.known:
                    self.known[out] = self.known[other]
                return True
            if number == -1.0:
                self.equations.append(Equation(neg_p, (other,), {}, (out,), eq.source))
                return True
        return False

    def _widened(self, eq: Equation, source: Atom) -> None:
        """Note what a broadcast, or a reshape that only adds axes of one, came from."""
        out = eq.outputs[0]
        if source in self.known:
            self.known[out] = self.known[source]
        is_single = eq.primitive is reshape_p and atom_type(out).size == 1
        if eq.primitive is broadcast_to_p or is_single:
            origin = self.spread.get(source, source)
            if eq.primitive is broadcast_to_p or _rank(origin) == 0:
                self.spread[out] = origin

    def _narrowed(self, ins: tuple[Atom, ...], out: Var | None) -> tuple[Atom, ...]:
        """Operands with a broadcast one replaced by its origin, if the other has the full size."""
        if out is None or len(ins) != 2:
            return ins
        a, b = ins
        if a in self.spread and isinstance(b, Var) and b.type == out.type:
            return (self.spread[a], b)
        if b in self.spread and isinstance(a, Var) and a.type == out.type:
            return (a, self.spread[b])
        return ins


def _rank(atom: Any) -> int:
    return len(atom.type.shape) if not isinstance(atom, Literal) else 0
