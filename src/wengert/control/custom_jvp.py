"""`custom_jvp`: a function whose forward derivative is given; reverse mode is its transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert import trees
from wengert.control.bodies import Body, record_body, require_callable
from wengert.control.custom import CustomCall, flatten_like, require_type
from wengert.control.custom_function import CustomFunction, outputs_of_pair
from wengert.errors import OutputError
from wengert.ops.core import add


class custom_jvp(CustomFunction):  # a decorator, named as users know it
    """A function whose forward-mode derivative is given by a rule.

    Parameters
    ----------
    fun : callable
        Function of trees of numbers and arrays.
    nondiff_argnums : int or tuple of int
        Arguments that are not differentiated; they may be anything, and come first in the rule.

    Notes
    -----
    The rule runs at every recording that meets the function and must be linear in the tangents:
    reverse mode transposes it, and its own derivatives serve higher orders. Integer and boolean
    arguments have the tangent None. What the function closes over is not differentiated: an
    error says so where it would have to be.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> @wg.custom_jvp
    ... def softplus(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @softplus.defjvp
    ... def softplus_jvp(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return softplus(x), dx / (1.0 + np.exp(-x))
    >>> wg.grad(softplus)(0.0)
    np.float64(0.5)
    """

    missing = ("defjvp", "@{name}.defjvp, or {name}.defjvps(...)")

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule `jvp(*nondiff, primals, tangents) -> (out, tangent_out)`; a decorator.

        Tangents and tangent_out have the structure of primals and out; None stands for the
        tangents of integers and booleans, and may be returned for zero.
        """
        require_callable("custom_jvp", jvp, "the rule")
        self.rule = (jvp,)
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Give one rule per argument, `rule(tangent, out, *primals)`; None where it is zero."""

        def jvp(*args: Any) -> Any:
            primals, tangents = args[-2:]
            static = dict(zip(sorted(self.nondiff_argnums), args[:-2], strict=True))
            whole = list(primals)
            for i, value in static.items():
                whole.insert(i, value)
            out = self(*whole)
            total = None
            for rule, tangent in zip(jvps, tangents, strict=True):
                if rule is None or all(t is None for t in _leaves(tangent)):
                    continue
                term = rule(tangent, out, *whole)
                total = term if total is None else trees.map_tree(add, total, term)
            return out, total

        self.rule = (jvp,)

    def _record_rule(self, call: CustomCall, primal: Body) -> tuple[Body, tuple[int, ...]]:
        types = call.types
        floats = call.floats
        out_types = primal.out_types
        what = f"the jvp rule of {self.name}"
        (jvp,) = self.rule
        found: list[int] = []

        def run(*leaves: Any) -> list[Any]:
            primals = call.split(leaves[: len(types)])
            tangents = call.split(call.with_gaps(leaves[len(types) :]))
            static = [value for _, value in call.static]
            result = jvp(*static, tuple(primals), tuple(tangents))
            outs = outputs_of_pair(result, "tangent_out", what, primal.spec)
            tangent_outs = flatten_like(primal.spec, result[1], f"the tangent of {what}")
            for j, t in enumerate(tangent_outs):
                if t is not None and out_types[j].is_differentiable:
                    found.append(j)
            return [*outs, *[tangent_outs[j] for j in found]]

        in_types = [*types, *[types[i] for i in floats]]
        body = record_body(what, run, in_types, lambda handles: handles, call.values)
        if len(body.out_types) != len(out_types) + len(found):
            raise OutputError(
                f"the tangent of {what} does not have the structure it should.",
                got="containers where the function returned numbers or arrays",
                expected=str(primal.spec),
            )
        for t, expected in zip(body.out_types, out_types, strict=False):
            require_type(f"the output of {what}", t, expected)
        for t, j in zip(body.out_types[len(out_types) :], found, strict=True):
            require_type(f"the tangent of {what}", t, out_types[j])
        return body, tuple(found)


def _leaves(tree: Any) -> list[Any]:
    return trees.flatten(tree)[0]
