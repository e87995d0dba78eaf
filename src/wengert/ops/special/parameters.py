"""Derivatives in a parameter: the order of a Bessel function, the numbers of a hypergeometric one.

They have no closed form, but the functions are analytic in their parameters, and SciPy's values are
accurate. The interpolant in the Chebyshev points around the parameter converges like a power of the
distance to the next singularity; its derivatives at the center are sums of the values with known
weights (Trefethen, Approximation Theory and Approximation Practice, 2013, chapters 8 and 21). The
half-width of the interval is chosen for each element, so that the function changes by a factor of
about ten over it: rounding is then amplified by 15 (first derivative), 300 (second), 4,000 (third)
and 50,000 (fourth), relative to that change. Higher orders are refused.

In the argument the k-th derivative is a closed formula, which is interpolated instead of the value:
so mixed derivatives of every order in the argument are one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from wengert.errors import MissingRuleError
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import add, fit, mul
from wengert.ops.families import Partial, elementwise
from wengert.ops.special.family import ScipyUfunc, apply, refused

N_POINTS = 20
MAX_ORDER = 4

# derivative(k, *xs): the k-th derivative in the argument, of plain arrays.
Derivative = Callable[..., Any]
# widths(i, *xs): half the width of the interval of parameter i.
Widths = Callable[..., Any]


@lru_cache(maxsize=16)
def points_and_weights(order: int) -> tuple[Any, Any]:
    """The Chebyshev points of [-1, 1] and the weights of the derivative at 0."""
    points = np.cos(np.pi * (2 * np.arange(N_POINTS) + 1) / (2 * N_POINTS))
    points = (points - points[::-1]) / 2  # exactly odd
    basis = chebyshev.chebvander(points, N_POINTS - 1) * (2 / N_POINTS)
    basis[:, 0] /= 2
    at_zero = [chebyshev.chebval(0.0, chebyshev.chebder(row, order)) for row in np.eye(N_POINTS)]
    weights = basis @ np.array(at_zero)
    return points, (weights + (-1) ** order * weights[::-1]) / 2


def interpolated(
    derivative: Derivative, k: int, orders: list[tuple[int, int]], widths: Widths, xs: list[Any]
) -> Any:
    """Derivatives in the parameters (i, n) of `orders`, one after the other, of the k-th in z."""
    if not orders:
        return derivative(k, *xs)
    (i, n), *rest = orders
    width = widths(i, *xs)
    points, weights = points_and_weights(n)
    steps = points.reshape(-1, *[1] * np.ndim(width)) * width
    nodes = xs[i] + steps
    moved = [nodes if j == i else x[None] for j, x in enumerate(xs)]
    values = interpolated(derivative, k, rest, widths, list(np.broadcast_arrays(*moved)))
    # A node is rounded to the grid of a large parameter: its value is moved back along the slope.
    slope = np.tensordot(points_and_weights(1)[1], values, 1) / width
    shift = (nodes - xs[i]) - steps
    values = values - np.where(np.isfinite(slope), slope, 0.0) * shift
    return np.tensordot(weights, values, 1) / width**n


def parameter_partials(
    name: str,
    names: tuple[str, ...],
    derivative: Derivative,
    widths: Widths,
    scale: Callable[[Any, Any], Any] | None = None,
) -> list[Partial]:
    """The partials of a ufunc in its parameters, its argument being the last operand.

    Parameters
    ----------
    name : str
        SciPy's name.
    names : tuple of str
        What each parameter is called, for messages.
    derivative, widths : callable
        `derivative(k, *xs)`, the k-th derivative in the argument; `widths(i, *xs)`, half the width
        of the interval in parameter i.
    scale : callable, optional
        For functions scaled by exp(-s), where s depends on a real part of complex z: its derivative
        `scale(z, dz)`. `derivative` is then that of the function itself, scaled.
    """
    ufunc = ScipyUfunc(name)
    n_in = len(names) + 1
    unit = [tuple([int(i == j) for j in range(n_in)]) for i in range(n_in)]

    def array(*xs: Any, orders: tuple[int, ...]) -> Any:
        doubles = [_in_double(np.asarray(x)) for x in xs]
        wanted = [(i, n) for i, n in enumerate(orders[:-1]) if n]
        with np.errstate(all="ignore"):
            values = interpolated(
                derivative, orders[-1], wanted, widths, list(np.broadcast_arrays(*doubles))
            )
        return values.astype(_result_dtype(ufunc, xs))[()]

    def jvp(args: Any, out: Any, tangents: Any, *, orders: tuple[int, ...]) -> Any:
        total = None
        for i, dx in enumerate(tangents):
            if dx is None:
                continue
            if names[i : i + 1] == ("n",):
                refused(name, "its degree")(out)
            more = tuple([n + u for n, u in zip(orders, unit[i], strict=True)])
            if sum(more[:-1]) > MAX_ORDER:
                raise MissingRuleError(
                    f"scipy.special.{name}: a derivative of order {sum(more[:-1])} in parameters.",
                    got=f"derivatives in {names[i]}, one after the other",
                    expected=f"order {MAX_ORDER} or less: rounding errors grow with each",
                    try_="wengert.stop_gradient around a parameter that need not be differentiated",
                )
            term = fit(mul(dx, apply(record, *args, orders=more)), out.type)
            total = term if total is None else add(total, term)
            if i == n_in - 1 and scale is not None and out.dtype.kind == "c":
                total = add(total, fit(-mul(scale(args[i], dx), out), out.type))
        return total

    record: Primitive = elementwise(
        f"{name}_partials",
        array,
        type_rule=lambda *types, orders: ufunc.type_of(*types),
        jvp=jvp,
        flops=40 * N_POINTS,
        emit=Unsupported("SciPy computes it, in many points"),
        accuracy=f"interpolation in {', '.join(names)}: orders up to {MAX_ORDER}",
    )
    return [lambda out, *xs, orders=orders: apply(record, *xs, orders=orders) for orders in unit]


def _in_double(x: Any) -> Any:
    """Double precision; integers stay what they are, degrees of polynomials."""
    return x if x.dtype.kind in "iu" else x.astype(np.result_type(x.dtype, np.float64))


def _result_dtype(ufunc: ScipyUfunc, xs: tuple[Any, ...]) -> Any:
    """Python numbers are weak, as in NumPy's promotion."""
    kinds = [x.dtype if isinstance(x, np.ndarray | np.generic) else type(x) for x in xs]
    if all(isinstance(k, type) for k in kinds):
        kinds = [np.dtype(k) for k in kinds]
    return ufunc.ufunc.resolve_dtypes((*kinds, None))[-1]
