"""Struve functions, and the integrals of Bessel and Struve functions that SciPy has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops.special.bessel import ORDER, j0_p, widths, y0_p
from wengert.ops.special.family import ScipyUfunc, apply, special
from wengert.ops.special.gamma import rgamma_p
from wengert.ops.special.modified import i0_p, k0_p
from wengert.ops.special.multiple import several
from wengert.ops.special.parameters import parameter_partials
from wengert.ops.ufuncs import is_number


def _power(v: Any, x: Any) -> Any:
    """(x / 2)**v / (sqrt(pi) Gamma(v + 3/2)), the term that Bessel functions do not have."""
    if is_number(v):
        y = v + 1.5
        at_pole = y <= 0 and y == math.floor(y)
        return (0.5 * x) ** v * (0.0 if at_pole else 1 / (math.gamma(y) * math.sqrt(math.pi)))
    return (0.5 * x) ** v * apply(rgamma_p, v + 1.5) / math.sqrt(math.pi)


def _derivative(name: str, sign: int) -> Any:
    """The k-th derivative on plain arrays: DLMF 11.4.27 and 11.4.29, k times."""
    f, rgamma = ScipyUfunc(name), ScipyUfunc("rgamma")

    def derivative(k: int, v: Any, x: Any) -> Any:
        if k == 0:
            return f(v, x)
        falling = math.prod([v - i for i in range(k - 1)])
        power = falling * (0.5 * x) ** (v - k + 1) * rgamma(v + 1.5) / math.sqrt(math.pi)
        below, above = derivative(k - 1, v - 1, x), derivative(k - 1, v + 1, x)
        return 0.5 * (below + sign * above + power / 2 ** (k - 1))

    return derivative


struve_p: Primitive = special(
    "struve",
    *parameter_partials("struve", ORDER, _derivative("struve", -1), widths)[:1],
    lambda out, v, x: 0.5 * (apply(struve_p, v - 1, x) - apply(struve_p, v + 1, x) + _power(v, x)),
    domain="x > 0, or integer order",
)
modstruve_p: Primitive = special(
    "modstruve",
    *parameter_partials("modstruve", ORDER, _derivative("modstruve", 1), widths)[:1],
    lambda out, v, x: (
        0.5 * (apply(modstruve_p, v - 1, x) + apply(modstruve_p, v + 1, x) + _power(v, x))
    ),
    domain="x > 0, or integer order",
)

# -- integrals -------------------------------------------------------------------------------------

_SERIES = [1 / math.factorial(k) ** 2 / 4**k for k in range(1, 11)]


def _remainder(value: Any, x: Any, sign: int) -> Any:
    """(J_0(x) - 1) / x, or (I_0(x) - 1) / x with sign 1; by the series where |x| < 1."""
    is_near = np.abs(x) < 1
    near, far = np.where(is_near, x, 0.0), np.where(is_near, 1.0, x)
    square, series = sign * near * near, 0.0
    for coefficient in reversed(_SERIES):
        series = series * square + coefficient
    return np.where(is_near, sign * near * series, (value - 1.0) / far)


several("itj0y0", lambda outs, x: (apply(j0_p, x), apply(y0_p, x)))
several("iti0k0", lambda outs, x: (apply(i0_p, x), apply(k0_p, x)))
several("it2j0y0", lambda outs, x: (-_remainder(apply(j0_p, x), x, -1), -apply(y0_p, x) / x))
several("it2i0k0", lambda outs, x: (_remainder(apply(i0_p, x), x, 1), -apply(k0_p, x) / x))
special("itstruve0", lambda out, x: apply(struve_p, 0.0, x))
special("it2struve0", lambda out, x: -apply(struve_p, 0.0, x) / x)
special("itmodstruve0", lambda out, x: apply(modstruve_p, 0.0, x))
