"""How the arguments of a jitted call are sorted: numbers and arrays, and what is static.

A call's *kind* is its structure, the types of its numbers and the values of all else: calls of one
kind share their recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import as_leaf, leaf_type
from wengert.errors import ArgumentError
from wengert.trace.tracer import Tracer


@dataclass(frozen=True)
class Call:
    """The arguments of one call: all leaves, and which of them are numbers."""

    leaves: list[Any]
    spec: Any
    dynamic: list[int]
    values: list[Any]
    is_flat: bool = False  # positional leaves only

    def on(self, f: Callable[..., Any], values: Sequence[Any]) -> Any:
        """Call `f` with other values for the numeric leaves."""
        leaves = list(self.leaves)
        for i, value in zip(self.dynamic, values, strict=True):
            leaves[i] = value
        args, kwargs = trees.unflatten(self.spec, leaves)
        return f(*args, **kwargs)


def classified(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    static_argnums: Sequence[int],
    static_argnames: Sequence[str],
) -> tuple[Any, Call]:
    """The kind of a call, and the call with its numbers apart from the rest."""
    leaves, spec = trees.flatten((args, kwargs))
    static = static_leaves(args, kwargs, static_argnums, static_argnames)
    values: list[Any] = []
    signature: list[Any] = [spec]
    dynamic: list[int] = []
    for i, leaf in enumerate(leaves):
        if static[i] or not _is_numeric(leaf):
            signature.append((type(leaf), _hashable(leaf, i, args, kwargs)))
        else:
            value = leaf if _is_plain(leaf) else _numeric(leaf, i, args, kwargs)
            dynamic.append(i)
            values.append(value)
            signature.append((leaf_type(value), isinstance(value, np.ndarray)))
    key = tuple(signature)
    is_flat = not kwargs and len(leaves) == len(args)
    is_flat = is_flat and all([a is b for a, b in zip(args, leaves, strict=True)])
    return key, Call(leaves, spec, dynamic, values, is_flat)


def static_leaves(
    args: Any, kwargs: Any, static_argnums: Sequence[int], static_argnames: Sequence[str]
) -> list[bool]:
    """Which leaves belong to arguments that were declared static."""
    if not static_argnums and not static_argnames:
        return [False] * trees.structure((args, kwargs)).num_leaves
    n = len(args)
    marks = [i in static_argnums or i - n in static_argnums for i in range(n)]
    flags: list[bool] = []
    for arg, on in zip(args, marks, strict=True):
        flags += [on] * trees.structure(arg).num_leaves
    for name in sorted(kwargs):
        on = name in static_argnames
        flags += [on] * trees.structure(kwargs[name]).num_leaves
    return flags


def _is_numeric(leaf: Any) -> bool:
    return isinstance(leaf, (Tracer, np.ndarray, np.generic, bool, int, float, complex))


def what_changes(kinds: Sequence[Any]) -> str:
    """Which leaf of the arguments differs between kinds, in words."""
    first, last = kinds[0], kinds[-1]
    if first[0] != last[0]:
        return f"their structure changes, from {first[0]} to {last[0]}"
    for i, (a, b) in enumerate(zip(first[1:], last[1:], strict=True)):
        if a != b:
            seen = ", ".join(dict.fromkeys([_kind_text(kind[i + 1]) for kind in kinds]))
            return f"argument {i} (counting leaves from 0) changes: {seen}"
    return "their kinds come and go"


def _kind_text(kind: tuple[Any, Any]) -> str:
    type_, value = kind
    return repr(type_) if isinstance(value, bool) and not isinstance(type_, type) else repr(value)


def _is_plain(leaf: Any) -> bool:
    """Whether a leaf is taken as it is."""
    if not isinstance(leaf, (np.ndarray, np.generic)):
        return False
    return leaf.dtype.kind in "fciub" and leaf.dtype.isnative


def _numeric(leaf: Any, i: int, args: Any, kwargs: Any) -> Any:
    try:
        return as_leaf(leaf)
    except ArgumentError:
        return as_leaf(leaf, argument_path(i, args, kwargs))


def _hashable(leaf: Any, i: int, args: Any, kwargs: Any) -> Any:
    try:
        hash(leaf)
    except TypeError:
        raise ArgumentError(
            "jit: a static argument cannot be hashed.",
            got=f"{leaf!r} of type {type(leaf).__name__} at {argument_path(i, args, kwargs)}",
            expected="numbers and arrays, or hashable objects",
            try_="a tuple instead of a list, or a closure",
        ) from None
    return leaf


def argument_path(i: int, args: Any, kwargs: Any) -> str:
    """Where leaf `i` of a call is: `args[0]['weights'][1]`."""
    n = trees.structure(args).num_leaves
    return "args" + trees.paths(args)[i] if i < n else "kwargs" + trees.paths(kwargs)[i - n]
