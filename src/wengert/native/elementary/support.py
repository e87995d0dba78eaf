"""What the elementary functions are made of: formats, error-free sums, quotients, scaling.

`Kit` is a Builder with the constants of one kind. Everything is written without the "contract"
flag: a result must not depend on whether LLVM fuses a product into a sum, so that one lane and
several give the same bits. Where a fused step is meant, it is `fma`; without such an instruction
LLVM calls libm's, which is slow and as exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import Value
from wengert.native.elementary.coefficients import CONSTANTS, POLYNOMIALS

Pair = tuple[Value, Value]  # a number as an unevaluated sum, the second part small


class Format(NamedTuple):
    """An IEEE format: stored mantissa bits, exponent bias and the integer kind of its width."""

    kind: str
    integer: str
    mantissa: int
    bias: int

    @property
    def epsilon(self) -> float:
        return 2.0**-self.mantissa

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)


FORMATS = {"f8": Format("f8", "i8", 52, 1023), "f4": Format("f4", "i4", 23, 127)}


@contextmanager
def exact(b: Arithmetic) -> Iterator[None]:
    """Products and sums are rounded one by one in here."""
    flags, b.flags = b.flags, ""
    try:
        yield
    finally:
        b.flags = flags


class Kit:
    """A Builder together with the constants of one kind."""

    def __init__(self, b: Arithmetic, kind: str) -> None:
        self.b = b
        self.kind = kind
        self.format = FORMATS[kind]
        self.is_double = kind == "f8"

    # -- constants -------------------------------------------------------------------------------

    def number(self, x: float) -> Value:
        value: Value = self.b.constant(x, self.kind)
        return value

    def integer(self, n: int) -> Value:
        value: Value = self.b.constant(n, self.format.integer)
        return value

    def constant(self, name: str) -> list[Value]:
        """The parts of a constant of the table."""
        return [self.number(x) for x in CONSTANTS[name, self.kind]]

    def polynomial(self, name: str, x: Value, *low: float) -> Value:
        """A polynomial of the table, continued by lower coefficients."""
        return self.b.polynomial(x, (*POLYNOMIALS[name, self.kind], *low))

    # -- error-free steps ------------------------------------------------------------------------

    def fast_two_sum(self, x: Value, y: Value) -> Pair:
        """x + y exactly, where |x| >= |y|, x = 0, or x is a multiple of the unit of y."""
        b = self.b
        total = b.add(x, y)
        return total, b.sub(y, b.sub(total, x))

    def two_sum(self, x: Value, y: Value) -> Pair:
        """x + y exactly (Knuth)."""
        b = self.b
        total = b.add(x, y)
        part = b.sub(total, x)
        return total, b.add(b.sub(x, b.sub(total, part)), b.sub(y, part))

    def two_product(self, x: Value, y: Value) -> Pair:
        product = self.b.mul(x, y)
        return product, self.b.fma(x, y, self.b.neg(product))

    def quotient(self, x: Pair, y: Pair, inverse: Value | None = None) -> Pair:
        """x / y as a rounded quotient and its correction; one division, none if given 1 / y."""
        b = self.b
        inverse = b.div(self.number(1.0), y[0]) if inverse is None else inverse
        q = b.mul(x[0], inverse)
        minus_q = b.neg(q)
        rest = b.add(b.fma(minus_q, y[0], x[0]), b.fma(minus_q, y[1], x[1]))
        return q, b.mul(rest, inverse)

    # -- bits ------------------------------------------------------------------------------------

    def bits(self, x: Value) -> Value:
        return self.b.bitcast(x, self.format.integer)

    def from_bits(self, x: Value) -> Value:
        return self.b.bitcast(x, self.kind)

    def sign_bit(self, x: Value) -> Value:
        """The sign bit alone, as an integer."""
        lowest = -(1 << (self.format.mantissa + self.exponent_bits))
        return self.b.and_(self.bits(x), self.integer(lowest))

    @property
    def exponent_bits(self) -> int:
        return 11 if self.is_double else 8

    def flip(self, x: Value, sign: Value) -> Value:
        """`x` with its sign changed where the sign bit of an integer is set; the rest is 0."""
        return self.from_bits(self.b.xor(self.bits(x), sign))

    def to_exponent(self, n: Value) -> Value:
        """A float whose exponent field is the integer `n`: 2^(n - bias)."""
        return self.from_bits(self.b.shift("shl", n, self.integer(self.format.mantissa)))

    # -- rounding to integers --------------------------------------------------------------------

    def nearest(self, x: Value, factor: float, offset: int) -> tuple[Value, Value]:
        """The integer nearest to x * factor: plus `offset` in the low bits, and as a float."""
        b = self.b
        # From this size on floats are integers: adding it rounds.
        shifter = self.number(1.5 * 2.0**self.format.mantissa + offset)
        if factor == 1.0:
            shifted = b.add(x, shifter)
        else:
            shifted = b.fma(x, self.number(factor), shifter)
        return self.bits(shifted), b.sub(shifted, shifter)

    def scale(self, x: Value, n_bits: Value) -> Value:
        """x * 2^n for low bits n + 2 bias, in two factors: rounded once even if subnormal."""
        b = self.b
        half = b.shift("lshr", n_bits, self.integer(1))
        rest = b.sub(n_bits, half)
        return b.mul(b.mul(x, self.to_exponent(half)), self.to_exponent(rest))

    def power_of_two(self, n_bits: Value, less: int = 0) -> Value:
        """2^(n - less), in the normal range, for low bits n + 2 bias."""
        return self.to_exponent(self.b.sub(n_bits, self.integer(self.format.bias + less)))

    def split_exponent(self, x: Value, bottom: str) -> tuple[Value, Value]:
        """x = 2^k m for x > 0, m from `bottom` ("one" or "sqrt_half") to its double: k and m."""
        b, f = self.b, self.format
        is_small = b.compare("lt", x, self.number(f.smallest_normal))
        lift = f.mantissa + 2
        x = b.select(is_small, b.mul(x, self.number(2.0**lift)), x)
        one = f.bias << f.mantissa
        start = one
        if bottom == "sqrt_half":
            start = one - (1 << f.mantissa) + _mantissa_of_sqrt_half(f)
        bits = b.add(self.bits(x), self.integer(one - start))
        # The exponent becomes the low bits of a float in [2^mantissa, 2^(mantissa + 1)).
        unit = 2.0**f.mantissa
        exponent = b.or_(
            b.shift("lshr", bits, self.integer(f.mantissa)),
            self.integer((f.bias + f.mantissa) << f.mantissa),
        )
        offset = b.select(is_small, self.number(unit + f.bias + lift), self.number(unit + f.bias))
        k = b.sub(self.from_bits(exponent), offset)
        mantissa = b.and_(bits, self.integer((1 << f.mantissa) - 1))
        return k, self.from_bits(b.add(mantissa, self.integer(start)))

    # -- choices ---------------------------------------------------------------------------------

    def clamp(self, x: Value, low: float | None, high: float | None) -> Value:
        """`x` within bounds; a NaN stays."""
        b = self.b
        if low is not None:
            x = b.select(b.compare("lt", x, self.number(low)), self.number(low), x)
        if high is not None:
            x = b.select(b.compare("gt", x, self.number(high)), self.number(high), x)
        return x

    def ordered(self, x: Value, y: Value) -> Pair:
        """The larger and the smaller of two numbers that are not NaN."""
        swapped = self.b.compare("lt", x, y)
        return self.b.select(swapped, y, x), self.b.select(swapped, x, y)

    def is_unordered(self, x: Value, y: Value) -> Value:
        """Whether one of two is NaN."""
        return self.b.op("fcmp uno", x, y, kind="b1")

    def any_lane(self, mask: Value) -> Value:
        """Whether a mask holds in any lane, as a scalar."""
        if not mask.lanes:
            return mask
        symbol = f"llvm.vector.reduce.or.v{mask.lanes}i1"
        self.b.declare(symbol, "i1", [mask.type])
        return self.b.pure(
            (symbol, mask.text), f"call i1 @{symbol}({mask.operand})", "b1", 0, mask.depth
        )

    def libm(self, name: str, *xs: Value) -> Value:
        """A function of the C library, lane by lane."""
        return self.b.call(name if self.is_double else name + "f", self.kind, *xs)

    def mend(self, mask: Value, value: Value, symbol: str, xs: Sequence[Value]) -> Value:
        """`value`, but a C function's result where the mask holds, which is almost nowhere."""
        b = self.b
        if mask.const is not None and not mask.const:
            return value
        zero = self.number(0.0)
        lanes = max(mask.lanes, value.lanes)
        branch = b.branch(self.any_lane(mask))
        rare = self.libm(symbol, *[b.splat(b.select(mask, x, zero), lanes) for x in xs])
        mended = b.select(mask, rare, value)
        branch.otherwise()
        (result,) = branch.join([b.splat(mended, lanes)], [b.splat(value, lanes)])
        return result


def _mantissa_of_sqrt_half(f: Format) -> int:
    """The stored mantissa of the float nearest to sqrt(1/2), whose exponent is -1."""
    (x,) = CONSTANTS["sqrt_half", f.kind]
    return round((2.0 * x - 1.0) * 2.0**f.mantissa)
