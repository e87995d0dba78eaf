"""From single derivatives to results: which formula, its step, and the trees of blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import DtypeError
from wengert.numeric import formulas, stepping
from wengert.numeric.options import Estimate, Options
from wengert.numeric.probe import Array, Probe
from wengert.numeric.stepping import Outcome


def first_order(probe: Probe, options: Options, *, unwrap: bool, like_input: bool = False) -> Any:
    if probe.is_complex and not (options.holomorphic or like_input):
        raise DtypeError(
            f"{options.caller}: a complex argument has two real derivatives, not one.",
            got=", ".join(f"{x.path}: {x.array.dtype}" for x in probe.leaves if x.is_complex),
            expected="real arguments, or holomorphic=True for an analytic function",
            try_="holomorphic=True, or a function of the real and imaginary parts",
        )
    n_out = probe.base.size
    columns = _all_columns(probe, options)
    blocks: list[Outcome] = []
    start = 0
    for leaf in probe.leaves:
        stop = start + leaf.array.size * (2 if leaf.is_complex else 1)
        part = columns[start:stop]
        if leaf.is_complex:
            part = _join_complex(part, options.holomorphic)
        blocks.append(_stack(part, (n_out,), leaf.array.shape))
        start = stop

    def build(select: Callable[[Outcome], Array], keep_dtype: bool) -> Any:
        rows = []
        for rows_of_leaf, shape, dtype in _output_slices(probe):
            entries = []
            for leaf, block in zip(probe.leaves, blocks, strict=True):
                entry = select(block)[rows_of_leaf].reshape(shape + leaf.array.shape)
                target = leaf.array.dtype if like_input else _joint(dtype, leaf.array.dtype)
                entries.append(_finish(entry, target if keep_dtype else np.dtype(float)))
            rows.append(entries[0] if unwrap else _arg_tree(probe, options, entries))
        return rows[0] if like_input else trees.unflatten(probe.out_spec, rows)

    return _result(probe, options, build)


def second_order(probe: Probe, options: Options) -> Any:
    n_out, n_in = probe.base.size, len(probe.coordinates)
    table = [[_empty_outcome()] * n_in for _ in range(n_in)]
    with np.errstate(all="ignore"):
        if options.method == "complex" and n_out and n_in:
            _require_analytic(probe)
        for i in range(n_in if n_out else 0):
            for j in range(i + 1):
                table[i][j] = table[j][i] = _entry(probe, options, i, j)
    whole = _stack([entry for row in table for entry in row], (n_out,), (n_in, n_in))
    starts = np.cumsum([0] + [leaf.array.size for leaf in probe.leaves])

    def build(select: Callable[[Outcome], Array], keep_dtype: bool) -> Any:
        rows = []
        for rows_of_leaf, shape, dtype in _output_slices(probe):
            outer = []
            for a, first in enumerate(probe.leaves):
                inner = []
                for b, second in enumerate(probe.leaves):
                    block = select(whole)[
                        rows_of_leaf, starts[a] : starts[a + 1], starts[b] : starts[b + 1]
                    ].reshape(shape + first.array.shape + second.array.shape)
                    target = _joint(dtype, first.array.dtype, second.array.dtype)
                    inner.append(_finish(block, target if keep_dtype else np.dtype(float)))
                outer.append(_arg_tree(probe, options, inner))
            rows.append(_arg_tree(probe, options, outer))
        return trees.unflatten(probe.out_spec, rows)

    return _result(probe, options, build)


def _all_columns(probe: Probe, options: Options) -> list[Outcome]:
    """The derivatives of all outputs along each coordinate.

    Floating-point warnings of the function are its own affair at the point itself; at the points
    that a search for the step tries they would only confuse.
    """
    n_in = len(probe.coordinates)
    if probe.base.size == 0 or n_in == 0:
        return [_empty_outcome()] * n_in
    with np.errstate(all="ignore"):
        columns = [_column(probe, options, k) for k in range(n_in)]
        if options.method == "complex":
            _require_analytic(probe)
    return columns


def _column(probe: Probe, options: Options, k: int) -> Outcome:
    """The derivative of all outputs along one coordinate."""
    c, step = probe.coordinates[k], options.step
    if options.method == "complex":
        h = formulas.complex_step_size(probe, c) if step is None else step
        sample = formulas.complex_step(probe, c, h)
        if not options.with_error:
            return Outcome(sample.value, sample.rounding, np.full(sample.value.shape, h))
        other = formulas.complex_step(probe, c, h * 8.0).value
        error = abs(sample.value - other) + sample.rounding
        return Outcome(sample.value, error, np.full(error.shape, h))
    axis = formulas.Axis(c) if step is not None else formulas.Axis.scaled(probe, c)
    formula = formulas.first_derivative(probe, options.method, axis)
    return _solve(formula, options)


def _entry(probe: Probe, options: Options, i: int, j: int) -> Outcome:
    """The second derivative of all outputs along two coordinates."""
    a, b, step = probe.coordinates[i], probe.coordinates[j], options.step
    scaled = formulas.Axis.scaled
    first = formulas.Axis(a) if step is not None else scaled(probe, a)
    second = formulas.Axis(b) if step is not None else scaled(probe, b)
    return _solve(formulas.second_derivative(probe, options.method, first, second), options)


def _solve(formula: stepping.Formula, options: Options) -> Outcome:
    if options.method == "richardson":
        if options.step is not None:
            return stepping.extrapolate(formula, options.step)
        central, balanced = stepping.best_step(formula)
        # A balanced step is the length scale of the function times the first step.
        length = min(balanced / formula.first_step, 2.0**20)
        start = stepping.power_of_two(length) / 8.0
        return stepping.better(stepping.extrapolate(formula, start, is_search=True), central)
    if options.step is not None:
        return stepping.fixed_step(formula, options.step, options.with_error)
    return stepping.best_step(formula)[0]


def _require_analytic(probe: Probe) -> None:
    """Compare the complex step along one direction with a central difference.

    A function that takes a real part, an absolute value or a conjugate on its way answers a complex
    argument without complaint, and wrongly.
    """
    axes = [formulas.Axis.scaled(probe, c) for c in probe.coordinates]
    # Irregular weights, so that errors in different coordinates do not cancel.
    weights = [0.5 + (0.6180339887498949 * (k + 1)) % 1.0 for k in range(len(axes))]
    formula = formulas.directional(probe, axes, weights)
    central, _ = stepping.best_step(formula, n_tries=1)
    smallest = min(
        formulas.complex_step_size(probe, c) / abs(c.value or 1.0) for c in probe.coordinates
    )
    moves = [
        (x.coordinate, smallest * w * x.scale * 1.0j) for x, w in zip(axes, weights, strict=True)
    ]
    expected = probe.at_complex(moves) / smallest
    allowed = 10.0 * central.error + 1e3 * formula.eps ** (2 / 3) * abs(expected)
    wrong = abs(central.value - expected) > allowed
    if np.any(wrong):
        k = int(np.argmax(wrong))
        raise probe.not_analytic(
            f"along a test direction the complex step gives {expected[k]:.9g}, central differences "
            f"give {central.value[k]:.9g} ± {central.error[k]:.1g}: an operation on the way is not "
            "analytic (abs, real, imag, conj, angle), or the point lies on a kink"
        )


def _join_complex(columns: list[Outcome], holomorphic: bool) -> list[Outcome]:
    """One column for each complex number, from those of its real and imaginary parts."""
    joined = []
    for re, im in zip(columns[::2], columns[1::2], strict=True):
        error = np.hypot(re.error, im.error)
        value = re.value + 1j * im.value
        if holomorphic:
            error = error / 2 + abs(value) / 2
            value = (re.value - 1j * im.value) / 2
        joined.append(Outcome(value, error, re.step))
    return joined


def _stack(columns: list[Outcome], rows: tuple[int, ...], shape: tuple[int, ...]) -> Outcome:
    def stack(parts: list[Array]) -> Array:
        if not parts or rows == (0,):
            return np.zeros(rows + shape)
        return np.stack(parts, axis=1).reshape(rows + shape)

    return Outcome(
        stack([c.value for c in columns]),
        stack([c.error for c in columns]),
        stack([c.step for c in columns]),
    )


def _empty_outcome() -> Outcome:
    return Outcome(np.zeros(0), np.zeros(0), np.zeros(0))


def _output_slices(probe: Probe) -> list[tuple[slice, tuple[int, ...], np.dtype[Any]]]:
    """For each leaf of the result: its rows, its shape and its dtype."""
    ends = np.cumsum([int(np.prod(shape)) for shape in probe.out_shapes], dtype=int)
    starts = [0, *ends[:-1]]
    slices = [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
    return list(zip(slices, probe.out_shapes, probe.out_dtypes, strict=True))


def _joint(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a derivative: that of its parts, integers counting for nothing."""
    floats = [d for d in dtypes if d.kind in "fc"]
    return np.result_type(*floats)


def _finish(entry: Array, dtype: np.dtype[Any]) -> Any:
    if entry.dtype.kind == "c" and dtype.kind != "c":
        entry = entry.real
    return entry.astype(dtype)[()]


def _arg_tree(probe: Probe, options: Options, leaves: list[Any]) -> Any:
    parts, start = [], 0
    for spec in probe.arg_specs:
        parts.append(trees.unflatten(spec, leaves[start : start + spec.num_leaves]))
        start += spec.num_leaves
    return tuple(parts) if isinstance(options.argnums, tuple) else parts[0]


def _result(probe: Probe, options: Options, build: Callable[..., Any]) -> Any:
    value = build(lambda outcome: outcome.value, True)
    if not options.with_error:
        return value
    error = build(lambda outcome: outcome.error, False)
    step = build(lambda outcome: outcome.step, False)
    return Estimate(value, error, step, probe.n_evaluations, options.method)
