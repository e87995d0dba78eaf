"""What a formula may hold, and how a message points at what it may not."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from wengert.errors import WengertError

_NUMPY_NAMES = """
    abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan
    atan2 atanh cbrt clip copysign cos cosh cross cumprod cumsum deg2rad diff dot exp exp2 expm1
    fabs hypot inner log log10 log1p log2 logaddexp matmul max maximum mean min minimum outer power
    prod ptp rad2deg reciprocal sign sin sinc sinh sqrt square std sum tan tanh trace transpose var
    where
""".split()
_LINALG_NAMES = "det inv norm solve".split()

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _NUMPY_NAMES},
    **{name: getattr(np.linalg, name) for name in _LINALG_NAMES},
}
CONSTANTS: dict[str, float] = {"pi": float(np.pi), "e": float(np.e)}

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
# The same on two plain numbers, as NumPy does it in float64: 9**9**9 is inf at once (Python's
# integers would compute for hours), 1/0 is inf, (-8)**(1/3) is nan and not complex.
BINARY_ON_NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder,
    ast.Pow: np.power,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


WIDTH = 80  # characters of a formula that a message shows


class ExpressionError(WengertError, ValueError):
    """A formula, or a value given for one of its names, that cannot be used."""


def refuse(
    what: str, node: ast.expr, text: str, expected: str | None = None, try_: str | None = None
) -> NoReturn:
    # `ast` counts columns in bytes of UTF-8
    column = len(text.encode()[: node.col_offset].decode(errors="ignore"))
    raise ExpressionError(what, expected=expected, where=point(text, column), try_=try_)


def point(text: str, column: int) -> str:
    """The text with a caret under `column`; long ones are cut to the surroundings."""
    start = max(0, column - 60) if len(text) > WIDTH else 0
    shown = text[start : start + WIDTH]
    return f"{shown}\n{' ' * (column - start)}^"


def function_name(node: ast.expr) -> str | None:
    """`sin` of `sin`, `np.sin` and `numpy.sin`; None for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
            return name
    return None


def integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None
