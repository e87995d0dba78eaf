"""`Program.source()`: a Program written out as runnable NumPy code.

Each primitive's record knows its own text (`render`, or `render_nested` for control flow, whose
inner Programs become functions of their own). A primitive that is no NumPy expression is written
as a call of its implementation, looked up by name in this package's registry.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.program import Equation, Program, Var
from wengert.ir.text import letters, print_number, print_param, print_program
from wengert.types import StackType, Type

_LOOKUP = "from wengert.ir import registry as _primitives"
_PARSE = "from wengert.ir.text import parse_program as _parse"
_TYPES = "from wengert.types import StackType, Type"
_OBJECTS = "from wengert.ir.text import objects as _objects"


def program_source(program: Program, name: str = "program") -> str:
    """Source of a module with one public function, `name(*inputs)`.

    The function takes every input of the Program, captured ones too, and returns one value, or a
    tuple of several.
    """
    writer = _Writer()
    writer.function(program, name)
    head = ["import numpy as np", *sorted(writer.imports)]
    return "\n".join([*head, "", *writer.support.values(), *writer.functions]) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.support: dict[str, str] = {}
        self.functions: list[str] = []
        self.nested: dict[Program, str] = {}

    def function(self, program: Program, name: str, always_tuple: bool = False) -> None:
        names: dict[Var, str] = {}
        for v in program.inputs:
            names[v] = letters(len(names))
        lines = [f"def {name}({', '.join([names[v] for v in program.inputs])}):"]
        for eq in program.equations:
            text = self.expression(eq, [_atom(a, names) for a in eq.inputs])
            for v in eq.outputs:
                names[v] = letters(len(names))
            targets = ", ".join([names[v] for v in eq.outputs])
            if eq.primitive.is_multiple and eq.outputs:
                targets += ","
            lines.append(f"    {targets} = {text}" if eq.outputs else f"    {text}")
        outputs = [_atom(a, names) for a in program.outputs]
        many = always_tuple or len(outputs) != 1
        result = f"({', '.join(outputs)}{',' if len(outputs) == 1 else ''})" if many else outputs[0]
        lines.append(f"    return {result}")
        self.functions.append("\n" + "\n".join(lines) + "\n")

    def define(self, program: Program) -> str:
        """The name of a function, returning a tuple, that runs an inner Program."""
        name = self.nested.get(program)
        if name is None:
            name = self.nested[program] = f"_part{len(self.nested) + 1}"
            self.function(program, name, always_tuple=True)
        return name

    def expression(self, eq: Equation, ins: list[str]) -> str:
        primitive = eq.primitive
        if primitive.support:
            self.support[primitive.support] = primitive.support
        if primitive.render_nested is not None:
            return str(primitive.render_nested(ins, eq.params, self.define))
        if primitive.render is not None:
            text = str(primitive.render(ins, eq.params))
            if "scipy." in text:
                self.imports.update(_scipy_imports(text))
            return text
        self.imports.add(_LOOKUP)
        params = "".join([f", {k}={self.param(v)}" for k, v in eq.params.items()])
        arguments = ", ".join(ins) + (params if ins else params[2:])
        return f'_primitives["{primitive.name}"].array({arguments})'

    def param(self, value: Any) -> str:
        if isinstance(value, Program):
            self.imports.add(_PARSE)
            return f'_parse("""{print_program(value, with_sources=False)}""")'
        if isinstance(value, tuple):
            return "(" + "".join([self.param(v) + ", " for v in value]) + ")"
        if isinstance(value, np.dtype):
            return f"np.dtype({value.name!r})"
        if isinstance(value, Type):
            self.imports.add(_TYPES)
            return f"Type({value.shape!r}, {value.dtype.name!r})"
        if isinstance(value, StackType):
            self.imports.add(_TYPES)
            return f"StackType({self.param(value.item)})"
        if callable(value):
            self.imports.add(_OBJECTS)
            return f"_objects[{print_param(value)[7:-1]}]"
        return repr(value)


def _scipy_imports(text: str) -> set[str]:
    parts = text.split("scipy.")[1:]
    return {f"import scipy.{part.split('.')[0].split('(')[0]}" for part in parts}


def _atom(atom: Any, names: dict[Var, str]) -> str:
    if isinstance(atom, Var):
        return names[atom]
    text = print_number(atom.value)
    if "inf" in text or "nan" in text:
        text = text.replace("inf", "np.inf").replace("nan", "np.nan")
    return f"({text})" if text.startswith("-") else text
