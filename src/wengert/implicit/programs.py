"""Programs of a residual r(constants, z), and what is asked of them: values, slopes, Jacobians.

A user's function becomes such a Program together with all that it closed over: every traced or
plain array that it captured is a leading input. So nothing that a derivative has to reach can hide
in a closure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.control.bodies import record_body
from wengert.control.programs import record_rule_program
from wengert.ir.program import Program
from wengert.ops.core import basis, full, zeros_of
from wengert.trace.evaluate import plan_of, record_program
from wengert.trace.tracer import Tracer
from wengert.transforms.batch import batch_program
from wengert.transforms.linearize import linearize_program
from wengert.transforms.transpose import transpose_program
from wengert.types import Type


@dataclass(frozen=True)
class Captured:
    """A function of vectors as a Program: `program` takes `values` (`consts`), then the vectors."""

    program: Program
    values: tuple[Any, ...]

    @property
    def n_consts(self) -> int:
        return len(self.values)

    @property
    def is_traced(self) -> bool:
        """Whether anything that the function closed over is traced."""
        return any([isinstance(v, Tracer) for v in self.values])


def capture(purpose: str, f: Callable[..., Any], types: Sequence[Type]) -> Captured:
    """Record `f` of arrays of the given types; it returns an array or a tuple of arrays."""
    body = record_body(purpose, f, types, lambda handles: handles)
    return Captured(body.program, body.captured)


def run(program: Program, *args: Any) -> Any:
    """The outputs of a Program on plain values, as a list."""
    return plan_of(program).run(args)


def slope(program: Program, args: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of the outputs along `tangents` (None is zero), None where there is none."""
    active = [t is not None for t in tangents]
    made = linearize_program(program, active)
    values = record_program(made.forward, args)
    residuals = values[len(program.outputs) :]
    found = record_program(made.linear, [*residuals, *[t for t in tangents if t is not None]])
    result: list[Any] = [None] * len(program.outputs)
    for i, value in zip(made.out_active, found, strict=True):
        result[i] = value
    return result


def jacobian_rows(program: Program, args: Sequence[Any]) -> Any:
    """The Jacobian of the first output in the last input, both vectors: [out, in]."""
    n = len(args)
    made = linearize_program(program, [i == n - 1 for i in range(n)])
    in_type: Any = program.in_types[-1]
    if 0 not in made.out_active:
        return zeros_of(Type((program.out_types[0].size, in_type.size), in_type.dtype))
    values = record_program(made.forward, args)
    residuals = values[len(program.outputs) :]
    mask = [*[False] * made.n_residuals, True]
    linear = Program(made.linear.inputs, made.linear.equations, made.linear.outputs[:1])
    batched = batch_program(linear, mask, in_type.size, [True]).program
    units = basis(in_type.size, 0, in_type.shape, in_type.dtype)
    return np.swapaxes(record_program(batched, [*residuals, units])[0], 0, 1)


@lru_cache(maxsize=1024)
def jacobian_program(program: Program) -> Program:
    """(constants, z) -> the Jacobian in z, as a Program."""
    return record_rule_program(
        "a Jacobian", lambda *args: [jacobian_rows(program, args)], program.in_types
    )


@lru_cache(maxsize=1024)
def gradient_program(program: Program) -> Program:
    """(constants, z) -> the gradient in z of a scalar, as a Program."""
    n = len(program.inputs)
    made = linearize_program(program, [i == n - 1 for i in range(n)])

    def gradient(*args: Any) -> list[Any]:
        if not made.out_active:
            return [zeros_of(program.in_types[-1])]
        residuals = record_program(made.forward, args)[len(program.outputs) :]
        linear = Program(made.linear.inputs, made.linear.equations, made.linear.outputs[:1])
        back = transpose_program(linear, [*[False] * made.n_residuals, True])
        one = full((), 1.0, program.out_types[0].dtype)
        return record_program(back, [*residuals, one])

    return record_rule_program("a gradient", gradient, program.in_types)
