"""Options of solvers as parameters of equations: hashable, and equal when they mean the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.implicit.programs import run
from wengert.ir.program import Program
from wengert.trace.tracer import Tracer


@dataclass(frozen=True)
class _Array:
    data: bytes
    shape: tuple[int, ...]
    dtype: str


class _Object:
    """Anything else, equal to itself alone."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Object) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def freeze(name: str, value: Any) -> Any:
    """A hashable stand-in for an option; traced values are refused."""
    if isinstance(value, Tracer):
        raise ArgumentError(
            f"{name}: a traced value among the options of a solver.",
            got=repr(value.type),
            expected="plain numbers: the derivative does not depend on how a solution is found",
            try_="a plain number",
        )
    if isinstance(value, dict):
        return ("dict", tuple([(k, freeze(name, v)) for k, v in sorted(value.items())]))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple([freeze(name, v) for v in value]))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fciub":
        return _Array(value.tobytes(), value.shape, value.dtype.str)
    if isinstance(value, (bool, int, float, complex, str, type(None), np.generic)):
        return ("value", type(value).__name__, value)
    return _Object(value)


def thaw(value: Any) -> Any:
    """What was frozen."""
    if isinstance(value, _Array):
        return np.frombuffer(value.data, value.dtype).reshape(value.shape).copy()
    if isinstance(value, _Object):
        return value.value
    kind, content = value[0], value[-1]
    if kind == "dict":
        return {k: thaw(v) for k, v in content}
    if kind == "value":
        return content
    items = [thaw(v) for v in content]
    return tuple(items) if kind == "tuple" else items


@dataclass(frozen=True)
class OnValues:
    """A solver of `external`: `body(functions, operands, settings)` on plain values.

    The operands are, for each function, the constants of its Program, then those of the body. A
    function that is no Program is called as it is.
    """

    body: Callable[..., Sequence[Any]]
    functions: tuple[Any, ...]
    counts: tuple[int, ...]
    settings: Any

    def __call__(self, *args: Any) -> Sequence[Any]:
        made: list[Any] = []
        start = 0
        for f, n in zip(self.functions, self.counts, strict=True):
            made.append(_bound(f, args[start : start + n]))
            start += n
        return self.body(made, args[start:], thaw(self.settings))


def _bound(f: Any, consts: Sequence[Any]) -> Any:
    if isinstance(f, _Object):
        return f.value
    if not isinstance(f, Program):
        return f
    types = f.in_types[len(consts) :]

    def function(*args: Any) -> Any:
        given = [
            np.asarray(a, t.dtype).reshape(t.shape)[()]  # type: ignore[union-attr]  # arrays
            for a, t in zip(args, types, strict=True)
        ]
        return run(f, *consts, *given)[0]

    return function


def unfrozen(value: Any) -> Any:
    """A function that is no Program, as a parameter."""
    return None if value is None else _Object(value)
