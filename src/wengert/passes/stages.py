"""`optimize`: the stages, in order, each a function from Program to Program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import perf_counter
from typing import Any

from wengert.errors import ArgumentError
from wengert.ir.program import Program
from wengert.passes.arithmetic_rules import ARITHMETIC, FOLDING
from wengert.passes.control import simplify_control
from wengert.passes.inline import inline
from wengert.passes.pattern import Changes, Rule, RuleIndex, index_rules
from wengert.passes.product_rules import PRODUCTS
from wengert.passes.push import BUFFERS, Pusher
from wengert.passes.read_rules import READS
from wengert.passes.report import Report, StageReport
from wengert.passes.rewriting import Rewriter, live_equations
from wengert.passes.shape_rules import SHAPES, SPREAD
from wengert.passes.sharing import share
from wengert.passes.sum_rules import SUMS

# THE table: every rule, by the stage that applies it. A rule may serve in several.
TABLE: dict[str, list[Rule]] = {
    "fold": [*FOLDING, *SHAPES],
    "algebra": [*ARITHMETIC, *SHAPES, *SPREAD, *SUMS, *READS],
    "push": [*BUFFERS, *READS, *SHAPES],
    "products": PRODUCTS,
}

# The order in which `optimize` runs them. What `push` brings to light is simplified again.
STAGES: tuple[str, ...] = (
    *("inline", "fold", "algebra", "control", "inline", "share"),
    *("push", "fold", "algebra", "products", "share", "dead"),
)


@lru_cache(maxsize=64)
def rules_of(stage: str, allowed: frozenset[Changes]) -> RuleIndex:
    """The rules of a stage that change no more than is allowed, ready to be looked up."""
    return index_rules([r for r in TABLE[stage] if r.changes in allowed])


def optimize(
    program: Program,
    report: Report | None = None,
    *,
    stages: Sequence[str] | None = None,
    rounding: bool = True,
    signed_zeros: bool = True,
) -> Program:
    """An equal Program that does less.

    Parameters
    ----------
    program : Program
        Is run, not differentiated, afterwards: custom derivative rules are gone.
    report : Report, optional
        Where to enter what was done.
    stages : sequence of str, optional
        Which stages to run, in order; by default all of `STAGES`. `inline` writes out Programs
        that are called, `fold` computes with known numbers, `algebra` simplifies, `control` does
        the same in loops and branches and moves out what no turn changes, `share` computes equal
        things once, `push` works on the parts that are asked for, `products` writes einsums as
        matrix products, `dead` drops what nobody needs.
    rounding : bool, default True
        Whether sums and products may be taken in another order, or with fewer roundings.
    signed_zeros : bool, default True
        Whether −0 and +0 are told apart. Without, `x + 0.0` is `x`, also for an accumulator that
        a derivative starts from zeros: one and the same in a Program, whoever wrote it.

    Returns
    -------
    Program
        With the same inputs, outputs and captured values. Guards keep their order. Apart from
        rounding, where that is allowed, results are the same bit for bit, NaN and infinities
        included.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def f(x):
    ...     y = wg.numpy.zeros(3)
    ...     for i in range(3):
    ...         y[i] = 1.0 * x[2 - i]
    ...     return y[0] - (-y[2])
    >>> print(optimize(wg.trace(f)(np.arange(3.0))))
    program(a: float64[3]):
      b: float64[] = index[index=(2,)](a)    # <doctest ...
      c: float64[] = index[index=(0,)](a)    # <doctest ...
      d: float64[] = add(b, c)    # <doctest ...
      return d
    """
    names = STAGES if stages is None else tuple(stages)
    for name in names:
        if name not in STAGES:
            raise ArgumentError(
                "optimize: there is no such stage.",
                got=repr(name),
                expected=", ".join(dict.fromkeys(STAGES)),
            )
    allowed = {Changes.NOTHING}
    if rounding:
        allowed.add(Changes.ROUNDING)
    if not signed_zeros:
        allowed.add(Changes.ZERO_SIGN)
    return _Run(names, frozenset(allowed)).optimize(program, report or Report())


class _Run:
    """One call of `optimize`; a body that stands in several places is optimized once."""

    def __init__(self, names: Sequence[str], allowed: frozenset[Changes]) -> None:
        self.names = names
        self.allowed = allowed
        self.bodies: dict[int, tuple[Program, Program]] = {}

    def optimize(self, program: Program, report: Report) -> Program:
        is_changed = True  # since the last walk over the rules
        for i, name in enumerate(self.names):
            if name in ("fold", "algebra") and name in self.names[:i] and not is_changed:
                continue
            entry = StageReport(name, before=len(program.equations))
            start = perf_counter()
            program = self.stage(name, program, entry.fired)
            entry.seconds = perf_counter() - start
            entry.after = len(program.equations)
            report.stages.append(entry)
            if entry.fired:
                is_changed = True
            elif name == "push":
                is_changed = False
        return program

    def stage(self, name: str, program: Program, fired: Counter[str]) -> Program:
        if name == "inline":
            return inline(program, fired)
        if name == "control":
            return simplify_control(program, self._body(fired), fired)
        if name == "share":
            return share(program, fired)
        if name == "dead":
            return dead(program)
        rules = rules_of(name, self.allowed)
        if name == "push":
            return Pusher(program, rules, fired, Changes.ROUNDING in self.allowed).run()
        return Rewriter(program, rules, fired).run()

    def _body(self, fired: Counter[str]) -> Callable[[Program], Program]:
        def optimize_body(body: Program) -> Program:
            known = self.bodies.get(id(body))
            if known is None:
                inner = Report()
                known = self.bodies[id(body)] = (body, self.optimize(body, inner))
                fired.update(inner.fired)
            return known[1]

        return optimize_body


def dead(program: Program) -> Program:
    """The Program without equations that neither its outputs nor its guards need."""
    kept: Any = live_equations(program.equations, program.outputs)
    return Program(program.inputs, kept, program.outputs, program.captured)
