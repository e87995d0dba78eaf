"""`Arithmetic`: the numbers that native rules compute with, over one instruction each of `Builder`.

Rules write `b.add(x, y)`, `b.select(m, x, y)`, whatever the kind: floats, integers, booleans,
complex numbers, one of them or several lanes. What is known now is computed now, where the result
is exact; a structural zero makes every product with it zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.ir.emission import NotNative
from wengert.native.builder import (
    LLVM_TYPES,
    REAL_OF,
    SIZES,
    Branch,
    Builder,
    Complex,
    Number,
    Value,
)

_ORDERED = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
_FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
}


MOST_INLINED = 150  # elementary functions written in place; further ones are called


class Arithmetic(Builder):
    """A Builder that knows arithmetic. Binary operations take operands of one kind."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.n_functions = 0
        self.functions: dict[str, Value] = {}  # symbol -> what it returns

    # -- sums and products -----------------------------------------------------------------------

    def add(self, x: Any, y: Any) -> Any:
        if isinstance(x, Complex):
            return Complex(self.add(x.re, y.re), self.add(x.im, y.im))
        if x.kind[0] == "f":
            if x.is_zero:
                return y
            if y.is_zero:
                return x
            if x.const is not None and y.const is not None:
                return self._float(x.const + y.const, x.kind)
            if _is_negative_zero(x):
                return y
            if _is_negative_zero(y):
                return x
            return self.op("fadd", x, y)
        if x.kind == "b1":
            return self.or_(x, y)
        if x.const is not None and y.const is not None:
            return self.constant(x.const + y.const, x.kind)
        if x.const == 0 and x.const is not None:
            return y
        if y.const == 0 and y.const is not None:
            return x
        return self.op("add", x, y)

    def sub(self, x: Any, y: Any) -> Any:
        if isinstance(x, Complex):
            return Complex(self.sub(x.re, y.re), self.sub(x.im, y.im))
        if x.kind[0] == "f":
            if y.is_zero:
                return x
            if x.is_zero:
                return self.neg(y)
            if x.const is not None and y.const is not None:
                return self._float(x.const - y.const, x.kind)
            return self.op("fsub", x, y)
        if x.kind == "b1":
            return self.xor(x, y)
        if x.const is not None and y.const is not None:
            return self.constant(x.const - y.const, x.kind)
        if y.const is not None and y.const == 0:
            return x
        return self.op("sub", x, y)

    def mul(self, x: Any, y: Any) -> Any:
        if isinstance(x, Complex):
            return Complex(
                self.sub(self.mul(x.re, y.re), self.mul(x.im, y.im)),
                self.add(self.mul(x.re, y.im), self.mul(x.im, y.re)),
            )
        if x.kind[0] == "f":
            if x.is_zero or y.is_zero:
                return self.zero(x.kind)
            if x.const is not None and y.const is not None:
                return self._float(x.const * y.const, x.kind)
            for one, other in ((x, y), (y, x)):
                if one.const == 1.0:
                    return other
                if one.const == -1.0:
                    return self.neg(other)
            return self.op("fmul", x, y)
        if x.kind == "b1":
            return self.and_(x, y)
        if x.const is not None and y.const is not None:
            return self.constant(x.const * y.const, x.kind)
        for one, other in ((x, y), (y, x)):
            if one.const is not None and one.const == 1:
                return other
        return self.op("mul", x, y)

    def div(self, x: Any, y: Any) -> Any:
        """The quotient of floats or complex numbers."""
        if isinstance(x, Complex):
            return self._complex_div(x, y)
        if x.is_zero:
            return x
        if y.const is not None:
            if y.const == 1.0:
                return x
            if x.const is not None and y.const != 0.0:
                return self._float(x.const / y.const, x.kind)
            mantissa, exponent = math.frexp(y.const)
            if abs(mantissa) == 0.5 and abs(exponent) < 100:
                return self.mul(x, self.constant(1.0 / y.const, y.kind))
        return self.op("fdiv", x, y)

    def _complex_div(self, x: Complex, y: Complex) -> Complex:
        """Smith's algorithm (1962), which NumPy uses too: no needless overflow."""
        is_wide = self.compare("ge", self.abs(y.re), self.abs(y.im))
        large = self.select(is_wide, y.re, y.im)
        small = self.select(is_wide, y.im, y.re)
        ratio = self.div(small, large)
        is_zero = self.and_(
            self.compare("eq", self.abs(y.re), self.constant(0.0, y.re.kind)),
            self.compare("eq", self.abs(y.im), self.constant(0.0, y.re.kind)),
        )
        ratio = self.select(is_zero, self.constant(0.0, y.re.kind), ratio)
        scale = self.div(self.constant(1.0, y.re.kind), self.add(large, self.mul(small, ratio)))
        a = self.select(is_wide, x.re, x.im)
        c = self.select(is_wide, x.im, x.re)
        re = self.mul(self.add(a, self.mul(c, ratio)), scale)
        im = self.mul(self.sub(c, self.mul(a, ratio)), scale)
        return Complex(re, self.select(is_wide, im, self.neg(im)))

    def neg(self, x: Any) -> Any:
        if isinstance(x, Complex):
            return Complex(self.neg(x.re), self.neg(x.im))
        if x.is_zero:
            return x
        if x.const is not None:
            return self.constant(-x.const, x.kind)
        return self.op("fneg", x) if x.kind[0] == "f" else self.op("sub", self._int(0, x), x)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x y + z in one rounding."""
        if x.is_zero or y.is_zero:
            return z
        if z.is_zero:
            return self.mul(x, y)
        return self.intrinsic("fma", x, y, z)

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """x y + z, in one rounding where that is allowed."""
        return self.add(z, self.mul(x, y))

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """Horner's scheme in fused steps; coefficients from the highest power down."""
        result = self.constant(coefficients[0], x.kind)
        for c in coefficients[1:]:
            result = self.fma(result, x, self.constant(c, x.kind))
        return result

    # -- one operand -----------------------------------------------------------------------------

    def conj(self, x: Any) -> Any:
        return Complex(x.re, self.neg(x.im)) if isinstance(x, Complex) else x

    def abs(self, x: Any) -> Any:
        if isinstance(x, Complex):
            return self.call_math("hypot", x.re, x.im)
        if x.const is not None:
            return self.constant(abs(x.const), x.kind, x.is_zero)
        if x.kind[0] == "f":
            return self.intrinsic("fabs", x)
        if x.kind[0] in "ub":
            return x
        return self.select(self.compare("lt", x, self._int(0, x)), self.neg(x), x)

    def sqrt(self, x: Any) -> Any:
        if isinstance(x, Complex):
            return self.call_math("sqrt", x)
        if x.const is not None and x.const >= 0.0:
            return self._float(math.sqrt(x.const), x.kind)
        return self.intrinsic("sqrt", x)

    def rounded(self, x: Value, how: str) -> Value:
        """`floor`, `ceil`, `trunc` or `rint` of a float; an integer stays."""
        if x.kind[0] != "f":
            return x
        return self.intrinsic("roundeven" if how == "rint" else how, x)

    def copysign(self, x: Value, y: Value) -> Value:
        return self.intrinsic("copysign", x, y)

    def is_nan(self, x: Any) -> Value:
        if isinstance(x, Complex):
            return self.or_(self.is_nan(x.re), self.is_nan(x.im))
        if x.kind[0] != "f":
            return self.constant(False, "b1")
        return self.op("fcmp uno", x, x, kind="b1")

    def is_infinite(self, x: Any) -> Value:
        if isinstance(x, Complex):
            return self.or_(self.is_infinite(x.re), self.is_infinite(x.im))
        if x.kind[0] != "f":
            return self.constant(False, "b1")
        return self.compare("eq", self.abs(x), self.constant(math.inf, x.kind))

    def sign_bit(self, x: Value) -> Value:
        if x.kind[0] in "ub":
            return self.constant(False, "b1")
        if x.kind[0] == "f":
            x = self.bitcast(x, "i8" if x.kind == "f8" else "i4")
        return self.compare("lt", x, self._int(0, x))

    def sign(self, x: Any) -> Any:
        """-1, 0 or 1; NaN stays; x/|x| of a complex number."""
        if isinstance(x, Complex):
            return self._complex_sign(x)
        zero, one = self.constant(0, x.kind), self.constant(1, x.kind)
        positive = self.select(self.compare("gt", x, zero), one, zero)
        if x.kind[0] in "ub":
            return positive
        signed = self.select(self.compare("lt", x, zero), self.constant(-1, x.kind), positive)
        return self.select(self.is_nan(x), x, signed) if x.kind[0] == "f" else signed

    def _complex_sign(self, x: Complex) -> Complex:
        """z/|z|; 0 at 0, along the axis of the infinite part, NaN without a direction."""
        kind = x.re.kind
        size = self.abs(x)
        zero, nan = self.constant(0.0, kind), self.constant(math.nan, kind)
        is_zero = self.compare("eq", size, zero)
        divisor = self.select(is_zero, self.constant(math.inf, kind), size)
        re, im = self.div(x.re, divisor), self.div(x.im, divisor)
        re, im = self.select(is_zero, zero, re), self.select(is_zero, zero, im)
        infinite_re, infinite_im = self.is_infinite(x.re), self.is_infinite(x.im)
        is_far = self.is_infinite(size)
        re = self.select(is_far, self.select(infinite_re, self.sign(x.re), zero), re)
        im = self.select(is_far, self.select(infinite_im, self.sign(x.im), zero), im)
        is_lost = self.or_(self.and_(infinite_re, infinite_im), self.is_nan(size))
        return Complex(self.select(is_lost, nan, re), self.select(is_lost, nan, im))

    def fraction(self, x: Value) -> Value:
        """The fractional part with the sign of `x`, as `modf` gives it."""
        part = self.select(
            self.is_infinite(x), self.constant(0.0, x.kind), self.sub(x, self.rounded(x, "trunc"))
        )
        return self.copysign(part, x)

    def heaviside(self, x: Value, y: Value) -> Value:
        zero, one = self.constant(0.0, x.kind), self.constant(1.0, x.kind)
        step = self.select(self.compare("lt", x, zero), zero, one)
        step = self.select(self.compare("eq", x, zero), y, step)
        return self.select(self.is_nan(x), x, step)

    # -- powers and floored division -------------------------------------------------------------

    def power(self, x: Any, y: Any) -> Any:
        """x**y; small integer exponents known now become products."""
        n = y.const
        if n is not None and not isinstance(n, complex) and n == int(n) and abs(n) <= 4:
            return self._whole_power(x, int(n))
        if isinstance(x, Complex):
            raise NotNative
        if x.kind[0] != "f":
            raise NotNative  # an integer power may raise an error, which is NumPy's to word
        if n == 0.5:
            return self.sqrt(x)
        return self.call_math("power", x, y)

    def _whole_power(self, x: Any, n: int) -> Any:
        one = self.constant(1, x.kind)
        if n == 0:
            return one
        if n < 0:
            if x.kind[0] not in "fc":
                raise NotNative
            return self.div(one, self._whole_power(x, -n))
        if n == 1:
            return x
        half = self._whole_power(x, n // 2)
        square = self.mul(half, half)
        return self.mul(square, x) if n % 2 else square

    def floor_divide(self, x: Any, y: Any) -> Value:
        if isinstance(x, Complex) or x.kind == "b1":
            raise NotNative
        if x.kind[0] != "f":
            return self.divide_ints(x, y)[0]
        zero, one = self.constant(0.0, x.kind), self.constant(1.0, x.kind)
        rest = self.call_math("fmod", x, y)
        quotient = self.div(self.sub(x, rest), y)
        differs = self.xor(self.compare("lt", y, zero), self.compare("lt", rest, zero))
        is_over = self.and_(self.compare("ne", rest, zero), differs)
        quotient = self.select(is_over, self.sub(quotient, one), quotient)
        low = self.rounded(quotient, "floor")
        is_above = self.compare("gt", self.sub(quotient, low), self.constant(0.5, x.kind))
        low = self.select(is_above, self.add(low, one), low)
        plain = self.div(x, y)
        low = self.select(self.compare("eq", quotient, zero), self.copysign(zero, plain), low)
        return self.select(self.compare("eq", y, zero), plain, low)

    def remainder(self, x: Any, y: Any) -> Value:
        """The remainder with the sign of `y`."""
        if isinstance(x, Complex) or x.kind == "b1":
            raise NotNative
        return self.divide_ints(x, y)[1] if x.kind[0] != "f" else self.call_math("remainder", x, y)

    # -- comparisons, logic, choice --------------------------------------------------------------

    def compare(self, how: str, x: Any, y: Any) -> Value:
        """`how` is lt, le, gt, ge, eq or ne; a NaN compares as in NumPy."""
        if isinstance(x, Complex):
            return self._complex_compare(how, x, y)
        if x.const is not None and y.const is not None:
            return self.constant(_FOLDED[how](x.const, y.const), "b1")
        if x.text == y.text and x.kind[0] != "f":
            return self.constant(how in ("le", "ge", "eq"), "b1")
        if x.kind[0] == "f":
            return self.op(f"fcmp {_ORDERED[how]}", x, y, kind="b1")
        sign = "" if how in ("eq", "ne") else "s" if x.kind[0] == "i" else "u"
        return self.op(f"icmp {sign}{how}", x, y, kind="b1")

    def _complex_compare(self, how: str, x: Complex, y: Complex) -> Value:
        """Real parts first, then imaginary ones, as NumPy orders them; with a NaN nothing holds."""
        if how in ("eq", "ne"):
            join = self.and_ if how == "eq" else self.or_
            return join(self.compare(how, x.re, y.re), self.compare(how, x.im, y.im))
        strict = "lt" if how in ("lt", "le") else "gt"
        is_lost = self.or_(self.is_nan(x.im), self.is_nan(y.im))
        first = self.and_(self.compare(strict, x.re, y.re), self.not_(is_lost))
        second = self.and_(self.compare("eq", x.re, y.re), self.compare(how, x.im, y.im))
        return self.or_(first, second)

    def select(self, mask: Value, x: Any, y: Any) -> Any:
        """`x` where the mask holds, else `y`."""
        if isinstance(x, Complex):
            return Complex(self.select(mask, x.re, y.re), self.select(mask, x.im, y.im))
        if mask.const is not None:
            return x if mask.const else y
        if x.text == y.text:
            return x
        lanes = max(x.lanes, y.lanes, mask.lanes)
        if lanes and not mask.lanes:
            x, y = self.splat(x, lanes), self.splat(y, lanes)
        else:
            (mask, x, y), lanes = self.together(mask, x, y)
        return self.pure(
            ("select", mask.text, x.kind, x.text, y.text),
            f"select {mask.operand}, {x.operand}, {y.operand}",
            x.kind,
            lanes,
            max(mask.depth, x.depth, y.depth),
        )

    def and_(self, x: Value, y: Value) -> Value:
        if x.kind == "b1":
            for one, other in ((x, y), (y, x)):
                if one.const is not None:
                    return other if one.const else one
        return self.op("and", x, y)

    def or_(self, x: Value, y: Value) -> Value:
        if x.kind == "b1":
            for one, other in ((x, y), (y, x)):
                if one.const is not None:
                    return one if one.const else other
        return self.op("or", x, y)

    def xor(self, x: Value, y: Value) -> Value:
        return self.op("xor", x, y)

    def not_(self, x: Value) -> Value:
        if x.kind == "b1":
            if x.const is not None:
                return self.constant(not x.const, "b1")
            return self.op("xor", x, self.constant(True, "b1"))
        return self.op("xor", x, self._int(-1, x))

    def shift_left(self, x: Value, y: Value) -> Value:
        return self._shift("shl", x, y, self._int(0, x))

    def shift_right(self, x: Value, y: Value) -> Value:
        if x.kind[0] == "u":
            return self._shift("lshr", x, y, self._int(0, x))
        filled = self.select(
            self.compare("lt", x, self._int(0, x)), self._int(-1, x), self._int(0, x)
        )
        return self._shift("ashr", x, y, filled)

    def _shift(self, how: str, x: Value, y: Value, beyond: Value) -> Value:
        """Shifts by the width or more give what is left over, as in NumPy."""
        width = self._int(8 * SIZES[x.kind], x)
        fits = self.op("icmp ult", y, width, kind="b1")
        return self.select(fits, self.op(how, x, self.select(fits, y, self._int(0, y))), beyond)

    def count_bits(self, x: Value) -> Value:
        if x.kind == "b1":
            raise NotNative
        return self.convert(self.intrinsic("ctpop", self.abs(x)), "u1")

    def shift(self, how: str, x: Value, y: Value) -> Value:
        """`shl`, `lshr` or `ashr`."""
        return self.op(how, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two integers."""
        return self.select(self.compare("lt", x, y), x, y)

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two integers."""
        return self.select(self.compare("gt", x, y), x, y)

    # -- integers --------------------------------------------------------------------------------

    def divide_ints(self, x: Value, y: Value) -> tuple[Value, Value]:
        """Floor quotient and remainder with the sign of `y`, as in Python; both 0 where y is 0."""
        if x.const is not None and y.const:
            return self.constant(x.const // y.const, x.kind), self.constant(
                x.const % y.const, x.kind
            )
        zero, one = self._int(0, x), self._int(1, x)
        is_zero = self.compare("eq", y, zero)
        if x.kind[0] == "u":
            divisor = self.select(is_zero, one, y)
            q, r = self.op("udiv", x, divisor), self.op("urem", x, divisor)
            return self.select(is_zero, zero, q), self.select(is_zero, zero, r)
        # The quotient by -1 is a negation: the smallest integer has none, and would trap.
        is_minus = self.compare("eq", y, self._int(-1, x))
        divisor = self.select(self.or_(is_zero, is_minus), one, y)
        q, r = self.op("sdiv", x, divisor), self.op("srem", x, divisor)
        differs = self.compare("lt", self.op("xor", r, divisor), zero)
        adjust = self.and_(differs, self.compare("ne", r, zero))
        q = self.select(adjust, self.sub(q, one), q)
        r = self.select(adjust, self.add(r, divisor), r)
        q = self.select(is_minus, self.sub(zero, x), q)
        return self.select(is_zero, zero, q), self.select(is_zero, zero, r)

    def unsigned_divide(self, x: Value, n: int) -> tuple[Value, Value]:
        """Quotient and remainder of a non-negative index by a positive constant."""
        d = self.constant(n, x.kind)
        if x.const is not None:
            return self.constant(x.const // n, x.kind), self.constant(x.const % n, x.kind)
        q = self.op("udiv", x, d)
        return q, self.op("sub", x, self.op("mul", q, d))

    # -- kinds -----------------------------------------------------------------------------------

    def convert(self, x: Any, kind: str) -> Any:
        """`x` in another kind, as by NumPy's `astype`; floats out of range are the CPU's matter."""
        if x.kind == kind:
            return x
        if kind in REAL_OF:
            real = REAL_OF[kind]
            if isinstance(x, Complex):
                return Complex(self.convert(x.re, real), self.convert(x.im, real))
            x = self.convert(x, real)
            return Complex(x, Value(self.zero(real).text, real, 0, 0, 0.0))
        if isinstance(x, Complex):
            if kind == "b1":
                return self.or_(self.convert(x.re, kind), self.convert(x.im, kind))
            return self.convert(x.re, kind)
        if x.const is not None and not (kind[0] in "iu" and not math.isfinite(x.const)):
            return self.constant(x.const, kind, x.is_zero)
        if kind == "b1":
            zero = self.constant(0, x.kind)
            return self.op("fcmp une" if x.kind[0] == "f" else "icmp ne", x, zero, kind="b1")
        return self._cast(_cast_name(x.kind, kind), x, kind)

    def _cast(self, name: str | None, x: Value, kind: str) -> Value:
        if name is None:
            return Value(x.text, kind, x.lanes, x.depth, None, x.is_zero)
        t = LLVM_TYPES[kind]
        target = f"<{x.lanes} x {t}>" if x.lanes else t
        return self.pure(
            (name, x.kind, kind, x.text),
            f"{name} {x.operand} to {target}",
            kind,
            x.lanes,
            x.depth,
        )

    def bitcast(self, x: Value, kind: str) -> Value:
        """The same bits as another kind of the same size."""
        return self._cast("bitcast", x, kind)

    # -- help ------------------------------------------------------------------------------------

    def _float(self, x: float, kind: str) -> Value:
        return self.constant(np.float32(x) if kind == "f4" else x, kind)

    def _int(self, n: int, like: Value) -> Value:
        return self.constant(n, like.kind)

    def call_math(self, name: str, *xs: Any) -> Any:
        """An elementary function; see `wengert.native.elementary`."""
        from wengert.native.elementary import emit

        self.n_functions += 1
        if self.n_functions <= MOST_INLINED or any([isinstance(x, Complex) for x in xs]):
            return emit(self, name, *xs)
        return self._shared(name, *xs)

    def call_special(self, name: str, *xs: Any) -> Any:
        """A special function that SciPy exports; see `wengert.native.special`."""
        from wengert.native.special import emit

        return emit(self, name, *xs)

    def _shared(self, name: str, *xs: Value) -> Value:
        """The same as a call of a function that the module has once: long code stays short."""
        from wengert.native.elementary import emit

        ys, lanes = self.together(*xs)
        symbol = "_".join(["wg", name, *[y.kind for y in ys], str(lanes)])
        if symbol not in self.functions:
            own = Arithmetic(symbol, [(y.kind, f"x{i}") for i, y in enumerate(ys)])
            own.declarations = self.declarations
            for p in own.parameters:
                p.lanes = lanes
            value = emit(own, name, *own.parameters)
            own.line(f"ret {value.operand}")
            self.functions[symbol] = value
            self.outlined.append(own.text(value.type, "internal "))
        result = self.functions[symbol]
        return self.pure(
            (symbol, *[y.text for y in ys]),
            f"call {result.type} @{symbol}({', '.join([y.operand for y in ys])})",
            result.kind,
            lanes,
            max([y.depth for y in ys]),
        )


def _is_negative_zero(x: Value) -> bool:
    return x.const is not None and x.const == 0.0 and math.copysign(1.0, x.const) < 0


def _cast_name(old: str, new: str) -> str | None:
    """The LLVM cast between two real kinds; None where the bits stay."""
    if old[0] == "f" and new[0] == "f":
        return "fpext" if SIZES[new] > SIZES[old] else "fptrunc"
    if new[0] == "f":
        return "sitofp" if old[0] == "i" else "uitofp"
    if old[0] == "f":
        return "fptosi" if new[0] == "i" else "fptoui"
    old_size = 0 if old == "b1" else SIZES[old]
    if old_size == SIZES[new]:
        return None
    if old_size > SIZES[new]:
        return "trunc"
    return "sext" if old[0] == "i" else "zext"


__all__ = ["Arithmetic", "Branch", "Number"]
