"""What the suites leave: tables in the terminal, JSON, and plots where matplotlib is there."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.timing import THREAD_VARIABLES

Item = TypeVar("Item")

PACKAGES = tuple("wengert numpy scipy llvmlite autograd jax jaxlib torch casadi".split())
"""Versions written into the JSON, since a ratio means nothing without them."""


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it; ``-`` for None."""
    if seconds is None:
        return "-"
    for unit, scale in (("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def size(n_bytes: float | None) -> str:
    """Bytes in the unit that suits them; ``-`` for None."""
    if n_bytes is None:
        return "-"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if n_bytes < 1000 * scale:
            return f"{n_bytes / scale:.3g} {unit}"
    return f"{n_bytes / 1e9:.3g} GB"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, through rich where it is installed."""
    if find_spec("rich") is None or not sys.stdout.isatty():
        print(plain_table(title, columns, rows))
        return
    drawn = import_module("rich.table").Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        drawn.add_row(*row)
    import_module("rich.console").Console().print(drawn)


def plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table in plain text: for pipes, files and where rich is missing."""
    lines = [columns, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]

    def text(line: Sequence[str]) -> str:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join(["", title, text(columns), rule, *(text(row) for row in rows)])


def progress(items: Sequence[Item], description: str) -> Iterator[Item]:
    """The items, one by one, with a progress bar on a terminal and lines elsewhere."""
    if find_spec("rich") is not None and sys.stderr.isatty():
        console = import_module("rich.console").Console(stderr=True)
        yield from import_module("rich.progress").track(items, description, console=console)
        return
    for index, item in enumerate(items):
        if index % max(1, len(items) // 10) == 0:
            print(f"{description}: {index} of {len(items)}", file=sys.stderr, flush=True)
        yield item


def environment() -> dict[str, Any]:
    """Machine, versions and thread limits of this run."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "versions": versions,
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def write_json(path: Path, results: Mapping[str, Any]) -> Path:
    """Write results with the environment they came from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"environment": environment(), **results}, indent=1) + "\n")
    return path


def new_figure(n_rows: int, n_columns: int, width: float, height: float) -> tuple[Any, Any] | None:
    """A figure that needs no display with a grid of axes; None where matplotlib is missing."""
    if find_spec("matplotlib") is None:
        return None
    figure = import_module("matplotlib.figure").Figure((width, height), layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def listing(names: Iterable[str]) -> str:
    """Names joined by commas, or ``none``."""
    return ", ".join(names) or "none"
