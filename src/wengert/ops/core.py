"""The primitives that the transforms themselves need: sums and products, shapes, constants.

    add sub mul neg conj real imag          arithmetic
    convert copy                            dtype and identity
    reshape broadcast_to sum transpose      shapes; broadcast and sum are an adjoint pair
    full iota                               constants made by an operation

`fit` and `unfit` take a tangent to, and a cotangent back from, the shape and dtype of a result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ShapeError
from wengert.ir.dependence import ELEMENTWISE, MOVES, REPEATS, Product, Sums
from wengert.ir.emission import Elementwise, Pull, Reduce
from wengert.ir.primitive import Primitive, define
from wengert.ops.families import ONE, elementwise, linear
from wengert.ops.stacks import stack_zeros_p
from wengert.trace.tracer import Tracer, bind, current_recording
from wengert.trace.views import layout
from wengert.types import StackType, Type

# -- arithmetic ------------------------------------------------------------------------------------


def add(x: Any, y: Any) -> Any:
    return bind(add_p, x, y)


def sub(x: Any, y: Any) -> Any:
    return bind(sub_p, x, y)


def mul(x: Any, y: Any) -> Any:
    return bind(mul_p, x, y)


def neg(x: Any) -> Any:
    return bind(neg_p, x)


def conj(x: Any) -> Any:
    """The complex conjugate; of a real value the value itself, with nothing recorded."""
    if type(x) is complex:
        return x.conjugate()  # a literal stays one
    if kind_of(x) == "c":
        return bind(conj_p, x)
    return x


def real(x: Any) -> Any:
    return bind(real_p, x) if kind_of(x) == "c" else x


def imag(x: Any) -> Any:
    return bind(imag_p, x) if kind_of(x) == "c" else zeros_of(x)


def kind_of(x: Any) -> str:
    """The kind of dtype: 'f', 'c', 'i', 'u' or 'b'."""
    if isinstance(x, (Tracer, np.ndarray, np.generic, Type)):
        return x.dtype.kind
    return np.asarray(x).dtype.kind


add_p = elementwise(
    "add",
    operator.add,
    ufunc=np.add,
    partials=(ONE, ONE),
    linear_in=(frozenset({0, 1}),),
    transpose={
        0: lambda ct, args: unfit(ct, args[0]),
        1: lambda ct, args: unfit(ct, args[1]),
    },
    emit=lambda b, x, y: b.add(x, y),
)
sub_p = elementwise(
    "sub",
    operator.sub,
    ufunc=np.subtract,
    jvp=lambda args, out, tangents: _sub_jvp(out, *tangents),
    linear_in=(frozenset({0, 1}),),
    transpose={
        0: lambda ct, args: unfit(ct, args[0]),
        1: lambda ct, args: unfit(neg(ct), args[1]),
    },
    emit=lambda b, x, y: b.sub(x, y),
)


def _sub_jvp(out: Any, dx: Any, dy: Any) -> Any:
    if dx is None:
        return fit(neg(dy), out.type)
    if dy is None:
        return fit(dx, out.type)
    return fit(sub(dx, dy), out.type)


mul_p = elementwise(
    "mul",
    operator.mul,
    ufunc=np.multiply,
    partials=(lambda out, x, y: y, lambda out, x, y: x),
    linear_in=(frozenset({0}), frozenset({1})),
    transpose={
        0: lambda ct, args: unfit(mul(ct, conj(args[1])), args[0]),
        1: lambda ct, args: unfit(mul(ct, conj(args[0])), args[1]),
    },
    emit=lambda b, x, y: b.mul(x, y),
    sparsity=Product(),
)
neg_p = elementwise(
    "neg",
    operator.neg,
    ufunc=np.negative,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: neg(ct)},
    emit=lambda b, x: b.neg(x),
)


def _real_type(x: Any) -> Type:
    return Type(x.shape, np.real(np.zeros((), x.dtype)).dtype)


conj_p = elementwise(
    "conj",
    np.conjugate,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args: conj(ct)},
    is_real_linear=True,
    emit=lambda b, x: b.conj(x),
)
real_p = linear(
    "real",
    np.real,
    _real_type,
    transpose={0: lambda ct, args: convert(ct, args[0].dtype)},
    batch=lambda size, args, is_batched: (real(args[0]), True),
    is_view=True,
    is_elementwise=True,
    write_back=lambda base, view: (real_set_p, (view,), {"part": "real"}),
    facts={"is_real_linear": True},
    render=lambda ins, params: f"np.real({ins[0]})",
    emit=Elementwise(lambda b, x: x.re if x.kind[0] == "c" else x, "own"),
    sparsity=ELEMENTWISE,
)
imag_p = linear(
    "imag",
    np.imag,
    _real_type,
    transpose={0: lambda ct, args: mul(convert(ct, args[0].dtype), 1j)},
    batch=lambda size, args, is_batched: (imag(args[0]), True),
    is_view=True,
    is_elementwise=True,
    write_back=lambda base, view: (real_set_p, (view,), {"part": "imag"}),
    facts={"is_real_linear": True},
    render=lambda ins, params: f"np.imag({ins[0]})",
    emit=Elementwise(lambda b, x: x.im if x.kind[0] == "c" else b.constant(0, x.kind), "own"),
    sparsity=ELEMENTWISE,
)


def _real_set(base: Any, part_value: Any, *, part: str) -> Any:
    result = np.array(base)
    setattr(result, part, part_value)
    return result


def _real_set_batch(size: int, args: Any, is_batched: Any, *, part: str) -> Any:
    return bind(real_set_p, *spread_batch(size, args, is_batched), part=part), True


real_set_p: Primitive = linear(
    "real_set",
    _real_set,
    lambda base, value, *, part: base,
    group=frozenset({0, 1}),
    transpose=lambda ct, args, i, *, part: (
        (real(ct) if part == "real" else imag(ct))
        if i == 1
        else bind(real_set_p, ct, zeros_of(args[1]), part=part)
    ),
    batch=_real_set_batch,
    gives_array=True,
    emit=Pull(lambda k, at, *, part: k.with_part(at, part)),
    sparsity=ELEMENTWISE,
)

# -- dtype -----------------------------------------------------------------------------------------


def convert(x: Any, dtype: Any) -> Any:
    """`x` in another dtype; a complex value made real loses its imaginary part, as in NumPy."""
    dtype = np.dtype(dtype)
    if isinstance(x, (Tracer, np.ndarray, np.generic)) and x.dtype == dtype:
        return x
    if not isinstance(x, (Tracer, np.ndarray, np.generic)):
        return dtype.type(x)
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        x = real(x)
    return bind(convert_p, x, dtype=dtype)


def _convert_array(x: Any, *, dtype: Any) -> Any:
    return x.astype(dtype)


convert_p = define(
    Primitive(
        "convert",
        _convert_array,
        lambda x, *, dtype: Type(x.shape, dtype),
        linear_in=(frozenset({0}),),
        transpose={0: lambda ct, args, *, dtype: unfit(ct, args[0])},
        batch=lambda size, args, is_batched, *, dtype: (convert(args[0], dtype), True),
        cost=lambda in_types, out_types, **params: 0,
        is_elementwise=True,
        render=lambda ins, params: f"{ins[0]}.astype(np.{params['dtype'].name})",
        emit=Elementwise(lambda b, x, *, dtype: b.convert(x, np.dtype(dtype).str[1:]), "own"),
        sparsity=ELEMENTWISE,
    )
)


def copy(x: Any) -> Any:
    """A new array with the same elements, whose writes do not reach `x`."""
    return bind(copy_p, x)


copy_p = linear(
    "copy",
    np.array,
    lambda x: x,
    transpose={0: lambda ct, args: ct},
    batch=lambda size, args, is_batched: (copy(args[0]), True),
    gives_array=True,
    is_elementwise=True,
    render=lambda ins, params: f"np.array({ins[0]})",
    emit=Elementwise(lambda b, x: x, "own"),
    sparsity=ELEMENTWISE,
)

# -- shapes ----------------------------------------------------------------------------------------


def reshape(x: Any, shape: Sequence[int], order: str = "C") -> Any:
    """`x` with another shape (no -1 here); order "C" or "F"."""
    shape = tuple(shape)
    if x.shape == shape and order == "C":
        return x
    return bind(reshape_p, x, shape=shape, order=order)


def _reshape_type(x: Type, *, shape: tuple[int, ...], order: str) -> Type:
    if math.prod(shape) != x.size:
        raise ShapeError(
            "reshape: the number of elements changes.",
            got=f"{x!r} to shape {shape}",
            expected=f"a shape with {x.size} elements",
            try_="-1 for one of the sizes lets NumPy find it",
        )
    return Type(shape, x.dtype)


def _reshape_transpose(ct: Any, args: Any, *, shape: Any, order: str) -> Any:
    return bind(reshape_p, ct, shape=args[0].shape, order=order)


def _reshape_batch(size: int, args: Any, is_batched: Any, *, shape: Any, order: str) -> Any:
    x = args[0]
    if order == "C":
        return bind(reshape_p, x, shape=(size, *shape), order="C"), True
    # Fortran order of each item: reverse the axes, reshape in C order, reverse back.
    reverse = (0, *range(x.ndim - 1, 0, -1))
    flipped = bind(reshape_p, transpose(x, reverse), shape=(size, *shape[::-1]), order="C")
    return transpose(flipped, (0, *range(len(shape), 0, -1))), True


def _reshape_write_back(base: Any, view: Any, *, shape: Any, order: str) -> Any:
    return set_all_p, (bind(reshape_p, view, shape=base.shape, order=order),), {}


reshape_p = linear(
    "reshape",
    lambda x, *, shape, order: np.reshape(x, shape, order=order),
    _reshape_type,
    transpose={0: _reshape_transpose},
    batch=_reshape_batch,
    is_view=True,
    gives_array=True,
    shares_memory=lambda result, base, **params: _reshape_is_view(result, base, **params),
    write_back=_reshape_write_back,
    render=lambda ins, params: (
        f"np.reshape({ins[0]}, {params['shape']}"
        + (")" if params["order"] == "C" else f", order={params['order']!r})")
    ),
    emit=Pull(lambda k, at, *, shape, order: _emit_reshape(k, at, shape, order)),
    sparsity=MOVES,
)


def _emit_reshape(k: Any, at: Any, shape: tuple[int, ...], order: str) -> Any:
    """The element at the same place in C order, or in Fortran order."""
    old = k.shape(0)
    if order == "F":
        place = k.ravel(at[::-1], shape[::-1])
        return k.read(0, k.unravel(place, old[::-1])[::-1])
    kept = 0  # leading axes that stay as they are
    while kept < min(len(old), len(shape)) and old[kept] == shape[kept]:
        kept += 1
    place = k.ravel(at[kept:], shape[kept:])
    return k.read(0, (*at[:kept], *k.unravel(place, old[kept:])))


def _reshape_is_view(result: Any, base: Any, *, shape: Any, order: Any) -> bool:
    """Whether NumPy's reshape returned a view."""
    model = layout(base)
    if order == "C" and model.flags.c_contiguous:
        return True
    return bool(np.may_share_memory(model.reshape(shape, order=order), model))


def _set_all(base: Any, value: Any) -> Any:
    result = np.empty_like(base)  # in the memory order of the array that is written
    result[...] = value
    return result


set_all_p = linear(
    "set_all",
    _set_all,
    lambda base, value: base,
    group=frozenset({0, 1}),
    transpose=lambda ct, args, i: ct if i == 1 else None,
    batch=lambda size, args, is_batched: (
        args[1] if is_batched[1] else broadcast_to(args[1], (size, *args[1].shape)),
        True,
    ),
    gives_array=True,
    render=lambda ins, params: f"np.array({ins[1]})",
    emit=Pull(lambda k, at: k.read(1, k.broadcast(1, at))),
    sparsity=MOVES,
)


def transpose(x: Any, axes: Sequence[int]) -> Any:
    """`x` with its axes permuted; `axes` are non-negative and complete."""
    axes = tuple(axes)
    if axes == tuple(range(len(axes))):
        return x
    return bind(transpose_p, x, axes=axes)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


transpose_p = linear(
    "transpose",
    lambda x, *, axes: x.transpose(axes),
    lambda x, *, axes: Type(tuple([x.shape[a] for a in axes]), x.dtype),
    transpose={0: lambda ct, args, *, axes: transpose(ct, _inverse(axes))},
    batch=lambda size, args, is_batched, *, axes: (
        transpose(args[0], (0, *[a + 1 for a in axes])),
        True,
    ),
    is_view=True,
    gives_array=True,
    write_back=lambda base, view, *, axes: (set_all_p, (transpose(view, _inverse(axes)),), {}),
    render=lambda ins, params: f"np.transpose({ins[0]}, {params['axes']})",
    emit=Pull(lambda k, at, *, axes: k.read(0, [at[i] for i in _inverse(axes)])),
    sparsity=MOVES,
)


def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """`x` repeated to `shape` by NumPy's broadcasting."""
    shape = tuple(shape)
    if isinstance(x, (Tracer, np.ndarray)) and x.shape == shape:
        return x
    return bind(broadcast_to_p, x, shape=shape)


def _broadcast_type(x: Any, *, shape: tuple[int, ...]) -> Type:
    old = x.shape if isinstance(x, Type) else ()
    padded = (1,) * (len(shape) - len(old)) + old
    if len(old) > len(shape) or any(n not in (1, m) for n, m in zip(padded, shape, strict=True)):
        raise ShapeError(
            "broadcast_to: the shape does not broadcast to the one asked for.",
            got=f"{old} to {shape}",
            expected="sizes that are equal or 1, counted from the last axis",
        )
    return Type(shape, x.dtype if isinstance(x, Type) else np.asarray(x).dtype)


def _broadcast_batch(size: int, args: Any, is_batched: Any, *, shape: Any) -> Any:
    x = args[0]
    x = reshape(x, (size, *(1,) * (len(shape) - x.ndim + 1), *x.shape[1:]))
    return bind(broadcast_to_p, x, shape=(size, *shape)), True


def spread_batch(size: int, args: Any, is_batched: Any) -> list[Any]:
    """Operands that all have the batch axis: what does not depend on the item is repeated."""
    return [
        a if on else broadcast_to(a, (size, *a.shape))
        for a, on in zip(args, is_batched, strict=True)
    ]


broadcast_to_p = linear(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    _broadcast_type,
    transpose={0: lambda ct, args, *, shape: unfit(ct, args[0])},
    batch=_broadcast_batch,
    is_view=True,
    gives_array=True,
    render=lambda ins, params: f"np.broadcast_to({ins[0]}, {params['shape']})",
    emit=Pull(lambda k, at, *, shape: k.read(0, k.broadcast(0, at))),
    sparsity=REPEATS,
)


def sum_axes(x: Any, axes: Sequence[int], keepdims: bool = False) -> Any:
    """The sum over `axes` (non-negative), in the dtype of `x`."""
    axes = tuple(axes)
    return bind(sum_p, x, axes=axes, keepdims=keepdims) if axes else x


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """The shape after a reduction over `axes`."""
    if keepdims:
        return tuple([1 if i in axes else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in axes])


def restore_axes(ct: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """`ct`, reduced over `axes`, broadcast back to `shape`."""
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape)])
    return broadcast_to(reshape(ct, kept), shape)


sum_p = linear(
    "sum",
    lambda x, *, axes, keepdims: np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=x.dtype),
    lambda x, *, axes, keepdims: Type(reduced_shape(x.shape, axes, keepdims), x.dtype),
    transpose={0: lambda ct, args, *, axes, keepdims: restore_axes(ct, args[0].shape, axes)},
    batch=lambda size, args, is_batched, *, axes, keepdims: (
        sum_axes(args[0], [a + 1 for a in axes], keepdims),
        True,
    ),
    flops=lambda in_types, out_types, **params: in_types[0].size,
    specialize=lambda *, axes, keepdims: _sum_specialized(axes, keepdims),
    emit=Reduce(
        "sum",
        lambda k, *, axes, keepdims: reduced_extents(k, axes),
        lambda k, at, r, *, axes, keepdims: read_reduced(k, at, r, axes, keepdims),
    ),
    render=lambda ins, params: (
        f"np.sum({ins[0]}, axis={params['axes']}, keepdims={params['keepdims']})"
    ),
    sparsity=Sums(),
)


def reduced_extents(k: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of reduced axes, for native reductions."""
    return tuple([k.shape(0)[i] for i in axes])


def read_reduced(k: Any, at: Any, r: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The element that a native reduction reads for `at` of its result and `r` reduced."""
    return k.read(0, unreduced_index(at, r, axes, len(k.shape(0)), keepdims))


def unreduced_index(
    at: Any, r: Any, axes: tuple[int, ...], rank: int, keepdims: bool
) -> tuple[Any, ...]:
    """Index into an array of `rank` axes from those of a reduction's result and reduced axes."""
    kept = iter(at if not keepdims else [i for p, i in enumerate(at) if p not in axes])
    place = dict(zip(axes, r, strict=True))
    return tuple([place[p] if p in place else next(kept) for p in range(rank)])


def _sum_specialized(axes: Any, keepdims: bool) -> Any:
    reduce: Any = np.add.reduce  # its stubs know keywords only, which are slower
    return lambda x: reduce(x, axes, x.dtype, None, keepdims)


# -- constants made by an operation --------------------------------------------------------------


def full(shape: Sequence[int], value: Any, dtype: Any) -> Any:
    """An array filled with a Python scalar, made in the current recording if there is one."""
    params = {"shape": tuple(shape), "dtype": np.dtype(dtype)}
    recording = current_recording.get()
    if recording is None or isinstance(value, Tracer):
        return bind(full_p, value, **params)
    return recording.record(full_p, (value,), params)


def _full_batch(size: int, args: Any, is_batched: Any, *, shape: Any, dtype: Any) -> Any:
    return broadcast_to(
        reshape(convert(args[0], dtype), (size, *(1,) * len(shape))), (size, *shape)
    ), True


full_p = linear(
    "full",
    lambda value, *, shape, dtype: np.full(shape, value, dtype),
    lambda value, *, shape, dtype: Type(shape, dtype),
    transpose={0: lambda ct, args, *, shape, dtype: unfit(ct, args[0])},
    batch=_full_batch,
    gives_array=True,
    keeps_literals=True,
    render=lambda ins, params: (
        f"np.full({params['shape']}, {ins[0]}, dtype=np.{params['dtype'].name})"
    ),
    in_place=None,
    emit=Pull(lambda k, at, *, shape, dtype: k.read_constant(0, at)),
    sparsity=REPEATS,
)


def zeros_of(x: Any) -> Any:
    """Zeros of the type of `x` (a Tracer, array, scalar or Type)."""
    if isinstance(x, Tracer) and type(x.variable.type) is StackType:
        recording = current_recording.get() or x.recording
        return recording.record(stack_zeros_p, (), {"type": x.variable.type})
    if not isinstance(x, (Tracer, np.ndarray, np.generic, Type)):
        x = np.asarray(x)
    return full(x.shape, 0, x.dtype)  # the integer marks a zero of the transforms' own making


def iota(n: int, dtype: Any = np.int64) -> Any:
    """`arange(n)`, made in the current recording if there is one."""
    params = {"n": int(n), "dtype": np.dtype(dtype)}
    recording = current_recording.get()
    return bind(iota_p, **params) if recording is None else recording.record(iota_p, (), params)


iota_p = define(
    Primitive(
        "iota",
        lambda *, n, dtype: np.arange(n, dtype=dtype),
        lambda *, n, dtype: Type((n,), dtype),
        cost=lambda in_types, out_types, **params: 0,
        gives_array=True,
        render=lambda ins, params: f"np.arange({params['n']}, dtype=np.{params['dtype'].name})",
        facts={"derivative": "zero: a constant"},
        emit=Pull(lambda k, at, *, n, dtype: k.number(at[0])),
    )
)


def basis(n: int, start: int, shape: Sequence[int], dtype: Any) -> Any:
    """Unit vectors number `start` on of a space of `n` dimensions, as an array (n, *shape).

    Item start + i is 1 at place i (in C order) and 0 elsewhere; the zeros are structural.
    """
    params = {"n": n, "start": start, "shape": tuple(shape), "dtype": np.dtype(dtype)}
    recording = current_recording.get()
    return bind(basis_p, **params) if recording is None else recording.record(basis_p, (), params)


def _basis(*, n: int, start: int, shape: tuple[int, ...], dtype: Any) -> Any:
    size = math.prod(shape)
    block = np.zeros((n, size), dtype)
    block[range(start, start + size), range(size)] = 1
    return block.reshape((n, *shape))


def _emit_basis(k: Any, at: Any, *, n: int, start: int, shape: tuple[int, ...], dtype: Any) -> Any:
    offset = at[0] - (k.ravel(at[1:], shape) + start)
    is_unit = k.is_in(offset, 0, 1)
    return k.b.select(is_unit, k.constant(1), k.zero())


basis_p = define(
    Primitive(
        "basis",
        _basis,
        lambda *, n, start, shape, dtype: Type((n, *shape), dtype),
        cost=lambda in_types, out_types, **params: 0,
        gives_array=True,
        render=lambda ins, params: (
            f"np.eye({params['n']}, {math.prod(params['shape'])}, -{params['start']}, "
            f"dtype=np.{params['dtype'].name}).reshape({(params['n'], *params['shape'])})"
        ),
        facts={"derivative": "zero: a constant", "zeros": "structural in native code"},
        emit=Pull(_emit_basis),
    )
)

# -- tangents to results, cotangents back ----------------------------------------------------------


def fit(tangent: Any, type_: Type) -> Any:
    """A tangent broadcast and converted to the type of the result it belongs to."""
    return broadcast_to(convert(tangent, type_.dtype), type_.shape)


def unfit(ct: Any, type_: Any) -> Any:
    """A cotangent summed and converted back to the type of an operand: the adjoint of `fit`."""
    shape = type_.shape
    if ct.shape != shape:
        extra = len(ct.shape) - len(shape)
        axes = list(range(extra))
        axes += [i + extra for i, n in enumerate(shape) if n == 1 and ct.shape[i + extra] != 1]
        ct = reshape(sum_axes(ct, axes), shape)
    return convert(ct, type_.dtype)
