"""arcsin, arccos, arctan and arctan2.

arcsin: a polynomial up to 1/2; beyond, pi/2 - 2 arcsin(sqrt((1 - x) / 2)).
arctan: the quotient is brought to |t| <= tan(pi/8) by a quarter or an eighth of a turn.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from wengert.native.builder import Value
from wengert.native.elementary.support import Kit, Pair


class _Folded(NamedTuple):
    """arcsin(s) = s + tail for the s in [0, 1/2] that |x| is folded to; `low` corrects s."""

    is_large: Value
    s: Value
    tail: Value
    low: Value


def _fold(t: Kit, ax: Value) -> _Folded:
    b = t.b
    half, one = t.number(0.5), t.number(1.0)
    is_large = b.compare("gt", ax, half)
    square = b.select(is_large, b.mul(half, b.sub(one, ax)), b.mul(ax, ax))
    root = b.sqrt(square)
    s = b.select(is_large, root, ax)
    # What rounding took from the root: (square - root²) / (2 root).
    under = b.add(root, root)
    rest = b.fma(b.neg(root), root, square)
    is_usable = b.and_(is_large, b.compare("gt", root, t.number(0.0)))
    low = b.select(is_usable, b.div(rest, under), t.number(0.0))
    tail = b.mul(b.mul(s, square), t.polynomial("arcsin", square))
    return _Folded(is_large, s, tail, low)


def _outside(t: Kit, ax: Value, value: Value) -> Value:
    is_outside = t.b.compare("gt", ax, t.number(1.0))
    return t.b.select(is_outside, t.number(math.nan), value)


def arcsin(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    f = _fold(t, ax)
    high, low = t.constant("half_pi")
    tail = b.add(f.tail, f.low)
    minus_two = t.number(-2.0)
    large, rest = t.fast_two_sum(high, b.mul(minus_two, f.s))
    large = b.add(large, b.add(rest, b.fma(minus_two, tail, low)))
    value = b.select(f.is_large, large, b.add(f.s, tail))
    return b.copysign(_outside(t, ax, value), x)


def arccos(t: Kit, x: Value) -> Value:
    """pi/2 - arcsin(x) in the middle, 2 arcsin(sqrt((1 - x)/2)) above, pi minus that below."""
    b = t.b
    ax = b.abs(x)
    f = _fold(t, ax)
    is_negative = b.compare("lt", x, t.number(0.0))
    half_pi, half_pi_low = t.constant("half_pi")
    pi, pi_low = t.constant("pi")
    zero = t.number(0.0)
    # base - factor (s + tail), the base and the factor chosen
    base = b.select(f.is_large, b.select(is_negative, pi, zero), half_pi)
    base_low = b.select(f.is_large, b.select(is_negative, pi_low, zero), half_pi_low)
    factor = b.select(f.is_large, t.number(2.0), t.number(1.0))
    # Below, and above in the middle, the arc is taken away; else it is added.
    is_taken = b.xor(f.is_large, b.not_(is_negative))
    factor = b.select(is_taken, b.neg(factor), factor)
    high, rest = t.fast_two_sum(base, b.mul(factor, f.s))
    value = b.add(high, b.add(rest, b.fma(factor, b.add(f.tail, f.low), base_low)))
    return _outside(t, ax, value)


def _arc(t: Kit, base: Pair, q: Pair, takes: Value | None = None) -> Value:
    """base + arctan(q), or base - arctan(q), for |q| <= tan(pi/8)."""
    b = t.b
    z = b.mul(q[0], q[0])
    tail = b.fma(b.mul(q[0], z), t.polynomial("arctan", z), q[1])
    s = q[0]
    if takes is not None:
        s, tail = b.select(takes, b.neg(s), s), b.select(takes, b.neg(tail), tail)
    high, rest = t.fast_two_sum(base[0], s)
    return b.add(high, b.add(rest, b.add(tail, base[1])))


def arctan(t: Kit, x: Value) -> Value:
    b = t.b
    ax = b.abs(x)
    # Up to here -1 / x is normal, and above it the result is pi/2.
    a = t.clamp(ax, None, 2.0 ** (t.format.bias // 2))
    zero, one = t.number(0.0), t.number(1.0)
    (eighth,) = t.constant("tan_eighth_pi")
    is_middle = b.compare("gt", a, eighth)
    is_large = b.compare("gt", a, t.number(1.0 + math.sqrt(2.0)))
    # (a - 1) / (a + 1), a / 1 or -1 / a
    difference, lost = t.two_sum(a, t.number(-1.0))
    total, left = t.two_sum(a, one)
    over = b.select(is_large, t.number(-1.0), b.select(is_middle, difference, a))
    over_low = b.select(is_large, zero, b.select(is_middle, lost, zero))
    under = b.select(is_large, a, b.select(is_middle, total, one))
    under_low = b.select(is_large, zero, b.select(is_middle, left, zero))
    q = t.quotient((over, over_low), (under, under_low))
    return b.copysign(_arc(t, _base(t, is_middle, is_large), q), x)


def _base(t: Kit, is_middle: Value, is_large: Value) -> Pair:
    """0, pi/4 or pi/2."""
    b = t.b
    zero = t.number(0.0)
    quarter, half = t.constant("quarter_pi"), t.constant("half_pi")
    high, low = [b.select(is_large, half[i], b.select(is_middle, quarter[i], zero)) for i in (0, 1)]
    return high, low


def arctan2(t: Kit, y: Value, x: Value) -> Value:
    """The angle of the point (x, y): arctan of the smaller over the larger one, then turned."""
    b = t.b
    zero, one = t.number(0.0), t.number(1.0)
    ay, ax = b.abs(y), b.abs(x)
    infinity = t.number(math.inf)
    is_steep = b.compare("lt", ax, ay)
    large, small = b.select(is_steep, ay, ax), b.select(is_steep, ax, ay)
    # Infinity over infinity counts as 1, anything else over infinity as 0.
    ratio = b.select(b.compare("eq", small, infinity), one, zero)
    is_infinite = b.compare("eq", large, infinity)
    large, small = b.select(is_infinite, one, large), b.select(is_infinite, ratio, small)
    large = b.select(b.compare("eq", large, zero), one, large)
    # Near the ends of the range both are scaled, so that 1 / large and its products are normal.
    bound = 2.0 ** (t.format.bias - 3)
    scale = b.select(
        b.compare("gt", large, t.number(bound / 2.0**20)),
        t.number(2.0 ** -(t.format.mantissa + 10)),
        b.select(
            b.compare("lt", large, t.number(2.0 ** (2 * t.format.mantissa + 20) / bound)),
            t.number(2.0 ** (2 * t.format.mantissa)),
            one,
        ),
    )
    large, small = b.mul(large, scale), b.mul(small, scale)
    (eighth,) = t.constant("tan_eighth_pi")
    is_middle = b.compare("gt", small, b.mul(eighth, large))
    difference, lost = t.fast_two_sum(large, b.neg(small))
    total, left = t.fast_two_sum(large, small)
    over = b.select(is_middle, b.neg(difference), small), b.select(is_middle, b.neg(lost), zero)
    under = b.select(is_middle, total, large), b.select(is_middle, left, zero)
    q = t.quotient(over, under)
    # The arc is a = base + arctan(q), then pi/2 - a if steep, then pi - that if x < 0.
    is_left = b.compare("lt", t.bits(x), t.integer(0))
    takes = b.xor(is_steep, is_left)
    value = _arc(t, _turned(t, is_middle, is_steep, is_left), q, takes)
    # A quotient below the normal range has no correction: it is the division's.
    plain = b.div(small, large)
    is_tiny = b.compare("lt", plain, t.number(t.format.smallest_normal / t.format.epsilon))
    is_alone = b.and_(is_tiny, b.not_(b.or_(is_steep, is_left)))
    value = b.copysign(b.select(is_alone, plain, value), y)
    return b.select(t.is_unordered(x, y), b.add(x, y), value)


def _turned(t: Kit, is_middle: Value, is_steep: Value, is_left: Value) -> Pair:
    """The angle that arctan(q) is added to or taken from: a multiple of pi/4."""
    b = t.b
    zero = t.number(0.0)
    names = ("quarter_pi", "half_pi", "three_quarters_pi", "pi")
    quarter, half, three_quarters, pi = [t.constant(name) for name in names]
    parts = []
    for i in (0, 1):
        # steep and left: pi/2 + a; steep: pi/2 - a; left: pi - a; else a, with a of base pi/4 or 0.
        left = b.select(is_middle, three_quarters[i], b.select(is_steep, half[i], pi[i]))
        right = b.select(is_middle, quarter[i], b.select(is_steep, half[i], zero))
        parts.append(b.select(is_left, left, right))
    return parts[0], parts[1]
