"""Laws that hold for every program, checked on random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import wengert as wg
from laws.random_programs import STEPS, function_of, points, recipes
from wengert.ir.check import check
from wengert.ir.program import Program
from wengert.ir.text import parse_program
from wengert.trace.evaluate import evaluate
from wengert.transforms.batch import batch_program
from wengert.transforms.linearize import linearize_program
from wengert.transforms.transpose import transpose_program

law = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a recipe is readable without shrinking
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
directions = st.tuples(*[st.tuples(*[st.floats(-1, 1, width=32)] * 3)] * 2).map(
    lambda p: tuple(np.array(v) for v in p)
)


def close(a: Any, b: Any, tol: float = 1e-10) -> None:
    np.testing.assert_allclose(a, b, rtol=tol, atol=tol * max(1.0, float(np.max(np.abs(b)))))


@law
@given(recipes(), points(), directions, directions)
def test_forward_and_reverse_are_adjoint(recipe, point, v, w):
    f = function_of(recipe)
    _, tangent = wg.jvp(f, point, v)
    _, pullback = wg.vjp(f, *point)
    cts = pullback(w[0])
    left, right = np.sum(w[0] * tangent), sum(np.sum(c * t) for c, t in zip(cts, v, strict=True))
    close(left, right)


@law
@given(recipes(), points(), directions)
def test_forward_agrees_with_differences(recipe, point, v):
    f = function_of(recipe)
    _, tangent = wg.jvp(f, point, v)
    errors = []
    for h in (1e-4, 5e-5):
        above = f(*[x + h * d for x, d in zip(point, v, strict=True)])
        below = f(*[x - h * d for x, d in zip(point, v, strict=True)])
        errors.append(np.max(np.abs((above - below) / (2 * h) - tangent)))
    assert min(errors) <= 2e-5 * max(1.0, np.max(np.abs(tangent)))


@law
@given(recipes(), points(), directions, directions, st.floats(-2, 2, width=32))
def test_the_derivative_is_linear(recipe, point, u, v, a):
    _, linear = wg.linearize(function_of(recipe), *point)
    both = linear(*[a * x + y for x, y in zip(u, v, strict=True)])
    close(both, a * linear(*u) + linear(*v))


@law
@given(recipes(5), points(), directions)
def test_second_derivatives_are_symmetric_in_every_nesting(recipe, point, v):
    f = function_of(recipe)

    def scalar(x, y):
        return np.sum(np.sin(f(x, y)))

    H = wg.hessian(scalar)(*point)
    close(H, H.T, 1e-9)
    close(wg.jacrev(wg.jacfwd(scalar))(*point), H, 1e-9)
    close(wg.jacfwd(wg.jacfwd(scalar))(*point), H, 1e-9)
    close(wg.hvp(lambda x: scalar(x, point[1]), (point[0],), (v[0],)), H @ v[0], 1e-9)


@law
@given(recipes(5), points(), directions)
def test_taylor_mode_agrees_with_nested_forward_mode(recipe, point, v):
    f = function_of(recipe)
    _, series = wg.jet(f, point, ([v[0], None], [v[1], None]))

    def first(x, y):
        return wg.jvp(f, (x, y), v)[1]

    close(series[0], first(*point))
    close(series[1], wg.jvp(first, point, v)[1], 1e-9)


@law
@given(recipes(), st.lists(points(), min_size=3, max_size=3))
def test_vmap_is_a_loop(recipe, items):
    if any(STEPS[s][0] == "branch" for s, _, _ in recipe):
        recipe = [r for r in recipe if STEPS[r[0]][0] != "branch"] or [(0, 0, 1)]
    f = function_of(recipe)
    xs, ys = (np.stack([p[k] for p in items]) for k in range(2))
    close(wg.vmap(f)(xs, ys), np.stack([f(*p) for p in items]))
    close(
        wg.vmap(f, in_axes=(1, None), out_axes=1)(xs.T, ys[0]),
        np.stack([f(p[0], ys[0]) for p in items], axis=1),
    )
    J = wg.vmap(wg.jacobian(f))(xs, ys)
    close(J, np.stack([wg.jacobian(f)(*p) for p in items]))


@law
@given(recipes(), points(), points())
def test_jit_and_checkpoint_preserve_meaning(recipe, one, two):
    f = function_of(recipe)
    j = wg.jit(f)
    for point in (one, two, one):
        close(j(*point), f(*point), 1e-13)
        close(wg.jacobian(j)(*point), wg.jacobian(f)(*point), 1e-12)
        close(
            wg.jacrev(wg.checkpoint(f))(*point) if no_branch(recipe) else 0.0,
            wg.jacrev(f)(*point) if no_branch(recipe) else 0.0,
            1e-12,
        )


def no_branch(recipe) -> bool:
    return all(STEPS[s][0] != "branch" for s, _, _ in recipe)


@law
@given(recipes(), points())
def test_programs_and_what_is_derived_from_them_are_well_formed(recipe, point):
    f = function_of(recipe)
    program = wg.trace(f)(*point)
    check(program)
    again = parse_program(str(program))
    assert again == program
    inputs = [*point, *program.captured]
    active = [i < 2 for i in range(len(inputs))]
    done = linearize_program(program, active)
    check(done.forward)
    check(done.linear)
    if done.out_active:
        n = done.n_residuals
        adjoint = transpose_program(done.linear, [False] * n + [True] * 2)
        check(adjoint)
        check(transpose_twice(done.linear, n))
    check(batch_program(program, active, 2).program)


def transpose_twice(linear: Program, n: int) -> Program:
    adjoint = transpose_program(linear, [False] * n + [True] * 2)
    return transpose_program(adjoint, [False] * n + [True] * len(linear.outputs))


@law
@given(recipes(), points(), directions)
def test_transposing_twice_gives_the_derivative_back(recipe, point, v):
    program = wg.trace(function_of(recipe))(*point)
    inputs = [*point, *program.captured]
    done = linearize_program(program, [i < 2 for i in range(len(inputs))])
    if not done.out_active:
        return
    residuals = evaluate(done.forward, inputs)[1:]
    once = evaluate(done.linear, [*residuals, *v])
    twice = evaluate(transpose_twice(done.linear, done.n_residuals), [*residuals, *v])
    close(twice[0], once[0])


@law
@given(recipes(), points())
def test_source_computes_the_same(recipe, point):
    program = wg.trace(function_of(recipe))(*point)
    namespace: dict[str, Any] = {}
    exec(program.source(), namespace)
    close(namespace["program"](*point, *program.captured), program(*point), 1e-13)


@pytest.mark.parametrize("name", [name for name, _ in STEPS])
def test_every_step_is_differentiable(name):
    step = dict(STEPS)[name]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3))
    wg.check_grads(step, (x, y), order=2)
