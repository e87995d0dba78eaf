"""The table that `compare_methods` returns: data first, then how it is shown."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

_HEADINGS = ("method", "value", "error", "time", "calls of f")
_RIGHT_ALIGNED = (False, False, True, True, True)


@dataclass(frozen=True)
class Row:
    """One method's answer.

    Attributes
    ----------
    method : str
        The method's name.
    value : pytree or None
        The derivative; None if the method cannot be used for this function.
    error : float or None
        Largest difference to the reference, relative to the reference's largest entry (absolute
        where that is zero). For the reference itself: to the method that confirms it.
    seconds : float or None
        Shortest time of one call, preparations (tracing, deriving, compiling) excluded.
    n_evaluations : int or None
        Calls of the Python function `f` in one call of the method.
    remark : str
        Preparation time, expression size, step, or the reason why there is no value.
    """

    method: str
    value: Any
    error: float | None
    seconds: float | None
    n_evaluations: int | None
    remark: str = ""


@dataclass(frozen=True)
class Comparison:
    """The derivatives of one function by every method; prints as a table.

    Attributes
    ----------
    quantity : str
        "gradient" for a scalar function, else "jacobian".
    rows : tuple of Row
        One for each method, also for those that could not be used.
    reference : str
        The method whose value the errors refer to.
    confirmed_by : str
        An independent method that agrees with it, and how well; or that none does.
    """

    quantity: str
    rows: tuple[Row, ...]
    reference: str
    confirmed_by: str

    def __getitem__(self, method: str) -> Row:
        """The row of a method, by its name."""
        for row in self.rows:
            if row.method == method:
                return row
        raise KeyError(method)

    def cells(self) -> list[tuple[str, ...]]:
        """The table's cells as text, row by row; remarks come below the table."""
        return [
            (
                row.method,
                _value_text(row.value) if row.n_evaluations is not None else "–",
                "–" if row.error is None else f"{row.error:.1e}",
                "–" if row.seconds is None else _time_text(row.seconds),
                "–" if row.n_evaluations is None else str(row.n_evaluations),
            )
            for row in self.rows
        ]

    @property
    def notes(self) -> list[str]:
        """What the errors refer to, then each method's remark."""
        remarks = [f"{row.method}: {row.remark}" for row in self.rows if row.remark]
        return [f"Errors refer to {self.reference}, {self.confirmed_by}.", *remarks]

    def __str__(self) -> str:
        table = [_HEADINGS, *self.cells()]
        widths = [max(len(row[k]) for row in table) for k in range(len(_HEADINGS))]
        lines = []
        for row in table:
            aligned = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, _RIGHT_ALIGNED, strict=True)
            ]
            lines.append("  ".join(aligned).rstrip())
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join([self.quantity, *lines, "", *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(tag: str, cells: tuple[str, ...]) -> str:
            styled = [
                f'<{tag} style="text-align: {"right" if right else "left"}">'
                f"{html.escape(cell)}</{tag}>"
                for cell, right in zip(cells, _RIGHT_ALIGNED, strict=True)
            ]
            return "<tr>" + "".join(styled) + "</tr>"

        body = "\n".join(line("td", cells) for cells in self.cells())
        notes = "<br>\n".join(html.escape(note) for note in self.notes)
        return (
            f"<table>\n<caption>{html.escape(self.quantity)}</caption>\n"
            f"<thead>{line('th', _HEADINGS)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
            f"<p>{notes}</p>"
        )

    def print(self) -> None:
        """Print the table, with Rich where it is installed."""
        try:
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text
        except ImportError:
            print(self)
            return
        table = Table(title=self.quantity)
        for heading, right in zip(_HEADINGS, _RIGHT_ALIGNED, strict=True):
            table.add_column(heading, justify="right" if right else "left", overflow="fold")
        for cells in self.cells():
            table.add_row(*[Text(cell) for cell in cells])
        console = Console()
        console.print(table)
        console.print(*[Text(note) for note in self.notes], sep="\n")


def _value_text(value: Any) -> str:
    """A value on one line, long arrays shortened."""
    if isinstance(value, np.ndarray | np.generic | float | complex):
        array = np.asarray(value)
        text = np.array2string(array, precision=6, threshold=6, edgeitems=2, separator=", ")
    else:
        text = str(value)
    text = " ".join(text.split()).replace("[ ", "[")
    return text if len(text) <= 60 else text[:57] + "…"


def _time_text(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
