"""The tree of all recordings made so far: a `Node` per step, keyed by what the step does.

A program met before costs one dictionary look-up per operation, its Vars and Types are known, and
whatever was derived from it hangs on its last node. The keys are exact: nothing rests on hashes.
"""

from __future__ import annotations

from typing import Any

from wengert.ir.primitive import Primitive
from wengert.ir.program import Atom, Equation, Var, exact

# Of one tree. Measured (tracemalloc): 0.65 KB a node, 1.4 KB with a gradient derived from it.
_MAX_NODES = 400_000


class Node:
    """One step of the tree of recordings: an input or an equation after all those before it."""

    __slots__ = ("call", "children", "derived", "equation", "parent", "rule", "saves", "var")

    def __init__(self, parent: Node | None, equation: Equation | None, var: Var | None) -> None:
        self.parent = parent
        self.equation = equation
        self.var = var  # of an input
        self.call: Any = None  # the equation's implementation, parameters bound
        self.rule: Any = None  # what the derivative of the equation reads; differentiation's
        self.saves: Any = ()  # (Var, position among inputs) that it reads; -1 is the output
        self.children: dict[Any, Node] = {}
        self.derived: dict[Any, Any] | None = None  # transformed Programs that end here

    def path(self) -> list[Node]:
        """The nodes from the first step to this one."""
        nodes = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            nodes.append(node)
            node = node.parent
        nodes.reverse()
        return nodes


class Root(Node):
    """The start of all recordings of one kind."""

    __slots__ = ("active", "n_nodes")

    def __init__(self) -> None:
        super().__init__(None, None, None)
        self.active: set[Var] = set()  # Vars that a derivative runs through
        self.n_nodes = 0


_roots: dict[Any, Root] = {}


def root_of(kind: Any) -> Root:
    """The tree of recordings of this kind; replaced by a fresh one when it has grown too large."""
    root = _roots.get(kind)
    if root is None or root.n_nodes > _MAX_NODES:
        if len(_roots) > 200:
            _roots.clear()
        root = _roots[kind] = Root()
    return root


def clear_recordings() -> None:
    """Forget every structure recorded so far."""
    _roots.clear()


def equation_key(primitive: Primitive, ins: list[Atom], params: dict[str, Any]) -> Any:
    """The step that an equation is in the tree: exact in wiring, parameters and their types."""
    if not params:
        return (primitive, *ins)
    values = params.values()
    kinds = [type(v) for v in values]
    if float in kinds or complex in kinds:
        values = [exact(v) for v in values]  # type: ignore[assignment]  # listed below all the same
    return (primitive, *ins, *params, *values, *kinds)
