"""Difference formulas with their errors: the choice of the step, and extrapolation.

A formula D(t) of order p for a derivative of order d is off by truncation T ~ t^p and by rounding
R ~ eps |f| / t^d. T is measured (two steps, t and t/2), R is bounded from the values that entered.
The sum is least where p T = d R, at t* = t (d R / (p T))^(1/(p+d)): from a first step
t = eps^(1/(p+d)) relative to the argument this is repeated until the error is as small as the
formula allows. Every entry of the result keeps the step that served it best.

Sources: P. E. Gill, W. Murray, M. A. Saunders, M. H. Wright, "Computing forward-difference
intervals for numerical optimization", SIAM J. Sci. Stat. Comput. 4 (1983) 310, for balancing the
two errors; W. H. Press et al., Numerical Recipes, section 5.7, for the first step;
C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng. Software 4 (1982) 75,
for the choice among extrapolated values by their neighbors. We depart from Ridders in halving the
step instead of dividing it by 1.4 (halving keeps steps powers of two, which are exact), in adding
the rounding bound to the error, and in starting from the length scale that the central difference
has found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Sample:
    """A formula at one step: its value, a bound on its rounding error, the step itself."""

    value: Array
    rounding: Array
    step: float


@dataclass(frozen=True)
class Formula:
    """A difference formula for one derivative of all outputs.

    Attributes
    ----------
    sample : callable
        `sample(t)` evaluates the formula with the step t, relative to the arguments' size.
    order : int
        p: the truncation error falls as t^p.
    derivative : int
        d: the rounding error grows as t^-d.
    eps : float
        The relative rounding error of the function's values.
    typical : ndarray
        The size a derivative has if the function changes by all of itself over the argument's
        length; errors far below it are not worth more evaluations.
    """

    sample: Callable[[float], Sample]
    order: int
    derivative: int
    eps: float
    typical: Array

    @property
    def first_step(self) -> float:
        return power_of_two(self.eps ** (1 / (self.order + self.derivative)))


@dataclass(frozen=True)
class Outcome:
    """The value that a method arrived at, entry by entry, with its error and step."""

    value: Array
    error: Array
    step: Array


def power_of_two(x: float) -> float:
    """The power of two nearest below `x`: adding one to a number loses the fewest digits."""
    return math.ldexp(1.0, math.frexp(x)[1] - 1)


def better(a: Outcome, b: Outcome) -> Outcome:
    """Entry by entry the one with the smaller error; a NaN loses against everything."""
    take_b = ~(_known(a.error) <= _known(b.error))
    return Outcome(
        np.where(take_b, b.value, a.value),
        np.where(take_b, b.error, a.error),
        np.where(take_b, b.step, a.step),
    )


def fixed_step(formula: Formula, t: float, with_error: bool) -> Outcome:
    """The formula at the given step, and if asked for its error (one more evaluation of it)."""
    sample = formula.sample(t)
    if not with_error:
        return _outcome(sample, np.full(sample.rounding.shape, np.nan))
    truncation = _truncation(formula, sample, formula.sample(t / 2))
    return _outcome(sample, truncation + sample.rounding)


def best_step(formula: Formula, n_tries: int = 4) -> tuple[Outcome, float]:
    """Choose the step by balancing truncation against rounding.

    Returns
    -------
    outcome : Outcome
        The best value found for every entry.
    t : float
        The step at which the two errors balance for the entry that was worst.
    """
    t = balanced = formula.first_step
    best = Outcome(*(np.full(formula.typical.shape, x) for x in (np.nan, np.inf, np.nan)))
    least_excess, has_turned = math.inf, False
    for k in range(n_tries):
        try:
            sample = formula.sample(t)
            truncation = _truncation(formula, sample, formula.sample(t / 2))
        except (ValueError, ArithmeticError):
            if k == 0:
                raise
            break  # a search step left the function's domain, as math.log(-1) does
        best = better(_outcome(sample, truncation + sample.rounding), best)
        excess, worst = _excess(formula, best)
        if excess < least_excess or least_excess == math.inf:
            least_excess = excess
            balance = _balance(formula, truncation[worst], sample.rounding[worst])
            # A truncation below rounding is not measured: no larger length is known from it.
            balanced = t * min(balance, 4.0)
            factor = power_of_two(min(max(balance, 2.0**-30), 2.0**20))
        elif not has_turned:  # it made things worse: look to the other side of where it started
            has_turned, t, factor = True, t / factor, 1.0 / factor
        else:
            break
        if excess <= 1.0 or factor == 1.0:
            break
        t *= factor
    return best, balanced


def extrapolate(
    formula: Formula, t: float, n_levels: int = 8, *, is_search: bool = False
) -> Outcome:
    """Richardson extrapolation of a formula whose error is a series in t², from the step t down.

    Halves the step up to `n_levels` - 1 times, stops when the error no longer falls, and keeps for
    every entry the extrapolated value that agrees best with the two it was made from. With
    `is_search` steps that leave the function's domain are passed over.
    """
    sample = partial(_sample_if_defined, formula) if is_search else formula.sample
    row = [sample(t)]
    best = _outcome(row[0], np.full(row[0].rounding.shape, np.inf))
    for level in range(1, n_levels):
        before = best.error
        new = [sample(t * 0.5**level)]
        for m in range(1, level + 1):
            above, left = row[m - 1], new[m - 1]
            weight = 1.0 / (4.0**m - 1.0)
            value = left.value + (left.value - above.value) * weight
            spread = np.maximum(abs(value - left.value), abs(value - above.value))
            new.append(Sample(value, left.rounding * (1.0 + 2.0 * weight), left.step))
            best = better(_outcome(new[m], spread + new[m].rounding), best)
        row = new
        if level >= 3 and not np.any((best.error < before) | ~np.isfinite(before)):
            break
    return best


def _sample_if_defined(formula: Formula, t: float) -> Sample:
    """The formula at t, or NaN where the function is not defined that far away."""
    try:
        return formula.sample(t)
    except (ValueError, ArithmeticError):
        unknown = np.full(formula.typical.shape, np.nan)
        return Sample(unknown, unknown, t)


def _truncation(formula: Formula, coarse: Sample, fine: Sample) -> Array:
    """T of the coarse value, from its difference to the value at half the step."""
    ratio = 2.0**formula.order
    return abs(coarse.value - fine.value) * (ratio / (ratio - 1.0))


def _balance(formula: Formula, truncation: float, rounding: float) -> float:
    """t* / t. Where one of the errors is unknown or vanishes, a large step to the safe side."""
    p, d = formula.order, formula.derivative
    if not (np.isfinite(truncation) and np.isfinite(rounding)):
        return 2.0**-20
    if truncation == 0.0:
        return 1.0 if rounding == 0.0 else 2.0**20
    return float((d * rounding / (p * truncation)) ** (1 / (p + d)))


def _excess(formula: Formula, outcome: Outcome) -> tuple[float, int]:
    """The largest error in units of what the formula can be expected to reach, and where it is."""
    attainable = formula.eps ** (formula.order / (formula.order + formula.derivative))
    size = np.maximum(abs(outcome.value), formula.typical)
    excess = outcome.error / (30.0 * attainable * size)
    excess = np.where(outcome.error == 0.0, 0.0, _known(excess))
    worst = int(np.argmax(excess))
    return float(excess[worst]), worst


def _outcome(sample: Sample, error: Array) -> Outcome:
    return Outcome(sample.value, error, np.full(error.shape, sample.step))


def _known(error: Array) -> Array:
    return np.where(np.isnan(error), np.inf, error)
