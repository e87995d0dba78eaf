"""Whose answers agree: arrays of several libraries compared, and a vote where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

TOLERANCES = {"float64": 1e-8, "float32": 1e-3}
"""Greatest difference, in units of the largest entry of the array."""


def leaves(answer: Any) -> list[np.ndarray]:
    """The arrays of a tree of tuples and lists, in order."""
    if isinstance(answer, tuple | list):
        return [leaf for item in answer for leaf in leaves(item)]
    return [np.asarray(answer)]


def distance(one: Any, other: Any) -> float:
    """The greatest difference between two answers, relative to the largest entry of each array.

    Infinite where shapes differ, or where NaN or infinity stands in one of the two only.
    """
    first, second = leaves(one), leaves(other)
    if [a.shape for a in first] != [b.shape for b in second]:
        return np.inf
    return max((_apart(a, b) for a, b in zip(first, second, strict=True)), default=0.0)


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    if a.size == 0 or np.array_equal(a, b, equal_nan=True):
        return 0.0
    # NaN and infinity have to stand in the same places: no comparison of sizes would see them
    is_finite = np.isfinite(a)
    if not np.array_equal(is_finite, np.isfinite(b)):
        return np.inf
    if not np.array_equal(a[~is_finite], b[~is_finite], equal_nan=True):
        return np.inf
    a, b = a[is_finite], b[is_finite]
    scale = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))))
    return float(np.max(np.abs(a - b))) / scale


def unconfirmed(answers: Mapping[str, Any], tolerance: float) -> dict[str, str]:
    """Contestants whose answer the largest group of agreeing contestants does not share.

    Of two groups of one size nobody knows which is right, and all are named.
    """
    names = list(answers)
    apart = {(a, b): distance(answers[a], answers[b]) for a in names for b in names}
    groups = {a: frozenset(b for b in names if apart[a, b] <= tolerance) for a in names}
    largest = max((len(group) for group in groups.values()), default=0)
    winners = {group for group in groups.values() if len(group) == largest}
    winner = next(iter(winners)) if len(winners) == 1 else frozenset()
    confirmed = [name for name in names if name in winner]
    found: dict[str, str] = {}
    for name in names:
        if name not in confirmed:
            against = next(other for other in (*confirmed, *names) if other not in groups[name])
            found[name] = f"differs from {against}'s by {apart[name, against]:.1e}"
    return found
