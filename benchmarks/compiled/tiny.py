"""Calls of small functions: what entering and leaving compiled code costs.

Value and gradient, NumPy arrays in and out, as a sampler or an optimizer calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.compiled.cases import Case, Pair
from benchmarks.compiled.toolkits import Toolkit

Density = Callable[..., Any]
"""``density(xp, parameters, *data)``."""


def normal(xp: Any, theta: Any, design: Any, observed: Any) -> Any:
    """A linear regression: three coefficients and the logarithm of the spread."""
    misfit = (observed - design @ theta[:3]) * xp.exp(-theta[3])
    return -0.5 * xp.sum(misfit**2) - 20.0 * theta[3] - 0.5 * xp.sum(theta**2)


def logistic(xp: Any, theta: Any, design: Any, labels: Any) -> Any:
    """A logistic regression with a normal prior: eight coefficients."""
    logits = design @ theta
    return xp.sum(labels * logits - xp.log(1.0 + xp.exp(logits))) - 0.5 * xp.sum(theta**2)


def hierarchical(xp: Any, theta: Any, outcomes: Any, errors: Any) -> Any:
    """Eighteen standardized group effects, their mean and the logarithm of their spread."""
    effects, mean, log_spread = theta[:18], theta[18], theta[19]
    misfit = (outcomes - mean - xp.exp(log_spread) * effects) / errors
    return -0.5 * (xp.sum(misfit**2) + xp.sum(effects**2) + mean**2 / 25.0 + log_spread**2)


def autoregressive(xp: Any, theta: Any, series: Any, _: Any) -> Any:
    """A second-order autoregression written number by number: twelve shocks, no array in sight."""
    before, last, total = 0.3, 0.1, 0.0
    for index in range(12):
        now = 0.6 * last - 0.2 * before + xp.tanh(theta[index])
        total = total + (series[index] - now) ** 2 + 0.1 * theta[index] ** 2
        before, last = last, now
    return -0.5 * total


def density_data(name: str) -> tuple[Any, Any, Any]:
    """The point and the two arrays of data that the density holds on to."""
    random = np.random.default_rng(8)
    if name == "normal":
        return random.normal(size=4) / 3.0, random.normal(size=(20, 3)), random.normal(size=20)
    if name == "logistic":
        labels = random.integers(0, 2, size=30).astype(np.float64)
        return random.normal(size=8) / 3.0, random.normal(size=(30, 8)), labels
    if name == "hierarchical":
        return random.normal(size=20) / 3.0, random.normal(size=18), random.uniform(1, 2, size=18)
    return random.normal(size=12) / 3.0, random.normal(size=12), np.zeros(1)


def point(name: str) -> tuple[Any, ...]:
    """Where the density is evaluated."""
    return density_data(name)[:1]


def density(tools: Toolkit, name: str, log_density: Density) -> Pair:
    """The log-density as a function of its parameters alone."""
    data = [tools.array(array) for array in density_data(name)[1:]]

    def function(theta: Any) -> Any:
        return log_density(tools.xp, theta, *data)

    return Pair(function, tools.gradient(function, 1, with_value=True))


def arm(tools: Toolkit) -> Pair:
    """The squared distance of a two-link arm's hand from its target: angles, then lengths."""
    xp = tools.xp

    def function(p: Any) -> Any:
        shoulder, elbow = p[0], p[0] + p[1]
        x = p[2] * xp.cos(shoulder) + p[3] * xp.cos(elbow)
        y = p[2] * xp.sin(shoulder) + p[3] * xp.sin(elbow)
        return (x - 0.4) ** 2 + (y - 1.1) ** 2

    return Pair(function, tools.gradient(function, 1, with_value=True))


DENSITIES = {
    "normal": normal,
    "logistic": logistic,
    "hierarchical": hierarchical,
    "autoregressive": autoregressive,
}


def cases() -> Iterator[Case]:
    """Every row."""
    common: dict[str, Any] = {"has_numpy_io": True, "is_parallel": False}
    for name, log_density in DENSITIES.items():
        yield Case(
            "tiny",
            f"{name}, {density_data(name)[0].size}",
            partial(density, name=name, log_density=log_density),
            partial(point, name),
            **common,
        )
    yield Case("tiny", "two-link arm, 4", arm, lambda: (np.array([0.3, 0.5, 1.0, 0.8]),), **common)
