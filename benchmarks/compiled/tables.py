"""Tables of the compiled suite, in plain text and in Markdown, and what has to be said below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.report import duration
from benchmarks.timing import Ratio

Row = Mapping[str, Any]

GRADIENT_LIMIT = 3.0
"""Hold the derivative under this many times its function (theory bounds it by about 4)."""


class Table(NamedTuple):
    """A title, the heads of the columns, and lines of cells."""

    title: str
    columns: list[str]
    lines: list[list[str]]


def threads_text(count: int) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{count} thread{'s' * (count != 1)}"


def seconds_of(row: Row, name: str, kind: str) -> list[float]:
    """One entry a round; empty for who failed."""
    found: list[float] = row["seconds"].get(name, {}).get(kind, [])
    return found


def ratio(row: Row, name: str, other: str, kind: str) -> Ratio | None:
    """Time of ``name`` over that of ``other``, with the extremes within rounds.

    Where the two were not timed equally often, no rounds correspond, and the extremes are those
    of all pairs.
    """
    mine, theirs = seconds_of(row, name, kind), seconds_of(row, other, kind)
    if not mine or not theirs:
        return None
    if len(mine) == len(theirs):
        within = [a / b for a, b in zip(mine, theirs, strict=True)]
    else:
        within = [a / b for a in mine for b in theirs]
    return Ratio(median(mine) / median(theirs), min(within), max(within))


def fastest_peer(row: Row, kind: str) -> str | None:
    """The fastest contestant beside Wengert whose answers are confirmed."""
    times = {
        name: median(seconds_of(row, name, kind))
        for name in row["seconds"]
        if name != "wengert" and name not in row["wrong"] and seconds_of(row, name, kind)
    }
    return min(times, key=times.__getitem__) if times else None


def against_fastest(row: Row, kind: str) -> Ratio | None:
    """Wengert's time over the fastest peer's; None where either is missing or Wengert is wrong."""
    peer = fastest_peer(row, kind)
    if peer is None or "wengert" in row["wrong"]:
        return None
    return ratio(row, "wengert", peer, kind)


def cell(row: Row, name: str, kind: str) -> str:
    """A contestant's median, or why there is none."""
    if name in row["errors"]:
        return "failed"
    times = seconds_of(row, name, kind)
    if not times:
        return "-"
    return duration(median(times)) + (" wrong" if name in row["wrong"] else "")


def per_function(row: Row, name: str | None) -> str:
    """A contestant's derivative in units of its function."""
    if name is None:
        return "-"
    function, derivative = (seconds_of(row, name, kind) for kind in ("function", "derivative"))
    return f"{median(derivative) / median(function):.1f}" if function and derivative else "-"


def times_table(rows: Sequence[Row], kind: str, contestants: Sequence[str], title: str) -> Table:
    """One line a case: everybody's time, Wengert's in units of the fastest peer's, the verdict."""
    columns = ["workload", "size", *contestants, "wengert/fastest peer", "faster"]
    if kind == "derivative":
        columns += ["derivative/function", "fastest peer's"]
    lines = []
    for row in rows:
        best = against_fastest(row, kind)
        peer = fastest_peer(row, kind)
        line = [row["workload"], row["size"], *(cell(row, name, kind) for name in contestants)]
        line.append("-" if best is None else f"{best} {peer}")
        line.append("-" if best is None else "yes" if best.is_faster else "no")
        if kind == "derivative":
            line += [per_function(row, "wengert"), per_function(row, peer)]
        lines.append(line)
    return Table(title, columns, lines)


def first_table(rows: Sequence[Row], contestants: Sequence[str], title: str) -> Table:
    """First calls: recording, differentiating, compiling and one run."""
    who = [name for name in contestants if name in ("wengert", "jax", "torch.compile")]
    columns = ["workload", "size"]
    columns += [f"{name} {kind}" for name in who for kind in ("function", "derivative")]
    lines = [
        [row["workload"], row["size"]]
        + [
            duration(row["first"].get(name, {}).get(kind))
            for name in who
            for kind in ("function", "derivative")
        ]
        for row in rows
    ]
    return Table(title, columns, lines)


def compile_table(compiles: Sequence[Row]) -> Table:
    """Compile time against size: first calls of function and gradient, less the second."""
    columns = ["program", "size", "by", "function: first", "then", "gradient: first", "then"]
    columns += ["gradient/function", "us an equation"]
    lines = []
    for found in compiles:
        firsts: list[Any] = [found.get(f"{kind} first") for kind in ("function", "derivative")]
        seconds: list[Any] = [found.get(f"{kind} second") for kind in ("function", "derivative")]
        quotient = "-" if None in firsts else f"{firsts[1] / firsts[0]:.1f}"
        each = "-" if firsts[1] is None else f"{firsts[1] / found['size'] * 1e6:.0f}"
        lines.append(
            [
                found["family"],
                str(found["size"]),
                found["contestant"],
                *(duration(x) for pair in zip(firsts, seconds, strict=True) for x in pair),
                quotient,
                each,
            ]
        )
    return Table("Compile time against program size, 1 thread", columns, lines)


def all_tables(
    rows: Sequence[Row], compiles: Sequence[Row], contestants: Sequence[str]
) -> list[Table]:
    """Function, derivative and first calls for each number of threads; then compile times."""
    made = []
    for count in sorted({row["threads"] for row in rows}):
        members = [row for row in rows if row["threads"] == count]
        where = threads_text(count)
        for kind in ("function", "derivative"):
            title = (
                f"Compiled {kind}, {where} (median of rounds; ratio with its least and greatest)"
            )
            made.append(times_table(members, kind, contestants, title))
        made.append(first_table(members, contestants, f"First calls, {where}"))
    if compiles:
        made.append(compile_table(compiles))
    return made


def remarks(rows: Sequence[Row], compiles: Sequence[Row], missing: Mapping[str, str]) -> list[str]:
    """Counts of verdicts, then everything that went wrong."""
    lines = [f"{name} is left out: {reason}" for name, reason in missing.items()]
    for count in sorted({row["threads"] for row in rows}):
        members = [row for row in rows if row["threads"] == count]
        for kind in ("function", "derivative"):
            found = [r for row in members if (r := against_fastest(row, kind)) is not None]
            faster = sum(r.is_faster for r in found)
            lines.append(
                f"{threads_text(count)}: {kind} faster than every peer on {faster} of {len(found)}"
            )
        quotients = [
            (median(seconds_of(row, "wengert", "derivative")), row)
            for row in members
            if seconds_of(row, "wengert", "derivative") and seconds_of(row, "wengert", "function")
        ]
        within = sum(
            time <= GRADIENT_LIMIT * median(seconds_of(row, "wengert", "function"))
            for time, row in quotients
        )
        lines.append(
            f"{threads_text(count)}: derivative <= {GRADIENT_LIMIT:g} functions on "
            f"{within} of {len(quotients)}"
        )
    for row in rows:
        label = f"{row['workload']} {row['size']}, {threads_text(row['threads'])}"
        lines += [f"DISAGREEMENT, {label}: {name}'s {why}" for name, why in row["wrong"].items()]
        lines += [f"FAILED, {label}, {name}: {why}" for name, why in row["errors"].items()]
    for one in compiles:
        if "error" in one:
            label = f"{one['family']} of {one['size']}, {one['contestant']}"
            lines.append(f"FAILED, compile {label}: {one['error']}")
    return lines


def markdown(made: Sequence[Table], lines: Sequence[str]) -> str:
    """The tables and remarks as a page."""
    parts = ["# Compiled derivatives against peers"]
    for table in made:
        rule = ["---", "---", *["---:"] * (len(table.columns) - 2)]
        body = [table.columns, rule, *table.lines]
        parts.append(f"## {table.title}")
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in body))
    parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"
