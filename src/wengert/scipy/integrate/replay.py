"""The steps that SciPy took, done again as recorded operations.

Where the values of everything are known the steps are known, and a `scan` runs over them. Where
they are not (under `jit`, `vmap`, in loops) SciPy is an equation that leaves its steps in arrays
of a fixed length, and a `while_loop` runs over as many of them as there are.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.control import checkpoint, scan, while_loop
from wengert.errors import ConvergenceError
from wengert.scipy.integrate.steps import NODES, Collocation, Explicit
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer

MOST_STEPS = 10_000  # where their number is not known beforehand
_LONG = 500  # steps: from there on a step's inner values are computed again, not kept


def known(value: Any) -> Any:
    """The plain value of a tracer; None where there is none, or where a guard would be needed."""
    while isinstance(value, Tracer):
        value.refresh()
        if type(value.recording).on_decision is not Recording.on_decision:
            return None
        value = value.value
    return value


@dataclass(frozen=True)
class Steps:
    """What SciPy did: its steps t_0 < t_1 < ..., and stage values where the method is implicit."""

    times: np.ndarray
    stages: np.ndarray

    @property
    def n(self) -> int:
        return len(self.times) - 1


def steps_of(found: Any, method: Any, extra: Any) -> Steps:
    """The steps of a solution with dense output, `extra` times among them."""
    parts = found.sol.interpolants
    times = np.array([parts[0].t_old, *[p.t for p in parts]])
    if isinstance(method, Explicit):
        return Steps(times, np.zeros((len(times) - 1, 0, 0)))
    forward = times[-1] >= times[0]
    if extra is not None:
        inside = extra[(extra > times.min()) & (extra < times.max())]
        times = np.unique(np.concatenate([times, inside]))
        times = times if forward else times[::-1]
    old, new = times[:-1, None], times[1:, None]
    at = old + (new - old) * NODES
    ends = np.array([p.t for p in parts])
    which = np.searchsorted(ends if forward else -ends, times[1:] if forward else -times[1:])
    stages = np.stack([parts[i](t).T for i, t in zip(which, at, strict=True)])
    return Steps(times, stages)


def replay(
    f: Any, method: Any, y0: Any, times: Any, stages: Any, n: int, with_between: bool
) -> tuple[Any, Any]:
    """The solution at all times, shape (n + 1, ...), and the coefficients between them."""

    def body(carry: Any, item: Any) -> Any:
        y, slope = carry
        t, t_new, given = item
        y_new, slope_new, q = method.step(f, t, t_new, y, slope, given)
        return (y_new, slope_new), (y_new, q) if with_between else (y_new,)

    slope = f(times[0], y0) if isinstance(method, Explicit) else np.zeros(0)
    items = (times[:-1], times[1:], stages)
    found = scan(checkpoint(body) if n > _LONG else body, (y0, slope), items)[1]
    ys = np.concatenate([np.reshape(y0, (1, -1)), found[0]])
    return ys, np.swapaxes(found[1], 0, 1) if with_between else None


def replay_padded(
    f: Any, method: Any, y0: Any, times: Any, stages: Any, count: Any, segment: Any, at: Any
) -> Any:
    """The solution at the times `at`, each in a segment that is given, for a traced `count`."""

    def body(carry: Any) -> Any:
        i, y, slope, out = carry
        t, t_new = times[i], times[i + 1]
        y_new, slope_new, q = method.step(f, t, t_new, y, slope, stages[i])
        x = (at - t) / (t_new - t)
        here = method.between(np.expand_dims(q, 1), y, x)
        return i + 1, y_new, slope_new, np.where((segment == i)[:, None], here, out)

    slope = f(times[0], y0) if isinstance(method, Explicit) else np.zeros(0)
    out = np.zeros((at.shape[0], 1)) + y0
    start = (np.int64(0), y0, slope, out)
    return while_loop(lambda carry: carry[0] < count, body, start)[3]


def padded(steps: Steps, at: Any) -> Sequence[Any]:
    """Arrays of a fixed length: count, times, stages, the segment of each time in `at`."""
    if steps.n > MOST_STEPS:
        raise ConvergenceError(
            "solve_ivp: there are too many steps to be replayed without values.",
            got=f"{steps.n} steps",
            expected=f"at most {MOST_STEPS} under jit, vmap and in loops",
            try_="looser tolerances, another method, or no jit around solve_ivp",
        )
    missing = MOST_STEPS - steps.n
    times = np.pad(steps.times, (0, missing), mode="edge")
    stages = np.pad(steps.stages, ((0, missing), (0, 0), (0, 0)))
    return steps.n, times, stages, segments(steps.times, at)


def segments(times: Any, at: Any) -> Any:
    """The step in which each time lies; a time between two steps belongs to the earlier one."""
    sign = 1.0 if times[-1] >= times[0] else -1.0
    where = np.searchsorted(sign * times, sign * np.asarray(at), side="left") - 1
    return np.clip(where, 0, len(times) - 2)


def method_of(given: Any) -> tuple[Any, Any]:
    """SciPy's class of a method, and how its steps are replayed."""
    module = importlib.import_module("scipy.integrate")
    names = {"RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"}
    if isinstance(given, str):
        found = next((n for n in names if n.lower() == given.lower()), given)
        given = getattr(module, found, given) if found in names else given
    is_explicit = isinstance(given, type) and hasattr(given, "P") and hasattr(given, "B")
    return given, Explicit(given) if is_explicit else Collocation()
