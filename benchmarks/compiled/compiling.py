"""Compile time against program size: the first call of a function and of its gradient.

Each family of programs grows in one way: a chain of equations, many outputs, many stores into
array elements, one body used many times. The chain of 50 on an array is the kernel whose compile
time other compilers are quoted with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.compiled.contest import Report, call_of, timed
from benchmarks.compiled.toolkits import Function, Toolkit

LIMIT = 30.0
"""Seconds for a first and a second call; who needs more is given no larger program."""


def kernel(tools: Toolkit, n: int) -> Function:
    """n elementwise operations on an array, all of which may become one loop."""
    xp = tools.xp

    def function(x: Any) -> Any:
        y = x
        for index in range(n // 5):
            y = xp.tanh(y * (0.9 + 0.01 * index) + x)
            y = y * y - 0.3
        return xp.sum(y)

    return function


def chain(tools: Toolkit, n: int) -> Function:
    """n scalar equations, each of the two before it."""
    xp = tools.xp

    def function(x: Any) -> Any:
        before, last = x[0], x[1]
        for index in range(n // 4):
            scaled = last * (0.5 + 0.1 * (index % 7))
            before, last = last, xp.sin(scaled) + 0.5 * before
        return last

    return function


def outputs(tools: Toolkit, n: int) -> Function:
    """n numbers returned one by one (their sum is differentiated)."""

    def function(x: Any) -> Any:
        return tuple(x[index % 8] * (1.0 + index) + x[(index + 1) % 8] for index in range(n))

    return function


def stores(tools: Toolkit, n: int) -> Function:
    """n stores into elements of one array, each reading the store before."""
    xp, is_jax, is_torch = tools.xp, tools.library == "jax", tools.library == "torch"

    def function(x: Any) -> Any:
        made = xp.zeros(n, dtype=xp.float64) if is_torch or is_jax else tools.place((n,), [])
        last = x[0]
        for index in range(n):
            last = 0.5 * last + x[index % 8]
            if is_jax:
                made = made.at[index].set(last)
            else:
                made[index] = last
        return xp.sum(made * made)

    return function


def bodies(tools: Toolkit, n: int) -> Function:
    """One compiled body of ten operations, called n times."""
    xp = tools.xp

    @tools.jit
    def body(x: Any) -> Any:
        for _ in range(3):
            x = xp.sin(x) * 0.9 + 0.1 * x
        return x / (1.0 + xp.sum(x * x))

    def function(x: Any) -> Any:
        for _ in range(n):
            x = body(x)
        return xp.sum(x)

    return function


@dataclass(frozen=True)
class Family:
    """Programs that grow in one way, with the size of the vector they take."""

    name: str
    build: Callable[[Toolkit, int], Function]
    sizes: tuple[int, ...]
    small: tuple[int, ...]
    width: int = 8


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("kernel", kernel, (50,), (50,), 1000),
        Family("chain", chain, (50, 500, 5000, 20_000), (50, 500)),
        Family("outputs", outputs, (100, 1000, 4000), (100,)),
        Family("stores", stores, (100, 1000, 4000), (100,)),
        Family("bodies", bodies, (10, 100, 1000), (10,)),
    )
}

EAGER = ("torch", "torch.compile", "autograd")
"""Left out: the first two do not compile as a whole, or unroll for minutes."""


def total(tools: Toolkit, family: str, function: Function) -> Function:
    """What is differentiated: the function, or the sum of its outputs."""
    if family != "outputs":
        return function

    def summed(x: Any) -> Any:
        return tools.xp.sum(tools.xp.stack(function(x)))

    return summed


def measure(family: Family, n: int, tools: Toolkit, report: Report) -> dict[str, Any]:
    """First and second call of the function and of its gradient, in seconds.

    Meant for a process of its own. A trivial program goes first, so that a compiler's own start
    is not counted.
    """
    found: dict[str, Any] = {"family": family.name, "size": n, "contestant": tools.name}
    x = np.linspace(0.1, 0.9, family.width)
    report({"event": "start", "contestant": tools.name, "limit": 2 * LIMIT})
    call_of(tools, tools.jit(lambda x: x + 1.0), (x,), False)()
    function = family.build(tools, n)
    gradient = tools.gradient(total(tools, family.name, function), 1)
    for kind, run in (("function", tools.jit(function)), ("derivative", tools.finish(gradient))):
        report({"event": kind, "contestant": tools.name, "limit": LIMIT, "found": found})
        call = call_of(tools, run, (x,), False)
        try:
            found[f"{kind} first"], _ = timed(call)
            found[f"{kind} second"], _ = timed(call)
        except Exception as error:  # one contestant's failure is a line of the report
            found["error"] = f"{kind}: {type(error).__name__}: {error}"[:300]
            break
    return found


def programs(sizes: str) -> Iterator[tuple[Family, int]]:
    """Every program, the small ones of each family first."""
    for family in FAMILIES.values():
        for n in family.small if sizes == "small" else family.sizes:
            yield family, n
