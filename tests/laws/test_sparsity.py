"""Random programs: patterns hold every nonzero, and sparse derivatives are the dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import wengert as wg
from laws import array_programs
from laws.random_programs import STEPS, Recipe, function_of, points, recipes
from primitives.patterns import adjoint_pattern, linearized, nonzeros, pattern_of
from wengert import trees

law = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
N_COLUMNS = 8  # of large Jacobians so many are computed


def undecided(recipe: Recipe) -> Recipe:
    """The steps that can be recorded without values."""
    return [step for step in recipe if STEPS[step[0]][0] != "branch"]


@law
@given(recipes(), points())
def test_jacobians_stay_inside_their_patterns(recipe: Any, point: Any) -> None:
    made = linearized(function_of(undecided(recipe)), point)
    reached = nonzeros(made, point, made.residuals(point))
    assert not np.any(reached & ~pattern_of(made.parts.linear, made.known))
    assert not np.any(reached & ~adjoint_pattern(made))


@law
@given(recipes(5), points())
def test_hessians_stay_inside_their_patterns(recipe: Any, point: Any) -> None:
    f = function_of(undecided(recipe))
    gradient = wg.grad(lambda x, y: np.sum(np.sin(f(x, y))), argnums=(0, 1))
    made = linearized(gradient, point)
    reached = nonzeros(made, point, made.residuals(point))
    pattern = pattern_of(made.parts.linear, made.known)
    assert not np.any(reached & ~pattern)
    assert not np.any(reached & ~adjoint_pattern(made))


@law
@given(array_programs.recipes(), array_programs.shapes())
def test_programs_on_larger_arrays(recipe: Any, shapes: Any) -> None:
    f = array_programs.function_of(recipe)
    args = array_programs.arguments(shapes)
    made = linearized(f, args)
    residuals = made.residuals(args)
    pattern = pattern_of(made.parts.linear, made.known)
    assert np.array_equal(pattern, adjoint_pattern(made))
    rng = np.random.default_rng(0)
    n = pattern.shape[1]
    chosen = rng.choice(n, min(n, N_COLUMNS), replace=False)
    reached = nonzeros(made, args, residuals, chosen)
    assert not np.any(reached & ~pattern[:, chosen])


def rows_of(blocks: Any) -> Any:
    """A Jacobian's blocks, one for each argument, as one matrix."""
    return np.concatenate(
        [np.reshape(b, (np.shape(b)[0] if np.ndim(b) else 1, -1)) for b in blocks], axis=1
    )


@settings(law, max_examples=25)
@given(recipes(), points(), st.sampled_from(["auto", "forward", "reverse"]))
def test_sparse_jacobians_are_the_dense_ones(recipe: Any, point: Any, mode: str) -> None:
    f = lambda x, y: np.ravel(function_of(recipe)(x, y))
    exact = rows_of(wg.jacobian(f, argnums=(0, 1), mode="forward")(*point))
    compressed = rows_of(wg.jacobian(f, argnums=(0, 1), mode="compressed")(*point))
    found = wg.sparse.jacobian(f, argnums=(0, 1), mode=mode)(*point).toarray()
    scale = max(1.0, float(np.max(np.abs(exact), initial=0.0)))
    np.testing.assert_allclose(found / scale, exact / scale, atol=1e-9)
    np.testing.assert_allclose(compressed / scale, exact / scale, atol=1e-9)


@settings(law, max_examples=15)
@given(recipes(4), points())
def test_sparse_hessians_are_the_dense_ones(recipe: Any, point: Any) -> None:
    n = np.size(point[0])

    def f(z: Any) -> Any:
        x, y = np.reshape(z[:n], np.shape(point[0])), np.reshape(z[n:], np.shape(point[1]))
        return np.sum(np.sin(function_of(recipe)(x, y)))

    z = np.concatenate([np.ravel(v) for v in point])
    exact = wg.hessian(f)(z)
    found = wg.sparse.hessian(f)(z).toarray()
    scale = max(1.0, float(np.max(np.abs(exact), initial=0.0)))
    np.testing.assert_allclose(found / scale, exact / scale, atol=1e-8)


@settings(law, max_examples=20)
@given(array_programs.recipes(), array_programs.shapes(), st.sampled_from(["forward", "reverse"]))
def test_sparse_jacobians_of_larger_arrays_give_the_products(
    recipe: Any, shapes: Any, mode: str
) -> None:
    f = array_programs.function_of(recipe)
    args = array_programs.arguments(shapes)
    rng = np.random.default_rng(0)
    tangents = tuple([rng.normal(size=np.shape(a)) for a in args])
    pushed = trees.flatten(wg.jvp(f, args, tangents)[1])[0]
    exact = np.concatenate([np.ravel(v) for v in pushed])
    matrix = wg.sparse.jacobian(f, argnums=tuple(range(len(args))), mode=mode)(*args)
    product = matrix @ np.concatenate([np.ravel(t) for t in tangents])
    scale = max(1.0, float(np.max(np.abs(exact), initial=0.0)))
    np.testing.assert_allclose(product / scale, exact / scale, atol=1e-9)
