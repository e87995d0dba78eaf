"""Arrays made under a trace: `*_like`, and the functions behind `wengert.numpy`'s constructors.

Inside a recording the results are arrays of that recording, so that traced values can be written
into them; outside they are plain NumPy arrays.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops.array_object import check_device, refuse_copy
from wengert.ops.core import add, broadcast_to, convert, full, mul, reshape, sub
from wengert.ops.core import copy as copy_of
from wengert.ops.elementwise import div, power
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.selection import real_dtype
from wengert.ops.shapes import shape_tuple
from wengert.trace.tracer import ArrayTracer, Tracer, current_recording, implements
from wengert.types import Type

# -- like another array ----------------------------------------------------------------------------


def _like_type(prototype: Any, dtype: Any, shape: Any) -> Type:
    prototype = prototype if isinstance(prototype, Tracer) else np.asarray(prototype)
    return Type(
        prototype.shape if shape is None else shape_tuple(shape),
        prototype.dtype if dtype is None else dtype,
    )


def _zero(dtype: Any) -> Any:
    """The number zero: the integer would be a zero of the transforms' making (`zeros_of`)."""
    return 0.0 if np.dtype(dtype).kind in "fc" else 0


@implements(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Zeros of the type of `a`, an array of its recording that can be written."""
    check_device("zeros_like", device)
    type_ = _like_type(a, dtype, shape)
    return full(type_.shape, _zero(type_.dtype), type_.dtype)


@implements(np.ones_like)
def ones_like(
    a: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Ones of the type of `a`, an array of its recording that can be written."""
    check_device("ones_like", device)
    type_ = _like_type(a, dtype, shape)
    return full(type_.shape, 1, type_.dtype)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """An array of the type of `a` filled with one value, which may be traced."""
    check_device("full_like", device)
    type_ = _like_type(a, dtype, shape)
    return filled(type_, fill_value)


def filled(type_: Type, value: Any) -> Any:
    """An array of `type_` filled by broadcasting `value`; it can be written."""
    if isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic):
        return full(type_.shape, type_.dtype.type(value).item(), type_.dtype)
    value = convert(at_least_0d(array_of(value)), type_.dtype)
    return here(np.copy(broadcast_to(value, type_.shape)))


# -- in the current recording ----------------------------------------------------------------------


def here(value: Any) -> Any:
    """A plain array as an array of the current recording, if there is one."""
    recording = current_recording.get()
    if recording is None or isinstance(value, Tracer):
        return value
    variable, kept = recording.capture_array(np.asarray(value))
    return ArrayTracer(recording, variable, kept if recording.has_values else None)


def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
) -> Any:
    """`np.array`, also of nested lists that hold traced values.

    Parameters
    ----------
    object : array_like
        Numbers, arrays, traced values, or nested lists of them.
    dtype, copy, order, ndmin
        As in `np.array`.

    Returns
    -------
    array
        A new array, in the current recording if there is one.

    Examples
    --------
    >>> import wengert as wg
    >>> import wengert.numpy as wnp
    >>> import numpy as np
    >>> def rotated(angle):
    ...     c, s = np.cos(angle), np.sin(angle)
    ...     return (wnp.array([[c, -s], [s, c]]) @ np.array([1.0, 0.0]))[1]
    >>> wg.grad(rotated)(0.0)
    np.float64(1.0)
    """
    result = array_of(object, dtype)
    if not isinstance(result, Tracer):
        if current_recording.get() is None:
            return np.array(object, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin)
        result = here(np.array(object, dtype, ndmin=ndmin, order=order))
    if result.ndim < ndmin:
        result = reshape(result, (*(1,) * (ndmin - result.ndim), *result.shape))
    if copy is False and result is not object:
        refuse_copy("array", object)
    if not isinstance(result, ArrayTracer):
        return copy_of(result)
    return np.copy(result, order=order) if copy else result


def asarray(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    device: Any = None,
    copy: Any = None,
    like: Any = None,
) -> Any:
    """`np.asarray`: traced values, and plain arrays outside a recording, are not copied.

    In a recording a plain array is copied into it, unless `copy` is False: then it stays plain.
    """
    check_device("asarray", device)
    result = array_of(a, dtype)
    if not isinstance(result, Tracer):
        plain = np.asarray(a, dtype, order, copy=copy)
        return plain if copy is False else here(plain)
    if copy is False and result is not a:
        refuse_copy("asarray", a)
    if not isinstance(result, ArrayTracer):
        return copy_of(result)
    return np.copy(result, order=order or "K") if copy or order in ("C", "F") else result


def zeros(
    shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """Zeros, in the current recording if there is one: a buffer for traced values.

    Examples
    --------
    >>> import wengert as wg
    >>> import wengert.numpy as wnp
    >>> def f(x):
    ...     buffer = wnp.zeros(3)
    ...     for i in range(3):
    ...         buffer[i] = x**i
    ...     return buffer.sum()
    >>> wg.grad(f)(2.0)
    np.float64(5.0)
    """
    check_device("zeros", device)
    dtype = np.dtype(dtype)
    return full(shape_tuple(shape), _zero(dtype), dtype)


def ones(
    shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """Ones, in the current recording if there is one."""
    check_device("ones", device)
    return full(shape_tuple(shape), 1, np.dtype(dtype))


def full_(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """An array filled with one value, which may be traced."""
    check_device("full", device)
    if dtype is None:
        dtype = array_of(fill_value).dtype
    return filled(Type(shape_tuple(shape), dtype), fill_value)


# -- ranges ----------------------------------------------------------------------------------------


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Evenly spaced numbers between two ends, which may be traced."""
    check_device("linspace", device)
    n = operator.index(num)
    if n < 0:
        raise ArgumentError("linspace: the number of samples is negative.", got=str(n))
    start, stop = as_floats(start, stop)
    n_steps = n - 1 if endpoint else n
    delta = sub(stop, start)
    shape = (n,) + (1,) * delta.ndim
    numbers = np.arange(n, dtype=real_dtype(delta.dtype)).reshape(shape)
    step = div(delta, n_steps) if n_steps > 0 else mul(delta, np.nan)
    values = add(start, mul(numbers, step) if n_steps > 0 else mul(numbers, delta))
    if endpoint and n > 1:
        is_last = numbers == n - 1
        values = np.where(is_last, stop, values)
    if dtype is not None and np.dtype(dtype).kind in "iu":
        values = np.floor(values)
    if dtype is not None:
        values = convert(values, np.dtype(dtype))
    if axis:
        values = np.moveaxis(values, 0, axis)
    return (values, step) if retstep else values


def as_floats(*ends: Any) -> list[Any]:
    """The ends of a range in one floating-point dtype; Python numbers adapt to the others."""
    operands = [x if isinstance(x, (int, float, complex)) else array_of(x) for x in ends]
    dtype = np.result_type(*[getattr(x, "dtype", x) for x in operands], 0.0)
    return [convert(x, dtype) for x in operands]


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Powers of `base` at evenly spaced exponents."""
    exponents = linspace(start, stop, num, endpoint, axis=0)
    if np.ndim(base):
        base = np.expand_dims(base, 0)
    values = power(base, exponents)
    values = np.moveaxis(values, 0, axis) if axis else values
    return values if dtype is None else convert(values, np.dtype(dtype))


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers evenly spaced on a log scale between two ends of one sign."""
    n = operator.index(num)
    start, stop = [convert(x, np.result_type(x.dtype, np.float64)) for x in as_floats(start, stop)]
    ratio = div(stop, start)
    fractions = linspace(0.0, 1.0, n, endpoint).astype(real_dtype(ratio.dtype))
    fractions = fractions.reshape((n,) + (1,) * ratio.ndim)
    values = mul(start, power(ratio, fractions))
    if endpoint and n > 1:
        values = np.where(np.arange(n).reshape(fractions.shape) == n - 1, stop, values)
    values = np.moveaxis(values, 0, axis) if axis else values
    return values if dtype is None else convert(values, np.dtype(dtype))
