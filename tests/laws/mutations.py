"""Rules made wrong, one at a time: what `test_mutations.py` does to the records of primitives.

Rule           a rule in the record of a primitive
Mutation       one wrong version of a rule: which part of it is spoiled, and how
Patched        a rule replaced for a while, everything derived from it forgotten before and after

A rule is called through `visiting`, which shows each part of what goes in and comes out to a
visitor: one visitor only notes which parts there are, another spoils one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np

import wengert as wg
from wengert.ir.primitive import Primitive, registry
from wengert.ops.core import add, conj, neg, transpose
from wengert.ops.families import batch_elementwise
from wengert.trace.evaluate import record_program
from wengert.trace.recording import Recording
from wengert.trace.tracer import Tracer, bind
from wengert.transforms.rules import LinearRule
from wengert.types import Stack, StackType

Visit = Callable[[str, int, Any], Any]
LAST = 3  # loops have any number of results: those from here on are spoiled together


@dataclass(frozen=True)
class Rule:
    """A rule in a record: the name of the field, and which entry where that is a mapping."""

    name: str
    kind: str
    key: int | None = None

    def __str__(self) -> str:
        return f"{self.name}-{self.kind}" + ("" if self.key is None else f"-{self.key}")

    @property
    def primitive(self) -> Primitive:
        return registry[self.name]


@dataclass(frozen=True)
class Mutation:
    """A rule with one of its parts spoiled.

    `part` is "in" (a tangent or cotangent that the rule reads), "out" (a derivative that it
    gives), "so far" (the cotangent that it adds to), "item" (a batched result), "order" (a
    coefficient of a series) or "value" (what is computed or written back).
    """

    rule: Rule
    part: str
    index: int
    how: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.part} {self.index}, {self.how}"


_KINDS = "jvp linearize transpose_all batch series in_place specialize write_back".split()


def rules_of(primitive: Primitive) -> Iterator[Rule]:
    """Every rule in a record, other than those that the values of all functions rest on."""
    for kind in _KINDS:
        if callable(getattr(primitive, kind)) and not _is_derived(primitive, kind):
            yield Rule(primitive.name, kind)
    for kind in ("transpose", "accumulate"):
        rules = getattr(primitive, kind)
        if isinstance(rules, dict):
            yield from [Rule(primitive.name, kind, i) for i in rules]
        elif callable(rules):
            yield Rule(primitive.name, kind)


_DERIVED = batch_elementwise("").__code__  # type: ignore[attr-defined]  # a function


def _is_derived(primitive: Primitive, kind: str) -> bool:
    """Whether a batch rule is the one all elementwise primitives share, of integers or booleans:
    those with derivatives test it."""
    is_shared = getattr(getattr(primitive, kind), "__code__", None) is _DERIVED
    return is_shared and primitive.jvp is None and not primitive.linear_in


# -- what a rule reads and gives -------------------------------------------------------------------


def visiting(rule: Rule, function: Callable[..., Any], visit: Visit) -> Callable[..., Any]:
    """`function`, whose parts are shown to `visit` and replaced by what it returns."""
    many = rule.primitive.is_multiple

    def show(part: str, index: int, value: Any) -> Any:
        return visit(part, min(index, LAST), value)

    def outputs(values: Any, part: str = "out") -> Any:
        if not many:
            return show(part, 0, values)
        return tuple([show(part, j, v) for j, v in enumerate(values)])

    def jvp(args: Any, out: Any, tangents: Any, /, **params: Any) -> Any:
        given = [i for i, t in enumerate(tangents) if t is not None]
        if len(given) > 1:  # each on its own, where the derivative in it is not zero
            for i in given:
                alone = [t if j == i else None for j, t in enumerate(tangents)]
                along = function(args, out, alone, **params)
                if any(t is not None for t in (along if many else (along,))):
                    tangents = [*tangents[:i], show("in", i, tangents[i]), *tangents[i + 1 :]]
        return outputs(function(args, out, tangents, **params))

    def linearize(kinds: Any, params: Any, active: Any) -> Any:
        return _linear_rule(function(kinds, params, active), show)

    def transpose_all(cts: Any, args: Any, linear: Any, /, **params: Any) -> Any:
        values = function(cts, args, linear, **params)
        return {i: show("out", i, values[i]) for i in linear}

    def transpose_one(ct: Any, args: Any, /, *i: int, **params: Any) -> Any:
        return show("out", i[0] if i else rule.key, function(ct, args, *i, **params))

    def accumulate(so_far: Any, ct: Any, args: Any, /, **params: Any) -> Any:
        return function(show("so far", 0, so_far), show("in", 0, ct), args, **params)

    def batch(size: int, args: Any, is_batched: Any, /, **params: Any) -> Any:
        values, flags = function(size, args, is_batched, **params)
        if not many:
            return (show("item", 0, values) if flags else values), flags
        on = (flags,) * len(values) if isinstance(flags, bool) else flags
        shown = [
            show("item", j, v) if f else v for j, (v, f) in enumerate(zip(values, on, strict=True))
        ]
        return tuple(shown), flags

    def series(order: int, args: Any, /, **params: Any) -> Any:
        rows = function(order, args, **params)
        return [[show("order", k, c) if k else c for k, c in enumerate(row)] for row in rows]

    def in_place(*values: Any, **params: Any) -> Any:
        return show("value", 0, function(*values, **params))

    def specialize(**params: Any) -> Any:
        run = function(**params)
        return lambda *values: show("value", 0, run(*values))

    def write_back(base: Any, view: Any, *others: Any, **params: Any) -> Any:
        primitive, args, more = function(base, view, *others, **params)
        return primitive, (show("value", 0, args[0]), *args[1:]), more

    kinds = [jvp, linearize, transpose_all, accumulate, batch]
    kinds += [series, in_place, specialize, write_back]
    return {"transpose": transpose_one, **{f.__name__: f for f in kinds}}[rule.kind]


def _linear_rule(rule: LinearRule, visit: Visit) -> LinearRule:
    """The linearization of control flow, its tangents visited."""
    recording = Recording("a mutation", has_values=False)
    with recording:
        args = [recording.argument(v.type) for v in rule.program.inputs]
        values = record_program(rule.program, args)
        places = zip(rule.out_active, values, strict=True)
        outputs = [recording.output(visit("out", j, v)) for j, v in places]
    return replace(rule, program=recording.program(outputs))


class Patched:
    """A rule whose parts are visited; put back at the end, with all caches cleared."""

    def __init__(self, rule: Rule, visit: Visit) -> None:
        self.rule, self.visit = rule, visit
        self.original: Any = None

    def __enter__(self) -> None:
        wg.clear_cache()
        rule = self.rule
        original = self.original = getattr(rule.primitive, rule.kind)
        new: Any = visiting(rule, original if rule.key is None else original[rule.key], self.visit)
        if rule.key is not None:
            new = {**original, rule.key: new}
        setattr(rule.primitive, rule.kind, new)

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        setattr(self.rule.primitive, self.rule.kind, self.original)
        wg.clear_cache()


# -- visitors --------------------------------------------------------------------------------------


def noting(rule: Rule, found: set[Mutation]) -> Visit:
    """A visitor that changes nothing and enters the mutations that would change something."""

    home = getattr(rule.primitive.array, "__module__", "") or ""
    is_of_matrices = "linalg" in home or rule.name in ("matmul", "contract")

    def visit(part: str, index: int, value: Any) -> Any:
        hows = mutations_of(part, value, is_of_matrices)
        found.update([Mutation(rule, part, index, how) for how in hows])
        return value

    return visit


def mutations_of(part: str, value: Any, is_of_matrices: bool = True) -> list[str]:
    """How a part can be spoiled so that its type stays what it is."""
    if part == "value":
        return ["sign"] if isinstance(value, np.ndarray | np.generic | Tracer) else []
    if not isinstance(value, Tracer):
        return []
    type_ = value.variable.type
    if part == "so far":
        return ["dropped"]
    if part == "item":
        return ["exchanged"]
    if not type_.is_differentiable:
        return []
    if part == "in":
        return ["sign"]
    hows = ["sign", "double"]
    if isinstance(type_, StackType):
        return hows
    if type_.dtype.kind == "c":
        hows.append("conjugate")
    if is_of_matrices and len(type_.shape) > 1 and type_.shape[-1] == type_.shape[-2] > 1:
        hows.append("transposed")
    return hows


def spoiling(mutation: Mutation) -> Visit:
    """A visitor that spoils one part."""

    def visit(part: str, index: int, value: Any) -> Any:
        is_meant = (part, index) == (mutation.part, mutation.index)
        return spoiled(value, mutation.how) if is_meant and value is not None else value

    return visit


def spoiled(value: Any, how: str) -> Any:
    """The value made wrong."""
    if how == "dropped":
        return None
    if isinstance(value, np.ndarray | np.generic):
        return ~value if value.dtype.kind == "b" else -value
    if not isinstance(value, Tracer) or how not in mutations_of_type(value):
        return value
    if isinstance(value.variable.type, StackType):
        return bind(stack_spoiled_p, value, how=how, axis=0)
    if how == "exchanged":
        return np.flip(value, 0)
    if how == "transposed":
        n = value.ndim
        return transpose(value, (*range(n - 2), n - 1, n - 2))
    return {"sign": neg, "double": lambda x: add(x, x), "conjugate": conj}[how](value)


def mutations_of_type(value: Any) -> list[str]:
    return ["exchanged", *mutations_of("out", value)]


def _stack_spoiled(stack: Stack, *, how: str, axis: int) -> Stack:
    """Every item of a stack, and of the stacks in it, made wrong."""

    def item(x: Any) -> Any:
        if isinstance(x, Stack):
            return _stack_spoiled(x, how=how, axis=axis)
        return np.flip(x, axis) if how == "exchanged" else x * (-1 if how == "sign" else 2)

    return Stack(tuple([item(x) for x in stack.items]), stack.type)


# Its own adjoint. It is no part of the package: only Programs with a mutation contain it.
stack_spoiled_p = Primitive(
    "stack_spoiled",
    _stack_spoiled,
    lambda stack, *, how, axis: stack,
    linear_in=(frozenset({0}),),
    transpose={0: lambda ct, args, **params: bind(stack_spoiled_p, ct, **params)},
    batch=lambda size, args, is_batched, *, how, axis: (
        bind(stack_spoiled_p, args[0], how=how, axis=axis + (how == "exchanged")),
        True,
    ),
)
