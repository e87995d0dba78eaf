"""Random array programs of every shape that the compiler's planner decides on.

A recipe is a list of (step, first operand, second operand, choice). A step takes two of the values
made so far, whatever their shapes, fits the second to the first where it has to, and appends what
it makes. Values stay small, so that rounding errors do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import wengert as wg
from wengert import numpy as wnp

LARGEST = 6000  # elements of a value
SHAPES: list[tuple[int, ...]] = [
    *[(n,) for n in (1, 2, 3, 5, 7, 8, 9, 12, 16, 17, 31, 33, 40)],
    (1000,),
    (9, 17),
    (40, 3),
    (3, 40),
    (33, 8),
    (17, 11, 2),
    (5, 100, 2),
    (2, 3),
    (4, 4),
    (8, 8),
    (9, 9),
    (1, 6),
    (6, 1),
    (30, 2, 7),
    (20, 2, 2),
    (2, 2, 30),
    (3, 1, 4),
    (70, 70),
    (),
]
SMALL_SHAPES: list[tuple[int, ...]] = [(), (1,), (2,), (3,), (5,), (9,), (2, 3), (4, 2), (10, 1)]

Step = Callable[[Any, Any, int], Any]


# -- fitting operands together ---------------------------------------------------------------------


def axes_of(a: Any, k: int) -> tuple[int, ...]:
    """Some of the axes of an array, all of them where the choice names none."""
    found = tuple([i for i in range(a.ndim) if k >> i & 1])
    return found or tuple(range(a.ndim))


def axis_of(a: Any, k: int) -> int:
    return k % a.ndim


def vector(a: Any) -> Any:
    return a.reshape(-1) if a.ndim != 1 else a


def matrix(a: Any) -> Any:
    if a.ndim < 2:
        return a.reshape(-1, 1) if a.size % 2 else a.reshape(2, -1) if a.size else a.reshape(0, 1)
    return a.reshape(a.shape[0], -1) if a.ndim > 2 else a


def resized(b: Any, n: int, axis: int) -> Any:
    """The array with `n` places on an axis, repeated or cut off."""
    have = b.shape[axis]
    if have == n:
        return b
    if have > n:
        return b[(slice(None),) * axis + (slice(0, n),)]
    return np.take(b, np.arange(n) % have, axis)


def fitted(b: Any, shape: Sequence[int]) -> Any:
    """Something made of `b` that broadcasts to `shape`."""
    while b.ndim > len(shape):
        b = b.sum(axis=0) * (1.0 / max(1, b.shape[0]))
    for i in range(b.ndim):
        n = shape[len(shape) - b.ndim + i]
        if b.shape[i] not in (1, n):
            if b.shape[i] == 0:
                return np.sum(b)
            b = resized(b, n, i)
    return b


# -- steps -----------------------------------------------------------------------------------------


def reduced(a: Any, b: Any, k: int) -> Any:
    how = (np.sum, np.mean, np.max, np.min, np.prod, np.var)[k // 16 % 6]
    if not a.size:
        how = np.sum
    axes, keep = axes_of(a, k % 8), bool(k & 8)
    if how is np.prod:
        return np.prod(1.0 + 0.1 * np.sin(a), axis=axes, keepdims=keep) if a.size < 300 else a
    scale = 1.0 / math.sqrt(math.prod([a.shape[i] for i in axes]) or 1) if how is np.sum else 1.0
    return scale * how(a, axis=axes, keepdims=keep)


def normalized(a: Any, b: Any, k: int) -> Any:
    axes = axes_of(a, k % 8)
    if not a.size:
        return a + 1.0
    if k & 8:
        e = np.exp(a - np.max(a, axis=axes, keepdims=True))
        return e / np.sum(e, axis=axes, keepdims=True)
    if k & 16:
        centred = a - np.mean(a, axis=axes, keepdims=True)
        return centred / np.sqrt(0.1 + np.mean(centred**2, axis=axes, keepdims=True))
    return a / np.sqrt(1.0 + np.sum(a * a, axis=axes, keepdims=True))


def ordered(a: Any, b: Any, k: int) -> Any:
    if not a.ndim or not a.size:
        return a * 2.0
    axis = axis_of(a, k)
    kind = k // 4 % 5
    if kind == 0:
        return np.sort(a, axis=axis)
    if kind == 1:
        return np.cumsum(a, axis=axis) * (1.0 / a.shape[axis])
    if kind == 2:
        return np.take_along_axis(a, np.argsort(a, axis=axis, kind="stable")[..., ::-1], axis)
    if kind == 3:
        i = np.argmax(a, axis=axis) if k & 32 else np.argmin(a, axis=axis)
        return np.take_along_axis(a, np.expand_dims(i, axis), axis) - a
    return np.cumprod(1.0 + 0.1 * np.sin(a[:7]), axis=axis)


def joined(a: Any, b: Any, k: int) -> Any:
    if not a.ndim:
        return np.stack([a, np.sin(a), fitted(b, ())])
    axis = axis_of(a, k)
    other = np.broadcast_to(fitted(b, a.shape), a.shape)
    kind = k // 4 % 6
    if kind == 0:
        return np.concatenate([a, other], axis)
    if kind == 1:
        return np.stack([a, other, a * other], k // 32 % (a.ndim + 1))
    if kind == 2:
        return np.pad(a, [(i % 3, (i + k) % 2) for i in range(a.ndim)])
    first = (slice(None),) * axis
    if kind == 3 and a.shape[axis] > 1:
        return a[(*first, slice(1, None))] - a[(*first, slice(None, -1))]
    if kind == 4:
        parts = [a[(*first, slice(i, i + 1))] for i in range(min(7, a.shape[axis]))]
        return np.concatenate([*parts, other], axis) if parts else a
    cut = a.shape[axis] // 2
    return np.concatenate([other[(*first, slice(cut, None))], a[(*first, slice(None, cut))]], axis)


def reshaped(a: Any, b: Any, k: int) -> Any:
    kind = k % 8
    if kind == 0:
        return vector(a)
    if kind == 1 and a.ndim:
        return a.T
    if kind == 2 and a.ndim > 1:
        return np.swapaxes(a, k // 8 % a.ndim, -1)
    if kind == 3 and a.ndim > 1:
        return a.reshape(-1, a.shape[-1] if a.size else 1)
    if kind == 4 and a.size and a.ndim:
        n = next((n for n in (2, 3, 5, 4, 7) if a.shape[-1] % n == 0), 1)
        return a.reshape(*a.shape[:-1], -1, n)
    if kind == 5 and a.ndim:
        return np.flip(a, axis_of(a, k // 8))
    if kind == 6:
        return np.expand_dims(a, k // 8 % (a.ndim + 1))
    return np.roll(a, k // 8 % 5, axis_of(a, k // 8)) if a.ndim and a.size else a


def sliced(a: Any, b: Any, k: int) -> Any:
    if not a.ndim:
        return a * 0.5
    axis = axis_of(a, k)
    cuts = (
        slice(1, None, 2),
        slice(None, None, -1),
        slice(-1, 0, -2),
        slice(None, -1),
        slice(0, 9),
        slice(2, 2),
        slice(-5, None),
    )
    if k % 23 == 0 and a.shape[axis]:
        return a[(slice(None),) * axis + (k % a.shape[axis],)]
    return a[(slice(None),) * axis + (cuts[k // 4 % len(cuts)],)]


def places(a: Any, b: Any, k: int, n: int) -> Any:
    """Integers below `n`, repeated: known ones, or computed ones."""
    if k & 1:
        return np.array([(3 * i + k) % n for i in range(k // 2 % 11 + 1)])
    v = vector(b)[:12]
    return np.argsort(v, kind="stable") % n if v.size else np.array([0, 0])


def gathered(a: Any, b: Any, k: int) -> Any:
    if not a.ndim or not a.size:
        return a + 0.25
    axis = axis_of(a, k)
    i = places(a, b, k // 4, a.shape[axis])
    return np.take(a, i, axis) if k & 64 else a[(slice(None),) * axis + (i,)]


def scattered(a: Any, b: Any, k: int) -> Any:
    if not a.ndim or not a.size:
        return a - 0.25
    axis = axis_of(a, k)
    i = places(a, b, k // 4, a.shape[axis])
    made = wnp.zeros(a.shape) + (a if k & 64 else 0.0)
    where = (slice(None),) * axis + (i,)
    if k & 32:
        np.add.at(made, where, np.sin(a)[where])
    else:
        made[where] = np.cos(a)[where[:axis] + (slice(0, 1),)]
    return made


def written(a: Any, b: Any, k: int) -> Any:
    """Writes through views, and into parts."""
    if not a.ndim or not a.size:
        return a * 1.5
    made = wnp.zeros(a.shape) + 0.5 * a
    other = np.broadcast_to(fitted(b, a.shape), a.shape)
    axis = axis_of(a, k)
    first = (slice(None),) * axis
    kind = k // 4 % 5
    if kind == 0:
        made[(*first, slice(None, None, 2))] = other[(*first, slice(None, None, 2))]
    elif kind == 1:
        row = made[0]
        row += np.sin(other[-1])
        made[-1] *= 0.5
    elif kind == 2:
        part = made[(*first, slice(1, None))]
        part *= other[(*first, slice(1, None))]
        part[...] = part + a[(*first, slice(None, -1))]
    elif kind == 3:
        for i in range(min(4, a.shape[0])):
            made[i] = made[i - 1] * 0.5 + other[i]
    else:
        flat = made.reshape(-1)
        flat[:: 3 + k % 3] += vector(other)[:: 3 + k % 3]
    return made


def multiplied(a: Any, b: Any, k: int) -> Any:
    kind = k % 7
    if not a.size or not b.size:
        return np.sum(a) + np.sum(b)
    if kind == 0:
        return np.outer(vector(a)[:70], vector(b)[:70])
    u, v = matrix(a), matrix(b)
    if kind == 1:
        return (u @ resized(v, u.shape[1], 0)) * (1.0 / u.shape[1])
    if kind == 2:
        return u @ u.T * (1.0 / u.shape[1]) if u.shape[0] <= 70 else u.T @ u * (1.0 / u.shape[0])
    if kind == 3:
        return u @ resized(vector(b), u.shape[1], 0) * (1.0 / u.shape[1])
    if kind == 4 and a.ndim > 2:
        return np.einsum("...ij,...ik->...jk", a, np.sin(a)) * 0.2
    if kind == 5:
        n = min(u.shape)
        w = u[:n, :n] * 0.1
        return w @ w.T + 0.5 * np.eye(n) if n < 40 else w
    return np.einsum("ij,j->i", u, resized(vector(b), u.shape[1], 0)) * (1.0 / u.shape[1])


def solved(a: Any, b: Any, k: int) -> Any:
    u = matrix(a)
    n = min(*u.shape, 12)
    if not n:
        return np.sum(a) * 2.0
    m = 0.1 * u[:n, :n] + 2.0 * np.eye(n)
    if k % 3 == 0:
        return np.linalg.solve(m, resized(vector(b), n, 0)) if b.size else m
    if k % 3 == 1:
        return np.linalg.inv(m)
    return np.linalg.cholesky(m @ m.T)


def chosen(a: Any, b: Any, k: int) -> Any:
    other = fitted(b, a.shape)
    kind = k % 6
    if kind == 0:
        return np.where(a > other, a, 2.0 * other)
    if kind == 1:
        return np.maximum(a, other + 0.0137)
    if kind == 2:
        return np.minimum(np.abs(a), other + 0.7)
    if kind == 3:
        return np.clip(a, -0.51, 0.43) + other
    if kind == 4 and a.ndim:
        mask = np.arange(a.shape[-1]) % 3 == k // 6 % 3
        return np.where(mask, a, other)
    return np.where(np.isfinite(a) & (a < 0.3), np.sin(a), np.sqrt(np.abs(a) + 0.1))


def mixed(a: Any, b: Any, k: int) -> Any:
    """Through other dtypes and back."""
    kind = k % 6
    other = fitted(b, a.shape)
    if kind == 0:
        z = a + 1j * other
        return np.abs(z * z + 2.0)
    if kind == 1:
        z = np.exp(1j * a) * (other - 0.5j)
        return np.real(np.sum(z, axis=axes_of(a, k // 8), keepdims=True) * 0.1) + np.imag(
            np.conj(z)
        )
    if kind == 2:
        n = (np.floor(4.0 * a)).astype(np.int64)
        return a * (n % 3) + (n > 0)
    if kind == 3:
        return np.cumsum((a > other).astype(np.int32), axis=-1) * 0.1 + a if a.ndim else a
    if kind == 4:
        return np.sum(a > 0.1, axis=axes_of(a, k // 8), keepdims=True) * 0.01 + a
    return a * np.array([1, 2, 3], np.int8)[k // 8 % 3] + other


def narrowed(a: Any, b: Any, k: int) -> Any:
    """In single precision for a while."""
    low = a.astype(np.float32)
    if k % 3 == 0:
        return np.sin(low) * fitted(b, a.shape)
    if k % 3 == 1:
        return np.sum(low * low, axis=axes_of(a, k // 4), keepdims=True).astype(np.float64) * 0.01
    return low


def nearest(a: Any, b: Any, k: int) -> Any:
    """Distances to centers, the least of each point: its derivative is one-hot along an axis."""
    u = matrix(a)
    centers = matrix(b)[:7]
    if not u.size or not centers.size:
        return np.sum(u) + 1.0
    centers = resized(centers, u.shape[1], 1)
    d = np.sum((u[:, None, :] - centers[None, :, :]) ** 2, axis=2)
    if k % 3 == 0:
        return np.min(d, axis=1) * 0.1
    if k % 3 == 1:
        return np.max(-d, axis=0) * 0.1
    return np.log1p(np.min(d, axis=1))[:, None] * u


def scanned(a: Any, b: Any, k: int) -> Any:
    if not a.ndim or not a.size or a.shape[0] > 40:
        return np.sin(a)
    rest = a.shape[1:]
    kind = k % 4
    if kind == 0:
        start = np.broadcast_to(fitted(b, rest), rest) * 0.5 if rest else np.sum(b) * 0.01
        return wg.scan(lambda c, x: (np.sin(c + x), c * x), start, a)[k // 4 % 2]
    if kind == 1:

        def put(c: Any, x: Any) -> Any:
            c = c.copy()
            c[0] = 0.5 * c[-1] + np.sum(x) * 0.01
            c[::2] *= 0.9
            return c, c[0] * 1.0

        return wg.scan(put, a, a[:5], reverse=bool(k & 4))[k // 8 % 2]
    if kind == 2:
        return wg.scan(
            lambda c, x: (c * 0.5 + x, np.sum(c * x)), np.zeros(rest), a, reverse=bool(k & 4)
        )[k // 8 % 2]

    def turn(i: Any, c: Any) -> Any:
        c = c.copy()
        c[i % a.shape[0]] = np.sin(c[(i + 1) % a.shape[0]]) + 0.1
        return c

    return wg.fori_loop(0, 3 + k // 4 % 4, turn, a)


def repeated(a: Any, b: Any, k: int) -> Any:
    """A loop whose number of turns depends on a value."""
    other = np.broadcast_to(fitted(b, a.shape), a.shape)
    limit = 0.5 + 0.1 * (k % 5)

    def turn(c: Any) -> Any:
        n, x = c
        return n + 0.21, np.sin(x) * 0.8 + (0.1 * other if k & 8 else 0.1 * np.mean(x))

    return wg.while_loop(lambda c: c[0] < limit + 0.0 * np.mean(c[1]), turn, (0.0, a))[1]


def branched(a: Any, b: Any, k: int) -> Any:
    other = np.broadcast_to(fitted(b, a.shape), a.shape)
    test = np.sum(a) > 0.0319 + 0.1234 * (k % 5)  # no sum of normalized values
    if k & 8:
        return (
            wg.cond(
                test,
                lambda u, v: u * np.cos(v),
                lambda u, v: np.cumsum(u - v, axis=-1) * 0.1,
                a,
                other,
            )
            if a.ndim
            else a
        )
    return wg.cond(test, lambda u: (u * 2.0 - other) * 0.5, lambda u: np.sin(u), a)


STEPS: list[tuple[str, Step]] = [
    ("sin", lambda a, b, k: np.sin(a + 0.1 * k)),
    ("expensive", lambda a, b, k: np.exp(-a * a) * np.log1p(a * a) + np.tanh(a)),
    ("power", lambda a, b, k: (1.5 + np.sin(a)) ** np.cos(fitted(b, a.shape))),
    ("add", lambda a, b, k: a + fitted(b, a.shape)),
    ("mul", lambda a, b, k: np.sin(a) * fitted(b, a.shape)),
    ("div", lambda a, b, k: a / (2.0 + np.cos(fitted(b, a.shape)))),
    ("sub", lambda a, b, k: fitted(b, a.shape) - 0.5 * a),
    ("reduced", reduced),
    ("reduced again", reduced),
    ("normalized", normalized),
    ("ordered", ordered),
    ("joined", joined),
    ("joined again", joined),
    ("reshaped", reshaped),
    ("reshaped again", reshaped),
    ("sliced", sliced),
    ("gathered", gathered),
    ("scattered", scattered),
    ("written", written),
    ("multiplied", multiplied),
    ("multiplied again", multiplied),
    ("solved", solved),
    ("chosen", chosen),
    ("mixed", mixed),
    ("nearest", nearest),
    ("scanned", scanned),
    ("repeated", repeated),
    ("branched", branched),
    ("narrowed", narrowed),
]

Recipe = list[tuple[int, int, int, int]]


def recipes(max_size: int) -> st.SearchStrategy[Recipe]:
    """Lists of (step, first operand, second operand, choice)."""
    precise = st.sampled_from([i for i, (name, _) in enumerate(STEPS) if name != "narrowed"])
    step = st.tuples(precise, st.integers(0, 7), st.integers(0, 7), st.integers(0, 511))
    return st.lists(step, min_size=min(3, max_size), max_size=max_size)


def function_of(recipe: Recipe, n_outputs: int = 2) -> Callable[..., Any]:
    """The program of a recipe: arrays to a tuple of arrays, the last ones made and an input."""

    def program(*xs: Any) -> Any:
        made = list(xs)
        for step, i, j, k in recipe:
            # Later values are chosen more often: chains get long.
            a, b = made[-1 - i % len(made)], made[-1 - j % len(made)]
            value = STEPS[step][1](a, b, k)
            if value.size <= LARGEST:
                made.append(value)
        outs = made[-n_outputs:]
        return (*outs, outs[-1], xs[0]) if len(recipe) % 3 == 0 else tuple(outs)

    return program


def scalar_of(recipe: Recipe, n_outputs: int = 2) -> Callable[..., Any]:
    """The same with one number as its result, in which every element has a weight of its own."""
    f = function_of(recipe, n_outputs)

    def loss(*xs: Any) -> Any:
        total = 0.0
        for y in f(*xs):
            weights = np.cos(np.arange(y.size, dtype=np.float64)).reshape(y.shape)
            total = total + np.sum(np.sin(y) * weights) * (1.0 / math.sqrt(max(1, y.size)))
        return total

    return loss
