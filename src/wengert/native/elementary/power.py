"""power, cbrt and hypot.

power: 2^(y log2(x)) with log2(x) to about 2^-65 of itself: the leading terms of the series in
s = (m - 1) / (m + 1) in two parts (Dekker, *Numerische Mathematik* 18, 1971, for the arithmetic).
"""

from __future__ import annotations

import math

from wengert.native.builder import Value
from wengert.native.elementary.support import Kit, Pair

_INF = math.inf


def _log2_pair(t: Kit, x: Value) -> Pair:
    """log2(x) for finite x > 0 in two parts."""
    b = t.b
    one = t.number(1.0)
    k, m = t.split_exponent(x, "sqrt_half")
    f = b.sub(m, one)
    s, ds = t.quotient((f, t.number(0.0)), t.fast_two_sum(one, m))
    z, dz = t.two_product(s, s)
    dz = b.fma(b.add(s, s), ds, dz)
    c1, c1_low = t.constant("log_power_1")
    inner, lost = t.fast_two_sum(c1, b.mul(z, t.polynomial("log_power", z)))
    u, du = t.two_product(z, inner)
    du = b.add(du, b.fma(z, b.add(lost, c1_low), b.mul(dz, inner)))
    c0, c0_low = t.constant("log_power_0")
    w, dw = t.fast_two_sum(c0, u)
    dw = b.add(dw, b.add(c0_low, du))
    high, low = t.two_product(s, w)
    low = b.add(low, b.fma(s, dw, b.mul(ds, w)))
    total, left = t.fast_two_sum(k, high)
    return total, b.add(left, low)


def _power_double(t: Kit, ax: Value, y: Value) -> Value:
    """|x|^y where both are finite and x is not 0."""
    b = t.b
    high, low = _log2_pair(t, ax)
    e, de = t.two_product(y, high)
    de = b.fma(y, low, de)
    # Far outside the range the low part may be infinite or NaN, and does not matter.
    de = b.select(b.compare("lt", b.abs(e), t.number(1200.0)), de, t.number(0.0))
    e = t.clamp(e, -1080.0, 1030.0)
    n_bits, n = t.nearest(e, 1.0, 2 * t.format.bias)
    r, dr = t.fast_two_sum(b.sub(e, n), de)
    ln2 = t.constant("ln2")[0]
    tail = b.fma(r, t.polynomial("exp2", r), b.mul(dr, ln2))
    return t.scale(b.add(t.number(1.0), tail), n_bits)


def _power_short(t: Kit, ax: Value, y: Value) -> Value:
    """The same for float32, in float64 without low parts."""
    b = t.b
    d = Kit(b, "f8")
    one = d.number(1.0)
    k, m = d.split_exponent(b.convert(ax, "f8"), "sqrt_half")
    s = b.div(b.sub(m, one), b.add(m, one))
    z = b.mul(s, s)
    c0 = d.constant("log_power_0")[0].const
    e = b.mul(b.convert(y, "f8"), b.fma(s, d.polynomial("log2_short", z, c0), k))
    n_bits, n = d.nearest(d.clamp(e, -200.0, 200.0), 1.0, d.format.bias)
    r = b.sub(d.clamp(e, -200.0, 200.0), n)
    result: Value = b.convert(
        b.mul(d.polynomial("exp2_short", r, 1.0), d.to_exponent(n_bits)), "f4"
    )
    return result


def power(t: Kit, x: Value, y: Value) -> Value:
    b = t.b
    zero, one, infinity = t.number(0.0), t.number(1.0), t.number(_INF)
    ax, ay = b.abs(x), b.abs(y)
    value = (_power_double if t.is_double else _power_short)(t, ax, y)
    is_extreme = b.or_(
        b.or_(b.compare("eq", ax, zero), b.compare("eq", ax, infinity)),
        b.compare("eq", ay, infinity),
    )
    grows = b.xor(b.compare("lt", ax, one), b.compare("gt", y, zero))
    value = b.select(is_extreme, b.select(grows, infinity, zero), value)
    half = b.mul(y, t.number(0.5))
    is_integer = b.compare("eq", b.rounded(y, "floor"), y)
    is_odd = b.and_(is_integer, b.compare("ne", b.rounded(half, "floor"), half))
    value = b.select(is_odd, b.copysign(value, x), value)
    is_undefined = b.and_(b.compare("lt", x, zero), b.not_(is_integer))
    # Infinity to a power that is no integer is defined.
    is_undefined = b.and_(is_undefined, b.compare("lt", ax, infinity))
    is_undefined = b.or_(is_undefined, t.is_unordered(x, y))
    value = b.select(is_undefined, t.number(math.nan), value)
    is_one = b.or_(b.compare("eq", y, zero), b.compare("eq", x, one))
    is_unit = b.and_(b.compare("eq", ax, one), b.compare("eq", ay, infinity))
    return b.select(b.or_(is_one, is_unit), one, value)


def cbrt(t: Kit, x: Value) -> Value:
    """m^(1/3) = m y² with y = m^(-1/3) by two steps of third order, and a last correction."""
    b = t.b
    ax = b.abs(x)
    k, m = t.split_exponent(ax, "one")
    third = 1.0 / 3.0
    offset = t.format.bias
    n_bits, n = t.nearest(k, third, offset)
    rest = b.sub(k, b.mul(t.number(3.0), n))  # -1, 0 or 1
    y = t.polynomial("cbrt", m)
    up, down = t.constant("cbrt_2")  # 2^(-1/3), 2^(1/3)
    zero, one = t.number(0.0), t.number(1.0)
    is_up, is_down = b.compare("gt", rest, zero), b.compare("lt", rest, zero)
    y = b.mul(y, b.select(is_up, up, b.select(is_down, down, one)))
    m = b.mul(m, b.select(is_up, t.number(2.0), b.select(is_down, t.number(0.5), one)))
    for _ in range(2 if t.is_double else 1):
        h = b.fma(b.neg(b.mul(m, y)), b.mul(y, y), one)
        step = b.mul(h, b.fma(h, t.number(2.0 / 9.0), t.number(third)))
        y = b.fma(y, step, y)
    y_square = b.mul(y, y)
    c = b.mul(m, y_square)
    square, lost = t.two_product(c, c)
    excess = b.fma(c, lost, b.fma(c, square, b.neg(m)))
    c = b.fma(b.mul(excess, t.number(-third)), y_square, c)
    value = b.mul(c, t.to_exponent(n_bits))
    is_plain = b.and_(b.compare("gt", ax, zero), b.compare("lt", ax, t.number(_INF)))
    return b.copysign(b.select(is_plain, value, b.add(ax, ax)), x)


def hypot(t: Kit, x: Value, y: Value) -> Value:
    """sqrt(x² + y²), scaled by a power of two where a square would leave the range."""
    b = t.b
    ax, ay = b.abs(x), b.abs(y)
    large, small = t.ordered(ax, ay)
    reach = t.format.bias // 2 - 2
    one = t.number(1.0)
    is_large = b.compare("gt", large, t.number(2.0**reach))
    # Squares of the small one may leave the range unless they do not matter.
    is_small = b.compare("lt", large, t.number(2.0 ** (t.format.mantissa + 5 - reach)))
    shift = reach + t.format.mantissa // 2 + 10
    down, up = t.number(2.0**-shift), t.number(2.0**shift)
    scale = b.select(is_large, down, b.select(is_small, up, one))
    back = b.select(is_large, up, b.select(is_small, down, one))
    large, small = b.mul(large, scale), b.mul(small, scale)
    # The sum of squares in two parts: its rounding moves the root by half a unit at most.
    high, low = t.two_product(large, large)
    total, left = t.fast_two_sum(high, b.mul(small, small))
    value = b.mul(b.sqrt(b.add(total, b.add(left, low))), back)
    infinity = t.number(_INF)
    is_infinite = b.or_(b.compare("eq", ax, infinity), b.compare("eq", ay, infinity))
    value = b.select(t.is_unordered(x, y), b.add(x, y), value)
    return b.select(is_infinite, infinity, value)
