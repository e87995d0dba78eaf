"""Optimized Programs compute the same: random ones, and what is derived from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import wengert as wg
from laws.random_programs import function_of, points, recipes
from laws.test_laws import law, no_branch
from wengert import numpy as wnp
from wengert.ir.check import check
from wengert.ir.program import Program
from wengert.passes import STAGES, optimize
from wengert.trace.evaluate import evaluate
from wengert.transforms.batch import batch_program
from wengert.transforms.linearize import linearize_program
from wengert.transforms.transpose import transpose_program


def same(a: Any, b: Any, tol: float) -> None:
    scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
    np.testing.assert_allclose(a, b, rtol=tol, atol=tol * scale)
    assert np.asarray(a).dtype == np.asarray(b).dtype


def preserved(program: Program, args: Any, tol: float = 1e-12, **options: Any) -> Program:
    """The optimized Program, after it was checked and compared."""
    done = check(optimize(program, **options))
    assert done.in_types == program.in_types
    assert done.out_types == program.out_types
    assert done.captured == program.captured
    for a, b in zip(evaluate(done, args), evaluate(program, args), strict=True):
        same(a, b, tol)
    return done


@law
@given(recipes(), points())
def test_values_are_kept(recipe, point):
    program = wg.trace(function_of(recipe))(*point)
    args = [*point, *program.captured]
    done = preserved(program, args)
    assert len(optimize(done).equations) <= len(done.equations)
    preserved(program, args, signed_zeros=False)
    exact = optimize(program, rounding=False)
    for a, b in zip(evaluate(exact, args), evaluate(program, args), strict=True):
        same(a, b, 1e-15)


@law
@given(recipes(), points(), st.sampled_from(sorted(set(STAGES))))
def test_each_stage_alone_keeps_values(recipe, point, stage):
    program = wg.trace(function_of(recipe))(*point)
    preserved(program, [*point, *program.captured], stages=[stage])
    without = [s for s in STAGES if s != stage]
    preserved(program, [*point, *program.captured], stages=without)


@law
@given(recipes(), points())
def test_derivatives_are_kept(recipe, point):
    f = function_of(recipe)
    program = wg.trace(f)(*point)
    args = [*point, *program.captured]
    done = linearize_program(program, [i < 2 for i in range(len(args))])
    preserved(done.forward, args)
    if not done.out_active:
        return
    n = done.n_residuals
    residuals = evaluate(done.forward, args)[1:]
    rng = np.random.default_rng(0)
    preserved(done.linear, [*residuals, *rng.normal(size=(2, 3))], 1e-11)
    adjoint = transpose_program(done.linear, [False] * n + [True] * 2)
    preserved(adjoint, [*residuals, rng.normal(size=3)], 1e-11)


@law
@given(recipes(5), points())
def test_jacobians_and_hessians_are_kept(recipe, point):
    f = function_of(recipe)

    def scalar(x, y):
        return np.sum(np.sin(f(x, y)))

    for g in (wg.jacobian(f), wg.jacrev(f), wg.grad(scalar, (0, 1)), wg.hessian(scalar)):
        program = wg.trace(g)(*point)
        preserved(program, [*point, *program.captured], 1e-10)


@law
@given(recipes(5), st.lists(points(), min_size=2, max_size=2))
def test_vmaps_are_kept(recipe, items):
    f = function_of(recipe)
    if not no_branch(recipe):
        return
    xs, ys = (np.stack([p[k] for p in items]) for k in range(2))
    for g in (wg.vmap(f), wg.vmap(wg.jacobian(f)), wg.grad(lambda x, y: wg.vmap(f)(x, y).sum())):
        program = wg.trace(g)(xs, ys)
        preserved(program, [xs, ys, *program.captured], 1e-10)
    program = wg.trace(f)(*items[0])
    batched = batch_program(program, [i < 2 for i in range(len(program.inputs))], 2).program
    preserved(batched, [xs, ys, *program.captured])


places = st.tuples(st.integers(0, 3), st.integers(0, 2))
steps = st.lists(st.tuples(st.sampled_from("eras+ctw"), places, places), min_size=1, max_size=14)


def written(recipe: Any, x: Any) -> Any:
    """An array of shape (4, 3) written and read piece by piece."""
    p = wnp.zeros((4, 3))
    out = x[0, 0]
    for kind, (i, j), (k, l) in recipe:
        if kind == "e":
            p[i, j] = p[k, l] + out
        elif kind == "r":
            p[i] = x[k] * out
        elif kind == "a":
            p[i, j] += x[k, l]
        elif kind == "s":
            p[min(i, k) : max(i, k) + 1, j] = x[0, l] * 2.0
        elif kind == "+":
            p[i:, ::2] += out
        elif kind == "c":
            p[:, j] = x[:, l] + p[:, l]
        elif kind == "t":
            out = np.sin(p).T[j, i] + np.concatenate([p, x])[i + k, l]
        else:
            out = out + np.sum(np.cos(p)[i]) + (x @ p.T)[i, k]
    return np.sum(p) * out + p[1, 1]


@law
@given(steps)
def test_arrays_written_piece_by_piece(recipe):
    x = np.random.default_rng(0).normal(size=(4, 3))
    for g in (lambda x: written(recipe, x), wg.grad(lambda x: written(recipe, x))):
        program = wg.trace(g)(x)
        args = [x, *program.captured]
        preserved(program, args, 1e-11)
        preserved(program, args, 1e-11, stages=["push", "push"])
    xs = np.random.default_rng(1).normal(size=(2, 4, 3))
    program = wg.trace(wg.vmap(wg.grad(lambda x: written(recipe, x))))(xs)
    preserved(program, [xs, *program.captured], 1e-11)
