"""Remainders, neighbors, and the parts of a float: exact functions, by bits or by the C library."""

from __future__ import annotations

import math

from wengert.native.builder import Value
from wengert.native.elementary.support import Kit

_INF = math.inf


def fmod(t: Kit, x: Value, y: Value) -> Value:
    return t.libm("fmod", x, y)


def remainder(t: Kit, x: Value, y: Value) -> Value:
    """x - floor(x / y) y with the sign of y, as NumPy's; exact up to the last addition."""
    b = t.b
    r = fmod(t, x, y)
    zero = t.number(0.0)
    differs = b.xor(b.compare("lt", y, zero), b.compare("lt", r, zero))
    moved = b.select(differs, b.add(r, y), r)
    is_zero = b.compare("eq", r, zero)
    return b.select(is_zero, b.copysign(zero, y), moved)


def nextafter(t: Kit, x: Value, y: Value) -> Value:
    b = t.b
    zero = t.integer(0)
    bits = t.bits(x)
    # Away from zero the bits count up, whatever the sign.
    is_up = b.compare("lt", x, y)
    is_negative = b.compare("lt", bits, zero)
    step = b.select(b.xor(is_up, is_negative), t.integer(1), t.integer(-1))
    moved = t.from_bits(b.add(bits, step))
    smallest = t.from_bits(b.or_(t.sign_bit(y), t.integer(1)))
    moved = b.select(b.compare("eq", x, t.number(0.0)), smallest, moved)
    moved = b.select(b.compare("eq", x, y), y, moved)
    return b.select(t.is_unordered(x, y), b.add(x, y), moved)


def spacing(t: Kit, x: Value) -> Value:
    """The distance to the neighbor away from zero, with the sign of x."""
    b = t.b
    next_one = t.from_bits(b.add(t.bits(x), t.integer(1)))
    is_finite = b.compare("lt", b.abs(x), t.number(_INF))
    value = b.select(is_finite, b.sub(next_one, x), t.number(math.nan))
    smallest = t.number(t.format.smallest_normal * t.format.epsilon)
    return b.select(b.compare("eq", x, t.number(0.0)), smallest, value)


def signbit(t: Kit, x: Value) -> Value:
    return t.b.compare("lt", t.bits(x), t.integer(0))


def _is_ordinary(t: Kit, ax: Value) -> Value:
    """Neither 0 nor infinite nor NaN."""
    b = t.b
    return b.and_(b.compare("gt", ax, t.number(0.0)), b.compare("lt", ax, t.number(_INF)))


def frexp_mantissa(t: Kit, x: Value) -> Value:
    """The m of x = m 2^n with |m| in [1/2, 1)."""
    b = t.b
    ax = b.abs(x)
    _, m = t.split_exponent(ax, "one")
    return b.select(_is_ordinary(t, ax), b.copysign(b.mul(m, t.number(0.5)), x), x)


def frexp_exponent(t: Kit, x: Value) -> Value:
    """The n of x = m 2^n, an int32; 0 for 0, infinity and NaN."""
    b = t.b
    ax = b.abs(x)
    k, _ = t.split_exponent(ax, "one")
    n = b.select(_is_ordinary(t, ax), b.add(k, t.number(1.0)), t.number(0.0))
    result: Value = b.convert(n, "i4")
    return result


def ldexp(t: Kit, x: Value, n: Value) -> Value:
    """x 2^n for an integer n, which is far out of range before it leaves an int32."""
    b = t.b
    far = 1 << 20
    n = b.maximum(b.minimum(b.convert(n, "i8"), b.index(far)), b.index(-far))
    return b.call("ldexp" if t.is_double else "ldexpf", t.kind, x, b.convert(n, "i4"))
