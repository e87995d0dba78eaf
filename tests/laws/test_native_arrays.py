"""Compiled array programs of every shape against the interpreter, in memory full of NaNs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import wengert as wg
from laws.planner_programs import SHAPES, SMALL_SHAPES, function_of, recipes, scalar_of
from wengert.native.executable import Executable
from wengert.passes import optimize
from wengert.trace.evaluate import evaluate


def law(n: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],  # a recipe is readable without shrinking
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def same(got: Sequence[Any], expected: Sequence[Any]) -> None:
    for a, b in zip(got, expected, strict=True):
        scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * scale)
        assert np.asarray(a).dtype == np.asarray(b).dtype


def compiled(f: Callable[..., Any], *args: Any) -> None:
    """Passes and native code keep what the interpreter computes; a second call its bits."""
    program = wg.trace(f)(*args)
    values = [*args, *program.captured]
    expected = evaluate(program, values)
    same(evaluate(optimize(program), values), expected)
    made = Executable(program, is_poisoned=True, optimize=optimize)
    first = made.run(values)
    same(first, expected)
    for a, b in zip(first, made.run(values), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def arrays(shapes: Sequence[tuple[int, ...]], seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1.0, 1.0, s) for s in shapes]


def lists_of(shapes: Sequence[tuple[int, ...]]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(shapes), min_size=1, max_size=3)


@law(100)
@given(recipes(6), lists_of(SHAPES), st.integers(0, 3))
def test_values_and_first_derivatives(recipe, shapes, mode):
    f, loss, xs = function_of(recipe), scalar_of(recipe), arrays(shapes)
    n = len(xs)
    everything = tuple(range(n))
    if mode == 0:
        compiled(f, *xs)
    elif mode == 1:
        compiled(wg.grad(loss, everything), *xs)
    elif mode == 2:
        compiled(lambda *a: wg.jvp(f, a[:n], a[n:]), *xs, *arrays(shapes, 1))
    else:
        compiled(wg.grad(lambda *a: wg.jit(loss)(*a) * 2.0, everything), *xs)


@law(40)
@given(recipes(5), lists_of(SMALL_SHAPES), st.sampled_from([2, 9, 20]), st.integers(0, 4))
def test_jacobians_second_derivatives_and_batches(recipe, shapes, size, mode):
    f, loss, xs = function_of(recipe), scalar_of(recipe), arrays(shapes)
    n = len(xs)
    everything = tuple(range(n))
    batch = arrays([(size, *s) for s in shapes])
    if mode == 0:
        compiled(wg.jacobian(f, everything), *xs)
    elif mode == 1:
        compiled(lambda *a: wg.jvp(wg.grad(loss, everything), a[:n], a[n:]), *xs, *xs)
    elif mode == 2:
        compiled(wg.vmap(f), *batch)
    elif mode == 3:
        compiled(wg.vmap(wg.grad(loss, everything)), *batch)
    else:
        compiled(wg.grad(lambda *a: wg.vmap(loss)(*a).sum(), everything), *batch)
