"""The rules of user primitives, kept by function in the form that autograd gives them.

    vjp   maker(argnums, ans, args, kwargs)(g) -> one cotangent for each of the argnums
    jvp   maker(argnums, gs, ans, args, kwargs) -> the tangent of the result

Cotangents follow autograd's convention here, the conjugates of Wengert's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

from wengert.compat.autograd._vspaces import add_trees
from wengert.compat.autograd.util import subval
from wengert.errors import ArgumentError, MissingRuleError

primitive_vjps: dict[Any, Callable[..., Any]] = {}
primitive_jvps: dict[Any, Callable[..., Any]] = {}


class MissingDerivativeError(MissingRuleError, NotImplementedError):
    """A primitive without the rule that was asked for; a `NotImplementedError`, as in autograd."""


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
