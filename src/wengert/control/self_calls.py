"""Custom rules that call the very function they belong to (`return f(x), …`), as most do.

The Python functions of a rule run at every recording that meets them, and the equation holds the
Programs they leave. While a rule is recorded, a call of its own function is written as a
placeholder, `custom_self`; whoever uses the rule puts the equation itself in its place (`expand`),
one level at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from wengert import trees
from wengert.control.custom import CustomCall
from wengert.errors import MissingRuleError
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Equation, Program, Var, sub_programs
from wengert.trace.tracer import bind
from wengert.transforms.batch import batched_type, spread
from wengert.types import Type


@dataclass(frozen=True)
class _Active:
    """A rule that is being recorded."""

    owner: Any
    static: tuple[tuple[int, Any], ...]
    types: tuple[Type, ...]
    specs: tuple[Any, ...]
    out_types: tuple[Any, ...]
    out_spec: Any


_active: ContextVar[tuple[_Active, ...]] = ContextVar("active_rules", default=())


@contextmanager
def recording_rule(owner: Any, call: CustomCall, out_types: Any, out_spec: Any) -> Iterator[int]:
    """While open, calls of `owner` on arguments of these types are placeholders."""
    entry = _Active(owner, call.static, tuple(call.types), call.specs, tuple(out_types), out_spec)
    stack = _active.get()
    token = _active.set((*stack, entry))
    try:
        yield len(stack)
    finally:
        _active.reset(token)


def self_call(owner: Any, call: CustomCall) -> Any:
    """The result of a call inside its own rule, as a placeholder; None if it is no such call."""
    for depth, entry in reversed(list(enumerate(_active.get()))):
        if (
            _same_owner(entry.owner, owner)
            and entry.types == tuple(call.types)
            and entry.specs == call.specs
            and _same_static(entry.static, call.static)
        ):
            values = bind(custom_self_p, *call.values, depth=depth, returns=entry.out_types)
            return (trees.unflatten(entry.out_spec, values),)
    return None


def _same_owner(a: Any, b: Any) -> bool:
    """Whether two owners are one function, or one method of one instance."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return a[1] is b[1] and _same_owner(a[0], b[0])
    return a is b


def _same_static(a: Sequence[Any], b: Sequence[Any]) -> bool:
    if len(a) != len(b):
        return False
    for (i, x), (j, y) in zip(a, b, strict=True):
        plain = isinstance(x, (bool, int, float, str)) and type(x) is type(y)
        if i != j or (x is not y and not (plain and x == y)):
            return False
    return True


def _outside(*args: Any, **params: Any) -> Any:
    raise MissingRuleError(
        "the rule of a custom function differentiates that same function.",
        got="a transform of the function inside its own rule",
        expected="a rule that calls its function without transforming it",
        try_="write the derivative out in the rule",
    )


def _batch_self(size: int, args: Any, is_batched: Any, *, depth: int, returns: Any) -> Any:
    # Rules that call their own function are batched in all of their arguments.
    spread_args = [a if on else spread(a, size) for a, on in zip(args, is_batched, strict=True)]
    types = tuple([batched_type(t, size) for t in returns])
    return bind(custom_self_p, *spread_args, depth=depth, returns=types), (True,) * len(types)


custom_self_p = define(
    Primitive(
        "custom_self",
        _outside,
        lambda *types, depth, returns: returns,
        linearize=lambda kinds, params, active: _outside(),
        transpose=Unsupported("a placeholder inside a rule"),
        batch=_batch_self,
        cost=lambda in_types, out_types, **params: 0,
        is_multiple=True,
        facts={"meaning": "a custom function called by its own rule"},
        emit=Unsupported("it stands for a call that replaces it"),
    )
)


def calls_itself(program: Program, depth: int) -> bool:
    """Whether a rule holds a placeholder of this depth."""
    for eq in program.equations:
        if eq.primitive is custom_self_p and eq.params["depth"] == depth:
            return True
        if any(calls_itself(p, depth) for _, p in sub_programs(eq.params)):
            return True
    return False


def expand(
    program: Program, depth: int | None, primitive: Primitive, params: dict[str, Any]
) -> Program:
    """The Program of a rule with its placeholders replaced by equations of `primitive`."""
    if depth is None:
        return program
    return _expand(program, depth, primitive, params, program.inputs[: params["n_consts"]])


def _expand(
    program: Program, depth: int, primitive: Primitive, params: dict[str, Any], consts: Any
) -> Program:
    equations = []
    for eq in program.equations:
        if eq.primitive is custom_self_p and eq.params["depth"] == depth:
            eq = Equation(primitive, (*consts, *eq.inputs), params, eq.outputs, eq.source)
        elif any(calls_itself(inner, depth) for _, inner in sub_programs(eq.params)):
            eq = _expand_inside(eq, depth, primitive, params, consts)
        equations.append(eq)
    return Program(program.inputs, equations, program.outputs)


def _expand_inside(
    eq: Equation, depth: int, primitive: Primitive, params: dict[str, Any], consts: Any
) -> Equation:
    """The same in the Programs of an equation, which get the rule's constants as operands."""
    first = next(inner for _, inner in sub_programs(eq.params))
    name = next((n for n in ("n_consts", "n_known") if n in eq.params), None)
    place = len(first.inputs) if name is None else eq.params[name]
    skip = 1 if eq.primitive.name == "scan" and eq.params["length"] is None else 0
    skip += eq.primitive.name == "cond"

    def inside(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple([inside(v) for v in value])
        if not isinstance(value, Program):
            return value
        new = [Var(v.type) for v in consts]
        inputs = (*value.inputs[:place], *new, *value.inputs[place:])
        whole = Program(inputs, value.equations, value.outputs)
        return _expand(whole, depth, primitive, params, new)

    inner_params = {key: inside(value) for key, value in eq.params.items()}
    if name is not None:
        inner_params[name] += len(consts)
    inputs = (*eq.inputs[: skip + place], *consts, *eq.inputs[skip + place :])
    return Equation(eq.primitive, inputs, inner_params, eq.outputs, eq.source)
