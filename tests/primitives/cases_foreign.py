"""Cases of `foreign`: functions that cannot be traced, with rules that can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from primitives.harness import Case
from wengert.extend import foreign


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Callable[..., Any]:
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def opaque(x: Any, y: Any) -> Any:
    """x² y and the sum of x y, one number after the other, and how many there are."""
    squares = np.asarray([float(a) ** 2 * float(b) for a, b in zip(x, y, strict=True)], x.dtype)
    return {"squares": squares, "sum": x.dtype.type(sum(x.tolist()) * y[0]), "n": np.int16(len(x))}


def forward(primals: Any, tangents: Any) -> Any:
    (x, y), (dx, dy) = primals, tangents
    return {
        "squares": 2 * x * y * dx + x * x * dy,
        "sum": np.sum(dx) * y[0] + np.sum(x) * dy[0],
        "n": None,
    }


def reverse(primals: Any, out: Any, ct: Any) -> Any:
    x, y = primals
    ct_y = x * x * ct["squares"]
    ct_y[0] += np.sum(x) * ct["sum"]
    return 2 * out["squares"] / x * ct["squares"] + y[0] * ct["sum"], ct_y


def announced(x: Any, y: Any) -> Any:
    return {"squares": x, "sum": x.dtype.type(0), "n": np.int16(0)}


def floats(f: Callable[..., Any]) -> Callable[..., Any]:
    """The floating point results, as the harness takes them."""

    def g(x: Any, y: Any) -> Any:
        out = f(x, y)
        return out["squares"] * out["n"], out["sum"]

    return g


by_jvp = floats(foreign(opaque, jvp=forward, out=announced))
by_vjp = floats(foreign(opaque, vjp=reverse, out=announced))
by_both = floats(foreign(opaque, jvp=forward, vjp=reverse, out=announced))


def product(z: Any) -> Any:
    return np.asarray([complex(v) ** 2 for v in z], z.dtype)


complex_square = foreign(product, jvp=lambda p, t: 2.0 * p[0] * t[0], out=lambda z: z)

CASES = [
    Case("foreign by jvp", by_jvp, between(0.5, 2.0, (2,), (2,)), ("foreign",)),
    Case("foreign by vjp", by_vjp, between(0.5, 2.0, (2,), (2,)), ("foreign",)),
    Case("foreign by both", by_both, between(0.5, 2.0, (2,), (2,)), ("foreign",)),
    Case(
        "foreign complex",
        complex_square,
        lambda rng: rng.uniform(0.5, 2.0, 3) + 1j * rng.uniform(0.5, 2.0, 3),
        ("foreign",),
        float32=False,
    ),
]
