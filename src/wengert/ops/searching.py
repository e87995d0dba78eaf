"""The search in sorted arrays: places of points in a table, as integers.

    searchsorted digitize    primitives; the first `lanes` axes of their operands are equal

A lane is an item of a batch with a table of its own; NumPy searches one table at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError, ShapeError
from wengert.ir.emission import Whole
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ops.contraction import as_operand, describe
from wengert.ops.core import spread_batch
from wengert.ops.gather import gather
from wengert.trace.tracer import bind, implements, install
from wengert.types import Type

# -- lanes -----------------------------------------------------------------------------------------


def by_lanes(
    function: Callable[..., Any],
    lanes: int,
    arrays: Sequence[Any],
    shape: tuple[int, ...],
    dtype: Any,
) -> Any:
    """`function` of the items of `arrays`, whose first `lanes` axes are equal, into one array."""
    result = np.empty(shape, dtype)
    for place in np.ndindex(shape[:lanes]):
        result[place] = function(*[x[place] for x in arrays])
    return result


def lanes_text(name: str, ins: Sequence[str], lanes: int, more: str = "") -> str:
    """NumPy source of a call for each lane."""
    if lanes == 0:
        return f"np.{name}({', '.join(ins)}{more})"
    items = [f"{letter}{lanes}" for letter in "xyz"[: len(ins)]]
    inner = lanes_text(name, items, lanes - 1, more)
    return f"np.stack([{inner} for {', '.join(items)} in zip({', '.join(ins)})])"


def _search_batch(get: Callable[[], Primitive], points: int) -> Callable[..., Any]:
    """More points in the same table need no lanes; tables that differ do."""

    def batch(size: int, args: Any, is_batched: Any, *, lanes: int, **params: Any) -> Any:
        if lanes == 0 and not any(on for i, on in enumerate(is_batched) if i != points):
            return bind(get(), *args, lanes=0, **params), True
        return bind(get(), *spread_batch(size, args, is_batched), lanes=lanes + 1, **params), True

    return batch


# -- primitives ------------------------------------------------------------------------------------


def _searchsorted_array(a: Any, v: Any, *, side: Any, lanes: int) -> Any:
    if lanes == 0:
        return np.searchsorted(a, v, side=side)
    return by_lanes(lambda x, y: np.searchsorted(x, y, side), lanes, (a, v), v.shape, np.intp)


def _emit_searchsorted(m: Any, a: Any, v: Any, out: Any, *, side: str, lanes: int) -> None:
    """Bisection with a fixed number of steps and without branches."""
    kind = m.common_kind(a.kind, v.kind)
    b = m.b

    def find(at: Any) -> None:
        point = m.load_as(v, at, kind)
        base, left = b.index(0), a.shape[-1]

        def is_before(offset: int) -> Any:
            """Whether the place searched for is behind the element at `base` + `offset`."""
            place = m.opaque(b.add(base, b.index(offset)), a.shape[-1])
            entry = m.load_as(a, (*at[:lanes], place), kind)
            return m.less(entry, point) if side == "left" else b.not_(m.less(point, entry))

        while left > 1:
            half = left // 2
            base = b.select(is_before(half - 1), b.add(base, b.index(half)), base)
            left -= half
        if left:
            base = b.add(base, b.convert(is_before(0), "i8"))
        m.store(out, at, base)

    m.each(out.shape, find)


searchsorted_p: Primitive = define(
    Primitive(
        "searchsorted",
        _searchsorted_array,
        lambda a, v, *, side, lanes: Type(v.shape, np.intp),
        batch=_search_batch(lambda: searchsorted_p, 1),
        cost=lambda in_types, out_types, **params: (
            out_types[0].size * max(in_types[0].size.bit_length(), 1)
        ),
        render=lambda ins, params: lanes_text(
            "searchsorted", ins, params["lanes"], f", {params['side']!r}"
        ),
        emit=Whole(_emit_searchsorted),
        facts={
            "derivative": "zero: integers",
            "ties": "side 'left' gives the first place, 'right' the place after the last",
        },
    )
)


def _digitize_array(x: Any, bins: Any, *, right: bool, lanes: int) -> Any:
    if lanes == 0:
        return np.digitize(x, bins, right)
    return by_lanes(lambda y, b: np.digitize(y, b, right), lanes, (x, bins), x.shape, np.intp)


digitize_p: Primitive = define(
    Primitive(
        "digitize",
        _digitize_array,
        lambda x, bins, *, right, lanes: Type(x.shape, np.intp),
        batch=_search_batch(lambda: digitize_p, 0),
        cost=lambda in_types, out_types, **params: (
            out_types[0].size * max(in_types[1].size.bit_length(), 1)
        ),
        render=lambda ins, params: lanes_text(
            "digitize", ins, params["lanes"], f", {params['right']}"
        ),
        emit=Unsupported("NumPy checks that the bins are in order, and in which"),
        facts={"derivative": "zero: integers"},
    )
)

# -- NumPy's functions -----------------------------------------------------------------------------


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """NumPy's searchsorted: integers, without derivative."""
    a, v = as_operand(a), as_operand(v)
    if len(a.shape) != 1:
        raise ShapeError(
            "searchsorted: the sorted array must be a vector.",
            got=describe(a=a, v=v),
            expected="a: [n]",
        )
    full = {"l": "left", "r": "right"}.get(side[:1].lower())
    if full is None:
        raise ArgumentError(
            "searchsorted: there is no such side.", got=repr(side), expected="'left' or 'right'"
        )
    if sorter is not None:
        a = gather(a, (as_operand(sorter),), (0,))
    return bind(searchsorted_p, a, v, side=full, lanes=0)


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """NumPy's digitize: integers, without derivative."""
    x, bins = as_operand(x), as_operand(bins)
    if len(bins.shape) != 1:
        raise ShapeError(
            "digitize: the bins must be a vector.",
            got=describe(x=x, bins=bins),
            expected="bins: [n]",
        )
    return bind(digitize_p, x, bins, right=bool(right), lanes=0)


install("searchsorted", searchsorted)
