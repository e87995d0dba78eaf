"""Order: sorting and partitioning; the search in sorted arrays is in `searching.py`.

    argsort argpartition lexsort    primitives that give permutations

A sorted array is gathered by the permutation that sorts it. At ties the permutation is the stable
one: the derivative of equal elements goes to the places to which a stable sort moves them.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import convert, iota, reshape, spread_batch
from wengert.ops.gather import gather
from wengert.ops.output import deliver
from wengert.ops.products import normalize_axis, ravel
from wengert.trace.tracer import ArrayTracer, bind, implements, install
from wengert.types import Type

# -- permutations ----------------------------------------------------------------------------------


def _permutation_type(x: Type, **params: Any) -> Type:
    return Type(x.shape, np.intp)


def _n_log_n(in_types: Any, out_types: Any, **params: Any) -> int:
    size = out_types[0].size
    return size * max(size.bit_length() - 1, 1)


def _emit_argsort(m: Any, *keys_and_out: Any, axis: int, **params: Any) -> None:
    """Rows of places, put in order by one key after the other; the last one counts first."""
    *keys, out = keys_and_out
    n = out.shape[axis]
    shape = [size for a, size in enumerate(out.shape) if a != axis]
    if 0 in out.shape:
        return
    places = m.temporary("i8", (n,))
    rows = [m.temporary(key.kind, (n,)) for key in keys]

    def sort(at: Any) -> None:
        whole = lambda i: (*at[:axis], i, *at[axis:])
        m.span(n, lambda i: m.store(places, (i,), m.number(i)), m.lanes_for("i8"))
        for key, row in zip(keys, rows, strict=True):
            fill = lambda i, key=key, row=row: m.store(row, (i,), m.load(key, whole(i)))
            m.span(n, fill, m.lanes_for(key.kind))
            m.sort(row, places)
        m.span(n, lambda i: m.store(out, whole(i), m.load(places, (i,))), m.lanes_for("i8"))

    m.each(shape, sort)
    m.release(places, *rows)


argsort_p: Primitive = define(
    Primitive(
        "argsort",
        lambda x, *, axis, kind: np.argsort(x, axis=axis, kind=kind),
        _permutation_type,
        batch=lambda size, args, is_batched, *, axis, kind: (
            bind(argsort_p, args[0], axis=axis + 1, kind=kind),
            True,
        ),
        cost=_n_log_n,
        gives_array=True,
        render=lambda ins, params: (
            f"np.argsort({ins[0]}, axis={params['axis']}, kind={params['kind']!r})"
        ),
        emit=Whole(_emit_argsort),
        facts={
            "derivative": "zero: integers",
            "ties": "sort gathers by the stable permutation, each element its own derivative",
        },
    )
)
argpartition_p: Primitive = define(
    Primitive(
        "argpartition",
        lambda x, *, kth, axis: np.argpartition(x, kth, axis=axis),
        _permutation_type,
        batch=lambda size, args, is_batched, *, kth, axis: (
            bind(argpartition_p, args[0], kth=kth, axis=axis + 1),
            True,
        ),
        cost=lambda in_types, out_types, **params: out_types[0].size,
        gives_array=True,
        render=lambda ins, params: (
            f"np.argpartition({ins[0]}, {params['kth']}, axis={params['axis']})"
        ),
        emit=Unsupported("the order beside the parts is NumPy's own"),
        facts={"derivative": "zero: integers"},
    )
)


def _lexsort_batch(size: int, keys: Any, is_batched: Any, *, axis: int) -> Any:
    return bind(lexsort_p, *spread_batch(size, keys, is_batched), axis=axis + 1), True


lexsort_p: Primitive = define(
    Primitive(
        "lexsort",
        lambda *keys, axis: np.lexsort(keys, axis=axis),
        lambda *keys, axis: Type(keys[0].shape, np.intp),
        batch=_lexsort_batch,
        cost=_n_log_n,
        gives_array=True,
        render=lambda ins, params: f"np.lexsort(({', '.join(ins)},), axis={params['axis']})",
        emit=Whole(_emit_argsort),
        facts={"derivative": "zero: integers"},
    )
)

# -- NumPy's functions -----------------------------------------------------------------------------

_KINDS = ("quicksort", "mergesort", "heapsort", "stable", "q", "m", "h", "s")


def _prepared(name: str, a: Any, axis: int | None, order: Any = None) -> tuple[Any, int]:
    """The operand and its axis; axis None flattens."""
    if order is not None:
        raise ArgumentError(
            f"{name}: order is for arrays with fields.",
            got=f"order={order!r}",
            expected="None",
        )
    a = as_operand(a)
    if axis is None:
        return ravel(a), 0
    if not a.shape:
        raise ArgumentError(
            f"{name}: a 0-d array has no axis to work along.",
            got=f"{describe(a=a)}, axis={axis}",
            expected="an array with axes",
            try_="axis=None",
        )
    return a, normalize_axis(axis, len(a.shape), name)


def _sort_kind(name: str, kind: str | None, stable: bool | None) -> str:
    if kind is not None and (kind not in _KINDS or stable is not None):
        raise ArgumentError(
            f"{name}: kind is not one of NumPy's, or kind and stable are both given.",
            got=f"kind={kind!r}, stable={stable!r}",
            expected="one of them; kind 'quicksort', 'heapsort', 'mergesort' or 'stable'",
        )
    return "stable" if stable or (kind or "q")[0] in "ms" else "quicksort"


def gather_along(x: Any, places: Any, axis: int) -> Any:
    """`x` at `places` along `axis`, all other indices equal: `np.take_along_axis`."""
    n = len(x.shape)
    if n == 1:
        return gather(x, (places,), (0,))
    indices = [
        places if i == axis else reshape(iota(size), (*(1,) * i, size, *(1,) * (n - 1 - i)))
        for i, size in enumerate(x.shape)
    ]
    return gather(x, indices, tuple(range(n)))


@implements(np.sort)
def sort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> Any:
    """NumPy's sort. Of equal elements each keeps its own derivative, in stable order.

    Examples
    --------
    >>> import wengert as wg
    >>> wg.grad(lambda x: np.sort(x)[0])(np.array([2.0, 1.0, 1.0]))
    array([0., 1., 0.])
    """
    a, axis = _prepared("sort", a, axis, order)
    _sort_kind("sort", kind, stable)
    return gather_along(a, bind(argsort_p, a, axis=axis, kind="stable"), axis)


@implements(np.argsort)
def argsort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> Any:
    """NumPy's argsort: integers, without derivative."""
    a = as_operand(a)
    a, axis = _prepared("argsort", a, axis if a.shape else None, order)
    return bind(argsort_p, a, axis=axis, kind=_sort_kind("argsort", kind, stable))


def _places(name: str, kth: Any, n: int) -> tuple[int, ...]:
    """The positions of a partition, non-negative."""
    if isinstance(kth, ArrayTracer) and kth.shape:
        kth = [int(kth[i]) for i in range(kth.shape[0])]
    found = [operator.index(k) for k in np.ravel(kth)] if np.ndim(kth) else [operator.index(kth)]
    for k in found:
        if not -n <= k < n:
            raise ArgumentError(
                f"{name}: kth is no place of the array.",
                got=f"kth={k} for {n} elements",
                expected=f"integers from {-n} to {n - 1}",
            )
    return tuple([k % n for k in found])


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """NumPy's partition: the elements in the order of `argpartition`."""
    a, axis = _prepared("partition", a, axis, order)
    return gather_along(a, argpartition(a, kth, axis, kind), axis)


@implements(np.argpartition)
def argpartition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """NumPy's argpartition: integers, without derivative."""
    a, axis = _prepared("argpartition", a, axis, order)
    if kind != "introselect":
        raise ArgumentError(
            "argpartition: there is no such kind.", got=repr(kind), expected="'introselect'"
        )
    kth = _places("argpartition", kth, a.shape[axis])
    return bind(argpartition_p, a, kth=kth, axis=axis)


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Any:
    """NumPy's lexsort: the last key counts first."""
    keys = [as_operand(key) for key in keys]
    if not keys or any(key.shape != keys[0].shape for key in keys):
        raise ShapeError(
            "lexsort: the keys must have one shape.",
            got=", ".join([describe(key=key) for key in keys]) or "no keys",
            expected="at least one key, all of one shape",
        )
    if not keys[0].shape:
        return np.lexsort([0])
    return bind(lexsort_p, *keys, axis=normalize_axis(axis, len(keys[0].shape), "lexsort"))


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """The sorted array, complex."""
    result = sort(a)
    if result.dtype.kind == "c":
        return result
    return convert(result, np.complex64 if result.dtype.char in "bhBH" else np.complex128)


# -- methods ---------------------------------------------------------------------------------------


def _sort_method(
    x: Any,
    axis: int = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> None:
    if not isinstance(x, ArrayTracer):
        raise ArgumentError("sort: a scalar cannot be sorted in place.", got=repr(x.type))
    deliver(sort(x, axis, kind, order, stable=stable), x, "sort")


def _partition_method(
    x: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    if not isinstance(x, ArrayTracer):
        raise ArgumentError("partition: a scalar cannot be sorted in place.", got=repr(x.type))
    deliver(partition(x, kth, axis, kind, order), x, "partition")


install("sort", _sort_method)
install("partition", _partition_method)
install("argsort", argsort)
install("argpartition", argpartition)
