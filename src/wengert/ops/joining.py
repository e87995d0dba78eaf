"""Joining arrays: concatenate, stack, and the nested lists that `np.array` takes.

    concatenate(*xs)   along an axis that is there
    stack(*xs)         along a new one; for scalars this is `np.array([a, b, c])`

Both are linear in all inputs, however many there are. `stacking.py` has NumPy's functions made
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.dependence import MOVES
from wengert.ir.emission import Pull
from wengert.ir.primitive import Primitive
from wengert.ops.core import broadcast_to, convert, full, reshape, spread_batch, unfit
from wengert.ops.families import linear
from wengert.ops.indexing import index
from wengert.trace.tracer import ArrayTracer, Tracer, bind
from wengert.types import Type


class EveryInput(frozenset[int]):
    """The group of all inputs of a primitive that takes any number of them."""

    def __contains__(self, i: object) -> bool:
        return True


EVERY_INPUT = EveryInput()

# -- operands --------------------------------------------------------------------------------------


def has_tracer(tree: Any) -> bool:
    """Whether a nested list or tuple holds a Tracer."""
    if isinstance(tree, (list, tuple)):
        return any(map(has_tracer, tree))
    return isinstance(tree, Tracer)


def array_of(tree: Any, dtype: Any = None) -> Any:
    """What `np.array(tree)` gives, traced where a nested list holds traced values."""
    if isinstance(tree, Tracer):
        return tree if dtype is None else convert(tree, dtype)
    if not has_tracer(tree):
        return np.asarray(tree, dtype)
    leaves: list[Any] = []
    shape = _shape_of(tree, leaves)
    if shape is None:
        return stack([array_of(part, dtype) for part in tree], 0)
    result = stack(leaves, 0)
    if len(shape) > 1:
        result = reshape(result, (*shape, *result.shape[1:]))
    return result if dtype is None else convert(result, dtype)


def _shape_of(tree: Any, leaves: list[Any]) -> tuple[int, ...] | None:
    """The shape of nested lists, leaves appended in order; None if lists and arrays are mixed."""
    if not isinstance(tree, (list, tuple)):
        is_operand = isinstance(tree, (Tracer, int, float, complex))
        leaves.append(strong(tree) if is_operand else np.asarray(tree)[()])
        return ()
    shapes = {_shape_of(part, leaves) for part in tree}
    if len(shapes) > 1 or None in shapes:
        return None
    return (len(tree), *(shapes.pop() or ()))


def strong(x: Any) -> Any:
    """A Python number in the dtype that `np.array` gives it; it does not follow its neighbours."""
    if type(x) is float:
        return np.float64(x)
    return np.complex128(x) if type(x) is complex else x


def operands(name: str, arrays: Any, dtype: Any = None) -> list[Any]:
    """The arrays of a sequence that a NumPy function joins."""
    if isinstance(arrays, ArrayTracer):
        arrays = list(arrays)
    if not isinstance(arrays, (list, tuple, np.ndarray)):
        raise ArgumentError(
            f"{name}: the arrays are not given as a sequence.",
            got=type(arrays).__name__,
            expected="a list or tuple of arrays",
        )
    xs = [strong(x) if isinstance(x, (int, float, complex)) else array_of(x) for x in arrays]
    if not xs:
        raise ShapeError(f"{name}: there is nothing to join.", got="an empty list")
    return xs if dtype is None else [convert(x, dtype) for x in xs]


def _dtype_of(x: Any) -> Any:
    return x.dtype if isinstance(x, Type) else np.asarray(x).dtype


def _joined_dtype(types: Sequence[Any]) -> Any:
    dtypes = [_dtype_of(t) for t in types]
    first = dtypes[0]
    return first if all(d == first for d in dtypes) else np.result_type(*dtypes)


def at_least_0d(x: Any) -> Any:
    """An array, scalar or Tracer; Python numbers are made 0-d."""
    return x if isinstance(x, (Tracer, np.ndarray, np.generic)) else np.asarray(x)[()]


# -- concatenate -----------------------------------------------------------------------------------


def concatenate(xs: Sequence[Any], axis: int) -> Any:
    """The arrays one after another along a non-negative axis."""
    return bind(concatenate_p, *xs, axis=axis)


def _concatenate_type(*types: Type, axis: int) -> Type:
    first = types[0].shape
    total = 0
    for t in types:
        shape = t.shape
        same = shape[:axis] + shape[axis + 1 :] == first[:axis] + first[axis + 1 :]
        if not same or len(shape) != len(first):
            raise ShapeError(
                "concatenate: the shapes do not fit.",
                got=", ".join(map(repr, types)),
                expected=f"shapes that differ along axis {axis} only",
                try_="np.stack joins along a new axis",
            )
        total += shape[axis]
    return Type((*first[:axis], total, *first[axis + 1 :]), _joined_dtype(types))


def _variadic_jvp(primitive_of: Callable[[], Any]) -> Callable[..., Any]:
    def jvp(args: Any, out: Any, tangents: Any, *, axis: int) -> Any:
        if not out.type.is_differentiable:
            return None
        parts = [
            full(np.shape(a), 0.0, out.dtype) if t is None else convert(t, out.dtype)
            for a, t in zip(args, tangents, strict=True)
        ]
        return bind(primitive_of(), *parts, axis=axis)

    return jvp


def _concatenate_transpose(cts: Any, args: Any, linear: Any, *, axis: int) -> Any:
    ct = cts[0]
    results = {}
    start = 0
    before = [(0, n, 1) for n in ct.shape[:axis]]
    for i, a in enumerate(args):
        length = a.shape[axis]
        if i in linear:
            triple = (start, start + length, 1) if length else (0, 0, 1)
            results[i] = unfit(index(ct, (*before, triple)), a)
        start += length
    return results


def _concatenate_batch(size: int, args: Any, is_batched: Any, *, axis: int) -> Any:
    return concatenate(spread_batch(size, args, is_batched), axis + 1), True


def _emit_concatenate(k: Any, at: Any, *, axis: int) -> Any:
    """The part that the place on the axis falls into."""
    i = at[axis]
    result = None
    start = sum([k.shape(n)[axis] for n in range(k.n_inputs)])
    for n in reversed(range(k.n_inputs)):
        size = k.shape(n)[axis]
        start -= size
        if not size:
            continue
        inside = k.is_in(i, start, start + size)
        if inside.const is False:
            continue
        place = k.clamp(i - start, 0, size)
        value = k.read_as_result(n, (*at[:axis], place, *at[axis + 1 :]))
        if inside.const is True:
            return value
        result = value if result is None else k.b.select(inside, value, result)
    return result


def _concatenate_parts(k: Any, *, axis: int) -> list[Any]:
    parts = []
    start = 0
    for n in range(k.n_inputs):
        shape = k.shape(n)
        parts.append((n, shape, _shifted(axis, start)))
        start += shape[axis]
    return parts


def _shifted(axis: int, start: int) -> Any:
    return lambda at: (*at[:axis], at[axis] + start, *at[axis + 1 :])


def _emit_stack(k: Any, at: Any, *, axis: int) -> Any:
    i, rest = at[axis], (*at[:axis], *at[axis + 1 :])
    if isinstance(i, int):
        return k.read_as_result(i, rest)
    result = None
    for n in reversed(range(k.n_inputs)):
        value = k.read_as_result(n, rest)
        result = value if result is None else k.b.select(k.is_in(i, n, n + 1), value, result)
    return result


def _stack_parts(k: Any, *, axis: int) -> list[Any]:
    return [(n, k.shape(n), _inserted(axis, n)) for n in range(k.n_inputs)]


def _inserted(axis: int, n: int) -> Any:
    return lambda at: (*at[:axis], n, *at[axis:])


concatenate_p: Primitive = linear(
    "concatenate",
    lambda *xs, axis: np.concatenate(xs, axis),
    _concatenate_type,
    group=EVERY_INPUT,
    jvp=_variadic_jvp(lambda: concatenate_p),
    transpose=None,
    transpose_all=_concatenate_transpose,
    batch=_concatenate_batch,
    gives_array=True,
    render=lambda ins, params: f"np.concatenate(({', '.join(ins)},), axis={params['axis']})",
    emit=Pull(_emit_concatenate, _concatenate_parts, lambda k, *, axis: axis),
    sparsity=MOVES,
)

# -- stack -----------------------------------------------------------------------------------------


def stack(xs: Sequence[Any], axis: int) -> Any:
    """The arrays along a new, non-negative axis; Python ints may stand among them."""
    return bind(stack_p, *xs, axis=axis)


def _stack(*xs: Any, axis: int) -> Any:
    if not axis and not getattr(xs[0], "ndim", 0):
        return np.array(xs)
    return np.stack(xs, axis)


def _stack_type(*types: Any, axis: int) -> Type:
    shapes = [t.shape if isinstance(t, Type) else () for t in types]
    first = shapes[0]
    if any(s != first for s in shapes):
        raise ShapeError(
            "stack: the shapes differ.",
            got=", ".join(map(repr, types)),
            expected="arrays of one shape",
            try_="np.concatenate joins along an axis that is there",
        )
    return Type((*first[:axis], len(types), *first[axis:]), _joined_dtype(types))


def _stack_transpose(cts: Any, args: Any, linear: Any, *, axis: int) -> Any:
    ct = cts[0]
    before = [(0, n, 1) for n in ct.shape[:axis]]
    return {i: unfit(index(ct, (*before, i)), args[i]) for i in linear}


def _stack_batch(size: int, args: Any, is_batched: Any, *, axis: int) -> Any:
    parts = []
    for a, on in zip(args, is_batched, strict=True):
        if isinstance(a, (int, float, complex)) and not isinstance(a, np.generic):
            a, on = full((size,), a, np.asarray(a).dtype), True
        parts.append(a if on else broadcast_to(a, (size, *a.shape)))
    return stack(parts, axis + 1), True


stack_p: Primitive = linear(
    "stack",
    _stack,
    _stack_type,
    group=EVERY_INPUT,
    jvp=_variadic_jvp(lambda: stack_p),
    transpose=None,
    transpose_all=_stack_transpose,
    batch=_stack_batch,
    gives_array=True,
    keeps_literals=True,
    render=lambda ins, params: f"np.stack(({', '.join(ins)},), axis={params['axis']})",
    emit=Pull(_emit_stack, _stack_parts, lambda k, *, axis: axis),
    sparsity=MOVES,
)
