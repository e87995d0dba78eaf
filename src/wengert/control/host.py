"""Functions that Python runs on plain values, with derivatives that the user's functions give.

A `custom_jvp` function is recorded; a *host* function is not: it gets numbers and arrays, may call
anything that computes with them, and take any decision. Three primitives serve it,

    host        (arguments) -> outputs
    host_push   (arguments, outputs, tangents) -> tangents of the outputs
    host_pull   (arguments, outputs, cotangents) -> cotangents of the arguments

the last two each other's transposes. Their parameter `call` says what Python runs (`HostCall`). The
user's rules, too, run on plain values. A derivative of a derivative runs them on traced values in
place of the equation (`Primitive.inline`), so that they are differentiated like any function;
where there are no values (in a loop body) they are recorded.

A rule that is missing is the transpose of the other one, which is recorded in its cotangent or
tangent alone, or else run on unit vectors.

(`wengert.extend.foreign` has rules for all arguments at once and Programs for its derivatives; here
rules go argument by argument, and may take decisions on values at any order.)
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from wengert.control.bodies import leaf_type, record_body
from wengert.control.call import call_p
from wengert.control.linearity import nonlinear_equation, require_linear
from wengert.control.programs import record_linear_rule, zeros
from wengert.errors import (
    ConversionError,
    DecisionError,
    MissingRuleError,
    OutputError,
    WengertError,
)
from wengert.ir.dependence import Everything
from wengert.ir.primitive import Primitive, Unsupported, define, registry
from wengert.ir.program import Equation, Literal, Program, Var
from wengert.ops.core import full
from wengert.ops.joining import stack
from wengert.trace.evaluate import evaluate
from wengert.trace.recording import record_function
from wengert.trace.tracer import Tracer, bind, current_body, current_recording
from wengert.transforms.linearize import DifferentiatingRecording
from wengert.transforms.rules import LinearRule, linear_rule
from wengert.transforms.transpose import transpose_program
from wengert.types import Type


class HostCall(ABC):
    """What Python runs for one equation: a parameter, compared by identity.

    Whoever makes them makes equal calls the same object, so that they are one structure. All
    methods take and give flat sequences.
    """

    name: str
    out_types: tuple[Type, ...]

    def __repr__(self) -> str:
        return f"<host {self.name}>"

    @abstractmethod
    def run(self, args: Sequence[Any]) -> Sequence[Any]:
        """The outputs for plain arguments, run `on_plain_values`."""

    @abstractmethod
    def push(self, args: Any, outs: Any, tangents: dict[int, Any]) -> Sequence[Any] | None:
        """Tangents of the float outputs; None where no forward rule is defined."""

    @abstractmethod
    def pull(
        self, args: Any, outs: Any, cts: Sequence[Any], active: tuple[int, ...]
    ) -> Sequence[Any] | None:
        """Cotangents of the active arguments; None where no reverse rule is defined."""

    @abstractmethod
    def require(self, active: tuple[int, ...]) -> None:
        """Raise where a derivative in one of these arguments has no meaning."""

    @property
    def directions(self) -> frozenset[str]:
        """Which rules there are, "push" and "pull"."""
        return frozenset({"push", "pull"})

    @property
    def float_outs(self) -> tuple[int, ...]:
        """Which outputs have tangents."""
        return tuple([j for j, t in enumerate(self.out_types) if t.is_differentiable])


# -- applying one ----------------------------------------------------------------------------------

_ready: ContextVar[Any] = ContextVar("ready", default=None)  # (call, outputs) found already


def apply(call: HostCall, args: Sequence[Any], outs: Sequence[Any] | None = None) -> Any:
    """The outputs of `call`, recorded; `outs` are their plain values where they are known."""
    token = _ready.set(None if outs is None else [call, outs])
    try:
        return bind(host_p, *args, call=call)
    finally:
        _ready.reset(token)


def plain_value(value: Any) -> Any:
    """The number or array that a traced value stands for; None where there is none."""
    while isinstance(value, Tracer):
        value.refresh()
        inner = value.value
        value = value.recording.outer_value(value) if inner is None else inner
    return value


@contextmanager
def on_plain_values(operands: Sequence[Any] = ()) -> Iterator[None]:
    """What runs inside is seen by no recording, unless one of the operands is traced.

    Arrays that it makes with `wengert.numpy` are plain ones.
    """
    if any([isinstance(a, Tracer) for a in operands]):
        yield
        return
    tokens = [current_recording.set(None), current_body.set(None)]
    try:
        yield
    finally:
        current_body.reset(tokens[1])
        current_recording.reset(tokens[0])


def _run(*args: Any, call: HostCall) -> tuple[Any, ...]:
    ready = _ready.get()
    if ready is not None and ready[0] is call:
        _ready.set(None)
        return tuple(ready[1])
    outs = tuple(call.run(args))
    found = tuple([leaf_type(y) for y in outs])
    if found != call.out_types:
        raise OutputError(
            f"{call.name}: the types of the results depend on the values of the arguments.",
            got=repr(list(found)),
            expected=f"{list(call.out_types)!r}, as when it was recorded",
        )
    return outs


# -- derivatives -----------------------------------------------------------------------------------


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    call: HostCall = params["call"]
    call.require(active)
    atoms: list[Any] = [k if isinstance(k, Literal) else Var(k) for k in kinds]
    outs = [Var(t) for t in call.out_types]
    tangents = [Var(kinds[i]) for i in active]
    results = tuple([Var(call.out_types[j]) for j in call.float_outs])
    known = (*atoms, *outs)
    rule_params = {"call": call, "n_args": len(atoms), "active": active}
    equations = [Equation(host_push_p, (*known, *tangents), rule_params, results)]
    reads_in = tuple([i for i, a in enumerate(atoms) if type(a) is Var])
    inputs = [*[atoms[i] for i in reads_in], *outs, *tangents]
    return LinearRule(
        Program(inputs, equations if results else [], results),
        reads_in,
        tuple(range(len(outs))),
        active,
        call.float_outs,
    )


def _parts(args: Sequence[Any], call: HostCall, n_args: int) -> tuple[Any, Any, Any]:
    n_known = n_args + len(call.out_types)
    return args[:n_args], args[n_args:n_known], args[n_known:]


def _push(*operands: Any, call: HostCall, n_args: int, active: tuple[int, ...]) -> Any:
    args, outs, tangents = _parts(operands, call, n_args)
    with on_plain_values(operands):
        found = call.push(args, outs, dict(zip(active, tangents, strict=True)))
        if found is None:

            def pull(*cts: Any) -> Any:
                return call.pull(args, outs, cts, active)

            types = [call.out_types[j] for j in call.float_outs]
            found = transposed(f"forward mode through {call.name}", pull, types, tangents)
    return tuple(found)


def _pull(*operands: Any, call: HostCall, n_args: int, active: tuple[int, ...]) -> Any:
    args, outs, cts = _parts(operands, call, n_args)
    with on_plain_values(operands):
        found = call.pull(args, outs, cts, active)
        if found is None:

            def push(*tangents: Any) -> Any:
                return call.push(args, outs, dict(zip(active, tangents, strict=True)))

            types = [leaf_type(args[i]) for i in active]
            found = transposed(f"reverse mode through {call.name}", push, types, cts)
    return tuple(found)


def transposed(
    what: str, f: Callable[..., Any], in_types: Sequence[Type], values: Sequence[Any]
) -> list[Any]:
    """The adjoint of a linear function that takes arguments of these types, at `values`.

    It is traced and transposed; where it cannot be traced, applied to unit vectors.
    """
    try:
        body = record_body(what, f, in_types, lambda handles: handles)
    except (ConversionError, DecisionError, MissingRuleError) as error:
        return _by_unit_vectors(what, f, in_types, values, error)
    mask = [i >= body.n_captured for i in range(len(body.program.inputs))]
    eq = nonlinear_equation(body.program, mask)
    if eq is not None and eq.primitive is host_p:
        return _by_unit_vectors(what, f, in_types, values, None)
    require_linear(body.program, mask, f"{what}: the rule", "the cotangent or tangent")
    return evaluate(transpose_program(body.program, mask), [*body.captured, *values])


def _by_unit_vectors(
    what: str,
    f: Callable[..., Any],
    in_types: Sequence[Type],
    values: Sequence[Any],
    error: WengertError | None,
) -> list[Any]:
    """The same by one run a unit vector, under ⟨u, v⟩ = Re Σ conj(u) v."""
    if current_recording.get() is not None:
        note = f"in {what}, which takes the other mode's rule in its linear argument"
        error = error or MissingRuleError(f"{what} cannot be recorded: its rule is run by Python.")
        error.add_note(note)
        raise error
    zero = [np.zeros(t.shape, t.dtype)[()] for t in in_types]
    results = [np.zeros(t.shape, t.dtype) for t in in_types]
    for k, t in enumerate(in_types):
        for place in np.ndindex(t.shape):
            for unit in (1.0, 1.0j) if t.dtype.kind == "c" else (1.0,):
                vector = np.zeros(t.shape, t.dtype)
                vector[place] = unit
                images = f(*zero[:k], vector[()], *zero[k + 1 :])
                products = [np.vdot(a, v) for a, v in zip(images, values, strict=True)]
                results[k][place] += unit * np.real(sum(products))
    return [r[()] for r in results]


def _derivative_of_rule(
    primitive: Primitive, kinds: Any, params: dict[str, Any], active: tuple[int, ...]
) -> LinearRule:
    """The linearization of `host_push` or `host_pull`, without values."""
    n_known = params["n_args"] + len(params["call"].out_types)
    out_types = primitive.type_rule(*kinds, **params)
    if all(i >= n_known for i in active):

        def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
            rest = range(n_known, len(kinds))
            given = [tangents[i] if i in tangents else zeros(kinds[i]) for i in rest]
            return dict(enumerate(bind(primitive, *args[:n_known], *given, **params)))

        return record_linear_rule(primitive, kinds, out_types, active, build)
    program = _program_of_rule(primitive, kinds, params)
    return linear_rule(call_p, kinds, {"program": program}, active)


def _program_of_rule(primitive: Primitive, kinds: Any, params: dict[str, Any]) -> Program:
    """What the user's rule does, recorded without values."""
    name = params["call"].name
    program, _ = record_function(
        lambda *operands: primitive.array(*operands, **params),
        kinds,
        f"the derivative of the rule of {name}",
        is_body=True,
    )
    if program.captured:
        raise MissingRuleError(
            f"the rule of {name} closes over an array and is differentiated where it has no "
            "values.",
            got="a second derivative in a loop body, a branch or a series",
            expected="a rule that computes with its arguments and numbers",
            try_="pass the array as an argument of the function",
        )
    return program


def _series_of(primitive_of: Callable[[], Primitive]) -> Callable[..., Any]:
    def series(order: int, args: Sequence[Sequence[Any]], **params: Any) -> list[list[Any]]:
        assert call_p.series is not None
        kinds = [leaf_type(a[0]) for a in args]
        program = _program_of_rule(primitive_of(), kinds, params)
        return call_p.series(order, args, program=program)

    return series


def _inline(primitive: Primitive) -> Callable[..., Any]:
    """Run the user's rule on traced values; beside other recordings only if it lets itself."""

    def inline(recording: Any, *operands: Any, **params: Any) -> Any:
        if isinstance(recording, DifferentiatingRecording):
            return primitive.array(*operands, **params)
        return bind(primitive, *operands, **params)

    return inline


# -- the other rules -------------------------------------------------------------------------------


def _transposing(other: Callable[[], Primitive]) -> Callable[..., Any]:
    def transpose(
        cts: Sequence[Any],
        args: Sequence[Any],
        linear: Sequence[int],
        *,
        call: HostCall,
        n_args: int,
        active: tuple[int, ...],
    ) -> dict[int, Any]:
        n_known = n_args + len(call.out_types)
        primitive = other()
        if primitive is host_pull_p:
            types = [call.out_types[j] for j in call.float_outs]
        else:
            types = [leaf_type(args[i]) for i in active]
        filled = [zeros(t) if ct is None else ct for ct, t in zip(cts, types, strict=True)]
        params = {"call": call, "n_args": n_args, "active": active}
        found = bind(primitive, *args[:n_known], *filled, **params)
        return {i: found[i - n_known] for i in linear}

    return transpose


def _batching(primitive_of: Callable[[], Primitive]) -> Callable[..., Any]:
    """Python runs once for each item: one equation for each."""

    def batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], **params: Any) -> Any:
        items = []
        for k in range(size):
            operands = [a[k] if on else a for a, on in zip(args, is_batched, strict=True)]
            items.append(bind(primitive_of(), *operands, **params))
        if not items:
            kinds = [
                Type(a.shape[1:], a.dtype) if on else leaf_type(a)
                for a, on in zip(args, is_batched, strict=True)
            ]
            types = primitive_of().type_rule(*kinds, **params)
            return tuple([full((0, *t.shape), 0, t.dtype) for t in types]), True
        return tuple([stack(column, 0) for column in zip(*items, strict=True)]), True

    return batch


def _push_types(*types: Any, call: HostCall, n_args: int, active: tuple[int, ...]) -> Any:
    return tuple([call.out_types[j] for j in call.float_outs])


def _pull_types(*types: Any, call: HostCall, n_args: int, active: tuple[int, ...]) -> Any:
    return tuple([types[i] for i in active])


def _size(in_types: Any, out_types: Any, **params: Any) -> int:
    """What Python does is not known; at least each output element is made."""
    return sum([t.size for t in out_types])


def _cost_of(direction: str) -> Callable[..., int]:
    """A rule that is missing costs one run of the other for each number, where it is not traced."""

    def cost(in_types: Any, out_types: Any, **params: Any) -> int:
        n_runs = 1
        if direction not in params["call"].directions:
            known = params["n_args"] + len(params["call"].out_types)
            n_runs = sum([t.size for t in in_types[known:]])
        return n_runs * _size(in_types, out_types)

    return cost


# Python functions have no NumPy text: source code of this process finds them by number.
calls: WeakValueDictionary[int, HostCall] = WeakValueDictionary()
_numbers = itertools.count(1)
_SUPPORT = "from wengert.control.host import called as _host"


def called(name: str, number: int) -> Callable[..., Any]:
    """What the source text of a Program calls: a primitive with its `call`."""
    return partial(registry[name].array, call=calls[number])


def _rendering(name: str) -> Callable[..., str]:
    def render(ins: Sequence[str], params: dict[str, Any]) -> str:
        number = next((k for k, known in calls.items() if known is params["call"]), None)
        if number is None:
            number = next(_numbers)
            calls[number] = params["call"]
        rest = [f"{k}={params[k]!r}" for k in ("n_args", "active") if k in params]
        return f'_host("{name}", {number})({", ".join([*ins, *rest])})'

    return render


_PYTHON = Unsupported("a Python function of the user computes it")

host_p: Primitive = define(
    Primitive(
        "host",
        _run,
        lambda *types, call: call.out_types,
        linearize=_linearize,
        transpose=Unsupported("its linear part is `host_push`"),
        batch=_batching(lambda: host_p),
        cost=_size,
        render=_rendering("host"),
        support=_SUPPORT,
        is_multiple=True,
        facts={"meaning": "a Python function that runs on plain values"},
        emit=_PYTHON,
    )
)

host_push_p: Primitive = define(
    Primitive(
        "host_push",
        _push,
        _push_types,
        linearize=lambda kinds, params, active: _derivative_of_rule(
            host_push_p, kinds, params, active
        ),
        transpose_all=_transposing(lambda: host_pull_p),
        batch=_batching(lambda: host_push_p),
        sparsity=Everything("a function that is run as it is"),
        series=_series_of(lambda: host_push_p),
        cost=_cost_of("push"),
        render=_rendering("host_push"),
        support=_SUPPORT,
        is_multiple=True,
        facts={"meaning": "the tangents of a host function, by the user's rule"},
        emit=_PYTHON,
    )
)

host_pull_p: Primitive = define(
    Primitive(
        "host_pull",
        _pull,
        _pull_types,
        linearize=lambda kinds, params, active: _derivative_of_rule(
            host_pull_p, kinds, params, active
        ),
        transpose_all=_transposing(lambda: host_push_p),
        batch=_batching(lambda: host_pull_p),
        sparsity=Everything("a function that is run as it is"),
        series=_series_of(lambda: host_pull_p),
        cost=_cost_of("pull"),
        render=_rendering("host_pull"),
        support=_SUPPORT,
        is_multiple=True,
        facts={"meaning": "the cotangents of a host function, by the user's rule"},
        emit=_PYTHON,
    )
)
for _primitive in (host_push_p, host_pull_p):
    _primitive.inline = _inline(_primitive)

__all__ = [
    "HostCall",
    "apply",
    "host_p",
    "host_pull_p",
    "host_push_p",
    "on_plain_values",
    "plain_value",
    "transposed",
]
