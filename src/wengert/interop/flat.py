"""`Flat`: a function of a row of arrays, as other libraries want it, with what is derived from it.

Its pullback, its derivative along a direction and itself on batches are each a `Flat` again. So a
library that differentiates a derivative finds the same thing once more, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import as_leaf, leaf_type
from wengert.api.jit import jit
from wengert.api.mapping import vmap
from wengert.api.products import jvp, vjp
from wengert.errors import DecisionError
from wengert.trace.recording import Recording
from wengert.types import Type


def has_tangent(x: Any) -> bool:
    """Whether there is a derivative with respect to this array."""
    return x.dtype.kind in "fc"


class Flat:
    """A function of arrays that gives a tree of arrays.

    Only floating-point arrays have tangents and cotangents: those are passed in order, without
    places for the others.
    """

    def __init__(self, f: Callable[..., Any], compiles: bool) -> None:
        self.f = f
        self.compiles = compiles
        self._run = jit(f) if compiles else f
        self._derived: dict[Any, Flat] = {}

    def __call__(self, arrays: Sequence[Any]) -> tuple[list[Any], Any]:
        """The leaves of the result, and its structure."""
        return trees.flatten(self._run(*arrays))

    def pullback(self, n: int) -> Flat:
        """(n arrays, cotangents of the result) -> cotangents of the arrays."""

        def f(*args: Any) -> tuple[Any, ...]:
            out, pull = vjp(self.f, *args[:n])
            leaves, spec = trees.flatten(out)
            cts = iter(args[n:])
            given = [next(cts) if has_tangent(y) else None for y in leaves]
            return tuple([ct for ct in pull(trees.unflatten(spec, given)) if ct is not None])

        return self._kept(("pullback", n), f)

    def pushforward(self, n: int) -> Flat:
        """(n arrays, tangents of the arrays) -> tangents of the result."""

        def f(*args: Any) -> tuple[Any, ...]:
            arrays, tangents = args[:n], iter(args[n:])
            given = tuple([next(tangents) if has_tangent(x) else None for x in arrays])
            _, found = jvp(self.f, arrays, given)
            return tuple(trees.flatten(found)[0])  # None is no leaf

        return self._kept(("pushforward", n), f)

    def batched(self, in_axes: tuple[int | None, ...]) -> Flat:
        """The function on batches along the given axes; those of the results are in front."""
        mapped = vmap(self.f, in_axes)

        def f(*arrays: Any) -> Any:
            try:
                return mapped(*arrays)
            except DecisionError:  # items may differ in what they decide
                return _item_by_item(self.f, in_axes, arrays)

        return self._kept(in_axes, f)

    def _kept(self, key: Any, f: Callable[..., Any]) -> Flat:
        known = self._derived.get(key)
        if known is None:
            known = self._derived[key] = Flat(f, self.compiles)
        return known


def _item_by_item(f: Callable[..., Any], axes: Any, arrays: Any) -> Any:
    """The results of `f` on each item of batches, stacked."""
    fronted = [x if a is None else np.moveaxis(x, a, 0) for x, a in zip(arrays, axes, strict=True)]
    size = next(x.shape[0] for x, a in zip(fronted, axes, strict=True) if a is not None)
    items = [
        f(*[x if a is None else x[i] for x, a in zip(fronted, axes, strict=True)])
        for i in range(size)
    ]
    return trees.map_tree(lambda *leaves: np.stack(leaves), *items)


class Flattened:
    """A function of trees as `Flat` functions: one for each structure of its arguments.

    `is_array` says which leaves are arrays of the other library; all others are constants.
    """

    def __init__(
        self, f: Callable[..., Any], is_array: Callable[[Any], bool], compiles: bool
    ) -> None:
        self.f = f
        self.is_array = is_array
        self.compiles = compiles
        self._known: dict[Any, Flat] = {}

    def __call__(self, args: Any, kwargs: Any) -> tuple[Flat, list[Any]]:
        """The Flat function for these arguments, and the arrays among their leaves."""
        leaves, spec = trees.flatten((args, kwargs))
        arrays = [x for x in leaves if self.is_array(x)]
        rest = [None if self.is_array(x) else (type(x), x) for x in leaves]
        try:
            key: Any = (spec, tuple(rest))
            flat = self._known.get(key)
        except TypeError:  # a constant that cannot be hashed
            key = flat = None
        if flat is None:
            flat = Flat(self._on_arrays(leaves, spec), self.compiles)
            if key is not None:
                self._known[key] = flat
        return flat, arrays

    def _on_arrays(self, leaves: list[Any], spec: Any) -> Callable[..., Any]:
        places = [i for i, x in enumerate(leaves) if self.is_array(x)]
        constants = [None if self.is_array(x) else x for x in leaves]

        def f(*arrays: Any) -> Any:
            filled = list(constants)
            for i, x in zip(places, arrays, strict=True):
                filled[i] = x
            args, kwargs = trees.unflatten(spec, filled)
            return self.f(*args, **kwargs)

        return f


class Kept:
    """Functions derived from a function and its keyword arguments, made once."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def get(self, make: Callable[..., Any], f: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """`make(f, kwargs)`, the same one again for the same keyword arguments."""
        key = (make, *sorted(kwargs.items()))
        try:
            known = self._known.get(key)
        except TypeError:  # a keyword argument that cannot be hashed
            return make(f, kwargs)
        if known is None:
            known = self._known[key] = make(f, kwargs)
        return known


def result_types(flat: Flat, types: Sequence[Type]) -> tuple[list[Type], Any]:
    """The Types of the leaves of the result, and its structure, for arguments of these Types.

    Raises `DecisionError` where the function decides by values.
    """
    recording = Recording("interop", has_values=False, is_body=True)
    recording.may_write_arguments = False
    with recording:
        handles = [recording.argument(t, is_array=t.shape != ()) for t in types]
        leaves, spec = trees.flatten(flat.f(*handles))
        return [leaf_type(as_leaf(x)) for x in leaves], spec
