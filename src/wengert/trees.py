"""Pytrees: flattening of nested containers, with paths for messages. A thin layer over optree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import optree

Tree = Any
TreeSpec = optree.PyTreeSpec

_NAMESPACE = "wengert"


def flatten(tree: Tree) -> tuple[list[Any], TreeSpec]:
    """The leaves of `tree`, left to right, and its structure. `None` is an empty container."""
    leaves, spec = optree.tree_flatten(tree, namespace=_NAMESPACE)
    return list(leaves), spec


def unflatten(spec: TreeSpec, leaves: Iterable[Any]) -> Tree:
    """The tree of structure `spec` with the given leaves."""
    return optree.tree_unflatten(spec, leaves)


def structure(tree: Tree) -> TreeSpec:
    """The structure of `tree`."""
    return optree.tree_structure(tree, namespace=_NAMESPACE)


def map_tree(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Apply `f` to the leaves of `tree` (and of the others, of the same structure)."""
    return optree.tree_map(f, tree, *rest, namespace=_NAMESPACE)


def paths(tree: Tree) -> list[str]:
    """One readable path per leaf, such as `['weights'][0]`, in leaf order."""
    accessors = optree.tree_accessors(tree, namespace=_NAMESPACE)
    return ["".join(entry.codify("") for entry in accessor) for accessor in accessors]


def register(
    cls: type,
    flatten_function: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten_function: Callable[[Any, Iterable[Any]], Any],
) -> None:
    """Make `cls` a container: how to take its children and static data out, and put them back.

    Parameters
    ----------
    cls : type
        The class.
    flatten_function : callable
        `flatten_function(obj) -> (children, static)`; `static` must be hashable.
    unflatten_function : callable
        `unflatten_function(static, children) -> obj`.
    """
    optree.register_pytree_node(cls, flatten_function, unflatten_function, namespace=_NAMESPACE)


def broadcast_prefix(prefix: Tree, tree: Tree, is_leaf: Callable[[Any], bool]) -> list[Any]:
    """One entry of `prefix` for every leaf of `tree`, a prefix leaf serving its whole subtree."""
    result: list[Any] = []

    def add(p: Tree, subtree: Tree) -> None:
        result.extend([p] * structure(subtree).num_leaves)

    optree.tree_map_(add, prefix, tree, is_leaf=is_leaf, namespace=_NAMESPACE)
    return result
