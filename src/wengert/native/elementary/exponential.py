"""exp, exp2, expm1, the hyperbolic functions and the logistic one.

exp(x) = 2^k exp(r) with k the integer nearest to x / ln 2 and r in [-ln 2 / 2, ln 2 / 2]
(Cody and Waite, *Software Manual for the Elementary Functions*, 1980). The first step of the
reduction, x - k ln 2 to 53 bits, is exact in fused arithmetic.
"""

from __future__ import annotations

from wengert.native.builder import Value
from wengert.native.elementary.support import Kit, Pair

# Beyond these exp is 0 or infinite after rounding, and k stays within what `Kit.scale` takes.
_LOW = {"f8": -746.0, "f4": -104.0}
_HIGH = {"f8": 710.0, "f4": 89.0}


def _reduce(t: Kit, x: Value) -> tuple[Value, Value, Value]:
    """k with 2 bias in low bits (for `Kit.scale`), r, and what rounding took from r."""
    b = t.b
    ln2_high, ln2_low = t.constant("ln2")
    n_bits, k = t.nearest(x, t.constant("log2_e")[0].const, 2 * t.format.bias)
    minus_k = b.neg(k)
    high = b.fma(minus_k, ln2_high, x)
    r = b.fma(minus_k, ln2_low, high)
    return n_bits, r, b.fma(minus_k, ln2_low, b.sub(high, r))


def exp_parts(t: Kit, x: Value) -> tuple[Value, Value]:
    """exp(x) = m 2^k with m near 1: m, and k for `Kit.scale`. `x` is clamped."""
    x = t.clamp(x, _LOW[t.kind], _HIGH[t.kind])
    b = t.b
    n_bits, r, rest = _reduce(t, x)
    tail = b.fma(b.mul(r, r), t.polynomial("exp", r), rest)
    return b.add(t.number(1.0), b.add(r, tail)), n_bits


def exp_pair(t: Kit, x: Value, dx: Value) -> tuple[Pair, Value]:
    """exp(x + dx) as by `exp_parts`, m in two parts, for x within the bounds and a small dx."""
    b = t.b
    n_bits, r, rest = _reduce(t, x)
    r, lost = t.fast_two_sum(r, dx)
    tail = b.fma(b.mul(r, r), t.polynomial("exp", r), b.add(rest, lost))
    return t.fast_two_sum(t.number(1.0), b.add(r, tail)), n_bits


def exp(t: Kit, x: Value) -> Value:
    m, n_bits = exp_parts(t, x)
    return t.scale(m, n_bits)


def exp2(t: Kit, x: Value) -> Value:
    b = t.b
    x = t.clamp(x, *{"f8": (-1080.0, 1024.0), "f4": (-160.0, 128.0)}[t.kind])
    n_bits, k = t.nearest(x, 1.0, 2 * t.format.bias)
    r = b.sub(x, k)
    return t.scale(t.polynomial("exp2", r, 1.0), n_bits)


def expm1_sum(t: Kit, x: Value, less: int = 0) -> Pair:
    """2^-less (exp(x) - 1) as a sum whose second part is at most 0.3 of the first."""
    b = t.b
    n_bits, r, rest = _reduce(t, x)
    scale = t.power_of_two(n_bits, less)
    # 2^k - 1 is 0, -1/2 or more in size than 2^k r: the sum of the two is exact in two parts.
    high, low = t.fast_two_sum(b.sub(scale, t.number(0.5**less)), b.mul(scale, r))
    tail = b.fma(b.mul(r, r), t.polynomial("exp", r), rest)
    return high, b.fma(scale, tail, low)


def expm1(t: Kit, x: Value) -> Value:
    b = t.b
    inside = t.clamp(x, {"f8": -40.0, "f4": -20.0}[t.kind], _HIGH[t.kind])
    high, low = expm1_sum(t, inside, less=1)  # half of it, as 2^k may overflow
    half = b.add(high, low)
    is_tiny = b.compare("lt", b.abs(x), t.number(t.format.epsilon / 4))
    return b.select(is_tiny, x, b.add(half, half))


def _expm1_pair(t: Kit, x: Value) -> Pair:
    return t.fast_two_sum(*expm1_sum(t, x))


def tanh(t: Kit, x: Value) -> Value:
    """E / (E + 2) with E = exp(2 |x|) - 1 in two parts."""
    b = t.b
    ax = t.clamp(b.abs(x), None, {"f8": 20.0, "f4": 10.0}[t.kind])
    high, low = _expm1_pair(t, b.add(ax, ax))
    two = t.number(2.0)
    under = b.add(high, two)
    q, dq = t.quotient((high, low), (under, b.add(b.sub(high, b.sub(under, two)), low)))
    return b.copysign(b.add(q, dq), x)


def sinh(t: Kit, x: Value) -> Value:
    """(E + E / (E + 1)) / 2 with E = exp(|x|) - 1; exp(|x|) / 2 where that is all."""
    b = t.b
    ax = b.abs(x)
    high, low = _expm1_pair(t, t.clamp(ax, None, 30.0))
    one = t.number(1.0)
    over = b.add(one, high)
    rest = b.add(b.sub(high, b.sub(over, one)), low)
    q, dq = t.quotient((high, low), (over, rest))
    small = b.mul(t.number(0.5), b.add(high, b.add(q, b.add(dq, low))))
    large = _half_exp(t, ax)
    return b.copysign(b.select(b.compare("gt", ax, t.number(30.0)), large, small), x)


def cosh(t: Kit, x: Value) -> Value:
    """h + 1 / (4 h) with h = exp(|x|) / 2."""
    b = t.b
    half = _half_exp(t, b.abs(x))
    return b.add(half, b.div(t.number(0.25), half))


def _half_exp(t: Kit, ax: Value) -> Value:
    """exp(x) / 2 for x >= 0, infinite only where that is."""
    b = t.b
    ax = t.clamp(ax, None, {"f8": 711.0, "f4": 90.0}[t.kind])
    n_bits, r, rest = _reduce(t, ax)
    tail = b.fma(b.mul(r, r), t.polynomial("exp", r), rest)
    m = b.add(t.number(1.0), b.add(r, tail))
    return t.scale(b.mul(m, t.number(0.5)), n_bits)


def expit(t: Kit, x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    b = t.b
    e = exp(t, b.neg(b.abs(x)))
    one = t.number(1.0)
    over = b.select(b.compare("lt", x, t.number(0.0)), e, one)
    return b.div(over, b.add(one, e))
