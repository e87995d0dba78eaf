"""SciPy's distributions and statistics for traced arguments.

    family          `Family`: formulas of the standardized variable, and what follows from them
    distribution    `Distribution`, `Frozen`: parameters, supports, SciPy's methods
    normal gammas extreme bounded discrete    the families, by theme
    multivariate    vectors and matrices
    descriptive     means, moments, correlations, distances of samples
    density         kernel density estimates

With plain arguments every function and method is SciPy's own. What has no rule refuses traced
arguments by name.
"""

from __future__ import annotations

from typing import Any

from wengert.scipy.dispatch import scipy_function, without_rule
from wengert.scipy.stats import (
    bounded,
    density,
    descriptive,
    discrete,
    extreme,
    gammas,
    multivariate,
    normal,
)
from wengert.scipy.stats.distribution import Distribution

_THEMES = (normal, gammas, extreme, bounded, discrete)
DISTRIBUTIONS = {
    family.name: Distribution(family.name, family) for theme in _THEMES for family in theme.FAMILIES
}
_OTHERS = {
    name: getattr(theme, name)
    for theme in (multivariate, descriptive, density)
    for name in theme.__all__
}

__all__ = sorted([*DISTRIBUTIONS, *_OTHERS])


def __getattr__(name: str) -> Any:
    if name in DISTRIBUTIONS:
        return DISTRIBUTIONS[name]
    if name in _OTHERS:
        return _OTHERS[name]
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = scipy_function("stats", name)
    is_distribution = hasattr(found, "rvs") and not isinstance(found, type)
    return Distribution(name) if is_distribution else without_rule("stats", name)


def __dir__() -> list[str]:
    return list(__all__)
