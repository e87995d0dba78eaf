"""Rules on sums. A sum of NumPy starts from +0, so that none is −0."""

from __future__ import annotations

import math
from typing import Any

from wengert.ir.program import Literal
from wengert.ops.core import (
    add_p,
    broadcast_to_p,
    mul_p,
    reshape_p,
    sum_p,
    transpose_p,
)
from wengert.ops.joining import stack_p
from wengert.passes.pattern import (
    Changes,
    Match,
    Node,
    Rule,
    X,
    apply,
    array_type,
    rule,
)
from wengert.passes.shape_rules import ON_FULL, inner, of

# -- sums ------------------------------------------------------------------------------------------

_SHORT = 8  # operands of a stack that are added one by one


def _sum_of_units(m: Match) -> Any:
    """A sum of one term each starts from +0, as all of NumPy's do."""
    x = m["x"]
    if any([x.type.shape[a] != 1 for a in m.eq.params["axes"]]):
        return None
    flat = m.emit(reshape_p, x, shape=m.type.shape, order="C")
    return m.emit(add_p, flat, 0.0) if m.type.dtype.kind in "fc" else flat


def _sum_of_nothing(m: Match) -> Any:
    x = m["x"]
    return Literal(0) if any([x.type.shape[a] == 0 for a in m.eq.params["axes"]]) else None


def _sum_of_full(m: Match) -> Any:
    value = m.graph.constant(m.eq.inputs[0])
    return Literal(0) if value == 0 and m.type.dtype.kind != "b" else None


def _sum_of_spread(m: Match) -> Any:
    """Equal terms are multiplied by their number."""
    eq, x = inner(m)
    shape = eq.outputs[0].type.shape
    if type(x) is Literal or m.type.dtype.kind not in "fiu":
        return None
    extra = len(shape) - len(x.type.shape)
    axes = m.eq.params["axes"]
    repeated = [a for a in axes if a < extra or x.type.shape[a - extra] != shape[a]]
    if not repeated:
        return None
    count = math.prod([shape[a] for a in repeated])
    if not count:
        return Literal(0)
    kept = tuple([a - extra for a in axes if a >= extra and a not in repeated])
    part = m.emit(sum_p, x, axes=kept, keepdims=True) if kept else x
    # What is left of x has the result's shape, but for axes of one.
    sizes = [1] * extra + list(array_type(part).shape)
    own = [n for a, n in enumerate(sizes) if a not in axes or m.eq.params["keepdims"]]
    part = m.emit(reshape_p, part, shape=tuple(own), order="C")
    return m.emit(mul_p, part, count if m.type.dtype.kind in "iu" else float(count))


def _sum_of_sum(m: Match) -> Any:
    eq, x = inner(m)
    rank = len(x.type.shape)
    left = [a for a in range(rank) if eq.params["keepdims"] or a not in eq.params["axes"]]
    axes = sorted({*eq.params["axes"], *[left[a] for a in m.eq.params["axes"]]})
    whole = m.emit(sum_p, x, axes=tuple(axes), keepdims=False)
    return m.emit(reshape_p, whole, shape=m.type.shape, order="C")


def _sum_of_transpose(m: Match) -> Any:
    eq, x = inner(m)
    order = eq.params["axes"]
    axes = tuple(sorted([order[a] for a in m.eq.params["axes"]]))
    kept = [order[a] for a in range(len(order)) if a not in m.eq.params["axes"]]
    whole = m.emit(sum_p, x, axes=axes, keepdims=False)
    turned = m.emit(transpose_p, whole, axes=tuple([sorted(kept).index(a) for a in kept]))
    return m.emit(reshape_p, turned, shape=m.type.shape, order="C")


def _sum_of_stack(m: Match) -> Any:
    eq, _ = inner(m)
    parts = eq.inputs
    if m.eq.params["axes"] != (eq.params["axis"],) or len(parts) > _SHORT:
        return None
    if m.type.dtype.kind != "f" or any([type(a) is Literal for a in parts]):
        return None
    total: Any = parts[0]
    for a in parts[1:]:
        total = m.emit(add_p, total, a)
    # −0 is no sum that starts from +0.
    return m.emit(reshape_p, m.emit(add_p, total, 0.0), shape=m.type.shape, order="C")


SUMS = [
    rule("sum over unit axes = x + 0", apply(sum_p, X), _sum_of_units),
    rule("sum of nothing = 0", apply(sum_p, X), _sum_of_nothing),
    Rule("sum of zeros = 0", Node(sum_p), _sum_of_full, heads=ON_FULL),
    rule("sum of equal terms", of(sum_p, broadcast_to_p), _sum_of_spread, None, Changes.ROUNDING),
    rule("sum of sum", of(sum_p, sum_p), _sum_of_sum, None, Changes.ROUNDING),
    rule("sum of transpose", of(sum_p, transpose_p), _sum_of_transpose, None, Changes.ROUNDING),
    rule("sum of a short stack", of(sum_p, stack_p), _sum_of_stack, None, Changes.ROUNDING),
]
