"""Convolution and correlation in any number of dimensions, direct or by Fourier transforms.

Every mode is a window of the full convolution: "same" is its middle, of the size of the first
operand; "valid" is where the smaller operand lies wholly inside the larger one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import describe
from wengert.ops.convolution import convolve_window
from wengert.ops.convolution_nd import convolve_inside, extended, reversed_core
from wengert.ops.core import conj, convert
from wengert.scipy.dispatch import follows_scipy, scipy_function
from wengert.scipy.signal.fourier_convolutions import convolve_by_transforms
from wengert.scipy.signal.modes import check_mode, cut, operands_of, window_of_mode
from wengert.trace.tracer import Tracer

_BOUNDARIES = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap"}
_BOUNDARIES |= {"symm": "symmetric", "symmetric": "symmetric"}

# -- direct ----------------------------------------------------------------------------------------


def _direct(name: str, a: Any, v: Any, mode: str) -> Any:
    """The window of the full convolution, summed as it stands."""
    rank = len(a.shape)
    window = window_of_mode(name, mode, a.shape, v.shape, range(rank))
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


# -- SciPy's functions -----------------------------------------------------------------------------


def _stand_in(x: Any) -> Any:
    """Zeros of the shape and dtype of a traced array."""
    return np.zeros(x.shape, x.dtype) if isinstance(x, Tracer) else x


@follows_scipy("signal")
def choose_conv_method(in1: Any, in2: Any, mode: str = "full", measure: bool = False) -> Any:
    """The quicker method, "direct" or "fft"; SciPy decides by shapes and dtypes.

    With `measure` it tries both on zeros of the shapes given, and returns its timings too.
    """
    in1, in2 = operands_of("choose_conv_method", in1, in2)
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
    in1, in2 = operands_of("correlate", in1, in2)
    return _convolve("correlate", in1, conj(reversed_core(in2, len(in2.shape))), mode, method)


def _convolve(name: str, in1: Any, in2: Any, mode: Any, method: Any) -> Any:
    in1, in2 = operands_of(name, in1, in2)
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
        raise ShapeError(
            f"{name}: an operand is empty.",
            got=describe(in1=in1, in2=in2),
            expected="at least one element in each",
        )
    dtype = np.result_type(in1.dtype, in2.dtype)
    if method == "auto" and dtype.kind in "fc":
        method = choose_conv_method(in1, in2, mode)
        method = method if isinstance(method, str) else method[0]
    if method != "fft":
        return _direct(name, in1, in2, mode)
    result = convolve_by_transforms(name, in1, in2, mode, None)
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
    in1, in2 = operands_of("correlate2d", in1, in2)
    is_inside = mode == "valid" and all(n <= m for n, m in zip(in1.shape, in2.shape, strict=True))
    if is_inside and in1.shape != in2.shape:  # SciPy conjugates the smaller operand then
        in1, in2 = conj(in1), conj(in2)
    backward = conj(reversed_core(in2, len(in2.shape)))
    return _convolve2d("correlate2d", in1, backward, mode, boundary, fillvalue)


def _convolve2d(name: str, in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> Any:
    in1, in2 = operands_of(name, in1, in2)
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
    window = window_of_mode(name, mode, in1.shape, in2.shape, (0, 1))
    if mode == "same" and name == "correlate2d":  # SciPy puts an even operand one place further
        window = [(m // 2, n) for n, m in zip(in1.shape, in2.shape, strict=True)]
    return cut(full, (0, 1), window)
