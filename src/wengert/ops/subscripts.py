"""`x[i]` and `x[i] = v` of Tracers: every index that NumPy takes, brought to the primitives' form.

Ints, slices, newaxis and Ellipsis alone are basic indexing (`indexing.py`): a view or a scalar.
Single traced integers among them read an `item`. With integer arrays the basic part is taken first,
then the arrays gather or scatter along their axes (`gather.py`), and the axes of the places are
moved to where NumPy puts them. A boolean array stands for the arrays of its nonzero positions.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.errors import DtypeError, IndexingError
from wengert.ops.core import convert, copy, fit, reshape, reshape_p, transpose
from wengert.ops.elements import read, write
from wengert.ops.elementwise import select
from wengert.ops.gather import gather, item, item_p, scatter_set_p
from wengert.ops.indexing import Index, normalize, selected_shape
from wengert.ops.joining import array_of
from wengert.ops.masks import is_mask, nonzero
from wengert.ops.output import write_all
from wengert.ops.places import places_shape
from wengert.trace.tracer import ScalarTracer, Tracer, bind, function_handlers
from wengert.trace.views import update


@dataclass(frozen=True)
class Places:
    """An index with integer arrays: basic part, then arrays along axes of what is left."""

    basic: Index
    indices: tuple[Any, ...]
    axes: tuple[int, ...]
    position: int  # of the places' axes in NumPy's result
    is_item: bool  # single integers only: a view


# -- reading ---------------------------------------------------------------------------------------


def getitem(x: Tracer, index: Any) -> Any:
    """`x[index]`."""
    kind = type(index)
    shape = x.type.shape
    if kind is int and shape and -shape[0] <= index < shape[0]:
        return read(x, (index + shape[0] if index < 0 else index,))
    if kind is np.ndarray and shape and _is_plain_place(index, shape[0]):
        return gather(x, (index,), (0,))
    found = parse(x, index)
    if found is None:
        return _zero_dimensional(x, index)
    if not isinstance(found, Places):
        if has_ellipsis(index) and not selected_shape(shape, found):
            return _zero_dimensional_view(x, found)
        return read(x, found)
    view = read(x, found.basic) if found.basic else x
    gives_zero_d = has_ellipsis(index) and view.ndim == len(found.axes)
    if found.is_item and gives_zero_d:
        view = reshape(view, (*view.shape, 1))
        return bind(reshape_p, item(view, found.indices, found.axes), shape=(), order="C")
    if found.is_item:
        return item(view, found.indices, found.axes)
    result = gather(view, found.indices, found.axes)
    if gives_zero_d and not result.shape:
        result = copy(result)  # a 0-d array of its own
    return _places_to_position(result, found)


def _is_plain_place(index: np.ndarray, extent: int) -> bool:
    """Whether an array holds valid positions along an axis: the common case, seen at once."""
    if index.dtype.kind != "i" or index.ndim == 0 or index.size == 0:
        return False
    return bool(-extent <= index.min() and index.max() < extent)


def _places_to_position(result: Any, found: Places) -> Any:
    """The result of `gather` with the places' axes where NumPy has them; no view of anything."""
    p, k = found.position, len(places_shape(found.indices))
    if p == 0 or k == 0:
        return result
    n = result.ndim
    result = transpose(result, (*range(k, k + p), *range(k), *range(k + p, n)))
    if isinstance(result, Tracer):
        result.base = None
    return result


def _position_to_front(value: Any, found: Places, rank: int) -> Any:
    """A value to be written, given in NumPy's order of axes, with the places' axes first."""
    p, k = found.position, len(places_shape(found.indices))
    if p == 0 or k == 0 or np.ndim(value) == 0:
        return value
    value = reshape(value, (*(1,) * (rank - value.ndim), *value.shape))
    return transpose(value, (*range(p, p + k), *range(p), *range(p + k, rank)))


def getitem_scalar(x: ScalarTracer, index: Any) -> Any:
    """`x[()]`, `x[...]`, `x[None]` and `x[truth]` of what NumPy returns as a scalar."""
    items = index if isinstance(index, tuple) else (index,)
    if not items:
        return x
    if not all(e is None or e is Ellipsis or is_mask(e) for e in items):
        raise IndexingError(
            "a scalar has no elements.",
            got=f"index {index!r}",
            expected="(), ..., None or a truth value",
        )
    return getitem(copy(x), index)


# -- writing ---------------------------------------------------------------------------------------


def setitem(x: Tracer, index: Any, value: Any) -> None:
    """`x[index] = value`, with NumPy's casting and broadcasting."""
    kind = type(index)
    shape = x.type.shape
    if kind is int and shape and -shape[0] <= index < shape[0]:
        write(x, (index + shape[0] if index < 0 else index,), stored(value, x))
        return
    value = stored(value, x)
    if _write_by_mask(x, index, value):
        return
    found = parse(x, index)
    if found is None:
        _set_zero_dimensional(x, index, value)
    elif not isinstance(found, Places):
        write(x, found, value)
    else:
        _write_places(x, found, value)


def _write_places(x: Tracer, found: Places, value: Any) -> None:
    if found.is_item and _is_item_itself(value, x, found):
        return
    view = read(x, found.basic) if found.basic else x
    k = len(places_shape(found.indices))
    rank = k + view.ndim - len(found.axes)
    while np.ndim(value) > rank and value.shape[0] == 1:
        value = reshape(value, value.shape[1:])
    value = _position_to_front(value, found, rank)
    update(view, scatter_set_p, (value, *found.indices), {"axes": found.axes})


def _is_item_itself(value: Any, x: Tracer, found: Places) -> bool:
    """Whether `value` is the view `x[i]` itself, already written: `x[i] += v` ends so."""
    if not isinstance(value, Tracer) or value.base is not x or found.basic:
        return False
    primitive, others, params = value.view_of
    return (
        primitive is item_p
        and params["axes"] == found.axes
        and value.seen == x.version
        and all(same_atom(a, b) for a, b in zip(others, found.indices, strict=True))
    )


def same_atom(a: Any, b: Any) -> bool:
    """Whether two indices are the same traced value or the same plain one."""
    if isinstance(a, Tracer) and isinstance(b, Tracer):
        return a.variable is b.variable and a.recording is b.recording
    return not isinstance(a, Tracer) and not isinstance(b, Tracer) and bool(a == b)


def _write_by_mask(x: Tracer, index: Any, value: Any) -> bool:
    """`x[mask] = value` for a value that does not depend on the place: no count is needed."""
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    if not isinstance(index, Tracer) or index.dtype.kind != "b":
        return False
    k = index.ndim
    if np.ndim(value) > x.ndim - k or index.shape != x.shape[:k] or not x.shape:
        return False
    mask = reshape(index, (*index.shape, *(1,) * (x.ndim - k)))
    write_all(x, fit(select(mask, value, x), x.type))
    return True


def stored(value: Any, target: Any) -> Any:
    """A value about to be written into `target`: an operand of its dtype, as NumPy casts it."""
    dtype = target.dtype
    kind = type(value)
    if kind is int or kind is bool or (kind is float and dtype.kind in "fc"):
        return value
    if isinstance(value, (list, tuple)):
        value = array_of(value)
    elif not isinstance(value, (Tracer, np.ndarray, np.generic)):
        value = np.asarray(value)[()]
    if value.dtype.kind == "c" and dtype.kind != "c" and value.ndim == 0:
        raise DtypeError(
            "a complex number was assigned to an element of a real array.",
            got=f"{value.dtype} into {dtype}",
            expected="a real number",
            try_="np.real(...) of it, or a complex array",
        )
    return convert(value, dtype)


# -- every form of index ---------------------------------------------------------------------------


def parse(x: Any, index: Any) -> Index | Places | None:
    """The index in normal form; None for a 0-d boolean, which has its own rules."""
    items = index if isinstance(index, tuple) else (index,)
    entries: list[Any] = []
    masks: list[tuple[int, tuple[int, ...]]] = []
    n_axes = 0
    ellipsis_at = None
    for e in items:
        kind = type(e)
        if kind is int or kind is slice:
            entries.append(e)
            n_axes += 1
        elif e is None:
            entries.append(None)
        elif e is Ellipsis:
            if ellipsis_at is not None:
                raise IndexingError("an index has more than one Ellipsis.", got=repr(index))
            ellipsis_at = len(entries)
        else:
            picked = index_operand(e)
            if is_mask(picked):
                if not np.ndim(picked):
                    return None
                masks.append((len(entries), picked.shape))
                entries += nonzero(picked)
                n_axes += picked.ndim
            else:
                entries.append(picked)
                n_axes += 1
    filled, at = _filled(x.shape, entries, n_axes, ellipsis_at)
    if all(map(_is_basic, filled)):
        return normalize(filled, x.shape)
    for position, mask_shape in masks:
        position += len(filled) - len(entries) if position >= at else 0
        axis = sum([e is not None for e in filled[:position]])
        _check_mask(mask_shape, x.shape[axis : axis + len(mask_shape)])
    # An Ellipsis that fills no axis still separates the arrays before and after it.
    gap = at if ellipsis_at is not None and len(filled) == len(entries) else None
    return _places(filled, x.shape, gap)


def _check_mask(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        raise IndexingError(
            "a boolean index does not have the shape of what it selects from.",
            got=f"a mask of shape {shape} for axes of shape {expected}",
            expected="one truth value for each element, or each row",
        )


def _filled(
    shape: tuple[int, ...], entries: list[Any], n_axes: int, ellipsis_at: int | None
) -> tuple[list[Any], int]:
    """The entries with full slices for the axes that nobody named, and where these stand."""
    if n_axes > len(shape):
        raise IndexingError(
            "too many indices for an array.",
            got=f"{n_axes} indices for shape {shape}",
            expected=f"at most {len(shape)}",
        )
    at = len(entries) if ellipsis_at is None else ellipsis_at
    fill = [slice(None)] * (len(shape) - n_axes)
    return [*entries[:at], *fill, *entries[at:]], at


def _is_basic(entry: Any) -> bool:
    return entry is None or type(entry) is int or type(entry) is slice


def _places(entries: list[Any], shape: tuple[int, ...], gap: int | None) -> Places:
    is_item = all(_is_basic(e) or isinstance(e, ScalarTracer) for e in entries)
    basic: list[Any] = []
    indices: list[Any] = []
    axes: list[int] = []
    n_kept = 0
    for e in entries:
        if e is None or type(e) is slice or (is_item and type(e) is int):
            basic.append(e)
        else:
            basic.append(slice(None))
            indices.append(e)
            axes.append(n_kept)
            if type(e) is int:
                normalize([e], (_axis_length(entries, shape, n_kept),))
        if not (is_item and type(e) is int):
            n_kept += 1
    first, last = axes[0], axes[-1]
    is_split = last - first >= len(axes) or (gap is not None and first < gap <= last)
    position = 0 if is_item or is_split else first
    return Places(normalize(basic, shape), tuple(indices), tuple(axes), position, is_item)


def _axis_length(entries: list[Any], shape: tuple[int, ...], place: int) -> int:
    """The length of the axis that entry number `place` is for."""
    return shape[sum([e is not None for e in entries[:place]])]


def index_operand(e: Any) -> Any:
    """One entry of an index that is no int, slice, None or Ellipsis: an int, array or Tracer."""
    if isinstance(e, (bool, np.bool_)):
        return np.asarray(e)
    if isinstance(e, np.integer):
        return int(e)
    if isinstance(e, (list, tuple)):
        e = array_of(e)
        if e.size == 0 and isinstance(e, np.ndarray):
            e = e.astype(np.intp)
    if isinstance(e, (np.ndarray, Tracer)):
        if e.dtype.kind in "iub":
            return e
    elif hasattr(e, "__index__"):
        return operator.index(e)
    elif hasattr(e, "__array__"):
        return index_operand(np.asarray(e))
    raise IndexingError(
        "an index is of the wrong kind.",
        got=f"{e.dtype} values" if hasattr(e, "dtype") else f"{e!r} of type {type(e).__name__}",
        expected="integers, slices, None, ..., integer arrays or boolean arrays",
        try_="x.astype(int) for whole numbers held as floats",
    )


# -- 0-d booleans, Ellipsis on 0-d, and scalars ----------------------------------------------------


def has_ellipsis(index: Any) -> bool:
    return index is Ellipsis or (isinstance(index, tuple) and any(e is Ellipsis for e in index))


def _zero_dimensional_view(x: Any, index: Index) -> Any:
    """`x[0, ...]`, which is a 0-d array where `x[0]` is a scalar."""
    if index:
        x = read(x, (*index[:-1], (index[-1], index[-1] + 1, 1)))
    return bind(reshape_p, x, shape=(), order="C")


def _lone(index: Any) -> Any:
    items = index if isinstance(index, tuple) else (index,)
    if len(items) != 1:
        raise IndexingError(
            "a single truth value among other indices is not supported.",
            got=repr(index),
            expected="a truth value alone, or an array of them",
        )
    return reshape(index_operand(items[0]), (1,))


def _zero_dimensional(x: Any, index: Any) -> Any:
    mask = _lone(index)
    return getitem(read(x, (None,)), mask)


def _set_zero_dimensional(x: Any, index: Any, value: Any) -> None:
    mask = _lone(index)
    setitem(read(x, (None,)), mask, value)


function_handlers["getitem"] = getitem
function_handlers["getitem_scalar"] = getitem_scalar
function_handlers["setitem"] = setitem
