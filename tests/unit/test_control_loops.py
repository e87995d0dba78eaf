"""Loops: values, trees, closures, dtypes, sizes, laziness of work, and the texts of errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.errors import ArgumentError, DecisionError, MutationError, OutputError, ShapeError


def test_scan_stacks_and_carries_trees() -> None:
    def body(carry: Any, item: Any) -> Any:
        new = {"sum": carry["sum"] + item[0], "n": carry["n"] + 1}
        return new, (new["sum"], {"double": 2.0 * item[1]})

    xs = (np.arange(4.0), np.arange(8.0).reshape(4, 2))
    carry, (sums, rest) = wg.scan(body, {"sum": 0.5, "n": 0}, xs)
    assert carry == {"sum": 6.5, "n": 4}
    assert isinstance(sums, np.ndarray)
    np.testing.assert_array_equal(sums, [0.5, 1.5, 3.5, 6.5])
    np.testing.assert_array_equal(rest["double"], 2 * xs[1])


def test_scan_reverse_keeps_places() -> None:
    carry, ys = wg.scan(lambda c, x: (c + x, c), 0.0, np.array([1.0, 2.0, 3.0]), reverse=True)
    assert carry == 6.0
    np.testing.assert_array_equal(ys, [5, 3, 0])


def test_scan_without_items_or_results() -> None:
    carry, ys = wg.scan(lambda c, _: (c * 2, None), 1, None, length=5)
    assert carry == 32
    assert ys is None


def test_zero_trips() -> None:
    carry, ys = wg.scan(lambda c, x: (c + x, np.sin(x)), 2.0, np.zeros((0,)))
    assert carry == 2.0
    assert ys.shape == (0,)
    grown = wg.scan(lambda c, x: (c, np.outer(x, x)), 2.0, np.zeros((0, 3)))[1]
    assert grown.shape == (0, 3, 3)
    assert wg.grad(lambda a: wg.scan(lambda c, x: (c * x, None), a, np.zeros(0))[0])(3.0) == 1.0
    assert wg.grad(lambda a: wg.while_loop(lambda c: c < 0, lambda c: c * a, a))(3.0) == 1.0
    assert wg.fori_loop(5, 2, lambda i, c: c + i, 1) == 1
    f = lambda a, x: wg.scan(lambda c, u: (c * u + a, c), 1.0, x)[0]
    ga, gx = wg.grad(f, argnums=(0, 1))(2.0, np.zeros(0))
    assert ga == 0.0
    assert gx.shape == (0,)


def test_results_own_their_memory() -> None:
    start, xs = np.zeros(3), np.ones((2, 3))
    carry, ys = wg.scan(lambda c, x: (c, x), start, xs)
    carry += 1.0
    ys += 1.0
    np.testing.assert_array_equal(start, 0)
    np.testing.assert_array_equal(xs, 1)
    kept = wg.while_loop(lambda c: np.sum(c) < -1.0, np.sin, start)
    kept += 1.0
    np.testing.assert_array_equal(start, 0)
    swapped = wg.fori_loop(0, 3, lambda i, c: (c[1], c[0]), (np.zeros(2), np.ones(2)))
    np.testing.assert_array_equal(swapped, [[1, 1], [0, 0]])


def test_fixed_carry_is_a_separate_array_under_grad() -> None:
    def f(x: Any) -> Any:
        (a, b), _ = wg.scan(lambda c, _: ((c[0], c[1] + c[0]), None), (x, x), None, length=2)
        a[0] = 10.0
        return np.sum(x * a * b)

    expected = lambda x: x[0] * 10 * 3 * x[0] + 3 * x[1] ** 3
    x = np.array([0.5, 0.7])
    np.testing.assert_allclose(f(x), expected(x))
    np.testing.assert_array_equal(x, [0.5, 0.7])
    np.testing.assert_allclose(wg.grad(f)(x), [60 * x[0], 9 * x[1] ** 2])


def test_body_may_write_into_its_carry() -> None:
    def f(x: Any) -> Any:
        def body(i: Any, c: Any) -> Any:
            c[i] = c[i - 1] * x
            return c

        return wg.fori_loop(1, 5, body, np.ones(5) * x)

    np.testing.assert_allclose(f(2.0), [2, 4, 8, 16, 32])
    np.testing.assert_allclose(wg.jacfwd(f)(2.0), [1, 4, 12, 32, 80])
    np.testing.assert_allclose(wg.jacrev(f)(2.0), [1, 4, 12, 32, 80])
    start = np.ones(5)
    wg.fori_loop(1, 5, lambda i, c: f(2.0) + c, start)
    np.testing.assert_array_equal(start, 1)


def test_body_may_not_write_outside() -> None:
    def f(x: Any) -> Any:
        def body(c: Any, u: Any) -> Any:
            x[0] = u
            return c, None

        wg.scan(body, 0.0, np.ones(2))
        return np.sum(x)

    with pytest.raises(MutationError, match="carry it through the loop"):
        wg.grad(lambda x: f(x + 1.0))(np.ones(2))


def test_captured_arrays_get_their_gradient() -> None:
    """What a body closes over is differentiated: plain closures, closures of closures, arrays."""
    xs = np.linspace(-1, 1, 6).reshape(3, 2)

    def f(a: Any, b: Any) -> Any:
        shift = np.sin(b)

        def body(c: Any, x: Any) -> Any:
            inner = lambda s, i: (a @ s + shift * i, None)
            c = wg.scan(inner, c, np.array([0.5, 2.0]))[0]
            return wg.while_loop(lambda s: s @ s > 4.0, lambda s: s * 0.5 * b, c + x), c @ b

        carry, ys = wg.scan(body, np.ones(2), xs)
        return np.sum(carry * b) + np.sum(ys)

    def plain(a: Any, b: Any) -> Any:
        c, total = np.ones(2), 0.0
        for x in xs:
            for i in (0.5, 2.0):
                c = a @ c + np.sin(b) * i
            total = total + c @ b
            c = c + x
            while c @ c > 4.0:
                c = c * 0.5 * b
        return np.sum(c * b) + total

    a, b = np.array([[0.9, -0.4], [0.7, 1.1]]), np.array([0.8, 1.2])
    for mode in (wg.jacrev, wg.jacfwd):
        for found, expected in zip(
            mode(f, argnums=(0, 1))(a, b), mode(plain, argnums=(0, 1))(a, b), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-10)
    found = wg.hessian(f, argnums=1)(a, b)
    np.testing.assert_allclose(found, wg.hessian(plain, argnums=1)(a, b), rtol=1e-9)


def test_captured_loop_index_gathers_cost_what_they_read() -> None:
    """Cotangents of reads from a captured array are added into one accumulator."""

    def f(w: Any) -> Any:
        return wg.fori_loop(0, 50, lambda i, c: c + w[i] * (i + 1.0), 0.0)

    np.testing.assert_allclose(wg.grad(f)(np.ones(50)), np.arange(50) + 1.0)


def test_perturbations_are_not_confused() -> None:
    """An inner derivative inside a body, of a function that uses the outer variable."""

    def f(x: Any) -> Any:
        def body(c: Any, u: Any) -> Any:
            return c + wg.grad(lambda y: x * y * y * u)(c), wg.grad(lambda y: x * y)(1.0)

        c, ys = wg.scan(body, x, np.array([0.5, 1.0]))
        return c + np.sum(ys)

    def plain(x: Any) -> Any:
        c = x
        for u in (0.5, 1.0):
            c = c + 2.0 * x * c * u
        return c + 2.0 * x

    for x in (0.3, 1.2):
        np.testing.assert_allclose(f(x), plain(x))
        np.testing.assert_allclose(wg.grad(f)(x), wg.grad(plain)(x))
        np.testing.assert_allclose(wg.hessian(f)(x), wg.hessian(plain)(x))
    classic = lambda x: (
        x
        * wg.jvp(lambda y: wg.while_loop(lambda c: c < x, lambda c: c + y, x + y), (1.0,), (1.0,))[
            1
        ]
    )
    assert wg.grad(classic)(2.0) == 1.0


def test_derivatives_inside_bodies() -> None:
    """Gradient descent inside a loop, differentiated with respect to a hyperparameter."""

    def trained(rate: Any, steps: int) -> Any:
        loss = lambda w: np.sum((w * w - 2.0) ** 2)
        step = lambda i, w: w - rate * wg.grad(loss)(w)
        return wg.fori_loop(0, steps, step, np.array([1.0, 2.0]))

    def plain(rate: Any) -> Any:
        w = np.array([1.0, 2.0])
        for _ in range(4):
            w = w - rate * 4.0 * w * (w * w - 2.0)
        return w

    np.testing.assert_allclose(
        wg.jacrev(lambda r: trained(r, 4))(0.01), wg.jacrev(plain)(0.01), rtol=1e-12
    )
    inside = lambda x: wg.scan(lambda c, u: (c + wg.vmap(np.sin)(u) @ u, None), 0.0, x)[0]
    np.testing.assert_allclose(
        wg.grad(inside)(np.ones((2, 2))), np.full((2, 2), np.sin(1) + np.cos(1))
    )


def test_integer_carries_have_no_tangent() -> None:
    def f(x: Any) -> Any:
        def body(c: Any) -> Any:
            n, flag, y = c
            return n + 1, ~flag, np.where(flag, y * x, y + x)

        n, flag, y = wg.while_loop(lambda c: c[0] < 5, body, (0, True, x))
        return y * n

    plain = lambda x: (((x * x + x) * x + x) * x) * 5
    np.testing.assert_allclose(wg.grad(f)(1.5), wg.grad(plain)(1.5))
    out, tangent = wg.jvp(f, (1.5,), (1.0,))
    np.testing.assert_allclose([out, tangent], [plain(1.5), wg.grad(plain)(1.5)])


def test_python_numbers_take_the_dtype_of_the_loop() -> None:
    assert wg.scan(lambda c, x: (c + x, None), 0, np.ones(3))[0] == 3.0
    assert wg.while_loop(lambda c: c < 2, lambda c: c + 0.5, 0) == 2.0
    assert wg.scan(lambda c, x: (c * x, None), 1, np.array([1j, 1j]))[0] == -1 + 0j
    total = wg.scan(lambda c, x: (c + x, None), np.float32(0), np.ones(3, np.float32))[0]
    assert total.dtype == np.float32


def test_fori_bounds() -> None:
    assert wg.fori_loop(2, 6, lambda i, c: c + i, 0) == 14
    assert wg.fori_loop(-2, 2, lambda i, c: c + i, 0) == -2
    traced = wg.jit(lambda n: wg.fori_loop(1, n, lambda i, c: c * i, 1))
    assert [traced(n) for n in (1, 4, 6)] == [1, 6, 120]
    power = lambda x, n: wg.fori_loop(0, n, lambda i, c: c * x, 1.0)
    mapped = wg.vmap(wg.grad(power), in_axes=(None, 0))(2.0, np.arange(5))
    np.testing.assert_allclose(mapped, [0, 1, 4, 12, 32])


def test_complex_loops() -> None:
    def f(z: Any) -> Any:
        return wg.while_loop(lambda c: abs(c) < 2.0, lambda c: c * c + z, z)

    def plain(z: Any) -> Any:
        c = z
        while abs(c) < 2.0:
            c = c * c + z
        return c

    z = 0.4 + 0.5j
    np.testing.assert_allclose(wg.grad(f, holomorphic=True)(z), wg.grad(plain, holomorphic=True)(z))
    real = lambda z: np.real(f(z)) ** 2
    np.testing.assert_allclose(wg.grad(real)(z), wg.grad(lambda z: np.real(plain(z)) ** 2)(z))


def test_a_decision_on_what_is_known_outside_works_in_a_body() -> None:
    def f(x: Any, w: Any) -> Any:
        def body(c: Any, u: Any) -> Any:
            return (c * u if w > 0 else c + u), None

        return wg.scan(body, x, np.array([2.0, 3.0]))[0]

    assert wg.grad(f)(1.0, 1.0) == 6.0
    assert wg.grad(lambda w: f(2.0, w))(1.0) == 0.0
    assert wg.grad(lambda x: f(x, x))(-1.0) == 1.0
    compiled = wg.jit(lambda x, w: f(x, w))
    assert [compiled(1.0, w) for w in (1.0, -1.0, 2.0)] == [6.0, 6.0, 6.0]
    assert [compiled(2.0, w) for w in (1.0, -1.0, 2.0)] == [12.0, 7.0, 12.0]


def test_numbers_that_change_do_not_make_new_programs() -> None:
    from wengert.trace.nodes import root_of

    def run(dt: float) -> Any:
        return wg.grad(lambda x: wg.while_loop(lambda c: c < 2.0, lambda c: c + dt * x, x))(1.0)

    run(0.1)
    n_nodes = [r.n_nodes for r in _roots()]
    for k in range(5):
        run(0.2 + 0.01 * k)
    assert [r.n_nodes for r in _roots()] == n_nodes
    assert root_of is not None


def _roots() -> Any:
    from wengert.trace import nodes

    return list(nodes._roots.values())


def test_map_is_vmap_one_by_one() -> None:
    xs = {"a": np.arange(6.0).reshape(3, 2), "b": np.arange(3)}
    f = lambda x: (np.sin(x["a"]) * x["b"], x["b"] + 1)
    for one, two in zip(wg.map(f, xs), wg.vmap(f)(xs), strict=True):
        np.testing.assert_allclose(one, two)
        assert one.dtype == two.dtype


def test_jit_keeps_loops() -> None:
    program = wg.trace(lambda x: wg.while_loop(lambda c: c < 9.0, lambda c: c * x, x))(2.0)
    assert [eq.primitive.name for eq in program.equations] == ["while"]
    assert program(3.0) == 9.0
    assert "while" in str(program)


# -- errors ----------------------------------------------------------------------------------------


def message(error: Any) -> str:
    return re.sub(r"\s+", " ", str(error.value))


def test_carry_of_another_type() -> None:
    with pytest.raises(OutputError) as error:
        wg.scan(
            lambda c, x: ({"v": c["v"], "n": c["n"] + x}, None),
            {"v": 1, "n": np.int64(0)},
            np.ones(3),
        )
    text = message(error)
    assert "scan: the body changed the type of the carry." in text
    assert "init['n']: int64[] in, float64[] out" in text
    assert "initial value of dtype float64" in text
    assert ".astype('int64')" in text
    assert "test_control_loops.py" in text
    with pytest.raises(OutputError) as error:
        wg.while_loop(lambda c: np.sum(c) < 9, lambda c: np.stack([c, c]), np.ones(2))
    assert "init: float64[2] in, float64[2, 2] out" in message(error)
    assert "final shape" in message(error)


def test_carry_of_another_structure() -> None:
    with pytest.raises(OutputError, match="changed the structure of the carry"):
        wg.scan(lambda c, x: ((c, c), None), 0.0, np.ones(3))
    with pytest.raises(OutputError, match="changed the structure of the carry"):
        wg.while_loop(lambda c: c[0] < 1, lambda c: c[0], (0.0, 1.0))


def test_body_that_is_no_pair() -> None:
    with pytest.raises(OutputError) as error:
        wg.scan(lambda c, x: c + x, 0.0, np.ones(3))
    assert "did not return a pair (carry, y)" in message(error)
    assert "return carry, None" in message(error)
    with pytest.raises(OutputError, match="a tuple of length 3"):
        wg.scan(lambda c, x: (c, c, c), 0.0, np.ones(3))


def test_lengths() -> None:
    with pytest.raises(ShapeError) as error:
        wg.scan(lambda c, x: (c, None), 0.0, (np.ones(3), np.ones(4)))
    assert "the lengths differ" in message(error)
    assert "xs[0]: 3, xs[1]: 4" in message(error)
    with pytest.raises(ShapeError, match="length: 5"):
        wg.scan(lambda c, x: (c, None), 0.0, np.ones(3), length=5)
    with pytest.raises(ShapeError, match="nothing says how long it is"):
        wg.scan(lambda c, x: (c, None), 0.0)
    with pytest.raises(ShapeError, match="without an axis to run over"):
        wg.scan(lambda c, x: (c, None), 0.0, (np.ones(3), 1.0))
    with pytest.raises(ShapeError, match="negative"):
        wg.scan(lambda c, x: (c, None), 0.0, length=-1)


def test_condition_that_is_no_boolean() -> None:
    for cond in (lambda c: c, lambda c: c > 0, lambda c: (c[0] > 0, c[0] > 1)):
        with pytest.raises(OutputError, match="cond did not return one boolean"):
            wg.while_loop(cond, lambda c: c, np.ones(2))
    with pytest.raises(OutputError) as error:
        wg.while_loop(lambda c: c, lambda c: c, 1.0)
    assert "got float64[]" in message(error)
    assert ".any() or .all()" in message(error)


def test_bounds_that_are_no_integers() -> None:
    with pytest.raises(ArgumentError, match="a bound is not an integer"):
        wg.fori_loop(0, 2.5, lambda i, c: c, 0)
    with pytest.raises(ArgumentError, match=r"upper: int64\[2\]"):
        wg.fori_loop(0, np.array([1, 2]), lambda i, c: c, 0)


def test_operands_that_are_no_numbers() -> None:
    with pytest.raises(ArgumentError, match=r"init\['name'\]"):
        wg.scan(lambda c, x: (c, None), {"name": "a"}, np.ones(2))
    for call in (
        lambda: wg.scan(3, 0.0, np.ones(2)),
        lambda: wg.while_loop(np.ones(2), np.sin, 0.0),
        lambda: wg.while_loop(lambda c: c < 1, None, 0.0),
        lambda: wg.fori_loop(0, 1, 2, 0.0),
        lambda: wg.map("sin", np.ones(2)),
    ):
        with pytest.raises(ArgumentError, match="is not a function"):
            call()


def test_output_that_is_no_array() -> None:
    with pytest.raises(OutputError) as error:
        wg.scan(lambda c, x: (c, {"why": "text"}), 0.0, np.ones(2))
    assert "the body of scan returned something that is no array" in message(error)
    assert "['why']" in message(error)


def test_decision_in_a_body() -> None:
    with pytest.raises(DecisionError) as error:
        wg.scan(lambda c, x: (c + x if c > 0 else c, None), 0.0, np.ones(2))
    assert "bool[] in the body of scan" in message(error)
    assert "wengert.cond" in message(error)
    with pytest.raises(DecisionError):
        wg.grad(lambda a: wg.scan(lambda c, x: (c if c * a > 0 else a, None), a, np.ones(2))[0])(
            1.0
        )
