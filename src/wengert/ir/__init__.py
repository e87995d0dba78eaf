"""The intermediate representation: primitives' records and the Programs made of them.

Read `primitive.py`, then `program.py`; `check.py` is the executable specification, `text.py`
prints and parses, `source.py` writes NumPy code, `cost.py` counts.
"""

from wengert.ir.primitive import Primitive, Unsupported, define, registry
from wengert.ir.program import Atom, Equation, Literal, Program, Var

__all__ = [
    "Atom",
    "Equation",
    "Literal",
    "Primitive",
    "Program",
    "Unsupported",
    "Var",
    "define",
    "registry",
]
