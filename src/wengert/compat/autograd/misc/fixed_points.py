"""`fixed_point`: a point that an iteration leaves where it is, differentiated implicitly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.compat.autograd._primitives import primitive
from wengert.compat.autograd._rules import defjvp, defvjp
from wengert.compat.autograd._vspaces import vspace
from wengert.compat.autograd.core import make_jvp, make_vjp

__all__ = ["fixed_point"]


@primitive
def fixed_point(
    f: Callable[[Any], Callable[[Any], Any]], a: Any, x0: Any, distance: Any, tol: float
) -> Any:
    """The limit x = f(a)(x) of the iteration from `x0`, as a function of `a`.

    Parameters
    ----------
    f : callable
        `f(a)` is a function of x.
    a : tree
        What the fixed point depends on.
    x0 : tree
        Where to begin.
    distance : callable
        `distance(x, y)` of two iterates.
    tol : float
        The iteration ends when two iterates are not farther apart than this.

    Notes
    -----
    With x* = F(a, x*), dx* = (I − ∂F/∂x)⁻¹ ∂F/∂a da. Reverse mode solves the adjoint equation
    w = g + (∂F/∂x)ᵀ w, forward mode v = ∂F/∂a ȧ + ∂F/∂x v, by the same kind of iteration; the
    memory is that of one step.
    Source: B. Christianson, "Reverse accumulation and attractive fixed points", Optimization
    Methods and Software 3 (1994).

    Examples
    --------
    >>> from wengert.compat.autograd import grad
    >>> from wengert.compat.autograd.misc.fixed_points import fixed_point
    >>> newton = lambda a: lambda x: 0.5 * (x + a / x)
    >>> root = lambda a: fixed_point(newton, a, 1.0, lambda x, y: abs(x - y), 1e-10)
    >>> root(4.0), grad(root)(4.0)
    (2.0, np.float64(0.25))
    """
    step = f(a)
    before, x = x0, step(x0)
    while distance(x, before) > tol:
        before, x = x, step(x)
    return x


def _adjoint_step(f: Any) -> Callable[[Any], Callable[[Any], Any]]:
    """From (a, x*, g) to the map w ↦ g + (∂F/∂x)ᵀ w."""

    def of(params: Any) -> Callable[[Any], Any]:
        a, x_star, g = params
        pull, _ = make_vjp(f(a), x_star)
        space = vspace(x_star)
        return lambda w: space.add(g, pull(w))

    return of


def _vjp(ans: Any, f: Any, a: Any, x0: Any, distance: Any, tol: float) -> Callable[[Any], Any]:
    pull_a, _ = make_vjp(lambda b: f(b)(ans), a)

    def vjp(g: Any) -> Any:
        start = vspace(ans).zeros()
        return pull_a(fixed_point(_adjoint_step(f), (a, ans, g), start, distance, tol))

    return vjp


def _tangent_step(f: Any) -> Callable[[Any], Callable[[Any], Any]]:
    """From (a, x*, ∂F/∂a ȧ) to the map v ↦ ∂F/∂a ȧ + ∂F/∂x v."""

    def of(params: Any) -> Callable[[Any], Any]:
        a, x_star, moved = params
        push = make_jvp(f(a), x_star)
        space = vspace(x_star)
        return lambda v: space.add(moved, push(v)[1])

    return of


def _jvp(g: Any, ans: Any, f: Any, a: Any, x0: Any, distance: Any, tol: float) -> Any:
    _, moved = make_jvp(lambda b: f(b)(ans), a)(g)
    return fixed_point(_tangent_step(f), (a, ans, moved), vspace(ans).zeros(), distance, tol)


defvjp(fixed_point, None, _vjp, None)
defjvp(fixed_point, None, _jvp, None)
