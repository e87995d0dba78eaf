"""`np.i0`, which is an array function of NumPy's; its derivatives are SciPy's Bessel functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import DtypeError
from wengert.ir.primitive import Unsupported
from wengert.ops.core import convert
from wengert.ops.families import elementwise
from wengert.ops.functions import as_operand
from wengert.trace.tracer import bind, implements


def _slope(out: Any, x: Any) -> Any:
    from wengert.ops.special import FUNCTIONS  # records that are made when first needed

    return FUNCTIONS["i1"](x)


i0_p = elementwise(
    "i0",
    np.i0,
    type_rule=lambda x: x,
    partials=(_slope,),
    flops=40,
    render=lambda ins, params: f"np.i0({ins[0]})",
    emit=Unsupported("NumPy computes it"),
)
i0_p.gives_array = True


@implements(np.i0)
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind and order 0, of real numbers."""
    x = as_operand(x)
    if x.dtype.kind == "c":
        raise DtypeError("i0: not defined for complex numbers.", got=repr(x), expected="reals")
    return bind(i0_p, x if x.dtype.kind == "f" else convert(x, np.float64))
