"""`autograd.extend`: what is needed to give functions derivatives of their own."""

from wengert.compat.autograd._boxes import Box
from wengert.compat.autograd._primitives import notrace_primitive, primitive
from wengert.compat.autograd._rules import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
)
from wengert.compat.autograd._vspaces import SparseObject, VSpace, vspace
from wengert.compat.autograd.core import JVPNode, VJPNode
from wengert.compat.autograd.tracer import register_notrace

__all__ = [
    "Box",
    "JVPNode",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "notrace_primitive",
    "primitive",
    "register_notrace",
    "vspace",
]
