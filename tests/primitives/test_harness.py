"""The checks fail where a rule is wrong: one wrong primitive for each kind of mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import wengert.ops as ops
from primitives.checks import CHECKS
from primitives.harness import Case, central, differences
from wengert.ir.primitive import Primitive, registry
from wengert.ops.core import mul, neg
from wengert.ops.families import elementwise
from wengert.trace.tracer import bind
from wengert.types import Type

cos, sin = ops.elementwise.cos, ops.elementwise.sin


@pytest.fixture
def known() -> Iterator[None]:
    """Forget the primitives that a test defines."""
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def case_of(primitive: Primitive) -> Case:
    return Case(
        "wrong", lambda x: bind(primitive, x * 1.0), lambda rng: rng.uniform(0.5, 1, (2, 3))
    )


def refuses(primitive: Primitive, *checks: str) -> None:
    for check in checks:
        with pytest.raises(AssertionError):
            CHECKS[check](case_of(primitive))


def test_a_right_rule_passes_every_check(known: None) -> None:
    primitive = elementwise("right", np.sin, partials=(lambda out, x: cos(x),))
    for check in CHECKS.values():
        check(case_of(primitive))


def test_a_wrong_sign(known: None) -> None:
    refuses(elementwise("wrong", np.sin, partials=(lambda out, x: neg(cos(x)),)), "first", "rate")


def test_a_wrong_factor_of_one_part_in_a_million(known: None) -> None:
    primitive = elementwise("wrong", np.sin, partials=(lambda out, x: mul(cos(x), 1.000001),))
    refuses(primitive, "first")


def test_a_wrong_second_derivative(known: None) -> None:
    slope = elementwise("wrong_cos", np.cos, partials=(lambda out, x: sin(x),))
    primitive = elementwise("wrong", np.sin, partials=(lambda out, x: bind(slope, x),))
    CHECKS["first"](case_of(primitive))
    refuses(primitive, "second")


def test_a_wrong_transpose(known: None) -> None:
    primitive = elementwise(
        "wrong",
        lambda x: 3.0 * x,
        ufunc=np.negative,
        linear_in=(frozenset({0}),),
        transpose={0: lambda ct, args: mul(ct, 2.0)},
    )
    refuses(primitive, "first", "program")


def test_a_wrong_type_rule(known: None) -> None:
    primitive = elementwise(
        "wrong", np.sin, type_rule=lambda x: Type(x.shape, np.float32), partials=()
    )
    refuses(primitive, "program")


def test_a_wrong_batch_rule(known: None) -> None:
    def array(x: Any) -> Any:
        return x - x.mean()

    primitive = elementwise(
        "wrong",
        array,
        ufunc=np.negative,
        partials=(lambda out, x: mul(x, 0.0),),
    )
    refuses(primitive, "batch")


def test_a_lost_dtype(known: None) -> None:
    primitive = elementwise(
        "wrong",
        lambda x: np.sin(x, dtype=np.float64),
        type_rule=lambda x: Type(x.shape, np.float64),
        partials=(lambda out, x: cos(x),),
    )
    plain = Case("wrong", lambda x: np.sin(x), lambda rng: rng.uniform(0.5, 1, 3))
    CHECKS["float32"](plain)
    traced = Case(
        "wrong",
        lambda x: np.sin(x) if isinstance(x, np.ndarray) else bind(primitive, x),
        lambda rng: rng.uniform(0.5, 1, 3),
    )
    with pytest.raises(AssertionError):
        CHECKS["float32"](traced)


def test_differences_reach_ten_digits() -> None:
    def f(x: Any) -> Any:
        return (np.exp(np.sin(3 * x)),)

    x, v = np.array([0.3, 0.7]), np.array([1.0, -0.5])
    exact = 3 * np.cos(3 * x) * np.exp(np.sin(3 * x)) * v
    np.testing.assert_allclose(differences(f, (x,), (0,), (v,))[0], exact, rtol=1e-10)
    coarse, fine = [central(f, (x,), (0,), (v,), h)[0] - exact for h in (1e-2, 5e-3)]
    np.testing.assert_allclose(coarse / fine, 4.0, rtol=1e-2)
