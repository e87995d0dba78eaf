"""A stiff reaction and diffusion system, its Jacobian exact, sparse, and found by itself.

    python -m examples.stiff_brusselator [--points 750] [--picture stiff_brusselator.png]

The Brusselator on a line (Hairer and Wanner, *Solving Ordinary Differential Equations II*, IV.10):

    u' = 1 + u²v − 4u + d u_xx          v' = 3u − u²v + d v_xx

with u = 1 and v = 3 at both ends. Its unknowns are interleaved, u₀ v₀ u₁ v₁ …, so that each
equation reads near neighbors: a band of five diagonals. `wengert.scipy.integrate.solve_ivp` is
SciPy's with the Jacobian filled in; SciPy alone differences the right-hand side, once for each
state or, told the pattern by hand, once for each group of columns.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import scipy.integrate
import scipy.sparse

import wengert as wg
from wengert.scipy import integrate

DIFFUSION = 0.02
T_END = 10.0


def brusselator(t: float, y: Any) -> Any:
    """The right-hand side; y holds u and v of each point in turn."""
    u, v = y[0::2], y[1::2]
    a = DIFFUSION * (len(u) + 1) ** 2
    wide = np.concatenate([[1.0], u, [1.0]])
    high = np.concatenate([[3.0], v, [3.0]])
    du = 1.0 + u * u * v - 4.0 * u + a * (wide[2:] - 2.0 * u + wide[:-2])
    dv = 3.0 * u - u * u * v + a * (high[2:] - 2.0 * v + high[:-2])
    return np.stack([du, dv], axis=1).ravel()


def start(n_points: int) -> np.ndarray:
    """u = 1 + sin 2πx, v = 3."""
    x = np.arange(1, n_points + 1) / (n_points + 1)
    return np.stack([1.0 + np.sin(2.0 * np.pi * x), np.full(n_points, 3.0)], axis=1).ravel()


@dataclass(frozen=True)
class Run:
    """One way to solve it: how long, how many calls of the right-hand side, and what came out."""

    name: str
    seconds: float
    n_calls: int
    solution: Any


def run(name: str, solve: Any, y0: np.ndarray, method: str, **options: Any) -> Run:
    """Solve to T_END with the calls of the right-hand side counted, one a column."""
    calls = 0

    def counted(t: float, y: Any) -> Any:
        nonlocal calls
        calls += 1
        return brusselator(t, y)

    begin = perf_counter()
    found = solve(counted, (0.0, T_END), y0, method, rtol=1e-5, atol=1e-7, **options)
    return Run(f"{method}, {name}", perf_counter() - begin, calls, found)


def compare(n_points: int) -> list[Run]:
    """Wengert's Jacobian, SciPy's differences with the pattern given, and without."""
    y0 = start(n_points)
    n = len(y0)
    band = scipy.sparse.diags_array([1.0] * 5, offsets=[-2, -1, 0, 1, 2], shape=(n, n))
    runs = []
    for method in ("BDF", "Radau"):
        runs += [
            run("wengert", integrate.solve_ivp, y0, method),
            run("wengert once more", integrate.solve_ivp, y0, method),
            run("pattern by hand", scipy.integrate.solve_ivp, y0, method, jac_sparsity=band),
        ]
    # Radau with nothing given would take a quarter of a minute: 18 dense Jacobians, 76 of their
    # factorizations, real and complex.
    return [*runs, run("nothing given", scipy.integrate.solve_ivp, y0, "BDF")]


def report(runs: list[Run], n_points: int) -> str:
    """What was found, in words and numbers."""
    y0 = start(n_points)
    of_state = lambda y: brusselator(0.0, y)
    pattern = wg.sparse.pattern(of_state)(y0)
    jacobian = wg.sparse.jacobian(of_state)
    choice = wg.explain(jacobian)(y0).choices[0]
    taken = next(way for way in choice.ways if way.name == choice.taken)
    jacobian(y0)
    begin = perf_counter()
    for _ in range(20):
        jacobian(y0)
    each = (perf_counter() - begin) / 20
    accurate = integrate.solve_ivp(
        brusselator, (0.0, T_END), y0, "Radau", t_eval=[T_END], rtol=1e-9, atol=1e-11
    )
    lines = [
        f"Brusselator, {len(y0):,} states, to t = {T_END:g}",
        f"  pattern: {pattern.nnz:,} entries, at most {pattern.most_in_a_row} in a row, found",
        f"  Jacobian: {taken.n_products} products ({choice.taken}), {each * 1e3:.2f} ms; columns "
        f"alone need {wg.sparse.color(pattern.matrix).n_colors} colors",
        "",
        f"  {'':26} {'seconds':>8} {'calls of f':>11} {'Jacobians':>10} {'error':>9}",
    ]
    for one in runs:
        error = np.max(np.abs(one.solution.y[:, -1] - accurate.y[:, -1]))
        lines.append(
            f"  {one.name:26} {one.seconds:8.2f} {one.n_calls:11,} {one.solution.njev:10} "
            f"{error:9.1e}"
        )
    return "\n".join(lines)


def draw(first: Run, n_points: int, path: Path) -> Path:
    """u in space and time, and the corner of the Jacobian's pattern."""
    x = np.arange(1, n_points + 1) / (n_points + 1)
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(10.0, 4.2), width_ratios=(2.0, 1.0), layout="constrained"
    )
    u = first.solution.y[0::2]
    mesh = left.pcolormesh(first.solution.t, x, u, cmap="viridis", shading="nearest")
    fig.colorbar(mesh, ax=left, label="u")
    left.plot(first.solution.t, np.full(len(first.solution.t), 1.01), "|", color="C1", ms=5,
              clip_on=False)  # fmt: skip
    left.set(xlabel="t (marks above: steps taken)", ylabel="x", xlim=(0.0, T_END))
    left.set_ylim(0.0, 1.03)
    left.set_title(f"u at {n_points:,} points", fontsize="medium")
    corner = start(20)
    wg.sparse.pattern(lambda y: brusselator(0.0, y))(corner).plot(right)
    right.set_title("pattern of the Jacobian, 20 points", fontsize="medium")
    fig.savefig(path, dpi=130)
    plt.close(fig)
    return path


def main(arguments: list[str] | None = None) -> None:
    """Solve it in each way, say and draw what came out."""
    parser = argparse.ArgumentParser(prog="python -m examples.stiff_brusselator")
    parser.add_argument("--points", type=int, default=750, help="of the grid (%(default)s)")
    parser.add_argument("--picture", type=Path, default=Path("stiff_brusselator.png"))
    options = parser.parse_args(arguments)
    runs = compare(options.points)
    print(report(runs, options.points))
    print(f"wrote {draw(runs[0], options.points, options.picture)}")


if __name__ == "__main__":
    main()
