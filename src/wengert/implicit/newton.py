"""Newton's method for r(z) = 0, with a line search that makes the residual fall.

    newton           on plain values
    newton_loop      the same as a Program: a native loop under `jit`, all lanes at once under vmap
    RootSolver       what `implicit_root` runs on values: Newton, then SciPy's hybr and lm

A step z - t J^-1 r is taken for the first t of 1, 1/2, 1/4 ... that lowers |r|; the method ends
when the step is as small as rounding, or the residual stops falling next to the solution.
Source: J. Nocedal, S. J. Wright, Numerical Optimization (2006), chapter 11.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control import cond, while_loop
from wengert.control.programs import record_rule_program
from wengert.errors import ConvergenceError
from wengert.implicit.external import external
from wengert.implicit.programs import jacobian_program, jacobian_rows, run
from wengert.ir.program import Program
from wengert.ops.core import full
from wengert.trace.evaluate import record_program
from wengert.types import Type

MAX_STEPS = 60
_HALVINGS = 30
_SCIPY = ("hybr", "lm")


def nearness(dtype: Any) -> tuple[float, float]:
    """Relative sizes of a step: as small as rounding makes it, and small enough to be accepted."""
    eps = float(np.finfo(dtype).eps)
    return 4.0 * eps, eps**0.5


def newton(
    f: Callable[[Any], Any], jac: Callable[[Any], Any], z: Any, max_steps: int = MAX_STEPS
) -> tuple[Any, bool]:
    """The last iterate, and whether it is a solution."""
    finest, accepted = nearness(z.dtype)
    r = f(z)
    size = np.linalg.norm(r)
    for _ in range(max_steps):
        if size == 0.0 or not z.size:
            return z, True
        try:
            delta = np.linalg.solve(jac(z), r)
        except np.linalg.LinAlgError:
            return z, False
        relative = np.linalg.norm(delta) / (1.0 + np.linalg.norm(z))
        if not np.isfinite(relative):
            return z, False
        t = 1.0
        for _ in range(_HALVINGS):
            moved = z - t * delta
            r_moved = f(moved)
            size_moved = np.linalg.norm(r_moved)
            if size_moved < size:
                break
            if relative <= accepted:
                return z, True
            t *= 0.5
        else:
            return z, False
        z, r, size = moved, r_moved, size_moved
        if relative <= finest:
            return z, True
    return z, False


@lru_cache(maxsize=256)
def newton_loop(residual: Program) -> Program:
    """(constants, guess) -> (z, whether it is a solution), as a Program."""
    dtype: Any = residual.out_types[0].dtype
    finest, accepted = nearness(dtype)

    def search(*args: Any) -> list[Any]:
        consts, guess = args[:-1], args[-1]

        def f(z: Any) -> Any:
            return record_program(residual, [*consts, z])[0]

        def step(state: Any) -> Any:
            z, r, size, n, _, _ = state
            j = jacobian_rows(residual, [*consts, z])
            sign = np.linalg.slogdet(j)[0]
            is_regular = np.logical_and(sign != 0, np.isfinite(sign))
            delta = cond(is_regular, lambda: np.linalg.solve(j, r), lambda: np.full_like(r, np.nan))
            relative = _norm(delta) / (1 + _norm(z))

            def halve(inner: Any) -> Any:
                t, _, _, k = inner
                moved = z - t * delta
                return t * 0.5, moved, f(moved), k + 1

            def is_too_far(inner: Any) -> Any:
                falls = _norm(inner[2]) < size
                return np.logical_and(np.logical_not(falls), inner[3] < tries)

            # Next to the solution, where rounding decides, one try is enough.
            tries = np.where(relative <= accepted, 1, _HALVINGS)
            first = halve((full((), 1.0, dtype), z, r, zero))
            _, moved, r_moved, _ = while_loop(is_too_far, halve, first)
            falls = _norm(r_moved) < size
            is_near = relative <= accepted
            is_found = np.logical_or(
                np.logical_and(is_near, np.logical_not(falls)), relative <= finest
            )
            is_open = np.logical_and(falls, np.logical_not(is_found))
            z, r = np.where(falls, moved, z), np.where(falls, r_moved, r)
            size = _norm(r)
            is_found = np.logical_or(is_found, size == 0)
            is_open = np.logical_and(is_open, size != 0)
            return z, r, size, n + 1, is_open, is_found

        def goes_on(state: Any) -> Any:
            return np.logical_and(state[4], state[3] < MAX_STEPS)

        zero = full((), 0, np.int64)
        r = f(guess)
        size = _norm(r)
        start = (guess, r, size, zero, size != 0, size == 0)
        z, _, _, _, _, is_found = while_loop(goes_on, step, start)
        return [z, is_found]

    return record_rule_program("Newton's method", search, residual.in_types)


def _norm(v: Any) -> Any:
    return np.sqrt(np.sum(v * v))


@dataclass(frozen=True)
class RootSolver:
    """A root of a residual Program on plain values; `method` is None for the best of several."""

    residual: Program
    method: str | None
    name: str

    def __call__(self, *args: Any) -> Sequence[Any]:
        consts, guess = args[:-1], np.array(args[-1])

        def f(z: Any) -> Any:
            return run(self.residual, *consts, np.asarray(z, guess.dtype))[0]

        def jac(z: Any) -> Any:
            return run(jacobian, *consts, np.asarray(z, guess.dtype))[0]

        jacobian = jacobian_program(self.residual)
        with np.errstate(all="ignore"):
            tried = [guess]
            close = nearness(guess.dtype)[1] ** 1.25 * (1.0 + np.linalg.norm(f(guess)))
            if self.method is None:
                z, is_found = newton(f, jac, guess)
                if is_found:
                    return [z]
                tried.append(z)
            for method in _SCIPY if self.method is None else (self.method,):
                found = self._scipy(method, f, jac, guess)
                z, is_found = newton(f, jac, np.asarray(found.x, guess.dtype))
                # "Success" is no proof: lm also stops where |r| has a minimum that is not zero.
                if is_found or np.linalg.norm(f(z)) <= close:
                    return [z]
                tried.append(z)
            sizes = [float(np.linalg.norm(f(z))) for z in tried]
        raise no_root(self.name, min(sizes, key=lambda s: s if s == s else np.inf), sizes[0])

    def _scipy(self, method: str, f: Any, jac: Any, guess: Any) -> Any:
        optimize: Any = importlib.import_module("scipy.optimize")
        has_jacobian = method in ("hybr", "lm")
        return optimize.root(f, guess, jac=jac if has_jacobian else None, method=method)


def no_root(name: str, size: float, size_of_guess: float) -> ConvergenceError:
    """The error for equations that no solver solved."""
    return ConvergenceError(
        f"{name}: no solution was found.",
        got=f"residual norm {size:.3g} at best, {size_of_guess:.3g} at x0",
        expected="a point where all residuals vanish",
        try_="a guess x0 nearer to the solution, a scaled or smoother f, or a solver of your own: "
        "solver=lambda g, x0: ...",
    )


@lru_cache(maxsize=256)
def root_program(residual: Program, method: str | None, name: str, is_loop: bool) -> Program:
    """(constants, guess) -> z."""
    solver = RootSolver(residual, method, name)
    z_type: Type = residual.in_types[-1]  # type: ignore[assignment]  # a vector

    def elsewhere(*args: Any) -> list[Any]:
        return list(external(solver, args, (z_type,)))

    def loop_first(*args: Any) -> list[Any]:
        z, is_found = record_program(newton_loop(residual), args)
        return [cond(is_found, lambda: z, lambda: elsewhere(*args)[0])]

    return record_rule_program(name, loop_first if is_loop else elsewhere, residual.in_types)
