"""The figures of the page, each as SVG text that stands alone."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from wengert.demo import co2, digits, helmholtz

BLUE, ORANGE, GREEN, RED = "#2563a8", "#d97706", "#2f855a", "#b83232"
GRAY, LIGHT = "#64748b", "#cbd5e1"
# Okabe and Ito's palette, which stays distinct for the color-blind; exact methods have solid lines.
STYLES: dict[str, dict[str, Any]] = {
    "reverse mode": {"color": "#0072b2", "marker": "o"},
    "reverse mode, jit": {"color": "#56b4e9", "marker": "s"},
    "forward mode": {"color": "#009e73", "marker": "^"},
    "complex step": {"color": "#cc79a7", "marker": "D"},
    "central differences": {"color": "#d55e00", "marker": "v", "linestyle": "--"},
    "forward differences": {"color": "#e69f00", "marker": "<", "linestyle": "--"},
    "Richardson": {"color": "#7a5c00", "marker": ">", "linestyle": "--"},
    "SciPy’s differences": {"color": "#94a3b8", "marker": "x", "linestyle": "--"},
    "symbolic (SymPy)": {"color": "#222222", "marker": "*", "linestyle": ":"},
}
RC: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRAY,
    "axes.grid": True,
    "axes.labelcolor": "#334155",
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "font.size": 10,
    "grid.color": "#e2e8f0",
    "grid.linewidth": 0.7,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
}


def training(result: digits.DigitsResult) -> str:
    """Loss and held-out accuracy by epoch, and where the mistakes are."""
    with _style("training"):
        figure = Figure(figsize=(10, 3.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.05))
        epochs = np.arange(1, len(result.losses) + 1)
        left.semilogy(epochs, result.losses, color=BLUE)
        left.set(title="Training loss", xlabel="epoch")
        middle.plot(epochs, 100 * (1 - result.accuracies), color=ORANGE)
        middle.axhline(5, color=GRAY, linestyle=":", linewidth=1)
        middle.set(title="Held-out errors, %", xlabel="epoch", yscale="log")
        middle.set_yticks([1, 2, 5, 10, 20, 50], labels=["1", "2", "5", "10", "20", "50"])
        middle.minorticks_off()
        _confusion(right, result)
        return svg(figure)


def _confusion(axes: Axes, result: digits.DigitsResult) -> None:
    counts = result.confusion
    axes.imshow(np.log1p(counts), cmap="Blues", vmax=1.3 * np.log1p(counts.max()))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if row == column else RED
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
    axes.set(title="Held-out images", xlabel="predicted", ylabel="true digit")
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.grid(False)


def mistakes(result: digits.DigitsResult, n_most: int = 10) -> str:
    """The images that were classified wrongly, with what was said of them."""
    shown = result.mistakes[:n_most]
    with _style("mistakes"):
        figure = Figure(figsize=(10, 1.15), layout="constrained")
        row = figure.subplots(1, n_most, squeeze=False)[0]
        for axes in row:
            axes.axis("off")
        for axes, (image, truth, prediction) in zip(row, shown, strict=False):
            axes.imshow(image, cmap="gray_r")
            axes.set_title(f"{truth} read as {prediction}", fontsize=9, weight="normal")
        return svg(figure)


def carbon_dioxide(result: co2.Co2Result) -> str:
    """Measurements and model over all years, three years close up, and the residuals."""
    year = co2.EPOCH + result.t
    with _style("carbon_dioxide"):
        figure = Figure(figsize=(10, 5.4), layout="constrained")
        top, close, bottom = figure.subplot_mosaic(
            [["all", "close"], ["rest", "rest"]], width_ratios=(1.7, 1), height_ratios=(1.6, 1)
        ).values()
        top.plot(year, result.observed, ".", color=LIGHT, markersize=2.5, label="weekly means")
        top.plot(year, result.fitted, color=BLUE, linewidth=0.8, label="model")
        top.plot(year, result.trended, color=ORANGE, label="trend")
        top.set(title="CO₂ at Mauna Loa, ppm")
        top.legend(loc="upper left")
        near = (year >= 1994) & (year < 1998)
        close.plot(year[near], result.observed[near], ".", color=GRAY, markersize=3.5)
        close.plot(year[near], result.fitted[near], color=BLUE)
        close.plot(year[near], result.trended[near], color=ORANGE)
        close.set(title="Four years of it")
        close.set_xticks(range(1994, 1999))
        bottom.axhline(0, color=GRAY, linewidth=0.8)
        bottom.plot(year, result.observed - result.fitted, ".", color=GREEN, markersize=2)
        bottom.set(title="Measured less model, ppm", xlabel="year")
        return svg(figure)


def comparison(result: helmholtz.HelmholtzResult) -> str:
    """Time of one gradient in units of f, and its error, by number of components."""
    with _style("comparison"):
        figure = Figure(figsize=(10, 4.4), layout="constrained")
        times, errors = figure.subplots(1, 2)
        for name, measurements in result.measurements.items():
            n = [m.n for m in measurements]
            style = {"linewidth": 1.3, **STYLES[name]}
            times.plot(n, [m.ratio for m in measurements], label=name, **style)
            # an exact zero has no place on a logarithmic axis
            errors.plot(n, [max(m.error, 1e-17) for m in measurements], **style)
        times.set(title="Time of one gradient / time of f", xlabel="components n", yscale="log")
        errors.set(title="Relative error of the gradient", xlabel="components n", yscale="log")
        figure.legend(loc="outside lower center", ncols=3)
        return svg(figure)


def swell(result: helmholtz.HelmholtzResult) -> str:
    """How expressions grow, and the time that differentiating them takes."""
    n = [s.n for s in result.swell]
    with _style("swell"):
        figure = Figure(figsize=(10, 3.4), layout="constrained")
        size, seconds = figure.subplots(1, 2)
        size.plot(n, [s.n_gradient for s in result.swell], "*:", color="#222222", label="∇f, SymPy")
        size.plot(n, [s.n_shared for s in result.swell], "s:", color=RED, label="∇f, SymPy, shared")
        size.plot(n, [s.n_function for s in result.swell], "o:", color=GRAY, label="f, SymPy")
        programs = [s.n_program for s in result.swell]
        size.plot(n, programs, "o-", color="#0072b2", label="∇f, Program (array operations)")
        size.set(title="Operations in the expression", xlabel="components n", yscale="log")
        seconds.plot(n, [s.seconds for s in result.swell], "*:", color="#222222")
        seconds.set(title="Seconds to differentiate f with SymPy", xlabel="components n")
        seconds.set_yscale("log")
        seconds.yaxis.set_minor_formatter(NullFormatter())
        for axes in (size, seconds):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside lower center", ncols=4)
        return svg(figure)


def _style(salt: str) -> AbstractContextManager[None]:
    """The look of a figure. Its ids are hashed with `salt`, so that no two figures share one."""
    return rc_context({**RC, "svg.hashsalt": salt})


def svg(figure: Figure) -> str:
    """The figure as an `<svg>` element."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    text = stream.getvalue()
    return text[text.index("<svg") :]
