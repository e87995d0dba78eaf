"""The error function and its relatives."""

from __future__ import annotations

import math

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ops.special.family import special

_SLOPE = 2 / math.sqrt(math.pi)

erf_p = special(
    "erf",
    lambda out, x: _SLOPE * np.exp(-(x * x)),
    emit=Elementwise(lambda b, x: b.call_math("erf", x), "result"),
)
erfc_p = special(
    "erfc",
    lambda out, x: -_SLOPE * np.exp(-(x * x)),
    emit=Elementwise(lambda b, x: b.call_math("erfc", x), "result"),
)
