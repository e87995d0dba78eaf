"""Swing up a pole on a cart with the least effort: an optimal-control problem with many unknowns.

    python -m examples.optimal_control [--intervals 2500] [--picture optimal_control.png]

States (position, angle, their rates) and force at N + 1 times are the unknowns, 5 (N + 1) of them;
the equations of motion hold by the trapezoidal rule on each interval, 4 N constraints. The
functions below are what one would write to simulate it. `wengert.optimize.minimize` finds the
sparse Jacobian of the constraints and the sparse Hessian of the Lagrangian, compiles them, and
hands them to Ipopt.

The problem is that of M. Kelly, An introduction to trajectory optimization, SIAM Review 59 (2017),
section 6: a cart of 1 kg, a pole of 0.3 kg and 0.5 m, at most 20 N, two seconds, one meter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import scipy.integrate

import wengert as wg

CART, POLE, LENGTH, GRAVITY = 1.0, 0.3, 0.5, 9.81  # kg, kg, m, m/s²
DISTANCE, MOST_DISTANCE, MOST_FORCE, T_END = 1.0, 2.0, 20.0, 2.0  # m, m, N, s
FIRST = np.zeros(4)
LAST = np.array([DISTANCE, np.pi, 0.0, 0.0])

Unknowns = dict[str, Any]  # "states" (N + 1, 4) and "force" (N + 1,)


def motion(states: Any, force: Any) -> Any:
    """The rates of position, angle (0 hangs down) and their rates; shapes (n, 4) and (n,)."""
    angle, spin = states[:, 1], states[:, 3]
    sine, cosine = np.sin(angle), np.cos(angle)
    swing = LENGTH * POLE * sine * spin**2
    mass = CART + POLE * (1.0 - cosine**2)
    push = (swing + force + POLE * GRAVITY * cosine * sine) / mass
    turn = -(swing * cosine + force * cosine + (CART + POLE) * GRAVITY * sine) / (LENGTH * mass)
    return np.stack([states[:, 2], spin, push, turn], axis=1)


def effort(z: Unknowns) -> Any:
    """The integral of the squared force over time, by the trapezoidal rule."""
    squared = z["force"] ** 2
    return T_END / (len(squared) - 1) * np.sum(0.5 * (squared[1:] + squared[:-1]))


def defects(z: Unknowns) -> Any:
    """What is left of the equations of motion on each interval, shape (N, 4)."""
    states = z["states"]
    rates = motion(states, z["force"])
    half = 0.5 * T_END / (len(states) - 1)
    return states[1:] - states[:-1] - half * (rates[1:] + rates[:-1])


def ends(z: Unknowns) -> Any:
    """How far the first state is from hanging at rest, the last from standing at its place."""
    return np.stack([z["states"][0] - FIRST, z["states"][-1] - LAST])


def guess(n_intervals: int) -> Unknowns:
    """A straight line from the first state to the last, without force."""
    part = np.linspace(0.0, 1.0, n_intervals + 1)[:, None]
    return {"force": np.zeros(n_intervals + 1), "states": FIRST + part * (LAST - FIRST)}


def limits(n_intervals: int) -> tuple[Unknowns, Unknowns]:
    """Of the position and the force."""
    most = {
        "force": np.full(n_intervals + 1, MOST_FORCE),
        "states": np.tile([MOST_DISTANCE, np.inf, np.inf, np.inf], (n_intervals + 1, 1)),
    }
    return {name: -value for name, value in most.items()}, most


@dataclass(frozen=True)
class Swing:
    """The solution: unknowns, the solver's result, and the check by integration."""

    z: Unknowns
    result: Any
    seconds: tuple[float, float]  # the first solution, all compiled on the way, and another
    times: np.ndarray
    integrated: np.ndarray  # states by the control found, (N + 1, 4)

    @property
    def miss(self) -> float:
        """How far the pole, driven by the force found, ends from where it should."""
        return float(np.max(np.abs(self.integrated[-1] - LAST)))


def solve(n_intervals: int) -> tuple[Any, float]:
    """Ipopt's result, and the seconds it took."""
    begin = perf_counter()
    result = wg.optimize.minimize(
        effort,
        guess(n_intervals),
        method="ipopt",
        bounds=limits(n_intervals),
        constraints=[wg.optimize.equal(defects, 0.0), wg.optimize.equal(ends, 0.0)],
        tol=1e-8,
    )
    return result, perf_counter() - begin


def swing_up(n_intervals: int) -> Swing:
    """Solve it, twice, then drive the cart with the force found by an independent integrator."""
    _, first = solve(n_intervals)
    result, again = solve(n_intervals)
    times = np.linspace(0.0, T_END, n_intervals + 1)
    force = result.x["force"]

    def driven(t: float, state: np.ndarray) -> np.ndarray:
        return motion(state[None], np.interp(t, times, force)[None])[0]

    found = scipy.integrate.solve_ivp(
        driven, (0.0, T_END), FIRST, "DOP853", times, rtol=1e-10, atol=1e-10, max_step=0.01
    )
    return Swing(result.x, result, (first, again), times, found.y.T)


def lagrangian(z: Unknowns, of_motion: Any, of_ends: Any) -> Any:
    """The effort, and the constraints times their multipliers."""
    return effort(z) + np.sum(of_motion * defects(z)) + np.sum(of_ends * ends(z))


def multipliers(swing: Swing) -> tuple[np.ndarray, np.ndarray]:
    """Those of the equations of motion, (N, 4), and of the first and last state, (2, 4)."""
    of_motion, of_ends = swing.result.multipliers
    return of_motion.reshape(-1, 4), of_ends.reshape(2, 4)


def slope_left(swing: Swing) -> float:
    """The largest part of the Lagrangian's gradient at the solution, next to zero if it is one."""
    gradient = wg.grad(lagrangian)(swing.z, *multipliers(swing))
    forces = swing.result.bound_multipliers
    return max(float(np.max(np.abs(gradient[name] + forces[name]))) for name in gradient)


def milliseconds(f: Callable[..., Any], *args: Any) -> float:
    """Of one call, after a first one that compiles it."""
    f(*args)
    begin = perf_counter()
    for _ in range(10):
        f(*args)
    return 100.0 * (perf_counter() - begin)


def report(swing: Swing) -> str:
    """What was solved, how long it took, and whether it is right."""
    z, result = swing.z, swing.result
    n = sum(np.size(v) for v in z.values())
    m = defects(z).size + ends(z).size
    jacobian, hessian = wg.sparse.jacobian(defects), wg.sparse.hessian(lagrangian)
    J, H = jacobian(z), hessian(z, *multipliers(swing))
    of_jacobian, of_hessian = (
        milliseconds(jacobian, z),
        milliseconds(hessian, z, *multipliers(swing)),
    )
    both = (result.njev * of_jacobian + result.nhev * of_hessian) / 1e3
    return "\n".join(
        [
            f"Cart and pole: {n:,} unknowns, {m:,} constraints",
            f"  {result.message}",
            f"  effort {result.fun:.6f} N²s after {result.nit} iterations",
            f"  largest constraint violation {result.constr_violation:.1e}, largest slope of the "
            f"Lagrangian {slope_left(swing):.1e}, largest force {np.max(np.abs(z['force'])):.3f} N",
            f"  {swing.seconds[0]:.2f} s, of which {swing.seconds[0] - swing.seconds[1]:.2f} s to "
            f"record and compile; once more {swing.seconds[1]:.2f} s, {both:.2f} s of it for "
            f"{result.njev} Jacobians and {result.nhev} Hessians",
            f"  Jacobian of the equations of motion: {J.shape[0]:,} × {J.shape[1]:,}, "
            f"{J.nnz:,} entries, {of_jacobian:.2f} ms",
            f"  Hessian of the Lagrangian: {H.nnz:,} entries, {of_hessian:.2f} ms",
            "  driven by this force, an integrator of order 8 ends "
            f"{swing.miss:.1e} from the goal (the rule's error is of order h², "
            f"h = {T_END / (len(swing.times) - 1):.1e} s)",
        ]
    )


def draw(swing: Swing, path: Path) -> Path:
    """The motion of cart and pole, and states and force over time."""
    fig, axes = plt.subplots(
        3, 1, figsize=(9.0, 8.0), height_ratios=(1.3, 1.0, 1.0), layout="constrained"
    )
    top, middle, bottom = axes
    states, force, times = swing.z["states"], swing.z["force"], swing.times
    tip = states[:, 0] + LENGTH * np.sin(states[:, 1]), -LENGTH * np.cos(states[:, 1])
    top.plot(*tip, color="0.8", lw=1.0)
    shown = np.linspace(0, len(times) - 1, 26).astype(int)
    for k, shade in zip(shown, np.linspace(0.15, 1.0, len(shown)), strict=True):
        top.plot([states[k, 0], tip[0][k]], [0.0, tip[1][k]], color=plt.cm.viridis(shade), lw=1.5)
        top.plot(states[k, 0], 0.0, "s", color=plt.cm.viridis(shade), ms=7)
        top.plot(tip[0][k], tip[1][k], "o", color=plt.cm.viridis(shade), ms=4)
    top.axhline(0.0, color="0.7", lw=0.8, zorder=0)
    top.set(aspect="equal", xlabel="m", ylabel="m", title="cart and pole, dark to light")
    middle.plot(times, states[:, 0], label="position, m")
    middle.plot(times, states[:, 1], label="angle, rad")
    middle.plot(times, swing.integrated[:, :2], "k:", lw=1.0)
    middle.plot([], [], "k:", lw=1.0, label="integrated with the force found")
    middle.legend(frameon=False), middle.set(xlim=(0.0, T_END))
    bottom.plot(times, force, color="C3")
    (
        bottom.axhline(MOST_FORCE, color="0.7", lw=0.8),
        bottom.axhline(-MOST_FORCE, color="0.7", lw=0.8),
    )
    bottom.set(xlabel="t, s", ylabel="force, N", xlim=(0.0, T_END))
    fig.savefig(path, dpi=130)
    plt.close(fig)
    return path


def main(arguments: list[str] | None = None) -> None:
    """Solve it, say and draw what came out."""
    parser = argparse.ArgumentParser(prog="python -m examples.optimal_control")
    parser.add_argument("--intervals", type=int, default=2500, help="of time (%(default)s)")
    parser.add_argument("--picture", type=Path, default=Path("optimal_control.png"))
    options = parser.parse_args(arguments)
    swing = swing_up(options.intervals)
    print(report(swing))
    print(f"wrote {draw(swing, options.picture)}")


if __name__ == "__main__":
    main()
