"""Logarithms, and what is made of log1p: inverse hyperbolic functions, logaddexp, log_expit.

x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f),
log(1 + f) = f - (f²/2 - s (f²/2 + R(s²))), R even and small (Ng and the authors of fdlibm, 1993).
k ln 2 is added in two parts.
"""

from __future__ import annotations

import math

from wengert.native.builder import Value
from wengert.native.elementary.exponential import exp, exp2
from wengert.native.elementary.support import Kit, Pair

_INF = math.inf
_NAN = math.nan


def _log_below(t: Kit, f: Value) -> Pair:
    """f²/2 rounded, and s (f²/2 + R): log(1 + f) = f - (first - second)."""
    b = t.b
    s = b.div(f, b.add(t.number(2.0), f))
    z = b.mul(s, s)
    half_square = b.mul(b.mul(t.number(0.5), f), f)
    return half_square, b.mul(s, b.fma(z, t.polynomial("log", z), half_square))


def _log_sum(t: Kit, k: Value, f: Value, df: Value | None = None) -> Value:
    """k ln 2 + log(1 + f + df)."""
    b = t.b
    ln2_high, ln2_low = t.constant("ln2_times_k")
    half_square, rest = _log_below(t, f)
    high, low = t.fast_two_sum(b.mul(k, ln2_high), f)
    rest = b.fma(k, ln2_low, b.sub(rest, half_square))
    low = low if df is None else b.add(low, df)
    return b.add(high, b.add(low, rest))


def _log_specials(t: Kit, x: Value, value: Value) -> Value:
    """What a logarithm is at 0, infinity, NaN and below 0."""
    b = t.b
    zero = t.number(0.0)
    value = b.select(b.compare("lt", x, t.number(_INF)), value, x)
    outside = b.select(b.compare("eq", x, zero), t.number(-_INF), t.number(_NAN))
    return b.select(b.compare("gt", x, zero), value, outside)


def log(t: Kit, x: Value) -> Value:
    k, m = t.split_exponent(x, "sqrt_half")
    value = _log_sum(t, k, t.b.sub(m, t.number(1.0)))
    return _log_specials(t, x, value)


def _log_to_base(t: Kit, x: Value, name: str, unit: list[Value]) -> Value:
    """k unit + c log(m), c = 1 / log(base) and the unit of k in two parts each."""
    b = t.b
    k, m = t.split_exponent(x, "sqrt_half")
    f = b.sub(m, t.number(1.0))
    half_square, rest = _log_below(t, f)
    high = b.sub(f, half_square)
    low = b.add(b.sub(b.sub(f, high), half_square), rest)
    c_high, c_low = t.constant(name)
    product, error = t.two_product(high, c_high)
    error = b.fma(high, c_low, b.fma(low, c_high, error))
    total, left = t.fast_two_sum(b.mul(k, unit[0]), product)
    if len(unit) > 1:
        error = b.fma(k, unit[1], error)
    return _log_specials(t, x, b.add(total, b.add(left, error)))


def log2(t: Kit, x: Value) -> Value:
    return _log_to_base(t, x, "log2_e", [t.number(1.0)])


def log10(t: Kit, x: Value) -> Value:
    return _log_to_base(t, x, "log10_e", t.constant("log10_2_times_k"))


def log1p_sum(t: Kit, x: Value, dx: Value | None = None, more: Value | None = None) -> Value:
    """log(1 + x + dx) + more ln 2 for finite x > -1: the rounding of 1 + x is carried on."""
    b = t.b
    u, rest = t.two_sum(t.number(1.0), x)
    if dx is not None:
        rest = b.add(rest, dx)
    k, m = t.split_exponent(u, "sqrt_half")
    # The rest matters, and 2^-k is a normal number, only for u that are not large.
    is_large = b.compare("gt", u, t.number(2.0 ** (t.format.mantissa + 8)))
    unit = 1.5 * 2.0**t.format.mantissa
    shifted = b.sub(t.number(unit + t.format.bias), k)
    scaled = b.mul(rest, t.to_exponent(t.bits(shifted)))
    scaled = b.select(is_large, t.number(0.0), scaled)
    f, df = t.fast_two_sum(b.sub(m, t.number(1.0)), scaled)
    return _log_sum(t, k if more is None else b.add(k, more), f, df)


def log1p(t: Kit, x: Value) -> Value:
    b = t.b
    value = log1p_sum(t, x)
    is_tiny = b.compare("lt", b.abs(x), t.number(t.format.epsilon / 4))
    is_finite = b.compare("lt", x, t.number(_INF))
    value = b.select(is_finite, b.select(is_tiny, x, value), x)
    minus_one = t.number(-1.0)
    outside = b.select(b.compare("eq", x, minus_one), t.number(-_INF), t.number(_NAN))
    return b.select(b.compare("gt", x, minus_one), value, outside)


# -- inverse hyperbolic functions ------------------------------------------------------------------


def arcsinh(t: Kit, x: Value) -> Value:
    """log1p(a + a² / (1 + sqrt(1 + a²))) with a = |x|; log(2 a) for large a."""
    b = t.b
    a = b.abs(x)
    large = t.number(2.0 ** (t.format.mantissa // 2 + 4))
    is_large = b.compare("gt", a, large)
    inside = b.select(is_large, t.number(1.0), a)
    one = t.number(1.0)
    square = b.mul(inside, inside)
    root = b.sqrt(b.fma(inside, inside, one))
    w, dw = t.fast_two_sum(inside, b.div(square, b.add(one, root)))
    w = b.select(is_large, b.sub(a, one), w)
    dw = b.select(is_large, t.number(0.0), dw)
    value = log1p_sum(t, w, dw, b.select(is_large, one, t.number(0.0)))
    is_plain = b.compare("ge", a, t.number(t.format.epsilon / 4))
    is_finite = b.compare("lt", a, t.number(_INF))
    return b.copysign(b.select(b.and_(is_plain, is_finite), value, a), x)


def arccosh(t: Kit, x: Value) -> Value:
    """log1p(d + sqrt(d (d + 2))) with d = x - 1; log(2 x) for large x."""
    b = t.b
    one = t.number(1.0)
    is_large = b.compare("gt", x, t.number(2.0 ** (t.format.mantissa // 2 + 4)))
    d = b.sub(x, one)
    inside = b.select(is_large, one, d)
    square = b.fma(inside, inside, b.add(inside, inside))
    lost = b.fma(inside, inside, b.sub(b.add(inside, inside), square))
    root = b.sqrt(square)
    # One step of Newton's for the rounding of the root, and of its argument.
    rest = b.add(b.fma(b.neg(root), root, square), lost)
    half_inverse = b.div(t.number(0.5), b.select(b.compare("gt", root, t.number(0.0)), root, one))
    low = b.mul(rest, half_inverse)
    total, left = t.two_sum(inside, root)
    w = b.select(is_large, d, total)
    dw = b.select(is_large, t.number(0.0), b.add(left, low))
    value = log1p_sum(t, w, dw, b.select(is_large, one, t.number(0.0)))
    value = b.select(b.compare("lt", x, t.number(_INF)), value, x)
    return b.select(b.compare("ge", x, one), value, t.number(_NAN))


def arctanh(t: Kit, x: Value) -> Value:
    """log1p(2 a / (1 - a)) / 2 with a = |x|."""
    b = t.b
    a = b.abs(x)
    one = t.number(1.0)
    is_inside = b.compare("lt", a, one)
    inside = b.select(is_inside, a, t.number(0.5))
    under = t.fast_two_sum(one, b.neg(inside))
    w, dw = t.quotient((b.add(inside, inside), t.number(0.0)), under)
    value = b.mul(t.number(0.5), log1p_sum(t, w, dw))
    outside = b.select(b.compare("eq", a, one), t.number(_INF), t.number(_NAN))
    value = b.select(is_inside, value, outside)
    is_plain = b.compare("ge", a, t.number(t.format.epsilon / 4))
    value = b.select(b.or_(is_plain, b.is_nan(a)), value, a)
    return b.copysign(value, x)


# -- logarithms of sums ----------------------------------------------------------------------------


def _positive_log1p(t: Kit, x: Value) -> Value:
    """log1p for x in [0, 1] or NaN."""
    b = t.b
    is_tiny = b.compare("lt", x, t.number(t.format.epsilon / 4))
    return b.select(is_tiny, x, log1p_sum(t, x))


def log_expit(t: Kit, x: Value) -> Value:
    """-log(1 + exp(-x))."""
    return t.b.neg(softplus(t, t.b.neg(x)))


def softplus(t: Kit, x: Value) -> Value:
    """log(1 + exp(x))."""
    b = t.b
    tail = _positive_log1p(t, exp(t, b.neg(b.abs(x))))
    return b.add(t.clamp(x, 0.0, None), tail)


def _logaddexp(t: Kit, x: Value, y: Value, unit: Value, is_binary: bool) -> Value:
    """The larger one plus log(1 + base^-|x - y|); `unit` more where they are equal."""
    b = t.b
    difference = b.sub(x, y)
    power = b.neg(b.abs(difference))
    if is_binary:
        tail = b.mul(_positive_log1p(t, exp2(t, power)), t.constant("log2_e")[0])
    else:
        tail = _positive_log1p(t, exp(t, power))
    top = b.select(b.compare("gt", difference, t.number(0.0)), x, y)
    value = b.select(b.is_nan(difference), difference, b.add(top, tail))
    return b.select(b.compare("eq", x, y), b.add(x, unit), value)


def logaddexp(t: Kit, x: Value, y: Value) -> Value:
    return _logaddexp(t, x, y, t.constant("ln2")[0], False)


def logaddexp2(t: Kit, x: Value, y: Value) -> Value:
    return _logaddexp(t, x, y, t.number(1.0), True)
