"""The gamma function, its logarithm, and the logarithm's derivatives."""

from __future__ import annotations

from wengert.ops.special.family import apply, special
from wengert.ops.special.zeta import zeta_p


psi_p = special("psi", lambda out, x: apply(zeta_p, 2.0, x), primitive="digamma")
gammaln_p = special("gammaln", lambda out, x: apply(psi_p, x))
