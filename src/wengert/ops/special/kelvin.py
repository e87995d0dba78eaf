"""Kelvin functions: J_0 and K_0 on the diagonals of the complex plane (DLMF 10.61).

Their second derivatives are those of the complex functions, which have no 1/x in them.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ops.special.bessel import jv_p
from wengert.ops.special.family import FUNCTIONS, apply, special
from wengert.ops.special.modified import kv_p
from wengert.ops.special.multiple import several

_TURN_J = cmath.exp(0.75j * math.pi)  # ber x + i bei x = J_0(x exp(3 pi i / 4))
_TURN_K = cmath.exp(0.25j * math.pi)  # ker x + i kei x = K_0(x exp(pi i / 4))


def second_of_j(x: Any) -> Any:
    """The second derivative of ber + i bei."""
    z = x * _TURN_J
    return -0.5j * (apply(jv_p, 2.0, z) - apply(jv_p, 0.0, z))


def second_of_k(x: Any) -> Any:
    """The second derivative of ker + i kei."""
    z = x * _TURN_K
    return 0.5j * (apply(kv_p, 0.0, z) + apply(kv_p, 2.0, z))


def _pair(
    name: str, second: Callable[[Any], Any], part: Callable[[Any], Any], **facts: Any
) -> None:
    special(name, lambda out, x: FUNCTIONS[f"{name}p"](x), **facts)
    special(f"{name}p", lambda out, x: part(second(x)), **facts)


_pair("ber", second_of_j, np.real)
_pair("bei", second_of_j, np.imag)
_pair("ker", second_of_k, np.real, domain="x > 0")
_pair("kei", second_of_k, np.imag, domain="x > 0")
several("kelvin", lambda outs, x: (outs[2], outs[3], second_of_j(x), second_of_k(x)))
