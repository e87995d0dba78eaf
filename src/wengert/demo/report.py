"""The page: one HTML file without references to others, from the results of the parts."""

from __future__ import annotations

import html
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import scipy

import wengert as wg
from wengert.demo import co2, digits, figures, helmholtz

STYLE = """
:root { color-scheme: light; --ink: #1e293b; --soft: #64748b; --line: #e2e8f0; --accent: #2563a8; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #f8fafc;
       font: 16px/1.6 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2.1rem; line-height: 1.15; margin: 0 0 .4rem; letter-spacing: -.02em; }
h2 { font-size: 1.35rem; margin: 0 0 .5rem; letter-spacing: -.01em; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p { max-width: 46rem; margin: .5rem 0; }
.lead { color: var(--soft); font-size: 1.05rem; }
section { background: white; border: 1px solid var(--line); border-radius: 12px;
          padding: 1.6rem 1.8rem; margin-top: 1.6rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1.1rem 0; padding: 0; }
.facts b { display: block; font-size: 1.55rem; line-height: 1.2; color: var(--accent);
           font-variant-numeric: tabular-nums; }
.facts span { font-size: .85rem; color: var(--soft); }
figure { margin: 1.2rem 0; }
figure svg { width: 100%; height: auto; display: block; }
.beside { display: flex; flex-wrap: wrap; gap: 0 3.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { font-weight: 600; color: var(--soft); font-size: .8rem; text-align: right; }
th, td { padding: .32rem 1rem .32rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { text-align: right; }
th:first-child, td:first-child { text-align: left; }
code, pre { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
pre { background: #f1f5f9; border-radius: 8px; padding: .9rem 1.1rem; overflow-x: auto; }
.formula { font: italic 1.02rem/1.7 Georgia, "DejaVu Serif", serif; margin: .8rem 0; }
.note, footer { color: var(--soft); font-size: .88rem; }
footer { margin-top: 1.6rem; }
@media (max-width: 40rem) { section { padding: 1.1rem; } }
"""


def page(results: Mapping[str, Any]) -> str:
    """The whole page.

    Parameters
    ----------
    results : mapping
        By part: "digits", "co2", "helmholtz", as their `run` returned them; any may be missing.
    """
    sections: dict[str, Callable[[Any], str]] = {
        "digits": _digits,
        "co2": _co2,
        "helmholtz": _helmholtz,
    }
    body = "\n".join(sections[part](results[part]) for part in sections if part in results)
    machine = (
        f"Wengert {wg.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"Python {platform.python_version()}, {platform.machine()} with {os.cpu_count()} cores, "
        f"{date.today():%d %B %Y}. Times are the shortest of several calls in this run."
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wengert: the demonstration</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Wengert: the demonstration</h1>
<p class="lead">Plain NumPy functions, differentiated exactly. Everything on this page was
computed by <code>wengert demo</code> on the machine named below, by the NumPy interpreter.</p>
{body}
<footer>{html.escape(machine)}</footer>
</main>
</body>
</html>
"""


def _digits(result: digits.DigitsResult) -> str:
    ratio = result.gradient_time / result.forward_time
    return _section(
        "Handwritten digits",
        _paragraph(
            "A perceptron with one hidden layer, written in NumPy, learns to read the 8 × 8 images "
            "of scikit-learn’s digits. One call gives the loss and its gradient in the structure "
            "of the parameters, a dictionary of dictionaries:"
        ),
        _code("step = wg.value_and_grad(loss)\nvalue, gradient = step(parameters, images, labels)"),
        _facts(
            (f"{result.accuracy:.1%}", f"of {result.n_test} held-out images read correctly"),
            (f"{result.n_parameters:,}", "parameters"),
            (f"{result.n_steps:,}", f"steps of Adam in {result.seconds:.1f} s"),
            (f"{ratio:.1f} ×", "gradient and loss / loss alone"),
        ),
        _figure(figures.training(result)),
        "<h3>What it got wrong</h3>" if result.mistakes else "",
        _figure(figures.mistakes(result)) if result.mistakes else "",
        _note(
            f"Trained on {result.n_train} images, the remaining quarter held out. Minibatches of "
            f"64: {1e6 * result.forward_time:.0f} µs for the loss, "
            f"{1e6 * result.gradient_time:.0f} µs for loss and gradient together."
        ),
    )


def _co2(result: co2.Co2Result) -> str:
    best = result.fits[0]
    years = (result.t.min() + co2.EPOCH, result.t.max() + co2.EPOCH)
    rows = co2.parameter_rows(result)
    half = len(rows) // 2
    rate, rate_error = result.growth
    return _section(
        "Carbon dioxide at Mauna Loa",
        _paragraph(
            f"{result.t.size:,} weekly means from {int(years[0])} to {int(years[1])}: an "
            "exponential rise over a constant, and seasons of four harmonics whose amplitude "
            "changes with time (t in years since 1980):"
        ),
        '<p class="formula">c(t) = c<sub>0</sub> + c<sub>1</sub> e<sup>rt</sup> + (1 + gt) '
        "Σ<sub>k</sub> [a<sub>k</sub> cos 2πkt + b<sub>k</sub> sin 2πkt]</p>",
        _code("least_squares(residuals, start, jac=wg.jacobian(residuals))"),
        _facts(
            (f"{rate:.2f} ppm", f"rise a year at the end of the data, ± {rate_error:.2f}"),
            (f"{100 * best.p[3]:.2f} %", "growth of the seasons a year"),
            (f"{result.sigma:.2f} ppm", "standard deviation of the residuals"),
        ),
        _figure(figures.carbon_dioxide(result)),
        "<h3>Parameters</h3>",
        '<div class="beside">',
        _table(co2.PARAMETER_COLUMNS, rows[:half]),
        _table(co2.PARAMETER_COLUMNS, rows[half:]),
        "</div>",
        _note(
            "Standard errors are the roots of the diagonal of σ² (JᵀJ)⁻¹ with the exact Jacobian. "
            "They assume independent residuals; neighboring weeks are in fact correlated "
            f"(coefficient {result.autocorrelation:.2f}), so the true uncertainties are larger, by "
            f"a factor of about {result.inflation:.1f} if the correlation falls geometrically. The "
            "rise a year is the trend’s derivative, and its error comes from the gradient of that "
            "derivative."
        ),
        "<h3>The exact Jacobian beside differences</h3>",
        _table(co2.FIT_COLUMNS, [co2.fit_row(fit) for fit in result.fits]),
        _note(
            "The same solver, start and tolerances. Calls of f, the residuals, include those for "
            "the differences; an exact Jacobian runs f once more, itself. The error is that of the "
            "last Jacobian, relative to the largest entry of its column, measured against the "
            "complex step."
        ),
    )


def _helmholtz(result: helmholtz.HelmholtzResult) -> str:
    largest = max(result.function_seconds)
    seconds = result.function_seconds[largest]
    reverse = result.measurements["reverse mode"][-1]
    replayed = result.measurements["reverse mode, jit"][-1]
    forward = result.measurements[helmholtz.SCIPY][-1]
    parts = [
        _paragraph(
            "The Helmholtz free energy of a mixed fluid of n components, the example of Baydin, "
            "Pearlmutter, Radul and Siskind’s survey of automatic differentiation (JMLR 2018), "
            "with random coefficients:"
        ),
        '<p class="formula">f(x) = RT Σ<sub>i</sub> log(x<sub>i</sub> / (1 − bᵀx)) − '
        "xᵀAx / (√8 bᵀx) · log((1 + (1+√2) bᵀx) / (1 + (1−√2) bᵀx))</p>",
        _facts(
            (f"{reverse.ratio:.1f} ×", "the time of f by reverse mode"),
            (f"{replayed.ratio:.1f} ×", "by reverse mode, jit"),
            (f"{forward.ratio:,.0f} ×", "by SciPy’s differences"),
            (
                f"{_power(reverse.error)} : {_power(forward.error)}",
                "error of reverse mode : of SciPy’s differences",
            ),
        ),
        _figure(figures.comparison(result)),
        _table(helmholtz.COLUMNS, helmholtz.table_rows(result, largest)),
        _note(
            f"f itself takes {1e6 * seconds:.1f} µs at n = {largest}. Errors are measured against "
            f"differences in arithmetic of {helmholtz.DIGITS} digits (mpmath). Wengert’s numeric "
            "methods are made for checking: they search a step for every number and estimate their "
            "errors, which costs calls of f and time between them; SciPy’s differences show the "
            "price of one call a number. The symbolic gradient is timed as SymPy’s lambdify "
            "compiles it, common subexpressions shared, without the time to derive it."
        ),
    ]
    if result.swell:
        last = result.swell[-1]
        parts += [
            "<h3>Expression swell</h3>",
            _paragraph(
                f"Written out as a formula, the gradient for n = {last.n} has "
                f"{last.n_gradient:,} operations where f has {last.n_function:,}; SymPy takes "
                f"{last.seconds:.1f} s to derive it. A search for common subexpressions brings it "
                f"down to {last.n_shared:,}. Reverse mode’s Program has {last.n_program} "
                "equations, each on whole arrays."
            ),
            _figure(figures.swell(result)),
            _note(result.stopped + ".") if result.stopped else "",
        ]
    return _section("One gradient, every method", *parts)


def _section(title: str, *parts: str) -> str:
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{html.escape(title)}</h2>\n{body}\n</section>"


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _code(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"


def _facts(*facts: tuple[str, str]) -> str:
    cells = (
        f"<div><b>{html.escape(n)}</b><span>{html.escape(what)}</span></div>" for n, what in facts
    )
    return f'<div class="facts">{"".join(cells)}</div>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return (
        f'<div class="scroll"><table><thead>{line("th", columns)}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _power(x: float) -> str:
    """1e-16 as 10⁻¹⁶, rounded to the power."""
    if x == 0.0:
        return "0"
    return f"10{str(round(np.log10(x))).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
