"""`Tracer`: the stand-in for a value while a recording is open, and `bind`, the crossing point.

A Tracer is a handle: its `var` and `value` are those of this moment, and a write rebinds them.
What NumPy would have returned as an immutable scalar is a `ScalarTracer`, what it would have
returned as an array is an `ArrayTracer`. Operators and methods are installed by the `ops` floor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.errors import (
    ArgumentError,
    ConversionError,
    DecisionError,
    EscapedTracerError,
    MissingRuleError,
)
from wengert.ir.primitive import Primitive
from wengert.ir.program import Var
from wengert.types import Stack, StackType, Type

if TYPE_CHECKING:
    from wengert.trace.recording import Recording

# The recording in which arrays are created, and the innermost body that takes every operation.
current_recording: ContextVar[Recording | None] = ContextVar("current_recording", default=None)
current_body: ContextVar[Recording | None] = ContextVar("current_body", default=None)

Handler = Callable[..., Any]
ufunc_handlers: dict[Any, Handler] = {}
ufunc_method_handlers: dict[str, Handler] = {}
function_handlers: dict[Any, Handler] = {}
refresh_hook: list[Handler] = []  # set by views.py, which needs this module


def bind(primitive: Primitive, *args: Any, **params: Any) -> Any:
    """Apply a primitive: record it in the innermost recording concerned, or just compute it.

    Parameters
    ----------
    primitive : Primitive
    *args
        Tracers, arrays, NumPy scalars, Python scalars or Stacks.
    **params
        Static and hashable, normalized by the caller: one Python type per parameter.
    """
    top = current_body.get()
    for a in args:
        if isinstance(a, Tracer) and (top is None or a.recording.serial > top.serial):
            top = a.recording
    if top is None:
        return primitive.array(*args, **params)
    return top.record(primitive, args, params)


def bind_one(primitive: Primitive, x: Any) -> Any:
    """`bind` of one traced operand without parameters: the common case, shorter."""
    top = current_body.get()
    if top is None or x.recording.serial > top.serial:
        top = x.recording
    return top.record(primitive, (x,), _NO_PARAMS)


def bind_two(primitive: Primitive, x: Any, y: Any) -> Any:
    """`bind` of two operands without parameters, the first of them traced."""
    top = current_body.get()
    if top is None or x.recording.serial > top.serial:
        top = x.recording
    if isinstance(y, Tracer) and y.recording.serial > top.serial:
        top = y.recording
    return top.record(primitive, (x, y), _NO_PARAMS)


_NO_PARAMS: dict[str, Any] = {}


def bind_in(body: Recording | None, primitive: Primitive, args: Any, params: dict[str, Any]) -> Any:
    """`bind` as seen from inside `body` instead of the innermost one."""
    for a in args:
        if isinstance(a, Tracer) and (body is None or a.recording.serial > body.serial):
            body = a.recording
    if body is None:
        return primitive.array(*args, **params)
    return body.record(primitive, args, params)


@contextmanager
def outside_recordings() -> Iterator[None]:
    """While open, operations on plain values are computed and recorded nowhere."""
    tokens = current_recording.set(None), current_body.set(None)
    try:
        yield
    finally:
        current_body.reset(tokens[1])
        current_recording.reset(tokens[0])


_SPARSE_PRODUCTS = ("_matmul_dispatch", "_rmatmul_dispatch")


class Tracer:
    """A value inside a recording; behaves like the NumPy array or scalar it stands for."""

    __slots__ = (
        "base",
        "is_owned",
        "model",
        "recording",
        "seen",
        "value",
        "variable",
        "version",
        "view_of",
    )
    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]  # like arrays: equality is elementwise

    recording: Recording
    variable: Var  # not `var`: arrays have a method of that name
    value: Any
    base: Tracer | None  # the handle this one is a view of
    view_of: Any  # (primitive, args, params) that reads this view from its base
    model: Any  # of a view: what lies in memory as it would, once `layout` was asked
    seen: int  # the base's version when this view was last read
    version: int  # how often this handle was written
    is_owned: bool  # nobody else holds the value's buffer, so that a write may reuse it

    def __init__(self, recording: Recording, var: Var, value: Any) -> None:
        self.recording = recording
        self.variable = var
        self.value = value
        self.base = None
        self.version = 0
        self.is_owned = False

    # -- what is known without values ------------------------------------------------------

    @property
    def type(self) -> Type:
        return self.variable.type  # type: ignore[return-value]  # stacks never reach users

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.type.dtype

    @property
    def ndim(self) -> int:
        return len(self.type.shape)

    @property
    def size(self) -> int:
        return self.type.size

    @property
    def nbytes(self) -> int:
        return self.type.nbytes

    @property
    def itemsize(self) -> int:
        return self.type.dtype.itemsize

    @property
    def aval(self) -> Type:
        return self.type

    def __repr__(self) -> str:
        value = self.value
        while isinstance(value, Tracer):
            value = value.value
        shown = "" if value is None else f", value={value!r}"
        return f"Tracer({self.variable.type!r}{shown})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        value = self.value
        while isinstance(value, Tracer):
            value = value.value
        return format(value, spec) if value is not None else repr(self)

    # -- decisions: Python needs an answer now ----------------------------------------------

    def __bool__(self) -> bool:
        return bool(self._decide(bool, "a truth value"))

    def __int__(self) -> int:
        return int(self._decide(int, "an integer"))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.shape != ():
            raise ArgumentError(
                "only integers can be used as an index or a length.",
                got=repr(self.type),
                expected="an integer",
                try_="int(x) or x.astype(int)",
            )
        return int(self._decide(int, "an index"))

    def __floor__(self) -> int:
        floor: Any = np.floor(self)
        return int(floor._decide(int, "an integer"))

    def __ceil__(self) -> int:
        ceiling: Any = np.ceil(self)
        return int(ceiling._decide(int, "an integer"))

    def __trunc__(self) -> int:
        return self.__int__()

    def __round__(self, digits: int | None = None) -> Any:
        rounded: Any = np.round(self, digits or 0)
        return int(rounded._decide(int, "an integer")) if digits is None else rounded

    def _decide(self, kind: Callable[[Any], Any], what: str) -> Any:
        if self.size != 1:
            raise ConversionError(
                f"{what} was asked of an array with {self.size} elements.",
                got=repr(self.type),
                expected="one element",
                try_="x.any() or x.all(), or an element of it",
            )
        self.refresh()
        if self.value is None:
            found = self.recording.outer_value(self)
            if isinstance(found, Tracer):
                return found._decide(kind, what)
            if found is not None:
                return kind(found.item())
            raise DecisionError(
                f"Python asked a traced value for {what}, and here there is no single value.",
                got=f"{self.type!r} in {self.recording.purpose}",
                expected="a decision that does not depend on traced values",
                try_="wengert.cond, np.where or wengert.while_loop instead of if, while, int",
            )
        value = self.value
        if isinstance(value, Tracer):
            answer = kind(value)
        else:
            answer = kind(value.item() if isinstance(value, np.ndarray) else value)
        self.recording.on_decision(self, answer)
        return answer

    # -- conversions that would drop the derivative -----------------------------------------

    def __float__(self) -> float:
        raise self._conversion("float(x), or a store into a plain array,", "float")

    def __complex__(self) -> complex:
        raise self._conversion("complex(x)", "complex")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if sys._getframe(1).f_code.co_name in _SPARSE_PRODUCTS:
            # `A @ x` with a sparse A of SciPy: what is no array there is left to our __rmatmul__.
            return np.array(None, dtype=object)
        raise self._conversion("np.array(x), or a store into a plain array,", "array")

    def _conversion(self, call: str, kind: str) -> ConversionError:
        tries = {
            "float": "keep x as it is; np.exp(x) for math.exp(x); make buffers with "
            "wengert.numpy.zeros instead of np.zeros",
            "complex": "x + 0j, or x.astype(complex)",
            "array": "np.stack or wengert.numpy.array for lists of traced values; "
            "wengert.numpy.zeros for buffers; scipy functions from wengert.scipy; "
            "wengert.random, or loc + scale * rng.normal(), for random numbers",
        }
        table = (
            "wengert.numpy.take(table, i) or wengert.numpy.asarray(table)[i] where a plain array "
            "is indexed; " + tries["array"]
        )
        return ConversionError(
            f"{call} would turn a traced value into a plain one and drop its derivative.",
            got=repr(self.variable.type),
            expected="an operation that can be recorded",
            try_=table if kind == "array" and self.dtype.kind in "iub" else tries[kind],
        )

    # -- NumPy's protocols --------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            handler = ufunc_handlers.get(ufunc)
            if handler is not None:
                return handler(*inputs)
        return ufunc_method_handlers[method](ufunc, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = function_handlers.get(func)
        if handler is None:
            raise missing_function(f"{func.__module__}.{func.__name__}")
        return handler(*args, **kwargs)

    def refresh(self) -> None:
        """Read a view again when its base was written since."""
        if self.base is not None:
            refresh_hook[0](self)


class ScalarTracer(Tracer):
    """Stands for what NumPy returns as an immutable scalar."""

    __slots__ = ()
    __iter__ = None  # or Python would iterate by __getitem__

    def __getitem__(self, index: Any) -> Any:
        return function_handlers["getitem_scalar"](self, index)


class ArrayTracer(Tracer):
    """Stands for a `numpy.ndarray`."""

    __slots__ = ()

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentError("len() of a 0-d array.", got=repr(self.type))
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise ArgumentError("iteration over a 0-d array.", got=repr(self.type))
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, index: Any) -> Any:
        return function_handlers["getitem"](self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        function_handlers["setitem"](self, index, value)


Number.register(ScalarTracer)  # as NumPy's scalars are: `np.isscalar`, `isinstance(x, Number)`


def snapshot(tracer: Tracer) -> Tracer:
    """A handle of this moment's value that no later write can rebind."""
    tracer.refresh()
    tracer.is_owned = False
    return type(tracer)(tracer.recording, tracer.variable, tracer.value)


def in_type(value: Any) -> Any:
    """The Type of a value as type rules take it: Python scalars stand for themselves."""
    if isinstance(value, Tracer):
        return value.variable.type
    if isinstance(value, (np.ndarray, np.generic)):
        return Type(value.shape, value.dtype)
    if isinstance(value, Stack):
        return stack_type(value)
    return value


def stack_type(stack: Stack) -> StackType:
    """The type of a Stack value."""
    return stack.type


def escaped(tracer: Tracer) -> EscapedTracerError:
    """The error for a tracer whose function has ended."""
    return EscapedTracerError(
        "a traced value was used after the function it belongs to had ended.",
        got=f"{tracer.variable.type!r} from {tracer.recording.purpose}",
        expected="traced values to stay inside the function that is differentiated",
        try_="return the value (has_aux=True) instead of keeping it in a list, global or object",
    )


def missing_function(name: str) -> MissingRuleError:
    """The error for a NumPy function that has no derivative here."""
    return MissingRuleError(
        f"{name} has no derivative in Wengert.",
        got=f"a traced argument of {name}",
        expected="one of the functions listed in docs/supported.md",
        try_="write it with supported functions, or wrap it with wengert.extend.foreign",
    )


def implements(*functions: Any) -> Callable[[Handler], Handler]:
    """Register a handler of NumPy functions or ufuncs."""

    def register(handler: Handler) -> Handler:
        for function in functions:
            if isinstance(function, np.ufunc):
                ufunc_handlers[function] = handler
            else:
                function_handlers[function] = handler
        return handler

    return register


def install(name: str, method: Any) -> None:
    """Give every Tracer a method, property or operator."""
    setattr(Tracer, name, method)
