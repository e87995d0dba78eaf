"""Logistic functions, information measures, power transforms, losses, and trigonometry in degrees.

expit logit log_expit                 their derivatives keep full accuracy in both tails
xlogy xlog1py entr rel_entr kl_div    0 log 0 = 0; the derivative in x is then infinite
huber pseudo_huber
boxcox inv_boxcox ... exprel          by families closed under differentiation
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, Unsupported
from wengert.ops.arithmetic import absolute
from wengert.ops.comparison import eq, logical_and, logical_not, lt
from wengert.ops.core import fit, kind_of, mul
from wengert.ops.exponential import exp, log, log1p
from wengert.ops.families import elementwise
from wengert.ops.selection import maximum, minimum, select
from wengert.ops.special.family import (
    FUNCTIONS,
    apply,
    as_real,
    not_negative,
    quotient,
    special,
    within,
)
from wengert.ops.special.shapes import error_integrals
from wengert.trace.tracer import bind

_NUMPY_COMPUTES = Unsupported("NumPy computes it, many elements at once")
_DEGREE = math.pi / 180.0

expit_p: Primitive = special(
    "expit",
    lambda out, x: out * apply(expit_p, -x),
    emit=Elementwise(lambda b, x: b.call_math("expit", x), "result"),
)
log_expit_p = special(
    "log_expit",
    lambda out, x: apply(expit_p, -x),
    emit=Elementwise(lambda b, x: b.call_math("log_expit", x), "result"),
)
logit_p = special(
    "logit",
    lambda out, p: 1.0 / (not_negative(p) * not_negative(1.0 - p)),
    domain="0 <= p <= 1; NaN outside, infinite at the ends",
)

# -- information -----------------------------------------------------------------------------------


def _above(x: Any, bound: float) -> Any:
    """A real x, NaN where it is below a bound; complex numbers as they are."""
    return x if kind_of(x) == "c" else within(lt(x, bound), x)


xlogy_p = special(
    "xlogy",
    lambda out, x, y: log(not_negative(y)),
    lambda out, x, y: quotient(x, not_negative(y)),
    at_zero="x = y = 0: -inf in x, 0 in y",
)
xlog1py_p = special(
    "xlog1py",
    lambda out, x, y: log1p(_above(y, -1.0)),
    lambda out, x, y: quotient(x, not_negative(1.0 + y)),
    at_zero="x = 0, y = -1: -inf in x, 0 in y",
)
entr_p = special(
    "entr", lambda out, x: -1.0 - log(not_negative(x)), domain="x >= 0: infinite at 0; NaN below"
)


def _log_quotient(x: Any, y: Any) -> Any:
    return log(quotient(not_negative(x), not_negative(y)))


rel_entr_p = special(
    "rel_entr",
    lambda out, x, y: 1.0 + _log_quotient(x, y),
    lambda out, x, y: -quotient(not_negative(x), not_negative(y)),
    domain="x, y >= 0; NaN derivatives outside; in x -inf at x = 0",
)
kl_div_p = special(
    "kl_div",
    lambda out, x, y: _log_quotient(x, y),
    lambda out, x, y: 1.0 - quotient(not_negative(x), not_negative(y)),
    domain="x, y >= 0; NaN derivatives outside; in x -inf at x = 0",
)

# -- losses ----------------------------------------------------------------------------------------


def _huber_delta(out: Any, delta: Any, r: Any) -> Any:
    size = absolute(r)
    return _checked(delta, maximum(size - delta, 0.0))


def _huber_r(out: Any, delta: Any, r: Any) -> Any:
    return _checked(delta, maximum(minimum(r, delta), -delta))


def _checked(delta: Any, slope: Any) -> Any:
    return within(lt(delta, 0.0), slope)


huber_p = special(
    "huber",
    _huber_delta,
    _huber_r,
    kinks="where |r| = delta: of the second derivative, split evenly",
    domain="delta >= 0; NaN derivatives below",
)


def _pseudo_huber_delta(out: Any, delta: Any, r: Any) -> Any:
    """r**4 / (h (h + delta)**2) with h = hypot(delta, r): nothing cancels."""
    h = np.hypot(delta, r)
    ratio = r / (h + delta)
    return _checked(delta, ratio * ratio * (r / h) * r)


pseudo_huber_p = special(
    "pseudo_huber",
    _pseudo_huber_delta,
    lambda out, delta, r: _checked(delta, r * (delta / np.hypot(delta, r))),
    domain="delta >= 0; NaN derivatives below, and where delta = r = 0",
)

# -- powers ----------------------------------------------------------------------------------------


def _family(name: str, array: Any) -> Any:
    """A primitive whose derivative is itself with n + 1."""
    record = elementwise(
        name,
        array,
        type_rule=lambda x, *, n: x,
        jvp=lambda args, out, tangents, *, n: fit(
            mul(tangents[0], bind(record, args[0], n=n + 1)), out.type
        ),
        flops=200,
        emit=_NUMPY_COMPUTES,
    )
    return record


exprel_derivative_p = _family("exprel_derivative", error_integrals.exprel_derivative)
log1p_ratio_p = _family("log1p_ratio_derivative", error_integrals.log1p_ratio_derivative)

exprel_p = special("exprel", lambda out, x: bind(exprel_derivative_p, x, n=1))
exp10_p = special("exp10", lambda out, x: out * math.log(10.0))
cosm1_p = special("cosm1", lambda out, x: -np.sin(x))
powm1_p = special(
    "powm1",
    lambda out, x, y: y * np.power(x, y - 1.0),
    lambda out, x, y: apply(xlogy_p, 1.0 + out, x),
    domain="x > 0, or x < 0 and whole y, where the derivative in y is NaN",
)
log1pmx_p = special("_log1pmx", lambda out, x: -x / (1.0 + x), primitive="log1pmx")


def _boxcox_power(log_x: Any, power: Any) -> Any:
    """The derivative in lambda of (x**lambda - 1) / lambda, smooth at lambda = 0."""
    return log_x * log_x * bind(exprel_derivative_p, log_x * power, n=1)


def _boxcox_lambda(out: Any, x: Any, power: Any) -> Any:
    is_zero = eq(x, 0.0)
    inside = _boxcox_power(log(not_negative(select(is_zero, 1.0, x))), power)
    is_regular = logical_and(is_zero, lt(0.0, power))
    p = select(is_regular, power, 1.0)
    at_zero = within(logical_not(is_regular), 1.0 / (p * p))
    return select(is_zero, at_zero, inside)


boxcox_p = special(
    "boxcox",
    lambda out, x, power: np.power(not_negative(as_real(x)), power - 1.0),
    _boxcox_lambda,
    domain="x >= 0; NaN below",
)
boxcox1p_p = special(
    "boxcox1p",
    lambda out, x, power: exp((power - 1.0) * log1p(_above(x, -1.0))),
    lambda out, x, power: _boxcox_power(log1p(_above(x, -1.0)), power),
    domain="x > -1; NaN below, and in lambda at -1",
)


def _inverse_power(value: Any, y: Any, power: Any) -> Any:
    """The derivative in lambda of (1 + lambda y)**(1/lambda), smooth at lambda = 0."""
    return value * (y * y * bind(log1p_ratio_p, power * y, n=1))


inv_boxcox_p = special(
    "inv_boxcox",
    lambda out, y, power: out / (1.0 + power * y),
    lambda out, y, power: _inverse_power(out, y, power),
    domain="lambda y > -1; NaN below",
)
inv_boxcox1p_p = special(
    "inv_boxcox1p",
    lambda out, y, power: (1.0 + out) / (1.0 + power * y),
    lambda out, y, power: _inverse_power(1.0 + out, y, power),
    domain="lambda y > -1; NaN below",
)

# -- degrees, and SciPy's names of NumPy's functions -----------------------------------------------

sindg_p = special("sindg", lambda out, x: _DEGREE * apply(cosdg_p, x))
cosdg_p: Primitive = special("cosdg", lambda out, x: -_DEGREE * apply(sindg_p, x))
tandg_p = special("tandg", lambda out, x: _DEGREE * (1.0 + out * out))
cotdg_p = special("cotdg", lambda out, x: -_DEGREE * (1.0 + out * out))
radian_p = special(
    "radian",
    lambda out, d, m, s: _DEGREE,
    lambda out, d, m, s: _DEGREE / 60.0,
    lambda out, d, m, s: _DEGREE / 3600.0,
)
FUNCTIONS.update(expm1=np.expm1, log1p=np.log1p, cbrt=np.cbrt, exp2=np.exp2)
