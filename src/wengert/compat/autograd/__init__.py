"""The interface of the autograd library on Wengert: a program moves over by its imports.

    import wengert.compat.autograd.numpy as np
    from wengert.compat.autograd import grad

Inside this module autograd's conventions hold where they differ from Wengert's own: gradients in
complex numbers are the conjugates (`grad` of abs(z)² is 2 z̄), `argnum` stands for `argnums`,
outputs of one element count as scalars, integer arrays are differentiated as floats, `clip` has
derivative zero at its bounds. `docs/migration/autograd.md` lists what changes and what does not.

Examples
--------
>>> import wengert.compat.autograd.numpy as np
>>> from wengert.compat.autograd import grad
>>> grad(lambda x, y: np.sum(x * np.sin(y)), argnum=1)(np.array([1.0, 2.0]), np.zeros(2))
array([1., 2.])
"""

from wengert.compat.autograd._primitives import primitive
from wengert.compat.autograd.builtins import dict, isinstance, list, tuple, type
from wengert.compat.autograd.differential_operators import (
    checkpoint,
    deriv,
    egrad,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_jvp_reversemode,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)

__all__ = [
    "checkpoint",
    "deriv",
    "dict",
    "egrad",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "primitive",
    "tensor_jacobian_product",
    "tuple",
    "type",
    "value_and_grad",
    "vector_jacobian_product",
]
