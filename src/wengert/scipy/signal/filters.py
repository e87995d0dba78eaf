"""Recursive filters, differentiable in the signal, the coefficients and the initial state.

A filter is its two polynomials, b forward and a back. The forward part is a convolution, the
recursive one the primitive `recurse`. An initial state `zi` (of the transposed direct form II, as
in SciPy) adds its k-th number to what enters the recursion at step k.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import describe
from wengert.ops.convolution import convolve_window
from wengert.ops.core import broadcast_to, convert
from wengert.ops.fourier_functions import as_samples, one_axis, resized
from wengert.ops.recursive import recurse
from wengert.scipy.dispatch import follows_scipy, is_traced

# -- one filter ------------------------------------------------------------------------------------


def polynomials_of(name: str, b: Any, a: Any) -> tuple[Any, Any]:
    """Coefficients as vectors with a[0] = 1."""
    b, a = (as_samples(x) for x in (b, a))
    b, a = (np.reshape(x, (1,)) if x.shape == () else x for x in (b, a))
    if len(b.shape) != 1 or len(a.shape) != 1 or 0 in (b.shape[0], a.shape[0]):
        raise ShapeError(
            f"{name}: the coefficients must be vectors.",
            got=describe(b=b, a=a),
            expected="b: [m], a: [n], neither of them empty",
            try_="wengert.vmap for several filters",
        )
    if not is_traced(a) and a[0] == 0:
        raise ArgumentError(
            f"{name}: the first coefficient of a is zero.",
            got=f"a[0] = {a[0]}",
            expected="a[0] != 0, by which all coefficients are divided",
        )
    if is_traced(a) or a[0] != 1:
        b, a = b / a[0], np.concatenate([np.ones(1, a.dtype), a[1:] / a[0]])
    return b, a


def run_filter(b: Any, a: Any, x: Any, zi: Any = None) -> tuple[Any, Any]:
    """Filter along the last axis; a[0] = 1. Returns the signal, and the final state if `zi`."""
    n, order = x.shape[-1], max(b.shape[0], a.shape[0]) - 1
    forward = x * b if b.shape[0] == 1 else convolve_window(x, b, 0, n)
    if zi is not None:
        last = len(zi.shape) - 1
        forward = forward + resized(zi, last, n)
    y = recurse(a[1:], forward) if a.shape[0] > 1 else forward
    if zi is None:
        return y, None
    # What the filter would still add to the steps n, n + 1, …, after its input has ended.
    tail = max(n - order, 0)
    rest = convolve_window(x[..., tail:], b, n - tail, order)
    rest = rest - convolve_window(y[..., tail:], a, n - tail, order)
    if n < order:
        rest = rest + resized(zi[..., n:], last, order)
    return y, rest


@follows_scipy("signal")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """a[0] y[t] = sum over k of b[k] x[t - k] - sum over k >= 1 of a[k] y[t - k].

    Parameters
    ----------
    b, a : array, shapes (m,) and (n,)
    x : array
    axis : int
    zi : array, optional
        Initial state: the shape of `x` with max(m, n) - 1 along `axis`, or one that broadcasts.

    Returns
    -------
    y : array
    zf : array
        The final state, where `zi` is given.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import signal
    >>> decay = lambda r: signal.lfilter([1.0], np.stack([1.0, -r]), np.array([1.0, 0.0, 0.0]))
    >>> wg.derivative(decay)(0.5)  # of 1, r, r^2
    array([0., 1., 1.])
    """
    b, a = polynomials_of("lfilter", b, a)
    x = as_samples(x)
    operands = [b, a, x] if zi is None else [b, a, x, as_samples(zi)]
    dtype = np.result_type(*[o.dtype for o in operands])
    b, a, x, *state = [convert(o, dtype) for o in operands]
    axis = one_axis("lfilter", axis, len(x.shape))
    x = np.moveaxis(x, axis, -1)
    order = max(b.shape[0], a.shape[0]) - 1
    zi = _state("lfilter", state[0], x, axis, order) if state else None
    y, zf = run_filter(b, a, x, zi)
    y = np.moveaxis(y, -1, axis)
    return (y, np.moveaxis(zf, -1, axis)) if state else y


def _state(name: str, zi: Any, x: Any, axis: int, order: int) -> Any:
    """The initial state with time along the last axis, broadcast to the lines of `x`."""
    expected = (*x.shape[:-1], order)
    found = np.moveaxis(zi, axis, -1) if len(zi.shape) == len(x.shape) else zi
    fits = len(found.shape) == len(expected) and found.shape[-1] == order
    if not fits or any(n not in (1, m) for n, m in zip(found.shape, expected, strict=True)):
        raise ShapeError(
            f"{name}: the initial state does not fit the filter and the signal.",
            got=describe(zi=zi),
            expected=f"the shape of x with {order} along the axis of time",
        )
    return broadcast_to(found, expected)


@follows_scipy("signal")
def lfilter_zi(b: Any, a: Any) -> Any:
    """The initial state of the steady answer to a constant 1."""
    b, a = polynomials_of("lfilter_zi", b, a)
    n = max(b.shape[0], a.shape[0])
    b, a = resized(b, 0, n), resized(a, 0, n)
    if n == 1:
        return b[1:]
    # With the sums S of the coefficients up to k: z[k] = S_a[k] z[0] - (S_b - b[0] S_a)[k].
    rest = b[1:] - a[1:] * b[0]
    first = np.sum(rest) / np.sum(a)
    head = np.concatenate([np.zeros(1), np.cumsum(rest)[:-1]])
    return np.cumsum(a)[: n - 1] * first - head


@follows_scipy("signal")
def lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    """The state of a filter after the outputs `y` and inputs `x`, the latest first."""
    b, a = polynomials_of("lfiltic", b, a)
    n_b, n_a = b.shape[0] - 1, a.shape[0] - 1
    order = max(n_b, n_a)
    y = resized(as_samples(y), 0, n_a)
    zi = -convolve_window(a, y[::-1], n_a, order)
    if x is None:
        return zi
    x = resized(as_samples(x), 0, n_b)
    return zi + convolve_window(b, x[::-1], n_b, order)


# -- sections of second order ----------------------------------------------------------------------


def sections_of(name: str, sos: Any) -> list[tuple[Any, Any]]:
    sos = as_samples(sos)
    if len(sos.shape) != 2 or sos.shape[1] != 6:
        raise ShapeError(
            f"{name}: the sections must be rows of six coefficients.",
            got=describe(sos=sos),
            expected="sos: [n_sections, 6]",
        )
    return [polynomials_of(name, row[:3], row[3:]) for row in sos]


@follows_scipy("signal")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter by sections of second order, one after the other.

    Parameters
    ----------
    sos : array, shape (n_sections, 6)
        b and a of each section; traced rows are divided by their a[0].
    x : array
    axis : int
    zi : array, optional
        Initial state, shape (n_sections, ..., 2, ...).

    Returns
    -------
    y : array
    zf : array
        The final state, where `zi` is given.
    """
    sections = sections_of("sosfilt", sos)
    x = as_samples(x)
    dtypes = [x.dtype, *[c.dtype for pair in sections for c in pair]]
    if zi is not None:
        zi = as_samples(zi)
        dtypes.append(zi.dtype)
    dtype = np.result_type(*dtypes)
    axis = one_axis("sosfilt", axis, len(x.shape))
    x = np.moveaxis(convert(x, dtype), axis, -1)
    if zi is not None and zi.shape[:1] != (len(sections),):
        raise ShapeError(
            "sosfilt: the initial state does not fit the sections.",
            got=describe(zi=zi),
            expected=f"zi: [{len(sections)}, ..., 2, ...]",
        )
    states = []
    for i, (b, a) in enumerate(sections):
        state = None if zi is None else _state("sosfilt", convert(zi[i], dtype), x, axis, 2)
        x, final = run_filter(convert(b, dtype), convert(a, dtype), x, state)
        states.append(final)
    y = np.moveaxis(x, -1, axis)
    if zi is None:
        return y
    return y, np.moveaxis(np.stack(states), -1, axis + 1)


@follows_scipy("signal")
def sosfilt_zi(sos: Any) -> Any:
    """The initial state of the steady answer to a constant 1, shape (n_sections, 2)."""
    scale: Any = 1.0
    states = []
    for b, a in sections_of("sosfilt_zi", sos):
        states.append(scale * lfilter_zi(b, a))
        scale = scale * (np.sum(b) / np.sum(a))
    return np.stack(states)
