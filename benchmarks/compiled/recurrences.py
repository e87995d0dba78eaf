"""Loops with a carry: an ordinary differential equation, a recurrent network, many scalars."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.compiled.cases import EAGER_PEERS, Case, Pair
from benchmarks.compiled.toolkits import Toolkit

# ---- Runge and Kutta's method of order 4 -------------------------------------------------------


def ode(tools: Toolkit, s: int) -> Pair:
    """``w . y(2)`` where y_0' = x_0, y_i' = x_i y_{i-1}, y(0) = 0, in s steps; gradient in x."""
    xp, h = tools.xp, 2.0 / s

    def function(x: Any, w: Any) -> Any:
        def slope(y: Any) -> Any:
            return xp.concatenate([x[:1], x[1:] * y[:-1]])

        def step(y: Any, _: Any) -> tuple[Any, None]:
            k1 = slope(y)
            k2 = slope(y + 0.5 * h * k1)
            k3 = slope(y + 0.5 * h * k2)
            k4 = slope(y + h * k3)
            return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        y, _ = tools.scan(step, xp.zeros_like(x), None, s)
        return xp.sum(w * y)

    return Pair(function, tools.gradient(function, 1))


def ode_data(n: int, is_check: bool) -> tuple[Any, ...]:
    """Timed for the last component; its gradient is zero where n > 4 s, so checked for the sum."""
    w = np.ones(n) if is_check else np.zeros(n)
    w[-1] = 1.0
    return np.random.default_rng(4).uniform(0.5, 1.5, size=n), w


# ---- cells with diagonal weights ---------------------------------------------------------------

BITS = 14


def lstm(tools: Toolkit, n_layers: int) -> Pair:
    """The mean loss of predicting each next character; gradient in main and extra parameters."""
    xp, b = tools.xp, BITS

    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + xp.exp(-x))

    def function(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
        def cell_step(layer: int, x: Any, hidden: Any, cell: Any) -> tuple[Any, Any]:
            weight, bias = main[2 * layer], main[2 * layer + 1]
            forget = sigmoid(x * weight[:b] + bias[:b])
            entry = sigmoid(hidden * weight[b : 2 * b] + bias[b : 2 * b])
            leave = sigmoid(x * weight[2 * b : 3 * b] + bias[2 * b : 3 * b])
            change = xp.tanh(hidden * weight[3 * b :] + bias[3 * b :])
            cell = cell * forget + entry * change
            return leave * xp.tanh(cell), cell

        def step(carry: Any, characters: Any) -> tuple[Any, None]:
            layers, total = carry
            current, following = characters
            x, new = current * extra[0], []
            for layer, (hidden, cell) in enumerate(layers):
                x, cell = cell_step(layer, x, hidden, cell)
                new.append((x, cell))
            y = x * extra[1] + extra[2]
            predicted = y - xp.log(xp.sum(xp.exp(y)) + 2.0)
            return (tuple(new), total + xp.sum(following * predicted)), None

        start = tuple((state[2 * layer], state[2 * layer + 1]) for layer in range(n_layers))
        first = (start, 0.0 * xp.sum(state[0]))
        items = (sequence[:-1], sequence[1:])
        (_, total), _ = tools.scan(step, first, items, None)
        return -total / ((sequence.shape[0] - 1) * b)

    return Pair(function, tools.gradient(function, 2))


def lstm_data(n_layers: int, n_characters: int) -> tuple[Any, ...]:
    """Parameters, the first state, and characters as bits."""
    random = np.random.default_rng(5)
    sequence = random.integers(0, 2, size=(n_characters, BITS)).astype(np.float64)
    main = random.uniform(-1.0, 1.0, size=(2 * n_layers, 4 * BITS))
    extra = random.uniform(-1.0, 1.0, size=(3, BITS))
    return main, extra, random.uniform(-1.0, 1.0, size=(2 * n_layers, BITS)), sequence


# ---- scalar and matrix carries -----------------------------------------------------------------


def scalars(tools: Toolkit, n: int) -> Pair:
    """A ring of n coupled scalars, each a carry of its own; gradient in the start and coupling."""
    xp = tools.xp

    def function(start: Any, coupling: Any, drive: Any) -> Any:
        def step(carry: Any, force: Any) -> tuple[Any, None]:
            turned = (*carry[1:], carry[0])
            new = tuple(
                0.98 * x + coupling * xp.sin(neighbor) + 0.01 * force
                for x, neighbor in zip(carry, turned, strict=True)
            )
            return new, None

        last, _ = tools.scan(step, tuple(start[i] for i in range(n)), drive, None)
        return xp.sum(xp.stack(last) ** 2)

    return Pair(function, tools.gradient(function, 2))


def scalars_data(n: int, length: int = 600) -> tuple[Any, ...]:
    """Where the ring starts, its coupling, and the force on it at each step."""
    random = np.random.default_rng(6)
    return random.normal(size=n), np.array(0.05), random.normal(size=length)


def matrix(tools: Toolkit) -> Pair:
    """A 3 x 3 carry, ``A = A + h tanh(A W)``; gradient in the start and in W."""
    xp = tools.xp

    def function(start: Any, w: Any, scales: Any) -> Any:
        def step(a: Any, scale: Any) -> tuple[Any, None]:
            return a + scale * xp.tanh(xp.matmul(a, w)), None

        last, _ = tools.scan(step, start, scales, None)
        return xp.sum(last**2)

    return Pair(function, tools.gradient(function, 2))


def matrix_data(dtype: str, length: int = 600) -> tuple[Any, ...]:
    """A start near the identity, a matrix, and the step lengths."""
    random = np.random.default_rng(7)
    arrays = (np.eye(3), random.normal(size=(3, 3)), random.uniform(0.005, 0.01, size=length))
    return tuple(array.astype(dtype) for array in arrays)


def cases() -> Iterator[Case]:
    """Every row."""
    for n, s in ((1000, 10), (10_000, 100), (100_000, 100)):
        yield Case(
            "ode",
            f"n={n} s={s}",
            partial(ode, s=s),
            partial(ode_data, n, False),
            is_small=n <= 10_000,
            peers=EAGER_PEERS,
            check_data=partial(ode_data, n, True),
        )
    for n_layers, n_characters in ((2, 1024), (4, 4096), (6, 8192)):
        yield Case(
            "lstm",
            f"l={n_layers} c={n_characters}",
            partial(lstm, n_layers=n_layers),
            partial(lstm_data, n_layers, n_characters),
            is_small=n_layers == 2,
            peers=EAGER_PEERS if n_layers == 2 else ("jax",),
            is_parallel=False,
        )
    for n in (4, 20, 80):
        yield Case(
            "carries",
            f"{n} scalars",
            partial(scalars, n=n),
            partial(scalars_data, n),
            is_small=n <= 20,
            peers=EAGER_PEERS if n == 4 else ("jax",),
            is_parallel=False,
        )
    for dtype in ("float64", "float32"):
        yield Case(
            "carries",
            f"3x3 {dtype}",
            matrix,
            partial(matrix_data, dtype),
            dtype=dtype,
            peers=EAGER_PEERS,
            is_parallel=False,
        )
