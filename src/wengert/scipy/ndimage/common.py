"""What the functions of images share: axes, sequences, boundary modes, results."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert
from wengert.ops.output import deliver
from wengert.ops.padding import pad
from wengert.trace.tracer import Tracer

# SciPy's names for what lies beyond the ends, and NumPy's.
_PADDING = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}
MODES = tuple(_PADDING)


def require_mode(name: str, mode: Any) -> str:
    if mode not in _PADDING:
        raise ArgumentError(
            f"{name}: there is no such boundary mode.",
            got=repr(mode),
            expected=", ".join(MODES),
        )
    return mode


def image(x: Any) -> Any:
    """An array or Tracer, not 0-d lists and the like."""
    return as_operand(x)


def in_double(x: Any) -> Any:
    """`x` in the precision in which SciPy computes."""
    return convert(x, np.complex128 if x.dtype.kind == "c" else np.float64)


def axis_of(name: str, x: Any, axis: int) -> int:
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ShapeError(
            f"{name}: the image does not have this axis.",
            got=f"{describe(input=x)}, axis={axis}",
            expected=f"an axis from {-rank} to {rank - 1}",
        )
    return operator.index(axis) % rank


def axes_of(name: str, x: Any, axes: Any) -> tuple[int, ...]:
    """The axes that are filtered, all by default."""
    if axes is None:
        return tuple(range(len(x.shape)))
    chosen = (axes,) if np.ndim(axes) == 0 else tuple(axes)
    found = tuple([axis_of(name, x, a) for a in chosen])
    if len(set(found)) < len(found):
        raise ArgumentError(
            f"{name}: an axis is named twice.", got=f"axes={axes}", expected="different axes"
        )
    return found


def kernel_axes(name: str, x: Any, axes: Any, origin: Any) -> tuple[tuple[int, ...], list[Any]]:
    """The axes of a kernel, increasing whatever the order of `axes` (as in SciPy), and origins."""
    named = axes_of(name, x, axes)
    origins = sequence(name, origin, len(named))
    if len(named) == len(x.shape):
        return tuple(range(len(named))), origins
    order = sorted(range(len(named)), key=named.__getitem__)
    return tuple([named[i] for i in order]), [origins[i] for i in order]


def sequence(name: str, value: Any, count: int) -> list[Any]:
    """`value` for each axis: repeated where it is one number or name."""
    is_one = isinstance(value, str) or value is None or len(np.shape(value)) == 0
    found = [value] * count if is_one else [value[i] for i in range(len(value))]
    if len(found) != count:
        raise ArgumentError(
            f"{name}: a sequence does not have one entry for each axis.",
            got=f"{len(found)} entries",
            expected=f"{count} entries, or one for all",
        )
    return found


def finish(name: str, result: Any, x: Any, output: Any) -> Any:
    """The result in the dtype of the image, or that of `output`; written into an array."""
    if output is None or isinstance(output, (str, type, np.dtype)):
        dtype = x.dtype if output is None else np.dtype(output)
        if result.dtype.kind == "c" and dtype.kind != "c":
            dtype = np.promote_types(dtype, np.complex64)
        return convert(result, dtype)
    if isinstance(output, Tracer):
        result = convert(result, output.dtype)
    return deliver(result, output, name)


def extended(
    x: Any, axis: int, before: int, after: int, mode: str, cval: Any, name: str = "a filter"
) -> Any:
    """`x` with elements beyond both ends of one axis."""
    if not before and not after:
        return x
    widths = [(0, 0)] * len(x.shape)
    widths[axis] = (before, after)
    padding = _PADDING[require_mode(name, mode)]
    if padding == "constant":
        return pad(x, widths, mode="constant", constant_values=cval)
    return np.pad(x, widths, mode=padding)  # type: ignore[call-overload]  # one of NumPy's
