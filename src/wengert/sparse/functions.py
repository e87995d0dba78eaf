"""What is prepared of a function: recorded, its pattern found, colored, and compiled.

A `Prepared` serves all calls whose arguments have one structure, the same shapes and dtypes, and
the same integers: these say where gathers read from, so the pattern depends on them. Arrays that
the function closes over are part of it as well; when one is found changed, all is done again.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import Selection, as_leaf, leaf_type
from wengert.api.choices import note_choice, total
from wengert.api.differentiate import Recorded
from wengert.api.jit import Jitted, jit
from wengert.compression.plan import Plan
from wengert.compression.recorded import plan_of_linear
from wengert.compression.structure import Structure
from wengert.errors import ArgumentError
from wengert.ir.index_sets import MAX_ENTRIES, TooManyEntries
from wengert.trace.recording import lifts_scalars_here, same_contents
from wengert.trace.tracer import Tracer, current_body
from wengert.transforms.sparsity import constants

_LARGE_INPUTS = 1_000  # elements from which on functions are first recorded without values
MAX_PREPARED = 16  # kinds of arguments that a function keeps what it prepared for


@dataclass(frozen=True)
class Wish:
    """What the user asked for beside the function.

    Attributes
    ----------
    name : str
        The public function, for messages.
    mode, memory
        As in `jacobian`.
    given : Structure or None
    is_symmetric : bool
    """

    name: str
    mode: str
    memory: float
    given: Structure | None
    is_symmetric: bool = False


# Arrays that the function being prepared closes over, each with its contents as recorded.
closed_over: ContextVar[list[tuple[Any, Any]] | None] = ContextVar("closed_over", default=None)


def _note_closed_over() -> None:
    """Enter the arrays captured so far: before the plan, which captures some of its own."""
    noted, body = closed_over.get(), current_body.get()
    if noted is not None and body is not None:
        for entries in body._captured_arrays.values():
            noted += [(array, kept) for array, _, kept in entries]


def compressed(recorded: Recorded, selection: Selection, wish: Wish) -> tuple[Plan, Any]:
    """The plan of a recorded function, and the values of the entries of its Jacobian."""
    _note_closed_over()
    in_types = [leaf_type(x) for x in selection.leaves]
    if wish.given is not None:
        shape = total(recorded.types), total(in_types)
        if wish.given.shape != shape:
            raise ArgumentError(
                f"{wish.name}: the pattern given has another shape than the matrix.",
                got=f"{wish.given.shape[0]} × {wish.given.shape[1]}",
                expected=f"{shape[0]} × {shape[1]}: elements of the outputs × elements of the "
                "arguments",
            )
    try:
        made = _planned(recorded, in_types, wish)
    except TooManyEntries:
        raise too_many_entries(wish.name) from None
    note_choice(recorded, in_types, wish.mode, made)
    return made, made.values(recorded.residuals, wish.memory)


def too_many_entries(name: str) -> ArgumentError:
    """What is said where a pattern does not fit into memory."""
    return ArgumentError(
        f"{name}: so much depends on so much that the pattern does not fit into memory.",
        got=f"more than {MAX_ENTRIES:,} entries",
        expected="a function each of whose outputs depends on few inputs",
        try_="indices that do not depend on floating-point numbers; or products with the matrix: "
        "wengert.jvp, wengert.vjp, wengert.hvp",
    )


def _planned(recorded: Recorded, in_types: Sequence[Any], wish: Wish) -> Plan:
    return plan_of_linear(
        recorded.linearized,
        constants(recorded.residuals),
        in_types,
        recorded.types,
        wish.mode,
        wish.given,
        wish.is_symmetric,
        is_compiled=not lifts_scalars_here(),
    )


class Prepared:
    """A function compiled together with the products of its sparse derivative.

    Parameters
    ----------
    derive : callable
        `derive(args, kwargs)` gives a tree of results, the plan and the values of the entries;
        called while recording.
    split : Split
        The arguments it is prepared for.
    """

    def __init__(self, derive: Callable[..., tuple[Any, Plan, Any]], split: Split) -> None:
        self._derive = derive
        self._split = split.kept()
        self.plans: list[Plan] = []
        self._watched: list[tuple[Any, Any]] = []
        self._jitted: Jitted = jit(self._recorded)
        self._jitted.large_inputs = _LARGE_INPUTS

    @property
    def jitted(self) -> Jitted:
        """The compiled function of the numbers."""
        return self._jitted

    def fits(self, split: Split) -> bool:
        """Whether a call with other numbers may use it."""
        return self._split.is_like(split) and all(
            [same_contents(kept, array) for array, kept in self._watched]
        )

    def __call__(self, numbers: Sequence[Any]) -> tuple[Any, Plan, Any]:
        """The results, the plan that this path through the function has, and the values."""
        results, made, data = self._jitted(*numbers)
        return results, made if isinstance(made, Plan) else self.plans[made], data

    def _recorded(self, *numbers: Any) -> Any:
        """The results, the number of the plan, which is a literal of this recording, the values."""
        is_recorded = current_body.get() is not None
        token = closed_over.set([])
        try:
            results, made, data = self._derive(*self._split.arguments(numbers))
            if not is_recorded:  # run as it is: after too many paths, or for comparison
                return results, made, data
            self._watch(closed_over.get() or [])
        finally:
            closed_over.reset(token)
        self.plans.append(made)
        return results, len(self.plans) - 1, data

    def _watch(self, arrays: Sequence[tuple[Any, Any]]) -> None:
        """Remember what the arrays hold that the function closes over."""
        known = {id(array) for array, _ in self._watched}
        for array, kept in arrays:
            if id(array) in known:
                continue
            known.add(id(array))
            if kept is not array:
                self._watched.append((array, kept))
            elif array.dtype.kind in "iub" and array.flags.writeable:
                self._watched.append((array, array.copy()))


@dataclass(frozen=True)
class Split:
    """The leaves of a call: numbers that may change, and what is prepared for.

    Attributes
    ----------
    spec : tree structure of (args, kwargs)
    leaves : list
        All leaves, None in place of the numbers.
    types : list
        Of each leaf its Type if it is a number that may change, else None.
    numbers : list
    """

    spec: Any
    leaves: list[Any]
    types: list[Any]
    numbers: list[Any]

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Split:
        """Floating-point leaves are numbers, all others stay as they are."""
        leaves, spec = trees.flatten((args, kwargs))
        types: list[Any] = [None] * len(leaves)
        numbers = []
        for i, leaf in enumerate(leaves):
            if _is_number(leaf):
                value = as_leaf(leaf)
                types[i] = (leaf_type(value), isinstance(value, np.ndarray))
                numbers.append(value)
                leaves[i] = None
        return cls(spec, leaves, types, numbers)

    def kept(self) -> Split:
        """The same without numbers, its arrays copied: the caller may write into them."""
        leaves = [x.copy() if isinstance(x, np.ndarray) else x for x in self.leaves]
        return Split(self.spec, leaves, self.types, [])

    def is_like(self, other: Split) -> bool:
        """Whether only numbers differ."""
        if self.spec != other.spec or self.types != other.types:
            return False
        return all([_are_equal(a, b) for a, b in zip(self.leaves, other.leaves, strict=True)])

    def arguments(self, numbers: Sequence[Any]) -> tuple[Any, Any]:
        """args and kwargs with these numbers."""
        rest = iter(numbers)
        leaves = [
            x if t is None else next(rest) for x, t in zip(self.leaves, self.types, strict=True)
        ]
        return trees.unflatten(self.spec, leaves)


def _is_number(leaf: Any) -> bool:
    if isinstance(leaf, (float, complex, Tracer)):
        return True
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc"


def _are_equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


class SparseFunction:
    """What `derive` gives, prepared for each kind of arguments; the latest kinds are kept."""

    def __init__(self, derive: Callable[..., tuple[Any, Plan, Any]]) -> None:
        self._derive = derive
        self._prepared: list[Prepared] = []

    def __call__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Plan, Any, bool]:
        """Results, plan, values, and whether something was prepared by this call."""
        split = Split.of(args, kwargs)
        if current_body.get() is not None or any(isinstance(x, Tracer) for x in split.numbers):
            return *self._derive(args, kwargs), False
        one = self.prepared(split)
        found = one(split.numbers)  # what cannot be prepared leaves nothing behind
        is_new = one not in self._prepared
        if self._prepared[:1] != [one]:
            self._prepared = [one, *[p for p in self._prepared if p is not one]][:MAX_PREPARED]
        return *found, is_new

    def prepared(self, split: Split) -> Prepared:
        """What is there for such arguments, or a new one that is not kept yet."""
        for one in self._prepared:
            if one.fits(split):
                return one
        return Prepared(self._derive, split)


prepared_functions: weakref.WeakKeyDictionary[Callable[..., Any], SparseFunction] = (
    weakref.WeakKeyDictionary()
)


def compiled_for(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """For `explain`: the jitted function inside a sparse derivative, and its arguments; or None."""
    try:
        function = prepared_functions.get(f)
    except TypeError:  # of a kind to which there are no weak references
        return None
    if function is None:
        return None
    split = Split.of(args, kwargs)
    return function.prepared(split).jitted, tuple(split.numbers)
