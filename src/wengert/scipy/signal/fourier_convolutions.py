"""Convolution by Fourier transforms, of whole signals or block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ops.contraction import describe
from wengert.ops.core import convert
from wengert.ops.fourier import fft, irfft, rfft
from wengert.ops.fourier_functions import as_samples, one_axis, resized
from wengert.scipy.dispatch import follows_scipy, scipy_function
from wengert.scipy.signal.modes import check_mode, cut, operands_of, window_of_mode


def by_transforms(a: Any, v: Any, axes: Sequence[int]) -> Any:
    """The full convolution along `axes`, at lengths that the transform likes."""
    if not axes:
        return a * v
    dtype = np.result_type(a.dtype, v.dtype)
    is_real = dtype.kind != "c"
    next_fast_len = scipy_function("fft", "next_fast_len")
    full = [a.shape[i] + v.shape[i] - 1 for i in axes]
    fast = [next_fast_len(n, is_real) for n in full]
    a, v = (convert(x, dtype) for x in (a, v))
    for i, n in zip(axes, fast, strict=True):
        a, v = resized(a, i, n), resized(v, i, n)
    if is_real:
        first, last = axes[:-1], axes[-1]
        spectrum = _half_spectrum(a, first, last) * _half_spectrum(v, first, last)
        spectrum = fft(spectrum, first, True) if first else spectrum
        result = irfft(spectrum, last, fast[-1])
    else:
        result = fft(fft(a, axes) * fft(v, axes), axes, True)
    return cut(result, axes, [(0, n) for n in full])


def _half_spectrum(x: Any, first: Sequence[int], last: int) -> Any:
    z = rfft(x, last)
    return fft(z, first) if first else z


@follows_scipy("signal")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms, along all axes or `axes`; the others broadcast.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import signal
    >>> blur = lambda x: signal.fftconvolve(x, np.ones(3) / 3, mode="same")
    >>> wg.grad(lambda x: blur(x)[1])(np.arange(4.0)).round(12) + 0.0
    array([0.33333333, 0.33333333, 0.33333333, 0.        ])
    """
    return convolve_by_transforms("fftconvolve", in1, in2, mode, axes)


@follows_scipy("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms of blocks, which are then added where they overlap.

    Quicker than `fftconvolve` where one operand is much longer than the other along its axis.
    """
    in1, in2 = operands_of("oaconvolve", in1, in2)
    axes_list = _named_axes("oaconvolve", in1, axes)
    if len(axes_list) != 1:  # blocks pay along one axis; along several the plain way is as quick
        return convolve_by_transforms("oaconvolve", in1, in2, mode, axes)
    (axis,) = axes_list
    n, m = max(in1.shape[axis], in2.shape[axis]), min(in1.shape[axis], in2.shape[axis])
    if m < 2 or n < 8 * m:
        return convolve_by_transforms("oaconvolve", in1, in2, mode, axes)
    window = window_of_mode(
        "oaconvolve", check_mode("oaconvolve", mode), in1.shape, in2.shape, [axis]
    )
    a, v = (as_samples(x) for x in (in1, in2))
    long, short = (a, v) if a.shape[axis] >= v.shape[axis] else (v, a)
    _check_others("oaconvolve", in1, in2, [axis])
    full = _overlap_add(np.moveaxis(long, axis, -1), np.moveaxis(short, axis, -1))
    result = cut(np.moveaxis(full, -1, axis), [axis], window)
    return _cut_others(result, in1.shape, mode)


def _overlap_add(a: Any, v: Any) -> Any:
    """The full convolution along the last axis of a long `a` and a short `v`."""
    n, m = a.shape[-1], v.shape[-1]
    step = 7 * m  # blocks of eight times the short operand: near the optimum n log n has
    count = -(-n // step)
    blocks = np.reshape(resized(a, len(a.shape) - 1, count * step), (*a.shape[:-1], count, step))
    parts = by_transforms(blocks, v[..., None, :], [len(blocks.shape) - 1])
    first, rest = parts[..., :step], parts[..., step:]
    # What sticks out of a block is added to the beginning of the next one.
    carried = resized(rest, len(rest.shape) - 1, step)
    zeros = [(0, 0)] * (len(a.shape) - 1)
    total = np.pad(first, [*zeros, (0, 1), (0, 0)]) + np.pad(carried, [*zeros, (1, 0), (0, 0)])
    return np.reshape(total, (*total.shape[:-2], (count + 1) * step))[..., : n + m - 1]


def _named_axes(name: str, x: Any, axes: Any) -> list[int]:
    rank = len(x.shape)
    if axes is None:
        return list(range(rank))
    given = axes if isinstance(axes, (tuple, list, np.ndarray)) else [axes]
    return sorted({one_axis(name, a, rank) for a in given})


def _check_others(name: str, a: Any, v: Any, axes: Sequence[int]) -> None:
    for i, (n, m) in enumerate(zip(a.shape, v.shape, strict=True)):
        if i not in axes and n != m and 1 not in (n, m):
            raise ShapeError(
                f"{name}: the axes that are not convolved do not broadcast.",
                got=describe(in1=a, in2=v),
                expected=f"sizes that are equal or 1 beside the axes {tuple(axes)}",
            )


def convolve_by_transforms(name: str, in1: Any, in2: Any, mode: Any, axes: Any) -> Any:
    in1, in2 = (as_samples(x) for x in operands_of(name, in1, in2))
    mode = check_mode(name, mode)
    if in1.size == 0 or in2.size == 0:
        return np.zeros(0)
    convolved = _named_axes(name, in1, axes)
    _check_others(name, in1, in2, convolved)
    window = window_of_mode(name, mode, in1.shape, in2.shape, convolved)
    # Along an axis of length one a product is enough.
    long = [i for i in convolved if in1.shape[i] != 1 and in2.shape[i] != 1]
    result = cut(by_transforms(in1, in2, long), convolved, window)
    return _cut_others(result, in1.shape, mode)


def _cut_others(result: Any, shape: Sequence[int], mode: str) -> Any:
    """Mode "same" has the shape of the first operand also where that was broadcast, as in SciPy."""
    if mode != "same":
        return result
    sizes = zip(result.shape, shape, strict=True)
    return cut(result, range(len(shape)), [((full - n) // 2, n) for full, n in sizes])
