"""How native code says that an operation has no result: a number, and the exception it stands for.

A rule writes `m.fail_if(condition, SINGULAR)`. The function then ends with a status made of the
failure's code, the equation and a number for the message, and whoever called it raises
`exception(status)`. Codes are part of object code that is kept on disk: they never change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_CODE, _EQUATION = 48, 24  # bits below each field of a status; the number has the lowest ones


@dataclass(frozen=True)
class Failure:
    """A kind of failure; `make(number)` is the exception that the interpreter would raise."""

    code: int
    make: Callable[[int], Exception]


_failures: dict[int, Failure] = {}


def failure(code: int, make: Callable[[int], Exception]) -> Failure:
    """Define a kind of failure; `code` must be new, from 1 to 32766."""
    assert 0 < code < 32767 and code not in _failures, f"failure code {code}"
    made = _failures[code] = Failure(code, make)
    return made


def status_of(kind: Failure, equation: int) -> int:
    """The status of a native function that fails in an equation; a number may be subtracted."""
    return -((kind.code << _CODE) + (equation << _EQUATION))


def parse_status(status: int) -> tuple[Exception, int] | None:
    """The exception of a status and the equation's number; None if it is no such status."""
    kind = _failures.get(-status >> _CODE)
    if kind is None:
        return None
    equation = (-status >> _EQUATION) & ((1 << _CODE - _EQUATION) - 1)
    return kind.make(-status & ((1 << _EQUATION) - 1)), equation
