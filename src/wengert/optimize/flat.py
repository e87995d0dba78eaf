"""Parameters in trees as the one float64 vector that solvers work on, and functions of them.

Parameters      how the tree x0 lies in a vector; names of its entries for messages
FlatFunction    a user's function of the tree, called with the vector and the arrays of `args`
bounds_of       the bounds in all their forms as two vectors
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any

import numpy as np

from wengert import trees
from wengert.errors import ArgumentError, OptionError, ShapeError
from wengert.implicit.flat import Packing, packing_of
from wengert.trace.tracer import Tracer
from wengert.types import Type

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
_LEAF = trees.structure(0.0)


@dataclass(frozen=True)
class Parameters:
    """How a tree of parameters lies in a vector of float64, and where the search starts."""

    packing: Packing
    start: Vector
    paths: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.packing.size

    @property
    def is_array(self) -> bool:
        """Whether the tree is one number or one array, as SciPy's always are."""
        return bool(self.packing.spec == _LEAF)

    def tree(self, vector: Any) -> Any:
        """The parameters that lie in a vector, which may be traced."""
        return self.packing.tree(vector)

    def vector(self, name: str, tree: Any, what: str) -> Vector:
        """The vector of a tree like x0; a number serves the whole subtree it stands for."""
        parts = []
        for value, t, path in zip(
            self._entries(name, tree, what), self.packing.types, self.paths, strict=True
        ):
            n = t.size
            if t.dtype.kind == "c":
                raise ArgumentError(
                    f"{name}: {what} for a complex parameter.",
                    got=f"{value!r} for x0{path}",
                    expected="real parameters there",
                    try_="pass real and imaginary part as two parameters",
                )
            try:
                found = np.asarray(np.nan if value is None else value, np.float64)
                if self.is_array and found.shape == (n,):  # as SciPy writes them
                    found = found.reshape(t.shape)
                parts.append(np.broadcast_to(found, t.shape).ravel())
            except (TypeError, ValueError) as error:
                raise ShapeError(
                    f"{name}: {what} do not fit the parameters.",
                    got=f"{describe(value)} for x0{path}",
                    expected=f"numbers that broadcast to the shape {t.shape}",
                ) from error
        return np.concatenate(parts) if parts else np.zeros(0)

    def _entries(self, name: str, tree: Any, what: str) -> list[Any]:
        if self.is_array:
            return [tree]
        like_x0 = trees.unflatten(self.packing.spec, range(len(self.paths)))
        try:
            return trees.broadcast_prefix(tree, like_x0, lambda leaf: leaf is None)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"{name}: {what} do not have the structure of the parameters.",
                got=describe(tree),
                expected=f"{self.packing.spec}, or one number for a whole part of it",
            ) from error

    def label(self, i: int) -> str:
        """What a user calls the entry i of the vector, such as `x0['rate'][2]`."""
        for t, path in zip(self.packing.types, self.paths, strict=True):
            n = t.size * (2 if t.dtype.kind == "c" else 1)
            if i < n:
                place = np.unravel_index(i % max(t.size, 1), t.shape)
                inside = f"[{', '.join(map(str, place))}]" if t.shape else ""
                return f"x0{path}{inside}"
            i -= n
        raise IndexError(i)


def parameters_of(name: str, x0: Any) -> Parameters:
    """The parameters that x0 holds, in double precision.

    A list or tuple of plain numbers is an array, as in SciPy.
    """
    if is_array_like(x0):
        x0 = np.asarray(x0, np.float64)
    packing, found = packing_of(name, x0, "x0")
    refuse_traced(name, found.values)
    types = tuple([Type(t.shape, np.result_type(t.dtype, np.float64)) for t in packing.types])
    packing = replace(packing, types=types, dtype=np.dtype(np.float64))
    paths = tuple([path.removeprefix("x0") for path in found.paths])
    parameters = Parameters(packing, np.array(packing.pack(found.values), np.float64), paths)
    if parameters.size == 0:
        raise ArgumentError(
            f"{name}: x0 holds no parameter.",
            got=describe(x0),
            expected="at least one number to look for",
        )
    wrong = np.flatnonzero(~np.isfinite(parameters.start))
    if wrong.size:
        raise OptionError(
            f"{name}: x0 is not finite.",
            got=f"{parameters.start[wrong[0]]} at {parameters.label(int(wrong[0]))}",
            expected="finite numbers to start from",
        )
    return parameters


def refuse_traced(name: str, values: Iterable[Any]) -> None:
    """Raise where a derivative would have to go through the solver."""
    if any(isinstance(value, Tracer) for value in values):
        raise ArgumentError(
            f"{name}: a derivative through the solver was asked for.",
            got="a traced value in x0, in args, or in what the function closes over",
            expected="plain numbers; fun is differentiated, the result is not",
            try_="the function of the same name in wengert.scipy.optimize, whose results have "
            "derivatives",
        )


def is_array_like(x0: Any) -> bool:
    """Whether x0 is a list or tuple of numbers, which SciPy's functions make an array."""
    if type(x0) not in (list, tuple) or not x0:
        return False
    return all([isinstance(x, (Number, np.generic)) and not isinstance(x, complex) for x in x0])


@dataclass(frozen=True)
class FlatFunction:
    """A function of a tree as a function of a vector: `call(vector, *arrays)`.

    The arrays are those among the user's `args`. They are arguments of what is compiled, so that
    other data of the same shapes meet the same program; all else in `args` is constant.
    """

    call: Callable[..., Any]
    arrays: tuple[Any, ...]


def flat_function(fun: Callable[..., Any], parameters: Parameters, args: Any) -> FlatFunction:
    """`fun(tree, *args)` as a function of the vector in which the tree lies."""
    if not callable(fun):
        raise ArgumentError(
            "wengert.optimize: what was given as a function cannot be called.",
            got=describe(fun),
            expected="a function of the parameters",
        )
    leaves, spec = trees.flatten(args if isinstance(args, tuple) else (args,))
    places = [i for i, leaf in enumerate(leaves) if _is_numeric_array(leaf)]

    def call(vector: Any, *arrays: Any) -> Any:
        filled = list(leaves)
        for i, array in zip(places, arrays, strict=True):
            filled[i] = array
        return fun(parameters.tree(vector), *trees.unflatten(spec, filled))

    return FlatFunction(call, tuple([leaves[i] for i in places]))


def _is_numeric_array(leaf: Any) -> bool:
    return type(leaf) is np.ndarray and leaf.dtype.kind in "fciub"


def bounds_of(name: str, bounds: Any, parameters: Parameters, pairs: bool) -> tuple[Vector, Vector]:
    """The lower and upper bound of each entry, infinite where there is none.

    Parameters
    ----------
    name : str
        The function the user called, for messages.
    bounds : None, scipy.optimize.Bounds, sequence of pairs, or pair of trees
        A pair holds the lower and the upper bounds, each like x0 or a number for a part of it.
    parameters : Parameters
        What they bound.
    pairs : bool
        Whether an array x0 takes SciPy's sequence of `(lower, upper)`, one pair an entry.
    """
    n = parameters.size
    if bounds is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        lower, upper = (_flat_limit(name, b, n) for b in (bounds.lb, bounds.ub))
    elif pairs and parameters.is_array and not _is_one_pair(bounds, n):
        lower, upper = _from_pairs(name, bounds, n)
    else:
        lower, upper = _two_sides(name, bounds)
        lower = parameters.vector(name, lower, "lower bounds")
        upper = parameters.vector(name, upper, "upper bounds")
    lower = np.where(np.isnan(lower), -np.inf, lower)
    upper = np.where(np.isnan(upper), np.inf, upper)
    crossed = np.flatnonzero(lower > upper)
    if crossed.size:
        i = int(crossed[0])
        raise OptionError(
            f"{name}: a lower bound is above the upper one.",
            got=f"{lower[i]} > {upper[i]} at {parameters.label(i)}",
            expected="lower <= upper; equal bounds hold a parameter fixed",
        )
    return lower, upper


def _is_one_pair(bounds: Any, n: int) -> bool:
    """Whether bounds are one pair of numbers, for an x0 of one entry."""
    if n != 1 or np.ndim(bounds) == 0 or len(bounds) != 2:
        return False
    return all([b is None or np.ndim(b) == 0 for b in bounds])


def _from_pairs(name: str, bounds: Any, n: int) -> tuple[Any, Any]:
    try:
        found = [[np.nan if b is None else float(b) for b in pair] for pair in bounds]
        table = np.array(found, np.float64).reshape(n, 2)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{name}: the bounds do not fit the parameters.",
            got=describe(bounds),
            expected=f"{n} pairs (lower, upper), None where there is no bound",
            try_="scipy.optimize.Bounds(lower, upper)",
        ) from error
    return table[:, 0], table[:, 1]


def _two_sides(name: str, bounds: Any) -> tuple[Any, Any]:
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise ArgumentError(
            f"{name}: bounds are a pair of lower and upper bounds.",
            got=describe(bounds),
            expected="(lower, upper), each like x0 or a number for a whole part of it",
        )
    return bounds[0], bounds[1]


def _flat_limit(name: str, limit: Any, n: int) -> Any:
    try:
        return np.broadcast_to(np.asarray(limit, np.float64), (n,))
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{name}: Bounds do not fit the parameters.",
            got=describe(limit),
            expected=f"one number or {n} of them, in the order of the leaves of x0",
        ) from error


def describe(value: Any) -> str:
    """A short description of what was given."""
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{value.dtype} of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
