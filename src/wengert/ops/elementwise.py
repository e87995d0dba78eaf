"""NumPy's ufuncs and the primitives that stand for them. Read the families' files for the records.

comparison.py      comparisons, tests, logic, bits: no derivative
selection.py       where, maximum, minimum
exponential.py     exponentials and logarithms
arithmetic.py      quotients, remainders, powers, roots, absolute values, rounding
trigonometric.py   trigonometric and hyperbolic functions, angles, sinc
ufuncs.py          keyword arguments and methods of ufuncs
functions.py       NumPy's functions made of these, such as clip and nan_to_num
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.ir.primitive import Primitive
from wengert.ops import arithmetic, comparison, core, exponential, selection, trigonometric
from wengert.ops.arithmetic import (
    absolute,
    div,
    div_p,
    floor_divide,
    power,
    power_p,
    root_p,
    sign,
    sqrt,
    sqrt_p,
)
from wengert.ops.comparison import eq_p, ge_p, gt_p, le_p, lt_p, ne_p
from wengert.ops.exponential import exp, exp_p, log, log_p
from wengert.ops.selection import maximum, minimum, select, select_p
from wengert.ops.trigonometric import cos, cos_p, sin, sin_p
from wengert.trace.tracer import Tracer, bind, bind_one, implements

PRIMITIVES: dict[np.ufunc, Primitive] = {
    np.add: core.add_p,
    np.subtract: core.sub_p,
    np.multiply: core.mul_p,
    np.negative: core.neg_p,
    np.true_divide: arithmetic.div_p,
    np.reciprocal: arithmetic.reciprocal_p,
    np.floor_divide: arithmetic.floor_divide_p,
    np.remainder: arithmetic.remainder_p,
    np.fmod: arithmetic.fmod_p,
    np.floor: arithmetic.floor_p,
    np.ceil: arithmetic.ceil_p,
    np.trunc: arithmetic.trunc_p,
    np.rint: arithmetic.rint_p,
    np.ldexp: arithmetic.ldexp_p,
    np.nextafter: arithmetic.nextafter_p,
    np.spacing: arithmetic.spacing_p,
    np.power: arithmetic.power_p,
    np.square: arithmetic.square_p,
    np.sqrt: arithmetic.sqrt_p,
    np.cbrt: arithmetic.cbrt_p,
    np.hypot: arithmetic.hypot_p,
    np.absolute: arithmetic.absolute_p,
    np.fabs: arithmetic.fabs_p,
    np.sign: arithmetic.sign_p,
    np.copysign: arithmetic.copysign_p,
    np.positive: arithmetic.positive_p,
    np.heaviside: arithmetic.heaviside_p,
    np.exp: exponential.exp_p,
    np.exp2: exponential.exp2_p,
    np.expm1: exponential.expm1_p,
    np.log: exponential.log_p,
    np.log2: exponential.log2_p,
    np.log10: exponential.log10_p,
    np.log1p: exponential.log1p_p,
    np.logaddexp: exponential.logaddexp_p,
    np.logaddexp2: exponential.logaddexp2_p,
    np.sin: trigonometric.sin_p,
    np.cos: trigonometric.cos_p,
    np.tan: trigonometric.tan_p,
    np.arcsin: trigonometric.arcsin_p,
    np.arccos: trigonometric.arccos_p,
    np.arctan: trigonometric.arctan_p,
    np.arctan2: trigonometric.arctan2_p,
    np.sinh: trigonometric.sinh_p,
    np.cosh: trigonometric.cosh_p,
    np.tanh: trigonometric.tanh_p,
    np.arcsinh: trigonometric.arcsinh_p,
    np.arccosh: trigonometric.arccosh_p,
    np.arctanh: trigonometric.arctanh_p,
    np.deg2rad: trigonometric.deg2rad_p,
    np.radians: trigonometric.deg2rad_p,
    np.rad2deg: trigonometric.rad2deg_p,
    np.degrees: trigonometric.rad2deg_p,
    np.maximum: selection.maximum_p,
    np.minimum: selection.minimum_p,
    np.fmax: selection.fmax_p,
    np.fmin: selection.fmin_p,
    np.equal: comparison.eq_p,
    np.not_equal: comparison.ne_p,
    np.less: comparison.lt_p,
    np.less_equal: comparison.le_p,
    np.greater: comparison.gt_p,
    np.greater_equal: comparison.ge_p,
    np.isnan: comparison.isnan_p,
    np.isinf: comparison.isinf_p,
    np.isfinite: comparison.isfinite_p,
    np.signbit: comparison.signbit_p,
    np.logical_and: comparison.logical_and_p,
    np.logical_or: comparison.logical_or_p,
    np.logical_xor: comparison.logical_xor_p,
    np.logical_not: comparison.logical_not_p,
    np.bitwise_and: comparison.bitwise_and_p,
    np.bitwise_or: comparison.bitwise_or_p,
    np.bitwise_xor: comparison.bitwise_xor_p,
    np.invert: comparison.invert_p,
    np.left_shift: comparison.left_shift_p,
    np.right_shift: comparison.right_shift_p,
    np.gcd: comparison.gcd_p,
    np.lcm: comparison.lcm_p,
}
if hasattr(np, "bitwise_count"):  # NumPy 2.0
    PRIMITIVES[np.bitwise_count] = comparison.bitwise_count_p


def handler_of(primitive: Primitive, n_inputs: int) -> Callable[..., Any]:
    """The function that a ufunc becomes when one of its arguments is traced."""
    if n_inputs == 1:
        return lambda x: bind_one(primitive, x)
    return lambda x, y: bind(primitive, x, y)


for _ufunc, _primitive in PRIMITIVES.items():
    implements(_ufunc)(handler_of(_primitive, _ufunc.nin))


@implements(np.conjugate)
def conjugate(x: Any) -> Any:
    """The complex conjugate, a new array also where `x` is real."""
    kind = core.kind_of(x)
    if kind == "b":
        x = core.convert(x, np.int8)  # as NumPy does
    return bind(core.conj_p if kind == "c" else arithmetic.positive_p, x)


implements(np.float_power)(arithmetic.float_power)
implements(np.divmod)(arithmetic.divmod_)
implements(np.modf)(arithmetic.modf)
implements(np.frexp)(arithmetic.frexp)


def is_tracer(x: Any) -> bool:
    return isinstance(x, Tracer)


__all__ = [
    "PRIMITIVES",
    "absolute",
    "conjugate",
    "cos",
    "cos_p",
    "div",
    "div_p",
    "eq_p",
    "exp",
    "exp_p",
    "floor_divide",
    "ge_p",
    "gt_p",
    "handler_of",
    "is_tracer",
    "le_p",
    "log",
    "log_p",
    "lt_p",
    "maximum",
    "minimum",
    "ne_p",
    "power",
    "power_p",
    "root_p",
    "select",
    "select_p",
    "sign",
    "sin",
    "sin_p",
    "sqrt",
    "sqrt_p",
]
