"""Basic indexing: reading, writing and adding to parts that ints, slices and newaxis select.

    index(x)             x[index]                      a view, or a scalar
    index_set(x, v)      x with x[index] = v           the update behind an assignment
    index_add(x, v)      x with x[index] += v          the adjoint of index

The parameter `index` is a normalized tuple of `int`, `None` and `(start, stop, step)`; entries of
full slices at its end are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np

from wengert.errors import IndexingError, ShapeError
from wengert.ir.dependence import MOVES, Collects
from wengert.ir.emission import Pull
from wengert.ir.primitive import Primitive, Rule
from wengert.ops.core import (
    broadcast_to,
    copy,
    reshape,
    unfit,
    zeros_of,
)
from wengert.ops.families import linear
from wengert.trace.tracer import bind
from wengert.types import Type

Triple = tuple[int, int | None, int]
Index = tuple[Any, ...]

# -- normal form -----------------------------------------------------------------------------------


def normalize(entries: Sequence[Any], shape: tuple[int, ...]) -> Index:
    """The normal form of ints, slices and None that together select from `shape`."""
    result: list[Any] = []
    axis = 0
    n_kept = 0  # up to the last entry that is not a full slice
    for e in entries:
        if e is None:
            result.append(None)
            n_kept = len(result)
            continue
        n = shape[axis]
        if type(e) is int:
            if not -n <= e < n:
                raise out_of_bounds(e, axis, shape)
            result.append(e + n if e < 0 else e)
            n_kept = len(result)
        else:
            triple = normal_slice(e, n)
            result.append(triple)
            if triple != (0, n, 1):
                n_kept = len(result)
        axis += 1
    return tuple(result[:n_kept])


def normal_slice(s: slice, n: int) -> Triple:
    """`(start, stop, step)` of a slice of an axis of length `n`."""
    start, stop, step = s.indices(n)
    return triple_of(start, len(range(start, stop, step)), step)


def triple_of(start: int, length: int, step: int) -> Triple:
    """The normal form of `length` places from `start`, `step` apart."""
    if length == 0:
        return (0, 0, 1)
    if length == 1:
        return (start, start + 1, 1)
    stop = start + (length - 1) * step + (1 if step > 0 else -1)
    return (start, None if stop < 0 else stop, step)


def triple_length(triple: Triple) -> int:
    start, stop, step = triple
    return len(range(start, -1 if stop is None else stop, step))


def out_of_bounds(i: int, axis: int, shape: tuple[int, ...]) -> IndexingError:
    """The error for an integer that is no place on its axis."""
    return IndexingError(
        "an index is out of bounds.",
        got=f"index {i} for axis {axis} of an array of shape {shape}",
        expected=f"an integer from {-shape[axis]} to {shape[axis] - 1}",
    )


@lru_cache(maxsize=50_000)
def native(index: Index) -> tuple[Any, ...]:
    """The index as NumPy takes it."""
    return tuple([slice(*e) if type(e) is tuple else e for e in index])


def selected_shape(shape: tuple[int, ...], index: Index) -> tuple[int, ...]:
    """The shape of `x[index]` for `x` of `shape`."""
    result: list[int] = []
    axis = 0
    for e in index:
        if e is None:
            result.append(1)
            continue
        if type(e) is tuple:
            result.append(triple_length(e))
        axis += 1
    return (*result, *shape[axis:])


def index_text(index: Index) -> str:
    """The index as Python source, without brackets."""
    parts = []
    for e in index:
        if type(e) is tuple:
            start, stop, step = e
            text = f"{start}:{'' if stop is None else stop}"
            parts.append(text if step == 1 else f"{text}:{step}")
        else:
            parts.append(str(e))
    return ", ".join(parts) if parts else "..."


# -- the primitives --------------------------------------------------------------------------------


def index(x: Any, index: Index) -> Any:
    """`x[index]` for a normalized index."""
    return bind(index_p, x, index=index)


def index_set(x: Any, value: Any, index: Index) -> Any:
    """A new array: `x` with `value` at `index`."""
    return bind(index_set_p, x, value, index=index)


def index_add(x: Any, value: Any, index: Index) -> Any:
    """A new array: `x` with `value` added at `index`."""
    return bind(index_add_p, x, value, index=index)


def writable(base: Any) -> Any:
    """`base` if it can be written into, else a copy (a replay may hold a scalar or a view)."""
    if type(base) is np.ndarray and base.flags.writeable:
        return base
    return np.array(base)


def _set_in_place(base: Any, value: Any, *, index: Index) -> Any:
    base = writable(base)
    base[native(index)] = value
    return base


def _add_in_place(base: Any, value: Any, *, index: Index) -> Any:
    base = writable(base)
    base[native(index)] += value
    return base


def _set(base: Any, value: Any, *, index: Index) -> Any:
    result = np.array(base)
    result[native(index)] = value
    return result


def _add(base: Any, value: Any, *, index: Index) -> Any:
    result = np.array(base)
    result[native(index)] += value
    return result


def _index_type(x: Type, *, index: Index) -> Type:
    return Type(selected_shape(x.shape, index), x.dtype)


def _update_type(base: Type, value: Any, *, index: Index) -> Type:
    if isinstance(value, Type):
        fits_selection(value.shape, selected_shape(base.shape, index))
    return base


def fits_selection(shape: tuple[int, ...], selected: tuple[int, ...]) -> None:
    """Raise unless an array of `shape` can be written where `selected` is the shape."""
    extra = len(shape) - len(selected)
    if extra > 0 and all(n == 1 for n in shape[:extra]):
        shape, extra = shape[extra:], 0
    pairs = zip(shape, selected[-len(shape) :] if shape else (), strict=False)
    if extra > 0 or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(
            "an assignment: the value does not fit the selected elements.",
            got=f"a value of shape {shape}",
            expected=f"a shape that broadcasts to {selected}",
        )


def update_jvp(update: Callable[[], Primitive], adds: bool) -> Rule:
    """The derivative of writing a value into a base, for a primitive (base, value, *places)."""

    def jvp(args: Any, out: Any, tangents: Any, **params: Any) -> Any:
        dx, dv = tangents[:2]
        if dv is None and adds:
            return dx
        dx = zeros_of(args[0]) if dx is None else dx
        return bind(update(), dx, 0 if dv is None else dv, *args[2:], **params)

    return jvp


def _index_batch(size: int, args: Any, is_batched: Any, *, index: Index) -> Any:
    return bind(index_p, args[0], index=((0, size, 1), *index)), True


def _update_batch(adds: bool) -> Any:
    def batch(size: int, args: Any, is_batched: Any, *, index: Index) -> Any:
        base, value = args
        if not is_batched[0]:
            base = broadcast_to(base, (size, *base.shape))
        if is_batched[1]:
            rank = len(selected_shape(base.shape[1:], index))
            value = reshape(value, (size, *(1,) * (rank - value.ndim + 1), *value.shape[1:]))
        primitive = index_add_p if adds else index_set_p
        return bind(primitive, base, value, index=((0, size, 1), *index)), True

    return batch


def _transpose_set(cts: Any, args: Any, linear: Any, *, index: Index) -> Any:
    """The value's part is read before the base's is set to zero, which then may be in place."""
    ct = cts[0]
    results = {}
    if 1 in linear:
        part = bind(index_p, ct, index=index)
        if 0 in linear and part.shape != ():
            part = copy(part)
        results[1] = unfit(part, args[1])
    if 0 in linear:
        results[0] = bind(index_set_p, ct, 0, index=index)
    return results


def _transpose_add(ct: Any, args: Any, i: int, *, index: Index) -> Any:
    return ct if i == 0 else unfit(bind(index_p, ct, index=index), args[1])


def _accumulate_index(acc: Any, ct: Any, args: Any, *, index: Index) -> Any:
    return bind(index_add_p, zeros_of(args[0]) if acc is None else acc, ct, index=index)


def _support(name: str, operator: str) -> str:
    return f"""
def {name}(x, index, value):
    x = np.array(x)
    x[index] {operator} value
    return x
"""


def _render_update(name: str) -> Any:
    def render(ins: Sequence[str], params: Any) -> str:
        return f"{name}({ins[0]}, np.s_[{index_text(params['index'])}], {ins[1]})"

    return render


# -- native forms ----------------------------------------------------------------------------------


def _source_index(at: Any, index: Index, rank: int) -> tuple[Any, ...]:
    """Where `x[index]` reads `x` for its element `at`."""
    rest = list(at)
    place = []
    for e in index:
        if e is None:
            rest.pop(0)
        elif type(e) is tuple:
            i = rest.pop(0)
            place.append(i * e[2] + e[0])
        else:
            place.append(e)
    return (*place, *rest)


def _emit_index(k: Any, at: Any, *, index: Index) -> Any:
    return k.read(0, _source_index(at, index, len(k.shape(0))))


def _emit_update(adds: bool) -> Any:
    """The element of the base, or of the value where the index selects it."""

    def emit(k: Any, at: Any, *, index: Index) -> Any:
        selected, inside = _selected_index(k, at, index)
        if inside.const is False:
            return k.read(0, at)
        value = k.read_as_result(1, k.broadcast_in(1, selected))
        if adds:
            return k.b.select(inside, k.b.add(k.read(0, at), value), k.read(0, at))
        return value if inside.const is True else k.b.select(inside, value, k.read(0, at))

    return emit


def _selected_index(k: Any, at: Any, index: Index) -> tuple[Any, Any]:
    """The index in `x[index]` of the element `at` of `x`, and whether it is there."""
    selected: list[Any] = []
    inside = k.b.constant(True, "b1")
    rest = list(at)
    for e in index:
        if e is None:
            selected.append(0)
            continue
        i = rest.pop(0)
        if type(e) is not tuple:
            inside = k.b.and_(inside, k.is_in(i, e, e + 1))
            continue
        n = triple_length(e)
        start, _, step = e
        offset = (i - start) if step > 0 else (start - i)
        if abs(step) == 1:
            inside = k.b.and_(inside, k.is_in(offset, 0, n))
            selected.append(k.clamp(offset, 0, n) if n else 0)
            continue
        inside = k.b.and_(inside, k.is_in(offset, 0, (n - 1) * abs(step) + 1))
        q, r = k.split(k.clamp(offset, 0, max(n, 1) * abs(step)), abs(step))
        inside = k.b.and_(inside, k.is_in(r, 0, 1))
        selected.append(k.clamp(q, 0, n) if n else 0)
    if 0 in [triple_length(e) for e in index if type(e) is tuple]:
        inside = k.b.constant(False, "b1")
    return (*selected, *rest), inside


def _update_parts(k: Any, *, index: Index) -> list[Any]:
    """A stored result is the base, then the value over it."""
    base = k.shape(0)
    shape = selected_shape(base, index)
    return [
        (0, base, lambda at: at),
        (1, shape, lambda at: _source_index(at, index, len(base))),
    ]


def _update_axis(k: Any, *, index: Index) -> int:
    axis = 0
    for e in index:
        if e is not None:
            if e != (0, k.shape(0)[axis], 1):
                return axis
            axis += 1
    return axis


index_p = linear(
    "index",
    lambda x, *, index: x[native(index)],
    _index_type,
    transpose=None,
    batch=_index_batch,
    accumulate={0: _accumulate_index},
    specialize=lambda *, index: itemgetter(native(index)),
    write_back=lambda base, view, *, index: (index_set_p, (view,), {"index": index}),
    is_view=True,
    reads_elements=True,
    render=lambda ins, params: f"{ins[0]}[{index_text(params['index'])}]",
    emit=Pull(_emit_index),
    sparsity=MOVES,
)
index_set_p: Primitive = linear(
    "index_set",
    _set,
    _update_type,
    group=frozenset({0, 1}),
    transpose=None,
    batch=_update_batch(adds=False),
    jvp=update_jvp(lambda: index_set_p, adds=False),
    transpose_all=_transpose_set,
    in_place=_set_in_place,
    gives_array=True,
    render=_render_update("index_set"),
    support=_support("index_set", "="),
    emit=Pull(_emit_update(False), _update_parts, _update_axis),
    sparsity=MOVES,
)
index_add_p: Primitive = linear(
    "index_add",
    _add,
    _update_type,
    group=frozenset({0, 1}),
    transpose=_transpose_add,
    batch=_update_batch(adds=True),
    jvp=update_jvp(lambda: index_add_p, adds=True),
    in_place=_add_in_place,
    gives_array=True,
    flops=lambda in_types, out_types, *, index: (
        Type(selected_shape(out_types[0].shape, index), out_types[0].dtype).size
    ),
    render=_render_update("index_add"),
    support=_support("index_add", "+="),
    emit=Pull(_emit_update(True)),
    sparsity=Collects(lambda k, *, index: selected_shape(k.out_shape(), index)),
)
