"""Minimization, roots and fits by SciPy's solvers and our own, with derivatives filled in."""
