"""How large an expression is: operations in all, and with common subexpressions shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.symbolic.library import Expr, sympy


@dataclass(frozen=True)
class ExpressionSize:
    """The size of one or several expressions.

    Attributes
    ----------
    operations : int
        Additions, multiplications, powers and function calls, as written out in full. This is what
        swells: it may grow exponentially with the length of the program behind it.
    shared : int
        The same with each distinct subexpression counted once, as a program would compute it.
    """

    operations: int
    shared: int

    def __str__(self) -> str:
        return f"{self.operations} operations, {self.shared} with common subexpressions shared"


def expression_size(expression: Any) -> ExpressionSize:
    """Count the operations of an expression, to make its swell visible.

    Parameters
    ----------
    expression : SymPy expression, array or matrix, or any nesting of containers of these
        Several expressions are counted together, and share common subexpressions.

    Returns
    -------
    ExpressionSize
        `operations` and `shared`. Linear in `shared`, however large `operations` is.

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> expression_size((sympy.sin(x) + 1) ** 2 * sympy.sin(x))
    ExpressionSize(operations=5, shared=4)
    """
    totals: dict[Expr, int] = {}
    n_shared = 0
    n_operations = 0
    for root in iterate_expressions(expression):
        for node in postorder(root, totals):
            own = _own_operations(node)
            totals[node] = own + sum(totals[child] for child in node.args)
            n_shared += own
        n_operations += totals[root]
    return ExpressionSize(n_operations, n_shared)


def iterate_expressions(expression: Any) -> Iterator[Expr]:
    """The single expressions in trees of expressions, SymPy arrays, matrices and object arrays."""
    leaves, _ = trees.flatten(expression)
    for leaf in leaves:
        if isinstance(leaf, np.ndarray):
            yield from (sympy.sympify(entry) for entry in leaf.reshape(-1))
        elif isinstance(leaf, sympy.NDimArray | sympy.MatrixBase):
            yield from leaf.reshape(len(leaf)) if isinstance(leaf, sympy.NDimArray) else leaf
        else:
            yield sympy.sympify(leaf)


def postorder(root: Expr, done: Any) -> Iterator[Expr]:
    """The distinct nodes under `root` that are not in `done`, arguments before what uses them.

    The caller enters every node in `done` before asking for the next.
    """
    stack = [(root, False)]
    while stack:
        node, is_ready = stack.pop()
        if node in done:
            continue
        if is_ready:
            yield node
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.args))


def _own_operations(node: Expr) -> int:
    if not node.args or node.is_Rational:
        return 0
    if isinstance(node, sympy.Add | sympy.Mul):
        return len(node.args) - 1
    if isinstance(node, sympy.functions.elementary.piecewise.ExprCondPair):
        return 0
    return 1
