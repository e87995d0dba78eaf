"""The incomplete gamma functions, their logarithms and inverses, with derivatives in the shape.

`gammainc_shape` is the derivative of P(a, x) in a, of any order; `log_gammainc` and its derivatives
hold in tails where P or Q itself is zero in double precision. Derivatives in x are the density of
the gamma distribution, whose logarithm is a primitive of its own because the usual formula loses
digits where a is large.
"""

from __future__ import annotations

from typing import Any

from wengert.ir.primitive import Unsupported
from wengert.ops.core import fit, mul
from wengert.ops.exponential import exp, log
from wengert.ops.families import elementwise
from wengert.ops.special.cumulants import complete_bell
from wengert.ops.special.family import ScipyUfunc, apply, as_real, inverse, special
from wengert.ops.special.gamma import polygamma_p, psi_p
from wengert.ops.special.shapes import values
from wengert.trace.tracer import bind

NUMPY_COMPUTES = Unsupported("NumPy computes it, many elements at once")
_type_of = ScipyUfunc("stdtr").type_of  # of gammainc, SciPy looks at double precision first

log_gamma_density_p = elementwise(
    "log_gamma_density",
    values.log_gamma_density,
    type_rule=_type_of,
    partials=(
        lambda out, a, x: log(x) - apply(psi_p, a),
        lambda out, a, x: (a - 1.0) / x - 1.0,
    ),
    flops=60,
    emit=NUMPY_COMPUTES,
    domain="a > 0, x >= 0; NaN elsewhere",
)


def density(a: Any, x: Any) -> Any:
    """x**(a-1) exp(-x) / Gamma(a), the derivative of P(a, x) in x; DLMF 8.8.13."""
    return exp(apply(log_gamma_density_p, a, x))


def shape_derivative(a: Any, x: Any, order: int = 1) -> Any:
    """The derivative of P(a, x) in a, of an order."""
    return bind(gammainc_shape_p, as_real(a), as_real(x), order=order)


def _slopes(a: Any, x: Any, n: int) -> list[Any]:
    """The first n derivatives of the logarithm of the density in a."""
    first = [log(x) - apply(psi_p, a)]
    return first + [-bind(polygamma_p, a, n=k) for k in range(1, n)]


def _shape_jvp(args: Any, out: Any, tangents: Any, *, order: int) -> Any:
    a, x = args
    da, dx = tangents
    total = None if da is None else mul(da, shape_derivative(a, x, order + 1))
    if dx is not None:
        slopes = {(k, 0): s for k, s in enumerate(_slopes(a, x, order), 1)}
        term = mul(dx, density(a, x) * complete_bell((order, 0), slopes))
        total = term if total is None else total + term
    return fit(total, out.type)


gammainc_shape_p = elementwise(
    "gammainc_shape",
    values.gammainc_shape,
    type_rule=lambda a, x, *, order: _type_of(a, x),
    jvp=_shape_jvp,
    flops=1000,
    emit=NUMPY_COMPUTES,
    domain="a >= 0 (at 0 from the right), x >= 0; NaN elsewhere",
)

gammainc_p = special(
    "gammainc", lambda out, a, x: shape_derivative(a, x), lambda out, a, x: density(a, x)
)
gammaincc_p = special(
    "gammaincc", lambda out, a, x: -shape_derivative(a, x), lambda out, a, x: -density(a, x)
)


gammaincinv_p = inverse("gammaincinv", (shape_derivative, density), 1)
gammainccinv_p = inverse("gammainccinv", (shape_derivative, density), 1, sign=-1.0)

# -- logarithms, for tails -------------------------------------------------------------------------


def log_gammainc(a: Any, x: Any) -> Any:
    """log P(a, x), also where P is below the smallest number."""
    return _log(a, x, False)


def log_gammaincc(a: Any, x: Any) -> Any:
    """log Q(a, x), also where Q is below the smallest number."""
    return _log(a, x, True)


def _log(a: Any, x: Any, upper: bool) -> Any:
    return bind(log_gammainc_p, as_real(a), as_real(x), upper=upper)


def _hazard(a: Any, x: Any, log_value: Any, upper: bool) -> Any:
    """The derivative of log P or log Q in x."""
    size = exp(apply(log_gamma_density_p, a, x) - log_value)
    return -size if upper else size


def _log_jvp(args: Any, out: Any, tangents: Any, *, upper: bool) -> Any:
    a, x = args
    da, dx = tangents
    total = None
    if da is not None:
        total = mul(da, bind(log_gammainc_shape_p, a, x, order=1, upper=upper))
    if dx is not None:
        term = mul(dx, _hazard(a, x, out, upper))
        total = term if total is None else total + term
    return fit(total, out.type)


log_gammainc_p = elementwise(
    "log_gammainc",
    values.log_gammainc,
    type_rule=lambda a, x, *, upper: _type_of(a, x),
    jvp=_log_jvp,
    flops=1000,
    emit=NUMPY_COMPUTES,
    domain="a >= 0, x >= 0; NaN elsewhere",
)


def _log_shape_jvp(args: Any, out: Any, tangents: Any, *, order: int, upper: bool) -> Any:
    a, x = args
    da, dx = tangents
    total = None
    if da is not None:
        total = mul(da, bind(log_gammainc_shape_p, a, x, order=order + 1, upper=upper))
    if dx is not None:
        own = [bind(log_gammainc_shape_p, a, x, order=k, upper=upper) for k in range(1, order)]
        pairs = zip(_slopes(a, x, order), [*own, out], strict=True)
        slopes = {(k, 0): of_density - of_tail for k, (of_density, of_tail) in enumerate(pairs, 1)}
        rate = _hazard(a, x, _log(a, x, upper), upper)
        term = mul(dx, rate * complete_bell((order, 0), slopes))
        total = term if total is None else total + term
    return fit(total, out.type)


log_gammainc_shape_p = elementwise(
    "log_gammainc_shape",
    values.log_gammainc_shape,
    type_rule=lambda a, x, *, order, upper: _type_of(a, x),
    jvp=_log_shape_jvp,
    flops=2000,
    emit=NUMPY_COMPUTES,
    domain="a >= 0, x >= 0; NaN elsewhere",
)
