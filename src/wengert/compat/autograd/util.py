"""`autograd.util`: small helpers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

__all__ = ["func", "subval", "subvals", "toposort"]


def subvals(x: Sequence[Any], ivs: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """`x` as a tuple with the entries at the given indices replaced."""
    replaced = dict(ivs)
    replaced = {i % len(x) if i < 0 else i: v for i, v in replaced.items()}
    return tuple([replaced.get(i, v) for i, v in enumerate(x)])


def subval(x: Sequence[Any], i: int, v: Any) -> tuple[Any, ...]:
    """`x` as a tuple with entry `i` replaced."""
    return subvals(x, [(i, v)])


def func(f: Any) -> Any:
    """`f` itself."""
    return f


def toposort(
    end_node: Any, parents: Callable[[Any], Sequence[Any]] = operator.attrgetter("parents")
) -> Iterator[Any]:
    """The nodes that `end_node` depends on, every node before its parents.

    A node comes when all that read it have come: the order of a backward pass.
    """
    readers: dict[Any, int] = {}
    stack = [end_node]
    while stack:
        node = stack.pop()
        if node not in readers:
            stack.extend(parents(node))
            readers[node] = 0
        readers[node] += 1
    ready = [end_node]
    while ready:
        node = ready.pop()
        yield node
        for parent in parents(node):
            readers[parent] -= 1
            if not readers[parent]:
                ready.append(parent)
