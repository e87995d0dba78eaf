"""`Rewriter`: one walk from the first equation to the last that writes a new, simpler Program.

Each equation is written with the inputs that its own have become; rules look at the equations
behind these, which are in their simplest form already. So one walk suffices, the order of
definitions is kept by itself, and the cost is linear in the size of the Program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from wengert.errors import WengertError
from wengert.ir.primitive import Primitive
from wengert.ir.program import Atom, Equation, Literal, Program, Source, Var, atom_type
from wengert.ops.core import broadcast_to_p, full_p
from wengert.passes.pattern import (
    ANY_HEAD,
    FULL_HEAD,
    LITERAL_HEAD,
    Match,
    Rule,
    RuleIndex,
    match_equation,
)
from wengert.types import Type

_MAX_DEPTH = 40  # of rules that fire inside the right sides of rules


class Rewriter:
    """The Program being written; see the head of this file.

    Parameters
    ----------
    program : Program
    index : RuleIndex
        The rules to apply.
    fired : Counter
        Where their names are counted.
    """

    def __init__(self, program: Program, index: RuleIndex, fired: Counter[str]) -> None:
        self.program = program
        self.index = index
        self.fired = fired
        self.equations: list[Equation] = []
        self.defs: dict[Var, Equation] = {}
        self.heads: dict[Any, Any] = {}  # what stands behind a Var: a primitive, or a constant
        self.alias: dict[Any, Atom] = {}  # what a Var of the old Program has become
        self._uses: Counter[Any] | None = None
        self._depth = 0

    # -- walking -----------------------------------------------------------------------------------

    def run(self) -> Program:
        """The whole Program, rewritten."""
        for eq in self.program.equations:
            self.place(eq)
        return self.finish()

    def finish(self) -> Program:
        """The Program written so far, without what its outputs and guards do not need."""
        alias = self.alias
        outputs = [alias.get(a, a) for a in self.program.outputs]
        equations = live_equations(self.equations, outputs)
        return Program(self.program.inputs, equations, outputs, self.program.captured)

    def place(self, eq: Equation) -> None:
        """Write an equation of the old Program, or what it simplifies to."""
        alias = self.alias
        if alias:
            ins = tuple([alias.get(a, a) for a in eq.inputs])
            if ins != eq.inputs:
                eq = Equation(eq.primitive, ins, eq.params, eq.outputs, eq.source)
        result = self.simplified(eq)
        if result is None:
            self.append(eq)
        else:
            self.replace(eq.outputs[0], result)

    def replace(self, old: Var, new: Atom) -> None:
        """From here on `new` stands for a Var of the old Program."""
        self.alias[old] = new
        if self._uses is not None:
            self._uses[new] += self._uses[old]

    def append(self, eq: Equation) -> None:
        self.equations.append(eq)
        head: Any = eq.primitive
        if head is full_p and type(eq.inputs[0]) is Literal:
            head = FULL_HEAD
        for v in eq.outputs:
            self.defs[v] = eq
            self.heads[v] = head

    # -- what rules use ----------------------------------------------------------------------------

    def emit(
        self, primitive: Primitive, inputs: Iterable[Any], params: Any, source: Source = None
    ) -> Var:
        """The value of a new equation with one output, simplified."""
        ins = tuple([a if type(a) in (Var, Literal) else Literal(a) for a in inputs])
        type_ = primitive.type_rule(*[atom_type(a) for a in ins], **params)
        eq = Equation(primitive, ins, params, (Var(type_),), source)
        result = self.simplified(eq) if self._depth < _MAX_DEPTH else None
        if result is None:
            self.append(eq)
            result = eq.outputs[0]
        assert type(result) is Var
        return result

    def constant(self, atom: Any) -> Any:
        """The number that an atom is everywhere, or None."""
        if type(atom) is Literal:
            return atom.value
        eq = self.defs.get(atom)
        if eq is None or self.heads[atom] is not FULL_HEAD:
            return None
        value: Any = eq.inputs[0].value  # type: ignore[union-attr]  # a literal, says its head
        return converted(value, eq.params["dtype"])

    def full(self, type_: Type, value: Any, source: Source = None) -> Var:
        """A constant array."""
        return self.emit(full_p, (value,), {"shape": type_.shape, "dtype": type_.dtype}, source)

    def uses(self, v: Var) -> int:
        """How many equations read a Var: counted in the old Program, once."""
        if self._uses is None:
            self._uses = Counter([a for eq in self.program.equations for a in eq.inputs])
            self._uses.update(self.program.outputs)
            for old, new in self.alias.items():
                self._uses[new] += self._uses[old]
        return self._uses[v]

    # -- rules -------------------------------------------------------------------------------------

    def simplified(self, eq: Equation) -> Atom | None:
        """What a rule writes for an equation; None where none fits."""
        rules = self.index.get(eq.primitive)
        if rules is None:
            return None
        heads = self.heads
        for i, a in enumerate(eq.inputs):
            head = LITERAL_HEAD if type(a) is Literal else heads.get(a)
            for r in rules.get((i, head), ()):
                result = self.attempt(r, eq)
                if result is not None:
                    return result
        for r in rules.get(ANY_HEAD, ()):
            result = self.attempt(r, eq)
            if result is not None:
                return result
        return None

    def attempt(self, r: Rule, eq: Equation) -> Atom | None:
        """The result of one rule, of the type of the equation; None where it does not fit."""
        match = Match(self, eq)
        if not match_equation(r.pattern, eq, match) or (r.where and not r.where(match)):
            return None
        self._depth += 1
        try:
            result = self.fitted(r.build(match), eq.outputs[0].type, eq.source)
        except WengertError:
            return None  # the operation is not defined for these types: the rule does not fit
        finally:
            self._depth -= 1
        if result is not None:
            self.fired[r.name] += 1
        return result

    def fitted(self, result: Any, type_: Any, source: Source) -> Atom | None:
        """A value in the type of what it replaces; None if its dtype is another."""
        if result is None:
            return None
        if type(result) is not Var:
            value = result.value if type(result) is Literal else result
            return self.full(type_, value, source)
        if result.type is type_:
            return result
        if not isinstance(result.type, Type) or result.type.dtype != type_.dtype:
            return None
        if result.type.size > type_.size or len(result.type.shape) > len(type_.shape):
            return None
        return self.emit(broadcast_to_p, (result,), {"shape": type_.shape}, source)


def converted(value: Any, dtype: Any) -> Any:
    """A Python scalar in the dtype of an array, as a Python scalar again."""
    kind = dtype.kind
    if kind == "f" and dtype.itemsize == 8 and type(value) is float:
        return value
    try:
        with np.errstate(all="ignore"):
            return np.full((), value, dtype).item()
    except (OverflowError, TypeError):  # an integer too large, a complex number made real
        return None


def is_effect(eq: Equation) -> bool:
    """Whether an equation is there for what it does: a guard has no outputs."""
    return not eq.outputs


def live_equations(equations: Sequence[Equation], outputs: Sequence[Any]) -> list[Equation]:
    """The equations that the outputs and the effects need, in order."""
    needed: set[Any] = set(outputs)
    kept: list[Equation] = []
    for eq in reversed(equations):
        outs = eq.outputs
        if len(outs) == 1:
            if outs[0] not in needed:
                continue
        elif outs and needed.isdisjoint(outs):
            continue
        kept.append(eq)
        needed.update(eq.inputs)
    kept.reverse()
    return kept
