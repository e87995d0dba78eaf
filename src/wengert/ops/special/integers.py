"""Ufuncs whose first operand is an integer: a degree or an order, which has no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive
from wengert.ops.families import Partial
from wengert.ops.functions import as_operand
from wengert.ops.special.family import FUNCTIONS, as_real, beside_complex, refused, special
from wengert.ops.ufuncs import is_number
from wengert.trace.tracer import bind


def integer_order(name: str, *partials: Partial | None, **fields: Any) -> Primitive:
    """A record whose first operand stays an integer if it is one: SciPy then takes another path.

    `partials` are those of the other operands. A floating-point order is no error (SciPy has a
    meaning for it where it has one), but is not differentiated.
    """
    record = special(
        name,
        refused(name, "its order"),
        *partials,
        emit=Elementwise(lambda b, n, *xs: b.call_special(name, n, *xs), "own"),
        **fields,
    )
    FUNCTIONS[name] = lambda n, *xs: with_order(record, n, *xs)
    return record


def with_order(record: Primitive, n: Any, *xs: Any) -> Any:
    """Bind a record to an order, kept as it is, and real or complex operands."""
    reals = beside_complex([as_real(x) for x in xs])
    return bind(record, n if is_number(n) else as_operand(n), *reals)


def previous(n: Any) -> Any:
    """n - 1, but not below 0: for terms that have the factor n."""
    return max(n - 1, 0) if is_number(n) else np.maximum(n - 1, 0)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """`x` or `y`, by a condition on parameters that may be a Python bool."""
    if type(condition) is bool:
        return x if condition else y
    return np.where(condition, x, y)


def of_lower_degree(record: Primitive, n: Any, *xs: Any) -> Any:
    """The polynomial of degree n - 1, which is zero for n = 0 (SciPy may give NaN)."""
    value = with_order(record, choose(n == 0, n, n - 1), *xs)
    return choose(n == 0, 0.0, value)
