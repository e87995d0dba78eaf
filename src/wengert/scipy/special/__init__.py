"""SciPy's special functions for traced arrays.

Those that are ufuncs of SciPy are the same objects here: they know traced arguments by themselves,
and so do programs that import them from `scipy.special`. The others are defined here, with SciPy's
signatures. A function without a rule raises by name when it meets a traced array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops import extremes
from wengert.ops.contraction import as_operand
from wengert.ops.core import convert
from wengert.ops.special import FUNCTIONS
from wengert.scipy.dispatch import follows_scipy, scipy_function, without_rule
from wengert.scipy.special.bessel import (
    diric,
    h1vp,
    h2vp,
    ivp,
    jvp,
    kvp,
    lambertw,
    legendre_p,
    sph_harm_y,
    spherical_in,
    spherical_jn,
    spherical_kn,
    spherical_yn,
    yvp,
    zeta,
)
from wengert.scipy.special.combinatorics import (
    comb,
    factorial,
    multigammaln,
    perm,
    polygamma,
    sinc,
    softplus,
)

__all__ = [
    "comb",
    "diric",
    "factorial",
    "h1vp",
    "h2vp",
    "ivp",
    "jvp",
    "kvp",
    "lambertw",
    "legendre_p",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "perm",
    "polygamma",
    "sinc",
    "softmax",
    "softplus",
    "sph_harm_y",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
    "yvp",
    "zeta",
]


def _as_float(x: Any) -> Any:
    x = as_operand(x)
    return x if x.dtype.kind in "fc" else convert(x, np.float64)


@follows_scipy("special")
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log(sum(b exp(a))) without overflow.

    Parameters
    ----------
    a : array
    axis : int or tuple of int, optional
        All axes by default.
    b : array, optional
        Factors that broadcast with `a`; they may be negative where `return_sign` is given.
    keepdims, return_sign : bool
        With `return_sign` the pair (log abs(sum), sign of the sum).

    Notes
    -----
    The derivative in `a` is the softmax, also of very large and very small arguments, and zero
    where every element is -inf.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from wengert.scipy import special
    >>> wg.grad(special.logsumexp)(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    a = _as_float(a)
    if b is None and not return_sign:
        return extremes.logsumexp(a, axis, keepdims)
    scaled_sum, shift = _scaled_sum(a, axis, _as_float(1.0 if b is None else b))
    if not keepdims:
        scaled_sum, shift = _without_axes(scaled_sum, a, axis), _without_axes(shift, a, axis)
    if not return_sign:
        return np.log(scaled_sum) + shift
    size = np.abs(scaled_sum)
    return np.log(size) + shift, np.sign(scaled_sum)


def _scaled_sum(a: Any, axis: Any, b: Any) -> tuple[Any, Any]:
    """sum(b exp(a - shift)) and the shift, axes kept."""
    shift = np.max(np.real(a), axis=axis, keepdims=True)
    shift = np.where(np.isfinite(shift), shift, 0.0)
    return np.sum(b * np.exp(a - shift), axis=axis, keepdims=True), shift


def _without_axes(x: Any, a: Any, axis: Any) -> Any:
    axes = tuple(range(a.ndim)) if axis is None else axis
    return np.squeeze(x, axis=axes) if a.ndim else x


@follows_scipy("special")
def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `axis` (all axes by default)."""
    return np.exp(log_softmax(x, axis))


@follows_scipy("special")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of the softmax along `axis` (all axes by default)."""
    x = _as_float(x)
    return x - extremes.logsumexp(x, axis, True)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = scipy_function("special", name)
    found = getattr(found, "__wrapped__", found)  # SCIPY_ARRAY_API=1 puts functions around ufuncs
    return found if isinstance(found, np.ufunc) else without_rule("special", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *FUNCTIONS})
