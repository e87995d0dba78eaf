"""Integrals of sampled functions, as compositions: trapezoid, Simpson, Romberg, Gauss-Legendre."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.scipy.dispatch import follows_scipy, is_traced, scipy_function
from wengert.trace.tracer import Tracer


def _array(x: Any) -> Any:
    if isinstance(x, Tracer):
        return x
    if is_traced(x):
        return np.stack([_array(v) for v in x])
    return np.asarray(x)


def _prepared(name: str, y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """The samples with their axis last, and the widths of the intervals between them."""
    y = np.moveaxis(_array(y), axis, -1)
    n = y.shape[-1]
    if x is None:
        return y, np.broadcast_to(_array(dx) * 1.0, (max(n - 1, 0),))
    x = _array(x)
    if x.ndim > 1:
        x = np.moveaxis(x, axis, -1)
    if x.shape[-1] != n:
        raise ArgumentError(
            f"{name}: x and y have different lengths along the axis.",
            got=f"{x.shape[-1]} and {n}",
            expected="one x for each y",
        )
    return y, x[..., 1:] - x[..., :-1]


@follows_scipy("integrate")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples by the trapezoidal rule.

    Parameters
    ----------
    y : array
        Samples along `axis`.
    x : array, optional
        Where they were taken; `dx` apart if None.
    dx : float
    axis : int
    """
    y, h = _prepared("trapezoid", y, x, dx, axis)
    return np.sum(0.5 * h * (y[..., 1:] + y[..., :-1]), axis=-1)


@follows_scipy("integrate")
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """The running integral of samples by the trapezoidal rule.

    Parameters
    ----------
    y, x, dx, axis
        As in `trapezoid`.
    initial : {0, None}
        0 to begin the result with it.
    """
    y, h = _prepared("cumulative_trapezoid", y, x, dx, axis)
    return _running(0.5 * h * (y[..., 1:] + y[..., :-1]), initial, axis)


def _running(parts: Any, initial: Any, axis: int) -> Any:
    total = np.cumsum(parts, axis=-1)
    if initial is not None:
        first = np.zeros((*total.shape[:-1], 1)) + _array(initial)
        is_offset = is_traced(initial) or np.any(np.asarray(initial))
        total = np.concatenate([first, total + first if is_offset else total], axis=-1)
    return np.moveaxis(total, -1, axis)


def _near(h: Any, other: Any, near: Any, far: Any, third: Any) -> Any:
    """The integral over an interval h of the parabola through three samples.

    `far` and `near` are its ends, `third` the sample beyond `near`, at the distance `other`.
    Source: K. V. Cartwright, Simpson's rule cumulative integration with MS Excel and
    irregularly-spaced data (2017).
    """
    total = h + other
    return (
        (2 * h * h + 3 * h * other) / (6 * total) * far
        + (h * h + 3 * h * other) / (6 * other) * near
        - h * h * h / (6 * other * total) * third
    )


def _intervals(y: Any, h: Any) -> tuple[Any, Any]:
    """The integrals over each interval but the last with the sample after it, and over each but
    the first with the sample before it."""
    left, middle, right = y[..., :-2], y[..., 1:-1], y[..., 2:]
    h0, h1 = h[..., :-1], h[..., 1:]
    return _near(h0, h1, middle, left, right), _near(h1, h0, middle, right, left)


@follows_scipy("integrate")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples by Simpson's rule; an interval left over gets Cartwright's formula.

    Parameters
    ----------
    y, x, dx, axis
        As in `trapezoid`.
    """
    y, h = _prepared("simpson", y, x, dx, axis)
    n = y.shape[-1]
    if n < 3:
        return np.sum(0.5 * h * (y[..., 1:] + y[..., :-1]), axis=-1)
    first, second = _intervals(y, h)
    # Pairs begin at every second interval; one interval more is left over where n is even.
    pairs = np.sum((first + second)[..., : n - 2 if n % 2 else n - 3 : 2], axis=-1)
    return pairs if n % 2 else pairs + second[..., -1]


@follows_scipy("integrate")
def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """The running integral of samples by Simpson's rule, interval by interval.

    Parameters
    ----------
    y, x, dx, axis
        As in `trapezoid`.
    initial : float or array, optional
        What the result begins with, added to all that follows.
    """
    y, h = _prepared("cumulative_simpson", y, x, dx, axis)
    n = y.shape[-1]
    if n < 3:
        return _running(0.5 * h * (y[..., 1:] + y[..., :-1]), initial, axis)
    first, second = _intervals(y, h)
    parts = [first[..., i] if i % 2 == 0 else second[..., i - 1] for i in range(n - 2)]
    parts.append(second[..., -1])
    return _running(np.stack(parts, axis=-1), initial, axis)


@follows_scipy("integrate")
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """The integral of 2^k + 1 equally spaced samples by Romberg's extrapolation.

    Parameters
    ----------
    y : array
    dx : float
    axis : int
    show : bool
        Has no effect on traced arrays.
    """
    y, h = _prepared("romb", y, None, dx, axis)
    n = y.shape[-1] - 1
    k = max(n, 1).bit_length() - 1
    if n != 1 << k:
        raise ArgumentError(
            "romb: the number of samples is not one more than a power of two.",
            got=f"{n + 1} samples",
            expected="2, 3, 5, 9, 17 ...",
        )
    step = h[0] * n
    rows = [step * 0.5 * (y[..., 0] + y[..., -1])]
    row = rows
    for i in range(1, k + 1):
        stride = n >> i
        step = step * 0.5
        middle = np.sum(y[..., stride :: 2 * stride], axis=-1)
        new = [0.5 * row[0] + step * middle]
        for j in range(i):
            new.append(new[j] + (new[j] - row[j]) / (4.0 ** (j + 1) - 1.0))
        row = new
    return row[-1]


def fixed_quad(func: Callable[..., Any], a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """The integral of `func` from a to b by Gauss-Legendre quadrature with n points.

    Parameters
    ----------
    func : callable
        `func(x, *args)` of the vector of points; may close over traced values.
    a, b : float
        Finite limits; may be traced.
    args : tuple
    n : int

    Returns
    -------
    value : float
    None
        As in SciPy.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import integrate
    >>> f = lambda a: integrate.fixed_quad(lambda x: np.exp(a * x), 0.0, 1.0, n=8)[0]
    >>> print(f"{wg.grad(f)(1.0):.10f}")  # 1
    1.0000000000
    """
    args = args if isinstance(args, tuple) else (args,)
    x, w = scipy_function("special", "roots_legendre")(n)
    points = (b - a) * (x + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * func(points, *args), axis=-1), None
