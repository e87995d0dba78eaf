"""Two pictures: every row's ratio to its fastest peer, and compile time against program size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.compiled import tables

COLORS = {"function": "tab:gray", "derivative": "tab:blue"}
STYLES = {"wengert": ("tab:blue", "o"), "jax": ("tab:orange", "s")}


def ratios(rows: Sequence[Mapping[str, Any]], path: Path) -> Path | None:
    """Wengert's time over the fastest peer's, a panel for each number of threads.

    The rule at 1 is equal time, left of it Wengert is ahead; bars span the rounds.
    """
    counts = sorted({row["threads"] for row in rows})
    height = 0.24 * len(rows) + 3.0
    made = report.new_figure(1, len(counts), 7.0 * len(counts), height) if rows else None
    if made is None:
        return None
    figure, axes = made
    for axis, count in zip(axes[0], counts, strict=True):
        members = [row for row in rows if row["threads"] == count]
        for shift, kind in ((-0.15, "function"), (0.15, "derivative")):
            for place, row in enumerate(members):
                found = tables.against_fastest(row, kind)
                if found is not None:
                    label = kind if not axis.get_legend_handles_labels()[1].count(kind) else None
                    spread = [[max(0.0, found.value - found.low)], [found.high - found.value]]
                    spread[1][0] = max(0.0, spread[1][0])
                    axis.errorbar(
                        [found.value],
                        [place + shift],
                        xerr=spread,
                        fmt="o",
                        markersize=4,
                        color=COLORS[kind],
                        label=label,
                    )
        axis.axvline(1.0, color="black", linewidth=0.8)
        axis.set_xscale("log")
        names = [f"{row['workload']} {row['size']}" for row in members]
        axis.set_yticks(range(len(members)), names, fontsize=7)
        axis.invert_yaxis()
        axis.grid(axis="x", alpha=0.3)
        axis.set_xlabel("Wengert's time / fastest peer's")
        axis.set_title(tables.threads_text(count), fontsize=9)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=7)
    return _saved(figure, path)


def compile_times(compiles: Sequence[Mapping[str, Any]], path: Path) -> Path | None:
    """First calls of the function (dashed) and of the gradient, a panel a family of programs."""
    families = [name for name in dict.fromkeys(f["family"] for f in compiles) if name != "kernel"]
    made = report.new_figure(1, len(families), 3.6 * len(families), 3.4) if families else None
    if made is None:
        return None
    figure, axes = made
    for axis, family in zip(axes[0], families, strict=True):
        for name, (color, marker) in STYLES.items():
            for kind, line in (("function", "--"), ("derivative", "-")):
                points = [
                    (found["size"], found[f"{kind} first"])
                    for found in compiles
                    if (found["family"], found["contestant"]) == (family, name)
                    and f"{kind} first" in found
                ]
                if points:
                    label = f"{name}, {'gradient' if kind == 'derivative' else kind}"
                    xs, ys = zip(*points, strict=True)
                    axis.loglog(xs, ys, line, color=color, marker=marker, label=label)
        axis.set_title(family, fontsize=9)
        axis.set_xlabel("size of the program")
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("first call, seconds")
    if axes[0][0].get_legend_handles_labels()[0]:
        axes[0][0].legend(fontsize=7)
    return _saved(figure, path)


def _saved(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
