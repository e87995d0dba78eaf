"""Advanced indexing: reading, writing and adding at places that integer arrays name.

    gather(x, i, j, …)           x at (i, j, …) along `axes`; the places' axes come first
    item(x, i, j, …)             the same for single integers: a view, or a scalar
    scatter_set(x, v, i, j, …)   x with v written there; of several writes the last one counts
    scatter_add(x, v, i, j, …)   x with v added there, as often as a place is named

Integer arrays may be traced; they are inputs, so that Programs of one structure serve all of them.
`subscripts.py` brings every index that NumPy takes into this form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import DtypeError
from wengert.ir.dependence import Collects, Moves
from wengert.ir.emission import Pull, Whole
from wengert.ir.flow import Flow, are_indices_known, united
from wengert.ir.primitive import Primitive
from wengert.ops.core import broadcast_to, reshape, transpose, unfit, zeros_of
from wengert.ops.elementwise import select
from wengert.ops.families import linear
from wengert.ops.indexing import fits_selection, update_jvp, writable
from wengert.ops.places import batch_places, lanes, last_writer_p, places_shape
from wengert.trace.tracer import bind
from wengert.types import Type

Axes = tuple[int, ...]


def gather(x: Any, indices: Sequence[Any], axes: Axes) -> Any:
    """The elements of `x` at `indices`, one index array for each of `axes` (increasing).

    The result has the broadcast shape of the indices, then the other axes of `x`.
    """
    return bind(gather_p, x, *indices, axes=axes)


def item(x: Any, indices: Sequence[Any], axes: Axes) -> Any:
    """The same for 0-d indices: a view of `x` without these axes, or a scalar."""
    return bind(item_p, x, *indices, axes=axes)


def scatter_set(x: Any, value: Any, indices: Sequence[Any], axes: Axes) -> Any:
    """A new array: `x` with `value` at the places that `gather` reads."""
    return bind(scatter_set_p, x, value, *indices, axes=axes)


def scatter_add(x: Any, value: Any, indices: Sequence[Any], axes: Axes) -> Any:
    """A new array: `x` with `value` added at these places, once for each time one is named."""
    return bind(scatter_add_p, x, value, *indices, axes=axes)


@lru_cache(maxsize=10_000)
def _to_front(ndim: int, axes: Axes) -> Axes | None:
    """The permutation that brings `axes` to the front, None if they are there."""
    if axes == tuple(range(len(axes))):
        return None
    return (*axes, *[a for a in range(ndim) if a not in axes])


def _front(x: Any, axes: Axes) -> Any:
    """A view of the array `x` with `axes` first."""
    perm = _to_front(x.ndim, axes)
    return x if perm is None else x.transpose(perm)


def _gather(x: Any, *indices: Any, axes: Axes) -> Any:
    result = _front(x, axes)[indices]
    if any(type(i) is np.ndarray for i in indices):
        return result
    return result.copy()  # NumPy takes integers alone as basic indexing and gives a view


def _item(x: Any, *indices: Any, axes: Axes) -> Any:
    return _front(x, axes)[indices]


def _gather_type(x: Type, *indices: Any, axes: Axes) -> Type:
    for i in indices:
        if isinstance(i, Type) and i.dtype.kind not in "iu":
            raise DtypeError("an index array must hold integers.", got=repr(i))
    rest = [n for a, n in enumerate(x.shape) if a not in axes]
    return Type((*places_shape(indices), *rest), x.dtype)


def _set(base: Any, value: Any, *indices: Any, axes: Axes) -> Any:
    return _set_in_place(np.array(base), value, *indices, axes=axes)


def _set_in_place(base: Any, value: Any, *indices: Any, axes: Axes) -> Any:
    base = writable(base)
    _front(base, axes)[indices] = value
    return base


def _add(base: Any, value: Any, *indices: Any, axes: Axes) -> Any:
    return _add_in_place(np.array(base), value, *indices, axes=axes)


def _add_in_place(base: Any, value: Any, *indices: Any, axes: Axes) -> Any:
    base = writable(base)
    front = _front(base, axes)
    if all(np.ndim(i) == 0 for i in indices):
        front[indices] += value
    elif len(indices) == 1 and front.ndim > 1 and front.size:
        _add_rows(front, value, np.asarray(indices[0]))
    else:
        np.add.at(front, indices, value)
    return base


def _add_rows(front: Any, value: Any, places: Any) -> None:
    """Rows added one group of equal places at a time: `np.add.at` takes them number by number."""
    value = np.broadcast_to(value, (*places.shape, *front.shape[1:]))
    flat = places.reshape(-1)
    n = front.shape[0]
    if flat.size and not -n <= flat.min() <= flat.max() < n:
        raise IndexError(f"index out of bounds for axis 0 with size {n}")
    flat = np.where(flat < 0, flat + n, flat)
    order = np.argsort(flat, kind="stable")
    rows = value.reshape(flat.size, *front.shape[1:])[order]
    starts = np.flatnonzero(np.diff(flat[order], prepend=-1))
    if starts.size:
        front[flat[order][starts]] += np.add.reduceat(rows, starts, axis=0)


def _update_type(base: Type, value: Any, *indices: Any, axes: Axes) -> Type:
    if isinstance(value, Type):
        fits_selection(value.shape, _gather_type(base, *indices, axes=axes).shape)
    return base


# -- transposes ------------------------------------------------------------------------------------


def _accumulate(acc: Any, ct: Any, args: Any, *, axes: Axes) -> Any:
    return scatter_add(zeros_of(args[0]) if acc is None else acc, ct, args[1:], axes)


def _transpose_set(cts: Any, args: Any, linear: Any, *, axes: Axes) -> Any:
    """A value that was overwritten by a later one of the same assignment has no influence."""
    ct = cts[0]
    indices = args[2:]
    results = {}
    if 1 in linear:
        part = gather(ct, indices, axes)
        shape = places_shape(indices)
        if shape:
            bounds = tuple([ct.shape[a] for a in axes])
            last = bind(last_writer_p, *indices, bounds=bounds)
            last = reshape(last, (*shape, *(1,) * (part.ndim - len(shape))))
            part = select(last, part, 0)
        results[1] = unfit(part, args[1])
    if 0 in linear:
        results[0] = scatter_set(ct, 0, indices, axes)
    return results


def _transpose_add(ct: Any, args: Any, i: int, *, axes: Axes) -> Any:
    return ct if i == 0 else unfit(gather(ct, args[2:], axes), args[1])


# -- batching --------------------------------------------------------------------------------------


def _gather_batch(size: int, args: Any, is_batched: Any, *, axes: Axes) -> Any:
    x, *indices = args
    indices, rank = batch_places(size, indices, is_batched[1:])
    if not is_batched[0]:
        return gather(x, indices, axes), True
    moved = tuple([a + 1 for a in axes])
    if any(is_batched[1:]):
        return gather(x, (lanes(size, rank), *indices), (0, *moved)), True
    result = gather(x, indices, moved)
    k = len(places_shape(indices))
    return transpose(result, (k, *range(k), *range(k + 1, result.ndim))), True


def _item_batch(size: int, args: Any, is_batched: Any, *, axes: Axes) -> Any:
    if any(is_batched[1:]):
        return _gather_batch(size, args, is_batched, axes=axes)
    return item(args[0], args[1:], tuple([a + 1 for a in axes])), True


def _update_batch(adds: bool) -> Any:
    def batch(size: int, args: Any, is_batched: Any, *, axes: Axes) -> Any:
        base, value, *indices = args
        indices, rank = batch_places(size, indices, is_batched[2:])
        if not is_batched[0]:
            base = broadcast_to(base, (size, *base.shape))
        if is_batched[1]:
            full = rank + base.ndim - 1 - len(axes)
            value = reshape(value, (size, *(1,) * (full - value.ndim + 1), *value.shape[1:]))
        primitive = scatter_add_p if adds else scatter_set_p
        moved = tuple([a + 1 for a in axes])
        places = (lanes(size, rank), *indices)
        return bind(primitive, base, value, *places, axes=(0, *moved)), True

    return batch


def _render_gather(ins: Sequence[str], params: Any) -> str:
    x = ins[0]
    places = ", ".join(ins[1:])
    k = len(params["axes"])
    if params["axes"] != tuple(range(k)):
        x = f"np.moveaxis({x}, {params['axes']}, {tuple(range(k))})"
    return f"{x}[{places}]"


def _render_update(name: str) -> Any:
    return lambda ins, params: f"{name}({', '.join(ins)}, axes={params['axes']})"


def _support(name: str, statement: str) -> str:
    return f"""
def {name}(x, value, *places, axes):
    x = np.array(x)
    front = np.moveaxis(x, axes, range(len(axes)))
    {statement}
    return x
"""


def _emit_gather(k: Any, at: Any, *, axes: Axes) -> Any:
    """The element that the index arrays name, which are in bounds (checked in front of this)."""
    shape = k.shape(0)
    rank = max([len(k.shape(i)) for i in range(1, k.n_inputs)], default=0)
    places, rest = at[:rank], iter(at[rank:])
    named = {
        axis: k.place(i + 1, shape[axis], k.broadcast(i + 1, places)) for i, axis in enumerate(axes)
    }
    return k.read(0, [named[p] if p in named else next(rest) for p in range(len(shape))])


def _emit_update(adds: bool) -> Any:
    """The base, then the value item by item, in the order of the places."""

    def emit(m: Any, base: Any, value: Any, *others: Any, axes: Axes) -> None:
        *indices, out = others
        m.copy(base, out)
        shape = np.broadcast_shapes(*[i.shape for i in indices])
        rest = [n for a, n in enumerate(out.shape) if a not in axes]
        last = len(out.shape) - 1
        kind = m.common_kind(base.kind, value.kind) if adds else base.kind
        lanes = 1 if last in axes else m.lanes_for(kind)

        def write(at: Any) -> None:
            named = {
                axis: m.place(i, m.broadcast(i, at), out.shape[axis])
                for axis, i in zip(axes, indices, strict=True)
            }

            def write_item(others: Any) -> None:
                kept = iter(others)
                there = [named[a] if a in named else next(kept) for a in range(last + 1)]
                new = m.load_as(value, m.broadcast(value, (*at, *others)), kind)
                if adds:
                    new = m.b.add(m.load_as(out, there, kind), new)
                m.store(out, there, new)

            m.each(rest, write_item, lanes)

        m.each(shape, write)

    return emit


# -- dependence ------------------------------------------------------------------------------------


class _Gathers(Moves):
    """Along an axis whose places are not known an element may come from anywhere."""

    def __call__(self, k: Flow, **params: Any) -> Any:
        if are_indices_known(k):
            return super().__call__(k, **params)
        labels = k.labels_of(0)
        known = _KnownPlaces(k.values[1:], places_shape(k.types[1:]), params["axes"])
        return known.read(k.sets.unite_along(labels, known.unknown), k.out_shape())


class _Writes(Moves):
    """Along an axis whose places are not known a value may come to any, or to none."""

    def __call__(self, k: Flow, **params: Any) -> Any:
        if are_indices_known(k):
            return super().__call__(k, **params)
        return _anywhere(k, **params)


class _Adds(Collects):
    """The same of values that are added."""

    def __call__(self, k: Flow, **params: Any) -> Any:
        if are_indices_known(k):
            return super().__call__(k, **params)
        return _anywhere(k, **params)


def _anywhere(k: Flow, axes: Axes) -> Any:
    """The base, and the values at all places where they may be."""
    base, value = k.labels[:2]
    shape = k.out_shape()
    if value is None or 0 in shape:
        return base
    known = _KnownPlaces(k.values[2:], places_shape(k.types[2:]), axes)
    read = _selected_shape(k, axes)
    ends = tuple([0 if a in known.unknown else slice(None) for a in range(len(shape))])
    first = np.arange(math.prod(shape)).reshape(shape)[ends]
    places = known.read(first, read)
    found = k.sets.unite_at(places, np.broadcast_to(value, read), math.prod(shape))
    reached = np.expand_dims(found[first], known.unknown)
    return united(k, [base, np.broadcast_to(reached, shape)])


def _selected_shape(k: Flow, axes: Axes) -> tuple[int, ...]:
    """The shape of what is written or added."""
    rest = [n for a, n in enumerate(k.out_shape()) if a not in axes]
    return (*places_shape(k.types[2:]), *rest)


class _KnownPlaces:
    """The index arrays that are known, for arrays without the axes of the others."""

    def __init__(self, indices: Sequence[Any], shape: tuple[int, ...], axes: Axes) -> None:
        pairs = list(zip(axes, indices, strict=True))
        self.shape = shape
        self.unknown = tuple([a for a, i in pairs if i is None])
        self.indices = [np.broadcast_to(i, shape) for _, i in pairs if i is not None]
        kept = [a for a, i in pairs if i is not None]
        self.axes = tuple([a - sum([u < a for u in self.unknown]) for a in kept])

    def read(self, x: Any, shape: tuple[int, ...]) -> Any:
        """`x`, which lacks the axes that are not known, at these places."""
        return np.broadcast_to(_gather(x, *self.indices, axes=self.axes) if self.axes else x, shape)


gather_p = linear(
    "gather",
    _gather,
    _gather_type,
    transpose=None,
    batch=_gather_batch,
    accumulate={0: _accumulate},
    reads_elements=True,
    render=_render_gather,
    emit=Pull(_emit_gather),
    sparsity=_Gathers(is_once=False),
)
item_p = linear(
    "item",
    _item,
    _gather_type,
    transpose=None,
    batch=_item_batch,
    accumulate={0: _accumulate},
    write_back=lambda base, view, *indices, axes: (
        scatter_set_p,
        (view, *indices),
        {"axes": axes},
    ),
    is_view=True,
    reads_elements=True,
    render=_render_gather,
    emit=Pull(_emit_gather),
    sparsity=_Gathers(is_once=False),
)
scatter_set_p: Primitive = linear(
    "scatter_set",
    _set,
    _update_type,
    group=frozenset({0, 1}),
    transpose=None,
    transpose_all=_transpose_set,
    batch=_update_batch(adds=False),
    jvp=update_jvp(lambda: scatter_set_p, adds=False),
    in_place=_set_in_place,
    gives_array=True,
    render=_render_update("scatter_set"),
    support=_support("scatter_set", "front[places] = value"),
    emit=Whole(_emit_update(adds=False), in_place=0),
    facts={"ties": "of several writes to one place the last one counts, also for derivatives"},
    sparsity=_Writes(),
)
scatter_add_p: Primitive = linear(
    "scatter_add",
    _add,
    _update_type,
    group=frozenset({0, 1}),
    transpose=_transpose_add,
    batch=_update_batch(adds=True),
    jvp=update_jvp(lambda: scatter_add_p, adds=True),
    in_place=_add_in_place,
    gives_array=True,
    flops=lambda in_types, out_types, *, axes: (
        _gather_type(out_types[0], *in_types[2:], axes=axes).size
    ),
    render=_render_update("scatter_add"),
    support=_support("scatter_add", "np.add.at(front, places, value)"),
    emit=Whole(_emit_update(adds=True), in_place=0),
    sparsity=_Adds(lambda k, *, axes: _selected_shape(k, axes)),
)
