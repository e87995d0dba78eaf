"""What `custom_jvp` and `custom_vjp` share: arguments, linearity, rules that call themselves.

The Python functions of a rule run at every recording that meets them, and the equation holds the
Programs they leave. A rule usually calls the very function that it belongs to (`return f(x), …`).
While it is recorded, such a call is written as a placeholder, `custom_self`; whoever uses the rule
puts the equation itself in its place (`expand`), one level at a time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from wengert import trees
from wengert.control.bodies import as_operand, leaf_type
from wengert.control.checkpoint import is_number
from wengert.errors import ArgumentError, MissingRuleError, OutputError, describe_location
from wengert.ir.primitive import Primitive, Unsupported, define
from wengert.ir.program import Equation, Literal, Program, Var, sub_programs
from wengert.trace.tracer import bind
from wengert.transforms.batch import batched_type, spread
from wengert.types import Type

# -- arguments -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CustomCall:
    """One call of a function with a custom rule: its differentiable arguments and the others."""

    static: tuple[tuple[int, Any], ...]
    specs: tuple[Any, ...]  # of each differentiable argument
    values: list[Any]
    n_args: int

    @property
    def types(self) -> list[Type]:
        return [leaf_type(v) for v in self.values]

    @property
    def floats(self) -> list[int]:
        """Which leaves have tangents."""
        return [i for i, t in enumerate(self.types) if t.is_differentiable]

    def split(self, leaves: Sequence[Any]) -> list[Any]:
        """The differentiable arguments, as trees of these leaves."""
        result, rest = [], list(leaves)
        for spec in self.specs:
            result.append(trees.unflatten(spec, rest[: spec.num_leaves]))
            rest = rest[spec.num_leaves :]
        return result

    def arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """All arguments, in their places."""
        result = self.split(leaves)
        for i, value in self.static:
            result.insert(i, value)
        return result

    def with_gaps(self, leaves: Sequence[Any]) -> list[Any]:
        """Tangents or cotangents of the float leaves, None for the others."""
        filled = dict(zip(self.floats, leaves, strict=True))
        return [filled.get(i) for i in range(len(self.values))]


def custom_call(
    name: str, f: Callable[..., Any], nondiff: tuple[int, ...], args: Any, kwargs: Any
) -> CustomCall:
    """Sort the arguments of a call; keyword arguments take their places by f's signature."""
    if kwargs:
        bound = inspect.signature(f).bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise ArgumentError(
                f"{name}: an argument can only be passed by keyword.",
                got=", ".join(bound.kwargs),
                expected="arguments that have a position",
            )
        args = bound.args
    places = {i % len(args) for i in nondiff if -len(args) <= i < len(args)}
    static = tuple([(i, a) for i, a in enumerate(args) if i in places])
    specs, values = [], []
    for i, a in enumerate(args):
        if i in places:
            continue
        leaves, spec = trees.flatten(a)
        for leaf, path in zip(leaves, trees.paths(a), strict=True):
            if not is_number(leaf) and not hasattr(leaf, "__array__"):
                raise ArgumentError(
                    f"{name}: an argument is neither a number nor an array.",
                    got=f"{leaf!r} in argument {i}{path}",
                    expected="numbers, arrays, or containers of them",
                    try_=f"nondiff_argnums=({i},)",
                )
            values.append(as_operand(name, leaf, f"argument {i}{path}"))
        specs.append(spec)
    return CustomCall(static, tuple(specs), values, len(args))


def nondiff_positions(name: str, nondiff_argnums: int | Sequence[int]) -> tuple[int, ...]:
    """`nondiff_argnums` as a tuple."""
    given = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)
    if not all(isinstance(i, int) for i in given):
        raise ArgumentError(f"{name}: nondiff_argnums are not integers.", got=repr(nondiff_argnums))
    return given


def flatten_like(spec: Any, tree: Any, what: str) -> list[Any]:
    """The subtrees of `tree` where `spec` has leaves; None stands for zero."""
    if tree is None:
        return [None] * spec.num_leaves
    try:
        return list(spec.flatten_up_to(tree))
    except ValueError as error:
        raise OutputError(
            f"{what} does not have the structure it should.",
            got=str(trees.structure(tree)),
            expected=str(spec),
        ) from error


def require_type(what: str, found: Any, expected: Type) -> None:
    """Raise unless a tangent or cotangent has the type of its primal."""
    if found != expected:
        raise OutputError(
            f"{what} does not have the type of what it belongs to.",
            got=repr(found),
            expected=repr(expected),
            try_="astype, np.broadcast_to or np.sum; None for zero",
        )


# -- rules that call their own function ------------------------------------------------------------


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


# -- linearity -------------------------------------------------------------------------------------


def nonlinear_equation(program: Program, mask: Sequence[bool]) -> Equation | None:
    """The first equation that is not linear in what depends on the inputs in `mask`, or None."""
    marked: set[Any] = {v for v, on in zip(program.inputs, mask, strict=True) if on}
    zero: set[Any] = set()
    for eq in program.equations:
        on = [i for i, a in enumerate(eq.inputs) if a in marked]
        if not on:
            if eq.primitive.name in _ZERO_STAYS_ZERO and all(
                a in zero or (type(a) is Literal and a.value == 0) for a in eq.inputs[:1]
            ):
                zero.update(eq.outputs)
            continue
        marked.update(eq.outputs)
        if any(_is_linear_in(eq, group, on, zero) for group in eq.primitive.linear_in):
            continue
        if eq.primitive.transpose_all is None or not _inner_linear(eq, on):
            return eq
    return None


def _is_linear_in(eq: Equation, group: frozenset[int], on: Sequence[int], zero: set[Any]) -> bool:
    """Whether the inputs `on` are in the group, and all others of it are zero."""
    if not frozenset(on) <= group:
        return False
    others = [eq.inputs[i] for i in group.difference(on) if i < len(eq.inputs)]
    return all(a in zero or (type(a) is Literal and a.value == 0) for a in others)


_ZERO_STAYS_ZERO = frozenset(
    {"full", "stack_zeros", "broadcast_to", "reshape", "convert", "transpose", "copy", "neg"}
)


def _inner_linear(eq: Equation, on: Sequence[int]) -> bool:
    """Whether control flow is linear in its inputs `on`: so are its Programs, to a fixpoint."""
    params = eq.params
    if eq.primitive.name == "custom_linear":
        return all(i >= params["n_known"] for i in on)
    for _, inner in sub_programs(params):
        skip = len(eq.inputs) - len(inner.inputs)  # an index or trip count stands first
        if any(i < skip for i in on):
            return False
        mask = [i + skip in on for i in range(len(inner.inputs))]
        if "n_carry" in params:
            from wengert.control.loop_rules import linear_carries

            mask = linear_carries(inner, mask, params["n_consts"], params["n_carry"])
        if nonlinear_equation(inner, mask) is not None:
            return False
    return True


def require_linear(program: Program, mask: Sequence[bool], what: str, in_what: str) -> None:
    """Raise unless a rule is linear in its tangents or cotangents."""
    eq = nonlinear_equation(program, mask)
    if eq is not None:
        raise MissingRuleError(
            f"{what} is not linear in {in_what}.",
            got=f"{eq.primitive.name} of what depends on {in_what}",
            expected="sums, and products with what does not depend on it",
            where=describe_location(eq.source),
        )


__all__ = [
    "CustomCall",
    "calls_itself",
    "custom_call",
    "expand",
    "flatten_like",
    "nondiff_positions",
    "recording_rule",
    "require_linear",
    "require_type",
    "self_call",
]
