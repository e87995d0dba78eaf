"""`autograd.builtins`: containers, and `isinstance` and `type` that look at the values of boxes.

Containers need no boxes here: plain tuples, lists and dictionaries are differentiated through.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from wengert.compat.autograd.tracer import getval
from wengert.trace.tracer import ArrayTracer, Tracer

__all__ = ["dict", "isinstance", "list", "tuple", "type"]

dict = builtins.dict
list = builtins.list
tuple = builtins.tuple


def isinstance(x: Any, types: Any) -> bool:
    """`isinstance` of the value of `x`, or of `x` itself.

    Examples
    --------
    >>> from wengert.compat.autograd import grad, isinstance
    >>> grad(lambda x: x**2 if isinstance(x, float) else x)(3.0)
    np.float64(6.0)
    """
    return builtins.isinstance(x, types) or builtins.isinstance(_example(x), types)


def type(x: Any, *args: Any) -> Any:
    """`type` of the value of `x`."""
    return builtins.type(x, *args) if args else builtins.type(_example(x))


def _example(x: Any) -> Any:
    """The value of a box, or, where there is none, one of the same type."""
    value = getval(x)
    if builtins.isinstance(value, ArrayTracer):
        return np.broadcast_to(np.zeros((), value.dtype), value.shape)
    if builtins.isinstance(value, Tracer):
        return value.dtype.type(0)
    return value
