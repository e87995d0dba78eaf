"""sin, cos, tan and sinc.

x = k pi/2 + r, |r| <= pi/4, with pi/2 in three parts and r in two (Cody and Waite, as for exp);
then the polynomial of sin or cos in r, chosen by k's last bit. Beyond 10^5 the C library takes
over. float32 goes through float64, where one part of r suffices up to 2^28.
"""

from __future__ import annotations

from typing import NamedTuple

from wengert.native.builder import Value
from wengert.native.elementary.support import Kit, Pair

_LARGEST = 1e5
_LARGEST_SHORT = 2.0**28


class _Octant(NamedTuple):
    """sin and cos of r, each in two parts, and the bits of k."""

    n_bits: Value
    sin: Pair
    cos: Pair


def _octant(t: Kit, ax: Value) -> _Octant:
    b = t.b
    first, second, third = t.constant("half_pi_times_k")
    n_bits, k = t.nearest(ax, t.constant("two_over_pi")[0].const, 0)
    minus_k = b.neg(k)
    # The first step is exact. Its result is a multiple of the unit of k * second, which is exact.
    high, low = t.fast_two_sum(b.fma(minus_k, first, ax), b.mul(minus_k, second))
    return _sin_cos(t, n_bits, (high, b.fma(minus_k, third, low)))


def _sin_cos(t: Kit, n_bits: Value, r: Pair) -> _Octant:
    b = t.b
    high, low = r
    z = b.mul(high, high)
    half_z = b.mul(t.number(0.5), z)
    low_sin = b.fma(b.neg(half_z), low, low)
    sin_tail = b.fma(b.mul(high, z), t.polynomial("sin", z), low_sin)
    one = t.number(1.0)
    w = b.sub(one, half_z)
    lost = b.sub(b.sub(one, w), half_z)
    cos_tail = b.fma(b.mul(z, z), t.polynomial("cos", z), b.fma(b.neg(high), low, lost))
    return _Octant(n_bits, (high, sin_tail), (w, cos_tail))


def _is_odd(t: Kit, n_bits: Value) -> Value:
    """Whether k is odd: its last bit moved to the sign, which one instruction tests."""
    b = t.b
    top = t.format.mantissa + t.exponent_bits
    return b.compare("lt", b.shift("shl", n_bits, t.integer(top)), t.integer(0))


def _second_bit(t: Kit, n_bits: Value) -> Value:
    """The last but one bit of k as a sign."""
    b = t.b
    top = t.format.mantissa + t.exponent_bits
    shifted = b.shift("shl", n_bits, t.integer(top - 1))
    return b.and_(shifted, t.integer(-(1 << top)))


def _sum(t: Kit, x: Pair) -> Value:
    return t.b.add(*x)


def _sin_double(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    o = _octant(t, ax)
    value = b.select(_is_odd(t, o.n_bits), _sum(t, o.cos), _sum(t, o.sin))
    sign = b.xor(_second_bit(t, o.n_bits), t.sign_bit(x))
    value = t.flip(value, sign)
    return t.mend(b.compare("gt", ax, t.number(_LARGEST)), value, "sin", [x])


def _cos_double(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    o = _octant(t, ax)
    value = b.select(_is_odd(t, o.n_bits), _sum(t, o.sin), _sum(t, o.cos))
    value = t.flip(value, _second_bit(t, b.add(o.n_bits, t.integer(1))))
    return t.mend(b.compare("gt", ax, t.number(_LARGEST)), value, "cos", [x])


def _tan_double(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    o = _octant(t, ax)
    sin, cos = t.fast_two_sum(*o.sin), t.fast_two_sum(*o.cos)
    is_odd = _is_odd(t, o.n_bits)
    over = b.select(is_odd, cos[0], sin[0]), b.select(is_odd, cos[1], sin[1])
    under = b.select(is_odd, sin[0], cos[0]), b.select(is_odd, sin[1], cos[1])
    value = _sum(t, t.quotient(over, under))
    # The sign bit of k's last bit: a quarter turn makes the tangent minus its inverse.
    top = t.format.mantissa + t.exponent_bits
    sign = b.xor(b.shift("shl", o.n_bits, t.integer(top)), t.sign_bit(x))
    value = t.flip(value, sign)
    return t.mend(b.compare("gt", ax, t.number(_LARGEST)), value, "tan", [x])


# -- float32 ---------------------------------------------------------------------------------------


def _short(t: Kit, x: Value) -> tuple[Kit, Value, _Octant]:
    """A float32's octant in float64, with the polynomials that float32 needs."""
    b = t.b
    d = Kit(b, "f8")
    x = b.convert(x, "f8")
    first, second = d.constant("half_pi")
    n_bits, k = d.nearest(x, d.constant("two_over_pi")[0].const, 0)
    minus_k = b.neg(k)
    r = b.fma(minus_k, second, b.fma(minus_k, first, x))
    return d, x, _sin_cos_short(d, n_bits, r)


def _sin_cos_short(d: Kit, n_bits: Value, r: Value) -> _Octant:
    b = d.b
    z = b.mul(r, r)
    zero = d.number(0.0)
    sin = b.mul(r, d.polynomial("sin_short", z, 1.0))  # keeps -0
    return _Octant(n_bits, (sin, zero), (d.polynomial("cos_short", z, 1.0), zero))


def _mend_short(d: Kit, x: Value, value: Value, name: str) -> Value:
    is_large = d.b.compare("gt", d.b.abs(x), d.number(_LARGEST_SHORT))
    value = d.mend(is_large, value, name, [x])
    result: Value = d.b.convert(value, "f4")
    return result


def sin(t: Kit, x: Value) -> Value:
    if t.is_double:
        return _sin_double(t, x)
    b = t.b
    d, x, o = _short(t, x)
    value = b.select(_is_odd(d, o.n_bits), o.cos[0], o.sin[0])
    return _mend_short(d, x, d.flip(value, _second_bit(d, o.n_bits)), "sin")


def cos(t: Kit, x: Value) -> Value:
    if t.is_double:
        return _cos_double(t, x)
    b = t.b
    d, x, o = _short(t, x)
    value = b.select(_is_odd(d, o.n_bits), o.sin[0], o.cos[0])
    return _mend_short(d, x, d.flip(value, _second_bit(d, b.add(o.n_bits, d.integer(1)))), "cos")


def tan(t: Kit, x: Value) -> Value:
    if t.is_double:
        return _tan_double(t, x)
    b = t.b
    d, x, o = _short(t, x)
    is_odd = _is_odd(d, o.n_bits)
    over = b.select(is_odd, b.neg(o.cos[0]), o.sin[0])
    value = b.div(over, b.select(is_odd, o.sin[0], o.cos[0]))
    return _mend_short(d, x, value, "tan")


# -- sinc ------------------------------------------------------------------------------------------


def _half_turns(t: Kit, x: Value) -> tuple[Value, Value]:
    """k and r of x = k/2 + r, |r| <= 1/4: exact, up to a multiple of 2."""
    b = t.b
    two = t.number(2.0)
    turns = b.rounded(b.mul(x, t.number(0.5)), "rint")
    x = b.fma(b.neg(two), turns, x)
    n_bits, k = t.nearest(x, 2.0, 0)
    return n_bits, b.fma(t.number(-0.5), k, x)


def sinc(t: Kit, x: Value) -> Value:
    """sin(pi x) / (pi x), with pi x not rounded: 0 at integers, where NumPy has 4e-17."""
    b = t.b
    d = Kit(b, "f8")
    ax = b.convert(b.abs(x), "f8")
    is_tiny = b.compare("lt", ax, d.number(2.0**-30))
    n_bits, r = _half_turns(d, ax)
    pi, pi_low = d.constant("pi")
    if t.is_double:
        high, low = d.two_product(pi, r)
        o = _sin_cos(d, n_bits, (high, b.fma(pi_low, r, low)))
    else:
        o = _sin_cos_short(d, n_bits, b.mul(pi, r))
    is_odd = _is_odd(d, n_bits)
    sin, cos = d.fast_two_sum(*o.sin), d.fast_two_sum(*o.cos)
    over = b.select(is_odd, cos[0], sin[0]), b.select(is_odd, cos[1], sin[1])
    under, lost = d.two_product(pi, b.select(is_tiny, d.number(1.0), ax))
    value = _sum(d, d.quotient(over, (under, b.fma(pi_low, ax, lost))))
    value = d.flip(value, _second_bit(d, n_bits))
    result: Value = b.convert(b.select(is_tiny, d.number(1.0), value), t.kind)
    return result
