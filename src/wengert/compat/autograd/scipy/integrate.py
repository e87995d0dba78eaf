"""`odeint`: SciPy's solver, with the derivatives of the solution by further differential equations.

Forward mode integrates the variational equation beside the solution, reverse mode the adjoint one
backward from each time to the one before. With tolerances of the solver derivatives are as exact
as the solution.

Source: L. S. Pontryagin et al. (1962) for the adjoint; in this form F. Fröhlich et al., "Scalable
parameter estimation for genome-scale biochemical reaction networks", PLOS Comput. Biol. 13 (2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from wengert import trees
from wengert.compat.autograd._primitives import primitive
from wengert.compat.autograd._rules import defjvp_argnums, defvjp_argnums
from wengert.compat.autograd.core import make_jvp, make_vjp
from wengert.compat.autograd.misc.flatten import flatten
from wengert.errors import ConversionError
from wengert.ops.core import zeros_of
from wengert.ops.joining import array_of, concatenate, stack

__all__ = ["odeint"]


@primitive
def odeint(func: Callable[..., Any], y0: Any, t: Any, args: Any = (), **kwargs: Any) -> Any:
    """`scipy.integrate.odeint`, differentiable in `y0`, `t` and what is numeric in `args`.

    Parameters
    ----------
    func : callable
        `func(y, t, *args)`, the derivative of y: an array or a list. What it closes over is not
        differentiated: an error says so where it would have to be.
    y0 : array [n]
    t : array [m]
        Times of the results, the first that of `y0`.
    args : tuple
    **kwargs
        Of SciPy's function: `rtol`, `atol`, `mxstep` …; not `Dfun`, not `full_output`.

    Returns
    -------
    array [m, n]
    """
    solve: Any = import_module("scipy.integrate").odeint
    try:
        return solve(func, y0, t, args, **kwargs)
    except ConversionError as error:
        error.add_note("odeint: what func closes over and is differentiated has to stand in args")
        raise


def _slope(func: Any, y: Any, t: Any, args: Any) -> Any:
    return array_of(func(y, t, *args))


def _jvp(argnums: Sequence[int], gs: Any, ans: Any, args: Any, kwargs: Any) -> Any:
    """The variational equation v' = (∂f/∂y) v + (∂f/∂args) w beside y' = f."""
    func, y0, t, *rest = args
    func_args = rest[0] if rest else ()
    tangent = dict(zip(argnums, gs, strict=True))
    flat, unflatten = flatten(func_args)
    flat_dot = flatten(tangent[3])[0] if 3 in tangent else np.zeros(np.shape(flat))
    n = np.shape(y0)[0]

    def both(z: Any, s: Any, flat: Any, flat_dot: Any) -> Any:
        def slope(pair: Any) -> Any:
            return _slope(func, pair[0], s, unflatten(pair[1]))

        f, df = make_jvp(slope, (z[:n], flat))((z[n:], flat_dot))
        return concatenate([f, df], 0)

    start = concatenate([array_of(y0), array_of(tangent.get(1, np.zeros(n)))], 0)
    moved = odeint(both, start, t, (flat, flat_dot), **kwargs)[:, n:]
    if 2 in tangent:  # the times move, the first of them with the initial value
        slopes = stack([_slope(func, ans[i], t[i], func_args) for i in range(len(ans))], 0)
        t_dot = array_of(tangent[2])
        moved = moved + slopes * t_dot[:, None]
        begun = concatenate([ans[0], slopes[0]], 0)
        zero = np.zeros(np.shape(flat))
        moved = moved - odeint(both, begun, t, (flat, zero), **kwargs)[:, n:] * t_dot[0]
    return moved


def _vjp(argnums: Sequence[int], ans: Any, args: Any, kwargs: Any) -> Callable[[Any], Any]:
    """The adjoint equation w' = −(∂f/∂y)ᵀ w, integrated backward."""
    func, y0, t, *rest = args
    func_args = rest[0] if rest else ()
    flat, unflatten = flatten(func_args)
    n_times, n = np.shape(ans)

    def augmented(state: Any, s: Any, flat: Any) -> Any:
        def slope(y: Any, flat: Any) -> Any:
            return _slope(func, y, s, unflatten(flat))

        pull, f = make_vjp(lambda pair: slope(*pair), (state[:n], flat))
        y_part, args_part = pull(-state[n : 2 * n])
        return concatenate([f, y_part, args_part], 0)

    def vjp(g: Any) -> tuple[Any, ...]:
        w = g[-1]
        into_args: Any = zeros_of(flat)
        times: list[Any] = [None] * n_times
        for i in range(n_times - 1, 0, -1):
            slope = _slope(func, ans[i], t[i], func_args)
            times[i] = np.dot(slope, g[i])
            state = concatenate([ans[i], w, into_args], 0)
            back = stack([t[i], t[i - 1]], 0)
            state = odeint(augmented, state, back, (flat,), **kwargs)[1]
            w = state[n : 2 * n] + g[i - 1]
            into_args = state[2 * n :]
        # The initial value is that of time t[0]: a later one shifts the whole solution.
        first = _slope(func, ans[0], t[0], func_args)
        times[0] = np.dot(first, g[0]) - np.dot(first, w)
        parts = {1: w, 2: times, 3: None}
        if 2 in argnums:
            parts[2] = stack([array_of(p) for p in times], 0)
        if 3 in argnums:
            parts[3] = _like(func_args, unflatten(into_args))
        return tuple([parts[i] for i in argnums])

    return vjp


def _like(args: Any, cotangents: Any) -> Any:
    """Cotangents in the structure of the arguments."""
    return trees.unflatten(trees.structure(args), trees.flatten(cotangents)[0])


defjvp_argnums(odeint, _jvp)
defvjp_argnums(odeint, _vjp)
