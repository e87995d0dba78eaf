"""Distribution functions of SciPy's older names (cephes, cdflib), and their inverses.

    chdtr fdtr gdtr stdtr        chi-squared, F, gamma, Student's t
    pdtr bdtr nbdtr              Poisson, binomial, negative binomial: numbers of events are whole

Each has the values of SciPy and the derivatives of the incomplete gamma or beta function that it
is. A number of events is rounded down by SciPy, so its derivative is zero; the inverse functions
that return one take it as continuous.
"""

from __future__ import annotations

from typing import Any

from wengert.ops.arithmetic import absolute
from wengert.ops.comparison import lt
from wengert.ops.exponential import exp, log1p
from wengert.ops.families import Partial, elementwise
from wengert.ops.selection import maximum, minimum, select
from wengert.ops.special import incomplete_beta as beta
from wengert.ops.special import incomplete_gamma as gamma
from wengert.ops.special.family import (
    ScipyUfunc,
    apply,
    as_real,
    inverse,
    rounded_down,
    special,
    within,
)
from wengert.ops.special.gamma import psi_p
from wengert.ops.special.shapes import values

Slopes = tuple[Partial | None, ...]


def distribution(name: str, complement: str, slopes: Slopes, **fields: Any) -> None:
    """The records of a distribution function F and of 1 - F, from the derivatives of F."""

    def partial(slope: Partial | None, sign: float) -> Partial | None:
        if slope is None:
            return None
        return lambda out, *xs: slope(*xs) if sign > 0 else -slope(*xs)

    special(name, *[partial(s, 1.0) for s in slopes], **fields)
    if complement:
        special(complement, *[partial(s, -1.0) for s in slopes], **fields)


# -- by the incomplete gamma function --------------------------------------------------------------

CHI_SQUARED: Slopes = (
    lambda v, x: 0.5 * gamma.shape_derivative(0.5 * v, 0.5 * x),
    lambda v, x: 0.5 * gamma.density(0.5 * v, 0.5 * x),
)
GAMMA: Slopes = (
    lambda a, b, x: x * gamma.density(b, a * x),
    lambda a, b, x: gamma.shape_derivative(b, a * x),
    lambda a, b, x: a * gamma.density(b, a * x),
)
distribution("chdtr", "chdtrc", CHI_SQUARED)
inverse("chdtri", CHI_SQUARED, 1, sign=-1.0)
inverse("chdtriv", CHI_SQUARED, 0)
distribution("gdtr", "gdtrc", GAMMA)
inverse("gdtria", GAMMA, 0)
inverse("gdtrib", GAMMA, 1)
inverse("gdtrix", GAMMA, 2)


def _poisson(k: Any, m: Any) -> Any:
    return -gamma.density(k + 1.0, m)


POISSON: Slopes = (None, lambda k, m: _poisson(rounded_down(k), m))
distribution("pdtr", "pdtrc", POISSON, derivative="zero in k, which is rounded down")
inverse("pdtri", POISSON, 1, keeps_integers=True)
inverse("pdtrik", (lambda k, m: -gamma.shape_derivative(k + 1.0, m), _poisson), 0)

# -- by the incomplete beta function ---------------------------------------------------------------


def _tails(a: Any, b: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The derivatives of I_x(a, b) in a, b and x where both x and y = 1 - x are known exactly."""
    is_above = lt(y, x)
    first, second = select(is_above, b, a), select(is_above, a, b)
    small = select(is_above, y, x)
    low = [beta.slope_a(first, second, small), beta.slope_b(first, second, small)]
    along = beta.density(first, second, small)
    return select(is_above, -low[1], low[0]), select(is_above, -low[0], low[1]), along


def _f_slopes(n: Any, d: Any, x: Any) -> tuple[Any, Any, Any]:
    """Of I_w(n/2, d/2), w = n x / (d + n x)."""
    total = d + n * x
    in_a, in_b, along = _tails(0.5 * n, 0.5 * d, n * x / total, d / total)
    along = along / (total * total)
    return 0.5 * in_a + along * x * d, 0.5 * in_b - along * n * x, along * n * d


F: Slopes = (
    lambda n, d, x: _f_slopes(n, d, x)[0],
    lambda n, d, x: _f_slopes(n, d, x)[1],
    lambda n, d, x: _f_slopes(n, d, x)[2],
)
distribution("fdtr", "fdtrc", F)
inverse("fdtri", F, 2)
inverse("fdtridfd", F, 1)

log_t_density_p = elementwise(
    "log_t_density",
    values.log_t_density,
    type_rule=ScipyUfunc("stdtr").type_of,
    partials=(
        lambda out, v, t: (
            0.5
            * (
                apply(psi_p, 0.5 * (v + 1.0))
                - apply(psi_p, 0.5 * v)
                - log1p(t * t / v)
                + (t * t - 1.0) / (v + t * t)
            )
        ),
        lambda out, v, t: -(v + 1.0) * t / (v + t * t),
    ),
    flops=60,
    emit=gamma.NUMPY_COMPUTES,
    domain="v > 0; NaN elsewhere",
)


def _t_density(v: Any, t: Any) -> Any:
    return exp(apply(log_t_density_p, v, t))


def _t_slope(v: Any, t: Any) -> Any:
    """In the degrees of freedom, of I_w(v/2, 1/2) / 2 for t < 0, w = v / (v + t t); odd in t."""
    v = within(lt(v, 0.0), v)
    t = minimum(maximum(t, -1e150), 1e150)
    total = v + t * t
    w, rest = v / total, t * t / total
    in_a, _, _ = _tails(0.5 * v, as_real(0.5), w, rest)
    # The density of w times dw/dv = t t / total**2, by the density of t = -sqrt(v (1-w)/w).
    along = _t_density(v, t) * absolute(t) / (2.0 * v)
    half = 0.25 * in_a + along
    return select(lt(0.0, t), -half, half)


T: Slopes = (_t_slope, _t_density)
distribution("stdtr", "", T, accuracy="in v, of order v**-2, digits are lost as v grows")
inverse("stdtrit", T, 1)
inverse("stdtridf", T, 0)


def _binomial(k: Any, n: Any, p: Any) -> Any:
    k = rounded_down(k)
    return -beta.density(k + 1.0, as_real(n) - k, p)


def _negative_binomial(k: Any, n: Any, p: Any) -> Any:
    return beta.density(as_real(n), rounded_down(k) + 1.0, p)


BINOMIAL: Slopes = (None, None, _binomial)
NEGATIVE_BINOMIAL: Slopes = (None, None, _negative_binomial)
_WHOLE: Any = {"keeps_integers": True, "derivative": "zero in k and n, which are rounded down"}
distribution("bdtr", "bdtrc", BINOMIAL, **_WHOLE)
inverse("bdtri", BINOMIAL, 2, **_WHOLE)
distribution("nbdtr", "nbdtrc", NEGATIVE_BINOMIAL, **_WHOLE)
inverse("nbdtri", NEGATIVE_BINOMIAL, 2, **_WHOLE)
inverse("btdtria", beta.SLOPES, 0)
inverse("btdtrib", beta.SLOPES, 1)

# Continuous numbers of events: 1 - I_p(k+1, n-k) and I_p(n, k+1).
CONTINUOUS_BINOMIAL: Slopes = (
    lambda k, n, p: beta.slope_b(k + 1.0, n - k, p) - beta.slope_a(k + 1.0, n - k, p),
    lambda k, n, p: -beta.slope_b(k + 1.0, n - k, p),
    lambda k, n, p: -beta.density(k + 1.0, n - k, p),
)
CONTINUOUS_NEGATIVE: Slopes = (
    lambda k, n, p: beta.slope_b(n, k + 1.0, p),
    lambda k, n, p: beta.slope_a(n, k + 1.0, p),
    lambda k, n, p: beta.density(n, k + 1.0, p),
)
inverse("bdtrik", CONTINUOUS_BINOMIAL, 0)
inverse("bdtrin", CONTINUOUS_BINOMIAL, 1)
inverse("nbdtrik", CONTINUOUS_NEGATIVE, 0)
inverse("nbdtrin", CONTINUOUS_NEGATIVE, 1)
