"""The gamma function, its logarithm, and the logarithm's derivatives."""

from __future__ import annotations

from typing import Any

from wengert.ops.special.family import apply, refused, special


def _zeta_slope(out: Any, s: Any, x: Any) -> Any:
    """The derivative of the Hurwitz zeta function in its second argument; DLMF 25.11.17."""
    return -s * apply(zeta_p, s + 1.0, x)


zeta_p = special("_zeta", refused("zeta", "its exponent"), _zeta_slope, primitive="hurwitz_zeta")
psi_p = special("psi", lambda out, x: apply(zeta_p, 2.0, x), primitive="digamma")
gammaln_p = special("gammaln", lambda out, x: apply(psi_p, x))
