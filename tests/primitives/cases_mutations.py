"""Cases for rules that the families' own cases do not reach, or whose results they do not see.

`tests/laws/test_mutations.py` makes every rule wrong in turn and looks for a case that notices:

- derivatives of derivatives, whose rules only a third derivative or a batch of gradients runs
- loops and branches under a `vmap` inside the case, which a batch of cases batches once more
- integers and booleans that differ between the items of a batch
- primal results of primitives that a derivative runs instead (determinants, custom rules)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import wengert as wg
import wengert.scipy.linalg as sla
from primitives.harness import Case
from wengert.ops.core import full

Draw = Callable[[np.random.Generator], Any]


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Draw:
    return lambda rng: tuple([rng.uniform(low, high, shape) for shape in shapes])


def summed(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: np.sum(f(*xs))


# -- loops and branches in lanes -------------------------------------------------------------------


def branch(x: Any) -> Any:
    return wg.cond(np.sum(x) > 0, lambda v: np.sin(v) * v, lambda v: v * v * v, x)


def grown(x: Any, a: Any) -> Any:
    """A loop whose length depends on both arguments."""
    return wg.while_loop(lambda s: np.sum(s * s) < 4.0, lambda s: np.sin(s) * a + s + x, x)


def spiral(x: Any) -> Any:
    """A loop whose derivatives of all orders read its residuals more than once."""

    def step(s: Any) -> Any:
        return 0.7 * np.sin(s) + s * x + 0.3 * s * s

    return np.sum(wg.while_loop(lambda s: np.sum(s * s) < 9.0, step, x) ** 2)


def grown_or_not(x: Any) -> Any:
    return wg.cond(np.sum(x) > 0.0, lambda v: grown(v, 0.7), lambda v: v * v, x)


def flagged(x: Any, y: Any) -> Any:
    """Residuals of a loop that do not depend on what chooses the branch."""
    return y * wg.cond(y > 0.0, lambda v: grown(v, 0.7), lambda v: grown(v * v, 0.5), x)


def flags(rng: np.random.Generator) -> Any:
    signs = rng.permutation([0.5, -0.5, 0.7, -0.3])
    return rng.uniform(0.3, 0.9, 2), signs + rng.uniform(0, 0.2, 4)


LOOPS = [
    Case("branch one lane", wg.vmap(branch), between(-1, 1, (1, 2))),
    Case("branch lanes", wg.vmap(branch), between(-1, 1, (4, 2))),
    Case("loop lanes", wg.vmap(grown), between(0.3, 0.9, (3, 2), (3,))),
    Case("loop in branch lanes", wg.vmap(grown_or_not), between(-1, 1, (4, 2))),
    Case(
        "loop in branch gradients",
        wg.vmap(wg.grad(summed(grown_or_not))),
        between(-1, 1, (4, 2)),
    ),
    Case("loop hessian", wg.hessian(spiral), between(0.5, 0.9, (2,))),
    Case("flagged gradients", wg.vmap(wg.grad(summed(flagged)), (None, 0)), flags),
]

# -- custom rules ----------------------------------------------------------------------------------


@wg.custom_jvp
def exponential(x: Any) -> Any:
    return np.exp(x)


@exponential.defjvp
def exponential_jvp(primals: Any, tangents: Any) -> Any:
    """The rule calls its own function and uses what it gives."""
    y = exponential(*primals)
    return y, y * tangents[0]


@wg.jit
def linear_map(v: Any, dx: Any) -> Any:
    return np.cumsum(v * dx)


@wg.custom_jvp
def running_square(x: Any) -> Any:
    return np.cumsum(x * x)


@running_square.defjvp
def running_square_jvp(primals: Any, tangents: Any) -> Any:
    """The linear part is a call, whose transpose is a call."""
    return running_square(*primals), 2.0 * linear_map(primals[0], tangents[0])


def stepped(x: Any) -> Any:
    return x * np.floor(wg.stop_gradient(3.0 * x))


CUSTOM = [
    Case("custom rule that reads itself", exponential, between(-1, 1, (3,))),
    Case("custom rule in lanes", wg.vmap(exponential), between(-1, 1, (3,))),
    Case("custom rule with a call", running_square, between(-1, 1, (4,))),
    Case(
        "stop_gradient",
        stepped,
        lambda rng: rng.integers(-3, 3, 5) / 3 + rng.uniform(0.05, 0.28, 5),
    ),
]

# -- linear algebra --------------------------------------------------------------------------------


def square(rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, (3, 3)) + np.eye(3)


def shuffled(rng: np.random.Generator) -> Any:
    """Rows in another order in every turn, so that the pivots differ."""
    return (rng.uniform(-0.3, 0.3, (4, 4)) + 2 * np.eye(4))[rng.permutation(4)]


def shuffled_columns(rng: np.random.Generator) -> Any:
    scales = rng.permutation([1.0, 3.0, 9.0])
    return (rng.uniform(-0.3, 0.3, (4, 3)) + np.eye(4, 3)) * scales


def ranked(a: Any) -> Any:
    return np.trace(a) * np.linalg.matrix_rank(a, tol=0.5)


def of_some_rank(rng: np.random.Generator) -> Any:
    scales = np.where(np.arange(3) <= rng.integers(3), 2.0, 0.02)
    return (scales + rng.uniform(-0.01, 0.01, 3)) * np.eye(3) + rng.uniform(-0.01, 0.01, (3, 3))


def factored(a: Any) -> Any:
    packed, pivots = sla.lu_factor(a)
    return packed * (pivots + 1.0)


def least_squares(a: Any, b: Any) -> Any:
    """The square of everything that `lstsq` gives."""
    return tuple([r * r for r in np.linalg.lstsq(a, b)])


def tall(rng: np.random.Generator) -> Any:
    return rng.uniform(-1, 1, (4, 2)) + np.eye(4, 2), rng.uniform(-1, 1, 4)


LINALG = [
    Case("cofactors", wg.grad(np.linalg.det), square),
    Case("det squared", lambda a: np.linalg.det(a) ** 2, square, complex=True),
    Case(
        "slogdet squared",
        lambda a: np.linalg.slogdet(a)[1] ** 2 + np.linalg.slogdet(a)[0].real,
        square,
        complex=True,
    ),
    Case("lu_factor pivots", factored, shuffled),
    Case(
        "lu_solve shuffled",
        lambda a, b: sla.lu_solve(sla.lu_factor(a), b),
        lambda rng: (shuffled(rng), rng.uniform(-1, 1, 4)),
    ),
    Case(
        "qr pivots",
        lambda a: (
            sla.qr(a, pivoting=True, mode="economic")[1]
            * (sla.qr(a, pivoting=True, mode="economic")[2] + 1.0)
        ),
        shuffled_columns,
    ),
    Case("lstsq everything", least_squares, tall),
    Case(
        "lstsq rank differs",
        lambda a: np.linalg.lstsq(a, np.ones(3), 0.1)[2],
        of_some_rank,
        order=0,
    ),
    Case("matrix_rank differs", ranked, of_some_rank, ("matrix_rank",), order=1),
]

# -- places and ties that differ between items -----------------------------------------------------


def write_twice(x: Any, v: Any) -> Any:
    """Writes some places twice: which ones depends on the item."""
    y = np.sin(x) * v
    y[np.floor(abs(x)).astype(int)] = v * v
    return y


def apart(rng: np.random.Generator) -> Any:
    return rng.integers(0, 4, 4) + rng.uniform(0.1, 0.9, 4), rng.uniform(0.3, 1, 4)


positive_part = wg.trace(lambda x: x[x > 0] ** 2)(np.array([1.0, -1.0, 1.0, -1.0]))


def two_positive(rng: np.random.Generator) -> Any:
    return rng.permutation([1.0, -1.0, 1.0, -1.0]) * rng.uniform(0.4, 1, 4)


def tied(rng: np.random.Generator) -> Any:
    """Rows with one largest element and with two, in any order."""
    rows = np.array([[0.1, 0.9, 0.9], [0.2, 0.3, 0.8], [0.7, 0.1, 0.7], [0.6, -0.2, 0.1]])
    return rows[rng.permutation(4)]


PLACES = [
    Case("write twice", write_twice, apart, ("scatter_set",)),
    Case("program of a mask", positive_part, two_positive, traces=True),
    Case("max of ties", lambda x: np.max(x, axis=1), tied, order=1, kink="ties split evenly"),
    Case(
        "all and any",
        lambda x: x * (np.all(x > 0.15, axis=1) + 2.0 * np.any(x > 0.75, axis=1))[:, None],
        tied,
        order=1,
    ),
    Case(
        "max of complex",
        lambda x: np.max(x, axis=1),
        lambda rng: tied(rng) * [1, 2, 3] + 0.5j * rng.uniform(-1, 1, (4, 3)),
    ),
    Case("heaviside at zero", lambda x, y: np.heaviside(0 * x, y), between(0.3, 1, (3,), (3,))),
    Case("full", lambda x: full((2, 3), x * x, np.float64), between(0.3, 1, ())),
]

# -- writes through views --------------------------------------------------------------------------


def write_transposed(x: Any, v: Any) -> Any:
    y = np.copy(x) * v[0]
    y.T[1] *= v
    return y


def write_parts(x: Any, v: Any) -> Any:
    z = x * (1.0 + 0.5j) * v
    real, imaginary = z.real, z.imag
    real *= v
    imaginary *= x
    return z


def write_row(x: Any, v: Any) -> Any:
    """Through a row whose number depends on the values."""
    y = np.copy(x) * v[0]
    row = y[np.argmax(x[:, 0])]
    row *= v
    return y


def rows(rng: np.random.Generator) -> Any:
    return rng.permutation(12).reshape(3, 4) / 4 + 0.1, rng.uniform(0.3, 1, 4)


WRITES = [
    Case("write transposed", write_transposed, between(0.3, 1, (3, 2), (3,))),
    Case("write parts", write_parts, between(0.3, 1, (3,), (3,))),
    Case("write row", write_row, rows),
]

CASES = [*LOOPS, *CUSTOM, *LINALG, *PLACES, *WRITES]
