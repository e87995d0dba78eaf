"""Discrete cosine and sine transforms, types I to IV.

The matrices are those of SciPy's documentation. An inverse is the transform of the opposite type
(II and III are opposite, I and IV are their own) with "forward" and "backward" exchanged.
"""

from __future__ import annotations

from typing import Any

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.fourier import SWAPPED, trigonometric
from wengert.ops.fourier_functions import (
    as_samples,
    normalization,
    require_points,
    resized,
    several_axes,
)
from wengert.scipy.dispatch import follows_scipy

_OPPOSITE = {1: 1, 2: 3, 3: 2, 4: 4}


def _transform(
    name: str, x: Any, type: int, s: Any, axes: Any, norm: Any, orthogonalize: bool | None
) -> Any:
    """`name` is that of SciPy's function: dct, idstn …"""
    if type not in _OPPOSITE:
        raise ArgumentError(
            f"{name}: there is no such type.", got=f"type={type!r}", expected="1, 2, 3 or 4"
        )
    x = as_samples(x)
    norm = normalization(name, norm)
    axes, sizes = several_axes(name, x, s, axes)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: an axis is named twice.", got=f"axes={tuple(axes)}")
    is_inverse = name.startswith("i")
    family = name.removeprefix("i")[:3]
    for axis, n in zip(axes, sizes, strict=True):
        require_points(name, n)
        if n == 1 and type == 1 and family == "dct":
            raise ShapeError(
                f"{name}: type 1 needs two points.", got="1 point", expected="2 or more"
            )
        x = resized(x, axis, n)
    if not axes:
        return x
    is_orthogonal = norm == "ortho" if orthogonalize is None else bool(orthogonalize)
    if is_inverse:
        type, norm = _OPPOSITE[type], SWAPPED[norm]
    return trigonometric(x, family, int(type), axes, norm, is_orthogonal)


def _one(n: Any) -> Any:
    return None if n is None else [n]


@follows_scipy("fft")
def dct(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """The discrete cosine transform of one type, real or complex.

    Parameters
    ----------
    x : array
    type : {1, 2, 3, 4}
    n : int, optional
        The number of points: `x` is cut, or followed by zeros.
    axis : int
    norm : {"backward", "ortho", "forward"}, optional
    overwrite_x, workers
        Accepted without effect.
    orthogonalize : bool, optional
        Whether the matrix is made orthogonal up to a factor; by default with norm="ortho".

    Notes
    -----
    Real and imaginary parts are transformed each by itself. SciPy (1.17) overlooks
    `orthogonalize` for complex numbers; here, for traced arrays, it holds for them too.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import fft
    >>> energy = lambda x: np.sum(fft.dct(x, norm="ortho") ** 2) / 2  # Parseval: |x|^2 / 2
    >>> wg.grad(energy)(np.array([3.0, 1.0, 2.0])).round(12)
    array([3., 1., 2.])
    """
    return _transform("dct", x, type, _one(n), [axis], norm, orthogonalize)


@follows_scipy("fft")
def idct(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """The inverse of `dct`."""
    return _transform("idct", x, type, _one(n), [axis], norm, orthogonalize)


@follows_scipy("fft")
def dst(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """The discrete sine transform of one type; arguments as for `dct`."""
    return _transform("dst", x, type, _one(n), [axis], norm, orthogonalize)


@follows_scipy("fft")
def idst(
    x: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """The inverse of `dst`."""
    return _transform("idst", x, type, _one(n), [axis], norm, orthogonalize)


@follows_scipy("fft")
def dctn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Any:
    """`dct` along all axes, or along `axes`, with `s` points each."""
    return _transform("dctn", x, type, s, axes, norm, orthogonalize)


@follows_scipy("fft")
def idctn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """`idct` along all axes, or along `axes`, with `s` points each."""
    return _transform("idctn", x, type, s, axes, norm, orthogonalize)


@follows_scipy("fft")
def dstn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """`dst` along all axes, or along `axes`, with `s` points each."""
    return _transform("dstn", x, type, s, axes, norm, orthogonalize)


@follows_scipy("fft")
def idstn(
    x: Any,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: Any = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Any:
    """`idst` along all axes, or along `axes`, with `s` points each."""
    return _transform("idstn", x, type, s, axes, norm, orthogonalize)
