"""Uncompiled derivatives against peers: cost per operation, log-densities, Jacobians of fits.

Every library's answer is compared with the others': a fast wrong answer is reported as a
disagreement, beside its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.libraries import Library, as_numpy, installed
from benchmarks.programs import SIZES, Workload, chains, curve_fits, log_densities
from benchmarks.timing import BLOCK_SECONDS, ROUNDS, Race, race

Calls = Mapping[str, Callable[[], Any]]

FORWARD = "numpy forward"
SCIPY = "scipy 2-point"
FORWARD_LIMIT = 10.0
"""Hold the uncompiled gradient of a log-density under this many forward runs (autograd: 43)."""


@dataclass(frozen=True)
class Row:
    """One workload with everybody's times; ``disagreement`` is empty when all answers agree."""

    workload: Workload
    race: Race
    disagreement: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.workload.name,
            "size": self.workload.size,
            "operations": self.workload.n_operations,
            "disagreement": self.disagreement,
            **self.race.as_dict(),
        }


def forward_call(workload: Workload) -> Callable[[], Any]:
    """The plain NumPy run of a workload."""
    function = workload.bind(np, lambda array: array)
    return lambda: function(workload.argument)


def gradient_calls(workload: Workload, libraries: Sequence[Library]) -> dict[str, Any]:
    """The gradient of a workload by each library, built once, ready to be called."""
    calls: dict[str, Any] = {}
    for library in libraries:
        gradient = library.gradient(workload.bind(library.module, library.constant))
        argument = library.argument(workload.argument)
        calls[library.name] = lambda gradient=gradient, argument=argument: gradient(argument)
    return calls


def jacobian_calls(workload: Workload, libraries: Sequence[Library]) -> dict[str, Any]:
    """The Jacobian of a workload by each library's transforms and by SciPy's differences.

    ``approx_derivative`` is what SciPy's own solvers call; like them, it is handed the residuals
    at ``x``, so that it evaluates the function once for each parameter.
    """
    calls: dict[str, Any] = {}
    for library in libraries:
        function = workload.bind(library.module, library.constant)
        argument = library.argument(workload.argument)
        for label, transform in library.jacobians.items():
            jacobian = transform(function)
            calls[label] = lambda jacobian=jacobian, argument=argument: jacobian(argument)
    function, x = workload.bind(np, lambda array: array), workload.argument
    differences = import_module("scipy.optimize._numdiff").approx_derivative
    residuals = function(x)
    calls[SCIPY] = lambda: differences(function, x, method="2-point", f0=residuals)
    return calls


def disagreement(calls: Calls, tolerance: Mapping[str, float]) -> str:
    """Which answers differ from the first that is there; empty when none does.

    ``tolerance`` is relative to the largest entry, by contestant, 1e-9 where it is not named.
    """
    answers: dict[str, Any] = {}
    for name, call in calls.items():
        try:
            answers[name] = as_numpy(call())
        except Exception:  # whatever was raised is reported by the race
            continue
    if not answers:
        return ""
    first, reference = next(iter(answers.items()))
    scale = max(1e-12, float(np.max(np.abs(reference), initial=0.0)))
    wrong = []
    for name, answer in answers.items():
        limit = tolerance.get(name, 1e-9) * scale
        if answer.shape != reference.shape or not np.allclose(answer, reference, 0.0, limit):
            wrong.append(name)
    return f"{', '.join(wrong)} differs from {first}" if wrong else ""


def measure(
    workload: Workload, calls: Calls, rounds: int, block_seconds: float = BLOCK_SECONDS
) -> Row:
    """Time a workload's derivative by every contestant and its NumPy forward, interleaved.

    The race comes first, since a first call is timed only once; its answers are checked after.
    """
    result = race({FORWARD: forward_call(workload), **calls}, rounds, block_seconds)
    return Row(workload, result, disagreement(calls, {SCIPY: 1e-5}))


def run(
    rounds: int = ROUNDS,
    output: Path | None = None,
    gradients: Sequence[Workload] | None = None,
    fits: Sequence[Workload] | None = None,
    block_seconds: float = BLOCK_SECONDS,
) -> dict[str, Any]:
    """Run the suite, print its tables, write ``eager.json`` and ``eager.png`` under ``output``."""
    libraries, missing = installed()
    for name, reason in missing.items():
        print(f"{name} is left out: {reason}")
    workloads = [*log_densities(), *chains()] if gradients is None else list(gradients)
    rows = [
        measure(workload, gradient_calls(workload, libraries), rounds, block_seconds)
        for workload in report.progress(workloads, "gradients")
    ]
    fit_rows = [
        measure(workload, jacobian_calls(workload, libraries), rounds, block_seconds)
        for workload in report.progress(curve_fits() if fits is None else fits, "Jacobians")
    ]
    print_gradients(rows)
    print_jacobians(fit_rows)
    print_verdicts(rows, fit_rows)
    results = {
        "gradients": [row.as_dict() for row in rows],
        "jacobians": [row.as_dict() for row in fit_rows],
        "missing": missing,
    }
    if output is not None:
        print(f"wrote {report.write_json(output / 'eager.json', results)}")
        picture = draw(rows, output / "eager.png")
        if picture is not None:
            print(f"wrote {picture}")
    return results


def _seconds(row: Row, name: str) -> str:
    if name in row.race.errors:
        return "failed"
    return report.duration(row.race.median(name) if name in row.race.seconds else None)


def _ratio(row: Row, other: str) -> str:
    ratio = row.race.ratio("wengert", other)
    return "-" if ratio is None else str(ratio)


def print_gradients(rows: Sequence[Row]) -> None:
    """One line a workload: medians, ratios, and the gradient in units of the forward run."""
    columns = ["gradient of", "size", "numpy", "wengert", "autograd", "torch"]
    columns += ["wengert/autograd", "wengert/torch", "wengert/numpy", "autograd/numpy", "first"]
    lines = []
    for row in rows:
        theirs = row.race.ratio("autograd", FORWARD)
        names = (FORWARD, "wengert", "autograd", "torch")
        lines.append(
            [
                row.workload.name,
                str(row.workload.size),
                *(_seconds(row, name) for name in names),
                _ratio(row, "autograd"),
                _ratio(row, "torch"),
                _ratio(row, FORWARD),
                "-" if theirs is None else f"{theirs.value:.1f}",
                report.duration(row.race.first_seconds.get("wengert")),
            ]
        )
    title = "Gradients, uncompiled (median of rounds; ratio with its least and greatest round)"
    report.table(title, columns, lines)


def print_jacobians(rows: Sequence[Row]) -> None:
    """One line a contestant: its median and Wengert's time in units of it."""
    for row in rows:
        names = [*row.race.seconds, *row.race.errors]
        lines = [[name, _seconds(row, name), _ratio(row, name)] for name in names]
        title = f"Jacobian of the {row.workload.name}, 100x3, uncompiled"
        report.table(title, ["by", "median", "wengert/this"], lines)


def print_verdicts(rows: Sequence[Row], fit_rows: Sequence[Row]) -> None:
    """The questions this suite answers, each with its answer, and everything that went wrong."""
    print()
    for row in rows:
        ratio = row.race.ratio("wengert", FORWARD)
        if "log-density" in row.workload.name and ratio is not None:
            verdict = "yes" if ratio.value <= FORWARD_LIMIT else "no"
            print(f"{row.workload.name}: gradient <= 10 forward runs: {verdict}, {ratio}")
    for row in fit_rows:
        ratio = row.race.ratio("wengert", SCIPY)
        if ratio is not None:
            verdict = "yes" if ratio.is_faster else "no"
            print(f"{row.workload.name}: faster than SciPy's differences: {verdict}, {ratio}")
    for peer in ("autograd", "torch"):
        ratios = [(row, row.race.ratio("wengert", peer)) for row in rows]
        pairs = [(row, ratio) for row, ratio in ratios if ratio is not None]
        ahead = [row for row, ratio in pairs if ratio.is_faster]
        print(f"faster than {peer} on {len(ahead)} of {len(pairs)} gradients")
        behind = sorted(
            ((row, ratio) for row, ratio in pairs if not ratio.is_faster),
            key=lambda pair: -pair[1].value,
        )
        for row, ratio in behind[:12]:
            print(f"  not faster: {row.workload.name} at {row.workload.size}: {ratio}")
    for row in [*rows, *fit_rows]:
        label = f"{row.workload.name} at {row.workload.size}"
        if row.disagreement:
            print(f"DISAGREEMENT, {label}: {row.disagreement}")
        for name, error in row.race.errors.items():
            print(f"FAILED, {label}, {name}: {error.splitlines()[0]}")


def draw(rows: Sequence[Row], path: Path) -> Path | None:
    """Ratios to autograd and PyTorch for every workload, a panel a size; None without matplotlib.

    The rule at 1 is equal time, left of it Wengert is ahead.
    """

    def panel(row: Row) -> int:
        return min(SIZES, key=lambda size: abs(math.log(row.workload.size / size)))

    sizes = sorted({panel(row) for row in rows})
    made = report.new_figure(1, len(sizes), 4.2 * len(sizes), 9.0) if rows else None
    if made is None:
        return None
    figure, axes = made
    ticks = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    for axis, size in zip(axes[0], sizes, strict=True):
        members = [row for row in rows if panel(row) == size]
        for peer, color in (("autograd", "tab:blue"), ("torch", "tab:orange")):
            points = [
                (ratio.value, position)
                for position, row in enumerate(members)
                if (ratio := row.race.ratio("wengert", peer)) is not None
            ]
            if points:
                axis.plot(*zip(*points, strict=True), "o", color=color, label=f"against {peer}")
        axis.axvline(1.0, color="black", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.set_yticks(range(len(members)), [row.workload.name for row in members], fontsize=7)
        axis.invert_yaxis()
        axis.set_title(f"{size} element{'s' * (size > 1)}", fontsize=9)
        axis.set_xlabel("Wengert's time / peer's time")
        axis.grid(axis="x", alpha=0.3)
    if axes[0][0].get_legend_handles_labels()[0]:
        axes[0][0].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
