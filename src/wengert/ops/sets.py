"""Arrays as sets, and questions about dtypes and memory.

Which values are equal is a decision on them; the values that come out carry the derivative of a
place where they stood, the first one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ops.core import reshape
from wengert.ops.elementwise import eq_p
from wengert.ops.inserting import unique
from wengert.ops.joining import array_of, at_least_0d, concatenate
from wengert.ops.subscripts import getitem
from wengert.trace.tracer import Tracer, bind, implements
from wengert.trace.views import layout

# -- sets ------------------------------------------------------------------------------------------


def _flat(x: Any) -> Any:
    x = at_least_0d(array_of(x))
    return reshape(x, (x.size,))


@implements(np.isin)
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    """Which elements are among `test_elements`."""
    element, tests = at_least_0d(array_of(element)), _flat(test_elements)
    pairs = bind(eq_p, reshape(element, (*element.shape, 1)), tests)
    found = np.any(pairs, axis=-1)
    return np.logical_not(found) if invert else found


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    return unique(concatenate([_flat(ar1), _flat(ar2)], 0))


def _different(x: Any, assume_unique: bool) -> Any:
    return _flat(x) if assume_unique else unique(array_of(x))


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """The values that both have, sorted, and where each of them has them first."""
    a, first = unique(array_of(ar1), return_index=True)
    b, second = unique(array_of(ar2), return_index=True)
    in_both = isin(a, b)
    common = getitem(a, in_both)
    if not return_indices:
        return common
    return common, getitem(first, in_both), getitem(second, isin(b, a))


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    a = _different(ar1, assume_unique)
    return getitem(a, isin(a, ar2, invert=True))


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    return unique(concatenate([setdiff1d(ar1, ar2), setdiff1d(ar2, ar1)], 0))


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    return unique(x, equal_nan=False)


@implements(np.unique_counts)
def unique_counts(x: Any) -> Any:
    kind = type(np.unique_counts(np.zeros(1)))
    return kind(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> Any:
    kind = type(np.unique_inverse(np.zeros(1)))
    return kind(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_all)
def unique_all(x: Any) -> Any:
    kind = type(np.unique_all(np.zeros(1)))
    return kind(
        *unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    )


# -- dtypes and memory -----------------------------------------------------------------------------


def _dtype_of(x: Any) -> Any:
    return x.dtype if isinstance(x, Tracer) else x


@implements(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> Any:
    return np.result_type(*map(_dtype_of, arrays_and_dtypes))


@implements(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(_dtype_of(from_), _dtype_of(to), casting)


@implements(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> Any:
    """The dtype of `a`: what its value would fit in is no question for a traced one."""
    return a.dtype


@implements(np.common_type)
def common_type(*arrays: Any) -> Any:
    return np.common_type(*[np.empty(0, array_of(a).dtype) for a in arrays])


@implements(np.may_share_memory, np.shares_memory)
def shares_memory(a: Any, b: Any, /, max_work: Any = None) -> bool:
    """Whether a write into one would show in the other."""
    if not isinstance(a, Tracer) or not isinstance(b, Tracer) or _root(a) is not _root(b):
        return False
    return bool(np.may_share_memory(layout(a), layout(b)))


def _root(x: Tracer) -> Tracer:
    while x.base is not None:
        x = x.base
    return x
