"""The generated checks must bite: every rule, once made wrong, makes at least one of them fail.

Each derivative, transpose and batch rule of each primitive is replaced by a wrong one (sign flipped,
doubled, conjugated, items exchanged), and the cases that use the rule are run again. A rule that no
case uses fails too.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import pytest

import wengert as wg
from primitives.checks import CHECKS, applies, in_both_fields
from primitives.test_generated import FAMILIES
from wengert.errors import WengertError
from wengert.ir.primitive import Unsupported, registry
from wengert.trace.tracer import Tracer
from wengert.transforms import rules

# Rules that the generated cases cannot reach, each with the test that does.
ELSEWHERE: dict[tuple[str, str], str] = {}
MAX_CASES = 12


def rules_of(primitive: Any) -> list[tuple[str, Any]]:
    """(kind, key) of every rule in a record."""
    found: list[tuple[str, Any]] = []
    if callable(primitive.jvp):
        found.append(("jvp", None))
    if isinstance(primitive.transpose, dict):
        found += [("transpose", i) for i in primitive.transpose]
    elif callable(primitive.transpose):
        found.append(("transpose", None))
    found += [("accumulate", i) for i in primitive.accumulate or ()]
    if primitive.transpose_all is not None:
        found.append(("transpose_all", None))
    if callable(primitive.batch):
        found.append(("batch", None))
    return found


def wrong(value: Any, how: str) -> Any:
    """A rule's result made wrong."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {k: wrong(v, how) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(wrong(v, how) for v in value)
    if not isinstance(value, Tracer) or not value.variable.type.is_differentiable:
        return value
    if not hasattr(value.variable.type, "shape"):
        return value
    return {"sign": lambda: -value, "double": lambda: value + value}[how]()


def exchanged(result: Any) -> Any:
    """A batch rule's result with its items exchanged."""
    values, flags = result
    many = isinstance(values, (tuple, list))
    vs = list(values) if many else [values]
    on = list(flags) if isinstance(flags, (tuple, list)) else [flags] * len(vs)
    vs = [
        np.flip(v, 0) if o and isinstance(v, Tracer) and hasattr(v.variable.type, "shape") else v
        for v, o in zip(vs, on, strict=True)
    ]
    return (tuple(vs) if many else vs[0]), flags


class Patched:
    """One rule of one primitive wrapped; restored at the end, with all caches cleared."""

    def __init__(self, primitive: Any, kind: str, key: Any, wrap: Any) -> None:
        self.primitive, self.kind, self.key, self.wrap = primitive, kind, key, wrap
        self.original = getattr(primitive, kind)

    def __enter__(self) -> None:
        wg.clear_cache()
        if self.key is None:
            setattr(self.primitive, self.kind, self.wrap(self.original))
        else:
            new = {**self.original, self.key: self.wrap(self.original[self.key])}
            setattr(self.primitive, self.kind, new)

    def __exit__(self, *error: Any) -> None:
        setattr(self.primitive, self.kind, self.original)
        wg.clear_cache()


def every_case() -> list[Any]:
    return [case for family in FAMILIES.values() for case in in_both_fields(family)]


@cache
def users() -> dict[tuple[str, str, Any], list[Any]]:
    """The cases that run each rule."""
    found: dict[Any, list[Any]] = defaultdict(list)
    patches = []
    seen: set[Any] = set()

    def logging(name: str, kind: str, key: Any) -> Any:
        def wrap(rule: Any) -> Any:
            def logged(*args: Any, **kwargs: Any) -> Any:
                seen.add((name, kind, key))
                return rule(*args, **kwargs)

            return logged

        return wrap

    for name, primitive in registry.items():
        for kind, key in rules_of(primitive):
            patch = Patched(primitive, kind, key, logging(name, kind, key))
            patches.append(patch)
            patch.__enter__()
    try:
        for case in every_case():
            for check in ("first", "batch"):
                if not applies(case, check):
                    continue
                wg.clear_cache()
                seen.clear()
                try:
                    CHECKS[check](case)
                except AssertionError:
                    continue  # the generated tests report it
                for rule in seen:
                    found[rule].append((check, case))
    finally:
        for patch in reversed(patches):
            patch.__exit__()
    return found


MUTATIONS = [
    pytest.param(name, kind, key, id=f"{name}-{kind}" + ("" if key is None else f"-{key}"))
    for name, primitive in sorted(registry.items())
    for kind, key in rules_of(primitive)
]


def is_caught(primitive: Any, kind: str, key: Any, cases: list[Any], how: str) -> bool:
    def wrap(rule: Any) -> Any:
        if how == "exchange":
            return lambda *args, **kwargs: exchanged(rule(*args, **kwargs))
        return lambda *args, **kwargs: wrong(rule(*args, **kwargs), how)

    with Patched(primitive, kind, key, wrap):
        for check, case in cases[:MAX_CASES]:
            try:
                CHECKS[check](case)
            except (AssertionError, WengertError, ValueError, IndexError, FloatingPointError):
                return True
    return False


@pytest.mark.parametrize(("name", "kind", "key"), MUTATIONS)
def test_wrong_rule_is_noticed(name: str, kind: str, key: Any) -> None:
    cases = users().get((name, kind, key), [])
    if (name, kind) in ELSEWHERE:
        return
    assert cases, f"no generated case runs the {kind} rule of {name}: add one"
    for how in ("exchange",) if kind == "batch" else ("sign", "double"):
        assert is_caught(registry[name], kind, key, cases, how), (
            f"the {kind} rule of {name} was made wrong ({how}) and no check noticed"
        )


def test_every_linear_primitive_has_an_adjoint() -> None:
    missing = [
        p.name
        for p in registry.values()
        if p.linear_in
        and not (p.transpose or p.accumulate or p.transpose_all)
        and not isinstance(p.transpose, Unsupported)
    ]
    assert not missing


def test_rules_are_restored() -> None:
    assert rules._make_linear_rule.__module__ == "wengert.transforms.rules"
    assert float(wg.grad(np.sin)(0.0)) == 1.0
