"""The checks that `test_generated.py` runs on every case; see `harness.py` for the cases.

value     the result under a recording is NumPy's
first     forward mode against differences, reverse mode against forward mode
rate      the error of a central difference falls as h**2
second    all four nestings of the modes, against differences
series    Taylor coefficients along a curve against nested forward derivatives
program   recorded without values: result, types, linearization and adjoint
batch     vmap of the function and of its derivatives against a loop
float32   single precision stays single
layouts   strided, reversed, Fortran-ordered and read-only arguments
sizes     0-d, scalar and empty arguments of elementwise functions
native    compiled, with both modes in one Program, against the interpreter; also in float32
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import wengert as wg
from primitives.harness import (
    Arrays,
    Case,
    central,
    differences,
    direction,
    flat,
    inner,
    is_close,
    is_float,
    of_active,
    outputs_of,
    primitives_of,
    same_kind,
    size_of,
    subsets,
    types_of,
    with_imaginary_parts,
)
from primitives.native import check_compiled
from wengert.ir.check import check
from wengert.ir.digest import program_digest
from wengert.ir.program import Program
from wengert.ir.text import parse_program
from wengert.native.compiler import can_compile
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import record_function
from wengert.transforms.linearize import linearize_program
from wengert.transforms.transpose import transpose_program
from wengert.types import Stack, Type


def check_value(case: Case) -> None:
    """Under a recording the result is NumPy's: value, shape, dtype, and array or scalar."""
    args = case.draw()
    f = flat(case.f)
    expected = f(*[a.copy() for a in args])
    found, _ = wg.vjp(f, *args)
    for x, y in zip(found, expected, strict=True):
        same_kind(x, y)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-14 * max(size_of([y]), 1.0))


def check_first_order(case: Case) -> None:
    """Forward mode against differences, reverse mode against forward mode by inner products."""
    args = case.draw()
    rng = np.random.default_rng(1)
    for active in subsets(len(args)):
        vs = [direction(rng, args[i]) for i in active]
        f = of_active(case.f, args, active)
        chosen = [args[i] for i in active]
        values, tangents = wg.jvp(f, tuple(chosen), tuple(vs))
        reference = differences(flat(case.f), args, active, vs)
        size = size_of(values)
        for found, expected in zip(tangents, reference, strict=True):
            is_close(found, expected, case.tolerance, size)
        check_dual(f, chosen, vs, tangents, values, rng)


def check_dual(f: Any, chosen: Any, vs: Any, tangents: Any, values: Any, rng: Any) -> None:
    """Assert <w, J v> = <J^T w, v> for a random w, and the types of the cotangents."""
    ws = [direction(rng, v) for v in values]
    _, pullback = wg.vjp(f, *chosen)
    cotangents = pullback(tuple(ws))
    for ct, x in zip(cotangents, chosen, strict=True):
        assert ct.dtype == x.dtype
        assert np.shape(ct) == np.shape(x)
    left, right = inner(ws, tangents), inner(cotangents, vs)
    parts = [
        np.abs(w * t).sum()
        for w, t in zip(ws, tangents, strict=True)
        if t is not None and w is not None
    ]
    assert abs(left - right) <= 1e-10 * (sum(parts) + 1e-3)


def check_second_order(case: Case) -> None:
    """Derivatives of derivatives, in all four nestings of the modes, against differences."""
    args = case.draw()
    rng = np.random.default_rng(2)
    f = flat(case.f)
    vs = tuple([direction(rng, a) for a in args])
    ws = tuple([direction(rng, v) for v in f(*[a.copy() for a in args])])
    everything = range(len(args))

    def gradient(*xs: Any) -> Arrays:
        return outputs_of(wg.vjp(f, *xs)[1](ws))

    def tangent(*xs: Any) -> Any:
        found = wg.jvp(f, tuple(xs), vs)[1]
        return tuple([t for t in found if t is not None])

    reference = differences(gradient, args, everything, vs)
    size = size_of(gradient(*args))
    forward_over_reverse = wg.jvp(gradient, args, vs)[1]
    for found, expected in zip(forward_over_reverse, reference, strict=True):
        is_close(found, expected, case.tolerance, size)
    kept = tuple([w for w in ws if w is not None])
    reverse_over_forward = wg.grad(lambda xs: inner(kept, tangent(*xs)), argnums=0)(args)
    reverse_over_reverse = wg.grad(lambda xs: inner(vs, gradient(*xs)), argnums=0)(args)
    for found, other, expected in zip(
        reverse_over_forward, reverse_over_reverse, forward_over_reverse, strict=True
    ):
        is_close(found, expected, 1e-9, size)
        is_close(other, expected, 1e-9, size)
    forward_over_forward = wg.jvp(tangent, args, vs)[1]
    left, right = inner(kept, forward_over_forward), inner(vs, forward_over_reverse)
    assert abs(left - right) <= 1e-9 * (size + abs(right) + 1e-3)


def check_series(case: Case) -> None:
    """Taylor mode along x + t v + t**2 u / 2: the derivatives are J v and J u + (v, H v)."""
    args = case.draw()
    rng = np.random.default_rng(8)
    f = flat(case.f)
    vs, us = [tuple([direction(rng, a) for a in args]) for _ in range(2)]

    def along(*xs: Any) -> Any:
        return tuple([t for t in wg.jvp(f, tuple(xs), vs)[1] if t is not None])

    values, (first, second) = wg.jet(
        f, args, tuple([list(pair) for pair in zip(vs, us, strict=True)])
    )
    curved = wg.jvp(f, args, us)[1]
    slopes, bends = wg.jvp(along, args, vs)
    size = size_of(values)
    active = [j for j, t in enumerate(curved) if t is not None]
    for j, slope, bend in zip(active, slopes, bends, strict=True):
        is_close(first[j], slope, 1e-10, size)
        is_close(second[j], np.asarray(bend) + np.asarray(curved[j]), 1e-9, size)


def check_rate(case: Case) -> None:
    """The error of a central difference falls as h**2 towards our derivative."""
    args = case.draw()
    rng = np.random.default_rng(3)
    f = flat(case.f)
    vs = tuple([direction(rng, a) for a in args])
    tangents = wg.jvp(f, args, vs)[1]
    errors = []
    for h in (1.6e-2, 8e-3, 4e-3):
        rows = zip(central(f, args, range(len(args)), vs, h), tangents, strict=True)
        errors.append(max([np.max(np.abs(a - b), initial=0) for a, b in rows if a is not None]))
    if errors[0] <= 1e-9 * (size_of(tangents) + 1e-3):
        return  # a polynomial of low degree: the difference is exact
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(rates > 1.7), f"errors {errors} do not fall as h**2"


def check_program(case: Case) -> None:
    """Recorded without values it computes the same, and so do its linearization and adjoint."""
    args = case.draw()
    f = flat(case.f)
    expected = f(*[a.copy() for a in args])
    program, _ = record_function(f, types_of(args), "a test")
    assert set(case.primitives) <= primitives_of(program)
    inputs = [*args, *program.captured]
    for x, y, t in zip(evaluate(program, inputs), expected, program.out_types, strict=True):
        y = np.asarray(y)
        assert t == Type(y.shape, y.dtype)
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-14 * max(size_of([y]), 1.0))
    active = [i < len(args) for i in range(len(inputs))]
    done = linearize_program(program, active)
    rng = np.random.default_rng(4)
    vs = tuple([direction(rng, a) for a in args])
    results = evaluate(done.forward, inputs)
    residuals = results[len(expected) :]
    tangents: list[Any] = [None] * len(expected)
    if done.out_active:
        for i, t in zip(done.out_active, evaluate(done.linear, [*residuals, *vs]), strict=True):
            tangents[i] = t
    size = size_of(expected)
    for found, other, value in zip(tangents, wg.jvp(f, args, vs)[1], expected, strict=True):
        if is_float(value):
            other = np.zeros_like(value) if other is None else other
            is_close(found, other, 1e-10, size)
    if done.out_active:
        ws = [direction(rng, expected[i]) for i in done.out_active]
        is_linear = [False] * len(residuals) + [True] * len(args)
        adjoint = transpose_program(done.linear, is_linear)
        cotangents = evaluate(adjoint, [*residuals, *ws])
        left = inner(ws, [tangents[i] for i in done.out_active])
        assert abs(left - inner(cotangents, vs)) <= 1e-10 * (abs(left) + size + 1e-3)


def check_text(case: Case) -> None:
    """The Program is valid, prints and parses back, and its source computes the same."""
    args = case.draw()
    program, _ = record_function(flat(case.f), types_of(args), "a test")
    check(program)
    done = linearize_program(program, [i < len(args) for i in range(len(program.inputs))])
    known = len(done.linear.inputs) - len(args)
    adjoint = transpose_program(done.linear, [i >= known for i in range(len(done.linear.inputs))])
    for p in (program, done.forward, done.linear, adjoint):
        check(p)
        if program_digest(p) is not None:  # a Python function has no text that reads back
            assert parse_program(str(p)) == p
    inputs = [*args, *program.captured]
    outputs = unstacked(evaluate(done.forward, inputs))
    sources = unstacked(run_source(done.forward, inputs))
    for found, expected in zip(sources, outputs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def unstacked(values: Sequence[Any]) -> list[Any]:
    """The values, each Stack replaced by its items."""
    flat_values: list[Any] = []
    for value in values:
        flat_values.extend(unstacked(value.items) if isinstance(value, Stack) else [value])
    return flat_values


def run_source(program: Program, inputs: Sequence[Any]) -> Arrays:
    """The outputs of a Program by its NumPy source."""
    namespace: dict[str, Any] = {}
    exec(program.source("f"), namespace)
    return outputs_of(namespace["f"](*inputs))


def check_batch(case: Case) -> None:
    """`vmap` of the function and of its derivatives against a loop, each argument and all."""
    n = 3
    turns = [case.draw(turn) for turn in range(n)]
    f = flat(case.f)
    for active in subsets(len(turns[0])):
        in_axes = tuple([0 if i in active else None for i in range(len(turns[0]))])
        stacked = [
            np.stack([t[i] for t in turns]) if i in active else turns[0][i]
            for i in range(len(turns[0]))
        ]
        items = [
            [turns[k][i] if i in active else turns[0][i] for i in range(len(turns[0]))]
            for k in range(n)
        ]
        expected = [f(*[a.copy() for a in item]) for item in items]
        found = wg.vmap(f, in_axes=in_axes)(*stacked)
        for j, x in enumerate(found):
            y = np.stack([np.asarray(row[j]) for row in expected])
            assert x.dtype == y.dtype
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-13 * max(size_of([y]), 1.0))
        if case.order:
            _check_batched_derivatives(f, in_axes, stacked, items, expected[0])


def _check_batched_derivatives(
    f: Any, in_axes: Any, stacked: Any, items: Any, example: Any
) -> None:
    rng = np.random.default_rng(5)
    ws = tuple([direction(rng, v) for v in example])
    vs = tuple([direction(rng, a) for a in items[0]])

    def derivatives(*xs: Any) -> Arrays:
        pulled = outputs_of(wg.vjp(f, *xs)[1](ws))
        pushed = [t for t in wg.jvp(f, tuple(xs), vs)[1] if t is not None]
        return (*pulled, *pushed)

    expected = [derivatives(*item) for item in items]
    found = wg.vmap(derivatives, in_axes=in_axes)(*stacked)
    for j, x in enumerate(found):
        y = np.stack([np.asarray(row[j]) for row in expected])
        is_close(x, y, 1e-10)


def check_float32(case: Case) -> None:
    """Single precision stays single: NumPy's dtype for values, the arguments' for gradients."""
    args = tuple(
        [a.astype(np.complex64 if a.dtype.kind == "c" else np.float32) for a in case.draw()]
    )
    f = flat(case.f)
    expected = f(*[a.copy() for a in args])
    values, pullback = wg.vjp(f, *args)
    rng = np.random.default_rng(6)
    for x, y in zip(values, expected, strict=True):
        same_kind(x, y)
        np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5 * max(size_of([y]), 1.0))
    ws = tuple([direction(rng, v) for v in values])
    for ct, x in zip(pullback(ws), args, strict=True):
        assert ct.dtype == x.dtype
    vs = tuple([direction(rng, a) for a in args])
    for t, y in zip(wg.jvp(f, args, vs)[1], expected, strict=True):
        assert t is None or t.dtype == np.asarray(y).dtype


def check_layouts(case: Case) -> None:
    """Reversed, strided, Fortran-ordered and read-only arguments give the same gradient."""
    args = case.draw()
    f = flat(case.f)
    expected = f(*[a.copy() for a in args])
    ws = tuple([direction(np.random.default_rng(7), v) for v in expected])
    reference = wg.vjp(f, *args)[1](ws) if case.order else ()
    for layout in (reversed_layout, strided_layout, fortran_layout, read_only):
        others = tuple([layout(a) for a in args])
        values, pullback = wg.vjp(f, *others)
        for x, y in zip(values, expected, strict=True):
            is_close(x, y, 1e-12)
        if case.order:
            for x, y in zip(pullback(ws), reference, strict=True):
                is_close(x, y, 1e-10)


def reversed_layout(a: Any) -> Any:
    """The same elements behind negative strides."""
    backwards = tuple([slice(None, None, -1)] * a.ndim)
    return np.ascontiguousarray(a[backwards])[backwards] if a.ndim else a


def strided_layout(a: Any) -> Any:
    """The same elements with gaps between them."""
    if not a.ndim:
        return a
    wide = np.zeros(tuple([2 * n for n in a.shape]), a.dtype)
    view = wide[tuple([slice(None, None, 2)] * a.ndim)]
    view[...] = a
    return view


def fortran_layout(a: Any) -> Any:
    return np.asfortranarray(a) if a.ndim else a


def read_only(a: Any) -> Any:
    a = a.copy()
    a.flags.writeable = False
    return a


def check_sizes(case: Case) -> None:
    """Elementwise functions on 0-d arrays, scalars and empty arrays."""
    if not case.is_elementwise:
        return
    args = case.draw()
    f = flat(case.f)
    for make in (zero_dimensional, scalar, empty):
        others = tuple([make(a) for a in args])
        expected = f(*others)
        values, pullback = wg.vjp(f, *others)
        for x, y in zip(values, expected, strict=True):
            same_kind(x, y)
            np.testing.assert_allclose(x, y, rtol=1e-12)
        ws = tuple([np.ones_like(y) if is_float(y) else None for y in expected])
        vs = tuple([np.ones_like(x) for x in others])
        tangents = wg.jvp(f, others, vs)[1]
        cotangents = pullback(ws)
        for ct, x in zip(cotangents, others, strict=True):
            assert (np.shape(ct), ct.dtype) == (x.shape, x.dtype)
        left = inner(ws, tangents)
        assert abs(left - inner(cotangents, vs)) <= 1e-10 * (abs(left) + 1e-3)


def zero_dimensional(a: Any) -> Any:
    return np.array(a.reshape(-1)[0])


def scalar(a: Any) -> Any:
    return a.reshape(-1)[0]


def empty(a: Any) -> Any:
    return np.empty((0, 3), a.dtype)


def check_native(case: Case) -> None:
    """Values, tangents and cotangents, compiled in one Program, are the interpreter's."""
    args = case.draw()
    check_natively(case, args)
    if case.float32 and case.is_elementwise:
        check_natively(case, tuple([single(a) for a in args]))


def single(a: Any) -> Any:
    return a.astype(np.complex64 if a.dtype.kind == "c" else np.float32)


def check_natively(case: Case, args: Arrays) -> None:
    f = flat(case.f)
    rng = np.random.default_rng(9)
    vs = tuple([direction(rng, a) for a in args])
    values = f(*[a.copy() for a in args])
    ws = tuple([direction(rng, v) for v in values])

    def everything(*xs: Any) -> Arrays:
        values, pullback = wg.vjp(f, *xs)
        tangents = wg.jvp(f, xs, vs)[1] if case.order > 0 else ()
        return (*values, *pullback(ws), *[t for t in tangents if t is not None])

    program, _ = record_function(everything if case.order >= 0 else f, types_of(args), "a test")
    if not can_compile(program):
        return
    size = max(size_of(values), 1.0)
    # Code generation takes most of the time: least effort here, the usual one in the laws.
    check_compiled(program, [*args, *program.captured], 1e-11, size, effort=0)


CHECKS: dict[str, Callable[[Case], None]] = {
    "value": check_value,
    "first": check_first_order,
    "rate": check_rate,
    "second": check_second_order,
    "series": check_series,
    "program": check_program,
    "text": check_text,
    "batch": check_batch,
    "float32": check_float32,
    "layouts": check_layouts,
    "sizes": check_sizes,
    "native": check_native,
}


def applies(case: Case, check: str) -> bool:
    """Whether a check is meant for a case."""
    return {
        "first": case.order >= 0,
        "rate": case.order >= 1 and case.tol is None,
        "second": case.order >= 2,
        "series": case.order >= 2,
        "program": case.traces,
        "text": case.traces,
        "native": case.traces,
        "batch": case.batch and case.traces,
        "float32": case.float32,
        "sizes": case.is_elementwise,
    }.get(check, True)


def parameters(cases: dict[str, Sequence[Case]]) -> list[Any]:
    """Every case of every family with every check that applies, as pytest parameters."""
    rows = []
    for family, listed in cases.items():
        for case in in_both_fields(listed):
            for name in CHECKS:
                if applies(case, name):
                    rows.append(pytest.param(case, name, id=f"{family}-{case.name}-{name}"))
    return rows


def in_both_fields(cases: Sequence[Case]) -> list[Case]:
    """The cases, each that asks for it followed by itself on complex arguments."""
    every = []
    for case in cases:
        every.append(case)
        if case.complex:
            every.append(with_imaginary_parts(case))
    return every
