"""Every transform of every construct, beside the plain Python loop for the same values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg

Function = Callable[[Any], Any]


# -- constructs and the plain Python they stand for; each maps a number to a number ---------------


def scan_sum(x: Any) -> Any:
    xs = np.array([0.3, -0.2, 0.7])
    (a, b), ys = wg.scan(lambda c, u: ((np.sin(c[0] * u) + x, c[1] * x), c[0]), (x, 1.0), xs)
    return a * b + np.sum(ys)


def scan_sum_plain(x: Any) -> Any:
    a, b, total = x, 1.0, 0.0
    for u in (0.3, -0.2, 0.7):
        total = total + a
        a, b = np.sin(a * u) + x, b * x
    return a * b + total


def newton(x: Any) -> Any:
    return wg.while_loop(lambda r: abs(r * r - x) > 1e-12, lambda r: (r + x / r) / 2, x)


def newton_plain(x: Any) -> Any:
    r = x
    while abs(r * r - x) > 1e-12:
        r = (r + x / r) / 2
    return r


def grow(x: Any) -> Any:
    """An integer and a float in the carry; as many steps as the value asks for."""
    n, y = wg.while_loop(
        lambda c: c[1] < 20.0, lambda c: (c[0] + 1, c[1] * (1.0 + x) + 0.1 * c[0]), (0, x)
    )
    return y * n + np.sin(x) * n


def grow_plain(x: Any) -> Any:
    n, y = 0, x
    while y < 20.0:
        n, y = n + 1, y * (1.0 + x) + 0.1 * n
    return y * n + np.sin(x) * n


def while_in_scan(x: Any) -> Any:
    def body(c: Any, u: Any) -> Any:
        c = wg.while_loop(lambda s: s < u, lambda s: s * (1.0 + x * x) + 0.1, c * x)
        return c, c * c

    c, ys = wg.scan(body, 0.2, np.array([0.5, 1.5, 1.0]))
    return c + np.sum(ys * ys)


def while_in_scan_plain(x: Any) -> Any:
    c, total = 0.2, 0.0
    for u in (0.5, 1.5, 1.0):
        c = c * x
        while c < u:
            c = c * (1.0 + x * x) + 0.1
        total = total + c**4
    return c + total


def scan_in_while(x: Any) -> Any:
    def body(c: Any) -> Any:
        return wg.scan(lambda s, u: (s + u * np.sin(s * x), None), c, np.array([0.4, 0.5]))[0]

    return wg.while_loop(lambda c: c < 2.0, body, x)


def scan_in_while_plain(x: Any) -> Any:
    c = x
    while c < 2.0:
        for u in (0.4, 0.5):
            c = c + u * np.sin(c * x)
    return c


def while_in_while(x: Any) -> Any:
    def outer(carry: Any) -> Any:
        k, c = carry
        inner = wg.while_loop(lambda s: s < 3.0, lambda s: s * (1.1 + x) + 0.01 * k, c)
        return k + 1, np.sin(inner) ** 2 * x + 0.3

    return wg.while_loop(lambda carry: carry[0] < 3, outer, (0, x))[1]


def while_in_while_plain(x: Any) -> Any:
    c = x
    for k in range(3):
        while c < 3.0:
            c = c * (1.1 + x) + 0.01 * k
        c = np.sin(c) ** 2 * x + 0.3
    return c


def invariant_inner(x: Any) -> Any:
    """The inner loop does the same in every turn, so that its stack does not change."""

    def body(c: Any, u: Any) -> Any:
        return c * wg.while_loop(lambda s: s < 2.0, lambda s: s * (1.0 + x), x) * u, c

    c, ys = wg.scan(body, 1.0, np.array([0.5, 0.25, 2.0]))
    return c + np.sum(ys)


def invariant_inner_plain(x: Any) -> Any:
    c, total = 1.0, 0.0
    for u in (0.5, 0.25, 2.0):
        s = x
        while s < 2.0:
            s = s * (1.0 + x)
        total = total + c
        c = c * s * u
    return c + total


def branch(x: Any) -> Any:
    return wg.cond(x > 0.8, lambda v: np.log(v) * v, lambda v: np.exp(-v) * np.sin(x), x)


def branch_plain(x: Any) -> Any:
    return np.log(x) * x if x > 0.8 else np.exp(-x) * np.sin(x)


def branch_in_loop(x: Any) -> Any:
    def body(c: Any) -> Any:
        return wg.cond(c < 1.0, lambda c: c * 1.5 + x, lambda c: np.sqrt(c) + x * c, c)

    return wg.while_loop(lambda c: c < 4.0, body, x * x)


def branch_in_loop_plain(x: Any) -> Any:
    c = x * x
    while c < 4.0:
        c = c * 1.5 + x if c < 1.0 else np.sqrt(c) + x * c
    return c


def loop_in_branch(x: Any) -> Any:
    def long(v: Any) -> Any:
        return wg.while_loop(lambda s: s < 5.0, lambda s: s * s + v, v)

    def short(v: Any) -> Any:
        return wg.fori_loop(0, 3, lambda i, s: np.sin(s) + i * v, v)

    return wg.cond(x > 0.8, long, short, x) * x


def loop_in_branch_plain(x: Any) -> Any:
    s = x
    if x > 0.8:
        while s < 5.0:
            s = s * s + x
    else:
        for i in range(3):
            s = np.sin(s) + i * x
    return s * x


def switched(x: Any) -> Any:
    index = (x * 3.0).astype(int) - 2  # below and above the range, too
    return wg.switch(index, [np.sin, lambda v: v * v * v, lambda v: np.exp(v) * x], x)


def switched_plain(x: Any) -> Any:
    index = int(np.trunc(3.0 * x)) - 2
    index = min(max(index, 0), 2)
    return [np.sin, lambda v: v * v * v, lambda v: np.exp(v) * x][index](x)


def recomputed(x: Any) -> Any:
    block = wg.checkpoint(lambda v, w: np.sin(v) * np.exp(w * v))
    return wg.fori_loop(0, 3, lambda i, c: block(c, x), x)


def recomputed_plain(x: Any) -> Any:
    c = x
    for _ in range(3):
        c = np.sin(c) * np.exp(x * c)
    return c


def fixed_carry(x: Any) -> Any:
    """A carry that the body hands on as it is."""

    def body(c: Any, u: Any) -> Any:
        w, s = c
        return (w, np.sin(w * s) + u), w * s

    (w, s), ys = wg.scan(body, (x, 0.5), np.array([0.1, 0.2]))
    return w * s + np.sum(ys)


def fixed_carry_plain(x: Any) -> Any:
    s, total = 0.5, 0.0
    for u in (0.1, 0.2):
        total = total + x * s
        s = np.sin(x * s) + u
    return x * s + total


PAIRS = {
    f.__name__: (f, g)
    for f, g in [
        (scan_sum, scan_sum_plain),
        (newton, newton_plain),
        (grow, grow_plain),
        (while_in_scan, while_in_scan_plain),
        (scan_in_while, scan_in_while_plain),
        (while_in_while, while_in_while_plain),
        (invariant_inner, invariant_inner_plain),
        (branch, branch_plain),
        (branch_in_loop, branch_in_loop_plain),
        (loop_in_branch, loop_in_branch_plain),
        (switched, switched_plain),
        (recomputed, recomputed_plain),
        (fixed_carry, fixed_carry_plain),
    ]
}


# -- transforms: each takes a function and gives one, and the order of derivative it computes -----


def by_jvp(f: Function) -> Function:
    return lambda x: wg.jvp(f, (x,), (1.0,))[1]


def by_vjp(f: Function) -> Function:
    return lambda x: wg.vjp(f, x)[1](1.0)[0]


SCALAR = {
    "value": (lambda f: f, 0),
    "jit": (wg.jit, 0),
    "grad": (wg.grad, 1),
    "jvp": (by_jvp, 1),
    "jit-grad": (lambda f: wg.jit(wg.grad(f)), 1),
    "grad-jit": (lambda f: wg.grad(wg.jit(f)), 1),
    "reverse-reverse": (lambda f: wg.grad(wg.grad(f)), 2),
    "forward-forward": (lambda f: by_jvp(by_jvp(f)), 2),
    "forward-reverse": (lambda f: by_jvp(by_vjp(f)), 2),
    "reverse-forward": (lambda f: by_vjp(by_jvp(f)), 2),
    "jit-hessian": (lambda f: wg.jit(wg.hessian(f)), 2),
    "third-reverse": (lambda f: wg.grad(wg.grad(wg.grad(f))), 3),
    "third-mixed": (lambda f: by_jvp(by_vjp(by_jvp(f))), 3),
}
MAPPED = {
    "vmap": (wg.vmap, 0),
    "jit-vmap": (lambda f: wg.jit(wg.vmap(f)), 0),
    "vmap-grad": (lambda f: wg.vmap(wg.grad(f)), 1),
    "vmap-jvp": (lambda f: wg.vmap(by_jvp(f)), 1),
    "grad-vmap": (lambda f: wg.grad(lambda x: np.sum(wg.vmap(f)(x))), 1),
    "jvp-vmap": (lambda f: lambda x: wg.jvp(wg.vmap(f), (x,), (np.ones(x.shape),))[1], 1),
    "jit-vmap-grad": (lambda f: wg.jit(wg.vmap(wg.grad(f))), 1),
    "vmap-reverse-reverse": (lambda f: wg.vmap(wg.grad(wg.grad(f))), 2),
    "vmap-forward-reverse": (lambda f: wg.vmap(by_jvp(by_vjp(f))), 2),
    "grad-vmap-grad": (lambda f: wg.grad(lambda x: np.sum(wg.vmap(wg.grad(f))(x))), 2),
    "grad-grad-vmap": (
        lambda f: wg.grad(lambda x: np.sum(wg.grad(lambda z: np.sum(wg.vmap(f)(z)))(x))),
        2,
    ),
    "map": (lambda f: lambda x: wg.map(f, x), 0),
    "grad-map": (lambda f: wg.grad(lambda x: np.sum(wg.map(f, x))), 1),
    "map-grad": (lambda f: lambda x: wg.map(wg.grad(f), x), 1),
}
POINTS = np.array([0.55, 1.3, 0.9, 0.7])


def reference(plain: Function, order: int) -> Function:
    for _ in range(order):
        plain = wg.grad(plain)
    return plain


@pytest.mark.parametrize("transform", SCALAR)
@pytest.mark.parametrize("name", PAIRS)
def test_scalar(name: str, transform: str) -> None:
    f, plain = PAIRS[name]
    make, order = SCALAR[transform]
    for x in POINTS[:2]:
        np.testing.assert_allclose(make(f)(x), reference(plain, order)(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("transform", MAPPED)
@pytest.mark.parametrize("name", PAIRS)
def test_mapped(name: str, transform: str) -> None:
    f, plain = PAIRS[name]
    make, order = MAPPED[transform]
    expected = [reference(plain, order)(x) for x in POINTS]
    np.testing.assert_allclose(make(f)(POINTS), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_nested_vmap(name: str) -> None:
    f, plain = PAIRS[name]
    points = POINTS.reshape(2, 2)
    expected = np.array([wg.grad(plain)(x) for x in POINTS]).reshape(2, 2)
    np.testing.assert_allclose(wg.vmap(wg.vmap(wg.grad(f)))(points), expected, rtol=1e-9)
    swapped = wg.vmap(wg.vmap(wg.grad(f), in_axes=0), in_axes=1, out_axes=1)(points)
    np.testing.assert_allclose(swapped, expected, rtol=1e-9)
    total = wg.grad(lambda z: np.sum(wg.vmap(wg.vmap(f))(z)))(points)
    np.testing.assert_allclose(total, expected, rtol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_taylor_series(name: str) -> None:
    f, plain = PAIRS[name]
    x = POINTS[1]
    _, found = wg.jet(f, (x,), ([1.0, 0.0, 0.0, 0.0],))
    expected = [reference(plain, k)(x) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("name", PAIRS)
def test_against_differences(name: str) -> None:
    f, plain = PAIRS[name]
    for x in POINTS[:2]:
        h = 1e-6
        slope = (plain(x + h) - plain(x - h)) / (2 * h)
        np.testing.assert_allclose(wg.grad(f)(x), slope, rtol=1e-5)
