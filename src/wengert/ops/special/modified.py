"""Modified Bessel functions, unscaled and exponentially scaled; DLMF 10.29.

The scaled ones keep their relative accuracy in the tails, in every order: see `scaled.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops.special.bessel import ORDER, not_holomorphic
from wengert.ops.special.family import apply, special
from wengert.ops.special.integers import integer_order
from wengert.ops.special.parameters import parameter_partials
from wengert.ops.special.scaled import KVE, Scaled, ive_derivative


def widths(i: int, v: Any, z: Any) -> Any:
    """How far the order may move: z**v where z is small, exp(-v**2 / 2z) where it is large."""
    rate = np.log1p(2 * (1 + np.abs(v)) / np.abs(z)) + np.pi * (v < 0)
    turning = np.pi * np.abs(np.imag(z)) / np.abs(z)
    return np.minimum(2.5 / (rate + turning), np.maximum(1.0, 1.2 * np.sqrt(np.abs(z))))


def sums(record: Any, v: Any, z: Any) -> Any:
    """Half of f_(v-1) + f_(v+1)."""
    return 0.5 * (apply(record, v - 1, z) + apply(record, v + 1, z))


def real_scale(z: Any, dz: Any) -> Any:
    """The derivative of |Re z|."""
    return np.sign(np.real(z)) * np.real(dz)


_derivative_i = Scaled("iv", 0, 1, 1, 0, lambda v: 0.0).unscaled_derivative
_derivative_k = Scaled("kv", 0, -1, -1, 0, lambda v: 0.0).unscaled_derivative

iv_p: Primitive = special(
    "iv",
    *parameter_partials("iv", ORDER, _derivative_i, widths)[:1],
    lambda out, v, z: sums(iv_p, v, z),
    domain="z >= 0 where the order is not an integer, or complex z off the negative axis",
)
kv_p: Primitive = special(
    "kv",
    *parameter_partials("kv", ORDER, _derivative_k, widths)[:1],
    lambda out, v, z: -sums(kv_p, v, z),
    domain="z > 0, or complex z off the negative axis",
    at_pole="at 0 infinite, like the function",
)
kn_p = integer_order(
    "kn", lambda out, n, x: -0.5 * (apply(kv_p, n - 1.0, x) + apply(kv_p, n + 1.0, x))
)

# -- of order zero and one -------------------------------------------------------------------------

i1_p = special("i1", lambda out, x: 0.5 * (apply(i0_p, x) + apply(iv_p, 2.0, x)))
i0_p: Primitive = special("i0", lambda out, x: apply(i1_p, x), primitive="modified_bessel_i0")
k1_p = special("k1", lambda out, x: -0.5 * (apply(k0_p, x) + apply(kv_p, 2.0, x)), domain="x > 0")
k0_p: Primitive = special("k0", lambda out, x: -apply(k1_p, x), domain="x > 0")

# -- scaled ----------------------------------------------------------------------------------------

_ive_by_order, _ive_by_argument = parameter_partials(
    "ive", ORDER, ive_derivative, widths, scale=real_scale
)
ive_p: Primitive = not_holomorphic(
    "ive",
    _ive_by_order,
    lambda out, v, z: sums(ive_p, v, z),
    _ive_by_argument,
    real_scale,
)
_kve = parameter_partials("kve", ORDER, KVE.derivative, widths)
kve_p = special("kve", *_kve, domain="z > 0, or complex z off the negative axis")


def ive_derivative_of(order: float, x: Any) -> Any:
    """The derivative of ive in a real argument."""
    return _ive_by_argument(None, order, x)


def kve_derivative_of(order: float, z: Any) -> Any:
    """The derivative of kve in its argument."""
    return _kve[1](None, order, z)


for _order, _name in enumerate(("i0e", "i1e")):
    special(
        _name,
        lambda out, x, order=float(_order): ive_derivative_of(order, x),
        kinks="0, through exp(-|x|): the mean of the two sides",
    )
for _order, _name in enumerate(("k0e", "k1e")):
    special(_name, lambda out, x, order=float(_order): kve_derivative_of(order, x), domain="x > 0")
