"""The special functions of SciPy: one record each, made by `family.special`.

family          the constructor, and how SciPy's ufuncs find their records
integers        functions whose first operand is an integer degree or order
multiple        functions with several results
parameters      derivatives in parameters: orders of Bessel functions and the like

error           erf and its relatives
gamma           the gamma function, its logarithm and the logarithm's derivatives
bessel          of the first and second kind, Hankel functions; `modified`: I and K; `scaled`:
                derivatives without cancellation; `spherical`; `kelvin`; `struve`, with integrals
airy            Airy functions

SciPy's elementwise functions are ufuncs, which ask a traced argument what to do: a program that
calls `scipy.special.erf` needs no other import. The records are made when the first of them is met.
"""

from wengert.ops.special import (
    airy,
    bessel,
    carlson,
    elliptic,
    error,
    gamma,
    hypergeometric,
    integrals,
    kelvin,
    legendre,
    modified,
    orthogonal,
    spherical,
    struve,
    zeta,
)
from wengert.ops.special.family import FUNCTIONS, register

__all__ = ["FUNCTIONS", "airy", "bessel", "error", "gamma", "modified", "register"]
