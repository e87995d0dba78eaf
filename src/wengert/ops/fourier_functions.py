"""The functions of `numpy.fft`, made of the primitives in `fourier.py`.

`fftn_of`, `rfftn_of` and `irfftn_of` take what NumPy and SciPy agree on; `wengert.scipy.fft` is
made of them too.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ops.axes import axis_error
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import conj, convert
from wengert.ops.fourier import SWAPPED, complex_of, fft, irfft, rfft
from wengert.ops.output import deliver
from wengert.trace.tracer import implements

# -- arguments -------------------------------------------------------------------------------------


def as_samples(x: Any) -> Any:
    """An operand of floating-point dtype: whole numbers become double, halves single."""
    x = as_operand(x)
    if x.dtype.kind in "fc":
        return convert(x, np.float32) if x.dtype == np.float16 else x
    return convert(x, np.float64)


def normalization(name: str, norm: Any) -> str:
    """The mode of normalization; None is "backward"."""
    norm = "backward" if norm is None else norm
    if norm not in SWAPPED:
        raise ArgumentError(
            f"{name}: there is no such normalization.",
            got=f"norm={norm!r}",
            expected="'backward', 'ortho' or 'forward'",
        )
    return str(norm)


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """A non-negative axis."""
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise axis_error(name, axis, ndim)
    return axis % ndim


def several_axes(name: str, x: Any, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """Non-negative axes and the number of points along each, in the order given."""
    rank = len(x.shape)
    if axes is None:
        n_axes = rank if s is None else len(_numbers(s))
        axes = range(rank - n_axes, rank)
    axes = [one_axis(name, a, rank) for a in _numbers(axes)]
    sizes = [x.shape[a] for a in axes] if s is None else _numbers(s)
    if len(sizes) != len(axes):
        raise ShapeError(
            f"{name}: there are not as many sizes as axes.",
            got=f"s={s!r} for axes {tuple(axes)}",
            expected="one number of points for each axis",
        )
    return axes, [x.shape[a] if n in (None, -1) else n for n, a in zip(sizes, axes, strict=True)]


def _numbers(given: Any) -> list[Any]:
    try:
        return [None if n is None else operator.index(n) for n in given]
    except TypeError:
        return [operator.index(given)]


def require_points(name: str, n: int) -> None:
    """Raise for a transform of no points."""
    if n < 1:
        raise ShapeError(
            f"{name}: a transform needs at least one point.",
            got=f"{n} points",
            expected="1 or more",
        )


def require_real(name: str, x: Any) -> None:
    """Raise for complex numbers where real ones are expected."""
    if x.dtype.kind == "c":
        raise DtypeError(
            f"{name}: defined for real numbers only.",
            got=describe(a=x),
            expected="real numbers",
            try_="fft for complex numbers, or x.real",
        )


def resized(x: Any, axis: int, n: int) -> Any:
    """`x` cut, or followed by zeros, to length `n` along an axis."""
    length = x.shape[axis]
    if n < length:
        return x[(*(slice(None),) * axis, slice(0, n))]
    if n > length:
        return np.pad(x, [(0, n - length) if i == axis else (0, 0) for i in range(len(x.shape))])
    return x


# -- transforms ------------------------------------------------------------------------------------


def fftn_of(name: str, x: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    """The complex transform along several axes; an axis named twice is transformed twice."""
    x = as_samples(x)
    norm = normalization(name, norm)
    axes, sizes = several_axes(name, x, s, axes)
    if len(set(axes)) == len(axes):
        for axis, n in zip(axes, sizes, strict=True):
            require_points(name, n)
            x = resized(x, axis, n)
        return fft(x, axes, inverse, norm)
    for axis, n in zip(reversed(axes), reversed(sizes), strict=True):
        require_points(name, n)
        x = fft(resized(x, axis, n), (axis,), inverse, norm)
    return x


def rfftn_of(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    """Half spectra along the last of `axes`, whole ones along the others."""
    x = as_samples(x)
    require_real(name, x)
    norm = normalization(name, norm)
    axes, sizes = several_axes(name, x, s, axes)
    _require_axes(name, axes)
    for axis, n in zip(axes, sizes, strict=True):
        require_points(name, n)
        x = resized(x, axis, n)
    z = rfft(x, axes[-1], norm)
    return fft(z, axes[:-1], False, norm) if axes[1:] else z


def irfftn_of(name: str, z: Any, s: Any, axes: Any, norm: Any) -> Any:
    """Real numbers from half spectra along the last of `axes`, whole ones along the others."""
    z = as_samples(z)
    norm = normalization(name, norm)
    is_given = s is not None and (not isinstance(s, Sequence) or s[-1] not in (None, -1))
    axes, sizes = several_axes(name, z, s, axes)
    _require_axes(name, axes)
    if not is_given:
        sizes[-1] = 2 * (z.shape[axes[-1]] - 1)
    for axis, n in zip(axes[:-1], sizes[:-1], strict=True):
        require_points(name, n)
        z = resized(z, axis, n)
    require_points(name, sizes[-1])
    z = convert(resized(z, axes[-1], sizes[-1] // 2 + 1), complex_of(z.dtype))
    if axes[1:]:
        z = fft(z, axes[:-1], True, norm)
    return irfft(z, axes[-1], sizes[-1], norm)


def _require_axes(name: str, axes: Sequence[int]) -> None:
    if not axes or len(set(axes)) != len(axes):
        raise ShapeError(
            f"{name}: at least one axis is needed, and each only once.", got=f"axes={axes!r}"
        )


def hfftn_of(name: str, z: Any, s: Any, axes: Any, norm: Any) -> Any:
    """The real spectrum of Hermitian-symmetric numbers: irfftn, but in the other direction."""
    norm = SWAPPED[normalization(name, norm)]
    return irfftn_of(name, conj(as_samples(z)), s, axes, norm)


def ihfftn_of(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    """The inverse of `hfftn_of`."""
    norm = SWAPPED[normalization(name, norm)]
    return conj(rfftn_of(name, x, s, axes, norm))


# -- NumPy's functions -----------------------------------------------------------------------------


def _sizes(n: Any) -> Any:
    return None if n is None else [n]


@implements(np.fft.fft)
def fft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("fft", a, _sizes(n), [axis], norm, False), out, "fft")


@implements(np.fft.ifft)
def ifft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("ifft", a, _sizes(n), [axis], norm, True), out, "ifft")


@implements(np.fft.fftn)
def fftn_(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("fftn", a, s, axes, norm, False), out, "fftn")


@implements(np.fft.ifftn)
def ifftn_(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("ifftn", a, s, axes, norm, True), out, "ifftn")


@implements(np.fft.fft2)
def fft2_(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("fft2", a, s, axes, norm, False), out, "fft2")


@implements(np.fft.ifft2)
def ifft2_(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return deliver(fftn_of("ifft2", a, s, axes, norm, True), out, "ifft2")


@implements(np.fft.rfft)
def rfft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(rfftn_of("rfft", a, _sizes(n), [axis], norm), out, "rfft")


@implements(np.fft.irfft)
def irfft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(irfftn_of("irfft", a, _sizes(n), [axis], norm), out, "irfft")


@implements(np.fft.rfftn)
def rfftn_(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return deliver(rfftn_of("rfftn", a, s, axes, norm), out, "rfftn")


@implements(np.fft.irfftn)
def irfftn_(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    return deliver(irfftn_of("irfftn", a, s, axes, norm), out, "irfftn")


@implements(np.fft.rfft2)
def rfft2_(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return deliver(rfftn_of("rfft2", a, s, axes, norm), out, "rfft2")


@implements(np.fft.irfft2)
def irfft2_(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    return deliver(irfftn_of("irfft2", a, s, axes, norm), out, "irfft2")


@implements(np.fft.hfft)
def hfft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(hfftn_of("hfft", a, _sizes(n), [axis], norm), out, "hfft")


@implements(np.fft.ihfft)
def ihfft_(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(ihfftn_of("ihfft", a, _sizes(n), [axis], norm), out, "ihfft")


# -- order of frequencies --------------------------------------------------------------------------


def _shifted(x: Any, axes: Any, by: Any) -> Any:
    x = as_operand(x)
    axes = range(len(x.shape)) if axes is None else _numbers(axes)
    axes = tuple([one_axis("fftshift", a, len(x.shape)) for a in axes])
    return np.roll(x, tuple([by(x.shape[a]) for a in axes]), axes)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """Frequency zero to the middle."""
    return _shifted(x, axes, lambda n: n // 2)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Frequency zero back to the front."""
    return _shifted(x, axes, lambda n: -(n // 2))


@implements(np.fft.fftfreq)
def fftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """The frequencies of `fft` for samples a traced distance `d` apart."""
    n = operator.index(n)
    return np.fft.ifftshift(np.arange(n) - n // 2) / (n * d)


@implements(np.fft.rfftfreq)
def rfftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """The frequencies of `rfft` for samples a traced distance `d` apart."""
    n = operator.index(n)
    return np.arange(n // 2 + 1) / (n * d)
