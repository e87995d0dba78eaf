"""Keyword arguments of ufuncs (`out`, `where`, `dtype`, `casting`) and their methods.

`call` serves a ufunc called with keyword arguments; `reduce`, `accumulate`, `reduceat`, `outer` and
`at` serve its methods: by a reduction of ours where there is one, otherwise by folding the ufunc
along the axis, element after element, as NumPy defines it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, DtypeError, ShapeError
from wengert.ops.axes import normalized_axes
from wengert.ops.core import broadcast_to, convert, reduced_shape, reshape
from wengert.ops.functions import as_operand
from wengert.ops.output import deliver
from wengert.ops.selection import select
from wengert.trace.tracer import (
    missing_function,
    ufunc_handlers,
    ufunc_method_handlers,
)

Handler = Callable[..., Any]

# (ufunc, method) -> function(array, axis=, dtype=, out=, keepdims=, initial=, where=) of `reduce`,
# function(array, axis=, dtype=, out=) of `accumulate`; filled by reductions.py and cumulative.py.
METHODS: dict[tuple[np.ufunc, str], Handler] = {}


def handler_of(ufunc: np.ufunc) -> Handler:
    """The function of traced positional arguments that stands for `ufunc`."""
    handler = ufunc_handlers.get(ufunc)
    if handler is None:
        load_special(ufunc)
        handler = ufunc_handlers.get(ufunc)
    if handler is None:
        raise missing_function(name_of(ufunc))
    return handler


def name_of(ufunc: np.ufunc) -> str:
    """`numpy.sin` or `scipy.special.erf`, as far as the ufunc tells."""
    for home, module in (("numpy", np), ("scipy.special", sys.modules.get("scipy.special"))):
        if getattr(module, ufunc.__name__, None) is ufunc:
            return f"{home}.{ufunc.__name__}"
    return f"the ufunc {ufunc.__name__}"


def load_special(ufunc: np.ufunc) -> None:
    """Find the record of a ufunc of scipy.special when it is met."""
    special = sys.modules.get("scipy.special._ufuncs")  # what scipy.special takes them from
    if special is not None and getattr(special, ufunc.__name__, None) is ufunc:
        import_module("wengert.ops.special").register(ufunc)


# -- keyword arguments -----------------------------------------------------------------------------


def call(
    ufunc: np.ufunc,
    *inputs: Any,
    out: Any = None,
    where: Any = True,
    casting: Any = "same_kind",
    order: str = "K",
    dtype: Any = None,
    subok: bool = True,
    signature: Any = None,
    sig: Any = None,
    **others: Any,
) -> Any:
    """`ufunc(*inputs, **kwargs)` with a traced input or a traced `out`.

    Elements that `where` leaves out are those of `out`; without `out`, which NumPy leaves
    uninitialized, they are 0. The function is not evaluated there, nor its derivative.
    """
    if ufunc.signature is not None:
        return _call_generalized(ufunc, inputs, out, dtype, casting, others)
    handler = handler_of(ufunc)
    if others:
        raise ArgumentError(
            f"{ufunc.__name__}: an unknown keyword argument.", got=", ".join(sorted(others))
        )
    operands = [x if is_number(x) else as_operand(x) for x in inputs]
    signature = signature or sig
    if dtype is not None or signature is not None or casting not in ("same_kind", "unsafe"):
        operands = _cast_inputs(ufunc, operands, dtype, signature, casting)
    is_masked = where is not True
    outs = out if isinstance(out, tuple) else (out,) * (1 if out is None else ufunc.nout)
    if is_masked:
        where = as_operand(where)
        operands = [_masked(ufunc, where, x) for x in operands]
    results = handler(*operands)
    if ufunc.nout == 1:
        results = (results,)
    if out is None:
        outs = (None,) * ufunc.nout
    if is_masked:
        results = tuple([_where_kept(where, r, o) for r, o in zip(results, outs, strict=True)])
    delivered = [deliver(r, o, ufunc.__name__, casting) for r, o in zip(results, outs, strict=True)]
    return delivered[0] if ufunc.nout == 1 else tuple(delivered)


def is_number(x: Any) -> bool:
    """Whether `x` is a Python scalar, whose dtype NumPy's promotion takes as weak."""
    return isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic)


def _call_generalized(
    ufunc: np.ufunc, inputs: Any, out: Any, dtype: Any, casting: str, others: dict[str, Any]
) -> Any:
    from wengert.ops.generalized import FUNCTIONS, call

    if ufunc not in FUNCTIONS:
        raise missing_function(name_of(ufunc))
    a, b = inputs
    return call(ufunc, a, b, out, dtype=dtype, casting=casting, **others)


def _cast_inputs(
    ufunc: np.ufunc, operands: list[Any], dtype: Any, signature: Any, casting: Any
) -> list[Any]:
    """The operands in the dtypes of the loop that `dtype`, `signature` and `casting` choose."""
    if signature is None:
        signature = (None,) * ufunc.nin + (dtype and np.dtype(dtype),) * ufunc.nout
    elif isinstance(signature, str):
        signature = tuple([np.dtype(c) for c in signature.replace("->", "")])
    else:
        signature = tuple([None if s is None else np.dtype(s) for s in signature])
    kinds = [type(x) if type(x) in (int, float, complex) else as_operand(x).dtype for x in operands]
    if all(isinstance(k, type) for k in kinds):
        kinds = [np.dtype(k) for k in kinds]
    try:
        found = ufunc.resolve_dtypes(
            (*kinds, *(None,) * ufunc.nout), signature=signature, casting="unsafe"
        )
        pairs = zip(operands, found, strict=False)
        fits = [is_number(x) or np.can_cast(x.dtype, d, casting) for x, d in pairs]
    except TypeError:
        fits = [False]
    if not all(fits):
        raise DtypeError(
            f"{ufunc.__name__}: no loop for these dtypes.",
            got=f"{', '.join(str(getattr(k, 'name', k)) for k in kinds)}; "
            f"dtype={signature}, casting={casting!r}",
            expected="a dtype that the operands can be cast to",
        )
    return [convert(x, d) for x, d in zip(operands, found, strict=False)]


# An argument inside the domain of every function, for elements that are not evaluated.
_HARMLESS: dict[Any, float] = {np.arccosh: 2.0, np.arctanh: 0.0}


def _masked(ufunc: np.ufunc, where: Any, x: Any) -> Any:
    kind = as_operand(x).dtype.kind
    harmless: Any = _HARMLESS.get(ufunc, 0.5) if kind in "fc" else (kind == "b") or 1
    return select(where, x, harmless)


def _where_kept(where: Any, result: Any, out: Any) -> Any:
    if out is None:
        return select(where, result, False if result.dtype.kind == "b" else 0)
    return select(where, result, convert(as_operand(out), result.dtype))


# -- methods ---------------------------------------------------------------------------------------


def reduce(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    """`ufunc.reduce`: by our own reduction, or by folding along the axes."""
    _require_binary(ufunc, "reduce")
    array = as_operand(array)
    out = out[0] if isinstance(out, tuple) else out
    known = METHODS.get((ufunc, "reduce"))
    if known is not None:
        return known(
            array, axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial, where=where
        )
    axes = normalized_axes(axis, array.ndim, f"{ufunc.__name__}.reduce")
    items = _items(array, axes)
    start = ufunc.identity if initial is np._NoValue else initial
    if where is not True:
        taken = [True, *_items(broadcast_to(as_operand(where), array.shape), axes)]
        if start is None:
            raise ArgumentError(
                f"{ufunc.__name__}.reduce: where needs a value to start from.",
                got="where=... without initial",
                expected="initial=..., because the operation has no identity",
            )
        kind = ufunc.resolve_dtypes((array.dtype, array.dtype, dtype and np.dtype(dtype)))[-1]
        first = convert(as_operand(start), kind)
        items = [broadcast_to(first, reduced_shape(array.shape, axes, False)), *items]
        initial = np._NoValue
    if not items and (start is None or initial is None):
        raise ShapeError(
            f"{ufunc.__name__}.reduce: there is nothing to reduce and no identity.",
            got=repr(array),
            try_="initial=...",
        )
    if initial is not np._NoValue and initial is not None:
        items = [initial, *items]
    elif not items:
        items = [broadcast_to(as_operand(start), reduced_shape(array.shape, axes, False))]
    total = items[0]
    for i, item in enumerate(items[1:], 1):
        folded = call(ufunc, total, item, dtype=dtype)
        total = folded if where is True else select(taken[i], folded, total)
    if keepdims:
        total = reshape(total, reduced_shape(array.shape, axes, True))
    return deliver(total, out, f"{ufunc.__name__}.reduce")


def accumulate(
    ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.accumulate`: all partial results of `reduce` along one axis."""
    _require_binary(ufunc, "accumulate")
    array = as_operand(array)
    out = out[0] if isinstance(out, tuple) else out
    if array.ndim == 0:
        raise ShapeError(f"{ufunc.__name__}.accumulate: a scalar has no axis.", got=repr(array))
    known = METHODS.get((ufunc, "accumulate"))
    if known is not None:
        return known(array, axis=axis, dtype=dtype, out=out)
    (axis,) = normalized_axes(axis, array.ndim, f"{ufunc.__name__}.accumulate")
    items = _items(array, (axis,))
    partial = items[:1]
    for item in items[1:]:
        partial.append(call(ufunc, partial[-1], item, dtype=dtype))
    result = np.stack(partial, axis=axis) if items else array
    return deliver(result, out, f"{ufunc.__name__}.accumulate")


def reduceat(
    ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.reduceat`: reductions of the slices between consecutive indices."""
    _require_binary(ufunc, "reduceat")
    array = as_operand(array)
    (axis,) = normalized_axes(axis, array.ndim, f"{ufunc.__name__}.reduceat")
    starts = [int(i) for i in indices]
    n = array.shape[axis]
    if any(not 0 <= i < n for i in starts):
        raise ShapeError(
            f"{ufunc.__name__}.reduceat: an index is out of bounds.",
            got=f"{starts} for an axis of length {n}",
            expected=f"integers from 0 to {n - 1}",
        )
    if not starts:
        raise ShapeError(f"{ufunc.__name__}.reduceat: there is no index.", got="an empty list")
    before = (slice(None),) * axis
    pieces = []
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        part = array[(*before, slice(start, max(stop, start + 1)))]
        pieces.append(reduce(ufunc, part, axis=axis, dtype=dtype))
    out = out[0] if isinstance(out, tuple) else out
    return deliver(np.stack(pieces, axis=axis), out, f"{ufunc.__name__}.reduceat")


def outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    """`ufunc.outer`: the ufunc of every element of `a` with every element of `b`."""
    a, b = as_operand(a), as_operand(b)
    spread = reshape(a, (*a.shape, *(1,) * b.ndim))
    return call(ufunc, spread, b, **kwargs) if kwargs else handler_of(ufunc)(spread, b)


def at(ufunc: np.ufunc, a: Any, indices: Any, *operands: Any) -> None:
    """`ufunc.at`: unbuffered `a[indices] = ufunc(a[indices], b)`, repeated indices in turn."""
    from wengert.ops.assignment import ufunc_at

    ufunc_at(ufunc, a, indices, *operands)


def _require_binary(ufunc: np.ufunc, method: str) -> None:
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
        raise ArgumentError(
            f"{ufunc.__name__}.{method}: only functions of two arguments with one result have it.",
            got=f"{ufunc.nin} arguments, {ufunc.nout} results",
        )


def _items(array: Any, axes: tuple[int, ...]) -> list[Any]:
    """The parts of `array` along `axes`, in C order."""
    shape = tuple([array.shape[i] for i in axes])
    items = []
    for place in np.ndindex(*shape):
        index: list[Any] = [slice(None)] * array.ndim
        for axis, i in zip(axes, place, strict=True):
            index[axis] = i
        items.append(array[tuple(index)])
    return items


ufunc_method_handlers.update(
    {
        "__call__": call,
        "reduce": reduce,
        "accumulate": accumulate,
        "reduceat": reduceat,
        "outer": outer,
        "at": at,
    }
)
