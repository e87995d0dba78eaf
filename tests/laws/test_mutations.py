"""The generated checks must bite: every rule, once made wrong, makes at least one of them fail.

Each rule of each primitive (derivatives, transposes, batches, series, work in place, views written
back) is made wrong, one part at a time: a sign, a factor, a conjugate, a transposed matrix, items
of a batch exchanged, a cotangent dropped; see `mutations.py`. The cases that run the rule are then
checked again, the cheapest first. A rule that no case runs fails too.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
from docs.tools.matrix import primitives

import wengert as wg
from laws.mutations import Mutation, Patched, Rule, noting, rules_of, spoiling
from primitives.checks import CHECKS, applies, in_both_fields
from primitives.harness import Case
from primitives.test_generated import FAMILIES
from wengert.errors import WengertError
from wengert.ir.primitive import registry

# Rules that give nothing which could be wrong.
EMPTY = {
    Rule("custom_self", "linearize"): "a placeholder, which refuses",
    Rule("guard", "batch"): "no outputs",
}
# Rules that the generated cases do not reach, or whose results they leave out, and who tests them.
ELSEWHERE = {
    Rule("external", "batch"): "a solver's reports differ between lanes: test_implicit",
    Rule("implicit_solve_keep", "batch"): "in second derivatives of batches: test_implicit",
    Rule("host_pull", "linearize"): "in second derivatives of user rules: test_autograd_extend",
    Rule("host_pull", "transpose_all"): "in second derivatives of user rules: test_autograd_extend",
    Rule("host_pull", "series"): "in Taylor mode over a pullback: test_autograd_extend",
    Rule("host_push", "linearize"): "in second derivatives of user rules: test_autograd_extend",
}
# Mutations that change nothing, because what they spoil always has the symmetry in question.
HARMLESS = {
    Mutation(Rule("integral", "batch"), "item", 1, "exchanged"): "an estimate of the error",
    Mutation(Rule("real", "transpose", 0), "out", 0, "conjugate"): "the cotangent is real",
    Mutation(Rule("spline_filter", "transpose", 0), "out", 0, "conjugate"): "of real arrays only",
    Mutation(Rule("take_diagonal", "transpose", 0), "out", 0, "transposed"): "it is diagonal",
}
TIME_LIMIT = 20.0  # seconds; a check takes about 0.01
NOTICED = (AssertionError, WengertError, ValueError, IndexError, ArithmeticError)

Use = tuple[float, str, Case]  # seconds, check, case

RULES = [rule for primitive in primitives() for rule in rules_of(primitive)]


@cache
def users() -> dict[Mutation, list[Use]]:
    """What can be spoiled, each with the checks of cases that come across it, cheapest first."""
    found: dict[Mutation, list[Use]] = {}
    noted: set[Mutation] = set()
    patches = [Patched(rule, noting(rule, noted)) for rule in RULES]
    for patch in patches:
        patch.__enter__()
    try:
        cases = [case for listed in FAMILIES.values() for case in in_both_fields(listed)]
        for case in cases:
            for check in ("first", "batch"):
                note(found, noted, check, case)
        for check, is_meant in [("second", False), ("series", True)]:
            wanted = {r for r in RULES if (r.kind == "series") == is_meant} - set(EMPTY)
            wanted -= {m.rule for m in found}
            for case in cases:
                if wanted <= {m.rule for m in found}:
                    break
                note(found, noted, check, case, wanted)
    finally:
        for patch in reversed(patches):
            patch.__exit__(None, None, None)
    for uses in found.values():
        uses.sort(key=lambda use: use[0])
    return found


def note(
    found: dict[Mutation, list[Use]],
    noted: set[Mutation],
    check: str,
    case: Case,
    only: Iterable[Rule] | None = None,
) -> None:
    """Run a check and enter what can be spoiled in it (`only`: in these rules)."""
    noted.clear()
    if not applies(case, check):
        return
    wg.clear_cache()
    start = time.perf_counter()
    try:
        CHECKS[check](case)
    except Exception:  # the generated tests report it
        return
    seconds = time.perf_counter() - start
    for mutation in noted:
        if only is None or mutation.rule in only:
            found.setdefault(mutation, []).append((seconds, check, case))


def is_noticed(mutation: Mutation, uses: list[Use]) -> bool:
    """Whether a check fails; second derivatives see what first ones leave unused."""
    seconds = [(t, "second", case) for t, _, case in uses if applies(case, "second")]
    with Patched(mutation.rule, spoiling(mutation)):
        for _, check, case in [*uses, *seconds]:
            wg.clear_cache()
            try:
                with time_limit():
                    CHECKS[check](case)
            except NOTICED:
                return True
    return False


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise where a check takes very long: wrong rules may make a loop that never ends."""
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise AssertionError("a loop does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=str(rule)) for rule in RULES])
def test_wrong_rule_is_noticed(rule: Rule) -> None:
    if rule in ELSEWHERE:
        pytest.skip(ELSEWHERE[rule])
    mutations = {m: uses for m, uses in users().items() if m.rule == rule}
    assert bool(mutations) != (rule in EMPTY), "no generated case runs this rule: add one"
    for mutation, uses in mutations.items():
        noticed = is_noticed(mutation, uses)
        assert noticed != (mutation in HARMLESS), f"{mutation}: noticed is {noticed}"


def test_every_linear_primitive_has_an_adjoint() -> None:
    missing = [
        p.name
        for p in registry.values()
        if p.linear_in and not (p.transpose or p.accumulate or p.transpose_all)
    ]
    assert not missing


def test_rules_are_restored() -> None:
    before = {rule: getattr(rule.primitive, rule.kind) for rule in RULES}
    users()
    mutation = Mutation(Rule("sin", "jvp"), "out", 0, "sign")
    with Patched(mutation.rule, spoiling(mutation)):
        assert float(wg.grad(np.sin)(0.0)) == -1.0
    assert float(wg.grad(np.sin)(0.0)) == 1.0
    assert all(getattr(rule.primitive, rule.kind) is f for rule, f in before.items())
