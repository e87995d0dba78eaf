"""The libraries that compete, each behind the same few functions.

A peer is given its own arrays in and out (no conversion is timed) and its fastest documented
entry: leaf tensors made once for PyTorch, the gradient function built once for every library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

Function = Callable[..., Any]
Transform = Callable[[Function], Function]


@dataclass(frozen=True)
class Library:
    """What a suite needs of a library that differentiates.

    Parameters
    ----------
    name : str
        What the tables call it.
    module : module
        The array module that programs are written over.
    constant : callable
        NumPy array to the library's own array, for data.
    argument : callable
        The same for what is differentiated with respect to.
    zeros : callable
        ``zeros(shape)`` in float64, an array that can be assigned into where assignment is
        possible.
    gradient : callable
        Function to the function that returns its gradient.
    jacobians : mapping
        Label to transform, for each way the library has of taking a Jacobian.
    can_assign : bool
        Whether ``y[i] = v`` is differentiated.
    """

    name: str
    module: Any
    constant: Function
    argument: Function
    zeros: Function
    gradient: Transform
    jacobians: Mapping[str, Transform] = field(default_factory=dict)
    can_assign: bool = True


def _same(array: Any) -> Any:
    return array


def wengert() -> Library:
    """Wengert over plain NumPy, uncompiled."""
    wg = import_module("wengert")
    return Library(
        name="wengert",
        module=np,
        constant=_same,
        argument=_same,
        zeros=wg.numpy.zeros,
        gradient=wg.grad,
        jacobians={
            "wengert": wg.jacobian,
            "wengert jacfwd": wg.jacfwd,
            "wengert jacrev": wg.jacrev,
        },
    )


def autograd() -> Library:
    """HIPS autograd: its own copy of the NumPy namespace, no assignment."""
    package, module = import_module("autograd"), import_module("autograd.numpy")
    return Library(
        name="autograd",
        module=module,
        constant=_same,
        argument=_same,
        zeros=np.zeros,
        gradient=package.grad,
        jacobians={"autograd": package.jacobian},
        can_assign=False,
    )


def torch() -> Library:
    """PyTorch eager: float64 tensors on the CPU, one thread."""
    module, func = import_module("torch"), import_module("torch.func")
    module.set_num_threads(1)

    def gradient(function: Function) -> Function:
        return lambda leaf: module.autograd.grad(function(leaf), leaf)[0]

    return Library(
        name="torch",
        module=module,
        constant=module.from_numpy,
        argument=lambda array: module.tensor(array, requires_grad=True),
        zeros=lambda shape: module.zeros(shape, dtype=module.float64),
        gradient=gradient,
        jacobians={
            "torch jacrev": lambda function: _detached(func.jacrev(function)),
            "torch jacfwd": lambda function: _detached(func.jacfwd(function)),
        },
    )


def _detached(function: Function) -> Function:
    """``torch.func`` takes plain tensors: a leaf's own tape would be recorded besides."""
    return lambda leaf: function(leaf.detach())


LOADERS: Mapping[str, Callable[[], Library]] = {
    "wengert": wengert,
    "autograd": autograd,
    "torch": torch,
}
"""Every library by name; loading one that is not installed raises ``ImportError``."""


def installed() -> tuple[list[Library], dict[str, str]]:
    """The libraries that import here, and why the others do not."""
    found: list[Library] = []
    missing: dict[str, str] = {}
    for name, load in LOADERS.items():
        try:
            found.append(load())
        except ImportError as error:
            missing[name] = str(error)
    return found, missing


def as_numpy(value: Any) -> Any:
    """A result of any library as a NumPy array."""
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
