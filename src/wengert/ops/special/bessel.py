"""Bessel functions of the first and second kind, and Hankel functions.

Derivatives in the argument are those of DLMF 10.6.1, by neighboring orders; they hold at 0 and near
it. Derivatives in a real order: `parameters.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops.core import fit, mul
from wengert.ops.families import Partial
from wengert.ops.special.family import aliases, apply, special
from wengert.ops.special.integers import integer_order
from wengert.ops.special.parameters import parameter_partials
from wengert.ops.special.scaled import HANKEL1E, HANKEL2E, JVE, YVE, Scaled

ORDER = ("its order",)


def widths(i: int, v: Any, z: Any) -> Any:
    """How far the order may move: J_v changes like (z / 2v)**v, and oscillates where z > v."""
    rate = np.pi / 2 + np.log1p(2 * (1 + np.abs(v)) / np.abs(z)) + np.pi * (v < 0)
    return 2.5 / rate


def neighbors(record: Primitive, v: Any, z: Any) -> Any:
    """Half of f_(v-1) - f_(v+1)."""
    return 0.5 * (apply(record, v - 1, z) - apply(record, v + 1, z))


def difference(below: Any, above: Any) -> Any:
    """Half of their difference; at the pole of Y, where both are -inf, the larger one wins."""
    at_pole = np.logical_and(above == -np.inf, below == -np.inf)
    return 0.5 * (np.where(at_pole, 0.0, below) - above)


def _second_kind(v: Any, z: Any) -> Any:
    below, above = apply(yv_p, v - 1, z), apply(yv_p, v + 1, z)
    return 0.5 * (below - above) if below.dtype.kind == "c" else difference(below, above)


def _derivatives(name: str, sign: int = -1) -> Any:
    """derivative(k, v, z) by DLMF 10.6.7."""
    unscaled = Scaled(name, 0, 1, sign, 0, lambda v: 0.0)
    return unscaled.unscaled_derivative


jv_p: Primitive = special(
    "jv",
    *parameter_partials("jv", ORDER, _derivatives("jv"), widths)[:1],
    lambda out, v, z: neighbors(jv_p, v, z),
    domain="z >= 0 where the order is not an integer, or complex z off the negative axis",
)
yv_p: Primitive = special(
    "yv",
    *parameter_partials("yv", ORDER, _derivatives("yv"), widths)[:1],
    lambda out, v, z: _second_kind(v, z),
    domain="z > 0, or complex z off the negative axis",
    at_pole="at 0 infinite, like the function",
)
aliases(jn="jv")
j1_p: Primitive = special("j1", lambda out, x: 0.5 * (apply(j0_p, x) - apply(jv_p, 2.0, x)))
j0_p: Primitive = special("j0", lambda out, x: -apply(j1_p, x))
y1_p: Primitive = special(
    "y1", lambda out, x: difference(apply(y0_p, x), apply(yv_p, 2.0, x)), domain="x > 0"
)
y0_p: Primitive = special("y0", lambda out, x: -apply(y1_p, x), domain="x > 0")
yn_p = integer_order(
    "yn",
    lambda out, n, x: difference(apply(yv_p, n - 1.0, x), apply(yv_p, n + 1.0, x)),
    domain="x > 0",
)


# -- Hankel functions ------------------------------------------------------------------------------


def _hankel(name: str) -> Primitive:
    by_order, _ = parameter_partials(name, ORDER, _derivatives(name), widths)
    return special(
        name,
        by_order,
        lambda out, v, z: neighbors(record_of(name), v, z),
        domain="off the negative axis, on which the values are those from above",
    )


def record_of(name: str) -> Primitive:
    return _HANKEL[name]


_HANKEL = {}
for _name in ("hankel1", "hankel2"):
    _HANKEL[_name] = _hankel(_name)
for _scaled in (HANKEL1E, HANKEL2E):
    special(
        _scaled.name,
        *parameter_partials(_scaled.name, ORDER, _scaled.derivative, widths),
        domain="off the negative axis, on which the values are those from above",
    )

# -- scaled by exp(-|Im z|): one for real numbers, and not holomorphic -----------------------------


def imaginary_scale(z: Any, dz: Any) -> Any:
    """The derivative of |Im z|."""
    return np.sign(np.imag(z)) * np.imag(dz)


def not_holomorphic(
    name: str, by_order: Partial, by_argument: Partial, of_real: Partial, scale: Any
) -> Primitive:
    """A record scaled by exp(-s), s real with the derivative `scale(z, dz)`, for complex z."""

    def jvp(args: Any, out: Any, tangents: Any) -> Any:
        v, z = args
        dv, dz = tangents
        terms = []
        if dv is not None:
            terms.append(mul(dv, by_order(out, v, z)))
        if dz is not None and out.dtype.kind == "c":
            terms += [mul(dz, by_argument(out, v, z)), -mul(scale(z, dz), out)]
        elif dz is not None:
            terms.append(mul(dz, of_real(out, v, z)))
        return sum([fit(t, out.type) for t in terms[1:]], fit(terms[0], out.type))

    return special(name, jvp=jvp, holomorphic="no: the factor is that of a real part")


def _scaled_by_imaginary(scaled: Scaled) -> Primitive:
    by_order, _ = parameter_partials(
        scaled.name, ORDER, scaled.unscaled_derivative, widths, scale=imaginary_scale
    )

    def by_argument(out: Any, v: Any, z: Any) -> Any:
        return neighbors(record, v, z)

    def of_real(out: Any, v: Any, z: Any) -> Any:
        if scaled is JVE:
            return neighbors(record, v, z)
        return difference(apply(record, v - 1, z), apply(record, v + 1, z))

    record = not_holomorphic(scaled.name, by_order, by_argument, of_real, imaginary_scale)
    return record


jve_p, yve_p = [_scaled_by_imaginary(scaled) for scaled in (JVE, YVE)]
