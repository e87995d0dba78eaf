"""Elementary functions as inlined polynomials, for one number or several lanes.

Read `support`, then any of the others. `emit` writes the instructions of one function; a name
that `FUNCTIONS` lacks raises KeyError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import Complex, Number, Value
from wengert.native.elementary import (
    bits,
    complexes,
    error,
    exponential,
    inverse,
    logarithm,
    outlined,
    power,
    trigonometric,
)
from wengert.native.elementary.support import Kit, exact

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "exp": exponential.exp,
    "exp2": exponential.exp2,
    "expm1": exponential.expm1,
    "sinh": exponential.sinh,
    "cosh": exponential.cosh,
    "tanh": exponential.tanh,
    "expit": exponential.expit,
    "log": logarithm.log,
    "log2": logarithm.log2,
    "log10": logarithm.log10,
    "log1p": logarithm.log1p,
    "arcsinh": logarithm.arcsinh,
    "arccosh": logarithm.arccosh,
    "arctanh": logarithm.arctanh,
    "log_expit": logarithm.log_expit,
    "softplus": logarithm.softplus,
    "logaddexp": logarithm.logaddexp,
    "logaddexp2": logarithm.logaddexp2,
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "tan": trigonometric.tan,
    "sinc": trigonometric.sinc,
    "arcsin": inverse.arcsin,
    "arccos": inverse.arccos,
    "arctan": inverse.arctan,
    "arctan2": inverse.arctan2,
    "power": power.power,
    "cbrt": power.cbrt,
    "hypot": power.hypot,
    "erf": error.erf,
    "erfc": error.erfc,
    "gamma": error.gamma,
    "lgamma": error.lgamma,
    "fmod": bits.fmod,
    "remainder": bits.remainder,
    "nextafter": bits.nextafter,
    "spacing": bits.spacing,
    "signbit": bits.signbit,
    "frexp_mantissa": bits.frexp_mantissa,
    "frexp_exponent": bits.frexp_exponent,
    "ldexp": bits.ldexp,
}

COMPLEX_FUNCTIONS: dict[str, Callable[..., Complex]] = {
    "exp": complexes.exp,
    "log": complexes.log,
    "sqrt": complexes.sqrt,
    "sin": complexes.sin,
    "cos": complexes.cos,
    "tan": complexes.tan,
    "sinh": complexes.sinh,
    "cosh": complexes.cosh,
    "tanh": complexes.tanh,
}


def emit(b: Arithmetic, name: str, *xs: Any) -> Any:
    """The value of an elementary function of operands of one float kind, or of Complex ones.

    It is written once in a scope and those inside it, branches included.
    """
    is_complex = isinstance(xs[0], Complex)
    function = (COMPLEX_FUNCTIONS if is_complex else FUNCTIONS)[name]
    kind = xs[0].re.kind if is_complex else xs[0].kind
    key = ("elementary", name, kind, *[_text(x) for x in xs])
    for scope in b.scopes:
        if key in scope.memo:
            return scope.memo[key]
    if outlined.is_due(b, xs):
        result: Any = outlined.call(b, name, function, xs)
    else:
        before = b.n_instructions
        with exact(b):
            result = function(Kit(b, kind), *xs)
        if not result.lanes:
            b.n_inlined += b.n_instructions - before
    b.scope.memo[key] = result
    return result


def _text(x: Number) -> str:
    return f"{x.re.text}, {x.im.text}" if isinstance(x, Complex) else x.text


__all__ = ["COMPLEX_FUNCTIONS", "FUNCTIONS", "emit"]
