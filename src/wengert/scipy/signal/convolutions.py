"""Convolution and correlation in any number of dimensions, direct or by Fourier transforms.

Every mode is a window of the full convolution: "same" is its middle, of the size of the first
operand; "valid" is where the smaller operand lies wholly inside the larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.convolution import convolve_window
from wengert.ops.convolution_nd import convolve_inside, extended, reversed_core
from wengert.ops.core import conj, convert
from wengert.ops.fourier import fft, irfft, rfft
from wengert.ops.fourier_functions import as_samples, one_axis, resized
from wengert.scipy.dispatch import follows_scipy, scipy_function
from wengert.trace.tracer import Tracer

_MODES = ("full", "same", "valid")
_BOUNDARIES = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap"}
_BOUNDARIES |= {"symm": "symmetric", "symmetric": "symmetric"}

# -- arguments -------------------------------------------------------------------------------------


def check_mode(name: str, mode: Any) -> str:
    """One of the three modes."""
    if mode not in _MODES:
        raise ArgumentError(
            f"{name}: there is no such mode.",
            got=f"mode={mode!r}",
            expected="'full', 'same' or 'valid'",
        )
    return str(mode)


def _operands(name: str, in1: Any, in2: Any) -> tuple[Any, Any]:
    in1, in2 = as_operand(in1), as_operand(in2)
    if len(in1.shape) != len(in2.shape):
        raise ShapeError(
            f"{name}: the operands have different numbers of axes.",
            got=describe(in1=in1, in2=in2),
            expected="as many axes in both",
            try_="add axes with x[:, None]",
        )
    return in1, in2


def _window(
    name: str, mode: str, shape1: Sequence[int], shape2: Sequence[int], axes: Sequence[int]
) -> list[tuple[int, int]]:
    """Start and length, along each of `axes`, of the part of the full convolution."""
    sizes = [(shape1[a], shape2[a]) for a in axes]
    if mode == "full":
        return [(0, n + m - 1) for n, m in sizes]
    if mode == "same":
        return [((m - 1) // 2, n) for n, m in sizes]
    if not (all(n >= m for n, m in sizes) or all(n <= m for n, m in sizes)):
        raise ShapeError(
            f"{name}: neither operand lies inside the other.",
            got=f"shapes {tuple(shape1)} and {tuple(shape2)}",
            expected="for mode 'valid', one that is at least as large along every axis",
        )
    return [(min(n, m) - 1, abs(n - m) + 1) for n, m in sizes]


def _cut(x: Any, axes: Sequence[int], window: Sequence[tuple[int, int]]) -> Any:
    index = [slice(None)] * len(x.shape)
    for a, (start, length) in zip(axes, window, strict=True):
        index[a] = slice(start, start + length)
    return x[tuple(index)]


# -- direct ----------------------------------------------------------------------------------------


def _direct(name: str, a: Any, v: Any, mode: str) -> Any:
    """The window of the full convolution, summed as it stands."""
    rank = len(a.shape)
    window = _window(name, mode, a.shape, v.shape, range(rank))
    if rank == 1:
        return convolve_window(a, v, *window[0])
    if all(n <= m for n, m in zip(a.shape, v.shape, strict=True)):
        a, v = v, a
    widths, offsets = [], []
    for (start, length), n, m in zip(window, a.shape, v.shape, strict=True):
        # result j is at start + j of the full one, and reads a[start + j - m + 1 … start + j]
        before, after = max(m - 1 - start, 0), max(start + length - n, 0)
        widths.append((before, after))
        offsets.append(start - (m - 1) + before)
    inner = [
        slice(o, o + length + m - 1)
        for o, (_, length), m in zip(offsets, window, v.shape, strict=True)
    ]
    return convolve_inside(extended(a, widths)[tuple(inner)], v, rank)


# -- by Fourier transforms -------------------------------------------------------------------------


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
    return _cut(result, axes, [(0, n) for n in full])


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
    return _by_transforms("fftconvolve", in1, in2, mode, axes)


@follows_scipy("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms of blocks, which are then added where they overlap.

    Quicker than `fftconvolve` where one operand is much longer than the other along its axis.
    """
    in1, in2 = _operands("oaconvolve", in1, in2)
    axes_list = _named_axes("oaconvolve", in1, axes)
    if len(axes_list) != 1:  # blocks pay along one axis; along several the plain way is as quick
        return _by_transforms("oaconvolve", in1, in2, mode, axes)
    (axis,) = axes_list
    n, m = max(in1.shape[axis], in2.shape[axis]), min(in1.shape[axis], in2.shape[axis])
    if m < 2 or n < 8 * m:
        return _by_transforms("oaconvolve", in1, in2, mode, axes)
    window = _window("oaconvolve", check_mode("oaconvolve", mode), in1.shape, in2.shape, [axis])
    a, v = (as_samples(x) for x in (in1, in2))
    long, short = (a, v) if a.shape[axis] >= v.shape[axis] else (v, a)
    _check_others("oaconvolve", in1, in2, [axis])
    full = _overlap_add(np.moveaxis(long, axis, -1), np.moveaxis(short, axis, -1))
    result = _cut(np.moveaxis(full, -1, axis), [axis], window)
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


def _by_transforms(name: str, in1: Any, in2: Any, mode: Any, axes: Any) -> Any:
    in1, in2 = (as_samples(x) for x in _operands(name, in1, in2))
    mode = check_mode(name, mode)
    if in1.size == 0 or in2.size == 0:
        return np.zeros(0)
    convolved = _named_axes(name, in1, axes)
    _check_others(name, in1, in2, convolved)
    window = _window(name, mode, in1.shape, in2.shape, convolved)
    # Along an axis of length one a product is enough.
    long = [i for i in convolved if in1.shape[i] != 1 and in2.shape[i] != 1]
    result = _cut(by_transforms(in1, in2, long), convolved, window)
    return _cut_others(result, in1.shape, mode)


def _cut_others(result: Any, shape: Sequence[int], mode: str) -> Any:
    """Mode "same" has the shape of the first operand also where that was broadcast, as in SciPy."""
    if mode != "same":
        return result
    sizes = zip(result.shape, shape, strict=True)
    return _cut(result, range(len(shape)), [((full - n) // 2, n) for full, n in sizes])


# -- SciPy's functions -----------------------------------------------------------------------------


def _stand_in(x: Any) -> Any:
    """Zeros of the shape and dtype of a traced array."""
    return np.zeros(x.shape, x.dtype) if isinstance(x, Tracer) else x


@follows_scipy("signal")
def choose_conv_method(in1: Any, in2: Any, mode: str = "full", measure: bool = False) -> Any:
    """The quicker method, "direct" or "fft"; SciPy decides by shapes and dtypes.

    With `measure` it tries both on zeros of the shapes given, and returns its timings too.
    """
    in1, in2 = _operands("choose_conv_method", in1, in2)
    return scipy_function("signal", "choose_conv_method")(
        _stand_in(in1), _stand_in(in2), mode=mode, measure=measure
    )


@follows_scipy("signal")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """The convolution of two arrays with the same number of axes.

    Parameters
    ----------
    in1, in2 : array
    mode : {"full", "same", "valid"}
    method : {"auto", "direct", "fft"}
        "auto" takes the quicker one, by SciPy's estimate from the shapes.
    """
    return _convolve("convolve", in1, in2, mode, method)


@follows_scipy("signal")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """sum over l of in1[l + k] conj(in2[l]), arguments as for `convolve`."""
    in1, in2 = _operands("correlate", in1, in2)
    return _convolve("correlate", in1, conj(reversed_core(in2, len(in2.shape))), mode, method)


def _convolve(name: str, in1: Any, in2: Any, mode: Any, method: Any) -> Any:
    in1, in2 = _operands(name, in1, in2)
    mode = check_mode(name, mode)
    if method not in ("auto", "direct", "fft"):
        raise ArgumentError(
            f"{name}: there is no such method.",
            got=f"method={method!r}",
            expected="'auto', 'direct' or 'fft'",
        )
    if len(in1.shape) == 0:
        return in1 * in2
    if in1.size == 0 or in2.size == 0:
        return np.zeros(0)
    dtype = np.result_type(in1.dtype, in2.dtype)
    if method == "auto" and dtype.kind in "fc":
        method = choose_conv_method(in1, in2, mode)
        method = method if isinstance(method, str) else method[0]
    if method != "fft":
        return _direct(name, in1, in2, mode)
    result = _by_transforms(name, in1, in2, mode, None)
    if dtype.kind in "iu":
        return convert(np.round(result), dtype)
    return convert(result, dtype)


@follows_scipy("signal")
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """The direct convolution of two matrices.

    Parameters
    ----------
    in1, in2 : array, shapes (m, n) and (p, q)
    mode : {"full", "same", "valid"}
    boundary : {"fill", "wrap", "symm"}
        What lies around `in1`: `fillvalue`, its repetition, or its mirror image.
    fillvalue : number
    """
    return _convolve2d("convolve2d", in1, in2, mode, boundary, fillvalue)


@follows_scipy("signal")
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """The direct correlation of two matrices, arguments as for `convolve2d`."""
    in1, in2 = _operands("correlate2d", in1, in2)
    is_inside = mode == "valid" and all(n <= m for n, m in zip(in1.shape, in2.shape, strict=True))
    if is_inside and in1.shape != in2.shape:  # SciPy conjugates the smaller operand then
        in1, in2 = conj(in1), conj(in2)
    backward = conj(reversed_core(in2, len(in2.shape)))
    return _convolve2d("correlate2d", in1, backward, mode, boundary, fillvalue)


def _convolve2d(
    name: str, in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any
) -> Any:
    in1, in2 = _operands(name, in1, in2)
    mode = check_mode(name, mode)
    if len(in1.shape) != 2:
        raise ShapeError(
            f"{name}: the operands must be matrices.",
            got=describe(in1=in1, in2=in2),
            expected="[m, n] and [p, q]",
            try_="convolve for other numbers of axes, wengert.vmap for stacks",
        )
    if boundary not in _BOUNDARIES:
        raise ArgumentError(
            f"{name}: there is no such boundary.",
            got=f"boundary={boundary!r}",
            expected="'fill', 'wrap' or 'symm'",
        )
    if mode == "valid":
        return _direct(name, in1, in2, mode)
    how = {"constant_values": fillvalue} if boundary in ("fill", "pad") else {}
    widths = [(m - 1, m - 1) for m in in2.shape]
    full = convolve_inside(extended(in1, widths, _BOUNDARIES[boundary], **how), in2, 2)
    window = _window(name, mode, in1.shape, in2.shape, (0, 1))
    if mode == "same" and name == "correlate2d":  # SciPy puts an even operand one place further
        window = [(m // 2, n) for n, m in zip(in1.shape, in2.shape, strict=True)]
    return _cut(full, (0, 1), window)
