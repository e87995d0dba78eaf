"""Graphs of functions: recorded once and run again (`const_graph`), or laid out (`full_graph`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from wengert import trees
from wengert.api.arguments import as_leaf
from wengert.api.differentiate import strip
from wengert.api.tracing import TracingRecording
from wengert.compat.autograd.tracer import Node, trace
from wengert.compat.autograd.wrap_util import wraps
from wengert.control.bodies import leaf_type
from wengert.ir.program import Program
from wengert.trace.evaluate import evaluate

__all__ = ["FullGraphNode", "const_graph", "const_graph_unary", "full_graph"]


def _recorded(fun: Callable[[Any], Any], x: Any) -> tuple[Program, Any, Any]:
    """The Program of a function at `x`, the structure of its result, and its value there."""
    leaves, spec = trees.flatten(x)
    values = [as_leaf(leaf) for leaf in leaves]
    with TracingRecording("const_graph", has_values=True) as recording:
        handles = [recording.argument(leaf_type(v), v) for v in values]
        result = fun(trees.unflatten(spec, handles))
        out_leaves, out_spec = trees.flatten(result)
        program = recording.program([recording.output(leaf) for leaf in out_leaves])
        return program, out_spec, strip(result, recording)


def const_graph_unary(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one argument whose operations are recorded at the first call.

    Later calls run the same operations on other values: decisions are not taken again. (Wengert's
    own `jit` checks that they would come out the same.)
    """
    known: list[tuple[Program, Any]] = []

    def graph(x: Any) -> Any:
        if not known:
            program, spec, value = _recorded(fun, x)
            known.append((program, spec))
            return value
        program, spec = known[0]
        leaves = [as_leaf(leaf) for leaf in trees.flatten(x)[0]]
        return trees.unflatten(spec, evaluate(program, [*leaves, *program.captured]))

    return graph


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """`partial(fun, *args, **kwargs)`, its operations recorded at the first call."""
    graph = const_graph_unary(lambda given: partial(fun, *args, **kwargs)(*given))

    @wraps(fun)
    def function(*given: Any) -> Any:
        return graph(given)

    return function


class FullGraphNode(Node):
    """An operation: its value and `recipe`, (function, arguments, keywords, (place, parent)s)."""

    __slots__ = ("recipe", "value")

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any
    ) -> None:
        self.value = value
        pairs: Iterable[Any] = list(zip(parent_argnums, parents, strict=True))
        self.recipe = (fun, args, kwargs, pairs)

    def initialize_root(self) -> None:
        self.value = None
        self.recipe = (lambda x: x, (), {}, [])


def full_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The node of `fun(*args, **kwargs)`, from which all that it depends on can be reached."""
    return trace(FullGraphNode.new_root(), lambda given: fun(*given, **kwargs), args)[1]
