"""NumPy's elementwise functions that are no ufuncs: where, clip, round, nan_to_num, angle, …

Compositions of primitives, with NumPy's signatures; each is registered under NumPy's name and,
where arrays have one, as a method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.errors import ArgumentError
from wengert.ops import core
from wengert.ops.arithmetic import absolute, positive_p, round_p, trunc_p
from wengert.ops.comparison import (
    as_condition,
    eq,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    lt,
    signbit_p,
)
from wengert.ops.core import add, convert, imag, mul, real, sub
from wengert.ops.joining import array_of
from wengert.ops.output import deliver
from wengert.ops.selection import maximum, minimum, select
from wengert.ops.trigonometric import rad2deg, sinc
from wengert.trace.tracer import ArrayTracer, ScalarTracer, Tracer, bind, implements, install
from wengert.trace.views import update

_NOT_GIVEN = np._NoValue  # what NumPy's own signatures have

# -- parts of complex numbers ----------------------------------------------------------------------


@implements(np.real)
def real_(val: Any) -> Any:
    return real(as_operand(val))


@implements(np.imag)
def imag_(val: Any) -> Any:
    val = as_operand(val)
    part = imag(val)
    return as_scalar(part) if isinstance(val, ScalarTracer) else part


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The argument of `z`: NaN derivative at 0, where there is none."""
    z = as_operand(z)
    part = imag(z) if core.kind_of(z) == "c" else 0.0
    result = np.arctan2(part, real(z))
    return rad2deg(result) if deg else result


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part where all imaginary parts are tiny: a decision on the values of `a`."""
    a = as_operand(a)
    if core.kind_of(a) != "c":
        return a
    if tol > 1:
        tol = float(np.finfo(a.dtype).eps) * tol
    return real(a) if bool(np.all(lt(absolute(imag(a)), tol))) else a


def as_operand(x: Any) -> Any:
    """A tracer as it is, anything else as an array; lists may hold traced values."""
    return x if isinstance(x, Tracer) else array_of(x)


def as_scalar(x: Any) -> Any:
    """What NumPy returns in place of a 0-d array: the scalar."""
    return x[()] if isinstance(x, (ArrayTracer, np.ndarray)) and x.shape == () else x


def _set_part(name: str) -> Any:
    def setter(x: Tracer, value: Any) -> None:
        part = real(x) if name == "real" else imag(x)
        if name == "imag" and core.kind_of(x) != "c":
            raise ArgumentError("the imaginary part of a real array was set.", got=repr(x.type))
        part[...] = value

    return setter


install("real", property(real, _set_part("real")))
install("imag", property(imag, _set_part("imag")))
install("conj", core.conj)
install("conjugate", core.conj)

# -- rounding --------------------------------------------------------------------------------------


@implements(np.round, np.around)
def round_(a: Any, decimals: Any = 0, out: Any = None) -> Any:
    """`a` rounded to `decimals` places; its derivative is zero."""
    a = as_operand(a)
    result = bind(round_p, a, decimals=int(decimals))
    return deliver(result, out, "round")


install("round", lambda self, decimals=0, out=None: round_(self, decimals, out))


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    return deliver(bind(trunc_p, as_operand(x)), out, "fix")


@implements(np.sinc)
def sinc_(x: Any) -> Any:
    return sinc(as_operand(x))


# -- choices ---------------------------------------------------------------------------------------


@implements(np.where)
def where(condition: Any, x: Any = _NOT_GIVEN, y: Any = _NOT_GIVEN, /) -> Any:
    """`x` where the condition holds, `y` elsewhere; the places themselves with one argument."""
    if x is _NOT_GIVEN and y is _NOT_GIVEN:
        return np.nonzero(condition)
    if x is _NOT_GIVEN or y is _NOT_GIVEN:
        raise ArgumentError(
            "where: one of x and y is missing.",
            got="two arguments",
            expected="where(condition) or where(condition, x, y)",
        )
    if not isinstance(condition, Tracer):
        condition = np.asarray(condition)
    return select(as_condition(condition), x, y)


@implements(np.clip)
def clip(
    a: Any,
    a_min: Any = _NOT_GIVEN,
    a_max: Any = _NOT_GIVEN,
    out: Any = None,
    *,
    min: Any = _NOT_GIVEN,
    max: Any = _NOT_GIVEN,
    **options: Any,
) -> Any:
    """`a` held between two bounds; at a bound half of the derivative goes to `a`.

    Parameters
    ----------
    a : array
    a_min, a_max : array or None
        Bounds, which broadcast; None for no bound. `min` and `max` are the same.
    out : array, optional
    **options
        Keyword arguments of ufuncs.
    """
    if a_min is _NOT_GIVEN and a_max is _NOT_GIVEN:
        a_min = None if min is _NOT_GIVEN else min
        a_max = None if max is _NOT_GIVEN else max
    elif min is not _NOT_GIVEN or max is not _NOT_GIVEN:
        raise ArgumentError("clip: bounds were given twice.", got="a_min or a_max, and min or max")
    a_min = None if a_min is _NOT_GIVEN else a_min
    a_max = None if a_max is _NOT_GIVEN else a_max
    result = as_operand(a)
    if a_min is None and a_max is None:
        result = bind(positive_p, result)
    if options:
        if a_min is not None:
            result = np.maximum(result, a_min, **options)
        if a_max is not None:
            result = np.minimum(result, a_max, **options)
    else:
        if a_min is not None:
            result = maximum(result, a_min)
        if a_max is not None:
            result = minimum(result, a_max)
    return deliver(result, out, "clip")


def _clip_method(
    self: Any, min: Any = None, max: Any = None, out: Any = None, **options: Any
) -> Any:
    return clip(self, min, max, out, **options)


install("clip", _clip_method)


@implements(np.select)
def select_(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For each element the first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ArgumentError(
            "select: there must be one choice for each condition.",
            got=f"{len(condlist)} conditions, {len(choicelist)} choices",
        )
    for i, condition in enumerate(condlist):
        if as_operand(condition).dtype != np.bool_:
            raise ArgumentError(
                "select: a condition is not boolean.",
                got=f"{as_operand(condition).dtype} in place {i}",
                expected="boolean arrays",
            )
    dtype = np.result_type(*[_promoted(c) for c in (*choicelist, default)])
    shape = np.broadcast_shapes(*[np.shape(a) for a in (*condlist, *choicelist, default)])
    result = _as_dtype(default, dtype)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = select(condition, _as_dtype(choice, dtype), result)
    return core.broadcast_to(result, shape)


def _promoted(x: Any) -> Any:
    """What NumPy's promotion looks at: a dtype, or a Python scalar."""
    if isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic):
        return x
    return as_operand(x).dtype


def _as_dtype(x: Any, dtype: Any) -> Any:
    return convert(x if _promoted(x) is x else as_operand(x), dtype)


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Functions applied to the parts of `x` where their conditions hold.

    As in NumPy a function sees only the elements of its part, so that the parts' sizes must be
    known: under `vmap` and in loop bodies use `np.where`.
    """
    x = as_operand(x)
    n_functions = len(funclist)
    is_one = isinstance(condlist, Tracer) or np.isscalar(condlist)
    if is_one or (not isinstance(condlist[0], (list, Tracer, np.ndarray)) and np.ndim(x) != 0):
        condlist = [condlist]
    conditions = [as_condition(as_operand(c)) for c in condlist]
    if n_functions == len(conditions) + 1:
        taken = conditions[0]
        for condition in conditions[1:]:
            taken = logical_or(taken, condition)
        conditions.append(logical_not(taken))
    elif n_functions != len(conditions):
        raise ArgumentError(
            "piecewise: there must be one function for each condition, or one more.",
            got=f"{len(conditions)} conditions, {n_functions} functions",
        )
    y = core.copy(core.zeros_of(x))
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            y[condition] = function
            continue
        part = x[condition]
        if part.size:
            y[condition] = function(part, *args, **kw)
    return y


# -- NaN and infinity ------------------------------------------------------------------------------


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """NaN and infinities replaced; the derivative is 0 at replaced elements, 1 elsewhere."""
    x = as_operand(x)
    kind = core.kind_of(x)
    if kind == "c":
        parts = [nan_to_num(part, True, nan, posinf, neginf) for part in (real(x), imag(x))]
        result = add(parts[0], mul(parts[1], 1j))
    elif kind == "f":
        limits = np.finfo(x.dtype)
        above = float(limits.max) if posinf is None else posinf
        below = float(limits.min) if neginf is None else neginf
        result = select(isnan(x), nan, x)
        result = select(eq(x, np.inf), above, result)
        result = convert(select(eq(x, -np.inf), below, result), x.dtype)
    else:
        result = bind(positive_p, x) if kind != "b" else core.copy(x)
    if not copy and isinstance(x, ArrayTracer):
        return update(x, core.set_all_p, (result,), {})
    return as_scalar(result)


@implements(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    x = as_operand(x)
    return deliver(logical_and(isinf(x), logical_not(bind(signbit_p, x))), out, "isposinf")


@implements(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    x = as_operand(x)
    return deliver(logical_and(isinf(x), bind(signbit_p, x)), out, "isneginf")


@implements(np.isreal)
def isreal(x: Any) -> Any:
    return eq(imag(as_operand(x)), 0)


@implements(np.iscomplex)
def iscomplex(x: Any) -> Any:
    return logical_not(isreal(x))


# -- comparisons of whole arrays -------------------------------------------------------------------


@implements(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """|a - b| <= atol + rtol |b|, elementwise; infinities are close to themselves only."""
    a, b = as_operand(a), as_operand(b)
    bound = add(atol, mul(rtol, absolute(b)))
    is_near = logical_and(le(absolute(sub(a, b)), bound), np.isfinite(b))
    result = logical_or(is_near, eq(a, b))
    return logical_or(result, logical_and(isnan(a), isnan(b))) if equal_nan else result


@implements(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> bool:
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


@implements(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    a1, a2 = as_operand(a1), as_operand(a2)
    if a1.shape != a2.shape:
        return False
    same = eq(a1, a2)
    if equal_nan:
        same = logical_or(same, logical_and(isnan(a1), isnan(a2)))
    return bool(np.all(same))


@implements(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> bool:
    a1, a2 = as_operand(a1), as_operand(a2)
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(np.all(eq(a1, a2)))


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return core.kind_of(x) == "c"


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return core.kind_of(x) != "c"
