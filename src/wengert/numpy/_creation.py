"""The constructors of `wengert.numpy`: arrays of the current recording, where there is one."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops import creation
from wengert.ops.array_object import check_device
from wengert.ops.core import add, convert, iota, mul, reshape
from wengert.ops.creation import array, asarray, here, ones, zeros
from wengert.ops.elementwise import div
from wengert.ops.joining import array_of, has_tracer
from wengert.ops.shapes import shape_tuple
from wengert.trace.tracer import Tracer, current_recording

__all__ = ["array", "asarray", "ones", "zeros"]

asanyarray = asarray
empty = zeros
full = creation.full_
zeros_like = creation.zeros_like
empty_like = creation.zeros_like
ones_like = creation.ones_like
full_like = creation.full_like


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """`a` as an array with at least one axis, in C order."""
    result = np.copy(asarray(a, dtype), order="C")
    return result if result.ndim else reshape(result, (1,))


def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """`a` as an array with at least one axis, in Fortran order."""
    result = np.copy(asarray(a, dtype), order="F")
    return result if result.ndim else reshape(result, (1,))


def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> Any:
    """`a` as an array of a dtype; requirements on memory are met by every array here."""
    if current_recording.get() is None and not has_tracer(a):
        return np.require(a, dtype, requirements)
    return asarray(a, dtype)


def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    """`asarray`, which raises where a value is NaN or infinite: a decision on traced values."""
    if not has_tracer(a):
        return here(np.asarray_chkfinite(a, dtype, order))
    result = asarray(a, dtype)
    if result.dtype.kind in "fc" and not bool(np.all(np.isfinite(result))):
        raise ArgumentError("asarray_chkfinite: there are NaNs or infinities.", got=repr(result))
    return result


def from_dlpack(x: Any, /, *, device: Any = None, copy: Any = None) -> Any:
    """The array that shares the memory of another library's; a traced value is one already."""
    if not isinstance(x, Tracer):
        plain = np.from_dlpack(x, device=device, copy=copy)
        return plain if copy is False else here(plain)
    return asarray(x, device=device, copy=copy)


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """A new array with the same elements, in the current recording if there is one."""
    a = array_of(a)
    return np.copy(here(a), order=order)


def arange(
    start: Any,
    stop: Any = None,
    step: Any = None,
    dtype: Any = None,
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Numbers from `start` up to `stop`; how many is decided by the values of traced bounds."""
    check_device("arange", device)
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if not has_tracer([start, stop, step]):
        return here(np.arange(start, stop, step, dtype))  # type: ignore[call-overload]  # as given
    n = max(operator.index(np.ceil(div(stop - start, step)).__int__()), 0)
    kind = np.result_type(
        *[a if isinstance(a, (int, float)) else a.dtype for a in (start, stop, step)]
    )
    values = add(start, mul(convert(iota(n), kind), step))
    return convert(values, kind if dtype is None else np.dtype(dtype))


def eye(
    N: Any,
    M: Any = None,
    k: int = 0,
    dtype: Any = float,
    order: str = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Ones on a diagonal, zeros elsewhere."""
    check_device("eye", device)
    n = operator.index(N)
    return here(np.eye(n, None if M is None else operator.index(M), k, dtype))


def identity(n: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """The identity matrix."""
    return here(np.identity(operator.index(n), dtype))


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = float, *, like: Any = None) -> Any:
    """Ones on and below a diagonal, zeros above."""
    return here(np.tri(operator.index(N), None if M is None else operator.index(M), k, dtype))


def indices(dimensions: Any, dtype: Any = int, sparse: bool = False) -> Any:
    """The index of each element of an array of this shape, one array for each axis."""
    found = np.indices(shape_tuple(dimensions), dtype, sparse)  # type: ignore[call-overload]  # as given
    return tuple(map(here, found)) if sparse else here(found)


def fromfunction(
    function: Callable[..., Any], shape: Any, *, dtype: Any = float, like: Any = None, **kwargs: Any
) -> Any:
    """The array whose element at (i, j, …) is `function(i, j, …)`."""
    grid = np.indices(shape_tuple(shape), dtype)
    result = function(*map(here, grid), **kwargs)
    return result


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """A 1-d array of the elements of an iterable, which may be traced."""
    items = [item for _, item in zip(range(count), iter, strict=False)] if count >= 0 else [*iter]
    if has_tracer(items):
        return array(items, dtype)
    return here(np.fromiter(items, dtype))


def _ranging(function: Callable[..., Any], traced: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(has_tracer, args)) or any(map(has_tracer, kwargs.values())):
            return traced(*args, **kwargs)
        result = function(*args, **kwargs)
        if isinstance(result, tuple):
            return tuple([here(part) if isinstance(part, np.ndarray) else part for part in result])
        return here(result)

    call.__name__ = function.__name__
    call.__doc__ = f"`numpy.{function.__name__}`, in the current recording if there is one."
    return call


linspace = _ranging(np.linspace, creation.linspace)
logspace = _ranging(np.logspace, creation.logspace)
geomspace = _ranging(np.geomspace, creation.geomspace)
meshgrid = _ranging(np.meshgrid, np.meshgrid)
