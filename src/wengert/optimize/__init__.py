"""Minimization, roots and fits by SciPy's solvers and our own, with derivatives filled in."""

from wengert.optimize.curves import curve_fit
from wengert.optimize.fit_result import LeastSquaresResult
from wengert.optimize.squares import least_squares

__all__ = ["LeastSquaresResult", "curve_fit", "least_squares"]
