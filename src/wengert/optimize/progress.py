"""What is said while a solver runs: the user's callback, and a progress bar by rich."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wengert.optimize.extras import require
from wengert.optimize.flat import Parameters
from wengert.optimize.result import OptimizeResult

Bar = Callable[[int, float], None]


@dataclass
class Monitor:
    """Hears of each iteration; `last` is the point it heard of last."""

    parameters: Parameters
    callback: Callable[..., Any] | None
    takes_result: bool
    bar: Bar
    nit: int = 0
    last: Any = None

    def __call__(self, vector: Any, fun: float, **more: Any) -> None:
        """One more iteration has ended; StopIteration of the user's callback passes through."""
        self.nit += 1
        self.last = vector.copy()
        self.bar(self.nit, float(fun))
        if self.callback is None:
            return
        x = self.parameters.tree(self.last)
        if self.takes_result:
            found = OptimizeResult(x=x, fun=float(fun), nit=self.nit, **more)
            self.callback(intermediate_result=found)
        else:
            self.callback(x)


@contextmanager
def monitored(
    title: str,
    parameters: Parameters,
    callback: Callable[..., Any] | None,
    progress: bool,
    total: int | None = None,
) -> Iterator[Monitor]:
    """A Monitor, with a progress bar on the standard error while it is open if asked for.

    A callback with one parameter named `intermediate_result` is given an OptimizeResult, any other
    the parameters, as SciPy does it.
    """
    takes_result = callback is not None and _takes_result(callback)
    if not progress:
        yield Monitor(parameters, callback, takes_result, _silent)
        return
    with _rich_bar(title, total) as bar:
        yield Monitor(parameters, callback, takes_result, bar)


def _takes_result(callback: Callable[..., Any]) -> bool:
    try:
        return set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):  # callables in C show no signature
        return False


def _silent(nit: int, fun: float) -> None:
    """No progress bar was asked for."""


@contextmanager
def _rich_bar(title: str, total: int | None) -> Iterator[Bar]:
    """A line with the number of iterations and the objective; `total` bounds the former."""
    rich = require("rich.progress", "ui", "progress=True")
    console = require("rich.console", "ui", "progress=True").Console(stderr=True, highlight=False)
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(bar_width=24),
        rich.TextColumn("iteration {task.completed:.0f}"),
        rich.TextColumn("objective {task.fields[fun]}"),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, fun="")

        def bar(nit: int, fun: float) -> None:
            progress.update(task, completed=nit, fun=f"{fun:.6g}")

        yield bar
        progress.update(task, total=max(1, int(progress.tasks[0].completed)))
