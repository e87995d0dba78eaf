"""SciPy's integration, differentiable in everything the functions depend on.

    samples      trapezoid, simpson, cumulative_trapezoid, cumulative_simpson, romb, fixed_quad
    quadrature   quad, quad_vec, dblquad, tplquad, nquad      integral   the primitive under them
    ode          solve_ivp, odeint
    steps        one step of a method as operations           replay     all the steps SciPy took

Functions may take traced values as `args` or close over them. Other names of `scipy.integrate` are
SciPy's; called with a traced array they raise by name.
"""

from __future__ import annotations

from wengert.scipy.dispatch import rest_of
from wengert.scipy.integrate.ode import odeint, solve_ivp
from wengert.scipy.integrate.quadrature import dblquad, nquad, quad, quad_vec, tplquad
from wengert.scipy.integrate.samples import (
    cumulative_simpson,
    cumulative_trapezoid,
    fixed_quad,
    romb,
    simpson,
    trapezoid,
)

__all__ = [
    "cumulative_simpson",
    "cumulative_trapezoid",
    "dblquad",
    "fixed_quad",
    "nquad",
    "odeint",
    "quad",
    "quad_vec",
    "romb",
    "simpson",
    "solve_ivp",
    "tplquad",
    "trapezoid",
]

__getattr__ = rest_of("integrate")
