"""NumPy's functions that write: copyto, put, place, putmask, put_along_axis, and ufunc.at.

Each write is recorded as a new value of the array that is written, seen through all of its views.
A plain NumPy array cannot take part in that: storing a traced value in one raises, because the
derivative would be lost without a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ConversionError, DtypeError, MutationError, ShapeError
from wengert.ops.core import add, broadcast_to, convert, reshape, sub
from wengert.ops.elements import read
from wengert.ops.elementwise import select
from wengert.ops.gather import gather, scatter_add_p
from wengert.ops.joining import array_of, at_least_0d
from wengert.ops.masks import as_mask, nonzero
from wengert.ops.output import write_all
from wengert.ops.subscripts import Places, _position_to_front, getitem, parse, setitem, stored
from wengert.trace.tracer import ArrayTracer, Tracer, implements
from wengert.trace.views import update

# -- what can be written ---------------------------------------------------------------------------


def check_fits(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise unless `shape` broadcasts to `expected`."""
    padded = (1,) * (len(expected) - len(shape)) + shape
    if len(shape) > len(expected) or any(
        n not in (1, m) for n, m in zip(padded, expected, strict=True)
    ):
        raise ShapeError(
            "an in-place operation: the result does not fit its target.",
            got=f"a result of shape {shape} into a target of shape {expected}",
            expected="a result that broadcasts to the target",
            try_="x = x + y instead of x += y",
        )


def require_traced(what: str, target: Any) -> None:
    """Raise unless `target` is an array made inside the recording."""
    if isinstance(target, ArrayTracer):
        return
    if isinstance(target, Tracer):
        raise MutationError(
            f"{what}: the target is a scalar, which NumPy does not let be written.",
            got=repr(target.type),
            expected="an array",
            try_="x = x + y instead of x += y",
        )
    kind = type(target).__name__
    shown = f"{target.dtype}{list(target.shape)}" if isinstance(target, np.ndarray) else kind
    raise ConversionError(
        f"{what} would store a traced value in a plain array and drop its derivative.",
        got=f"a plain target: {shown}",
        expected="an array made inside the function that is differentiated",
        try_="make it with wengert.numpy.zeros or wengert.numpy.array(buffer), "
        "or with np.zeros_like(traced)",
    )


# -- NumPy's functions that write -----------------------------------------------------------------


@implements(np.copyto)
def _copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    require_traced("np.copyto", dst)
    src = array_of(src) if not isinstance(src, (int, float, complex)) else src
    source = src.dtype if hasattr(src, "dtype") else type(src)
    if hasattr(src, "dtype") and not np.can_cast(source, dst.dtype, casting):
        raise DtypeError(
            "copyto: the values cannot be cast to the target's dtype.",
            got=f"{source} to {dst.dtype} with casting={casting!r}",
            expected="a dtype that the casting rule allows",
            try_="casting='unsafe'",
        )
    src = stored(src, dst)
    check_fits(np.shape(src), dst.shape)
    if where is not True:
        src = select(where, src, dst)
    write_all(dst, convert(broadcast_to(src, dst.shape), dst.dtype))


def fill(x: Any, value: Any) -> None:
    """`x.fill(value)`."""
    _copyto(x, value, "unsafe")


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Store at positions of the flattened array; `v` is repeated as often as needed."""
    require_traced("np.put", a)
    from wengert.ops.taking import places_in_mode

    ind = array_of(ind)
    ind = reshape(ind, (ind.size,))
    v = at_least_0d(array_of(v))
    v = reshape(v, (v.size,))
    if not ind.size or not v.size:
        return
    flat = flat_copy(a)
    setitem(flat, places_in_mode(ind, a.size, mode), _repeated(v, ind.size))
    write_all(a, reshape(flat, a.shape))


def flat_copy(a: Any) -> Any:
    """A flattened copy in C order."""
    flat = reshape(a, (a.size,))
    return np.copy(flat)


def _repeated(v: Any, n: int) -> Any:
    """The first `n` elements of `v, v, v, …`."""
    if v.size == n or v.size == 1:
        return v
    return gather(v, (np.arange(n) % v.size,), (0,))


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Store the values, in turn, where the mask is true."""
    require_traced("np.place", arr)
    mask = array_of(mask)
    vals = at_least_0d(array_of(vals))
    vals = reshape(vals, (vals.size,))
    if mask.size != arr.size:
        raise ShapeError(
            "place: the mask and the array differ in size.",
            got=f"{mask.size} truth values for {arr.size} elements",
            expected="one for each element",
        )
    positions = nonzero(as_mask(reshape(mask, (mask.size,))))[0]
    if not positions.size:
        return
    if not vals.size:
        raise ArgumentError("place: there are no values to be stored.", got="an empty list")
    flat = flat_copy(arr)
    setitem(flat, positions, _repeated(vals, positions.size))
    write_all(arr, reshape(flat, arr.shape))


@implements(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Store `values[i]` where `mask[i]` is true, both counted in the flattened arrays."""
    require_traced("np.putmask", a)
    mask, values = as_mask(array_of(mask)), at_least_0d(array_of(values))
    values = _repeated(reshape(values, (values.size,)), a.size)
    values = convert(values, a.dtype)
    if values.size != 1:
        values = reshape(values, a.shape)
    write_all(a, broadcast_to(select(reshape(mask, a.shape), values, a), a.shape))


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """Store at `indices` along an axis, matched against the other axes."""
    require_traced("np.put_along_axis", arr)
    from wengert.ops.taking import along_axis_index

    if axis is None:
        flat = flat_copy(arr)
        setitem(flat, indices, values)
        write_all(arr, reshape(flat, arr.shape))
    else:
        setitem(arr, along_axis_index(arr.shape, indices, axis), values)


# -- ufunc.at --------------------------------------------------------------------------------------


def ufunc_at(ufunc: Any, target: Any, index: Any, values: Any = None) -> None:
    """`ufunc.at(target, index, values)`: unbuffered, once for each time a place is named."""
    require_traced(f"np.{ufunc.__name__}.at", target)
    if ufunc.nin == 1:
        found = parse(target, index)
        if isinstance(found, Places) and not found.is_item:
            _one_by_one(ufunc, target, index)
        else:
            setitem(target, index, ufunc(getitem(target, index)))
        return
    values = stored(values, target)
    if ufunc in (np.add, np.subtract):
        _add_at(target, index, values if ufunc is np.add else _negative(values))
        return
    _one_by_one(ufunc, target, index, values)


def _negative(values: Any) -> Any:
    return sub(0, values) if isinstance(values, Tracer) else -values


def _add_at(target: Any, index: Any, values: Any) -> None:
    found = parse(target, index)
    if not isinstance(found, Places) or found.is_item:
        setitem(target, index, add(getitem(target, index), values))
        return
    view = read(target, found.basic) if found.basic else target
    rank = len(np.broadcast_shapes(*[np.shape(i) for i in found.indices]))
    rank += view.ndim - len(found.axes)
    values = _position_to_front(values, found, rank)
    update(view, scatter_add_p, (values, *found.indices), {"axes": found.axes})


def _one_by_one(ufunc: Any, target: Any, index: Any, *values: Any) -> None:
    """Any other ufunc, of one argument or two: in turns that name every place at most once."""
    numbers = np.arange(target.size).reshape(target.shape)
    flat_index = _plain(index)
    places = numbers[flat_index]
    shape = places.shape
    flat_places = places.reshape(-1)
    rows = [reshape(broadcast_to(v, shape), (flat_places.size,)) for v in values]
    flat = flat_copy(target)
    for turn in _turns(flat_places):
        chosen = [gather(row, (turn,), (0,)) for row in rows]
        now = flat_places[turn]
        setitem(flat, now, ufunc(gather(flat, (now,), (0,)), *chosen))
    write_all(target, reshape(flat, target.shape))


def _turns(places: np.ndarray) -> list[np.ndarray]:
    """Positions in `places`, grouped so that the k-th group holds the k-th naming of each place."""
    seen: dict[int, int] = {}
    groups: list[list[int]] = []
    for position, where in enumerate(places.tolist()):
        k = seen.get(where, 0)
        seen[where] = k + 1
        if k == len(groups):
            groups.append([])
        groups[k].append(position)
    return [np.array(g) for g in groups]


def _plain(index: Any) -> Any:
    """An index without traced arrays."""
    items = index if isinstance(index, tuple) else (index,)
    if any(isinstance(e, Tracer) for e in items):
        raise ArgumentError(
            "ufunc.at with traced indices is there for np.add and np.subtract only.",
            got="a traced index",
            expected="plain integer arrays",
            try_="np.add.at, or a loop",
        )
    return index
