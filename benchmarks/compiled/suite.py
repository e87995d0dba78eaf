"""The suite: workers for each number of threads, then tables, Markdown, JSON and plots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import report
from benchmarks.compiled import plots, tables
from benchmarks.compiled.agreement import TOLERANCES
from benchmarks.compiled.cases import cases
from benchmarks.compiled.compiling import programs
from benchmarks.compiled.names import COMPILE, EAGER_PEERS, WORKLOADS
from benchmarks.compiled.names import PEERS as ALL_PEERS
from benchmarks.compiled.processes import CHECK, Outcome, run_items

PEERS = {"small": EAGER_PEERS, "all": ALL_PEERS}
"""Who takes part unless told otherwise: ``torch.compile`` alone takes minutes to compile."""

BUDGETS = {"small": 1.0, "all": 6.0}
"""Seconds for all rounds of one contestant's function or derivative."""

FIRST = {"small": 40.0, "all": 90.0}
"""Seconds for one first call."""

COMPILERS = ("wengert", "jax")
"""Whose compile time is taken against program size."""


def progress() -> Callable[[str], None]:
    """Lines with the elapsed time, on standard error."""
    start = perf_counter()

    def note(text: str) -> None:
        print(f"[{perf_counter() - start:6.1f} s] {text}", file=sys.stderr, flush=True)

    return note


def merged(outcome: Outcome, threads: int) -> list[dict[str, Any]]:
    """The rows, each with the failures that ended a worker; of a case measured twice the last."""
    rows = {f"{row['workload']}: {row['size']}": row for row in outcome.rows}
    for (item, contestant), reason in outcome.failures.items():
        if contestant == CHECK:
            continue  # too slow without jit to be compared: left undecided
        workload, _, size = item.partition(": ")
        empty = {"workload": workload, "size": size, "dtype": "float64", "threads": threads}
        empty.update(first={}, seconds={}, errors={}, wrong={}, jit_error=None)
        rows.setdefault(item, empty)["errors"][contestant] = reason
    for row in rows.values():
        apart = row["jit_error"]
        if apart is not None and apart > TOLERANCES[row["dtype"]]:
            row["wrong"]["wengert"] = f"jit differs from the uncompiled run by {apart:.1e}"
    return list(rows.values())


def compiling_note(note: Callable[[str], None], name: str, text: str) -> None:
    """Progress of a compile-time program."""
    note(f"compile, {name}, {text}")


def run_cases(
    workloads: Sequence[str],
    sizes: str,
    contestants: Sequence[str],
    threads: int,
    rounds: int,
    note: Callable[[str], None],
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All rows of the workloads at one number of threads, and who was missing."""
    chosen = [c for c in cases(tuple(workloads), sizes) if threads == 1 or c.is_parallel]
    items = [case.name for case in chosen]
    options = ["--threads", str(threads), "--rounds", str(rounds)]
    options += ["--budget", str(BUDGETS[sizes]), "--first", str(FIRST[sizes])]

    def numbered(text: str) -> None:
        item = text.partition(" (")[0]
        place = f"{items.index(item) + 1} of {len(items)}, " if item in items else ""
        note(f"{tables.threads_text(threads)}, {place}{text}")

    outcome = run_items("cases", items, contestants, options, numbered)
    return merged(outcome, threads), outcome.missing


def run_compile(
    sizes: str, contestants: Sequence[str], note: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Compile times on one thread, every program in a process of its own.

    Who fails or needs too long for one program gets no larger one of its family.
    """
    found: list[dict[str, Any]] = []
    for name in (name for name in contestants if name in COMPILERS):
        given_up: set[str] = set()
        for family, n in programs(sizes):
            if family.name in given_up:
                continue
            item = f"{family.name}/{n}"
            outcome = run_items(
                "compile",
                [item],
                [name],
                ["--threads", "1"],
                partial(compiling_note, note, name),
                grace=0.0,
            )
            row = {"family": family.name, "size": n, "contestant": name}
            row.update(outcome.rows[0] if outcome.rows else outcome.partial.get(item, {}))
            for reason in (*outcome.failures.values(), *outcome.missing.values()):
                row["error"] = reason
            found.append(row)
            if "error" in row:
                given_up.add(family.name)
    return found


def run(
    workloads: Sequence[str] = WORKLOADS,
    sizes: str = "small",
    threads: Sequence[int] = (1, 2),
    rounds: int = 5,
    peers: Sequence[str] | None = None,
    output: Path | None = None,
) -> dict[str, Any]:
    """Run the suite, print its tables, write ``compiled.json``, ``.md`` and plots to ``output``."""
    contestants = ("wengert", *(PEERS[sizes] if peers is None else peers))
    note = progress()
    rows: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for count in threads:
        found, absent = run_cases(workloads, sizes, contestants, count, rounds, note)
        rows += found
        missing.update(absent)
    compiles = run_compile(sizes, contestants, note) if COMPILE in workloads else []
    results = {"sizes": sizes, "rows": rows, "compile": compiles, "missing": missing}
    made = tables.all_tables(rows, compiles, contestants)
    for table in made:
        report.table(*table)
    remarks = tables.remarks(rows, compiles, missing)
    print("\n" + "\n".join(remarks))
    if output is not None:
        write(output, results, made, remarks)
    return results


def write(
    output: Path, results: dict[str, Any], made: Sequence[Any], remarks: Sequence[str]
) -> None:
    """Write everything and say where it is."""
    print(f"wrote {report.write_json(output / 'compiled.json', results)}")
    page = output / "compiled.md"
    page.write_text(tables.markdown(made, remarks))
    print(f"wrote {page}")
    for picture in (
        plots.ratios(results["rows"], output / "compiled-ratios.png"),
        plots.compile_times(results["compile"], output / "compiled-compile.png"),
    ):
        if picture is not None:
            print(f"wrote {picture}")
