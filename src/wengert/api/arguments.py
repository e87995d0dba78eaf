"""How user functions are called: argnums and argnames, pytrees, and the checks on leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, NotDifferentiableError, OutputError
from wengert.trace.tracer import Tracer
from wengert.types import Type

ArgNums = int | Sequence[int] | None
ArgNames = str | Sequence[str] | None


@dataclass(frozen=True)
class Selection:
    """The differentiated part of a call: its leaves, and how to put others in their place."""

    leaves: list[Any]
    spec: Any
    tree: Any
    rebuild: Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]


def as_leaf(leaf: Any, path: str = "") -> Any:
    """A leaf as a Tracer, NumPy array or NumPy scalar."""
    if isinstance(leaf, (Tracer, np.ndarray, np.generic)):
        value = leaf
    elif isinstance(leaf, (bool, int, float, complex)):
        return np.asarray(leaf)[()]
    elif hasattr(leaf, "__array__"):
        value = np.asarray(leaf)
    else:
        raise ArgumentError(
            "an argument is neither a number nor an array.",
            got=f"{leaf!r} of type {type(leaf).__name__}" + (f" at {path}" if path else ""),
            expected="numbers, arrays, or containers of them",
            try_="differentiate with respect to other arguments: argnums=..., argnames=...",
        )
    if value.dtype.kind not in "fciub":
        raise ArgumentError(
            "an array of this dtype cannot be differentiated or recorded.",
            got=f"{value.dtype}" + (f" at {path}" if path else ""),
            expected="floating point, complex, integer or boolean",
            try_="convert it with astype(float)",
        )
    if isinstance(value, Tracer) or value.dtype.isnative:
        return value
    return value.astype(value.dtype.type)


def leaf_type(leaf: Any) -> Any:
    """The Type of a leaf made by `as_leaf`."""
    return leaf.variable.type if isinstance(leaf, Tracer) else Type(leaf.shape, leaf.dtype)


def select_arguments(
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: ArgNums,
    argnames: ArgNames,
) -> Selection:
    """The arguments chosen by `argnums` (default 0) and `argnames`, as one pytree.

    One index or one name gives that argument's tree itself; several give a tuple of them, for
    names a dictionary; both together a pair (tuple, dictionary).
    """
    if argnums is None and argnames is None:
        argnums = 0
    if type(argnums) is int and argnames is None and len(args) > argnums >= 0:
        chosen = args[argnums]
        position = argnums

        def rebuild_one(value: Any) -> Any:
            return (*args[:position], value, *args[position + 1 :]), kwargs

        if isinstance(chosen, (np.ndarray, float, Tracer)):
            return Selection([as_leaf(chosen)], None, chosen, rebuild_one)
        leaves, spec = _leaves(chosen)
        return Selection(leaves, spec, chosen, rebuild_one)
    positions = _positions(name, args, argnums)
    names = [argnames] if isinstance(argnames, str) else list(argnames or ())
    for n in names:
        if n not in kwargs:
            raise ArgumentError(
                f"{name}: there is no keyword argument of this name.",
                got=repr(n),
                expected=f"one of {sorted(kwargs)}",
                try_="pass it by keyword, or use argnums",
            )
    by_position = tuple([args[i] for i in positions])
    by_name = {n: kwargs[n] for n in names}
    one_position = isinstance(argnums, int)
    one_name = isinstance(argnames, str)
    parts: list[Any] = []
    if argnums is not None:
        parts.append(by_position[0] if one_position else by_position)
    if argnames is not None:
        parts.append(by_name[names[0]] if one_name else by_name)
    tree = parts[0] if len(parts) == 1 else tuple(parts)
    leaves, spec = _leaves(tree)

    def rebuild(value: Any) -> Any:
        pieces = [value] if len(parts) == 1 else list(value)
        new_args, new_kwargs = list(args), dict(kwargs)
        if argnums is not None:
            part = pieces.pop(0)
            for i, v in zip(positions, (part,) if one_position else part, strict=True):
                new_args[i] = v
        if argnames is not None:
            part = pieces.pop(0)
            new_kwargs.update({names[0]: part} if one_name else part)
        return tuple(new_args), new_kwargs

    return Selection(leaves, spec, tree, rebuild)


def _positions(name: str, args: tuple[Any, ...], argnums: ArgNums) -> list[int]:
    if argnums is None:
        return []
    given: list[Any] = [argnums] if isinstance(argnums, int) else list(argnums)
    positions = []
    for i in given:
        if not isinstance(i, int) or not -len(args) <= i < len(args):
            raise ArgumentError(
                f"{name}: argnums does not name a positional argument.",
                got=f"argnums={argnums!r} in a call with {len(args)} positional arguments",
                expected=f"integers from 0 to {len(args) - 1}",
                try_="argnames for arguments passed by keyword",
            )
        positions.append(i % len(args))
    return positions


def _leaves(tree: Any) -> tuple[list[Any], Any]:
    leaves, spec = trees.flatten(tree)
    try:
        return [as_leaf(leaf) for leaf in leaves], spec
    except ArgumentError:
        for leaf, path in zip(leaves, trees.paths(tree), strict=True):
            as_leaf(leaf, path)
        raise


def rebuild_tree(spec: Any, leaves: Sequence[Any]) -> Any:
    """The tree with these leaves; `spec` None is a single leaf."""
    return leaves[0] if spec is None else trees.unflatten(spec, leaves)


def require_differentiable(name: str, selection: Selection) -> None:
    """Raise for an integer or boolean leaf, naming its path."""
    for i, leaf in enumerate(selection.leaves):
        if leaf.dtype.kind not in "fc":
            path = "" if selection.spec is None else trees.paths(selection.tree)[i]
            raise NotDifferentiableError(
                f"{name}: the derivative with respect to an integer or boolean was asked for.",
                got=f"{leaf_type(leaf)!r}" + (f" at {path}" if path else ""),
                expected="floating point or complex numbers",
                try_="x.astype(float) or 1.0 instead of 1; or choose other arguments with argnums",
            )


def flatten_outputs(name: str, result: Any) -> tuple[list[Any], Any]:
    """The leaves of a function's result; the checks on them come with their recording."""
    if isinstance(result, Tracer):
        return [result], None
    leaves, spec = trees.flatten(result)
    if not leaves and result is None:
        raise OutputError(
            f"{name}: the function returned None.",
            got="None",
            expected="numbers, arrays, or containers of them",
            try_="a return statement",
        )
    return leaves, spec
