"""Contestants timed side by side: interleaved rounds, medians, ratios with their spread.

A machine's speed drifts (frequency, neighbors, caches), so times taken minutes apart do not
compare. Here each *round* times every contestant once, the order turning by one from round to
round, and what is reported are the medians over rounds and the ratios taken within each round.
Garbage collection is off while the clock runs.

The clock is the processor time of the whole process: other work on the machine then takes
nothing from a contestant. Everybody runs on one thread, where an idle machine's elapsed time is
the same.
"""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

ROUNDS = 5
"""Rounds unless told otherwise: the verdict's median is taken over five."""

FASTER = 0.9
"""A contestant is called faster when its median is at most this part of the other's."""

BLOCK_SECONDS = 0.005
"""A call is repeated until a block lasts this long: the clock's own 3 us then matter little."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Read by BLAS libraries once, when they load."""


def limit_threads() -> bool:
    """Ask every BLAS for one thread; True if the wish came before NumPy was imported."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = "1"
    return "numpy" not in sys.modules


@dataclass(frozen=True)
class Ratio:
    """One contestant's time in units of another's.

    Over the rounds that both took part in ``value`` is the ratio of the medians, ``low`` and
    ``high`` are the least and the greatest ratio met within one.
    """

    value: float
    low: float
    high: float

    @property
    def is_faster(self) -> bool:
        """Whether the median is at most 0.9 of the other's."""
        return self.value <= FASTER

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class Race:
    """Seconds per call of each contestant, one entry a round, and of its very first call."""

    seconds: Mapping[str, tuple[float, ...]]
    first_seconds: Mapping[str, float]
    errors: Mapping[str, str]

    def median(self, name: str) -> float:
        """Median over rounds, in seconds per call."""
        return median(self.seconds[name])

    def ratio(self, name: str, other: str) -> Ratio | None:
        """Time of ``name`` over time of ``other``; None where either did not finish."""
        if name not in self.seconds or other not in self.seconds:
            return None
        # of a contestant beyond the race's patience there is only the first round
        pairs = list(zip(self.seconds[name], self.seconds[other], strict=False))
        mine, theirs = zip(*pairs, strict=True)
        within = [one / another for one, another in pairs]
        return Ratio(median(mine) / median(theirs), min(within), max(within))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "seconds": {name: list(times) for name, times in self.seconds.items()},
            "median": {name: self.median(name) for name in self.seconds},
            "first": dict(self.first_seconds),
            "errors": dict(self.errors),
        }


def block(call: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Seconds per call over ``repeats`` calls, garbage collection off."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        for _ in range(repeats):
            call()
        return (clock() - start) / repeats
    finally:
        if was_enabled:
            gc.enable()


def calibrate(call: Callable[[], object], block_seconds: float, clock: Callable[[], float]) -> int:
    """Repeats that make a block last about ``block_seconds`` (which also warms the call up)."""
    repeats = 1
    while True:
        seconds = block(call, repeats, clock) * repeats
        if seconds >= block_seconds / 2 or repeats >= 1_000_000:
            return max(1, round(repeats * block_seconds / max(seconds, 1e-9)))
        repeats *= 4


def race(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    block_seconds: float = BLOCK_SECONDS,
    clock: Callable[[], float] = process_time,
    patience: float = math.inf,
) -> Race:
    """Time ``contestants`` in interleaved rounds.

    Parameters
    ----------
    contestants : mapping of str to callable
        Each is called without arguments.
    rounds : int
        How often each is timed.
    block_seconds : float
        Least time of one timing; shorter calls are repeated.
    clock : callable
        Seconds since some moment.
    patience : float
        A contestant whose call takes more seconds than this is timed in the first round only.

    Returns
    -------
    Race
        A contestant that raised has an entry in ``errors`` instead of times.
    """
    first: dict[str, float] = {}
    repeats: dict[str, int] = {}
    errors: dict[str, str] = {}
    for name, call in contestants.items():
        try:
            first[name] = block(call, 1, clock)
            repeats[name] = calibrate(call, block_seconds, clock)
        except Exception as error:  # a peer may lack an operation: reported, and the race goes on
            errors[name] = f"{type(error).__name__}: {error}"
    seconds: dict[str, list[float]] = {name: [] for name in repeats}
    for turn in range(rounds):
        for name in turned(list(repeats), turn):
            if turn > 0 and seconds[name][0] > patience:
                continue
            seconds[name].append(block(contestants[name], repeats[name], clock))
        gc.collect()
    return Race({name: tuple(times) for name, times in seconds.items()}, first, errors)


def turned(names: Sequence[str], turn: int) -> list[str]:
    """``names``, started at another place each turn, so that nobody always goes first."""
    if not names:
        return []
    start = turn % len(names)
    return [*names[start:], *names[:start]]
