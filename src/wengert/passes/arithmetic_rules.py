"""The algebra of numbers: rules on elementwise operations.

Equality is that of bits, for NaN, infinities and both zeros; `x + 0` is not `x`, because
(−0) + 0 = +0, and complex products with a real number are left alone, because NumPy multiplies by
0j too. What cannot keep this says so in `changes`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wengert.control.checkpoint import stop_gradient_p
from wengert.ir.primitive import Primitive, registry
from wengert.ir.program import Literal, Var
from wengert.ops.arithmetic import (
    absolute_p,
    div_p,
    positive_p,
    reciprocal_p,
    sqrt_p,
    square_p,
)
from wengert.ops.comparison import logical_not_p
from wengert.ops.core import (
    add_p,
    conj_p,
    convert_p,
    copy_p,
    mul_p,
    neg_p,
    real_p,
    sum_p,
)
from wengert.ops.exponential import exp_p
from wengert.ops.selection import maximum_p, minimum_p, select_p
from wengert.passes.pattern import (
    FULL_HEAD,
    LITERAL_HEAD,
    C,
    Changes,
    Constant,
    Graph,
    Match,
    Node,
    Rule,
    X,
    Y,
    Z,
    apply,
    array_type,
    number,
    rule,
)

# -- conditions ------------------------------------------------------------------------------------


def is_real(m: Match) -> bool:
    return m.type.dtype.kind in "fiu"


def is_float(m: Match) -> bool:
    return m.type.dtype.kind == "f"


def is_integer(m: Match) -> bool:
    return m.type.dtype.kind in "iu"


def is_signed(m: Match) -> bool:
    return m.type.dtype.kind in "fi"


def is_float_power(m: Match) -> bool:
    return is_float(m) and type(m["x"]) is Var and array_type(m["x"]).dtype.kind == "f"


def is_short_power(m: Match) -> bool:
    """Whether NumPy has a short cut: not for scalars, for which it calls the C library's `pow`."""
    return is_float_power(m) and m["x"].type.shape != () and type(m.eq.inputs[1]) is Literal


def never_negative_zero(graph: Graph, atom: Any, depth: int = 4) -> bool:
    """Whether no element of a real value can be −0."""
    value = graph.constant(atom)
    if value is not None:
        return not (value == 0 and math.copysign(1.0, value) < 0)
    if atom.type.dtype.kind in "iub":
        return True
    eq = graph.defs.get(atom)
    if eq is None or not depth:
        return False
    primitive, ins = eq.primitive, eq.inputs
    if primitive is exp_p or primitive is absolute_p or primitive is sum_p:
        return True  # sums start from +0
    if primitive is add_p:  # (−0) + (−0) is the only sum that is −0
        return any([never_negative_zero(graph, a, depth - 1) for a in ins])
    if primitive is mul_p:
        return ins[0] is ins[1]
    if primitive.name in _REARRANGE:
        return never_negative_zero(graph, ins[0], depth - 1)
    if primitive is convert_p:
        return type(ins[0]) is Var and array_type(ins[0]).dtype.kind in "iub"
    return False


_REARRANGE = frozenset({"reshape", "transpose", "broadcast_to", "index", "copy"})


def _has_no_negative_zero(m: Match) -> bool:
    return is_float(m) and never_negative_zero(m.graph, m["x"])


def _is_power_of_two(m: Match) -> bool:
    """Whether dividing by the constant is multiplying by its reciprocal, which is exact."""
    if not is_float(m):
        return False
    value = float(m.number("c"))
    mantissa, exponent = math.frexp(value)
    return abs(mantissa) == 0.5 and abs(exponent) < -int(np.finfo(m.type.dtype).minexp)


def _with_negated(primitive: Primitive) -> Any:
    """x * (−c) or x / (−c), with −c as a literal."""
    return lambda m: m.emit(primitive, m["x"], -m.number("c"))


def _is_negatable(m: Match) -> bool:
    return is_float(m) and type(m.number("c")) in (int, float)


# -- what rules write ------------------------------------------------------------------------------


def _cube(m: Match) -> Any:
    return m.emit(mul_p, m.emit(mul_p, m["x"], m["x"]), m["x"])


def _fourth(m: Match) -> Any:
    square = m.emit(mul_p, m["x"], m["x"])
    return m.emit(mul_p, square, square)


def _inverse_square(m: Match) -> Any:
    # In this order the square neither overflows nor underflows where the result does not.
    inverse = m.emit(div_p, 1.0, m["x"])
    return m.emit(mul_p, inverse, inverse)


def _chosen(m: Match) -> Any:
    chosen = m["x"] if m.number("c") else m["y"]
    value = m.graph.constant(chosen)
    if value is not None:
        return Literal(np.full((), value, m.type.dtype).item())
    return chosen


def _converted_once(m: Match) -> Any:
    inner = m["inner"].inputs[0]
    if type(inner) is not Var:
        return None
    first, middle = array_type(inner).dtype, array_type(m["inner"].outputs[0]).dtype
    kinds = first.kind + middle.kind
    if kinds not in ("ff", "cc", "ii", "uu") or not np.can_cast(first, middle):
        return None
    if m.type.dtype == first:
        return inner
    return m.emit(convert_p, inner, dtype=m.type.dtype)


ZERO, ONE, MINUS_ONE = number(0), number(1), number(-1)
NEGATIVE_ZERO = Constant("-0.0", lambda v: v == 0 and type(v) is float and math.copysign(1, v) < 0)
POSITIVE_ZERO = Constant(
    "0.0", lambda v: v == 0 and type(v) is not complex and math.copysign(1, v) > 0
)

SIGNS = [
    rule("x * 1 = x", X * ONE, X, is_real),
    rule("x / 1 = x", X / ONE, X, is_real),
    rule("x + -0 = x", X + NEGATIVE_ZERO, X, is_real),
    rule("x - 0 = x", X - POSITIVE_ZERO, X, is_real),
    rule("n + 0 = n", X + ZERO, X, is_integer),
    rule("n * 0 = 0", X * ZERO, lambda m: Literal(0), is_integer),
    rule("x + 0 = x where x is never -0", X + ZERO, X, _has_no_negative_zero),
    rule("x + 0 = x", X + ZERO, X, is_float, Changes.ZERO_SIGN),
    rule("0 - x = -x", ZERO - X, -X, is_float, Changes.ZERO_SIGN),
    rule("x * -1 = -x", X * MINUS_ONE, -X, is_signed),
    rule("x / -1 = -x", X / MINUS_ONE, -X, is_float),
    rule("-(-x) = x", apply(neg_p, -X), X),
    rule("x - (-y) = x + y", X - (-Y), X + Y),
    rule("x + (-y) = x - y", X + (-Y), X - Y),
    rule("(-x) * (-y) = x * y", (-X) * (-Y), X * Y, is_real),
    rule("(-x) / (-y) = x / y", (-X) / (-Y), X / Y, is_real),
    rule("-(x * c) = x * -c", -(X * C), _with_negated(mul_p), _is_negatable),
    rule("-(x / c) = x / -c", -(X / C), _with_negated(div_p), _is_negatable),
    rule("(-x) * c = x * -c", (-X) * C, _with_negated(mul_p), _is_negatable),
    rule("(-x) / c = x / -c", (-X) / C, _with_negated(div_p), _is_negatable),
    rule("|-x| = |x|", apply(absolute_p, -X), apply(absolute_p, X), is_float),
    rule("||x|| = |x|", apply(absolute_p, apply(absolute_p, X)), apply(absolute_p, X)),
    rule(
        "x / 2^n = x * 2^-n",
        X / C,
        lambda m: m.emit(mul_p, m["x"], 1.0 / float(m.number("c"))),
        _is_power_of_two,
    ),
]

POWERS = [
    rule("x ** 1 = x", X**ONE, X, is_float_power),
    rule("x ** 2 = x * x", X ** number(2), X * X, is_short_power),
    rule("x ** -1 = 1 / x", X**MINUS_ONE, 1.0 / X, is_short_power),
    rule("x ** 0.5 = sqrt x", X ** number(0.5), apply(sqrt_p, X), is_short_power),
    rule("s ** 2 = s * s", X ** number(2), X * X, is_float_power, Changes.ROUNDING),
    rule("s ** -1 = 1 / s", X**MINUS_ONE, 1.0 / X, is_float_power, Changes.ROUNDING),
    rule("x ** 3 = x * x * x", X ** number(3), _cube, is_float_power, Changes.ROUNDING),
    rule("x ** 4 = (x * x) ** 2", X ** number(4), _fourth, is_float_power, Changes.ROUNDING),
    rule(
        "x ** -2 = (1 / x) ** 2",
        X ** number(-2),
        _inverse_square,
        is_float_power,
        Changes.ROUNDING,
    ),
    rule("square x = x * x", apply(square_p, X), X * X, is_float),
    rule("reciprocal x = 1 / x", apply(reciprocal_p, X), 1.0 / X, is_float),
]

SAME = [
    rule("select(c, x, y) of a known c", apply(select_p, C, X, Y), _chosen),
    rule("select(z, x, x) = x", apply(select_p, Z, X, X), X),
    rule("max(x, x) = x", apply(maximum_p, X, X), X),
    rule("min(x, x) = x", apply(minimum_p, X, X), X),
    rule(
        "not not x = x",
        apply(logical_not_p, apply(logical_not_p, X)),
        X,
        lambda m: type(m["x"]) is Var and array_type(m["x"]).dtype.kind == "b",
    ),
    rule("positive x = x", apply(positive_p, X), X),
    rule("copy x = x", apply(copy_p, X), X),
    rule("stop_gradient x = x", apply(stop_gradient_p, X), X),
    rule("real x = x", apply(real_p, X), X),
    rule("conj x = x", apply(conj_p, X), X, lambda m: m.type.dtype.kind in "fiub"),
    rule("conj conj x = x", apply(conj_p, apply(conj_p, X)), X),
    rule("convert to its own dtype", apply(convert_p, X), X),
    rule(
        "convert of convert",
        Node(convert_p, (Node(convert_p, None, "inner"),)),
        _converted_once,
    ),
]

ARITHMETIC: list[Rule] = [*SIGNS, *POWERS, *SAME]

# -- constants -------------------------------------------------------------------------------------

# Correctly rounded everywhere: the same number in a scalar as in an array of any length.
_EXACT = """add sub mul div neg sqrt absolute square reciprocal eq ne lt le gt ge logical_and
logical_or logical_not logical_xor maximum minimum select convert floor ceil trunc sign positive
isnan isinf isfinite""".split()
# Evaluated for scalars only: NumPy's loops over arrays may round these otherwise.
_ROUNDED = "power exp log sin cos tanh log1p expm1 floor_divide remainder".split()
# Of several operands, which take a number as a literal; in `power` it would mean something else.
_SEVERAL = frozenset(
    """add sub mul div eq ne lt le gt ge logical_and logical_or logical_xor maximum minimum select
    floor_divide remainder""".split()
)


def _folded(m: Match) -> Any:
    """The value of an operation on known numbers; None where NumPy warns or it is not finite."""
    if m.type.shape != () and m.eq.primitive.name not in _EXACT:
        return None
    values = []
    for a in m.eq.inputs:
        value = m.graph.constant(a)
        if value is None:
            return None
        values.append(array_type(a).dtype.type(value) if type(a) is Var else value)
    try:
        with np.errstate(all="raise"):
            result = np.asarray(m.eq.primitive.array(*values, **m.eq.params))
    except (ArithmeticError, ValueError, TypeError):
        return None
    if result.shape != () or result.dtype != m.type.dtype or not np.isfinite(result):
        return None
    return Literal(result.item())


def _with_literals(m: Match) -> Any:
    """The same equation with constant arrays as literals, where the result's type stays."""
    eq = m.eq
    inputs: list[Any] = []
    for a in eq.inputs:
        value = m.graph.constant(a) if type(a) is Var else None
        inputs.append(a if type(value) not in (bool, int, float) else Literal(value))
    if not any([type(a) is Var for a in inputs]):
        return None
    types = [a.type if type(a) is Var else a.value for a in inputs]
    if eq.primitive.type_rule(*types, **eq.params) is not m.type:
        return None
    return m.emit(eq.primitive, *inputs, **eq.params)


def _folding() -> list[Rule]:
    rules = []
    for name in [*_EXACT, *_ROUNDED]:
        pattern = Node(registry[name], None)
        known = [(0, LITERAL_HEAD), (0, FULL_HEAD)]  # all inputs are known, or the rule declines
        rules.append(Rule(f"{name} of known numbers", pattern, _folded, heads=known))
        if name in _SEVERAL:
            full = [(i, FULL_HEAD) for i in range(3)]
            rules.append(Rule(f"{name} with a literal", pattern, _with_literals, heads=full))
    return rules


FOLDING: list[Rule] = _folding()
