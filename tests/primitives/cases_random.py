"""Cases of random samples as functions of their parameters, the random words held fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import wengert as wg
from primitives.harness import Case
from wengert.ops.philox import philox
from wengert.random import samples

KEY = wg.random.key(12)
FEW = wg.random.bits(KEY, 3)


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Callable[..., Any]:
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def either_sign(rng: np.random.Generator) -> Any:
    return rng.uniform(0.5, 2.0, 3) * rng.choice([-1.0, 1.0], 3)


def with_bits(x: Any) -> Any:
    """Random words of a key that depends on what is traced: on the signs."""
    key = wg.random.key(np.sum((x > 0.0) * np.array([1, 2, 4])))
    return x * (philox(key, np.zeros(4, np.uint64), 5) >> 40).astype(np.float64)[:3] * 1e-8


def with_integers(x: Any) -> Any:
    n = samples.binomial_sample(np.sum(x > 0.0) * 3.0, 0.5, FEW)
    return x * (samples.poisson_sample(np.abs(x), FEW) + n)


def sampled(f: Callable[..., Any], *words: Any) -> Callable[..., Any]:
    return lambda *parameters: f(*parameters, *words)


CASES = [
    Case("words of philox", with_bits, either_sign, ("philox",), float32=False),
    Case(
        "normal sample",
        lambda x: x * samples.normal_sample(FEW),
        between(0.5, 2.0, (3,)),
        ("mul",),
        float32=False,
    ),
    Case(
        "normal of a traced key",
        lambda x: x * wg.random.normal(wg.random.fold_in(KEY, np.sum(x > 0.0)), 3),
        between(0.5, 2.0, (3,)),
        ("philox", "normal_sample"),
        float32=False,
    ),
    Case(
        "poisson and binomial samples",
        with_integers,
        between(2.1, 2.2, (3,)),
        ("poisson_sample", "binomial_sample"),
        float32=False,
    ),
    Case(
        "log gamma sample",
        sampled(samples.log_gamma_sample, FEW),
        between(0.4, 4.0, (3,)),
        ("log_gamma_sample",),
        float32=False,
    ),
    Case(
        "log gamma slope",
        samples.log_gamma_slope,
        lambda rng: (rng.uniform(0.5, 0.9, 3), np.array([-1.5, 0.5, 1.5])),
        ("log_gamma_slope",),
        float32=False,
    ),
    Case(
        "von Mises sample",
        sampled(samples.von_mises_sample, FEW),
        between(0.5, 3.0, (3,)),
        ("von_mises_sample",),
        float32=False,
    ),
    Case(
        "von Mises slope",
        samples.von_mises_slope,
        lambda rng: (rng.uniform(0.8, 1.2, 3), np.array([-0.5, 0.4, 2.5])),
        ("von_mises_slope",),
        float32=False,
    ),
    Case(
        "Wald sample",
        sampled(samples.wald_sample, FEW),
        between(0.5, 2.0, (3,), (3,)),
        ("wald_sample",),
        float32=False,
    ),
    Case(
        "Mills ratio",
        samples.mills_ratio,
        between(0.1, 3.0, (3,)),
        ("mills_ratio",),
        float32=False,
    ),
    Case(
        "truncated normal sample",
        sampled(samples.truncated_normal_sample, FEW),
        lambda rng: (rng.uniform(-2.0, 0.0, 3), rng.uniform(1.0, 3.0, 3)),
        ("truncated_normal_sample",),
        float32=False,
    ),
]
