"""Wengert: exact derivatives of NumPy programs."""

from wengert import ops
from wengert.api.differentiate import grad, value_and_grad
from wengert.api.jacobians import (
    derivative,
    elementwise_grad,
    hessian,
    hessian_diagonal,
    jacfwd,
    jacobian,
    jacrev,
    value_and_jacobian,
)
from wengert.api.mapping import vmap
from wengert.api.products import hvp, jvp, linear_transpose, linearize, vhp, vjp
from wengert.api.series import jet, taylor
from wengert.api.tracing import trace

__version__ = "0.1.0"
__all__ = [
    "derivative",
    "elementwise_grad",
    "grad",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jet",
    "jvp",
    "linear_transpose",
    "linearize",
    "ops",
    "taylor",
    "trace",
    "value_and_grad",
    "value_and_jacobian",
    "vhp",
    "vjp",
    "vmap",
]
