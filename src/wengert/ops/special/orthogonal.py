"""Orthogonal polynomials, with the degree an integer or, where SciPy allows it, any number.

The derivative of each is another polynomial of one degree less (DLMF 18.9.15 to 18.9.25), which is
exact at the ends of the interval too. Degrees have no derivatives; the parameters of Jacobi,
Gegenbauer and Laguerre polynomials have, by interpolation (`parameters.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops.special.family import ScipyUfunc
from wengert.ops.special.integers import integer_order, of_lower_degree
from wengert.ops.special.parameters import parameter_partials


def _widths(i: int, n: Any, *xs: Any) -> Any:
    """Polynomials of degree n in a parameter: factors that grow with it."""
    return 2.0 / (1.0 + np.log1p(np.abs(n))) * np.ones_like(xs[-1], dtype=np.float64)


def _rising(a: Any, k: int) -> Any:
    product = 1.0
    for i in range(k):
        product = product * (a + i)
    return product


# -- Jacobi and its relatives ----------------------------------------------------------------------


def _jacobi_derivative(k: int, n: Any, a: Any, b: Any, x: Any) -> Any:
    f = ScipyUfunc("eval_jacobi")
    return _rising(n + a + b + 1, k) / 2**k * f(n - k, a + k, b + k, x)


jacobi_p: Primitive = integer_order(
    "eval_jacobi",
    *parameter_partials("eval_jacobi", ("n", "alpha", "beta"), _jacobi_derivative, _widths)[1:3],
    lambda out, n, a, b, x: (
        0.5 * (n + a + b + 1.0) * of_lower_degree(jacobi_p, n, a + 1.0, b + 1.0, x)
    ),
)


def _gegenbauer_derivative(k: int, n: Any, a: Any, x: Any) -> Any:
    return 2.0**k * _rising(a, k) * ScipyUfunc("eval_gegenbauer")(n - k, a + k, x)


gegenbauer_p: Primitive = integer_order(
    "eval_gegenbauer",
    *parameter_partials("eval_gegenbauer", ("n", "alpha"), _gegenbauer_derivative, _widths)[1:2],
    lambda out, n, a, x: 2.0 * a * of_lower_degree(gegenbauer_p, n, a + 1.0, x),
)


def _legendre(n: Any, x: Any) -> Any:
    return 0.5 * (n + 1.0) * of_lower_degree(jacobi_p, n, 1.0, 1.0, x)


def _second_chebyshev(n: Any, x: Any) -> Any:
    return 2.0 * of_lower_degree(gegenbauer_p, n, 2.0, x)


integer_order("eval_legendre", lambda out, n, x: _legendre(n, x))
integer_order("eval_sh_legendre", lambda out, n, x: 2.0 * _legendre(n, 2.0 * x - 1.0))
chebyu_p = integer_order("eval_chebyu", lambda out, n, x: _second_chebyshev(n, x))


def _first_chebyshev(n: Any, x: Any) -> Any:
    return n * of_lower_degree(chebyu_p, n, x)


integer_order("eval_chebyt", lambda out, n, x: _first_chebyshev(n, x))
integer_order("eval_sh_chebyt", lambda out, n, x: 2.0 * _first_chebyshev(n, 2.0 * x - 1.0))
integer_order("eval_sh_chebyu", lambda out, n, x: 2.0 * _second_chebyshev(n, 2.0 * x - 1.0))
integer_order("eval_chebyc", lambda out, n, x: _first_chebyshev(n, 0.5 * x))
integer_order("eval_chebys", lambda out, n, x: 0.5 * _second_chebyshev(n, 0.5 * x))


def _shifted_jacobi_derivative(k: int, n: Any, p: Any, q: Any, x: Any) -> Any:
    f = ScipyUfunc("eval_sh_jacobi")
    degree = np.maximum(n - k, 0)
    return _rising(n - k + 1.0, k) * f(degree, p + 2 * k, q + k, x)


sh_jacobi_p: Primitive = integer_order(
    "eval_sh_jacobi",
    *parameter_partials("eval_sh_jacobi", ("n", "p", "q"), _shifted_jacobi_derivative, _widths)[
        1:3
    ],
    lambda out, n, p, q, x: n * of_lower_degree(sh_jacobi_p, n, p + 2.0, q + 1.0, x),
    domain="p - q > -1, q > 0",
)

# -- Laguerre and Hermite --------------------------------------------------------------------------


def _laguerre_derivative(k: int, n: Any, a: Any, x: Any) -> Any:
    return (-1.0) ** k * ScipyUfunc("eval_genlaguerre")(n - k, a + k, x)


def _laguerre_widths(i: int, n: Any, a: Any, x: Any) -> Any:
    """SciPy has no value at alpha <= -1."""
    return np.minimum(_widths(i, n, a, x), 0.9 * (a + 1.0))


genlaguerre_p: Primitive = integer_order(
    "eval_genlaguerre",
    *parameter_partials("eval_genlaguerre", ("n", "alpha"), _laguerre_derivative, _laguerre_widths)[
        1:2
    ],
    lambda out, n, a, x: -of_lower_degree(genlaguerre_p, n, a + 1.0, x),
    domain="alpha > -1",
)
integer_order("eval_laguerre", lambda out, n, x: -of_lower_degree(genlaguerre_p, n, 1.0, x))
hermite_p: Primitive = integer_order(
    "eval_hermite", lambda out, n, x: 2.0 * n * of_lower_degree(hermite_p, n, x)
)
hermitenorm_p: Primitive = integer_order(
    "eval_hermitenorm", lambda out, n, x: n * of_lower_degree(hermitenorm_p, n, x)
)
