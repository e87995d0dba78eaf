"""Places that index arrays name, checked before they are used.

Native code that gathers or scatters reads and writes where an index says, so an index that is out
of bounds must end the function first, as it raises in NumPy. `Places` puts equations in front of a
gather: the places with negative ones counted from the end, whether any is out of bounds, and
`checked`, which ends the function if so. Where an index is known to be in bounds (an `arange`, the
result of a sort) there is nothing to check.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise
from wengert.ir.failure import failure
from wengert.ir.primitive import Primitive
from wengert.ir.program import Equation, Literal, Var
from wengert.native.rules import array_type, kind_of
from wengert.ops.reductions import any_p
from wengert.types import Type

Range = tuple[int, int]  # both ends included
_UNSIGNED = np.dtype(np.uint64)
_SIZES_SHOWN = 1 << 20


def _out_of_bounds(number: int) -> Exception:
    axis, size = divmod(number, _SIZES_SHOWN)
    with_size = f" with size {size}" if size else ""
    return IndexError(f"index out of bounds for axis {axis}{with_size}")


OUT_OF_BOUNDS = failure(16, _out_of_bounds)


def checked_number(axis: int, size: int) -> int:
    """What the failure's message needs, in one number."""
    return min(axis, 15) * _SIZES_SHOWN + (size if size < _SIZES_SHOWN else 0)


# These exist in prepared Programs only, so they have no rules but native ones.
wrapped_p = Primitive(
    "wrapped_place",
    lambda i, *, size: np.where(i < 0, i + size, i).astype(_UNSIGNED),
    lambda i, *, size: Type(i.shape, _UNSIGNED),
    emit=Elementwise(lambda b, i, *, size: _wrapped(b, i, size), "own"),
    cost=lambda in_types, out_types, **params: 2 * out_types[0].size,
)
outside_p = Primitive(
    "outside",
    lambda i, *, size: i >= size,
    lambda i, *, size: Type(i.shape, bool),
    emit=Elementwise(lambda b, i, *, size: b.compare("ge", i, b.constant(size, i.kind)), "own"),
    cost=lambda in_types, out_types, **params: out_types[0].size,
)
checked_p = Primitive(
    "checked_places",
    lambda places, fails, *, axis, size: places,
    lambda places, fails, *, axis, size: places,
)


def _wrapped(b: Any, i: Any, size: int) -> Any:
    """A negative place counts from the end; one that is still negative becomes huge."""
    wide = b.convert(i, "i8")
    if i.kind[0] == "i":
        end = b.add(wide, b.index(size))
        wide = b.select(b.compare("lt", wide, b.index(0)), end, wide)
    return b.convert(wide, "u8")


# The first input that is an index array.
_NAMED = {"gather": 1, "item": 1, "scatter_set": 2, "scatter_add": 2, "last_writer": 0}


class Places:
    """The index arrays of a block of equations, and what is known of its integers."""

    def __init__(self) -> None:
        self.ranges: dict[Var, Range] = {}
        self.known: dict[tuple[Any, int], Any] = {}

    def named_by(self, eq: Equation, equations: list[Equation]) -> Equation:
        """The equation with places that are in bounds; checks are appended to `equations`."""
        first = _NAMED.get(eq.primitive.name)
        if first is None or 0 in [array_type(v).size for v in eq.outputs]:
            return eq
        if "bounds" in eq.params:
            sizes = list(enumerate(eq.params["bounds"]))
        else:
            base = array_type(eq.inputs[0]).shape
            sizes = [(axis, base[axis]) for axis in eq.params["axes"]]
        places = [
            self._checked(a, size, axis, eq, equations)
            for a, (axis, size) in zip(eq.inputs[first:], sizes, strict=True)
        ]
        inputs = (*eq.inputs[:first], *places)
        return Equation(eq.primitive, inputs, eq.params, eq.outputs, eq.source)

    def _checked(
        self, atom: Any, size: int, axis: int, eq: Equation, equations: list[Equation]
    ) -> Any:
        low, high = self.range_of(atom)
        if (type(atom) is Literal and -size <= low < size) or kind_of(atom) is None:
            return atom
        made = self.known.get((atom, size))
        if made is not None:
            return made

        def append(primitive: Primitive, type_: Type, *inputs: Any, **params: Any) -> Var:
            v = Var(type_)
            equations.append(Equation(primitive, inputs, params, (v,), eq.source))
            return v

        shape = () if type(atom) is Literal else atom.type.shape
        wide = Type(shape, _UNSIGNED)
        made = append(wrapped_p, wide, atom, size=size)
        if low < -size or high >= size:
            outside = append(outside_p, Type(shape, bool), made, size=size)
            if shape:
                axes = tuple(range(len(shape)))
                outside = append(any_p, Type((), bool), outside, axes=axes, keepdims=False)
            made = append(checked_p, wide, made, outside, axis=axis, size=size)
        self.known[atom, size] = made
        return made

    # -- what is known of integers ---------------------------------------------------------------

    def range_of(self, atom: Any) -> Range:
        if type(atom) is Literal:
            value = int(atom.value) if isinstance(atom.value, (bool, int, np.integer)) else None
            return _UNKNOWN if value is None else (value, value)
        known = self.ranges.get(atom)
        if known is not None:
            return known
        dtype = atom.type.dtype if type(atom.type) is Type else None
        if dtype is None or dtype.kind not in "iu":
            return _UNKNOWN
        return _limits(atom)

    def note(self, eq: Equation, results: Sequence[Any]) -> None:
        """Remember between which numbers the results of an equation are."""
        if not all(_is_integer(v) for v in eq.outputs):
            return
        ranges = self._ranges(eq)
        for v, found in zip(results, ranges, strict=True):
            if found is not None and type(v) is Var:
                self.ranges[v] = found

    def _ranges(self, eq: Equation) -> list[Range | None]:
        name, n = eq.primitive.name, len(eq.outputs)
        own = [self.range_of(a) for a in eq.inputs]
        shapes = [array_type(a).shape if type(a) is Var else () for a in eq.inputs]
        if name == "iota":
            return [(0, max(eq.params["n"] - 1, 0))]
        if name in _SAME:
            low, high = _limits(eq.outputs[0])
            return [own[0] if low <= own[0][0] and own[0][1] <= high else None]
        if name in _UNITED:
            parts = own[_UNITED[name] :]
            return [(min(low for low, _ in parts), max(high for _, high in parts))]
        if name in _ALONG:
            axes = eq.params["axes"] if "axes" in eq.params else (eq.params["axis"],)
            last = int(np.prod([shapes[0][a] for a in axes])) - 1
            return [(0, max(last, 0)), *[None] * (n - 1)]
        if name == "nonzero":
            return [(0, max(size - 1, 0)) for size in shapes[0]]
        if name == "searchsorted":
            return [(0, shapes[0][-1])]
        if name == "gather":
            return [own[0]]
        return [_arithmetic(name, own)] * n


_UNKNOWN = (-(1 << 63), (1 << 64) - 1)
_SAME = {"reshape", "transpose", "broadcast_to", "index", "copy", "convert", "item", "full"}
_UNITED = {"concatenate": 0, "stack": 0, "select": 1, "index_set": 0, "scatter_set": 0}
_ALONG = {"argsort", "argpartition", "lexsort", "argmax", "argmin", "locate", "first_extreme"}


def _is_integer(v: Any) -> bool:
    return type(v.type) is Type and v.type.dtype.kind in "iu"


def _limits(v: Any) -> Range:
    info = np.iinfo(v.type.dtype)
    return int(info.min), int(info.max)


def _arithmetic(name: str, own: Sequence[Range]) -> Range | None:
    if len(own) != 2:
        return None
    (a, b), (c, d) = own
    if name == "add":
        found = a + c, b + d
    elif name == "sub":
        found = a - d, b - c
    elif name == "mul":
        corners = [a * c, a * d, b * c, b * d]
        found = min(corners), max(corners)
    elif name == "minimum":
        found = min(a, c), min(b, d)
    elif name == "maximum":
        found = max(a, c), max(b, d)
    elif name == "remainder" and c > 0:
        found = 0, d - 1
    elif name == "floor_divide" and c == d and c > 0:
        found = a // c, b // c
    else:
        return None
    return found if found[0] > -(1 << 62) and found[1] < 1 << 62 else None
