"""Wengert: exact derivatives of NumPy programs.

>>> import numpy as np, wengert as wg
>>> wg.grad(lambda x: np.sum(np.sin(x) ** 2))(np.array([0.0, np.pi / 4]))
array([0., 1.])

Submodules (`wengert.numpy`, `wengert.numeric`, `wengert.symbolic`, …) load when first touched.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from wengert import ops as _ops  # fills the tables through which tracers speak NumPy
from wengert.api.caches import clear_cache
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
from wengert.api.jit import jit
from wengert.api.mapping import vmap
from wengert.api.products import hvp, jvp, linear_transpose, linearize, vhp, vjp
from wengert.api.series import jet, taylor
from wengert.api.tracing import trace
from wengert.control import (
    checkpoint,
    cond,
    custom_jvp,
    custom_vjp,
    fori_loop,
    map,
    remat,
    scan,
    stop_gradient,
    switch,
    while_loop,
)
from wengert.errors import WengertError
from wengert.ir.program import Program

__version__ = "0.1.0"

_SUBMODULES = frozenset(
    {
        "checking",
        "compat",
        "control",
        "demo",
        "draw",
        "errors",
        "extend",
        "implicit",
        "interop",
        "ir",
        "numeric",
        "numpy",
        "ops",
        "optimize",
        "random",
        "scipy",
        "sparse",
        "symbolic",
    }
)
_LAZY = {
    "check_grads": "checking",
    "compare_methods": "checking",
    "debug_nans": "api.debug",
    "explain": "explanation",
    "implicit_minimum": "implicit",
    "implicit_root": "implicit",
}

__all__ = [
    "Program",
    "WengertError",
    "check_grads",
    "checkpoint",
    "clear_cache",
    "compare_methods",
    "cond",
    "custom_jvp",
    "custom_vjp",
    "debug_nans",
    "derivative",
    "elementwise_grad",
    "explain",
    "fori_loop",
    "grad",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "implicit_minimum",
    "implicit_root",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jet",
    "jit",
    "jvp",
    "linear_transpose",
    "linearize",
    "map",
    "remat",
    "scan",
    "stop_gradient",
    "switch",
    "taylor",
    "trace",
    "value_and_grad",
    "value_and_jacobian",
    "vhp",
    "vjp",
    "vmap",
    "while_loop",
]


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _import_module(f"wengert.{name}")
    if name in _LAZY:
        return getattr(_import_module(f"wengert.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'wengert' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES, "__version__"})


del _ops
