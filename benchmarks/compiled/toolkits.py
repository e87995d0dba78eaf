"""What each library offers a program: its arrays, transforms, loops, and how its results are had.

A workload is written once over a `Toolkit` and takes from it whatever libraries spell differently.
A toolkit holds the form that the library's own users would write: ``lax.scan`` and ``jit`` for
JAX, Python loops for PyTorch and autograd, which have nothing else.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

Function = Callable[..., Any]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Toolkit:
    """One contestant.

    Parameters
    ----------
    name, library : str
        What the tables call it, and whose arrays and transforms it uses.
    xp : module
        The array module.
    array : callable
        NumPy array to the library's own, made before the clock runs.
    numpy : callable
        The library's own array to NumPy's.
    wait : callable or None
        Returns when a result is really there; None where calls return finished results.
    jit : callable
        Compiles a function of arrays; the identity for eager libraries.
    gradient : callable
        ``gradient(f, n, with_value)``: the derivatives of a scalar function with respect to its
        first n arguments as a tuple, or the pair of value and derivatives.
    finish : callable
        Applied last to a derivative: ``jit`` for those that compile derivatives as a whole.
    scan : callable
        ``scan(step, init, xs, length)`` as in JAX and Wengert, ``xs`` and ``ys`` optional.
    place : callable
        ``place(shape, [(index, values), ...])``: an array of zeros with values stored into it.
    vmap, jacobian : callable or None
        ``jacobian(f, argnums)``; None where the library maps no functions over arrays.
    """

    name: str
    library: str
    xp: Any
    array: Function
    numpy: Function
    wait: Function | None
    jit: Function
    gradient: Function
    finish: Function
    scan: Function
    place: Function
    vmap: Function | None = None
    jacobian: Function | None = None


def wengert() -> Toolkit:
    """Wengert: plain NumPy under ``wg.jit``."""
    return _wengert("wengert", import_module("wengert").jit)


def wengert_eager() -> Toolkit:
    """Wengert without ``jit``: not a contestant, the answers that ``jit`` has to reproduce."""
    return _wengert("wengert eager", _same)


def _wengert(name: str, jit: Function) -> Toolkit:
    wg = import_module("wengert")

    def gradient(f: Function, n: int, with_value: bool = False) -> Function:
        return (wg.value_and_grad if with_value else wg.grad)(f, argnums=tuple(range(n)))

    def place(shape: tuple[int, ...], stores: Any) -> Any:
        made = wg.numpy.zeros(shape)
        for index, values in stores:
            made[index] = values
        return made

    return Toolkit(
        name=name,
        library="wengert",
        xp=np,
        array=_same,
        numpy=np.asarray,
        wait=None,
        jit=jit,
        gradient=gradient,
        finish=jit,
        scan=wg.scan,
        place=place,
        vmap=wg.vmap,
        jacobian=wg.jacobian,
    )


def jax() -> Toolkit:
    """JAX: everything under ``jit``, float64 allowed, results waited for."""
    package, module = import_module("jax"), import_module("jax.numpy")
    package.config.update("jax_enable_x64", True)

    def gradient(f: Function, n: int, with_value: bool = False) -> Function:
        transform = package.value_and_grad if with_value else package.grad
        return transform(f, argnums=tuple(range(n)))

    def place(shape: tuple[int, ...], stores: Any) -> Any:
        made = module.zeros(shape)
        for index, values in stores:
            made = made.at[index].set(values)
        return made

    return Toolkit(
        name="jax",
        library="jax",
        xp=module,
        array=module.asarray,
        numpy=np.asarray,
        wait=package.block_until_ready,
        jit=package.jit,
        gradient=gradient,
        finish=package.jit,
        scan=package.lax.scan,
        place=place,
        vmap=package.vmap,
        jacobian=package.jacrev,
    )


def torch() -> Toolkit:
    """PyTorch, eager."""
    return _torch("torch", _same)


def torch_compile() -> Toolkit:
    """PyTorch under ``torch.compile``: a graph for the function and one for its backward pass."""
    if not any(shutil.which(compiler) for compiler in ("g++", "clang++", "c++")):
        raise ImportError("torch.compile needs a C++ compiler, and none is on the path")
    module = import_module("torch")
    return _torch("torch.compile", lambda f: module.compile(f, dynamic=False))


def _torch(name: str, compiled: Function) -> Toolkit:
    module, func = import_module("torch"), import_module("torch.func")

    def gradient(f: Function, n: int, with_value: bool = False) -> Function:
        run = compiled(f)

        def derivative(*arguments: Any) -> Any:
            leaves = [argument.detach().requires_grad_() for argument in arguments[:n]]
            value = run(*leaves, *arguments[n:])
            found = module.autograd.grad(value, leaves)
            return (value.detach(), found) if with_value else found

        return derivative

    def place(shape: tuple[int, ...], stores: Any) -> Any:
        made = module.zeros(shape, dtype=module.float64)
        for index, values in stores:
            made[index] = values
        return made

    def jit(f: Function) -> Function:
        run = compiled(f)

        def without_tape(*arguments: Any) -> Any:
            with module.no_grad():
                return run(*arguments)

        return without_tape

    return Toolkit(
        name=name,
        library="torch",
        xp=_TorchNames(module),
        array=lambda value: module.tensor(np.asarray(value)),
        numpy=lambda value: np.asarray(value.detach() if hasattr(value, "detach") else value),
        wait=None,
        jit=jit,
        gradient=gradient,
        finish=_same,
        scan=lambda step, init, xs, length: unrolled(module.stack, step, init, xs, length),
        place=place,
        vmap=func.vmap,
        jacobian=func.jacfwd,
    )


class _TorchNames:
    """``torch`` with the two reductions that it returns as pairs under their plain names."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.max, self.min = module.amax, module.amin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def autograd() -> Toolkit:
    """HIPS autograd."""
    package, module = import_module("autograd"), import_module("autograd.numpy")

    def gradient(f: Function, n: int, with_value: bool = False) -> Function:
        found = (package.value_and_grad if with_value else package.grad)(
            lambda active, others: f(*active, *others)
        )
        return lambda *arguments: found(tuple(arguments[:n]), arguments[n:])

    def place(shape: tuple[int, ...], stores: Any) -> Any:
        """Without assignment: every place reads its value from one packed array."""
        where = np.zeros(shape, dtype=np.intp)
        packed, count = [module.zeros(1)], 1
        for index, values in stores:
            size = int(np.prod(np.shape(where[index])))
            where[index] = np.arange(count, count + size).reshape(np.shape(where[index]))
            packed.append(module.reshape(values, (-1,)))
            count += size
        return module.concatenate(packed)[where]

    return Toolkit(
        name="autograd",
        library="autograd",
        xp=module,
        array=_same,
        numpy=np.asarray,
        wait=None,
        jit=_same,
        gradient=gradient,
        finish=_same,
        scan=lambda step, init, xs, length: unrolled(module.stack, step, init, xs, length),
        place=place,
        vmap=None,
        jacobian=package.jacobian,
    )


def unrolled(stack: Function, step: Function, init: Any, xs: Any, length: int | None) -> Any:
    """`scan` as a Python loop; ``xs`` is None, an array or a tuple of arrays, ys None or arrays."""
    carry, ys = init, []
    if length is None:
        length = len(xs[0] if isinstance(xs, tuple) else xs)
    for index in range(length):
        item: Any = None
        if isinstance(xs, tuple):
            item = tuple(x[index] for x in xs)
        elif xs is not None:
            item = xs[index]
        carry, y = step(carry, item)
        ys.append(y)
    return carry, (None if not ys or ys[0] is None else stack(ys))


LOADERS: Mapping[str, Callable[[], Toolkit]] = {
    "wengert": wengert,
    "jax": jax,
    "torch": torch,
    "torch.compile": torch_compile,
    "autograd": autograd,
}
"""Every contestant by name; loading one that is not installed raises ``ImportError``."""


def load(names: tuple[str, ...]) -> tuple[list[Toolkit], dict[str, str]]:
    """The contestants that import here, and why the others do not."""
    found: list[Toolkit] = []
    missing: dict[str, str] = {}
    for name in names:
        try:
            found.append(LOADERS[name]())
        except ImportError as error:
            missing[name] = str(error)
    return found, missing
