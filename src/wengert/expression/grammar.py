"""From text to a syntax tree in which every node is allowed."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import NoReturn

from wengert.expression.vocabulary import (
    BINARY,
    COMPARISONS,
    FUNCTIONS,
    UNARY,
    ExpressionError,
    function_name,
    integer,
    point,
    refuse,
)

_LONGEST = 10_000  # characters; a guard against pasted files, far above any formula


def syntax_tree(text: str) -> ast.expr:
    if not text:
        raise ExpressionError("there is no formula in an empty text.", where="")
    if len(text) > _LONGEST:
        raise ExpressionError(
            "the formula is too long.",
            got=f"{len(text)} characters",
            expected=f"at most {_LONGEST}",
            where="",
        )
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        # Python gives 0 for a text that ends too early
        column = min(error.offset - 1, len(text)) if error.offset else len(text)
        hint = "a power is written x**2" if "^" in text else None
        raise ExpressionError(
            f"this is no formula: {error.msg}.", where=point(text, column), try_=hint
        ) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the formula is nested too deeply.", where="") from None


def check(node: ast.expr, text: str, found: dict[str, None]) -> None:
    """Refuse every node that is not on the list; collect the names that need values."""
    match node:
        case ast.Constant(value=value):
            _check_constant(value, node, text)
        case ast.Name(id=name):
            if name in FUNCTIONS:
                refuse(f"{name} is a function.", node, text, try_=f"call it: {name}(x)")
            found.setdefault(name)
        case ast.BinOp(op=op):
            if type(op) not in BINARY:
                _refuse_operator(node, text)
            check(node.left, text, found)
            check(node.right, text, found)
        case ast.UnaryOp(op=op):
            if type(op) not in UNARY:
                refuse("this operator is not allowed in a formula.", node, text)
            check(node.operand, text, found)
        case ast.Compare():
            _check_comparison(node, text, found)
        case ast.IfExp():
            for part in (node.test, node.body, node.orelse):
                check(part, text, found)
        case ast.Call():
            _check_call(node, text, found)
        case ast.Subscript():
            check(node.value, text, found)
            _check_index(node.slice, text)
        case _:
            refuse(f"{_KINDS.get(type(node), 'this')} is not allowed in a formula.", node, text)


_KINDS: dict[type[ast.AST], str] = {
    ast.Attribute: "an attribute",
    ast.Lambda: "a lambda",
    ast.NamedExpr: "an assignment",
    ast.BoolOp: "`and` or `or` (write & or |)",
    ast.JoinedStr: "a string",
    ast.List: "a list",
    ast.Tuple: "a tuple",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Starred: "a star",
}


def _refuse_operator(node: ast.BinOp, text: str) -> NoReturn:
    assert node.left.end_col_offset is not None
    between = text.encode()[node.left.end_col_offset : node.right.col_offset].decode()
    raise ExpressionError(
        f"the operator {between.strip(' ()')} is not allowed in a formula.",
        where=point(
            text, len(text.encode()[: node.left.end_col_offset].decode()) + _blanks(between)
        ),
        try_="a power is written x**2" if isinstance(node.op, ast.BitXor) else None,
    )


def _blanks(text: str) -> int:
    """How many blanks and closing parentheses stand before an operator."""
    return len(text) - len(text.lstrip(" )"))


def _check_constant(value: object, node: ast.expr, text: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = "a complex number" if isinstance(value, complex) else f"{value!r}"
        refuse(f"{kind} is not allowed in a formula.", node, text, expected="a real number")


def _check_comparison(node: ast.Compare, text: str, found: dict[str, None]) -> None:
    if len(node.ops) > 1:
        refuse("comparisons cannot be chained.", node, text, try_="(a < b) & (b < c)")
    if type(node.ops[0]) not in COMPARISONS:
        refuse("this comparison is not allowed in a formula.", node, text)
    for part in (node.left, *node.comparators):
        check(part, text, found)


def _check_call(node: ast.Call, text: str, found: dict[str, None]) -> None:
    name = function_name(node.func)
    if name is None:
        refuse("only functions known by name can be called.", node.func, text)
    if name not in FUNCTIONS:
        near = get_close_matches(name, FUNCTIONS, n=3)
        refuse(
            f"there is no function {name!r} here.",
            node.func,
            text,
            try_=" or ".join(near) if near else "`wengert grad --help` lists the functions",
        )
    if node.keywords:
        refuse("keyword arguments are not allowed in a formula.", node.keywords[0].value, text)
    for argument in node.args:
        check(argument, text, found)


def _check_index(node: ast.expr, text: str) -> None:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    for part in parts:
        bounds = [part.lower, part.upper, part.step] if isinstance(part, ast.Slice) else [part]
        for bound in bounds:
            if bound is not None and integer(bound) is None:
                refuse("an index is not a whole number.", bound, text, expected="x[0] or x[1:3]")
