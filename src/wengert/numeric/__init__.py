"""Numerical differentiation: derivatives of any function from its values, with their errors.

For checking and for functions that cannot be traced; everything else is served faster and exactly
by `wengert.grad` and its siblings, whose conventions (pytrees, `argnums`, shapes) hold here too.

    derivative   df/dx of a function of one number
    gradient     of a scalar function
    jacobian     of any function, shape out + in
    hessian      second derivatives, shape out + in + in

Each takes `method="forward" | "central" | "complex" | "richardson"`, chooses its step unless one is
given, and with `with_error=True` returns an `Estimate`: value, error, step, number of evaluations.

Read `probe` (what is moved), `stepping` (how far), `formulas` (what is computed), `assembly`,
`api`.
"""

from wengert.numeric.api import derivative, gradient, hessian, jacobian
from wengert.numeric.options import Estimate

__all__ = ["Estimate", "derivative", "gradient", "hessian", "jacobian"]
