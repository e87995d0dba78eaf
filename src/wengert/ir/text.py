"""The text form of Programs: `print_program` writes it, `parse_program` reads it back.

    program(a: float64[3], b: float64[]):
      c: float64[3] = sin(a)
      d: float64[3] = mul(c, b)
      e: float64[] = sum[axes=(0,), keepdims=False](d)    # model.py:41 in loss
      return e

Layout and comments carry no meaning. Parameters are Python-like: integers, strings, booleans, None,
tuples, `dtype(float64)`, types, and Programs in braces; a solver in Python is an `object(number)`
of this process. Captured values are not part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from wengert.errors import ProgramError, describe_location
from wengert.ir.primitive import registry
from wengert.ir.program import Equation, Literal, Program, Var, door
from wengert.types import AnyType, StackType, Type

# -- writing ---------------------------------------------------------------------------------------


class Names:
    """Short names for Vars in the order in which they are met: a, b, …, z, aa, ab, …"""

    def __init__(self) -> None:
        self._names: dict[Var, str] = {}

    def __getitem__(self, v: Var) -> str:
        name = self._names.get(v)
        if name is None:
            name = self._names[v] = letters(len(self._names))
        return name


_RESERVED = frozenset(
    {"if", "in", "is", "or", "as", "return", "program", "and", "def", "del", "for"}
)


def letters(n: int) -> str:
    """The n-th name: a, b, …, z, aa, ab, …; words with a meaning of their own get a tail."""
    text = ""
    n += 1
    while n:
        n, rest = divmod(n - 1, 26)
        text = chr(97 + rest) + text
    return text + "_" if text in _RESERVED else text


def print_program(program: Program, with_sources: bool = True) -> str:
    """The text form of a Program."""
    return "\n".join(_program_lines(program, with_sources))


def _program_lines(program: Program, with_sources: bool) -> list[str]:
    names = Names()
    inputs = ", ".join([f"{names[v]}: {v.type!r}" for v in program.inputs])
    lines = [f"program({inputs}):"]
    for eq in program.equations:
        lines += ["  " + line for line in _equation_lines(eq, names, with_sources)]
    outputs = ", ".join([print_atom(a, names) for a in program.outputs])
    lines.append(f"  return {outputs}".rstrip())
    return lines


def _equation_lines(eq: Equation, names: Names, with_sources: bool) -> list[str]:
    inputs = ", ".join([print_atom(a, names) for a in eq.inputs])
    outputs = ", ".join([f"{names[v]}: {v.type!r}" for v in eq.outputs]) or "()"
    params = ""
    if eq.params:
        params = "[" + ", ".join([f"{k}={print_param(v)}" for k, v in eq.params.items()]) + "]"
    text = f"{outputs} = {eq.primitive.name}{params}({inputs})"
    where = describe_location(eq.source) if with_sources else None
    if where:
        text += f"    # {where}"
    return text.split("\n")


def print_atom(atom: Any, names: Names) -> str:
    """The name of a Var, or a literal."""
    return names[atom] if isinstance(atom, Var) else print_number(atom.value)


def print_number(value: Any) -> str:
    """A Python scalar as text that reads back to the same bits."""
    if isinstance(value, complex):
        return f"complex({value.real!r}, {value.imag!r})"
    return repr(value)


def print_param(value: Any) -> str:
    """A parameter as text."""
    if isinstance(value, Program):
        inner = "\n".join(["    " + line for line in _program_lines(value, False)])
        return "{\n" + inner + "\n}"
    if isinstance(value, tuple):
        items = [print_param(v) for v in value]
        return "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
    if isinstance(value, np.dtype):
        return f"dtype({value.name})"
    if callable(value):  # a solver: the text refers to it while it lives
        objects[id(value)] = value
        return f"object({id(value)})"
    return repr(value)


objects: WeakValueDictionary[int, Any] = WeakValueDictionary()


# -- reading ---------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<number>-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf\b|nan\b))
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>[()\[\]{}<>,:=])""",
    re.VERBOSE,
)


def parse_program(text: str) -> Program:
    """The Program that `text` describes.

    Raises
    ------
    ProgramError
        With the line of the text at which it went wrong.
    """
    reader = _Reader(text)
    program = reader.program()
    reader.expect_end()
    return program


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.position = 0

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        start = 0
        while start < len(self.text):
            match = _TOKEN.match(self.text, start)
            if match is None:
                raise self._error(f"an unexpected character {self.text[start]!r}", start)
            if match.lastgroup != "space":
                yield match.lastgroup or "", match.group(), start
            start = match.end()
        yield "end", "", start

    def _error(self, what: str, at: int) -> ProgramError:
        line = self.text.count("\n", 0, at) + 1
        return ProgramError(
            f"the text of a Program cannot be read: {what}.",
            got=f"line {line}: {self.text.splitlines()[line - 1] if self.text else ''!s}",
            expected="the form that str(program) prints",
        )

    def fail(self, what: str) -> ProgramError:
        return self._error(what, min(self.tokens[self.position][2], max(len(self.text) - 1, 0)))

    def peek(self) -> str:
        return self.tokens[self.position][1]

    def take(self) -> tuple[str, str]:
        kind, text, _ = self.tokens[self.position]
        if kind == "end":
            raise self.fail("it ends too early")
        self.position += 1
        return kind, text

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise self.fail(f"{mark!r} was expected, not {self.peek()!r}")
        self.position += 1

    def accept(self, mark: str) -> bool:
        if self.peek() == mark:
            self.position += 1
            return True
        return False

    def expect_end(self) -> None:
        if self.tokens[self.position][0] != "end":
            raise self.fail("there is more after its end")

    def name(self) -> str:
        kind, text = self.take()
        if kind != "name":
            self.position -= 1
            raise self.fail(f"a name was expected, not {text!r}")
        return text

    def program(self) -> Program:
        self.expect("program")
        self.expect("(")
        env: dict[str, Var] = {}
        inputs = []
        while not self.accept(")"):
            inputs.append(self.definition(env))
            self.accept(",")
        self.expect(":")
        equations = []
        while not self.accept("return"):
            equations.append(self.equation(env))
        outputs: list[Any] = []
        while self.tokens[self.position][0] != "end" and self.peek() != "}":
            outputs.append(self.atom(env))
            if not self.accept(","):
                break
        return Program(inputs, equations, outputs)

    def definition(self, env: dict[str, Var]) -> Var:
        name = self.name()
        self.expect(":")
        env[name] = v = Var(self.type())
        return v

    def type(self, name: str | None = None) -> AnyType:
        name = name or self.name()
        if name == "stack":
            self.expect("<")
            item = self.type()
            self.expect(">")
            return StackType(item)
        try:
            dtype = np.dtype(name)
        except TypeError:
            raise self.fail(f"there is no dtype {name!r}") from None
        self.expect("[")
        shape = []
        while not self.accept("]"):
            shape.append(int(self.take()[1]))
            self.accept(",")
        return Type(tuple(shape), dtype)

    def equation(self, env: dict[str, Var]) -> Equation:
        new: dict[str, Var] = {}
        outputs = []
        if self.accept("("):
            self.expect(")")
        else:
            outputs.append(self.definition(new))
            while self.accept(","):
                outputs.append(self.definition(new))
        self.expect("=")
        name = self.name()
        if name not in registry:
            door("wengert.ops.special")  # records that are made when they are needed
        primitive = registry.get(name)
        if primitive is None:
            raise self.fail(f"there is no primitive {name!r}")
        params: dict[str, Any] = {}
        if self.accept("["):
            while not self.accept("]"):
                key = self.name()
                self.expect("=")
                params[key] = self.param()
                self.accept(",")
        self.expect("(")
        inputs = []
        while not self.accept(")"):
            inputs.append(self.atom(env))
            self.accept(",")
        env.update(new)
        return Equation(primitive, tuple(inputs), params, tuple(outputs))

    def atom(self, env: dict[str, Var]) -> Any:
        kind, text = self.take()
        if kind == "name" and text not in ("True", "False", "complex"):
            if text not in env:
                self.position -= 1
                raise self.fail(f"{text!r} is read before it is defined")
            return env[text]
        self.position -= 1
        return Literal(self.param())

    def param(self) -> Any:
        kind, text = self.take()
        if kind == "number":
            return float(text) if re.search(r"[.einf]", text) else int(text)
        if kind == "string":
            return text[1:-1].encode().decode("unicode_escape")
        if text in _WORDS:
            return _WORDS[text]
        if text == "complex":
            self.expect("(")
            real = self.param()
            self.expect(",")
            imag = self.param()
            self.expect(")")
            return complex(real, imag)
        if text == "dtype":
            self.expect("(")
            dtype = np.dtype(self.name())
            self.expect(")")
            return dtype
        if text == "object":
            self.expect("(")
            number = self.param()
            self.expect(")")
            if number not in objects:
                raise self.fail(f"object({number}) does not exist in this process")
            return objects[number]
        if text == "(":
            items = []
            while not self.accept(")"):
                items.append(self.param())
                self.accept(",")
            return tuple(items)
        if text == "{":
            program = self.program()
            self.expect("}")
            return program
        if kind == "name":
            return self.type(text)
        self.position -= 1
        raise self.fail(f"{text!r} is no parameter")


_WORDS = {"True": True, "False": False, "None": None}
