"""Stationary points under bounds and constraints, differentiated with the active ones held.

Unknowns are w = (x, multipliers). With masks that say what is active at the solution the equations

    x_i = bound_i                                  where a bound is active
    d/dx_i (f + sum_j m_j c_j) = 0                 elsewhere
    c_j = target_j                                 where a constraint is active
    m_j = 0                                        elsewhere

have as many rows as unknowns, and the implicit function theorem applies (A. V. Fiacco, Introduction
to Sensitivity and Stability Analysis in Nonlinear Programming, 1983, theorem 3.2.2: strict
complementarity, independent active gradients, second-order sufficiency). Where a constraint is
active without force (multiplier 0) the solution has one-sided derivatives only; it is not held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.implicit.functions import as_number, evaluate, with_derivative
from wengert.implicit.programs import Captured, capture, jacobian_program
from wengert.types import Type

# Relative: how near a bound or limit is when it is active. Interior-point methods end at some
# distance from it; a larger one is tried where the point is not stationary with the smaller.
_NEAR = (1e-6, 1e-4, 1e-2)
_STATIONARY = 1e-3  # of the gradient, that may be left


def active_sets(
    x: Any, gradient: Any, lower: Any, upper: Any, c: Any, jac: Any, c_lower: Any, c_upper: Any
) -> tuple[Any, Any, Any, float]:
    """Which bounds (-1, 0, 1) and constraints (-1, 0, 1, 2 for equalities) are active, on values.

    Also the multipliers of the constraints, and what is left of the gradient.
    """
    for near in _NEAR:
        found = _active(near, x, gradient, lower, upper, c, jac, c_lower, c_upper)
        if is_stationary(found[-1], gradient):
            return found
    return _active(_NEAR[0], x, gradient, lower, upper, c, jac, c_lower, c_upper)


def is_stationary(rest: float, gradient: Any) -> bool:
    """Whether what is left of the gradient can be the solver's tolerance."""
    return bool(rest <= _STATIONARY * (1.0 + np.abs(gradient).max(initial=0.0)))


def _active(
    near: float,
    x: Any,
    gradient: Any,
    lower: Any,
    upper: Any,
    c: Any,
    jac: Any,
    c_lower: Any,
    c_upper: Any,
) -> tuple[Any, Any, Any, float]:
    n, m = x.size, c.size
    side = np.where(_near(x, upper, near), 1, np.where(_near(x, lower, near), -1, 0))
    held = np.where(_near(c, c_upper, near), 1, np.where(_near(c, c_lower, near), -1, 0))
    held = np.where(c_lower == c_upper, 2, held)
    multipliers = np.zeros(m)
    for _ in range(1 + n + m):
        free, used = side == 0, held != 0
        multipliers = np.zeros(m)
        if used.any() and free.any():
            part = np.linalg.lstsq(jac[np.ix_(used, free)].T, -gradient[free], rcond=None)[0]
            multipliers[used] = part
        total = gradient + jac.T @ multipliers
        scale = 1e-9 * (1.0 + np.abs(gradient).max(initial=0.0))
        # At an upper bound the objective wants to fall further up: the gradient is negative.
        idle = (side != 0) & (total * side > -scale) & (lower < upper)
        loose = (np.abs(held) == 1) & (multipliers * held < scale)
        if not idle.any() and not loose.any():
            break
        side = np.where(idle, 0, side)
        held = np.where(loose, 0, held)
    slack = np.where(held == 2, c - c_lower, 0.0)
    rest = np.linalg.norm(total[side == 0]) + np.linalg.norm(slack)
    return side, held, multipliers, float(rest)


def _near(x: Any, bound: Any, near: float) -> Any:
    """Whether a value lies at a finite bound."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(bound) & (np.abs(x - bound) <= near * np.maximum(1.0, np.abs(bound)))


def differentiable(
    name: str,
    gradient: Callable[[Any], Any],
    x: Any,
    side: Any,
    bounds: tuple[Any, Any],
    constraint: Captured | None = None,
    held: Any = None,
    multipliers: Any = None,
    targets: tuple[Any, Any] | None = None,
    error: Any = None,
) -> Any:
    """`x` as a function of everything in the gradient, the active bounds and constraints."""
    n = x.shape[0]
    m = 0 if constraint is None else constraint.program.out_types[0].shape[0]
    lower, upper = bounds

    def residual(w: Any) -> Any:
        x, mu = w[:n], w[n:]
        total = gradient(x)
        if constraint is not None:
            slopes = evaluate(jacobian_of(constraint), x)
            total = total + mu @ slopes
        # Infinite bounds are never active; a finite stand-in keeps 0 * inf out of derivatives.
        rows = np.where(side < 0, x - finite(lower), np.where(side > 0, x - finite(upper), total))
        if constraint is None:
            return rows
        low, high = targets  # type: ignore[misc]  # given with a constraint
        excess = evaluate(constraint, x) - np.where(held > 0, finite(high), finite(low))
        return np.concatenate([rows, np.where(held != 0, excess, mu)])

    w = x if constraint is None else np.concatenate([x, multipliers])
    captured = capture(f"the conditions of {name}", residual, [Type((n + m,), np.float64)])
    return with_derivative(captured, w, error, name)[:n]


def jacobian_of(f: Captured) -> Captured:
    """The Jacobian of a recorded function in its last argument."""
    return Captured(jacobian_program(f.program), f.values)


def finite(x: Any) -> Any:
    """Bounds with zeros for infinities."""
    if not hasattr(x, "recording"):
        x = np.asarray(x, float)
    return np.where(np.isfinite(x), x, 0.0)


def both_bounds(given: Any, n: int) -> tuple[Any, Any]:
    """Lower and upper bounds as vectors: from pairs, from `Bounds`, from (lb, ub) or None."""
    if given is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(given, "lb"):
        return spread(given.lb, n), spread(given.ub, n)
    low = [-np.inf if pair[0] is None else pair[0] for pair in given]
    high = [np.inf if pair[1] is None else pair[1] for pair in given]
    return joined(low), joined(high)


def joined(values: Sequence[Any]) -> Any:
    """Numbers, some of them traced, as a vector of float64."""
    if any([hasattr(v, "recording") for v in values]):
        return np.stack([as_number(float(v) if not hasattr(v, "recording") else v) for v in values])
    return np.array(values, float)


def spread(value: Any, n: int) -> Any:
    """A bound for each of n variables."""
    if not hasattr(value, "recording"):
        value = np.asarray(value, float)
    return np.broadcast_to(value, (n,))
