"""Random programs: no nonzero of a Jacobian or Hessian is outside the pattern that is predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

import wengert as wg
from laws import array_programs
from laws.random_programs import STEPS, Recipe, function_of, points, recipes
from primitives.patterns import adjoint_pattern, linearized, nonzeros, pattern_of

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
