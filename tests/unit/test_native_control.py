"""Control flow in native code against the interpreter: every case runs in memory full of NaNs."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as wg
from wengert import trees
from wengert.native.compiler import compile_program
from wengert.native.executable import Executable
from wengert.native.pieces import MOST
from wengert.passes import optimize

X = np.linspace(0.3, 1.4, 40)
A = np.sin(np.arange(120.0)).reshape(6, 20)
SMALL = np.array([0.4, 0.9, 0.2])


def same(f: Callable[..., Any], *args: Any, is_native: bool = True) -> None:
    """Compiled, with and without passes, a Program gives what the interpreter gives."""
    program = wg.trace(f)(*args)
    flat = trees.flatten(args)[0]
    values = [np.asarray(a) for a in flat] + list(program.captured)
    expected = program(*flat)
    expected = expected if isinstance(expected, tuple) else (expected,)
    if is_native:
        assert not [c.name for c in compile_program(program).callbacks]
    for options in ({}, {"optimize": optimize}):
        made = Executable(program, is_poisoned=True, **options)  # type: ignore[arg-type]
        for _ in range(2):
            for a, b in zip(made.run(values), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def total(f: Any) -> Any:
    return lambda x: sum(np.sum(np.abs(1.0 * y) ** 2) for y in trees.flatten(f(x))[0])


def put(a: Any, i: Any, value: Any) -> Any:
    a = a.copy()
    a[i] = value
    return a


def add_to(a: Any, i: Any, value: Any) -> Any:
    a = a.copy()
    a[i] += value
    return a


# -- loops of unknown length -----------------------------------------------------------------------


def root(a: Any) -> Any:
    return wg.while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: (x + a / x) / 2, a)


def growing(x: Any) -> Any:
    return wg.while_loop(lambda c: np.sum(c) < 60.0, lambda c: c * 1.1 + np.sin(c) * 0.1, x)


def nested_while(x: Any) -> Any:
    def body(c: Any) -> Any:
        s, t = c
        s = wg.while_loop(lambda u: u < t + 1, lambda u: u * 1.5 + 0.1 * np.sin(u), s)
        return s * 0.3 + x, t + 1

    return wg.while_loop(lambda c: c[1] < 4, body, (x, 0.0))[0]


def scan_of_while(x: Any) -> Any:
    def body(c: Any, v: Any) -> Any:
        s = wg.while_loop(lambda u: u < v + 1, lambda u: u * 1.5 + 0.1 * np.sin(u), c)
        return s * 0.3, s * v

    c, ys = wg.scan(body, x, SMALL)
    return c + np.sum(ys)


def while_of_scan(x: Any) -> Any:
    def body(c: Any) -> Any:
        d, ys = wg.scan(lambda a, v: (a * v + 0.1 * np.cos(a), a * x), c, SMALL)
        return c + d + 1.3 + np.sum(ys) * 0.1

    return wg.while_loop(lambda c: c < 5, body, x)


def traced_bound(x: Any) -> Any:
    return wg.fori_loop(0, 3 + (x > 0).astype(int), lambda i, c: c * x + i, x)


SCALAR = [root, nested_while, scan_of_while, while_of_scan, traced_bound]
LANES = np.array([2.0, 3.0, 0.5, 0.7])


@pytest.mark.parametrize("f", SCALAR)
def test_unknown_length(f: Any) -> None:
    same(f, 0.7)
    same(wg.grad(f), 0.7)
    same(wg.grad(wg.grad(f)), 0.7)
    same(lambda x: wg.jvp(f, (x,), (1.0,)), 0.7)


@pytest.mark.parametrize("f", SCALAR)
def test_lanes_that_end_at_different_times(f: Any) -> None:
    same(wg.vmap(f), LANES)
    same(wg.grad(lambda x: np.sum(wg.vmap(f)(x))), LANES)
    same(wg.vmap(wg.grad(f)), LANES)


def test_second_order_in_lanes() -> None:
    same(wg.vmap(wg.grad(wg.grad(scan_of_while))), LANES)
    same(wg.hessian(lambda x: np.sum(wg.vmap(root)(x))), LANES)


def test_arrays_carried() -> None:
    same(growing, X)
    same(wg.grad(total(growing)), X)
    same(wg.jacobian(growing), SMALL)
    same(wg.vmap(wg.grad(total(growing))), np.stack([X, 2 * X, 3 * X]))


def test_no_turn_at_all() -> None:
    same(growing, 10 * X)
    same(wg.grad(total(growing)), 10 * X)
    same(wg.vmap(growing), np.stack([X, 10 * X]))


# -- scans -----------------------------------------------------------------------------------------


def smoothed(n: int) -> Any:
    def step(i: Any, u: Any) -> Any:
        middle = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        return np.concatenate([u[:1], middle, u[-1:]])

    return lambda u: wg.fori_loop(0, n, step, u)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
def test_lengths(n: int) -> None:
    same(smoothed(n), X)
    same(wg.grad(total(smoothed(n))), X)
    same(lambda x: wg.scan(lambda c, v: (c * v + 1, c), 0.5, x, reverse=True), X[:n])


def exchanged(x: Any) -> Any:
    def body(c: Any, v: Any) -> Any:
        a, b, n, k, z, f = c
        new = b, a * v, n + 1, ~k, z * (1 + 0.5j), f * np.float32(1.5)
        return new, (a[0], n, k, z, a)

    return wg.scan(body, (x, 2 * x, 0, True, 1 + 2j, np.float32(2)), SMALL)


def test_carries_of_all_kinds() -> None:
    same(exchanged, X)
    same(exchanged, SMALL)
    same(wg.grad(total(exchanged)), X, is_native=False)
    same(
        wg.grad(
            lambda x: wg.fori_loop(0, 3, lambda i, c: (1.0 * i, c[0] + c[1] * x), (0.0, 1.0))[1]
        ),
        0.5,
    )


def test_map_and_scan_of_scan() -> None:
    rows = lambda x: wg.map(lambda r: np.sum(r * r) * r, x)
    same(rows, A)
    same(wg.grad(total(rows)), A)

    def table(x: Any) -> Any:
        inner = lambda c, v: wg.scan(lambda d, u: (np.sin(d * u) + v, d), c, x)
        return wg.scan(inner, x[0], x)

    same(table, SMALL)
    same(wg.grad(total(table)), SMALL)
    same(wg.hessian(total(table)), SMALL)


def test_empty_arrays() -> None:
    empty = np.zeros((0, 20))
    same(lambda x: wg.fori_loop(0, 3, lambda i, a: a * 2, x), empty)
    same(lambda x: wg.scan(lambda c, v: (c + np.sum(v), v * 2), 1.0, x), empty)


def many(k: int) -> Any:
    def f(w: Any, us: Any) -> Any:
        def body(c: Any, u: Any) -> Any:
            return tuple([0.7 * c[i] + w[i] * c[(i + 1) % k] * u for i in range(k)]), c[0]

        c, ys = wg.scan(body, tuple([w[i] * 1.0 for i in range(k)]), us)
        return sum(c) + np.sum(ys)

    return f


@pytest.mark.parametrize("k", [4, 20, 80])
def test_many_carries(k: int) -> None:
    same(wg.grad(many(k)), np.linspace(0.1, 0.3, k), SMALL)


# -- arrays changed in place -----------------------------------------------------------------------


def running(x: Any) -> Any:
    return wg.fori_loop(1, 40, lambda i, a: put(a, i, np.sin(a[i]) + a[i - 1]), x)


def several(x: Any) -> Any:
    def body(i: Any, a: Any) -> Any:
        a = put(a, i, a[i] * 2 + a[(i + 3) % 40])
        a = add_to(a, (i + 1) % 40, a[i] * 0.1)
        return put(a, 0, a[1] + a[i])

    return wg.fori_loop(0, 10, body, x)


def in_rows(x: Any) -> Any:
    def body(i: Any, a: Any) -> Any:
        a = put(a, i, a[i - 1] * 0.5 + np.sum(a))
        a = a.copy()
        a[:, 3] += a[i, 0] * 0.01
        return a

    return wg.fori_loop(0, 6, body, x)


def in_two_loops(x: Any) -> Any:
    def inner(i: Any) -> Any:
        return lambda j, a: put(a, (i, j), a[i - 1, j] * 0.5 + a[i, j - 1])

    return wg.fori_loop(0, 6, lambda i, a: wg.fori_loop(0, x.shape[1], inner(i), a), x)


def scattered(x: Any) -> Any:
    places = np.array([1, 3, 3, 7])

    def body(i: Any, a: Any) -> Any:
        a = a.copy()
        np.add.at(a, places + i, a[i] * 0.1)
        a[places] = a[places + 1] * 0.9
        return a

    return wg.fori_loop(0, 20, body, x)


def until(x: Any) -> Any:
    body = lambda c: (c[0] + 1, put(c[1], c[0], c[1][c[0] - 1] + 0.5 * c[1][c[0]]))
    return wg.while_loop(lambda c: (c[0] < 30) & (c[1][c[0]] < 1e8), body, (0, x))


@pytest.mark.parametrize("f", [running, several, scattered, until])
def test_in_place(f: Any) -> None:
    same(f, X)
    same(wg.grad(total(f)), X)
    same(wg.vmap(f), np.stack([X, 1e7 * X]))


@pytest.mark.parametrize("f", [in_rows, in_two_loops])
def test_in_place_by_rows(f: Any) -> None:
    same(f, A)
    same(wg.grad(total(f)), A)


def test_in_place_second_order() -> None:
    same(lambda x: wg.hvp(total(running), (x,), (x,)), X)


def test_few_numbers_at_computed_places() -> None:
    f = lambda x: wg.fori_loop(0, 7, lambda i, a: put(a, i % 3, a[(i + 1) % 3] * 0.5 + a[i % 3]), x)
    same(f, SMALL)
    same(wg.jacobian(f), SMALL)
    same(wg.hessian(total(f)), SMALL)
    same(wg.grad(total(in_two_loops)), np.sin(np.arange(18.0)).reshape(6, 3))


def test_whole_array_is_not_copied_each_turn() -> None:
    def moved(n: int) -> int:
        program = optimize(wg.trace(running)(np.zeros(n)))
        ir = compile_program(program).ir
        return ir.count(f"i64 {8 * n}, i1")

    assert moved(5000) == 1  # the first value of the carry, which belongs to the caller


# -- branches --------------------------------------------------------------------------------------


def halved(x: Any) -> Any:
    low, high = (lambda a: a * 0.5), (lambda a: a + x)
    return wg.fori_loop(0, 4, lambda i, a: wg.cond(a[0] > 1.0, low, high, a), x)


def test_branches_in_loops() -> None:
    for f in (halved, lambda x: wg.fori_loop(0, 40, lambda i, a: _doubled(i, a), x)):
        same(f, X)
        same(wg.grad(total(f)), X)
    same(halved, SMALL)


def _doubled(i: Any, a: Any) -> Any:
    return wg.cond(a[i] > 0.5, lambda a: put(a, i, a[i] * 2), lambda a: a, a)


def by_cases(x: Any) -> Any:
    branches: list[Any] = [
        lambda a, i: put(a, i, a[i] + 1),
        lambda a, i: wg.fori_loop(0, 3, lambda j, a: put(a, (i + j) % 40, a[i] * 0.5), a),
        lambda a, i: a,
        lambda a, i: wg.cond(a[0] > 0.4, lambda a: put(a, i, 0.0), lambda a: a, a),
    ]
    return wg.fori_loop(0, 40, lambda i, a: wg.switch(i % 5, branches, a, i), x)


def test_branches_change_arrays_in_place() -> None:
    same(by_cases, X)
    same(wg.grad(total(by_cases)), X)
    same(wg.vmap(by_cases), np.stack([X, 1 - X]))
    ir = compile_program(optimize(wg.trace(by_cases)(X))).ir
    assert ir.count("i64 320, i1") == 1  # the first value, and no more


@pytest.mark.parametrize("k", [-3, 0, 1, 2, 3, 7])
def test_switch_clamps(k: int) -> None:
    branches: list[Any] = [lambda v, i=i: v * i + v.sum() for i in range(4)]
    same(lambda x, k: wg.switch(k, branches, x), X, np.int64(k))
    same(lambda x, k: wg.switch(k, branches, x), SMALL, np.int8(k))


def test_branches_in_lanes() -> None:
    branches = [np.sin, np.cos, lambda v: v * v]
    chosen = wg.vmap(lambda k, x: wg.switch(k, branches, x))
    ks = np.array([0, 1, 2, 5, -1])
    same(chosen, ks, X[:5])
    same(wg.grad(lambda x: np.sum(chosen(ks, x))), X[:5])

    def looped(x: Any) -> Any:
        loop = lambda v: wg.while_loop(lambda u: u < 3, lambda u: u * 1.4, v)
        return wg.cond(x > 0.6, loop, lambda v: v * v, x)

    same(wg.grad(looped), 0.8)
    same(wg.vmap(wg.grad(looped)), LANES)
    same(wg.vmap(wg.grad(wg.grad(looped))), LANES)


def test_division_of_a_branch_not_taken_is_not_moved_out() -> None:
    f = lambda n, x: wg.fori_loop(
        0, 3, lambda i, c: wg.cond(n > 0, lambda v: v + 7 // n, lambda v: v, c), x
    )
    same(f, np.int64(0), np.int64(5))
    same(f, np.int64(2), np.int64(5))


def test_rules_and_recomputation_in_loops() -> None:
    @wg.custom_vjp
    def twice(x: Any) -> Any:
        return 2 * x

    twice.defvjp(lambda x: (2 * x, x), lambda x, ct: (ct * np.cos(x),))
    f = lambda x: wg.fori_loop(0, 4, lambda i, c: 0.3 * twice(c) + wg.checkpoint(np.sin)(c), x)
    same(wg.grad(total(f)), X)


# -- memory ----------------------------------------------------------------------------------------


def _resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def test_nothing_is_left_behind() -> None:
    f = wg.jit(wg.vmap(wg.grad(nested_while)))
    for _ in range(200):
        f(LANES)
    gc.collect()
    before = _resident()
    for _ in range(10_000):
        f(LANES)
    gc.collect()
    assert _resident() - before < 4.0


def test_turns_give_back_what_they_took() -> None:
    # A gradient through an inner loop keeps a tape for one turn; 20,000 of them would be 20 MB.
    inner = lambda v: wg.while_loop(lambda c: c < 5.0, lambda c: c * 1.1 + 0.1 * np.sin(c) * v, v)
    step = lambda i, c: 0.5 * c + wg.grad(inner)(0.5 + 0.001 * c)
    program = wg.trace(lambda n, x: wg.fori_loop(0, n, step, x))(np.int64(2), 0.1)
    made = Executable(program)
    rest = list(program.captured)
    made.run([np.int64(200), 0.1, *rest])
    before = _resident()
    made.run([np.int64(20_000), 0.2, *rest])
    assert _resident() - before < 4.0


def test_a_tape_that_grows() -> None:
    def f(n: Any, x: Any) -> Any:
        step = lambda c: (c[0] + 1, np.sin(c[1]) * x + 0.3)
        return wg.while_loop(lambda c: c[0] < n, step, (0, x))[1]

    program = wg.trace(wg.grad(f, argnums=1))(np.int64(3), 0.9)
    made = Executable(program)
    for n in (0, 1, 31, 32, 33, 65, 5000):
        expected = program(np.int64(n), 0.9)
        np.testing.assert_allclose(made.run([np.int64(n), 0.9, *program.captured])[0], expected)


def test_error_in_a_loop_frees_the_tape() -> None:
    def inverse(c: Any) -> Any:
        return np.linalg.inv(c) * 0.5 + c

    f = lambda a: np.sum(wg.while_loop(lambda c: c[0, 0] < 1e3, inverse, a))
    g = wg.jit(wg.grad(f))
    for _ in range(50):
        with pytest.raises(np.linalg.LinAlgError):
            g(np.zeros((2, 2)))
    before = _resident()
    for _ in range(500):
        with pytest.raises(np.linalg.LinAlgError):
            g(np.zeros((2, 2)))
    assert _resident() - before < 4.0


# -- long code -------------------------------------------------------------------------------------


def test_long_blocks_are_cut() -> None:
    n = 3 * MOST

    def f(x: Any) -> Any:
        def body(c: Any, v: Any) -> Any:
            return c, tuple([c * (0.5 + i) + v for i in range(n)])

        return [np.sum(y) for y in wg.scan(body, x, SMALL)[1]]

    ir = compile_program(wg.trace(f)(0.5)).ir
    assert "piece2:" in ir
    same(f, 0.5)


def test_many_elementary_functions_are_called() -> None:
    def f(x: Any) -> Any:
        def body(c: Any, v: Any) -> Any:
            for _ in range(100):
                c = np.sin(c * v) + 0.5 * np.exp(-c)
            return c, c

        return wg.scan(body, x, SMALL)

    kernel = compile_program(wg.trace(f)(0.5))
    assert "define internal double @wg_sin_f8" in kernel.ir
    assert kernel.n_instructions < 5000
    same(f, 0.5)


# -- random programs -------------------------------------------------------------------------------

OPERATIONS: list[Any] = [
    lambda a, b: a * b,
    lambda a, b: a + 0.5 * b,
    lambda a, b: np.sin(a) - b,
    lambda a, b: a * 0.3 + np.cos(b),
    lambda a, b: np.where(a > b, a, b * 0.5),
]


@st.composite
def loops(draw: Any, depth: int = 2) -> Any:
    """A random function of two vectors: operations, scans, whiles and branches, nested."""
    op = OPERATIONS[draw(st.integers(0, len(OPERATIONS) - 1))]
    if depth == 0:
        return op
    kind = draw(st.sampled_from(["op", "scan", "while", "cond", "set"]))
    f, g = draw(loops(depth=depth - 1)), draw(loops(depth=depth - 1))
    n = draw(st.integers(0, 3))
    if kind == "op":
        return lambda a, b: op(f(a, b), g(b, a)) * 0.5
    if kind == "scan":
        reverse = draw(st.booleans())

        def scanned(a: Any, b: Any) -> Any:
            us = np.linspace(0.2, 0.8, n)
            step = lambda c, u: (np.sin(f(c, b) * u), op(c, b))
            c, ys = wg.scan(step, a, us, reverse=reverse)
            return c + 0.3 * np.sum(ys, axis=0)

        return scanned
    if kind == "while":

        def looped(a: Any, b: Any) -> Any:
            step = lambda c: (c[0] + 0.4 + 0.2 * np.sin(c[1][0]) ** 2, np.sin(f(c[1], b)))
            return wg.while_loop(lambda c: c[0] < n, step, (0.3 * a[0], a))[1]

        return looped
    if kind == "cond":
        return lambda a, b: wg.cond(
            a[0] > b[-1], lambda v: f(v, b) * 1.0, lambda v: g(b, v) * 1.0, a
        )
    return lambda a, b: wg.fori_loop(0, n, lambda i, c: put(c, i, op(c, b)[i] + f(b, c)[0]), a)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(loops(), st.sampled_from([3, 20]))
def test_random_loops(f: Any, n: int) -> None:
    a, b = np.linspace(-0.4, 0.9, n), np.linspace(0.8, 0.1, n)
    loss = lambda a, b: np.sum(f(a, b) ** 2)
    same(f, a, b)
    same(wg.grad(loss, argnums=(0, 1)), a, b)
    same(wg.vmap(f, in_axes=(0, None)), np.stack([a, -a]), b)
    if n == 3:
        same(wg.vmap(wg.grad(loss), in_axes=(0, None)), np.stack([a, -a]), b)
        same(lambda a, b: wg.jvp(lambda v: wg.grad(loss)(v, b), (a,), (b,)), a, b)
