"""The special functions of SciPy: one record each, made by `family.special`.

family             the constructor, and how SciPy's ufuncs find their records
integers           functions whose first operand is an integer degree or order
multiple           functions with several results
parameters         derivatives in parameters: orders of Bessel functions and the like

error              erf and its relatives, the normal distribution
logistic           logistic functions, information, losses, power transforms
gamma              the gamma function, its logarithm and the logarithm's derivatives
incomplete_gamma   P(a, x) and Q(a, x), inverses and logarithms
incomplete_beta    I_x(a, b), inverses and logarithms
distributions      SciPy's older names of distribution functions and their inverses
kolmogorov         the distribution of the Kolmogorov-Smirnov statistic
shapes             their derivatives in a and b, on arrays

bessel             J, Y and Hankel functions; `modified`: I and K; `scaled`: derivatives of the
                   scaled ones without cancellation; `spherical`, `kelvin`; `struve`, and integrals
airy               Airy functions
carlson            Carlson's elliptic integrals, closed under differentiation
elliptic           Legendre's integrals and Jacobi's functions, through Carlson's
hypergeometric     0F1, 1F1, 2F1, U, parabolic cylinder functions
integrals          exponential integrals and their relatives, the dilogarithm, Lambert's W
zeta               the zeta functions of Riemann and Hurwitz
orthogonal         orthogonal polynomials
legendre           associated Legendre functions, spherical harmonics, Dirichlet's kernel

SciPy's elementwise functions are ufuncs, which ask a traced argument what to do: a program that
calls `scipy.special.erf` needs no other import. The records are made when the first of them is met.
"""

from wengert.ops.special import (
    airy,
    bessel,
    carlson,
    distributions,
    elliptic,
    error,
    gamma,
    hypergeometric,
    incomplete_beta,
    incomplete_gamma,
    integrals,
    kelvin,
    kolmogorov,
    legendre,
    logistic,
    modified,
    orthogonal,
    spherical,
    struve,
    zeta,
)
from wengert.ops.special.family import FUNCTIONS, register

__all__ = [
    "FUNCTIONS",
    "airy",
    "bessel",
    "carlson",
    "distributions",
    "elliptic",
    "error",
    "gamma",
    "hypergeometric",
    "incomplete_beta",
    "incomplete_gamma",
    "integrals",
    "kelvin",
    "kolmogorov",
    "legendre",
    "logistic",
    "modified",
    "orthogonal",
    "register",
    "spherical",
    "struve",
    "zeta",
]
