"""`Recording`: the list of equations being written, with values where there are any.

Every recorded equation is a step in the tree of all recordings (`nodes.py`); a recording walks the
tree, and its last node is its structure key, kept up equation by equation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, ConversionError, OutputError, user_location
from wengert.ir.primitive import Primitive
from wengert.ir.program import Atom, Equation, Literal, Program, Source, Var
from wengert.trace.evaluate import implementation, recording_values, watcher
from wengert.trace.nodes import Node, Root, equation_key, root_of
from wengert.trace.tracer import (
    ArrayTracer,
    ScalarTracer,
    Tracer,
    bind_in,
    current_body,
    current_recording,
    escaped,
    snapshot,
    stack_type,
)
from wengert.trace.views import deferred_view, link_view, may_update, refresh, update
from wengert.types import AnyType, Stack, StackType, Type

_serial = itertools.count(1)
_FLOAT64 = np.dtype(np.float64)
_COPY_LIMIT = 1 << 20  # bytes: larger arrays are marked read-only instead of copied


def lifts_scalars_here() -> bool:
    """Whether user code recorded here has its Python floats lifted: yes, but not under `jit`."""
    outer = current_recording.get()
    return outer is None or outer.lifts_scalars


class Recording:
    """An open recording. Use as a context manager; `finish` gives the Program.

    Parameters
    ----------
    purpose : str
        For messages: "grad", "the body of scan" …
    has_values : bool
        Whether tracers carry values.
    is_body : bool
        Whether every operation goes here while it is open, even those on other values.
    lifts_scalars : bool
        Whether Python floats become inputs instead of literals; see `lifts_scalars_here`.
    keeps_sources : bool
        Whether each equation remembers the user's line.
    kind : hashable
        What recordings of one tree have in common, besides their class.
    root : Root, optional
        A tree of its own, for a recording that will not be met again.
    """

    def __init__(
        self,
        purpose: str,
        *,
        has_values: bool,
        is_body: bool = False,
        lifts_scalars: bool = False,
        keeps_sources: bool = False,
        kind: Any = None,
        root: Root | None = None,
    ) -> None:
        self.serial = next(_serial)
        self.purpose = purpose
        self.has_values = has_values
        self.is_body = is_body
        self.lifts_scalars = lifts_scalars
        self.root = root_of((type(self), kind)) if root is None else root
        self.node: Node = self.root
        self.is_closed = False
        self.outer_body = current_body.get()
        self.is_concrete = has_values and self.outer_body is None
        self.sources: list[Source] | None = [] if keeps_sources else None
        self.watch = watcher.get() if has_values else None
        self.is_fast = self.is_concrete and self.watch is None and not keeps_sources
        self.arguments: list[Var] = []
        self.argument_handles: list[Tracer] = []
        self.may_write_arguments = is_body
        self.captured: list[Var] = []
        self.captured_values: list[Any] = []
        self._captured_tracers: dict[Any, tuple[Var, Any]] = {}
        self._captured_arrays: dict[int, list[tuple[Any, Var, Any]]] = {}
        self._frozen: list[np.ndarray] = []
        self._tokens: list[Any] = []

    # -- opening and closing -------------------------------------------------------------------

    def __enter__(self) -> Recording:
        self._tokens = [(current_recording, current_recording.set(self))]
        if self.is_body:
            self._tokens.append((current_body, current_body.set(self)))
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for variable, token in reversed(self._tokens):
            variable.reset(token)
        self._tokens = []
        self.close()
        if isinstance(error, ValueError) and isinstance(error.__cause__, ConversionError):
            raise error.__cause__ from None  # NumPy puts its own before ours: `plain[0] = traced`

    def close(self) -> None:
        """End the recording: its tracers become unusable, arrays held read-only are released."""
        self.is_closed = True
        self.is_fast = False
        self.argument_handles = []  # no cycles for the garbage collector to find
        for array in self._frozen:
            array.flags.writeable = True
        self._frozen.clear()

    # -- inputs ----------------------------------------------------------------------------------

    def argument(self, type_: AnyType, value: Any = None, is_array: bool = True) -> Tracer:
        """A new argument of the recorded function."""
        var = self._input(type_)
        self.arguments.append(var)
        if self.has_values:
            if isinstance(value, Tracer):
                self.is_concrete = self.is_fast = False
                is_array = isinstance(value, ArrayTracer)
                value = snapshot(value)
            else:
                is_array = isinstance(value, np.ndarray)
                value = self.keep(value)
        handle = (ArrayTracer if is_array else ScalarTracer)(self, var, value)
        self.argument_handles.append(handle)
        return handle

    def keep(self, value: Any) -> Any:
        """A value that later writes by the user cannot change while this recording is open."""
        if type(value) is np.ndarray:
            if value.nbytes <= _COPY_LIMIT or not value.flags.writeable:
                return value.copy(order="K") if value.flags.writeable else value
            value.flags.writeable = False
            self._frozen.append(value)
        return value

    def _input(self, type_: AnyType) -> Var:
        node = self.node.children.get(type_)
        if node is None:
            node = Node(self.node, None, Var(type_))
            self.root.n_nodes += 1
            node = self.node.children.setdefault(type_, node)
        self.node = node
        return node.var  # type: ignore[return-value]  # input nodes have one

    def _capture(self, value: Any, type_: AnyType) -> Var:
        var = self._input(type_)
        self.captured.append(var)
        self.captured_values.append(value)
        return var

    def capture_tracer(self, tracer: Tracer) -> tuple[Var, Any]:
        """The input that stands for a tracer of an outer recording."""
        if tracer.recording.is_closed:
            raise escaped(tracer)
        tracer.refresh()
        key = (tracer.recording, tracer.variable)
        known = self._captured_tracers.get(key)
        if known is None:
            tracer.is_owned = False
            self.is_concrete = self.is_fast = False
            value = snapshot(tracer)
            known = (self._capture(value, tracer.variable.type), value)
            self._captured_tracers[key] = known
        return known

    def capture_array(self, array: np.ndarray) -> tuple[Var, Any]:
        """The input that stands for a plain array: the same one while its contents are the same."""
        for original, var, kept in self._captured_arrays.get(id(array), ()):
            if original is array and (kept is array or same_contents(kept, array)):
                return var, kept
        require_numeric(array)
        kept = self.keep(array)
        var = self._capture(kept, Type(array.shape, array.dtype))
        self._captured_arrays.setdefault(id(array), []).append((array, var, kept))
        return var, kept

    def _constant(self, primitive: Primitive, value: Any, args: Sequence[Any]) -> tuple[Atom, Any]:
        kind = type(value)
        if kind is np.ndarray:
            return self.capture_array(value)
        if kind is float or kind is complex:
            if not self.lifts_scalars or primitive.keeps_literals:
                is_operand = kind is complex and primitive.is_elementwise
                return Literal(value), strong_complex(value, args) if is_operand else value
            lifted = promoted_scalar(value, args)
            return self._capture(lifted, Type((), lifted.dtype)), lifted
        if kind is int or kind is bool:
            return Literal(value), value
        if isinstance(value, np.generic):
            return self._capture(value, Type((), value.dtype)), value
        if kind is Stack:
            return self._capture(value, stack_type(value)), value
        if isinstance(value, (list, tuple, np.ndarray)):
            return self.capture_array(np.asarray(value))
        raise ArgumentError(
            f"{primitive.name}: an argument is neither a number nor an array.",
            got=f"{value!r} of type {kind.__name__}",
            expected="a number, an array, or a list of numbers",
            try_="convert it with np.asarray",
        )

    # -- equations --------------------------------------------------------------------------------

    def record(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Append one equation and return its outputs as Tracers."""
        if primitive.is_view and args:
            base = args[0]
            if isinstance(base, ArrayTracer) and base.is_owned and base.recording is self:
                view = deferred_view(primitive, base, args, params)
                return self.record_now(primitive, args, params) if view is None else view
        is_fast = self.is_fast
        if not is_fast or not primitive.is_plain:
            return self.record_now(primitive, args, params)
        # The short path, for concrete values: everything that `record_now` does, in one place.
        key: list[Any] = [primitive]
        values: list[Any] = []
        atom: Atom
        for a in args:
            if isinstance(a, Tracer):
                if a.base is not None:
                    refresh(a)
                if a.recording is self:
                    a.is_owned = False
                    key.append(a.variable)
                    values.append(a.value)
                    continue
                atom, value = self.capture_tracer(a)
            else:
                atom, value = self._constant(primitive, a, args)
            key.append(atom)
            values.append(value)
        ins = key[1:]
        step = equation_key(primitive, ins, params) if params else tuple(key)
        node = self.node.children.get(step)
        if node is None:
            node = self.extend(step, primitive, ins, values, params)
        equation: Equation = node.equation  # type: ignore[assignment]  # this step is one
        if not self.is_fast:  # a tracer of an outer recording was among the arguments
            return self._finish(node, equation, args, ins, values)
        value = node.call(*values)
        self.node = node
        if node.rule is not None:
            self.save(node, ins, values, value)
        is_array = type(value) is np.ndarray
        handle = (ArrayTracer if is_array else ScalarTracer)(self, equation.outputs[0], value)
        if is_array and primitive.is_view and isinstance(args[0], Tracer):
            link_view(primitive, handle, args, params)
        return handle

    def record_now(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The same at once, also for a view of a buffer that may be written in place."""
        if self.is_closed:
            raise escaped(next(a for a in args if isinstance(a, Tracer)))
        ins: list[Atom] = []
        values: list[Any] = []
        atom: Atom
        copies_read = False
        for a in args:
            if isinstance(a, Tracer):
                if a.base is not None:
                    refresh(a)
                if a.recording is self:
                    ins.append(a.variable)
                    values.append(a.value)
                    if a.is_owned:
                        if primitive.reads_elements and len(ins) == 1:
                            copies_read = True  # so that the next write may stay in place
                        else:
                            a.is_owned = False
                    continue
                atom, value = self.capture_tracer(a)
            else:
                atom, value = self._constant(primitive, a, args)
            ins.append(atom)
            values.append(value)
        result = self.append(primitive, ins, values, params, copies_read)
        if primitive.is_view and isinstance(args[0], Tracer):
            link_view(primitive, result, args, params)
        return result

    def _finish(
        self, node: Node, equation: Equation, args: Sequence[Any], ins: Any, values: list[Any]
    ) -> Any:
        """The end of the short path where the values turned out to be tracers."""
        output = self.compute(equation, values)
        self.node = node
        if node.rule is not None:
            self.save(node, ins, values, output)
        result = self.wrap(equation, output)
        if equation.primitive.is_view and isinstance(args[0], Tracer):
            link_view(equation.primitive, result, args, equation.params)
        return result

    def append(
        self,
        primitive: Primitive,
        ins: list[Atom],
        values: list[Any],
        params: dict[str, Any],
        copies_read: bool = False,
        in_place: bool = False,
    ) -> Any:
        """Append an equation whose inputs are known; `values` are theirs where there are any."""
        key = equation_key(primitive, ins, params)
        node = self.node.children.get(key)
        if node is None:
            node = self.extend(key, primitive, ins, values, params)
        equation = node.equation
        assert equation is not None
        if self.has_values:
            if self.watch is not None:
                with recording_values():
                    outputs = self.compute(equation, values, in_place)
            else:
                outputs = self.compute(equation, values, in_place)
            if self.watch is not None and self.is_concrete:
                self.watch(equation.with_source(user_location()), values, outputs, True)
            if copies_read and primitive.is_view:
                outputs = separate(outputs)
        else:
            outputs = None
        self.node = node
        if self.sources is not None:
            self.sources.append(user_location())
        if node.rule is None:
            return self.wrap(equation, outputs)
        self.save(node, ins, values, outputs)
        return self.wrap(equation, outputs, node.rule.n_extra)

    def atoms(
        self, primitive: Primitive, args: Sequence[Any], target: Tracer
    ) -> tuple[list[Atom], list[Any]]:
        """The inputs of a write into `target`, and their values, for arguments of any kind."""
        beside = (target, *args)
        ins: list[Atom] = []
        values: list[Any] = []
        for a in args:
            if not isinstance(a, Tracer):
                atom, value = self._constant(primitive, a, beside)
            elif a.recording is self:
                a.refresh()
                a.is_owned = False
                atom, value = a.variable, a.value
            else:
                atom, value = self.capture_tracer(a)
            ins.append(atom)
            values.append(value)
        return ins, values

    def compute(self, equation: Equation, values: list[Any], in_place: bool = False) -> Any:
        """The value of an equation's outputs (tracers where the recording is nested)."""
        primitive = equation.primitive
        if in_place and primitive.in_place is not None:
            target = values[0]
            if not isinstance(target, Tracer):
                if self.is_concrete and target.flags.writeable:
                    return primitive.in_place(*values, **equation.params)
            elif target.is_owned and may_update(target, values):
                return update(target, primitive, values[1:], equation.params)
        if self.is_concrete:
            return primitive.array(*values, **equation.params)
        return bind_in(self.outer_body, primitive, values, equation.params)

    def extend(
        self,
        key: Any,
        primitive: Primitive,
        ins: list[Atom],
        values: list[Any],
        params: dict[str, Any],
    ) -> Node:
        """A new node after the present one, for an equation not met here before."""
        types = primitive.type_rule(
            *[a.type if isinstance(a, Var) else a.value for a in ins], **params
        )
        if not primitive.is_multiple:
            types = (types,)
        equation = Equation(primitive, tuple(ins), dict(params), tuple(Var(t) for t in types))
        node = Node(self.node, equation, None)
        node.call = implementation(equation)
        self.root.n_nodes += 1
        return self.node.children.setdefault(key, node)

    def save(self, node: Node, ins: list[Atom], values: list[Any], outputs: Any) -> None:
        """Keep what the derivative of an equation reads. Differentiating recordings do."""

    def wrap(self, equation: Equation, outputs: Any, n_extra: int = 0) -> Any:
        """Tracers for an equation's outputs."""
        if equation.primitive.is_multiple:
            n = len(equation.outputs)
            if outputs is None:
                outputs = (None,) * n
            pairs = zip(equation.outputs[: n - n_extra], outputs, strict=False)
            gives_array = equation.primitive.gives_array
            return tuple([self._handle(var, value, gives_array) for var, value in pairs])
        handle = self._handle(equation.outputs[0], outputs, equation.primitive.gives_array)
        handle.is_owned = equation.primitive.in_place is not None
        return handle

    def _handle(self, var: Var, value: Any, gives_array: bool) -> Tracer:
        if value is not None:
            is_array = isinstance(value, (np.ndarray, ArrayTracer))
        else:
            is_array = gives_array or type(var.type) is StackType or var.type.shape != ()
        return (ArrayTracer if is_array else ScalarTracer)(self, var, value)

    # -- hooks of the special recordings --------------------------------------------------------

    def on_decision(self, tracer: Tracer, answer: Any) -> None:
        """Python asked for a decision and got `answer`; `jit` keeps a guard."""

    def outer_value(self, tracer: Tracer) -> Any:
        """The value of a tracer without one, where what it depends on is known outside."""
        return None

    # -- results ----------------------------------------------------------------------------------

    def output(self, value: Any, path: str = "") -> Atom:
        """The Var of something the recorded function returned."""
        if isinstance(value, Tracer):
            value.refresh()
            if value.recording is self:
                return value.variable
            return self.capture_tracer(value)[0]
        if isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic):
            value = np.asarray(value)[()]
        if isinstance(value, np.generic) and value.dtype.kind in "fciub":
            return self._capture(value, Type((), value.dtype))
        if isinstance(value, np.ndarray) and value.dtype.kind in "fciub":
            return self.capture_array(value)[0]
        if isinstance(value, Stack):
            return self._capture(value, stack_type(value))
        raise OutputError(
            f"the function given to {self.purpose} returned something that is no array.",
            got=f"{value!r} of type {type(value).__name__}" + (f" at {path}" if path else ""),
            expected="numbers, arrays, or containers of them",
            try_="return it through has_aux, or convert it with np.asarray",
        )

    def program(self, outputs: Sequence[Atom], with_sources: bool = False) -> Program:
        """The Program recorded so far; captured inputs follow the arguments."""
        equations = [n.equation for n in self.node.path() if n.equation is not None]
        if with_sources and self.sources is not None:
            equations = [e.with_source(s) for e, s in zip(equations, self.sources, strict=True)]
        return Program((*self.arguments, *self.captured), equations, outputs, self.captured_values)


def record_function(
    f: Callable[..., Any], in_types: Sequence[Any], purpose: str, is_body: bool = False
) -> tuple[Program, Any]:
    """Record `f` without values on arguments of the given types; literals arrive as they are.

    Returns
    -------
    program : Program
        Its inputs are the arguments that are not literals, then what `f` captured.
    result : tree
        What `f` returned, tracers replaced by positions in the Program's outputs (None stays).
    """
    recording = Recording(purpose, has_values=False, is_body=is_body)
    with recording:
        args = [
            t.value
            if isinstance(t, Literal)
            else recording.argument(t, is_array=t.shape != ())
            if isinstance(t, Type)
            else recording.argument(t)
            for t in in_types
        ]
        result = f(*args)
        leaves, tree = trees.flatten(result)
        outputs = [recording.output(leaf) for leaf in leaves]
    return recording.program(outputs), tree


def require_numeric(array: np.ndarray) -> None:
    """Raise for arrays of objects, strings or dates."""
    if array.dtype.kind not in "fciub":
        raise ArgumentError(
            "an array of this dtype cannot take part in a traced computation.",
            got=f"{array.dtype}",
            expected="floating point, complex, integer or boolean",
            try_="convert it with astype, or keep it out of traced operations",
        )


def promoted_scalar(value: float | complex, args: Sequence[Any]) -> Any:
    """A Python scalar in the dtype that NumPy's promotion gives it beside `args`."""
    if type(value) is float:
        for a in args:
            if a is not value and not (isinstance(a, Tracer) and a.dtype is _FLOAT64):
                break
        else:
            return np.float64(value)
    dtypes = {a.dtype for a in args if isinstance(a, (Tracer, np.ndarray, np.generic))}
    dtype = dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes)
    if dtype.kind not in "fc" or (type(value) is complex and dtype.kind != "c"):
        dtype = np.result_type(dtype, value)
    return dtype.type(value)


def separate(value: Any) -> Any:
    """The value that was read, out of reach of later writes into the buffer it was read from."""
    if isinstance(value, Tracer):
        return snapshot(value)
    return value.copy(order="K") if type(value) is np.ndarray else value


def strong_complex(value: complex, args: Sequence[Any]) -> Any:
    """A Python complex as a NumPy scalar: beside a NumPy scalar Python's own operators come first
    (`1j * np.float64(2)` is a Python complex, which has no dtype)."""
    is_alone = not any([isinstance(a, (Tracer, np.ndarray, np.generic)) for a in args])
    return value if is_alone else promoted_scalar(value, args)


def same_contents(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays hold the same bits."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
