"""Sparse Jacobians and Hessians, their patterns found and their products few.

    pattern                                     where a derivative can be different from zero
    color                                       columns or rows that one product serves together
    jacobian value_and_jacobian                 as `scipy.sparse` arrays
    hessian value_and_hessian value_grad_and_hessian

Read `derivatives.py` first; the engine is `wengert.compression`.
"""

from wengert.compression.coloring import Coloring, color
from wengert.sparse.derivatives import (
    hessian,
    jacobian,
    value_and_hessian,
    value_and_jacobian,
    value_grad_and_hessian,
)
from wengert.sparse.detection import pattern
from wengert.sparse.patterns import Pattern

__all__ = [
    "Coloring",
    "Pattern",
    "color",
    "hessian",
    "jacobian",
    "pattern",
    "value_and_hessian",
    "value_and_jacobian",
    "value_grad_and_hessian",
]
