"""Random NumPy programs on arrays of larger, mixed shapes: smooth, bounded, with writes and places.

A recipe is a list of numbers: each step takes an operation and two of the arrays made so far. What
does not fit is made to fit, so that every recipe is a program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from wengert import numpy as wnp

Step = tuple[int, int, int, int]
SHAPES = [(17, 5), (4, 9, 3), (33,), (40, 8), (3, 3), (2, 16, 5), (66,), (1, 21), (12, 1, 4), ()]
LARGEST = 3000  # elements


def fitted(a: Any, shape: tuple[int, ...]) -> Any:
    """Elements of `a`, repeated or cut, in another shape."""
    size = int(np.prod(shape, dtype=int))
    flat = np.ravel(a)
    return np.reshape(flat[np.arange(size) % flat.shape[0]], shape)


def beside(a: Any, b: Any, k: int) -> Any:
    axis = k % max(np.ndim(a), 1)
    a = np.atleast_1d(a)
    return np.concatenate([a, 0.5 * fitted(b, a.shape), a], axis=axis)


def reduced(a: Any, k: int) -> Any:
    a = np.atleast_1d(a)
    axes = [*range(a.ndim), None, (0, a.ndim - 1) if a.ndim > 1 else None]
    axis = axes[k % len(axes)]
    how = [np.mean, np.max, np.min, np.std, lambda x, axis: np.sum(np.tanh(x), axis=axis)]
    return how[k // 7 % len(how)](a, axis=axis)


def sliced(a: Any, k: int) -> Any:
    a = np.atleast_1d(a)
    axis, step = k % a.ndim, [1, 2, -1, -2, 3][k // 3 % 5]
    return a[(slice(None),) * axis + (slice(None, None, step),)]


def written(a: Any, b: Any, k: int) -> Any:
    y = wnp.zeros(np.shape(np.atleast_1d(a))) + a
    part = y[(slice(None),) * (k % y.ndim) + (slice(k % 2, None, 1 + k % 3),)]
    part[...] = 0.5 * fitted(b, part.shape) if part.size else 0.0
    y[0] *= 0.5
    return y


def scattered(a: Any, b: Any, k: int) -> Any:
    a = np.atleast_1d(a)
    n = a.shape[0]
    places = (np.arange(2 * n) * (k + 1) % n) - (n if k % 2 else 0)
    y = wnp.zeros(a.shape) + b if np.ndim(b) == 0 else wnp.zeros(a.shape)
    if k % 3:
        np.add.at(y, places, 0.3 * fitted(b, (2 * n, *a.shape[1:])))
    else:
        y[places] = fitted(b, (2 * n, *a.shape[1:]))
    return y + a


def product(a: Any, b: Any, k: int) -> Any:
    a = np.atleast_2d(a)
    n = a.shape[-1]
    return np.tanh(0.2 * (a @ np.tanh(fitted(b, (n, 1 + k % 6)))))


def stacked(a: Any, b: Any, k: int) -> Any:
    return np.stack([a, 0.5 * fitted(b, np.shape(a)), -a], axis=k % (np.ndim(a) + 1))


def turned(a: Any, k: int) -> Any:
    n = np.ndim(a)
    return np.transpose(a, np.roll(np.arange(n), k)) if n else a


STEPS: list[tuple[str, Callable[[Any, Any, int], Any]]] = [
    ("add", lambda a, b, k: a + 0.5 * fitted(b, np.shape(a))),
    ("mul", lambda a, b, k: np.tanh(a) * fitted(b, np.shape(a))),
    ("broadcast", lambda a, b, k: np.atleast_1d(a)[..., None] * np.tanh(fitted(b, (5,)))),
    ("row", lambda a, b, k: a - np.mean(np.atleast_1d(a), axis=-1, keepdims=True)),
    ("reduce", lambda a, b, k: reduced(a, k)),
    ("softmax", lambda a, b, k: softmax(np.atleast_1d(a), k)),
    ("slice", lambda a, b, k: sliced(a, k)),
    ("turn", lambda a, b, k: turned(a, k)),
    ("flat", lambda a, b, k: np.ravel(a, order="CF"[k % 2])),
    ("concatenate", beside),
    ("stack", stacked),
    ("product", product),
    ("take", lambda a, b, k: np.take(np.atleast_1d(a), [0, -1, k % 2 - 1, 0], axis=0)),
    ("write", written),
    ("scatter", scattered),
    ("where", lambda a, b, k: np.where(a > 0.1, a, 0.3 * fitted(b, np.shape(a)))),
    ("sort", lambda a, b, k: np.sort(np.atleast_1d(a), axis=k % max(np.ndim(a), 1))),
    ("cumsum", lambda a, b, k: 0.1 * np.cumsum(np.atleast_1d(a), axis=k % max(np.ndim(a), 1))),
    ("smooth", lambda a, b, k: np.sin(a) / np.sqrt(1.0 + a * a)),
]


def softmax(a: Any, k: int) -> Any:
    axis = k % a.ndim
    e = np.exp(a - np.max(a, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def recipes(max_size: int = 6) -> st.SearchStrategy[list[Step]]:
    """Lists of (step, first operand, second operand, variant)."""
    number = st.integers(0, max_size + 1)
    step = st.tuples(st.integers(0, len(STEPS) - 1), number, number, st.integers(0, 40))
    return st.lists(step, min_size=1, max_size=max_size)


def shapes() -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    return st.tuples(st.sampled_from(SHAPES), st.sampled_from(SHAPES))


def arguments(pair: tuple[tuple[int, ...], ...]) -> tuple[Any, Any]:
    rng = np.random.default_rng(len(pair[0]) + 10 * len(pair[1]))
    x, y = (rng.uniform(-1.5, 1.5, shape) for shape in pair)
    return np.asarray(x), np.asarray(y)


def function_of(recipe: list[Step]) -> Callable[[Any, Any], Any]:
    """The program that a recipe describes: its last two results, the second one summed up."""

    def program(x: Any, y: Any) -> Any:
        made = [x, y]
        for step, i, j, k in recipe:
            a, b = made[-1 - i % len(made)], made[-1 - j % len(made)]
            result = STEPS[step][1](a, b, k)
            made.append(result if np.size(result) <= LARGEST else result[:1])
        return made[-1], np.sum(np.cos(made[-2]))

    program.__doc__ = " → ".join(STEPS[s][0] for s, _, _, _ in recipe)
    return program
