"""Functions given implicitly: by equations they solve, or as a minimum.

    root        implicit_root, fixed_point
    minimum     implicit_minimum
    equation    the primitive: a solution Program, a residual Program, one derivative rule
    newton      the default solver        linear      the linear systems of derivatives
    programs    residuals as Programs     external    solvers that run on plain values
    functions   users' functions recorded, and solutions that others found

`wengert.scipy.optimize` and `wengert.scipy.integrate` are built on these.
"""

from wengert.implicit.minimum import implicit_minimum
from wengert.implicit.root import fixed_point, implicit_root

__all__ = ["fixed_point", "implicit_minimum", "implicit_root"]
