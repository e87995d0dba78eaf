"""The fast Hankel transform of logarithmically spaced samples.

Source: A. J. S. Hamilton, Mon. Not. R. Astron. Soc. 312 (2000) 257, appendix B (FFTLog).
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from wengert.errors import MissingRuleError, ShapeError
from wengert.ops.core import conj
from wengert.ops.fourier import irfft, real_of, rfft
from wengert.ops.fourier_functions import as_samples, require_real
from wengert.scipy.dispatch import follows_scipy, is_traced


@follows_scipy("fft")
def fht(a: Any, dln: float, mu: float, offset: float = 0.0, bias: float = 0.0) -> Any:
    """The Hankel transform of order `mu` of samples a factor exp(dln) apart.

    Parameters
    ----------
    a : array, shape (..., n)
        Real samples, which may be traced; the other arguments may not.
    dln, mu, offset, bias : float
        Logarithmic spacing, order, offset and power-law bias.
    """
    return _transform("fht", a, dln, mu, offset, bias)


@follows_scipy("fft")
def ifht(A: Any, dln: float, mu: float, offset: float = 0.0, bias: float = 0.0) -> Any:
    """The inverse of `fht`."""
    return _transform("ifht", A, dln, mu, offset, bias)


def _transform(name: str, a: Any, dln: Any, mu: Any, offset: Any, bias: Any) -> Any:
    if is_traced((dln, mu, offset, bias)):
        raise MissingRuleError(
            f"{name}: differentiable in the samples only.",
            got="a traced dln, mu, offset or bias",
            expected="plain numbers",
        )
    a = as_samples(a)
    require_real(name, a)
    if not a.shape or not a.shape[-1]:
        raise ShapeError(f"{name}: the samples stand along the last axis.", got=f"shape {a.shape}")
    n = a.shape[-1]
    steps = (np.arange(n) - (n - 1) / 2) * dln
    is_inverse = name == "ifht"
    before, after = steps, steps + offset
    if is_inverse:
        before, after = -after, -before
    factors = _coefficients(n, dln, mu, offset, bias, is_inverse)
    axis = len(a.shape) - 1
    dtype = real_of(a.dtype)
    scaled = a * np.exp(-bias * before).astype(dtype) if bias else a
    spectrum = rfft(scaled, axis)
    spectrum = spectrum / conj(factors) if is_inverse else spectrum * factors
    result = irfft(spectrum, axis, n)[..., ::-1]
    return result * np.exp(-bias * after) if bias else result


def _coefficients(
    n: int, dln: float, mu: float, offset: float, bias: float, is_inverse: bool
) -> np.ndarray:
    """The factors of Hamilton's equation B18, in double precision.

    The last one is real for even n, so that the result is; a singular first one is left out.
    """
    special = importlib.import_module("scipy.special")
    plus, minus = (mu + 1 + bias) / 2, (mu + 1 - bias) / 2
    y = np.linspace(0, math.pi * (n // 2) / (n * dln), n // 2 + 1)
    upper, lower = special.loggamma(plus + 1j * y), special.loggamma(minus + 1j * y)
    phase = upper.imag + lower.imag + 2 * y * (math.log(2) - offset)
    with np.errstate(all="ignore"):
        size = upper.real - lower.real + bias * math.log(2)
        factors = np.exp(size) * np.exp(1j * phase)
    if n % 2 == 0:
        factors[-1] = factors[-1].real
    if not np.isfinite(factors[0]):
        factors[0] = 2**bias * special.poch(minus, plus - minus)
    if np.isinf(factors[0]) and not is_inverse:
        factors[0] = 0
    elif factors[0] == 0 and is_inverse:
        factors[0] = np.inf
    return factors
