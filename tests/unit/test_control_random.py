"""Random nests of loops and branches against the plain Python they stand for, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert.ir.check import check

Pair = tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]


def leaf(rng: np.random.Generator, depth: int) -> Pair:
    a = float(rng.uniform(0.3, 0.9))
    functions: list[Any] = [
        lambda x, w: np.sin(x * w) + a,
        lambda x, w: x * a + w,
        lambda x, w: np.cos(x) * w,
        lambda x, w: x * x * a * 0.5 + 0.1,
        lambda x, w: np.exp(-x * x) * w + x * a,
        lambda x, w: w * a + 0 * x,
        lambda x, w: x,
    ]
    f = functions[rng.integers(len(functions))]
    return f, f


def scan(rng: np.random.Generator, depth: int) -> Pair:
    (f, pf), (g, pg) = nest(rng, depth), nest(rng, depth)
    us, reverse = rng.uniform(0.2, 1, rng.integers(0, 4)), bool(rng.integers(2))
    weights = np.cos(np.arange(len(us)) + 1.0)

    def looped(x: Any, w: Any) -> Any:
        body = lambda c, u: (0.7 * np.sin(f(c, u) + w), g(c * u, w))
        c, ys = wg.scan(body, x, us, reverse=reverse)
        return c + np.sum(ys * weights)

    def plain(x: Any, w: Any) -> Any:
        c, total = x, 0.0
        for i in reversed(range(len(us))) if reverse else range(len(us)):
            total = total + pg(c * us[i], w) * weights[i]
            c = 0.7 * np.sin(pf(c, us[i]) + w)
        return c + total

    return looped, plain


def mapped(rng: np.random.Generator, depth: int) -> Pair:
    f, pf = nest(rng, depth)
    us = rng.uniform(0.2, 1, 3)
    return (
        lambda x, w: np.sum(wg.map(lambda u: f(x * u, w), us)) * 0.3,
        lambda x, w: (pf(x * us[0], w) + pf(x * us[1], w) + pf(x * us[2], w)) * 0.3,
    )


def rising(rng: np.random.Generator, depth: int) -> Pair:
    """A loop that runs until a value is reached."""
    f, pf = nest(rng, depth)
    limit = float(rng.uniform(0.5, 3))

    def looped(x: Any, w: Any) -> Any:
        step = lambda s: s + 0.2 + 0.3 * np.sin(f(s, w)) ** 2
        return np.sin(wg.while_loop(lambda s: s < limit, step, x))

    def plain(x: Any, w: Any) -> Any:
        s = x
        while s < limit:
            s = s + 0.2 + 0.3 * np.sin(pf(s, w)) ** 2
        return np.sin(s)

    return looped, plain


def mixed(rng: np.random.Generator, depth: int) -> Pair:
    """An integer, two numbers that change and one that does not in the carry."""
    (f, pf), (g, pg) = nest(rng, depth), nest(rng, depth)
    limit = int(rng.integers(0, 4))

    def looped(x: Any, w: Any) -> Any:
        def body(carry: Any) -> Any:
            n, a, b, k = carry
            return n + 1, 0.8 * np.sin(f(a, k * w) + n), b * 0.5 + g(a, w), k

        cond = lambda c: (c[0] < limit) & (abs(c[1]) < 5.0)
        n, a, b, k = wg.while_loop(cond, body, (0, x, x * w, w))
        return a * 0.5 + np.sin(b) * k

    def plain(x: Any, w: Any) -> Any:
        n, a, b = 0, x, x * w
        while n < limit and abs(a) < 5.0:
            n, a, b = n + 1, 0.8 * np.sin(pf(a, w * w) + n), b * 0.5 + pg(a, w)
        return a * 0.5 + np.sin(b) * w

    return looped, plain


def counted(rng: np.random.Generator, depth: int) -> Pair:
    f, pf = nest(rng, depth)
    n = int(rng.integers(0, 4))

    def plain(x: Any, w: Any) -> Any:
        c = x
        for i in range(n):
            c = np.sin(pf(c, w) * (i + 1.0)) * w
        return c

    step = lambda w: lambda i, c: np.sin(f(c, w) * (i + 1.0)) * w
    return lambda x, w: wg.fori_loop(0, n, step(w), x), plain


def branch(rng: np.random.Generator, depth: int) -> Pair:
    (f, pf), (g, pg) = nest(rng, depth), nest(rng, depth)
    a = float(rng.uniform(-0.2, 1))
    return (
        lambda x, w: wg.cond(x > a, lambda v: f(v, w) * 1.0, lambda v: g(v, x) * 1.0, x),
        lambda x, w: pf(x, w) * 1.0 if x > a else pg(x, x) * 1.0,
    )


def switched(rng: np.random.Generator, depth: int) -> Pair:
    pairs = [nest(rng, depth) for _ in range(3)]
    branches = [(lambda v, u, f=f: f(v, u) * 1.0) for f, _ in pairs]
    index = lambda w: np.floor(3 * w).astype(int) - 1
    return (
        lambda x, w: wg.switch(index(w), branches, x, w),
        lambda x, w: pairs[min(max(int(np.floor(3 * w)) - 1, 0), 2)][1](x, w) * 1.0,
    )


def recomputed(rng: np.random.Generator, depth: int) -> Pair:
    f, pf = nest(rng, depth)
    return wg.checkpoint(f), pf


MAKERS = [leaf, leaf, scan, mapped, rising, mixed, counted, branch, switched, recomputed]


def nest(rng: np.random.Generator, depth: int) -> Pair:
    """A random function of two numbers, as control flow and as plain Python."""
    maker = MAKERS[rng.integers(len(MAKERS))] if depth else leaf
    return maker(rng, depth - 1)


@pytest.mark.parametrize("seed", range(24))
def test_nest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    maker = MAKERS[2 + seed % 8]
    f, plain = maker(rng, 1 + seed % 2)
    xs, ws = rng.uniform(-0.5, 1.2, 3), rng.uniform(0.2, 1.3, 3)
    x, w = xs[0], ws[0]
    first = lambda g: wg.grad(g)
    pushed = lambda g: lambda x, w: wg.jvp(lambda v: g(v, w), (x,), (1.0,))[1]
    mixed_order = lambda g: wg.grad(wg.grad(g), argnums=1)

    def each(g: Any) -> Any:
        return [g(a, b) for a, b in zip(xs, ws, strict=True)]

    def same(found: Any, expected: Any) -> None:
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)

    program = wg.trace(f)(x, w)
    check(program)
    same(program(x, w), plain(x, w))
    same(f(x, w), plain(x, w))
    same(wg.grad(f, argnums=(0, 1))(x, w), wg.grad(plain, argnums=(0, 1))(x, w))
    same(pushed(f)(x, w), first(plain)(x, w))
    second = mixed_order(plain)(x, w)
    same(mixed_order(f)(x, w), second)
    same(wg.grad(pushed(f), argnums=1)(x, w), second)
    same(wg.jvp(lambda v: first(f)(x, v), (w,), (1.0,))[1], second)
    same(wg.jit(mixed_order(f))(x, w), second)
    same(wg.vmap(f)(xs, ws), each(plain))
    same(wg.vmap(first(f))(xs, ws), each(first(plain)))
    same(wg.vmap(pushed(f))(xs, ws), each(first(plain)))
    same(wg.grad(lambda v: np.sum(wg.vmap(f)(v, ws)))(xs), each(first(plain)))
    same(wg.vmap(mixed_order(f))(xs, ws), each(mixed_order(plain)))
    same(wg.grad(lambda v: np.sum(wg.vmap(first(f))(xs, v)))(ws), each(mixed_order(plain)))
    shared = lambda v: np.sum(wg.vmap(f, in_axes=(0, None))(xs, v))
    same(wg.grad(shared)(w), sum(wg.grad(plain, argnums=1)(a, w) for a in xs))
    series = wg.jet(lambda v: f(v, w), (x,), ([1.0, 0.0],))[1]
    same(series, [first(plain)(x, w), first(first(plain))(x, w)])
    check(wg.trace(wg.vmap(first(f)))(xs, ws))
