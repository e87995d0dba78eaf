"""A Program run on SymPy expressions: arrays become object arrays, numbers stay numbers.

What does not depend on a symbol is computed as usual. An elementwise primitive is looked up in the
table and applied entry by entry. Any other linear or bilinear primitive is run by its own NumPy
implementation on object arrays; before that result is believed, the same call with integers for the
expressions must give what it gives for floats. Everything else raises, naming the primitive.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from wengert.errors import MissingRuleError, describe_location
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.symbolic.control import CONTROL, NotStatic
from wengert.symbolic.library import boxed, is_symbolic, number, sympy
from wengert.symbolic.table import ELEMENTWISE, STRUCTURAL

# Not linear, but made of additions and multiplications only.
ARITHMETIC = frozenset({"prod", "cumprod"})


def run(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of `program` for inputs that are object arrays of expressions, or numbers."""
    n_missing = len(program.inputs) - len(inputs)
    filled = [*inputs, *program.captured[len(program.captured) - n_missing :]]
    values: dict[Var, Any] = dict(zip(program.inputs, filled, strict=True))

    def read(atom: Any) -> Any:
        return atom.value if isinstance(atom, Literal) else values[atom]

    for equation in program.equations:
        outputs = _apply(equation, [read(atom) for atom in equation.inputs])
        values.update(zip(equation.outputs, outputs, strict=True))
    return [read(atom) for atom in program.outputs]


def _apply(equation: Equation, args: list[Any]) -> Sequence[Any]:
    primitive, params = equation.primitive, equation.params
    name = primitive.name
    if not any(is_symbolic(a) for a in args):
        result = primitive.array(*args, **params)
    elif name in CONTROL:
        try:
            result = CONTROL[name](run, equation, args)
        except NotStatic as error:
            raise _missing(equation, str(error)) from error
    elif name in ELEMENTWISE:
        entry = np.frompyfunc(partial(ELEMENTWISE[name], **params), len(args), 1)
        result = entry(*[boxed(a) for a in args])
    elif name in STRUCTURAL:
        try:
            result = STRUCTURAL[name](*args, **params)
        except (ValueError, TypeError) as error:
            raise _missing(equation, str(error)) from error
    else:
        result = _by_implementation(equation, args)
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return [_tidy(out) for out in outputs]


def _tidy(value: Any) -> Any:
    """Expressions in an object array, and object arrays with expressions only."""
    if isinstance(value, sympy.Basic) or (isinstance(value, np.ndarray) and value.dtype == object):
        array = boxed(value)
        return np.asarray(np.frompyfunc(number, 1, 1)(array), dtype=object).reshape(array.shape)
    return value


def _by_implementation(equation: Equation, args: list[Any]) -> Any:
    """The NumPy implementation on object arrays, if it moves, adds and multiplies numbers only."""
    primitive, params = equation.primitive, equation.params
    if not (primitive.linear_in or primitive.name in ARITHMETIC):
        raise _missing(equation, "it has no counterpart in the conversion table")
    rng = np.random.default_rng(0)
    as_objects, as_integers, as_floats = [], [], []
    for a in args:
        if is_symbolic(a) or np.asarray(a).dtype.kind in "fc":
            array = boxed(a)
            drawn = rng.integers(-3, 4, array.shape)  # small: products stay exact in floats
            as_objects.append(array)
            as_integers.append(boxed(np.asarray(drawn)))
            as_floats.append(np.asarray(drawn, dtype=float))
        else:
            for values in (as_objects, as_integers, as_floats):
                values.append(a)
    try:
        expected = primitive.array(*as_floats, **params)
        tried = primitive.array(*as_integers, **params)
        result = primitive.array(*as_objects, **params)
    except Exception as error:  # whatever NumPy raises on expressions
        raise _missing(equation, f"on expressions: {type(error).__name__}: {error}") from error
    pairs = zip(expected, tried, strict=True) if primitive.is_multiple else [(expected, tried)]
    for by_floats, by_integers in pairs:
        if np.shape(by_floats) != np.shape(by_integers) or np.any(
            np.asarray(by_floats) != np.asarray(by_integers).astype(float)
        ):
            raise _missing(equation, "its implementation treats expressions unlike numbers")
    return result


def _missing(equation: Equation, reason: str) -> MissingRuleError:
    return MissingRuleError(
        f"{equation.primitive.name}: this operation cannot be converted to SymPy.",
        got=reason,
        where=describe_location(equation.source),
        expected="operations of wengert.symbolic's conversion table, on arrays of known shape",
        try_="write it with elementary functions, or differentiate with wengert.grad",
    )
