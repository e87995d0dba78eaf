"""Symbols for the numbers in a function's arguments, named after its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError
from wengert.symbolic.library import Expr, boxed, sympy
from wengert.types import Type

Shape = int | tuple[int, ...]
Shapes = Mapping[str, Shape] | Sequence[Shape] | None


@dataclass(frozen=True)
class Argument:
    """One argument of a function: its leaves as arrays of symbols, or as the numbers they are.

    `working` symbols are known to be real where the argument is, so that SymPy can simplify and
    differentiate absolute values; results are shown in plain symbols, `public`, which compare equal
    to those that a user makes with `sympy.Symbol("x")`.
    """

    spec: Any
    types: list[Any]  # a Type for a leaf of symbols, the value itself for one held fixed
    working: list[Any]
    public: list[Any]

    def tree(self, leaves: Sequence[Any]) -> Any:
        return trees.unflatten(self.spec, leaves)


def parameter_names(f: Callable[..., Any], n: int) -> list[str]:
    """The names of the first `n` positional parameters of `f`."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # builtins and ufuncs have no signature to read
        parameters = []
    names = []
    for k in range(n):
        if k < len(parameters) and parameters[k].kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            names.append(parameters[k].name)
        else:
            names.append("x" if n == 1 else f"x{k}")
    return names


def n_required(f: Callable[..., Any]) -> int:
    """How many positional parameters without defaults `f` has."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return int(getattr(f, "nin", 1))
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters) or 1


def arguments_of(
    f: Callable[..., Any], shapes: Shapes, example: tuple[Any, ...] | None, caller: str
) -> list[Argument]:
    """The arguments of `f`: scalars, unless `shapes` or an `example` says otherwise."""
    if example is not None:
        if shapes is not None:
            raise ArgumentError(f"{caller}: give shapes= or example=, not both.")
        names = parameter_names(f, len(example))
        return [_from_example(name, value) for name, value in zip(names, example, strict=True)]
    if shapes is None or isinstance(shapes, Mapping):
        names = parameter_names(f, n_required(f))
        given = dict(shapes or {})
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ArgumentError(
                f"{caller}: shapes= names a parameter that the function does not have.",
                got=", ".join(unknown),
                expected=", ".join(names),
            )
        listed = [given.get(name, ()) for name in names]
    else:
        listed = list(shapes)
        names = parameter_names(f, len(listed))
    result = []
    for name, shape in zip(names, listed, strict=True):
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        value = np.zeros(size) if size else 0.0
        result.append(_from_example(name, value))
    return result


def _from_example(name: str, example: Any) -> Argument:
    leaves, spec = trees.flatten(example)
    types: list[Any] = []
    working: list[Any] = []
    public: list[Any] = []
    for leaf, path in zip(leaves, trees.paths(example), strict=True):
        array = np.asarray(leaf)
        if array.dtype.kind not in "fc":
            for values in (types, working, public):
                values.append(leaf)  # integers and anything else are held as they are
            continue
        types.append(Type(array.shape, array.dtype))
        base = name + re.sub(r"\W+", "_", path).rstrip("_")
        is_real = array.dtype.kind == "f" or None
        working.append(_symbols(base, array.shape, is_real))
        public.append(_symbols(base, array.shape, None))
    return Argument(spec, types, working, public)


def _symbols(base: str, shape: tuple[int, ...], is_real: bool | None) -> np.ndarray[Any, Any]:
    """An object array of symbols base_i_j."""
    array = np.empty(shape, object)
    for index in np.ndindex(*shape):
        array[index] = sympy.Symbol("_".join([base, *map(str, index)]), real=is_real)
    return array


def to_public(arguments: Sequence[Argument]) -> dict[Expr, Expr]:
    """Which public symbol stands for which working symbol."""
    return {
        inner: outer
        for argument in arguments
        for leaf, shown in zip(argument.working, argument.public, strict=True)
        if isinstance(leaf, np.ndarray) and leaf.dtype == object
        for inner, outer in zip(boxed(leaf).reshape(-1), boxed(shown).reshape(-1), strict=True)
    }
