"""Discrete Fourier, cosine and sine transforms: the primitives that all others are made of.

    fft(x; axes, inverse, norm)     complex transform along any axes
    rfft(x; axis, norm)             of real numbers: the non-negative frequencies
    irfft(z; axis, n, norm)         back to n real numbers; the end frequencies count once
    trigonometric(x; family, type, axes, norm, orthogonalize)    dct and dst, types I to IV

`norm` says which direction is divided by the number of points: "forward", "backward", or "ortho"
for the square root of it in both. The Fourier matrix F is symmetric, so that its adjoint is
conj(F): the transform in the other direction, with "forward" and "backward" exchanged. The
transforms of real numbers keep one frequency of each conjugate pair; their adjoints count the
kept ones half or twice. Batching shifts the axes.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.dependence import Mixes
from wengert.ir.emission import Pull
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.core import convert, mul, reshape
from wengert.ops.families import linear
from wengert.trace.tracer import bind, current_recording
from wengert.types import Type

SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def complex_of(dtype: Any) -> np.dtype[Any]:
    """The complex dtype of the same precision."""
    return np.result_type(dtype, np.complex64)


def real_of(dtype: Any) -> np.dtype[Any]:
    """The dtype of real and imaginary parts."""
    return np.empty(0, dtype).real.dtype


def end_weights(n: int, first: float, inside: float, last: float, like: Any, axis: int) -> Any:
    """Weights along one axis of `like`: `first`, `inside` … `inside`, `last`; made by an operation.

    Rules cannot capture arrays. Of a single point the weight is `first`.
    """
    dtype = real_of(like.dtype)
    params = {"n": n, "weights": (float(first), float(inside), float(last)), "dtype": dtype}
    recording = current_recording.get()
    weights = (
        bind(end_weights_p, **params)
        if recording is None
        else recording.record(end_weights_p, (), params)
    )
    shape = [1] * len(like.shape)
    shape[axis] = n
    return reshape(weights, shape)


def _end_weights(*, n: int, weights: tuple[float, float, float], dtype: Any) -> Any:
    result = np.full(n, weights[1], dtype)
    result[n - 1 :] = weights[2]
    result[:1] = weights[0]
    return result


def _emit_end_weights(k: Any, at: Any, *, n: int, weights: Any, dtype: Any) -> Any:
    first, inside, last = [k.constant(w) for w in weights]
    value = k.b.select(k.is_in(at[0], n - 1, n), last, inside)
    return k.b.select(k.is_in(at[0], 0, 1), first, value)


end_weights_p = define(
    Primitive(
        "end_weights",
        _end_weights,
        lambda *, n, weights, dtype: Type((n,), dtype),
        cost=lambda in_types, out_types, **params: 0,
        gives_array=True,
        facts={"derivative": "zero: a constant"},
        emit=Pull(_emit_end_weights),
    )
)


def _flops(in_types: Any, out_types: Any, **params: Any) -> int:
    """2.5 n log2(n) for real numbers, twice that for complex ones, over all lines."""
    axes = params.get("axes") or (params["axis"],)
    wide = max(in_types[0], out_types[0], key=lambda t: t.size)
    points = math.prod([wide.shape[a] for a in axes])
    return int((5 if wide.dtype.kind == "c" else 2.5) * wide.size * math.log2(max(points, 2)))


# -- complex ---------------------------------------------------------------------------------------


def fft(x: Any, axes: Sequence[int], inverse: bool = False, norm: str = "backward") -> Any:
    """The transform along different, non-negative `axes`; `x` real or complex."""
    axes = tuple(axes)
    if not axes:
        return convert(x, complex_of(x.dtype))
    return bind(fft_p, x, axes=axes, inverse=inverse, norm=norm)


def _fft(x: Any, *, axes: tuple[int, ...], inverse: bool, norm: Any) -> Any:
    if not x.size:
        return np.zeros(x.shape, complex_of(x.dtype))
    if len(axes) == 1:
        return (np.fft.ifft if inverse else np.fft.fft)(x, axis=axes[0], norm=norm)
    module = importlib.import_module("scipy.fft")  # all axes in one call: quicker than NumPy's
    return (module.ifftn if inverse else module.fftn)(x, axes=axes, norm=norm)


def _name(params: Any, inverse: str, forward: str) -> str:
    return inverse if params["inverse"] else forward


fft_p: Primitive = linear(
    "fft",
    _fft,
    lambda x, *, axes, inverse, norm: Type(x.shape, complex_of(x.dtype)),
    # of a real operand the cotangent is the real part, which `convert` takes
    transpose={
        0: lambda ct, args, *, axes, inverse, norm: convert(
            fft(ct, axes, not inverse, SWAPPED[norm]), args[0].dtype
        )
    },
    batch=lambda size, args, is_batched, *, axes, inverse, norm: (
        fft(args[0], [a + 1 for a in axes], inverse, norm),
        True,
    ),
    flops=_flops,
    gives_array=True,
    render=lambda ins, params: (
        f"np.fft.{_name(params, 'ifftn', 'fftn')}({ins[0]}, axes={params['axes']}, "
        f"norm={params['norm']!r})"
    ),
    emit=Unsupported("pocketfft, inside NumPy and SciPy, computes it"),
    sparsity=Mixes(lambda k, *, axes, **params: axes),
)

# -- half spectra of real numbers ------------------------------------------------------------------


def rfft(x: Any, axis: int, norm: str = "backward") -> Any:
    """The frequencies 0 … n // 2 of real numbers along a non-negative axis."""
    return bind(rfft_p, x, axis=axis, norm=norm)


def irfft(z: Any, axis: int, n: int, norm: str = "backward") -> Any:
    """The `n` real numbers with the frequencies 0 … n // 2 that `z` has along `axis`."""
    return bind(irfft_p, z, axis=axis, n=n, norm=norm)


def _pair_weighted(z: Any, axis: int, n: int, inside: float) -> Any:
    """`z` times `inside`, but for frequencies without a partner: 0, and n / 2 of even n."""
    points = n // 2 + 1
    last = 1.0 if n % 2 == 0 else inside
    return mul(z, end_weights(points, 1.0, inside, last, z, axis))


def _rfft_transpose(ct: Any, args: Any, *, axis: int, norm: str) -> Any:
    """irfft counts both of a pair, where the adjoint of rfft has one: half of it."""
    n = args[0].shape[axis]
    return irfft(_pair_weighted(ct, axis, n, 0.5), axis, n, SWAPPED[norm])


def _irfft_transpose(ct: Any, args: Any, *, axis: int, n: int, norm: str) -> Any:
    return _pair_weighted(rfft(ct, axis, SWAPPED[norm]), axis, n, 2.0)


def _resized_shape(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    return (*shape[:axis], n, *shape[axis + 1 :])


def _rfft(x: Any, *, axis: int, norm: Any) -> Any:
    if not x.size:
        return np.zeros(_resized_shape(x.shape, axis, x.shape[axis] // 2 + 1), complex_of(x.dtype))
    return np.fft.rfft(x, axis=axis, norm=norm)


def _irfft(z: Any, *, axis: int, n: int, norm: Any) -> Any:
    if not z.size:
        return np.zeros(_resized_shape(z.shape, axis, n), real_of(z.dtype))
    return np.fft.irfft(z, n, axis=axis, norm=norm)


rfft_p: Primitive = linear(
    "rfft",
    _rfft,
    lambda x, *, axis, norm: Type(
        _resized_shape(x.shape, axis, x.shape[axis] // 2 + 1), complex_of(x.dtype)
    ),
    transpose={0: _rfft_transpose},
    batch=lambda size, args, is_batched, *, axis, norm: (rfft(args[0], axis + 1, norm), True),
    flops=_flops,
    gives_array=True,
    render=lambda ins, params: (
        f"np.fft.rfft({ins[0]}, axis={params['axis']}, norm={params['norm']!r})"
    ),
    emit=Unsupported("pocketfft, inside NumPy, computes it"),
    sparsity=Mixes(lambda k, *, axis, **params: (axis,)),
)
irfft_p: Primitive = linear(
    "irfft",
    _irfft,
    lambda z, *, axis, n, norm: Type(_resized_shape(z.shape, axis, n), real_of(z.dtype)),
    transpose={0: _irfft_transpose},
    batch=lambda size, args, is_batched, *, axis, n, norm: (
        irfft(args[0], axis + 1, n, norm),
        True,
    ),
    flops=_flops,
    gives_array=True,
    facts={"is_real_linear": True},
    render=lambda ins, params: (
        f"np.fft.irfft({ins[0]}, {params['n']}, axis={params['axis']}, norm={params['norm']!r})"
    ),
    emit=Unsupported("pocketfft, inside NumPy, computes it"),
    sparsity=Mixes(lambda k, *, axis, **params: (axis,)),
)

# -- cosines and sines -----------------------------------------------------------------------------


def trigonometric(
    x: Any, family: str, type: int, axes: Sequence[int], norm: str, orthogonalize: bool
) -> Any:
    """SciPy's forward transform: `family` "dct" or "dst", `type` 1 to 4, along `axes`."""
    return bind(
        trigonometric_p,
        x,
        family=family,
        type=type,
        axes=tuple(axes),
        norm=norm,
        orthogonalize=orthogonalize,
    )


def _trigonometric(x: Any, *, family: str, axes: Any, **params: Any) -> Any:
    if not x.size:
        return np.zeros(x.shape, x.dtype)
    function = getattr(importlib.import_module("scipy.fft"), family + "n")
    if x.dtype.kind != "c":
        return function(x, axes=axes, **params)
    # SciPy 1.17 overlooks `orthogonalize` where the numbers are complex, so never show it any.
    result = np.empty(x.shape, x.dtype)
    result.real = function(x.real, axes=axes, **params)
    result.imag = function(x.imag, axes=axes, **params)
    return result


def _weighted(x: Any, family: str, axes: tuple[int, ...], factor: float) -> Any:
    """`x` times `factor` where types II and III have another norm: the constant cosine, the
    alternating sine; at both ends for type I, which asks for it with `family` "both"."""
    first = factor if family != "dst" else 1.0
    last = factor if family != "dct" else 1.0
    for axis in axes:
        n = x.shape[axis]
        x = mul(x, end_weights(n, factor if n == 1 else first, 1.0, last, x, axis))
    return x


def _trigonometric_transpose(
    ct: Any, args: Any, *, family: str, type: int, axes: Any, norm: str, orthogonalize: bool
) -> Any:
    """II and III are each other's transpose, I and IV their own, up to weights at the ends.

    The matrices are those of SciPy's documentation. Orthogonalized ones need no weights; type IV
    and the sines of type I have none. With W the factor 2 at the ends concerned: II' = III W,
    III' = W^-1 II, and I' = W^-1 I W.
    """
    swapped = {1: 1, 2: 3, 3: 2, 4: 4}[type]
    is_weighted = not orthogonalize and (type in (2, 3) or (type == 1 and family == "dct"))
    ends = "both" if type == 1 else family
    if is_weighted and type in (1, 2):
        ct = _weighted(ct, ends, axes, 2.0)
    result = trigonometric(ct, family, swapped, axes, norm, orthogonalize)
    if is_weighted and type in (1, 3):
        result = _weighted(result, ends, axes, 0.5)
    return result


trigonometric_p: Primitive = linear(
    "trigonometric",
    _trigonometric,
    lambda x, **params: x,
    transpose={0: _trigonometric_transpose},
    batch=lambda size, args, is_batched, *, axes, **params: (
        bind(trigonometric_p, args[0], axes=tuple([a + 1 for a in axes]), **params),
        True,
    ),
    flops=_flops,
    gives_array=True,
    emit=Unsupported("pocketfft, inside SciPy, computes it"),
    sparsity=Mixes(lambda k, *, axes, **params: axes),
)
