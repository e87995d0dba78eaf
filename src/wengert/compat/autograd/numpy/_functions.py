"""What autograd's NumPy has that Wengert's has not, or has otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.compat.autograd._boxes import getval
from wengert.control.checkpoint import stop_gradient
from wengert.errors import ArgumentError
from wengert.ops.core import reshape
from wengert.ops.joining import array_of, concatenate, has_tracer
from wengert.ops.taking import take


class _IntegerMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


def _integer_type(base: Any) -> Any:
    """NumPy's integer type, whose constructor takes the value of a traced number, a constant."""

    def new(cls: Any, value: Any = 0) -> Any:
        return base(getval(value))

    return _IntegerMeta(base.__name__, (base,), {"__new__": new})


int8, int16, int32, int64 = map(_integer_type, (np.int8, np.int16, np.int32, np.int64))


class _AxisConcatenator:
    """`np.r_` and `np.c_`, whose entries may be traced.

    NumPy places the positions of the numbers instead of the numbers, which are then taken.
    """

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getitem__(self, key: Any) -> Any:
        if not has_tracer(key):
            return self._original[key]
        parts = key if isinstance(key, tuple) else (key,)
        pool: list[Any] = []
        places: list[Any] = []
        start = 0
        for part in parts:
            if isinstance(part, str):
                places.append(part)
                continue
            values = np.r_[part] if isinstance(part, slice) else array_of(part)
            pool.append(reshape(values, (values.size,)))
            places.append(np.arange(start, start + values.size).reshape(values.shape))
            start += values.size
        return take(concatenate(pool, 0), self._original[tuple(places)])


r_ = _AxisConcatenator(np.r_)
c_ = _AxisConcatenator(np.c_)


def clip(a: Any, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    """`np.clip`, with derivative zero at the bounds and none in the bounds themselves.

    Examples
    --------
    >>> import wengert.compat.autograd.numpy as np
    >>> from wengert.compat.autograd import elementwise_grad
    >>> elementwise_grad(lambda x: np.clip(x, 0.0, 1.0))(np.array([-1.0, 0.0, 0.5, 1.0]))
    array([0., 0., 1., 0.])
    """
    if not has_tracer(a):
        return np.clip(a, a_min, a_max, **kwargs)
    a = array_of(a)
    clipped = stop_gradient(np.clip(a, a_min, a_max, **kwargs))
    inside = np.ones(np.shape(clipped), bool)
    for bound in (a_min, a_max, kwargs.get("min"), kwargs.get("max")):
        if bound is not None:
            inside = np.logical_and(inside, clipped != bound)
    return np.where(inside, a, clipped)


def concatenate_args(axis: int, *args: Any) -> Any:
    """`np.concatenate(args, axis)`."""
    return concatenate([array_of(a) for a in args], axis)


def array_from_args(array_args: Any, array_kwargs: Any, *args: Any) -> Any:
    """`np.array(args)`."""
    from wengert.numpy import array

    return array(list(args), *array_args, **array_kwargs)


def make_diagonal(D: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The matrices with the rows of `D` on their diagonals."""
    if (offset, axis1, axis2) != (0, -1, -2):
        raise ArgumentError(
            "make_diagonal: only the main diagonal of the last two axes can be made.",
            got=f"offset={offset}, axis1={axis1}, axis2={axis2}",
            expected="offset=0, axis1=-1, axis2=-2",
        )
    n = np.shape(D)[-1]
    return array_of(D)[..., None] * np.eye(n)


def metadata(A: Any) -> tuple[Any, int, Any, bool]:
    """Shape, number of axes, dtype, and whether it is complex."""
    return np.shape(A), np.ndim(A), np.result_type(A), np.iscomplexobj(A)


def parse_einsum_input(*args: Any) -> Any:
    """The subscripts and operands of an einsum, as `np.einsum_path` reads them."""
    # autograd's users call it under this name; NumPy keeps it private and leaves it untyped.
    from numpy._core.einsumfunc import _parse_einsum_input  # type: ignore[attr-defined]  # private

    return _parse_einsum_input(args)
