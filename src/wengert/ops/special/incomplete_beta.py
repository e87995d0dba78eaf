"""The incomplete beta functions, their logarithms and inverses, with derivatives in both shapes.

As in `incomplete_gamma`; `order` is a pair, for a and for b.
"""

from __future__ import annotations

from typing import Any

from wengert.ops.core import fit, mul
from wengert.ops.exponential import exp, log, log1p
from wengert.ops.families import elementwise
from wengert.ops.special.cumulants import complete_bell
from wengert.ops.special.family import ScipyUfunc, apply, as_real, inverse, special
from wengert.ops.special.gamma import polygamma_p, psi_p
from wengert.ops.special.incomplete_gamma import NUMPY_COMPUTES
from wengert.ops.special.shapes import values
from wengert.trace.tracer import bind

_type_of = ScipyUfunc("betainc").type_of
Order = tuple[int, int]

log_beta_density_p = elementwise(
    "log_beta_density",
    values.log_beta_density,
    type_rule=_type_of,
    partials=(
        lambda out, a, b, x: log(x) - apply(psi_p, a) + apply(psi_p, a + b),
        lambda out, a, b, x: log1p(-x) - apply(psi_p, b) + apply(psi_p, a + b),
        lambda out, a, b, x: (a - 1.0) / x - (b - 1.0) / (1.0 - x),
    ),
    flops=120,
    emit=NUMPY_COMPUTES,
    domain="a > 0, b > 0, 0 <= x <= 1; NaN elsewhere",
)


def density(a: Any, b: Any, x: Any) -> Any:
    """x**(a-1) (1-x)**(b-1) / B(a, b), the derivative of I_x(a, b) in x."""
    return exp(apply(log_beta_density_p, a, b, x))


def shape_derivative(a: Any, b: Any, x: Any, order: Order) -> Any:
    """The mixed derivative of I_x(a, b) in a and b."""
    return bind(betainc_shape_p, as_real(a), as_real(b), as_real(x), order=order)


def slope_a(a: Any, b: Any, x: Any) -> Any:
    return shape_derivative(a, b, x, (1, 0))


def slope_b(a: Any, b: Any, x: Any) -> Any:
    return shape_derivative(a, b, x, (0, 1))


def _slopes(a: Any, b: Any, x: Any, order: Order) -> dict[Order, Any]:
    """The mixed derivatives of the logarithm of the density in a and b."""
    total = a + b
    out: dict[Order, Any] = {}
    for i in range(order[0] + 1):
        for j in range(order[1] + 1):
            if i + j == 0:
                continue
            n = i + j - 1
            slope = bind(polygamma_p, total, n=n)
            if j == 0:
                slope = slope - bind(polygamma_p, a, n=n)
            if i == 0:
                slope = slope - bind(polygamma_p, b, n=n)
            out[i, j] = slope
    if order[0]:
        out[1, 0] = out[1, 0] + log(x)
    if order[1]:
        out[0, 1] = out[0, 1] + log1p(-x)
    return out


def _sum(terms: list[Any], out: Any) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return fit(total, out.type)


def _raised(order: Order, place: int) -> Order:
    n, m = order
    return (n + 1, m) if place == 0 else (n, m + 1)


def _shape_jvp(args: Any, out: Any, tangents: Any, *, order: Order) -> Any:
    a, b, x = args
    terms = [
        mul(tangents[k], shape_derivative(a, b, x, _raised(order, k)))
        for k in (0, 1)
        if tangents[k] is not None
    ]
    if tangents[2] is not None:
        bell = complete_bell(order, _slopes(a, b, x, order))
        terms.append(mul(tangents[2], density(a, b, x) * bell))
    return _sum(terms, out)


betainc_shape_p = elementwise(
    "betainc_shape",
    values.betainc_shape,
    type_rule=lambda a, b, x, *, order: _type_of(a, b, x),
    jvp=_shape_jvp,
    flops=2000,
    emit=NUMPY_COMPUTES,
    domain="a, b >= 0 (at 0 from the right), 0 <= x <= 1; NaN elsewhere",
)

betainc_p = special(
    "betainc",
    lambda out, a, b, x: slope_a(a, b, x),
    lambda out, a, b, x: slope_b(a, b, x),
    lambda out, a, b, x: density(a, b, x),
)
betaincc_p = special(
    "betaincc",
    lambda out, a, b, x: -slope_a(a, b, x),
    lambda out, a, b, x: -slope_b(a, b, x),
    lambda out, a, b, x: -density(a, b, x),
)


SLOPES = (slope_a, slope_b, density)
betaincinv_p = inverse("betaincinv", SLOPES, 2)
betainccinv_p = inverse("betainccinv", SLOPES, 2, sign=-1.0)

# -- logarithms, for tails -------------------------------------------------------------------------


def log_betainc(a: Any, b: Any, x: Any) -> Any:
    """log I_x(a, b), also where I is below the smallest number."""
    return _log(as_real(a), as_real(b), as_real(x), False)


def log_betaincc(a: Any, b: Any, x: Any) -> Any:
    """log(1 - I_x(a, b)), also where that is below the smallest number."""
    return _log(as_real(a), as_real(b), as_real(x), True)


def _log(a: Any, b: Any, x: Any, upper: bool) -> Any:
    return bind(log_betainc_p, a, b, x, upper=upper)


def _log_shape(a: Any, b: Any, x: Any, order: Order, upper: bool) -> Any:
    return bind(log_betainc_shape_p, a, b, x, order=order, upper=upper)


def _hazard(a: Any, b: Any, x: Any, log_value: Any, upper: bool) -> Any:
    size = exp(apply(log_beta_density_p, a, b, x) - log_value)
    return -size if upper else size


def _log_jvp(args: Any, out: Any, tangents: Any, *, upper: bool) -> Any:
    a, b, x = args
    terms = [
        mul(tangents[k], _log_shape(a, b, x, _raised((0, 0), k), upper))
        for k in (0, 1)
        if tangents[k] is not None
    ]
    if tangents[2] is not None:
        terms.append(mul(tangents[2], _hazard(a, b, x, out, upper)))
    return _sum(terms, out)


log_betainc_p = elementwise(
    "log_betainc",
    values.log_betainc,
    type_rule=lambda a, b, x, *, upper: _type_of(a, b, x),
    jvp=_log_jvp,
    flops=2000,
    emit=NUMPY_COMPUTES,
    domain="a, b >= 0, 0 <= x <= 1; NaN elsewhere",
)


def _log_shape_jvp(args: Any, out: Any, tangents: Any, *, order: Order, upper: bool) -> Any:
    a, b, x = args
    terms = [
        mul(tangents[k], _log_shape(a, b, x, _raised(order, k), upper))
        for k in (0, 1)
        if tangents[k] is not None
    ]
    if tangents[2] is not None:
        slopes = {
            key: slope - (out if key == order else _log_shape(a, b, x, key, upper))
            for key, slope in _slopes(a, b, x, order).items()
        }
        rate = _hazard(a, b, x, _log(a, b, x, upper), upper)
        terms.append(mul(tangents[2], rate * complete_bell(order, slopes)))
    return _sum(terms, out)


log_betainc_shape_p = elementwise(
    "log_betainc_shape",
    values.log_betainc_shape,
    type_rule=lambda a, b, x, *, order, upper: _type_of(a, b, x),
    jvp=_log_shape_jvp,
    flops=4000,
    emit=NUMPY_COMPUTES,
    domain="a, b >= 0, 0 <= x <= 1; NaN elsewhere",
)
