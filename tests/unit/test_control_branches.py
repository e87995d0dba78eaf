"""`cond` and `switch`: trees, closures, that one branch runs, and the texts of errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DecisionError, OutputError


def test_trees_in_and_out() -> None:
    def yes(a: Any, b: Any) -> Any:
        return {"sum": a["x"] + b, "pair": (a["y"], 1)}

    def no(a: Any, b: Any) -> Any:
        return {"sum": a["x"] - b, "pair": (2.0 * a["y"], 0)}

    a = {"x": np.ones(2), "y": 3.0}
    found = wg.cond(True, yes, no, a, 0.5)
    np.testing.assert_array_equal(found["sum"], [1.5, 1.5])
    assert found["pair"] == (3.0, 1)
    assert wg.cond(np.bool_(False), yes, no, a, 0.5)["pair"] == (6.0, 0)


def test_numbers_count_as_being_nonzero() -> None:
    assert [wg.cond(p, lambda: 1.0, lambda: 2.0) for p in (3, 0, 0.5, 0.0)] == [1, 2, 1, 2]
    f = lambda x: wg.cond(x, lambda: x * x, lambda: x * 1.0)
    assert wg.grad(f)(3.0) == 6.0
    assert wg.grad(f)(0.0) == 1.0


def test_only_the_branch_taken_runs() -> None:
    with np.errstate(all="raise"):
        f = lambda x: wg.cond(x > 0.0, lambda: np.log(x), lambda: x)
        assert f(0.0) == 0.0
        assert wg.grad(f)(0.0) == 1.0
        assert wg.hessian(f)(-1.0) == 0.0
        assert wg.jit(wg.grad(f))(0.0) == 1.0
    endless = lambda x: wg.while_loop(lambda c: c < 1.0, lambda c: c * 1.0, x)
    assert wg.grad(lambda x: wg.cond(x > 0.0, lambda v: v, endless, x))(0.5) == 1.0


def test_captured_values_of_either_branch() -> None:
    def f(a: Any, b: Any) -> Any:
        return wg.cond(a > b, lambda: np.sin(a) * b, lambda: np.cos(b) * a * a)

    def plain(a: Any, b: Any) -> Any:
        return np.sin(a) * b if a > b else np.cos(b) * a * a

    for a, b in ((0.3, 0.2), (0.2, 0.3)):
        np.testing.assert_allclose(
            wg.grad(f, argnums=(0, 1))(a, b), wg.grad(plain, argnums=(0, 1))(a, b)
        )
        found = wg.hessian(f, argnums=(0, 1))(a, b)
        np.testing.assert_allclose(found, wg.hessian(plain, argnums=(0, 1))(a, b))


def test_output_that_is_constant_in_one_branch() -> None:
    f = lambda x: wg.cond(x > 1.0, lambda v: (v * v, 2.0), lambda v: (5.0, v), x)
    out, tangents = wg.jvp(f, (3.0,), (1.0,))
    assert out == (9.0, 2.0)
    assert tangents == (6.0, 0.0)
    assert wg.jvp(f, (0.5,), (1.0,))[1] == (0.0, 1.0)
    assert wg.vjp(f, 0.5)[1]((10.0, 1.0)) == (1.0,)


def test_switch_clamps() -> None:
    branches = [lambda x: x, lambda x: 2.0 * x, lambda x: 3.0 * x]
    assert [wg.switch(i, branches, 1.0) for i in (-5, 0, 1, 2, 9)] == [1, 1, 2, 3, 3]
    assert wg.switch(7, branches[:1], 4.0) == 4.0
    assert [wg.switch(i, branches[:2], 1.0) for i in (False, True)] == [1, 2]
    np.testing.assert_array_equal(
        wg.vmap(lambda i: wg.switch(i, branches[:1], 4.0))(np.arange(3)), [4, 4, 4]
    )


def test_branches_may_write_into_their_operands() -> None:
    def write(v: Any) -> Any:
        v[0] = v[1] * v[1]
        return v

    x = np.array([1.0, 3.0])
    f = lambda x: np.sum(wg.cond(x[1] > 0.0, write, lambda v: v, x) * x)
    np.testing.assert_allclose(wg.grad(f)(x), [9, 12])
    np.testing.assert_array_equal(x, [1, 3])


def test_branches_of_memory_that_is_shared() -> None:
    x = np.ones(2)
    found = wg.cond(True, lambda v: (v, v), lambda v: (v, -v), x)
    found[0][0] = 5.0
    assert x[0] == 1.0
    assert found[1][0] == 1.0


def message(error: Any) -> str:
    return re.sub(r"\s+", " ", str(error.value))


def test_branches_that_differ() -> None:
    with pytest.raises(OutputError) as error:
        wg.grad(lambda v: wg.cond(v > 0, lambda x: {"a": x}, lambda x: {"a": np.stack([x, x])}, v))(
            1.0
        )
    text = message(error)
    assert "cond: the branches return different types." in text
    assert "false_fn: float64[2], true_fn: float64[] at ['a']" in text
    assert "test_control_branches.py" in text
    with pytest.raises(OutputError, match="return different structures"):
        wg.vmap(lambda v: wg.cond(v > 0, lambda x: (x, x), lambda x: x, v))(np.ones(2))
    with pytest.raises(OutputError) as error:
        wg.jit(lambda i: wg.switch(i, [np.sin, np.cos, lambda x: x > 0], 1.0))(0)
    assert "branches[0]: float64[], branches[2]: bool[]" in message(error)


def test_predicate_that_is_no_scalar() -> None:
    with pytest.raises(ArgumentError) as error:
        wg.cond(np.array([True, False]), np.sin, np.cos, 1.0)
    text = message(error)
    assert "the predicate is not one boolean" in text
    assert "got bool[2]" in text
    assert "np.where" in text
    with pytest.raises(ArgumentError, match="the index is not one integer"):
        wg.switch(0.5, [np.sin, np.cos], 1.0)
    with pytest.raises(ArgumentError, match=r"int64\[2\]"):
        wg.switch(np.arange(2), [np.sin, np.cos], 1.0)


def test_arguments_that_are_no_functions() -> None:
    with pytest.raises(ArgumentError, match="true_fn is not a function"):
        wg.cond(True, 1.0, np.sin, 1.0)
    with pytest.raises(ArgumentError, match="false_fn is not a function"):
        wg.cond(True, np.sin, 1.0, 1.0)
    with pytest.raises(ArgumentError, match=r"branches\[1\] is not a function"):
        wg.switch(0, [np.sin, 2], 1.0)
    with pytest.raises(ArgumentError, match="there are no branches"):
        wg.switch(0, [], 1.0)


def test_decision_in_a_branch() -> None:
    with pytest.raises(DecisionError, match="in true_fn of cond"):
        wg.grad(lambda x: wg.cond(x > 0, lambda v: v if v > 0 else -v, lambda v: v, x))(1.0)


def test_predicate_that_is_known() -> None:
    """The branch taken alone runs, in place: even where the other could not be recorded."""
    f = lambda x: wg.cond(True, lambda v: v * v if v > 0 else v, None.__init__, x)
    assert f(3.0) == 9.0
    assert wg.grad(f)(3.0) == 6.0
    assert isinstance(wg.cond(False, np.sin, lambda x: 1.0, 0.0), np.float64)
    with pytest.raises(ArgumentError, match=r"the result\['name'\]"):
        wg.cond(True, lambda: {"name": "text"}, lambda: 1.0)
