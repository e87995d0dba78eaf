"""Calls of user primitives with traced arguments: one equation each, run on plain values.

A primitive is a host function of Wengert (`control/host.py`). Arguments may be containers; numbers
and arrays in them are differentiated, whatever else there is is passed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from wengert import trees
from wengert.compat.autograd._rules import (
    MissingDerivativeError,
    missing_derivative,
    primitive_jvps,
    primitive_vjps,
)
from wengert.compat.autograd._vspaces import SparseObject
from wengert.control.bodies import leaf_type
from wengert.control.host import HostCall, apply, on_plain_values, plain_value
from wengert.errors import DecisionError, OutputError
from wengert.ops.core import conj, convert, reshape, zeros_of
from wengert.ops.joining import array_of
from wengert.trace.tracer import Tracer
from wengert.types import Type

_BY_VALUE = (bool, int, str, bytes, type(None), type, np.dtype)


class _Static:
    """An argument that is no number: equal to another by value if it is simple, else the same."""

    __slots__ = ("is_simple", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.is_simple = isinstance(value, _BY_VALUE)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Static) or type(self.value) is not type(other.value):
            return False
        return self.value is other.value or (self.is_simple and bool(self.value == other.value))

    def __hash__(self) -> int:
        return hash(self.value) if self.is_simple else id(self.value)


class _Site:
    """One kind of call: the primitive, the structure of the arguments, and what is no number.

    Equal kinds are one object (`_site`), so that what the equations hold is compared by identity.
    """

    def __init__(self, fun: Any, spec: Any, static: tuple[tuple[int, _Static], ...]) -> None:
        self.fun = fun
        self.spec = spec
        fixed = dict(static)
        self.template = [fixed[i].value if i in fixed else None for i in range(spec.num_leaves)]
        self.places = [i for i in range(spec.num_leaves) if i not in fixed]
        args, _ = trees.unflatten(spec, range(spec.num_leaves))
        self.arg_specs = [trees.structure(arg) for arg in args]
        # Of each number: the positional argument that it belongs to, and where it stands in it.
        homes = [(k, j) for k, s in enumerate(self.arg_specs) for j in range(s.num_leaves)]
        homes += [(_KEYWORD, 0)] * (spec.num_leaves - len(homes))
        self.homes = [homes[p] for p in self.places]
        self.calls: dict[Any, PrimitiveCall] = {}

    def call(self, out_types: tuple[Type, ...], out_spec: Any) -> PrimitiveCall:
        """The call of this kind with results of these types."""
        key = (out_types, out_spec)
        found = self.calls.get(key)
        return found or self.calls.setdefault(key, PrimitiveCall(self, out_types, out_spec))

    def arguments(self, values: Sequence[Any]) -> tuple[Any, Any]:
        """The call's positional and keyword arguments."""
        leaves = self.template[:]
        for place, value in zip(self.places, values, strict=True):
            leaves[place] = value
        return trees.unflatten(self.spec, leaves)

    def run(self, values: Sequence[Any]) -> tuple[list[Any], Any]:
        """What the function returns on plain values, out of reach of its arguments' memory."""
        positional, keywords = self.arguments(values)
        with on_plain_values():
            result = self.fun.fun(*positional, **keywords)
        leaves, spec = trees.flatten(result)
        return [_as_result(self.fun.__name__, leaf, values) for leaf in leaves], spec


_KEYWORD = -1
_sites: WeakValueDictionary[Any, _Site] = WeakValueDictionary()


def _site(fun: Any, spec: Any, static: tuple[tuple[int, _Static], ...]) -> _Site:
    key = (fun, spec, static)
    site = _sites.get(key)
    if site is None:
        site = _sites[key] = _Site(fun, spec, static)
    return site


class PrimitiveCall(HostCall):
    """What an equation holds: a kind of call, and the types of its results."""

    def __init__(self, site: _Site, out_types: tuple[Type, ...], out_spec: Any) -> None:
        self.site = site
        self.fun = site.fun
        self.name = site.fun.__name__
        self.out_types = out_types
        self.out_spec = out_spec

    @property
    def directions(self) -> frozenset[str]:
        found = {"push"} if self.fun in primitive_jvps else set()
        return frozenset(found | ({"pull"} if self.fun in primitive_vjps else set()))

    def argnums(self, active: Iterable[int]) -> tuple[int, ...]:
        """The positional arguments that hold these numbers."""
        return tuple(sorted({self.site.homes[i][0] for i in active}))

    def require(self, active: tuple[int, ...]) -> None:
        if _KEYWORD in self.argnums(active):
            raise MissingDerivativeError(
                f"{self.name}: a keyword argument of a primitive is differentiated.",
                expected="derivatives in positional arguments",
                try_="pass it by position and give its rule, or getval(x) for a constant",
            )

    def run(self, args: Sequence[Any]) -> list[Any]:
        return self.site.run(args)[0]

    def pull(
        self, args: Any, outs: Any, cts: Sequence[Any], active: tuple[int, ...]
    ) -> list[Any] | None:
        maker = primitive_vjps.get(self.fun)
        argnums = self.argnums(active)
        if maker is None:
            if self.fun in primitive_jvps:
                return None
            raise missing_derivative("VJP", self.name, f"argnums {argnums}")
        given = dict(zip(self.float_outs, cts, strict=True))
        leaves = [conj(given[j]) if j in given else zeros_of(y) for j, y in enumerate(outs)]
        g = trees.unflatten(self.out_spec, leaves)
        ans = trees.unflatten(self.out_spec, outs)
        positional, keywords = self.site.arguments(args)
        parts = list(maker(argnums, ans, positional, keywords)(g))
        found: dict[int, list[Any]] = {}
        for argnum, part in zip(argnums, parts, strict=True):
            found[argnum] = _leaves_like(self.site.arg_specs[argnum], part, self._vjp(argnum))
        results = []
        for i in active:
            argnum, place = self.site.homes[i]
            value = _fitted(found[argnum][place], leaf_type(args[i]), self._vjp(argnum))
            results.append(conj(value))
        return results

    def _vjp(self, argnum: int) -> str:
        return f"the VJP of {self.name} wrt argnum {argnum}"

    def push(self, args: Any, outs: Any, tangents: dict[int, Any]) -> list[Any] | None:
        maker = primitive_jvps.get(self.fun)
        argnums = self.argnums(tangents)
        if maker is None:
            if self.fun in primitive_vjps:
                return None
            raise missing_derivative("JVP", self.name, f"argnums {argnums}")
        moved = [tangents[i] if i in tangents else zeros_of(a) for i, a in enumerate(args)]
        directions, _ = self.site.arguments(moved)
        gs = tuple([directions[argnum] for argnum in argnums])
        ans = trees.unflatten(self.out_spec, outs)
        positional, keywords = self.site.arguments(args)
        result = maker(argnums, gs, ans, positional, keywords)
        what = f"the JVP of {self.name} wrt argnums {argnums}"
        leaves = _leaves_like(self.out_spec, result, what)
        return [_fitted(leaves[j], self.out_types[j], what) for j in self.float_outs]


def call_primitive(fun: Any, leaves: list[Any], spec: Any) -> Any:
    """A call with traced arguments, recorded as one equation."""
    operands, static = [], []
    for i, leaf in enumerate(leaves):
        operand = _operand(leaf)
        if operand is None:
            static.append((i, _Static(leaf)))
        else:
            operands.append(operand)
    site = _site(fun, spec, tuple(static))
    plain = [plain_value(v) for v in operands]
    if all([v is not None for v in plain]):
        outs, out_spec = site.run(plain)
        call = site.call(tuple([leaf_type(y) for y in outs]), out_spec)
        results = apply(call, operands, outs)
    else:
        call = site.call(*_types_without_values(site, operands))
        results = apply(call, operands)
    return trees.unflatten(call.out_spec, results)


def _operand(leaf: Any) -> Any:
    """A number or array that is an input of the equation; None for all else."""
    if isinstance(leaf, Tracer):
        return leaf
    if isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic):
        return np.asarray(leaf)[()]
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fciub":
        return leaf
    return None


def _types_without_values(site: _Site, operands: Sequence[Any]) -> tuple[Any, Any]:
    """The types of the results where values are not known: those for arguments of ones."""
    ones = [np.ones(t.shape, t.dtype)[()] for t in map(leaf_type, operands)]
    try:
        with np.errstate(all="ignore"):
            outs, spec = site.run(ones)
    except Exception as error:  # whatever the function raises on ones
        raise DecisionError(
            f"{site.fun.__name__} is a primitive that runs on values, and here there are none.",
            got=f"{type(error).__name__} when it was tried on ones, to learn its result's type",
            expected="a function that accepts ones, under vmap and in the bodies of loops",
            try_="a Python loop instead of vmap or scan",
        ) from error
    return tuple([leaf_type(y) for y in outs]), spec


def _as_result(name: str, leaf: Any, args: Sequence[Any]) -> Any:
    if isinstance(leaf, Tracer):
        raise OutputError(
            f"{name} is a primitive and closes over a traced value.",
            got=repr(leaf.type),
            expected="everything that is differentiated among its positional arguments",
            try_="pass the value as an argument",
        )
    if isinstance(leaf, (bool, int, float, complex)) and not isinstance(leaf, np.generic):
        return np.asarray(leaf)[()]
    if not isinstance(leaf, (np.ndarray, np.generic)) or leaf.dtype.kind not in "fciub":
        raise OutputError(
            f"{name} is a primitive and returned something that is no array.",
            got=f"{leaf!r} of type {type(leaf).__name__}",
            expected="numbers, arrays, or containers of them",
        )
    if isinstance(leaf, np.generic):
        return leaf
    is_shared = any(isinstance(a, np.ndarray) and np.may_share_memory(leaf, a) for a in args)
    return leaf.copy() if is_shared else np.asarray(leaf)


# -- what rules return -----------------------------------------------------------------------------


def _leaves_like(spec: Any, tree: Any, what: str) -> list[Any]:
    """The parts of `tree` where `spec` has leaves; None stands for zero."""
    if isinstance(tree, SparseObject):
        tree = tree.dense()
    if tree is None:
        return [None] * spec.num_leaves
    try:
        return list(spec.flatten_up_to(tree))
    except ValueError as error:
        raise OutputError(
            f"{what} does not have the structure of what it belongs to.",
            got=str(trees.structure(tree)),
            expected=str(spec),
        ) from error


def _fitted(value: Any, type_: Type, what: str) -> Any:
    """A tangent or cotangent in the type of what it belongs to."""
    if isinstance(value, SparseObject):
        value = value.dense()
    if value is None:
        return zeros_of(type_)
    value = array_of(value)
    if value.shape != type_.shape:
        if value.size != type_.size:
            raise OutputError(
                f"{what} does not have the shape of what it belongs to.",
                got=repr(list(value.shape)),
                expected=repr(list(type_.shape)),
                try_="numpy_vjps.unbroadcast_f(x, vjp) where x was broadcast",
            )
        value = reshape(value, type_.shape)
    if value.dtype != type_.dtype:
        if value.dtype.kind == "c" and type_.dtype.kind != "c":
            value = np.real(value)
        value = convert(value, type_.dtype)
    return value[()] if isinstance(value, np.ndarray) and not value.shape else value
