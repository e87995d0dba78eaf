"""`autograd.scipy.signal`: its `convolve` over chosen axes; the rest is `wengert.scipy.signal`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.compat.autograd.scipy._forwarding import forwarded
from wengert.errors import ArgumentError, ShapeError
from wengert.ops.joining import array_of
from wengert.ops.taking import take

__all__ = ["convolve"]


def convolve(
    A: Any,
    B: Any,
    axes: Sequence[Sequence[int]] | None = None,
    dot_axes: Sequence[Sequence[int]] = ((), ()),
    mode: str = "full",
) -> Any:
    """The convolution of two arrays along some axes, summed over others.

    Parameters
    ----------
    A, B : array
    axes : (axes of A, axes of B), optional
        Which are convolved with each other, all by default.
    dot_axes : (axes of A, axes of B)
        Which are multiplied and summed.
    mode : "full", "valid" or "same"
        As `scipy.signal.convolve`; in "same" the result has the size of A.

    Returns
    -------
    array
        Its axes: those of A that are neither, those of B that are neither, the convolved ones.

    Examples
    --------
    >>> import numpy as np
    >>> from wengert.compat.autograd.scipy.signal import convolve
    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 0.0, 3.0]))
    array([1., 2., 3., 6.])
    """
    if mode not in ("full", "valid", "same"):
        raise ArgumentError("convolve: there is no such mode.", got=repr(mode))
    A, B = array_of(A), array_of(B)
    along_a, along_b = _positive(axes or (range(A.ndim), range(A.ndim)), A, B)
    dot_a, dot_b = _positive(dot_axes, A, B)
    sizes = [(A.shape[i], B.shape[j]) for i, j in zip(along_a, along_b, strict=True)]
    is_swapped = any(n < m for n, m in sizes)
    if mode == "valid" and is_swapped and not all(n <= m for n, m in sizes):
        raise ShapeError(
            "convolve: in mode 'valid' one array must be the larger one along all axes.",
            got=f"{A.shape} and {B.shape}",
        )
    rest_a = [i for i in range(A.ndim) if i not in (*along_a, *dot_a)]
    rest_b = [j for j in range(B.ndim) if j not in (*along_b, *dot_b)]
    A = np.transpose(A, (*rest_a, *dot_a, *along_a))
    B = np.transpose(B, (*rest_b, *dot_b, *along_b))
    n_axes = len(along_a)
    first = len(rest_a) + len(dot_a)
    for k, (n, m) in enumerate(sizes):  # windows of A: [..., result] becomes [..., result, m]
        A = _windows(A, first + 2 * k, n, m, mode, is_swapped)
    letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    of_rest_a, of_rest_b, of_dot, of_out, of_window = [
        [next(letters) for _ in range(n)]
        for n in (len(rest_a), len(rest_b), len(dot_a), n_axes, n_axes)
    ]
    pairs = [x for pair in zip(of_out, of_window, strict=True) for x in pair]
    left = "".join([*of_rest_a, *of_dot, *pairs])
    right = "".join([*of_rest_b, *of_dot, *of_window])
    return np.einsum(f"{left},{right}->{''.join([*of_rest_a, *of_rest_b, *of_out])}", A, B)


def _positive(pair: Any, A: Any, B: Any) -> tuple[list[int], list[int]]:
    return [int(i) % A.ndim for i in pair[0]], [int(j) % B.ndim for j in pair[1]]


def _windows(A: Any, axis: int, n: int, m: int, mode: str, is_swapped: bool) -> Any:
    """For each place of the result the elements of A that meet those of B, zeros outside of A."""
    if mode == "full":
        places = np.arange(n + m - 1)
    elif mode == "same":
        places = (m - 1) // 2 + np.arange(n)
    else:
        places = np.arange(min(n, m) - 1, max(n, m))
    index = places[:, None] - np.arange(m)[None, :]
    is_inside = (index >= 0) & (index < n)
    windows = take(A, np.clip(index, 0, n - 1), axis=axis)
    if is_inside.all():
        return windows
    trailing = windows.ndim - axis - 2
    return np.where(is_inside.reshape(is_inside.shape + (1,) * trailing), windows, 0.0)


def __getattr__(name: str) -> Any:
    return forwarded("signal", name)
