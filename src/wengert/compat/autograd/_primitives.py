"""User primitives: `primitive`, and the rules that `defvjp`, `defjvp` and their relatives give.

A primitive is a host function of Wengert (`control/host.py`): it runs on plain values. Its rules
are kept by function, in autograd's form,

    vjp   maker(argnums, ans, args, kwargs)(g) -> one cotangent for each of the argnums
    jvp   maker(argnums, gs, ans, args, kwargs) -> the tangent of the result

Arguments may be containers; numbers and arrays in them are differentiated, whatever else there is
is passed on. Cotangents follow autograd's convention here, the conjugates of Wengert's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from wengert import trees
from wengert.compat.autograd._boxes import getval
from wengert.compat.autograd._vspaces import SparseObject, add_trees, vspace
from wengert.compat.autograd.util import subval
from wengert.control.bodies import leaf_type
from wengert.control.host import HostCall, apply, on_plain_values, plain_value
from wengert.errors import ArgumentError, DecisionError, MissingRuleError, OutputError
from wengert.ops.core import conj, convert, reshape, zeros_of
from wengert.ops.joining import array_of
from wengert.trace.tracer import Tracer
from wengert.types import Type

primitive_vjps: dict[Any, Callable[..., Any]] = {}
primitive_jvps: dict[Any, Callable[..., Any]] = {}


class MissingDerivativeError(MissingRuleError, NotImplementedError):
    """A primitive without the rule that was asked for; a `NotImplementedError`, as in autograd."""


# -- defining --------------------------------------------------------------------------------------


def primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs on plain values and has the derivatives that `defvjp` or `defjvp` give.

    Parameters
    ----------
    f_raw : callable
        Takes numbers, arrays, containers of them and anything else; returns numbers, arrays or
        containers of them. Positional arguments are differentiated, keyword arguments are not.

    Returns
    -------
    callable

    Notes
    -----
    Rules run on plain values for first derivatives and on traced ones for higher derivatives, so
    that these follow from rules written with differentiable functions. A rule that is missing,
    forward or reverse, is the transpose of the other.

    Examples
    --------
    >>> import wengert.compat.autograd.numpy as np
    >>> from wengert.compat.autograd import grad
    >>> from wengert.compat.autograd.extend import primitive, defvjp
    >>> @primitive
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> defvjp(log1pexp, lambda ans, x: lambda g: g / (1.0 + np.exp(-x)))
    >>> grad(log1pexp)(0.0), grad(grad(log1pexp))(0.0)
    (np.float64(0.5), np.float64(0.25))
    """
    if not callable(f_raw):
        raise ArgumentError("primitive: the argument is not a function.", got=repr(f_raw))

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = trees.flatten((args, kwargs))
        if not any([isinstance(leaf, Tracer) for leaf in leaves]):
            return f_raw(*args, **kwargs)
        return _call(f_wrapped, leaves, spec)

    f_wrapped.fun = f_raw  # type: ignore[attr-defined]  # as autograd's
    f_wrapped._is_autograd_primitive = True  # type: ignore[attr-defined]  # as autograd's
    return f_wrapped


def notrace_primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """`f_raw` on the values of its arguments: a constant for every derivative."""

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*map(getval, args), **kwargs)

    f_wrapped._is_primitive = True  # type: ignore[attr-defined]  # as autograd's
    return f_wrapped


def require_primitive(name: str, fun: Any) -> None:
    """Raise unless `fun` was made by `primitive`."""
    if not getattr(fun, "_is_autograd_primitive", False):
        raise ArgumentError(
            f"{name}: the function was not made by `primitive`.",
            got=getattr(fun, "__name__", repr(fun)),
            expected="a function of your own; NumPy's have their derivatives",
            try_="f = primitive(f), and call that one",
        )


def defvjp_argnums(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """Give the reverse rule of all arguments: `vjpmaker(argnums, ans, args, kwargs)(g)`."""
    require_primitive("defvjp_argnums", fun)
    primitive_vjps[fun] = vjpmaker


def defvjp_argnum(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """Give the reverse rule by argument: `vjpmaker(argnum, ans, args, kwargs)(g)`."""

    def vjp_argnums(argnums: Sequence[int], *args: Any) -> Callable[[Any], Any]:
        vjps = [vjpmaker(argnum, *args) for argnum in argnums]
        return lambda g: tuple([vjp(g) for vjp in vjps])

    defvjp_argnums(fun, vjp_argnums)


def defvjp(fun: Any, *vjpmakers: Any, argnums: Iterable[int] | None = None) -> None:
    """Give the reverse rule argument by argument.

    Parameters
    ----------
    fun : callable
        Made by `primitive`.
    *vjpmakers : callable or None
        `maker(ans, *args, **kwargs)` returns `vjp(g)`, the cotangent of the argument; None says
        that it is zero.
    argnums : sequence of int, optional
        The arguments that the makers belong to; the first ones by default.

    Raises
    ------
    MissingDerivativeError
        From a derivative in an argument without a maker.
    """
    makers = _rules_by_argument("VJP", fun, vjpmakers, argnums, ())

    def vjp_argnums(
        wanted: Sequence[int], ans: Any, args: Any, kwargs: Any
    ) -> Callable[[Any], tuple[Any, ...]]:
        vjps: list[Any] = []
        for argnum in wanted:
            maker = _rule_of(makers, "VJP", fun, argnum)
            vjps.append(None if maker is None else maker(ans, *args, **kwargs))
        return lambda g: tuple([None if vjp is None else vjp(g) for vjp in vjps])

    defvjp_argnums(fun, vjp_argnums)


def defjvp_argnums(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """Give the forward rule of all arguments: `jvpmaker(argnums, gs, ans, args, kwargs)`."""
    require_primitive("defjvp_argnums", fun)
    primitive_jvps[fun] = jvpmaker


def defjvp_argnum(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """Give the forward rule by argument: `jvpmaker(argnum, g, ans, args, kwargs)`."""

    def jvp_argnums(argnums: Sequence[int], gs: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        terms = [jvpmaker(i, g, ans, args, kwargs) for i, g in zip(argnums, gs, strict=True)]
        return add_trees(terms)

    defjvp_argnums(fun, jvp_argnums)


def defjvp(fun: Any, *jvpfuns: Any, argnums: Iterable[int] | None = None) -> None:
    """Give the forward rule argument by argument.

    Parameters
    ----------
    fun : callable
        Made by `primitive`.
    *jvpfuns : callable, "same" or None
        `jvp(g, ans, *args, **kwargs)` returns the tangent of the result for the tangent `g` of the
        argument; "same" says that `fun` is linear in it, None that the tangent is zero.
    argnums : sequence of int, optional
        The arguments that the rules belong to; the first ones by default.
    """
    rules = _rules_by_argument("JVP", fun, jvpfuns, argnums, ("same",))

    def jvp_argnums(wanted: Sequence[int], gs: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        terms = []
        for argnum, g in zip(wanted, gs, strict=True):
            rule = _rule_of(rules, "JVP", fun, argnum)
            if rule == "same":
                terms.append(fun(*subval(args, argnum, g), **kwargs))
            elif rule is not None:
                terms.append(rule(g, ans, *args, **kwargs))
        return add_trees(terms)

    defjvp_argnums(fun, jvp_argnums)


def def_linear(fun: Any) -> None:
    """Say that `fun` is linear in each of its arguments."""
    defjvp_argnum(fun, lambda argnum, g, ans, args, kwargs: fun(*subval(args, argnum, g), **kwargs))


def _rules_by_argument(
    kind: str, fun: Any, rules: Sequence[Any], argnums: Iterable[int] | None, words: Sequence[str]
) -> dict[int, Any]:
    require_primitive(f"def{kind.lower()}", fun)
    for rule in rules:
        if rule is not None and not callable(rule) and rule not in words:
            raise ArgumentError(
                f"Bad {kind} {rule!r} for {fun.__name__!r}.",
                expected="a function or None" + (', or "same"' if words else ""),
            )
    return dict(zip(count() if argnums is None else argnums, rules, strict=False))


def _rule_of(rules: dict[int, Any], kind: str, fun: Any, argnum: int) -> Any:
    if argnum not in rules:
        raise missing_derivative(kind, fun.__name__, f"argnum {argnum}")
    return rules[argnum]


def missing_derivative(kind: str, name: str, which: str) -> MissingDerivativeError:
    """The error for a derivative that no rule gives."""
    return MissingDerivativeError(
        f"{kind} of {name} wrt {which} not defined.",
        expected="a rule for each argument that is differentiated",
        try_=f"def{kind.lower()}({name}, ..., argnums=...)",
    )


# -- calling ---------------------------------------------------------------------------------------

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


def _call(fun: Any, leaves: list[Any], spec: Any) -> Any:
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
    except Exception as error:
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


__all__ = [
    "MissingDerivativeError",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "notrace_primitive",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "vspace",
]
