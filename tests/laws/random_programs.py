"""Random NumPy programs for Hypothesis: smooth, bounded, with views, writes, branches and loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import wengert as wg
from wengert import numpy as wnp

# Each step takes the arrays made so far (all of shape (3,)) and two of them, chosen at random.
STEPS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("add", lambda a, b: a + b),
    ("sub", lambda a, b: 0.5 * a - b),
    ("mul", lambda a, b: np.sin(a) * b),
    ("div", lambda a, b: a / (2.0 + np.cos(b))),
    ("exp", lambda a, b: np.exp(-(a**2)) + b),
    ("tanh", lambda a, b: np.tanh(a - b)),
    ("sqrt", lambda a, b: np.sqrt(1.0 + a * a) - b),
    ("power", lambda a, b: (1.5 + np.sin(a)) ** np.cos(b)),
    ("sum", lambda a, b: np.sum(a) * 0.3 + b),
    ("index", lambda a, b: a[1] * b[::-1]),
    ("gather", lambda a, b: a[[2, 0, 2]] + b),
    ("concatenate", lambda a, b: np.concatenate([a[:1], b[1:]])),
    ("matmul", lambda a, b: np.outer(a, b) @ np.array([0.2, -0.1, 0.3])),
    ("where", lambda a, b: np.where(np.array([True, False, True]), a, b)),
    ("max", lambda a, b: np.maximum(a, b + 0.017)),
    ("sort", lambda a, b: np.sort(a * np.array([1.0, 1.1, 1.2])) + b),
    ("cumsum", lambda a, b: 0.4 * np.cumsum(a) - b),
    ("write", lambda a, b: written(a, b)),
    ("view", lambda a, b: through_a_view(a, b)),
    ("loop", lambda a, b: looped(a, b)),
    ("branch", lambda a, b: np.sin(a) if np.sum(b) * 0 == 0 else a),
    ("scan", lambda a, b: wg.scan(lambda c, x: (np.sin(c + x), None), a, np.ones(2))[0] * b),
    ("cond", lambda a, b: wg.cond(True, lambda u, v: u * np.cos(v), lambda u, v: u - v, a, b)),
    ("checkpoint", lambda a, b: wg.checkpoint(lambda u, v: np.sin(u) * v)(a, b)),
]


def written(a: Any, b: Any) -> Any:
    buffer = wnp.zeros(3)
    buffer[0] = a[2]
    buffer[1:] = b[:2]
    buffer[1] *= a[0]
    return buffer


def through_a_view(a: Any, b: Any) -> Any:
    c = wnp.zeros((2, 3)) + a
    row = c[1]
    row += b
    row[::2] = b[1:]
    return c[0] * c[1]


def looped(a: Any, b: Any) -> Any:
    for i in range(3):
        a = a + 0.1 * b[i] * np.sin(a)
    return a


Recipe = list[tuple[int, int, int]]


def recipes(max_size: int = 7) -> st.SearchStrategy[Recipe]:
    """Lists of (step, first operand, second operand)."""
    step = st.tuples(
        st.integers(0, len(STEPS) - 1), st.integers(0, max_size + 1), st.integers(0, max_size + 1)
    )
    return st.lists(step, min_size=1, max_size=max_size)


def function_of(recipe: Recipe) -> Callable[[Any, Any], Any]:
    """The program that a recipe describes: two arrays of shape (3,) to one."""

    def program(x: Any, y: Any) -> Any:
        made = [x, y]
        for step, i, j in recipe:
            made.append(STEPS[step][1](made[i % len(made)], made[j % len(made)]))
        return made[-1]

    program.__doc__ = " → ".join(STEPS[s][0] for s, _, _ in recipe)
    return program


def points() -> st.SearchStrategy[Any]:
    """Points away from each other by more than the kinks are wide."""
    number = st.floats(-1.5, 1.5, allow_nan=False, width=32)
    return st.tuples(*[st.tuples(number, number, number)] * 2).map(
        lambda p: tuple(np.array(v) + 0.003 * np.array([1, 5, 11]) for v in p)
    )
