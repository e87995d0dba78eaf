"""The Fourier transforms of `scipy.fft`: complex, of real numbers, and to real spectra."""

from __future__ import annotations

from typing import Any

from wengert.errors import ShapeError
from wengert.ops import fourier_functions as functions
from wengert.ops.fourier_functions import fftn_of, hfftn_of, ihfftn_of, irfftn_of, rfftn_of
from wengert.scipy.dispatch import follows_scipy


def _one(n: Any) -> Any:
    return None if n is None else [n]


def _different(name: str, x: Any, s: Any, axes: Any) -> None:
    """SciPy refuses an axis named twice, where NumPy transforms it twice."""
    named, _ = functions.several_axes(name, functions.as_samples(x), s, axes)
    if len(set(named)) != len(named):
        raise ShapeError(
            f"{name}: an axis is named twice.", got=f"axes={axes!r}", expected="different axes"
        )


@follows_scipy("fft")
def fft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The discrete Fourier transform: sum over j of x[j] exp(-2 pi i j k / n)."""
    return fftn_of("fft", x, _one(n), [axis], norm, False)


@follows_scipy("fft")
def fft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`fft` along two axes."""
    _different("fft2", x, s, axes)
    return fftn_of("fft2", x, s, axes, norm, False)


@follows_scipy("fft")
def fftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`fft` along all axes, or along `axes`."""
    _different("fftn", x, s, axes)
    return fftn_of("fftn", x, s, axes, norm, False)


@follows_scipy("fft")
def ifft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The inverse of `fft`."""
    return fftn_of("ifft", x, _one(n), [axis], norm, True)


@follows_scipy("fft")
def ifft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`ifft` along two axes."""
    _different("ifft2", x, s, axes)
    return fftn_of("ifft2", x, s, axes, norm, True)


@follows_scipy("fft")
def ifftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`ifft` along all axes, or along `axes`."""
    _different("ifftn", x, s, axes)
    return fftn_of("ifftn", x, s, axes, norm, True)


@follows_scipy("fft")
def rfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The frequencies 0 … n // 2 of the transform of real numbers."""
    return rfftn_of("rfft", x, _one(n), [axis], norm)


@follows_scipy("fft")
def rfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`rfft` along two axes; the last of them has the half spectrum."""
    return rfftn_of("rfft2", x, s, axes, norm)


@follows_scipy("fft")
def rfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`rfft` along all axes, or along `axes`; the last of them has the half spectrum."""
    return rfftn_of("rfftn", x, s, axes, norm)


@follows_scipy("fft")
def irfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The `n` real numbers that have these frequencies; n is even where it is not given."""
    return irfftn_of("irfft", x, _one(n), [axis], norm)


@follows_scipy("fft")
def irfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`irfft` along two axes; the last of them has the half spectrum."""
    return irfftn_of("irfft2", x, s, axes, norm)


@follows_scipy("fft")
def irfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`irfft` along all axes, or along `axes`; the last of them has the half spectrum."""
    return irfftn_of("irfftn", x, s, axes, norm)


@follows_scipy("fft")
def hfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The real spectrum of Hermitian-symmetric samples, of which one half is given."""
    return hfftn_of("hfft", x, _one(n), [axis], norm)


@follows_scipy("fft")
def hfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`hfft` along two axes; the last of them has the half spectrum."""
    return hfftn_of("hfft2", x, s, axes, norm)


@follows_scipy("fft")
def hfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`hfft` along all axes, or along `axes`; the last of them has the half spectrum."""
    return hfftn_of("hfftn", x, s, axes, norm)


@follows_scipy("fft")
def ihfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """The inverse of `hfft`."""
    return ihfftn_of("ihfft", x, _one(n), [axis], norm)


@follows_scipy("fft")
def ihfft2(
    x: Any,
    s: Any = None,
    axes: Any = (-2, -1),
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`ihfft` along two axes; the last of them has the half spectrum."""
    return ihfftn_of("ihfft2", x, s, axes, norm)


@follows_scipy("fft")
def ihfftn(
    x: Any,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    plan: Any = None,
) -> Any:
    """`ihfft` along all axes, or along `axes`; the last of them has the half spectrum."""
    return ihfftn_of("ihfftn", x, s, axes, norm)


@follows_scipy("fft")
def fftshift(x: Any, axes: Any = None) -> Any:
    """Frequency zero to the middle."""
    return functions.fftshift(x, axes)


@follows_scipy("fft")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Frequency zero back to the front."""
    return functions.ifftshift(x, axes)


@follows_scipy("fft")
def fftfreq(n: int, d: Any = 1.0, *, xp: Any = None, device: Any = None) -> Any:
    """The frequencies of `fft` for samples a distance `d` apart, which may be traced."""
    return functions.fftfreq(n, d)


@follows_scipy("fft")
def rfftfreq(n: int, d: Any = 1.0, *, xp: Any = None, device: Any = None) -> Any:
    """The frequencies of `rfft` for samples a distance `d` apart, which may be traced."""
    return functions.rfftfreq(n, d)
