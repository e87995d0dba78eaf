"""Sparse Jacobians and Hessians against peers, and colorings.

Four problems (`benchmarks.sparse_problems`), whoever can differentiate them
(`benchmarks.sparse_peers`), and a coloring (`benchmarks.sparse_coloring`). Two times count: the
first call, which finds structures and colors and compiles, and each further one, which a solver
makes. Derivatives are compared entry by entry, also those between differences and exact ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from benchmarks import report, sparse_coloring
from benchmarks.compiled.worker import NO_CACHES
from benchmarks.sparse_peers import Answer, contestants, n_colors
from benchmarks.sparse_problems import Problem, brusselator, problems, rosenbrock
from benchmarks.timing import BLOCK_SECONDS, ROUNDS, Race, Ratio, race

FORWARD = "numpy, value only"
PATIENCE = 1.0
"""Seconds: a call that takes longer is timed in one round only."""

TOLERANCES = {"scipy grouped 2-point": 1e-5}
"""Greatest difference in units of the derivative's largest entry; 1e-10 for exact ones."""

GRID = 300
"""Side of the grid whose Laplacian is colored."""


def processor_time() -> float:
    """Seconds that this process has worked, and its children that have ended: C compilers."""
    if find_spec("resource") is None:  # only Unix has it
        return process_time()
    resource = import_module("resource")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(process_time() + children.ru_utime + children.ru_stime)


@contextmanager
def alone() -> Iterator[None]:
    """One thread, and nothing that an earlier run compiled."""
    wishes = {"WENGERT_THREADS": "1", **NO_CACHES}
    before = {name: os.environ.get(name) for name in wishes}
    os.environ.update(wishes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def warm_up() -> None:
    """Let libraries load, and Wengert compile its own loops, before a clock runs."""
    for problem in (brusselator(4), rosenbrock(4)):
        for call in contestants(problem).values():
            with suppress(Exception):  # the race reports what a peer cannot do
                call()


@dataclass(frozen=True)
class Row:
    """A problem with everybody's times.

    Parameters
    ----------
    title, name, size : str
        What is computed, and the problem.
    race : Race
        Times; first calls hold what is done once.
    colors : mapping
        Into how many groups a contestant's coloring divides the columns, where it has one.
    differences : mapping
        By how much a contestant's answer differs from the first one's, relative to its largest
        entry.
    wrong : mapping
        What is wrong with an answer, by contestant.
    """

    title: str
    name: str
    size: str
    race: Race
    colors: Mapping[str, int]
    differences: Mapping[str, float]
    wrong: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "size": self.size,
            "colors": dict(self.colors),
            "differences": dict(self.differences),
            "wrong": dict(self.wrong),
            **self.race.as_dict(),
        }


def timed(calls: Mapping[str, Callable[[], Any]], rounds: int, block_seconds: float) -> Race:
    """A race by processor time, in which slow calls are not repeated."""
    return race(calls, rounds, block_seconds, clock=processor_time, patience=PATIENCE)


def measure(problem: Problem, rounds: int, block_seconds: float = BLOCK_SECONDS) -> Row:
    """Time everybody on a problem; compare values and derivatives, and count colors."""
    calls: dict[str, Callable[[], Answer]] = {**contestants(problem)}
    forward = {FORWARD: partial(problem.function, *problem.arguments)}
    found = timed({**calls, **forward}, rounds, block_seconds)
    answers = {name: call() for name, call in calls.items() if name in found.seconds}
    differences = apart(answers)
    limits = {name: TOLERANCES.get(name, 1e-10) for name in differences}
    wrong = {
        name: f"differs from {next(iter(answers))} by {difference:.1e}"
        for name, difference in differences.items()
        if not difference <= limits[name]
    }
    rows, columns = problem.structure.shape
    title = f"{problem.derivative}, {rows} x {columns}, {problem.structure.nnz} entries"
    return Row(title, problem.name, problem.size, found, n_colors(problem), differences, wrong)


def apart(answers: Mapping[str, Answer]) -> dict[str, float]:
    """Each answer's distance from the first, the larger one of value's and derivative's.

    Infinite where shapes differ.
    """
    found: dict[str, float] = {}
    reference: tuple[np.ndarray, csr_array] | None = None
    for name, answer in answers.items():
        value, derivative = np.ravel(answer.value), csr_array(answer.derivative)
        if reference is None:
            reference = value, derivative
        elif (value.shape, derivative.shape) != (reference[0].shape, reference[1].shape):
            found[name] = np.inf
        else:
            gaps = largest(value - reference[0]), largest(derivative - reference[1])
            scales = largest(reference[0]), largest(reference[1])
            found[name] = float(np.max(np.divide(gaps, scales)))
    return found


def largest(x: Any) -> float:
    """The greatest magnitude in an array, dense or sparse; NaN where there is one."""
    return float(np.max(np.abs(x.data if issparse(x) else x), initial=0.0))


def measure_colorings(side: int, rounds: int, block_seconds: float = BLOCK_SECONDS) -> Row:
    """Time three colorings of a Laplacian's columns, and look whether they are valid."""
    structure = sparse_coloring.laplacian(side)
    calls = {
        name: partial(coloring, structure) for name, coloring in sparse_coloring.COLORINGS.items()
    }
    result = timed(calls, rounds, block_seconds)
    colors = {name: calls[name]() for name in result.seconds}
    wrong = {
        name: "two columns of one color meet in a row"
        for name, found in colors.items()
        if not sparse_coloring.is_valid(structure, found)
    }
    counts = {name: sparse_coloring.n_colors(found) for name, found in colors.items()}
    title = f"colors of columns, {structure.shape[0]} x {structure.shape[1]}"
    title += f", {structure.nnz} entries"
    return Row(title, "coloring", f"Laplacian, {side} x {side}", result, counts, {}, wrong)


def run(
    rounds: int = ROUNDS,
    output: Path | None = None,
    names: Sequence[str] = (),
    sizes: str = "small",
    makers: Sequence[Callable[[], Problem]] | None = None,
    side: int = GRID,
    block_seconds: float = BLOCK_SECONDS,
) -> dict[str, Any]:
    """Run the suite, print a table a problem, write ``sparse.json`` and ``sparse.png``."""
    missing = {} if find_spec("casadi") is not None else {"casadi": "not installed"}
    for name, reason in missing.items():
        print(f"{name} is left out: {reason}")
    chosen = problems(names, sizes) if makers is None else makers
    rows = []
    with alone():
        warm_up()
        for make in report.progress(chosen, "sparse derivatives"):
            rows.append(measure(make(), rounds, block_seconds))
            print_row(rows[-1])
        if "coloring" in names:
            rows.append(measure_colorings(side, rounds, block_seconds))
            print_row(rows[-1])
    print_verdicts(rows)
    results = {"rows": [row.as_dict() for row in rows], "missing": missing}
    if output is not None:
        print(f"wrote {report.write_json(output / 'sparse.json', results)}")
        picture = draw(rows, output / "sparse.png")
        if picture is not None:
            print(f"wrote {picture}")
    return results


def times(ratio: Ratio) -> str:
    """A ratio with two digits, however small, and its least and greatest round."""
    return f"{ratio.value:.2g} ({ratio.low:.2g}-{ratio.high:.2g})"


def print_row(row: Row) -> None:
    """One line a contestant."""
    lines = []
    for name in [*row.race.seconds, *row.race.errors]:
        is_timed = name in row.race.seconds
        ratio, colors = row.race.ratio("wengert", name), row.colors.get(name)
        difference = row.differences.get(name)
        lines.append(
            [
                name,
                report.duration(row.race.first_seconds.get(name)),
                report.duration(row.race.median(name)) if is_timed else "failed",
                "-" if ratio is None else times(ratio),
                "-" if colors is None else str(colors),
                "-" if difference is None else f"{difference:.1e}",
            ]
        )
    columns = ["by", "first call", "further call", "wengert/this", "colors", "difference"]
    report.table(f"{row.name}, {row.size}: {row.title}", columns, lines)


def print_verdicts(rows: Sequence[Row]) -> None:
    """Who is faster, once prepared and counting a first call, and all that went wrong."""
    print()
    for row in rows:
        print(f"{row.name}, {row.size}")
        for name in row.race.seconds:
            ratio = row.race.ratio("wengert", name)
            if ratio is None or name in ("wengert", FORWARD):
                continue
            verdict = "yes" if ratio.is_faster else "no"
            first = row.race.first_seconds["wengert"] / row.race.first_seconds[name]
            print(f"  faster than {name}: {verdict}, {times(ratio)}; first call {first:.2g}")
    for row in rows:
        for name, text in row.wrong.items():
            print(f"DISAGREEMENT, {row.name}, {row.size}: {name} {text}")
        for name, error in row.race.errors.items():
            print(f"FAILED, {row.name}, {row.size}, {name}: {error.splitlines()[0]}")


def draw(rows: Sequence[Row], path: Path) -> Path | None:
    """First and further calls of everybody, a panel a problem; None without matplotlib."""
    made = report.new_figure(len(rows), 1, 8.5, 0.8 + 1.7 * len(rows)) if rows else None
    if made is None:
        return None
    figure, axes = made
    for (axis,), row in zip(axes, rows, strict=True):
        names = list(row.race.seconds)
        again = [row.race.median(name) for name in names]
        first = [row.race.first_seconds[name] for name in names]
        places = range(len(names))
        colors = ["tab:blue" if name == "wengert" else "tab:gray" for name in names]
        axis.hlines(places, again, first, colors="0.85", linewidth=3, zorder=1)
        axis.scatter(first, places, s=32, facecolors="white", edgecolors=colors, zorder=2)
        axis.scatter(again, places, s=36, c=colors, zorder=3)
        axis.set_xscale("log")
        axis.set_xlim(1e-5, 1e2)
        axis.tick_params(labelsize=8)
        axis.set_yticks(places, names, fontsize=8)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_title(f"{row.name}, {row.size}: {row.title}", fontsize=9, loc="left")
        axis.grid(axis="x", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    label = "seconds of processor time: first call (open), each further one (full)"
    axes[-1][0].set_xlabel(label, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
