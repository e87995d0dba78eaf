"""`Family`: a distribution as formulas on its standardized variable, y = (x - loc) / scale.

A record holds what is special about a family; `derived` says how the rest follows. Formulas are
written with NumPy and `wengert.scipy.special`, so that traced variables and parameters go through
them; they meet only arguments inside the support.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.scipy import special as sc

Formula = Callable[..., Any]
Bound = float | Formula
LOG_2PI = math.log(2.0 * math.pi)


def positive(*shapes: Any) -> Any:
    """The parameters that a family with positive shapes accepts."""
    valid: Any = True
    for shape in shapes:
        valid = valid & (shape > 0.0)
    return valid


def exponential(log_value: Formula) -> Formula:
    return lambda y, *shapes: np.exp(log_value(y, *shapes))


@dataclass(frozen=True)
class Family:
    """A continuous distribution, or a discrete one, whose loc is a shift and has no derivative.

    Parameters
    ----------
    name : str
        SciPy's.
    shapes : tuple of str
        Names of the shape parameters.
    lower, upper : float or callable
        Ends of the support, in the standardized variable.
    logpdf : callable
        `logpdf(y, *shapes)`; of a discrete family the logarithm of the probability.
    cdf, sf, logcdf, logsf, ppf, isf : callable, optional
        What a family knows better than `derived` does. A family without `cdf` has no rule for any
        of them.
    mean, var, skew, kurtosis, entropy : callable or float, optional
        Of the shapes.
    valid : callable
        Which shapes are allowed; elsewhere everything is NaN.
    inside : callable, optional
        A point inside the support, which stands in for those outside.
    is_open : bool
        Whether the density at the ends of the support is zero.
    is_discrete, is_symmetric : bool
    """

    name: str
    shapes: tuple[str, ...] = ()
    lower: Bound = -math.inf
    upper: Bound = math.inf
    logpdf: Formula | None = None
    cdf: Formula | None = None
    sf: Formula | None = None
    logcdf: Formula | None = None
    logsf: Formula | None = None
    ppf: Formula | None = None
    isf: Formula | None = None
    mean: Formula | float | None = None
    var: Formula | float | None = None
    skew: Formula | float | None = None
    kurtosis: Formula | float | None = None
    entropy: Formula | float | None = None
    valid: Formula = positive
    inside: Formula | None = None
    is_open: bool = False
    is_discrete: bool = False
    is_symmetric: bool = False


def derived(family: Family, method: str) -> Formula | None:
    """A formula of the family for a method, its own or one that follows from the others."""
    own: Formula | None = getattr(family, method, None)
    if own is not None:
        return own
    rule = _DERIVED.get(method)
    return None if rule is None else rule(family)


def _mirrored(family: Family, other: str) -> Formula | None:
    """F(-y) for a symmetric family's 1 - F(y)."""
    formula: Formula | None = getattr(family, other)
    if formula is None or not family.is_symmetric:
        return None
    if other == "ppf":
        return lambda q, *shapes: -formula(q, *shapes)
    return lambda y, *shapes: formula(-y, *shapes)


def _cdf(family: Family) -> Formula | None:
    if family.logcdf is not None:
        return exponential(family.logcdf)
    sf = family.sf or (family.logsf and exponential(family.logsf))
    return sf and (lambda y, *shapes: 1.0 - sf(y, *shapes))


def _sf(family: Family) -> Formula | None:
    if family.logsf is not None:
        return exponential(family.logsf)
    cdf = derived(family, "cdf")
    return _mirrored(family, "cdf") or (cdf and (lambda y, *shapes: 1.0 - cdf(y, *shapes)))


def _logcdf(family: Family) -> Formula | None:
    cdf = derived(family, "cdf")
    return cdf and (lambda y, *shapes: np.log(cdf(y, *shapes)))


def _logsf(family: Family) -> Formula | None:
    sf = derived(family, "sf")
    return _mirrored(family, "logcdf") or (sf and (lambda y, *shapes: np.log(sf(y, *shapes))))


def _isf(family: Family) -> Formula | None:
    ppf = family.ppf
    return _mirrored(family, "ppf") or (ppf and (lambda q, *shapes: ppf(1.0 - q, *shapes)))


_DERIVED: dict[str, Callable[[Family], Formula | None]] = {
    "cdf": _cdf,
    "sf": _sf,
    "logcdf": _logcdf,
    "logsf": _logsf,
    "isf": _isf,
}

# -- small formulas that families share ------------------------------------------------------------


def log1mexp(t: Any) -> Any:
    """log(1 - exp(-t)) for t > 0, without cancellation; Maechler (2012), equation 7."""
    is_small = t < math.log(2.0)
    small, large = np.where(is_small, t, 1.0), np.where(is_small, 1.0, t)
    return np.where(is_small, np.log(-np.expm1(-small)), np.log1p(-np.exp(-large)))


def log1mexp_of(log_t: Any) -> Any:
    """log(1 - exp(-t)) from log t, also where t is below the smallest number."""
    is_tiny = log_t < -36.0
    tiny, rest = np.where(is_tiny, log_t, -40.0), np.where(is_tiny, 0.0, log_t)
    return np.where(is_tiny, tiny - 0.5 * np.exp(tiny), log1mexp(np.exp(rest)))


def log1p_square(u: Any) -> Any:
    """log(1 + u*u) without overflow."""
    is_large = np.abs(u) > 1e8
    near, far = np.where(is_large, 0.0, u), np.where(is_large, u, 1.0)
    return np.where(is_large, 2.0 * np.log(np.abs(far)), np.log1p(near * near))


def normal_logpdf(y: Any) -> Any:
    return -0.5 * (y * y) - 0.5 * LOG_2PI


def where_above(is_finite: Any, formula: Formula, shape: Any, bound: float, other: Any) -> Any:
    """`formula(shape)` where a moment is finite, else another value."""
    safe = np.where(is_finite, shape, bound + 1.0)
    return np.where(is_finite, formula(safe), other)


def moment_above(bound: float, formula: Formula) -> Formula:
    """A moment that is infinite unless the last shape exceeds a bound."""

    def moment(*shapes: Any) -> Any:
        *others, last = shapes
        return where_above(last > bound, lambda safe: formula(*others, safe), last, bound, math.inf)

    return moment


def poly_gamma(n: int, x: Any) -> Any:
    return sc.polygamma(n, x)
