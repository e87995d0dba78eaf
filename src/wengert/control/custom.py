"""The arguments of functions with custom rules, and the checks on what their rules return."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wengert import trees
from wengert.control.bodies import as_operand, leaf_type
from wengert.control.checkpoint import is_number
from wengert.errors import ArgumentError, OutputError
from wengert.types import Type


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
