"""`foreign`: a function that cannot be traced, taken as it is, with a derivative from elsewhere.

Read this file, then `foreign_call` (the primitive and what transforms make of it), `foreign_rules`
(where the derivative comes from), `foreign_program` (rules that are NumPy code, differentiated).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from wengert import trees
from wengert.control.bodies import as_operand, leaf_type
from wengert.errors import ArgumentError, DecisionError, OutputError
from wengert.extend.foreign_call import ForeignCall, Part, Site, Static, foreign_p
from wengert.extend.foreign_rules import METHODS, DerivativeRule, GivenRule, NumericRule
from wengert.trace.tracer import Tracer, bind, current_body
from wengert.types import Type


def foreign(
    f: Callable[..., Any] | None = None,
    *,
    jvp: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    numeric: str | None = None,
    step: float | None = None,
    out: Any = None,
    vectorized: bool = False,
) -> Any:
    """A function that is run as it is (compiled code, pandas, a simulator) among traced ones.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and NumPy arrays that gives the same; other leaves
        (strings, objects) are handed through. It gets arrays of its own, in C order, and must give
        the same result for the same arguments: it may be called fewer times than it is written,
        or more. Without `f` the result is a decorator.
    jvp : callable, optional
        `jvp(primals, tangents) -> tangent_out`: the derivative along a direction. `primals` and
        `tangents` are tuples with one entry an argument; the tangent of what is not a floating
        point number is None, and None may be returned for zero.
    vjp : callable, optional
        `vjp(primals, out, cotangent) -> cotangents`, a tuple with one entry an argument, None for
        zero: the adjoint of the derivative.
    numeric : {"complex", "central"}, optional
        Differentiate numerically instead. "complex" runs f on complex numbers (real arguments,
        f analytic) and is exact to rounding; "central" takes central differences, which cost about
        a third of the digits. A direction costs one call or two, a gradient or cotangent one or
        two for every number among the arguments.
    step : float, optional
        The step, relative to the size of each number (absolute at 0); by default 2^-66 for
        "complex" and the cube root of the precision for "central".
    out : tree of arrays or `Type`, or callable, optional
        What f returns: a tree whose leaves have the shape and dtype of the result's (their values
        do not matter), or a function of the arguments' Types that gives such a tree. Without it, f
        is called once on the values of the arguments for each kind of them; where there are no
        values (under `vmap`, in loops), `out` is needed.
    vectorized : bool, default False
        Whether f and its rules take a batch at once: every argument, result, tangent and cotangent
        then has the axes of the batch in front. Otherwise `vmap` is a Python loop over items.

    Returns
    -------
    callable
        Works under every transform; compiled code calls back into Python for it.

    Raises
    ------
    MissingRuleError
        When a derivative is asked for and neither rule nor method was given; and for a second
        derivative through a rule that cannot be traced, or through a numerical one.
    OutputError
        When f or a rule returns other shapes or dtypes than announced.

    Notes
    -----
    One rule serves both modes: with `jvp` alone, a cotangent costs one call of it for every number
    among the arguments (two for a complex one); with `vjp` alone, a direction costs one for every
    number of the result. A rule that is NumPy code, or calls other foreign functions, has
    derivatives of its own: it is traced when a second derivative asks for it. What a function
    closes over is constant.

    Examples
    --------
    >>> import math, numpy as np, wengert as wg
    >>> from wengert.extend import foreign
    >>> gamma = foreign(math.gamma, numeric="central", out=0.0)  # takes no arrays, no tracers
    >>> print(f"{wg.grad(lambda x: gamma(x) ** 2)(3.0):.6f}")  # 2 Γ(3) Γ'(3)
    7.382275
    >>> @foreign(jvp=lambda primals, tangents: -square_wave(primals[0] + 1.0) * tangents[0])
    ... def square_wave(x):
    ...     return np.asarray(np.sin(np.pi / 2 * x).round().tolist())  # nothing one could trace
    >>> wg.jvp(square_wave, (np.arange(3.0),), (np.ones(3),))
    (array([0., 1., 0.]), array([-1., -0.,  1.]))
    """
    rule = _rule(jvp, vjp, numeric, step)
    if f is None:
        return lambda g: Foreign(g, rule, out, vectorized)
    return Foreign(f, rule, out, vectorized)


def _rule(jvp: Any, vjp: Any, numeric: str | None, step: float | None) -> DerivativeRule | None:
    for name, given in (("jvp", jvp), ("vjp", vjp)):
        if given is not None and not callable(given):
            raise ArgumentError(
                f"foreign: the {name} rule is not a function.", got=repr(given), expected="callable"
            )
    if numeric is None:
        if step is not None:
            raise ArgumentError(
                "foreign: a step was given without a numerical method.",
                got=f"step={step!r}",
                expected='numeric="complex" or numeric="central" beside it',
            )
        return None if jvp is None and vjp is None else GivenRule(jvp, vjp)
    if numeric not in METHODS:
        raise ArgumentError(
            "foreign: there is no such numerical method.",
            got=f"numeric={numeric!r}",
            expected=" or ".join(f'"{name}"' for name in METHODS),
        )
    if jvp is not None or vjp is not None:
        raise ArgumentError(
            "foreign: both a rule and a numerical method were given.",
            got=f'numeric="{numeric}" beside jvp or vjp',
            expected="one of them",
            try_="leave numeric out: a single rule serves forward and reverse mode",
        )
    if step is not None and not (np.isfinite(step) and step > 0):
        raise ArgumentError(
            "foreign: the step is not a positive number.", got=repr(step), expected="step > 0"
        )
    return NumericRule(numeric, step)


class Foreign:
    """A function made by `foreign`."""

    def __init__(self, f: Any, rule: DerivativeRule | None, out: Any, vectorized: bool) -> None:
        if not callable(f):
            raise ArgumentError("foreign: not a function.", got=repr(f), expected="a callable")
        update_wrapper(self, f, updated=())
        self.f = f
        self.name = getattr(f, "__name__", type(f).__name__)
        self.rule = rule
        self.out = out
        self.vectorized = vectorized
        self._known: dict[Any, tuple[Any, tuple[Type, ...]]] = {}

    def __repr__(self) -> str:
        return f"<foreign {self.name}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, spec = trees.flatten((args, kwargs))
        if current_body.get() is None and not any(isinstance(x, Tracer) for x in leaves):
            return self.f(*args, **kwargs)
        n_positional = len(leaves)
        if kwargs:
            args, kwargs = self._positional(args, kwargs)
            leaves, spec = trees.flatten((args, kwargs))
            n_positional = len(trees.flatten(args)[0])
        static, dynamic = [], []
        for i, leaf in enumerate(leaves):
            if i < n_positional and _is_number(leaf):
                dynamic.append(leaf)
            else:
                static.append((i, Static(leaf)))
        types = tuple([leaf_type(as_operand(self.name, x, "an argument")) for x in dynamic])
        key = (spec, tuple(static), types)
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 1000:
                self._known.clear()
            known = self._known[key] = self._find_out(Site(self, *key), dynamic)
        out_spec, out_types = known
        site = Site(self, *key, out_spec, out_types)
        values = bind(foreign_p, *dynamic, call=ForeignCall(site, Part.VALUE))
        return trees.unflatten(out_spec, values)

    def _positional(self, args: Any, kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Keyword arguments in their places, so that rules find them; the rest is constant."""
        try:
            bound = inspect.signature(self.f).bind(*args, **kwargs)
        except (TypeError, ValueError):  # compiled functions may have no signature
            rest = kwargs
        else:
            args, rest = bound.args, bound.kwargs
        if any(isinstance(x, Tracer) for x in trees.flatten(rest)[0]):
            raise ArgumentError(
                f"{self.name}: a traced value was passed by keyword and has no position.",
                got=", ".join(rest),
                expected="traced values in arguments that have a position",
                try_="pass it by position, or wrap a Python function that does",
            )
        return args, rest

    def _find_out(self, site: Site, dynamic: list[Any]) -> tuple[Any, tuple[Type, ...]]:
        """The structure and the types of the result."""
        if self.out is not None:
            out = self.out
            if callable(out) and not hasattr(out, "shape"):
                args, kwargs = site.arguments(site.types)
                out = out(*args, **kwargs)
            leaves, spec = trees.flatten(out)
            return spec, tuple([self._announced(x) for x in leaves])
        values = [_value(x) for x in dynamic]
        if any(v is None for v in values):
            raise DecisionError(
                f"{self.name}: what this foreign function returns is not known here.",
                got="no values to call it on, and no `out`",
                expected="foreign(f, out=...): arrays or Types like the result, or a function of "
                "the arguments' Types",
                try_="out=lambda x: x for a result of the type of x",
            )
        args, kwargs = site.arguments(values)
        leaves, spec = trees.flatten(self.f(*args, **kwargs))
        return spec, tuple([self._announced(x) for x in leaves])

    def _announced(self, leaf: Any) -> Type:
        if isinstance(leaf, (bool, int, float, complex)):
            leaf = np.asarray(leaf)
        shape: Any = getattr(leaf, "shape", None)
        dtype: Any = getattr(leaf, "dtype", None)
        if not isinstance(shape, tuple) or getattr(dtype, "kind", "?") not in "fciub":
            raise OutputError(
                f"{self.name}: a foreign function returns something that is no array of numbers.",
                got=f"{leaf!r} of type {type(leaf).__name__}, from a call or from `out`",
                expected="numbers, arrays (or Types, in `out`), or containers of them",
                try_="convert it inside a Python function, which is then wrapped",
            )
        return Type(shape, dtype)


def _is_number(leaf: Any) -> bool:
    if isinstance(leaf, (Tracer, bool, int, float, complex)):
        return True
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fciub"


def _value(leaf: Any) -> Any:
    """The plain value behind a tracer; None where there is none."""
    while isinstance(leaf, Tracer):
        leaf.refresh()
        leaf = leaf.recording.outer_value(leaf) if leaf.value is None else leaf.value
    return leaf
