"""The special functions of SciPy: one record each, made by `family.special`.

family    the constructor, and how SciPy's ufuncs find their records
error     erf and its relatives
gamma     the gamma function, its logarithm and the logarithm's derivatives

SciPy's elementwise functions are ufuncs, which ask a traced argument what to do: a program that
calls `scipy.special.erf` needs no other import. The records are made when the first of them is met.
"""

from wengert.ops.special import error, gamma
from wengert.ops.special.family import FUNCTIONS, register

__all__ = ["FUNCTIONS", "error", "gamma", "register"]
