"""Where the time of one gradient goes: cProfile over repeated calls of a named program."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.eager import gradient_calls, jacobian_calls
from benchmarks.libraries import LOADERS
from benchmarks.programs import LOOPS, OPERATIONS, chain, curve_fits, log_densities, nothing
from benchmarks.scaling import gradient_call


def names() -> list[str]:
    """Every program that can be profiled."""
    plain = [workload.name for workload in (*log_densities(), *curve_fits(), nothing(1))]
    return [*plain, *OPERATIONS, *(loop.name for loop in LOOPS)]


def find(name: str, size: int, library: str = "wengert") -> Callable[[], Any]:
    """The derivative of a named program: a gradient, or a Jacobian for the fits.

    Raises
    ------
    KeyError
        No program has that name.
    """
    loaded = LOADERS[library]()
    for loop in LOOPS:
        if loop.name == name:
            return gradient_call(loop, loaded, size)
    for workload in curve_fits():
        if workload.name == name:
            return jacobian_calls(workload, [loaded])[next(iter(loaded.jacobians))]
    for workload in (*log_densities(), nothing(size)):
        if workload.name == name:
            return gradient_calls(workload, [loaded])[library]
    if name not in OPERATIONS:
        raise KeyError(f"no program {name!r}: one of {', '.join(names())}")
    return gradient_calls(chain(name, size), [loaded])[library]


def run(name: str, size: int, library: str = "wengert", seconds: float = 2.0) -> None:
    """Profile repeated warm calls for about ``seconds`` and print the costliest functions."""
    call = find(name, size, library)
    call()
    call()
    profiler = cProfile.Profile()
    n_calls, start = 0, perf_counter()
    profiler.enable()
    while perf_counter() - start < seconds:
        call()
        n_calls += 1
    profiler.disable()
    print(f"{library}: {name} at {size}: {n_calls} calls under the profiler")
    statistics = pstats.Stats(profiler)
    statistics.strip_dirs().sort_stats("tottime").print_stats(30)
