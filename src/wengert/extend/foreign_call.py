"""The primitive `foreign`: a Python function as an equation, and what transforms make of it.

Its one parameter says what is run: `ForeignCall`, one of three parts of a function,

    VALUE     (arguments) -> results
    FORWARD   (arguments, results if the rule reads them, tangents) -> tangents of the results
    ADJOINT   (arguments, results if the rule reads them, cotangents) -> those of the arguments

on one item, or on each item of batches (`lead`); or `Constant`, an array that a rule closed over.
FORWARD and ADJOINT are linear in what comes last, and each the other's transpose. Tangents and
cotangents are those of floating point arguments and results only.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from wengert import trees
from wengert.control.call import call_p
from wengert.control.programs import record_linear_rule, zeros
from wengert.errors import MissingRuleError, OutputError
from wengert.ir.flow import Flow, united
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Literal, Program
from wengert.trace.tracer import bind, current_body
from wengert.transforms.rules import LinearRule, linear_rule
from wengert.types import Type

if TYPE_CHECKING:
    from wengert.extend.foreign_function import Foreign


class Static:
    """A leaf that is no number: equal values of one type are the same, or else the same object."""

    __slots__ = ("_key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        try:
            hash(value)
        except TypeError:
            self._key: Any = (id(value),)  # kept alive by `value`
        else:
            self._key = (type(value), value)

    def __eq__(self, other: object) -> bool:
        return type(other) is Static and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Site:
    """A foreign function with the kinds of its arguments and results.

    `spec` is that of (args, kwargs), whose leaves are `static` in their places and `types`.
    """

    foreign: Foreign
    spec: Any
    static: tuple[tuple[int, Static], ...]
    types: tuple[Type, ...]
    out_spec: Any = None
    out_types: tuple[Type, ...] = ()

    @property
    def name(self) -> str:
        return self.foreign.name

    @property
    def floats(self) -> tuple[int, ...]:
        """Which arguments have tangents."""
        return tuple([i for i, t in enumerate(self.types) if t.is_differentiable])

    @property
    def float_outs(self) -> tuple[int, ...]:
        return tuple([i for i, t in enumerate(self.out_types) if t.is_differentiable])

    @property
    def reads_out(self) -> bool:
        return self.foreign.rule is not None and self.foreign.rule.reads_out

    def arguments(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments with these numbers; the function's own copies."""
        filled = [own(x) for x in leaves]
        for i, value in self.static:
            filled.insert(i, value.value)
        return trees.unflatten(self.spec, filled)

    def tangents(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """A tuple with one entry an argument: tangents, None where there is none."""
        given = dict(zip(self.floats, leaves, strict=True))
        filled = [own(given[i]) if i in given else None for i in range(len(self.types))]
        for i, _ in self.static:
            filled.insert(i, None)
        return trees.unflatten(self.spec, filled)[0]

    def results(self, leaves: Sequence[Any]) -> Any:
        """The result, as a tree of these numbers."""
        return trees.unflatten(self.out_spec, [own(x) for x in leaves])

    def cotangent(self, leaves: Sequence[Any]) -> Any:
        """The cotangent of the result, None where there is none."""
        given = dict(zip(self.float_outs, leaves, strict=True))
        filled = [own(given[i]) if i in given else None for i in range(len(self.out_types))]
        return trees.unflatten(self.out_spec, filled)


def own(x: Any) -> Any:
    """A copy in C order, which a foreign function may keep, write to, or hand to compiled code."""
    return np.array(x, order="C") if isinstance(x, np.ndarray) else x


class Part(Enum):
    """What of a foreign function is run."""

    VALUE = "value"
    FORWARD = "forward"
    ADJOINT = "adjoint"


class Called(ABC):
    """What an equation `foreign` runs: its parameter."""

    @property
    @abstractmethod
    def types(self) -> tuple[Type, ...]:
        """Of the results."""

    @abstractmethod
    def run(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The results for values."""


class Constant(Called):
    """An array that a rule closed over: an equation without inputs."""

    def __init__(self, value: Any) -> None:
        self.value = np.array(value)

    @property
    def types(self) -> tuple[Type, ...]:
        return (Type(self.value.shape, self.value.dtype),)

    def run(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        return (self.value.copy()[()],)

    def __repr__(self) -> str:
        return f"<constant {self.types[0]!r}>"


@dataclass(frozen=True, repr=False)
class ForeignCall(Called):
    """One part of a foreign function, on each item of a batch.

    `lead` lists the batches, the outermost first: how many items, and which operands have an axis
    for them. Batch axes stand in front, and all results have all of them.
    """

    site: Site
    part: Part
    lead: tuple[tuple[int, tuple[bool, ...]], ...] = ()

    def __repr__(self) -> str:
        kind = "" if self.part is Part.VALUE else f" {self.part.value}"
        sizes = "".join([f" over {size}" for size, _ in self.lead])
        return f"<foreign {self.site.name}{kind}{sizes}>"

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple([size for size, _ in self.lead])

    @property
    def item_types(self) -> tuple[Type, ...]:
        """The types of one item's results."""
        site = self.site
        if self.part is Part.VALUE:
            return site.out_types
        if self.part is Part.FORWARD:
            return tuple([site.out_types[i] for i in site.float_outs])
        return tuple([site.types[i] for i in site.floats])

    @property
    def operand_types(self) -> tuple[Type, ...]:
        """The types of one item's operands."""
        site = self.site
        outs = site.out_types if self.part is not Part.VALUE and site.reads_out else ()
        linear: tuple[Type, ...] = ()
        if self.part is Part.FORWARD:
            linear = tuple([site.types[i] for i in site.floats])
        if self.part is Part.ADJOINT:
            linear = tuple([site.out_types[i] for i in site.float_outs])
        return (*site.types, *outs, *linear)

    @property
    def n_outs_read(self) -> int:
        """How many results the derivative has among its operands."""
        return len(self.site.out_types) if self.site.reads_out else 0

    @property
    def n_known(self) -> int:
        """How many operands the part is not linear in."""
        n = len(self.site.types)
        return n if self.part is Part.VALUE else n + self.n_outs_read

    def forward(self) -> ForeignCall:
        """The derivative of VALUE."""
        self.rule()
        floats = self.site.floats
        lead = [
            (size, (*flags, *[True] * self.n_outs_read, *[flags[i] for i in floats]))
            for size, flags in self.lead
        ]
        return replace(self, part=Part.FORWARD, lead=tuple(lead))

    def program(self) -> Program:
        """FORWARD or ADJOINT in NumPy, where the rule can be traced."""
        from wengert.extend.foreign_program import rule_program

        return rule_program(self)

    @property
    def types(self) -> tuple[Type, ...]:
        return tuple([Type((*self.sizes, *t.shape), t.dtype) for t in self.item_types])

    # -- running -----------------------------------------------------------------------------------

    def run(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        # Here are plain values: what a rule computes with them belongs to no open recording.
        token = current_body.set(None)
        try:
            return self._run_batch(operands)
        finally:
            current_body.reset(token)

    def _run_batch(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        sizes = self.sizes
        if not sizes:
            return self._run_items(operands, ())
        full = [self._spread(i, x) for i, x in enumerate(operands)]
        if self.site.foreign.vectorized:
            return self._run_items(full, sizes)
        results = [np.empty(t.shape, t.dtype) for t in self.types]
        for at in np.ndindex(sizes):
            for result, value in zip(
                results, self._run_items([x[at] for x in full], ()), strict=True
            ):
                result[at] = value
        return tuple(results)

    def _spread(self, i: int, x: Any) -> Any:
        """Operand i with all batch axes."""
        x = np.asarray(x)
        item = x.shape[sum([flags[i] for _, flags in self.lead]) :]
        shape = [size if flags[i] else 1 for size, flags in self.lead]
        return np.broadcast_to(x.reshape(*shape, *item), (*self.sizes, *item))

    def _run_items(self, operands: Sequence[Any], lead: tuple[int, ...]) -> tuple[Any, ...]:
        site = self.site
        n = len(site.types)
        if self.part is Part.VALUE:
            args, kwargs = site.arguments(operands)
            found = trees.flatten(site.foreign.f(*args, **kwargs))
            return self.checked(found, site.out_spec, lead, site.name)
        rule = self.rule()
        leaves, outs, linear = operands[:n], operands[n : self.n_known], operands[self.n_known :]
        run = rule.forward if self.part is Part.FORWARD else rule.adjoint
        return tuple(run(self, leaves, outs, linear, lead))

    def rule(self) -> Any:
        """The derivative rule of the function, or the error that there is none."""
        rule = self.site.foreign.rule
        if rule is None:
            raise MissingRuleError(
                f"{self.site.name}: a foreign function without a rule cannot be differentiated.",
                got="foreign(f) alone",
                expected="foreign(f, jvp=...), foreign(f, vjp=...), or a numerical derivative: "
                'foreign(f, numeric="complex") or foreign(f, numeric="central")',
                try_="wengert.stop_gradient on its arguments where they count as constants",
            )
        return rule

    def checked(
        self, found: tuple[list[Any], Any], spec: Any, lead: tuple[int, ...], what: str
    ) -> tuple[Any, ...]:
        """Results as arrays of the announced types, out of reach of what returned them."""
        leaves, found_spec = found
        if found_spec != spec:
            raise OutputError(
                f"{what} returned another structure than announced.",
                got=str(found_spec),
                expected=str(spec),
                try_="out=..., where the structure depends on more than the arguments' types",
            )
        return tuple(
            [as_type(x, t, lead, what) for x, t in zip(leaves, self.site.out_types, strict=True)]
        )


def as_type(value: Any, type_: Type, lead: tuple[int, ...], what: str) -> Any:
    """A copy of a result in the announced type, or the error that it does not have it."""
    array = np.asarray(value)
    shape = (*lead, *type_.shape)
    if array.shape != shape or not np.can_cast(array.dtype, type_.dtype, "same_kind"):
        raise OutputError(
            f"{what} returned another type than announced.",
            got=f"{array.dtype.name}[{', '.join(map(str, array.shape))}]",
            expected=repr(Type(shape, type_.dtype)),
            try_="out=..., or a function that pads or converts its result",
        )
    return np.array(array, type_.dtype, order="C")[()]


# -- rules of the primitive ------------------------------------------------------------------------


def _linearize(kinds: Any, params: dict[str, Any], active: tuple[int, ...]) -> LinearRule:
    call = params["call"]
    if call.part is Part.VALUE:
        return _derivative(call, kinds, active)
    if any(i < call.n_known for i in active):
        return linear_rule(call_p, kinds, {"program": call.program()}, active)

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        n = call.n_known
        given = [tangents[i] if i in tangents else zeros(kinds[i]) for i in range(n, len(kinds))]
        return dict(enumerate(bind(foreign_p, *args[:n], *given, call=call)))

    return record_linear_rule(foreign_p, kinds, call.types, active, build)


def _derivative(call: ForeignCall, kinds: Any, active: tuple[int, ...]) -> LinearRule:
    """The tangents of a function's results: FORWARD."""
    site = call.site
    if not site.float_outs:
        return LinearRule(Program((), (), ()), (), (), active, ())
    forward = call.forward()

    def tangent(i: int, tangents: dict[int, Any]) -> Any:
        if i in tangents:
            return tangents[i]
        return zeros(site.types[i] if isinstance(kinds[i], Literal) else kinds[i])

    def build(args: list[Any], outs: list[Any], tangents: dict[int, Any]) -> dict[int, Any]:
        given = [tangent(i, tangents) for i in site.floats]
        values = bind(foreign_p, *args, *outs[: call.n_outs_read], *given, call=forward)
        return dict(zip(site.float_outs, values, strict=True))

    return record_linear_rule(foreign_p, kinds, call.types, active, build)


def _transpose(
    cts: Sequence[Any], args: Sequence[Any], linear: Sequence[int], *, call: ForeignCall
) -> dict[int, Any]:
    """FORWARD and ADJOINT are each other's transpose; an operand shared by items gets their sum."""
    n = call.n_known
    other = Part.ADJOINT if call.part is Part.FORWARD else Part.FORWARD
    lead = tuple([(size, (*flags[:n], *[True] * len(cts))) for size, flags in call.lead])
    filled = [zeros(t) if ct is None else ct for ct, t in zip(cts, call.types, strict=True)]
    values = bind(foreign_p, *args[:n], *filled, call=replace(call, part=other, lead=lead))
    result = {}
    for i in linear:
        shared = tuple([k for k, (_, flags) in enumerate(call.lead) if not flags[i]])
        value = values[i - n]
        result[i] = np.sum(value, axis=shared) if shared else value
    return result


def _batch(size: int, args: Sequence[Any], is_batched: Sequence[bool], *, call: ForeignCall) -> Any:
    lead = ((size, tuple(is_batched)), *call.lead)
    values = bind(foreign_p, *args, call=replace(call, lead=lead))
    return values, (True,) * len(values)


def _sparsity(k: Flow, *, call: ForeignCall) -> tuple[Any, ...]:
    """Each item of a batch is run by itself; inside it all depends on all."""
    sizes = tuple([size for size, _ in call.lead])
    found = []
    for i in k.active:
        labels = k.labels_of(i)
        n_lead = sum([flags[i] for _, flags in call.lead])
        items = k.sets.unite_along(labels, tuple(range(n_lead, labels.ndim)))
        items = items.reshape([size if flags[i] else 1 for size, flags in call.lead])
        found.append(np.broadcast_to(items, sizes))
    every = united(k, found)
    assert every is not None
    shapes = [k.out_shape(j) for j in range(len(k.out_types))]
    return tuple(
        [np.broadcast_to(every.reshape(sizes + (1,) * (len(s) - len(sizes))), s) for s in shapes]
    )


def _series(order: int, args: Sequence[Sequence[Any]], *, call: ForeignCall) -> list[list[Any]]:
    """y' = FORWARD(x, y, x'): order k of y needs the orders below it."""
    if call.part is not Part.VALUE:
        return _series_of_part(order, args, call)
    site = call.site
    result = [[y] for y in bind(foreign_p, *[a[0] for a in args], call=call)]
    if not site.float_outs:
        return result
    forward = call.forward()
    # Where the rule reads y, its orders are found one after the other.
    for k in range(1, order + 1) if site.reads_out else (order,):
        given = [a[:k] if len(a) > 1 else a for a in args]
        given += [y[:k] for y in result[: call.n_outs_read]]
        for i in site.floats:
            zero = [zeros(Type(np.shape(args[i][0]), site.types[i].dtype))]
            given.append(args[i][1 : k + 1] if len(args[i]) > 1 else zero)
        slopes = _series_of_part(k - 1, given, forward)
        for j, slope in zip(site.float_outs, slopes, strict=True):
            result[j][1:] = [slope[0], *slope[1:k]]
    return result


def _series_of_part(
    order: int, args: Sequence[Sequence[Any]], call: ForeignCall
) -> list[list[Any]]:
    n = call.n_known
    if any(len(a) > 1 for a in args[:n]):
        assert call_p.series is not None
        return call_p.series(order, args, program=call.program())
    results: list[list[Any]] = [[] for _ in call.types]
    for k in range(order + 1):
        linear = [a[k] if k < len(a) else zeros(Type(np.shape(a[0]), a[0].dtype)) for a in args[n:]]
        values = bind(foreign_p, *[a[0] for a in args[:n]], *linear, call=call)
        for result, value in zip(results, values, strict=True):
            result.append(value)
    return results


_numbers = itertools.count(1)
calls: WeakValueDictionary[int, Called] = WeakValueDictionary()  # those in printed sources


def _render(ins: Sequence[str], params: dict[str, Any]) -> str:
    """A Python function has no NumPy text: this process finds it by its number."""
    call = params["call"]
    number = next((k for k, known in calls.items() if known is call), None)
    if number is None:
        number = next(_numbers)
        calls[number] = call
    return f"_foreign_calls[{number}].run(({''.join([f'{x}, ' for x in ins])}))"


foreign_p = define(
    Primitive(
        "foreign",
        lambda *operands, call: call.run(operands),
        lambda *types, call: call.types,
        linearize=_linearize,
        transpose_all=_transpose,
        sparsity=_sparsity,
        batch=_batch,
        series=_series,
        cost=lambda in_types, out_types, *, call: 0,
        render=_render,
        support="from wengert.extend.foreign_call import calls as _foreign_calls",
        emit=Unsupported("it is a Python function"),
        is_multiple=True,
        facts={
            "meaning": "a function that cannot be traced",
            "cost": "unknown: no operations are counted",
        },
    )
)
