"""Cases of primitives in autograd's style: functions and rules that run on plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.compat.autograd.extend import defjvp, defvjp, primitive


@primitive
def both(x: Any, y: Any) -> Any:
    return np.sin(x) * y


defvjp(
    both, lambda ans, x, y: lambda g: g * np.cos(x) * y, lambda ans, x, y: lambda g: g * np.sin(x)
)
defjvp(both, lambda g, ans, x, y: g * np.cos(x) * y, lambda g, ans, x, y: g * np.sin(x))


@primitive
def reverse_only(x: Any) -> Any:
    return np.exp(x)


defvjp(reverse_only, lambda ans, x: lambda g: g * ans)


@primitive
def forward_only(x: Any) -> Any:
    return np.exp(x)


defjvp(forward_only, lambda g, ans, x: g * ans)


def numbers(rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, (2, 3))


def pair(rng: np.random.Generator) -> Any:
    return numbers(rng), numbers(rng)


CASES = [
    Case("both rules", both, pair, ("host",)),
    Case("reverse rule", lambda x: reverse_only(x) * x, numbers, ("host",)),
    Case("forward rule", lambda x: forward_only(x) * x, numbers, ("host",)),
]
