"""Minimization, roots and fits by SciPy's solvers and our own, with derivatives filled in.

    flat, result, progress    parameters as one vector; what comes back; what is said on the way
    objective, equations, constraints    the user's functions, compiled, with derivatives
    minimization              minimize; scipy_methods, newton and ipopt are what it runs
    rootfinding               root
    squares, curves           least_squares, curve_fit; gauss_newton and levenberg_marquardt are
                              our own methods for them

To differentiate *through* a solver, use `wengert.scipy.optimize`: its results have derivatives.
"""

from __future__ import annotations

from wengert.optimize.constraints import Constraint, between, equal
from wengert.optimize.curves import curve_fit
from wengert.optimize.fit_result import LeastSquaresResult
from wengert.optimize.minimization import minimize
from wengert.optimize.result import OptimizeResult
from wengert.optimize.rootfinding import root
from wengert.optimize.squares import least_squares

__all__ = [
    "Constraint",
    "LeastSquaresResult",
    "OptimizeResult",
    "between",
    "curve_fit",
    "equal",
    "least_squares",
    "minimize",
    "root",
]
