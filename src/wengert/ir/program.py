"""The Program: Vars, literals, Equations, and the structure key. Read `Equation` first.

A Program is immutable and in SSA form: every Var is an input or the output of one Equation, and
is written before it is read. Scalar constants stand in the equations as Literals; arrays never do.
"""

from __future__ import annotations

import itertools
import struct
import types as _types
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, ClassVar, final

from wengert.ir.primitive import Primitive
from wengert.types import AnyType

# The user's code object and instruction offset; in derived Programs also the name of the primitive
# that the equation is a derivative of.
Source = tuple[_types.CodeType, int] | tuple[_types.CodeType, int, str] | None


@final
class Var:
    """One value of a Program. Identity is what counts; it has a type and no name."""

    __slots__ = ("type",)

    def __init__(self, type: AnyType) -> None:
        self.type = type


@final
class Literal:
    """A scalar constant in an equation; equal bit patterns are the same object."""

    __slots__ = ("value",)
    _interned: ClassVar[dict[Any, Literal]] = {}

    value: Any

    def __new__(cls, value: Any) -> Literal:
        key = exact(value)
        self = cls._interned.get(key)
        if self is None:
            self = object.__new__(cls)
            self.value = value
            if len(cls._interned) < 100_000:
                self = cls._interned.setdefault(key, self)
        return self

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is Literal and exact(self.value) == exact(other.value))

    def __hash__(self) -> int:
        return hash(exact(self.value))

    def __repr__(self) -> str:
        return repr(self.value)


Atom = Var | Literal


class Equation:
    """`outputs = primitive[params](inputs)`, written at `source` in the user's code."""

    __slots__ = ("inputs", "outputs", "params", "primitive", "source")

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[Atom, ...],
        params: dict[str, Any],
        outputs: tuple[Var, ...],
        source: Source = None,
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.source = source

    def with_source(self, source: Source) -> Equation:
        return Equation(self.primitive, self.inputs, self.params, self.outputs, source)


class Program:
    """Inputs, equations, outputs: one computation, as data.

    Parameters
    ----------
    inputs : sequence of Var
    equations : sequence of Equation
    outputs : sequence of Var or Literal
    captured : sequence of values
        Values of the last inputs (arrays that a recorded function closed over), used when the
        Program is called with fewer arguments than it has inputs. They are not part of the
        Program's identity.

    Notes
    -----
    Two Programs are equal when their structure keys are: the same primitives, wiring, types and
    parameters, whatever their captured numbers and source locations.
    """

    __slots__ = ("_key", "_plan", "captured", "equations", "inputs", "outputs")

    def __init__(
        self,
        inputs: Sequence[Var],
        equations: Sequence[Equation],
        outputs: Sequence[Atom],
        captured: Sequence[Any] = (),
    ) -> None:
        self.inputs = tuple(inputs)
        self.equations = tuple(equations)
        self.outputs = tuple(outputs)
        self.captured = tuple(captured)
        self._key: int | None = None
        self._plan: Any = None

    @property
    def in_types(self) -> tuple[AnyType, ...]:
        return tuple(v.type for v in self.inputs)

    @property
    def out_types(self) -> tuple[Any, ...]:
        """Types of the outputs; the bare Python scalar for a literal one."""
        return tuple(atom_type(a) for a in self.outputs)

    @property
    def key(self) -> int:
        """The structure key: equal for equal structure, never equal otherwise."""
        if self._key is None:
            self._key = _intern(canonical(self))
        return self._key

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Program) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __call__(self, *args: Any) -> Any:
        """Run the Program on flat arguments; one output is returned bare, several as a tuple."""
        return door("wengert.trace.evaluate").call_program(self, args)

    def __str__(self) -> str:
        from wengert.ir.text import print_program

        return print_program(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return door("wengert.draw").program_html(self)

    def cost(self) -> Any:
        """Floating-point operations and bytes read and written; see `wengert.ir.cost`."""
        from wengert.ir.cost import program_cost

        return program_cost(self)

    def source(self, name: str = "program") -> str:
        """Runnable NumPy source of a function `name` that computes the same."""
        from wengert.ir.source import program_source

        return program_source(self, name)

    def draw(self, path: str | None = None) -> Any:
        """A drawing of the Program as SVG; shown in notebooks, written to `path` if given."""
        return door("wengert.draw").draw_program(self, path)

    def to_sympy(self, *args: Any, **options: Any) -> Any:
        """The outputs as SymPy expressions; see `wengert.symbolic.to_sympy`."""
        return door("wengert.symbolic").to_sympy(self, *args, **options)

    def latex(self, *args: Any, **options: Any) -> str:
        """The outputs in LaTeX; see `wengert.symbolic.latex`."""
        return door("wengert.symbolic").latex(self, *args, **options)


def door(module: str) -> Any:
    """A module of a higher floor, opened when a method that leads there is called."""
    return import_module(module)


def atom_type(atom: Atom) -> Any:
    """The type of a Var; for a Literal the Python scalar, which NumPy's promotion takes as such."""
    return atom.type if isinstance(atom, Var) else atom.value


def exact(value: Any) -> Any:
    """A hashable key that is equal exactly for values of the same type and bit pattern."""
    kind = type(value)
    if kind is float:
        return (kind, struct.pack("d", value)) if value == 0.0 or value != value else (kind, value)
    if kind is complex:
        return (kind, exact(value.real), exact(value.imag))
    if kind is tuple or kind is list:
        return (kind, *[exact(v) for v in value])
    return (kind, value)


def exact_params(params: dict[str, Any]) -> Any:
    """The key of an equation's parameters."""
    return tuple([(k, exact(v)) for k, v in sorted(params.items())]) if params else ()


def canonical(program: Program) -> Any:
    """The structure of a Program as nested tuples of slot numbers, types and exact values."""
    slots: dict[Var, int] = {v: i for i, v in enumerate(program.inputs)}

    def atom(a: Atom) -> Any:
        return slots[a] if isinstance(a, Var) else exact(a.value)

    rows = []
    for eq in program.equations:
        rows.append(
            (
                eq.primitive,
                tuple(atom(a) for a in eq.inputs),
                exact_params(eq.params),
                tuple(v.type for v in eq.outputs),
            )
        )
        for v in eq.outputs:
            slots[v] = len(slots)
    return (program.in_types, tuple(rows), tuple(atom(a) for a in program.outputs))


_keys: dict[Any, int] = {}
_next_key = itertools.count()
_MAX_KEYS = 50_000


def _intern(structure: Any) -> int:
    """A number for this structure. The table is bounded; numbers are never used twice."""
    key = _keys.get(structure)
    if key is None:
        if len(_keys) >= _MAX_KEYS:
            _keys.clear()
        key = _keys.setdefault(structure, next(_next_key))
    return key


def sub_programs(params: dict[str, Any]) -> Iterator[tuple[str, Program]]:
    """The Programs among the parameters of an equation, with the parameter's name."""
    for name, value in params.items():
        if isinstance(value, Program):
            yield name, value
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                if isinstance(item, Program):
                    yield f"{name}[{i}]", item


def copy_equations(
    equations: Iterable[Equation],
    mapping: dict[Var, Any],
    out: list[Equation],
    source: Source = None,
) -> None:
    """Append copies of `equations` to `out`, inputs renamed by `mapping`, outputs made new."""
    for eq in equations:
        inputs = tuple([mapping.get(a, a) if type(a) is Var else a for a in eq.inputs])
        outputs = tuple([Var(v.type) for v in eq.outputs])
        out.append(Equation(eq.primitive, inputs, eq.params, outputs, eq.source or source))
        for old, new in zip(eq.outputs, outputs, strict=True):
            mapping[old] = new


def prune(
    inputs: Sequence[Var], equations: Sequence[Equation], outputs: Sequence[Atom]
) -> tuple[list[Equation], set[Var]]:
    """The equations that the outputs need, in order, and the set of Vars that are read."""
    needed: set[Any] = {a for a in outputs if isinstance(a, Var)}
    kept: list[Equation] = []
    for eq in reversed(equations):
        if any(v in needed for v in eq.outputs):
            kept.append(eq)
            needed.update(a for a in eq.inputs if isinstance(a, Var))
    kept.reverse()
    return kept, needed


def split_program(program: Program, is_known: Sequence[bool]) -> tuple[Program, Program]:
    """A Program in two: what depends on the known inputs alone, and the rest.

    The first maps the known inputs to values; the second takes these values, then the other
    inputs, and gives the Program's outputs.
    """
    known_inputs = [v for v, on in zip(program.inputs, is_known, strict=True) if on]
    others = [v for v, on in zip(program.inputs, is_known, strict=True) if not on]
    unknown: set[Any] = set(others)
    first, second = [], []
    for eq in program.equations:
        if any(a in unknown for a in eq.inputs):
            second.append(eq)
            unknown.update(eq.outputs)
        else:
            first.append(eq)
    made = {*known_inputs, *[v for eq in first for v in eq.outputs]}
    reads = [a for eq in second for a in eq.inputs] + list(program.outputs)
    crossing: list[Any] = [a for a in dict.fromkeys(reads) if a in made]
    kept, _ = prune((), first, crossing)
    return Program(known_inputs, kept, crossing), Program(
        [*crossing, *others], second, program.outputs
    )
