"""`program_digest`: the structure of a Program as 32 bytes, the same in every process.

The structure key (`Program.key`) is a number of this process. Here the same facts, wiring, types,
parameters and literals to the bit, go through SHA-256. Source locations and captured values are no
part of it.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np

from wengert.ir.program import Literal, Program, Var
from wengert.types import StackType, Type


class NoDigest(Exception):
    """A parameter is an object whose identity means something in this process only."""


def program_digest(program: Program) -> bytes | None:
    """SHA-256 of the structure; None where a parameter has no lasting description.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> f, g = wg.trace(lambda x: 2.0 * x)(1.0), wg.trace(lambda y: y * 2.0)(5.0)
    >>> program_digest(f) == program_digest(wg.trace(lambda z: 2.0 * z)(7.0))
    True
    >>> program_digest(f) == program_digest(g)
    False
    """
    try:
        return hashlib.sha256("".join(_program(program)).encode()).digest()
    except NoDigest:
        return None


def _program(program: Program) -> list[str]:
    slots: dict[Any, str] = {v: f"%{i}" for i, v in enumerate(program.inputs)}

    def atom(a: Any) -> str:
        return slots[a] if type(a) is Var else _value(a.value)

    text = ["program(", ",".join([repr(v.type) for v in program.inputs]), ")\n"]
    for eq in program.equations:
        text += [eq.primitive.name, "(", ",".join([atom(a) for a in eq.inputs]), ")"]
        for name in sorted(eq.params):
            text += [name, "=", _value(eq.params[name]), ";"]
        text += ["->", ",".join([repr(v.type) for v in eq.outputs]), "\n"]
        for v in eq.outputs:
            slots[v] = f"%{len(slots)}"
    text += ["return ", ",".join([atom(a) for a in program.outputs]), "\n"]
    return text


def _value(value: Any) -> str:
    """A literal or parameter with its type and bits; strings are quoted, so nothing runs over."""
    kind = type(value)
    if kind is float:
        return "f" + struct.pack("<d", value).hex()
    if kind is bool or value is None or value is Ellipsis:
        return repr(value)
    if kind is int:
        return f"i{value}"
    if kind is str or kind is bytes:
        return repr(value)
    if kind is complex:
        return f"c{struct.pack('<dd', value.real, value.imag).hex()}"
    if kind is tuple or kind is list:
        return f"{kind.__name__}(" + ",".join([_value(v) for v in value]) + ")"
    if isinstance(value, Program):
        return "{" + "".join(_program(value)) + "}"
    if isinstance(value, np.dtype):
        return f"dtype({value.str})"
    if isinstance(value, np.generic) and value.dtype.kind in "iufcb":
        return f"{value.dtype.str}({value.tobytes().hex()})"
    if isinstance(value, (Type, StackType)):
        return repr(value)
    if kind is slice:
        return f"slice({_value(value.start)},{_value(value.stop)},{_value(value.step)})"
    if isinstance(value, Literal):
        return _value(value.value)
    raise NoDigest


__all__ = ["NoDigest", "program_digest"]
