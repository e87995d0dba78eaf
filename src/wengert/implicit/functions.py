"""What users' functions become here: Programs of one vector, with all that they close over.

recorded        a function as a Program with its captured values
solved          SciPy's results for plain values, without derivative
with_derivative the same numbers, which solve a residual and are differentiated so
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.programs import record_rule_program
from wengert.implicit.equation import implicit
from wengert.implicit.external import external
from wengert.implicit.linear import Iterative
from wengert.implicit.programs import Captured, capture
from wengert.implicit.settings import OnValues, freeze, unfrozen
from wengert.implicit.verified import verified
from wengert.ir.program import Program
from wengert.trace.evaluate import record_program
from wengert.trace.tracer import Tracer
from wengert.types import Type

INT = Type((), np.int64)
BOOL = Type((), np.bool_)


def as_number(value: Any) -> Any:
    """The result of a user's function as an array or tracer."""
    return value if isinstance(value, Tracer) else np.asarray(value)[()]


def vector(value: Any) -> Any:
    """The result of a user's function as one vector of floats."""
    if isinstance(value, (list, tuple)):
        value = np.stack([as_number(v) for v in value]) if value else np.zeros(0)
    value = as_number(value)
    return np.reshape(value, (-1,))


def recorded(name: str, f: Callable[..., Any], *types: Type) -> Captured:
    """A user's function of arrays as a Program."""
    return capture(f"a function given to {name}", f, types)


def recordable(name: str, f: Callable[..., Any], *types: Type) -> Captured | None:
    """The same, or None where the function needs the values of its arguments."""
    try:
        return recorded(name, f, *types)
    except Exception:  # whatever goes wrong in a user's function on tracers: SciPy runs it as it is
        return None


@dataclass(frozen=True)
class Raw:
    """A function that could not be recorded: called with plain values."""

    function: Callable[..., Any]

    values: tuple[Any, ...] = ()


def solved(
    name: str,
    body: Callable[..., Sequence[Any]],
    functions: Sequence[Captured | Raw | None],
    operands: Sequence[Any],
    settings: Any,
    types: Sequence[Type],
) -> list[Any]:
    """`body(functions, operands, settings)` on plain values, where and when there are any."""
    programs = [
        f.program if isinstance(f, Captured) else unfrozen(f.function if f else None)
        for f in functions
    ]
    counts = [len(f.values) if f else 0 for f in functions]
    solver = OnValues(body, tuple(programs), tuple(counts), freeze(name, settings))
    consts = [v for f in functions if f for v in f.values]
    return list(external(solver, [*consts, *operands], types))


def with_derivative(
    residual: Captured, z: Any, error: Any = None, name: str = "", linear: Iterative | None = None
) -> Any:
    """`z`, which solves `residual`, as the implicit function that it is.

    `error` is the distance from a solution: a derivative that is asked for where it is large
    raises.
    """
    values = list(residual.values)
    if error is not None:
        values = [
            verified(v, error, name) if isinstance(v, Tracer) and v.type.is_differentiable else v
            for v in values
        ]
    return implicit(_as_given(residual.program), residual.program, values, z, linear)[0]


@lru_cache(maxsize=256)
def _as_given(residual: Program) -> Program:
    """(constants, z) -> z: it has been solved before."""
    return record_rule_program("a solution", lambda *args: [args[-1]], residual.in_types)


def evaluate(f: Captured, *args: Any) -> Any:
    """The value of a recorded function on traced arguments."""
    return record_program(f.program, [*f.values, *args])[0]


def derivative_of(f: Captured | None, program: Callable[[Program], Program]) -> Captured | None:
    """The gradient or Jacobian of a recorded function."""
    return None if f is None else Captured(program(f.program), f.values)
