"""The gradient of the Helmholtz free energy of a mixed fluid, by every method.

    f(x) = R T Σ log(x_i / (1 − bᵀx)) − xᵀAx / (√8 bᵀx) · log((1 + (1+√2) bᵀx) / (1 + (1−√2) bᵀx))

for x of n = 1 … 50 components: the example with which A. G. Baydin, B. A. Pearlmutter, A. A. Radul
and J. M. Siskind, "Automatic differentiation in machine learning: a survey", JMLR 18 (2018),
section 2, compare methods (the equation of state is that of D.-Y. Peng and D. B. Robinson, 1976).
Coefficients are random, with a fixed seed. Every gradient is compared with one computed by mpmath
with 120 digits, which shares no code with the methods.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import wengert as wg
from wengert import numeric, symbolic
from wengert.demo.progress import Screen
from wengert.demo.timing import best_time

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[[Array], Any]

SIZES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 36, 43, 50)
QUICK_SIZES = (1, 3, 5, 10, 20)
RT = 8.314e-3 * 300.0  # kJ/mol at 300 K
ROOT2, ROOT8 = float(np.sqrt(2.0)), float(np.sqrt(8.0))
SYMBOLIC = "symbolic (SymPy)"
SCIPY = "SciPy’s differences"
DIGITS = 120


@dataclass(frozen=True)
class Measurement:
    """One method at one size.

    Attributes
    ----------
    n : int
        Number of components.
    seconds : float
        Time of one gradient.
    ratio : float
        The same in units of the time of f.
    error : float
        Euclidean norm of the gradient's error, relative to the gradient's.
    n_calls : int
        How often one gradient calls f.
    """

    n: int
    seconds: float
    ratio: float
    error: float
    n_calls: int


@dataclass(frozen=True)
class Swell:
    """What symbolic differentiation makes of f at one size.

    Attributes
    ----------
    n : int
        Number of components.
    n_function, n_gradient : int
        Operations in the expression of f, and in the n expressions of its gradient together.
    n_shared : int
        The latter after a search for common subexpressions.
    n_program : int
        Equations, each on whole arrays, in the Program of the gradient by reverse mode.
    seconds : float
        Time to differentiate, without the time to compile the result.
    """

    n: int
    n_function: int
    n_gradient: int
    n_shared: int
    n_program: int
    seconds: float


@dataclass(frozen=True)
class HelmholtzResult:
    """All measurements.

    Attributes
    ----------
    measurements : dict of str to list of Measurement
        By method, in order of size.
    swell : list of Swell
        For the sizes that symbolic differentiation reached.
    function_seconds : dict of int to float
        Time of f by size.
    stopped : str
        Why symbolic differentiation went no further; empty if it did all sizes.
    """

    measurements: dict[str, list[Measurement]]
    swell: list[Swell] = field(default_factory=list)
    function_seconds: dict[int, float] = field(default_factory=dict)
    stopped: str = ""


@dataclass(frozen=True)
class Problem:
    """A fluid of n components and the point where it is differentiated."""

    a: Array
    b: Array
    x: Array

    def energy(self, x: Array) -> Any:
        """The free energy in kJ/mol."""
        bx = self.b @ x
        ideal = RT * np.sum(np.log(x / (1.0 - bx)))
        logarithm = np.log((1.0 + (1.0 + ROOT2) * bx) / (1.0 + (1.0 - ROOT2) * bx))
        return ideal - (x @ self.a @ x) / (ROOT8 * bx) * logarithm


def problem(n: int) -> Problem:
    """Random coefficients with a fixed seed, such that bᵀx = 1/2: a dense fluid."""
    generator = np.random.default_rng(n)
    x = generator.uniform(0.5, 1.5, n) / n
    b = generator.uniform(0.5, 1.5, n)
    a = generator.uniform(0.5, 1.5, (n, n))
    return Problem(a=0.5 * (a + a.T), b=b / (2.0 * (b @ x)), x=x)


def reference(p: Problem) -> Array:
    """The gradient to all digits of float64: one-sided differences in arithmetic of 120 digits.

    With a step of 1e-60 truncation and cancellation both stay near 1e-60.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        a = [[mpmath.mpf(float(entry)) for entry in row] for row in p.a]
        b = [mpmath.mpf(float(entry)) for entry in p.b]
        x = [mpmath.mpf(float(entry)) for entry in p.x]
        root2, rt, step = mpmath.sqrt(2), mpmath.mpf(RT), mpmath.mpf(10) ** -60

        def energy(x: list[Any]) -> Any:
            bx = mpmath.fdot(b, x)
            ideal = rt * mpmath.fsum(mpmath.log(entry / (1 - bx)) for entry in x)
            logarithm = mpmath.log((1 + (1 + root2) * bx) / (1 + (1 - root2) * bx))
            quadratic = mpmath.fdot(x, [mpmath.fdot(row, x) for row in a])
            return ideal - quadratic / (2 * root2 * bx) * logarithm

        base = energy(x)
        moved = (energy([*x[:k], x[k] + step, *x[k + 1 :]]) for k in range(len(x)))
        return np.array([float((value - base) / step) for value in moved])


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Function) -> None:
        self._f = f
        self.n_calls = 0

    def __call__(self, x: Array) -> Any:
        self.n_calls += 1
        return self._f(x)


def methods(f: Function) -> dict[str, Function]:
    """The gradient of `f` by every method that needs nothing but `f`.

    Wengert's numeric methods choose a step for every number and estimate their errors; SciPy's
    differences use one fixed rule and a single extra call a number.
    """
    from scipy.optimize import approx_fprime

    return {
        "reverse mode": wg.grad(f),
        "reverse mode, jit": wg.jit(wg.grad(f)),
        "forward mode": wg.jacfwd(f),
        "complex step": numeric.gradient(f, method="complex"),
        "central differences": numeric.gradient(f, method="central"),
        "forward differences": numeric.gradient(f, method="forward"),
        "Richardson": numeric.gradient(f, method="richardson"),
        SCIPY: lambda x: approx_fprime(x, f),
    }


def run(screen: Screen, quick: bool = False) -> HelmholtzResult:
    """Measure every method at every size."""
    sizes = QUICK_SIZES if quick else SIZES
    patience = 1.0 if quick else 4.0
    result = HelmholtzResult(measurements={})
    stopped = ""
    with screen.step("Helmholtz energy", len(sizes)) as bar:
        for n in sizes:
            p = problem(n)
            truth = reference(p)
            result.function_seconds[n] = _function_seconds(p)
            f = Counted(p.energy)
            gradients = methods(f)
            if not stopped:
                swell, gradients[SYMBOLIC] = _symbolic(p)
                result.swell.append(swell)
                if swell.seconds > patience:
                    stopped = (
                        f"SymPy took {swell.seconds:.1f} s to differentiate at n = {n}, and gave "
                        f"{swell.n_gradient:,} operations; larger sizes were left out"
                    )
            for name, gradient in gradients.items():
                measured = _measure(p.x, f, gradient, truth, result.function_seconds[n])
                result.measurements.setdefault(name, []).append(measured)
            bar.advance(f"n = {n}")
    result = replace(result, stopped=stopped)
    screen.table(COLUMNS, table_rows(result, sizes[-1]))
    if stopped:
        screen.say(f"  {stopped}")
    return result


def _function_seconds(p: Problem) -> float:
    return best_time(lambda: p.energy(p.x), budget=0.05)


def _measure(
    x: Array, f: Counted, gradient: Function, truth: Array, function_seconds: float
) -> Measurement:
    error = np.linalg.norm(np.asarray(gradient(x)) - truth) / np.linalg.norm(truth)
    before = f.n_calls
    gradient(x)  # counted here: a recording, if it makes one, is already made
    n_calls = f.n_calls - before
    seconds = best_time(lambda: gradient(x), budget=0.05)
    return Measurement(x.size, seconds, seconds / function_seconds, float(error), n_calls)


def _symbolic(p: Problem) -> tuple[Swell, Function]:
    """Differentiate the expression of f with SymPy, and make a Python function of the result."""
    import sympy

    start = time.perf_counter()
    derived = symbolic.derive(p.energy, (p.x,))
    seconds = time.perf_counter() - start
    function, gradient = map(symbolic.expression_size, (derived.function, derived.derivative))
    swell = Swell(
        n=p.x.size,
        n_function=function.operations,
        n_gradient=gradient.operations,
        n_shared=gradient.shared,
        n_program=len(wg.trace(wg.grad(p.energy))(p.x).equations),
        seconds=seconds,
    )
    # SymPy's own compiler, on Python's floats: the fastest that it offers for so small a case
    compiled = sympy.lambdify(list(derived.symbols), list(derived.derivative), "math", cse=True)
    return swell, lambda x: np.array(compiled(*x.tolist()))


COLUMNS = ("method", "n", "time", "/ time of f", "calls of f", "error")


def table_rows(result: HelmholtzResult, n: int) -> list[tuple[str, ...]]:
    """A line for each method: its measurement at `n` components, or the largest it reached."""
    rows: list[tuple[str, ...]] = []
    for name, measurements in result.measurements.items():
        last = [m for m in measurements if m.n <= n][-1]
        rows.append(
            (
                name,
                str(last.n),
                f"{1e6 * last.seconds:.0f} µs",
                f"{last.ratio:.1f}",
                str(last.n_calls),
                f"{last.error:.1e}",
            )
        )
    return rows
