"""The special functions of SciPy: one record each, made by `family.special`.

family             the constructor, and how SciPy's ufuncs find their records
error              erf and its relatives, the normal distribution
logistic           logistic functions, information, losses, power transforms
gamma              the gamma function, its logarithm and the logarithm's derivatives
incomplete_gamma   P(a, x) and Q(a, x), inverses and logarithms
incomplete_beta    I_x(a, b), inverses and logarithms
distributions      SciPy's older names of distribution functions and their inverses
kolmogorov         the distribution of the Kolmogorov-Smirnov statistic
shapes             their derivatives in a and b, on arrays

SciPy's elementwise functions are ufuncs, which ask a traced argument what to do: a program that
calls `scipy.special.erf` needs no other import. The records are made when the first of them is met.
"""

from wengert.ops.special import (
    distributions,
    error,
    gamma,
    incomplete_beta,
    incomplete_gamma,
    kolmogorov,
    logistic,
)
from wengert.ops.special.family import FUNCTIONS, register

__all__ = [
    "FUNCTIONS",
    "distributions",
    "error",
    "gamma",
    "incomplete_beta",
    "incomplete_gamma",
    "kolmogorov",
    "logistic",
    "register",
]
