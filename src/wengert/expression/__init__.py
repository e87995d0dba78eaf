"""Formulas typed by a user, read by a small evaluator of our own and never by `eval`.

A formula such as ``x**2*sin(y)`` is parsed by Python's `ast` module and checked, node by node,
against what `vocabulary` lists: numbers, names, arithmetic, comparisons, indexing with
constants, and calls of the NumPy functions in `FUNCTIONS`. Everything else is refused with the
column where it stands. What remains is evaluated with NumPy, so it can be differentiated.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.expression.evaluation import evaluate
from wengert.expression.grammar import check, syntax_tree
from wengert.expression.vocabulary import CONSTANTS, FUNCTIONS, ExpressionError, refuse

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "ExpressionError", "parse", "parse_value"]


@dataclass(frozen=True)
class Expression:
    """A checked formula.

    Attributes
    ----------
    text : str
        The formula, with runs of white space made one space.
    tree : ast.expr
        Its syntax tree, every node of which is allowed.
    names : tuple of str
        The names that need a value, in the order in which they first appear.
    constants : tuple of str
        The names among `CONSTANTS` that occur; a value given for one takes precedence.
    """

    text: str
    tree: ast.expr
    names: tuple[str, ...]
    constants: tuple[str, ...]

    def function(self, parameters: Sequence[str]) -> Callable[..., Any]:
        """The formula as a Python function of `parameters`, in that order."""
        names = tuple(parameters)

        def formula(*values: Any) -> Any:
            environment: dict[str, Any] = dict(CONSTANTS)
            environment.update(zip(names, values, strict=True))
            try:
                return evaluate(self.tree, environment, self.text)
            except RecursionError:
                raise ExpressionError("the formula is nested too deeply.", where="") from None

        formula.__name__ = "f"
        formula.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # read by inspect
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        )
        return formula


def parse(text: str) -> Expression:
    """Read a formula.

    Parameters
    ----------
    text : str
        Arithmetic (``+ - * / // % ** @``), comparisons, ``a if c else b``, indexing with constants
        and calls of the functions in `FUNCTIONS`, which may be written ``np.sin`` as well.

    Returns
    -------
    Expression

    Raises
    ------
    ExpressionError
        If the text is no formula or holds anything that is not allowed; the message points at it.

    Examples
    --------
    >>> formula = parse("x**2 * sin(y)")
    >>> formula.names
    ('x', 'y')
    >>> formula.function(["x", "y"])(3.0, 0.0)
    np.float64(0.0)
    """
    text = " ".join(text.split())
    tree = syntax_tree(text)
    found: dict[str, None] = {}
    check(tree, text, found)
    names = tuple(name for name in found if name not in CONSTANTS)
    return Expression(text, tree, names, tuple(name for name in found if name in CONSTANTS))


def parse_value(text: str) -> Any:
    """Read the value of a name: a number, a list ``1,2,3`` or rows ``1,2;3,4``.

    Each entry may be a formula without names, such as ``pi/2``.

    Examples
    --------
    >>> parse_value("pi/2")
    1.5707963267948966
    >>> parse_value("1,2;3,4")
    array([[1., 2.],
           [3., 4.]])
    """
    rows = [_parse_row(row) for row in " ".join(text.split()).strip("[]").split(";")]
    if len(rows) == 1:
        return rows[0]
    sizes = {np.shape(row) for row in rows}
    if len(sizes) > 1:
        raise ExpressionError(
            "the rows of a value have different lengths.",
            got=", ".join(str(np.size(row)) for row in rows) + " entries",
            where=text,
        )
    return np.array(rows).reshape(len(rows), -1)


def _parse_row(text: str) -> Any:
    tree = syntax_tree(text.strip())
    entries = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    numbers = []
    for entry in entries:
        found: dict[str, None] = {}
        check(entry, text, found)
        for name in found:
            if name not in CONSTANTS:
                refuse(f"a value holds the name {name!r}.", entry, text, expected="numbers")
        number = evaluate(entry, CONSTANTS, text)
        if np.ndim(number) != 0 or isinstance(number, bool | np.bool_):
            refuse("an entry of a value is not a number.", entry, text)
        numbers.append(float(number))
    return np.array(numbers) if isinstance(tree, ast.Tuple) else numbers[0]
