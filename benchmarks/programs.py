"""The programs that are differentiated, each written once over an array module ``xp``.

``xp`` is plain ``numpy`` for NumPy, SciPy and Wengert, ``autograd.numpy`` for autograd and
``torch`` for PyTorch; only calls that all of them spell alike are used, so that every contestant
runs the same lines. In order: log-densities, curve fits, chains of one operation, loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any
"""An array of whichever library runs the program."""

LINKS = 20
"""Operations of one kind in a chain: enough that entering and leaving a gradient is minor."""

SIZES = (1, 10, 1000)
"""Elements in the array a chain works on (matrices take the square of the root, rounded)."""


@dataclass(frozen=True)
class Workload:
    """A function of one array, with its data.

    Parameters
    ----------
    name : str
        What the tables call it.
    function : callable
        ``function(xp, x, *constants)``.
    argument : ndarray
        The point ``x`` at which the derivative is taken.
    constants : tuple of ndarray
        Data the function captures: converted to the library's own arrays beforehand.
    size : int
        Elements in ``argument``; for matrices the nominal number, which the square root rounds.
    n_operations : int
        NumPy calls and operators in one run, for the cost per operation.
    """

    name: str
    function: Callable[..., Array]
    argument: NDArray[np.float64]
    constants: tuple[NDArray[Any], ...]
    size: int
    n_operations: int

    def bind(self, xp: Any, convert: Callable[[NDArray[Any]], Array]) -> Callable[[Array], Array]:
        """The function of ``x`` alone, over ``xp``, its constants passed through ``convert``."""
        constants = tuple(convert(constant) for constant in self.constants)
        function = self.function

        def bound(x: Array) -> Array:
            return function(xp, x, *constants)

        bound.__name__ = bound.__qualname__ = self.name.replace(" ", "_")
        return bound


# ---- log-densities of eight parameters --------------------------------------------------------


def poisson_log_density(xp: Any, beta: Array, design: Array, counts: Array, width: Array) -> Array:
    """Log posterior of a Poisson regression with normal priors, up to a constant: ten calls."""
    log_rate = design @ beta
    return xp.sum(counts * log_rate - xp.exp(log_rate)) - 0.5 * xp.sum((beta / width) ** 2)


def hierarchical_log_density(xp: Any, theta: Array, outcomes: Array, errors: Array) -> Array:
    """Log posterior of six group effects with their mean and log spread, up to a constant.

    ``theta`` holds the six standardized effects, then the mean, then the logarithm of the spread
    (the non-centered form of the eight-schools model: Gelman et al., Bayesian Data Analysis, 5.5).
    """
    effects, mean, log_spread = theta[:6], theta[6], theta[7]
    misfit = (outcomes - mean - xp.exp(log_spread) * effects) / errors
    return -0.5 * (xp.sum(misfit**2) + xp.sum(effects**2) + (mean / 5.0) ** 2 + log_spread**2)


def log_densities() -> tuple[Workload, ...]:
    """The two eight-parameter log-densities with simulated data."""
    random = np.random.default_rng(0)
    design = random.normal(size=(50, 8)) / 3.0
    counts = random.poisson(np.exp(design @ np.linspace(-1.0, 1.0, 8))).astype(np.float64)
    outcomes, errors = random.normal(3.0, 8.0, size=6), random.uniform(9.0, 18.0, size=6)
    point = random.normal(size=8) / 2.0
    poisson_data = (design, counts, np.full(8, 2.0))
    return (
        Workload("poisson log-density", poisson_log_density, point, poisson_data, 8, 10),
        Workload(
            "hierarchical log-density", hierarchical_log_density, point, (outcomes, errors), 8, 19
        ),
    )


# ---- curve fits: residuals of 100 observations and three parameters ---------------------------


def decay_residuals(xp: Any, parameters: Array, time: Array, observed: Array) -> Array:
    """``a exp(-b t) + c - y``: exponential decay to a background."""
    amplitude, rate, offset = parameters[0], parameters[1], parameters[2]
    return amplitude * xp.exp(-rate * time) + offset - observed


def logistic_residuals(xp: Any, parameters: Array, time: Array, observed: Array) -> Array:
    """``K / (1 + exp(-r (t - m))) - y``: logistic growth to a capacity."""
    capacity, rate, midpoint = parameters[0], parameters[1], parameters[2]
    return capacity / (1.0 + xp.exp(-rate * (time - midpoint))) - observed


def curve_fits() -> tuple[Workload, ...]:
    """The two fits with simulated observations."""
    random = np.random.default_rng(1)
    time = np.linspace(0.0, 4.0, 100)
    noise = 0.05 * random.normal(size=100)
    decay = 2.5 * np.exp(-1.3 * time) + 0.5 + noise
    growth = 3.0 / (1.0 + np.exp(-2.0 * (time - 2.0))) + noise
    return (
        Workload("decay fit", decay_residuals, np.array([2.0, 1.0, 0.3]), (time, decay), 3, 8),
        Workload(
            "logistic fit", logistic_residuals, np.array([2.5, 1.5, 1.8]), (time, growth), 3, 10
        ),
    )


# ---- chains of one operation ------------------------------------------------------------------

Step = Callable[..., Array]
"""``step(xp, y, x, constant)``: the next ``y``, of the same shape, from the last."""

OPERATIONS: dict[str, tuple[Step, int, str]] = {
    # name: (step, operations in a step, kind of data: see `_data`)
    "add": (lambda xp, y, x, c: y + x, 1, "vector"),
    "add constant": (lambda xp, y, x, c: y + c, 1, "vector"),
    "add scalar": (lambda xp, y, x, c: y + 0.5, 1, "vector"),
    "subtract": (lambda xp, y, x, c: y - x, 1, "vector"),
    "multiply": (lambda xp, y, x, c: y * x, 1, "vector"),
    "multiply constant": (lambda xp, y, x, c: y * c, 1, "vector"),
    "divide": (lambda xp, y, x, c: y / x, 1, "vector"),
    "negative": (lambda xp, y, x, c: -y, 1, "vector"),
    "power": (lambda xp, y, x, c: y**1.01, 1, "vector"),
    "exp": (lambda xp, y, x, c: xp.exp(-y), 2, "vector"),
    "log": (lambda xp, y, x, c: xp.log(y + 2.0), 2, "vector"),
    "sqrt": (lambda xp, y, x, c: xp.sqrt(y), 1, "vector"),
    "sin": (lambda xp, y, x, c: xp.sin(y), 1, "vector"),
    "tanh": (lambda xp, y, x, c: xp.tanh(y), 1, "vector"),
    "logaddexp": (lambda xp, y, x, c: xp.logaddexp(y, c), 1, "vector"),
    "abs": (lambda xp, y, x, c: xp.abs(y), 1, "vector"),
    "maximum": (lambda xp, y, x, c: xp.maximum(y, c), 1, "vector"),
    "clip": (lambda xp, y, x, c: xp.clip(y, 0.6, 0.9), 1, "vector"),
    "where": (lambda xp, y, x, c: xp.where(c, y, x), 1, "mask"),
    "sum": (lambda xp, y, x, c: y + xp.sum(x), 2, "vector"),
    "mean": (lambda xp, y, x, c: y - xp.mean(y), 2, "vector"),
    "max": (lambda xp, y, x, c: y - xp.max(y), 2, "vector"),
    "norm": (lambda xp, y, x, c: y + xp.linalg.norm(x), 2, "vector"),
    "cumsum": (lambda xp, y, x, c: xp.cumsum(y, 0) * c, 2, "steps"),
    "dot": (lambda xp, y, x, c: y + xp.dot(x, c), 2, "vector"),
    "matmul": (lambda xp, y, x, c: y @ c, 1, "matrix"),
    "matmul both": (lambda xp, y, x, c: c + y @ x, 2, "matrix"),
    "einsum": (lambda xp, y, x, c: xp.einsum("ij,jk->ik", y, c), 1, "matrix"),
    "solve": (lambda xp, y, x, c: xp.linalg.solve(c, y), 1, "matrix"),
    "broadcast": (lambda xp, y, x, c: y + x[0], 2, "matrix"),
    "index": (lambda xp, y, x, c: y + x[0], 2, "vector"),
    "slice": (lambda xp, y, x, c: y + x[:1], 2, "vector"),
    "permute": (lambda xp, y, x, c: y[c], 1, "order"),
    "reshape": (lambda xp, y, x, c: xp.reshape(xp.reshape(y, (-1, 1)), (-1,)), 2, "vector"),
    "transpose": (lambda xp, y, x, c: y.T, 1, "matrix"),
    "concatenate": (lambda xp, y, x, c: xp.concatenate((c, y))[2:], 2, "pair"),
    "stack": (lambda xp, y, x, c: xp.stack((y, x))[0], 2, "vector"),
}


def _data(kind: str, size: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """The starting point and the constant of a chain, all entries in [0.5, 1)."""
    random = np.random.default_rng(size)
    if kind == "matrix":
        side = max(1, round(size**0.5))
        rotation = np.linalg.qr(random.normal(size=(side, side)))[0]
        return random.uniform(0.5, 1.0, size=(side, side)) / side, rotation
    x = random.uniform(0.5, 1.0, size=size)
    constants: dict[str, Callable[[], NDArray[Any]]] = {
        "vector": lambda: random.uniform(0.5, 1.0, size=size),
        "mask": lambda: random.uniform(size=size) < 0.5,
        "order": lambda: random.permutation(size),
        "steps": lambda: 1.0 / np.arange(1.0, size + 1.0),
        "pair": lambda: random.uniform(size=2),
    }
    return x, constants[kind]()


def chain(name: str, size: int, links: int = LINKS) -> Workload:
    """The sum of what ``links`` operations of one kind leave of an array of ``size`` elements."""
    step, per_link, kind = OPERATIONS[name]
    x, constant = _data(kind, size)

    def program(xp: Any, x: Array, constant: Array) -> Array:
        y = x
        for _ in range(links):
            y = step(xp, y, x, constant)
        return xp.sum(y)

    return Workload(name, program, x, (constant,), size, links * per_link + 1)


def nothing(size: int) -> Workload:
    """``sum(x)``: what entering and leaving a gradient costs."""
    x = np.linspace(0.5, 1.0, size)
    return Workload("call alone", lambda xp, x: xp.sum(x), x, (), size, 1)


def chains(sizes: tuple[int, ...] = SIZES, links: int = LINKS) -> tuple[Workload, ...]:
    """Every operation at every size, after the program that does nothing."""
    return tuple(
        workload
        for size in sizes
        for workload in (nothing(size), *(chain(name, size, links) for name in OPERATIONS))
    )


# ---- loops: n indexed reads, writes, accumulations and steps of a recurrence --------------------


@dataclass(frozen=True)
class Loop:
    """A Python loop of ``n`` steps: ``function(xp, zeros, n, x)``, ``x = argument(n)``.

    ``assigns`` says that it writes into an array it creates, which autograd cannot do.
    ``zeros(shape)`` creates that array. ``torch_function`` stands in where PyTorch needs a copy
    that NumPy does not: its tape refuses an operand that a later assignment overwrites.
    """

    name: str
    function: Callable[..., Array]
    argument: Callable[[int], NDArray[np.float64]]
    assigns: bool
    torch_function: Callable[..., Array] | None = None


def _reads(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    return xp.sum(xp.stack([x[i] for i in range(n)]) ** 2)


def _accumulations(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    total = 0.0
    for i in range(n):
        total += x[i]
    return total


def _writes(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    level = xp.sin(x[0])
    y = zeros(n)
    for i in range(n):
        y[i] = level
    return xp.sum(y**2)


def _reads_and_writes(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    y = zeros(n)
    for i in range(n):
        y[n - 1 - i] = x[i]
    return xp.sum(y * x)


def _recurrence(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    scale, shift = x[0], x[1]
    y = zeros(n + 1)
    y[0] = shift
    for i in range(n):
        y[i + 1] = scale * xp.sin(y[i]) + shift
    return xp.sum(y)


def _recurrence_copied(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    scale, shift = x[0], x[1]
    y = zeros(n + 1)
    y[0] = shift
    for i in range(n):
        y[i + 1] = scale * xp.sin(y[i].clone()) + shift
    return xp.sum(y)


def _trajectory(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    """Explicit Euler for a pendulum, one row of the array a step: x = angle, speed, damping."""
    states = zeros((n + 1, 2))
    states[0] = x[:2]
    step = 4.0 / n
    for i in range(n):
        angle, speed = states[i, 0], states[i, 1]
        states[i + 1, 0] = angle + step * speed
        states[i + 1, 1] = speed - step * (xp.sin(angle) + x[2] * speed)
    return states[n, 0] ** 2 + states[n, 1] ** 2


def _trajectory_copied(xp: Any, zeros: Any, n: int, x: Array) -> Array:
    states = zeros((n + 1, 2))
    states[0] = x[:2]
    step = 4.0 / n
    for i in range(n):
        angle, speed = states[i, 0].clone(), states[i, 1].clone()
        states[i + 1, 0] = angle + step * speed
        states[i + 1, 1] = speed - step * (xp.sin(angle) + x[2] * speed)
    return states[n, 0] ** 2 + states[n, 1] ** 2


def _ramp(n: int) -> NDArray[np.float64]:
    return np.linspace(0.1, 1.0, n)


LOOPS = (
    Loop("indexed reads", _reads, _ramp, assigns=False),
    Loop("accumulations", _accumulations, _ramp, assigns=False),
    Loop("indexed writes", _writes, lambda n: np.array([0.7]), assigns=True),
    Loop("reads and writes", _reads_and_writes, _ramp, assigns=True),
    Loop("recurrence", _recurrence, lambda n: np.array([0.8, 0.3]), True, _recurrence_copied),
    Loop("trajectory", _trajectory, lambda n: np.array([0.9, 0.0, 0.2]), True, _trajectory_copied),
)
"""The loops whose gradients must cost time and memory in proportion to ``n``."""
