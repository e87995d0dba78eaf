"""SymPy, imported here and nowhere else at import time, and the conversion of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import MissingExtraError

try:
    import sympy
except ImportError as _error:
    raise MissingExtraError(
        "wengert.symbolic needs SymPy, which is not installed.",
        expected="the extra `sym`",
        try_="pip install 'wengert[sym]'",
    ) from _error

__all__ = [
    "Expr",
    "array_of",
    "boxed",
    "held",
    "is_condition",
    "is_symbolic",
    "number",
    "sympy",
]

Expr = Any  # SymPy ships no annotations

# A float with at most this many binary digits after the point is shown as a fraction, exactly.
_MAX_DENOMINATOR = 2**10


def number(x: Any) -> Expr:
    """A SymPy expression for a number, exact: integers and short binary fractions as rationals."""
    if isinstance(x, np.ndarray) and x.shape == ():
        x = x[()]
    if isinstance(x, sympy.Basic):
        return x
    if isinstance(x, bool | np.bool_):
        return sympy.true if x else sympy.false
    if isinstance(x, int | np.integer):
        return sympy.Integer(int(x))
    if isinstance(x, complex | np.complexfloating):
        return number(float(x.real)) + sympy.I * number(float(x.imag))
    x = float(x)
    if np.isnan(x):
        return sympy.nan
    if np.isinf(x):
        return sympy.oo if x > 0 else -sympy.oo
    numerator, denominator = x.as_integer_ratio()
    if denominator <= _MAX_DENOMINATOR and abs(numerator) < 2**53:
        return sympy.Rational(numerator, denominator)
    return sympy.Float(x)


class held(sympy.Function):
    """A value held constant: itself, with derivative zero. Removed from results."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return sympy.Integer(0)


def boxed(x: Any) -> np.ndarray[Any, Any]:
    """An object array of expressions for an array, a number or one expression."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        return x
    if isinstance(x, np.ndarray):
        flat = [number(v) for v in x.reshape(-1)]
        return _filled(flat, x.shape)
    return _filled([number(x)], ())


def array_of(elements: list[Expr], shape: tuple[int, ...]) -> Expr:
    """The public form of a result: the expression itself if it is one, else a SymPy array."""
    if shape == ():
        return elements[0]
    return sympy.ImmutableDenseNDimArray(elements, shape)


def is_condition(x: Expr) -> bool:
    """Whether an expression is a truth value; SymPy's `is_Boolean` is false for relations."""
    logic, relational = sympy.logic.boolalg, sympy.core.relational
    return isinstance(x, relational.Relational | logic.BooleanFunction | logic.BooleanAtom)


def is_symbolic(x: Any) -> bool:
    """Whether a value holds expressions (else numbers)."""
    return isinstance(x, sympy.Basic) or (isinstance(x, np.ndarray) and x.dtype == object)


def _filled(elements: list[Expr], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    array = np.empty(len(elements), object)
    for k, element in enumerate(elements):
        array[k] = element
    return array.reshape(shape)
