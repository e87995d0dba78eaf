"""What a primitive is in SymPy: the conversion table.

`ELEMENTWISE` holds functions of numbers, applied entry by entry; `STRUCTURAL` functions of whole
object arrays. A primitive in neither table that only moves or adds numbers runs its own NumPy
implementation on object arrays (see `interpret`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.symbolic.library import Expr, boxed, held, is_condition, is_symbolic, sympy

Rule = Callable[..., Any]


def _where(condition: Expr, x: Expr, y: Expr) -> Expr:
    return sympy.Piecewise((x, condition), (y, True))


def _as_condition(x: Expr) -> Expr:
    """A truth value: a relation itself, a number compared with zero."""
    return x if is_condition(x) else sympy.Ne(x, 0)


def _as_number(x: Expr) -> Expr:
    return _where(x, sympy.Integer(1), sympy.Integer(0)) if is_condition(x) else x


def _cbrt(x: Expr) -> Expr:
    third = sympy.Rational(1, 3)
    return sympy.Piecewise((x**third, x >= 0), (-((-x) ** third), True))


def _sinc(x: Expr, *, order: int = 0) -> Expr:
    t = sympy.Dummy(real=True)
    return sympy.diff(sympy.sinc(sympy.pi * t), t, order).subs(t, x)


def _heaviside(x: Expr, at_zero: Expr) -> Expr:
    return sympy.Piecewise((0, x < 0), (at_zero, sympy.Eq(x, 0)), (1, True))


def _fmod(x: Expr, y: Expr) -> Expr:
    quotient = x / y
    return x - y * sympy.sign(quotient) * sympy.floor(sympy.Abs(quotient))


def _trunc(x: Expr) -> Expr:
    return sympy.sign(x) * sympy.floor(sympy.Abs(x))


_degree = sympy.pi / 180


ELEMENTWISE: dict[str, Rule] = {
    # arithmetic
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "positive": lambda x: x,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "power": lambda x, y: x**y,
    "floor_divide": lambda x, y: sympy.floor(x / y),
    "remainder": lambda x, y: x - y * sympy.floor(x / y),
    "fmod": _fmod,
    "conj": sympy.conjugate,
    "real": sympy.re,
    "imag": sympy.im,
    "copy": lambda x: x,
    "stop_gradient": held,
    # exponentials, logarithms, roots
    "exp": sympy.exp,
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log": sympy.log,
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "log1p": lambda x: sympy.log(1 + x),
    "sqrt": sympy.sqrt,
    "cbrt": _cbrt,
    "root": sympy.sqrt,
    "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
    "logaddexp2": lambda x, y: sympy.log(2**x + 2**y) / sympy.log(2),
    # trigonometric and hyperbolic functions
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "arctan2": sympy.atan2,
    "hypot": lambda x, y: sympy.sqrt(x**2 + y**2),
    "i0": lambda x: sympy.besseli(0, x),
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "arcsinh": sympy.asinh,
    "arccosh": sympy.acosh,
    "arctanh": sympy.atanh,
    "sinc": _sinc,
    "sinc_derivative": _sinc,
    "deg2rad": lambda x: x * _degree,
    "rad2deg": lambda x: x / _degree,
    # pieces
    "absolute": sympy.Abs,
    "fabs": sympy.Abs,
    "sign": sympy.sign,
    "copysign": lambda x, y: sympy.Abs(x) * _where(y >= 0, sympy.Integer(1), sympy.Integer(-1)),
    "heaviside": _heaviside,
    "maximum": sympy.Max,
    "minimum": sympy.Min,
    "fmax": sympy.Max,
    "fmin": sympy.Min,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "trunc": _trunc,
    "modf_integer": _trunc,
    "modf_fraction": lambda x: x - _trunc(x),
    "ldexp": lambda x, n: x * 2**n,
    "select": lambda condition, x, y: _where(_as_condition(condition), x, y),
    # comparisons
    "eq": lambda x, y: sympy.Eq(x, y),
    "ne": lambda x, y: sympy.Ne(x, y),
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "logical_and": lambda x, y: sympy.And(_as_condition(x), _as_condition(y)),
    "logical_or": lambda x, y: sympy.Or(_as_condition(x), _as_condition(y)),
    "logical_xor": lambda x, y: sympy.Xor(_as_condition(x), _as_condition(y)),
    "logical_not": lambda x: sympy.Not(_as_condition(x)),
    "signbit": lambda x: x < 0,
    # A symbol stands for a finite number.
    "isnan": lambda x: sympy.false,
    "isinf": lambda x: sympy.false,
    "isfinite": lambda x: sympy.true,
}


# -- whole arrays ----------------------------------------------------------------------------------


def _convert(x: Any, *, dtype: Any) -> Any:
    if dtype.kind in "iu":
        raise ValueError("an expression cannot become an integer")
    convert = np.frompyfunc(_as_condition if dtype.kind == "b" else _as_number, 1, 1)
    return convert(boxed(x))


def _real_set(base: Any, value: Any, *, part: str) -> Any:
    def replace(b: Expr, v: Expr) -> Expr:
        return v + sympy.I * sympy.im(b) if part == "real" else sympy.re(b) + sympy.I * v

    return np.frompyfunc(replace, 2, 1)(boxed(base), boxed(value))


def _over_axes(x: Any, axes: Any, keepdims: bool, combine: Rule) -> Any:
    """`combine` applied to all entries along `axes`."""
    x = boxed(x)
    axes = tuple(range(x.ndim)) if axes is None else tuple(axes)
    kept = [a for a in range(x.ndim) if a not in axes]
    moved = x.transpose(*kept, *axes).reshape([x.shape[a] for a in kept] + [-1])
    result = np.empty(moved.shape[:-1], object)
    for index in np.ndindex(*result.shape):
        result[index] = combine(*moved[index])
    if keepdims:
        result = result.reshape([1 if a in axes else n for a, n in enumerate(x.shape)])
    return result


def _reduction(combine: Rule) -> Rule:
    return lambda x, *, axes, keepdims: _over_axes(x, axes, keepdims, combine)


def _matrices(x: Any) -> Any:
    """The matrices in the last two axes, in order, and the axes before them."""
    x = boxed(x)
    return [sympy.Matrix(m.tolist()) for m in x.reshape(-1, *x.shape[-2:])], x.shape[:-2]


def _inv(a: Any) -> Any:
    matrices, batch = _matrices(a)
    n = boxed(a).shape[-1]
    entries = [e for m in matrices for e in m.inv(method="ADJ")]
    return _object_array(entries, (*batch, n, n))


def _solve(a: Any, b: Any) -> Any:
    inverse = _inv(a) if is_symbolic(a) else boxed(np.linalg.inv(a))
    return (np.matmul(inverse, boxed(b)),)


def _cholesky(a: Any) -> Any:
    """L with L Lᵀ = A from the lower triangle of A, row by row."""
    a = boxed(a)
    lower = np.full(a.shape, sympy.Integer(0), object)
    for batch in np.ndindex(*a.shape[:-2]):
        m, result = a[batch], lower[batch]
        for i in range(len(m)):
            for j in range(i + 1):
                rest = m[i, j] - sum(result[i, k] * result[j, k] for k in range(j))
                result[i, j] = sympy.sqrt(rest) if i == j else rest / result[j, j]
    return lower


def _det(a: Any) -> Any:
    matrices, batch = _matrices(a)
    return _object_array([m.det(method="berkowitz") for m in matrices], batch)


def _slogdet(a: Any) -> Any:
    det = _det(a)
    sign = np.frompyfunc(sympy.sign, 1, 1)(det)
    log = np.frompyfunc(lambda d: sympy.log(sympy.Abs(d)), 1, 1)(det)
    return sign, log


def _object_array(entries: list[Expr], shape: tuple[int, ...]) -> Any:
    result = np.empty(len(entries), object)
    result[:] = entries
    return result.reshape(shape)


STRUCTURAL: dict[str, Rule] = {
    "convert": _convert,
    "real_set": _real_set,
    "full": lambda value, *, shape, dtype: np.full(shape, boxed(value)[()], object),
    "max": _reduction(sympy.Max),
    "min": _reduction(sympy.Min),
    "all": _reduction(lambda *xs: sympy.And(*map(_as_condition, xs))),
    "any": _reduction(lambda *xs: sympy.Or(*map(_as_condition, xs))),
    "norm": _reduction(lambda *xs: sympy.sqrt(sum(sympy.Abs(x) ** 2 for x in xs))),
    "logsumexp": _reduction(lambda *xs: sympy.log(sum(map(sympy.exp, xs)))),
    "solve": _solve,
    "cholesky": _cholesky,
    "inv": _inv,
    "det": _det,
    "slogdet": _slogdet,
}
