"""NumPy's functions that join arrays: concatenate, the stack family, block, append."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from wengert.errors import DtypeError, ShapeError
from wengert.ops.core import convert, reshape
from wengert.ops.joining import array_of, at_least_0d, concatenate, operands, stack, strong
from wengert.ops.output import deliver
from wengert.trace.tracer import Tracer, implements


def check_casting(name: str, source: Any, target: Any, casting: Any) -> None:
    """Raise unless NumPy's casting rule allows `source` to become `target`."""
    if not np.can_cast(source, target, casting):
        raise DtypeError(
            f"{name}: the dtype asked for cannot hold the values.",
            got=f"{source} to {target} with casting={casting!r}",
            expected="a dtype that the casting rule allows",
            try_="casting='unsafe', or astype first",
        )


def cast_to(name: str, xs: list[Any], dtype: Any, casting: str) -> list[Any]:
    if dtype is None:
        return xs
    dtype = np.dtype(dtype)
    for x in xs:
        check_casting(name, np.asarray(x).dtype if isinstance(x, int) else x.dtype, dtype, casting)
    return [convert(x, dtype) for x in xs]


@implements(np.concatenate)
def _np_concatenate(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    xs = cast_to("concatenate", operands("concatenate", arrays), dtype, casting)
    if axis is None:
        xs = [reshape(x, (x.size,)) for x in map(at_least_0d, xs)]
        axis = 0
    xs = [at_least_0d(x) for x in xs]
    if not xs[0].ndim:
        raise ShapeError(
            "concatenate: 0-d arrays have no axis to be joined along.",
            got=", ".join([f"shape {x.shape}" for x in xs]),
            expected="arrays with at least one axis",
            try_="np.stack or np.hstack",
        )
    axis = normalize_axis_index(axis, xs[0].ndim)
    return deliver(concatenate(xs, axis), out, "concatenate", casting)


@implements(np.stack)
def _np_stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    xs = cast_to("stack", operands("stack", arrays), dtype, casting)
    axis = normalize_axis_index(axis, max([np.ndim(x) for x in xs]) + 1)
    return deliver(stack(xs, axis), out, "stack", casting)


def at_least_1d(x: Any) -> Any:
    return reshape(x, (1,)) if not x.ndim else x


def at_least_2d(x: Any) -> Any:
    return reshape(x, (1, x.size)) if x.ndim < 2 else x


def at_least_3d(x: Any) -> Any:
    if x.ndim < 2:
        return reshape(x, (1, x.size, 1))
    return reshape(x, (*x.shape, 1)) if x.ndim == 2 else x


@implements(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    xs = cast_to("vstack", operands("vstack", tup), dtype, casting)
    return concatenate([at_least_2d(at_least_0d(x)) for x in xs], 0)


@implements(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    xs = cast_to("hstack", operands("hstack", tup), dtype, casting)
    if all(np.ndim(x) == 0 for x in xs):
        return stack(xs, 0)
    xs = [at_least_1d(at_least_0d(x)) for x in xs]
    return concatenate(xs, 0 if xs[0].ndim == 1 else 1)


@implements(np.dstack)
def _dstack(tup: Any) -> Any:
    return concatenate([at_least_3d(at_least_0d(x)) for x in operands("dstack", tup)], 2)


@implements(np.column_stack)
def _column_stack(tup: Any) -> Any:
    xs = [at_least_0d(x) for x in operands("column_stack", tup)]
    return concatenate([reshape(x, (x.size, 1)) if x.ndim < 2 else x for x in xs], 1)


@implements(np.block)
def _block(arrays: Any) -> Any:
    """Nested lists of blocks: the innermost lists are joined along the last axis."""
    depth = _depth(arrays)
    blocks = _leaves(arrays)
    rank = max(depth, max([np.ndim(b) for b in blocks]))

    def join(part: Any, level: int) -> Any:
        if not isinstance(part, list):
            x = at_least_0d(strong(part) if not isinstance(part, Tracer) else part)
            return reshape(x, (*(1,) * (rank - x.ndim), *x.shape))
        pieces = [join(p, level + 1) for p in part]
        return concatenate(pieces, rank - depth + level)

    result = join(arrays, 0)
    return np.copy(result) if depth == 0 else result


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(a) for a in arrays}
    if len(depths) != 1:
        raise ShapeError(
            "block: lists are nested to different depths, or empty.",
            got=f"depths {sorted(depths)}",
            expected="one depth everywhere",
        )
    return depths.pop() + 1


def _leaves(arrays: Any) -> list[Any]:
    if not isinstance(arrays, list):
        return [arrays]
    return [leaf for a in arrays for leaf in _leaves(a)]


@implements(np.append)
def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    arr, values = at_least_0d(array_of(arr)), at_least_0d(array_of(values))
    if axis is None:
        return concatenate([reshape(arr, (arr.size,)), reshape(values, (values.size,))], 0)
    return concatenate([arr, values], normalize_axis_index(axis, arr.ndim))
