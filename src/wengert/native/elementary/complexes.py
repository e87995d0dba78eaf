"""Functions of complex numbers, from real ones; at infinities and NaN as C99's Annex G, mostly."""

from __future__ import annotations

import math

from wengert.native.builder import Complex, Value
from wengert.native.elementary import exponential, inverse, logarithm, power, trigonometric
from wengert.native.elementary.support import Kit

_INF = math.inf


def _is_finite(t: Kit, x: Value) -> Value:
    return t.b.compare("lt", t.b.abs(x), t.number(_INF))


def exp(t: Kit, z: Complex) -> Complex:
    """exp(x) (cos y + i sin y), each product scaled last."""
    b = t.b
    m, n_bits = exponential.exp_parts(t, z.re)
    zero = t.number(0.0)
    re = t.scale(b.mul(m, trigonometric.cos(t, z.im)), n_bits)
    im = t.scale(b.mul(m, trigonometric.sin(t, z.im)), n_bits)
    im = b.select(b.compare("eq", z.im, zero), z.im, im)
    # exp(-inf + i nan) = 0, exp(inf + i nan) = inf + i nan
    is_lost = b.not_(_is_finite(t, z.im))
    vanishes = b.and_(is_lost, b.compare("eq", z.re, t.number(-_INF)))
    grows = b.and_(is_lost, b.compare("eq", z.re, t.number(_INF)))
    re = b.select(grows, t.number(_INF), b.select(vanishes, zero, re))
    return Complex(re, b.select(vanishes, zero, im))


def _scaled(t: Kit, x: Value, y: Value, step: int) -> tuple[Value, Value, Value, Value]:
    """Both scaled away from the ends of the range, the scale's exponent, and the larger one."""
    b = t.b
    ax, ay = b.abs(x), b.abs(y)
    large = b.select(b.compare("lt", ax, ay), ay, ax)
    bias = t.format.bias
    is_large = b.compare("gt", large, t.number(2.0 ** (bias - 3)))
    is_small = b.compare("lt", large, t.number(2.0 ** (t.format.mantissa + 5 - bias)))
    down, up, one = t.number(2.0**-step), t.number(2.0**step), t.number(1.0)
    scale = b.select(is_large, down, b.select(is_small, up, one))
    n = b.select(is_large, t.number(step), b.select(is_small, t.number(-step), t.number(0.0)))
    return b.mul(x, scale), b.mul(y, scale), n, b.mul(large, scale)


def log(t: Kit, z: Complex) -> Complex:
    """log |z| + i arg z; near |z| = 1 by log1p of |z|² - 1, whose parts cancel exactly."""
    b = t.b
    x, y, n, _ = _scaled(t, z.re, z.im, 2 * t.format.mantissa)
    r = power.hypot(t, x, y)
    far = b.add(logarithm.log(t, r), b.mul(n, t.constant("ln2")[0]))
    large, small = t.ordered(b.abs(z.re), b.abs(z.im))
    one = t.number(1.0)
    is_near = b.and_(b.compare("gt", r, t.number(0.5)), b.compare("lt", r, t.number(2.0)))
    is_near = b.and_(is_near, b.compare("eq", n, t.number(0.0)))
    large, small = b.select(is_near, large, one), b.select(is_near, small, t.number(0.0))
    below = b.sub(large, one)
    above, lost = t.fast_two_sum(one, large)
    p, dp = t.two_product(below, above)
    q, dq = t.two_product(small, small)
    w, dw = t.two_sum(p, q)
    dw = b.add(dw, b.add(b.fma(below, lost, dp), dq))
    w, dw = t.fast_two_sum(w, dw)
    near = b.mul(t.number(0.5), logarithm.log1p_sum(t, w, dw))
    return Complex(b.select(is_near, near, far), inverse.arctan2(t, z.im, z.re))


def sqrt(t: Kit, z: Complex) -> Complex:
    """With h = sqrt((|x| + |z|) / 2): h + i y/(2h), or |y|/(2h) ± i h left of the axis."""
    b = t.b
    step = 2 * (t.format.mantissa // 2)
    x, y, n, large = _scaled(t, z.re, z.im, step)
    zero, half = t.number(0.0), t.number(0.5)
    r = power.hypot(t, x, y)
    h = b.sqrt(b.mul(half, b.add(b.abs(x), r)))
    is_zero = b.compare("eq", large, zero)
    other = b.div(y, b.select(is_zero, t.number(1.0), b.add(h, h)))
    up, down = t.number(2.0 ** (step // 2)), t.number(2.0 ** -(step // 2))
    back = b.select(
        b.compare("gt", n, zero), up, b.select(b.compare("lt", n, zero), down, t.number(1.0))
    )
    h, other = b.mul(h, back), b.mul(other, back)
    is_left = b.compare("lt", t.bits(z.re), t.integer(0))
    re = b.select(is_left, b.abs(other), h)
    im = b.select(is_left, b.copysign(h, z.im), other)
    is_tall = b.compare("eq", b.abs(z.im), t.number(_INF))
    re = b.select(is_zero, zero, b.select(is_tall, t.number(_INF), re))
    return Complex(re, b.select(b.or_(is_zero, is_tall), z.im, im))


def cosh(t: Kit, z: Complex) -> Complex:
    b = t.b
    c, s = trigonometric.cos(t, z.im), trigonometric.sin(t, z.im)
    re = b.mul(exponential.cosh(t, z.re), c)
    im = b.mul(exponential.sinh(t, z.re), s)
    flat = b.or_(b.compare("eq", z.im, t.number(0.0)), b.compare("eq", z.re, t.number(0.0)))
    signed = b.mul(b.copysign(t.number(1.0), z.re), z.im)
    zero = b.copysign(t.number(0.0), signed)
    return Complex(re, b.select(flat, zero, im))


def sinh(t: Kit, z: Complex) -> Complex:
    b = t.b
    c, s = trigonometric.cos(t, z.im), trigonometric.sin(t, z.im)
    re = b.mul(exponential.sinh(t, z.re), c)
    im = b.mul(exponential.cosh(t, z.re), s)
    zero = t.number(0.0)
    is_lost = b.and_(b.compare("eq", z.re, zero), b.not_(_is_finite(t, z.im)))
    re = b.select(is_lost, z.re, re)
    return Complex(re, b.select(b.compare("eq", z.im, zero), z.im, im))


def tanh(t: Kit, z: Complex) -> Complex:
    """(β ρ s + i tan y) / (1 + β s²), s = sinh x, β = 1 + tan² y, ρ² = 1 + s² (Kahan, 1987)."""
    b = t.b
    one = t.number(1.0)
    ax = b.abs(z.re)
    limit = {"f8": 22.0, "f4": 11.0}[t.kind]
    x = t.clamp(ax, None, limit)
    tan = trigonometric.tan(t, z.im)
    beta = b.fma(tan, tan, one)
    s = exponential.sinh(t, x)
    rho = exponential.cosh(t, x)
    under = b.fma(b.mul(beta, s), s, one)
    re = b.div(b.mul(b.mul(beta, rho), s), under)
    im = b.div(tan, under)
    is_far = b.compare("gt", ax, t.number(limit))
    decay = exponential.exp(t, b.mul(t.number(-2.0), ax))
    quarter = b.mul(trigonometric.sin(t, z.im), trigonometric.cos(t, z.im))
    far = b.mul(b.mul(t.number(4.0), quarter), decay)
    is_infinite = b.compare("eq", ax, t.number(_INF))
    far = b.select(is_infinite, b.copysign(t.number(0.0), z.im), far)
    re = b.copysign(b.select(is_far, one, re), z.re)
    im = b.select(is_far, far, im)
    return Complex(re, b.select(b.compare("eq", z.im, t.number(0.0)), z.im, im))


def _times_i(t: Kit, z: Complex) -> Complex:
    return Complex(t.b.neg(z.im), z.re)


def _over_i(t: Kit, z: Complex) -> Complex:
    return Complex(z.im, t.b.neg(z.re))


def sin(t: Kit, z: Complex) -> Complex:
    return _over_i(t, sinh(t, _times_i(t, z)))


def cos(t: Kit, z: Complex) -> Complex:
    return cosh(t, _times_i(t, z))


def tan(t: Kit, z: Complex) -> Complex:
    return _over_i(t, tanh(t, _times_i(t, z)))
