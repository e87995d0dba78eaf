"""`np.pad` in all its modes, made of concatenations of slices, one axis after another.

An axis is padded on the array that the axes before it have been padded in already, as NumPy does,
so that corners come out the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, MissingRuleError, ShapeError
from wengert.ops.core import add, broadcast_to, convert, full, mul, reshape, sub
from wengert.ops.joining import array_of, concatenate
from wengert.ops.shapes import flip
from wengert.trace.tracer import Tracer, implements

Widths = tuple[int, int]


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """`array` with elements put before and after it along each axis.

    Parameters
    ----------
    array : array
    pad_width : int, pair, sequence of pairs, or dictionary of axes
    mode : str
        constant, edge, linear_ramp, maximum, mean, median, minimum, reflect, symmetric, wrap
        or empty (zeros here). A function as mode is not supported: it would write in place.
    **kwargs
        stat_length, constant_values, end_values, reflect_type: those that the mode takes.
    """
    x = array_of(array)
    if callable(mode):
        raise MissingRuleError(
            "pad: a function as mode cannot be traced.",
            got=repr(mode),
            expected="one of NumPy's modes",
            try_="np.concatenate",
        )
    if mode not in _MODES:
        raise ArgumentError("pad: no such mode.", got=repr(mode), expected=", ".join(_MODES))
    allowed = _OPTIONS.get(mode, ())
    for name in kwargs:
        if name not in allowed:
            raise ArgumentError(
                f"pad: the mode {mode!r} does not take this option.",
                got=name,
                expected=", ".join(allowed) or "no option",
            )
    widths = _pairs_of(pad_width, x.ndim, "pad_width")
    options = {
        name: _pairs_of(value, x.ndim, name) if name != "reflect_type" else value
        for name, value in kwargs.items()
        if value is not None
    }
    result = np.copy(x) if not any(any(w) for w in widths) else x
    for axis, width in enumerate(widths):
        if any(width):
            at_axis = {k: v if k == "reflect_type" else v[axis] for k, v in options.items()}
            result = _MODES[mode](result, axis, width, **at_axis)
    return result


def _pairs_of(value: Any, rank: int, name: str) -> list[Any]:
    """(before, after) for each axis, from the forms that NumPy takes."""
    is_count = name in ("pad_width", "stat_length")
    if isinstance(value, dict):
        filled: list[Any] = [(0, 0)] * rank
        for axis, width in value.items():
            filled[axis] = (width, width) if np.ndim(width) == 0 else tuple(width)
        value = filled
    shape = np.shape(value)
    if shape == () or shape == (1,):
        one = value if shape == () else value[0]
        pairs = [(one, one)] * rank
    elif shape == (2,):
        pairs = [(value[0], value[1])] * rank
    elif shape == (1, 2):
        pairs = [(value[0][0], value[0][1])] * rank
    elif shape == (rank, 1):
        pairs = [(v[0], v[0]) for v in value]
    elif shape == (rank, 2):
        pairs = [(v[0], v[1]) for v in value]
    else:
        raise ShapeError(
            f"pad: {name} does not fit the array.",
            got=f"shape {shape} for {rank} axes",
            expected="one number, a pair, or a pair for each axis",
        )
    if is_count:
        pairs = [(operator.index(a), operator.index(b)) for a, b in pairs]
        if any(n < 0 for pair in pairs for n in pair):
            raise ArgumentError(f"pad: {name} has a negative number.", got=repr(value))
    return pairs


def _part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(*(slice(None),) * axis, slice(start, stop))]


def _edge(x: Any, axis: int, side: int, n: int) -> Any:
    """The first or last slice, `n` times."""
    piece = _part(x, axis, 0, 1) if side == 0 else _part(x, axis, x.shape[axis] - 1, None)
    return _spread(piece, axis, n)


def _spread(piece: Any, axis: int, n: int) -> Any:
    shape = [*piece.shape]
    shape[axis] = n
    return broadcast_to(piece, shape)


def _join(x: Any, axis: int, before: Any, after: Any) -> Any:
    return concatenate([p for p in (before, x, after) if p.shape[axis]], axis)


def _constant(x: Any, axis: int, width: Widths, constant_values: Any = (0, 0)) -> Any:
    parts = []
    for n, value in zip(width, constant_values, strict=True):
        shape = [*x.shape]
        shape[axis] = n
        if isinstance(value, Tracer):
            parts.append(broadcast_to(convert(value, x.dtype), shape))
        else:
            parts.append(full(shape, np.asarray(value).astype(x.dtype).item(), x.dtype))
    return _join(x, axis, *parts)


def _require_elements(x: Any, axis: int, mode: str) -> None:
    if not x.shape[axis]:
        raise ShapeError(
            f"pad: an empty axis cannot be extended with mode {mode!r}.",
            got=f"axis {axis} of shape {x.shape}",
            expected="modes constant or empty",
        )


def _edge_mode(x: Any, axis: int, width: Widths) -> Any:
    _require_elements(x, axis, "edge")
    return _join(x, axis, _edge(x, axis, 0, width[0]), _edge(x, axis, 1, width[1]))


def _linear_ramp(x: Any, axis: int, width: Widths, end_values: Any = (0, 0)) -> Any:
    _require_elements(x, axis, "linear_ramp")
    parts = []
    for side, (n, end) in enumerate(zip(width, end_values, strict=True)):
        edge = _edge(x, axis, side, 1)
        shape = [1] * x.ndim
        shape[axis] = n
        steps = reshape(np.arange(n) / max(n, 1), shape)  # from the end value to the edge
        if side:
            steps = steps[(slice(None),) * axis + (slice(None, None, -1),)]
        end = convert(end, edge.dtype if edge.dtype.kind in "fc" else float)
        ramp = add(end, mul(sub(edge, end), steps))
        if x.dtype.kind in "iu":
            ramp = np.floor(ramp)
        parts.append(convert(ramp, x.dtype))
    return _join(x, axis, *parts)


def _like(values: Any, x: Any) -> Any:
    """Computed values in the dtype of `x`, rounded as NumPy's pad does for integers."""
    if x.dtype.kind in "iu" and values.dtype.kind in "fc":
        values = np.round(values)
    return convert(values, x.dtype)


def _statistic(name: str) -> Callable[..., Any]:
    functions: dict[str, Callable[..., Any]] = {
        "maximum": np.max,
        "minimum": np.min,
        "mean": np.mean,
        "median": np.median,
    }
    compute = functions[name]

    def mode(x: Any, axis: int, width: Widths, stat_length: Any = (None, None)) -> Any:
        _require_elements(x, axis, name)
        n = x.shape[axis]
        parts = []
        for side, (count, length) in enumerate(zip(width, stat_length, strict=True)):
            if length == 0 and name in ("maximum", "minimum"):
                raise ShapeError(f"pad: {name} of no elements.", got="stat_length 0")
            length = n if length is None else min(length, n)
            chosen = _part(x, axis, 0, length) if side == 0 else _part(x, axis, n - length, n)
            value = _like(compute(chosen, axis=axis, keepdims=True), x)
            parts.append(_spread(value, axis, count))
        return _join(x, axis, *parts)

    return mode


def _mirror(includes_edge: bool) -> Callable[..., Any]:
    def mode(x: Any, axis: int, width: Widths, reflect_type: str = "even") -> Any:
        name = "symmetric" if includes_edge else "reflect"
        _require_elements(x, axis, name)
        left, right = width
        if x.shape[axis] == 1 and not includes_edge:
            return _edge_mode(x, axis, width)
        skip = 0 if includes_edge else 1
        period = x.shape[axis] - skip
        while left or right:
            n = x.shape[axis]
            reach = (n - skip) // period * period  # whole periods are mirrored at once
            n_left, n_right = min(left, reach), min(right, reach)
            before = flip(_part(x, axis, skip, skip + n_left), axis)
            after = flip(_part(x, axis, n - skip - n_right, n - skip), axis)
            if reflect_type == "odd":
                before = sub(mul(_edge(x, axis, 0, 1), 2), before)
                after = sub(mul(_edge(x, axis, 1, 1), 2), after)
            elif reflect_type != "even":
                raise ArgumentError(
                    "pad: no such reflect_type.", got=repr(reflect_type), expected="even or odd"
                )
            x = _join(x, axis, before, after)
            left, right = left - n_left, right - n_right
        return x

    return mode


def _wrap(x: Any, axis: int, width: Widths) -> Any:
    _require_elements(x, axis, "wrap")
    n = x.shape[axis]
    left, right = width
    pieces = []
    if left % n:
        pieces.append(_part(x, axis, n - left % n, n))
    pieces += [x] * (left // n + 1 + right // n)
    if right % n:
        pieces.append(_part(x, axis, 0, right % n))
    return concatenate(pieces, axis)


_MODES: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "edge": _edge_mode,
    "linear_ramp": _linear_ramp,
    "maximum": _statistic("maximum"),
    "mean": _statistic("mean"),
    "median": _statistic("median"),
    "minimum": _statistic("minimum"),
    "reflect": _mirror(includes_edge=False),
    "symmetric": _mirror(includes_edge=True),
    "wrap": _wrap,
    "empty": _constant,
}
_OPTIONS: dict[str, tuple[str, ...]] = {
    "constant": ("constant_values",),
    "linear_ramp": ("end_values",),
    "maximum": ("stat_length",),
    "mean": ("stat_length",),
    "median": ("stat_length",),
    "minimum": ("stat_length",),
    "reflect": ("reflect_type",),
    "symmetric": ("reflect_type",),
}
