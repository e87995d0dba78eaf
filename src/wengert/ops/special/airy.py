"""Airy functions, scaled ones and their integrals; w'' = z w, DLMF 9.2.1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ops.core import fit, mul
from wengert.ops.special.family import apply
from wengert.ops.special.modified import ive_derivative_of, ive_p, kve_derivative_of, kve_p
from wengert.ops.special.multiple import several


def _airy(outs: Any, z: Any) -> Any:
    ai, aip, bi, bip = outs
    return aip, z * ai, bip, z * bi


airy_p = several("airy", _airy, poles="none: entire, NaN where SciPy loses all digits")


def _integrals(outs: Any, x: Any) -> Any:
    ai, _, bi, _ = apply(airy_p, x)
    ai_left, _, bi_left, _ = apply(airy_p, -x)
    return ai, bi, ai_left, bi_left


several("itairy", _integrals)

# -- scaled: Ai by exp(s), Bi by exp(-|Re s|), s = 2/3 z**(3/2) ------------------------------------


def _scaled(outs: Any, z: Any) -> Any:
    """The holomorphic parts of the derivatives; for real z all of them."""
    ai, aip, bi, bip = outs
    is_real = outs[0].dtype.kind == "f"
    root = np.sqrt(np.maximum(z, 0.0) if is_real else z)
    plain = [aip + root * ai, z * ai + root * aip, bip, z * bi]
    if not is_real:
        return plain
    # Right of 1 the sums cancel; Bessel functions of order 1/3 and 2/3 do not (DLMF 9.6).
    plain = [*plain[:2], bip - root * bi, z * bi - root * bip]
    return [np.where(z > 1.0, x, y) for x, y in zip(_tails(np.maximum(z, 1.0)), plain, strict=True)]


def _tails(z: Any) -> list[Any]:
    root = np.sqrt(z)
    s = root * z * (2 / 3)
    # Ai = c sqrt(z) K_(1/3)(s) and Ai' = -c z K_(2/3)(s), s' = sqrt(z); Bi with sums of I.
    results = []
    for power, order in ((0.5, 1 / 3), (1.0, 2 / 3)):
        value, slope = apply(kve_p, order, s), kve_derivative_of(order, s)
        turned = power * z ** (power - 1) * value + z**power * root * slope
        results.append(turned / (math.pi * math.sqrt(3.0)) * (1 if power < 1 else -1))
    for power, order in ((0.5, 1 / 3), (1.0, 2 / 3)):
        value = apply(ive_p, order, s) + apply(ive_p, -order, s)
        slope = ive_derivative_of(order, s) + ive_derivative_of(-order, s)
        turned = power * z ** (power - 1) * value + z**power * root * slope
        results.append(turned / math.sqrt(3.0))
    return results


def _along_real_part(outs: Any, z: Any, dz: Any) -> list[Any]:
    """What the factor exp(-|Re s|) of Bi adds for complex z."""
    if outs[0].dtype.kind == "f":
        return [None] * 4
    root = np.sqrt(z)
    change = np.sign(np.real(root * z)) * np.real(mul(root, dz))
    return [None, None, *[fit(-mul(change, out), out.type) for out in outs[2:]]]


several(
    "airye",
    _scaled,
    also=_along_real_part,
    domain="Ai and Ai' are NaN at negative real z, as SciPy's; Bi is not holomorphic",
)
