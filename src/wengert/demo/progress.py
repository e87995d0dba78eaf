"""What the demonstration shows in the terminal: by rich where it is installed, else plain text."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Step(ABC):
    """A task of known length that reports how far it has come."""

    @abstractmethod
    def advance(self, note: str = "") -> None:
        """One unit of work is done; `note` says something about it."""


class Screen(ABC):
    """Where the demonstration writes."""

    @abstractmethod
    def heading(self, text: str) -> None:
        """Start a part."""

    @abstractmethod
    def say(self, text: str) -> None:
        """One line of text."""

    @abstractmethod
    def step(self, description: str, total: int) -> AbstractContextManager[Step]:
        """A progress bar for `total` units of work."""

    @abstractmethod
    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; every column but the first is aligned to the right."""


def open_screen() -> Screen:
    """The best screen that this installation has."""
    return RichScreen() if find_spec("rich") is not None else PlainScreen()


class PlainScreen(Screen):
    """Lines of text, a progress line at every tenth of a task."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def heading(self, text: str) -> None:
        self._write(f"\n{text}\n{'-' * len(text)}")

    def say(self, text: str) -> None:
        self._write(text)

    @contextmanager
    def step(self, description: str, total: int) -> Iterator[Step]:
        yield _PlainStep(self._write, description, total)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        widths = [max(len(row[k]) for row in (columns, *rows)) for k in range(len(columns))]
        for row in (columns, *rows):
            cells = [
                cell.rjust(width) if k else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self._write(("  " + "  ".join(cells)).rstrip())


class _PlainStep(Step):
    def __init__(self, write: Callable[[str], None], description: str, total: int) -> None:
        self._write = write
        self._description = description
        self._total = total
        self._done = 0

    def advance(self, note: str = "") -> None:
        before = 10 * self._done // self._total
        self._done += 1
        after = 10 * self._done // self._total
        if after > before:
            self._write(f"  {self._description}: {10 * after:3d} %  {note}".rstrip())


class RichScreen(Screen):
    """Colors, bars and tables by the rich library."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False)

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]{text}[/bold]", align="left")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    @contextmanager
    def step(self, description: str, total: int) -> Iterator[Step]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console) as progress:
            yield _RichStep(progress, progress.add_task(description, total=total, note=""))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.table import Table

        table = Table(box=None, padding=(0, 1), pad_edge=True)
        for k, column in enumerate(columns):
            table.add_column(column, justify="right" if k else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


class _RichStep(Step):
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, note: str = "") -> None:
        self._progress.update(self._task, advance=1, note=note)
