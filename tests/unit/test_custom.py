"""`custom_jvp` and `custom_vjp`: every mode and order, loops and lanes, and the texts of errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DecisionError, MissingRuleError, OutputError


@wg.custom_jvp
def sine(x: Any) -> Any:
    return np.sin(x)


@sine.defjvp
def sine_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    return sine(x), cosine(x) * dx


@wg.custom_jvp
def cosine(x: Any) -> Any:
    return np.cos(x)


cosine.defjvps(lambda t, out, x: -sine(x) * t)


@wg.custom_vjp
def product(x: Any, y: Any) -> Any:
    return x * y


product.defvjp(lambda x, y: (product(x, y), (x, y)), lambda r, ct: (ct * r[1], ct * r[0]))


@wg.custom_vjp
def clipped(x: Any) -> Any:
    return x


clipped.defvjp(lambda x: (x, None), lambda _, ct: (np.clip(ct, -1.0, 1.0),))


def test_mutually_recursive_rules_to_any_order() -> None:
    f, expected = sine, [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]
    for k in range(5):
        np.testing.assert_allclose(f(0.7), expected[k](0.7))
        f = wg.grad(f)
    forward = sine
    for k in range(5):
        np.testing.assert_allclose(forward(0.7), expected[k](0.7))
        forward = (lambda g: lambda x: wg.jvp(g, (x,), (1.0,))[1])(forward)
    found = wg.jet(sine, (0.7,), ([1.0, 0.0, 0.0, 0.0, 0.0],))[1]
    np.testing.assert_allclose(found, [g(0.7) for g in (*expected[1:], np.cos)])


def test_custom_vjp_in_every_mode() -> None:
    f = lambda x: np.sin(product(x, x * x))
    plain = lambda x: np.sin(x * x * x)
    x = 0.8
    one = lambda g: lambda v: wg.jvp(g, (v,), (1.0,))[1]
    for first in (wg.grad, one):
        np.testing.assert_allclose(first(f)(x), wg.grad(plain)(x))
        for second in (wg.grad, one):
            np.testing.assert_allclose(second(first(f))(x), wg.grad(wg.grad(plain))(x))
            for third in (wg.grad, one):
                np.testing.assert_allclose(
                    third(second(first(f)))(x), wg.grad(wg.grad(wg.grad(plain)))(x)
                )
    found = wg.jet(f, (x,), ([1.0, 0.0, 0.0],))[1]
    expected = wg.jet(plain, (x,), ([1.0, 0.0, 0.0],))[1]
    np.testing.assert_allclose(found, expected)


def test_the_rule_is_what_counts() -> None:
    @wg.custom_jvp
    def f(x: Any, y: Any) -> Any:
        return x * y

    f.defjvps(lambda t, out, x, y: 100.0 * t * y, None)
    assert wg.grad(f, argnums=(0, 1))(2.0, 3.0) == (300.0, 0.0)
    assert wg.jvp(f, (2.0, 3.0), (1.0, 1.0)) == (6.0, 300.0)
    assert wg.grad(clipped)(5.0) == 1.0
    assert wg.grad(lambda x: 7.0 * clipped(x))(5.0) == 1.0
    assert wg.grad(lambda x: 0.5 * clipped(x))(5.0) == 0.5
    assert wg.grad(lambda x: clipped(x) ** 2)(0.2) == 0.4
    assert wg.grad(wg.grad(lambda x: clipped(x) ** 2))(0.2) == 2.0


def test_lanes_loops_branches_jit() -> None:
    x = np.array([0.3, -0.4, 1.2])
    np.testing.assert_allclose(wg.vmap(sine)(x), np.sin(x))
    np.testing.assert_allclose(wg.vmap(wg.grad(wg.grad(sine)))(x), -np.sin(x))
    total = lambda z: np.sum(wg.vmap(sine)(z))
    np.testing.assert_allclose(np.diag(wg.hessian(total)(x)), -np.sin(x))
    np.testing.assert_allclose(wg.vmap(wg.grad(product), in_axes=(0, None))(x, 2.0), [2, 2, 2])
    shared = lambda y: np.sum(wg.vmap(product, in_axes=(0, None))(x, y))
    np.testing.assert_allclose(wg.grad(shared)(2.0), np.sum(x))
    np.testing.assert_allclose(wg.jvp(shared, (2.0,), (1.0,))[1], np.sum(x))
    np.testing.assert_allclose(wg.vmap(wg.grad(lambda v: 3.0 * clipped(v)))(x), 1)

    def loop(x: Any) -> Any:
        return wg.scan(lambda c, u: (product(sine(c), u + x), c), x, np.array([0.5, 0.6]))[0]

    def plain(x: Any) -> Any:
        c = x
        for u in (0.5, 0.6):
            c = np.sin(c) * (u + x)
        return c

    np.testing.assert_allclose(wg.grad(loop)(0.7), wg.grad(plain)(0.7))
    np.testing.assert_allclose(wg.hessian(loop)(0.7), wg.hessian(plain)(0.7))
    np.testing.assert_allclose(wg.vmap(wg.grad(loop))(x), [wg.grad(plain)(v) for v in x])
    np.testing.assert_allclose(wg.jit(wg.hessian(loop))(0.7), wg.hessian(plain)(0.7))
    np.testing.assert_allclose(wg.jit(wg.vmap(wg.grad(sine)))(x), np.cos(x))
    branch = lambda x: wg.cond(x > 0, sine, lambda v: product(v, v), x)
    np.testing.assert_allclose(wg.vmap(wg.grad(branch))(x), np.where(x > 0, np.cos(x), 2 * x))


def test_integer_arguments_have_no_tangents() -> None:
    seen = []

    @wg.custom_jvp
    def power(x: Any, n: Any) -> Any:
        return {"y": x**n, "n": n + 1}

    @power.defjvp
    def power_jvp(primals: Any, tangents: Any) -> Any:
        (x, n), (dx, dn) = primals, tangents
        seen.append(dn)
        return power(x, n), {"y": n * x ** (n - 1) * dx, "n": None}

    assert wg.grad(lambda x: power(x, 3)["y"])(2.0) == 12.0
    assert seen == [None]

    @wg.custom_vjp
    def power2(x: Any, n: Any) -> Any:
        return x**n, n

    def backward(residuals: Any, ct: Any) -> Any:
        x, n = residuals
        assert ct[1] is None
        return ct[0] * n * x ** (n - 1), None

    power2.defvjp(lambda x, n: ((x**n, n), (x, n)), backward)
    assert wg.grad(lambda x: power2(x, 3)[0])(2.0) == 12.0
    assert wg.jvp(lambda x: power2(x, 3)[0], (2.0,), (1.0,))[1] == 12.0


def test_static_arguments() -> None:
    from functools import partial

    @partial(wg.custom_jvp, nondiff_argnums=(0, 2))
    def apply(f: Any, x: Any, n: Any) -> Any:
        return x if n == 0 else f(apply(f, x, n - 1))

    @apply.defjvp
    def apply_jvp(f: Any, n: Any, primals: Any, tangents: Any) -> Any:
        (x,), (dx,) = primals, tangents
        out = apply(f, x, n)
        return out, wg.jvp(lambda v: v if n == 0 else f(apply(f, v, n - 1)), (x,), (dx,))[1]

    np.testing.assert_allclose(apply(np.sin, 0.5, 3), np.sin(np.sin(np.sin(0.5))))
    plain = lambda x: np.sin(np.sin(np.sin(x)))
    np.testing.assert_allclose(wg.grad(lambda x: apply(np.sin, x, 3))(0.5), wg.grad(plain)(0.5))

    @partial(wg.custom_vjp, nondiff_argnums=(1,))
    def scale(x: Any, mode: str) -> Any:
        return 2.0 * x if mode == "double" else x

    scale.defvjp(
        lambda x, mode: (scale(x, mode), ("static", x)),
        lambda mode, r, ct: (ct * (2.0 if mode == "double" else 1.0),),
    )
    assert wg.grad(lambda x: scale(x, "double"))(1.0) == 2.0
    assert wg.grad(lambda x: scale(x, mode="single"))(1.0) == 1.0


def test_trees_and_keyword_arguments() -> None:
    @wg.custom_vjp
    def f(p: Any, q: Any) -> Any:
        return {"a": p["x"] * q[0], "b": p["y"] @ q[1]}

    def backward(residuals: Any, ct: Any) -> Any:
        p, q = residuals
        return (
            {"x": ct["a"] * q[0], "y": ct["b"] * q[1]},
            (np.sum(ct["a"] * p["x"]), ct["b"] * p["y"]),
        )

    f.defvjp(lambda p, q: (f(p, q), (p, q)), backward)
    plain = lambda p, q: {"a": p["x"] * q[0], "b": p["y"] @ q[1]}
    p = {"x": np.array([1.0, 2.0]), "y": np.array([0.5, 0.2, 0.1])}
    q = (3.0, np.array([1.0, 2.0, 4.0]))
    loss = lambda g: lambda p, q: np.sum(np.sin(g(p, q=q)["a"])) * g(p, q)["b"]
    found = wg.grad(loss(f), argnums=(0, 1))(p, q)
    expected = wg.grad(loss(plain), argnums=(0, 1))(p, q)
    np.testing.assert_allclose(found[0]["x"], expected[0]["x"])
    np.testing.assert_allclose(found[0]["y"], expected[0]["y"])
    np.testing.assert_allclose(found[1][0], expected[1][0])
    np.testing.assert_allclose(found[1][1], expected[1][1])
    first = wg.hessian(loss(f))(p, q)["x"]["y"]
    np.testing.assert_allclose(first, wg.hessian(loss(plain))(p, q)["x"]["y"])


def test_methods() -> None:
    class Model:
        factor = 3.0

        @wg.custom_jvp
        def f(self, x: Any) -> Any:
            return self.factor * x

        @f.defjvp
        def f_jvp(self, primals: Any, tangents: Any) -> Any:
            return self.f(primals[0]), 10.0 * tangents[0]

    assert Model().f(2.0) == 6.0
    assert wg.grad(Model().f)(2.0) == 10.0


def test_a_custom_function_of_another_keeps_its_own_rule() -> None:
    @wg.custom_jvp
    def scaled(x: Any, n: Any) -> Any:
        return n * x

    scaled.defjvp(lambda p, t: (scaled(*p), p[1] * t[0]))
    outer = wg.custom_jvp(scaled, nondiff_argnums=1)
    assert outer.nondiff_argnums == (1,)
    with pytest.raises(MissingRuleError, match="without a rule"):
        wg.grad(outer)(2.0, 3)
    outer.defjvp(lambda n, p, t: (outer(p[0], n), 100.0 * t[0]))
    assert wg.grad(outer)(2.0, 3) == 100.0
    assert wg.grad(scaled)(2.0, 3.0) == 3.0


def test_captured_arrays_and_a_loop_in_a_rule() -> None:
    w = np.array([1.0, 2.0, 3.0])

    @wg.custom_jvp
    def f(x: Any) -> Any:
        return np.sum(w * x)

    f.defjvp(lambda p, t: (f(p[0]), wg.scan(lambda c, u: (c + u * t[0], None), 0.0, w)[0]))
    assert wg.grad(f)(2.0) == 6.0
    assert wg.vmap(wg.grad(f))(np.ones(2)).tolist() == [6, 6]
    assert wg.grad(wg.grad(f))(2.0) == 0.0

    @wg.custom_jvp
    def g(x: Any) -> Any:
        return x * x

    def rule(primals: Any, tangents: Any) -> Any:  # calls g in the body of a loop
        x, dx = primals[0], tangents[0]
        out = wg.fori_loop(0, 1, lambda i, c: g(x), x)
        return out, 2.0 * x * dx

    g.defjvp(rule)
    assert [wg.grad(g)(3.0), wg.grad(wg.grad(g))(3.0)] == [6.0, 2.0]

    @wg.custom_jvp
    def h(x: Any) -> Any:
        return np.sum(w) * x * x

    def nested(primals: Any, tangents: Any) -> Any:  # the captured array goes with it
        x, dx = primals[0], tangents[0]
        out = wg.while_loop(lambda c: c[0] < 1, lambda c: (c[0] + 1, h(x) + 0.0 * c[1]), (0, x))[1]
        out = wg.cond(x > 0.0, lambda: out * 0.0 + h(x), lambda: out)
        return out, 12.0 * x * dx

    h.defjvp(nested)
    for x in (3.0, -3.0):
        assert [wg.grad(h)(x), wg.grad(wg.grad(h))(x)] == [12 * x, 12.0]
        assert wg.vmap(wg.grad(wg.grad(h)))(np.array([x, -x])).tolist() == [12, 12]


def test_decisions() -> None:
    @wg.custom_jvp
    def f(x: Any) -> Any:
        return x * x if x > 0 else -x

    f.defjvp(lambda p, t: (f(p[0]), (2.0 * p[0] if p[0] > 0 else -1.0) * t[0]))
    assert [wg.grad(f)(3.0), wg.grad(f)(-3.0)] == [6.0, -1.0]
    compiled = wg.jit(wg.grad(f))
    assert [compiled(3.0), compiled(-3.0), compiled(4.0)] == [6.0, -1.0, 8.0]

    @wg.custom_vjp
    def g(x: Any) -> Any:
        return x

    g.defvjp(lambda x: (x, x), lambda r, ct: (ct if ct > 0 else -ct,))
    with pytest.raises(DecisionError, match="the backward rule of g"):
        wg.grad(g)(1.0)


def message(error: Any) -> str:
    return re.sub(r"\s+", " ", str(error.value))


def test_forward_mode_of_a_rule_that_is_not_linear() -> None:
    with pytest.raises(MissingRuleError) as error:
        wg.jvp(clipped, (1.0,), (1.0,))
    text = message(error)
    assert "forward mode through clipped: its backward rule is not linear in the cotangent" in text
    assert "test_custom.py" in text

    @wg.custom_jvp
    def f(x: Any) -> Any:
        return x

    f.defjvp(lambda p, t: (f(p[0]), t[0] * t[0]))
    with pytest.raises(MissingRuleError, match="the jvp rule of f is not linear in the tangents"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: (f(p[0]), t[0] + 1.0))
    with pytest.raises(MissingRuleError, match="not linear"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: (t[0], t[0]))
    with pytest.raises(OutputError, match="lets a tangent into its first output"):
        wg.grad(f)(1.0)


def test_captured_value_that_is_differentiated() -> None:
    @wg.custom_jvp
    def outer(x: Any) -> Any:
        return x

    outer.defjvp(lambda p, t: (outer(p[0]), t[0]))

    def loss(w: Any) -> Any:
        f = wg.custom_jvp(lambda x: x * w)
        f.defjvp(lambda p, t: (f(p[0]), t[0] * w))
        return f(2.0)

    with pytest.raises(MissingRuleError) as error:
        wg.grad(loss)(3.0)
    assert "closes over a value that is differentiated" in message(error)
    assert "pass the value as an argument" in message(error)
    assert loss(3.0) == 6.0


def test_rules_that_are_missing_or_wrong() -> None:
    f = wg.custom_jvp(np.sin)
    assert f(0.0) == 0.0
    with pytest.raises(MissingRuleError, match="sin is a custom_jvp function without a rule"):
        wg.grad(f)(1.0)
    g = wg.custom_vjp(lambda x: x)
    with pytest.raises(MissingRuleError, match="custom_vjp function without a rule"):
        wg.grad(g)(1.0)
    f.defjvp(lambda p, t: t[0])
    with pytest.raises(OutputError, match=r"did not return a pair \(out, tangent_out\)"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: ((p[0], p[0]), t[0]))
    with pytest.raises(OutputError, match="another structure than the function"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: (p[0], (t[0], t[0])))
    with pytest.raises(OutputError, match="the tangent of the jvp rule of sin does not have"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: (p[0], np.stack([t[0], t[0]])))
    with pytest.raises(OutputError, match=r"float64\[2\]"):
        wg.grad(f)(1.0)
    f.defjvp(lambda p, t: (np.stack([p[0]]), t[0]))
    with pytest.raises(OutputError, match="the output of the jvp rule of sin"):
        wg.grad(f)(1.0)
    g.defvjp(lambda x: x, lambda r, ct: (ct,))
    with pytest.raises(OutputError, match=r"did not return a pair \(out, residuals\)"):
        wg.grad(g)(1.0)
    g.defvjp(lambda x: ((x, x), None), lambda r, ct: (ct,))
    with pytest.raises(OutputError, match="another structure"):
        wg.grad(g)(1.0)
    g.defvjp(lambda x: (x, None), lambda r, ct: ct)
    with pytest.raises(OutputError, match="one cotangent per argument"):
        wg.grad(g)(1.0)
    g.defvjp(lambda x: (x, None), lambda r, ct: (ct, ct))
    with pytest.raises(OutputError, match="a tuple of length 1"):
        wg.grad(g)(1.0)
    g.defvjp(lambda x: (x, None), lambda r, ct: (np.stack([ct, ct]),))
    with pytest.raises(OutputError, match="a cotangent of the backward rule"):
        wg.grad(g)(1.0)
    g.defvjp(lambda x: (x, None), lambda r, ct: (None,))
    assert wg.grad(g)(1.0) == 0.0


def test_a_rule_that_differentiates_itself() -> None:
    @wg.custom_jvp
    def f(x: Any) -> Any:
        return np.sin(x)

    f.defjvp(lambda p, t: (f(p[0]), wg.grad(f)(p[0]) * t[0]))
    with pytest.raises(MissingRuleError, match="differentiates that same function"):
        wg.grad(f)(1.0)


def test_arguments() -> None:
    for make in (wg.custom_jvp, wg.custom_vjp):
        with pytest.raises(ArgumentError, match="is not a function"):
            make(3.0)
        with pytest.raises(ArgumentError, match="nondiff_argnums are not integers"):
            make(np.sin, nondiff_argnums=("x",))
    with pytest.raises(ArgumentError, match="is not a function"):
        wg.custom_jvp(np.sin).defjvp(None)
    with pytest.raises(ArgumentError, match="bwd is not a function"):
        wg.custom_vjp(np.sin).defvjp(np.sin, None)
    with pytest.raises(ArgumentError) as error:
        wg.grad(lambda x: product(x, "text"))(1.0)
    assert "'text' in argument 1" in message(error)
    assert "nondiff_argnums=(1,)" in message(error)

    @wg.custom_jvp
    def keyword(x: Any, *, y: Any) -> Any:
        return x

    with pytest.raises(ArgumentError, match="only be passed by keyword"):
        keyword(1.0, y=2.0)
