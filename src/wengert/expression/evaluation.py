"""The value of a checked syntax tree, by NumPy's rules, for numbers, arrays and traced values."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from wengert.errors import WengertError
from wengert.expression.vocabulary import (
    BINARY,
    BINARY_ON_NUMBERS,
    COMPARISONS,
    FUNCTIONS,
    UNARY,
    function_name,
    integer,
    refuse,
)

_LARGEST_EXACT_INTEGER = 2**53  # beyond it float64 holds no longer every integer


def evaluate(node: ast.expr, environment: Mapping[str, Any], text: str) -> Any:
    """The value of a checked node."""
    match node:
        case ast.Constant(value=value):
            return _number(value, node, text)
        case ast.Name(id=name):
            if name not in environment:
                refuse(f"{name} has no value.", node, text, try_=f"{name}=1")
            return environment[name]
        case ast.IfExp():
            chosen = node.body if evaluate(node.test, environment, text) else node.orelse
            return evaluate(chosen, environment, text)
        case ast.BinOp():
            function: Callable[..., Any] = BINARY[type(node.op)]
            operands = [node.left, node.right]
        case ast.UnaryOp():
            function, operands = UNARY[type(node.op)], [node.operand]
        case ast.Compare():
            function = COMPARISONS[type(node.ops[0])]
            operands = [node.left, node.comparators[0]]
        case ast.Call():
            function, operands = FUNCTIONS[function_name(node.func) or ""], node.args
        case ast.Subscript():
            index = _index(node.slice)
            function, operands = operator.itemgetter(index), [node.value]
        case _:
            raise AssertionError(f"unchecked node {ast.dump(node)}")
    values = [evaluate(operand, environment, text) for operand in operands]
    if isinstance(node, ast.BinOp) and all(type(value) in (int, float) for value in values):
        number_function = BINARY_ON_NUMBERS.get(type(node.op))
        if number_function is not None:
            with np.errstate(all="ignore"):
                return float(number_function(*map(float, values)))
    try:
        return function(*values)
    except WengertError:
        raise
    except (TypeError, ValueError, IndexError, ArithmeticError) as error:
        refuse(f"this cannot be computed: {error}.".replace("..", "."), node, text)


def _number(value: object, node: ast.expr, text: str) -> int | float:
    assert isinstance(value, int | float)
    if isinstance(value, int) and abs(value) > _LARGEST_EXACT_INTEGER:
        try:
            return float(value)
        except OverflowError:
            refuse("the number is too large.", node, text)
    return value


def _index(node: ast.expr) -> Any:
    def one(part: ast.expr | None) -> Any:
        if isinstance(part, ast.Slice):
            return slice(one(part.lower), one(part.upper), one(part.step))
        return None if part is None else integer(part)

    return tuple(one(part) for part in node.elts) if isinstance(node, ast.Tuple) else one(node)
