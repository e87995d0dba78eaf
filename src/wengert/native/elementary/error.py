"""erf, erfc and, from the C library, the gamma function.

erf(x) = x + x p(x²) near 0. Beyond, erfc(x) = exp(-x²) q((x - a) / (x + a)) / (1 + 2 x), as in
Shepherd and Laframboise, *Mathematics of Computation* 36 (1981), with q fitted here.
"""

from __future__ import annotations

from wengert.native.builder import Value
from wengert.native.elementary.exponential import exp_pair
from wengert.native.elementary.support import Kit, Pair

# Up to where erf's polynomial is used, by erf and by erfc, which must not cancel.
_NEAR_ERF = 0.86
_NEAR_ERFC = 0.68


def _near(t: Kit, ax: Value) -> Pair:
    """erf(x) = x + tail near 0."""
    a = t.clamp(ax, None, _NEAR_ERF)
    return a, t.b.mul(a, t.polynomial("erf", t.b.mul(a, a)))


def _far(t: Kit, ax: Value) -> Value:
    """erfc(x) for x >= _NEAR_ERFC."""
    b = t.b
    a = t.clamp(ax, _NEAR_ERFC, {"f8": 28.0, "f4": 10.5}[t.kind])
    (center,) = t.constant("erfc_center")
    one = t.number(1.0)
    total = b.add(a, center)
    factor, lost_factor = t.fast_two_sum(b.add(a, a), one)
    # (a - center) / (a + center) and the inverse of 1 + 2 a by one division. The polynomial is
    # nearly constant, so that the rounding of its argument does not matter.
    inverse = b.div(one, b.mul(total, factor))
    q = b.mul(b.sub(a, center), b.mul(factor, inverse))
    p = t.polynomial("erfc", q)
    square, lost = t.two_product(a, a)
    (m, dm), n_bits = exp_pair(t, b.neg(square), b.neg(lost))
    product, left = t.two_product(p, m)
    over = product, b.fma(p, dm, left)
    value = b.add(*t.quotient(over, (factor, lost_factor), b.mul(total, inverse)))
    return t.scale(value, n_bits)


def erf(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    near, tail = _near(t, ax)
    far = b.sub(t.number(1.0), _far(t, ax))
    value = b.select(b.compare("gt", ax, t.number(_NEAR_ERF)), far, b.add(near, tail))
    return b.copysign(value, x)


def erfc(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    near, tail = _near(t, ax)
    one = t.number(1.0)
    far = _far(t, ax)
    is_left = b.compare("lt", x, t.number(0.0))
    far = b.select(is_left, b.sub(t.number(2.0), far), far)
    s = b.select(is_left, near, b.neg(near))
    high, rest = t.fast_two_sum(one, s)
    tail = b.select(is_left, tail, b.neg(tail))
    return b.select(b.compare("gt", ax, t.number(_NEAR_ERFC)), far, b.add(high, b.add(rest, tail)))


def gamma(t: Kit, x: Value) -> Value:
    return t.libm("tgamma", x)


def lgamma(t: Kit, x: Value) -> Value:
    """log |gamma(x)|."""
    return t.libm("lgamma", x)
