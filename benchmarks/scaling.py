"""How the gradient of a Python loop grows with its length: time and peak memory.

A gradient of ``n`` indexed reads, writes or steps must cost in proportion to ``n``: a rule that
makes one array of zeros for each read, or one copy of the buffer for each write, would make it
grow with the square. Two costs are followed: *first*, a loop of a length never met before
(recorded, transformed, run), and *again*, the same length once more.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.libraries import Library, as_numpy, installed
from benchmarks.programs import LOOPS, Loop
from benchmarks.timing import ROUNDS, block, turned

LENGTHS = (100, 316, 1000, 3162, 10_000)
"""Steps, half a decade apart."""

PATIENCE = 1.0
"""Seconds: a contestant whose gradient took longer is not given longer loops, nor followed in
memory there (tracing allocations would make it several times slower still)."""

MEASURES = ("first", "again", "memory first", "memory again")


@dataclass
class Curve:
    """Seconds or bytes of one library on one loop, by length, for every measure."""

    loop: str
    library: str
    points: dict[str, dict[int, float]] = field(
        default_factory=lambda: {measure: {} for measure in MEASURES}
    )
    note: str = ""

    def exponent(self, measure: str) -> float | None:
        """Growth over the last decade of lengths (`growth`), None without two points."""
        points = self.points[measure]
        if not points:
            return None
        last = {n: value for n, value in points.items() if n * 10 >= max(points)}
        return growth(last)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "loop": self.loop,
            "library": self.library,
            "points": self.points,
            "exponents": {measure: self.exponent(measure) for measure in MEASURES},
            "note": self.note,
        }


def growth(points: dict[int, float]) -> float | None:
    """The exponent p of the least-squares line log(value) = p log(n) + c.

    Examples
    --------
    >>> round(growth({10: 3.0, 100: 300.0, 1000: 30000.0}), 6)
    2.0
    """
    if len(points) < 2:
        return None
    lengths, values = np.log(list(points)), np.log(np.maximum(list(points.values()), 1e-12))
    return float(np.polyfit(lengths, values, 1)[0])


def loop_function(loop: Loop, library: Library, n: int) -> Callable[[Any], Any]:
    """The loop of ``n`` steps as a function of its argument alone, over a library."""
    needs_copies = library.name == "torch" and loop.torch_function is not None
    function = loop.torch_function if needs_copies else loop.function
    assert function is not None  # `needs_copies` says so
    return lambda x: function(library.module, library.zeros, n, x)


def gradient_call(loop: Loop, library: Library, n: int) -> Callable[[], Any]:
    """The gradient of the loop of ``n`` steps, built once, ready to be called."""
    gradient = library.gradient(loop_function(loop, library, n))
    argument = library.argument(loop.argument(n))
    return lambda: gradient(argument)


def peak_memory(call: Callable[[], Any]) -> int:
    """Greatest number of bytes that Python and NumPy held at once during the call, beyond before.

    PyTorch allocates outside of Python: its tensors are not seen.
    """
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return max(1, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()


def measure_loop(
    loop: Loop,
    libraries: Sequence[Library],
    lengths: Sequence[int] = LENGTHS,
    rounds: int = ROUNDS,
    patience: float = PATIENCE,
) -> list[Curve]:
    """Follow one loop over the lengths, every library in interleaved rounds.

    Memory is taken apart from time, since tracing allocations slows Python down: for *first* on
    a loop one step longer, which is new as well.
    """
    curves = {library.name: Curve(loop.name, library.name) for library in libraries}
    entrants = {library.name: library for library in libraries}
    for library in libraries:
        if loop.assigns and not library.can_assign:
            curves[library.name].note = "cannot assign"
            del entrants[library.name]
    for n in lengths:
        calls: dict[str, Callable[[], Any]] = {}
        answers: dict[str, Any] = {}
        for name, library in list(entrants.items()):
            try:
                calls[name] = gradient_call(loop, library, n)
                start = process_time()
                answers[name] = as_numpy(calls[name]())
                curves[name].points["first"][n] = process_time() - start
            except Exception as error:  # a peer's failure is reported, and the rest goes on
                curves[name].note = f"{type(error).__name__}: {str(error).splitlines()[0]}"
                calls.pop(name, None)
                del entrants[name]
        _compare(curves, answers, n)
        _time_again(curves, calls, n, rounds)
        for name in calls:
            points = curves[name].points
            if points["again"][n] > patience:
                curves[name].note = f"stopped after n = {n}"
                del entrants[name]
            elif name != "torch":
                points["memory again"][n] = peak_memory(calls[name])
                if points["first"][n] <= patience:
                    longer = gradient_call(loop, entrants[name], n + 1)
                    points["memory first"][n] = peak_memory(longer)
    return list(curves.values())


def _compare(curves: dict[str, Curve], answers: dict[str, Any], n: int) -> None:
    """Note who differs from the first answer that is there."""
    if not answers:
        return
    first, reference = next(iter(answers.items()))
    for name, answer in answers.items():
        if not np.allclose(answer, reference, rtol=1e-8, atol=1e-10):
            curves[name].note = f"DISAGREEMENT with {first} at n = {n}"


def _time_again(
    curves: dict[str, Curve], calls: dict[str, Callable[[], Any]], n: int, rounds: int
) -> None:
    """Median over interleaved rounds of the gradient of a length already met."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in turned(list(calls), turn):
            slow = curves[name].points["first"][n] > 1.0
            if slow and turn > 0:
                continue  # one round of a call of seconds says enough about its growth
            repeats = max(1, min(50, 10_000 // (10 * n)))
            times[name].append(block(calls[name], repeats, process_time))
        gc.collect()
    for name, seconds in times.items():
        curves[name].points["again"][n] = median(seconds)


def run(
    rounds: int = ROUNDS,
    output: Path | None = None,
    loops: Sequence[Loop] = LOOPS,
    lengths: Sequence[int] = LENGTHS,
) -> dict[str, Any]:
    """Run the suite, print a table a loop, write ``scaling.json`` and ``scaling.png``."""
    libraries, missing = installed()
    for name, reason in missing.items():
        print(f"{name} is left out: {reason}")
    curves: list[Curve] = []
    for loop in report.progress(loops, "loops"):
        found = measure_loop(loop, libraries, lengths, rounds)
        print_loop(loop, found, lengths)
        curves += found
    results = {"curves": [curve.as_dict() for curve in curves], "missing": missing}
    if output is not None:
        print(f"wrote {report.write_json(output / 'scaling.json', results)}")
        picture = draw(curves, output / "scaling.png")
        if picture is not None:
            print(f"wrote {picture}")
    return results


def print_loop(loop: Loop, curves: Sequence[Curve], lengths: Sequence[int]) -> None:
    """One line a library and measure: values by length and the exponent of the last decade."""
    lines = []
    for curve in curves:
        for measure in MEASURES:
            points, exponent = curve.points[measure], curve.exponent(measure)
            if not points:
                continue
            show = report.size if measure.startswith("memory") else report.duration
            cells = [show(points.get(n)) for n in lengths]
            power = "-" if exponent is None else f"{exponent:.2f}"
            lines.append([f"{curve.library}, {measure}", *cells, power])
        if curve.note:
            lines.append([f"{curve.library}: {curve.note}", *("" for _ in lengths), ""])
    title = f"Gradient of {loop.name} in a Python loop"
    report.table(title, ["", *(f"n = {n}" for n in lengths), "exponent"], lines)


def draw(curves: Sequence[Curve], path: Path) -> Path | None:
    """Time (above) and peak memory (below) by length, a column a loop; None without matplotlib."""
    names = list(dict.fromkeys(curve.loop for curve in curves))
    made = report.new_figure(2, len(names), 3.2 * len(names), 6.0) if names else None
    if made is None:
        return None
    figure, axes = made
    colors = {"wengert": "tab:green", "autograd": "tab:blue", "torch": "tab:orange"}
    for column, name in enumerate(names):
        for curve in (curve for curve in curves if curve.loop == name):
            for row, measure in ((0, "again"), (0, "first"), (1, "memory again")):
                points = curve.points[measure]
                if not points:
                    continue
                style = ":" if measure == "first" else "-"
                label = f"{curve.library}, {measure}" if row == 0 else curve.library
                color = colors.get(curve.library)
                x, y = list(points), list(points.values())
                axes[row][column].loglog(x, y, style, marker=".", color=color, label=label)
        axes[0][column].set_title(name, fontsize=9)
        axes[1][column].set_xlabel("steps")
        for row in (0, 1):
            axes[row][column].grid(alpha=0.3)
    axes[0][0].set_ylabel("seconds")
    axes[1][0].set_ylabel("peak bytes")
    axes[0][0].legend(fontsize=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
