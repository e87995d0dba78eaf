"""Derivatives of the incomplete gamma and beta functions as arrays: domains, edges, dtypes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ops.special.shapes import beta, gamma, truncated
from wengert.ops.special.shapes.digamma import stirling
from wengert.ops.special.shapes.truncated import Order

# What stands for the edges of the domain, where limits exist: shapes of 0, and 0 and 1 and inf.
_TINY_SHAPE, _TINY, _HUGE = 1e-150, 1e-300, 1e300
_BELOW_ONE = 1.0 - 2.0**-53


def _elementwise(
    f: Callable[..., Any], is_valid: Callable[..., Any], dtype: Any, *args: Any
) -> Any:
    """`f` of flat float64 arrays where `is_valid`, NaN elsewhere, in the broadcast shape."""
    arrays = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in args])
    with np.errstate(all="ignore"):
        valid = is_valid(*arrays)
        out = np.full(valid.shape, np.nan)
        if valid.any():
            out[valid] = f(*[x[valid] for x in arrays])
        return out.astype(dtype, copy=False)[()]


def _dtype(*args: Any) -> Any:
    """SciPy's loops: single precision if no argument asks for more."""
    own = [x for x in args if type(x) is not float]
    return np.result_type(*[np.asarray(x).dtype for x in own], np.float32) if own else np.float64


def _is_gamma(a: Any, x: Any) -> Any:
    return (a >= 0) & (x >= 0) & np.isfinite(a)


def _is_beta(a: Any, b: Any, x: Any) -> Any:
    return (a >= 0) & (b >= 0) & (x >= 0) & (x <= 1) & np.isfinite(a) & np.isfinite(b)


def log_gamma_density(a: Any, x: Any) -> Any:
    """log of x**(a-1) exp(-x) / Gamma(a)."""

    def f(a: Any, x: Any) -> Any:
        at_zero = np.where(a == 1, 0.0, np.where(a > 1, -np.inf, np.inf))
        inside = gamma.log_density(np.maximum(a, _TINY_SHAPE), np.clip(x, _TINY, _HUGE))
        return np.where(x == 0, at_zero, np.where(np.isinf(x), -np.inf, inside))

    return _elementwise(f, _is_gamma, _dtype(a, x), a, x)


def log_beta_density(a: Any, b: Any, x: Any) -> Any:
    """log of x**(a-1) (1-x)**(b-1) / B(a, b)."""

    def f(a: Any, b: Any, x: Any) -> Any:
        y = 1.0 - x
        at_zero = np.where(a == 1, np.log(b), np.where(a > 1, -np.inf, np.inf))
        at_one = np.where(b == 1, np.log(a), np.where(b > 1, -np.inf, np.inf))
        a, b = np.maximum(a, _TINY_SHAPE), np.maximum(b, _TINY_SHAPE)
        inside = beta.log_kernel(a, b, x, y) - np.log(x) - np.log(y)
        return np.where(x == 0, at_zero, np.where(x == 1, at_one, inside))

    return _elementwise(f, _is_beta, _dtype(a, b, x), a, b, x)


def log_t_density(v: Any, t: Any) -> Any:
    """log of the density of Student's t with v degrees of freedom, exact for large v too."""

    def f(v: Any, t: Any) -> Any:
        z = 0.5 * v
        # log of Gamma(z + 1/2) / Gamma(z), both by Stirling's formula; at z + 1/2 shifted by one.
        gammas = z * np.log1p(0.5 / z) - 0.5 + 0.5 * np.log(z) + stirling(z + 0.5) - stirling(z)
        return gammas - 0.5 * np.log(v * math.pi) - 0.5 * (v + 1.0) * np.log1p(t * t / v)

    return _elementwise(f, lambda v, t: (v > 0) & np.isfinite(v), _dtype(v, t), v, t)


def gammainc_shape(a: Any, x: Any, *, order: int) -> Any:
    """The derivative of P(a, x) in a, of an order >= 1."""

    def f(a: Any, x: Any) -> Any:
        lower, log_tail, series = gamma.expand(*_inside_gamma(a, x), order)
        found = math.factorial(order) * np.exp(log_tail) * series[order, 0]
        return np.where((x == 0) | np.isinf(x), 0.0, np.where(lower, found, -found))

    return _elementwise(f, _is_gamma, _dtype(a, x), a, x)


def betainc_shape(a: Any, b: Any, x: Any, *, order: Order) -> Any:
    """The mixed derivative of I_x(a, b), `order[0]` times in a and `order[1]` times in b."""

    def f(a: Any, b: Any, x: Any) -> Any:
        lower, log_tail, series = beta.expand(*_inside_beta(a, b, x), order)
        scale = math.factorial(order[0]) * math.factorial(order[1])
        found = scale * np.exp(log_tail) * series[order]
        return np.where((x == 0) | (x == 1), 0.0, np.where(lower, found, -found))

    return _elementwise(f, _is_beta, _dtype(a, b, x), a, b, x)


def log_gammainc(a: Any, x: Any, *, upper: bool) -> Any:
    """log P(a, x), or log Q(a, x) where `upper`, also where they are below the smallest number."""

    def f(a: Any, x: Any) -> Any:
        from scipy.special import gammainc, gammaincc

        lower, log_tail, _ = gamma.expand(*_inside_gamma(a, x), 0)
        other = (gammaincc if upper else gammainc)(a, x)
        found = np.where(lower != upper, log_tail, _log_complement(log_tail, other))
        at_zero, at_infinity = (0.0, -np.inf) if upper else (-np.inf, 0.0)
        return np.where(x == 0, at_zero, np.where(np.isinf(x), at_infinity, found))

    return _elementwise(f, _is_gamma, _dtype(a, x), a, x)


def log_betainc(a: Any, b: Any, x: Any, *, upper: bool) -> Any:
    """log I_x(a, b), or log(1 - I_x(a, b)) where `upper`."""

    def f(a: Any, b: Any, x: Any) -> Any:
        from scipy.special import betainc

        lower, log_tail, _ = beta.expand(*_inside_beta(a, b, x), (0, 0))
        other = betainc(b, a, 1.0 - x) if upper else betainc(a, b, x)
        found = np.where(lower != upper, log_tail, _log_complement(log_tail, other))
        at_zero, at_one = (0.0, -np.inf) if upper else (-np.inf, 0.0)
        return np.where(x == 0, at_zero, np.where(x == 1, at_one, found))

    return _elementwise(f, _is_beta, _dtype(a, b, x), a, b, x)


def _log_complement(log_tail: Any, other: Any) -> Any:
    """log(1 - tail): `other` is 1 - tail from SciPy, for tails close to one."""
    return np.where(log_tail < -0.7, np.log1p(-np.exp(log_tail)), np.log(other))


def log_gammainc_shape(a: Any, x: Any, *, order: int, upper: bool) -> Any:
    """The derivative of log P or log Q in a, of an order >= 1."""

    def f(a: Any, x: Any) -> Any:
        lower, log_tail, series = gamma.expand(*_inside_gamma(a, x), order)
        other = log_gammainc(a, x, upper=upper)
        logs = _log_series(lower != upper, log_tail, other, series, (order, 0))
        found = math.factorial(order) * logs[order, 0]
        if order == 1:  # towards minus infinity
            found = np.where((x == 0) & (not upper), -np.inf, found)
            found = np.where(np.isinf(x) & upper, np.inf, found)
        is_constant = np.isinf(x) if not upper else x == 0
        return np.where(is_constant, 0.0, found)

    return _elementwise(f, _is_gamma, _dtype(a, x), a, x)


def log_betainc_shape(a: Any, b: Any, x: Any, *, order: Order, upper: bool) -> Any:
    """The mixed derivative of log I_x(a, b), or of log(1 - I_x(a, b)), in a and b."""

    def f(a: Any, b: Any, x: Any) -> Any:
        lower, log_tail, series = beta.expand(*_inside_beta(a, b, x), order)
        other = log_betainc(a, b, x, upper=upper)
        logs = _log_series(lower != upper, log_tail, other, series, order)
        found = math.factorial(order[0]) * math.factorial(order[1]) * logs[order]
        if not upper:
            found = np.where((x == 0) & (order == (1, 0)), -np.inf, found)
        else:
            found = np.where((x == 1) & (order == (0, 1)), -np.inf, found)
        return np.where(x == (0 if upper else 1), 0.0, found)

    return _elementwise(f, _is_beta, _dtype(a, b, x), a, b, x)


def _log_series(is_own: Any, log_tail: Any, log_other: Any, series: Any, order: Order) -> Any:
    """The logarithm of the series where the tail is the wanted one, else of 1 - tail's series."""
    weight = np.where(is_own, 1.0, -np.exp(log_tail - log_other))
    scaled = {k: weight * v for k, v in series.items() if k != (0, 0)}
    return truncated.log({(0, 0): 1.0, **scaled}, order)


def _inside_gamma(a: Any, x: Any) -> tuple[Any, Any]:
    return np.maximum(a, _TINY_SHAPE), np.clip(x, _TINY, _HUGE)


def _inside_beta(a: Any, b: Any, x: Any) -> tuple[Any, Any, Any]:
    a, b = np.maximum(a, _TINY_SHAPE), np.maximum(b, _TINY_SHAPE)
    return a, b, np.clip(x, _TINY, _BELOW_ONE)
