"""`autograd.differential_operators`: `grad`, `jacobian` and their relatives.

Each operator takes `(fun, argnum)` and gives a function that is called like `fun`; `argnum` is the
position of the argument that is differentiated, or a tuple of positions.
"""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.api.jacobians import jacobian as real_jacobian
from wengert.compat.autograd import core
from wengert.compat.autograd._vspaces import vspace
from wengert.compat.autograd.wrap_util import get_name, unary_to_nary
from wengert.control.checkpoint import checkpoint as checkpoint_function
from wengert.errors import ArgumentError, NonScalarOutputError

make_vjp = unary_to_nary(core.make_vjp)
make_jvp = unary_to_nary(core.make_jvp)


@unary_to_nary
def grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a real function, an array of one element counting as a number.

    For a complex argument it is the conjugate of the direction of steepest ascent.
    """
    return core.value_and_gradient(fun, x, "Grad")[1]


@unary_to_nary
def value_and_grad(fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """The value and the gradient of a real function: what scipy.optimize takes with `jac=True`."""
    return core.value_and_gradient(fun, x, "value_and_grad")[:2]


@unary_to_nary
def elementwise_grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """The sum of each column of the Jacobian: of a diagonal one, its diagonal."""
    vjp, ans = core.make_vjp(fun, x)
    if vspace(ans).iscomplex:
        raise NonScalarOutputError(
            "Elementwise_grad only applies to real-output functions.",
            got=repr(ans),
            expected="real numbers",
            try_="np.real(...) of it",
        )
    return vjp(vspace(ans).ones())


egrad = elementwise_grad


@unary_to_nary
def deriv(fun: Callable[[Any], Any], x: Any) -> Any:
    """The derivative in the direction of ones, by forward mode."""
    return core.make_jvp(fun, x)(vspace(x).ones())[1]


@unary_to_nary
def jacobian(fun: Callable[[Any], Any], x: Any) -> Any:
    """The Jacobian, the axes of the result first, those of the argument last.

    Forward or reverse mode, whichever costs less (autograd: reverse).
    """
    selection = core.selected(x)
    is_complex = any(leaf.dtype.kind == "c" for leaf in selection.leaves)
    if not is_complex or selection.spec is not None:
        at = selection.leaves[0] if selection.spec is None else x
        return real_jacobian(fun)(at)
    vjp, ans = core.make_vjp(fun, x)
    space = vspace(ans)
    if space.iscomplex:
        raise NonScalarOutputError(
            "jacobian: the function is complex, of complex numbers.",
            got=repr(ans),
            expected="real results, or real arguments",
            try_="wengert.jacobian(f, holomorphic=True) of a holomorphic function",
        )
    rows = [vjp(unit) for unit in space.standard_basis()]
    return np.reshape(np.stack(rows), (*space.shape, *np.shape(x)))


@unary_to_nary
def holomorphic_grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """df/dz of a holomorphic function."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=2)
    return grad(lambda z: np.real(fun(z)))(x)


def grad_named(fun: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """The gradient in the positional argument of this name."""
    names = list(inspect.signature(fun).parameters)
    if argname not in names:
        raise ArgumentError(
            f"grad_named: {get_name(fun)} has no argument of this name.",
            got=repr(argname),
            expected=f"one of {names}",
        )
    return grad(fun, names.index(argname))


@unary_to_nary
def hessian(fun: Callable[[Any], Any], x: Any) -> Any:
    """The second derivatives: the Jacobian of the Jacobian."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """The function v ↦ H v at a point, and the gradient there."""
    return core.make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """The product of the Hessian with a tensor: called as `(*args, tensor)`."""
    fun_grad = grad(fun, argnum)

    def inner(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return np.tensordot(fun_grad(*rest, **kwargs), tensor, np.ndim(tensor))

    return grad(inner, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """The product of a tensor with the Jacobian: called as `(*args, tensor)`."""

    def inner(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return np.tensordot(tensor, fun(*rest, **kwargs), axes=np.ndim(tensor))

    return jacobian(inner, argnum)


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """The function v ↦ J v at a point, as the pullback of the pullback."""
    vjp, y = core.make_vjp(fun, x)
    return core.make_vjp(vjp, vspace(y).zeros())[0]


def _half_of_squares(x: Any) -> Any:
    return 0.5 * np.sum(x**2, axis=-1)


def make_ggnvp(
    f: Callable[..., Any], g: Callable[[Any], Any] = _half_of_squares, f_argnum: int = 0
) -> Callable[..., Any]:
    """The function v ↦ Jᵀ H J v, with J the Jacobian of `f` and H the Hessian of `g` at f(x)."""

    @unary_to_nary
    def ggnvp_maker(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
        f_vjp, f_x = core.make_vjp(f, x)
        g_hvp, grad_g_x = core.make_vjp(grad(g), f_x)
        f_jvp, _ = core.make_vjp(f_vjp, vspace(grad_g_x).zeros())
        return lambda v: f_vjp(g_hvp(f_jvp(v)))

    return ggnvp_maker(f, f_argnum)


@unary_to_nary
def grad_and_aux(fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """The gradient of the first of two results, and the second as it is."""
    _, pulled, aux = core.value_and_gradient(fun, x, "grad_and_aux", has_aux=True)
    return pulled, aux


def multigrad_dict(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients in all arguments at once, by name.

    Examples
    --------
    >>> from wengert.compat.autograd import multigrad_dict
    >>> dict(multigrad_dict(lambda x, y=2.0: x * y)(3.0))
    {'x': np.float64(2.0), 'y': np.float64(3.0)}
    """
    signature = inspect.signature(fun)

    def gradfun(*args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        names = list(bound.arguments)

        def call(values: dict[str, Any]) -> Any:
            inner = signature.bind_partial()
            inner.arguments.update(bound.arguments)
            inner.arguments.update(values)
            return fun(*inner.args, **inner.kwargs)

        found = grad(call)({n: bound.arguments[n] for n in names})
        return OrderedDict([(n, found[n]) for n in names])

    return gradfun


def checkpoint(fun: Callable[..., Any]) -> Callable[..., Any]:
    """`fun`, whose inner values are computed again in the backward pass instead of kept."""
    return checkpoint_function(fun)


__all__ = [
    "checkpoint",
    "deriv",
    "egrad",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]
