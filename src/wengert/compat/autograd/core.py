"""`autograd.core`: `make_vjp` and `make_jvp` of functions of one argument, and vector spaces.

Everything in this package that differentiates goes through here, so that autograd's conventions
have one place: gradients in complex numbers are the conjugates of Wengert's; what is differentiated
may be an integer array, which counts as floats, but no integer; a function that does not depend on
its argument warns and has derivative zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import Selection, as_leaf, leaf_type, rebuild_tree
from wengert.api.differentiate import (
    Recorded,
    one,
    pull_back,
    pullback_program,
    push_forward,
    record,
    scalars,
)
from wengert.api.products import match_leaves
from wengert.compat.autograd._primitives import primitive
from wengert.compat.autograd._rules import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive_jvps,
    primitive_vjps,
)
from wengert.compat.autograd._vspaces import SparseObject, VSpace, add_trees, vspace
from wengert.compat.autograd.tracer import Node, isbox
from wengert.compat.autograd.util import toposort
from wengert.errors import NonScalarOutputError, NotDifferentiableError
from wengert.ops.core import broadcast_to, conj, convert, zeros_of
from wengert.trace.evaluate import evaluate
from wengert.trace.tracer import Tracer

# -- what is differentiated ------------------------------------------------------------------------


def variable(leaf: Any) -> Any:
    """A leaf of what is differentiated: floats and complex numbers; integer arrays as floats."""
    if isinstance(leaf, (np.ndarray, Tracer)) and leaf.dtype.kind in "iub":
        return convert(leaf, np.float64)
    value = as_leaf(leaf)
    if value.dtype.kind not in "fc":
        raise NotDifferentiableError(
            f"Can't differentiate w.r.t. type {type(leaf)}.",
            got=repr(leaf),
            expected="floating point or complex numbers",
            try_="1.0 instead of 1",
        )
    return value


def selected(x: Any) -> Selection:
    """One argument as Wengert's api takes it."""
    if isinstance(x, (np.ndarray, float, Tracer)):
        return Selection([variable(x)], None, x, lambda value: ((value,), {}))
    leaves, spec = trees.flatten(x)
    return Selection([variable(leaf) for leaf in leaves], spec, x, lambda value: ((value,), {}))


def recorded_at(
    fun: Callable[[Any], Any], x: Any, outlives: bool, has_aux: bool = False
) -> tuple[Selection, Recorded]:
    """`fun` recorded at `x`; a warning where the result does not depend on it."""
    selection = selected(x)
    recorded = record("make_vjp", fun, selection, has_aux, outlives)
    if not recorded.linearized.out_active:
        warnings.warn("Output seems independent of input.", stacklevel=4)
    return selection, recorded


def _cotangents(recorded: Recorded, out: Any, g: Any) -> list[Any]:
    """What the user gives, in Wengert's convention: numbers are spread over arrays."""
    types = recorded.types
    if recorded.spec is None:
        parts = [g]
    else:
        parts = recorded.spec.flatten_up_to(g)
    spread = []
    for part, type_ in zip(parts, types, strict=True):
        if part is not None and np.shape(part) != type_.shape and np.size(part) == 1:
            part = broadcast_to(np.reshape(part, ()), type_.shape)
        spread.append(part)
    tree = rebuild_tree(recorded.spec, spread)
    leaves = match_leaves("vjp", "cotangent", tree, recorded.spec, types, out)
    wanted = recorded.linearized.out_active
    return [zeros_of(types[i]) if leaves[i] is None else conj(leaves[i]) for i in wanted]


# -- reverse mode ----------------------------------------------------------------------------------


def make_vjp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """The pullback of `fun` at `x`, and its value there.

    Parameters
    ----------
    fun : callable
        Of one number, array or container.
    x : tree

    Returns
    -------
    vjp : callable
        `vjp(g)`, with `g` like the value of `fun`, is like `x`. For a holomorphic function it
        multiplies by f′ (Wengert's own `vjp` by the conjugate).
    ans : tree
    """
    selection, recorded = recorded_at(fun, x, outlives=True)
    out = rebuild_tree(recorded.spec, recorded.values)

    def vjp(g: Any) -> Any:
        found = pull_back(recorded, _cotangents(recorded, out, g))
        return rebuild_tree(selection.spec, [conj(ct) for ct in found])

    return vjp, out


def value_and_gradient(
    fun: Callable[[Any], Any], x: Any, name: str, has_aux: bool = False
) -> tuple[Any, Any, Any]:
    """The value, the pullback of ones, and what else `fun` returned; the value is a real number.

    An array of one element counts as a number.
    """
    selection, recorded = recorded_at(fun, x, outlives=False, has_aux=has_aux)
    types = recorded.types
    if len(types) != 1 or types[0].size != 1 or types[0].dtype.kind != "f":
        raise NonScalarOutputError(
            f"{name} only applies to real scalar-output functions.",
            got=", ".join(map(repr, types)),
            expected="one real number",
            try_="jacobian, elementwise_grad or holomorphic_grad",
        )
    type_ = types[0]
    seed = one(type_.dtype)
    if not recorded.linearized.out_active:
        found = [zeros_of(leaf) for leaf in selection.leaves]
    elif type_.shape == ():
        program = pullback_program(recorded, of_one=True)
        found = evaluate(program, [*recorded.residuals, seed])
    else:
        found = pull_back(recorded, [broadcast_to(seed, type_.shape)])
    gradient = rebuild_tree(selection.spec, [conj(ct) for ct in scalars(found)])
    return rebuild_tree(recorded.spec, recorded.values), gradient, recorded.aux


# -- forward mode ----------------------------------------------------------------------------------


def make_jvp(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The directional derivative of `fun` at `x`: `jvp(v)` is (value, derivative)."""

    def jvp(v: Any) -> tuple[Any, Any]:
        selection, recorded = recorded_at(fun, x, outlives=False)
        types = [leaf_type(leaf) for leaf in selection.leaves]
        given = match_leaves("jvp", "tangent", v, selection.spec, types, x)
        tangents = [zeros_of(t) if d is None else d for d, t in zip(given, types, strict=True)]
        out = rebuild_tree(recorded.spec, recorded.values)
        active = recorded.linearized.out_active
        found = dict(zip(active, push_forward(recorded, tangents), strict=True))
        leaves = [found[i] if i in found else zeros_of(t) for i, t in enumerate(recorded.types)]
        return out, rebuild_tree(recorded.spec, scalars(leaves))

    return jvp


# -- nodes, for those who walk graphs --------------------------------------------------------------


class VJPNode(Node):
    """A node of a graph made by `tracer.trace`, for `backward_pass`."""

    __slots__ = ("parents", "vjp")

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any
    ) -> None:
        self.parents = parents

        def unary(chosen: Any) -> Any:
            replaced = dict(zip(parent_argnums, chosen, strict=True))
            return fun(*[replaced.get(i, a) for i, a in enumerate(args)], **kwargs)

        self.vjp: Callable[[Any], Any] = make_vjp(unary, tuple([args[i] for i in parent_argnums]))[
            0
        ]

    def initialize_root(self) -> None:
        self.parents = []
        self.vjp = lambda g: ()


class JVPNode(Node):
    """A node of a graph made by `tracer.trace` that carries its tangent, `g`."""

    __slots__ = ("g",)

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any
    ) -> None:
        def unary(chosen: Any) -> Any:
            replaced = dict(zip(parent_argnums, chosen, strict=True))
            return fun(*[replaced.get(i, a) for i, a in enumerate(args)], **kwargs)

        x = tuple([args[i] for i in parent_argnums])
        self.g = make_jvp(unary, x)(tuple([p.g for p in parents]))[1]

    def initialize_root(self, g: Any) -> None:
        self.g = g


def backward_pass(g: Any, end_node: Any) -> Any:
    """The cotangent of the start node of a graph of `VJPNode`."""
    cotangents = {end_node: g}
    ct = g
    for node in toposort(end_node):
        ct = cotangents.pop(node)
        for parent, part in zip(node.parents, node.vjp(ct), strict=True):
            cotangents[parent] = add_trees([cotangents.get(parent), part])
    return ct


def identity_vjp(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """The reverse rule of a function that gives back its argument."""
    return lambda g: g


def identity_jvp(g: Any, *args: Any, **kwargs: Any) -> Any:
    """The forward rule of a function that gives back its argument."""
    return g


def sum_outgrads(gs: Sequence[Any]) -> Any:
    """The sum of cotangents of one value."""
    return add_trees(list(gs))


__all__ = [
    "JVPNode",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "backward_pass",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "identity_jvp",
    "identity_vjp",
    "isbox",
    "make_jvp",
    "make_vjp",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "sum_outgrads",
    "toposort",
    "vspace",
]
