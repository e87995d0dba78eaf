"""Stochastic gradient methods on containers of arrays.

`grad(x, i)` is the gradient in iteration `i`; a callback is called with `(x, i, g)` before each
step. The optimizers can themselves be differentiated.

Sources: `rmsprop`: G. Hinton's lecture 6e (2012); `adam`: D. Kingma and J. Ba, arXiv:1412.6980,
algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.compat.autograd.misc.flatten import flatten
from wengert.compat.autograd.wrap_util import wraps

__all__ = ["adam", "rmsprop", "sgd", "unflatten_optimizer"]


def unflatten_optimizer(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """An optimizer of vectors made one of containers."""

    @wraps(optimize)
    def optimize_container(
        grad: Callable[..., Any],
        x0: Any,
        callback: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        vector, unflatten = flatten(x0)

        def flat_grad(x: Any, i: int) -> Any:
            return flatten(grad(unflatten(x), i))[0]

        def flat_callback(x: Any, i: int, g: Any) -> Any:
            assert callback is not None  # passed on only where there is one
            return callback(unflatten(x), i, unflatten(g))

        called = flat_callback if callback else None
        return unflatten(optimize(flat_grad, vector, called, *args, **kwargs))

    return optimize_container


@unflatten_optimizer
def sgd(
    grad: Callable[..., Any],
    x: Any,
    callback: Callable[..., Any] | None = None,
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """Gradient descent with momentum."""
    velocity = np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        velocity = mass * velocity - (1.0 - mass) * g
        x = x + step_size * velocity
    return x


@unflatten_optimizer
def rmsprop(
    grad: Callable[..., Any],
    x: Any,
    callback: Callable[..., Any] | None = None,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 10**-8,
) -> Any:
    """Steps divided by the root of the running mean of squared gradients."""
    mean_square = np.ones(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        mean_square = gamma * mean_square + (1 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(mean_square) + eps)
    return x


@unflatten_optimizer
def adam(
    grad: Callable[..., Any],
    x: Any,
    callback: Callable[..., Any] | None = None,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 10**-8,
) -> Any:
    """Steps along running means of the gradient, scaled by those of its square."""
    first = np.zeros(len(x))
    second = np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        first = (1 - b1) * g + b1 * first
        second = (1 - b2) * (g**2) + b2 * second
        # Both begin at zero, from which the first steps have to be corrected.
        unbiased = first / (1 - b1 ** (i + 1))
        scale = second / (1 - b2 ** (i + 1))
        x = x - step_size * unbiased / (np.sqrt(scale) + eps)
    return x
