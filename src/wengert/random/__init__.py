"""Random numbers as functions of a key: the same under every transform, differentiable.

    key split fold_in bits                               keys, and what is derived from them
    uniform normal exponential gamma beta …              continuous distributions
    integers bernoulli poisson categorical choice …      integers and choices, constant
    multivariate_normal dirichlet wishart orthogonal …   vectors and matrices

A function of this package called twice with one key gives the same numbers twice, and a key should
serve one call: `split` makes more. The numbers depend on key, shape and parameters alone, not on
`jit`, `vmap` or the number of threads (compiled elementary functions differ from NumPy's in the
last bits). What is promised in detail is in docs/notes/random.md. Read `keys`, then `continuous`.

Examples
--------
>>> import numpy as np, wengert as wg
>>> keys = wg.random.split(wg.random.key(2026), 3)
>>> wg.vmap(lambda k: wg.random.normal(k, 2))(keys).shape
(3, 2)
"""

from wengert.random.arrays import ball, dirichlet, multivariate_normal, orthogonal, wishart
from wengert.random.continuous import (
    beta,
    cauchy,
    chisquare,
    exponential,
    f,
    gamma,
    gumbel,
    laplace,
    loggamma,
    logistic,
    lognormal,
    normal,
    pareto,
    rayleigh,
    student_t,
    triangular,
    truncated_normal,
    uniform,
    von_mises,
    wald,
    weibull,
)
from wengert.random.discrete import (
    bernoulli,
    binomial,
    categorical,
    choice,
    geometric,
    integers,
    multinomial,
    permutation,
    poisson,
    rademacher,
    randint,
)
from wengert.random.keys import bits, fold_in, key, split

__all__ = [
    "ball",
    "bernoulli",
    "beta",
    "binomial",
    "bits",
    "categorical",
    "cauchy",
    "chisquare",
    "choice",
    "dirichlet",
    "exponential",
    "f",
    "fold_in",
    "gamma",
    "geometric",
    "gumbel",
    "integers",
    "key",
    "laplace",
    "loggamma",
    "logistic",
    "lognormal",
    "multinomial",
    "multivariate_normal",
    "normal",
    "orthogonal",
    "pareto",
    "permutation",
    "poisson",
    "rademacher",
    "randint",
    "rayleigh",
    "split",
    "student_t",
    "triangular",
    "truncated_normal",
    "uniform",
    "von_mises",
    "wald",
    "weibull",
    "wishart",
]
