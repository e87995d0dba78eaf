"""`special`: a primitive from a ufunc of SciPy and its partial derivatives."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wengert.errors import MissingRuleError
from wengert.ir.emission import Elementwise
from wengert.ir.primitive import Primitive, Rule
from wengert.ops import core
from wengert.ops.arithmetic import floor_p
from wengert.ops.comparison import eq, logical_and, lt
from wengert.ops.families import Partial, _One, broadcast_shapes, elementwise, scalar_kind
from wengert.ops.families import ufunc_dtype as _ufunc_dtype
from wengert.ops.functions import as_operand
from wengert.ops.selection import select
from wengert.ops.ufuncs import is_number
from wengert.trace.tracer import bind, ufunc_handlers
from wengert.types import Type

# SciPy's name of a ufunc -> what stands for it on traced arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


class ScipyUfunc:
    """A ufunc of scipy.special by name; SciPy is imported when it is first used."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

        # Where `scipy.special` has a Python function instead, as for zeta, the ufunc lies below.
        self.home = "scipy.special._ufuncs" if name.startswith("_") else "scipy.special"
        self.text = f"{self.home}.{name}"

    @cached_property
    def ufunc(self) -> np.ufunc:
        # Below `scipy.special`, which has functions in their place when SCIPY_ARRAY_API is set.
        below = importlib.import_module("scipy.special._ufuncs")
        found = getattr(below, self.__name__, None)
        return found or getattr(importlib.import_module(self.home), self.__name__)

    def __call__(self, *args: Any) -> Any:
        return self.ufunc(*args)

    def type_of(self, *types: Any) -> Type:
        """SciPy's dtype and the broadcast shape."""
        dtype = _ufunc_dtype(self.ufunc, *map(scalar_kind, types))
        return Type(broadcast_shapes(self.__name__, *types), dtype)


def special(
    name: str,
    *partials: Partial | _One | None,
    primitive: str = "",
    emit: Any = None,
    flops: int = 40,
    array: Rule | None = None,
    keeps_integers: bool = False,
    **fields: Any,
) -> Primitive:
    """A primitive for a ufunc of scipy.special with one result.

    Parameters
    ----------
    name : str
        SciPy's name; `FUNCTIONS` gets the function of traced arguments under it.
    *partials
        As in `elementwise`: `partial(out, *inputs)`, `ONE`, or None for zero. Partials are written
        with public operations and other primitives.
    primitive : str, optional
        The name of the record where another primitive has SciPy's.
    emit : callable or Unsupported, optional
        The native form; by default a call of the function that SciPy exports to C.
    flops : int
        What one value costs, in additions.
    array : callable, optional
        The implementation where it is not the ufunc itself: SciPy's function named `primitive`.
    keeps_integers : bool
        Whether SciPy has loops for integers, which stay what they are.
    **fields
        Further fields of `elementwise`, and facts.
    """
    ufunc = ScipyUfunc(name)
    shown = f"scipy.special.{primitive}" if array is not None else ufunc.text
    record = elementwise(
        primitive or name,
        array or ufunc,
        partials=partials,
        type_rule=fields.pop("type_rule", ufunc.type_of),
        flops=flops,
        emit=emit or Elementwise(lambda b, *xs: b.call_special(name, *xs), "result"),
        render=lambda ins, params: f"{shown}({', '.join(ins)})",
        **fields,
    )
    if keeps_integers:
        FUNCTIONS[name] = lambda *xs: bind(record, *map(as_operand_or_number, xs))
    else:
        FUNCTIONS[name] = lambda *xs: apply(record, *xs)
    return record


def inverse(
    name: str, slopes: Sequence[Partial | None], place: int, *, sign: float = 1.0, **fields: Any
) -> Primitive:
    """A primitive for the solution of F(..., y, ...) = p, by the implicit function theorem.

    SciPy gives `p` in the place of `y`. `slopes[i](*xs)` is the derivative of F in argument i, or
    None for zero; with `sign` -1 the equation is for 1 - F.
    """

    def partial(i: int) -> Partial | None:
        slope, along = slopes[i], slopes[place]
        if slope is None or along is None:
            return None

        def solved(out: Any, *xs: Any) -> Any:
            at = [out if k == place else x for k, x in enumerate(xs)]
            return sign / along(*at) if i == place else -quotient(slope(*at), along(*at))

        return solved

    return special(name, *[partial(i) for i in range(len(slopes))], **fields)


def refused(name: str, argument: str) -> Partial:
    """A partial derivative that has no formula: whoever asks for it is told so."""

    def partial(out: Any, *xs: Any) -> Any:
        raise MissingRuleError(
            f"scipy.special.{name} has no derivative with respect to {argument}.",
            got="a differentiated argument in its place",
            expected="a constant there",
            try_="wengert.stop_gradient around it, or wengert.extend.foreign with numeric=",
        )

    return partial


def apply(record: Primitive, *xs: Any, **params: Any) -> Any:
    """Bind a record to arrays and numbers; integers become floats, as in SciPy."""
    return bind(record, *beside_complex([as_real(x) for x in xs]), **params)


def beside_complex(xs: list[Any]) -> list[Any]:
    """Real numbers keep their kind beside complex operands: an order stays real."""
    kinds = [x.dtype for x in xs if not is_number(x) and x.dtype.kind == "c"]
    if not kinds:
        return xs
    real = np.result_type(*kinds).type(0).real.dtype
    return [core.full((), x, real) if type(x) is float else x for x in xs]


def as_operand_or_number(x: Any) -> Any:
    return x if is_number(x) else as_operand(x)


def as_real(x: Any) -> Any:
    """A floating-point array, or a Python number as a float."""
    if is_number(x):
        return x if type(x) is complex else float(x)
    x = as_operand(x)
    return x if x.dtype.kind in "fc" else core.convert(x, np.float64)


def quotient(x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0."""
    return x / select(logical_and(eq(x, 0.0), eq(y, 0.0)), 1.0, y)


def within(is_outside: Any, x: Any) -> Any:
    """`x`, NaN where a condition says that it is outside a domain, without a warning."""
    return select(is_outside, math.nan, x)


def not_negative(x: Any) -> Any:
    """A real x, NaN where it is negative; complex numbers as they are."""
    return x if core.kind_of(x) == "c" else within(lt(x, 0.0), x)


def rounded_down(x: Any) -> Any:
    """The floor, of an integer as a float; a number stays a literal."""
    return float(math.floor(x)) if is_number(x) else bind(floor_p, as_real(x))


def register(ufunc: np.ufunc) -> None:
    """Let a ufunc of SciPy that meets a traced argument find its function, if there is one."""
    function = FUNCTIONS.get(ufunc.__name__)
    if function is not None:
        ufunc_handlers[ufunc] = function


def aliases(**names: str) -> None:
    """Other names that SciPy has for a function: alias=name."""
    for alias, name in names.items():
        FUNCTIONS[alias] = FUNCTIONS[name]
