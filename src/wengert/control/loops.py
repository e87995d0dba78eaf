"""What users call: `scan` and `map`.

The body is recorded once; its carry is checked for structure and types, and one equation is bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert import trees
from wengert.control.bodies import (
    Body,
    Leaves,
    fixed_carries,
    leaf_type,
    operands,
    promote_weak,
    record_body,
    require_callable,
    require_pair,
    require_same_carry,
    whole_carry,
)
from wengert.control.scan_equation import bind_scan
from wengert.errors import ShapeError
from wengert.types import Type


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int = 1,
) -> tuple[Any, Any]:
    """Run `carry, y = f(carry, x)` over the items x of `xs`, and stack the ys.

    Parameters
    ----------
    f : callable
        The body: takes the carry and one item (a tree of slices along the first axes of `xs`),
        returns the new carry, of the same structure, shapes and dtypes, and what is stacked.
    init : tree
        The first carry. A Python number takes the dtype that the body gives back.
    xs : tree of arrays, optional
        Items along the first axes, all of one length. None for a loop without items.
    length : int, optional
        The number of iterations; needed where `xs` is None.
    reverse : bool, default False
        Run from the last item to the first; ys keep the places of their items.
    unroll : int
        Accepted for compatibility and ignored.

    Returns
    -------
    carry : tree
        The last carry.
    ys : tree of arrays
        What the body returned beside the carry, stacked along a new first axis.

    Raises
    ------
    OutputError
        When the body does not return a pair, or changes structure or type of the carry.
    ShapeError
        When the lengths differ or none is given.

    Notes
    -----
    The body is recorded once, without values: decisions in it are for `cond` and `np.where`.
    Reverse mode keeps what the derivative reads of every iteration; of a body under `checkpoint`
    that is the carry alone.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.scan(lambda total, x: (total + x, total), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 1., 3.]))
    """
    require_callable("scan", f, "the body")
    items = operands("scan", xs, "xs")
    n = _scan_length(items, length)
    start = operands("scan", init, "init")
    item_types = [Type(t.shape[1:], t.dtype) for t in items.types]

    def record(start: Leaves) -> tuple[Body, Any, Any]:
        specs: list[Any] = []

        def body(carry: Any, x: Any) -> Any:
            new, y = require_pair("scan", f(carry, x))
            specs[:] = [trees.structure(new), trees.structure(y)]
            return new, y

        def rebuild(handles: list[Any]) -> Any:
            k = len(start.values)
            return (
                trees.unflatten(start.spec, handles[:k]),
                trees.unflatten(items.spec, handles[k:]),
            )

        made = record_body("the body of scan", body, [*start.types, *item_types], rebuild)
        return made, specs[0], specs[1]

    made, carry_spec, y_spec = record(start)
    k = len(start.values)
    if carry_spec == start.spec:
        promoted = promote_weak(start, made.out_types[:k])
        if promoted is not None:
            start = promoted
            made, carry_spec, y_spec = record(start)
    require_same_carry("scan", start, carry_spec, made.out_types[:k])
    fixed, program = fixed_carries(made.program, made.n_captured, k)
    moving = [i for i in range(k) if i not in fixed]
    results = bind_scan(
        [
            *made.captured,
            *[start.values[i] for i in (*fixed, *moving)],
            *items.values,
        ],
        program,
        made.n_captured + len(fixed),
        len(moving),
        n,
        bool(reverse),
    )
    carry = whole_carry(start, fixed, moving, results)
    return trees.unflatten(start.spec, carry), trees.unflatten(y_spec, results[len(moving) :])


def _scan_length(items: Leaves, length: int | None) -> int:
    sizes = {}
    for path, value in zip(items.paths, items.values, strict=True):
        if not leaf_type(value).shape:
            raise ShapeError(
                "scan: xs has a leaf without an axis to run over.",
                got=f"{path}: {leaf_type(value)!r}",
                expected="arrays with the items along the first axis",
                try_="close over what is the same for all items",
            )
        sizes[path] = value.shape[0]
    if length is not None:
        sizes["length"] = int(length)
    if len(set(sizes.values())) > 1:
        raise ShapeError(
            "scan: the lengths differ.",
            got=", ".join(f"{path}: {n}" for path, n in sizes.items()),
            expected="one length for all leaves of xs" + (" and length=" if length else ""),
        )
    if not sizes:
        raise ShapeError(
            "scan: nothing says how long it is.",
            got="neither xs nor length",
            expected="arrays to run over, or length=n",
            try_="while_loop, where the length depends on values",
        )
    n = next(iter(sizes.values()))
    if n < 0:
        raise ShapeError("scan: the length is negative.", got=str(n), expected="0 or more")
    return int(n)


def map(f: Callable[[Any], Any], xs: Any) -> Any:  # the name all know it by
    """Apply `f` to the items of `xs` one after the other, and stack the results.

    Parameters
    ----------
    f : callable
        Takes one item (a tree of slices along the first axes of `xs`).
    xs : tree of arrays
        Items along the first axes, all of one length.

    Returns
    -------
    tree of arrays
        The results, stacked along a new first axis. `vmap` computes the same at once.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.map(lambda row: row @ row, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])
    """
    require_callable("map", f, "the function")
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


__all__ = ["map", "scan"]
