"""The modified Bessel function `np.i0`. Its derivatives are those of other orders, from SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import DtypeError
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.core import add, convert, fit, mul
from wengert.ops.families import elementwise
from wengert.ops.functions import as_operand
from wengert.trace.tracer import bind, implements


def _bessel_i(x: Any, *, order: int) -> Any:
    from scipy.special import iv  # no SciPy module is imported before it is needed

    return iv(np.asarray(order, x.dtype), x)


def _bessel_i_jvp(args: Any, out: Any, tangents: Any, *, order: int) -> Any:
    """I_n' = (I_(n-1) + I_(n+1)) / 2; DLMF 10.29.1."""
    (x,) = args
    neighbors = add(bind(bessel_i_p, x, order=order - 1), bind(bessel_i_p, x, order=order + 1))
    return fit(mul(tangents[0], mul(neighbors, 0.5)), out.type)


bessel_i_p: Primitive = elementwise(
    "bessel_i",
    _bessel_i,
    type_rule=lambda x, *, order: x,
    jvp=_bessel_i_jvp,
    flops=40,
    render=lambda ins, params: f"scipy.special.iv({params['order']}.0, {ins[0]})",
    emit=Unsupported("SciPy computes it"),
)
i0_p = elementwise(
    "i0",
    np.i0,
    type_rule=lambda x: x,
    partials=(lambda out, x: bind(bessel_i_p, x, order=1),),
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
