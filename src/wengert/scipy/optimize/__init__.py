"""SciPy's optimization and root finding, differentiable in everything the functions depend on.

    minimization   minimize, minimize_scalar
    roots          root, fsolve, root_scalar, brentq, brenth, bisect, ridder, toms748, newton
    fitting        least_squares, curve_fit, nnls, lsq_linear
    programming    linprog, linear_sum_assignment
    kkt            bounds and constraints: which are active, and the derivative with these held

SciPy runs on plain values, with exact derivatives filled in where they are missing; the derivative
of the result is that of the conditions it satisfies, not of the iterations. Functions may take
traced values as `args` or close over them. Other names of `scipy.optimize` are SciPy's.
"""

from __future__ import annotations

from wengert.scipy.dispatch import rest_of
from wengert.scipy.optimize.fitting import curve_fit, least_squares, lsq_linear, nnls
from wengert.scipy.optimize.minimization import minimize, minimize_scalar
from wengert.scipy.optimize.programming import linear_sum_assignment, linprog
from wengert.scipy.optimize.roots import (
    bisect,
    brenth,
    brentq,
    fsolve,
    newton,
    ridder,
    root,
    root_scalar,
    toms748,
)

__all__ = [
    "bisect",
    "brenth",
    "brentq",
    "curve_fit",
    "fsolve",
    "least_squares",
    "linear_sum_assignment",
    "linprog",
    "lsq_linear",
    "minimize",
    "minimize_scalar",
    "newton",
    "nnls",
    "ridder",
    "root",
    "root_scalar",
    "toms748",
]

__getattr__ = rest_of("optimize")
