"""Cases of control flow: loops, branches, calls and custom rules, as functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import wengert as wg
from primitives.harness import Case

Draw = Callable[[np.random.Generator], Any]


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Draw:
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def decay(a: Any, x: Any) -> Any:
    """A linear recurrence: the matrix is a captured array, whose cotangent is a carry."""
    carry, ys = wg.scan(lambda c, u: (a @ c + u, np.sum(c * c)), np.zeros(2), x)
    return carry, ys


def backward_products(x: Any) -> Any:
    return wg.scan(lambda c, u: (c * np.sin(u), c), 1.0, x, reverse=True)


def nested(x: Any) -> Any:
    def inner(c: Any, u: Any) -> Any:
        return c * u + np.sin(c), c

    def outer(c: Any, row: Any) -> Any:
        c, ys = wg.scan(inner, c, row)
        return c, np.sum(ys) * c

    return wg.scan(outer, 0.5, x)


def with_counter(x: Any) -> Any:
    """An integer beside a float in the carry."""

    def body(carry: Any, u: Any) -> Any:
        n, total = carry
        return (n + 1, total + u * n * total), total

    (_, total), ys = wg.scan(body, (1, 0.3), x)
    return total, ys


def square_root(x: Any) -> Any:
    """Newton's iteration: the number of steps depends on the values."""

    def step(r: Any) -> Any:
        return (r + x / r) / 2

    return wg.while_loop(lambda r: np.any(abs(r * r - x) > 1e-13 * x), step, np.ones_like(x))


def loop_in_loop(x: Any) -> Any:
    """A loop of unknown length in each turn of a loop of known length."""

    def outer(c: Any, u: Any) -> Any:
        grown = wg.while_loop(lambda s: np.sum(s * s) < 4.0, lambda s: 1.3 * s + u * u, c + u)
        return grown / 8.0, np.sum(grown)

    return wg.scan(outer, np.full(2, 0.2), x)


def unknown_in_unknown(x: Any) -> Any:
    def inner(c: Any) -> Any:
        return wg.while_loop(lambda s: np.sum(s) < 3.0, lambda s: s * (1.2 + 0.1 * x), c)

    def outer(carry: Any) -> Any:
        k, c = carry
        return k + 1, np.sin(inner(c)) * 0.8 + 0.2

    return wg.while_loop(lambda carry: carry[0] < 3, outer, (0, x))[1]


def stepped(x: Any) -> Any:
    return wg.fori_loop(1, 5, lambda i, c: c * np.cos(x / i) + x, x)


def to_count(x: Any) -> Any:
    n = np.sum(x > 0.0) + 2  # a bound that is traced
    return wg.fori_loop(0, n, lambda i, c: np.sin(c) * x + i, x)


def branches(x: Any) -> Any:
    return wg.cond(np.sum(x) > 0.0, lambda v: np.sqrt(v + 3.0), lambda v: v * v * v, x)


def switched(x: Any) -> Any:
    def one(u: Any) -> Any:
        index = (u * 3.0).astype(int) % 3
        return wg.switch(index, [np.sin, lambda v: v * v, np.exp], u)

    return wg.map(one, x)


def many_residuals(x: Any) -> Any:
    """Branches whose derivatives keep different numbers of values."""

    def long(v: Any) -> Any:
        return np.sin(np.exp(np.sin(v)))

    return wg.cond(x[0] > x[1], long, lambda v: 2.0 * v, x)


def recomputed(x: Any) -> Any:
    block = wg.checkpoint(lambda v: np.sin(v) * np.exp(v) @ np.cos(v))
    return block(x) * block(2.0 * x)


def recomputed_steps(x: Any) -> Any:
    body = wg.checkpoint(lambda c, u: (np.sin(c) * u + c, np.exp(-c)))
    return wg.scan(body, 0.4, x)


def called(x: Any) -> Any:
    return wg.jit(lambda v: np.sin(v) * np.sum(v * v))(x)


@wg.custom_jvp
def soft(x: Any) -> Any:
    return np.log1p(np.exp(x))


@soft.defjvp
def soft_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    return soft(x), dx / (1.0 + np.exp(-x))


@wg.custom_vjp
def weighted(x: Any, y: Any) -> Any:
    return np.sum(x * x * y)


def weighted_forward(x: Any, y: Any) -> Any:
    return weighted(x, y), (x, y)


def weighted_backward(residuals: Any, ct: Any) -> Any:
    x, y = residuals
    return 2.0 * ct * x * y, ct * x * x


weighted.defvjp(weighted_forward, weighted_backward)


def custom_in_loop(x: Any) -> Any:
    return wg.scan(lambda c, u: (soft(c * u) + c, soft(u)), 0.1, x)


CASES = [
    Case("scan", decay, between(-1, 1, (2, 2), (4, 2)), primitives=("scan",)),
    Case(
        "scan_reverse", backward_products, between(0.5, 1, (5,)), primitives=("scan",), complex=True
    ),
    Case("scan_nested", nested, between(-1, 1, (2, 3)), primitives=("scan",)),
    Case("scan_counter", with_counter, between(0.1, 0.5, (4,)), primitives=("scan",)),
    Case(
        "scan_no_items",
        lambda x: wg.scan(lambda c, _: (c * x, c), 1.0, None, length=3),
        between(0.5, 1, ()),
        primitives=("scan",),
        complex=True,
    ),
    Case(
        "scan_empty",
        lambda x: wg.scan(lambda c, u: (c * u, c), x, np.zeros((0,), x.dtype)),
        between(0.5, 1, ()),
        primitives=("scan",),
    ),
    Case("map", lambda x: wg.map(lambda r: np.sin(r) @ r, x), between(-1, 1, (3, 2)), complex=True),
    Case(
        "while", square_root, between(1.5, 9, (3,)), primitives=("while",), tol=1e-6, float32=False
    ),
    Case("while_in_scan", loop_in_loop, between(0.3, 0.6, (3, 2)), primitives=("while", "scan")),
    Case("while_in_while", unknown_in_unknown, between(0.5, 0.7, (2,)), primitives=("while",)),
    Case(
        "while_never",
        lambda x: wg.while_loop(lambda c: np.sum(abs(c)) < -9.0, np.sin, x),
        between(0.1, 1, (2,)),
        primitives=("while",),
    ),
    # An int64 index makes float64 of float32, as in NumPy, and the carry must keep its type.
    Case("fori", stepped, between(-1, 1, (3,)), primitives=("scan",), float32=False, complex=True),
    Case("fori_traced", to_count, between(0.2, 1, (3,)), primitives=("while",), float32=False),
    Case("cond_true", branches, between(0.1, 1, (3,)), primitives=("cond",)),
    Case("cond_false", branches, between(-1, -0.1, (3,)), primitives=("cond",)),
    Case("cond_slots", many_residuals, between(-1, 1, (2,)), primitives=("cond",)),
    Case(
        "switch",
        switched,
        lambda rng: rng.uniform(0.05, 0.28, 4) + np.arange(4) / 3,
        primitives=("cond",),
    ),
    Case("checkpoint", recomputed, between(-1, 1, (3,)), primitives=("checkpoint",), complex=True),
    Case(
        "checkpoint_scan",
        recomputed_steps,
        between(-1, 1, (4,)),
        primitives=("checkpoint",),
        complex=True,
    ),
    Case("call", called, between(-1, 1, (3,)), primitives=("call",), complex=True),
    Case("custom_jvp", soft, between(-1, 1, (3,)), primitives=("custom",)),
    Case("custom_vjp", weighted, between(-1, 1, (3,), (3,)), primitives=("custom",)),
    Case("custom_in_scan", custom_in_loop, between(-1, 1, (4,)), primitives=("custom",)),
]
