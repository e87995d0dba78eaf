"""Methods and attributes of Tracers that concern shape, elements and writing."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ConversionError, IndexingError
from wengert.ops import assignment, diagonals, masks, repeating, shapes, taking
from wengert.ops.array_object import check_device
from wengert.ops.core import convert, copy, reshape, reshape_p, transpose
from wengert.ops.elements import read
from wengert.ops.elementwise import eq_p
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.output import write_all
from wengert.ops.subscripts import getitem, setitem
from wengert.trace.tracer import ScalarTracer, Tracer, bind, implements, install, snapshot
from wengert.trace.views import layout

# -- copies ----------------------------------------------------------------------------------------


@implements(np.copy)
def np_copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """A new array with the same elements."""
    return copy(a) if isinstance(a, ScalarTracer) else copied(a, order)


def copied(x: Any, order: str = "C") -> Any:
    """A handle of the same value that shares nothing with `x`, laid out in memory as asked."""
    flags = layout(x).flags
    order = shapes.reading_order(x, order) if order != "K" else order
    if flags.c_contiguous if order == "C" else flags.f_contiguous:
        return snapshot(x)
    if order == "K" and flags.c_contiguous:
        return snapshot(x)
    result = copy(x)  # compact, its axes in the order in memory of those of `x`
    if order == "K" or x.ndim < 2:
        return result
    if order == "C":
        return result if layout(result).flags.c_contiguous else reordered(x)
    backwards = range(x.ndim - 1, -1, -1)
    return snapshot(transpose(reordered(transpose(x, backwards)), backwards))


def reordered(x: Any) -> Any:
    """A copy in C order: two reshapes, the first of which cannot be a view."""
    flat = bind(reshape_p, x, shape=(x.size,), order="C")
    return snapshot(bind(reshape_p, flat, shape=x.shape, order="C"))


def astype(
    x: Tracer,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    """`x` in another dtype; a new array unless `copy` is False and nothing changes."""
    dtype = np.dtype(dtype)
    if not np.can_cast(x.dtype, dtype, casting):  # type: ignore[arg-type]  # a casting rule
        raise ArgumentError(
            "astype: the casting rule does not allow this conversion.",
            got=f"{x.dtype} to {dtype} with casting={casting!r}",
            expected="a dtype that the rule allows",
        )
    if dtype.kind not in "fciub":
        raise ArgumentError("astype: a dtype that cannot be traced.", got=f"{dtype}")
    if dtype == x.dtype:
        return snapshot(x) if copy else x
    return convert(x, dtype)


if hasattr(np, "astype"):

    @implements(np.astype)
    def np_astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        check_device("astype", device)
        return astype(x, dtype, copy=copy)


# -- elements --------------------------------------------------------------------------------------


def item(x: Tracer, *args: Any) -> Any:
    """One element, still traced."""
    if not args:
        if x.size != 1:
            raise ConversionError(
                "item: one element was asked of an array that has another number of them.",
                got=repr(x.type),
                expected="one element, or an index",
            )
        return x if isinstance(x, ScalarTracer) else read(x, (0,) * x.ndim)
    index = args[0] if len(args) == 1 else args
    if isinstance(index, tuple):
        return getitem(x, index)
    return getitem(x, unraveled(operator.index(index), x))


def unraveled(i: int, x: Tracer) -> tuple[int, ...]:
    """The index of element number `i` in C order."""
    if not -x.size <= i < x.size:
        raise IndexingError(
            "an index is out of bounds.",
            got=f"element {i} of an array with {x.size}",
            expected=f"an integer from {-x.size} to {x.size - 1}",
        )
    return tuple([int(k) for k in np.unravel_index(i % x.size, x.shape)])


def tolist(x: Tracer) -> Any:
    """Nested lists of the elements, still traced."""
    if not x.shape:
        return item(x)
    return [tolist(part) if part.shape else part for part in x]  # type: ignore[attr-defined]  # an array


def contains(x: Tracer, value: Any) -> bool:
    """`value in x`: a decision."""
    return bool(np.any(bind(eq_p, x, value)))


class FlatIterator:
    """`x.flat`: the elements in C order, read and written one by one or by an index."""

    __array_priority__ = 1000.0

    def __init__(self, array: Tracer) -> None:
        self.base = array

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self.base.size))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (int, np.integer)):
            return getitem(self.base, unraveled(int(index), self.base))
        return getitem(self.copy(), index)

    def __setitem__(self, index: Any, value: Any) -> None:
        x = self.base
        if isinstance(index, (int, np.integer)):
            setitem(x, unraveled(int(index), x), value)
            return
        flat = self.copy()
        value = at_least_0d(array_of(value))
        n = taking.take(np.arange(x.size), np.arange(x.size)[index]).size
        setitem(flat, index, assignment._repeated(reshape(value, (value.size,)), n))
        write_all(x, reshape(flat, x.shape))

    def copy(self) -> Any:
        """The elements in one axis."""
        return shapes.flatten(self.base)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.base.__array__(dtype, copy)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*[a.copy() if isinstance(a, FlatIterator) else a for a in args], **kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [a.copy() if isinstance(a, FlatIterator) else a for a in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)


def _set_flat(x: Tracer, value: Any) -> None:
    FlatIterator(x)[:] = value


# -- what a traced array does not have -------------------------------------------------------------


def view(x: Tracer, dtype: Any = None, type: Any = None) -> Any:
    """`x.view()`: the same elements; their bytes cannot be read as another dtype."""
    if dtype is None or (not isinstance(dtype, builtin_type) and np.dtype(dtype) == x.dtype):
        return x
    if isinstance(dtype, builtin_type) and issubclass(dtype, np.ndarray):
        return x
    if np.dtype(dtype) == x.dtype:
        return x
    raise ConversionError(
        "view: the bytes of a traced array cannot be read as another dtype.",
        got=f"{x.type!r} as {np.dtype(dtype)}",
        expected="the dtype that it has",
        try_="astype; x.real and x.imag for the parts of complex numbers",
    )


builtin_type = type


def _refused(name: str, instead: str) -> Any:
    def method(x: Tracer, *args: Any, **kwargs: Any) -> Any:
        raise ConversionError(
            f"{name} would take a traced value out of the recording and drop its derivative.",
            got=repr(x.type),
            expected="an operation that can be recorded",
            try_=instead,
        )

    return method


for _name in ("tobytes", "tofile", "dump", "dumps"):
    install(_name, _refused(f"x.{_name}()", "return the value (has_aux=True) and use it outside"))
install("resize", _refused("x.resize(), which changes an array's size in place,", "np.resize"))
install("byteswap", _refused("x.byteswap()", "astype"))

install("T", property(lambda x: transpose(x, range(x.ndim - 1, -1, -1))))
install("mT", property(shapes.matrix_transpose))
install("strides", property(lambda x: layout(x).strides))
install("flags", property(lambda x: layout(x).flags))
install("flat", property(FlatIterator, _set_flat))
install("reshape", shapes._reshape_method)
install("ravel", shapes.ravel)
install("flatten", shapes.flatten)
install("transpose", shapes._transpose_method)
install("swapaxes", shapes.swapaxes)
install("squeeze", shapes.squeeze)
install("copy", copied)
install("__copy__", copied)
install("__deepcopy__", lambda x, memo: copied(x))
install("astype", astype)
install("view", view)
install("item", item)
install("tolist", tolist)
install("__contains__", contains)
install("fill", assignment.fill)
install("put", assignment.put)
install("take", taking.take)
install("choose", taking.choose)
install(
    "compress", lambda x, condition, axis=None, out=None: taking.compress(condition, x, axis, out)
)
install("repeat", repeating.repeat)
install("nonzero", masks.nonzero)
install("diagonal", diagonals.np_diagonal)
install("trace", diagonals.trace)
