"""`out=` and in-place operators: results written into arrays that exist already."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ConversionError, DtypeError, MutationError, ShapeError
from wengert.ops.core import fit, set_all_p
from wengert.trace.tracer import ArrayTracer, Tracer
from wengert.trace.views import check_writable, rebind, refresh, update
from wengert.types import Type


def write_result(target: Any, result: Any, name: str = "out=", casting: str = "same_kind") -> Any:
    """Write `result` into the array `target`, cast and broadcast as NumPy's `out=` does.

    Returns
    -------
    ArrayTracer
        The handle of `target`, rebound to the new contents.
    """
    check_cast(name, result, target.type, casting)
    write_all(target, fit(result, target.type))
    return target


def write_all(target: Tracer, value: Any) -> None:
    """Make `value`, of the target's type, the new contents of `target`."""
    refresh(target)
    if not isinstance(value, Tracer) or value.recording is not target.recording:
        update(target, set_all_p, (value,), {})
        return
    refresh(value)
    if not _has_same_order(target, value):
        update(target, set_all_p, (value,), {})
        return
    check_writable(target, [value])
    value.is_owned = False  # the two share one buffer from now on
    rebind(target, value)


def _has_same_order(target: Tracer, value: Tracer) -> bool:
    """Whether the new value lies in memory as the old one did, so that views of it are the same."""
    if target.base is not None or target.ndim < 2:
        return True
    a, b = _innermost(target), _innermost(value)
    return a is None or b is None or bool(a.strides == b.strides)


def _innermost(tracer: Tracer) -> Any:
    value = tracer.value
    while isinstance(value, Tracer):
        value = value.value
    return value


def check_cast(name: str, result: Any, type_: Type, casting: str) -> None:
    """Raise unless NumPy would write `result` into an array of this type."""
    shape, dtype = np.shape(result), getattr(result, "dtype", None) or np.asarray(result).dtype
    if not np.can_cast(dtype, type_.dtype, casting):  # type: ignore[arg-type]  # a casting rule
        raise DtypeError(
            f"{name}: the result cannot be written into an array of this dtype.",
            got=f"a result of dtype {dtype} for {type_!r}",
            expected=f"a dtype that casts to {type_.dtype} by the rule {casting!r}",
            try_="x = x + y instead of x += y, or convert with astype",
        )
    if shape != type_.shape and not _broadcasts(shape, type_.shape):
        raise ShapeError(
            f"{name}: the result does not fit into the array it is written to.",
            got=f"a result of shape {shape} for {type_!r}",
            expected=f"a shape that broadcasts to {type_.shape}",
        )


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if len(shape) > len(target):
        return False
    return all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))


def deliver(result: Any, out: Any, name: str, casting: str = "same_kind") -> Any:
    """What a NumPy function returns for its result and its argument `out`.

    Parameters
    ----------
    result : Tracer, array or scalar
    out : None, ArrayTracer, numpy.ndarray, or a tuple of one of them
        None returns the result; an array is written and returned.
    name : str
        The function, for messages.
    """
    if type(out) is tuple:
        (out,) = out
    if out is None:
        return result
    if isinstance(out, ArrayTracer):
        return write_result(out, result, name, casting)
    if isinstance(out, Tracer) or not isinstance(out, np.ndarray):
        raise MutationError(
            f"{name}: out is not an array that can be written.",
            got=repr(out),
            expected="an array made inside the function",
            try_="wengert.numpy.zeros",
        )
    if isinstance(result, Tracer):
        raise ConversionError(
            f"{name}: a traced result would be written into a plain array and lose its derivative.",
            got=f"a result {result.type!r}, out of dtype {out.dtype} and shape {out.shape}",
            expected="an array that is part of the recording",
            try_="wengert.numpy.zeros instead of np.zeros for the buffer, or the result returned",
        )
    check_cast(name, result, Type(out.shape, out.dtype), casting)
    np.copyto(out, result, casting="unsafe")
    return out
