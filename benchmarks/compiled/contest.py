"""One row of the table: every contestant's function and derivative, timed in turn and compared.

The clock is elapsed time, since compiled code may run on several threads. What is slow is timed
once, and a contestant's rounds end with its budget. Nothing here interrupts a call: an exception
raised inside a native compiler leaves it unusable for the rest of the process, so that all its
later times would be wrong. Each step says how long it may take, and whoever started the process
ends it where it takes longer.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.compiled import agreement
from benchmarks.compiled.cases import Case
from benchmarks.compiled.toolkits import Function, Toolkit, wengert, wengert_eager
from benchmarks.timing import BLOCK_SECONDS, block, calibrate, turned

KINDS = ("function", "derivative")

SLOW_SECONDS = 1.0
"""A call that takes longer is timed once."""

Report = Callable[[dict[str, Any]], None]
"""Told what starts, so that a process that hangs can be ended from outside, and what was it."""


@dataclass(frozen=True)
class Limits:
    """Seconds that contestants are given.

    Parameters
    ----------
    first : float
        For one first call: recording, differentiating, compiling and running once.
    budget : float
        For all rounds of one contestant's function or derivative.
    block : float
        The least time of one timing; shorter calls are repeated.
    rounds : int
        How often each is timed.
    """

    first: float = 60.0
    budget: float = 6.0
    block: float = BLOCK_SECONDS
    rounds: int = 5


@dataclass
class Row:
    """What was found. The mappings go from a contestant to each of `KINDS`.

    ``first`` holds the seconds of first calls, ``seconds`` one entry a round; ``errors`` says
    what a contestant failed of; ``wrong`` whose answers the others do not confirm; ``jit_error``
    how far compiled and uncompiled Wengert lie apart, where that was looked at.
    """

    workload: str
    size: str
    dtype: str
    threads: int
    first: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    jit_error: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def mapped(function: Function, value: Any) -> Any:
    """``function`` on every array of a tree of tuples and lists."""
    if isinstance(value, tuple | list):
        return tuple(mapped(function, item) for item in value)
    return function(value)


def call_of(tools: Toolkit, function: Function, data: Sequence[Any], has_numpy_io: bool) -> Any:
    """A call without arguments that returns when its result is there."""
    if has_numpy_io and tools.library != "wengert":
        is_torch = tools.library == "torch"
        enter = tools.array if is_torch else lambda array: array

        def through_numpy() -> Any:
            return mapped(tools.numpy, function(*[enter(array) for array in data]))

        return through_numpy
    arguments = [tools.array(array) for array in data]
    wait = tools.wait
    if wait is None:
        return partial(function, *arguments)
    return lambda: wait(function(*arguments))


def compiled(case: Case, tools: Toolkit) -> dict[str, Function]:
    """The function and the derivative as this contestant runs them."""
    pair = case.build(tools)
    return {"function": tools.jit(pair.function), "derivative": tools.finish(pair.derivative)}


def measure(
    case: Case, contestants: Sequence[Toolkit], limits: Limits, threads: int, report: Report
) -> Row:
    """Compile, compare and time a case by all contestants."""
    row = Row(case.workload, case.size, case.dtype, threads)
    data = case.data()
    calls: dict[tuple[str, str], Callable[[], Any]] = {}
    answers: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for tools in contestants:
        if tools.name not in ("wengert", *case.peers):
            continue
        try:
            for kind, function in compiled(case, tools).items():
                report({"event": "first", "contestant": tools.name, "limit": limits.first})
                call = call_of(tools, function, data, case.has_numpy_io)
                seconds, answer = timed(call)
                row.first.setdefault(tools.name, {})[kind] = seconds
                if case.check_data is not None:
                    answer = call_of(tools, function, case.check_data(), case.has_numpy_io)()
                answers[kind][tools.name] = mapped(tools.numpy, answer)
                calls[tools.name, kind] = call
        except Exception as error:  # a contestant may lack an operation: reported, not fatal
            row.errors[tools.name] = f"{type(error).__name__}: {error}"[:300]
            calls = {key: call for key, call in calls.items() if key[0] != tools.name}
    tolerance = agreement.TOLERANCES[case.dtype]
    for kind, given in answers.items():
        for name, why in agreement.unconfirmed(given, tolerance).items():
            row.wrong.setdefault(name, f"{kind} {why}")
    race(row, calls, limits, report)
    return row


def jit_distance(case: Case) -> float:
    """How far answers under ``jit`` lie from those of the uncompiled run, relative to them."""
    data = (case.check_data or case.data)()
    found = compiled(case, wengert())
    pair = case.build(wengert_eager())
    return max(
        agreement.distance(mapped(np.asarray, run(*data)), mapped(np.asarray, found[kind](*data)))
        for kind, run in zip(KINDS, pair, strict=True)
    )


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of one call, and what it returned."""
    start = perf_counter()
    answer = call()
    return perf_counter() - start, answer


def race(row: Row, calls: Mapping[tuple[str, str], Any], limits: Limits, report: Report) -> None:
    """Time the calls in interleaved rounds, in an order that turns from round to round."""
    repeats: dict[tuple[str, str], int] = {}
    rounds: dict[tuple[str, str], int] = {}
    for key, call in calls.items():
        name, kind = key
        report({"event": "second", "contestant": name, "limit": limits.first})
        seconds, _ = timed(call)
        row.seconds.setdefault(name, {})[kind] = []
        if seconds > SLOW_SECONDS:
            row.seconds[name][kind].append(seconds)
            continue
        repeats[key] = calibrate(call, limits.block, perf_counter)
        cost = max(seconds, limits.block)
        rounds[key] = max(1, min(limits.rounds, int(limits.budget / cost)))
    for turn in range(limits.rounds):
        names = {"/".join(key): key for key in repeats if turn < rounds[key]}
        for label in turned(list(names), turn):
            name, kind = names[label]
            report({"event": "round", "contestant": name, "limit": limits.first})
            taken = block(calls[name, kind], repeats[name, kind], perf_counter)
            row.seconds[name][kind].append(taken)
        gc.collect()
