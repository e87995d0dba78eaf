"""Symbolic differentiation by SymPy, beside the automatic one: for formulas, and to compare.

    to_sympy         what a function or a Program computes, as an expression
    differentiate    its derivative, as an expression in symbols named after the parameters
    derive           the same for arguments in containers, and compiled to NumPy
    from_sympy       an expression as a NumPy function, which Wengert traces and differentiates
    latex            the expression in LaTeX
    expression_size  its number of operations: what swells

Needs SymPy (the extra `wengert[sym]`). Read `table` for what is converted, `interpret` for how.
"""

from wengert.symbolic.api import Derivation, derive, differentiate, latex, to_sympy
from wengert.symbolic.code import from_sympy
from wengert.symbolic.size import ExpressionSize, expression_size

__all__ = [
    "Derivation",
    "ExpressionSize",
    "derive",
    "differentiate",
    "expression_size",
    "from_sympy",
    "latex",
    "to_sympy",
]
