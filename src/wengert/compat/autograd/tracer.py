"""`autograd.tracer`: boxes, their values, and graphs of user-defined nodes.

A box is a Tracer of Wengert. `trace` records a function as a Program and walks it with a node for
every equation, so that `Node` classes that build graphs of their own work as in autograd; nodes
see Wengert's primitives, which are finer than NumPy's functions in places.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from wengert import trees
from wengert.api.tracing import trace as record
from wengert.compat.autograd._boxes import Box, getval, isbox, new_box
from wengert.compat.autograd._primitives import notrace_primitive, primitive
from wengert.compat.autograd.util import subval, subvals, toposort
from wengert.errors import ArgumentError
from wengert.ir.program import Equation, Var
from wengert.trace.tracer import bind

__all__ = [
    "Box",
    "Node",
    "getval",
    "isbox",
    "new_box",
    "notrace_primitive",
    "notrace_primitives",
    "primitive",
    "register_notrace",
    "subval",
    "subvals",
    "toposort",
    "trace",
]

notrace_primitives: defaultdict[Any, set[Any]] = defaultdict(set)


class Node:
    """Base of the nodes of a graph, to be derived from; see `trace`.

    As in autograd a subclass defines what its graph needs: nodes made during a run, start nodes,
    or both. What it left out raises when it is asked for.
    """

    __slots__: tuple[str, ...] = ()

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any
    ) -> None:
        raise NotImplementedError  # as autograd's: a kind of node defines it

    def initialize_root(self, *args: Any, **kwargs: Any) -> None:
        """What a start node begins with."""
        raise NotImplementedError  # as autograd's: a kind of node defines it

    @classmethod
    def new_root(cls, *args: Any, **kwargs: Any) -> Any:
        """A start node."""
        root = cls.__new__(cls)
        root.initialize_root(*args, **kwargs)
        return root


def register_notrace(trace_type: Any, primitive_fun: Any) -> None:
    """Note that a function is constant for a kind of node.

    Its own derivative rule decides here; functions of integers and steps have derivative zero.
    """
    notrace_primitives[trace_type].add(primitive_fun)


def trace(start_node: Any, fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """The value of `fun(x)`, and the node of the result.

    Parameters
    ----------
    start_node : Node
        Stands for `x`, a number, an array or a container. Every operation that depends on it makes
        `type(start_node)(value, fun, args, kwargs, parent_argnums, parents)`.
    fun : callable
        Returns one number or array.
    x : tree

    Returns
    -------
    value, node
        The node is None where the result does not depend on `x`.
    """
    program = record(fun)(x)
    if len(program.outputs) != 1:
        raise ArgumentError(
            "trace: the function did not return one number or array.",
            got=f"{len(program.outputs)} results",
            expected="one",
        )
    leaves = [*trees.flatten(x)[0], *program.captured]
    values: dict[Any, Any] = dict(zip(program.inputs, leaves, strict=True))
    n_arguments = len(program.inputs) - len(program.captured)
    nodes: dict[Any, Any] = dict.fromkeys(program.inputs[:n_arguments], start_node)
    for eq in program.equations:
        args = tuple([values[a] if isinstance(a, Var) else a.value for a in eq.inputs])
        function = _applied(eq)
        argnums = tuple([i for i, a in enumerate(eq.inputs) if a in nodes])
        result = bind(eq.primitive, *args, **eq.params)
        results = result if eq.primitive.is_multiple else (result,)
        values.update(zip(eq.outputs, results, strict=True))
        if argnums:
            parents = tuple([nodes[eq.inputs[i]] for i in argnums])
            node = type(start_node)(result, function, args, {}, argnums, parents)
            nodes.update(dict.fromkeys(eq.outputs, node))
    out: Any = program.outputs[0]
    value = values[out] if isinstance(out, Var) else out.value
    if out not in nodes:
        warnings.warn("Output seems independent of input.", stacklevel=2)
    return value, nodes.get(out)


def _applied(eq: Equation) -> Callable[..., Any]:
    """What an equation calls, named after its primitive."""

    def function(*args: Any) -> Any:
        return bind(eq.primitive, *args, **eq.params)

    function.__name__ = eq.primitive.name
    return function
