"""Compiled Programs compute what the interpreter does: random ones, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wengert as wg
from laws import array_programs, random_programs
from primitives.native import check_compiled
from wengert.native.compiler import can_compile
from wengert.passes import optimize


def law(n: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def compiled(f: Callable[..., Any], *args: Any, rtol: float = 1e-10) -> None:
    program = wg.trace(f)(*args)
    if not can_compile(program):
        return
    values = [*args, *program.captured]
    check_compiled(program, values, rtol, 1.0)


@law(60)
@given(random_programs.recipes(), random_programs.points())
def test_small_programs(recipe, point):
    f = random_programs.function_of(recipe)

    def everything(x: Any, y: Any) -> Any:
        value, pullback = wg.vjp(f, x, y)
        tangent = wg.jvp(f, (x, y), (y, x))[1]
        cotangents = [c for c in pullback(np.array([0.3, -0.7, 1.1])) if c is not None]
        return (value, *cotangents, *([] if tangent is None else [tangent]))

    compiled(everything, *point)


@law(15)
@given(random_programs.recipes(5), random_programs.points())
def test_jacobians_of_small_programs(recipe, point):
    f = random_programs.function_of(recipe)
    compiled(lambda x, y: (wg.jacobian(f)(x, y), wg.jacrev(f)(x, y)), *point)


@law(60)
@given(array_programs.recipes(), array_programs.shapes())
def test_array_programs(recipe, pair):
    x, y = array_programs.arguments(pair)
    compiled(array_programs.function_of(recipe), x, y)


@law(20)
@given(array_programs.recipes(5), array_programs.shapes())
def test_gradients_of_array_programs(recipe, pair):
    f = array_programs.function_of(recipe)

    def loss(x: Any, y: Any) -> Any:
        first, second = f(x, y)
        return np.sum(np.sin(first)) + second

    compiled(wg.grad(loss, (0, 1)), *array_programs.arguments(pair))


@law(40)
@given(array_programs.recipes(4), st.sampled_from([(7,), (3, 5), (33,)]), st.booleans())
def test_optimized_and_batched_programs(recipe, shape, is_batched):
    f = array_programs.function_of(recipe)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, *shape))

    def loss(x: Any, y: Any) -> Any:
        first, second = f(x, y)
        return np.sum(np.sin(first)) + second

    g = wg.vmap(wg.grad(loss)) if is_batched else wg.grad(loss)
    program = wg.trace(g)(x, y)
    if can_compile(program):
        check_compiled(optimize(program), [x, y, *program.captured], 1e-10, 1.0)
