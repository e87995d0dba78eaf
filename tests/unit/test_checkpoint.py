"""`checkpoint` and `stop_gradient`: derivatives, what is kept, what is held constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DecisionError
from wengert.transforms.linearize import DifferentiatingRecording
from wengert.types import Type


def long(x: Any) -> Any:
    for _ in range(6):
        x = np.sin(x) * np.exp(-x) + x
    return x


def residuals_of(f: Any, x: Any) -> Any:
    """The values that the derivative of `f` at `x` reads."""
    recording = DifferentiatingRecording("test", (True,))
    with recording:
        handle = recording.argument(Type(x.shape, x.dtype), x)
        output = recording.output(f(handle))
        linearized = recording.linear_program([output])
        return recording.residual_values(linearized.residuals)


def test_keeps_its_inputs_only() -> None:
    x = np.linspace(0, 1, 5)
    chain = lambda f: lambda v: f(f(f(v)))
    assert len(residuals_of(chain(long), x)) > 30
    assert len(residuals_of(chain(wg.checkpoint(long)), x)) == 3
    np.testing.assert_allclose(
        wg.jacrev(chain(wg.checkpoint(long)))(x), wg.jacrev(chain(long))(x), rtol=1e-12
    )


def test_second_order_keeps_inputs_too() -> None:
    x = np.linspace(0.1, 1, 4)
    slope = lambda f: lambda v: wg.grad(lambda w: np.sum(f(f(w)) * w))(v)
    plain = residuals_of(slope(long), x)
    short = residuals_of(slope(wg.checkpoint(long)), x)
    assert len(short) < len(plain) / 4
    h = wg.hessian(lambda v: np.sum(wg.checkpoint(long)(v) * v))(x)
    np.testing.assert_allclose(h, wg.hessian(lambda v: np.sum(long(v) * v))(x), rtol=1e-11)


def test_loop_of_checkpoints_stacks_its_carry_only() -> None:
    def run(body: Any) -> Any:
        return lambda x: wg.fori_loop(0, 20, lambda i, c: body(c), x)

    x = np.linspace(0, 1, 8)
    size = lambda f: sum(r.nbytes for r in residuals_of(f, x))
    assert size(run(wg.checkpoint(long))) == 20 * x.nbytes
    assert size(run(long)) > 10 * 20 * x.nbytes
    np.testing.assert_allclose(
        wg.jacrev(run(wg.checkpoint(long)))(x), wg.jacrev(run(long))(x), rtol=1e-10
    )


def test_runs_the_function_again_in_the_backward_pass() -> None:
    calls = []

    @wg.custom_jvp
    def counted(x: Any) -> Any:
        return np.sin(x)

    counted.defjvp(lambda p, t: (calls.append(1) or counted(p[0]), np.cos(p[0]) * t[0]))
    block = wg.checkpoint(lambda x: counted(counted(x)))
    np.testing.assert_allclose(wg.grad(block)(0.3), np.cos(np.sin(0.3)) * np.cos(0.3))
    assert len(calls) == 2  # the Python function runs once a call; the Program again


def test_trees_static_arguments_and_closures() -> None:
    w = np.array([1.0, 2.0])

    @wg.checkpoint
    def f(p: Any, name: str, *, scale: Any) -> Any:
        assert name == "plain text"
        return {"y": np.sin(p["x"]) * w * scale, "n": p["n"] + 1}

    def loss(p: Any, scale: Any) -> Any:
        out = f(p, "plain text", scale=scale)
        return np.sum(out["y"]) * out["n"]

    p = {"x": np.array([0.1, 0.2]), "n": 2}
    (gradient,) = (wg.grad(lambda x: loss({"x": x, "n": 2}, 3.0))(p["x"]),)
    np.testing.assert_allclose(gradient, 9 * w * np.cos(p["x"]))
    np.testing.assert_allclose(wg.grad(loss, argnums=1)(p, 3.0), 3 * np.sum(np.sin(p["x"]) * w))
    outer = lambda a: wg.checkpoint(lambda x: np.sin(x * a))(2.0)
    np.testing.assert_allclose(wg.grad(outer)(0.4), 2 * np.cos(0.8))


def test_decisions_are_taken_where_values_are() -> None:
    f = wg.checkpoint(lambda x: np.sin(x) if x > 0 else x * x)
    assert wg.grad(f)(-2.0) == -4.0
    np.testing.assert_allclose(wg.grad(wg.grad(f))(0.5), -np.sin(0.5))
    compiled = wg.jit(wg.grad(f))
    np.testing.assert_allclose(
        [compiled(-2.0), compiled(0.5), compiled(-3.0)], [-4, np.cos(0.5), -6]
    )
    with pytest.raises(DecisionError, match="in vmap"):
        wg.vmap(f)(np.ones(2))
    with pytest.raises(ArgumentError, match="is not a function"):
        wg.checkpoint(3.0)


def test_stop_gradient() -> None:
    f = lambda x: x * wg.stop_gradient(x) + wg.stop_gradient({"a": x * x})["a"]
    assert f(3.0) == 18.0
    assert wg.grad(f)(3.0) == 3.0
    assert wg.grad(wg.grad(f))(3.0) == 0.0
    assert wg.jvp(f, (3.0,), (1.0,))[1] == 3.0
    assert wg.jet(f, (3.0,), ([1.0, 0.0],))[1] == [3.0, 0.0]
    np.testing.assert_array_equal(wg.vmap(wg.grad(f))(np.array([1.0, 2.0])), [1, 2])
    x = np.ones(2)
    held = wg.stop_gradient(x)
    held[0] = 5.0
    assert x[0] == 1.0
    assert wg.stop_gradient((1, None, "text")) == (1, None, "text")

    def written(x: Any) -> Any:
        y = wg.stop_gradient(x)
        y[0] = x[1]
        return np.sum(x * y)

    np.testing.assert_allclose(wg.grad(written)(np.array([2.0, 3.0])), [3, 3 + 2])
