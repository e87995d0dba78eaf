"""The tests of patterns must bite: a sparsity rule, once made wrong, makes one of them fail.

The rule of each primitive is made to lose the dependence of one element, or to move all of it by
one element; of the generated cases whose linear Programs hold the primitive one must notice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from docs.tools.matrix import primitives

import wengert as wg
from primitives.checks import in_both_fields
from primitives.harness import Arrays, flat, primitives_of
from primitives.patterns import Linearized, adjoint_of, linearized, nonzeros, pattern_of
from primitives.test_generated import FAMILIES
from wengert.ir.primitive import Primitive, registry
from wengert.transforms.sparsity import sparsity_rule

N_CASES = 8  # tried for each mutation, the smallest ones
SMALLEST = 30  # entries of a Jacobian that shows a difference
# Moving changes nothing: in the cases that hold these all of a result depends on the same.
EVEN = frozenset(
    "adjugate_derivative banded_outer banded_product banded_solve checked cholesky_pull dot "
    "foreign host_pull host_push linear_system "
    "implicit_solve integral permute_rows solve sparse_solve sylvester".split()
)
# What no first derivative of a case applies to tangents: tests/unit/test_dependence.py.
ELSEWHERE = frozenset("banded_transpose full stack_add stack_choose stack_spread stack_sum".split())
RULES = [
    p.name
    for p in primitives()
    if p.sparsity is not None
    and (p.linear_in or p.transpose_all is not None)
    and p.name not in ELSEWHERE
]

Use = tuple[int, Linearized, Arrays]


@cache
def uses() -> dict[str, list[Use]]:
    """For each primitive in linear Programs the smallest cases, with the size of the Jacobian."""
    found: dict[str, list[Use]] = {}
    for family, cases in FAMILIES.items():
        for case in in_both_fields(cases):
            if not case.traces or case.order < 1:
                continue
            args = case.draw()
            enter(found, linearized(case.f, args), args)
            if family == "control" and case.batch:
                stacked = tuple([np.stack(pair) for pair in zip(args, case.draw(1), strict=True)])
                enter(found, linearized(wg.vmap(flat(case.f)), stacked), stacked)
    return found


def enter(found: dict[str, list[Use]], made: Linearized, args: Arrays) -> None:
    """Enter a case under each primitive that it uses."""
    size = sum([a.size for a in args]) * sum([t.size for t in made.out_types])
    size = size if size >= SMALLEST else 1000 * SMALLEST  # too small ones are all alike
    for name in primitives_of(made.parts.linear) | primitives_of(adjoint_of(made)):
        kept = found.setdefault(name, [])
        kept.append((size, made, args))
        kept.sort(key=lambda use: use[0])
        del kept[N_CASES:]


def dropped(labels: Any) -> Any:
    """The first half of what depends on anything depends on nothing."""
    result = np.array(labels).reshape(-1)
    there = np.flatnonzero(result)
    result[there[: (len(there) + 1) // 2]] = 0
    return result.reshape(np.shape(labels))


def moved(labels: Any) -> Any:
    """Each element depends on what the one before it should."""
    return np.roll(np.ravel(labels), 1).reshape(np.shape(labels))


def spoiled(rule: Callable[..., Any], how: Callable[[Any], Any]) -> Callable[..., Any]:
    """A rule made wrong in the first output that depends on anything."""

    def wrong(k: Any, **params: Any) -> Any:
        result = rule(k, **params)
        parts = list(result) if k.primitive.is_multiple else [result]
        for j, x in enumerate(parts):
            if x is not None and np.any(x):
                parts[j] = how(x)
                break
        return parts if k.primitive.is_multiple else parts[0]

    return wrong


def is_noticed(made: Linearized, args: Arrays) -> bool:
    """Whether a nonzero is outside of a pattern."""
    reached = nonzeros(made, args, made.residuals(args))
    forward = pattern_of(made.parts.linear, made.known)
    return bool(np.any(reached & ~forward)) or bool(
        np.any(reached & ~pattern_of(adjoint_of(made), made.known).T)
    )


@pytest.mark.parametrize("how", [dropped, moved])
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_rule_is_noticed(
    name: str, how: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    primitive: Primitive = registry[name]
    monkeypatch.setattr(primitive, "sparsity", spoiled(sparsity_rule(primitive), how))
    found = any([is_noticed(made, args) for _, made, args in uses().get(name, [])])
    assert found != (how is moved and name in EVEN)
