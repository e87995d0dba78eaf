"""Hypergeometric functions, and parabolic cylinder functions.

In the argument: DLMF 13.3.15, 13.3.22, 15.5.1 and 16.3.1, to any order. In the parameters by
interpolation, see `parameters.py`, as accurately as SciPy computes the values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops.special.family import ScipyUfunc, apply, refused, special
from wengert.ops.special.multiple import several
from wengert.ops.special.parameters import parameter_partials


def _rising(a: Any, k: int) -> Any:
    """a (a + 1) ... (a + k - 1)."""
    product = 1.0
    for i in range(k):
        product = product * (a + i)
    return product


def _to_pole(b: Any) -> Any:
    """The distance to the next of 0, -1, -2, ..., where a lower parameter has poles."""
    distance = np.abs(b - np.minimum(np.round(b), 0.0))
    return np.where(distance == 0, np.nan, distance)


def _shifted(name: str, n_upper: int) -> Any:
    """derivative(k, *xs): every parameter k larger, times a ratio of rising factorials."""
    ufunc = ScipyUfunc(name)

    def derivative(k: int, *xs: Any) -> Any:
        *parameters, z = xs
        factor = 1.0
        for i, a in enumerate(parameters):
            factor = factor * _rising(a, k) if i < n_upper else factor / _rising(a, k)
        return factor * ufunc(*[a + k for a in parameters], z)

    return derivative


def _hyperu_derivative(k: int, a: Any, b: Any, x: Any) -> Any:
    return (-1.0) ** k * _rising(a, k) * ScipyUfunc("hyperu")(a + k, b + k, x)


def _widths(n_upper: int) -> Any:
    """Powers of z in the upper parameters, poles in the lower ones."""

    def widths(i: int, *xs: Any) -> Any:
        rate = 1.0 + np.log1p(np.abs(xs[-1]))
        if len(xs) == 4:  # powers of 1 - z, too
            rate = rate + np.abs(np.log(np.abs(1.0 - xs[-1])))
        if i < n_upper:
            return 2.5 / rate
        return np.minimum(2.5 / rate, _to_pole(xs[i]) / 3)

    return widths


def _hyperu_widths(i: int, a: Any, b: Any, x: Any) -> Any:
    return 2.5 / (1.0 + np.abs(np.log(x)) + np.log1p(np.abs(a)))


hyp0f1_p: Primitive = special(
    "hyp0f1",
    parameter_partials("hyp0f1", ("its parameter",), _shifted("hyp0f1", 0), _widths(0))[0],
    lambda out, v, z: apply(hyp0f1_p, v + 1, z) / v,
    poles="v = 0, -1, -2, ...",
)
hyp1f1_p: Primitive = special(
    "hyp1f1",
    *parameter_partials("hyp1f1", ("a", "b"), _shifted("hyp1f1", 1), _widths(1))[:2],
    lambda out, a, b, z: a / b * apply(hyp1f1_p, a + 1, b + 1, z),
    poles="b = 0, -1, -2, ...",
    flops=200,
)
hyp2f1_p: Primitive = special(
    "hyp2f1",
    *parameter_partials("hyp2f1", ("a", "b", "c"), _shifted("hyp2f1", 2), _widths(2))[:3],
    lambda out, a, b, c, z: a * b / c * apply(hyp2f1_p, a + 1, b + 1, c + 1, z),
    domain="real z < 1, or complex z off the cut [1, inf)",
    poles="c = 0, -1, -2, ...",
    flops=200,
)
hyperu_p: Primitive = special(
    "hyperu",
    *parameter_partials("hyperu", ("a", "b"), _hyperu_derivative, _hyperu_widths)[:2],
    lambda out, a, b, x: -a * apply(hyperu_p, a + 1, b + 1, x),
    domain="x > 0",
    flops=400,
)

# -- parabolic cylinder functions: a function and its derivative -----------------------------------


def _fixed(name: str) -> Any:
    refuse = refused(name, "its order")
    return lambda outs, v, x: refuse(outs, v, x)


def _cylinder(outs: Any, v: Any, x: Any) -> Any:
    """w'' = (x**2 / 4 - v - 1/2) w; DLMF 12.2.4."""
    w, slope = outs
    return slope, (0.25 * x * x - v - 0.5) * w


several("pbdv", _fixed("pbdv"), _cylinder)
several("pbvv", _fixed("pbvv"), _cylinder)
several(  # w'' = (a - x**2 / 4) w; DLMF 12.14.2
    "pbwa",
    _fixed("pbwa"),
    lambda outs, a, x: (outs[1], (a - 0.25 * x * x) * outs[0]),
    domain="moderate a and x: outside SciPy gives NaN",
)
