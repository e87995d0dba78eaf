"""The sparsity rules on every generated case: no nonzero of a Jacobian is outside its pattern.

Forward through the linear Program, backward through its adjoint, and under `vmap`. Where only
primitives occur whose rules are exact, there is no zero inside the pattern either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from primitives.checks import in_both_fields
from primitives.harness import Case, flat
from primitives.patterns import (
    adjoint_pattern,
    drawn,
    linearized,
    nonzeros,
    pattern_of,
    without_exact_rules,
)
from primitives.test_generated import FAMILIES
from wengert.ir.primitive import Primitive, Unsupported, registry

# Which elements these read depends on values, or their matrices have zeros of their own.
INEXACT = frozenset(
    "pick place foreign fft rfft irfft trigonometric spline_filter sparse_solve implicit_solve "
    "cholesky_push cholesky_pull adjugate_derivative triangular_solve solve_many banded_solve "
    "hermitian_banded_solve interp permute_rows".split()
)
# Zeros that factors or sums have whatever the arguments are.
CANCELS = {
    "vander": "a power of zero",
    "vander-complex": "a power of zero",
    "vander increasing": "a power of zero",
    "vander_increasing": "a power of zero",
    "vander square of zero": "a power of zero",
    "power-int-array": "a power of zero",
    "lagder-int": "coefficients that cancel",
    "geomspace": "an end that is put in place",
    "corrcoef": "a vector with itself",
    "corrcoef two": "a vector with itself",
    "maximum": "shares of the larger one",
    "maximum-complex": "shares of the larger one",
    "minimum": "shares of the smaller one",
    "fmax": "shares of the larger one",
    "fmin": "shares of the smaller one",
    "fmax-reduce": "shares of the larger one",
    "fmax-reduce-where": "shares of the larger one",
    "clip-bounds": "shares of the larger one",
    "heaviside": "a mask, as a number",
    "angle": "of a real number",
    "inverse_gaps": "squares of zero on the diagonal",
    "inverse_gaps-complex": "squares of zero on the diagonal",
    "fiedler": "differences with itself",
    "sobel": "reflected ends cancel",
    "detrend": "a projection with zeros",
    "degrees": "the degree is an integer",
    "sph_harm_y": "an order of zero",
    "huber": "a mask, as a number",
}
CASES = [
    pytest.param(case, id=f"{family}-{case.name}")
    for family, cases in FAMILIES.items()
    for case in in_both_fields(cases)
    if case.traces
]


@pytest.mark.parametrize("case", CASES)
def test_pattern_covers_the_jacobian(case: Case) -> None:
    turns = drawn(case)
    made = linearized(case.f, turns[0])
    pattern = pattern_of(made.parts.linear, made.known)
    backward = adjoint_pattern(made)
    reached = np.zeros_like(pattern)
    for args in turns:
        if not np.array_equal(reached, pattern):
            reached |= nonzeros(made, args, made.residuals(args))
    assert not np.any(reached & ~pattern)
    assert not np.any(reached & ~backward)
    if np.any(pattern & ~reached) and not without_exact_rules(made, INEXACT):
        reached |= nonzeros(made, turns[0], made.generic(turns[0]))
        assert np.any(pattern & ~reached) == (case.name in CANCELS)


@pytest.mark.parametrize("family", ["control", "linalg_related", "signal"])
def test_items_of_a_batch_do_not_meet(family: str) -> None:
    for case in in_both_fields(FAMILIES[family]):
        if not (case.batch and case.traces and case.order > 0):
            continue
        turns = drawn(case)
        made = linearized(wg.vmap(flat(case.f)), _stacked(turns))
        reached = nonzeros(made, _stacked(turns), made.residuals(_stacked(turns)))
        for pattern in (pattern_of(made.parts.linear, made.known), adjoint_pattern(made)):
            assert not np.any(reached & ~pattern), case.name
            rows = _items(made.out_types)
            columns = _items([a.dtype and _Shaped(a.shape) for a in _stacked(turns)])
            assert not np.any(pattern[rows[:, None] != columns]), case.name


class _Shaped:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


def _stacked(turns: Any) -> Any:
    return tuple([np.stack(pair) for pair in zip(*turns, strict=True)])


def _items(types: Any) -> np.ndarray:
    """For each element of values of these types, raveled, the item of the batch it belongs to."""
    size = [int(np.prod(t.shape[1:])) for t in types]
    return np.concatenate([np.zeros(0, int), *[np.repeat([0, 1], n) for n in size]])


def _has_adjoint(p: Primitive) -> bool:
    is_refused = isinstance(p.transpose, Unsupported)
    return bool(p.transpose and not is_refused) or bool(p.accumulate or p.transpose_all)


def test_every_linear_primitive_has_a_rule() -> None:
    missing = [
        p.name
        for p in registry.values()
        if _has_adjoint(p) and p.sparsity is None and not p.is_elementwise
    ]
    assert not missing
