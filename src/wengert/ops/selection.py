"""Choosing between values: `where`, larger and smaller, `clip`. No derivative through the choice.

Ties of `maximum`, `minimum` and `clip` split evenly. A NaN counts as a tie, so that no gradient is
dropped in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.dependence import Choice
from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, define
from wengert.ops.comparison import isnan
from wengert.ops.core import fit, unfit
from wengert.ops.families import batch_elementwise, broadcast_shapes, elementwise, scalar_kind
from wengert.trace.tracer import Tracer, bind
from wengert.types import Type


def select(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere."""
    return bind(select_p, condition, x, y)


def _select_type(condition: Any, x: Any, y: Any) -> Type:
    kinds = [np.zeros((), k) if isinstance(k, np.dtype) else k(0) for k in map(scalar_kind, (x, y))]
    return Type(broadcast_shapes("where", condition, x, y), np.result_type(*kinds))


select_p = define(
    Primitive(
        "select",
        np.where,
        _select_type,
        linear_in=(frozenset({1, 2}),),
        jvp=lambda args, out, tangents: fit(
            select(args[0], *[0.0 if t is None else t for t in tangents[1:]]), out.type
        ),
        transpose={
            1: lambda ct, args: unfit(select(args[0], ct, 0.0), args[1]),
            2: lambda ct, args: unfit(select(args[0], 0.0, ct), args[2]),
        },
        batch=batch_elementwise("select"),
        cost=lambda in_types, out_types, **params: out_types[0].size,
        is_elementwise=True,
        gives_array=True,
        render=lambda ins, params: f"np.where({', '.join(ins)})",
        emit=Elementwise(
            lambda b, condition, x, y: b.select(b.convert(condition, "b1"), x, y), "chosen"
        ),
        sparsity=Choice(),
    )
)

# -- the larger and the smaller of two -------------------------------------------------------------


def share(x: Any, y: Any, out: Any) -> Any:
    """1 where x > y, 0 where x < y, 1/2 at ties and NaN: the part of max(x, y) that is x."""
    return bind(share_p, x, y, dtype=real_dtype(out.dtype))


def real_dtype(dtype: Any) -> Any:
    """The dtype of the real part."""
    return np.zeros((), dtype).real.dtype


def _share(x: Any, y: Any, *, dtype: Any) -> Any:
    larger, smaller = np.greater(x, y), np.less(x, y)
    if np.count_nonzero(larger) + np.count_nonzero(smaller) == np.size(larger):
        return larger.astype(dtype)  # no tie, no NaN
    not_below = np.greater_equal(x, y)
    above = np.logical_not(np.less_equal(x, y))
    return np.multiply(np.add(not_below, above, dtype=np.int8), 0.5, dtype=dtype)


def _emit_share(b: Any, x: Any, y: Any, dtype: Any) -> Any:
    kind = np.dtype(dtype).str[1:]
    half, zero = b.constant(0.5, kind), b.constant(0.0, kind)
    not_below = b.select(b.compare("ge", x, y), half, zero)
    return b.add(not_below, b.select(b.compare("le", x, y), zero, half))


def _emit_extreme(b: Any, how: str, x: Any, y: Any) -> Any:
    """A NaN wins."""
    return b.select(b.or_(b.compare(how, x, y), b.is_nan(x)), x, y)


def _emit_extreme_of_numbers(b: Any, how: str, x: Any, y: Any) -> Any:
    """A NaN loses."""
    return b.select(b.or_(b.compare(how, x, y), b.is_nan(y)), x, y)


share_p = elementwise(
    "share",
    _share,
    type_rule=lambda x, y, *, dtype: Type(broadcast_shapes("share", x, y), dtype),
    flops=4,
    kinks="x = y: 1/2; the derivative is 0 everywhere",
    render=lambda ins, params: (
        f"(0.5 * (np.greater_equal({', '.join(ins)}) + 1.0 - np.less_equal({', '.join(ins)})))"
        f".astype(np.{params['dtype'].name})"
    ),
    emit=Elementwise(lambda b, x, y, *, dtype: _emit_share(b, x, y, dtype)),
)


def _share_ignoring_nan(x: Any, y: Any, shared: Any) -> Any:
    """`shared`, with nothing for a NaN beside a number."""
    if not isinstance(y, Tracer):
        return select(isnan(x), 0.5 if y != y else 0.0, 1.0 if y != y else shared)
    if not isinstance(x, Tracer):
        return select(isnan(y), 0.5 if x != x else 1.0, 0.0 if x != x else shared)
    return select(isnan(x), select(isnan(y), 0.5, 0.0), select(isnan(y), 1.0, shared))


maximum_p = elementwise(
    "maximum",
    np.maximum,
    partials=(lambda out, x, y: share(x, y, out), lambda out, x, y: share(y, x, out)),
    kinks="x = y: each gets half",
    emit=lambda b, x, y: _emit_extreme(b, "ge", x, y),
)
minimum_p = elementwise(
    "minimum",
    np.minimum,
    partials=(lambda out, x, y: share(y, x, out), lambda out, x, y: share(x, y, out)),
    kinks="x = y: each gets half",
    emit=lambda b, x, y: _emit_extreme(b, "le", x, y),
)
fmax_p = elementwise(
    "fmax",
    np.fmax,
    partials=(
        lambda out, x, y: _share_ignoring_nan(x, y, share(x, y, out)),
        lambda out, x, y: _share_ignoring_nan(y, x, share(y, x, out)),
    ),
    kinks="x = y: each gets half; a NaN beside a number gets nothing",
    emit=lambda b, x, y: _emit_extreme_of_numbers(b, "ge", x, y),
)
fmin_p = elementwise(
    "fmin",
    np.fmin,
    partials=(
        lambda out, x, y: _share_ignoring_nan(x, y, share(y, x, out)),
        lambda out, x, y: _share_ignoring_nan(y, x, share(x, y, out)),
    ),
    kinks="x = y: each gets half; a NaN beside a number gets nothing",
    emit=lambda b, x, y: _emit_extreme_of_numbers(b, "le", x, y),
)


def maximum(x: Any, y: Any) -> Any:
    return bind(maximum_p, x, y)


def minimum(x: Any, y: Any) -> Any:
    return bind(minimum_p, x, y)
