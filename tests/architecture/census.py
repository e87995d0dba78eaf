"""Every primitive met in practice: generated cases and a few programs, through every transform."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

import wengert as wg
from primitives.checks import in_both_fields
from primitives.test_generated import FAMILIES
from wengert.compat.autograd.extend import defvjp, primitive
from wengert.ir.program import Equation, Program, sub_programs
from wengert.transforms.batch import batch_program
from wengert.transforms.linearize import linearize_program
from wengert.transforms.transpose import transpose_program

SIZE = 3


def halve(x: Any) -> Any:
    """A loop whose length depends on its value."""

    def body(state: Any) -> Any:
        return state[0] * 0.5, state[1] * np.sin(state[0])

    return wg.while_loop(lambda state: state[0] > 1.0, body, (x, x))[1]


def nested(x: Any) -> Any:
    """Loops of unknown length inside a loop."""
    return wg.scan(lambda c, y: (c + halve(c * y), halve(y)), x, np.array([2.0, 3.0]))[0]


def repeated(x: Any) -> Any:
    """A loop of unknown length inside another."""

    def body(state: Any) -> Any:
        return state[0] * 0.5, state[1] + halve(state[0] * state[1]) * x

    return wg.while_loop(lambda state: state[0] > 1.0, body, (x, x))[1]


@wg.custom_jvp
def doubled(x: Any) -> Any:
    return 2.0 * x


doubled.defjvp(lambda primals, tangents: (doubled(*primals), 2.0 * tangents[0]))


def either(p: Any, x: Any) -> Any:
    return wg.cond(p > 0, halve, np.sin, x)


def through_residuals(t: Any) -> Any:
    """Branches that capture the residuals of a loop."""
    linear = wg.linearize(halve, 5.0)[1]
    return wg.cond(t > 0, lambda: linear(t), lambda: linear(2.0 * t))


@primitive
def on_values(x: Any) -> Any:
    """Run by Python on plain values, with a rule of its own."""
    return np.sin(x)


defvjp(on_values, lambda ans, x: lambda g: g * np.cos(x))

# What the cases, which are differentiable NumPy functions, do not contain.
PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (halve, (5.0,)),
    (nested, (5.0,)),
    (wg.vmap(wg.grad(halve)), (np.array([5.0, 3.0]),)),
    (wg.vmap(wg.grad(nested)), (np.array([5.0, 3.0]),)),
    (wg.vmap(wg.grad(repeated)), (np.array([5.0, 3.0]),)),
    (wg.grad(wg.grad(halve)), (5.0,)),
    (wg.vmap(wg.grad(either, 1), (0, None)), (np.array([5.0, -3.0]), 5.0)),
    (wg.vmap(through_residuals), (np.array([5.0, -3.0]),)),
    (doubled, (1.0,)),
    (wg.stop_gradient, (1.0,)),
    (on_values, (1.0,)),
    (lambda x: x * np.linalg.matrix_rank(x), (np.eye(2),)),
    (wg.hessian(np.linalg.det), (np.eye(2),)),
    (lambda x: np.where(np.logical_xor(np.isfinite(x), np.signbit(x)), x, 0.0), (1.0,)),
    (lambda n: ((n & 3) | (n ^ 5)) << 1 >> ~n % 3, (6,)),
    (lambda n: np.gcd(n, 4) + np.lcm(n, 4) + np.bitwise_count(n), (6,)),
    (lambda x: np.histogram(x, "auto")[0], (np.arange(6.0),)),
]


@cache
def census() -> dict[str, Equation]:
    """One equation of each primitive met."""
    met: dict[str, Equation] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for f, args in PROGRAMS:
            for program in transforms_of(f, args, is_batched=False):
                collect(program, met)
        for f in (halve, nested, repeated, doubled, on_values):
            for program in transforms_of(f, (5.0,), is_batched=True):
                collect(program, met)
        for cases in FAMILIES.values():
            for case in in_both_fields(cases):
                for program in transforms_of(case.f, case.draw(), case.batch, case.order):
                    collect(program, met)
    return met


def transforms_of(
    f: Callable[..., Any], args: tuple[Any, ...], is_batched: bool, order: int = 2
) -> Iterator[Program]:
    """The Program of `f`, its linearization, adjoint, and those of the batched Program."""
    program = wg.trace(f)(*args)
    yield program
    yield from derivatives_of(program, order)
    if is_batched:
        batched = batch_program(program, [True] * len(program.inputs), SIZE).program
        yield batched
        yield from derivatives_of(batched, 1)


def derivatives_of(program: Program, order: int) -> Iterator[Program]:
    """Linear parts and adjoints, up to second order."""
    active = [v.type.is_differentiable for v in program.inputs]
    if not any(active):
        return
    linearized = linearize_program(program, active)
    n_known = len(linearized.linear.inputs) - sum(active)
    adjoint = transpose_program(linearized.linear, [False] * n_known + [True] * sum(active))
    yield linearized.forward
    yield linearized.linear
    yield adjoint
    if order > 1:
        yield from derivatives_of(adjoint, order - 1)


def collect(program: Program, met: dict[str, Equation]) -> None:
    """Enter the equations of a Program, and of Programs inside it."""
    for eq in program.equations:
        met.setdefault(eq.primitive.name, eq)
        for _, inside in sub_programs(eq.params):
            collect(inside, met)
