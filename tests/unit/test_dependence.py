"""Index sets, and how single equations and loops let them through, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from primitives.patterns import linearized, pattern_of
from wengert.control.lanes import stack_choose_p
from wengert.ir.index_sets import IndexSets
from wengert.ir.program import Equation, Program, Var
from wengert.ops.core import full_p
from wengert.ops.linalg.banded import banded_transpose_p
from wengert.ops.stacks import stack_add_p, stack_spread_p, stack_sum_p
from wengert.transforms.sparsity import propagate
from wengert.types import StackType, Type


def through(
    primitive: Any, types: list[Any], labels: list[Any], values: list[Any], **params: Any
) -> tuple[Any, IndexSets]:
    """The labels that one equation gives; the sets are those of 12 inputs."""
    inputs = tuple([Var(t) for t in types])
    out = Var(primitive.type_rule(*types, **params))
    program = Program(inputs, [Equation(primitive, inputs, params, (out,))], (out,))
    sets = IndexSets(12)
    return propagate(program, labels, values, sets)[0], sets


def members(sets: IndexSets, labels: Any) -> list[list[int]]:
    """The sets, element by element."""
    rows = sets.rows(labels)
    return [list(map(int, part)) for part in np.split(rows.indices, rows.indptr[1:-1])]


FLOAT = np.dtype(float)
PAIR = StackType(Type((2,), FLOAT))
GRID = StackType(Type((2, 3), FLOAT))


def test_items_of_stacks_are_united_place_by_place() -> None:
    a, b = np.array([1, 2]), np.array([3, 4])
    found, sets = through(stack_add_p, [PAIR, PAIR], [a, b], [None, None])
    assert members(sets, found) == [[0, 2], [1, 3]]
    live = Type((2,), np.dtype(bool))
    found, sets = through(stack_choose_p, [live, PAIR, PAIR], [None, a, b], [None] * 3)
    assert members(sets, found) == [[0, 2], [1, 3]]


def test_items_of_stacks_are_repeated_and_summed() -> None:
    found, sets = through(stack_spread_p, [PAIR], [np.array([1, 2])], [None], size=3, axis=1)
    assert members(sets, found) == [[0]] * 3 + [[1]] * 3
    grid = np.arange(1, 7).reshape(2, 3)
    found, sets = through(stack_sum_p, [GRID], [grid], [None], axis=0)
    assert members(sets, found) == [[0, 3], [1, 4], [2, 5]]


def test_stored_diagonals_move_when_a_band_is_transposed() -> None:
    stored = np.arange(1, 10).reshape(3, 3)
    band = Type((3, 3), FLOAT)
    found, _ = through(banded_transpose_p, [band], [stored], [None], lower=1, upper=1)
    assert np.array_equal(found, [[0, 7, 8], [4, 5, 6], [2, 3, 0]])


def test_a_filled_array_depends_on_its_number() -> None:
    found, _ = through(full_p, [Type((), FLOAT)], [np.array(4)], [None], shape=(2, 2), dtype=FLOAT)
    assert np.array_equal(found, [[4, 4], [4, 4]])


def test_equal_sets_may_have_different_numbers() -> None:
    sets = IndexSets(3)
    a = sets.unite(np.array([1]), np.array([2]))
    b = sets.unite(np.array([2]), a)
    assert a != b
    assert sets.are_equal(a, b)
    assert not sets.are_equal(a, sets.unite(a, np.array([3])))


def pattern(f: Any, n: int) -> list[list[int]]:
    made = linearized(f, (np.linspace(0.5, 1.5, n),))
    return pattern_of(made.parts.linear, made.known).astype(int).tolist()


def test_a_loop_reads_the_elements_that_its_counter_names() -> None:
    def shifted(x: Any) -> Any:
        places = wg.numpy.asarray(np.array([2, 0, 1]))
        return wg.scan(lambda c, i: (c, x[places[i]] ** 2), 0.0, np.arange(3))[1]

    assert pattern(shifted, 3) == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_turns_before_the_last_are_not_forgotten() -> None:
    def running(x: Any) -> Any:
        return wg.scan(lambda c, a: (c + a**2, c * 1.0), 0.0, x)[1]

    assert pattern(running, 3) == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]


def test_a_loop_backward_starts_at_the_end() -> None:
    def running(x: Any) -> Any:
        return wg.scan(lambda c, a: (c + a**2, c * 1.0), 0.0, x, reverse=True)[1]

    assert pattern(running, 3) == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]


def test_a_while_loop_with_a_known_condition_is_walked_turn_by_turn() -> None:
    def moved(x: Any) -> Any:
        step = lambda c: (c[0] + 1, np.sin(c[1][[0, 0, 1, 2]]))
        return wg.while_loop(lambda c: c[0] < 2, step, (0, x))[1]

    assert pattern(moved, 4) == [[1, 0, 0, 0]] * 3 + [[0, 1, 0, 0]]


def test_a_loop_of_unknown_length_has_the_union_of_all_turns() -> None:
    def moved(x: Any) -> Any:
        return wg.while_loop(lambda y: np.sum(y) > 0.1, lambda y: y[[0, 0, 1]] * 0.5, x)

    assert pattern(moved, 3) == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_a_long_loop_stops_when_nothing_changes() -> None:
    def smoothed(x: Any) -> Any:
        def step(y: Any, _: Any) -> Any:
            return np.sin(y) + np.concatenate([y[:1], y[:-1]]), None

        return wg.scan(step, x, None, length=10_000)[0]

    assert pattern(smoothed, 3) == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_a_loop_longer_than_is_walked_unites_its_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wengert.control.dependence._MAX_TURNS", 2)

    def shifted(x: Any) -> Any:
        return wg.scan(lambda c, a: (c, a**2), 0.0, x)[1]

    assert pattern(shifted, 3) == [[1, 1, 1]] * 3


def test_the_branch_that_is_known_to_be_taken_counts_alone() -> None:
    def chosen(x: Any) -> Any:
        def step(c: Any, i: Any) -> Any:
            return c, wg.cond(i == 1, lambda: x[0] ** 2, lambda: x[1] ** 2)

        return wg.scan(step, 0.0, np.arange(2))[1]

    assert pattern(chosen, 2) == [[0, 1], [1, 0]]


def test_places_known_along_one_axis_only() -> None:
    def rows_sorted(x: Any) -> Any:
        return np.sort(np.reshape(x, (2, 2)), axis=1)

    assert pattern(rows_sorted, 4) == [[1, 1, 0, 0]] * 2 + [[0, 0, 1, 1]] * 2

    def row_added(x: Any) -> Any:
        y = wg.numpy.zeros((2, 2))
        y[[0, 1], np.argsort(x[:2])] += x[2:]
        return y

    assert pattern(row_added, 4) == [[0, 0, 1, 0]] * 2 + [[0, 0, 0, 1]] * 2
